# SPDX-License-Identifier: Apache-2.0
"""A broker that is never there, and a spool whose disk is small, full or sick: the collector goes on, and counts what it drops."""
import os
import re
import socket

import lab
import ledger
import spoolfile
from loads import Image, counted, finish

SLOW = ("--spool-after", "50ms", "--spool-sync", "10ms")


def nobody(ns):
    """A port of the namespace's loopback at which nobody listens."""
    with ns.entered(), socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return "kafka:127.0.0.1:%d/ninetap.packets.v1" % s.getsockname()[1]


def start(things, ns, pins, folder, *options):
    return things.tap(ns, "-i", "vb", "--hook", "tc", *pins, "--spool", folder, *SLOW, *options, output=nobody(ns), encoding="avro")


def spool_figures(tap):
    line = tap.wait_line("ninetap: spool: ")
    return {k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", line)}


def spooled(folder):
    """What is in it as a consumer would get it, and the messages."""
    received, found = ledger.Received(), spoolfile.read(folder)
    for m in found:
        received.message(m.payload)
    return received, found


def settle(things, tap, folder, sent, world, lost=(), code=0):
    """Ends the run. in = held + lost, and each packet is held, or counted as lost with its reason."""
    tap.proc.send_signal(15)
    assert tap.ended(120) == code, "\n".join(tap.lines)
    figures, spool = tap.account(), spool_figures(tap)
    received, found = spooled(folder)
    held = sum(m.count for m in found)
    gone = spool["lost_full"]
    assert spool["out"] == spool["lost_age"] == spool["lost_damaged"] == 0
    assert spool["held"] == held and spool["in"] == held + gone, (spool, held)
    assert found[0].number == gone + 1 and found[-1].number + found[-1].count == spool["in"] + 1
    account = received_account(received, sent, world, gone, lost)
    assert account.seen.events == figures["seen"] and account.fates["recorded"] == figures["recorded"]
    return account, spool


def received_account(received, sent, world, gone, lost):
    """As ledger.check(), but for what the spool dropped: its own word about that may be among what it dropped."""
    for key, page in received.pages.items():
        last = page.closing()
        assert last and last["closing"], key
        missing = last["recorded"]["events"] - len(page.records) - sum(t["events"] for t in last["lost"].values())
        assert 0 <= missing <= gone, (key, missing, gone)
        if missing and not last["overflow"]["events"]:
            oldest = min(page.records, default=last["seq"] + 1)
            assert missing == oldest - 1, "not the oldest %d were dropped, but up to %d" % (missing, oldest)
        received.losses = {loss for loss in received.losses if loss[:3] != key or loss[3] != "packets"}
        if missing:
            received.losses.add((*key, "packets", 1, last["seq"], "full"))
    return ledger.check(received, sent, world, lost={"spool", *lost} if gone else lost)


def said(tap, text):
    return [line for line in tap.lines if text in line]


def test_all_is_held(things, pair, pins, load, tmpfs):
    """No broker, room enough: everything waits on disk, the closing events too."""
    folder = os.path.join(tmpfs("64m").path, "spool")
    tap = start(things, pair, pins, folder)
    sent = load(pair, "va", packets=100000, flows=100, rate=50000).wait()
    account, _ = settle(things, tap, folder, sent, counted(pair, "vb"))
    assert account.records == sent and not account.lost


def test_full_spool_drops_the_oldest(things, pair, pins, load, tmpfs):
    folder = os.path.join(tmpfs("64m").path, "spool")
    tap = start(things, pair, pins, folder, "--spool-bytes", "1MiB")
    sent = load(pair, "va", packets=150000, flows=100, rate=50000).wait()
    account, spool = settle(things, tap, folder, sent, counted(pair, "vb"))
    assert account.lost["spool"].events > 0 and spool["lost_full"] >= account.lost["spool"].events
    assert len(said(tap, "it is full; the oldest is dropped")) == 1, tap.lines


def test_full_disk(things, pair, pins, load, tmpfs):
    """The disk ends before the spool's bound does: the oldest goes as well."""
    folder = os.path.join(tmpfs("3m").path, "spool")
    tap = start(things, pair, pins, folder, "--spool-bytes", "16MiB")
    sent = load(pair, "va", packets=200000, flows=100, rate=50000).wait()
    account, spool = settle(things, tap, folder, sent, counted(pair, "vb"))
    assert account.lost["spool"].events > 0
    assert len(said(tap, "write the spool")) <= 1 and len(said(tap, "it is full; the oldest is dropped")) == 1, tap.lines


def counted_as_lost(tap, folder, sent):
    """The run could keep no more, and its last events neither: the account against what is on disk."""
    figures, spool = tap.account(), spool_figures(tap)
    received, found = spooled(folder)
    held = [p for page in received.pages.values() for p in page.records.items()]
    assert spool["in"] == spool["held"] == sum(m.count for m in found) and not spool["out"] and not spool["lost_full"]
    assert figures["delivered"] == len(held) and figures["record_bytes"] == sum(size for _, (_, size) in held)
    print("sent %d = counted %d = seen %d = %d in records + 0 in flows + %d lost (closed %d), received %d rows, duplicates %d" % (
        sent.packets, sent.packets, figures["seen"], len(held), figures["lost_closed"], figures["lost_closed"],
        received.rows, received.duplicates))
    assert figures["seen"] == sent.events == figures["delivered"] + figures["lost_closed"] and figures["lost_closed"] > 0
    assert sum(v for k, v in figures.items() if k.startswith("lost_")) == figures["lost_closed"]
    assert not said(tap, "does not balance")
    return figures


def test_disk_smaller_than_a_segment(things, pair, pins, load, tmpfs):
    """Nothing older can make room: what waits is kept until the end, then lost, and counted. The error is said once."""
    folder = os.path.join(tmpfs("1m").path, "spool")
    tap = start(things, pair, pins, folder, "--spool-bytes", "1GiB")
    sent = load(pair, "va", packets=60000, flows=100, rate=50000).wait()
    assert counted(pair, "vb").same(sent)
    finish(tap, code=os.EX_IOERR)
    counted_as_lost(tap, folder, sent)
    assert len(said(tap, "write the spool")) == 1, tap.lines


def test_disk_turns_read_only(things, pair, pins, load, tmp_path):
    """As ext4 does after an error. All goes on; what came before stays where it is."""
    disk = things.keep(Image(tmp_path / "sick", 32))
    folder = os.path.join(disk.path, "spool")
    tap = start(things, pair, pins, folder)
    sent = load(pair, "va", packets=50000, flows=100, rate=50000).wait()
    tap.wait_line("is put into the spool")
    lab.wait_for("half of it on disk", lambda: sum(m.count for m in spoolfile.read(folder, torn=True)) > 25000)
    disk.turn_read_only()
    sent += load(pair, "va", packets=30000, flows=100, rate=50000).wait()
    assert counted(pair, "vb").same(sent)
    finish(tap, code=os.EX_IOERR)
    figures = counted_as_lost(tap, folder, sent)
    assert figures["delivered"] > 25000
    assert len(said(tap, "write the spool")) == len(said(tap, "Read-only file system")) == 1, tap.lines
