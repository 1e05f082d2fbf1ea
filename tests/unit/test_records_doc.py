# SPDX-License-Identifier: Apache-2.0
"""docs/records.md against the schemas and the events, and its examples, run.

The aggregate of flow records that it shows is held against the packets that the records were counted from.
"""
import io
import json
import os
import random
import re
import statistics
import subprocess

import fastavro
import pytest

from test_encode import BATCHES, DUMP, LEDGER, RECORDS, ROOT, TAGS, dump, messages, schema_text

DOC = os.path.join(ROOT, "docs", "records.md")
WINDOW_NS = 300 * 10 ** 9


def doc_tables():
    """{heading: [(name, Avro type, left out when)]} of docs/records.md."""
    tables, heading = {}, None
    with open(DOC, encoding="utf-8") as f:
        for line in f:
            if title := re.match(r"###? (.*)", line):
                heading = title[1].strip()
            cells = [c.strip() for c in line.split("|")[1:-1]]
            if name := cells and re.fullmatch(r"`([\w.]+)`", cells[0]):
                tables.setdefault(heading, []).append((name[1], *cells[1:]))
    return tables


def avro_type(field):
    """As the document's column says it, and whether it may be missing in JSON."""
    kind = field["type"]
    optional = isinstance(kind, list)
    if optional:
        assert kind[0] == "null"
        kind = kind[1]
    if isinstance(kind, str):
        return kind, optional
    if kind["type"] == "enum":
        return "enum: " + " ".join(kind["symbols"]), optional
    items = kind["items"]
    return "array of " + (items if isinstance(items, str) else items["name"]), True


def batch_record_tunnel(stream):
    """Fields of a stream's three records."""
    batch = json.loads(schema_text(stream))
    record = next(f for f in batch["fields"] if f["name"] == "records")["type"]["items"]
    tunnel = next(f for f in record["fields"] if f["name"] == "tunnels")["type"]["items"]
    return batch["fields"], record["fields"], tunnel["fields"]


def wanted_rows(fields, always_out=()):
    """(name, Avro type, whether JSON may leave it out)"""
    return [(f["name"], avro_type(f)[0], avro_type(f)[1] or f["name"] in always_out) for f in fields]


def found_rows(heading):
    return [(name, avro, left_out != "never") for name, avro, left_out, *_ in doc_tables()[heading]]


def test_document_has_every_field():
    """Packets and their carriers in the order of JSON; Avro's is another."""
    batch, packet, tunnel = batch_record_tunnel("packets")
    assert found_rows("Batch") == wanted_rows(batch, LEDGER)
    assert sorted(found_rows("Record")) == sorted(wanted_rows(packet, TAGS))
    assert sorted(found_rows("Tunnel")) == sorted(wanted_rows(tunnel))
    assert [row[0] for row in doc_tables()["Kafka"]] == ["box", "epoch", "cpu", "seq", "count", "lost", "schema"]


def test_document_has_every_field_of_flows():
    """Its own in their table; the others are a record's, but for the items of records and tunnels."""
    batch, flow, tunnel = batch_record_tunnel("flows")
    own = found_rows("Flow record")
    flow = wanted_rows(flow, TAGS)
    shared = [row for row in flow if row[0] not in {name for name, *_ in own}]
    assert [row for row in flow if row not in shared] == own
    items = {("tunnels", "array of FlowTunnel", True): ("tunnels", "array of Tunnel", True)}
    assert [items.get(row, row) for row in shared] == [row for row in found_rows("Record") if row[0] in {s[0] for s in shared}]
    assert wanted_rows(tunnel) == [row for row in found_rows("Tunnel") if row[0] != "ip_bytes"]
    batch = [(name, avro.replace("Flow", "Packet"), out) for name, avro, out in wanted_rows(batch, LEDGER)]
    assert batch == found_rows("Batch")


def test_document_columns_are_filled():
    for heading in ("Batch", "Record", "Tunnel", "Flow record"):
        for row in doc_tables()[heading]:
            assert len(row) == 7 and all(row), row


def kind_of(value):
    if isinstance(value, dict):
        return "tally" if list(value) == ["events", "packets", "bytes"] else "object"
    return {bool: "boolean", int: "integer", str: "text"}[type(value)]


def members(event):
    """(name, type) of an event's own members; objects of others are taken apart."""
    for name, value in event.items():
        if kind_of(value) == "object":
            yield from ((name + "." + inner, kind) for inner, kind in members(value))
        else:
            yield name, kind_of(value)


def test_document_has_every_event():
    out = subprocess.run([os.path.join(os.path.dirname(DUMP), "dump_events")], check=True, timeout=60, stdout=subprocess.PIPE).stdout
    events = [json.loads(line) for line in out.splitlines()]
    tables = doc_tables()
    assert [e["type"] for e in events] == ["ledger", "mode", "loss", "start", "stop"]
    for event in events:
        assert list(event)[:7] == ["type", "ts", "box", "site", "pop", "ren", "epoch"]
        heading = event["type"].capitalize() + " event"
        own = list(members(event))[7:]
        assert [row[:2] for row in tables.get(heading, [])] == own
        assert all(row[2] for row in tables.get(heading, []))


