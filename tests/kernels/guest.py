# SPDX-License-Identifier: Apache-2.0
"""guest.py - what runs inside of the kernels of scripts/test-kernels, as its first process's only child.

C programs of PROGRAMS, and ninetap as it is used: on a veth pair, in both modes,
killed and taken over, on the hooks that this kernel has; each time every packet
is accounted for, by the reader of tests/ledger and by the audit. Prints "ok NAME"
and "not ok NAME" with details as "# ..." before them, and "guest done" at its end.
"""
import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import threading
import traceback
from concurrent.futures import ThreadPoolExecutor

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
os.environ["NINETAP_TEST_WAIT"] = "180"  # before lab is there
sys.path[:0] = [os.path.join(TESTS, folder) for folder in ("netns", "corpus", "ledger")]

import lab  # noqa: E402
import ledger  # noqa: E402
import loads  # noqa: E402

# Relative to build/tests. Side by side, and beside what USES says.
LANES = (("kernels/load", "bpf/parse_run", "bpf/flow_run", "bpf/ring_run"),
         ("bpf/flow_key", "bpf/gso_run", "bpf/multibuf_run", "bpf/paged_skb", "unit/attach_netns", "unit/attach_adopt"))
PROGRAMS = sum(LANES, ()) + ("ledger/send",)
PROGRAM_TIMEOUT = 600  # seconds; everything is some twenty times slower here
BPFFS = "/sys/fs/bpf"
printing = threading.Lock()


def report(name, ok, detail=()):
    with printing:
        for line in detail[-40:]:
            print("#   " + line, file=sys.__stdout__)
        print("%s %s" % ("ok" if ok else "not ok", name), file=sys.__stdout__, flush=True)


def results_of(out):
    """(verdict, test, what was said before it) of each test of a program."""
    said = []
    for line in out.splitlines():
        if result := re.fullmatch(r"(ok|not ok) (.+)", line):
            yield result[1], result[2], said
            said = []
        else:
            said.append(line.lstrip("# "))


def program(name):
    """Its tests; what the verifier said is printed in any case."""
    path = os.path.join(lab.rows.ROOT, "build", "tests", name)
    try:
        p = subprocess.run([path], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                           stdin=subprocess.DEVNULL, timeout=PROGRAM_TIMEOUT)
        code, out = p.returncode, p.stdout
    except subprocess.TimeoutExpired as e:
        code, out = -9, (e.stdout or b"").decode(errors="replace") + "\nkilled after %d s" % PROGRAM_TIMEOUT
    results = list(results_of(out))
    for verdict, test, said in results:
        shown = [line for line in said if verdict != "ok" or line.startswith("verified ")]
        report("%s %s" % (os.path.basename(name), test), verdict == "ok", shown)
    if not results or code != 0 and all(verdict == "ok" for verdict, *_ in results):
        report(os.path.basename(name), False, ["exit code %d, %d tests reported" % (code, len(results))] + out.splitlines()[-20:])


class Place:
    """A quiet veth pair in a namespace, and a ninetap on vb that writes to one path, however often it is started."""

    def __init__(self, stack, name, hook, options):
        self.stack, self.hook, self.options = stack, hook, options
        self.path, self.pins = os.path.join("/tmp", name), os.path.join(BPFFS, name)
        self.ns = lab.Netns("k")
        stack.callback(self.ns.close)
        self.ns.veth("va", "vb")
        self.sent = ledger.NONE

    def run(self):
        tap = lab.Tap(self.ns, self.path, "-i", "vb", "--pins", self.pins, *HOOKS[self.hook], *self.options)
        self.stack.callback(tap.close)
        return tap

    def send(self, **args):
        load = loads.Load(self.ns, "va", **args)
        self.stack.callback(load.close)
        self.sent += load.wait()

    def kill(self, tap):
        tap.proc.send_signal(signal.SIGKILL)
        tap.ended()

    def account(self, torn=False):
        """All that came is all that was sent; and nothing is left behind."""
        received = ledger.Received().files(self.path, torn)
        account = ledger.check(received, self.sent, self.counted())
        ledger.audited(account, "file:" + self.path)
        assert self.ns.left("vb") == [], self.ns.left("vb")
        assert self.pinned() == [], self.pinned()
        return account

    def counted(self):
        """Under native XDP a veth of older kernels counts no Ethernet headers."""
        counted = loads.counted(self.ns, "vb")
        return counted._replace(bytes=None) if self.hook == "xdp" else counted

    def pinned(self):
        return [os.path.join(folder, f) for folder, _, files in os.walk(self.pins) for f in files]


