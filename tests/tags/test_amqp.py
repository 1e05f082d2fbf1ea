# SPDX-License-Identifier: Apache-2.0
"""scripts/amqp-to-kafka between a real RabbitMQ and a real broker, and what ninetap makes of the topic."""
import datetime
import json
import os
import re
import signal
import subprocess
import time

import pytest

import catalogue as c
import tagging
from broker import ROOT
from following import NINETAP, PATIENCE_S, Follower, Program
from rabbit import Rabbit

BRIDGE = os.environ.get("BRIDGE", os.path.join(ROOT, "scripts", "amqp-to-kafka"))
NOW = 1795298400 * 10**9
DEMO = "5f1a0f3c8a5d4c0e9f5b2a7d6c3e1b00"


@pytest.fixture(scope="module")
def rabbit():
    r = Rabbit()
    yield r
    r.close()


@pytest.fixture
def start():
    made = []

    def make(kind, *args, **how):
        made.append(kind(*args, **how))
        return made[-1]

    yield make
    for program in made:
        program.close()


@pytest.fixture
def bridge(rabbit, broker, start):
    """Starts the bridge into a topic of its own queue's name; returns when it is subscribed."""
    def make(name, *options, kafka=broker.address):
        b = start(Program, BRIDGE, "--amqp", rabbit.url, "--kafka", kafka, "--queue", name, "--kafka-topic", name, *options)
        b.wait_for_log("carry queue %s of amqp://127.0.0.1:" % name)
        return b

    return make


def account(b):
    """(carried, ignored, malformed) of a bridge that is told to end, and its log."""
    code, log = b.end(signal.SIGTERM)
    assert code == 0, log
    found = re.fullmatch(r"amqp-to-kafka: carried=(\d+) ignored=(\d+) malformed=(\d+)", log[-1])
    assert found, log
    return tuple(int(n) for n in found.groups()), log


