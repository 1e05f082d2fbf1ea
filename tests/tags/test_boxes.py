# SPDX-License-Identifier: Apache-2.0
"""Boxes and interfaces of the inventory: they say what neither the command line nor the configuration does."""
import lab
import tagging

FRAME = tagging.packet("10.0.0.1", "10.0.0.2")
BOX = {"kind": "box", "name": "box-a", "type": "smartx", "site": "GIST3", "pop": "TEINSG", "ren": "KOREN", "address": "203.0.113.7"}
STATEMENTS = [dict(BOX, name="box-b", site="elsewhere"), BOX,
              {"kind": "interface", "box": "box-b", "match": "*", "plane": "control"},
              {"kind": "interface", "box": "box-a", "match": "v[a-c]", "plane": "data"},
              {"kind": "interface", "match": "*", "plane": "management"}]


def record(things, pair, *options):
    """What is recorded of one frame on va."""
    file = things.tmp_path / "tags.jsonl"
    tagging.write(file, STATEMENTS)
    tap = things.tap(pair, "-i", "va", "--hook", "tc", "-t", str(file), *options)
    sender = things.sender(pair, "va")
    sender.send([FRAME])
    lab.wait_for("the record", lambda: open(tap.path).read())
    records, figures = tap.stop()
    assert len(records) == 1, records
    return records[0]


def test_the_inventory_describes_the_box(things, pair):
    r = record(things, pair, "--box", "box-a", "--batch-linger", "10ms")
    assert [r.get(k) for k in ("box", "site", "pop", "ren", "plane")] == ["box-a", "GIST3", "TEINSG", "KOREN", "data"]


def test_another_box_is_not_described(things, pair):
    r = record(things, pair, "--box", "box-c", "--batch-linger", "10ms")
    assert [r.get(k) for k in ("box", "site", "pop", "ren", "plane")] == ["box-c", None, None, None, "management"]


def test_options_go_first(things, pair):
    r = record(things, pair, "--box", "box-a", "--site", "here", "--plane", "control", "--batch-linger", "10ms")
    assert [r.get(k) for k in ("box", "site", "pop", "ren", "plane")] == ["box-a", "here", "TEINSG", "KOREN", "control"]


def line(things, pair, *options):
    file = things.tmp_path / "tags.jsonl"
    tagging.write(file, STATEMENTS)
    tap = things.tap(pair, "-i", "va", "--hook", "tc", "-t", str(file), "-e", "smartx", "--box", "box-a", "--batch-linger", "10ms", *options)
    things.sender(pair, "va").send([FRAME])
    lab.wait_for("the line", lambda: open(tap.path).read())
    text = open(tap.path).read().strip()
    tap.proc.terminate()
    tap.proc.wait()
    return text.split(",")[1:4]


def test_the_address_of_smartx_lines(things, pair):
    assert line(things, pair) == ["2", "box-a", "203.0.113.7"]
    assert line(things, pair, "--box-address", "192.0.2.1") == ["2", "box-a", "192.0.2.1"]
