# SPDX-License-Identifier: Apache-2.0
"""Every kind of frame crosses a veth pair: out of va, into vb; each is recorded once a hook, every field right."""
import collections
import json
import os
import subprocess
import sys

import pytest

import catalogue
import lab
import rows

HOOKS = {"xdp": (["--hook", "xdp"], "xdp"), "tcx": (["--hook", "tc", "--tc", "tcx"], "tc"),
         "clsact": (["--hook", "tc", "--tc", "clsact"], "tc")}
if not lab.has_tcx():
    del HOOKS["tcx"]


def frames(seed):
    return catalogue.systematic() + list(catalogue.random_frames(seed, 600))


def compare(f, record, direction, hook):
    row = f.expect()
    wrong = rows.differences(rows.want(row), record)
    expected = {"dir": direction, "hook": hook, "iface": "va" if direction == "out" else "vb", "bytes": len(f.data),
                "packets": 1, "sample": 1}
    if row["payload"] is not None:
        expected["payload_bytes"] = row["payload"]
    wrong += ["%s: expected %r, got %r" % (k, v, record.get(k)) for k, v in expected.items()
              if record.get(k, 0 if k == "payload_bytes" else None) != v]
    return ["%s %s: %s: %s" % (f.name, direction, w, f.data.hex()) for w in wrong]


def by_direction(records):
    out = collections.defaultdict(list)
    for r in lab.in_order(records):
        out[r["dir"]].append(r)
    return out


def pcap_bytes(list_of_frames):
    return 24 + sum(16 + len(f.data) for f in list_of_frames)


def check_capture(path, sending, records):
    """What tshark saw of the same interface, frame by frame, where the oracle is there."""
    p = subprocess.run([sys.executable, rows.TRUTH, path], capture_output=True, text=True, check=True)
    truth = [json.loads(line) for line in p.stdout.splitlines()]
    assert len(truth) == len(sending), "the capture is not of what was sent"
    have, compared = iter(records), 0
    for f, row in zip(sending, truth):
        if f.expect()["status"] != "ok":
            assert row["status"] != "ok", f.name
            continue
        record = next(have)
        if row["status"] == "ok" and f.name != "padding6/19":  # tshark reads TCP flags behind the IPv6 payload length
            wrong = rows.differences(rows.want(row), record)
            assert not wrong and record["bytes"] == row["len"], (f.name, wrong)
            compared += 1
    print("compared %d records with tshark's %d rows" % (compared, len(truth)))
    assert compared > 0.97 * len(records)


@pytest.mark.parametrize("name", HOOKS)
def test_every_kind(things, pair, name):
    options, ingress_hook = HOOKS[name]
    sending = frames(31)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    tap = things.tap(pair, "-i", "va", "-i", "vb", *options)
    attached = [line for line in tap.lines if "ninetap: attached" in line]
    way = {"xdp": "ingress xdp", "tcx": "ingress tcx egress tcx", "clsact": "ingress clsact egress clsact"}[name]
    assert len(attached) == 2 and all(way in line for line in attached), attached
    capture = things.capture(pair, "vb", "in")
    before = pair.stats("vb")["rx"]["packets"]
    sender = things.sender(pair, "va")
    sender.send(f.data for f in sending)
    counted = lambda: pair.stats("vb")["rx"]["packets"] - before
    lab.wait_for("all frames to arrive", lambda: counted() >= len(sending))
    capture.wait(pcap_bytes(sending))
    records, figures = tap.stop()
    print("%s: sent %d, counted %d" % (name, sender.sent, counted()))
    assert sender.sent == counted() == len(sending)
    ip = [f for f in sending if f.expect()["status"] == "ok"]
    lab.check_balance(figures, records, 2 * sender.sent, owed=2 * len(ip))
    found = by_direction(records)
    assert {k: len(v) for k, v in found.items()} == {"out": len(ip), "in": len(ip)}
    failures = []
    for direction, hook in (("out", "tc"), ("in", ingress_hook)):
        for f, record in zip(ip, found[direction]):
            failures += compare(f, record, direction, hook)
    assert not failures, "%d wrong, the first:\n%s" % (len(failures), "\n".join(failures[:8]))
    assert not pair.left("va") and not pair.left("vb")
    if os.path.exists(rows.TRUTH):
        check_capture(capture.path, sending, found["in"])


