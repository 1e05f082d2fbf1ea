# SPDX-License-Identifier: Apache-2.0
"""layers.py - the headers that test frames are made of.

Each class writes its own bytes (build) given the bytes behind it, and says
what number the layer in front must carry for it. What a frame made of them
should be reported as is decided in expect.py, from the same list and not from
the bytes. Nothing here is shared with the parser under test.
"""
import socket
import struct

VXLAN_PORTS, GENEVE_PORT, GTP_PORT = (4789, 8472), 6081, 2152
ETHERTYPE = {"ip4": 0x0800, "ip6": 0x86DD, "eth": 0x6558, "mpls": 0x8847, "pppoe": 0x8864, "arp": 0x0806}


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


class Layer:
    """kind: what expect.py calls it; size: bytes of the header itself."""
    kind, ethertype, proto, size = "data", 0x88B5, 253, 0

    def __init__(self, **fields):
        self.__dict__.update(fields)

    def build(self, rest, nxt):
        raise NotImplementedError


class Data(Layer):
    def __init__(self, data=b"", **fields):
        super().__init__(data=data, size=len(data), **fields)

    def build(self, rest, nxt):
        return self.data + rest


class Eth(Layer):
    """snap: 802.3 with LLC and SNAP instead of an ethertype."""
    kind, ethertype, proto = "eth", 0x6558, 143
    dst, src, snap = "06:00:00:aa:bb:01", "06:00:00:aa:bb:02", False

    @property
    def size(self):
        return 22 if self.snap else 14

    def build(self, rest, nxt):
        macs = bytes.fromhex((self.dst + self.src).replace(":", ""))
        if not self.snap:
            return macs + struct.pack("!H", nxt.ethertype) + rest
        snap = b"\xaa\xaa\x03\0\0\0" + struct.pack("!H", nxt.ethertype)
        return macs + struct.pack("!H", len(snap + rest)) + snap + rest


class Tag(Layer):
    kind, size, vid, pcp, tpid = "tag", 4, 1, 0, 0x8100

    @property
    def ethertype(self):
        return self.tpid

    def build(self, rest, nxt):
        return struct.pack("!HH", self.pcp << 12 | self.vid, nxt.ethertype) + rest


class Mpls(Layer):
    kind, size, ethertype, label, ttl = "mpls", 4, 0x8847, 16, 64

    def build(self, rest, nxt):
        bottom = nxt.kind != "mpls"
        return struct.pack("!I", self.label << 12 | bottom << 8 | self.ttl) + rest


class Pppoe(Layer):
    """short: the PPP protocol number in one byte."""
    kind, ethertype, short = "pppoe", 0x8864, False

    @property
    def size(self):
        return 7 if self.short else 8

    def build(self, rest, nxt):
        number = {"ip4": 0x21, "ip6": 0x57}.get(nxt.kind, 0xC021)
        ppp = struct.pack("!B" if self.short else "!H", number)
        return struct.pack("!BBHH", 0x11, 0, 7, len(ppp + rest)) + ppp + rest


