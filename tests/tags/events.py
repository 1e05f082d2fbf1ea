# SPDX-License-Identifier: Apache-2.0
"""events.py - random scripts for test_model.py: statements, packets around their times, reloads and prunes.

Everything is drawn from small pools, so that tenants share addresses and
ports, numbers are a VNI of one and a VLAN of another, and times are often the
same. Bad statements are among them, marked as such (statement None).
"""
import datetime
import json

import model

BASE = 1795298400 * 10**9  # 2026-11-21T22:00:00Z
TICK = 10**7
ADDRESSES = ["10.0.0.%d" % i for i in (1, 2, 3, 129, 130)] + ["10.1.0.1", "192.168.116.5", "2001:db8::1", "2001:db8::2", "2001:db8:1::1", "fd00::1"]
SUBNETS = ["10.0.0.0/24", "10.0.0.128/25", "10.0.0.0/16", "10.0.0.0/8", "10.1.0.0/16", "0.0.0.0/0", "10.0.0.1/32", "2001:db8::/64", "2001:db8::/32", "::/0"]
NUMBERS = [0, 42, 43, 110, 120, 200, 0xFFFFFF]  # VNIs, and VLANs where they can be
PORTS = [53, 80, 443, 8000, 9092, 9094, 9095, 9100, 40000, 65535]
PORT_LISTS = [53, [53], "9092-9095", [80, "9094-9100"], [443, 8000], "1-65535", [65535], [9092]]
PROTOS = ["tcp", "udp", "icmp", 6, 17, 132]
NAMES = {"t-0": ["alpha"], "t-1": ['be"ta é'], "t-2": ["gamma", "gamma2", "gamma3"], "delta": [None]}
REFS = ["t-0", "alpha", "t-1", 'be"ta é', "t-2", "t-2", "delta", "ghost"]  # who changes its name is known by its id alone
BAD = ['{"kind":"instance","tenant":"t-0","addresses":["10.0.0.1"]}', '{"kind":"instance","id":"i-0","adresses":["10.0.0.1"]}',
       '{"kind":"instance","id":"i-0","addresses":["10.0.0.1"]', "", "[]", '"i-0"', '{"kind":"end"}', '{"kind":"nothing","id":"i-0"}',
       '{"kind":"tenant","id":"t-0","vlans":[4095]}', '{"kind":"tenant","id":"t-0","vlans":[0]}', '{"kind":"tenant","vnis":[42]}',
       '{"kind":"tenant","id":"t-0","vnis":[16777216]}', '{"kind":"tenant","id":"t-0","vnis":["x"]}', '{"id":"i-0","addresses":[]}',
       '{"kind":"application","name":"x","ports":53}', '{"kind":"application","name":"x","proto":256}',
       '{"kind":"application","name":"x","proto":"tcp","ports":"9-3"}', '{"kind":"application","name":"x","proto":"tcp","ports":65536}',
       '{"kind":"application","proto":"tcp","ports":53}', '{"kind":"instance","id":"","addresses":["10.0.0.1"]}',
       '{"kind":"instance","id":"%s","addresses":["10.0.0.1"]}' % ("x" * 256), '{"kind":"instance","id":5,"addresses":["10.0.0.1"]}',
       '{"kind":"instance","id":"i-0","addresses":["10.0.0.1"],"from":"yesterday"}',
       '{"kind":"instance","id":"i-0","addresses":["10.0.0.1"],"from":"2026-02-30T00:00:00Z"}',
       '{"kind":"instance","id":"i-0","addresses":["10.0.0.1"],"from":5}']


