# SPDX-License-Identifier: Apache-2.0
"""test_counts.py - what counts.py makes of figures, by hand-made ones."""
import os
import re
import sys

import pytest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import counts  # noqa: E402

SAID = """# 6.1: Debian's 6.1.0-50-cloud-amd64
#   verified nt_xdp, plain: 100 instructions
#   verified nt_tc_in, plain: 200 instructions
ok 6.1: load test_loads_plain
# 6.12: Debian's 6.12.1-cloud-amd64
#   verified nt_xdp, plain: 90 instructions
ok 6.12: load test_loads_plain
2 passed, 0 failed
"""


@pytest.fixture
def recorded(tmp_path, monkeypatch):
    monkeypatch.setattr(counts, "RECORDED", str(tmp_path / "recorded.json"))
    monkeypatch.setattr(counts, "compilers", lambda: {"compiled": "C 2", "verified": "C 2", "user": "C 2"})
    return {"compilers": {"compiled": "C 2", "verified": "C 1", "user": "C 2"}, "figures": {"compiled": {"a": 100, "b": 10}},
            "verified": {"6.1": {"a": 100}, "6.6": {"a": 200}, "6.18": {"a": 300}}}


def lines(capsys):
    return capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("measured, ok", [(89, False), (90, True), (100, True), (110, True), (111, False)])
def test_a_tenth_either_way(measured, ok):
    assert counts.verdict(measured, 100, or_less=False)[0] == ok


def test_better_is_a_failure_with_its_own_words():
    assert "worse" in counts.verdict(120, 100, False)[1]
    assert "better" in counts.verdict(80, 100, False)[1]
    assert counts.verdict(80, 100, or_less=True)[0]
    assert not counts.verdict(120, 100, or_less=True)[0]


def test_one_call_of_nine_is_too_many():
    assert not counts.verdict(10, 9, False)[0]
    assert not counts.verdict(8, 9, False)[0]


@pytest.mark.parametrize("here, there", [("6.1", "6.1"), ("6.2", "6.1"), ("6.8", "6.6"), ("6.12", "6.6"), ("6.18", "6.18"), ("7.0", "6.18"),
                                         ("5.15", None)])
def test_the_next_older_kernel(recorded, here, there):
    assert counts.kernel_for(recorded["verified"], here) == there


def test_what_is_on_one_side_alone_fails(recorded, capsys):
    results = counts.Results()
    counts.compare_all(results, {"compiled": {"a": 100, "c": 1}}, recorded)
    assert [re.sub(":.*", "", line) for line in lines(capsys) if not line.startswith("#")] == [
        "ok compiled a", "not ok compiled b", "not ok compiled c"]
    assert (results.passed, results.failed) == (1, 2)


def test_another_compiler_and_another_kernel_are_named(recorded, capsys):
    counts.compare_verified(counts.Results(), "6.12", {"a": 221}, recorded)
    said = lines(capsys)
    assert said[-1] == "not ok verified under 6.12: a: 221, recorded 200"
    assert any("recorded with C 1, this is C 2" in line for line in said)
    assert any("recorded under 6.6, this is 6.12" in line for line in said)


def test_a_kernel_that_is_older_than_all_that_are_recorded_fails(recorded, capsys):
    counts.compare_verified(counts.Results(), "5.15", {"a": 1}, recorded)
    assert lines(capsys)[-1] == "not ok verified under 5.15: a: 1, recorded none"


def test_less_under_another_kernel_says_nothing(recorded, capsys):
    counts.compare_verified(counts.Results(), "6.12", {"a": 20}, recorded)
    assert lines(capsys) == ["ok verified under 6.12: a: 20, recorded 200"]


def test_kernels_of_a_run_are_recorded_beside_the_others(recorded, tmp_path, capsys):
    said = tmp_path / "said"
    said.write_text(SAID)
    counts.write_record(recorded)
    counts.record_kernels(said)
    verified = counts.read_record()["verified"]
    assert verified["6.1"] == {"nt_xdp, plain": 100, "nt_tc_in, plain": 200}
    assert verified["6.12"] == {"nt_xdp, plain": 90}
    assert verified["6.18"] == {"a": 300}
    assert counts.test(said) == 0
    assert len(lines(capsys)) == 3


@pytest.mark.parametrize("compiled, kept", [({"a": 105, "b": 10}, ["6.1", "6.18", "6.6"]), ({"a": 120, "b": 10}, ["6.18"]),
                                            ({"a": 80, "b": 10}, ["6.18"]), ({"a": 100}, ["6.18"])])
def test_other_programs_have_other_figures_under_all_kernels(recorded, capsys, monkeypatch, compiled, kept):
    monkeypatch.setattr(counts, "kernel_here", lambda: "6.18")
    monkeypatch.setattr(counts, "measure", lambda: {"verified": {"a": 7}, "compiled": compiled})
    counts.write_record(recorded)
    counts.record_here()
    now = counts.read_record()
    assert sorted(now["verified"]) == kept and now["verified"]["6.18"] == {"a": 7}
    assert now["figures"] == {"compiled": compiled} and now["compilers"]["verified"] == "C 2"
    assert len(lines(capsys)) == (len(kept) == 1)


def test_a_run_that_says_nothing_fails(recorded, tmp_path, capsys):
    said = tmp_path / "said"
    said.write_text("not ok 6.1: boots\n")
    counts.write_record(recorded)
    assert counts.test(said) == 1
    assert counts.test(tmp_path / "none") == 1
    assert all(line.startswith("not ok figures: none: ") for line in lines(capsys))


def test_a_figure_is_what_grows_with_the_number():
    assert counts.per_one("x", {1000: 5100, 2000: 9100}) == 4.0
    for odd in ({1000: 1}, {1000: 1, 3000: 1}):
        with pytest.raises(counts.Failure):
            counts.per_one("x", odd)


@pytest.mark.parametrize("program", ["build/none", "/bin/false"])
def test_a_program_that_is_missing_or_fails_has_no_figures(recorded, capsys, monkeypatch, program):
    counts.write_record(recorded)
    monkeypatch.setattr(counts, "LOAD", program)
    monkeypatch.setattr(counts, "measure", counts.verified)
    assert counts.test() == 1
    assert lines(capsys)[-1].startswith("not ok figures: none: " + program)
