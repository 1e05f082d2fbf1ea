# SPDX-License-Identifier: Apache-2.0
"""scripts/kubernetes-export on a list and a stream of pods as kubectl writes them: each statement, at once, and what is broken."""
import json
import os
import select
import subprocess

import pytest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXPORT = os.path.join(ROOT, "scripts/kubernetes-export")
SAMPLES = os.path.join(ROOT, "tests/tags/samples")
UID = "e0000000-0000-0000-0000-%012d"


def sample(name):
    with open(os.path.join(SAMPLES, name), "rb") as f:
        return f.read()


def export(stdin, *options):
    p = subprocess.run([EXPORT, *options], input=stdin, capture_output=True, timeout=60)
    return p.returncode, p.stdout.decode().splitlines(), p.stderr.decode()


def instance(n, name, addresses, start="2026-11-21T22:00:00Z"):
    return {"kind": "instance", "id": UID % n, "name": "shop/" + name, "tenant": "shop", "host": "box-a", "addresses": addresses, "from": start}


def end(n, until):
    return {"kind": "end", "id": UID % n, "until": until}


SHOP = {"kind": "tenant", "id": "shop", "name": "shop"}
LIST = [SHOP, instance(1, "web-1", ["10.244.1.5", "fd00:244::5"]), instance(3, "job-1", ["10.244.1.6"]), end(3, "2026-11-21T22:02:00Z")]
WATCH = [SHOP, instance(5, "a", ["10.244.1.7"]), instance(6, "b", ["10.244.1.8"], "2026-11-21T22:00:03Z"), end(5, "2026-11-21T22:05:00Z"),
         end(6, "2026-11-21T22:06:00Z"), instance(7, "c", ["10.244.1.9"]), end(7, "2026-11-21T22:07:00Z")]


@pytest.mark.parametrize("name, expected", [("pods-list.json", LIST), ("pods-watch.json", WATCH)])
def test_statements(name, expected):
    code, lines, errors = export(sample(name))
    assert [json.loads(line) for line in lines] == expected
    assert (code, errors) == (0, "")


def test_keys():
    """A message for each statement; that of an end is followed by one without a value, so that compaction forgets the pod."""
    _, lines, _ = export(sample("pods-watch.json"), "--key", "--no-tenants")
    expected = []
    for s in WATCH[1:]:
        expected += [(s["id"], s)] + [(s["id"], None)] * (s["kind"] == "end")
    assert [(key, json.loads(value) if value else None) for key, value in (line.split("\t") for line in lines)] == expected


def test_each_statement_is_out_before_the_next_event():
    events = sample("pods-watch.json").split(b"\n}\n")
    env = {k: v for k, v in os.environ.items() if k != "PYTHONUNBUFFERED"}
    with subprocess.Popen([EXPORT, "--no-tenants"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, env=env) as p:
        p.stdin.write(events[0] + b"\n}\n" + events[1] + b"\n}")
        if not select.select([p.stdout], [], [], 30)[0]:
            p.kill()
            pytest.fail("nothing was written in 30 s")
        assert json.loads(p.stdout.readline()) == WATCH[1]
        p.stdin.close()
        assert p.wait(60) == 0


def test_cut_anywhere():
    """Byte by byte, so that quotes and escapes fall on the ends of blocks."""
    with subprocess.Popen([EXPORT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as p:
        for byte in sample("pods-watch.json"):
            p.stdin.write(bytes([byte]))
        p.stdin.close()
        assert [json.loads(line) for line in p.stdout] == WATCH


def test_escape_of_one_object_is_none_of_the_next():
    """The second object has a quote where the first had an escaped one."""
    pod = sample("pods-list.json").decode()
    with subprocess.Popen([EXPORT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0) as p:
        p.stdin.write(b'{"x": "\\""}')
        assert b"object 1: " in p.stderr.readline()
        p.stdin.write(b'{"a": 1,"b":2}' + pod.encode())
        p.stdin.close()
        assert [json.loads(line) for line in p.stdout] == LIST


def test_new_address_counts_from_now():
    pod = json.loads(sample("pods-list.json"))["items"][0]
    first = json.dumps(pod)
    pod["status"]["podIPs"] = [{"ip": "10.244.1.99"}]
    _, lines, _ = export((first + 2 * json.dumps(pod)).encode())
    assert len(lines) == 3  # the tenant, the first address, the second once
    assert json.loads(lines[-1])["addresses"] == ["10.244.1.99"]
    assert json.loads(lines[-1])["from"] > "2026-11-21T22:00:00Z"


def test_deletion_ahead_of_now_ends_now():
    pod = json.loads(sample("pods-list.json"))["items"][0]
    pod["metadata"]["deletionTimestamp"] = "2999-01-01T00:00:00Z"
    _, lines, _ = export(json.dumps({"type": "DELETED", "object": pod}).encode())
    assert json.loads(lines[-1])["kind"] == "end" and json.loads(lines[-1])["until"] < "2999"


@pytest.mark.parametrize("broken, reason", [
    (b'{"type":"ADDED","object":{"metadata":{}}}', "lacks 'uid'"),
    (b'{"type" "ADDED"}', "Expecting ':' delimiter"),
    (b'{"type":"ERROR","object":{"kind":"Status","message":"too old resource version"}}', "too old resource version"),
    (b'no pod {}', "Expecting value"),
])
def test_bad_object_is_named_and_the_rest_goes_on(broken, reason):
    code, lines, errors = export(broken + sample("pods-watch.json"))
    assert code == 65 and errors.startswith("kubernetes-export: object 1: ") and reason in errors and "Traceback" not in errors
    assert [json.loads(line) for line in lines] == WATCH


def test_stream_that_ends_within_an_object():
    code, lines, errors = export(sample("pods-watch.json")[:-40])
    assert code == 65 and "Traceback" not in errors and "object 10" in errors
    assert [json.loads(line) for line in lines] == WATCH[:-1]


def test_bad_pod_of_a_list_leaves_out_itself_alone():
    pods = json.loads(sample("pods-list.json"))
    pods["items"][0]["status"]["podIPs"][0]["ip"] = "10.244.1.256"
    code, lines, errors = export(json.dumps(pods).encode())
    assert code == 65 and "10.244.1.256" in errors
    assert [json.loads(line) for line in lines] == [SHOP, *LIST[2:]]


def test_name_that_no_statement_takes():
    pod = json.loads(sample("pods-list.json"))["items"][0]
    pod["metadata"]["name"] = "p" * 253
    code, lines, errors = export(json.dumps(pod).encode())
    assert code == 65 and "over 255 bytes" in errors and "name" not in json.loads(lines[1])
