# SPDX-License-Identifier: Apache-2.0
"""One skb for many packets: TSO and GRO on a veth, a guest's TSO on a tap, headers in fragments, L3 devices."""
import fcntl
import json
import os
import socket
import struct
import subprocess
import threading

import pytest

import catalogue
import lab
import rows

c = catalogue
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_TAP, IFF_NAPI, IFF_NAPI_FRAGS, IFF_NO_PI, IFF_VNET_HDR = 1, 2, 0x10, 0x20, 0x1000, 0x4000
GSO_TCPV4, GSO_TCPV6, GSO_UDP_L4 = 1, 4, 5
GUEST_KINDS = ("tcp4", "tcp6", "udp") if lab.kernel() >= (6, 2) else ("tcp4", "tcp6")  # a tap takes UDP segments from 6.2 on
TCP_HEADERS = 14 + 20 + 20 + 12  # with time stamps


class TunDevice:
    """A tap or tun whose other end is this process."""

    def __init__(self, ns, name, flags):
        with ns.entered():
            self.fd = os.open("/dev/net/tun", os.O_RDWR)
            fcntl.ioctl(self.fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), flags | IFF_NO_PI))
        ns.ip("link", "set", name, *([] if flags & IFF_TUN else ["arp", "off"]), "up")

    def close(self):
        os.close(self.fd)


def two_boxes(things):
    a, b = things.ns("a"), things.ns("b")
    a.veth("va", "vb", b)
    for ns, dev, address in ((a, "va", "10.9.0.1/24"), (b, "vb", "10.9.0.2/24")):
        ns.ip("link", "set", dev, "arp", "on")
        ns.ip("addr", "add", address, "dev", dev)
    return a, b


def transfer(a, b, size):
    """size bytes by TCP from a to b. Returns what TCP itself counted: (bytes sent, data segments, MSS, port)."""
    with b.entered():
        server = socket.create_server(("10.9.0.2", 0))
    port = server.getsockname()[1]
    with a.entered():
        client = socket.create_connection(("10.9.0.2", port))
    peer, _ = server.accept()
    received = []
    reader = threading.Thread(target=lambda: received.extend(len(d) for d in iter(lambda: peer.recv(1 << 20), b"")))
    reader.start()
    for _ in range(size >> 20):
        client.sendall(b"\xa5" * (1 << 20))
    client.shutdown(socket.SHUT_WR)
    reader.join(60)
    info = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 232)
    assert sum(received) == size
    for s in (client, peer, server):
        s.close()
    return struct.unpack_from("Q", info, 200)[0], struct.unpack_from("I", info, 156)[0], struct.unpack_from("I", info, 16)[0], port


