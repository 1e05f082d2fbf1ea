# SPDX-License-Identifier: Apache-2.0
"""export_tags.py - what scripts/openstack-export reads and what it makes of it: files, checks of values, statements.

What passes these checks is taken by the collector (docs/tags.md, "Statements");
what doesn't is a Mistake, and leaves nothing behind. Which columns mean what is
not known here.
"""
import csv
import datetime
import ipaddress
import json
import re
import socket
import sys

EX_USAGE, EX_DATAERR, EX_NOINPUT, EX_CANTCREAT, EX_IOERR = 64, 65, 66, 73, 74


class Mistake(Exception):
    """What is wrong with a line or row."""


def text(value, what, need=False):
    value = str(value).strip() if isinstance(value, (str, int)) else ""
    if need and not value:
        raise Mistake("no %s" % what)
    try:
        size = len(value.encode())
    except UnicodeEncodeError:
        raise Mistake("%s is not UTF-8" % what) from None
    if size > 255 or "\0" in value:
        raise Mistake("%s has %s" % (what, "a NUL" if "\0" in value else "%d bytes, at most 255 can be" % size))
    return value or None


def number(value, what, least, most):
    digits = str(value).strip()
    if not re.fullmatch("[0-9]{1,9}", digits) or not least <= int(digits) <= most:
        raise Mistake("%s %s is not a number from %d to %d" % (what, digits, least, most))
    return int(digits)


def address(value, kind=ipaddress.ip_address):
    try:
        if "%" in value:
            raise ValueError
        return str(kind(value.strip()))
    except ValueError:
        what = "address" if kind is ipaddress.ip_address else "prefix, or has bits behind it"
        raise Mistake("%s is no %s" % (value, what)) from None


def subnet(value):
    return address(value, ipaddress.ip_network)


def moment(value, what):
    """OpenStack's times, which have no zone or Z and are UTC, in RFC 3339."""
    if not value:
        return None
    try:
        time = datetime.datetime.fromisoformat(str(value))
    except ValueError:
        raise Mistake("%s %s is no time" % (what, value)) from None
    utc = datetime.timezone.utc
    return (time.astimezone(utc) if time.tzinfo else time.replace(tzinfo=utc)).isoformat().replace("+00:00", "Z")


def protocol(value):
    known = {"tcp": 6, "udp": 17, "icmp": 1, "ipv6-icmp": 58, "icmpv6": 58, "sctp": 132, "gre": 47}
    if value.isdigit():
        return number(value, "protocol", 0, 255)
    try:
        return known.get(value.lower()) or socket.getprotobyname(value.lower())
    except OSError:
        raise Mistake("%s is no IP protocol" % (value or "nothing")) from None


def port_range(value):
    if value in ("", "-", "*"):
        return 0, 65535
    first, _, last = value.partition("-")
    first = number(first, "port", 0, 65535)
    return first, number(last, "port", first, 65535) if last else first