def place_of_tc():
    return "tcx" if lab.kernel() >= (6, 6) else "clsact"


def test_packets(place):
    """--hook tc: all in records, by the place that this kernel has."""
    tap = place.run()
    tap.wait_line("ingress %s egress %s" % (place_of_tc(), place_of_tc()))
    assert place.ns.left("vb"), "nothing is attached"
    place.send(packets=2000, flows=30, vni=42)
    figures = loads.finish(tap)
    account = place.account()
    assert figures["seen"] == figures["recorded"] == figures["delivered"] == account.records.packets == 2000, figures


def test_flows(place):
    tap = place.run()
    place.send(packets=4000, flows=100)
    loads.finish(tap)
    account = place.account()
    assert account.flows == account.seen == place.sent and account.records == ledger.NONE


def killed(place):
    """Sent before, while nobody reads, and after; the next run goes on with the maps of the first."""
    tap = place.run()
    place.send(packets=1000, flows=20)
    place.kill(tap)
    place.send(packets=1000, flows=20)
    tap = place.run()
    tap.wait_line("taking over")
    place.send(packets=1000, flows=20)
    loads.finish(tap)
    account = place.account(torn=True)
    assert len({key[1] for key in account.received.pages}) == 1, "more than one epoch"
    return account


def test_killed_in_packet_mode(place):
    assert killed(place).records.packets == 3000


def test_killed_in_flow_mode(place):
    assert killed(place).flows.packets == 3000


def test_overflow(place):
    """Nobody reads, and the ring is full: what has no room is counted in the flow table."""
    place.kill(place.run())
    place.send(packets=3000, flows=10)
    loads.finish(place.run())
    account = place.account(torn=True)
    assert account.records.packets > 100 and account.flows.packets > 100, (account.records, account.flows)


def test_detach(place):
    place.kill(place.run())
    assert place.ns.left("vb") and place.pinned(), "the killed one's programs are gone"
    place.ns.run(lab.rows.NINETAP, "detach", "--pins", place.pins)
    assert place.ns.left("vb") == [] and place.pinned() == [], (place.ns.left("vb"), place.pinned())


def test_mode_is_changed(place):
    tap = place.run()
    place.send(packets=500, flows=10)
    place.ns.run(lab.rows.NINETAP, "mode", "vb=flow")
    place.send(packets=500, flows=10)
    loads.finish(tap)
    account = place.account()
    assert account.records.packets == account.flows.packets == 500


HOOKS = {"tc": ("--hook", "tc"), "clsact": ("--hook", "tc", "--tc", "clsact"), "xdp": ("--hook", "xdp")}
USES = [(test_packets, "tc", ()), (test_flows, "xdp", ("--mode", "flow")), (test_killed_in_packet_mode, "tc", ()),
        (test_killed_in_packet_mode, "xdp", ()), (test_killed_in_flow_mode, "clsact", ("--mode", "flow")),
        (test_overflow, "tc", ("--ring-bytes", "64KiB")), (test_mode_is_changed, "tc", ()), (test_detach, "tc", ()),
        (test_detach, "xdp", ())]


def use(number, test, hook, options):
    name = "run %s, %s" % (test.__name__, hook)
    said = io.StringIO()
    try:
        with contextlib.ExitStack() as stack, contextlib.redirect_stdout(said):
            test(Place(stack, "use%d" % number, hook, options))
    except Exception:
        return report(name, False, (said.getvalue() + traceback.format_exc()).splitlines())
    report(name, True, said.getvalue().splitlines())


def lane(programs):
    for name in programs:
        program(name)


def load_alone():
    """scripts/test-kernels says so by the kernel's command line, of which the first process has this in its environment."""
    return os.environ.get("GUEST") == "load"


def use_all():
    with ThreadPoolExecutor(len(LANES)) as pool:
        lanes = [pool.submit(lane, programs) for programs in LANES]
        for number, (test, hook, options) in enumerate(USES):
            use(number, test, hook, options)
        for one in lanes:
            one.result()


def main():
    if load_alone():
        program("kernels/load")
    else:
        use_all()
    print("guest done", flush=True)


if __name__ == "__main__":
    main()
