# SPDX-License-Identifier: Apache-2.0
"""loads.py - senders that count, file systems of a test's own, and how a run is ended: what the tests of the ledger share."""
import os
import signal
import subprocess

import lab
from ledger import Tally

SEND = os.environ.get("NINETAP_SEND", os.path.join(lab.rows.ROOT, "build", "tests", "ledger", "send"))


class Mount:
    """A file system of the test's own in a folder of its own."""

    def __init__(self, kind, path, options=None):
        self.path = str(path)
        os.makedirs(self.path)
        lab.run("mount", "-t", kind, *(["-o", options] if options else []), "none", self.path)

    def close(self):
        lab.run("umount", "-l", self.path, check=False)


class Image:
    """An ext4 of so many MB in a file, that turns read-only after an error, and can be made to have one."""

    def __init__(self, path, mbytes):
        self.path, self.file = str(path), str(path) + ".img"
        os.makedirs(self.path)
        with open(self.file, "wb") as f:
            f.truncate(mbytes << 20)
        lab.run("mkfs.ext4", "-q", "-F", self.file)
        lab.run("mount", "-o", "loop,errors=remount-ro", self.file, self.path)

    def turn_read_only(self):
        device = lab.run("findmnt", "-no", "SOURCE", self.path).stdout.strip()
        with open("/sys/fs/ext4/%s/trigger_fs_error" % os.path.basename(device), "w") as f:
            f.write("1")

    def close(self):
        lab.run("umount", self.path, check=False)
        os.unlink(self.file)


class Load:
    """tests/ledger/send.c out of an interface: Load(ns, "va", packets=1000, flows=10). Counts what the kernel took."""

    def __init__(self, ns, dev, **args):
        argv = ns.argv(SEND, dev, *("%s=%d" % pair for pair in args.items()))
        self.proc = subprocess.Popen(argv, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
        self.result = None

    def wait(self, timeout=300):
        """The Tally that it sent, once it has ended by itself."""
        if self.result is None:
            out, _ = self.proc.communicate(timeout=timeout)
            assert self.proc.returncode == 0 and out.startswith("sent "), (self.proc.returncode, out)
            packets, size = map(int, out.split()[1:3])
            self.result = Tally(packets, packets, size)
        return self.result

    def stop(self):
        self.proc.terminate()
        return self.wait()

    def close(self):
        if self.proc.poll() is None:
            self.proc.kill()
        self.proc.wait()
        self.proc.stdout.close()


def counted(ns, dev, way="rx"):
    """What the interface itself says that it received (or sent); how many events that were it can't say."""
    stats = ns.stats(dev)[way]
    return Tally(None, stats["packets"], stats["bytes"])


def finish(tap, signum=signal.SIGTERM, code=0):
    """Ends a run and returns the figures of its account."""
    tap.proc.send_signal(signum)
    ended = tap.ended(120)
    assert ended == code, "exit %d after signal %d: %s" % (ended, signum, tap.lines[-20:])
    return tap.account()
