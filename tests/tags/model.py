# SPDX-License-Identifier: Apache-2.0
"""model.py - the tags of a packet, straight from docs/tags.md: slow and obvious, to test the fast ones against.

Keeps every statement that was ever made, forgets nothing, and works each
answer out anew. Times are ns since 1970; a statement is a dict of the plain
form, `from` and `until` already numbers. Where docs/tags.md leaves something
open, the reading taken here is said behind "Reading:".
"""
import bisect
import collections
import ipaddress

ALWAYS, OPEN = -2**63, 2**63 - 1
PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "sctp": 132}
Packet = collections.namedtuple("Packet", "ts src dst proto sport dport vlans tunnels")  # tunnels: (type, id, VLAN of the carrier)


def proto_number(proto):
    return PROTOCOLS[proto] if isinstance(proto, str) else proto


def matches(application, port):
    """Whether it is of this port; None: whether it is all of the protocol."""
    ports = application.get("ports")
    if port is None or ports is None:
        return port is None and ports is None
    for p in ports if isinstance(ports, list) else [ports]:
        first, last = (p, p) if isinstance(p, int) else map(int, p.split("-"))
        if first <= port <= last:
            return True
    return False


class Model:
    def __init__(self):
        self.staged, self.streams, self.arrivals = [], [], 0
        self.begin()

    def begin(self):
        self.tenants = {}  # id -> the last statement about it, who was described first in front
        self.applications = []
        self.said = collections.defaultdict(list)  # instance or port -> statements in the order of their times
        self.users = collections.defaultdict(set)  # address -> keys of said that ever named it

    # --- statements in ---------------------------------------------------------
    def state(self, statement, layer):
        """A statement of a file counts from the next reload on."""
        if layer == "file":
            self.staged.append(statement)
        else:
            self.streams.append(statement)
            self.take(statement)

    def reload(self):
        self.begin()
        for statement in self.staged + self.streams:
            self.take(statement)
        self.staged = []

    def take(self, s):
        if s["kind"] == "tenant":
            s = dict(s, id=s.get("id", s.get("name")), name=s.get("name", s.get("id")))
            self.tenants[s["id"]] = s
        elif s["kind"] == "application":
            self.applications.append(s)
        elif s["kind"] in ("instance", "end"):
            self.take_event(s)

    def take_event(self, s):
        key = ("port", s["port"]) if "port" in s else ("id", s["id"])
        line = self.said[key]
        time = s["until"] if s["kind"] == "end" else s["from"]
        self.arrivals += 1
        s = dict(s, time=time, arrival=self.arrivals)
        line[:] = [old for old in line if old["time"] != time]  # of two about the same moment the later arrival wins
        bisect.insort(line, s, key=lambda x: x["time"])
        for address in s.get("addresses", ()):
            self.users[ipaddress.ip_address(address)].add(key)

    # --- who is who ------------------------------------------------------------
    def resolve(self, ref):
        """A tenant as its id; one that nobody describes as its own name. Reading: an id goes before a name."""
        if ref is None or ref in self.tenants:
            return ref
        return next((t["id"] for t in self.tenants.values() if t["name"] == ref), ref)

    def name(self, tenant):
        return self.tenants[tenant]["name"] if tenant in self.tenants else tenant

    def last(self, key, ts):
        """What was said last about an instance or a port before ts, if anything was."""
        line = self.said.get(key, ())
        return next((s for s in reversed(line) if s["time"] <= ts), None)

    def holds(self, key, ts):
        """The statement that gives it its addresses at ts, or None."""
        s = self.last(key, ts)
        if s is None or s["kind"] == "end" or ts >= s.get("until", OPEN):
            return None
        if key[0] == "port":  # Reading: an end at the very moment of a port's statement ends it
            ends = [e for e in self.said.get(("id", s["id"]), ()) if e["kind"] == "end" and s["time"] <= e["time"] <= ts]
            if ends:
                return None
        return s

    def holders(self, address, ts):
        found = [self.holds(key, ts) for key in self.users.get(address, ())]
        return [s for s in found if s and any(ipaddress.ip_address(a) == address for a in s["addresses"])]

    def latest(self, holders):
        """Reading: of two since the same moment the later arrival."""
        return max(holders, key=lambda s: (s["time"], s["arrival"]))["id"]

    # --- how a packet is tagged, rule by rule ------------------------------------
    def scope(self, p):
        """1. (the scope that a tenant claims, the tenant), or (None, None)."""
        seen = [("vni", number) for kind, number, _ in reversed(p.tunnels) if kind in ("vxlan", "geneve")]
        seen += [("vlan", vid) for vid in p.vlans]
        for kind, number in seen:
            claims = [t for t in self.tenants.values() if number in t.get(kind + "s", ())]
            if claims:
                return (kind, number), claims[0]["id"]  # Reading: of several that claim it the one described first
        return None, None

    def subnets(self, tenant):
        return self.tenants[tenant].get("subnets", ()) if tenant in self.tenants else ()

    def prefix(self, tenant, address):
        """Length of the tenant's longest subnet that holds the address; -1: none does."""
        nets = [ipaddress.ip_network(n) for n in self.subnets(tenant)]
        return max([n.prefixlen for n in nets if n.version == address.version and address in n], default=-1)

    def end_in_scope(self, address, ts, scope, tenant):
        """2. (tenant, instance) of an end."""
        kind, number = scope
        mine = [s for s in self.holders(address, ts) if self.resolve(s.get("tenant")) == tenant
                and ("vni" not in s and "vlan" not in s or s.get(kind) == number)]
        if mine:
            return tenant, self.latest(mine)
        if self.prefix(tenant, address) >= 0 or not self.subnets(tenant):
            return tenant, None
        return None, None

    def apart(self, holders):
        """Whether two instances say that they have the address in different networks."""
        own = {(s["id"], "vni" in s, s.get("vni", s.get("vlan"))) for s in holders if "vni" in s or "vlan" in s}
        return any(a[0] != b[0] and a[1:] != b[1:] for a in own for b in own)

    def end_bare(self, address, ts):
        """3."""
        holders = self.holders(address, ts)
        tenants = {self.resolve(s.get("tenant")) for s in holders}
        if len(tenants) > 1:
            return None, None
        if holders:
            return tenants.pop(), None if self.apart(holders) else self.latest(holders)
        lengths = {t: self.prefix(t, address) for t in self.tenants}
        longest = max(lengths.values(), default=-1)
        owners = [t for t in lengths if lengths[t] == longest]
        return (owners[0], None) if longest >= 0 and len(owners) == 1 else (None, None)

    def end(self, address, ts, scope, tenant):
        return self.end_in_scope(address, ts, scope, tenant) if scope else self.end_bare(address, ts)

    def shared(self, src, dst, scoped):
        """4."""
        if src == dst or src is None or dst is None:
            return src or dst or scoped
        return scoped

    def application(self, p, src, dst, tenant):
        """5. Reading: the record's tenant counts where the server's end has none, not where it has no application."""
        of_source = p.sport is not None and p.sport < p.dport
        owner = (src if of_source else dst) or tenant
        mine = {}
        for a in self.applications:  # replaced by name, protocol and tenant
            if proto_number(a["proto"]) == p.proto:
                mine[a["name"], self.resolve(a.get("tenant"))] = a
        ports = [] if p.sport is None else [p.sport, p.dport] if of_source else [p.dport, p.sport]
        for port in ports + [None]:
            for whose in ([owner] if owner else []) + [None]:
                found = [a for (_, t), a in mine.items() if t == whose and matches(a, port)]
                if found:
                    return found[0]  # Reading: of several the one that was named first
        return {}

    def tags(self, p):
        scope, scoped = self.scope(p)
        src, src_instance = self.end(ipaddress.ip_address(p.src), p.ts, scope, scoped)
        dst, dst_instance = self.end(ipaddress.ip_address(p.dst), p.ts, scope, scoped)
        tenant = self.shared(src, dst, scoped)
        app = self.application(p, src, dst, tenant)
        out = {"tenant": self.name(tenant), "src_tenant": self.name(src), "dst_tenant": self.name(dst),
               "src_instance": src_instance, "dst_instance": dst_instance,
               "app": app.get("name"), "app_class": app.get("class")}
        return {k: v for k, v in out.items() if v is not None}
