# SPDX-License-Identifier: Apache-2.0
"""What the benchmark takes for a whole file of packets, and what not: files of batches with as many fields as it looks at."""
import importlib.util
import os

import fastavro
import pytest

BENCH = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bench")
_spec = importlib.util.spec_from_file_location("avro_file", os.path.join(BENCH, "avro_file.py"))
avro_file = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(avro_file)

TEXTS = ("box", "site", "pop", "ren")
SCHEMA = fastavro.parse_schema({"type": "record", "name": "Batch", "fields": [
    {"name": name, "type": ["null", "string"] if name in TEXTS else "long"} for name in avro_file.HEAD] + [
    {"name": "records", "type": {"type": "array", "items": {"type": "record", "name": "Packet", "fields": [
        {"name": "seq", "type": "long"}, {"name": "bytes", "type": "long"}]}}}]})


def batch(cpu, seq, count, **other):
    return {**dict.fromkeys(TEXTS), "epoch": 1, "cpu": cpu, "tags_rev": 0, "seq": seq, "count": count, "lost": 0,
            "records": [{"seq": seq + i, "bytes": 60} for i in range(count)], **other}


def check(tmp_path, *batches, read=10):
    path = tmp_path / "records"
    with open(path, "wb") as f:
        fastavro.writer(f, SCHEMA, [])
    for b in batches:
        with open(path, "a+b") as f:
            fastavro.writer(f, SCHEMA, [b])
    return avro_file.check_packets(path, lambda r: r["bytes"] == 60, read)


def test_whole(tmp_path):
    assert check(tmp_path, batch(0, 1, 3), batch(1, 1, 2), batch(0, 4, 5), batch(1, 3, 1)) == 11
    assert check(tmp_path) == 0


@pytest.mark.parametrize("wrong, why", [
    (batch(0, 5, 1), "behind number 3"), (batch(0, 3, 1), "behind number 3"), (batch(1, 2, 1), "behind number 0"),
    (batch(0, 4, 1, lost=1), "'lost': 1"), (batch(0, 4, 2, records=[{"seq": 4, "bytes": 60}]), "differ"),
    (batch(0, 4, 2, records=[{"seq": 5, "bytes": 60}, {"seq": 4, "bytes": 60}]), "differ"),
    (batch(0, 4, 1, records=[{"seq": 4, "bytes": 61}]), "a wrong record: .*61")])
def test_not_whole(tmp_path, wrong, why):
    with pytest.raises(AssertionError, match=why):
        check(tmp_path, batch(0, 1, 3), wrong)


def test_some_batches_are_read(tmp_path):
    """The first, and as many as asked for: of four the third, too."""
    wrong = [{"seq": 3, "bytes": 61}]
    with pytest.raises(AssertionError, match="a wrong record"):
        check(tmp_path, batch(0, 1, 1), batch(0, 2, 1), batch(0, 3, 1, records=wrong), batch(0, 4, 1), read=2)
    assert check(tmp_path, batch(0, 1, 2), batch(0, 3, 1, records=wrong), batch(0, 4, 1), batch(0, 5, 1), read=2) == 5


def test_cut_off(tmp_path):
    check(tmp_path, batch(0, 1, 3), batch(0, 4, 3))
    path = tmp_path / "records"
    os.truncate(path, os.path.getsize(path) - 20)
    with pytest.raises(Exception):
        avro_file.check_packets(path, lambda r: True)
