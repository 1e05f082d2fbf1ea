# SPDX-License-Identifier: Apache-2.0
"""Random statements and random packets: build/tests/unit/dump_tags must answer as model.py does.

NINETAP_SEED=N repeats a run; the seed is printed. A round is a script of
statements, queries, reloads and prunes about a few instances that share few
addresses, so that most queries fall between changes. A round that fails is
shrunk to what is needed to show it.
"""
import collections
import json
import os
import random
import subprocess

import events
import model

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DRIVER = os.path.join(ROOT, os.environ.get("NINETAP_BUILD", "build"), "tests", "unit", "dump_tags")
ROUNDS, EACH = 200, 500  # 10^5 statements, 10^5 packets
SEED = int(os.environ.get("NINETAP_SEED") or random.SystemRandom().randrange(10**6))


def drive(lines):
    """The driver's answers to lines, in order."""
    p = subprocess.run([DRIVER], input="".join(line + "\n" for line in lines), capture_output=True, text=True, timeout=300)
    assert p.returncode == 0, "dump_tags: exit %d: %s" % (p.returncode, p.stderr[-4000:])
    return [line if line == "." else json.loads(line) for line in p.stdout.splitlines()]


def expected(script):
    """What the model says to each step: tags, "refused", or None where no answer is due."""
    m, out = model.Model(), []
    for step in script:
        answer = None
        if step.verb == "Q":
            answer = m.tags(step.packet)
        elif step.verb == "R":
            m.reload()
        elif step.verb == "S" and step.statement is None:
            answer = "refused"
        elif step.verb == "S":
            m.state(step.statement, step.layer)
        out.append(answer)
    return out


def accepted_between(script, first, last):
    """Statements of streams that are taken over from one query to the next; None: a reload lies between."""
    part = script[first:last]
    if any(s.verb == "R" for s in part):
        return None
    return sum(s.verb == "S" and s.layer == "stream" and s.statement is not None for s in part)


def wrong_answer(want, got):
    if want == "refused":
        return None if "refused" in got else "was not refused"
    if "refused" in got:
        return "refused: %s" % got["refused"]
    if "odd" in got:
        return got["odd"]
    have = {k: v for k, v in got["tags"].items() if k != "tags_rev"}
    return None if have == want else "tags differ"


def first_mistake(script, want, got):
    """(index of the step, what is wrong), or None."""
    got, before = iter(got), None
    for i, answer in enumerate(want):
        if answer is None:
            continue
        have = next(got, None)
        if have is None:
            return i, "no answer", None
        wrong = wrong_answer(answer, have)
        if not wrong and "tags" in have:
            revision, (at, old) = have["tags"]["tags_rev"], before or (i, have["tags"]["tags_rev"])
            steps = accepted_between(script, at, i)
            if revision < old or steps is not None and revision != old + steps:
                wrong = "tags_rev goes from %d to %d over %s statements" % (old, revision, steps)
            before = i, revision
        if wrong:
            return i, wrong, have
    left = next(got, None)
    return (len(script) - 1, "an answer too many", left) if left is not None else None


def mistake_of(script):
    return first_mistake(script, expected(script), drive(step.line() for step in script))


def read_back(script, floor):
    """
    Its inventory written out and read by another driver, asked the same; no time before floor.
    (The driver's counters, what is wrong or None.)
    """
    asked = [s for s in script if s.verb == "Q" and s.packet.ts >= floor][-40:]
    want = expected(script + asked)
    *rest, counters = drive([s.line() for s in script] + ["L", "C"])
    listed = [json.dumps(line) for line in rest[sum(w is not None for w in want[:len(script)]):-1]]
    answers = drive(["S file " + line for line in listed] + ["R"] + [s.line() for s in asked])
    for step, a, b in zip(asked, want[len(script):], answers):
        if wrong_answer(a, b):
            return counters, story("what `L` printed reads back differently", script + [step], a, b) + "\n  `L`:\n    " + "\n    ".join(listed)
    return counters, None if len(answers) == len(asked) else "%d answers to %d queries" % (len(answers), len(asked))


def shrink(script, fails, tries=400):
    """Leaves out what is not needed for it to fail; ever smaller pieces."""
    size = max(1, len(script) // 2)
    while tries and size:
        at = 0
        while at < len(script) and tries:
            tries -= 1
            less = script[:at] + script[at + size:]
            if less and fails(less):
                script = less
            else:
                at += size
        size //= 2
    return script


def story(wrong, script, want, have):
    return "%s\n  lines for dump_tags:\n%s\n  model: %s\n  ninetap: %s\n  the query's time: %s" % (
        wrong, "\n".join("    " + step.line() for step in script), json.dumps(want), json.dumps(have),
        events.rfc3339(script[-1].packet.ts) if script[-1].verb == "Q" else "-")


def repro(script, found):
    short = shrink(script[:found[0] + 1], mistake_of)
    i, wrong, have = mistake_of(short)
    return story(wrong, short[:i + 1], expected(short)[i], have)


def play(script, floor):
    """The driver's counters; raises with a story if it differs from the model."""
    found = mistake_of(script)
    assert not found, repro(script, found)
    counters, wrong = read_back(script, floor)
    assert not wrong, read_back(shrink(script, lambda s: read_back(s, floor)[1]), floor)[1]
    return counters


def test_as_the_model_says():
    print("seed %d" % SEED)
    total, statements, packets = collections.Counter(), 0, 0
    for number in range(ROUNDS):
        script, floor = events.script(random.Random("%d/%d" % (SEED, number)), EACH)
        try:
            total.update(play(script, floor))
        except AssertionError as e:
            raise AssertionError("seed %d, round %d: %s" % (SEED, number, e)) from None
        statements += sum(s.verb == "S" for s in script)
        packets += sum(s.verb == "Q" for s in script)
    print("tagged %d packets as the model does, between %d statements in %d rounds; %s" % (
        packets, statements, ROUNDS, ", ".join("%s %d" % pair for pair in total.items())))
    assert statements >= 10**5 and packets >= 10**5
    assert total["hits"] > packets / 10, "the cache was hardly used"
