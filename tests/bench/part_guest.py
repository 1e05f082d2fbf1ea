# SPDX-License-Identifier: Apache-2.0
"""part_guest.py - what others feel of being watched: iperf3's rate, a ping-pong's round trips; and softflowd beside ninetap.

A veth pair between two namespaces; b's end is watched through TC in both
directions, packet mode, TSO on, records into an Avro file on a tmpfs. Watched
and unwatched runs take turns (U W W U), in which ninetap is gone where it does
not watch. Each watch is checked: the interface counted what was seen, recorded,
delivered and is in the file, and nothing was lost. CPU time is user space's.
"""
import json
import os
import re
import socket
import statistics
import struct
import subprocess
import time

import lab
import loads
from avro_file import check_packets
from figures import Row

PING = os.path.join(lab.rows.ROOT, "build", "tests", "bench", "guest_ping")
A, B = "10.9.0.1", "10.9.0.2"
MACS = {"va": "02:00:00:00:00:0a", "vb": "02:00:00:00:00:0b"}
PORT = 5201  # of iperf3, in a namespace of its own
POINTS = 20  # of which a rate's difference may spread over 30 %, that is 6 points, and is still a figure
SEGMENTS = 5  # in a packet on the average, acknowledgements included, where TSO is on
FLOWS, RATE = 1000, 200000
QUIET_S = 0.3  # three times the linger of a batch
BLOCK = 1024  # packets that libpcap keeps to itself at most until more come


def rows():
    out = []
    for way, words in (("in", "into"), ("out", "out of")):
        key = "guest.iperf." + way
        out += [Row(key + ".unwatched", "iperf3 %s an unwatched veth, both ends on one CPU" % words, "Gb/s", better="more", shown=False),
                Row(key + ".watched", "iperf3 %s a watched veth, both ends on one CPU" % words, "Gb/s", better="more", limit=key + ".unwatched"),
                Row(key, "iperf3 %s a watched veth, slower by" % words, "%", goal=1, against=POINTS)]
    for p, goal in (("p50", 1), ("p99", 2)):
        base = "guest.latency.unwatched." + p
        out += [Row(base, "64-byte UDP ping-pong, unwatched, both ends on one CPU, " + p, "us"),
                Row("guest.latency." + p, "the same watched, longer by", "us", goal=goal, against=base)]
    return out + [Row("guest.softflowd.cpu", "softflowd, UDP of 60 bytes, 1,000 flows, 200,000/s, user space", "CPU s/M"),
                  Row("guest.ninetap.cpu", "ninetap on the same packets, packet mode to a file, user space", "CPU s/M",
                      limit="guest.softflowd.cpu")]


def measure(bench, number):
    """A group of rows that breaks doesn't take the others along."""
    out = {}
    for keys, run in ((bench.keys("guest.iperf.in"), lambda: iperf(bench, "in")),
                      (bench.keys("guest.iperf.out"), lambda: iperf(bench, "out")),
                      (bench.keys("guest.latency"), lambda: latency(bench)),
                      (bench.keys("guest.softflowd", "guest.ninetap"), lambda: beside_softflowd(bench))):
        if keys:
            out.update(bench.attempt(keys, run))
    return out


# --- the lab -----------------------------------------------------------------

def two_boxes(things):
    """va in a, vb in b, which know each other, so that no ARP is counted."""
    a, b = things.ns("a"), things.ns("b")
    a.veth("va", "vb", b)
    for ns, dev, own, peer, peer_dev in ((a, "va", A, B, "vb"), (b, "vb", B, A, "va")):
        ns.ip("link", "set", dev, "arp", "on", "address", MACS[dev])
        ns.ip("addr", "add", own + "/24", "dev", dev)
        ns.ip("neigh", "add", peer, "lladdr", MACS[peer_dev], "dev", dev, "nud", "permanent")
    return a, b


def settled(value):
    """What value() is once it no longer changes: there is no event for that all has been read."""
    had = [value()]
    while len(had) < 4 or len(set(had[-4:])) > 1:
        assert len(had) < lab.WAIT * 10, "it did not settle: %s" % had[-4:]
        time.sleep(QUIET_S / 3)
        had.append(value())
    return had[-1]


