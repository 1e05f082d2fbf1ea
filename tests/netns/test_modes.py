# SPDX-License-Identifier: Apache-2.0
"""show, mode and the metrics of a ninetap that runs, beside what went over the wire; and of one that was killed."""
import json
import os
import re
import signal
import urllib.error
import urllib.request

import pytest
from prometheus_client.openmetrics import parser

import catalogue as c
import lab
import rows

PINS = ("--instance", "modes")


def udp(n):
    return [c.Frame("udp", [c.Eth(), c.Ip4(), c.Udp(sport=1024 + i), c.TEXT]).data for i in range(n)]


def send(things, ns, n):
    """(packets, bytes) that arrived at vb; va sent them."""
    before = ns.stats("vb")["rx"]
    sender = things.sender(ns, "va")
    sender.send(udp(n))
    lab.wait_for("%d frames" % n, lambda: ns.stats("vb")["rx"]["packets"] == before["packets"] + n)
    return n, ns.stats("vb")["rx"]["bytes"] - before["bytes"]


def ninetap(ns, *argv, code=0):
    p = ns.run(rows.NINETAP, *argv, check=False)
    assert p.returncode == code, (p.returncode, p.stdout, p.stderr)
    return p.stdout if code == 0 else p.stderr


def shown(ns):
    found = [i for i in json.loads(ninetap(ns, "show", "--json"))["instances"] if i["here"]]
    assert len(found) == 1
    return found[0]


def served(address, path):
    """The text; None while there are no figures yet, for a second."""
    try:
        with urllib.request.urlopen("http://%s%s" % (address, path), timeout=lab.WAIT) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as e:
        assert e.code == 503
        return None


def scrape(ns, tap):
    """The samples, by name and labels."""
    address = re.search(r"http://(\S+)/metrics", tap.wait_line("metrics at ")).group(1)
    with ns.entered():
        lab.wait_for("the first figures", lambda: served(address, "/metrics"))
        assert served(address, "/healthz") == "ok\n"
        families = parser.text_string_to_metric_families(served(address, "/metrics"))
        return {(s.name, *sorted(s.labels.items())): s.value for f in families for s in f.samples}


def total(samples, name, **labels):
    return sum(v for (n, *has), v in samples.items() if n == name and set(labels.items()) <= set(has))


def events(tap, kind):
    """Those that are written by now; the last line may be half one, and the file comes with the first."""
    if not os.path.exists(tap.path + ".events"):
        return []
    with open(tap.path + ".events") as f:
        return [e for e in map(json.loads, f.read().splitlines(True)[:-1]) if e["type"] == kind]


def test_mode_is_listed_and_set(things, pair):
    """Packets before, flows behind it, sampled ones at last: each packet in exactly one of them, and each change an event."""
    tap = things.tap(pair, "-i", "vb", "--hook", "tc", *PINS)
    ask = lambda *argv, **kw: ninetap(pair, "mode", *PINS, *argv, **kw)
    assert ask() == "vb=packet\n"
    lab.wait_for("the first look at modes", lambda: events(tap, "start"))
    send(things, pair, 40)
    ask("vb=flow")
    assert ask() == "vb=flow\n"
    lab.wait_for("an event", lambda: len(events(tap, "mode")) == 1)
    send(things, pair, 50)
    ask("vb=sampled:4")
    assert json.loads(ask("--json")) == {"modes": [{"iface": "vb", "mode": "sampled", "sample": 4}]}
    lab.wait_for("an event", lambda: len(events(tap, "mode")) == 2)
    send(things, pair, 400)
    counts = shown(pair)["counts"]
    assert counts["seen"]["packets"] == 490 and counts["recorded"]["packets"] == 40
    assert counts["flow"]["packets"] == 50 + 400 - counts["sampled_out"]["packets"]
    assert 290 <= counts["sampled_out"]["packets"] <= 310
    ask("vb=packet")
    lab.wait_for("an event", lambda: len(events(tap, "mode")) == 3)
    assert [(e["iface"], e["from"], e["to"], e["sample"], e["reason"]) for e in events(tap, "mode")] == [
        ("vb", "packet", "flow", 1, "set"), ("vb", "flow", "sampled", 4, "set"), ("vb", "sampled", "packet", 1, "set")]
    records, figures = tap.stop()
    assert len(records) == figures["delivered"] == 40


