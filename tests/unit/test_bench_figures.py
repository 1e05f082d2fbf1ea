# SPDX-License-Identifier: Apache-2.0
"""The benchmark's statistics, by figures that are worked out by hand: what is a median, a spread, a ratio, and what is no figure."""
import importlib.util
import json
import math
import os
import sys
import types

import pytest

BENCH = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "bench")


def load(name):
    """A module of tests/bench, whose folder is no path of other tests."""
    spec = importlib.util.spec_from_file_location(name, os.path.join(BENCH, name + ".py"))
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


figures = load("figures")
bench = load("bench")
Row, NoFigure, Table = figures.Row, figures.NoFigure, figures.Table
OURS, LIMIT = Row("ours", "what is ours", "ns", goal=65, limit="limit", ratio=1.25), Row("limit", "the limit", "ns")
ABOUT = {"cpu": "none", "cpus": 2, "memory_mb": 1, "kernel": "6.1", "time": "now", "short": False, "seconds": 1.5, "parts": {"kernel": 1.5}}


def table(*rounds, rows=(LIMIT, OURS)):
    """Each round is a dict of its values."""
    made = Table(rows)
    for number, values in enumerate(rounds):
        made.take(number, rows, values)
    return made


def columns(ours, limit):
    return table(*({"ours": o, "limit": n} for o, n in zip(ours, limit)))


def cells(made, key):
    """The cells of a row of the markdown."""
    line, = [line for line in made.markdown().splitlines() if line.startswith("| %s:" % key)]
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("values, base, want", [
    ([7], 7, None), ([10, 11], 10, 0.1), ([10, 12, 11], 11, 2 / 11), ([10, 12, 11, 14], 11.5, 4 / 11.5),
    ([1, 10, 12, 11, 99], 11, 2 / 11), ([5, 5, 5], 5, 0), ([0, 0, 0], 0, 0), ([-1, 0, 1], 0, math.inf)])
def test_spread(values, base, want):
    """Of five values the two extremes are left out, of fewer none."""
    assert figures.spread(values, base) == want


def test_medians_and_ratio_by_rounds():
    """Noise that both have goes: the medians' quotient would be 120 / 95."""
    made = columns([100, 121, 120], [95, 110, 90])
    assert cells(made, "ours") == ["ours: what is ours", "ns", "120", "18 %", "limit", "95", "1.1", "<= 65; <= 1.25 x", "no; yes"]
    assert made.failures() == []


def test_rounds_of_both_alone():
    made = table({"ours": 30, "limit": 20}, {"ours": 30, "limit": 10})
    made.figures["ours"].add(7, 30)
    assert made.figures["ours"].over(made.figures["limit"]) == 2.25
    assert made.figures["limit"].over(figures.Figure(OURS)) is None


def test_better_is_more():
    row = Row("ours", "what is ours", "Mpps", goal=8, limit="limit", ratio=0.5, better="more")
    made = table({"ours": 8, "limit": 17}, rows=(LIMIT, row))
    assert cells(made, "ours")[2:] == ["8", "1 run", "limit", "17", "0.471", ">= 8; >= 0.5 x", "yes; no"]


def test_goals_are_met_when_they_are_reached():
    assert cells(columns([65] * 3, [52] * 3), "ours")[-1] == "yes; yes"
    assert cells(columns([65.01] * 3, [52] * 3), "ours")[-1] == "no; no"


def test_too_noisy_is_no_figure():
    """31 of 100 is too much, 30 is not; what is refused meets nothing, and has no ratio."""
    made = columns([85, 100, 116], [50, 50, 50])
    assert cells(made, "ours")[2:4] == ["too noisy (31 %)", "-"] and cells(made, "ours")[6:] == ["-", "<= 65; <= 1.25 x", "-; -"]
    assert made.failures() == ["ours: too noisy (31 %)"]
    assert columns([85, 100, 115], [50, 50, 50]).failures() == []


def test_noise_of_five_rounds_leaves_extremes_out():
    assert columns([60, 61, 62, 63, 900], [50] * 5).failures() == []
    assert columns([60, 61, 62, 900, 900], [50] * 5).failures() == ["ours: too noisy (1353 %)"]


def test_noisy_limit_takes_the_ratio():
    made = columns([60, 60, 60], [30, 50, 70])
    assert cells(made, "ours")[2:7] == ["60", "0 %", "limit", "no figure", "-"]
    assert cells(made, "ours")[-1] == "yes; -"
    assert made.failures() == ["limit: too noisy (80 %)", "ours: no ratio: limit has no figure above 0 beside it"]


def test_limit_of_nothing():
    assert columns([60, 60], [0, 0]).failures() == ["ours: no ratio: limit has no figure above 0 beside it"]


