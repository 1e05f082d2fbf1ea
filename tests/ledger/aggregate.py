# SPDX-License-Identifier: Apache-2.0
"""aggregate.py - the five-minute aggregate, as docs/records.md says it: from packets' records and from flow records.

Both give {(window, flow): sums}, where a flow is all that tells flows apart
and the sums are integers: what means and deviations are made of. Equal sums
are the same aggregate.
"""
import collections
import json

import rows

WINDOW_NS = 300 * 10**9
TUPLE = ("box", "plane", "iface", "dir", "hook", "sample", "src_ip", "dst_ip", "proto", "src_port", "dst_port", "vlan")
CARRIER = ("type", "id", "src_ip", "dst_ip", "proto", "src_port", "dst_port", "vlan")

Row = collections.namedtuple("Row", "first last events packets bytes payload low high squares flags window gaps")
Spread = collections.namedtuple("Spread", "n low high sum squares")
EMPTY = Spread(0, None, None, 0, 0)


def spread(values):
    return Spread(len(values), min(values), max(values), sum(values), sum(v * v for v in values)) if values else EMPTY


def joined(a, b):
    """The spread of the values of both."""
    if not a.n or not b.n:
        return a if a.n else b
    return Spread(a.n + b.n, min(a.low, b.low), max(a.high, b.high), a.sum + b.sum, a.squares + b.squares)


def key_of(r, first):
    """A packet without TCP header is in a flow apart from those that have one."""
    carriers = tuple(repr([c.get(k) for k in CARRIER]) for c in r.get("tunnels", ()))
    return (first // WINDOW_NS, *(repr(r.get(k)) for k in TUPLE), *carriers, "tcp_flags" in r)


def segments(r):
    """Bytes of each packet on the wire: the remainder goes to the first ones."""
    each, rest = divmod(r["bytes"], r["packets"])
    return [each + 1] * rest + [each] * (r["packets"] - rest)


def row_of_packet(r):
    ts, size = rows.utc_ns(r["ts"]), spread(segments(r))
    window = spread([r["tcp_window"]] * r["packets"]) if "tcp_window" in r else EMPTY
    return key_of(r, ts), Row(ts, ts, 1, size.n, size.sum, r.get("payload_bytes", 0), size.low, size.high, size.squares,
                              r.get("tcp_flags", 0), window, spread([0] * (size.n - 1)))


def row_of_flow(r):
    n = r["packets"]
    window = Spread(n, r["win_min"], r["win_max"], r["win_sum"], r["win_sumsq"]) if "win_min" in r else EMPTY
    gaps = Spread(n - 1, r["iat_us_min"], r["iat_us_max"], r["iat_us_sum"], r["iat_us_sumsq"]) if n > 1 else EMPTY
    first, last = rows.utc_ns(r["first"]), rows.utc_ns(r["last"])
    return key_of(r, first), Row(first, last, r["events"], n, r["bytes"], r["payload_bytes"], r["bytes_min"], r["bytes_max"],
                                 r["bytes_sumsq"], r.get("tcp_flags", 0), window, gaps)


def after(a, b):
    """a and then b: one more time between packets lies between them."""
    between = spread([max(0, b.first - a.last) // 1000])
    return Row(min(a.first, b.first), max(a.last, b.last), a.events + b.events, a.packets + b.packets, a.bytes + b.bytes,
               a.payload + b.payload, min(a.low, b.low), max(a.high, b.high), a.squares + b.squares, a.flags | b.flags,
               joined(a.window, b.window), joined(joined(a.gaps, between), b.gaps))


def fold(pairs):
    out = {}
    for key, row in pairs:
        out[key] = after(out[key], row) if key in out else row
    return out


def of_packets(records):
    """In the order that the CPU saw them; of one CPU."""
    return fold(row_of_packet(r) for r in sorted(records, key=lambda r: r["seq"]))


def of_flows(records):
    """Of one CPU; no twin among them."""
    assert len({(r["cpu"], r["generation"], r["entry"]) for r in records}) == len(records)
    return fold(sorted((row_of_flow(r) for r in records), key=lambda pair: pair[1][:2]))


def load(path):
    with open(path) as f:
        return [json.loads(line) for line in f]
