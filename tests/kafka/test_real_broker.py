# SPDX-License-Identifier: Apache-2.0
"""The Kafka sink against a real broker: nothing lost, nothing doubled, also when the broker is killed."""
import os
import re
import subprocess
import threading

import pytest

from broker import ROOT

PRODUCE = os.environ.get("PRODUCE", os.path.join(ROOT, "build", "tests", "kafka", "produce"))
RECORDS = 10  # a batch


class Producer:
    """tests/kafka/produce.c: batches on command."""

    def __init__(self, output, *properties):
        self.p = subprocess.Popen([PRODUCE, output, str(RECORDS), *properties], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def put(self, batches, cpu=0):
        """(accepted, delivered, lost) right after the put."""
        self.p.stdin.write("%d %d\n" % (batches, cpu))
        self.p.stdin.flush()
        return self._stats(self.p.stdout.readline())

    def finish(self):
        """(accepted, delivered, lost) in the end, and the log."""
        out, err = self.p.communicate(timeout=120)
        assert self.p.returncode == 0, err
        return self._stats(out), err

    def stop(self):
        if self.p.poll() is None:
            self.p.kill()
            self.p.communicate()

    @staticmethod
    def _stats(line):
        found = re.fullmatch(r"accepted (\d+) delivered (\d+) lost (\d+)\n", line)
        assert found, "produce said %r" % line
        return tuple(int(n) for n in found.groups())


@pytest.fixture
def produce():
    made = []

    def make(*args):
        made.append(Producer(*args))
        return made[-1]

    yield make
    for producer in made:
        producer.stop()


def check_messages(messages, batches):
    """batches: {cpu: number}. Each batch is there once, in its CPU's order, with its key and headers."""
    next_seq = {cpu: 1 for cpu in batches}
    for m in messages:
        cpu = int(m.headers["cpu"])
        seq = next_seq[cpu]
        assert m.key == "box-1"
        assert m.headers == {"box": "box-1", "epoch": "4711", "cpu": str(cpu), "seq": str(seq), "count": str(RECORDS),
                             "lost": "0", "schema": "json:1"}
        assert m.payload == "".join("%d/%d\n" % (cpu, seq + i) for i in range(RECORDS))
        next_seq[cpu] = seq + RECORDS
    assert next_seq == {cpu: 1 + n * RECORDS for cpu, n in batches.items()}
    assert len({m.partition for m in messages}) == 1, "one key, so one partition"


def test_all_messages_with_key_and_headers(broker, produce):
    p = produce(broker.topic("plain", 3))
    for _ in range(10):
        for cpu in range(4):
            p.put(25, cpu)
    stats, log = p.finish()
    assert stats == (10000, 10000, 0)
    assert [line for line in log.splitlines() if "GETPID" not in line] == []  # a broker just started says "retry"
    check_messages(broker.consume("plain"), {cpu: 250 for cpu in range(4)})
    print("sent 10000 = delivered 10000 records in 1000 messages")


def test_a_killed_broker_loses_and_doubles_nothing(broker, produce):
    p = produce(broker.topic("killed"))
    while p.put(1)[1] == 0:
        pass  # until the first report is back: everything is connected
    killer = threading.Thread(target=broker.kill)
    killer.start()
    accepted, delivered, _ = p.put(1)
    while killer.is_alive():  # so that requests are under way when it dies; the queue must not fill up
        accepted, delivered, _ = p.put(1 if accepted - delivered < 1000 * RECORDS else 0)
    accepted, delivered, lost = p.put(500)
    assert delivered < accepted and lost == 0
    broker.restart()
    accepted, _, _ = p.put(500)
    stats, log = p.finish()
    assert stats == (accepted, accepted, 0), log
    assert log.count("ALL_BROKERS_DOWN") == 1, log
    check_messages(broker.consume("killed"), {0: accepted // RECORDS})
    print("sent %d = delivered %d records, broker killed in between" % (accepted, accepted))


def test_a_missing_topic_is_named_once(broker, produce):
    p = produce("kafka:%s/missing" % broker.address)
    p.put(100)
    stats, log = p.finish()
    assert stats == (1000, 0, 1000)
    assert log.count("create the topic") == 1, log
    assert len([line for line in log.splitlines() if "GETPID" not in line]) <= 2, log
