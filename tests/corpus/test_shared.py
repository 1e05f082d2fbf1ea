# SPDX-License-Identifier: Apache-2.0
"""The public captures of ../shared/corpus, where they are, against their truth tables.

Rows of status ok are compared strictly, field by field; of the others only
an account that adds up is asked. Without the captures this file is not
collected (conftest.py), and test_own.py stands alone.
"""
import glob
import gzip
import json
import os

import pytest

import rows

CORPUS = os.path.join(rows.SHARED, "corpus")
CAPTURES = sorted(p[:-len(".truth.jsonl.gz")] for p in glob.glob(os.path.join(glob.escape(CORPUS), "*.truth.jsonl.gz")))
UNDER_TC = CAPTURES[::4] + [p for p in CAPTURES if p.endswith("/nested.pcap")]
NO_LENGTH = 2**31 - 1  # what tshark says of a length beyond it
compared = {"corpus": 0, "nested": 0}
left_out = {"corpus": 0, "nested": 0}


def read_rows(path):
    with gzip.open(path, "rt") as f:
        return [json.loads(line) for line in f]


def wrong_with(row, record):
    """Differences of a record from its row of the truth table, as text."""
    found = rows.differences(rows.want(row), record)
    # Microseconds of a damaged capture may be out of range: then tshark's text is no number.
    if row["ts_us"] >= 0 and rows.utc_ns(record["ts"]) // 1000 != row["ts_us"]:
        found.append("ts: expected %d us, got %s" % (row["ts_us"], record["ts"]))
    if record["bytes"] != row["len"] and not (row["len"] == NO_LENGTH < record["bytes"]):
        found.append("bytes: expected %d, got %d" % (row["len"], record["bytes"]))
    return found


def check(path, hook):
    """Compares a capture; returns (rows compared, rows of status ok left out)."""
    truth = read_rows(path + ".truth.jsonl.gz")
    records, figures = rows.replay(path, *(["--hook", hook] if hook else []))
    rows.check_account(figures, len(truth), records)
    by_seq = {r["seq"]: r for r in records}
    assert len(by_seq) == len(records), "a frame was recorded twice"
    failures, count = [], 0
    for row in truth:
        record = by_seq.pop(row["n"], None)
        if row["status"] == "ok":
            count += record is not None
            failures += ["frame %d: %s" % (row["n"], w) for w in
                         (["no record"] if record is None else wrong_with(row, record))]
        elif row["status"] == "nonip" and record is not None:
            failures.append("frame %d: a record of no IP packet" % row["n"])
    assert not by_seq, "records of no frame"
    assert not failures, "%s: %d wrong, the first:\n%s" % (os.path.basename(path), len(failures), "\n".join(failures[:8]))
    return count, sum(r["status"] == "ok" for r in truth) - count


@pytest.mark.parametrize("path", CAPTURES, ids=os.path.basename)
def test_replay(path):
    kind = "nested" if os.path.basename(path) == "nested.pcap" else "corpus"
    count, missed = check(path, None)
    compared[kind] += count
    left_out[kind] += missed


@pytest.mark.parametrize("path", UNDER_TC, ids=os.path.basename)
def test_replay_under_tc(path):
    check(path, "tc")


def test_nested_against_its_generator():
    """The generator's own list, a second opinion beside tshark's."""
    path = os.path.join(CORPUS, "nested.pcap")
    expected = read_rows(os.path.join(CORPUS, "nested.expect.jsonl.gz"))
    records, _ = rows.replay(path)
    by_seq = {r["seq"]: r for r in records}
    for e in expected:
        r = by_seq[e["n"]]
        ver, src, dst, proto, sport, dport, win = e["inner"]
        have = (r["src_ip"], r["dst_ip"], r["proto"], r.get("src_port"), r.get("dst_port"), r.get("tcp_window"))
        assert have == (rows.address(src), rows.address(dst), proto, sport, dport, win), e
        carriers = r.get("tunnels", [])
        assert [(t["type"], t.get("id")) for t in carriers] == [tuple(t) for t in e["tun"]], e
        assert (carriers or [r])[0].get("vlan", []) == e["vlans"][:2], e
    assert len(expected) == 3000 == len(records)


def test_how_many_were_compared():
    """Last on purpose: nothing of the truth tables was passed over."""
    print("compared %d and %d rows strictly, left out %d" % (compared["corpus"], compared["nested"], sum(left_out.values())))
    assert left_out == {"corpus": 0, "nested": 0}
    assert compared["nested"] == 3000 and compared["corpus"] > 14800, compared
