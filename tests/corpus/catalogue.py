# SPDX-License-Identifier: Apache-2.0
"""catalogue.py - the frames of our own captures: every protocol of the rules, alone and in combination.

systematic() is the same each time; random_frames(seed) mixes the same layers
by chance. Frames fit a link of MTU 1500 unless their name begins with "big".
"""
import random
import struct

from expect import Frame
from layers import (Ah, Data, Dccp, EtherIp, Eth, Ext, Frag6, Geneve, Gre, Gtp, Icmp, Icmp6, Ip4, Ip6, Mpls, Pppoe,
                    Sctp, Tag, Tcp, Udp, UdpLite, Vxlan)

ARP = bytes.fromhex("0001080006040001020000000001 0a000001 000000000000 0a000002".replace(" ", ""))
TEXT = Data(b"ninetap test payload " * 3)
LSRR = b"\x83\x0b\x04" + bytes([192, 0, 2, 1, 192, 0, 2, 2]) + b"\0"


def arp():
    return Data(ARP, ethertype=0x0806, kind="arp")


def tcp4(**ip):
    return [Ip4(**{"src": "10.42.0.1", "dst": "10.42.0.2", **ip}), Tcp(), TEXT]


def udp6(**ip):
    return [Ip6(**{"src": "fd00:42::1", "dst": "fd00:42::2", **ip}), Udp(sport=1234, dport=5678), TEXT]


def inner_eth(inner, *tags):
    return [Eth(dst="06:00:00:00:00:11"), *[Tag(vid=v) for v in tags], *inner]


def tunnel(kind, inner, v6=False, number=77, port=None):
    """Carrier and tunnel headers of one kind around inner (which begins with IP)."""
    ip = Ip6(src="2001:db8:a::1", dst="2001:db8:b::1") if v6 else Ip4(src="192.0.2.1", dst="198.51.100.1")
    sport = 50000 + number % 1000
    return {
        "vxlan": lambda: [ip, Udp(sport=sport, dport=port or 4789), Vxlan(vni=number), *inner_eth(inner)],
        "vxlan-tag": lambda: [ip, Udp(sport=sport, dport=port or 8472), Vxlan(vni=number), *inner_eth(inner, 310)],
        "geneve": lambda: [ip, Udp(sport=sport, dport=6081), Geneve(vni=number), *inner_eth(inner)],
        "geneve-ip": lambda: [ip, Udp(sport=sport, dport=6081), Geneve(vni=number), *inner],
        "gre": lambda: [ip, Gre(key=number), *inner],
        "gre-eth": lambda: [ip, Gre(), *inner_eth(inner, 311, 312)],
        "gtp": lambda: [ip, Udp(sport=sport, dport=2152), Gtp(teid=number), *inner],
        "ipip": lambda: [ip, *inner],
        "ethip": lambda: [ip, *inner_eth(inner)],
        "etherip": lambda: [ip, EtherIp(), *inner_eth(inner)],
    }[kind]()


TUNNEL_KINDS = ("vxlan", "vxlan-tag", "geneve", "geneve-ip", "gre", "gre-eth", "gtp", "ipip", "ethip", "etherip")


def plain():
    for name, l4 in (("tcp", Tcp(flags=0x1FF, win=65535)), ("tcp-opt", Tcp(options=b"\1" * 40)), ("udp", Udp()),
                     ("udplite", UdpLite()), ("udplite-4789", UdpLite(dport=4789)), ("sctp", Sctp()), ("dccp", Dccp()),
                     ("esp", Data(b"\0\0\1\1" * 8, proto=50)), ("ospf", Data(b"\2\1" * 16, proto=89)),
                     ("unknown", Data(b"x" * 24, proto=253)), ("tcp-doff4", Tcp(doff=4)), ("tcp-empty", Tcp())):
        yield "ip4/" + name, [Ip4(tos=0xB9, ttl=3), l4, TEXT]
        yield "ip6/" + name, [Ip6(tos=0x2E, ttl=255, flow=0xABCDE), l4, TEXT]
    for code in (0, 3):
        yield "ip4/icmp", [Ip4(), Icmp(itype=3, icode=code), Data(b"\0" * 28)]
        yield "ip6/icmp6", [Ip6(), Icmp6(itype=1, icode=code), Data(b"\0" * 48)]
    yield "ip4/igmp", [Ip4(dst="224.0.0.22", options=b"\x94\x04\0\0"), Data(b"\x22\0\0\0\0\0\0\0", proto=2)]
    yield "ip6/none", [Ip6(), Data(b"", proto=59)]
    for n in range(1, 11):
        yield "ip4/options", tcp4(options=b"\1" * (4 * n))
    yield "ip4/lsrr", tcp4(options=LSRR)
    yield "ip6/v4-mapped", udp6(src="::ffff:192.0.2.7", dst="::7")
    yield "ip6/zeros", udp6(src="::", dst="1:0:0:2::3")


