#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench.py - `make bench`: runs all parts of the benchmark in turn, round by round, and prints one table; JSON beside it.

A part is a module part_NAME.py beside this file:
    rows() -> [figures.Row]
    measure(bench, number) -> {key: number or figures.NoFigure}    one round of its rows; assertions are reasons, too
    ROUNDS = n                                                     optional: fewer rounds than the others have
Rounds of all parts interleave, so that figures and their limits see the same
background. What counts as a figure is figures.py's to say. Exit code 1: one
was refused. Run by build/venv/bin/python, as root.
"""
import argparse
import contextlib
import datetime
import glob
import importlib
import importlib.util
import json
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, *(os.path.join(HERE, "..", d) for d in ("ledger", "netns", "corpus"))]

import figures  # noqa: E402
import lab  # noqa: E402

ROOT = lab.rows.ROOT
HELPER = os.path.join(ROOT, "build", "tests", "bench", "bench")
ORDER = ("kernel", "user", "guest", "live", "broker")  # others behind them
ROUNDS, ROUNDS_SHORT, MORE = 5, 3, 3
LEAST, LEAST_SHORT = 3, 2  # rounds, however long they take
ENOUGH_S, ENOUGH_SHORT_S = 580, 115  # what would end later is not begun
HELPER_TIMEOUT = 120  # seconds

_spec = importlib.util.spec_from_file_location("netns_conftest", os.path.join(HERE, "..", "netns", "conftest.py"))
netns = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(netns)


class Bench:
    """What parts get: a tmpfs that is empty in each round, things that are taken down, a broker when it is wanted."""

    def __init__(self, short, wanted):
        self.short, self.wanted = short, wanted
        self.enough = time.monotonic() + (ENOUGH_SHORT_S if short else ENOUGH_S)
        self.made, self.site = [], None
        self.tmp = pathlib.Path(tempfile.mkdtemp(prefix="ninetap-bench-"))
        lab.run("mount", "-t", "tmpfs", "none", self.tmp)
        self.things = netns.Things(self.tmp)  # of this round: things.ns(), .tap(), .keep()

    def keep(self, thing):
        """Closed at the end of the run; `things` are at the end of the round."""
        self.made.append(thing)
        return thing

    def keys(self, *prefixes):
        """Those of the rows that are asked for that begin so."""
        return [key for key in self.wanted if key.startswith(prefixes)]

    def wants(self, prefix):
        """To be asked before what takes long."""
        return bool(self.keys(prefix))

    def part_c(self, part):
        """One round of a part in C: {key: value}."""
        p = subprocess.run([HELPER, part], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=HELPER_TIMEOUT)
        assert p.returncode == 0, p.stderr.strip() or "bench %s: exit %d" % (part, p.returncode)
        return {key: float(value) for key, value in (line.split() for line in p.stdout.splitlines())}

    def broker(self):
        """A brokers.Site: a real broker in a namespace, started when first asked for."""
        if self.site is None:
            import brokers
            self.site = self.keep(brokers.Site())
        return self.site

    @contextlib.contextmanager
    def cpu(self, *cpus):
        """This process, and what it starts meanwhile, runs on these CPUs alone; on any where there are fewer."""
        before = os.sched_getaffinity(0)
        os.sched_setaffinity(0, before & set(cpus) or before)
        try:
            yield
        finally:
            os.sched_setaffinity(0, before)

    def attempt(self, keys, measure, *args):
        """What measure(*args) returns; if it breaks, the reason for each of the keys, for it must not take others' figures along."""
        try:
            return measure(*args)
        except Exception as e:
            traceback.print_exc()
            return dict.fromkeys(keys, figures.NoFigure(reason_of(e)))

    def end_round(self):
        self.things.close()
        for path in self.tmp.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()

    def close(self):
        self.things.close()
        while self.made:
            self.made.pop().close()
        lab.run("umount", "-l", self.tmp, check=False)
        self.tmp.rmdir()


class Part:
    def __init__(self, name):
        self.name, self.module = name, importlib.import_module("part_" + name)
        self.rows = self.module.rows()
        self.known, self.seconds, self.last = {r.key for r in self.rows}, 0, 0

    def rounds(self, short):
        return min(getattr(self.module, "ROUNDS", ROUNDS), ROUNDS_SHORT if short else ROUNDS)

    def measure(self, bench, table, number):
        """One round, unless no row can gain by it. A part that breaks costs its own figures, not the others'."""
        if not any(table.figures[r.key].wants(number) for r in self.rows):
            return
        begun = time.monotonic()
        try:
            values = bench.attempt([r.key for r in self.rows], self.checked, bench, number)
        finally:
            bench.end_round()
        table.take(number, self.rows, values)
        self.last = time.monotonic() - begun
        self.seconds += self.last
        say("round %d: %s, %.1f s" % (number + 1, self.name, self.last))

    def in_time(self, bench):
        """Whether one more like the last is over soon enough."""
        return time.monotonic() + self.last < bench.enough


    def checked(self, bench, number):
        values = self.module.measure(bench, number)
        unknown = sorted(set(values) - self.known)
        assert not unknown, "no rows for " + ", ".join(unknown)
        return values


