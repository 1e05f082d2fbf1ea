# SPDX-License-Identifier: Apache-2.0
"""figures.py - what the benchmark's figures are: their rows, what many rounds of one come to, and the table of all.

A Row says what is measured and what it ought to be; a Figure is a row with its
rounds; a Table is all of them, as the markdown that is printed and as JSON.
Nothing is measured here. A figure is refused, and the run fails, when a round
of it had none or its own repeats differ too much; an unmet goal is no failure.
"""
import dataclasses
import math
import statistics

NOISY = 0.30  # spread above which a figure is none
HEAD = ("figure", "unit", "median", "+-", "limit", "median", "ratio", "goal", "met")
WIDE = 100  # a cell that is longer sticks out of its column
COMMAND = "build/venv/bin/python tests/bench/bench.py --only "


@dataclasses.dataclass(frozen=True)
class Row:
    """
    key "kernel.xdp.vxlan"; name in words; goal in the row's unit; limit: the key of the row that this one is divided by,
    round by round, and ratio the goal for that. A difference may be 0: its spread is judged as a part of `against`, which
    is another row's key or a number in the row's unit. once: measured in the first round alone. shown=False: no line of its own.
    """
    key: str
    name: str
    unit: str
    goal: float = None
    limit: str = None
    ratio: float = None
    better: str = "less"
    command: str = None
    against: object = None
    once: bool = False
    shown: bool = True

    def __post_init__(self):
        assert self.better in ("less", "more"), self.key
        assert self.ratio is None or self.limit, "%s: a ratio to nothing" % self.key
        if self.command is None:
            object.__setattr__(self, "command", COMMAND + self.key)

    def needs(self):
        """Keys of the rows without which this one says nothing."""
        return [k for k in (self.limit, self.against) if isinstance(k, str)]

    def meets(self, value, goal):
        return value <= goal if self.better == "less" else value >= goal


@dataclasses.dataclass(frozen=True)
class NoFigure:
    """What a round gives for a row in place of a number."""
    reason: str


def width(values):
    """max - min: of five values and more without the two extremes; None of a single one."""
    if len(values) < 2:
        return None
    inner = sorted(values)[1:-1] if len(values) >= 5 else values
    return max(inner) - min(inner)


def spread(values, base):
    """The width as a part of base."""
    wide = width(values)
    return wide if not wide else wide / base if base > 0 else math.inf


class Figure:
    """A row and its rounds, by their number, for quotients are made round by round."""

    def __init__(self, row):
        self.row, self.rounds, self.reason = row, {}, None

    def add(self, number, value):
        if value is None:
            value = NoFigure("no reason given")
        elif not isinstance(value, NoFigure) and not math.isfinite(value):
            value = NoFigure("measured %s" % value)
        if isinstance(value, NoFigure):
            self.reason = self.reason or value.reason
        else:
            self.rounds[number] = value

    def wants(self, number):
        """False once it can't become a figure any more, or is one already."""
        return self.reason is None and not (self.row.once and number > 0)

    def values(self):
        return list(self.rounds.values())

    def median(self):
        return statistics.median(self.values()) if self.rounds else None

    def over(self, limit):
        """Medians of the quotients of the rounds that both have; None without any."""
        both = [v / limit.rounds[n] for n, v in self.rounds.items() if limit.rounds.get(n, 0) > 0]
        return statistics.median(both) if both else None


class Table:
    """All figures of a run, in the order of their rows."""

    def __init__(self, rows):
        self.figures = {}
        for row in rows:
            assert row.key not in self.figures, "two rows %s" % row.key
            self.figures[row.key] = Figure(row)
        for row in rows:
            for key in row.needs():
                assert key in self.figures, "%s: no row %s" % (row.key, key)

    def take(self, number, rows, values):
        """A round of these rows; one of which the round says nothing has no figure."""
        for row in rows:
            figure = self.figures[row.key]
            if figure.wants(number):
                figure.add(number, values.get(row.key, NoFigure("not measured")))

    def spread(self, figure):
        against = figure.row.against
        base = against if isinstance(against, (int, float)) else self.figures[against or figure.row.key].median()
        return spread(figure.values(), abs(base or 0))

    def noisy(self, figure):
        return (self.spread(figure) or 0) > NOISY

    def refusal(self, figure):
        """Why it has no figure, or None."""
        if figure.reason or not figure.rounds:
            return "no figure: %s" % (figure.reason or "not measured")
        if self.noisy(figure):
            return "too noisy (%s)" % self.plus_minus(figure)
        return None

    def plus_minus(self, figure):
        """A difference's spread is in its own unit, that of others in per cent of the median."""
        wide = width(figure.values())
        if wide is None:
            return "1 run"
        return "%s %s" % (number(wide), figure.row.unit) if figure.row.against else "%.0f %%" % (100 * self.spread(figure))

    def ratio(self, figure):
        limit = self.figures.get(figure.row.limit)
        if limit is None or self.refusal(figure) or self.refusal(limit):
            return None
        return figure.over(limit)

    def met(self, figure):
        """A truth for each of the row's goals: the absolute one, the ratio. None: there is nothing to judge."""
        row, refused = figure.row, self.refusal(figure)
        ratio = self.ratio(figure)
        out = [] if row.goal is None else [None if refused else row.meets(figure.median(), row.goal)]
        return out + ([] if row.ratio is None else [None if ratio is None else row.meets(ratio, row.ratio)])

    def failures(self):
        """Lines "KEY: why not", for all rows of the run."""
        out = []
        for figure in self.figures.values():
            refused = self.refusal(figure)
            if refused is None and figure.row.limit and self.ratio(figure) is None:
                refused = "no ratio: %s has no figure above 0 beside it" % figure.row.limit
            if refused:
                out.append("%s: %s" % (figure.row.key, refused))
        return out

    def line(self, figure):
        row, refused = figure.row, self.refusal(figure)
        cells = ["%s: %s" % (row.key, row.name), row.unit]
        cells += [refused, "-"] if refused else [number(figure.median()), self.plus_minus(figure)]
        limit = self.figures.get(row.limit)
        cells += ["-", "-"] if limit is None else [row.limit, "no figure" if self.refusal(limit) else number(limit.median())]
        return cells + [number(self.ratio(figure)), goals(row), truths(self.met(figure))]

    def markdown(self):
        lines = [HEAD, ["---"] * len(HEAD)] + [self.line(f) for f in self.figures.values() if f.row.shown]
        widths = [max(len(c) for c in column if len(c) < WIDE) for column in zip(*lines)]
        return "".join("| %s |\n" % " | ".join(cell.ljust(w) for cell, w in zip(line, widths)) for line in lines)

    def objects(self):
        """One JSON object a row, with all its rounds."""
        return [{**dataclasses.asdict(f.row), "rounds": f.values(), "median": f.median(), "spread": finite(self.spread(f)),
                 "quotient": self.ratio(f), "met": self.met(f), "refused": self.refusal(f)} for f in self.figures.values()]


def finite(value):
    return value if value is None or math.isfinite(value) else None


def number(value):
    if value is None:
        return "-"
    return "%.0f" % value if abs(value) >= 100 else "%.3g" % value


def goals(row):
    sign = "<=" if row.better == "less" else ">="
    out = [] if row.goal is None else ["%s %s" % (sign, number(row.goal))]
    return "; ".join(out + ([] if row.ratio is None else ["%s %s x" % (sign, number(row.ratio))])) or "-"


def truths(met):
    return "; ".join({True: "yes", False: "no", None: "-"}[m] for m in met) or "-"
