# SPDX-License-Identifier: Apache-2.0
"""part_broker.py - what the way to a real broker costs ninetap's process, paced and acknowledged, beside librdkafka alone.

ninetap, the sender and the broker share the machine: that is part of the rows.
The packets are TCP in VXLAN, of flows in no order, tagged. Each run is checked:
sent = counted by the interface = seen = in records + in flows, nothing lost,
all recorded acknowledged, and the topics hold as much; one that isn't so has
no figure. What a full ring sends to flows is not lost: a record's cost is of those
that were made, and broker.paced.records tells how many that were.
"""
import dataclasses
import itertools
import json
import os
import re
import signal
import statistics
import subprocess
import time

import lab
import loads
from figures import NoFigure, Row

ROUNDS = 3
TRIES = 2
ALONE = os.path.join(lab.rows.ROOT, "build", "tests", "bench", "produce_alone")
BOX, VNI, TOPIC = "box-1", 42, "bench"
RATE, RATE_PACED = 500000, 1000000  # packets a second
BATCH = 1000  # records a message, ninetap's default
SAMPLE = 512  # messages of ninetap's that librdkafka alone sends in turn
QUEUE = ("-X", "queue.buffering.max.kbytes=16384")
PATIENT = ("--ring-bytes", "64MiB")  # bridges some half a second of a broker's pauses
FILL = 240000  # packets whose records are more than the queue, and less than that and a ring
LEAST = 0.95  # of the packets that must be in records, or the figure is of another load
FLAT = 0.05  # by which the last third's RSS may differ from that of the one before
LOOK_S = 0.25
QUIET_S = 0.5  # more than ninetap and librdkafka ever hold a batch back
RUNS_MADE = itertools.count()

FIGURES = {  # the runs of a round and the rows that each gives
    "none": ("broker.none", "broker.rss"),
    "alone.none": ("broker.rdkafka.none",),
    "lz4": ("broker.lz4", "broker.bytes.1000"),
    "alone.lz4": ("broker.rdkafka.lz4",),
    "many": ("broker.bytes.50000",),
    "flow": ("broker.flow",),
    "paced": ("broker.paced", "broker.paced.records"),
}
SECONDS = {"none": 6, "lz4": 6, "alone.none": 4, "alone.lz4": 4, "many": 3, "flow": 6, "paced": 60}
SECONDS_SHORT = {"none": 3, "lz4": 2, "alone.none": 1, "alone.lz4": 1, "many": 1, "flow": 3, "paced": 10}


def rows():
    out = []
    for codec, goal in (("none", 0.18), ("lz4", 0.28)):
        alone = "broker.rdkafka." + codec
        out += [Row(alone, "librdkafka alone, the same messages, " + codec, "CPU s/M"),
                Row("broker." + codec, "user side, 500,000/s to a broker, 1,000 flows, " + codec, "CPU s/M", goal=goal, limit=alone)]
    for flows, goal in ((1000, 35), (50000, 60)):
        out.append(Row("broker.bytes.%d" % flows, "a record in Kafka, %d flows, lz4, batches of 1,000" % flows, "bytes", goal=goal))
    return out + [Row("broker.flow", "user side in flow mode, 1,000,000/s of 1,000 flows", "CPU s/M", goal=0.005),
                  Row("broker.paced", "lost of 1,000,000/s to a broker", "packets", goal=0, once=True),
                  Row("broker.paced.records", "of them in records, the rest in flows", "%", better="more", once=True),
                  Row("broker.rss", "RSS in broker.none without the rings, with a Kafka queue of 16 MB", "MB", goal=32)]


class Late(NoFigure):
    """The load was not what it should have been, which is not ninetap's doing: the run is made once more."""

    def __init__(self, who, seconds):
        super().__init__("%s was late by %.1f s" % (who, seconds))


