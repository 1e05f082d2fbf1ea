# SPDX-License-Identifier: Apache-2.0
"""Killed again and again under load, each ninetap goes on where the one before was: every packet comes to the broker."""
import os
import random
import time

import pytest

from brokers import site, trial  # noqa: F401
from loads import finish

KILLS = 20
RATE = 100000  # packets a second


def kill_and_start(trial, dice, *options):
    """The next one starts at once; it may be killed before it is ready."""
    time.sleep(dice.uniform(0.5, 3))
    trial.kill()
    trial.run(*options, ready=False)


@pytest.mark.parametrize("mode", ["packet", "flow"])
def test_killed_20_times_under_load(trial, mode):
    seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
    dice, options = random.Random(seed), ("--mode", mode)
    print("seed %d" % seed)
    trial.topics().run(*options)
    load, began = trial.load(rate=RATE, flows=1000, bytes=120), time.monotonic()
    for _ in range(KILLS):
        kill_and_start(trial, dice, *options)
    trial.stop(load)
    rate = trial.sent.packets / (time.monotonic() - began)
    trial.tap.wait_line("ninetap: ready")
    finish(trial.tap)
    account = trial.check(note="mode %s, %d x kill -9, %d packets/s" % (mode, KILLS, rate))
    assert (account.flows if mode == "packet" else account.records).packets < account.seen.packets
    assert len({epoch for _, epoch, _ in account.received.pages}) == 1
    assert any(e["adopted"] for e in account.received.of_type("start"))