def links():
    for depth in range(5):
        for tpid in (0x8100, 0x88A8, 0x9100):
            tags = [Tag(tpid=tpid if i == 0 else 0x8100, vid=(4095, 0, 7, 100)[i], pcp=i) for i in range(depth)]
            yield "tags/%d/%x" % (depth, tpid), [*tags, *tcp4()]
            yield "tags6/%d/%x" % (depth, tpid), [*tags, *udp6()]
    for n in range(1, 9):
        yield "mpls/%d" % n, [*[Mpls(label=100 + i) for i in range(n)], *tcp4()]
        yield "mpls6/%d" % n, [Tag(vid=5), *[Mpls(label=100 + i) for i in range(n)], *udp6()]
    for short in (False, True):
        yield "pppoe", [Pppoe(short=short), *tcp4()]
        yield "pppoe6", [Tag(vid=8), Pppoe(short=short), *udp6()]
    yield "pppoe-lcp", [Pppoe(), Data(b"\x09\1\0\4", kind="lcp")]


def snap():
    for inner in (tcp4(), udp6(), [Tag(vid=9), *tcp4()], [arp()]):
        yield "snap", [Eth(snap=True), *inner]


def extensions():
    for n in range(1, 9):
        chain = [Ext(proto=0 if i == 0 else (60, 43)[i % 2], units=1 + i % 3) for i in range(n)]
        yield "ext/%d" % n, [Ip6(), *chain, Tcp(), TEXT]
    for more, offset in ((0, 0), (1, 0), (1, 185), (0, 370)):
        yield "frag6/%d/%d" % (more, offset), [Ip6(), Frag6(more=more, offset=offset), Udp(dport=4789), Vxlan(), *inner_eth(tcp4())]
        yield "frag6-ext", [Ip6(), Ext(proto=0), Frag6(more=more, offset=offset), Ext(), Tcp(), TEXT]
        yield "frag4/%d/%d" % (more, offset), [Ip4(frag=more, offset=offset), Udp(dport=4789), Vxlan(), *inner_eth(tcp4())]
        yield "frag4-in", tunnel("vxlan", tcp4(frag=more, offset=offset))
    yield "frag4/df", tcp4(frag=2)
    for ip in (Ip4(), Ip6()):
        yield "ah", [ip, Ah(), Tcp(), TEXT]
        yield "ah-ipip", [ip, Ah(), *tcp4()]
        yield "ah-ah", [ip, Ah(), Ah(), Udp(), TEXT]
    yield "ext-ah", [Ip6(), Ext(proto=0), Ah(), Ext(), Sctp(), TEXT]


def tunnels():
    for v6 in (False, True):
        for kind in TUNNEL_KINDS:
            yield "%s/4" % kind, tunnel(kind, tcp4(), v6)
            yield "%s/6" % kind, tunnel(kind, udp6(), v6, 0xFFFFFF)
            yield "%s/tags" % kind, [Tag(tpid=0x88A8, vid=2), Tag(vid=3), *tunnel(kind, tcp4(), v6)]
            yield "%s/arp" % kind, tunnel(kind, [arp()], v6)
    for a in TUNNEL_KINDS:
        for b in TUNNEL_KINDS:
            yield "%s+%s" % (a, b), tunnel(a, tunnel(b, tcp4(), True, 5), False, 6)
            yield "%s+%s+gtp" % (a, b), tunnel(a, tunnel(b, tunnel("gtp", udp6()), False, 5), True, 6)
    for c in TUNNEL_KINDS:
        yield "vxlan+gre+%s" % c, tunnel("vxlan", tunnel("gre", tunnel(c, tcp4())))


