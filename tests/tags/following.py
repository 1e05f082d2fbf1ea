# SPDX-License-Identifier: Apache-2.0
"""Programs that run beside a test, line by line, and what the tests of topics read from them."""
import collections
import os
import queue
import subprocess
import threading
import time

from broker import ROOT

FOLLOW = os.environ.get("FOLLOW", os.path.join(ROOT, "build", "tests", "kafka", "follow"))
NINETAP = os.environ.get("NINETAP", os.path.join(ROOT, "build", "ninetap"))
PATIENCE_S = int(os.environ.get("PATIENCE_S", "90"))  # a broker that was killed is back after some 10 s; a test never waits for this to pass

Said = collections.namedtuple("Said", "partition offset time_ns key value")


class Program:
    """A program whose lines of stdout and stderr can be waited for."""

    def __init__(self, *argv):
        self.p = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.out, self.err = queue.Queue(), queue.Queue()
        self.log = []  # lines of stderr that were waited for or passed over
        self.readers = [threading.Thread(target=self._read, args=pair, daemon=True)
                        for pair in ((self.p.stdout, self.out), (self.p.stderr, self.err))]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def _read(stream, lines):
        for line in stream:
            lines.put(line.rstrip("\n"))
        lines.put(None)

    def line(self):
        """The next line of stdout."""
        try:
            line = self.out.get(timeout=PATIENCE_S)
        except queue.Empty:
            raise AssertionError("%s says nothing: %s" % (self.p.args[0], list(self.err.queue))) from None
        assert line is not None, "%s ended: %s" % (self.p.args[0], self.rest_of_log())
        return line

    def wait_for_log(self, text):
        """Returns the next line of stderr that has text in it."""
        end = time.monotonic() + PATIENCE_S
        while True:
            try:
                line = self.err.get(timeout=max(0, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError("no %r in: %s" % (text, self.log)) from None
            assert line is not None, "%s ended without %r: %s" % (self.p.args[0], text, self.log)
            self.log.append(line)
            if text in line:
                return line

    def rest_of_log(self):
        """All that was said on stderr; once the program has ended."""
        self.readers[1].join(PATIENCE_S)
        while not self.err.empty():
            line = self.err.get()
            self.log += [line] if line is not None else []
        return self.log

    def end(self, signal=None):
        """Ends it by signal, or by the end of its stdin; (exit code, log)."""
        if signal:
            self.p.send_signal(signal)
        self.p.stdin.close()
        code = self.p.wait(PATIENCE_S)
        return code, self.rest_of_log()

    def close(self):
        if self.p.poll() is None:
            self.p.kill()
            self.p.wait()


class Follower(Program):
    """tests/kafka/follow.c: reads a topic as ninetap does."""

    def __init__(self, source, *properties, catch_up_ms=30000, most=1000):
        super().__init__(FOLLOW, source, str(catch_up_ms), str(most), *properties)
        self.learnt = []
        while not (line := self.line()).startswith(("caught up ", "late ")):
            self.learnt.append(self.said(line))
        self.caught_up = line.startswith("caught up ")
        assert int(line.split()[-1]) == len(self.learnt)

    @staticmethod
    def said(line):
        partition, offset, time_ns, key, value = line.split(" ", 4)
        return Said(int(partition), int(offset), int(time_ns), key, None if value == "-" else value)

    def next(self, n=1):
        return [self.said(self.line()) for _ in range(n)]