@pytest.mark.parametrize("value, reason", [
    (NoFigure("12 records lost"), "12 records lost"), (None, "no reason given"), (math.nan, "measured nan"), (math.inf, "measured inf")])
def test_one_bad_round_is_no_figure(value, reason):
    """However many good ones there are."""
    made = columns([50, value, 50, 50], [50] * 4)
    assert cells(made, "ours")[2] == "no figure: " + reason
    assert made.failures() == ["ours: no figure: " + reason]


def test_what_a_round_forgets_is_no_figure():
    made = table({"ours": 50, "limit": 50}, {"limit": 50})
    assert made.failures() == ["ours: no figure: not measured"]
    assert Table([LIMIT]).failures() == ["limit: no figure: not measured"]


def test_measured_once():
    """It may be left out later, and has no spread; a second value of it is not taken."""
    once = Row("ours", "what is ours", "records", goal=0, once=True)
    made = table({"ours": 0, "limit": 1}, {"limit": 1}, {"ours": 7, "limit": 1}, rows=(LIMIT, once))
    assert made.failures() == []
    assert cells(made, "ours")[2:] == ["0", "1 run", "-", "-", "-", "<= 0", "yes"]


def test_spread_of_a_difference():
    """About 0 it is a part of what it is a difference of: another row, or a number."""
    by_row = Row("ours", "what is ours", "us", goal=1, against="limit")
    made = table({"ours": -0.1, "limit": 10}, {"ours": 0.1, "limit": 10}, {"ours": 0, "limit": 10}, rows=(LIMIT, by_row))
    assert cells(made, "ours")[2:4] == ["0", "0.2 us"] and made.failures() == []
    by_number = Row("ours", "what is ours", "%", goal=1, against=100)
    made = table({"ours": -1}, {"ours": 29}, {"ours": 0}, rows=(by_number,))
    assert cells(made, "ours")[2:4] == ["0", "30 %"] and made.failures() == []
    made = table({"ours": -1}, {"ours": 30}, {"ours": 0}, rows=(by_number,))
    assert cells(made, "ours")[2:4] == ["too noisy (31 %)", "-"]
    assert made.failures() == ["ours: too noisy (31 %)"]


def test_rows_that_cannot_be():
    with pytest.raises(AssertionError, match="a ratio to nothing"):
        Row("ours", "what is ours", "ns", ratio=1)
    with pytest.raises(AssertionError, match="no row limit"):
        Table([OURS])
    with pytest.raises(AssertionError, match="two rows limit"):
        Table([LIMIT, LIMIT])
    with pytest.raises(AssertionError):
        Row("ours", "what is ours", "ns", better="most")


def test_long_reasons_stick_out():
    """And widen no other line."""
    made = table({"ours": NoFigure("x" * 150), "limit": 50})
    lines = made.markdown().splitlines()
    assert "no figure: " + "x" * 150 in lines[3] and len(lines[0]) == len(lines[1]) == len(lines[2]) < 130


def test_hidden_rows_count():
    hidden = Row("limit", "the limit", "ns", shown=False)
    made = table({"ours": 60, "limit": None}, rows=(hidden, OURS))
    assert "the limit" not in made.markdown() and "limit: no figure: no reason given" in made.failures()


# --- the conductor -----------------------------------------------------------

def shown(made, tmp_path, capsys):
    """(exit code, what was printed, what is in the JSON)."""
    path = tmp_path / "bench.json"
    code = bench.show(made, ABOUT, path)
    with open(path) as f:
        return code, capsys.readouterr(), json.load(f)


def test_json_and_exit_codes(tmp_path, capsys):
    code, said, obj = shown(columns([60, 62, 61], [50, 50, 50]), tmp_path, capsys)
    assert code == 0 and said.err == "" and said.out.endswith("| <= 65; <= 1.25 x | yes; yes |\n")
    assert (obj["kernel"], obj["short"], obj["cpus"]) == ("6.1", False, 2)
    ours = obj["rows"][1]
    assert ours["rounds"] == [60, 62, 61] and ours["median"] == 61 and ours["spread"] == 2 / 61
    assert (ours["quotient"], ours["met"], ours["refused"], ours["unit"]) == (1.22, [True, True], None, "ns")
    assert ours["command"] == "build/venv/bin/python tests/bench/bench.py --only ours"
    assert shown(columns([100] * 3, [50] * 3), tmp_path, capsys)[0] == 0, "an unmet goal is no failure"


def test_json_and_exit_code_of_a_refusal(tmp_path, capsys):
    code, said, obj = shown(columns([60, NoFigure("3 records lost")], [50, 50]), tmp_path, capsys)
    assert code == 1 and said.err == "bench: ours: no figure: 3 records lost\n"
    assert (obj["rows"][1]["refused"], obj["rows"][1]["rounds"], obj["rows"][1]["met"]) == ("no figure: 3 records lost", [60], [None, None])


