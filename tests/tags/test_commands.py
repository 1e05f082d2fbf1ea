# SPDX-License-Identifier: Apache-2.0
"""`ninetap tag put|end|list` against a ninetap that runs: what they take, print and return."""
import json
import os
import stat
import subprocess

import lab
import pytest
import tagging
from tagging import instance, packet, tenant

NINETAP = lab.rows.NINETAP
FRAME = packet("10.0.0.1", "10.0.0.2", sport=40000, dport=9092)


def tag(*argv, text=None):
    return subprocess.run([NINETAP, "tag", *map(str, argv)], input=text, capture_output=True, text=True, timeout=60)


def said(done, code, out="", err=""):
    assert (done.returncode, done.stdout) == (code, out) and err in done.stderr and bool(done.stderr) == bool(err), done


@pytest.fixture
def running(things, pair):
    """A ninetap with a tags file and a socket; its tap and the socket's path."""
    file, path = things.tmp_path / "tags.jsonl", things.tmp_path / "tags.sock"
    tagging.write(file, [tenant("demo", subnets=["10.0.0.0/24"])])
    return things.tap(pair, "-i", "va", "--hook", "tc", "-t", str(file), "-t", "socket:%s" % path, "--batch-linger", "10ms"), path


def listed(path):
    done = tag("list", "-s", path)
    assert (done.returncode, done.stderr) == (0, ""), done
    return [json.loads(line) for line in done.stdout.splitlines()]


def ids(path):
    return {s["id"] for s in listed(path) if s["kind"] == "instance" and s.get("addresses")}


def holders(tap, sender, end, want):
    """The instances at one end of the next packet's record."""
    before = len(tap.records())
    sender.send([FRAME])
    lab.wait_for("its record", lambda: len(open(tap.path).read().splitlines()) > before)
    assert tap.records()[-1].get(end) == want


def test_put_end_and_list(things, pair, running):
    tap, path = running
    sender = things.sender(pair, "va")
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    said(tag("put", "-s", path, json.dumps(instance("i-1", "demo", "10.0.0.1"))), 0)
    holders(tap, sender, "src_instance", "i-1")
    assert ids(path) == {"i-1"}
    said(tag("end", "-s", path, "i-1"), 0)
    holders(tap, sender, "src_instance", None)
    records, figures = tap.stop()
    lab.check_balance(figures, records, sender.sent)
    assert not path.exists()
    assert "events=3 " in [line for line in tap.lines if "tags: revision=" in line][-1]


def test_put_from_standard_input(running):
    tap, path = running
    lines = [json.dumps(instance("i-%d" % i, "demo", "10.0.0.%d" % i)) for i in range(1, 201)]
    said(tag("put", "-s", path, text="# a tags file\n\n" + "\n".join(lines)), 0)
    assert ids(path) == {"i-%d" % i for i in range(1, 201)}
    done = tag("put", "-s", path, text='\n{"kind":"instance"}\n%s\nx\n' % json.dumps(instance("i-201", "demo", "10.0.0.201")))
    assert done.returncode == os.EX_DATAERR and "line 2: refused: " in done.stderr and "line 4: refused: " in done.stderr, done
    assert "i-201" in ids(path)
    tap.stop()


def test_put_as_it_comes(running):
    """Whoever writes may go on for ever: each line counts when it came, and keeps its number."""
    tap, path = running
    put = subprocess.Popen([NINETAP, "tag", "put", "-s", str(path)], stdin=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for i in range(1, 4):
        put.stdin.write(json.dumps(instance("i-%d" % i, "demo", "10.0.0.%d" % i)) + "\n\n")
        put.stdin.flush()
        lab.wait_for("its statement", lambda: "i-%d" % i in ids(path))
    _, err = put.communicate("x", timeout=60)
    assert put.returncode == os.EX_DATAERR and "line 7: refused: " in err, err
    tap.stop()


def test_a_list_is_a_tags_file(things, pair, running):
    tap, path = running
    for i in range(1, 9):
        said(tag("put", "-s", path, json.dumps(instance("i-%d" % i, "demo", "10.0.0.%d" % i, "2001:db8::%d" % i, name="n", host="box"))), 0)
    said(tag("end", "-s", path, "i-3", "--at", "2100-01-01T00:00:00.5Z"), 0)
    text = tag("list", "-s", path).stdout
    tap.stop()
    file = things.tmp_path / "list.jsonl"
    file.write_text(text)
    again = things.tap(pair, "-i", "va", "--hook", "tc", "-t", str(file), "-t", "socket:%s" % path)
    assert tag("list", "-s", path).stdout == text and "2100-01-01T00:00:00.5Z" in text
    again.stop()


def test_the_end_of_a_port(running):
    tap, path = running
    for port, address in (("p-1", "10.0.0.1"), ("p-2", "10.0.0.2")):
        said(tag("put", "-s", path, json.dumps(instance("i-1", "demo", address, port=port))), 0)
    said(tag("end", "-s", path, "--is-port", "p-1"), 0)
    open_ports = {s["port"] for s in listed(path) if s["kind"] == "instance" and "until" not in s}
    assert open_ports - {s.get("port") for s in listed(path) if s["kind"] == "end"} == {"p-2"}
    tap.stop()


def test_mistakes(running, things):
    tap, path = running
    said(tag(), os.EX_USAGE, err="tag: needs a second word: put, end or list")
    said(tag("pt"), os.EX_USAGE, err="tag pt: unknown: it takes put, end or list")
    said(tag("end", "-s", path), os.EX_USAGE, err="tag end: needs an instance ID")
    said(tag("end", "-s", path, "i", "--at", "now"), os.EX_USAGE, err="is not a time such as")
    said(tag("put", "-s", path, "x"), os.EX_DATAERR, err="error: refused: ")
    said(tag("put", "-s", path, text=""), 0)
    nowhere = things.tmp_path / "nowhere"
    said(tag("list", "-s", nowhere), os.EX_UNAVAILABLE, err="no ninetap listens at %s: run one with -t socket" % nowhere)
    tap.stop()


def test_whose_socket_it_is(things, pair, running):
    tap, path = running
    second = pair.run(NINETAP, "run", "-i", "vb", "--hook", "tc", "-t", "socket:%s" % path, check=False)
    assert second.returncode == os.EX_CANTCREAT and "another ninetap listens there" in second.stderr, second
    assert ids(path) == set()
    tap.proc.kill()
    tap.proc.wait()
    assert path.exists()
    pair.run(NINETAP, "detach", check=False)
    third = things.tap(pair, "-i", "vb", "--hook", "tc", "-t", "socket:%s" % path)
    assert ids(path) == set()
    third.stop()
