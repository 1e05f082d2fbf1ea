# SPDX-License-Identifier: Apache-2.0
"""How a run begins and ends: interfaces that come and go, bounds, signals, refusals, crashes. Nothing stays behind."""
import glob
import json
import os
import signal
import socket
import subprocess

import pytest

import catalogue
import lab
import rows

c = catalogue
SYSEXITS = range(64, 79)
TC = ("tcx", "clsact") if lab.has_tcx() else ("clsact",)


def udp(n, port=53):
    return [c.Frame("udp", [c.Eth(), c.Ip4(), c.Udp(sport=1024 + i, dport=port), c.TEXT]).data for i in range(n)]


def send(things, ns, n, dev="va", peer="vb"):
    """n packets out of dev, all of them arrived at peer."""
    before = ns.stats(peer)["rx"]["packets"]
    sender = things.sender(ns, dev)
    sender.send(udp(n))
    lab.wait_for("%d frames" % n, lambda: ns.stats(peer)["rx"]["packets"] == before + n)
    return sender.sent


def refused(ns, *argv, prefix=()):
    """Runs ninetap, which must refuse: sysexits code, nothing on stdout, one sentence on stderr."""
    p = ns.run(*prefix, rows.NINETAP, *argv, check=False)
    lines = p.stderr.strip().splitlines()
    print(p.returncode, lines)
    assert p.returncode in SYSEXITS, (p.returncode, lines)
    assert p.stdout == "" and len(lines) == 1 and lines[0].startswith("ninetap: "), (p.stdout[:200], lines)
    return lines[0]


def nothing_left(ns, *devs):
    found = {d: ns.left(d) for d in devs}
    assert not any(found.values()), found
    inode = os.stat("/run/netns/" + ns.name).st_ino  # a test before may have killed its ninetap in another namespace
    assert not glob.glob("/sys/fs/bpf/ninetap/v*/net-%d-*" % inode)


def test_glob_and_comings_and_goings(things):
    ns = things.ns("glob")
    tap = things.tap(ns, "-i", "vg*", "--hook", "tc")
    sent = 0
    for turn in range(3):
        ns.veth("vg0", "other")
        tap.wait_line("ninetap: attached vg0", skip=turn)
        sent += send(things, ns, 50, "vg0", "other")
        sent += send(things, ns, 50, "other", "vg0")
        ns.ip("link", "del", "vg0")
    records, figures = tap.stop()
    lab.check_balance(figures, records, sent)
    assert {r["iface"] for r in records} == {"vg0"}
    assert [sum(r["dir"] == d for r in records) for d in ("in", "out")] == [150, 150]


def test_named_interface_comes_back(things, pair):
    tap = things.tap(pair, "-i", "va", "--hook", "tc")
    assert " ingress %s egress %s" % (TC[0], TC[0]) in tap.wait_line("ninetap: attached va"), "the kernel is not what these tests take it for"
    sent = send(things, pair, 10)
    pair.ip("link", "del", "va")
    pair.veth("va", "vb")
    tap.wait_line("ninetap: attached va", skip=1)
    sent += send(things, pair, 10)
    records, figures = tap.stop()
    lab.check_balance(figures, records, sent)


def test_count(things, pair):
    """--count N: exactly N records, then it ends by itself."""
    tap = things.tap(pair, "-i", "vb", "--hook", "tc", "--count", "25")
    send(things, pair, 100)
    assert tap.ended() == 0
    assert len(tap.records()) == 25 and tap.account()["delivered"] == 25
    nothing_left(pair, "va", "vb")


def test_duration(things, pair):
    tap = things.tap(pair, "-i", "vb", "--hook", "tc", "--duration", "2")
    sent = send(things, pair, 20)
    assert tap.ended() == 0
    lab.check_balance(tap.account(), tap.records(), sent)
    nothing_left(pair, "va", "vb")


@pytest.mark.parametrize("signum", (signal.SIGTERM, signal.SIGINT))
@pytest.mark.parametrize("options", (["--hook", "xdp"], *(["--tc", way] for way in TC)))
def test_signals(things, pair, signum, options):
    """A signal right behind the last packet loses none of them."""
    tap = things.tap(pair, "-i", "va", "-i", "vb", *options)
    assert pair.left("vb"), "nothing is attached: this test shows nothing"
    sent = send(things, pair, 2000)
    records, figures = tap.stop(signum)
    lab.check_balance(figures, records, 2 * sent)
    nothing_left(pair, "va", "vb")


