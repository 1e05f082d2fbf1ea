# SPDX-License-Identifier: Apache-2.0
"""part_live.py - live frames into a veth with native XDP: what one core takes, with ninetap and without; and many interfaces.

live.c sends on one CPU, where veth also runs the program of the other end;
what is ninetap's user side runs on a second CPU. A program that passes a frame
on makes veth build an skb, which costs more than all that ninetap does: so
most rows are of its twin that drops (twin.h), and so is their limit. The rows
"pass" are of the program as it is. The sender waits while what was not read
or written yet fills more than half a ring: then nothing overflows, and the
slowest of all behind it decides the figure. At its end so much may be left in
the ring, which is a part of the account but not of the time.
"""
import contextlib
import glob
import os
import signal
import subprocess
import time

import lab
import ledger
from figures import NoFigure, Row
from loads import finish

ROUNDS = 3
LIVE = os.path.join(lab.rows.ROOT, "build", "tests", "bench", "live")
RING, AHEAD = 32 << 20, 131072  # bytes; records not read or written yet, at which the sender waits
IFACES = 1000
IDLE_SECONDS, IDLE_SECONDS_SHORT = 5, 2
FULL_RING, FULL_RECORDS = 256 << 20, 2000000  # of one CPU, to be drained
MANY = ("live.attach.1000", "live.idle.1", "live.idle.1000")  # measured together
STILL = 500  # looks at a file, a millisecond apart, in which it did not grow
RUN = ("--hook", "xdp", "--ring-bytes", str(RING))


def rows():
    return [
        Row("live.xdp.none", "one core, a bare XDP program that counts and drops", "Mpps", better="more"),
        Row("live.xdp.kernel", "one core, ninetap's that drops; records read and given back", "Mpps", goal=8, limit="live.xdp.none", better="more"),
        Row("live.xdp.pass.none", "one core, a bare XDP program that counts and passes on", "Mpps", better="more"),
        Row("live.xdp.pass", "one core, ninetap's as it is; records read and given back", "Mpps", limit="live.xdp.pass.none", better="more"),
        Row("live.file", "the same that drops; the other core writes an Avro file on tmpfs", "Mpps", goal=4, limit="live.xdp.kernel", better="more"),
        Row("live.file.pass", "ninetap's as it is; the other core writes an Avro file on tmpfs", "Mpps", limit="live.xdp.pass", better="more"),
        Row("live.size.64", "ninetap's that drops, frames of 64 bytes", "ns"),
        Row("live.size.1500", "the same, frames of 1500 bytes", "ns", limit="live.size.64", ratio=1.1),
        Row("live.attach.1000", "attach to 1,000 veths: from the start to ready", "s", goal=5),
        Row("live.idle.1", "CPU while one veth is idle", "%", against=100),
        Row("live.idle.1000", "CPU while 1,000 veths are idle", "%", goal=1, limit="live.idle.1", against=100),
        Row("live.threads.1", "drain full rings of two CPUs into an Avro file, --threads 1", "M/s", better="more"),
        Row("live.threads.2", "the same, --threads 2", "M/s", limit="live.threads.1", better="more"),
    ]


class Refused(Exception):
    """There is no figure, and why."""


class Veth:
    """A namespace with va -> vb, and what live.c says of sending through it."""

    def __init__(self, bench):
        self.bench, self.ns = bench, bench.things.ns("live")
        self.ns.veth("va", "vb")
        cpus = sorted(os.sched_getaffinity(0))
        assert len(cpus) >= 2, "one CPU sends and another reads: there is but one"
        self.cpus = cpus[:2]

    def send(self, way, packets, **args):
        """Its figures; all that was sent has arrived, by the word of the interfaces."""
        args = {"cpu": self.cpus[0], "reader": self.cpus[1], "ring": RING, "ahead": AHEAD, **args}
        before = self.ns.stats("vb")["rx"]["packets"], self.ns.stats("va")["tx"]["dropped"]
        p = self.ns.run(LIVE, way, "va", "vb", "packets=%d" % packets, *("%s=%d" % pair for pair in args.items()))
        said = {k: int(v) for k, v in (line.split() for line in p.stdout.splitlines())}
        arrived, dropped = self.ns.stats("vb")["rx"]["packets"] - before[0], self.ns.stats("va")["tx"]["dropped"] - before[1]
        assert said["sent"] == packets, said
        if arrived != packets:
            raise Refused("of %d frames %d arrived, and veth dropped %d" % (packets, arrived, dropped))
        return said

    def run(self, *options, cpus=None):
        """A ninetap at vb that writes an Avro file."""
        with self.bench.cpu(*(cpus or self.cpus)):
            return self.bench.things.tap(self.ns, "-i", "vb", *RUN, *options, encoding="avro")


def check(sent, seen, recorded, flows, lost):
    """Each packet was seen and has a record of its own."""
    if flows:
        raise Refused("%d of %d packets only in flows" % (flows, sent))
    if lost or not sent == seen == recorded:
        raise Refused("sent %d, seen %d, recorded %d, lost %d" % (sent, seen, recorded, lost))


def check_run(tap, sent):
    a = finish(tap)
    check(sent, a["seen"], a["recorded"], a["overflow"], sum(v for k, v in a.items() if k.startswith("lost_")))
    assert a["delivered"] == sent, a


def clear(tap):
    for path in glob.glob(glob.escape(tap.path) + "*"):
        os.unlink(path)


def mpps(said):
    return 1e3 * said["sent"] / said["ns"]


def bare(veth, way, packets):
    said = veth.send(way, packets)
    if said["got"] != packets:
        raise Refused("sent %d, the program got %d" % (packets, said["got"]))
    return said


