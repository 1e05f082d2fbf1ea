# SPDX-License-Identifier: Apache-2.0
"""More packets than rings and tables take: detail may go, the count may not."""
import json
import os
import signal

import pytest

import lab
import ledger
from loads import counted, finish

RING = ("--ring-bytes", "64KiB")
CPUS = sorted(os.sched_getaffinity(0))[:2]


def flood(load, ns, packets, **args):
    """As fast as it goes, from two CPUs."""
    senders = [load(ns, "va", packets=packets // len(CPUS), cpu=cpu, **args) for cpu in CPUS]
    return ledger.total(s.wait() for s in senders)


def settle(tap, sent, ns, lost=(), note=""):
    """Ends the run; its books against the world and against `ninetap audit`."""
    world = counted(ns, "vb")
    finish(tap)
    account = ledger.check(ledger.Received().files(tap.path), sent, world, lost, note)
    ledger.audited(account, "file:" + tap.path)
    return account


@pytest.mark.parametrize("packets, args", ((5000000, {}), (1000000, {"vni": 42})), ids=("plain", "vxlan"))
def test_small_rings(things, pair, pins, load, packets, args):
    tap = things.tap(pair, "-i", "vb", "--hook", "tc", *pins, *RING, encoding="avro")
    account = settle(tap, flood(load, pair, packets, flows=1000, **args), pair)
    assert account.fates["overflow"] > 0, "the rings were never full: this shows nothing"
    assert account.seen.packets == packets and account.left_out == ledger.NONE


def held(things, ns, options, load, encoding="json", **args):
    """A run that stands still while all is sent: its rings are full for sure."""
    tap = things.tap(ns, "-i", "vb", "--hook", "tc", *options, *RING, encoding=encoding)
    tap.proc.send_signal(signal.SIGSTOP)
    sent = load(ns, "va", **args).wait()
    tap.proc.send_signal(signal.SIGCONT)
    return tap, sent


def test_a_collector_that_stands_still(things, pair, pins, load):
    tap, sent = held(things, pair, pins, load, packets=200000, flows=2000, cpu=CPUS[0])
    account = settle(tap, sent, pair)
    assert 190000 < account.fates["overflow"] < 200000


def test_ring_and_table_full(things, pair, pins, load):
    """Only when the table is full too is a packet lost, and that is counted in bytes as well."""
    tap, sent = held(things, pair, (*pins, "--flow-entries", "1000"), load, packets=200000, flows=100000, cpu=CPUS[0])
    account = settle(tap, sent, pair, lost={"ring_full"})
    assert account.lost["ring_full"].packets > 100000 and account.fates["overflow"] >= 900


@pytest.mark.parametrize("encoding", ("json", "avro"))
def test_more_flows_than_entries(things, pair, pins, load, encoding):
    """A table of 1,000 under 100,000 flows, five packets each: what it has no room for is lost to the packet and the byte."""
    options = (*pins, "--mode", "flow", "--flow-entries", "1000", "--flow-idle", "1s")
    tap = things.tap(pair, "-i", "vb", "--hook", "tc", *options, encoding=encoding)
    account = settle(tap, load(pair, "va", packets=500000, flows=100000, bytes=77).wait(), pair, lost={"flows_full"})
    assert account.records == ledger.NONE and account.seen.bytes == 77 * 500000
    assert account.lost["flows_full"].packets > 100000 and account.flows.packets >= 1000


def written(tap, stream):
    """The rows that are there by now; the last may be half one."""
    path = tap.path + "." + stream
    if not os.path.exists(path):
        return []
    with open(path) as f:
        return [json.loads(line) for line in f.read().splitlines(True) if line.endswith("\n")]


def modes(tap):
    return [(e["from"], e["to"], e["sample"], e["reason"]) for e in written(tap, "events") if e["type"] == "mode"]


def test_auto_goes_to_flows_and_comes_back(things, pair, pins, load):
    """Each change is an event; flow records say which mode they are of; nothing is lost on the way up and down."""
    tap = things.tap(pair, "-i", "vb", "--hook", "tc", *pins, *RING, "--mode", "auto", "--flow-active", "1s")
    senders = [load(pair, "va", flows=1000, cpu=cpu) for cpu in CPUS]
    lab.wait_for("mode flow", lambda: [m for m in modes(tap) if m[1] == "flow"])
    lab.wait_for("a second in it", lambda: any(r["mode"] == "flow" for r in written(tap, "flows")))
    sent = ledger.total(s.stop() for s in senders)
    lab.wait_for("its recovery", lambda: modes(tap)[-1][1] == "packet")
    sent += load(pair, "va", packets=100, cpu=CPUS[0]).wait()
    account = settle(tap, sent, pair, note="modes: " + ", ".join(to for _, to, _, _ in modes(tap)))
    assert modes(tap)[0] == ("packet", "flow", 1, "ring") and modes(tap)[-1] == ("flow", "packet", 1, "recovered")
    assert all(a[1] == b[0] for a, b in zip(modes(tap), modes(tap)[1:])), modes(tap)
    assert account.fates["recorded"] >= 100 and account.fates["overflow"] > 0 and account.fates["flow"] > 0
    found = written(tap, "flows")
    assert {r["mode"] for r in found} == {"packet", "flow"}
    assert all((r["mode"] == "packet") == (r["reason"] == "overload") for r in found)