def test_two_signals_at_once(things, pair):
    """What timeout(1) and service managers may send is one wish to end, and no haste: nothing is lost by it."""
    tap = things.tap(pair, "-i", "vb", "--hook", "tc")
    sent = send(things, pair, 500)
    for signum in (signal.SIGSTOP, signal.SIGINT, signal.SIGTERM):
        tap.proc.send_signal(signum)
    records, figures = tap.stop(signal.SIGCONT)
    lab.check_balance(figures, records, sent)
    nothing_left(pair, "vb")


def test_second_instance(things, pair):
    tap = things.tap(pair, "-i", "vb", "--hook", "tc")
    line = refused(pair, "run", "-i", "vb", "--hook", "tc", "-o", "-")
    assert "pid %d" % tap.proc.pid in line and "--instance" in line
    line = refused(pair, "run", "-i", "vb", "--hook", "tc", "-o", "-", "--instance", "other")
    assert "vb" in line and "pid %d" % tap.proc.pid in line
    sent = send(things, pair, 10)
    records, figures = tap.stop()
    lab.check_balance(figures, records, sent)
    nothing_left(pair, "vb")


@pytest.mark.parametrize("argv", (
    ["-i", "nosuch0"], ["-i", "vb", "-i", "nosuch0"], ["-i", "vb", "-o", "file:/nonexistent/dir/x"], ["-i", "vb", "-o", "nonsense"],
    ["-i", "vb", "-o", "kafka:"], ["-i", "vb", "-e", "xml"], ["-i", "vb", "-c", "/nonexistent.json"], ["-i", "vb", "--hook", "magic"],
    ["-i", "vb", "--count", "-1"], ["-i", "vb", "--duration", "1y"], ["-i", "much-too-long-interface-name"], ["--nonsense"], []),
    ids=lambda a: " ".join(a) or "no arguments")
def test_refusals(things, pair, argv):
    refused(pair, "run", *argv)
    nothing_left(pair, "va", "vb")


def test_no_permission(things, pair):
    refused(pair, "run", "-i", "vb", prefix=["setpriv", "--inh-caps=-all", "--bounding-set=-all"])
    nothing_left(pair, "vb")


@pytest.mark.parametrize("options", (["--hook", "xdp"], *(["--hook", "tc", "--tc", way] for way in TC)))
def test_kill_and_detach(things, pair, options):
    """After kill -9 in mid-run `detach` clears what is ours and leaves what is not."""
    lab.run("tc", "-n", pair.name, "qdisc", "add", "dev", "vb", "clsact")
    foreign = ["tc", "-n", pair.name, "filter", "show", "dev", "vb", "ingress", "prio", "7"]
    lab.run("tc", "-n", pair.name, "filter", "add", "dev", "vb", "ingress", "prio", "7", "protocol", "all", "u32", "match", "u32", "0", "0", "flowid", "1:1")
    others = lab.run(*foreign).stdout
    assert "u32" in others
    tap = things.tap(pair, "-i", "va", "-i", "vb", *options)
    send(things, pair, 100)
    tap.proc.kill()
    tap.proc.wait()
    p = pair.run(rows.NINETAP, "detach", check=False)
    assert p.returncode == 0, p
    assert lab.run(*foreign).stdout.split("chain")[0] == others.split("chain")[0]
    nothing_left(pair, "va")
    assert set(pair.left("vb")) == {"clsact", "filter ingress"}
    assert "bpf" not in lab.run("tc", "-n", pair.name, "filter", "show", "dev", "vb", "ingress").stdout
    assert "nt_" not in pair.run("bpftool", "net", "show").stdout
    again = things.tap(pair, "-i", "vb", *options)
    sent = send(things, pair, 10)
    records, figures = again.stop()
    lab.check_balance(figures, records, sent)


def test_a_qdisc_put_in_the_place_of_ours_stays(things, pair):
    tap = things.tap(pair, "-i", "va", "--tc", "clsact")
    theirs = "qdisc del dev va clsact\nqdisc add dev va clsact\n"  # fails where ninetap put its own back in between
    lab.wait_for("a qdisc of theirs", lambda: subprocess.run(pair.argv("tc", "-b", "-"), input=theirs, text=True).returncode == 0)
    tap.wait_line("restored va egress")
    tap.stop()
    assert "clsact" in pair.run("tc", "qdisc", "show", "dev", "va").stdout
    pair.run("tc", "qdisc", "del", "dev", "va", "clsact")
    nothing_left(pair, "va", "vb")


