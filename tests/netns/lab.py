# SPDX-License-Identifier: Apache-2.0
"""lab.py - network namespaces, quiet veth pairs, senders and a running ninetap, for the end-to-end tests.

Everything has a name of its own (by pid and a counter) and is taken down by
close(), whatever happened. Nothing here touches an interface outside a
namespace that it made.
"""
import contextlib
import ctypes
import errno
import itertools
import json
import os
import re
import select
import signal
import socket
import subprocess
import time

import rows

LIBC = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS = 0x20000
CLONE_NEWNET = 0x40000000
COUNTER = itertools.count()
WAIT = int(os.environ.get("NINETAP_TEST_WAIT", "30"))  # seconds that anything is waited for


def run(*argv, check=True, **kw):
    p = subprocess.run([str(a) for a in argv], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=120, **kw)
    assert not check or p.returncode == 0, "%s: exit %d: %s" % (" ".join(map(str, argv)), p.returncode, p.stderr)
    return p


def wait_for(what, condition, timeout=WAIT):
    """Polls for a state of the kernel that has no event of its own."""
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, "waited %d s in vain for %s" % (timeout, what)
        time.sleep(0.01)


def prog_query(ifindex, way):
    """How many TCX programs there are, or -errno. By the system call, for bpftool 7.1 doesn't know TCX."""
    attr = (ctypes.c_uint32 * 32)(ifindex, 46 if way == "ingress" else 47)
    bpf = 321 if os.uname().machine == "x86_64" else 280
    ret = LIBC.syscall(bpf, 16, attr, 64)
    return attr[6] if ret == 0 or ctypes.get_errno() == errno.ENOSPC else -ctypes.get_errno()


def has_tcx():
    """Linux 6.6 and later: interface 0 is ENODEV there; before, the question itself is EINVAL."""
    return prog_query(0, "ingress") != -errno.EINVAL


def kernel():
    return tuple(map(int, re.match(r"(\d+)\.(\d+)", os.uname().release).groups()))


def own_mounts():
    """This process and its children get a bpffs of their own, where /sys/fs/bpf is: no pin is left, whatever happens."""
    assert LIBC.unshare(CLONE_NEWNS) == 0, os.strerror(ctypes.get_errno())
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "bpf", "bpf", "/sys/fs/bpf")