class FakeBench:
    short, enough = False, math.inf
    rounds_ended = 0
    attempt = bench.Bench.attempt

    def end_round(self):
        self.rounds_ended += 1


def part_of(rows, measure, **more):
    """A bench.Part of a module that is not there."""
    made = bench.Part.__new__(bench.Part)
    made.name, made.rows, made.known, made.seconds, made.last = "fake", rows, {r.key for r in rows}, 0, 0
    made.module = types.SimpleNamespace(measure=measure, **more)
    return made


def conduct(rows, measure, enough=math.inf, short=False, **more):
    """(the table, the numbers of the rounds there were)."""
    numbers, made, fake = [], Table(rows), FakeBench()
    fake.enough, fake.short = enough, short

    def counting(of, number):
        numbers.append(number)
        return measure(number)
    bench.measure_all(fake, [part_of(rows, counting, **more)], made)
    assert fake.rounds_ended == len(numbers)
    return made, numbers


def test_rounds():
    assert conduct([LIMIT], lambda n: {"limit": 50})[1] == [0, 1, 2, 3, 4]
    assert conduct([LIMIT], lambda n: {"limit": 50}, ROUNDS=2)[1] == [0, 1]


@pytest.mark.parametrize("short, want", [(False, "abababaa"), (True, "ababab")])
def test_rounds_interleave(short, want):
    """Each part once in each round, as long as it has rounds."""
    turns, fake = [], FakeBench()
    fake.short = short
    parts = [part_of([LIMIT], lambda bench, n: turns.append("a") or {"limit": 1}),
             part_of([OURS], lambda bench, n: turns.append("b") or {"ours": 1}, ROUNDS=3)]
    bench.measure_all(fake, parts, Table([LIMIT, OURS]))
    assert "".join(turns) == want


def test_more_rounds_until_it_is_quiet():
    made, numbers = conduct([LIMIT], lambda n: {"limit": 50 if n > 1 else 500}, ROUNDS=3)
    assert numbers == [0, 1, 2, 3, 4, 5] and made.failures() == ["limit: too noisy (900 %)"]
    made, numbers = conduct([LIMIT], lambda n: {"limit": 50 if n > 0 else 500}, ROUNDS=3)
    assert numbers == [0, 1, 2, 3, 4] and made.failures() == []


def test_fewer_rounds_when_it_is_late():
    """Neither for what is noisy nor else, but for the least."""
    made, numbers = conduct([LIMIT], lambda n: {"limit": 50 + 50 * n}, enough=0)
    assert numbers == [0, 1, 2] and made.failures() == ["limit: too noisy (100 %)"]
    assert conduct([LIMIT], lambda n: {"limit": 50}, enough=0, short=True)[1] == [0, 1]


def test_what_failed_is_not_measured_again():
    made, numbers = conduct([LIMIT], lambda n: {"limit": None})
    assert numbers == [0] and made.failures() == ["limit: no figure: no reason given"]


@pytest.mark.parametrize("error, reason", [
    (AssertionError("5 | 6 packets\nwere lost"), "5 / 6 packets were lost"), (KeyError("seen"), "KeyError: 'seen'"),
    (AssertionError(), "AssertionError:")])
def test_a_part_that_breaks_has_no_figures(error, reason):
    def measure(number):
        raise error
    assert conduct([LIMIT], measure)[0].failures() == ["limit: no figure: %s" % reason]


def test_rows_that_nobody_knows():
    assert conduct([LIMIT], lambda n: {"limit": 1, "limt": 1})[0].failures() == ["limit: no figure: no rows for limt"]


def test_only():
    base = Row("base", "", "us")
    other = Row("other", "", "us", against="base")
    rows = [LIMIT, OURS, base, other]
    assert bench.wanted_rows(rows, []) == {"limit", "ours", "base", "other"}
    assert bench.wanted_rows(rows, ["ou"]) == {"ours", "limit"}
    assert bench.wanted_rows(rows, ["oth", "lim"]) == {"other", "base", "limit"}
    first, second = part_of([LIMIT, OURS], None), part_of([base, other], None)
    assert bench.select([first, second], ["lim"]) == ([first], {"limit"}) and first.rows == [LIMIT]
    asked = bench.Bench.__new__(bench.Bench)
    asked.wanted = {"ours", "limit"}
    assert asked.wants("ou") and not asked.wants("base") and asked.keys("ours", "base") == ["ours"]


def test_parts_of_the_tree():
    """Their rows fit together, and each row's key begins with its part's name."""
    parts = bench.find_parts()
    Table([r for p in parts for r in p.rows])
    assert {"kernel", "user"} <= {p.name for p in parts}
    assert [r.key for p in parts for r in p.rows if not r.key.startswith(p.name + ".")] == []
