# SPDX-License-Identifier: Apache-2.0
"""Random records, read back by fastavro and the json module: Avro container, Avro messages and JSON say the same.

dump_records writes the same records in each form. The rows of docs/records.md are compared with the schema.
"""
import datetime
import io
import json
import os
import re
import socket
import subprocess

import fastavro
import fastavro.schema
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DUMP = os.path.join(ROOT, os.environ.get("NINETAP_BUILD", "build"), "tests", "unit", "dump_records")
SCHEMA_FILE = os.path.join(ROOT, "include", "ninetap", "ninetap.avsc")
DOC = os.path.join(ROOT, "docs", "records.md")
SEED, BATCHES, RECORDS = "20261121", 20, 100
LEDGER = ("seq", "count", "lost", "records", "texts")
TAGS = ("tenant", "src_tenant", "dst_tenant", "src_instance", "dst_instance", "app", "app_class")
EPOCH = datetime.datetime(1970, 1, 1)


def dump(encoding, framing):
    return subprocess.run([DUMP, encoding, framing, SEED, str(BATCHES), str(RECORDS)], check=True, timeout=60, stdout=subprocess.PIPE).stdout


def messages(data):
    """What `message` prints: length, newline, bytes."""
    found = []
    while data:
        size, data = data.split(b"\n", 1)
        found.append(data[:int(size)])
        assert len(found[-1]) == int(size)
        data = data[int(size):]
    return found


def schema_text():
    with open(SCHEMA_FILE, encoding="utf-8") as f:
        return f.read()


@pytest.fixture(scope="module")
def container():
    return dump("avro", "stream")


@pytest.fixture(scope="module")
def batches(container):
    return list(fastavro.reader(io.BytesIO(container)))


@pytest.fixture(scope="module")
def rows():
    return [json.loads(line.decode("utf-8", "strict")) for line in dump("json", "stream").splitlines()]


def test_container_holds_the_schema_of_the_tree(container):
    reader = fastavro.reader(io.BytesIO(container))
    assert reader.metadata["avro.schema"] == schema_text()
    assert reader.codec == "null"


def test_container_is_whole(batches):
    assert len(batches) == BATCHES
    assert all(b["count"] == RECORDS == len(b["records"]) for b in batches)
    assert all(b["seq"] == b["records"][0]["seq"] for b in batches)


def test_blocks_can_be_skipped(container):
    """Sizes and sync markers are right: readers may jump from block to block."""
    blocks = list(fastavro.block_reader(io.BytesIO(container)))
    assert [b.num_records for b in blocks] == [1] * BATCHES


def test_messages_carry_the_fingerprint(batches):
    schema = fastavro.parse_schema(json.loads(schema_text()))
    canonical = fastavro.schema.to_parsing_canonical_form(json.loads(schema_text()))
    mark = b"\xc3\x01" + bytes.fromhex(fastavro.schema.fingerprint(canonical, "CRC-64-AVRO"))
    found = messages(dump("avro", "message"))
    assert len(found) == BATCHES
    for message, batch in zip(found, batches):
        assert message[:10] == mark
        rest = io.BytesIO(message[10:])
        assert fastavro.schemaless_reader(rest, schema) == batch
        assert rest.read() == b""


def test_writers_agree_on_the_bytes(batches):
    """fastavro's own bytes for these batches are ours: one block an array, nothing padded."""
    schema = fastavro.parse_schema(json.loads(schema_text()))
    for message, batch in zip(messages(dump("avro", "message")), batches):
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, batch)
        assert message[10:] == out.getvalue()


def test_json_messages_are_the_lines(rows):
    found = messages(dump("json", "message"))
    assert [json.loads(m) for m in found] == rows
    assert not any(b"\n" in m for m in found)


def rfc3339(ns):
    second, rest = divmod(ns, 10 ** 9)
    return "%s.%09dZ" % ((EPOCH + datetime.timedelta(seconds=second)).isoformat(), rest)


def as_json(record, texts=()):
    """An Avro record as the JSON object that stands for it."""
    row = {}
    for name, value in record.items():
        if name in TAGS:
            value = texts[value] if value else None
        if value is None or value == []:
            continue
        if name == "ts":
            value = rfc3339(value)
        elif isinstance(value, bytes):
            value = socket.inet_ntop({4: socket.AF_INET, 16: socket.AF_INET6}[len(value)], value)
        elif name == "tunnels":
            value = [as_json(t) for t in value]
        row[name] = value
    return row


def test_json_and_avro_say_the_same(batches, rows):
    wanted = []
    for batch in batches:
        head = as_json({k: v for k, v in batch.items() if k not in LEDGER})
        wanted += [{**head, **as_json(r, batch["texts"])} for r in batch["records"]]
    assert len(rows) == len(wanted) == BATCHES * RECORDS
    for row, want in zip(rows, wanted):
        assert row == want