@pytest.mark.parametrize("hook", ("tc", "xdp", "auto"))
def test_tcp_counts_the_same(things, hook):
    """payload_bytes and packets of every record against TCP_INFO, retransmissions included, at both ends.

    With native XDP a veth has a queue, one segment an entry. What it drops left a and never came to b's hook.
    """
    a, b = two_boxes(things)
    out = things.tap(a, "-i", "va", "--hook", "tc")
    into = things.tap(b, "-i", "vb", "--hook", hook)
    sent, segments, mss, port = transfer(a, b, 64 << 20)
    dropped = a.stats("va")["tx"]["dropped"]
    assert hook == "xdp" or not dropped
    for tap, way in ((out, "out"), (into, "in")):
        if way == "in":
            sent, segments = sent - dropped * mss, segments - dropped
        records, figures = tap.stop()
        data = [r for r in records if r.get("dst_port") == port and r.get("payload_bytes", 0) and r["dir"] == way]
        payload, packets = sum(r["payload_bytes"] for r in data), sum(r["packets"] for r in data)
        print("%s %s: TCP sent %d bytes in %d segments, recorded %d in %d packets, %d records; %d dropped between" % (
            hook, way, sent, segments, payload, packets, len(data), dropped))
        assert abs(payload - sent) <= sent / 1000 and abs(packets - segments) <= segments / 1000
        assert figures["recorded"] == len(records) > 0
        for r in data:
            assert r["packets"] == -(-r["payload_bytes"] // mss), (r, mss)
            assert r["bytes"] == r["payload_bytes"] + r["packets"] * TCP_HEADERS, r
        if way == "out" and hook != "xdp":
            assert max(r["packets"] for r in data) > 10, "no TSO: this test shows nothing"


def test_iperf3(things):
    """The same against iperf3's own figures, TSO on."""
    a, b = two_boxes(things)
    tap = things.tap(a, "-i", "va", "--hook", "tc")
    server = subprocess.Popen(b.argv("iperf3", "-s", "-1", "-p", "5201", "--forceflush"), stdout=subprocess.PIPE, text=True)
    try:
        assert any("listening" in line for line in server.stdout)
        report = json.loads(a.run("iperf3", "-c", "10.9.0.2", "-p", "5201", "-n", "100M", "-J").stdout)
        server.stdout.read()
        server.wait(lab.WAIT)
    finally:
        server.kill()
        server.wait()
        server.stdout.close()
    records, figures = tap.stop()
    assert figures["recorded"] == len(records) == figures["seen"] - rows.fates(figures), figures
    # The client ends with data in its socket: what it says it sent is a bound, what the server read another.
    sent, received = report["end"]["sum_sent"], report["end"]["sum_received"]["bytes"]
    payload = sum(r.get("payload_bytes", 0) for r in records if r["dir"] == "out" and r.get("dst_port") == 5201)
    print("iperf3 sent %d bytes, %d retransmissions, received %d; recorded %d" % (sent["bytes"], sent["retransmits"], received, payload))
    assert sent["bytes"] >= 100 << 20 and max(r["packets"] for r in records) > 10
    assert received * 0.999 <= payload <= (sent["bytes"] + sent["retransmits"] * 1448) * 1.001


def guest_frame(kind, size, tags=()):
    """(frame, gso type, header bytes in front of the payload, offset of the checksum field)."""
    l4, gso, field = (c.Udp(sport=7, dport=9), GSO_UDP_L4, 6) if kind == "udp" else (c.Tcp(), GSO_TCPV6 if kind == "tcp6" else GSO_TCPV4, 16)
    ip = c.Ip6() if kind == "tcp6" else c.Ip4()
    f = c.Frame("guest", [c.Eth(), *[c.Tag(vid=v) for v in tags], ip, l4, c.Data(b"G" * size)])
    return f, gso, len(f.data) - size, field


@pytest.mark.parametrize("tags", ((), (77,), (77, 78)))
@pytest.mark.parametrize("kind", GUEST_KINDS)
def test_guest_segments(things, kind, tags):
    """A tap with vnet headers: gso_size is set, gso_segs is not; bytes are those of the segments on the wire."""
    ns = things.ns("tap")
    device = things.keep(TunDevice(ns, "tap0", IFF_TAP | IFF_VNET_HDR))
    tap = things.tap(ns, "-i", "tap0", "--hook", "tc")
    cases = [(8000, 1400), (1400, 1400), (1401, 1400), (2800, 1400), (9999, 100), (500, 0)]
    expected = []
    for size, gso_size in cases:
        f, gso, headers, field = guest_frame(kind, size, tags)
        l4 = headers - (8 if kind == "udp" else 20)
        segmented = gso_size and size > gso_size
        vnet = struct.pack("<BBHHHHH", 1, gso, headers, gso_size, l4, field, 0)[:10] if segmented else b"\0" * 10
        assert os.write(device.fd, vnet + f.data) == len(vnet + f.data)
        packets = -(-size // gso_size) if segmented else 1
        expected.append((f, packets, size + packets * headers, size))
    lab.wait_for("frames", lambda: ns.stats("tap0")["rx"]["packets"] >= len(cases))
    records, figures = tap.stop()
    lab.check_balance(figures, records, len(cases))
    for (f, packets, length, payload), r in zip(expected, lab.in_order(records)):
        assert not rows.differences(rows.want(f.expect()), r)
        assert (r["packets"], r["bytes"], r["payload_bytes"]) == (packets, length, payload), r


@pytest.mark.parametrize("piece", (14, 20, 64))
def test_headers_in_fragments(things, piece):
    """An skb whose linear part ends behind the MAC header, or anywhere: the rest is read all the same."""
    ns = things.ns("frags")
    device = things.keep(TunDevice(ns, "tap0", IFF_TAP | IFF_NAPI | IFF_NAPI_FRAGS))
    sending = [f for f in catalogue.systematic() if f.expect()["status"] == "ok" and f.name.split("/")[0] not in ("padding", "padding6", "pad")
               and "total0" not in f.name]
    tap = things.tap(ns, "-i", "tap0", "--hook", "tc")
    sent = []
    for f in sending:
        cuts = [0, *range(14, min(len(f.data), 14 + 15 * piece), piece), len(f.data)]
        if os.writev(device.fd, [f.data[x:y] for x, y in zip(cuts, cuts[1:])]) == len(f.data):
            sent.append(f)
    lab.wait_for("frames", lambda: ns.stats("tap0")["rx"]["packets"] >= len(sent))
    records, figures = tap.stop()
    lab.check_balance(figures, records, len(sent))
    assert len(sent) == len(sending) > 300
    for f, r in zip(sent, lab.in_order(records)):
        wrong = rows.differences(rows.want(f.expect()), r)
        assert not wrong and r["bytes"] == len(f.data), (f.name, wrong, r["bytes"], len(f.data), f.data.hex())


def test_l3_device(things):
    """A tun has no Ethernet header: read from IP on, by TC; bytes begin with IP."""
    ns = things.ns("tun")
    device = things.keep(TunDevice(ns, "tun0", IFF_TUN))
    tap = things.tap(ns, "-i", "tun0")
    assert "ingress xdp" not in tap.wait_line("ninetap: attached tun0")
    sending = [c.Frame("l3", layers) for layers in (c.tcp4(), c.udp6(), c.tunnel("vxlan", c.tcp4()), c.tunnel("gtp", c.udp6()),
                                                    c.tunnel("ipip", c.tcp4(), True), c.tunnel("gre-eth", c.tcp4()))]
    for f in sending:
        assert os.write(device.fd, f.data) == len(f.data)
    lab.wait_for("packets", lambda: ns.stats("tun0")["rx"]["packets"] >= len(sending))
    things.sender(ns, "tun0").send(f.data for f in sending)
    assert [os.read(device.fd, 2048) for _ in sending] == [f.data for f in sending]
    records, figures = tap.stop()
    lab.check_balance(figures, records, 2 * len(sending))
    for direction in ("in", "out"):
        found = [r for r in lab.in_order(records) if r["dir"] == direction]
        assert len(found) == len(sending)
        for f, r in zip(sending, found):
            wrong = rows.differences(rows.want(f.expect()), r)
            assert not wrong and (r["bytes"], r["hook"]) == (len(f.data), "tc"), (wrong, r)