def examples():
    """Those in Python that need no more than fastavro."""
    with open(DOC, encoding="utf-8") as f:
        return [e for e in re.findall(r"```python\n(.*?)```", f.read(), re.S) if "pyspark" not in e]


def test_document_examples_run(tmp_path, monkeypatch, capsys):
    container = dump("packets", "avro", "stream")
    (tmp_path / "records.avro").write_bytes(container)
    (tmp_path / "ninetap.avsc").write_text(schema_text("packets"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names = {"message": messages(dump("packets", "avro", "message"))[0]}
    assert len(examples()) == 3
    for example in examples():
        exec(example, names)
    assert names["batch"] == next(fastavro.reader(io.BytesIO(container)))
    assert len(capsys.readouterr().out.splitlines()) == BATCHES * RECORDS


@pytest.fixture(scope="module")
def doc():
    """What the example about flows defines."""
    names = {}
    exec(next(e for e in examples() if "read_flows" in e), names)
    return names


def counted(packets, **more):
    """A flow record as packets (ns, bytes, window) on the wire are counted into it."""
    times = [max(0, b[0] - a[0]) // 1000 for a, b in zip(packets, packets[1:])]
    sizes, windows = [p[1] for p in packets], [p[2] for p in packets]
    iat = {"iat_us_min": min(times), "iat_us_max": max(times), "iat_us_sum": sum(times), "iat_us_sumsq": sum(t * t for t in times)} \
        if times else dict.fromkeys(["iat_us_min", "iat_us_max", "iat_us_sum", "iat_us_sumsq"])
    return {"epoch": 1, "cpu": 0, "mode": "flow", "sample": 1, "first": packets[0][0], "last": packets[-1][0], "packets": len(packets),
            "bytes": sum(sizes), "bytes_min": min(sizes), "bytes_max": max(sizes), "bytes_sumsq": sum(s * s for s in sizes),
            "win_min": min(windows), "win_max": max(windows), "win_sum": sum(windows), "win_sumsq": sum(w * w for w in windows),
            **iat, **more}


def check_aggregate(figures, values):
    assert figures[:2] == (min(values), max(values))
    assert figures[2] == pytest.approx(statistics.mean(values), rel=1e-12)
    assert figures[3] == pytest.approx(statistics.stdev(values), rel=1e-9)


def test_document_aggregate_is_that_of_the_packets(doc):
    rng = random.Random(20261121)
    for _ in range(200):
        moment, packets = 10 ** 18, []
        for _ in range(rng.randrange(3, 60)):
            moment += rng.choice([0, rng.randrange(2000), rng.randrange(10 ** 10)])
            packets.append((moment, rng.randrange(60, 9001), rng.randrange(65536)))
        cuts = sorted({0, len(packets), *(rng.randrange(1, len(packets)) for _ in range(rng.randrange(5)))})
        records = [counted(packets[a:b]) for a, b in zip(cuts, cuts[1:])]
        rng.shuffle(records)
        check_aggregate(doc["sums"](records, "bytes"), [p[1] for p in packets])
        check_aggregate(doc["sums"](records, "win"), [p[2] for p in packets])
        n, *figures, exact = doc["times"](records)
        assert n == len(packets) - 1 and exact
        check_aggregate(tuple(figures), [(b[0] - a[0]) // 1000 for a, b in zip(packets, packets[1:])])


def test_document_aggregate_marks_what_is_inexact(doc):
    early, late = counted([(0, 60, 1), (5000, 61, 1)]), [(9000, 60, 1), (10000, 70, 1)]
    assert doc["times"]([early, counted(late)]) == (3, 1, 5, 10 / 3, pytest.approx(statistics.stdev([5, 4, 1])), True)
    for more in ({"cpu": 1}, {"epoch": 2}):
        assert doc["times"]([early, counted(late, **more)]) == (2, 1, 5, 3.0, pytest.approx(statistics.stdev([5, 1])), False)
    for more in ({"mode": "packet"}, {"mode": "sampled"}, {"sample": 2}):
        assert doc["times"]([early, counted(late, **more)])[-1] is False
    assert doc["times"]([counted(late[:1])]) == (0, None, None, None, None, True)
    assert doc["sums"]([counted(late[:1])], "bytes") == (60, 60, 60.0, None)


def test_document_reads_flows_without_duplicates(doc, tmp_path):
    """Each batch twice, as after a resend."""
    schema = fastavro.parse_schema(json.loads(schema_text("flows")))
    batches = list(fastavro.reader(io.BytesIO(dump("flows", "avro", "stream"))))
    with open(tmp_path / "flows.avro", "wb") as f:
        fastavro.writer(f, schema, [b for b in batches for _ in range(2)])
    flows = doc["read_flows"](tmp_path / "flows.avro")
    names = {(b["cpu"], r["generation"], r["entry"]) for b in batches for r in b["records"]}
    assert sum(len(records) for records in flows.values()) == len(names)
    for (_, window, _), records in flows.items():
        assert all(window * WINDOW_NS <= r["first"] < (window + 1) * WINDOW_NS for r in records)
        assert len({(r["iface"], r["src_ip"], r["dst_port"], r["sample"]) for r in records}) == 1
