# SPDX-License-Identifier: Apache-2.0
"""ledger.py - a consumer of its own: what docs/ledger.md and docs/records.md say, read again from the streams alone.

Received takes rows of all streams in any order, from files or messages, and
removes duplicates; check() asserts the equation for each box, epoch and CPU at
its closing event, and for all together against the generator and the
interface, in events, packets and bytes. Shares nothing with `ninetap audit`;
audited() asserts that it comes to the same figures.
"""
import collections
import glob
import io
import json
import os
import subprocess

import fastavro

import rows

FATES = ("recorded", "flow", "overflow", "filtered", "sampled_out", "non_ip", "truncated", "malformed", "ring_full", "flows_full", "no_ring")
LEFT_OUT = ("filtered", "sampled_out", "non_ip", "truncated", "malformed")
KERNEL_LOST = ("ring_full", "flows_full", "no_ring")
STREAMS = ("packets", "flows", "events")
SCHEMAS = {"packets": "ninetap.avsc", "flows": "flows.avsc"}


class Tally(collections.namedtuple("Tally", "events packets bytes")):
    """Adds up by unit. None: this unit is not known."""
    __slots__ = ()

    def __add__(self, other):
        return Tally(*(a + b for a, b in zip(self, other)))

    def __sub__(self, other):
        return Tally(*(a - b for a, b in zip(self, other)))

    def same(self, other):
        """In all units that both know."""
        return all(a == b or a is None or b is None for a, b in zip(self, other))

    @classmethod
    def of(cls, obj):
        return cls(obj["events"], obj["packets"], obj["bytes"])


NONE = Tally(0, 0, 0)


def total(tallies):
    return sum(tallies, NONE)


def schema(stream):
    with open(os.path.join(rows.ROOT, "include", "ninetap", SCHEMAS[stream])) as f:
        return fastavro.parse_schema(json.load(f))


def reading(stream):
    """What is read of a batch: only what the equation needs, so that millions of records take seconds."""
    names = {"packets": ("seq", "packets", "bytes"), "flows": ("mode", "generation", "entry", "events", "packets", "bytes")}[stream]
    whole = schema(stream)
    record = next(f for f in whole["fields"] if f["name"] == "records")["type"]["items"]
    fields = [f for f in record["fields"] if f["name"] in names]
    return {**whole, "fields": [{**f, "type": {"type": "array", "items": {**record, "fields": fields}}} if f["name"] == "records" else f
                                for f in whole["fields"] if f["name"] in ("box", "epoch", "cpu", "records")]}


class Page:
    """What came of one box, epoch and CPU."""

    def __init__(self):
        self.records, self.flows, self.told = {}, {}, []

    def closing(self):
        """The last event: the counters only grow."""
        return max(self.told, key=lambda e: (e["seq"], e["seen"]["events"], e["ts"], e["closing"]), default=None)

    def in_records(self):
        return Tally(len(self.records), sum(p for p, _ in self.records.values()), sum(b for _, b in self.records.values()))

    def in_flows(self, *modes):
        return total(tally for mode, tally in self.flows.values() if mode in modes)

    def flows_lost(self):
        """By reason, of all processes: it begins anew in each."""
        out, before = collections.defaultdict(lambda: NONE), None
        for e in sorted(self.told, key=lambda e: (e["seq"], e["seen"]["events"], e["ts"], e["closing"])):
            if before and e["n"] < before["n"]:
                self.add_lost(out, before["flows_lost"])
            before = e
        self.add_lost(out, before["flows_lost"])
        return out

    @staticmethod
    def add_lost(out, obj):
        for reason, tally in obj.items():
            out[reason] += Tally.of(tally)