class Watch:
    """A ninetap on vb of b, until check()."""

    def __init__(self, things, b):
        self.b = b
        self.before = settled(self.counted)  # the end of a connection is behind us
        self.tap = things.tap(b, "-i", "vb", "--hook", "tc", encoding="avro")

    def counted(self):
        stats = self.b.stats("vb")
        return stats["rx"]["packets"] + stats["tx"]["packets"]

    def check(self, right, segments=1):
        """
        Ends it; all packets are in its file, so many segments in each of them or more, and the records of some blocks are
        right(). Returns how many.
        """
        packets = settled(self.counted) - self.before
        had = loads.finish(self.tap)
        lost = {k: v for k, v in had.items() if k.startswith("lost_") and v}
        kept = check_packets(self.tap.path, right)
        assert had["seen"] == had["recorded"] == had["delivered"] == packets == kept and not lost, \
            "counted %d, seen %d, recorded %d, delivered %d, in the file %d, lost %s" % (
                packets, had["seen"], had["recorded"], had["delivered"], kept, lost or 0)
        assert had["seen_packets"] >= segments * packets, "%d segments in %d packets" % (had["seen_packets"], packets)
        return packets


def take_turns(bench, b, run, *right):
    """([unwatched, unwatched], [watched, watched]) of what run() returns; a drift of the machine is in both alike."""
    unwatched = [run()]
    watch = Watch(bench.things, b)
    watched = [run(), run()]
    watch.check(*right)
    os.unlink(watch.tap.path)
    return unwatched + [run()], watched


# --- iperf3 ------------------------------------------------------------------

class Iperf:
    """
    A server in b, run() from a. Both on one CPU: on two, the rate depends on where the kernel wakes whom, and differs by
    half from one second to the next. ninetap's user side is free to run where it likes.
    """

    def __init__(self, bench, a, b):
        self.bench, self.a = bench, a
        with bench.cpu(0):
            self.proc = subprocess.Popen(b.argv("iperf3", "-s", "-p", PORT, "--forceflush"), stdout=subprocess.PIPE,
                                         stdin=subprocess.DEVNULL, text=True)
        assert any("listening" in line for line in self.proc.stdout), "iperf3 did not start"

    def run(self, way, times):
        """Gb/s of so many connections, one after the other: they differ by more than a watch costs."""
        with self.bench.cpu(0):
            ran = [self.a.run("iperf3", "-c", B, "-p", PORT, "-n", "1G", "-J", *(["-R"] if way == "out" else [])) for _ in range(times)]
        return [json.loads(p.stdout)["end"]["sum_received"]["bits_per_second"] / 1e9 for p in ran]

    def close(self):
        self.proc.kill()
        self.proc.wait()
        self.proc.stdout.close()


def of_iperf(record):
    return record["proto"] == 6 and PORT in (record["src_port"], record["dst_port"])


def iperf(bench, way):
    a, b = two_boxes(bench.things)
    server = bench.things.keep(Iperf(bench, a, b))
    key, times = "guest.iperf." + way, 2 if bench.short else 4
    turns = take_turns(bench, b, lambda: server.run(way, times), of_iperf, SEGMENTS)
    unwatched, watched = (statistics.mean(rate for run in runs for rate in run) for runs in turns)
    server.close()
    return {key: 100 * (1 - watched / unwatched), key + ".watched": watched, key + ".unwatched": unwatched}


# --- latency -----------------------------------------------------------------

