# SPDX-License-Identifier: Apache-2.0
"""expect.py - what a frame made of layers should be reported as.

Walks the list of layers that the frame was built from (never its bytes) by
the rules of the record format, and knows how much of the frame there is.
The result has the shape of a row of a truth table: ips, tun, and a status:
ok, nonip. `payload` is the inner L4 payload, or None where the rules leave
it open.
"""
import copy
import socket

TUNNELS = {"vxlan": "vxlan", "geneve": "geneve", "gtp": "gtp", "gre": "gre", "etherip": "ethip"}
PORTS = ("tcp", "udp", "ports")
UDP_TUNNEL = {4789: "vxlan", 8472: "vxlan", 6081: "geneve", 2152: "gtp"}


def text(address):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.inet_ntop(family, socket.inet_pton(family, address))


class Frame:
    """A named frame: its layers, its bytes, and where each layer begins."""

    def __init__(self, name, layers, pad=b""):
        layers = [copy.copy(l) for l in layers]  # build() writes into them
        self.name, self.layers, self.pad = name, layers, pad
        rest = b""
        starts = []
        for i in range(len(layers) - 1, -1, -1):
            nxt = layers[i + 1] if i + 1 < len(layers) else None
            rest = layers[i].build(rest, nxt or _Nothing)
            starts.append(len(rest))
        self.data = rest + pad
        self.starts = [len(rest) - s for s in reversed(starts)]

    def expect(self, cut=None):
        return Walk(self, len(self.data) if cut is None else cut).row()


class _Nothing:
    kind, ethertype, proto = "data", 0x88B5, 253


class Walk:
    def __init__(self, frame, avail):
        self.frame, self.end, self.cut = frame, avail, avail < len(frame.data)
        self.ips, self.tun, self.tags, self.pending = [], [], [], None
        self.payload, self.open_proto = None, False

    def row(self):
        layers = self.frame.layers
        for i, layer in enumerate(layers):
            start = self.frame.starts[i]
            nxt = layers[i + 1] if i + 1 < len(layers) else _Nothing
            step = getattr(self, "on_" + layer.kind, None)
            if step is None or not step(layer, start, nxt, layers[i - 1] if i else None):
                break
        status = "ok" if self.ips else "nonip"
        return dict(status=status, ips=self.ips, tun=self.tun, payload=self.payload, len=len(self.frame.data),
                    open_proto=self.open_proto)

    def whole(self, layer, start):
        return start + layer.size <= self.end

    # Below: one function a kind. True: go on with the next layer.

    def on_eth(self, layer, start, nxt, prev):
        if prev is not None and prev.kind in ("ip4", "ip6", "ext", "frag6", "ah"):
            self.pending = dict(t="ethip", id=None)
        self.tags = []
        return self.whole(layer, start)

    def on_tag(self, layer, start, nxt, prev):
        if not self.whole(layer, start):
            return False
        self.tags.append(layer.vid)
        return True

    def on_mpls(self, layer, start, nxt, prev):
        return self.whole(layer, start) and prev.kind not in ("ip4", "ip6", "ext", "ah")

    def on_pppoe(self, layer, start, nxt, prev):
        return self.whole(layer, start)

    def enter(self, layer, start, prev, fixed):
        """A readable IP header: the new innermost packet. False: it is none, or one too deep."""
        if start + fixed > self.end:
            return False
        if prev is not None and prev.kind in ("ip4", "ip6", "ext", "frag6", "ah"):
            self.pending = dict(t="ipip", id=None)
        if self.pending is not None:
            if len(self.tun) == 2:
                return False
            self.tun.append(self.pending)
        self.pending = None
        self.ips.append(dict(ver=4 if fixed == 20 else 6, src=text(layer.src), dst=text(layer.dst), sport=None,
                             proto=layer.wrote_proto, dport=None, itype=None, icode=None, win=None, flags=None,
                             tos=layer.tos, ttl=layer.ttl, iplen=layer.wrote_total, frag="none", vlans=self.tags))
        self.tags, self.payload, self.l4 = [], None, layer.wrote_total
        self.bounded = layer.wrote_total != (0 if fixed == 20 else 40)
        if self.bounded:
            self.end = min(self.end, start + layer.wrote_total)
        return True

    def on_ip4(self, layer, start, nxt, prev):
        if (layer.version or 4) != 4 or (layer.ihl is not None and layer.ihl < 5):
            return False
        if not self.enter(layer, start, prev, 20):
            return False
        self.l4 -= layer.size
        self.ips[-1]["frag"] = "later" if layer.offset else "first" if layer.frag & 1 else "none"
        return self.whole(layer, start) and not layer.offset

    def on_ip6(self, layer, start, nxt, prev):
        if not self.enter(layer, start, prev, 40):
            return False
        self.l4 -= 40
        return True

    def on_ext(self, layer, start, nxt, prev):
        if not self.whole(layer, start):
            self.open_proto = True  # the rules leave open which number a cut header leaves behind
            return False
        self.l4 -= layer.size
        self.ips[-1]["proto"] = layer.wrote_proto
        return True

    on_ah = on_ext

    def on_frag6(self, layer, start, nxt, prev):
        if not self.on_ext(layer, start, nxt, prev):
            return False
        self.ips[-1]["frag"] = "later" if layer.offset else "first" if layer.more else "none"
        return not layer.offset

    def ports(self, layer, start):
        if start + 4 > self.end:
            return False
        self.ips[-1].update(sport=layer.sport, dport=layer.dport)
        return True

    def set_payload(self, header):
        if self.bounded and not self.cut and self.ips[-1]["frag"] == "none":
            self.payload = max(0, self.l4 - header)

    def on_tcp(self, layer, start, nxt, prev):
        if self.ports(layer, start) and start + 20 <= self.end and (layer.doff is None or layer.doff >= 5):
            self.ips[-1].update(win=layer.win, flags=layer.flags)
            if layer.doff is None and self.whole(layer, start):
                self.set_payload(layer.size)
        return False

    def on_ports(self, layer, start, nxt, prev):
        self.ports(layer, start)
        return False

    def on_udp(self, layer, start, nxt, prev):
        if not self.ports(layer, start) or not self.whole(layer, start):
            return False
        self.set_payload(8)
        return UDP_TUNNEL.get(layer.dport) == nxt.kind

    def on_icmp(self, layer, start, nxt, prev):
        if start + 2 <= self.end:
            self.ips[-1].update(itype=layer.itype, icode=layer.icode)
        return False

    def tunnel(self, layer, start, ok, number):
        if not ok or not self.whole(layer, start):
            return False
        self.pending = dict(t=TUNNELS[layer.kind], id=number)
        return True

    def on_vxlan(self, layer, start, nxt, prev):
        return self.tunnel(layer, start, layer.flags & 0x08, layer.vni) and nxt.kind == "eth"

    def on_geneve(self, layer, start, nxt, prev):
        return self.tunnel(layer, start, layer.version == 0, layer.vni)

    def on_gtp(self, layer, start, nxt, prev):
        ok = layer.version == 1 and layer.message == 255
        return self.tunnel(layer, start, ok, layer.teid) and nxt.kind in ("ip4", "ip6")

    def on_gre(self, layer, start, nxt, prev):
        ok = layer.version == 0 and not layer.route and layer.number is None
        return self.tunnel(layer, start, ok, layer.key)

    def on_etherip(self, layer, start, nxt, prev):
        return self.tunnel(layer, start, True, None)