class Received:
    """Rows of all streams; twins are counted and removed, contradictions kept for check() to refuse."""

    def __init__(self):
        self.pages = collections.defaultdict(Page)
        self.duplicates = self.rows = self.torn = 0
        self.contradictions, self.events, self.losses = [], [], set()
        self.decoders, self.alike = {}, {}

    def put(self, had, name, value):
        self.rows += 1
        if name not in had:
            had[name] = value
            return
        self.duplicates += 1
        if had[name] != value:
            self.contradictions.append((name, had[name], value))

    def packet(self, page, r):
        value = r["packets"], r["bytes"]
        self.put(page.records, r["seq"], self.alike.setdefault(value, value))

    def flow(self, page, r):
        self.put(page.flows, (r["generation"], r["entry"]), (r["mode"], Tally.of(r)))

    def event(self, e):
        self.rows += 1
        self.events.append(e)
        if e["type"] == "ledger":
            self.pages[e["box"], e["epoch"], e["cpu"]].told.append(e)
        elif e["type"] == "loss":
            self.losses.add((e["box"], e["of_epoch"], e["cpu"], e["stream"], e["seq"], e["count"], e["reason"]))

    def row(self, r):
        """One JSON object of whatever stream."""
        if "type" not in r:
            self.packet(self.pages[r["box"], r["epoch"], r["cpu"]], r)
        elif r["type"] == "flow":
            self.flow(self.pages[r["box"], r["epoch"], r["cpu"]], r)
        else:
            self.event(r)

    def batch(self, stream, b):
        page = self.pages[b["box"], b["epoch"], b["cpu"]]
        add = self.packet if stream == "packets" else self.flow
        for r in b["records"]:
            add(page, r)

    def message(self, value):
        """One Kafka message: a JSON object, or a batch behind Avro's mark."""
        if value[:2] != b"\xc3\x01":
            return self.row(json.loads(value))
        stream, written, wanted = self.decoders.get(value[:10]) or self.learn(value[:10])
        self.batch(stream, fastavro.schemaless_reader(io.BytesIO(value[10:]), written, wanted))

    def learn(self, mark):
        for stream in SCHEMAS:
            form = fastavro.schema.to_parsing_canonical_form(schema(stream))
            if mark[2:] == bytes.fromhex(fastavro.schema.fingerprint(form, "CRC-64-AVRO")):
                self.decoders[mark] = stream, schema(stream), reading(stream)
                return self.decoders[mark]
        raise AssertionError("a message of another schema: %s" % mark.hex())

    def file(self, path, torn=False):
        """torn: a half row at the end is passed over, as kill -9 leaves it."""
        with open(path, "rb") as f:
            if f.read(4) == b"Obj\x01":
                f.seek(0)
                return self.container(f, torn)
            f.seek(0)
            for line in f:
                if torn and not line.endswith(b"\n"):
                    self.torn += 1
                    break
                self.row(json.loads(line))

    def container(self, f, torn):
        """The schema in the file is the one in the tree, so the narrow one reads it."""
        name = fastavro.reader(f).writer_schema["name"]
        stream = "flows" if name.endswith("FlowBatch") else "packets"
        f.seek(0)
        try:
            for b in fastavro.reader(f, reading(stream)):
                self.batch(stream, b)
        except EOFError:
            assert torn, "%s ends in mid-block" % f.name
            self.torn += 1

    def files(self, path, torn=False):
        """Of packets at path, with the flows and events beside it, and what each was rotated to."""
        for stream in STREAMS:
            base = glob.escape(str(path) + ("" if stream == "packets" else "." + stream))
            for one in sorted(glob.glob(base) + glob.glob(base + ".[0-9]*")):
                self.file(one, torn)
        return self

    def of_type(self, kind):
        return [e for e in self.events if e["type"] == kind]


class Account:
    """Sums over all pages, in tallies: seen, records, flows, left_out, lost {reason: tally}."""

    def __init__(self, received):
        self.received = received
        self.seen = self.records = self.flows = NONE
        self.fates, self.lost = collections.Counter(), collections.defaultdict(lambda: NONE)
        self.left_out = NONE

    def lose(self, reason, tally):
        if tally != NONE:
            self.lost[reason] += tally

    def line(self, sent, counted):
        lost = ", ".join("%s %d" % (k, t.packets) for k, t in sorted(self.lost.items())) or "no reason"
        return "sent %s = counted %s = seen %d = %d in records + %d in flows%s + %d lost (%s), %d bytes, received %d rows, duplicates %d" % (
            sent.packets if sent else "?", counted.packets if counted else "?", self.seen.packets, self.records.packets,
            self.flows.packets, " + %d left out" % self.left_out.packets if self.left_out != NONE else "",
            total(self.lost.values()).packets, lost, self.seen.bytes, self.received.rows, self.received.duplicates)


def dropped(received, key, stream):
    """Numbers of a page that the spool dropped, by its own word: {reason: set or count}."""
    out = collections.defaultdict(set)
    for box, epoch, cpu, of, seq, count, reason in received.losses:
        assert epoch, "the spool lost what it can't name"
        if (box, epoch, cpu, of) == (*key, stream):
            out[reason].update(range(seq, seq + count))
    return out