class Place:
    """va -> vb in the broker's namespace, and a topic a stream that all runs share, for each is a start of Java."""

    def __init__(self, site):
        self.ns, self.broker = site.ns, site.broker
        self.output = "kafka:%s/%s" % (self.broker.address, TOPIC)
        self.ns.veth("va", "vb")
        for name in (TOPIC, TOPIC + ".flows", TOPIC + ".events", TOPIC + ".alone"):
            self.broker.topic(name)

    def log_bytes(self):
        folder = os.path.join(self.broker.dir, "data", TOPIC + "-0")
        return sum(os.path.getsize(os.path.join(folder, name)) for name in os.listdir(folder) if name.endswith(".log"))

    def read(self, topic, begin, *how):
        """What kcat prints of the messages from number `begin` on."""
        argv = self.broker.inside("kcat", "-b", self.broker.address, "-C", "-t", topic, "-p", "0", "-o", str(begin), "-e", "-q", *how)
        p = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=180)
        assert p.returncode == 0, "kcat: %s" % p.stderr.decode()
        return p.stdout

    def settle(self, begin):
        """Until the topic has grown beyond `begin`, and grows no more."""
        last = [begin, time.monotonic()]

        def quiet():
            now = self.broker.end(TOPIC)
            if now != last[0]:
                last[:] = now, time.monotonic()
            return now > begin and time.monotonic() > last[1] + QUIET_S
        lab.wait_for("the topic to be quiet", quiet)

    def records(self, begin):
        """How many the messages of packets from `begin` on say that they hold, each once."""
        said = re.findall(rb"epoch=(\d+),cpu=(\d+),seq=(\d+),count=(\d+)", self.read(TOPIC, begin, "-f", "%h\n"))
        assert len(said) == self.broker.end(TOPIC) - begin, "messages without headers"
        return sum(int(count) for *_, count in set(said))

    def packets_in_flows(self, begin):
        import brokers
        received, data, at = brokers.Received(), self.read(TOPIC + ".flows", begin, "-f", "%R%s"), 0
        while at < len(data):
            end = at + 4 + int.from_bytes(data[at:at + 4], "big")
            received.message(data[at + 4:end])
            at = end
        return sum(page.in_flows("packet", "flow").packets for page in received.pages.values())


_places = {}


def place_of(bench):
    if bench not in _places:
        _places[bench] = Place(bench.broker())
    return _places[bench]


def cpu_ns(pid):
    """CPU time of all threads of a process, also of those that ended; /proc has it in hundredths of a second alone."""
    return time.clock_gettime_ns((~pid << 3) | 2)


def resident_mb(pid):
    """What the process has in memory without maps of BPF: those are the rings, and are the kernel's."""
    total, ours = 0, False
    with open("/proc/%d/smaps" % pid) as f:
        for line in f:
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                ours = "bpf" not in line
            elif ours and line.startswith("Rss:"):
                total += int(line.split()[1])
    return total * 1024 / 1e6


def write_tags(path, flows):
    """Both ends and the application of each record are known: send.c's addresses with mix."""
    def instance(name, net, n):
        return {"kind": "instance", "id": "%s-%08x-4c1f-9d52-%012x" % (name, n, n), "name": "vm-%s-%d" % (name, n), "tenant": "demo",
                "host": "box-%d" % (n % 10), "addresses": ["10.%d.%d.%d" % (net + (n >> 16), n >> 8 & 255, n & 255)],
                "from": "2023-01-01T00:00:00Z"}
    said = [{"kind": "tenant", "name": "demo", "vnis": [VNI], "subnets": ["10.0.0.0/8"]},
            {"kind": "application", "name": "https", "class": "web", "proto": "tcp", "ports": 443}]
    said += [instance("client", 0, n) for n in range(flows)] + [instance("server", 128, n) for n in range(50)]
    path.write_text("".join(json.dumps(s) + "\n" for s in said))


@dataclasses.dataclass
class Watched:
    """A run of ninetap that was checked; what came before the load is not in it, but for begin and log_bytes."""
    seen: int
    recorded: int
    cpu_s: float
    late_s: float  # the sender's
    begin: int  # its first message of packets
    log_bytes: float  # a record
    memory: list  # MB, of each look

    def cost(self, of):
        """CPU s for a million of them, if the load was what it should have been."""
        if self.late_s > 0:
            return Late("the sender", self.late_s)
        if of == self.recorded < LEAST * self.seen:
            return NoFigure("%.1f %% of the packets in records, the rest in flows" % self.share())
        return self.cpu_s * 1e6 / of

    def share(self):
        return 100 * self.recorded / self.seen


