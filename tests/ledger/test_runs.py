# SPDX-License-Identifier: Apache-2.0
"""Modes, configurations and processes change under load, and no packet is missing afterwards."""
import json
import os
import re
import shutil
import signal
import urllib.error
import urllib.request

import pytest
from prometheus_client.openmetrics import parser

import aggregate
import lab
import ledger
import rows
from loads import counted, finish

RATE = 40000
CPUS = sorted(os.sched_getaffinity(0))[:2]


def settle(tap, sent, ns, base=None):
    """Nothing crashed: so nothing is missing, and nothing comes twice."""
    base, world = base or tap.path, counted(ns, "vb")
    finish(tap)
    account = ledger.check(ledger.Received().files(base), sent, world)
    ledger.audited(account, "file:" + base)
    assert account.received.duplicates == 0
    return account


def more(ns, n=10000):
    """Until so many more have come."""
    begin = counted(ns, "vb").packets
    lab.wait_for("%d packets more" % n, lambda: counted(ns, "vb").packets >= begin + n)



def test_modes_set_under_load(things, pair, pins, load):
    """Packets, flows, sampled flows, packets: each packet is in one of them, or was sampled out."""
    tap = things.tap(pair, "-i", "vb", "--hook", "tc", "--flow-idle", "1s", *pins)
    sender = load(pair, "va", flows=300, rate=RATE)
    more(pair)
    for mode in ("vb=flow", "vb=sampled:8", "vb=packet"):
        pair.run(rows.NINETAP, "mode", *pins, mode)
        more(pair)
    account = settle(tap, sender.stop(), pair)
    assert min(account.fates[f] for f in ("recorded", "flow", "sampled_out")) > 1000 and account.fates["overflow"] == 0
    found = aggregate.load(tap.path + ".flows")
    assert {(r["mode"], r["sample"]) for r in found} == {("flow", 1), ("sampled", 8)}


def configured(tmp_path, **settings):
    path = tmp_path / "ninetap.json"
    path.write_text(json.dumps(settings, indent=1))
    return path


def hup(tap):
    tap.proc.send_signal(signal.SIGHUP)


def test_another_configuration(things, pair, pins, load, tmp_path):
    """The mode, the site and the encoder's batches are others; the epoch is not, and the programs never stopped."""
    path = configured(tmp_path, interfaces=["vb"], site="east", mode="packet")
    tap = things.tap(pair, "-c", str(path), "--hook", "tc", *pins)
    sender = load(pair, "va", flows=300, rate=RATE)
    more(pair)
    for turn, change in enumerate((dict(site="west", mode="packet"), dict(site="west", mode="flow"), dict(site="north", mode="packet"))):
        configured(tmp_path, interfaces=["vb"], **change)
        hup(tap)
        tap.wait_line("ninetap: ready", skip=turn + 1)
        more(pair)
    account = settle(tap, sender.stop(), pair)
    assert len({epoch for _, epoch, _ in account.received.pages}) == 1 and account.fates["flow"] > 1000 < account.fates["recorded"]
    starts = account.received.of_type("start")
    assert sorted(e["site"] for e in starts) == ["east", "north", "west", "west"] and [e["adopted"] for e in starts].count(False) == 1
    assert len({e["pid"] for e in starts}) == 1


def test_configurations_that_change_nothing(things, pair, pins, load, tmp_path):
    """One with a mistake is named by file and line, and the old one stays; the same again is no change."""
    path = configured(tmp_path, interfaces=["vb"], site="east")
    tap = things.tap(pair, "-c", str(path), "--hook", "tc", *pins)
    sender = load(pair, "va", flows=300, rate=RATE)
    good = path.read_text()
    path.write_text('{\n "interfaces": ["vb"],\n "site": "west",\n "mode": "fast"\n}\n')
    hup(tap)
    tap.wait_line("%s:4:" % path)
    tap.wait_line("all goes on as it is")
    path.write_text("{\n")
    hup(tap)
    tap.wait_line("all goes on as it is", skip=1)
    path.write_text(good)
    hup(tap)
    tap.wait_line("the configuration is as it was")
    more(pair)
    account = settle(tap, sender.stop(), pair)
    assert {e["site"] for e in account.received.events} == {"east"} and len(account.received.of_type("start")) == 1


@pytest.mark.parametrize("setting", ("instance", "pins"))
def test_another_place_of_pins(things, pair, pins, load, tmp_path, setting):
    """What is kept there nobody would come back for: refused, and all goes on, other interfaces named or not."""
    path = configured(tmp_path, interfaces=["vb"], instance="one", pins=pins[1])
    tap = things.tap(pair, "-c", str(path), "--hook", "tc")
    sender = load(pair, "va", flows=300, rate=RATE)
    more(pair)
    configured(tmp_path, **{**dict(interfaces=["va"], instance="one", pins=pins[1]), setting: {"instance": "two", "pins": pins[1] + "2"}[setting]})
    hup(tap)
    tap.wait_line("%s can't change in a running ninetap: all goes on as it is" % setting)
    more(pair)
    settle(tap, sender.stop(), pair)
    assert pair.left("vb") == []