def check_page(account, key, page):
    """The equation of one box, epoch and CPU. All is asserted here but the sum with the world outside."""
    last = page.closing()
    where = "box %s, epoch %d, CPU %d" % key
    assert last, where + ": rows without a ledger event"
    assert last["closing"] and last["exact"], where + ": the last event is not a closing, exact one: %s" % last
    fate = {name: Tally.of(last[name]) for name in FATES}
    seen, got = Tally.of(last["seen"]), page.in_records()
    assert seen == total(fate.values()), (where, seen, fate)
    assert Tally.of(last["flows_open"]) == NONE, (where, last["flows_open"])
    lost = {reason: Tally.of(t) for reason, t in last["lost"].items()}
    by_spool = {reason: numbers - page.records.keys() for reason, numbers in dropped(account.received, key, "packets").items()}
    missing = fate["recorded"] - got - total(lost.values())
    if by_spool or last["unread"]:
        unknown = last["unread"] + sum(len(n) for n in by_spool.values())
        assert missing.events == unknown, (where, "records", missing, unknown)
        account.lose("spool", missing) if by_spool else account.lose("unread", missing)
    else:
        assert missing == NONE, "%s: %s missing of records: recorded %s, received %s, lost %s" % (where, missing, fate["recorded"], got, lost)
    check_flows(account, where, page, fate, dropped(account.received, key, "flows"))
    assert all(1 <= seq <= last["seq"] for seq in page.records), where + ": a number that was never given"
    for reason, tally in lost.items():
        account.lose(reason, tally)
    for name in KERNEL_LOST:
        account.lose(name, fate[name])
    account.seen, account.records = account.seen + seen, account.records + got
    account.left_out += total(fate[name] for name in LEFT_OUT)
    for name in FATES:
        account.fates[name] += fate[name].packets


def check_flows(account, where, page, fate, by_spool):
    """Of mode packet: overflow; the others: flow. What was lost in flow records can be of either."""
    over, flow = page.in_flows("packet"), page.in_flows("flow", "sampled")
    lost = page.flows_lost()
    account.flows += over + flow
    if total(lost.values()) == NONE and not by_spool:
        assert over == fate["overflow"], "%s: overflow %s, in flow records of mode packet %s" % (where, fate["overflow"], over)
        assert flow == fate["flow"], "%s: flow %s, in flow records %s" % (where, fate["flow"], flow)
        return
    missing = fate["overflow"] + fate["flow"] - over - flow - total(lost.values())
    assert by_spool and min(missing) >= 0 or missing == NONE, (where, "flows", missing, dict(lost))
    account.lose("spool", missing)
    for reason, tally in lost.items():
        account.lose("flows_" + reason, tally)


def check(received, sent=None, counted=None, lost=(), note=""):
    """Asserts THE EQUATION, prints its line, returns the Account.

    sent, counted: a Tally each (None in it: not known); lost: reasons of loss
    that the test expects, all others fail.
    """
    assert received.pages, "nothing was received"
    assert not received.contradictions, received.contradictions[:5]
    account = Account(received)
    for key, page in sorted(received.pages.items()):
        check_page(account, key, page)
    print(account.line(sent, counted) + (", " + note if note else ""))
    assert account.seen == account.records + account.flows + account.left_out + total(account.lost.values())
    assert sent is None or counted is None or sent.same(counted), ("sent", sent, "counted", counted)
    assert counted is None or account.seen.same(counted), ("seen", account.seen, "counted", counted)
    assert sent is None or account.seen.same(sent), ("seen", account.seen, "sent", sent)
    unexpected = set(account.lost) - set(lost)
    assert not unexpected, "lost: %s" % dict(account.lost)
    return account


def audit(source, *options, ns=None):
    """(exit code, object) of `ninetap audit SOURCE --json`."""
    argv = [rows.NINETAP, "audit", source, "--json", *options]
    p = subprocess.run(ns.argv(*argv) if ns else argv, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)
    assert p.returncode in (0, 1), "audit %s: exit %d: %s" % (source, p.returncode, p.stderr)
    return p.returncode, json.loads(p.stdout)


def audited(account, source, *options, ns=None, code=None):
    """The audit comes to the same figures; to 0 exactly if nothing is lost (or to code)."""
    ended, said = audit(source, *options, ns=ns)
    cpus = {(c["box"], c["epoch"], c["cpu"]): c for c in said["cpus"]}
    assert set(cpus) == set(account.received.pages)
    duplicates = 0
    for key, page in account.received.pages.items():
        c, got = cpus[key], cpus[key]["received"]
        assert Tally.of(got["records"]) == page.in_records(), key
        assert Tally.of(got["flow"]) == page.in_flows("flow", "sampled"), key
        assert Tally.of(got["overflow"]) == page.in_flows("packet"), key
        assert Tally.of(c["told"]["seen"]) == Tally.of(page.closing()["seen"]) and c["closed"], key
        assert got["contradictions"] == c["unexplained"] == c["unexplained_flows"] == 0, c
        duplicates += got["duplicates"] + got["flow_duplicates"]
    assert duplicates == account.received.duplicates
    verdicts = {c["verdict"] for c in said["cpus"]}
    assert verdicts == {"complete"} if not account.lost else verdicts <= {"complete", "accounted"} and "accounted" in verdicts, verdicts
    assert ended == ((1 if account.lost else 0) if code is None else code), (ended, said)
    assert said["bad"] == account.received.torn and said["spool_unknown"] == said["absent_cpus"] == 0, said
    return said
