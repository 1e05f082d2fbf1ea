# SPDX-License-Identifier: Apache-2.0
"""Random packets and flows, read back by fastavro and the json module: Avro container, Avro messages and JSON say the same.

dump_records writes the same records in each form. The rows of docs/records.md are compared with the schemas in
test_records_doc.py.
"""
import datetime
import hashlib
import io
import json
import os
import socket
import subprocess

import fastavro
import fastavro.schema
import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DUMP = os.path.join(ROOT, os.environ.get("NINETAP_BUILD", "build"), "tests", "unit", "dump_records")
SCHEMAS = {"packets": "ninetap.avsc", "flows": "flows.avsc"}
SEED, BATCHES, RECORDS = "20261121", 20, 100
LEDGER = ("seq", "count", "lost", "records", "texts")
TAGS = ("tenant", "src_tenant", "dst_tenant", "src_instance", "dst_instance", "app", "app_class")
TIMES = ("ts", "first", "last")
EPOCH = datetime.datetime(1970, 1, 1)
# What readers of packets rely on, byte for byte. A change of their form changes these, and wants a new version of it;
# not so another order of Avro's fields, which readers find by the schema's fingerprint, and by name.
PACKETS = {
    "json": "7e8271e49d083d27e9604aa2f4f9740047dd2b87c7805359a7dead4091ab04a0",
    "avro": "0402080705e99ab215ed06bd8c8296db7db6ad3d7d70e93a3b5b22f2c4db99ee",
    "smartx": "7c564eb729506fad5cbd1bc7bbf0ce2ffa9badfac3a4d6e50d01841a489a58cd",
}


def dump(stream, encoding, framing):
    argv = [DUMP, encoding, framing, stream, SEED, str(BATCHES), str(RECORDS)]
    return subprocess.run(argv, check=True, timeout=60, stdout=subprocess.PIPE).stdout


def messages(data):
    """What `message` prints: length, newline, bytes."""
    found = []
    while data:
        size, data = data.split(b"\n", 1)
        found.append(data[:int(size)])
        assert len(found[-1]) == int(size)
        data = data[int(size):]
    return found


def schema_text(stream):
    with open(os.path.join(ROOT, "include", "ninetap", SCHEMAS[stream]), encoding="utf-8") as f:
        return f.read()


@pytest.fixture(scope="module", params=["packets", "flows"])
def stream(request):
    return request.param


@pytest.fixture(scope="module")
def container(stream):
    return dump(stream, "avro", "stream")


@pytest.fixture(scope="module")
def batches(container):
    return list(fastavro.reader(io.BytesIO(container)))


@pytest.fixture(scope="module")
def rows(stream):
    return [json.loads(line.decode("utf-8", "strict")) for line in dump(stream, "json", "stream").splitlines()]


def test_packets_are_written_as_ever():
    assert {e: hashlib.sha256(dump("packets", e, "message")).hexdigest() for e in PACKETS} == PACKETS


def test_container_holds_the_schema_of_the_tree(stream, container):
    reader = fastavro.reader(io.BytesIO(container))
    assert reader.metadata["avro.schema"] == schema_text(stream)
    assert reader.codec == "null"


def test_container_is_whole(stream, batches):
    number = {"packets": "seq", "flows": "entry"}[stream]
    assert len(batches) == BATCHES
    assert all(b["count"] == RECORDS == len(b["records"]) for b in batches)
    assert all(b["seq"] == b["records"][0][number] for b in batches)


def test_blocks_can_be_skipped(container):
    """Sizes and sync markers are right: readers may jump from block to block."""
    blocks = list(fastavro.block_reader(io.BytesIO(container)))
    assert [b.num_records for b in blocks] == [1] * BATCHES


def fingerprint(stream):
    canonical = fastavro.schema.to_parsing_canonical_form(json.loads(schema_text(stream)))
    return bytes.fromhex(fastavro.schema.fingerprint(canonical, "CRC-64-AVRO"))


def test_fingerprints_differ():
    assert fingerprint("packets") != fingerprint("flows")


def test_messages_carry_the_fingerprint(stream, batches):
    schema = fastavro.parse_schema(json.loads(schema_text(stream)))
    mark = b"\xc3\x01" + fingerprint(stream)
    found = messages(dump(stream, "avro", "message"))
    assert len(found) == BATCHES
    for message, batch in zip(found, batches):
        assert message[:10] == mark
        rest = io.BytesIO(message[10:])
        assert fastavro.schemaless_reader(rest, schema) == batch
        assert rest.read() == b""


