#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""counts.py [record | kernels FILE | record-kernels FILE]: what ninetap costs, in figures that are the same in each run.

A time of a run moves with the machine and its neighbours; what is counted here
does not, so that a test may fail on it. Five kinds of figures:

  compiled  instructions of each BPF program and global function in build/ninetap.bpf.o
  verified  instructions that the kernel's verifier goes through for each program, under
            each kind of configuration, as build/tests/kernels/load prints them
  executed  BPF instructions a packet, on the commonest ways through the programs
  called    helpers that it calls on the way, map lookups among them: one more is a failure
  user      from a ring with records in it to a batch of messages: instructions a record

build/tests/counts/bpf_cost executes the programs and counts. For `user` callgrind counts
build/tests/counts/user_cost: n of the work, and 2 n; the difference by n is the
figure, without what does not grow. The C library is told to take the functions that any
x86-64 processor has, so that the processor does not matter.

Each figure may be 10 % off the one in recorded.json, which holds for x86_64. One that
is higher got worse. One that is lower got better: that is a failure as well, because a
record that is too high lets later mistakes pass. In both cases `counts.py record` (make
counts-record) writes down the new ones, for a commit that says why they changed.
Recorded with another compiler they are compared as well, and the failure says so.

What the verifier goes through depends on the kernel: it is recorded by the kernel's
major.minor, and one that is not is held against the next older one that is, and fails only
if it takes more than 10 % more. So what a failure says about ninetap is sure only under a
kernel that is recorded: hence `kernels FILE` compares what scripts/test-kernels said in
FILE, as `make test` does with Debian's 6.1 on any machine. `record` notes the figures of the
kernel that runs, and forgets those of others if the compiled programs are not what they were;
`record-kernels FILE` notes those of all kernels in FILE.

Prints "ok NAME: ..." or "not ok NAME: ...", details as "# ..." before it; exit code 1 if any
failed, or there was nothing to compare.
"""
import json
import os
import platform
import re
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
RECORDED = os.path.join(ROOT, "tests/counts/recorded.json")
BPF_OBJECT, USER_OBJECT = "build/ninetap.bpf.o", "build/obj/tests/counts/user_cost.o"
LOAD, BPF_COST, USER_COST = "build/tests/kernels/load", "build/tests/counts/bpf_cost", "build/tests/counts/user_cost"
TOLERANCE = 0.10
TIMEOUT = 120  # seconds; a program that hangs
# Functions that the C library chooses by the processor: the same everywhere.
TUNABLES = "glibc.cpu.hwcaps=-AVX2,-AVX512F,-AVX512VL,-ERMS,-FSRM,-SSSE3,-SSE4_1,-SSE4_2,-BMI2"


class Failure(Exception):
    """What a person is told."""


def command(*argv, **env):
    try:
        p = subprocess.run(argv, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           errors="replace", timeout=TIMEOUT, env=dict(os.environ, **env))
    except (OSError, subprocess.TimeoutExpired) as e:
        raise Failure("%s: %s" % (argv[0], e))
    if p.returncode:
        raise Failure("%s: exit %d: %s" % (" ".join(argv), p.returncode, p.stdout.strip()[-2000:]))
    return p.stdout


# --- the figures ------------------------------------------------------------
def compiled():
    """{function: instructions}; an instruction is eight bytes."""
    symbols = re.findall(r"\s(\d+)\s+FUNC\s+GLOBAL\s.*\s(\S+)$", command("readelf", "-W", "-s", BPF_OBJECT), re.M)
    return {name: int(size) // 8 for size, name in symbols}


def verified_lines(text):
    return {name: int(n) for name, n in re.findall(r"^# +verified (.+): (\d+) instructions$", text, re.M)}


def verified():
    return verified_lines(command(LOAD))


def verified_in(path):
    """{kernel: {name: figure}}, of what scripts/test-kernels said."""
    with open(path) as f:
        said = re.split(r"^# (\d+\.\d+): Debian's .*$", f.read(), flags=re.M)
    found = {kernel: lines for kernel, text in zip(said[1::2], said[2::2]) if (lines := verified_lines(text))}
    if not found:
        raise Failure("%s: no kernel that says what it verified" % path)
    return found


def executed():
    """{way: instructions}, {way: calls}"""
    ways = re.findall(r"^# executed (.+): (\d+) instructions, (\d+) calls$", command(BPF_COST), re.M)
    return {way: int(n) for way, n, _ in ways}, {way: int(n) for way, _, n in ways}


def user():
    """{name: instructions a record}, of the program's dumps."""
    totals = {}
    with tempfile.TemporaryDirectory() as tmp:
        command("valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", "--callgrind-out-file=" + os.path.join(tmp, "out"), USER_COST,
                GLIBC_TUNABLES=TUNABLES)
        for dump in os.listdir(tmp):
            with open(os.path.join(tmp, dump)) as f:
                text = f.read()
            if trigger := re.search(r"^desc: Trigger: Client Request: (.+) (\d+)$", text, re.M):
                total = re.search(r"^totals: (\d+)$", text, re.M)
                totals.setdefault(trigger[1], {})[int(trigger[2])] = int(total[1])
    return {name: per_one(name, of) for name, of in totals.items()}


def per_one(name, totals):
    if len(totals) != 2 or max(totals) != 2 * min(totals):
        raise Failure("%s was counted for %s of it: not for a number and its double" % (name, ", ".join(map(str, totals))))
    n = min(totals)
    return round((totals[2 * n] - totals[n]) / n, 1)