def test_names_that_look_like_globs(things):
    ns = things.ns("odd")
    for name in ("a\\b", "[x]", "q?"):
        ns.veth(name, "other")
        tap = things.tap(ns, "-i", name)
        tap.wait_line("ninetap: attached " + name)
        tap.stop()
        ns.ip("link", "del", name)


def test_a_refused_start_touches_no_file(things, pair):
    out = things.tmp_path / "precious"
    out.write_text("kept")
    assert "no such interface" in refused(pair, "run", "-i", "nope", "-o", "file:%s" % out)
    assert os.listdir(things.tmp_path) == ["precious"] and out.read_text() == "kept"


def test_a_name_that_is_no_text(things):
    ns = things.ns("raw")
    subprocess.run([*ns.argv("ip", "link", "add"), b"bad\xff\xfe", b"type", b"veth", b"peer", b"name", b"other"], check=True)
    tap = things.tap(ns, "-i", "bad*")
    shown = json.loads(ns.run(rows.NINETAP, "show", "--json").stdout)
    assert {a["iface"] for i in shown["instances"] if i["here"] for a in i["attached"]} == {"bad\ufffd\ufffd"}
    tap.stop()


def test_lost_records_are_an_error(things, pair):
    tap = things.tap(pair, "-i", "va", "-X", "message.timeout.ms=500", output="kafka:127.0.0.1:1/t")
    send(things, pair, 20)
    tap.proc.send_signal(signal.SIGTERM)
    assert tap.ended() == os.EX_IOERR
    figures = tap.account()
    assert figures["lost_closed"] == figures["recorded"] >= 20 and figures["delivered"] == 0


def test_closed_descriptors(things, pair):
    out = str(things.tmp_path / "out.json")
    p = pair.run("sh", "-c", 'exec "$@" <&- >&-', "sh", rows.NINETAP, "run", "-i", "va", "-o", "file:" + out, "--duration", "300ms")
    assert "account: " in p.stderr and os.path.exists(out)


def test_reader_of_stdout_goes(things, pair):
    tap = things.tap(pair, "-i", "vb", "--hook", "tc", output="-", stdout=subprocess.PIPE)
    send(things, pair, 100)
    assert json.loads(tap.proc.stdout.readline())["proto"] == 17
    tap.proc.stdout.close()
    tap.proc.stdout = None
    send(things, pair, 2000)
    assert tap.ended() in (0, os.EX_IOERR), tap.lines
    assert sum("error:" in line for line in tap.lines) <= 1, tap.lines
    nothing_left(pair, "vb")


def test_stdout(things, pair):
    """Records go to stdout alone and everything else to stderr."""
    tap = things.tap(pair, "-i", "vb", "--hook", "tc", "--count", "30", output="-", stdout=subprocess.PIPE)
    send(things, pair, 30)
    assert tap.ended() == 0
    records = [json.loads(line) for line in tap.stdout.splitlines()]
    lab.check_balance(tap.account(), records, 30)


def test_show(things, pair):
    """show --json, in mid-run: what is attached and how, and the same figures."""
    tap = things.tap(pair, "-i", "va", "-i", "vb", "--hook", "tc")
    sent = send(things, pair, 70)
    text = pair.run(rows.NINETAP, "show").stdout
    assert "va" in text and "vb" in text
    shown = json.loads(pair.run(rows.NINETAP, "show", "--json").stdout)
    assert '"vb"' in json.dumps(shown)
    assert json.dumps(shown).count(str(2 * sent)) >= 1, shown
    tap.stop()


def test_avro_file(things, pair):
    """fastavro reads as many records as packets crossed."""
    import fastavro
    tap = things.tap(pair, "-i", "va", "-i", "vb", "--hook", "tc", encoding="avro")
    sent = send(things, pair, 3000)
    tap.proc.send_signal(signal.SIGTERM)
    assert tap.ended() == 0
    with open(tap.path, "rb") as f:
        batches = list(fastavro.reader(f))
    records = [r for b in batches for r in b["records"]]
    assert len(records) == sum(b["count"] for b in batches) == 2 * sent
    assert tap.account()["delivered"] == 2 * sent
    assert len({(b["epoch"], b["cpu"], b["seq"] + i) for b in batches for i in range(b["count"])}) == 2 * sent
    assert {socket.inet_ntop(socket.AF_INET, r["src_ip"]) for r in records} == {"10.1.0.1"}
    assert {r["src_port"] for r in records} == set(range(1024, 1024 + sent))
