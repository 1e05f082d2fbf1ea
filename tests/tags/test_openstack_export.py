# SPDX-License-Identifier: Apache-2.0
"""scripts/openstack-export on listings as the openstack client writes them, and on the original's tag files: each
statement, each mistake by its line, and that the collector takes what comes out."""
import json
import os
import re
import struct
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXPORT = os.path.join(ROOT, "scripts/openstack-export")
SAMPLES = os.path.join(ROOT, "tests/tags/samples")
NINETAP = os.environ.get("NINETAP", os.path.join(ROOT, "build/ninetap"))
PROJECT, SERVER = "5f1a%028d", "0c1d6c08-%04d-4f1e-8a53-4f6c2b5f%04d"
LISTINGS = ["--projects", "projects.json", "--servers", "servers-6.json", "--servers", "servers-4.json", "--servers", "server-show.json",
            "--networks", "networks-list.json", "--networks", "network-show.json", "--subnets", "subnets.json", "--ports", "port-show.json"]
ORIGINAL = ["--smartx-tenants", "tenants.csv", "--smartx-instances", "instances.csv", "--smartx-applications", "applications.csv",
            "--smartx-boxes", "boxes.csv"]


def export(*argv):
    p = subprocess.run([EXPORT, *map(str, argv)], cwd=SAMPLES, capture_output=True, timeout=60)
    out, errors = p.stdout.decode(), p.stderr.decode()
    assert "Traceback" not in errors
    return p.returncode, [json.loads(line) for line in out.splitlines() if line[0] != "#"], errors, \
        [line for line in out.splitlines() if line[0] == "#"]


def instance(n, project, name, addresses, **more):
    return {"kind": "instance", "id": SERVER % (n, n), "tenant": PROJECT % project, "name": name, "addresses": addresses, **more}


FROM_LISTINGS = [
    {"kind": "tenant", "id": PROJECT % 1, "name": "demo", "vnis": [42], "vlans": [110], "subnets": ["192.168.116.0/24", "fd00:116::/64"]},
    {"kind": "tenant", "id": PROJECT % 2, "name": "uscm", "vnis": [43], "subnets": ["192.168.117.0/24"]},
    {"kind": "tenant", "id": PROJECT % 3, "name": "ncku", "vnis": [45], "vlans": [118], "subnets": ["192.168.116.0/24"]},
    instance(1, 1, "web", ["192.168.116.5", "fd00:116::5", "10.110.0.5", "192.168.116.6", "192.168.116.7", "fd00:116::7"], host="box-a",
             **{"from": "2026-11-21T22:00:00Z"}),
    instance(2, 2, "Datenbank für Übung", [], **{"from": "2026-11-21T22:05:00Z"}),
    instance(3, 3, "probe", ["192.168.116.5", "fd00:118::5", "203.0.113.20"], host="box-b"),
    instance(4, 2, "gone", ["192.168.117.9"], host="box-b", **{"from": "2026-11-21T22:10:07Z"}),
    instance(5, 2, "before", ["192.168.117.9"], host="box-b", **{"from": "2026-11-21T20:10:07Z"}, until="2026-11-21T21:00:00Z"),
]
FROM_ORIGINAL = [
    {"kind": "tenant", "id": "5f1a", "name": "demo", "vlans": [110, 111], "subnets": ["192.168.116.0/24", "2001:db8:116::/64"]},
    {"kind": "tenant", "id": "5f1b", "name": "uscm", "vlans": [120], "subnets": ["192.168.116.0/24"]},
    {"kind": "tenant", "id": "5f1c", "name": "ncku"},
    {"kind": "box", "name": "box-a", "type": "smartx", "site": "GIST3", "ren": "KOREN", "pop": "TEINSG"},
    {"kind": "box", "name": "box-b", "type": "smartx", "site": "VN-HUST", "pop": "TEINHK"},
    {"kind": "interface", "box": "box-a", "match": "eno1", "plane": "management"},
    {"kind": "interface", "box": "box-a", "match": "eno2", "plane": "control"},
    {"kind": "interface", "box": "box-a", "match": "eth1", "plane": "data"},
    {"kind": "interface", "box": "box-a", "match": "eth2", "plane": "data"},
    {"kind": "interface", "box": "box-b", "match": "eth*", "plane": "data"},
    {"kind": "instance", "id": "i-1", "tenant": "5f1a", "name": "web", "host": "box-a", "addresses": ["10.10.0.5", "192.168.116.5"]},
    {"kind": "instance", "id": "i-2", "tenant": "5f1b", "name": "db", "host": "box-b", "addresses": ["192.168.116.5", "10.10.0.6"]},
    {"kind": "instance", "id": "i-3", "tenant": "5f1c", "name": "probe", "host": "box-b", "addresses": ["10.10.0.7"]},
    {"kind": "application", "name": "kafka", "class": "messaging", "proto": "tcp", "ports": [9092, "9094-9096"], "tenant": "5f1a"},
    {"kind": "application", "name": "memcached", "class": "cache", "proto": "tcp", "ports": [11211], "tenant": "5f1b"},
    {"kind": "application", "name": "dns", "class": "network", "proto": "udp", "ports": [53]},
    {"kind": "application", "name": "ping", "class": "network", "proto": 1},
]