class Tags:
    """All that was said, by id, in the form of the statements that it becomes."""

    def __init__(self):
        self.tenants, self.boxes, self.instances, self.applications = {}, {}, {}, {}
        self.interfaces, self.claimed, self.ports, self.notes = [], {}, {}, []

    def tenant(self, ident, name=None, **lists):
        """Everything is checked before anything is changed: a bad line leaves nothing behind."""
        old = self.tenants.get(ident, {})
        if name and old.get("name", name) != name:
            raise Mistake("tenant %s has the name %s elsewhere" % (ident, old["name"]))
        scopes = [(kind, n) for kind in ("vlans", "vnis") for n in lists.get(kind, ())]
        for kind, n in scopes:
            if self.claimed.get((kind, n), ident) != ident:
                raise Mistake("%s %d is tenant %s's" % (kind[:-1].upper(), n, self.claimed[kind, n]))
        self.claimed.update((scope, ident) for scope in scopes)
        tenant = self.tenants.setdefault(ident, {"kind": "tenant", "id": ident})
        tenant.update({"name": name} if name else {})
        for kind, values in lists.items():
            tenant[kind] = list(dict.fromkeys(tenant.get(kind, []) + list(values)))

    def instance(self, ident, tenant, addresses, **more):
        new = {"kind": "instance", "id": ident, "tenant": tenant, **{k: v for k, v in more.items() if v}}
        old = self.instances.get(ident, new)
        if old["tenant"] != tenant:
            raise Mistake("instance %s is tenant %s's elsewhere" % (ident, old["tenant"]))
        self.instances[ident] = {**new, **old, "addresses": list(dict.fromkeys(old.get("addresses", []) + addresses))}

    def tenant_named(self, name):
        if name in self.tenants:
            return name
        found = [ident for ident, t in self.tenants.items() if t.get("name") == name]
        if len(found) != 1:
            raise Mistake("%s tenants are %s" % (len(found) or "no", name))
        return found[0]

    def application(self, key):
        name, proto, tenant = key
        ports = [a if a == b else "%d-%d" % (a, b) for a, b in dict.fromkeys(self.applications[key]["ports"])]
        members = {"name": name, "class": self.applications[key]["class"], "proto": {6: "tcp", 17: "udp"}.get(proto, proto),
                   "ports": None if "0-65535" in ports else ports, "tenant": tenant}
        return {"kind": "application", **{k: v for k, v in members.items() if v is not None}}

    def statements(self):
        yield from self.tenants.values()
        yield from self.boxes.values()
        yield from self.interfaces
        yield from self.instances.values()
        yield from map(self.application, self.applications)


def contents(path):
    """What can't be read, or not to its end, ends all: half a listing would take away tags that are right."""
    try:
        with open(path, encoding="utf-8-sig", newline="") as f:
            return f.read()
    except (OSError, UnicodeDecodeError) as e:
        sys.exit(fail(EX_NOINPUT, "read", path, e))


def rows(path):
    """(line, object) of a JSON list, or of objects one after the other, as several show commands write them."""
    body, decoder, end, found = contents(path), json.JSONDecoder(), 0, []
    try:
        while (start := re.compile(r"\s*").match(body, end).end()) < len(body) or not found:
            value, end = decoder.raw_decode(body, start)
            found.append(start)
    except (ValueError, RecursionError) as e:
        sys.exit(fail(EX_NOINPUT, "read", path, e))
    at, line = 0, 1
    while (start := re.compile(r"[\s,\[\]]*").match(body, at).end()) < len(body):
        value, end = decoder.raw_decode(body, start)
        line += body.count("\n", at, start)
        yield line, value
        line += body.count("\n", start, end)
        at = end


def is_header(fields, words):
    """What a header's fields are called isn't fixed: each has its word in it, and nothing of numbers or addresses."""
    return len(fields) >= len(words) and all(w in f.lower() and not re.search("[0-9.:]", f) for w, f in zip(words, fields))


def fail(code, verb, path, e):
    print("openstack-export: %s %s: %s" % (verb, path, getattr(e, "strerror", None) or e), file=sys.stderr)
    return code


class Reader:
    """Files, and what is wrong with them: to stderr, and counted."""

    def __init__(self):
        self.left_out, self.said = 0, set()

    def complain(self, path, line, reason):
        """A column that one row lacks all rows lack: said once, counted each time."""
        self.left_out += 1
        if not reason.startswith("no column") or (path, reason) not in self.said:
            print("openstack-export: %s:%d: %s" % (path, line, reason), file=sys.stderr)
        self.said.add((path, reason))

    def take(self, path, line, into, *what):
        try:
            return into(*what)
        except Mistake as e:
            self.complain(path, line, str(e))
        except (TypeError, AttributeError):
            self.complain(path, line, "a value is of a type that the client doesn't write")

    def listing(self, path, into):
        for line, row in rows(path):
            self.take(path, line, into, row, (path, line))

    def table(self, path, into, columns, header, notes):
        first = True
        for n, line in enumerate(contents(path).split("\n"), 1):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            fields = [f.strip() for f in next(csv.reader([line], skipinitialspace=True))]
            if first and is_header(fields, header):
                notes.append("%s:%d is taken for a header: %s" % (path, n, ",".join(fields)))
            elif len(fields) != columns:
                self.complain(path, n, "%d fields, %d are needed" % (len(fields), columns))
            else:
                self.take(path, n, into, *fields)
            first = False
