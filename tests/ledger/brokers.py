# SPDX-License-Identifier: Apache-2.0
"""brokers.py - a real broker in a network namespace, a lab beside it, and what a consumer of all topics comes to.

Site is a module's broker; Site.trial() is what one test does with it: an own
veth pair, topics, spool, pins, and any number of ninetaps after each other.
The trial ends with check(): the equation, the audit, and the order.
"""
import concurrent.futures
import importlib.util
import itertools
import os

import pytest

import lab
import ledger
from loads import Load, Mount, counted

_spec = importlib.util.spec_from_file_location("kafka_broker", os.path.join(lab.rows.ROOT, "tests", "kafka", "broker.py"))
kafka = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(kafka)

TRIALS = itertools.count()
PATIENCE = 120  # seconds that a broker or a spool may take


class Received(ledger.Received):
    """Decodes records whole: a schema that leaves fields out takes a third longer."""

    def learn(self, mark):
        stream, written, _ = super().learn(mark)
        self.decoders[mark] = stream, written, None
        return self.decoders[mark]


class Site:
    """A namespace with a broker in it."""

    def __init__(self):
        self.ns = lab.Netns("kafka")
        try:
            self.broker = kafka.Broker(self.ns.argv)
        except BaseException:
            self.ns.close()
            raise

    def close(self):
        self.broker.close()
        self.ns.close()


@pytest.fixture(scope="module")
def site():
    made = Site()
    yield made
    made.close()


@pytest.fixture
def trial(site, things, tmp_path):
    made = Trial(site, things, tmp_path)
    yield made
    made.close()


class Trial:
    """One test: va -> vb, topics of its own."""

    def __init__(self, site, things, tmp_path):
        self.site, self.ns, self.broker, self.things = site, site.ns, site.broker, things
        self.topic = "trial%d" % next(TRIALS)
        self.spool = str(tmp_path / "spool")
        self.pins = os.path.join(things.keep(Mount("bpf", tmp_path / "bpffs")).path, "ninetap")
        self.output = "kafka:%s/%s" % (self.broker.address, self.topic)
        self.ns.veth("va", "vb")
        self.sent = ledger.NONE
        self.tap = None

    def topics(self, partitions=1):
        """packets, flows and events, at once, for each is a start of Java."""
        names = (self.topic, self.topic + ".flows", self.topic + ".events")
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda name: self.broker.topic(name, partitions), names))
        return self

    def run(self, *options, spool=True, ready=True):
        """Starts ninetap; the one before must be gone."""
        spooling = ("--spool", self.spool) if spool else ()
        self.tap = self.things.tap(self.ns, "-i", "vb", "--hook", "tc", "--box", "box-1", "--pins", self.pins, *spooling, *options,
                                   output=self.output, encoding="avro", ready=ready)
        return self.tap

    def kill(self):
        """kill -9; returns when it is gone."""
        self.tap.proc.kill()
        self.tap.proc.wait()

    def load(self, **args):
        return self.things.keep(Load(self.ns, "va", **args))

    def stop(self, load):
        self.sent += load.stop()

    def spooled(self):
        """Bytes that wait in the spool's files."""
        names = os.listdir(self.spool) if os.path.isdir(self.spool) else []
        return sum(os.path.getsize(os.path.join(self.spool, name)) for name in names)

    def received(self):
        """All rows of the three topics."""
        out = Received()
        for topic in (self.topic, self.topic + ".flows", self.topic + ".events"):
            for value in self.broker.values(topic):
                out.message(value)
        return out

    def check(self, lost=(), note="", code=None):
        """The equation, all of it, and what `ninetap audit` says of it."""
        received = self.received()
        check_order(received)
        account = ledger.check(received, self.sent, counted(self.ns, "vb"), lost, note)
        ledger.audited(account, self.output, ns=self.ns, code=code)
        return account

    def close(self):
        if self.tap and self.tap.proc.poll() is None:
            self.kill()
        self.ns.ip("link", "del", "va", check=False)



def check_order(received):
    """What comes twice may come late, but no number comes for the first time behind a greater one. (A dict keeps that order.)"""
    for key, page in received.pages.items():
        top = 0
        for seq in page.records:
            assert seq > top, "%s: number %d came for the first time behind %d" % (key, seq, top)
            top = seq