@pytest.mark.parametrize("argv, expected", [(LISTINGS, FROM_LISTINGS), (ORIGINAL, FROM_ORIGINAL)], ids=["listings", "original"])
def test_statements(argv, expected):
    code, statements, errors, _ = export(*argv)
    for got, wanted in zip(statements, expected):
        assert got == wanted
    assert (len(statements), code, errors) == (len(expected), 0, "")


def test_comments_say_what_is_left_out_on_purpose():
    _, _, _, notes = export(*LISTINGS)
    assert any("%012d is shared or external: vnis [44]" % 4 in n for n in notes)
    assert any("%012d is shared or external" % 5 in n for n in notes)
    assert any("%012d: no provider:segmentation_id" % 6 in n for n in notes)
    _, _, _, notes = export(*ORIGINAL)
    assert sum("is taken for a header" in n for n in notes) == 3


def test_a_tenant_that_nobody_describes():
    _, statements, _, notes = export("--servers", "servers-4.json")
    assert statements[0] == {"kind": "tenant", "id": PROJECT % 3}
    assert any("described nowhere" in n for n in notes)


GOOD = {"tenants": "120,5f1b,uscm,10.0.0.0/8", "instances": "5f1a,demo,box-a,i-9,web,10.0.0.9,",
        "applications": "tcp,9092,,messaging,kafka", "boxes": "box-a,smartx,GIST3,KOREN,TEINSG,eno1,,"}


@pytest.mark.parametrize("kind, line, reason", [
    ("tenants", "4095,5f1a,demo,10.0.0.0/8", "VLAN 4095 is not a number from 1 to 4094"),
    ("tenants", "x,5f1a,demo,10.0.0.0/8", "VLAN x is not"),
    ("tenants", "110,5f1a,demo,10.0.0.1/8", "10.0.0.1/8 is no prefix"),
    ("tenants", "110,5f1a,demo,10.0.0.0/33", "10.0.0.0/33 is no prefix"),
    ("tenants", "110,5f1a,demo", "3 fields, 4 are needed"),
    ("tenants", "110,,demo,10.0.0.0/8", "no tenant id"),
    ("tenants", "120,5f1a,demo,10.0.0.0/8", "VLAN 120 is tenant 5f1b's"),
    ("tenants", "121,5f1b,demo,10.0.0.0/8", "tenant 5f1b has the name uscm elsewhere"),
    ("tenants", "110,5f1a,%s,10.0.0.0/8" % ("ü" * 128), "tenant name has 256 bytes"),
    ("instances", "5f1a,demo,box-a,,web,10.0.0.1,", "no instance id"),
    ("instances", "5f1a,demo,box-a,i-1,web,10.0.0.256,10.0.0.1", "10.0.0.256 is no address"),
    ("instances", "5f1a,demo,box-a,i-1,web,fe80::1%eth0,", "fe80::1%eth0 is no address"),
    ("instances", "5f1b,uscm,box-a,i-9,web,10.0.0.1,", "instance i-9 is tenant 5f1a's elsewhere"),
    ("applications", "tpc,80,,web,http", "tpc is no IP protocol"),
    ("applications", "256,80,,web,http", "protocol 256 is not"),
    ("applications", "tcp,65536,,web,http", "port 65536 is not"),
    ("applications", "tcp,90-80,,web,http", "port 80 is not a number from 90"),
    ("applications", "tcp,80,nobody,web,http", "no tenants are nobody"),
    ("applications", "tcp,80,,web,", "no application name"),
    ("applications", "tcp,9090-9095,,web,http", "ports 9090-9095 are those of kafka"),
    ("applications", "tcp,9093,,web,kafka", "application kafka has the class messaging elsewhere"),
    ("boxes", ",smartx,GIST3,KOREN,TEINSG,,,", "no box"),
    ("boxes", "box-a,smartx,VN-HUST,KOREN,TEINSG,,,", "box box-a is described otherwise elsewhere"),
])
def test_bad_line_leaves_out_itself_alone(tmp_path, kind, line, reason):
    file = tmp_path / "lines.csv"
    file.write_text("# of hand\n%s\n\n%s\n" % (GOOD[kind], line))
    code, statements, errors, _ = export("--smartx-" + kind, file)
    assert code == 65 and errors.startswith("openstack-export: %s:4: " % file)
    assert reason in errors and errors.endswith("1 lines were left out\n")
    file.write_text(GOOD[kind] + "\n")
    assert statements == export("--smartx-" + kind, file)[1]


