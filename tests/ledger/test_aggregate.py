# SPDX-License-Identifier: Apache-2.0
"""The same traffic gives the same five-minute aggregate in packet mode and in flow mode: sums, extremes and times, per window."""
import collections
import os
import random

import pytest

import aggregate
import catalogue as c
import ledger
import rows
from loads import counted, finish

BEGIN = 1_700_000_100 // 300 * 300 * 10**9  # a window begins
CORPUS = os.path.join(rows.SHARED, "corpus")
PUBLIC = [os.path.join(CORPUS, "nested.pcap")] if os.path.exists(os.path.join(CORPUS, "nested.pcap")) else []


def stated(name, n, build):
    """n frames of one flow, each by its number."""
    return [c.Frame(name, [c.Eth(), *build(i)]).data for i in range(n)]


def tcp(i, **ip):
    win = (0, 65535, 1, 501 * i % 65536)[i % 4]
    flags = (2, 16, 24, 17)[i % 4]
    return [c.Ip4(**ip), c.Tcp(sport=4000, dport=443, flags=flags, win=win), c.Data(b"x" * (7 * i % 1400))]


def conversations():
    """{name: frames}: every kind that the flow tables know, with lengths, windows and flags that change."""
    udp6 = lambda i: [c.Ip6(), c.Udp(sport=1, dport=2), c.Data(b"y" * (i % 50))]
    return {
        "tcp": stated("tcp", 60, tcp),
        "tcp6": stated("tcp6", 40, lambda i: [c.Ip6(), *tcp(i)[1:]]),
        "udp6": stated("udp6", 30, udp6),
        "vxlan": stated("vxlan", 40, lambda i: c.tunnel("vxlan", tcp(i))),
        "vxlan, another": stated("vxlan", 20, lambda i: c.tunnel("vxlan", tcp(i), number=78)),
        "two tunnels": stated("two", 40, lambda i: c.tunnel("gre", c.tunnel("vxlan-tag", tcp(i), True, 5), False, 6)),
        "tags": stated("tags", 20, lambda i: [c.Tag(vid=7), c.Tag(vid=8), *tcp(i)]),
        "icmp": stated("icmp", 10, lambda i: [c.Ip4(), c.Icmp(itype=(8, 0)[i % 2]), c.TEXT]),
        "fragments": stated("frag", 10, lambda i: tcp(i, frag=1, offset=0 if i % 2 else 100)),
        "one packet": stated("one", 1, lambda i: tcp(i, src="10.9.9.9")),
    }


def own_capture(path, seed):
    """Conversations, mixed, over the end of a window; of the catalogue's frames each thrice. Gaps from 0 to 80 s; some times go back."""
    rnd = random.Random(seed)
    at = BEGIN + 280 * 10**9
    packets = []
    queues = [list(frames) for frames in conversations().values()]
    queues += [[f.data] * 3 for f in c.systematic()[::3]]
    while queues:
        queue = rnd.choice(queues)
        data = queue.pop(0)
        queues = [q for q in queues if q]
        at += rnd.choice((0, 1, 999, 1000, 1001, 10**6, 10**7 + 1, 2 * 10**8)) if rnd.random() < 0.995 else rnd.randrange(80 * 10**9)
        packets.append((at - (5000 if rnd.random() < 0.01 else 0), data, len(data)))
    c.write_pcap(path, packets)
    return packets


def both(path, *options):
    """(aggregate of packets, of flows, flow records) of a capture, replayed in both modes."""
    out = {}
    for mode in ("packet", "flow"):
        found, figures = rows.replay(path, "--mode", mode, *options)
        assert figures["seen"] == figures["recorded"] + figures["flow"] + rows.fates(figures), figures
        assert all((r.get("type") == "flow") == (mode == "flow") for r in found), "records of the other mode"
        out[mode] = found
    return aggregate.of_packets(out["packet"]), aggregate.of_flows(out["flow"]), out["flow"]


