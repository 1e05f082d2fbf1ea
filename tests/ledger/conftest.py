# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the ledger's tests: the lab of tests/netns, senders that count, a bpffs of the test's own. All is taken down at the end."""
import importlib.util
import os
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "..", "netns"), os.path.join(HERE, "..", "corpus")]

from loads import Load, Mount  # noqa: E402

_spec = importlib.util.spec_from_file_location("netns_conftest", os.path.join(HERE, "..", "netns", "conftest.py"))
netns = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(netns)
things, pair = netns.things, netns.pair


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
