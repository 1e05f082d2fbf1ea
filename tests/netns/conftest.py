# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the end-to-end tests: whatever they make is taken down when the test ends, however it ends."""
import os
import sys

import pytest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..", "corpus")]

import lab  # noqa: E402


@pytest.fixture(scope="session", autouse=True)
def own_mounts():
    lab.own_mounts()


class Things:
    """Makes parts of a lab and remembers them; closes the last one first."""

    def __init__(self, tmp_path):
        self.tmp_path, self.made = tmp_path, []

    def keep(self, thing):
        self.made.append(thing)
        return thing

    def ns(self, label="n"):
        return self.keep(lab.Netns(label))

    def tap(self, ns, *options, **kw):
        path = self.tmp_path / ("records%d" % len(self.made))
        tap = lab.Tap(ns, path, *options, **{**kw, "ready": False})
        self.keep(tap)
        if kw.get("ready", True):
            tap.wait_line("ninetap: ready")
        return tap

    def sender(self, ns, dev):
        return self.keep(lab.Sender(ns, dev))

    def capture(self, ns, dev, way):
        return self.keep(lab.Capture(ns, dev, self.tmp_path / ("capture%d.pcap" % len(self.made)), way))

    def close(self):
        while self.made:
            self.made.pop().close()


@pytest.fixture
def things(tmp_path):
    assert os.geteuid() == 0, "these tests need root"
    assert os.access(lab.rows.NINETAP, os.X_OK), "%s is not built" % lab.rows.NINETAP
    made = Things(tmp_path)
    try:
        yield made
    finally:
        made.close()


@pytest.fixture
def pair(things):
    """A namespace with a quiet veth pair, va and vb, both ends in it."""
    ns = things.ns("pair")
    ns.veth("va", "vb")
    return ns


@pytest.fixture(autouse=True)
def on_one_cpu():
    """Senders stay on one CPU, so that time stamps order the records of both ends."""
    before = os.sched_getaffinity(0)
    yield
    os.sched_setaffinity(0, before)
