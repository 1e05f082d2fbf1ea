# SPDX-License-Identifier: Apache-2.0
"""The inventory as a topic of a real broker: all of it is learnt, what follows too, and faults pass."""
import json
import os
import re
import socket
import subprocess
import time

import pytest

import catalogue as c
import tagging
from following import FOLLOW, NINETAP, PATIENCE_S, Follower

QUICK = ("topic.metadata.refresh.interval.ms", "300")
NOW = 1795298400 * 10**9


@pytest.fixture
def follow():
    made = []

    def make(*args, **how):
        made.append(Follower(*args, **how))
        return made[-1]

    yield make
    for f in made:
        f.close()


def by_partition(said):
    """{partition: [(offset, key, value)]}, in the order that they came."""
    parts = {}
    for m in said:
        parts.setdefault(m.partition, []).append((m.offset, m.key, m.value))
    return parts


def in_topic(broker, name):
    parts = {}
    for m in broker.consume(name):
        parts.setdefault(m.partition, []).append((m.offset, m.key, m.payload))
    return parts


def test_learns_all_of_a_compacted_topic(broker, follow):
    source = broker.topic("compacted", 4, cleanup_policy="compact", segment_ms=1, min_cleanable_dirty_ratio=0.01)
    keys = ["i-%d" % i for i in range(100)]
    for version in range(5):
        broker.produce("compacted", [(k, "%s version %d" % (k, version)) for k in keys])
    broker.produce("compacted", [(k, None) for k in keys[::10]])
    end = time.monotonic() + PATIENCE_S
    while sum(len(p) for p in in_topic(broker, "compacted").values()) > 300:
        assert time.monotonic() < end, "the broker does not compact"
    f = follow(source)
    assert f.caught_up
    expected = in_topic(broker, "compacted")
    assert by_partition(f.learnt).keys() == expected.keys() and len(expected) == 4
    last = {}
    for m in f.learnt:
        last[m.key] = m.value
    assert last == {k: None if k in keys[::10] else "%s version 4" % k for k in keys}
    offsets = [m.offset for m in f.learnt if m.partition == 0]
    assert offsets == sorted(offsets) and offsets[-1] > len(offsets), "nothing was compacted away"
    assert f.end() == (0, [])


TRANSACTIONS = """
import sys, confluent_kafka as k
p = k.Producer({"bootstrap.servers": sys.argv[1], "transactional.id": "t"})
p.init_transactions()
for n, done in ((10, p.commit_transaction), (5, p.abort_transaction)):
    p.begin_transaction()
    for i in range(n):
        p.produce(sys.argv[2], "value", "%s-%d" % (done.__name__, i), partition=0)
    p.flush()
    done()
"""


def test_ends_at_marks_of_transactions(broker, follow):
    """The end of the partition is no message: whoever waits for the last one waits for ever."""
    source = broker.topic("marked", 2)
    subprocess.run(["/usr/bin/python3", "-c", TRANSACTIONS, broker.address, "marked"], check=True, timeout=PATIENCE_S)
    f = follow(source)
    assert f.caught_up
    assert [m.key for m in f.learnt] == ["commit_transaction-%d" % i for i in range(10)]