class Ip4(Layer):
    """options: bytes, a multiple of 4. total: overrides the total length field."""
    kind, ethertype, proto = "ip4", 0x0800, 4
    src, dst, ttl, tos, frag, offset, options, total, number = "10.1.0.1", "10.2.0.2", 64, 0, 0, 0, b"", None, None
    version = ihl = None

    @property
    def size(self):
        return 20 + len(self.options)

    def build(self, rest, nxt):
        total = self.size + len(rest) if self.total is None else self.total
        self.wrote_total = total
        self.wrote_proto = nxt.proto if self.number is None else self.number
        first = (self.version or 4) << 4 | (self.size // 4 if self.ihl is None else self.ihl)
        head = struct.pack("!BBHHHBBH4s4s", first, self.tos, total, 0x1234, self.frag << 13 | self.offset, self.ttl,
                           self.wrote_proto, 0, socket.inet_aton(self.src), socket.inet_aton(self.dst)) + self.options
        return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + rest


class Ip6(Layer):
    """total: overrides the payload length field."""
    kind, ethertype, proto, size = "ip6", 0x86DD, 41, 40
    src, dst, ttl, tos, flow, total, number = "2001:db8::1", "2001:db8:0:1::2", 64, 0, 0, None, None

    def build(self, rest, nxt):
        payload = len(rest) if self.total is None else self.total
        self.wrote_total = payload + 40
        self.wrote_proto = nxt.proto if self.number is None else self.number
        return struct.pack("!IHBB", 6 << 28 | self.tos << 20 | self.flow, payload, self.wrote_proto, self.ttl) + \
            socket.inet_pton(socket.AF_INET6, self.src) + socket.inet_pton(socket.AF_INET6, self.dst) + rest


class Ext(Layer):
    """Hop-by-hop (0), routing (43) or destination options (60), padded with PadN; units of 8 bytes."""
    kind, proto, units = "ext", 60, 1

    @property
    def size(self):
        return self.units * 8

    def build(self, rest, nxt):
        self.wrote_proto = nxt.proto
        body = struct.pack("!BBI", 253, 0, 0) if self.proto == 43 else struct.pack("!BB", 1, min(255, self.size - 4))
        return (struct.pack("!BB", nxt.proto, self.units - 1) + body).ljust(self.size, b"\0") + rest


class Frag6(Layer):
    kind, proto, size, more, offset = "frag6", 44, 8, 0, 0

    def build(self, rest, nxt):
        self.wrote_proto = nxt.proto
        return struct.pack("!BBHI", nxt.proto, 0, self.offset << 3 | self.more, 0xABCD) + rest


class Ah(Layer):
    kind, proto, size = "ah", 51, 24

    def build(self, rest, nxt):
        self.wrote_proto = nxt.proto
        return struct.pack("!BBHII", nxt.proto, 4, 0, 0x77, 1) + b"\x5a" * 12 + rest


class Tcp(Layer):
    kind, proto, size = "tcp", 6, 20
    sport, dport, flags, win, doff, options = 40000, 443, 0x18, 501, None, b""

    @property
    def size(self):
        return 20 + len(self.options)

    def build(self, rest, nxt):
        doff = self.size // 4 if self.doff is None else self.doff
        return struct.pack("!HHIIHHHH", self.sport, self.dport, 1, 2, doff << 12 | self.flags, self.win, 0, 0) + \
            self.options + rest


class Udp(Layer):
    kind, proto, size, sport, dport = "udp", 17, 8, 40001, 53

    def build(self, rest, nxt):
        return struct.pack("!HHHH", self.sport, self.dport, (8 + len(rest)) & 0xFFFF, 0) + rest


class UdpLite(Udp):
    kind, proto = "ports", 136

    def build(self, rest, nxt):
        return struct.pack("!HHHH", self.sport, self.dport, 0, 0xBEEF) + rest


class Sctp(Layer):
    kind, proto, size, sport, dport = "ports", 132, 12, 38412, 36412

    def build(self, rest, nxt):
        return struct.pack("!HHII", self.sport, self.dport, 7, 0) + rest


class Dccp(Layer):
    kind, proto, size, sport, dport = "ports", 33, 16, 5001, 5002

    def build(self, rest, nxt):
        return struct.pack("!HHBBHBBHI", self.sport, self.dport, 4, 0, 0, 5, 0, 1, 2) + rest


class Icmp(Layer):
    kind, proto, size, itype, icode = "icmp", 1, 8, 8, 0

    def build(self, rest, nxt):
        return struct.pack("!BBHHH", self.itype, self.icode, 0, 9, 1) + rest


class Icmp6(Icmp):
    proto, itype = 58, 128


class Vxlan(Layer):
    kind, size, vni, flags = "vxlan", 8, 42, 0x08

    def build(self, rest, nxt):
        return struct.pack("!B3xI", self.flags, self.vni << 8) + rest


class Geneve(Layer):
    """options: bytes, a multiple of 4."""
    kind, vni, options, version, bits = "geneve", 43, b"", 0, 0

    @property
    def size(self):
        return 8 + len(self.options)

    def build(self, rest, nxt):
        return struct.pack("!BBHI", self.version << 6 | len(self.options) // 4, self.bits, nxt.ethertype,
                           self.vni << 8) + self.options + rest


class Gtp(Layer):
    """ext: list of bodies of extension headers, each 4n + 2 bytes; flags beyond those from seq, npdu, ext."""
    kind, teid, message, seq, npdu, ext, version = "gtp", 0x01020304, 255, None, None, (), 1

    @property
    def size(self):
        optional = self.seq is not None or self.npdu is not None or self.ext
        return 8 + (4 if optional else 0) + sum(len(e) + 2 for e in self.ext)

    def build(self, rest, nxt):
        flags = self.version << 5 | 0x10 | bool(self.ext) << 2 | (self.seq is not None) << 1 | (self.npdu is not None)
        head = b""
        if self.size > 8:
            head = struct.pack("!HBB", self.seq or 0, self.npdu or 0, 0x85 if self.ext else 0)
        for i, body in enumerate(self.ext):
            head += struct.pack("!B", (len(body) + 2) // 4) + body + (b"\x85" if i + 1 < len(self.ext) else b"\0")
        return struct.pack("!BBHI", flags, self.message, len(head + rest), self.teid) + head + rest


class Gre(Layer):
    """key, seq: None for none. erspan: 0 (no ERSPAN), 1, 2 or 3. number: overrides the protocol type."""
    kind, proto = "gre", 47
    key, seq, csum, route, version, number, erspan, bits = None, None, False, False, 0, None, 0, 0

    @property
    def size(self):
        optional = 4 * (self.csum or self.route) + 4 * (self.key is not None) + 4 * (self.seq is not None)
        return 4 + optional + (0, 0, 8, 12)[self.erspan]

    def build(self, rest, nxt):
        number = {0: nxt.ethertype, 1: 0x88BE, 2: 0x88BE, 3: 0x22EB}[self.erspan] if self.number is None else self.number
        flags = self.csum << 15 | self.route << 14 | (self.key is not None) << 13 | (self.seq is not None) << 12
        head = struct.pack("!HH", flags | self.bits | self.version, number)
        if self.csum or self.route:
            head += struct.pack("!HH", 0, 0)
        for value in (self.key, self.seq):
            if value is not None:
                head += struct.pack("!I", value)
        head += (b"", b"", struct.pack("!II", 0x1 << 28 | 7 << 16 | 100, 0),
                 struct.pack("!III", 0x2 << 28 | 7 << 16 | 100, 0, 0))[self.erspan]
        return head + rest


class EtherIp(Layer):
    """The two bytes of RFC 3378 in front of an Ethernet frame."""
    kind, proto, size = "etherip", 97, 2

    def build(self, rest, nxt):
        return b"\x30\0" + rest