def vxlan_flags():
    for flags in (0, 0x80, 0xF7, 0x08, 0x88, 0xFF, 0x0C):
        yield "vxlan-flags/%02x" % flags, [Ip4(), Udp(dport=4789), Vxlan(flags=flags), *inner_eth(tcp4())]
    yield "vxlan-source-port", [Ip4(), Udp(sport=4789, dport=50000), Vxlan(), *inner_eth(tcp4())]
    for n in (0, 1, 15, 31):
        yield "geneve-options/%d" % n, [Ip4(), Udp(dport=6081), Geneve(options=b"\0\1\0\0" * n, bits=0x40), *inner_eth(tcp4())]
    yield "geneve-version", [Ip4(), Udp(dport=6081), Geneve(version=1), *inner_eth(tcp4())]


def gre_flags():
    for n in range(8):
        fields = dict(csum=bool(n & 1), key=9 if n & 2 else None, seq=8 if n & 4 else None)
        yield "gre/%d" % n, [Ip4(), Gre(**fields), *tcp4()]
        yield "gre6/%d" % n, [Ip6(), Gre(**fields), Mpls(label=20), Mpls(label=21), *udp6()]
        yield "gre-eth/%d" % n, [Ip4(), Gre(**fields), *inner_eth(udp6(), 5)]
    yield "gre-key0", [Ip4(), Gre(key=0), *tcp4()]
    yield "gre-route", [Ip4(), Gre(route=True), *tcp4()]
    yield "gre-keepalive", [Ip4(), Gre(number=0)]
    yield "gre-v1", [Ip4(), Gre(version=1, key=4, number=0x880B), Data(b"\xff\x03\0\x21"), *tcp4()]
    yield "gre-ppp", [Ip4(), Gre(number=0x880B), Data(b"\xff\x03\0\x21"), *tcp4()]
    for erspan, seq in ((1, None), (2, 5), (3, 6)):
        for key in (None, 3):
            yield "erspan/%d" % erspan, [Ip4(), Gre(erspan=erspan, seq=seq, key=key), *inner_eth(tcp4(), 44)]


def gtp():
    ext = (b"\x10\x09", b"\x01" * 6, b"\x02" * 14)
    for n in range(8):
        fields = dict(seq=1 if n & 1 else None, npdu=2 if n & 2 else None, ext=ext[:1 + n % 3] if n & 4 else ())
        yield "gtp/%d" % n, [Ip4(), Udp(dport=2152), Gtp(**fields), *tcp4()]
        yield "gtp6/%d" % n, [Ip6(), Udp(dport=2152), Gtp(teid=0xFFFFFFFF, **fields), *udp6()]
    yield "gtp-echo", [Ip4(), Udp(dport=2152), Gtp(message=1), Data(b"\x0e\x01")]
    yield "gtp-end", [Ip4(), Udp(dport=2152), Gtp(message=254)]


def not_ip():
    yield "arp", [arp()]
    yield "arp-tagged", [Tag(vid=3), Tag(vid=4), arp()]
    yield "lldp", [Data(b"\x02\x07\x04" + b"\0" * 40, ethertype=0x88CC)]
    yield "unknown", [Data(b"\x45" + b"\0" * 60)]
    yield "mpls-not-ip", [Mpls(), Data(b"\0\0\0\0" + b"\xaa" * 40)]
    yield "wrong-version", [Ip4(version=6), Tcp(), TEXT]
    yield "short-ihl", [Ip4(ihl=4), Tcp(), TEXT]
    yield "inner-short-ihl", tunnel("vxlan", [Ip4(ihl=4), Tcp(), TEXT])


def lengths():
    """Padding, and total lengths that end before the header that the protocol promises."""
    for total in (20, 22, 23, 24, 28, 39, 40):
        yield "padding/%d" % total, tcp4(total=total)
    for total in (0, 3, 4, 8, 19, 20):
        yield "padding6/%d" % total, [Ip6(total=total), Tcp(), TEXT]
    yield "padding-tunnel", [Ip4(total=36), Udp(dport=4789), Vxlan(), *inner_eth(tcp4())]
    yield "total0", tcp4(total=0)
    yield "total0-tunnel", [Ip4(total=0), Udp(dport=4789), Vxlan(), *inner_eth(tcp4(total=0))]


def deep():
    """As many headers as the rules promise to read: 4 tags, 8 labels, 8 extension headers, 512 bytes."""
    yield "deep/v6", [*[Tag(vid=i) for i in range(4)], Ip6(), *[Ext(units=1) for _ in range(8)], Udp(dport=4789), Vxlan(),
                      *inner_eth([Ip6(), Udp(dport=2152), Gtp(ext=(b"\1" * 14,)), Ip4(options=b"\1" * 36), Tcp(), TEXT], 1, 2)]
    yield "deep/512", [Ip6(), Ext(units=20), Udp(dport=6081), Geneve(options=b"\0\1\0\0" * 31), Eth(), Ip6(),
                       Ext(units=4), *tcp4()]