def send(bench, place, rate, packets, flows):
    return bench.things.keep(loads.Load(place.ns, "va", packets=packets, rate=rate, flows=flows, vni=VNI, tcp=1, mix=1, live=1, cpu=0))


def fill(bench, place, begin):
    """
    Fills the queue, which is slow to grow otherwise: the broker stands still for some 0.5 s. Returns when all of it has
    arrived: packets, and those in records.
    """
    with open(os.path.join(place.broker.dir, "pid")) as f:
        java = int(f.read())
    os.kill(java, signal.SIGSTOP)
    try:
        sent = send(bench, place, RATE, FILL, 1000).wait()
    finally:
        os.kill(java, signal.SIGCONT)
    place.settle(begin)
    return sent.packets, place.records(begin)


def late(took, seconds):
    """Seconds, beyond what a start and the last answers take."""
    return took - 1.05 * seconds - 0.5


def look_at(pid, load):
    """MB, as long as the load lasts; and how long that was."""
    begun, looks = time.monotonic(), []
    while load.proc.poll() is None:
        looks.append(resident_mb(pid))
        time.sleep(LOOK_S)
    return looks, time.monotonic() - begun


def start(bench, place, flows, codec, *options):
    tags = bench.tmp / "tags.jsonl"
    write_tags(tags, flows)
    pins = "/sys/fs/bpf/broker%d" % next(RUNS_MADE)  # not those of one that was killed because its run was refused
    return bench.things.tap(place.ns, "-i", "vb", "--hook", "xdp", "--box", BOX, "--pins", pins, "-t", str(tags),
                            "-X", "compression.codec=" + codec, *QUEUE, *options, output=place.output, encoding="avro")


def watch(bench, place, rate, seconds, flows, codec, *options, filled=False, records=True):
    """ninetap over a load, to the broker; CPU time from its first packet until all records are acknowledged, or it ends."""
    begin, flows_begin, size = place.broker.end(TOPIC), place.broker.end(TOPIC + ".flows"), place.log_bytes()
    counted = loads.counted(place.ns, "vb").packets
    tap = start(bench, place, flows, codec, *options)
    before, before_recorded = fill(bench, place, begin) if filled else (0, 0)
    used = cpu_ns(tap.proc.pid)
    load = send(bench, place, rate, rate * seconds, flows)
    looks, took = look_at(tap.proc.pid, load)
    sent = load.wait().packets
    if records:
        place.settle(begin)
    used = cpu_ns(tap.proc.pid) - used
    loads.finish(tap)
    said = check(tap, before + sent, loads.counted(place.ns, "vb").packets - counted)
    check_topics(place, said, begin, flows_begin)
    size = (place.log_bytes() - size) / max(1, said["recorded"])
    return Watched(sent, said["recorded"] - before_recorded, used / 1e9, late(took, seconds), begin, size, looks)


def check(tap, sent, counted):
    """The account of a run, which must lose nothing."""
    said = tap.account()
    lost = {k: v for k, v in said.items() if k.startswith("lost_") and v}
    assert not lost and not any("ninetap: in flows:" in line for line in tap.lines), "lost %s" % lost
    assert sent == counted, "sent %d, but the interface counted %d" % (sent, counted)
    assert said["seen"] == counted, "the interface counted %d, seen %d" % (counted, said["seen"])
    assert said["seen"] == said["recorded"] + said["flow"] + said["overflow"], "seen %(seen)d, recorded %(recorded)d" % said
    assert said["delivered"] == said["recorded"], "recorded %(recorded)d, delivered %(delivered)d" % said
    return said


def check_topics(place, said, begin, flows_begin):
    records, in_flows = place.records(begin), place.packets_in_flows(flows_begin)
    assert records == said["recorded"], "recorded %d, the topic holds %d" % (said["recorded"], records)
    assert in_flows == said["flow"] + said["overflow"], "%d packets went to flows, the topic holds %d" % (
        said["flow"] + said["overflow"], in_flows)


