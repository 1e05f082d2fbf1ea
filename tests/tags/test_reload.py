# SPDX-License-Identifier: Apache-2.0
"""A tags file that changes under traffic: each record is tagged from one state of it, and a bad state changes nothing."""
import json
import os
import signal
import threading

import lab
import tagging
from tagging import application, instance, packet, tenant

RELOADS, PACKETS = 20, 20000
FRAME = packet("10.0.0.1", "10.0.0.2", sport=40000, dport=9092)


def revision(r):
    """All texts of a record of this revision end with its number."""
    return [tenant("t.%d" % r, subnets=["10.0.0.0/24"]), instance("a.%d" % r, "t.%d" % r, "10.0.0.1"), instance("b.%d" % r, "t.%d" % r, "10.0.0.2"),
            application("app.%d" % r, "udp", 9092, "t.%d" % r, "class.%d" % r)]


class Traffic:
    """Sends until it is told to end."""

    def __init__(self, sender):
        self.sender, self.stop = sender, threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stop.wait(0.0005):
            self.sender.send([FRAME] * 20)

    def close(self):
        self.stop.set()
        self.thread.join()


def numbers(record):
    return {text.rsplit(".", 1)[1] for text in tagging.tags_of(record).values()}


def test_reload_under_load(things, pair):
    path = things.tmp_path / "tags.jsonl"
    tagging.write(path, revision(0))
    tap = things.tap(pair, "-i", "va", "-i", "vb", "--hook", "tc", "-t", str(path), "--batch-linger", "10ms")
    sender = things.sender(pair, "va")
    traffic = things.keep(Traffic(sender))
    with open(tap.path) as written:
        for r in range(1, RELOADS + 1):
            tagging.write(path, revision(r))
            lab.wait_for("a record of revision %d" % r, lambda: '"a.%d"' % r in written.read())
    traffic.close()
    records, figures = tap.stop()
    lab.check_balance(figures, records, 2 * sender.sent)
    assert all(len(tagging.tags_of(r)) == len(tagging.TAGS) for r in records), "a record without a tag"
    mixed = [tagging.tags_of(r) for r in records if len(numbers(r)) != 1]
    assert not mixed, "%d records mix revisions, such as %s" % (len(mixed), mixed[0])
    of_file = {r["tags_rev"]: numbers(r).pop() for r in records}
    assert all(of_file[r["tags_rev"]] in numbers(r) for r in records), "two states of the file have one tags_rev"
    assert len(tagging.check_revisions(records)) == RELOADS + 1
    assert [of_file[rev] for rev in sorted(of_file)] == [str(r) for r in range(RELOADS + 1)]


def test_puts_under_load(things, pair):
    """The tenant has another name with each revision: a record must have the one of its own revision, at all of its tags."""
    path = things.tmp_path / "tags.sock"
    tap = things.tap(pair, "-i", "va", "-i", "vb", "--hook", "tc", "-t", "socket:%s" % path, "--batch-linger", "2ms")
    tags, sender = things.keep(tagging.TagSocket(path)), things.sender(pair, "va")
    for s in revision(0)[1:3]:
        tags.put(dict(s, tenant="t"))
    describe = lambda k: tags.put({"kind": "tenant", "id": "t", "name": "t.%d" % k, "subnets": "10.0.0.0/24"})
    names = {describe(0): "t.0"}
    traffic = things.keep(Traffic(sender))
    while sender.sent < PACKETS:
        names[describe(len(names))] = "t.%d" % len(names)
    traffic.close()
    records, figures = tap.stop()
    lab.check_balance(figures, records, 2 * sender.sent)
    wrong = [(r["tags_rev"], tagging.tags_of(r)) for r in records
             if {r.get(k) for k in ("tenant", "src_tenant", "dst_tenant")} != {names[r["tags_rev"]]}]
    assert not wrong, "%d records are not of their revision, such as %s" % (len(wrong), wrong[0])
    revisions = tagging.check_revisions(records)
    print("tagged %d records from %d of %d revisions" % (len(records), len(revisions), len(names)))
    assert len(revisions) > 20


def as_before(things, pair, tap, sender, count, expected):
    """count more packets, all tagged as expected; waits for their records."""
    sender.send([FRAME] * count)

    def records():
        with open(tap.path) as f:
            return [json.loads(line) for line in f.read().splitlines(True) if line.endswith("\n")]
    lab.wait_for("%d records" % sender.sent, lambda: len(records()) >= sender.sent)
    last = records()[-count:]
    assert {r["src_instance"] for r in last} == {expected}, last[0]


def test_what_is_wrong_is_named_and_changes_nothing(things, pair):
    path = things.tmp_path / "tags.jsonl"
    tagging.write(path, revision(0))
    tap = things.tap(pair, "-i", "va", "--hook", "tc", "-t", "file:%s" % path, "--batch-linger", "10ms")
    sender = things.sender(pair, "va")
    as_before(things, pair, tap, sender, 10, "a.0")

    tagging.write(path, ["this is no JSON"])
    tap.wait_line("%s:1" % path)
    as_before(things, pair, tap, sender, 10, "a.0")

    seen = sum(str(path) in line for line in tap.lines)
    os.unlink(path)
    tap.proc.send_signal(signal.SIGHUP)
    tap.wait_line(str(path), skip=seen)
    as_before(things, pair, tap, sender, 10, "a.0")

    seen = sum(str(path) in line for line in tap.lines)
    path.mkdir()
    tap.proc.send_signal(signal.SIGHUP)
    tap.wait_line(str(path), skip=seen)
    as_before(things, pair, tap, sender, 10, "a.0")
    path.rmdir()

    tagging.write(path, ["# a comment", ""] + revision(1) + ['{"kind":"instance","tenant":"t.1","addresses":["10.0.0.1"]}', "{"])
    tap.wait_line("%s:7" % path)
    tap.wait_line("%s:8" % path)
    lab.wait_for("the good lines", lambda: good_lines(tap, sender))
    records, figures = tap.stop()
    lab.check_balance(figures, records, sender.sent)
    said = [line for line in tap.lines if "tags: revision=" in line][-1]
    assert "no_id=1" in said and "syntax=" in said and "source=" in said and "syntax=0" not in said and "source=0" not in said, said
    tagging.check_revisions(records)


def good_lines(tap, sender):
    sender.send([FRAME])
    with open(tap.path) as f:
        return '"a.1"' in f.read()


def test_sighup_reads_again(things, pair):
    """Written in place while nobody looks (no close yet), then SIGHUP."""
    path = things.tmp_path / "tags.jsonl"
    tagging.write(path, revision(0))
    tap = things.tap(pair, "-i", "va", "--hook", "tc", "-t", str(path), "--batch-linger", "10ms")
    sender = things.sender(pair, "va")
    as_before(things, pair, tap, sender, 10, "a.0")
    with open(path, "w") as f:
        f.writelines(json.dumps(s) + "\n" for s in revision(1))
        f.flush()
        tap.proc.send_signal(signal.SIGHUP)
        lab.wait_for("the new lines", lambda: good_lines(tap, sender))
    records, figures = tap.stop()
    lab.check_balance(figures, records, sender.sent)


def test_a_file_that_cannot_be_read_at_start(things, pair):
    p = pair.run(lab.rows.NINETAP, "run", "-i", "va", "--hook", "tc", "-t", things.tmp_path / "none.jsonl", check=False)
    assert p.returncode == os.EX_NOINPUT and "none.jsonl" in p.stderr, (p.returncode, p.stderr)
    assert not pair.left("va")