def systematic():
    frames = [Frame(name, [Eth(), *rest]) for part in (plain, links, extensions, tunnels, vxlan_flags, gre_flags, gtp, not_ip,
                                                       lengths, deep) for name, rest in part()]
    frames += [Frame(name, rest) for name, rest in snap()]
    return frames + [Frame("pad/%d" % n, [Eth(), *tcp4()], pad=b"\xee" * n) for n in (1, 6, 18)]


def cut_frames():
    """What each header looks like when the frame ends in it; to be cut at every byte."""
    pick = ("ip4/tcp", "ip6/udp", "ip4/icmp", "ip4/options", "tags/2/88a8", "mpls/2", "pppoe", "ext/3", "ah", "ah-ipip", "vxlan/4",
            "geneve-options/1", "gre/7", "gtp/7", "ipip/6", "etherip/4", "erspan/2", "erspan/3", "vxlan+gtp", "frag6/1/0")
    seen = {}
    for f in systematic():
        if f.name in pick:
            seen.setdefault(f.name, f)
    assert len(seen) == len(pick), set(pick) - set(seen)
    return list(seen.values())


def random_ip(rnd):
    if rnd.random() < 0.5:
        return Ip4(src=socket_v4(rnd), dst=socket_v4(rnd), ttl=rnd.randrange(256), tos=rnd.randrange(256),
                   options=b"\1" * (4 * rnd.choice((0, 0, 0, 1, 9))), frag=rnd.choice((0, 2, 0, 1)))
    return Ip6(src=socket_v6(rnd), dst=socket_v6(rnd), ttl=rnd.randrange(256), tos=rnd.randrange(256), flow=rnd.randrange(1 << 20))


def socket_v4(rnd):
    return ".".join(str(rnd.randrange(1, 255)) for _ in range(4))


def socket_v6(rnd):
    return ":".join("%x" % rnd.choice((0, 0, rnd.randrange(1 << 16))) for _ in range(8))


def random_l4(rnd, v6):
    ports = dict(sport=rnd.randrange(1 << 16), dport=rnd.choice((80, 443, 65535, 5060)))
    return rnd.choice((lambda: Tcp(flags=rnd.randrange(512), win=rnd.randrange(1 << 16), options=b"\1" * rnd.choice((0, 12)), **ports),
                       lambda: Udp(**ports), lambda: Sctp(**ports), lambda: UdpLite(**ports),
                       lambda: Icmp6(itype=rnd.randrange(128, 138)) if v6 else Icmp(itype=rnd.choice((0, 8, 3, 11)))))()


def random_layers(rnd, depth):
    ip = random_ip(rnd)
    v6 = ip.kind == "ip6"
    chain = [Ext(proto=rnd.choice((60, 43)), units=rnd.randrange(1, 4)) for _ in range(rnd.randrange(4))] if v6 and rnd.random() < 0.3 else []
    if depth == 0:
        return [ip, *chain, random_l4(rnd, v6), Data(rnd.randbytes(rnd.randrange(90)))]
    inner = random_layers(rnd, depth - 1)
    carried = tunnel(rnd.choice(TUNNEL_KINDS), inner, False, rnd.randrange(1 << 24), rnd.choice((4789, 8472)))
    return [ip, *chain, *carried[1:]]


def random_frames(seed, count):
    rnd = random.Random(seed)
    for i in range(count):
        tags = [Tag(tpid=rnd.choice((0x8100, 0x88A8, 0x9100)), vid=rnd.randrange(4096)) for _ in range(rnd.choice((0, 0, 1, 2, 3)))]
        mpls = [Mpls(label=rnd.randrange(16, 1 << 20)) for _ in range(rnd.choice((0, 0, 0, 1, 3)))]
        yield Frame("random/%d/%d" % (seed, i), [Eth(), *tags, *mpls, *random_layers(rnd, rnd.choice((0, 1, 1, 2, 2)))])


def write_pcap(path, packets):
    """packets: (ts_ns, bytes, wire length); nanosecond pcap, Ethernet."""
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 262144, 1))
        for ts, data, wire in packets:
            f.write(struct.pack("<IIII", ts // 10**9, ts % 10**9, len(data), wire) + data)
