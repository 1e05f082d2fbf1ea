# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the ledger's tests: the lab of tests/netns, senders that count, a bpffs of the test's own. All is taken down at the end."""
import importlib.util
import os
import signal
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "netns"), os.path.join(HERE, "..", "corpus")]

import lab  # noqa: E402
from ledger import Tally  # noqa: E402

_spec = importlib.util.spec_from_file_location("netns_conftest", os.path.join(HERE, "..", "netns", "conftest.py"))
netns = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(netns)
things, pair = netns.things, netns.pair

SEND = os.environ.get("NINETAP_SEND", os.path.join(lab.rows.ROOT, "build", "tests", "ledger", "send"))


class Mount:
    """A file system of the test's own in a folder of its own."""

    def __init__(self, kind, path, options=None):
        self.path = str(path)
        os.makedirs(self.path)
        lab.run("mount", "-t", kind, *(["-o", options] if options else []), "none", self.path)

    def remount(self, options):
        lab.run("mount", "-o", "remount," + options, self.path)

    def close(self):
        lab.run("umount", "-l", self.path, check=False)


class Load:
    """tests/ledger/send.c out of an interface: Load(ns, "va", packets=1000, flows=10). Counts what the kernel took."""

    def __init__(self, ns, dev, **args):
        argv = ns.argv(SEND, dev, *("%s=%d" % pair for pair in args.items()))
        self.proc = subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.result = None

    def wait(self, timeout=300):
        """The Tally that it sent, once it has ended by itself."""
        if self.result is None:
            out, _ = self.proc.communicate(timeout=timeout)
            assert self.proc.returncode == 0 and out.startswith("sent "), (self.proc.returncode, out)
            packets, size = map(int, out.split()[1:3])
            self.result = Tally(packets, packets, size)
        return self.result

    def stop(self):
        self.proc.terminate()
        return self.wait()

    def close(self):
        if self.proc.poll() is None:
            self.proc.kill()
        self.proc.wait()
        self.proc.stdout.close()


def counted(ns, dev, way="rx"):
    """What the interface itself says that it received (or sent); how many events that were it can't say."""
    stats = ns.stats(dev)[way]
    return Tally(None, stats["packets"], stats["bytes"])


def finish(tap, signum=signal.SIGTERM, code=0):
    """Ends a run and returns the figures of its account."""
    tap.proc.send_signal(signum)
    ended = tap.ended(120)
    assert ended == code, "exit %d after signal %d: %s" % (ended, signum, tap.lines[-20:])
    return tap.account()


@pytest.fixture
def load(things):
    """load(ns, dev, **args): a sender that is ended with the test."""
    return lambda ns, dev, **args: things.keep(Load(ns, dev, **args))


@pytest.fixture
def pins(things, tmp_path):
    """Options that pin in a bpffs of the test's own, never in the machine's."""
    mount = things.keep(Mount("bpf", tmp_path / "bpffs"))
    return ("--pins", os.path.join(mount.path, "ninetap"))


@pytest.fixture
def tmpfs(things, tmp_path):
    """tmpfs(size): a small disk of the test's own; size as mount(8) takes it."""
    return lambda size: things.keep(Mount("tmpfs", tmp_path / ("disk%d" % len(things.made)), "size=" + size))
