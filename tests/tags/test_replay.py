# SPDX-License-Identifier: Apache-2.0
"""Tags of a capture: the acceptance table's applications, the time of a packet, and both encodings alike."""
import json
import subprocess

import fastavro

import catalogue as c
import rows
import tagging
from tagging import application, instance, packet, tenant

NOW = 1795298400 * 10**9
SUBNET = {"demo": "192.168.116", "uscm": "192.168.117", "ncku": "192.168.118"}
APPLICATIONS = [("demo", "kafka", "messaging", "tcp", 9092), ("demo", "dns", "network", "udp", 53), ("uscm", "memcached", "cache", "tcp", 11211),
                ("uscm", "influxdb", "database", "tcp", 8086), ("ncku", "sflow", "monitoring", "udp", 6343), ("ncku", "snmp", "monitoring", "udp", 161)]
# Tenant, protocol, port, and the application of that port for that tenant alone.
TABLE = [("demo", c.Tcp, 9092, "kafka"), ("uscm", c.Tcp, 11211, "memcached"), ("ncku", c.Udp, 6343, "sflow"),
         ("demo", c.Udp, 53, "dns"), ("uscm", c.Tcp, 27017, None), ("ncku", c.Udp, 161, "snmp"),
         ("demo", c.Tcp, 443, None), ("uscm", c.Tcp, 8086, "influxdb"), ("ncku", c.Tcp, 1250, None),
         ("demo", c.Tcp, 8000, None), ("uscm", c.Tcp, 7000, None), ("ncku", c.Tcp, 11211, None),
         ("demo", c.Udp, 9092, None), ("demo", c.Tcp, 8086, None)]


def statements():
    return [*[tenant(t, subnets=[net + ".0/24"]) for t, net in SUBNET.items()],
            *[instance("%s-%d" % (t, i), t, "%s.%d" % (net, i)) for t, net in SUBNET.items() for i in (1, 2)],
            *[application(name, proto, port, t, kind) for t, name, kind, proto, port in APPLICATIONS]]


def conversations():
    """(frame, its tags), each row of the table in both directions, with a client of the tenant and one from outside."""
    for name, l4, port, app in TABLE:
        server, kind = SUBNET[name] + ".1", {a[1]: a[2] for a in APPLICATIONS}.get(app)
        known = {k: v for k, v in (("tenant", name), ("app", app), ("app_class", kind)) if v}
        for client, tags in ((SUBNET[name] + ".2", {"tenant": name, "instance": name + "-2"}), ("203.0.113.9", {})):
            client_tags = {"src_" + k: v for k, v in tags.items()}, {"dst_" + k: v for k, v in tags.items()}
            server_tags = {"dst_tenant": name, "dst_instance": name + "-1"}, {"src_tenant": name, "src_instance": name + "-1"}
            yield packet(client, server, l4, 50000, port), {**known, **client_tags[0], **server_tags[0]}
            yield packet(server, client, l4, port, 50000), {**known, **client_tags[1], **server_tags[1]}
    # Between two tenants the server's counts: 11211 is uscm's application, not ncku's.
    for server, client, app in (("uscm", "ncku", {"app": "memcached", "app_class": "cache"}), ("ncku", "uscm", {})):
        tags = [{way + "_tenant": t, way + "_instance": t + "-1"} for way, t in (("src", client), ("dst", server), ("src", server), ("dst", client))]
        yield packet(SUBNET[client] + ".1", SUBNET[server] + ".1", c.Tcp, 50000, 11211), {**app, **tags[0], **tags[1]}
        yield packet(SUBNET[server] + ".1", SUBNET[client] + ".1", c.Tcp, 11211, 50000), {**app, **tags[2], **tags[3]}
    yield packet("6.2.0.120", "203.0.113.9", c.Tcp, 1285, 50000), {}


def capture(tmp_path, frames):
    """A packet a ms from NOW on."""
    path = tmp_path / "capture.pcap"
    c.write_pcap(path, [(NOW + k * 10**6, data, len(data)) for k, data in enumerate(frames)])
    return path


def test_applications_of_the_table(tmp_path):
    tagging.write(tmp_path / "tags.jsonl", statements())
    talk = list(conversations())
    records, figures = rows.replay(capture(tmp_path, [f for f, _ in talk]), "-t", tmp_path / "tags.jsonl")
    rows.check_account(figures, len(talk), records)
    wrong = [(r["proto"], r["src_ip"], r.get("src_port"), r["dst_ip"], r.get("dst_port"), tagging.tags_of(r), tags)
             for r, (_, tags) in zip(records, talk) if tagging.tags_of(r) != tags]
    assert not wrong, "%d wrong, the first: %s" % (len(wrong), wrong[0])
    assert {r["tags_rev"] for r in records} == {len(statements())}


def test_the_time_of_the_packet_decides(tmp_path):
    """One address, an instance a ms; the changes are on the very ns of a packet, or one beside it."""
    held = [instance("i-%d" % k, "demo", "10.0.0.1", since=NOW + k * 10**6 + (0, 1, 0)[k % 3], until=NOW + (k + 1) * 10**6 - (0, 0, 3)[k % 3])
            for k in range(90)]
    tagging.write(tmp_path / "tags.jsonl", [tenant("demo")] + held[::-1])
    records, _ = rows.replay(capture(tmp_path, [packet("10.0.0.1", "10.0.0.2", sport=7, dport=9)] * 100), "-t", tmp_path / "tags.jsonl")
    assert [r.get("src_instance") for r in records] == ["i-%d" % k if k < 90 and k % 3 != 1 else None for k in range(100)]


def test_no_tags_without_the_option(tmp_path):
    records, _ = rows.replay(capture(tmp_path, [f for f, _ in conversations()]))
    assert not any(tagging.tags_of(r) or "tags_rev" in r for r in records)


def avro_records(path):
    """The records with their tags as texts, and the batch's tags_rev on each."""
    with open(path, "rb") as f:
        for batch in fastavro.reader(f):
            assert batch["texts"][0] == "" and len(set(batch["texts"])) == len(batch["texts"]), "a text comes twice"
            for r in batch["records"]:
                yield {**{k: batch["texts"][r[k]] for k in tagging.TAGS if r[k]}, "tags_rev": batch["tags_rev"]}


def test_avro_says_the_same(tmp_path):
    tags, out = tmp_path / "tags.jsonl", tmp_path / "records.avro"
    tagging.write(tags, statements())
    frames = [f for f, _ in conversations()] * 40  # more than a batch
    path = capture(tmp_path, frames)
    records, _ = rows.replay(path, "-t", tags)
    p = subprocess.run([rows.NINETAP, "replay", path, "-e", "avro", "-o", "file:%s" % out, "-t", tags], capture_output=True, text=True, timeout=120)
    assert p.returncode == 0, p.stderr
    from_json = [{**tagging.tags_of(r), "tags_rev": r["tags_rev"]} for r in records]
    from_avro = list(avro_records(out))
    print("compared %d records in JSON and in Avro, %d different ones" % (len(records), len({json.dumps(r, sort_keys=True) for r in from_json})))
    assert len(from_json) == len(frames) and from_avro == from_json
