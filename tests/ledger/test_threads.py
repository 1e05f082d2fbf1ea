# SPDX-License-Identifier: Apache-2.0
"""Several workers drain (--threads): whatever CPU a packet came on and whoever had its ring, it is written once, and counted once."""
import json
import os
import signal
import socket

import pytest

import lab
import ledger
import spoolfile
from loads import counted, finish

CPUS = sorted(os.sched_getaffinity(0))[:2]
RATE = 40000  # of one sender: rings of 32 MiB hold eight seconds of it


def threads(n):
    return ("--threads", str(n), "-v", "--ring-bytes", "32MiB")


def started(tap, n, skip=0):
    tap.wait_line("threads that drain: %d" % n, skip=skip)
    return tap


def senders(load, ns, **args):
    """One on each CPU, so that each worker has a ring that fills."""
    assert len(CPUS) == 2, "these tests need two CPUs"
    return [load(ns, "va", cpu=cpu, flows=300, rate=RATE, **args) for cpu in CPUS]


def more(ns, n=20000):
    begin = counted(ns, "vb").packets
    lab.wait_for("%d packets more" % n, lambda: counted(ns, "vb").packets >= begin + n)


def whole(page):
    """No number is missing, and none was given twice."""
    return sorted(page.records) == list(range(1, len(page.records) + 1))


def check(base, sent, world, twins=False):
    """Every packet in a record, of both CPUs."""
    account = ledger.check(ledger.Received().files(base, torn=twins), sent, world)
    ledger.audited(account, "file:" + base)
    assert account.fates["recorded"] == sent.packets and account.records == account.seen
    assert {cpu for _, _, cpu in account.received.pages} == set(CPUS)
    assert all(whole(page) for page in account.received.pages.values())
    assert twins or account.received.duplicates == 0
    return account


@pytest.mark.parametrize("encoding", ("json", "avro"))
def test_two_workers(things, pair, pins, load, encoding):
    """Sent = seen = recorded = delivered, when the senders end before the run."""
    tap = started(things.tap(pair, "-i", "vb", "--hook", "tc", *threads(2), *pins, encoding=encoding), 2)
    sent = ledger.total(s.wait() for s in senders(load, pair, packets=150000))
    world = counted(pair, "vb")
    figures = finish(tap)
    assert figures["seen"] == figures["recorded"] == figures["delivered"] == sent.packets
    check(tap.path, sent, world)


@pytest.mark.parametrize("encoding", ("json", "avro"))
def test_an_end_under_load(things, pair, pins, load, encoding):
    """SIGTERM while both rings fill: what was seen until then is written."""
    tap = started(things.tap(pair, "-i", "vb", "--hook", "tc", *threads(2), *pins, encoding=encoding), 2)
    sending = senders(load, pair)
    more(pair, 100000)
    figures = finish(tap)
    for s in sending:
        s.stop()
    assert figures["seen"] == figures["recorded"] == figures["delivered"] > 100000
    account = ledger.check(ledger.Received().files(tap.path))
    assert account.records.events == figures["delivered"] and account.received.duplicates == 0
    assert all(whole(page) for page in account.received.pages.values()) and len(account.received.pages) == 2


def test_a_count_is_exact(things, pair, pins, load):
    """However many take records, as many are written as were asked for."""
    tap = started(things.tap(pair, "-i", "vb", "--hook", "tc", *threads(2), *pins, "--count", "54321"), 2)
    sending = senders(load, pair)
    assert tap.ended() == 0, tap.lines[-20:]
    for s in sending:
        s.stop()
    figures = tap.account()
    assert figures["delivered"] == 54321 and figures["recorded"] == 54321 + figures["unread"]
    received = ledger.Received().files(tap.path)
    assert sum(len(page.records) for page in received.pages.values()) == 54321 and received.duplicates == 0


