# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests of tags share: tags files, the socket of a running ninetap, frames, and what records say."""
import collections
import datetime
import json
import os
import socket

import catalogue as c

TAGS = ("tenant", "src_tenant", "dst_tenant", "src_instance", "dst_instance", "app", "app_class")
MS = 10**6


def utc(ns):
    t = datetime.datetime.fromtimestamp(ns // 10**9, datetime.timezone.utc)
    return t.strftime("%Y-%m-%dT%H:%M:%S") + ".%09dZ" % (ns % 10**9)


def tenant(name, **what):
    return dict(kind="tenant", id=name, **what)


def instance(ident, tenant_id, *addresses, since=None, until=None, **what):
    s = dict(kind="instance", id=ident, tenant=tenant_id, addresses=list(addresses), **what)
    for member, ns in (("from", since), ("until", until)):
        if ns is not None:
            s[member] = utc(ns)
    return s


def application(name, proto, ports, tenant_id=None, app_class=None):
    s = dict(kind="application", name=name, proto=proto, ports=ports)
    s.update({k: v for k, v in (("tenant", tenant_id), ("class", app_class)) if v})
    return s


def write(path, statements):
    """Takes the place of the file at once, as an editor or an export does; texts are written as they are."""
    new = str(path) + ".new"
    with open(new, "w") as f:
        for s in statements:
            f.write((s if isinstance(s, str) else json.dumps(s)) + "\n")
    os.rename(new, path)


class TagSocket:
    """The socket of a running ninetap: a request a line, an answer a line."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(30)
        self.socket.connect(str(path))
        self.answers = self.socket.makefile("r")

    def put(self, statement):
        """Returns the revision; the statement counts from then on."""
        self.socket.sendall(json.dumps(statement).encode() + b"\n")
        answer = json.loads(self.answers.readline())
        assert answer["ok"], answer
        return answer["revision"]

    def end(self, ident, until):
        return self.put({"kind": "end", "id": ident, "until": utc(until)})

    def close(self):
        self.answers.close()
        self.socket.close()


def ip(src, dst):
    return (c.Ip6 if ":" in src else c.Ip4)(src=src, dst=dst)


def packet(src, dst, l4=c.Udp, sport=1024, dport=53, vlan=None, vxlan=None, geneve=None):
    """The bytes of an Ethernet frame; carriers have addresses of nobody."""
    layers = [ip(src, dst), l4(sport=sport, dport=dport), c.TEXT]
    if vxlan is not None:
        layers = c.tunnel("vxlan", layers, number=vxlan)
    if geneve is not None:
        layers = c.tunnel("geneve", layers, number=geneve)
    return c.Frame("packet", [c.Eth(), *([c.Tag(vid=vlan)] if vlan else []), *layers]).data


def tags_of(record):
    return {k: record[k] for k in TAGS if k in record}


def tally(pairs):
    return dict(collections.Counter(pairs))


def check_revisions(records):
    """tags_rev is on all records, and never goes back on a CPU. Returns the set of them."""
    for cpu in {r["cpu"] for r in records}:
        revisions = [r["tags_rev"] for r in sorted((r for r in records if r["cpu"] == cpu), key=lambda r: r["seq"])]
        assert revisions == sorted(revisions), "cpu %d: tags_rev goes back" % cpu
    return {r["tags_rev"] for r in records}
