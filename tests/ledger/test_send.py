# SPDX-License-Identifier: Apache-2.0
"""send.c itself: by socket and as live frames the same packets, and as many as it says; at a pace not more than that."""
import collections
import ipaddress
import time

import pytest

from loads import counted, finish

PACKETS, FLOWS = 5000, 300
MASK = (1 << 64) - 1


def pick(n):
    """splitmix64, as its author publishes it."""
    x = (n + 1) * 0x9E3779B97F4A7C15 & MASK
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & MASK
    x = (x ^ x >> 27) * 0x94D049BB133111EB & MASK
    return (x ^ x >> 31) % FLOWS


def wanted():
    """Packets by what tells their flow: a client, a server, a port; a host in front of them."""
    text = lambda net, n: str(ipaddress.ip_address(net) + n)
    return collections.Counter((text("10.0.0.0", n), text("10.128.0.0", n % 50), 6, 30000 + n, 443, text("192.0.2.3", n % 20))
                               for n in map(pick, range(PACKETS)))


@pytest.mark.parametrize("live", (0, 1))
def test_same_packets_either_way(things, pair, pins, load, live):
    tap = things.tap(pair, "-i", "vb", "--hook", "xdp", *pins)
    sent = load(pair, "va", packets=PACKETS, flows=FLOWS, mix=1, tcp=1, vni=42, live=live).wait()
    assert sent.packets == counted(pair, "vb").packets == PACKETS
    finish(tap)
    got = collections.Counter((r["src_ip"], r["dst_ip"], r["proto"], r["src_port"], r["dst_port"], r["tunnels"][0]["src_ip"])
                              for r in tap.records() if r["tunnels"][0]["id"] == 42 and r["bytes"] * PACKETS == sent.bytes)
    assert got == wanted()


def test_live_frames_keep_pace(things, pair, pins, load):
    """Never ahead of it; how far behind it is up to the machine."""
    tap = things.tap(pair, "-i", "vb", "--hook", "xdp", "--mode", "flow", *pins)
    begun = time.monotonic()
    sent = load(pair, "va", packets=20001, rate=20000, live=1).wait()
    assert time.monotonic() - begun > 1
    finish(tap)
    assert tap.account()["seen"] == sent.packets == 20001
