# SPDX-License-Identifier: Apache-2.0
"""rows.py - compares ninetap's records with rows of a truth table or of expect.py, and runs a replay.

A row has ips (outermost first) and tun; want() turns it into the fields that
a JSON record must have. A field that the packet does not have must be absent.
"""
import datetime
import json
import os
import re
import socket
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
NINETAP = os.environ.get("NINETAP", os.path.join(ROOT, "build", "ninetap"))
SHARED = os.environ.get("NINETAP_SHARED", os.path.join(ROOT, "..", "shared"))
TRUTH = os.path.join(SHARED, "tools", "truth.py")
ADDRESSES = {"sport": "src_port", "dport": "dst_port"}
INNER = {"sport": "src_port", "dport": "dst_port", "itype": "icmp_type", "icode": "icmp_code", "win": "tcp_window",
         "flags": "tcp_flags", "tos": "tos", "ttl": "ttl", "frag": "frag"}
FIELDS = ("src_ip", "dst_ip", "proto", "ip_bytes", "vlan", "tunnels", *INNER.values())


def address(text):
    """As inet_ntop of the C library prints it."""
    family = socket.AF_INET6 if ":" in text else socket.AF_INET
    return socket.inet_ntop(family, socket.inet_pton(family, text))


def layer(ip, names):
    out = {"src_ip": address(ip["src"]), "dst_ip": address(ip["dst"]), "proto": ip["proto"], "ip_bytes": ip["iplen"]}
    out.update({name: ip[key] for key, name in names.items()})
    out["vlan"] = ip["vlans"][:2]
    return {k: v for k, v in out.items() if v is not None and v != []}


def want(row):
    """The fields of the record of a row; a third tunnel is not entered."""
    ips, tun = row["ips"][:3], row["tun"][:2]
    out = layer(ips[-1], INNER)
    carriers = [dict(type=t["t"], **({} if t["id"] is None else {"id": t["id"]}), **layer(ip, ADDRESSES))
                for t, ip in zip(tun, ips)]
    if carriers:
        out["tunnels"] = carriers
    return out


def got(record):
    return {k: record[k] for k in FIELDS if k in record}


def differences(expected, record):
    """Names and both values of the fields that differ; empty when all are right."""
    have = got(record)
    return ["%s: expected %r, got %r" % (k, expected.get(k), have.get(k))
            for k in FIELDS if expected.get(k) != have.get(k)]


def utc_ns(ts):
    """RFC 3339 UTC with nine decimals to ns since 1970."""
    m = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z", ts)
    assert m, "ts is not RFC 3339 with nine decimals: %r" % ts
    seconds = datetime.datetime.strptime(m[1] + "+0000", "%Y-%m-%dT%H:%M:%S%z")
    return int(seconds.timestamp()) * 10**9 + int(m[2])


def account(stderr):
    """The figures of the closing account and notes, as a dict of integers."""
    out = {}
    for line in stderr.splitlines():
        if re.match(r"ninetap: (account|on the wire|notes|replay):", line):
            out.update({k: int(v) for k, v in re.findall(r"(\w+)=(\d+)", line)})
    return out


def fates(figures):
    """What `seen` must be the sum of, beside records."""
    names = ("filtered", "sampled_out", "non_ip", "truncated", "malformed", "lost_ring_full", "lost_no_ring")
    return sum(figures[n] for n in names)


def replay(path, *options, timeout=120):
    """(records, account) of a replay; fails loudly when the program did."""
    p = subprocess.run([NINETAP, "replay", str(path), "-e", "json", "-o", "-", *options], capture_output=True, text=True,
                       timeout=timeout, stdin=subprocess.DEVNULL)
    assert p.returncode == 0, "replay %s %s: exit %d: %s" % (path, options, p.returncode, p.stderr[-2000:])
    return [json.loads(line) for line in p.stdout.splitlines()], account(p.stderr)


def check_account(figures, frames, records):
    """Every frame of the capture is in the account once."""
    assert figures, "no account on stderr"
    refused = sum(v for k, v in figures.items() if "refused" in k)
    assert figures["seen"] + refused == frames, (figures, frames)
    assert figures["seen"] == figures["recorded"] + fates(figures), figures
    assert figures["delivered"] == figures["recorded"] == len(records), (figures, len(records))
    return refused