def stamp(ns):
    return datetime.datetime.fromtimestamp(ns // 10**9, datetime.timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f")


def nova(event, uuid, *addresses, at=NOW, **more):
    ips = [{"nova_object.name": "IpPayload", "nova_object.namespace": "nova", "nova_object.version": "1.0",
            "nova_object.data": {"address": a, "version": 6 if ":" in a else 4, "mac": "fa:16:3e:4c:2c:30", "port_uuid": "p-" + uuid,
                                 "device_name": "tapce531f90-19", "label": "private", "meta": {}}} for a in addresses]
    data = {"uuid": uuid, "display_name": "name of " + uuid, "tenant_id": DEMO, "host": "compute", "state": "active", "ip_addresses": ips,
            "launched_at": stamp(at)[:19].replace(" ", "T") + "Z", "terminated_at": None, "deleted_at": None, **more}
    return {"event_type": event, "publisher_id": "nova-compute:compute", "priority": "INFO", "timestamp": stamp(at),
            "payload": {"nova_object.name": "InstanceActionPayload", "nova_object.namespace": "nova", "nova_object.version": "1.8", "nova_object.data": data}}


def neutron(event, port, instance="", *addresses, at=NOW):
    payload = {"port": {"id": port, "device_id": instance, "device_owner": "compute:nova", "project_id": DEMO, "tenant_id": DEMO,
                        "binding:host_id": "compute", "fixed_ips": [{"subnet_id": "s", "ip_address": a} for a in addresses]}}
    if event == "port.delete.end":
        payload = {"port_id": port}
    return {"event_type": event, "publisher_id": "network.ctl", "priority": "INFO", "timestamp": stamp(at), "payload": payload,
            "message_id": "8ae4ab2e-2c05-4d1f-a1a5-d0d6e1a1e0f1"}


def keystone(event, project, at=NOW):
    return {"event_type": event, "publisher_id": "identity.ctl", "priority": "INFO", "timestamp": stamp(at), "payload": {"resource_info": project},
            "message_id": "6a9b2f6c-8c0b-4c47-8ef3-5a1c4a58c8c2"}


def test_carries_what_is_of_interest(rabbit, broker, bridge, start):
    broker.topic("interest", 3)
    b = bridge("interest")
    instance = nova("instance.create.end", "i-1", "192.168.116.5")
    rabbit.publish("nova", "versioned_notifications.info", instance, nova("instance.create.start", "i-1"),
                   nova("instance.delete.end", "i-2", at=NOW + 5 * 10**9))
    rabbit.publish("nova", "notifications.info", {"event_type": "compute.instance.create.end", "payload": {"instance_id": "i-1"}})
    rabbit.publish("neutron", "notifications.info", neutron("port.update.end", "p-1", "i-1", "192.168.116.5"), neutron("port.delete.end", "p-2"),
                   dict(neutron("port.create.end", ""), payload={"ports": [{"id": "p-3"}, {"id": "p-4"}]}))
    rabbit.publish("keystone", "notifications.info", keystone("identity.project.created", DEMO), keystone("identity.user.created", "u"))
    rabbit.publish("openstack", "versioned_notifications.error", json.dumps(nova("instance.update", "i-3")).encode())  # no envelope
    f = start(Follower, "kafka:%s/interest" % broker.address, catch_up_ms=0)
    said = f.learnt + f.next(10 - len(f.learnt))
    assert account(b)[0] == (7, 3, 0)
    values = {}
    for m in sorted(said, key=lambda m: m.offset):
        values.setdefault(m.key, []).append(json.loads(m.value) if m.value else None)
    assert {k: [v and v["event_type"] for v in vs] for k, vs in values.items()} == {
        "i-1": ["instance.create.end"], "i-2": ["instance.delete.end", None], "p-1": ["port.update.end"], "p-2": ["port.delete.end", None],
        "p-3": ["port.create.end"], "p-4": ["port.create.end"], DEMO: ["identity.project.created"], "i-3": ["instance.update"]}
    assert values["i-1"] == [instance], "the message is what was inside of the envelope"
    assert {m.time_ns - NOW for m in said if m.key == "i-2"} == {5 * 10**9} and {m.time_ns for m in said if m.key == "i-1"} == {NOW}
    assert rabbit.waiting("interest") == 0


def test_what_is_no_notification_is_left_out(rabbit, broker, bridge):
    broker.topic("malformed")
    b = bridge("malformed", "-X", "message.max.bytes=100000")
    bad = [(b"{", "Expecting"), (b"\xff\xfe{}", "'utf-8' codec can't decode"), (b"[1]", "no notification"), (b'{"event_type":7}', "event_type is no text"),
           (b'{"oslo.message":"{"}', "Expecting"), (b'{"oslo.message":{}}', "no notification"), (b"[" * 100000, "RecursionError"),
           (json.dumps({"event_type": "instance.create.end", "payload": {}}).encode(), "instance.create.end without the id"),
           (json.dumps(nova("instance.create.end", "")).encode(), "an id that is none"),
           (json.dumps(nova("instance.create.end", "i-1", padding="x" * 200000)).encode(), "larger than the broker takes")]
    for body, why in bad:
        rabbit.publish("nova", "versioned_notifications.info", body)
        assert why in b.wait_for_log("leave out a message of queue malformed")
    rabbit.publish("nova", "versioned_notifications.info", nova("instance.update", "i-1"))
    assert [m.key for m in wait_for_messages(broker, "malformed", 1)] == ["i-1"]
    assert account(b)[0] == (1, 0, len(bad)) and rabbit.waiting("malformed") == 0


def wait_for_messages(broker, topic, n):
    """The first n messages of a topic of one partition."""
    p = subprocess.run(["kcat", "-b", broker.address, "-C", "-t", topic, "-o", "beginning", "-c", str(n), "-q"], stdin=subprocess.DEVNULL,
                       capture_output=True, timeout=PATIENCE_S)
    assert p.returncode == 0, p.stderr
    return broker.consume(topic)[:n]


def test_a_killed_bridge_loses_nothing(rabbit, broker, bridge, start):
    """Killed in the middle; the last message of each key is the last that was told of it."""
    source = broker.topic("crash", 2)
    assert account(bridge("crash"))[0] == (0, 0, 0)  # now there is the queue
    ids = ["i-%d" % i for i in range(2000)]
    rabbit.publish("nova", "versioned_notifications.info", *[nova("instance.create.end", i) for i in ids])
    rabbit.publish("nova", "versioned_notifications.info", *[nova("instance.delete.end", i) for i in ids[::2]])
    f = start(Follower, source)
    killed = bridge("crash", "--prefetch", "10")
    said = f.next(300)
    killed.end(signal.SIGKILL)
    end = time.monotonic() + PATIENCE_S
    while rabbit.consumers("crash"):
        assert time.monotonic() < end, "RabbitMQ doesn't see that the bridge is gone"
    waiting = rabbit.waiting("crash")
    assert 0 < waiting < 3000 - 100, "not killed in the middle"
    b = bridge("crash")
    tombs = set()
    while len(tombs) < 1000:
        said += f.next()
        tombs |= {said[-1].key} if said[-1].value is None else set()
    assert account(b)[0] == (waiting, 0, 0)
    last = {m.key: m.value for m in said}
    assert set(last) == set(ids) and {k for k, v in last.items() if v is None} == set(ids[::2])
    assert rabbit.waiting("crash") == 0
    print("sent 3000 notifications, %d left by the killed bridge, %d messages came of them" % (waiting, len(said)))


def test_waits_while_kafka_is_away(rabbit, broker, bridge):
    broker.topic("away")
    b = bridge("away", "--prefetch", "4")
    rabbit.publish("nova", "versioned_notifications.info", nova("instance.create.end", "i-0"))
    wait_for_messages(broker, "away", 1)
    broker.kill()
    b.wait_for_log("reach kafka")
    rabbit.publish("nova", "versioned_notifications.info", *[nova("instance.create.end", "i-%d" % i) for i in range(1, 10)])
    broker.restart()
    assert [m.key for m in wait_for_messages(broker, "away", 10)] == ["i-%d" % i for i in range(10)]
    b.wait_for_log("works again")
    counts, log = account(b)
    assert counts == (10, 0, 0) and len(log) == len(set(log)), log


def test_comes_back_to_a_restarted_rabbitmq(rabbit, broker, bridge):
    broker.topic("reborn")
    b = bridge("reborn")
    rabbit.kill()
    b.wait_for_log("reach amqp://127.0.0.1:")
    rabbit.restart()
    b.wait_for_log("carry queue")
    rabbit.publish("keystone", "notifications.info", keystone("identity.project.updated", DEMO))
    assert [m.key for m in wait_for_messages(broker, "reborn", 1)] == [DEMO]
    counts, log = account(b)
    assert counts == (1, 0, 0) and not any("guest:" in line for line in log), log


def test_takes_exchanges_and_queues_as_they_are(rabbit, broker, bridge):
    broker.topic("flags")
    rabbit.client("channel.exchange_declare('durable', 'topic', durable=True)", "channel.queue_declare('flags', durable=True, arguments={'x-max-length': 10})")
    b = bridge("flags", "--exchange", "durable", "--exchange", "new", "--topic-name", "own")
    rabbit.publish("durable", "own.info", nova("instance.update", "i-1"))
    rabbit.publish("new", "own.info", nova("instance.update", "i-2"))
    assert [m.key for m in wait_for_messages(broker, "flags", 2)] == ["i-1", "i-2"]
    assert account(b)[0] == (2, 0, 0)


def test_a_missing_kafka_topic_is_named_and_nothing_lost(rabbit, broker, bridge):
    b = bridge("untopical", "-X", "topic.metadata.propagation.max.ms=100")
    rabbit.publish("nova", "versioned_notifications.info", nova("instance.update", "i-1"))
    assert "does it exist" in b.wait_for_log("deliver to kafka topic untopical")
    broker.topic("untopical")
    assert [m.key for m in wait_for_messages(broker, "untopical", 1)] == ["i-1"]
    b.wait_for_log("works again")
    assert account(b)[0] == (1, 0, 0)


def test_a_deleted_queue_is_made_again(rabbit, broker, bridge):
    broker.topic("deleted")
    b = bridge("deleted")
    rabbit.client("channel.queue_delete('deleted')")
    b.wait_for_log("read queue deleted: it was deleted")
    end = time.monotonic() + PATIENCE_S
    while True:  # no line says again what was said
        try:
            rabbit.publish("nova", "versioned_notifications.info", nova("instance.update", "i-1"))
            if rabbit.consumers("deleted"):
                break
        except AssertionError:
            assert time.monotonic() < end
    rabbit.publish("nova", "versioned_notifications.info", nova("instance.update", "i-2"))
    assert "i-2" in [m.key for m in wait_for_messages(broker, "deleted", 1) + broker.consume("deleted")]
    assert account(b)[0][0] >= 1


def test_says_what_is_wrong_with_its_options(broker):
    url = ("--amqp", "amqp://a:b@127.0.0.1:1/", "--kafka", "127.0.0.1:1")
    for options, why in ((("--kafka", "a"), "--amqp is missing"), (("--amqp", "foo", "--kafka", "a"), "expected amqp://USER"),
                         ((*url, "-X", "no.such=1"), 'No such configuration property: "no.such"'), ((*url, "-X", "bootstrap.servers=x"), "not the brokers"),
                         ((*url, "--prefetch", "0"), "--prefetch")):
        p = subprocess.run([BRIDGE, *options], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S,
                           env={k: v for k, v in os.environ.items() if k != "AMQP_URL"})
        assert p.returncode != 0 and why in p.stderr and "Traceback" not in p.stderr, p.stderr


def test_from_nova_to_the_tags_of_a_packet(rabbit, broker, bridge, tmp_path):
    """An address goes from one instance to another within a second; packets around that get the right one."""
    source = broker.topic("chain", 3, cleanup_policy="compact")
    b = bridge("chain")
    second = 10**9
    rabbit.publish("keystone", "notifications.info", keystone("identity.project.created", DEMO, NOW - 9 * second))
    rabbit.publish("nova", "versioned_notifications.info", nova("instance.create.end", "i-1", "192.168.116.5", at=NOW - 8 * second),
                   nova("instance.create.end", "i-3", "192.168.116.7", at=NOW - 8 * second),
                   nova("instance.delete.end", "i-1", at=NOW, state="deleted", deleted_at=stamp(NOW)[:19].replace(" ", "T") + "Z"),
                   nova("instance.create.end", "i-2", "192.168.116.5", at=NOW + second))
    rabbit.publish("neutron", "notifications.info", neutron("port.create.end", "p-9", "i-3", "192.168.116.8", at=NOW - 8 * second))
    end = time.monotonic() + PATIENCE_S
    while len(broker.consume("chain")) < 7:
        assert time.monotonic() < end
    assert account(b)[0] == (6, 0, 0)
    at = [NOW - second, NOW + second // 2, NOW + 2 * second]
    path = tmp_path / "capture.pcap"
    frame = tagging.packet("192.168.116.5", "192.168.116.8")
    c.write_pcap(path, [(t, frame, len(frame)) for t in at])
    p = subprocess.run([NINETAP, "replay", str(path), "-t", source], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PATIENCE_S)
    assert p.returncode == 0, p.stderr
    records = [json.loads(line) for line in p.stdout.splitlines()]
    assert [r.get("src_instance") for r in records] == ["i-1", None, "i-2"], p.stderr
    assert {r["dst_instance"] for r in records} == {"i-3"} and {r["tenant"] for r in records} == {DEMO}