def test_tag_outside_the_frame(things):
    """A bridge sends on what it received: the kernel has taken the outer tag out of the frame by then."""
    ns = things.ns("bridge")
    ns.veth("va", "vb")
    ns.veth("vc", "vd")
    ns.ip("link", "add", "bridge0", "type", "bridge", "mcast_snooping", "0")
    for dev in ("vb", "vc"):
        ns.ip("link", "set", dev, "master", "bridge0")
    ns.ip("link", "set", "bridge0", "arp", "off", "up")
    lab.wait_for("the ports to forward", lambda: ns.run("bridge", "link").stdout.count("state forwarding") == 2)
    tap = things.tap(ns, "-i", "vc", "-i", "vd", "--hook", "tc")
    c = catalogue
    sending = [c.Frame("tagged", [c.Eth(), *[c.Tag(tpid=t, vid=v) for t, v in tags], *inner])
               for tags in ((), ((0x8100, 7),), ((0x88A8, 0), (0x8100, 9)), ((0x8100, 1), (0x8100, 2), (0x8100, 3)), ((0x9100, 5), (0x8100, 6)))
               for inner in (c.tcp4(), c.udp6(), c.tunnel("vxlan", c.tcp4()))]
    things.sender(ns, "va").send(f.data for f in sending)
    lab.wait_for("frames behind the bridge", lambda: ns.stats("vd")["rx"]["packets"] >= len(sending))
    records, figures = tap.stop()
    lab.check_balance(figures, records, 2 * len(sending))
    for direction, found in by_direction(records).items():
        assert len(found) == len(sending)
        for f, r in zip(sending, found):
            wrong = rows.differences(rows.want(f.expect()), r)
            assert not wrong and r["bytes"] == len(f.data), (direction, wrong, r["bytes"], len(f.data), f.data.hex())


@pytest.mark.parametrize("name", HOOKS)
def test_large_mtu(things, name):
    """Frames of 9,000 bytes, of more than one buffer under XDP."""
    ns = things.ns("jumbo")
    ns.veth("va", "vb", mtu=9000)
    c = catalogue
    sending = [c.Frame("jumbo", [c.Eth(), *c.tunnel(kind, [c.Ip4(), c.Udp(), c.Data(b"J" * size)])])
               for kind in ("vxlan", "geneve", "gre") for size in (1000, 3000, 4000, 8000, 8900)]
    tap = things.tap(ns, "-i", "va", "-i", "vb", *HOOKS[name][0])
    sender = things.sender(ns, "va")
    sender.send(f.data for f in sending)
    lab.wait_for("frames", lambda: ns.stats("vb")["rx"]["packets"] >= len(sending))
    records, figures = tap.stop()
    lab.check_balance(figures, records, 2 * len(sending))
    failures = []
    for direction, found in by_direction(records).items():
        for f, r in zip(sending, found):
            failures += compare(f, r, direction, HOOKS[name][1] if direction == "in" else "tc")
    assert not failures, failures[:4]


def test_sampling_and_filter(things, pair):
    """One in 10 by --sample, and by port; what is left out is counted, and seq counts what was owed."""
    c = catalogue
    sending = [c.Frame("udp", [c.Eth(), c.Ip4(), c.Udp(sport=1000 + i, dport=53 if i % 2 else 80), c.TEXT]) for i in range(400)]
    for options, fate in ((["--sample", "10"], "sampled_out"), (["--port", "53"], "filtered")):
        tap = things.tap(pair, "-i", "vb", "--hook", "tc", *options)
        before = pair.stats("vb")["rx"]["packets"]
        things.sender(pair, "va").send(f.data for f in sending)
        lab.wait_for("frames", lambda: pair.stats("vb")["rx"]["packets"] >= before + len(sending))
        records, figures = tap.stop()
        assert figures["seen"] == len(sending) == figures[fate] + len(records), figures
        if fate == "filtered":
            assert len(records) == 200 and {r["dst_port"] for r in records} == {53}
        else:
            assert 10 <= len(records) <= 90 and {r["sample"] for r in records} == {10}