def rss(run):
    """MB at most; refused unless it is as much in the last third as in the one before. In the first, queues come into use."""
    third = len(run.memory) // 3
    middle, last = statistics.median(run.memory[third:-third]), statistics.median(run.memory[-third:])
    if abs(last - middle) > FLAT * middle:
        return NoFigure("RSS went from %.1f to %.1f MB" % (middle, last))
    return max(run.memory)


def run_none(bench, place, seconds):
    run = watch(bench, place, RATE, seconds, 1000, "none", filled=True)
    keep_sample(bench, place, run)
    return {"broker.none": run.cost(run.recorded), "broker.rss": rss(run)}


def run_lz4(bench, place, seconds):
    run = watch(bench, place, RATE, seconds, 1000, "lz4")
    keep_sample(bench, place, run)
    return {"broker.lz4": run.cost(run.recorded), "broker.bytes.1000": run.log_bytes}


def run_many(bench, place, seconds):
    """Of the bytes a record it does not matter how many there are, or when."""
    return {"broker.bytes.50000": watch(bench, place, RATE, seconds, 50000, "lz4", "--flow-entries", "131072").log_bytes}


def run_flow(bench, place, seconds):
    """Each flow is written twice; by default it would not be once."""
    run = watch(bench, place, RATE_PACED, seconds, 1000, "lz4", "--mode", "flow", "--flow-active", "%dms" % (seconds * 400), records=False)
    assert not run.recorded, "%d records in flow mode" % run.recorded
    return {"broker.flow": run.cost(run.seen)}


def run_paced(bench, place, seconds):
    """Anything lost has failed an assertion before."""
    run = watch(bench, place, RATE_PACED, seconds, 1000, "lz4", *PATIENT)
    if run.late_s > 0:
        return dict.fromkeys(FIGURES["paced"], Late("the sender", run.late_s))
    return {"broker.paced": 0, "broker.paced.records": run.share()}


def sample_path(bench):
    return bench.tmp / "messages"


def keep_sample(bench, place, run):
    sample_path(bench).write_bytes(place.read(TOPIC, run.begin, "-c", str(SAMPLE), "-f", "%R%s"))


def alone(codec):
    """The same bytes at the same rate by librdkafka alone; in CPU s for a million records."""
    def measure_alone(bench, place, seconds):
        assert sample_path(bench).exists(), "ninetap made no messages to send"
        count = RATE * seconds // BATCH
        argv = place.ns.argv(ALONE, place.broker.address, TOPIC + ".alone", sample_path(bench), codec, RATE // BATCH, count)
        p = subprocess.run(argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120)
        assert p.returncode == 0, p.stderr.strip() or "produce_alone: exit %d" % p.returncode
        said = dict(re.findall(r"(\w+) (\d+)", p.stdout))
        assert int(said["acknowledged"]) == count, p.stdout
        late_s, cost = late(int(said["ms"]) / 1e3, seconds), int(said["cpu_us"]) / (count * BATCH)
        return {"broker.rdkafka." + codec: Late("librdkafka alone", late_s) if late_s > 0 else cost}
    return measure_alone


RUNS = {"none": run_none, "alone.none": alone("none"), "lz4": run_lz4, "alone.lz4": alone("lz4"), "many": run_many, "flow": run_flow,
        "paced": run_paced}


def wanted(bench, name, number):
    """A run whose rows nobody asks for is left out, unless it makes the messages for librdkafka alone."""
    if name == "paced" and number:
        return False
    return any(bench.wants(key) for key in FIGURES[name] + (FIGURES["alone." + name] if "alone." + name in FIGURES else ()))


def tried(bench, place, name, run):
    """A run that fails costs its own figures, not those of the others."""
    try:
        return run(bench, place, (SECONDS_SHORT if bench.short else SECONDS)[name])
    except AssertionError as e:
        bench.things.close()
        return dict.fromkeys(FIGURES[name], NoFigure(" ".join(str(e).split())[:160]))


def measure(bench, number):
    place, out = place_of(bench), {}
    for name, run in RUNS.items():
        if not wanted(bench, name, number):
            continue
        for _ in range(TRIES):
            values = tried(bench, place, name, run)
            if not any(isinstance(v, Late) for v in values.values()):
                break
        out.update(values)
    return out