def compiler_of(path):
    """As the debugging information of an object file has it."""
    with open(os.path.join(ROOT, path), "rb") as f:
        said = re.search(rb"GNU C\d* [\d.]+|clang version [\d.]+", f.read())
    return said[0].decode() if said else "unknown"


def compilers():
    """Of each kind of figures."""
    bpf, user = compiler_of(BPF_OBJECT), compiler_of(USER_OBJECT)
    return {"compiled": bpf, "verified": bpf, "executed": bpf, "called": bpf, "user": user}


def kernel_here():
    return re.match(r"\d+\.\d+", platform.release())[0]


def measure():
    """{kind: {name: figure}}"""
    if platform.machine() != "x86_64":
        raise Failure("the record holds for x86_64, this is " + platform.machine())
    instructions, calls = executed()
    return {"compiled": compiled(), "verified": verified(), "executed": instructions, "called": calls, "user": user()}


# --- against what is recorded -----------------------------------------------
class Results:
    def __init__(self):
        self.passed = self.failed = 0

    def report(self, name, ok, said, notes=()):
        self.passed, self.failed = self.passed + ok, self.failed + (not ok)
        for note in notes:
            print("# " + note)
        print("%s %s: %s" % ("ok" if ok else "not ok", name, said), flush=True)


def version(kernel):
    return tuple(map(int, kernel.split(".")))


def kernel_for(kernels, here):
    """The recorded one that this is held against: itself, or the next older one; None: there is none."""
    return max((k for k in kernels if version(k) <= version(here)), key=version, default=None)


def verdict(measured, recorded, or_less):
    """(ok, why not)"""
    if measured is None:
        return False, "recorded, but there is no such figure any more: make counts-record takes it out"
    if recorded is None:
        return False, "not recorded: make counts-record notes it"
    if measured > recorded * (1 + TOLERANCE):
        return False, "more than 10 % worse: find out why; if it has to be, make counts-record notes it"
    if measured < recorded * (1 - TOLERANCE) and not or_less:
        return False, "more than 10 % better: make counts-record notes it, so that it stays so"
    return True, ""


def compare(results, kind, measured, recorded, notes=(), or_less=False):
    for name in sorted({**recorded, **measured}):
        ok, why = verdict(measured.get(name), recorded.get(name), or_less)
        said = "%s, recorded %s" % (measured.get(name, "none"), recorded.get(name, "none"))
        results.report("%s %s" % (kind, name), ok, said, [*([why] if why else []), *notes] if not ok else ())


def other_compiler(kind, record):
    """What is said if it is another one."""
    here, there = compilers()[kind], record["compilers"].get(kind)
    return ["recorded with %s, this is %s" % (there, here)] if here != there else []


def compare_verified(results, kernel, figures, record):
    held_against = kernel_for(record["verified"], kernel)
    notes = other_compiler("verified", record)
    if held_against not in (kernel, None):
        notes.append("recorded under %s, this is %s, which may take more by itself" % (held_against, kernel))
    compare(results, "verified under %s:" % kernel, figures, record["verified"].get(held_against, {}), notes, held_against != kernel)


def compare_all(results, measured, record):
    for kind, figures in measured.items():
        if kind == "verified":
            compare_verified(results, kernel_here(), figures, record)
        else:
            compare(results, kind, figures, record["figures"].get(kind, {}), other_compiler(kind, record))


# --- recording --------------------------------------------------------------
def read_record():
    if not os.path.exists(RECORDED):
        return {"compilers": {}, "figures": {}, "verified": {}}
    with open(RECORDED) as f:
        return json.load(f)


def write_record(record):
    with open(RECORDED + ".new", "w") as f:
        json.dump(record, f, indent="\t", sort_keys=True)
        f.write("\n")
    os.replace(RECORDED + ".new", RECORDED)


def forget_others(record, compiled_now):
    """What the verifier made of programs that are no more; only the kernel that runs can tell anew."""
    before = record["figures"].get("compiled", {})
    if all(verdict(compiled_now.get(name), before.get(name), False)[0] for name in {**before, **compiled_now}):
        return
    if others := sorted(set(record["verified"]) - {kernel_here()}, key=version):
        print("counts: figures under %s were of other programs: no longer recorded" % ", ".join(others))
    record["verified"] = {}


def record_here():
    record, measured = read_record(), measure()
    forget_others(record, measured["compiled"])
    record["verified"][kernel_here()] = measured.pop("verified")
    record["figures"], record["compilers"] = measured, compilers()
    write_record(record)


def record_kernels(path):
    record = read_record()
    record["verified"].update(verified_in(path))
    write_record(record)


def test(path=None):
    """Of this kernel and all that is built; or of the kernels that the file tells of."""
    results = Results()
    try:
        if path:
            for kernel, figures in verified_in(path).items():
                compare_verified(results, kernel, figures, read_record())
        else:
            compare_all(results, measure(), read_record())
    except (Failure, OSError) as e:
        results.report("figures", False, "none: %s" % e)
    return 1 if results.failed or not results.passed else 0


def main():
    verbs = {("record", 0): record_here, ("kernels", 1): test, ("record-kernels", 1): record_kernels}
    if not sys.argv[1:]:
        return test()
    verb = verbs.get((sys.argv[1], len(sys.argv) - 2))
    if not verb:
        sys.exit("counts: usage: counts.py [record | kernels FILE | record-kernels FILE]")
    return verb(*sys.argv[2:])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as failure:
        sys.exit("counts: %s" % failure)