def compare(packets, flows, records):
    print("compared %d flows of %d windows, %d packets, %d flow records" % (
        len(packets), len({k[0] for k in packets}), sum(r.packets for r in packets.values()), len(records)))
    assert packets.keys() == flows.keys(), (list(packets.keys() ^ flows.keys())[:4])
    wrong = {k: [(f, a, b) for f, a, b in zip(aggregate.Row._fields, packets[k], flows[k]) if a != b]
             for k in packets if packets[k] != flows[k]}
    assert not wrong, "%d flows differ: %s" % (len(wrong), list(wrong.items())[:3])


@pytest.mark.parametrize("seed, options", ((1, ()), (2, ("--flow-idle", "1s", "--flow-active", "1s")), (3, ("--hook", "tc"))),
                         ids=("default", "short", "tc"))
def test_own_capture(tmp_path, seed, options):
    path = tmp_path / "own.pcap"
    sent = own_capture(path, seed)
    packets, flows, records = both(path, *options)
    compare(packets, flows, records)
    assert len({k[0] for k in packets}) >= 2, "no window ended"
    assert len(records) > len(flows), "each flow had one record: none was joined"
    assert any((r.gaps.high or 0) > 2**32 // 1000 for r in packets.values()), "no time between packets was long"
    assert len({k[1:] for k in packets}) < len(packets), "no flow crossed the end of a window"
    assert sum(r.packets for r in packets.values()) <= len(sent)


def test_one_flow_by_hand(tmp_path):
    """Not by way of packets' records: the figures of one conversation, from what was written into the capture."""
    frames = conversations()["two tunnels"]
    times = [BEGIN + 299 * 10**9 + i * (10**8 + 500) for i in range(len(frames))]
    path = tmp_path / "one.pcap"
    c.write_pcap(path, [(t, f, len(f)) for t, f in zip(times, frames)])
    _, flows, records = both(path)
    assert len(flows) == 2
    for key, row in flows.items():
        mine = [i for i, t in enumerate(times) if t // (300 * 10**9) == key[0]]
        sizes = [len(frames[i]) for i in mine]
        windows = [(0, 65535, 1, 501 * i % 65536)[i % 4] for i in mine]
        gaps = [(times[b] - times[a]) // 1000 for a, b in zip(mine, mine[1:])]
        assert row[:2] == (times[mine[0]], times[mine[-1]])
        assert row[2:9] == (len(mine), len(mine), sum(sizes), sum(7 * i % 1400 for i in mine), min(sizes), max(sizes), sum(s * s for s in sizes))
        assert row.flags == 2 | 16 | 24 | 17
        assert row.window == aggregate.spread(windows) and row.gaps == aggregate.spread(gaps)
    print("compared %d flow records with what was written" % len(records))


@pytest.mark.parametrize("path", PUBLIC, ids=os.path.basename)
def test_public_capture(path):
    packets, flows, records = both(path)
    compare(packets, flows, records)
    assert len(packets) > 100


def test_live_flows_by_frame(things, pair, pins, load):
    """A flow is written each second; what its records hold adds up to what was sent of it."""
    tap = things.tap(pair, "-i", "vb", "--hook", "tc", "--mode", "flow", "--flow-active", "1s", "--flow-idle", "1s", *pins)
    flows, each = 250, 160
    sent = load(pair, "va", packets=flows * each, flows=flows, rate=10000).wait()
    world = counted(pair, "vb")
    finish(tap)
    account = ledger.check(ledger.Received().files(tap.path), sent, world)
    ledger.audited(account, "file:" + tap.path)
    sums, records = collections.Counter(), collections.Counter()
    for r in aggregate.load(tap.path + ".flows"):
        sums[r["src_ip"], r["src_port"]] += r["packets"]
        records[r["src_ip"], r["src_port"]] += 1
        assert r["bytes"] == 60 * r["packets"] and r["bytes_sumsq"] == 3600 * r["packets"] and r["bytes_min"] == r["bytes_max"] == 60
    assert sums == {("10.0.0.0", 1024 + i): each for i in range(flows)}
    assert min(records.values()) >= 2, "no flow had a second record"