def say(text):
    print("bench: " + text, file=sys.stderr, flush=True)


def reason_of(e):
    """One line of an error, that fits into a table."""
    text = " ".join(str(e).split()).replace("|", "/")
    name = "" if isinstance(e, AssertionError) and text else type(e).__name__ + ": "
    return (name + text).strip()[:160]


def find_parts():
    names = sorted(os.path.basename(p)[len("part_"):-len(".py")] for p in glob.glob(os.path.join(HERE, "part_*.py")))
    return [Part(n) for n in sorted(names, key=lambda n: ORDER.index(n) if n in ORDER else len(ORDER))]


def wanted_rows(rows, prefixes):
    """Keys that begin with one of the prefixes, and those that these need."""
    by_key = {r.key: r for r in rows}
    todo, wanted = [k for k in by_key if not prefixes or k.startswith(tuple(prefixes))], set()
    while todo:
        key = todo.pop()
        if key not in wanted:
            wanted.add(key)
            todo += by_key[key].needs()
    return wanted


def select(parts, prefixes):
    """The parts that are left, with the rows that are wanted alone."""
    wanted = wanted_rows([r for p in parts for r in p.rows], prefixes)
    for part in parts:
        part.rows = [r for r in part.rows if r.key in wanted]
    return [p for p in parts if p.rows], wanted


def noisy(table, part):
    return any(f.reason is None and table.noisy(f) for f in (table.figures[r.key] for r in part.rows))


def measure_all(bench, parts, table):
    least = LEAST_SHORT if bench.short else LEAST
    for number in range(max(p.rounds(bench.short) for p in parts)):
        for part in parts:
            if number < part.rounds(bench.short) and (number < least or part.in_time(bench)):
                part.measure(bench, table, number)
    for more in range(MORE):
        for part in parts:
            if noisy(table, part) and part.in_time(bench):
                part.measure(bench, table, part.rounds(bench.short) + more)


def machine():
    with open("/proc/cpuinfo") as f:
        models = [line.split(":", 1)[1].strip() for line in f if line.startswith("model name")]
    return {"cpu": models[0] if models else platform.machine(), "cpus": os.cpu_count(),
            "memory_mb": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20, "kernel": os.uname().release,
            "time": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")}


def show(table, about, path):
    print("%(cpu)s, %(cpus)d CPUs, %(memory_mb)d MB, kernel %(kernel)s, %(time)s" % about)
    kind, parts = "short run" if about["short"] else "full run", ", ".join("%s %.0f" % pair for pair in about["parts"].items())
    print("%s, %.0f s (%s); medians of rounds, ratios of a round's own two\n" % (kind, about["seconds"], parts))
    print(table.markdown(), end="", flush=True)
    with open(path, "w") as f:
        json.dump({**about, "rows": table.objects()}, f, indent=1)
        f.write("\n")
    failures = table.failures()
    for line in failures:
        say(line)
    return 1 if failures else 0


def arguments():
    p = argparse.ArgumentParser(description="The benchmark: one table of figures, each beside its limit in the same run.")
    p.add_argument("--short", action="store_true", help="fewer rounds and packets: two minutes")
    p.add_argument("--only", metavar="PREFIX,...", help="rows whose keys begin so, and their limits")
    p.add_argument("--json", metavar="FILE", default=os.path.join(ROOT, "build", "bench.json"), help="default: %(default)s")
    p.add_argument("--list", action="store_true", help="print the keys and names, and measure nothing")
    return p.parse_args()


def stop(signum, frame):
    sys.exit(128 + signum)


def main():
    args = arguments()
    parts, wanted = select(find_parts(), args.only.split(",") if args.only else [])
    if not parts:
        sys.exit("bench: no row begins with %s" % args.only)
    if args.list:
        print("".join("%s: %s\n" % (r.key, r.name) for p in parts for r in p.rows), end="")
        return 0
    if os.geteuid() != 0:
        sys.exit("bench: measure: not root (try sudo)")
    signal.signal(signal.SIGTERM, stop)
    lab.own_mounts()
    begun, table, bench = time.monotonic(), figures.Table([r for p in parts for r in p.rows]), Bench(args.short, wanted)
    about = {**machine(), "short": args.short}
    try:
        measure_all(bench, parts, table)
    finally:
        bench.close()
    about["seconds"] = round(time.monotonic() - begun, 1)
    about["parts"] = {p.name: round(p.seconds, 1) for p in parts}
    return show(table, about, args.json)


if __name__ == "__main__":
    sys.exit(main())