def test_texts_come_once_and_in_order(batches):
    """Each that a record refers to, the empty one first, numbered as they come."""
    for batch in batches:
        texts = batch["texts"]
        assert texts[0] == "" and "" not in texts[1:]
        assert len(texts) == len(set(texts))
        indices = [i for r in batch["records"] for i in (r[name] for name in TAGS) if i]
        assert list(dict.fromkeys(indices)) == list(range(1, len(texts)))


def values(batches, name):
    return [r[name] for b in batches for r in b["records"]]


def test_the_records_cover_what_can_differ(batches):
    """Else the comparisons above would prove little."""
    def both(name, of):
        assert {v is None for v in of} == {True, False}, name

    tunnels = [t for v in values(batches, "tunnels") for t in v]
    for name in ("plane", "src_port", "icmp_code", "tcp_flags", "tcp_window"):
        both(name, values(batches, name))
    for name in ("id", "src_port"):
        both(name, [t[name] for t in tunnels])
    assert {len(v) for v in values(batches, "tunnels")} == {0, 1, 2}
    assert {len(v) for v in values(batches, "vlan")} == {0, 1, 2}
    assert {t["type"] for t in tunnels} == {"vxlan", "geneve", "gre", "gtp", "ipip", "ethip"}
    assert set(values(batches, "frag")) == {"none", "first", "later"}
    assert set(values(batches, "plane")) == {None, "management", "control", "data"}
    assert max(values(batches, "bytes")) == 2 ** 32 - 1
    assert max(values(batches, "seq")) == 2 ** 63 - 1
    assert min(values(batches, "ts")) < 0
    assert any("\ufffd" in v for v in values(batches, "iface")) and "" in values(batches, "iface")
    assert {len(v) for v in values(batches, "src_ip")} == {4, 16}
    both("tags_rev", [b["tags_rev"] for b in batches])
    for name in TAGS:
        assert min(values(batches, name)) == 0 < 64 < max(values(batches, name)), name
    assert any("\ufffd" in t for b in batches for t in b["texts"])


def doc_tables():
    """{heading: [(name, Avro type, left out when)]} of docs/records.md."""
    tables, heading = {}, None
    with open(DOC, encoding="utf-8") as f:
        for line in f:
            if line.startswith("## "):
                heading = line[3:].strip()
            cells = [c.strip() for c in line.split("|")[1:-1]]
            if name := cells and re.fullmatch(r"`(\w+)`", cells[0]):
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


def test_document_has_every_field():
    batch = json.loads(schema_text())
    packet = next(f for f in batch["fields"] if f["name"] == "records")["type"]["items"]
    tunnel = next(f for f in packet["fields"] if f["name"] == "tunnels")["type"]["items"]
    tables = doc_tables()
    for heading, fields in (("Batch", batch["fields"]), ("Record", packet["fields"]), ("Tunnel", tunnel["fields"])):
        wanted = [(f["name"], *avro_type(f)) for f in fields]
        wanted = [(name, avro, left_out or (heading == "Record" and name in TAGS)) for name, avro, left_out in wanted]
        if heading == "Batch":
            wanted = [(name, avro, left_out or name in LEDGER) for name, avro, left_out in wanted]
        found = [(name, avro, left_out != "never") for name, avro, left_out, *_ in tables[heading]]
        assert found == wanted
    kafka = [row[0] for row in tables["Kafka"]]
    assert kafka == ["box", "epoch", "cpu", "seq", "count", "lost", "schema"]


def test_document_columns_are_filled():
    for heading in ("Batch", "Record", "Tunnel"):
        for row in doc_tables()[heading]:
            assert len(row) == 7 and all(row), row


def test_document_examples_run(container, batches, tmp_path, monkeypatch, capsys):
    """Those in Python that need no more than fastavro."""
    with open(DOC, encoding="utf-8") as f:
        examples = [e for e in re.findall(r"```python\n(.*?)```", f.read(), re.S) if "pyspark" not in e]
    assert len(examples) == 2
    (tmp_path / "records.avro").write_bytes(container)
    (tmp_path / "ninetap.avsc").write_text(schema_text(), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    names = {"message": messages(dump("avro", "message"))[0]}
    for example in examples:
        exec(example, names)
    assert names["batch"] == batches[0]
    assert len(capsys.readouterr().out.splitlines()) == BATCHES * RECORDS


def test_every_schema_field_is_documented():
    def check(record):
        for field in record["fields"]:
            assert field["doc"], field
            kind = field["type"]
            if isinstance(kind, dict) and isinstance(kind.get("items"), dict):
                check(kind["items"])
    check(json.loads(schema_text()))