def ninetap(veth, way, packets, **args):
    said = veth.send(way, packets, **args)
    check(packets, said["seen"], said["recorded"], said["flows"], said["lost"])
    if said["read"] != packets or said["wrong"]:
        raise Refused("recorded %d, read %d, of which %d are wrong" % (packets, said["read"], said["wrong"]))
    return said


def to_file(veth, way, packets, audited):
    tap = veth.run(cpus=veth.cpus[1:])
    said = veth.send(way, packets)
    check_run(tap, packets)
    if audited:
        code, found = ledger.audit("file:" + tap.path)
        assert code == 0, "the file lacks records: %s" % found
    clear(tap)
    return said


# --- many interfaces ---------------------------------------------------------


class Many:
    """A namespace with so many veths, w0 and on, that have their other ends in it, too."""

    def __init__(self, bench):
        self.ns = bench.keep(lab.Netns("many"))
        path = bench.tmp / "links"
        path.write_text("".join("link add w%d type veth peer name p%d\nlink set w%d arp off up\nlink set p%d arp off up\n" % (n, n, n, n)
                                for n in range(IFACES)))
        self.ns.ip("-batch", path)


def cpu_ns(pid):
    """Of all its threads; to the nanosecond, where /proc/PID/stat counts ticks."""
    total = 0
    for path in glob.glob("/proc/%d/task/*/schedstat" % pid):
        with open(path) as f:
            total += int(f.read().split()[0])
    return total


def idle(bench, tap):
    """Per cent of a CPU while nothing happens."""
    begun, used = time.monotonic_ns(), cpu_ns(tap.proc.pid)
    time.sleep(IDLE_SECONDS_SHORT if bench.short else IDLE_SECONDS)
    return 100 * (cpu_ns(tap.proc.pid) - used) / (time.monotonic_ns() - begun)


def attach(bench, pattern, ifaces):
    """(seconds until it is ready, per cent of a CPU while idle)"""
    if not hasattr(bench, "live_many"):
        bench.live_many = Many(bench)
    begun = time.monotonic()
    tap = bench.things.tap(bench.live_many.ns, "-i", pattern)
    seconds = time.monotonic() - begun
    assert "ready: %d interfaces" % ifaces in tap.wait_line("ninetap: ready"), tap.lines[-1]
    spent = idle(bench, tap)
    check_run(tap, 0)
    return seconds, spent


def attach_all(bench, out):
    out["live.idle.1"] = attach(bench, "w0", 1)[1]
    out["live.attach.1000"], out["live.idle.1000"] = attach(bench, "w*", IFACES)


# --- threads -----------------------------------------------------------------


def growth(path):
    """[(seconds, bytes)] of a file, each millisecond until it grows no more."""
    out, begun = [], time.monotonic()
    while len(out) < STILL or out[-1][1] != out[-STILL][1]:
        time.sleep(0.001)
        out.append((time.monotonic() - begun, os.path.getsize(path)))
    return out


def when(grown, size):
    return next(t for t, n in grown if n >= size)


def drain(veth, threads):
    """
    Records a second, in millions. The run stands still while the rings are
    filled, so senders take no time of its own; then the file's middle four
    fifths are timed, since both ends are of waking up and of lingering batches.
    """
    if "--threads" not in lab.run(lab.rows.NINETAP, "run", "--help").stdout:
        raise Refused("this ninetap has no --threads")
    tap = veth.run("--ring-bytes", str(FULL_RING), "--threads", str(threads))
    tap.proc.send_signal(signal.SIGSTOP)
    for cpu in veth.cpus:
        veth.send("run-drop", FULL_RECORDS, cpu=cpu, ahead=1 << 30)
    tap.proc.send_signal(signal.SIGCONT)
    grown = growth(tap.path)
    sent = FULL_RECORDS * len(veth.cpus)
    check_run(tap, sent)
    total = os.path.getsize(tap.path)
    clear(tap)
    return 0.8 * sent / (when(grown, 0.9 * total) - when(grown, 0.1 * total)) / 1e6


# --- a round -----------------------------------------------------------------


@contextlib.contextmanager
def excused(out, *keys):
    """What has no figure costs these rows alone."""
    try:
        yield
    except (Refused, AssertionError, subprocess.TimeoutExpired) as e:
        out.update({key: NoFigure(" ".join(str(e).split())[:160] or "an assertion failed") for key in keys})


def measure(bench, number):
    many, some, few = (5000000, 2000000, 1000000) if bench.short else (50000000, 20000000, 10000000)
    many = many if number == 0 else some  # all of the many in one round, none of which may be lost
    veth, out = Veth(bench), {}
    for key, figure in (
            ("live.xdp.none", lambda: mpps(bare(veth, "bare-drop", some))),
            ("live.xdp.kernel", lambda: mpps(ninetap(veth, "ninetap-drop", many))),
            ("live.xdp.pass.none", lambda: mpps(bare(veth, "bare-pass", few))),
            ("live.xdp.pass", lambda: mpps(ninetap(veth, "ninetap-pass", few))),
            ("live.file", lambda: mpps(to_file(veth, "run-drop", many, number == 0))),
            ("live.file.pass", lambda: mpps(to_file(veth, "run-pass", few, number == 0))),
            ("live.size.64", lambda: 1e3 / mpps(ninetap(veth, "ninetap-drop", few, bytes=64))),
            ("live.size.1500", lambda: 1e3 / mpps(ninetap(veth, "ninetap-drop", few, bytes=1500))),
            ("live.threads.1", lambda: drain(veth, 1)),
            ("live.threads.2", lambda: drain(veth, 2))):
        if bench.wants(key):
            with excused(out, key):
                out[key] = figure()
    if any(bench.wants(key) for key in MANY):
        with excused(out, *MANY):
            attach_all(bench, out)
    return {key: value for key, value in out.items() if bench.wants(key)}
