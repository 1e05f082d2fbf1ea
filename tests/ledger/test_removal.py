# SPDX-License-Identifier: Apache-2.0
"""Under load: the interface goes and comes back, somebody takes our programs away. What passed a hook is accounted for to the last."""
import ctypes
import glob
import json
import os

import pytest

import aggregate
import lab
import ledger
import rows
from loads import counted, finish

HOOKS = ("tcx", "clsact", "xdp") if lab.has_tcx() else ("clsact", "xdp")
OBJ_GET, LINK_DETACH = 7, 34  # commands of bpf(2)
BPF = 321 if os.uname().machine == "x86_64" else 280


def on_its_way():
    """Packets that the interface has counted, and that wait in the CPUs' backlogs in front of the hook, at most."""
    with open("/proc/sys/net/core/netdev_max_backlog") as f:
        return (int(f.read()) + 1) * os.cpu_count()


def settle(tap, least, most):
    """The books are exact; of the world outside it is known what must, and what can, have been seen."""
    finish(tap)
    account = ledger.check(ledger.Received().files(tap.path), note="to be between %d and %d" % (least, most))
    ledger.audited(account, "file:" + tap.path)
    assert least <= account.seen.packets <= most, (least, account.seen, most)
    return account


@pytest.mark.parametrize("mode", ("packet", "flow"))
def test_interface_deleted_and_made_again(things, pair, pins, load, mode):
    """All that went in until it was deleted is seen, and all of the second one."""
    tap = things.tap(pair, "-i", "vb", "--hook", "tc", "--mode", mode, *pins)
    first = load(pair, "va", flows=500, rate=50000)
    lab.wait_for("some load", lambda: counted(pair, "vb").packets > 20000)
    before = counted(pair, "vb").packets
    pair.ip("link", "del", "va")
    sent = first.wait().packets
    pair.veth("va", "vb")
    tap.wait_line("attached vb", skip=1)
    again = load(pair, "va", packets=30000, flows=500, rate=50000).wait()
    assert counted(pair, "vb").same(again)
    account = settle(tap, before - on_its_way() + again.packets, sent + again.packets)
    assert (account.records if mode == "packet" else account.flows) == account.seen
    names = {r["iface"] for r in aggregate.load(tap.path + ("" if mode == "packet" else ".flows"))}
    assert names == {"vb"}, "what waited when it went has lost its name"


def bpf(command, *words):
    attr = (ctypes.c_uint32 * 32)(*words)
    return lab.LIBC.syscall(BPF, command, attr, 128)


def detach_link(pins, hook):
    """Our link is found by where it is pinned: numbers of interfaces are not one namespace's own."""
    path, = glob.glob(os.path.join(glob.escape(pins[1]), "v*", "net-*", "link_*_in_" + hook))
    name = ctypes.create_string_buffer(path.encode())
    where = ctypes.addressof(name)
    fd = bpf(OBJ_GET, where & 0xffffffff, where >> 32)
    assert fd >= 0 and bpf(LINK_DETACH, fd) == 0, os.strerror(ctypes.get_errno())
    os.close(fd)


def seen_now(ns):
    found, = [i for i in json.loads(ns.run(rows.NINETAP, "show", "--json").stdout)["instances"] if i["here"]]
    return found["counts"]["seen"]["packets"]


@pytest.mark.parametrize("hook", HOOKS)
def test_program_removed_by_somebody(things, pair, pins, load, hook):
    """It is put back; what passed in between is not seen, and all behind it is."""
    options = ("--hook", "xdp") if hook == "xdp" else ("--hook", "tc", "--tc", hook)
    tap = things.tap(pair, "-i", "vb", *options, *pins)
    sender = load(pair, "va", flows=500, rate=30000)
    lab.wait_for("some load", lambda: counted(pair, "vb").packets > 10000)
    before = counted(pair, "vb").packets
    if hook == "clsact":
        lab.run("tc", "-n", pair.name, "filter", "del", "dev", "vb", "ingress")
    else:
        detach_link(pins, hook)
    tap.wait_line("restored vb ingress %s: it was removed by somebody" % hook)
    restored = counted(pair, "vb").packets
    lab.wait_for("more load", lambda: counted(pair, "vb").packets > restored + 10000)
    sender.stop()
    all_sent = counted(pair, "vb").packets
    lab.wait_for("a quiet line", lambda: seen_now(pair) == seen_now(pair))
    seen = seen_now(pair)
    last = load(pair, "va", packets=20000, flows=500, rate=50000).wait()
    account = settle(tap, before - on_its_way() + all_sent - restored + last.packets, all_sent + last.packets)
    assert account.seen.packets == seen + last.packets, "not all is seen behind the return"