@pytest.mark.parametrize("before, after", ((2, 1), (1, 2), (2, 2)))
def test_killed_and_gone_on_with(things, pair, pins, load, before, after):
    """kill -9, twice, and on with another number of workers: nothing is missing, twins are allowed."""
    tap = started(things.tap(pair, "-i", "vb", "--hook", "tc", *threads(before), *pins, encoding="avro"), before)
    base, sending = tap.path, senders(load, pair)
    for n in (after, before):
        more(pair)
        tap.proc.kill()
        tap.proc.wait()
        more(pair, 5000)
        tap = started(things.tap(pair, "-i", "vb", "--hook", "tc", *threads(n), *pins, encoding="avro", output="file:" + base), n)
    more(pair)
    sent = ledger.total(s.stop() for s in sending)
    world = counted(pair, "vb")
    finish(tap)
    account = check(base, sent, world, twins=True)
    assert len({epoch for _, epoch, _ in account.received.pages}) == 1


def test_another_number_by_sighup(things, pair, pins, load, tmp_path):
    """The rings change hands under load, without a gap and without a twin."""
    path = tmp_path / "ninetap.json"

    def configure(n):
        path.write_text(json.dumps({"interfaces": ["vb"], "threads": n}))

    configure(1)
    tap = started(things.tap(pair, "-c", str(path), "--hook", "tc", *threads(1)[2:], *pins), 1)
    sending = senders(load, pair)
    for turn, n in enumerate((2, 1)):
        more(pair)
        configure(n)
        tap.proc.send_signal(signal.SIGHUP)
        tap.wait_line("ninetap: ready", skip=turn + 1)
        started(tap, n, skip=turn // 2)
    more(pair)
    sent = ledger.total(s.stop() for s in sending)
    world = counted(pair, "vb")
    finish(tap)
    check(tap.path, sent, world)


def nobody(ns):
    """A port of the namespace's loopback at which nobody listens."""
    with ns.entered(), socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return "kafka:127.0.0.1:%d/ninetap.packets.v1" % s.getsockname()[1]


def test_without_a_broker_all_is_spooled(things, pair, pins, load, tmpfs):
    """Batches of both workers wait in one spool: each record once, and of each CPU in order."""
    folder = os.path.join(tmpfs("256m").path, "spool")
    tap = started(things.tap(pair, "-i", "vb", "--hook", "tc", *threads(2), *pins, "--spool", folder, "--spool-after", "50ms",
                             output=nobody(pair), encoding="avro"), 2)
    sent = ledger.total(s.wait() for s in senders(load, pair, packets=150000))
    world = counted(pair, "vb")
    figures = finish(tap)
    assert figures["seen"] == figures["recorded"] == figures["delivered"] == sent.packets
    received, found = ledger.Received(), spoolfile.read(folder)
    for m in found:
        received.message(m.payload)
    account = ledger.check(received, sent, world)
    assert account.records == account.seen and received.duplicates == 0
    for cpu in CPUS:
        seqs = [m.seq for m in found if m.stream == "packets" and m.cpu == cpu]
        assert seqs == sorted(seqs) and len(seqs) > 100


def test_without_a_broker_nor_a_spool(things, pair, pins, load):
    """Relays and rings stand full to the end, which says of each packet that it is lost."""
    tap = started(things.tap(pair, "-i", "vb", "--hook", "tc", "--threads", "2", "-v", *pins, "--ring-bytes", "1MiB", "--flow-idle", "1s",
                             "-X", "queue.buffering.max.kbytes=256", output=nobody(pair), encoding="avro"), 2)
    sent = ledger.total(s.wait() for s in senders(load, pair, packets=60000))
    figures = finish(tap, code=os.EX_IOERR)
    assert figures["seen"] == sent.packets == figures["recorded"] + figures["overflow"] and figures["overflow"] > 0
    assert figures["recorded"] == figures["lost_closed"] and figures["delivered"] == 0
    assert not any("does not balance" in line for line in tap.lines)
