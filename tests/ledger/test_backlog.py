# SPDX-License-Identifier: Apache-2.0
"""A run with several workers ends, or is killed, while its output takes nothing: what waits in rings, relay and pipe is written once."""
import os
import select
import signal

import pytest

import lab
import ledger
from loads import counted
from test_threads import CPUS, check, started, threads


class Fifo:
    """
    An output whose reader takes nothing before copy(): beside what fits into the pipe, and what has been relayed to
    worker 0, all is in the rings.
    """

    def __init__(self, path):
        self.path = str(path)
        os.mkfifo(self.path)
        self.fd = os.open(self.path, os.O_RDONLY | os.O_NONBLOCK)

    def options(self, base):
        """The other streams go where `base` has them."""
        return "--flows", "file:%s.flows" % base, "--events", "file:%s.events" % base

    def full(self):
        """A writer would have to wait."""
        fd = os.open(self.path, os.O_WRONLY | os.O_NONBLOCK)
        try:
            return not select.select([], [fd], [], 0)[1]
        finally:
            os.close(fd)

    def copy(self, path):
        """To its writer's end, a page at a time: slower than it is filled."""
        os.set_blocking(self.fd, True)
        with open(path, "wb") as f:
            while data := os.read(self.fd, 4096):
                f.write(data)

    def close(self):
        os.close(self.fd)


@pytest.fixture
def fifo(things, tmp_path):
    """fifo(): another one of the test's own."""
    return lambda: things.keep(Fifo(tmp_path / ("fifo%d" % len(things.made))))


def filled(load, ns, packets, fifo):
    """So many to each CPU, as fast as it goes. All are sent and the pipe is full: the rest waits in front of it."""
    assert len(CPUS) == 2, "these tests need two CPUs"
    sending = [load(ns, "va", cpu=cpu, flows=300, packets=n) for cpu, n in zip(CPUS, packets)]
    sent = ledger.total(s.wait() for s in sending)
    lab.wait_for("the pipe to be full", fifo.full)
    return sent


def draining(tap):
    """Its signals are let through again just before the workers are told that what is in the rings is all there is."""
    with open("/proc/%d/status" % tap.proc.pid) as f:
        return "SigBlk:\t0000000000000000\n" in f.readlines()


def end(tap, fifo, base):
    """SIGTERM; not before the drain has begun is anything read. Returns the figures of the account."""
    tap.proc.send_signal(signal.SIGTERM)
    lab.wait_for("the drain to begin", lambda: draining(tap))
    fifo.copy(base)
    assert tap.ended() == 0, tap.lines[-20:]
    return tap.account()


@pytest.mark.parametrize("packets, encoding", (((40000, 40000), "avro"), ((1000, 60000), "json"), ((60000, 1000), "json")))
def test_a_backlog_at_the_end(things, pair, pins, load, fifo, tmp_path, packets, encoding):
    """SIGTERM finds the rings filled, of both workers or of one, and the way to the sink as well."""
    output, base = fifo(), str(tmp_path / "copy")
    tap = started(things.tap(pair, "-i", "vb", "--hook", "tc", *threads(2), *pins, *output.options(base), output="file:" + output.path,
                             encoding=encoding), 2)
    sent = filled(load, pair, packets, output)
    world = counted(pair, "vb")
    figures = end(tap, output, base)
    assert figures["seen"] == figures["recorded"] == figures["delivered"] == sent.packets == sum(packets)
    check(base, sent, world)


def test_killed_with_a_backlog(things, pair, pins, load, fifo, tmp_path):
    """kill -9 of one worker and of two; the last of three processes writes what is left of all of them."""
    base, sent = str(tmp_path / "copy"), ledger.NONE
    for turn, n in enumerate((1, 2, 1)):
        output = fifo()
        tap = started(things.tap(pair, "-i", "vb", "--hook", "tc", *threads(n), *pins, *output.options(base), "--batch-records", "100",
                                 output="file:" + output.path, encoding="avro"), n)
        sent += filled(load, pair, (20000, 20000), output)
        if turn < 2:
            tap.proc.kill()
            tap.proc.wait()
            output.copy("%s.20260101T00000%d.000000000Z" % (base, turn))
    world = counted(pair, "vb")
    end(tap, output, base)
    account = check(base, sent, world, twins=True)
    assert len({epoch for _, epoch, _ in account.received.pages}) == 1


@pytest.mark.parametrize("n, encoding", ((1, "json"), (2, "avro")))
def test_kept_without_a_reader(things, pair, pins, load, fifo, tmp_path, n, encoding):
    """The end does not wait for a reader that takes nothing; with --keep what it did not take is the next run's."""
    base, output = str(tmp_path / "copy"), fifo()
    options = ("-i", "vb", "--hook", "tc", *threads(n), *pins, *output.options(base))
    tap = started(things.tap(pair, *options, "--keep", output="file:" + output.path, encoding=encoding), n)
    sent = filled(load, pair, (20000, 20000), output)
    world = counted(pair, "vb")
    tap.proc.send_signal(signal.SIGTERM)
    assert tap.ended() == 0, tap.lines[-20:]
    assert not any(value for name, value in tap.account().items() if name.startswith("lost_"))
    output.copy(base + ".20260101T000000.000000000Z")
    tap = started(things.tap(pair, *options, output="file:" + base, encoding=encoding), n)
    tap.proc.send_signal(signal.SIGTERM)
    assert tap.ended() == 0, tap.lines[-20:]
    check(base, sent, world, twins=True)