class Netns:
    """A namespace without IPv6 of its own and so without noise."""

    def __init__(self, label):
        self.name = "nt%d-%s%d" % (os.getpid(), label, next(COUNTER))
        run("ip", "netns", "add", self.name)
        self.run("sh", "-c", "for f in all default; do echo 1 >/proc/sys/net/ipv6/conf/$f/disable_ipv6; done")
        self.ip("link", "set", "lo", "up")

    def argv(self, *argv):
        return ["nsenter", "--net=/run/netns/" + self.name, *[str(a) for a in argv]]

    def run(self, *argv, **kw):
        return run(*self.argv(*argv), **kw)

    def ip(self, *args, **kw):
        return run("ip", "-n", self.name, *args, **kw)

    @contextlib.contextmanager
    def entered(self):
        """This thread is inside; sockets made here stay inside."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open("/run/netns/" + self.name, os.O_RDONLY)
        try:
            assert LIBC.setns(there, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
            yield
        finally:
            assert LIBC.setns(home, CLONE_NEWNET) == 0
            os.close(home)
            os.close(there)

    def veth(self, a, b, other=None, mtu=1500):
        """A pair, up: a in this namespace, b in the other one (or this)."""
        other = other or self
        self.ip("link", "add", a, "mtu", mtu, "type", "veth", "peer", "name", b, "mtu", mtu, "netns", other.name)
        for ns, dev in ((self, a), (other, b)):
            ns.ip("link", "set", dev, "arp", "off", "up")
        for ns, dev in ((self, a), (other, b)):
            wait_for(dev, lambda: json.loads(ns.ip("-j", "link", "show", "dev", dev).stdout)[0]["operstate"] == "UP")

    def stats(self, dev):
        link = json.loads(self.ip("-s", "-j", "link", "show", "dev", dev).stdout)[0]
        return link["stats64"]

    def left(self, dev):
        """What is attached to dev, by kind: XDP, clsact or its filters, TCX programs."""
        found = []
        if "xdp" in json.loads(self.ip("-j", "-d", "link", "show", "dev", dev).stdout)[0]:
            found.append("xdp")
        if "clsact" in run("tc", "-n", self.name, "qdisc", "show", "dev", dev).stdout:
            found.append("clsact")
        for way in ("ingress", "egress"):
            if run("tc", "-n", self.name, "filter", "show", "dev", dev, way, check=False).stdout.strip():
                found.append("filter " + way)
            found += ["tcx " + way] * self.tcx(dev, way)
        return found

    def tcx(self, dev, way):
        with self.entered():
            return max(0, prog_query(socket.if_nametoindex(dev), way))

    def close(self):
        run("ip", "netns", "del", self.name, check=False)


class Sender:
    """Raw frames out of an interface, through its egress hooks; counts what the kernel took."""

    def __init__(self, ns, dev):
        with ns.entered():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.socket.bind((dev, 0))
        self.sent = 0

    def send(self, frames):
        for data in frames:
            assert self.socket.send(data) == len(data)
            self.sent += 1

    def close(self):
        self.socket.close()


class Capture:
    """A tcpdump of one interface and direction; wait() until it has n frames."""

    def __init__(self, ns, dev, path, way):
        self.path = str(path)
        self.proc = subprocess.Popen(ns.argv("tcpdump", "-i", dev, "-Q", way, "-U", "--immediate-mode", "-s", "2000", "-B", "16384",
                                             "-w", self.path), stderr=subprocess.PIPE, text=True, stdin=subprocess.DEVNULL)
        for line in self.proc.stderr:
            if "listening on" in line:
                return
        raise AssertionError("tcpdump did not start")

    def wait(self, size):
        """Until the file has `size` bytes: its header and all frames."""
        wait_for("tcpdump to write %d bytes" % size, lambda: os.path.getsize(self.path) >= size)
        self.proc.send_signal(signal.SIGINT)
        self.proc.wait(WAIT)

    def close(self):
        if self.proc.poll() is None:
            self.proc.kill()
        self.proc.wait()
        self.proc.stderr.close()


class Tap:
    """ninetap run in a namespace, its records in a file."""

    def __init__(self, ns, path, *options, output=None, encoding="json", ready=True, stdout=subprocess.DEVNULL):
        self.path, self.lines, self.rest = str(path), [], b""
        argv = ns.argv(rows.NINETAP, "run", "-e", encoding, "-o", output or "file:" + self.path, *options)
        self.proc = subprocess.Popen(argv, stderr=subprocess.PIPE, stdout=stdout, stdin=subprocess.DEVNULL)
        if ready:
            self.wait_line("ninetap: ready")

    def wait_line(self, text, timeout=WAIT, skip=0):
        """Until stderr has had a line with text in it, `skip` of them aside."""
        end = time.monotonic() + timeout
        while sum(text in line for line in self.lines) <= skip:
            left = end - time.monotonic()
            assert left > 0, "no line %r within %d s; stderr: %s" % (text, timeout, self.lines[-20:])
            if not select.select([self.proc.stderr], [], [], left)[0]:
                continue
            data = os.read(self.proc.stderr.fileno(), 65536)
            assert data, "ninetap ended (exit %s) before %r: %s" % (self.proc.wait(), text, self.lines[-20:])
            self.take(data)
        return [line for line in self.lines if text in line][skip]

    def take(self, data):
        *lines, self.rest = (self.rest + data).split(b"\n")
        self.lines += [line.decode() for line in lines]

    def ended(self, timeout=WAIT):
        """Waits for its end by itself; returns the exit code."""
        out, err = self.proc.communicate(timeout=timeout)
        self.take((err or b"") + b"\n")
        self.stdout = out
        return self.proc.returncode

    def stop(self, signum=signal.SIGTERM):
        """Ends it, and returns (records, account)."""
        self.proc.send_signal(signum)
        code = self.ended()
        assert code == 0, "exit %d after signal %d: %s" % (code, signum, self.lines[-20:])
        return self.records(), self.account()

    def account(self):
        figures = rows.account("\n".join(self.lines))
        assert figures, "no account: %s" % self.lines[-20:]
        return figures

    def records(self):
        with open(self.path) as f:
            return [json.loads(line) for line in f]

    def close(self):
        if self.proc.poll() is None:
            self.proc.kill()
        self.proc.wait()
        for pipe in (self.proc.stderr, self.proc.stdout):
            if pipe:
                pipe.close()


def in_order(records):
    return sorted(records, key=lambda r: r["ts"])


def check_balance(figures, records, packets, owed=None):
    """packets = seen; owed (all of them) = recorded = delivered = records; nothing lost; seq without gaps on each CPU."""
    owed = packets if owed is None else owed
    print("sent %d, seen %d, recorded %d, delivered %d, read %d" % (
        packets, figures["seen"], figures["recorded"], figures["delivered"], len(records)))
    assert figures["seen"] == figures["recorded"] + rows.fates(figures), figures
    assert figures["seen"] == packets, figures
    assert figures["recorded"] == figures["delivered"] == len(records) == owed, (figures, len(records), owed)
    losses = {k: v for k, v in figures.items() if k.startswith("lost_")}
    assert len(losses) >= 6 and not any(losses.values()), losses
    for cpu in {r["cpu"] for r in records}:
        seqs = sorted(r["seq"] for r in records if r["cpu"] == cpu)
        assert seqs == list(range(1, len(seqs) + 1)), "cpu %d: seq has gaps or twins" % cpu