def test_writers_agree_on_the_bytes(stream, batches):
    """fastavro's own bytes for these batches are ours: one block an array, nothing padded."""
    schema = fastavro.parse_schema(json.loads(schema_text(stream)))
    for message, batch in zip(messages(dump(stream, "avro", "message")), batches):
        out = io.BytesIO()
        fastavro.schemaless_writer(out, schema, batch)
        assert message[10:] == out.getvalue()


def test_json_messages_are_the_lines(stream, rows):
    found = messages(dump(stream, "json", "message"))
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
        if name in TIMES:
            value = rfc3339(value)
        elif isinstance(value, bytes):
            value = socket.inet_ntop({4: socket.AF_INET, 16: socket.AF_INET6}[len(value)], value)
        elif name == "tunnels":
            value = [as_json(t) for t in value]
        row[name] = value
    return row


def test_json_and_avro_say_the_same(stream, batches, rows):
    wanted = []
    kind = {"type": "flow"} if stream == "flows" else {}
    for batch in batches:
        head = {**kind, **as_json({k: v for k, v in batch.items() if k not in LEDGER})}
        wanted += [{**head, **as_json(r, batch["texts"])} for r in batch["records"]]
    assert len(rows) == len(wanted) == BATCHES * RECORDS
    for row, want in zip(rows, wanted):
        assert row == want
        assert stream == "packets" or list(row) == list(want)


def test_flows_as_smartx_are_json():
    for framing in ("stream", "message"):
        assert dump("flows", "smartx", framing) == dump("flows", "json", framing)


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


def both(name, of):
    assert {v is None for v in of} == {True, False}, name


def cover_what_all_have(batches):
    tunnels = [t for v in values(batches, "tunnels") for t in v]
    for name in ("plane", "src_port", "tcp_flags"):
        both(name, values(batches, name))
    for name in ("id", "src_port"):
        both(name, [t[name] for t in tunnels])
    assert {len(v) for v in values(batches, "tunnels")} == {0, 1, 2}
    assert {len(v) for v in values(batches, "vlan")} == {0, 1, 2}
    assert {len(t["vlan"]) for t in tunnels} == {0, 1, 2}
    assert {t["type"] for t in tunnels} == {"vxlan", "geneve", "gre", "gtp", "ipip", "ethip"}
    assert set(values(batches, "plane")) == {None, "management", "control", "data"}
    assert any("\ufffd" in v for v in values(batches, "iface")) and "" in values(batches, "iface")
    assert {len(v) for v in values(batches, "src_ip")} == {len(t["src_ip"]) for t in tunnels} == {4, 16}
    both("tags_rev", [b["tags_rev"] for b in batches])
    for name in TAGS:
        assert min(values(batches, name)) == 0 < 64 < max(values(batches, name)), name
    assert any("\ufffd" in t for b in batches for t in b["texts"])


def cover_packets(batches):
    for name in ("icmp_code", "tcp_window"):
        both(name, values(batches, name))
    assert set(values(batches, "frag")) == {"none", "first", "later"}
    assert max(values(batches, "bytes")) == 2 ** 32 - 1
    assert max(values(batches, "seq")) == 2 ** 63 - 1
    assert min(values(batches, "ts")) < 0


def cover_flows(batches):
    for b in batches:
        for r in b["records"]:
            assert (r["iat_us_sum"] is None) == (r["iat_us_min"] is None) == (r["packets"] <= 1)
            assert (r["tcp_flags"] is None) == (r["win_sum"] is None) == (r["win_max"] is None)
    for name in ("win_min", "iat_us_max"):
        both(name, values(batches, name))
    assert set(values(batches, "mode")) == {"packet", "flow", "sampled"}
    assert set(values(batches, "reason")) == {"active", "idle", "end", "overload", "shutdown"}
    assert max(values(batches, "bytes")) == max(values(batches, "entry")) == 2 ** 63 - 1
    assert max(values(batches, "bytes_min")) == 2 ** 32 - 1
    assert min(values(batches, "first")) < 0 and min(values(batches, "last")) < 0
    assert 1 in values(batches, "packets")


def test_the_records_cover_what_can_differ(stream, batches):
    """Else the comparisons above would prove little."""
    cover_what_all_have(batches)
    {"packets": cover_packets, "flows": cover_flows}[stream](batches)


def test_every_schema_field_is_documented(stream):
    def check(record):
        for field in record["fields"]:
            assert field["doc"], field
            kind = field["type"]
            if isinstance(kind, dict) and isinstance(kind.get("items"), dict):
                check(kind["items"])
    check(json.loads(schema_text(stream)))