def test_pins_removed(things, pair, pins, load, tmp_path):
    """By somebody else: nothing would outlive this run, so it neither ends for another configuration nor leaves anything for the next."""
    path = configured(tmp_path, interfaces=["vb"], site="east")
    tap = things.tap(pair, "-c", str(path), "--hook", "tc", *pins, "--keep")
    sender = load(pair, "va", flows=300, rate=RATE)
    more(pair)
    shutil.rmtree(pins[1])
    configured(tmp_path, interfaces=["vb"], site="west")
    hup(tap)
    tap.wait_line("somebody removed what was pinned: all goes on as it is")
    more(pair)
    settle(tap, sender.stop(), pair)
    assert pair.left("vb") == []


@pytest.mark.parametrize("mode", ("packet", "flow"))
def test_no_broker_to_the_end(things, pair, pins, load, mode):
    """More than the sink takes, and nobody who answers: the end waits, but not for ever, and says of each packet that it is lost."""
    tap = things.tap(pair, "-i", "vb", "--hook", "tc", "--mode", mode, "--flow-idle", "1s", *pins, output="kafka:127.0.0.1:1/none")
    sent = load(pair, "va", flows=30000, packets=40000, rate=RATE).wait()
    seen = counted(pair, "vb").packets
    account = finish(tap, code=os.EX_IOERR)
    rest = next((line for line in tap.lines if "ninetap: in flows:" in line), "")
    lost = account["lost_closed"] + account["lost_flows_full"] + sum(int(n) for n in re.findall(r"lost_closed=(\d+)", rest))
    assert account["seen"] == seen == sent.packets == lost, (account, rest)
    assert not any("does not balance" in line for line in tap.lines)
    assert pair.left("vb") == []


@pytest.mark.parametrize("mode", ("packet", "flow"))
def test_kept_and_taken_over(things, pair, pins, load, mode):
    """A run ends with --keep and the next goes on, twice, while packets keep coming: one epoch, nothing unseen."""
    options = ("-i", "vb", "--hook", "tc", "--mode", mode, *pins, "--keep")
    taps = [things.tap(pair, *options)]
    sender = load(pair, "va", flows=300, rate=RATE)
    more(pair)
    for now in (options, options[:-1]):
        finish(taps[-1])
        more(pair, 3000)
        taps.append(things.tap(pair, *now, output="file:" + taps[0].path))
        assert any("taking over what a ninetap left" in line for line in taps[-1].lines)
        more(pair)
    account = settle(taps[-1], sender.stop(), pair, taps[0].path)
    assert len({epoch for _, epoch, _ in account.received.pages}) == 1
    assert sorted(e["adopted"] for e in account.received.of_type("start")) == [False, True, True]
    assert pair.left("vb") == []


def scrape(ns, tap):
    """The samples, by name and labels; none before the first second is over."""
    address = re.search(r"http://(\S+)/metrics", tap.wait_line("metrics at ")).group(1)
    try:
        with ns.entered(), urllib.request.urlopen("http://%s/metrics" % address, timeout=lab.WAIT) as answer:
            families = list(parser.text_string_to_metric_families(answer.read().decode()))
    except urllib.error.HTTPError as e:
        assert e.code == 503
        return {}
    return {(s.name, *sorted(s.labels.items())): s.value for f in families for s in f.samples}


def test_metrics_say_what_the_ledger_says(things, pair, pins, load):
    """At the end, when all is safe: each fate and each loss, in all three units, and on each CPU."""
    tap = things.tap(pair, "-i", "vb", "--hook", "tc", "--flow-idle", "1s", "--flow-entries", "500", "--metrics", "127.0.0.1:0", *pins)
    sent = load(pair, "va", packets=20000, flows=300, cpu=CPUS[0]).wait()
    pair.run(rows.NINETAP, "mode", *pins, "vb=flow")
    for cpu in CPUS:
        sent += load(pair, "va", packets=10000, flows=2000, cpu=cpu).wait()
    pair.run(rows.NINETAP, "mode", *pins, "vb=sampled:4")
    sent += load(pair, "va", packets=20000, flows=200, cpu=CPUS[-1]).wait()

    def settled():
        now = scrape(pair, tap)
        total = lambda name: sum(v for k, v in now.items() if k[0] == name)
        return total("ninetap_packets_seen_total") == sent.packets and total("ninetap_flows_open_packets") == 0 and (
            total("ninetap_records_safe_total") == 20000) and now
    lab.wait_for("all to be safe", settled)
    said = settled()
    world = counted(pair, "vb")
    finish(tap)
    account = ledger.check(ledger.Received().files(tap.path), sent, world, lost={"flows_full"})
    for unit in ledger.Tally._fields:
        losses = dict.fromkeys(ledger.KERNEL_LOST, 0)
        for (_, _, cpu), page in account.received.pages.items():
            last = page.closing()
            assert said["ninetap_%s_seen_total" % unit, ("cpu", str(cpu))] == last["seen"][unit]
            for fate in ledger.FATES:
                if fate in losses:
                    losses[fate] += last[fate][unit]
                else:
                    assert said["ninetap_%s_total" % unit, ("cpu", str(cpu)), ("fate", fate)] == last[fate][unit], (unit, fate)
        for reason, value in losses.items():
            assert said["ninetap_lost_%s_total" % unit, ("reason", reason), ("stage", "kernel")] == value
        assert not any(v for k, v in said.items() if k[0] == "ninetap_lost_%s_total" % unit and ("stage", "kernel") not in k)
    assert account.fates["sampled_out"] > 10000 and account.lost["flows_full"].packets > 0
