# SPDX-License-Identifier: Apache-2.0
"""The broker is killed under load and comes back: with a spool everything arrives, without one no packet goes uncounted."""
import time

import pytest

import lab
from brokers import PATIENCE, site, trial  # noqa: F401
from loads import counted, finish

OUTAGE_S = 30
SHORT_S = 8
RATE = 30000  # packets a second
RINGS = ("--ring-bytes", "16MiB")  # twice what comes until --spool-after is over, so that each packet has a record
BEGUN, OVER = "deliver to kafka: no answer for", "deliver to kafka: all of the spool is sent"


def outage(trial, seconds, during=lambda: None):
    """kill -9 of the broker, so many seconds without one, and the same data on the same port again."""
    trial.broker.kill()
    end = time.monotonic() + seconds
    during()
    time.sleep(max(0, end - time.monotonic()))
    trial.broker.restart()


def uses_the_spool(trial, n=0):
    trial.tap.wait_line(BEGUN, PATIENCE, n)
    lab.wait_for("bytes in the spool", lambda: trial.spooled() > 1 << 20)


def test_killed_twice_for_30_s_under_load(trial):
    trial.topics().run(*RINGS)
    load = trial.load(rate=RATE, flows=1000, bytes=120)
    for n in range(2):
        outage(trial, OUTAGE_S, lambda: uses_the_spool(trial, n))
        trial.tap.wait_line(OVER, PATIENCE, n)
    trial.stop(load)
    finish(trial.tap)
    assert not trial.spooled()
    account = trial.check(note="broker killed twice for %d s" % OUTAGE_S)
    assert account.records == account.seen, "with a spool no ring fills up"


def test_the_collector_dies_in_the_outage(trial):
    trial.topics().run()
    load = trial.load(rate=RATE, flows=1000, bytes=120)

    def die():
        uses_the_spool(trial)
        trial.kill()
        assert trial.spooled()
        trial.run()

    outage(trial, SHORT_S, die)
    trial.tap.wait_line(OVER, PATIENCE)
    trial.stop(load)
    finish(trial.tap)
    assert not trial.spooled()
    account = trial.check(note="broker killed, and ninetap in the outage")
    assert {e["adopted"] for e in account.received.of_type("start")} == {False, True}


@pytest.mark.parametrize("mode", ["packet", "flow"])
def test_what_is_in_flight_is_sent_again(trial, mode):
    """Nothing is acknowledged, nothing spooled yet: rings and slots alone still hold it when ninetap is killed."""
    options = ("--mode", mode, "--flow-active", "1s", "--spool-after", "5m")
    trial.topics().run(*options)
    load = trial.load(rate=RATE, flows=1000, bytes=120)
    trial.broker.kill()
    begin = counted(trial.ns, "vb").packets
    lab.wait_for("three seconds of load", lambda: counted(trial.ns, "vb").packets > begin + 3 * RATE)
    trial.kill()
    trial.broker.restart()
    trial.run(*options)
    trial.stop(load)
    finish(trial.tap)
    trial.check(note="mode %s, killed with all in flight" % mode)


def test_the_end_comes_in_the_outage(trial):
    """SIGTERM puts the rest into the spool; the next run, which has an epoch of its own, sends it."""
    trial.topics().run()
    load = trial.load(rate=RATE, flows=1000, bytes=120)

    def end():
        uses_the_spool(trial)
        trial.stop(load)
        finish(trial.tap)

    outage(trial, SHORT_S, end)
    assert trial.spooled()
    trial.run().wait_line(OVER, PATIENCE)
    finish(trial.tap)
    account = trial.check(note="ninetap ended in the outage")
    assert len({epoch for _, epoch, _ in account.received.pages}) == 2


def test_rings_bridge_a_short_outage_without_a_spool(trial):
    """What has no room in the sink's window stays in rings; what has none there is counted in flows."""
    trial.topics().run("--ring-bytes", "1MiB", spool=False)
    load = trial.load(rate=RATE, flows=1000, bytes=120)
    outage(trial, SHORT_S)
    trial.stop(load)
    finish(trial.tap)
    account = trial.check(note="no spool, broker killed for %d s" % SHORT_S)
    assert account.fates["overflow"] > 0 and account.fates["recorded"] > 0


def test_tables_that_fill_up_without_a_spool_count_what_is_lost(trial):
    """16 entries for 1,000 flows: the outage is longer than rings and tables can bridge."""
    trial.topics().run("--ring-bytes", "64KiB", "--flow-entries", "16", spool=False)
    load = trial.load(rate=RATE, flows=1000, bytes=120)
    outage(trial, SHORT_S)
    trial.stop(load)
    finish(trial.tap)
    account = trial.check(lost=("ring_full",), note="no spool, no room, broker killed for %d s" % SHORT_S)
    assert account.lost["ring_full"].packets > 0
