# SPDX-License-Identifier: Apache-2.0
"""From the interface to a real Kafka broker and back: as many records in the topic as packets were sent."""
import io
import json
import os
import shutil
import signal
import struct
import subprocess

import fastavro
import pytest

import lab
import rows
from test_life import send

KAFKA = os.path.join(rows.ROOT, "scripts", "kafka.sh")
SCHEMA = os.path.join(rows.ROOT, "include", "ninetap", "ninetap.avsc")
PACKETS = 5000


def split(data):
    """(key, headers, value) of each message that kcat printed by FORMAT."""
    at = 0
    while at < len(data):
        key, headers = data.index(b"\t", at), data.index(b"\t", data.index(b"\t", at) + 1)
        size, = struct.unpack_from(">i", data, headers + 1)
        yield data[at:key].decode(), data[key + 1:headers].decode(), data[headers + 5:headers + 5 + size]
        at = headers + 5 + size


class Broker:
    """A broker in a namespace, so that its ports are its own."""

    def __init__(self, folder):
        self.ns, self.folder = lab.Netns("kafka"), str(folder)
        try:
            self.address = self.ns.run(KAFKA, "start", self.folder).stdout.split()[-1]
        except BaseException:
            self.close()
            raise

    def topic(self, name):
        self.ns.run(KAFKA, "topic", self.folder, name, 2)

    def messages(self, topic):
        argv = self.ns.argv("kcat", "-b", self.address, "-C", "-t", topic, "-o", "beginning", "-e", "-q", "-f", "%k\t%h\t%R%s")
        return list(split(subprocess.run(argv, capture_output=True, stdin=subprocess.DEVNULL, check=True, timeout=120).stdout))

    def close(self):
        self.ns.run(KAFKA, "stop", self.folder, check=False)
        self.ns.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    made = Broker(tmp_path_factory.mktemp("kafka"))
    yield made
    made.close()


def cross(things, broker, encoding):
    """PACKETS through a veth in the broker's namespace. Returns the messages and the account."""
    ns, topic = broker.ns, "packets-" + encoding
    broker.topic(topic)
    ns.veth("va", "vb")
    try:
        tap = things.tap(ns, "-i", "vb", "--hook", "tc", encoding=encoding, output="kafka:%s/%s" % (broker.address, topic))
        sent = send(things, ns, PACKETS)
        tap.proc.send_signal(signal.SIGTERM)
        assert tap.ended() == 0, tap.lines
    finally:
        ns.ip("link", "del", "va")
    return broker.messages(topic), tap.account(), sent


def check(records, figures, sent, messages):
    print("sent %d, seen %d, delivered %d, read %d in %d messages" % (
        sent, figures["seen"], figures["delivered"], len(records), len(messages)))
    assert sent == PACKETS == figures["seen"] == figures["delivered"] == len(records)
    assert sorted(r["src_port"] for r in records) == list(range(1024, 1024 + PACKETS))
    assert len({key for key, _, _ in messages}) == 1 and messages[0][0], "the key is the box"
    names = {pair.split("=")[0] for pair in messages[0][1].split(",")}
    assert {"box", "epoch", "cpu", "seq", "count", "lost", "schema"} <= names, names


def test_json(things, broker):
    messages, figures, sent = cross(things, broker, "json")
    check([json.loads(value) for _, _, value in messages], figures, sent, messages)


def test_avro(things, broker):
    messages, figures, sent = cross(things, broker, "avro")
    schema = fastavro.parse_schema(json.load(open(SCHEMA)))
    batches = []
    for _, _, value in messages:
        assert value[:2] == b"\xc3\x01", "no single-object header"
        batches.append(fastavro.schemaless_reader(io.BytesIO(value[10:]), schema))
    assert all(b["count"] == len(b["records"]) for b in batches)
    check([r for b in batches for r in b["records"]], figures, sent, messages)