def test_mode_refuses(things, pair):
    """Each with one sentence; and nothing is set by any of them."""
    assert "no ninetap is running here as instance modes" in ninetap(pair, "mode", *PINS, code=69)
    assert "no ninetap is running here" in ninetap(pair, "mode", "vb=flow", *PINS, code=69)
    tap = things.tap(pair, "-i", "vb", "--hook", "tc", *PINS)
    for setting, why in (("vb=auto", "auto is for the configuration"), ("vb=flows", "the mode is none of"), ("vb", "expected IFACE=MODE"),
                         ("=flow", "expected IFACE=MODE"), ("vb=sampled:0", "N is 1 to"), ("vb=flow:2", "the mode is none of"),
                         ("vb=sampled:4294967296", "N is 1 to"), ("a-much-too-long-name=flow", "too long")):
        assert why in ninetap(pair, "mode", *PINS, setting, code=64)
    assert "not attached" in ninetap(pair, "mode", *PINS, "va=flow", code=69)
    assert "no ninetap is running here as instance other" in ninetap(pair, "mode", "--instance", "other", "vb=flow", code=69)
    assert ninetap(pair, "mode", *PINS) == "vb=packet\n"
    tap.stop()


def test_show_and_metrics_say_the_same(things, pair):
    """What the interface counted, what show reads from the kernel, and what is served."""
    tap = things.tap(pair, "-i", "vb", "--hook", "tc", "--metrics", "127.0.0.1:0", *PINS)
    packets, size = send(things, pair, 300)
    one = shown(pair)
    assert one["alive"] and one["pinned"] == "modes" and one["counts"]["seen"]["packets"] == packets
    assert sum(cpu["counts"]["seen"]["bytes"] for cpu in one["cpus"]) == one["counts"]["seen"]["bytes"] == size
    lab.wait_for("all to be safe", lambda: total(scrape(pair, tap), "ninetap_records_safe_total") == packets)
    samples = scrape(pair, tap)
    assert total(samples, "ninetap_packets_seen_total") == packets
    assert total(samples, "ninetap_bytes_total", fate="recorded") == total(samples, "ninetap_bytes_seen_total") == size
    assert total(samples, "ninetap_lost_packets_total") == 0
    assert samples["ninetap_interface_mode", ("iface", "vb"), ("mode", "packet")] == 1
    assert samples["ninetap_epoch_info", ("epoch", str(one["epoch"]))] == 1
    text = ninetap(pair, "show")
    assert re.search(r"^  seen +%d +%d +%d$" % (packets, packets, size), text, re.M) and "  vb mode: packet\n" in text
    tap.stop()


def test_metrics_cannot_listen(things, pair):
    """A clear sentence, before anything is attached."""
    tap = things.tap(pair, "-i", "vb", "--hook", "tc", "--metrics", "127.0.0.1:0", *PINS)
    address = re.search(r"http://(\S+)/metrics", tap.wait_line("metrics at ")).group(1)
    said = ninetap(pair, "run", "-i", "va", "--instance", "second", "-o", "file:" + tap.path + ".2", "--metrics", address, code=69)
    assert said == "ninetap: error: listen at %s: Address already in use\n" % address
    assert pair.left("va") == []
    tap.stop()


@pytest.mark.parametrize("iface, plane", (("vb", "data"), ("va", None)))
def test_what_waits_in_a_ring_has_its_name(things, pair, iface, plane):
    """The next run reads at once what came while nobody did: it knows the interface by then, also one that it does not record."""
    options = ("--hook", "tc", "--plane", "data", "--batch-records", "8", *PINS)
    tap = things.tap(pair, "-i", "vb", *options)
    try:
        tap.proc.send_signal(signal.SIGKILL)
        tap.ended()
        send(things, pair, 200)
        records, _ = things.tap(pair, "-i", iface, *options).stop()
        assert len(records) == 200 and {(r["iface"], r.get("plane")) for r in records} == {("vb", plane)}
    finally:
        ninetap(pair, "detach")


def test_the_killed_is_shown(things, pair):
    """Its programs go on, and nobody reads; nobody's mode is set."""
    tap = things.tap(pair, "-i", "vb", "--hook", "tc", *PINS)
    try:
        send(things, pair, 20)
        tap.proc.send_signal(signal.SIGKILL)
        tap.ended()
        send(things, pair, 30)
        one = shown(pair)
        assert not one["alive"] and one["pinned"] == "modes" and one["counts"]["seen"]["packets"] == 50
        assert one["ring_fill"] > 0
        assert "gone: its programs go on, and nobody reads" in ninetap(pair, "show")
        assert "no ninetap is running here" in ninetap(pair, "mode", "vb=flow", *PINS, code=69)
        assert one["modes"] == shown(pair)["modes"]
    finally:
        ninetap(pair, "detach")
    assert "no ninetap is running\n" == ninetap(pair, "show") or "not this one" in ninetap(pair, "show")