def without(name, member, tmp_path, **instead):
    with open(os.path.join(SAMPLES, name)) as f:
        rows = json.load(f)
    for row in rows:
        del row[member]
        row.update(instead)
    file = tmp_path / name
    file.write_text(json.dumps(rows, indent=2))
    return file


@pytest.mark.parametrize("option, name, member, reason", [
    ("--projects", "projects.json", "ID", 'no column "ID"'),
    ("--projects", "projects.json", "Name", 'no column "Name"'),
    ("--servers", "servers-6.json", "Project ID", 'no column "Project ID"'),
    ("--servers", "servers-6.json", "Networks", 'no column "Networks"'),
    ("--networks", "networks-list.json", "Project", 'no column "Project"'),
])
def test_missing_column_is_said_once(tmp_path, option, name, member, reason):
    file = without(name, member, tmp_path)
    code, statements, errors, _ = export(option, file)
    assert code == 65 and statements == []
    assert errors.count(reason) == 1 and "%s:2: " % file in errors


@pytest.mark.parametrize("networks", [{"n": ["10.0.0.300"]}, "n=10.0.0.5, x", {"n": 5}, 7])
def test_bad_row_is_named_by_its_line(tmp_path, networks):
    good = {"ID": "i-1", "Name": "a", "Networks": "n=10.0.0.5", "Project ID": "p"}
    file = tmp_path / "servers.json"
    file.write_text(json.dumps([good, dict(good, ID="i-2", Networks=networks)], indent=1))
    code, statements, errors, _ = export("--servers", file)
    assert code == 65 and "%s:8: " % file in errors
    assert [s["id"] for s in statements] == ["p", "i-1"]


@pytest.mark.parametrize("body", [b"", b"[", b'[{"ID":"a","Name":"b"}', b'[{"ID":"a",]', b"\xff\xfe"])
def test_half_a_listing_writes_nothing(tmp_path, body):
    file, out = tmp_path / "projects.json", tmp_path / "tags.jsonl"
    file.write_bytes(body)
    out.write_text("as it was")
    code, statements, errors, _ = export("--projects", file, "-o", out)
    assert code == 66 and str(file) in errors and out.read_text() == "as it was"
    assert export("--projects", tmp_path / "none")[0] == 66


def test_output_takes_the_place_of_the_old_one(tmp_path):
    out = tmp_path / "tags.jsonl"
    out.write_text("old")
    assert export(*ORIGINAL, "-o", out)[0] == 0
    assert [json.loads(line) for line in out.read_text().splitlines() if line[0] != "#"] == FROM_ORIGINAL
    assert os.listdir(tmp_path) == ["tags.jsonl"]
    assert export(*ORIGINAL, "-o", tmp_path / "no/such")[0] == 73


@pytest.mark.parametrize("argv", [[], ["--subnets", "subnets.json"], ["--ports", "port-show.json"], ["--what"]])
def test_usage(argv):
    assert export(*argv)[0] == 64


def capture(path):
    """One UDP packet of instance i-1 to another address of its tenant's, port 53."""
    udp = struct.pack("!HHHH", 40000, 53, 8, 0)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28, 1, 0, 64, 17, 0, bytes([192, 168, 116, 5]), bytes([192, 168, 116, 9]))
    frame = bytes(12) + struct.pack("!HHH", 0x8100, 110, 0x0800) + ip + udp
    path.write_bytes(struct.pack("<IHHIIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1) +
                     struct.pack("<IIII", 1795305600, 0, len(frame), len(frame)) + frame)
    return path


@pytest.mark.parametrize("argv, instance_id", [(LISTINGS, SERVER % (1, 1)), (ORIGINAL, "i-1")], ids=["listings", "original"])
def test_collector_takes_it(tmp_path, argv, instance_id):
    out = tmp_path / "tags.jsonl"
    assert export(*argv, "-o", out)[0] == 0
    p = subprocess.run([NINETAP, "replay", str(capture(tmp_path / "one.pcap")), "-t", str(out)], capture_output=True, text=True, timeout=60)
    assert p.returncode == 0, p.stderr
    said = next(line for line in p.stderr.splitlines() if " tags: " in line and "revision=" in line)
    assert re.search(r"syntax=0 no_id=0 cidr=0 overlap=0 unknown_tenant=0 source=0", said), p.stderr
    assert '"src_instance":"%s"' % instance_id in p.stdout and '"tenant":"demo"' in p.stdout