class Echo:
    def __init__(self, ns):
        self.proc = subprocess.Popen(ns.argv(PING, "echo", B), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.port = self.proc.stdout.readline().split()[1]

    def close(self):
        self.proc.kill()
        self.proc.wait()
        self.proc.stdout.close()


def of_ping(record):
    return record["proto"] == 17 and record["bytes"] == 14 + 20 + 8 + 64


def latency(bench):
    """Both ends on one CPU, where nothing but they decides when they run."""
    a, b = two_boxes(bench.things)
    count = 25000 if bench.short else 100000
    with bench.cpu(0):
        echo = bench.things.keep(Echo(b))

    def ask():
        with bench.cpu(0):
            p50, p99 = a.run(PING, "ask", B, echo.port, count).stdout.split()
        return int(p50) / 1e3, int(p99) / 1e3
    unwatched, watched = take_turns(bench, b, ask, of_ping)
    echo.close()
    out = {}
    for i, p in enumerate(("p50", "p99")):
        base = statistics.mean(turn[i] for turn in unwatched)
        out["guest.latency.unwatched." + p] = base
        out["guest.latency." + p] = statistics.mean(turn[i] for turn in watched) - base
    return out


# --- softflowd ---------------------------------------------------------------

def cpu_s(pid):
    """CPU seconds of all threads of a process, to the ns (/proc/PID/stat has them in steps of 10 ms)."""
    total = 0
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/schedstat" % (pid, task)) as f:
            total += int(f.read().split()[0])
    return total / 1e9


class Softflowd:
    """Watches vb of ns; exports NetFlow 5 to a socket of ours in there. A buffer of 64 MB, so that it misses nothing."""

    def __init__(self, ns, tmp):
        self.control = str(tmp / "softflowd.ctl")
        with ns.entered():
            self.collector = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.collector.bind(("127.0.0.1", 0))
        self.collector.settimeout(lab.WAIT)
        self.proc = subprocess.Popen(ns.argv(
            "softflowd", "-d", "-N", "-i", "vb", "-v", 5, "-n", "127.0.0.1:%d" % self.collector.getsockname()[1], "-c", self.control,
            "-p", tmp / "softflowd.pid", "-B", 64 << 20), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        lab.wait_for("softflowd", lambda: "processed: 0" in self.ask("statistics", check=False))

    def ask(self, command, check=True):
        return lab.run("softflowctl", "-c", self.control, command, check=check).stdout

    def count(self, name):
        return int(re.search(r"Packets %s: (\d+)" % name, self.ask("statistics"))[1])

    def finish(self, sent):
        """Has it export all of its flows once it has all packets that it gets; how many, which all came to it and are exported."""
        processed = settled(lambda: self.count("processed"))
        received, dropped = self.count("received by libpcap"), self.count("dropped by libpcap")
        assert received == sent and dropped == 0 and processed > sent - BLOCK, "softflowd processed %d of %d, dropped %d of %d" % (
            processed, sent, dropped, received)
        self.ask("expire-all")
        flows = packets = 0
        while packets < processed:
            data = self.collector.recv(65536)
            packets += sum(struct.unpack_from("!I", data, at + 16)[0] for at in range(24, len(data), 48))
            flows += (len(data) - 24) // 48
        assert (packets, flows) == (processed, FLOWS), "softflowd exported %d packets of %d flows" % (packets, flows)
        return processed

    def close(self):
        self.proc.kill()
        self.proc.wait()
        self.collector.close()


def of_sender(record):
    return record["proto"] == 17 and record["dst_port"] == 53 and record["bytes"] == 60


def beside_softflowd(bench):
    """Both watch the same interface at the same time; what either needs to begin and to end is not counted."""
    a, b = two_boxes(bench.things)
    packets = 200000 if bench.short else 1000000
    watch = Watch(bench.things, b)
    other = bench.things.keep(Softflowd(b, bench.tmp))
    pids = watch.tap.proc.pid, other.proc.pid
    before = [cpu_s(pid) for pid in pids]
    sent = bench.things.keep(loads.Load(a, "va", packets=packets, flows=FLOWS, rate=RATE, cpu=0)).wait().events
    size = settled(lambda: os.path.getsize(watch.tap.path))
    processed = other.finish(sent)
    spent = [cpu_s(pid) - cpu for pid, cpu in zip(pids, before)]
    assert watch.check(of_sender) == sent == packets, "%d packets sent of %d" % (sent, packets)
    assert os.path.getsize(watch.tap.path) == size, "the file still grew when its CPU time was read"
    return {"guest.ninetap.cpu": spent[0] / sent * 1e6, "guest.softflowd.cpu": spent[1] / processed * 1e6}