def rfc3339(ns, blank="T", zone="Z", hours=0):
    t = datetime.datetime.fromtimestamp(ns // 10**9 + 3600 * hours, datetime.timezone.utc)
    fraction = ("%09d" % (ns % 10**9)).rstrip("0")
    return t.strftime("%Y-%m-%d" + blank + "%H:%M:%S") + ("." + fraction if fraction else "") + zone


class Step:
    """A line for dump_tags. statement: what the model is told; None if ninetap must refuse it."""

    def __init__(self, verb, packet=None, layer=None, event=None, statement=None, text=None, time=None):
        self.verb, self.packet, self.layer, self.event = verb, packet, layer, event
        self.statement, self.text, self.time = statement, text, time

    def line(self):
        if self.verb == "S":
            return "S file %s" % self.text if self.layer == "file" else "S stream %d %s" % (self.event, self.text)
        if self.verb == "P":
            return "P %d" % self.time
        return query(self.packet) if self.verb == "Q" else self.verb


def query(p):
    ports = [str(p.sport), str(p.dport)] if p.sport is not None else ["-", "-"]
    tunnels = ",".join("%s:%d" % (kind, number) + (":%d" % vlan if vlan else "") for kind, number, vlan in p.tunnels)
    return " ".join(["Q", str(p.ts), p.src, p.dst, str(p.proto), *ports, ",".join(map(str, p.vlans)) or "-", tunnels or "-"])


class Script:
    def __init__(self, rng):
        self.rng, self.now, self.floor, self.steps, self.hot = rng, 0, -10**6, [], []
        self.addresses = rng.sample(ADDRESSES, rng.choice((2, 5, len(ADDRESSES))))
        self.instances = ["i-%d" % i for i in range(rng.choice((3, 10, 40)))]
        self.reloads = rng.choice((0, 1, 4))
        self.weights = rng.choice(((55, 20, 10, 12, 1), (70, 30, 1, 1, 1)))
        self.flows = [self.flow() for _ in range(rng.choice((10, 60)))]

    # --- times -------------------------------------------------------------------
    def time(self, back, ahead):
        """Near now, on the grid or a ns beside it; never before what was pruned."""
        tick = max(self.floor, self.now + self.rng.randint(-back, ahead))
        return BASE + tick * TICK + self.rng.choice((0, 0, 0, 1, 5, 10**6))

    def text_time(self, ns):
        return rfc3339(ns, *self.rng.choice((("T", "Z"), ("T", "Z"), ("T", "Z"), (" ", ""), ("T", "+02:00", 2), ("t", "z"), ("T", "-05:30", -5.5))))

    # --- statements --------------------------------------------------------------
    def tenant(self):
        r = self.rng
        ident = r.choice(list(NAMES))
        name = r.choice(NAMES[ident])
        s = {"kind": "tenant", "id": ident, "name": name} if name else {"kind": "tenant", r.choice(("id", "name")): ident}
        k = list(NAMES).index(ident)
        vnis, vlans = NUMBERS[k::4], [n for n in NUMBERS[(k + 1) % 4::4] if 0 < n < 4095]
        s["vnis"] = r.sample(vnis, r.randint(0, len(vnis)))
        s["vlans"] = r.sample(vlans, r.randint(0, len(vlans)))
        if r.random() < 0.7:
            s["subnets"] = r.sample(SUBNETS, r.randint(0, 4))
        if not self.reloads and r.random() < 0.1:
            s["vnis"] = s["vnis"] + [r.choice(NUMBERS)]  # perhaps another's: who was described first keeps it
        return {key: v for key, v in s.items() if v != [] or r.random() < 0.5}

    def application(self, layer):
        """Which of two comes first is open after a reload if a file named one of them before a stream did: not asked."""
        r = self.rng
        s = {"kind": "application", "name": "%s-%d" % (layer if self.reloads else "app", r.randint(0, 9)), "proto": r.choice(PROTOS)}
        if r.random() < 0.85:
            s["ports"] = r.choice(PORT_LISTS)
        if r.random() < 0.6:
            s["class"] = r.choice(("web", "db", "infra"))
        if r.random() < 0.6:
            s["tenant"] = r.choice(REFS)
        return s

    def instance(self):
        r = self.rng
        s = {"kind": "instance", "id": r.choice(self.instances), "addresses": r.sample(self.addresses, r.choice((0, 1, 1, 1, 2)))}
        if r.random() < 0.95:
            s["tenant"] = r.choice(REFS)
        if r.random() < 0.3:
            s["port"] = "p-%s-%d" % (s["id"] if r.random() < 0.9 else "any", r.randint(0, 1))
        if r.random() < 0.15:
            s[r.choice(("vni", "vlan"))] = r.choice([42, 43, 110, 120])
        if r.random() < 0.3:
            s["name"], s["host"] = "web", "box-a"
        return s

    def end(self):
        s = {"kind": "end", "id": self.rng.choice(self.instances)}
        if self.rng.random() < 0.4:
            s["port"] = "p-%s-%d" % (s["id"], self.rng.randint(0, 1))
            if self.rng.random() < 0.5:
                del s["id"]
        return s

    def other(self):
        return self.rng.choice(({"kind": "box", "name": "box-a", "site": "S", "address": "203.0.113.7"},
                                {"kind": "interface", "match": "eth*", "plane": "data"}))

    def good(self, layer):
        """(what the model is told, what ninetap is told, when it is said)"""
        r = self.rng
        make = r.choices((self.instance, self.end, self.tenant, self.application, self.other), self.weights)[0]
        plain = make(layer) if make == self.application else make()
        told, event = dict(plain), self.time(15, 3)
        if plain["kind"] == "instance":
            told["from"] = event if layer == "stream" else model.ALWAYS
            if r.random() < 0.7 or self.floor > -10**6 and layer == "file":
                told["from"] = self.time(15, 5)
                plain["from"] = self.text_time(told["from"])
            if r.random() < 0.3:
                told["until"] = max(told["from"], BASE + self.floor * TICK) + r.choice((1, TICK // 2, TICK, 5 * TICK, 20 * TICK))
                plain["until"] = self.text_time(told["until"])
            if plain["addresses"] and r.random() < 0.05:
                plain["addresses"] = plain["addresses"] + [r.choice(("10.0.0.999", "", "web", "10.0.0.0/24"))]
            elif len(plain["addresses"]) == 1 and r.random() < 0.2:
                plain["addresses"] = plain["addresses"][0]
        if plain["kind"] == "end":
            told["until"] = event
            if layer == "file" or r.random() < 0.7:
                told["until"] = self.time(15, 5)
                plain["until"] = self.text_time(told["until"])
        return told, json.dumps(plain, ensure_ascii=r.random() < 0.5), event

    def state(self, layer):
        if self.rng.random() < 0.03:
            self.steps.append(Step("S", layer=layer, event=self.time(15, 3), text=self.rng.choice(BAD)))
            return
        told, text, event = self.good(layer)
        self.steps.append(Step("S", layer=layer, event=event, statement=told, text=text))

    # --- packets -------------------------------------------------------------------
    def flow(self):
        r = self.rng
        src, dst = r.choices(self.addresses, k=2)
        if r.random() < 0.1:
            dst = "10.77.0.1"
        if (":" in src) != (":" in dst):
            dst = r.choice([a for a in ADDRESSES if (":" in a) == (":" in src)])
        proto = r.choice((6, 6, 17, 17, 1, 132, 47))
        ports = (r.choice(PORTS), r.choice(PORTS)) if proto in (6, 17, 132) and r.random() < 0.95 else (None, None)
        vlans = r.sample([n for n in NUMBERS if n < 4095], r.choice((0, 0, 1, 2)))
        tunnels = [(r.choice(("vxlan", "vxlan", "geneve", "gre", "gtp")), r.choice(NUMBERS), r.choice((0, 110))) for _ in range(r.choice((0, 1, 1, 2)))]
        return model.Packet(None, src, dst, proto, *ports, tuple(vlans), tuple(tunnels))

    def ask(self):
        """Often of one of the last few flows, often about the same time: what a cache should know, or must forget."""
        r = self.rng
        if r.random() < 0.3 or not self.hot:
            self.hot = (self.hot + [(r.choice(self.flows) if r.random() < 0.9 else self.flow(), self.time(20, 10))])[-4:]
        flow, ns = r.choice(self.hot)
        if r.random() < 0.3:
            ns = self.time(20, 10)
        ns -= r.choice((0, 0, 1))
        self.steps.append(Step("Q", packet=flow._replace(ts=max(ns, BASE + self.floor * TICK))))

    # --- all of it -------------------------------------------------------------------
    def reload(self, statements):
        for _ in range(statements):
            self.state("file")
        self.steps.append(Step("R"))

    def prune(self):
        """After it nothing is said or asked about the time before, for that is forgotten."""
        self.floor = max(self.floor, self.now - self.rng.randint(0, 15))
        self.steps.append(Step("P", time=BASE + self.floor * TICK - 1))

    def write(self, each):
        first = self.rng.choice((0, 20, each // 4))
        self.reload(first)
        events, packets = each - first, each
        reloads = self.reloads
        prunes, burst = self.rng.choice((0, 0, 1, 3)), self.rng.choice((0, 0.5, 0.9))
        while events > 0 or packets > 0:
            done = 1 - (events + packets) / (2 * each)
            self.now = int(100 * done)
            if reloads and done < 0.7 and events > 20 and self.rng.random() < 0.01:
                reloads -= 1
                events -= 20
                self.reload(20)
            elif prunes and done > 0.7 and self.rng.random() < 0.03:
                prunes -= 1
                self.prune()
            elif self.rng.random() * (events + packets * (1 - burst)) < events:
                events -= 1
                self.state("stream")
            else:
                packets -= 1
                self.ask()
                while packets > 0 and self.rng.random() < burst:
                    packets -= 1
                    self.ask()
        self.ask()
        return self.steps


def script(rng, each):
    """(steps, the time before which nothing is known any more)"""
    s = Script(rng)
    return s.write(each), BASE + s.floor * TICK
