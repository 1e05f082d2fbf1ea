# SPDX-License-Identifier: Apache-2.0
"""Topics that are missing, or deleted and made again; two ninetaps beside each other, and at one spool."""
import lab
import ledger
from brokers import PATIENCE, site, trial  # noqa: F401
from loads import counted, finish

RATE = 20000  # packets a second
MISSING = "create the topic"
BEGUN, OVER = "deliver to kafka: no answer for", "deliver to kafka: all of the spool is sent"


def test_topics_that_are_made_after_the_start(trial):
    trial.run()
    load = trial.load(rate=RATE, flows=100, bytes=120)
    trial.tap.wait_line(MISSING, PATIENCE)
    trial.tap.wait_line(BEGUN, PATIENCE)
    trial.topics()
    trial.tap.wait_line(OVER, PATIENCE)
    trial.stop(load)
    finish(trial.tap)
    trial.check(note="topics made after the start")


def test_a_topic_deleted_and_made_again(trial):
    """What was in it is gone with it. All that the producer had not heard of since comes into the new one."""
    trial.topics().run()
    load = trial.load(rate=RATE, flows=100, bytes=120)
    lab.wait_for("messages in the topic", lambda: trial.broker.end(trial.topic) > 0, PATIENCE)
    trial.broker.delete(trial.topic)
    trial.tap.wait_line(BEGUN, PATIENCE)
    trial.broker.topic(trial.topic)
    trial.tap.wait_line(OVER, PATIENCE)
    trial.stop(load)
    figures = finish(trial.tap)
    received = trial.received()
    (_, page), = [p for p in received.pages.items() if p[1].records][:1]
    print("sent %d, seen %d, received %d of the new topic" % (trial.sent.packets, figures["seen"], len(page.records)))
    assert figures["seen"] == figures["recorded"] == trial.sent.packets
    for key, page in received.pages.items():
        if page.records:
            assert max(page.records) == page.closing()["seq"] and len(page.records) == max(page.records) - min(page.records) + 1, key


def test_a_second_ninetap_is_refused_the_spool(trial):
    trial.topics().run()
    other = trial.things.tap(trial.ns, "-i", "va", "--instance", "other", "--pins", trial.pins, "--spool", trial.spool,
                             output=trial.output, encoding="avro", ready=False)
    assert other.ended() != 0
    said = [line for line in other.lines if trial.spool in line]
    assert len(said) == 1 and "another" in said[0], other.lines
    assert "ninetap: ready: 1 interfaces" not in "\n".join(other.lines)
    load = trial.load(packets=10000)
    load.wait()
    trial.stop(load)
    finish(trial.tap)
    trial.check(note="another was refused its spool")


def test_two_ninetaps_beside_each_other(trial):
    """At one interface the second is refused; at two each sees all, and each adds up, though one of them is killed and goes on."""
    trial.topics().run()
    second = start_second(trial, "vb", ready=False)
    assert second.ended() != 0
    assert any("ninetap with pid %d is already there" % trial.tap.proc.pid in line for line in second.lines), second.lines
    second = start_second(trial, "va")
    load = trial.load(rate=RATE, flows=100, bytes=120)
    second.proc.kill()
    second.proc.wait()
    second = start_second(trial, "va")
    trial.stop(load)
    finish(trial.tap)
    finish(second)
    received = trial.received()
    ledger.check(only(received, "box-1"), trial.sent, counted(trial.ns, "vb"), note="in of vb")
    ledger.check(only(received, "box-2"), trial.sent, counted(trial.ns, "va", "tx"), note="out of va")
    assert ledger.audit(trial.output, ns=trial.ns)[0] == 0


def start_second(trial, iface, ready=True):
    """Another instance, for the same topics."""
    return trial.things.tap(trial.ns, "-i", iface, "--hook", "tc", "--box", "box-2", "--instance", "second", "--pins", trial.pins,
                            "--spool", trial.spool + "2", output=trial.output, encoding="avro", ready=ready)


def only(received, box):
    """The pages of one box."""
    out = ledger.Received()
    out.pages.update({key: page for key, page in received.pages.items() if key[0] == box})
    out.rows, out.duplicates, out.contradictions = received.rows, received.duplicates, received.contradictions
    return out