def test_follows_in_small_turns(broker, follow):
    """More come at once than a turn takes: the descriptor stays readable."""
    source = broker.topic("turns", 3)
    broker.produce("turns", [("k", "first")])
    before = time.time_ns()
    f = follow(source, most=2)
    assert [(m.key, m.value) for m in f.learnt] == [("k", "first")]
    pairs = [("k%d" % i, None if i % 7 == 3 else "v%d é" % i) for i in range(500)]
    broker.produce("turns", pairs)
    said = f.next(500)
    assert sorted((m.key, m.value or "") for m in said) == sorted((k, v or "") for k, v in pairs)
    assert all(before // 10**9 * 10**9 - 10**9 <= m.time_ns <= time.time_ns() for m in said)
    assert f.end() == (0, [])


def test_goes_on_when_the_broker_is_back(broker, follow):
    source = broker.topic("killed", 2)
    broker.produce("killed", [("a", "1")])
    f = follow(source)
    broker.kill()
    f.wait_for_log("reach kafka")
    broker.restart()
    broker.produce("killed", [("b", "2"), ("c", "3")])
    assert sorted((m.key, m.value) for m in f.next(2)) == [("b", "2"), ("c", "3")]
    code, log = f.end()
    assert code == 0 and sum("ALL_BROKERS_DOWN" in line for line in log) <= 1, log
    assert len(log) == len(set(log)), "something is said twice"


def test_starts_without_a_broker(broker, follow):
    source = broker.topic("late", 2)
    broker.produce("late", [("a", "1"), ("b", "2")])
    broker.kill()
    try:
        f = follow(source, catch_up_ms=500)
        assert not f.caught_up and not f.learnt
        assert "no broker answers" in f.wait_for_log("did not come within 500 ms")
    finally:
        broker.restart()
    assert sorted(m.key for m in f.next(2)) == ["a", "b"]
    assert f.end()[0] == 0


def test_waits_for_a_topic_that_is_not_there(broker, follow):
    f = follow("kafka:%s/not.yet" % broker.address, *QUICK)
    assert f.caught_up and not f.learnt
    f.wait_for_log("create it")
    broker.topic("not.yet", 3)
    broker.produce("not.yet", [("a", "1")])
    assert [m.key for m in f.next()] == ["a"]
    code, log = f.end()
    assert code == 0 and sum("create it" in line for line in log) == 1, log


def test_a_topic_made_again_is_read_from_its_beginning(broker, follow):
    """It is another one, whose offsets say nothing of what was read of the first."""
    source = broker.topic("again")
    broker.produce("again", [("old%d" % i, "v") for i in range(3)])
    f = follow(source)
    assert [m.key for m in f.learnt] == ["old0", "old1", "old2"]
    broker.delete("again")
    broker.topic("again")
    broker.produce("again", [("new%d" % i, "v") for i in range(6)])
    assert [m.key for m in f.next(6)] == ["new%d" % i for i in range(6)]
    f.end()


def test_finds_partitions_that_are_added(broker, follow):
    """Many more than are wanted ahead, so that one leads to the next."""
    source = broker.topic("growing", 1)
    f = follow(source, *QUICK)
    broker.grow("growing", 30)
    for i in range(30):
        broker.produce("growing", [("k%d" % i, "v")], partition=i)
    assert {(m.partition, m.key) for m in f.next(30)} == {(i, "k%d" % i) for i in range(30)}
    assert f.end() == (0, [])


def test_a_key_with_a_nul_is_none(broker, follow):
    source = broker.topic("nul")
    subprocess.run(["/usr/bin/python3", "-c", "import sys, confluent_kafka as k\np = k.Producer({'bootstrap.servers': sys.argv[1]})\n"
                    "p.produce('nul', b'', b'i-1\\0x')\np.flush()", broker.address], check=True, timeout=PATIENCE_S)
    assert [(m.key, m.value) for m in follow(source).learnt] == [("-", "")], "an empty value is no tombstone"


def test_properties(broker, follow):
    """Those that are the sink's alone are passed over without a word; those that break the reading are refused."""
    source = broker.topic("properties")
    f = follow(source, "compression.type", "lz4", "enable.idempotence", "true", "message.timeout.ms", "1000", "linger.ms", "50")
    assert f.caught_up and f.end() == (0, [])
    for name, value, why in (("no.such", "1", 'No such configuration property: "no.such"'), ("group.id", "", None),
                             ("enable.partition.eof", "false", "could not be seen"), ("auto.offset.reset", "latest", "from its beginning"),
                             ("bootstrap.servers", "x:1", "named by the source"), ("fetch.max.bytes", "x", "Invalid value")):
        p = subprocess.run([FOLLOW, source, "10000", "1", name, value], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S)
        assert p.returncode == (1 if why else 0), p.stderr
        if why:
            assert re.fullmatch(r"ninetap: error: set kafka property %s: .*%s.*\n" % (re.escape(name), re.escape(why)), p.stderr)


def replay(tmp_path, source, *frames, code=0):
    """(records, log) of ninetap's replay of frames, a ms each from NOW on."""
    path = tmp_path / "capture.pcap"
    c.write_pcap(path, [(NOW + k * 10**6, data, len(data)) for k, data in enumerate(frames)])
    p = subprocess.run([NINETAP, "replay", str(path), "-t", source], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S)
    assert p.returncode == code, p.stderr
    return [json.loads(line) for line in p.stdout.splitlines()], p.stderr


def test_bad_messages_are_named_and_left_out(broker, tmp_path):
    source = broker.topic("bad", 2)
    good = tagging.instance("i-1", "demo", "192.168.116.5", since=NOW - 10**9)
    broker.produce("bad", [("t", json.dumps(tagging.tenant("demo", subnets=["192.168.116.0/24"])))], partition=1)
    broker.produce("bad", [("x", "{"), ("i-1", json.dumps(good)), ("y", '{"kind":"instance"}'),
                           ("z", json.dumps(tagging.instance("i-2", "demo", "192.168.116.300"))), ("", None)], partition=1)
    records, log = replay(tmp_path, source, tagging.packet("192.168.116.5", "203.0.113.9"))
    assert tagging.tags_of(records[0]) == {"tenant": "demo", "src_tenant": "demo", "src_instance": "i-1"}
    for offset in (1, 3, 4):
        assert "bad[1]@%d: " % offset in log, log
    assert "bad[1]@2: " not in log and re.search(r"tags: .* syntax=1 no_id=[12] cidr=1 ", log), log


def test_a_replay_says_that_its_tags_are_missing(tmp_path):
    """Nothing is read while it replays: nobody may take records without tags for records of nobody."""
    with socket.socket() as s:  # bound, and nobody listens
        s.bind(("127.0.0.1", 0))
        records, log = replay(tmp_path, "kafka:127.0.0.1:%d/absent" % s.getsockname()[1], tagging.packet("192.168.116.5", "203.0.113.9"),
                              code=os.EX_UNAVAILABLE)
    assert not records and "did not come within" in log and "a replay without its tags is given up" in log and "as it comes" not in log, log


def test_a_tombstone_ends_an_instance(broker, tmp_path):
    source = broker.topic("tombs")
    pairs = [(i, json.dumps(tagging.instance(i, "demo", a, since=NOW - 10**9))) for i, a in (("i-1", "192.168.116.5"), ("i-2", "192.168.116.6"))]
    broker.produce("tombs", pairs)
    records, _ = replay(tmp_path, source, tagging.packet("192.168.116.5", "192.168.116.6"))
    assert (records[0]["src_instance"], records[0]["dst_instance"]) == ("i-1", "i-2")
    subprocess.run(["/usr/bin/python3", "-c", "import sys, confluent_kafka as k\np = k.Producer({'bootstrap.servers': sys.argv[1]})\n"
                    "p.produce('tombs', None, 'i-1', timestamp=%d)\np.flush()" % (NOW // 10**6), broker.address], check=True, timeout=PATIENCE_S)
    before, after = replay(tmp_path, source, tagging.packet("192.168.116.5", "192.168.116.6"), tagging.packet("192.168.116.5", "192.168.116.6"))[0]
    assert "src_instance" not in after and after["dst_instance"] == "i-2"
    assert "src_instance" not in before, "the end is at the message's time, and that is the first packet's"
