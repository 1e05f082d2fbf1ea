# SPDX-License-Identifier: Apache-2.0
"""A real broker for tests: scripts/kafka.sh as a Python object, and what kcat reads from it."""
import json
import os
import shutil
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPT = os.path.join(ROOT, "scripts", "kafka.sh")


class Message:
    """partition, offset, key, headers (a dict; each name once), payload (text)."""

    def __init__(self, envelope):
        pairs = envelope.get("headers") or []
        names = pairs[::2]
        assert len(set(names)) == len(names), "a header comes twice: %s" % pairs
        self.partition, self.offset = envelope["partition"], envelope["offset"]
        self.key, self.payload = envelope["key"], envelope["payload"]
        self.headers = dict(zip(names, pairs[1::2]))


class Broker:
    """Runs from construction to close(); its data live in a folder that close() removes.

    inside: what makes a list of arguments run where the broker is to be, such as
    in a network namespace; it and all that talks to it are started by that.
    """

    def __init__(self, inside=lambda *argv: list(argv)):
        self.dir, self.inside = tempfile.mkdtemp(prefix="ninetap-kafka-"), inside
        try:
            self.address = self._run("start", timeout=600).strip()
        except BaseException:
            self.close()
            raise

    def _run(self, verb, *args, timeout=180):
        p = subprocess.run(self.inside(SCRIPT, verb, self.dir, *args), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True, timeout=timeout)
        assert p.returncode == 0, "kafka.sh %s: %s" % (verb, p.stderr)
        return p.stdout

    def topic(self, name, partitions=1, **settings):
        """Creates a topic (settings: cleanup_policy="compact" ...) and returns ninetap's name of it."""
        self._run("topic", name, str(partitions), *("%s=%s" % (k.replace("_", "."), v) for k, v in settings.items()))
        return "kafka:%s/%s" % (self.address, name)

    def grow(self, name, partitions):
        self._run("grow", name, str(partitions))

    def delete(self, name):
        self._run("delete", name)

    def kill(self):
        """SIGKILL; returns when the process is gone."""
        self._run("kill")

    def restart(self):
        assert self._run("restart").strip() == self.address

    def close(self):
        try:
            self._run("stop")
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)

    def produce(self, topic, pairs, partition=-1):
        """Appends (key, value)s without tabs or newlines; a value of None is a tombstone."""
        lines = "".join("%s\t%s\n" % (key, "" if value is None else value) for key, value in pairs)
        p = subprocess.run(self.inside("kcat", "-b", self.address, "-P", "-t", topic, "-p", str(partition), "-K", "\t", "-Z"),
                           input=lines.encode(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=180)
        assert p.returncode == 0, "kcat: %s" % p.stderr.decode()

    def consume(self, topic):
        """All messages that the topic holds now, each partition's in its order; payloads must be UTF-8."""
        return [Message(json.loads(line)) for line in self._read(topic, "-J").splitlines()]

    def values(self, topic):
        """The payload of each message that the topic holds now, as bytes; each partition's in its order."""
        data, at = memoryview(self._read(topic, "-f", "%R%s")), 0
        while at < len(data):
            end = at + 4 + int.from_bytes(data[at:at + 4], "big")
            yield bytes(data[at + 4:end])
            at = end

    def end(self, topic):
        """Offset behind the last message of partition 0."""
        p = subprocess.run(self.inside("kcat", "-b", self.address, "-Q", "-t", topic + ":0:-1"), stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60)
        assert p.returncode == 0, "kcat: %s" % p.stderr.decode()
        return int(p.stdout.split()[-1])

    def _read(self, topic, *how):
        p = subprocess.run(self.inside("kcat", "-b", self.address, "-C", "-t", topic, "-o", "beginning", "-e", "-q", *how),
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=180)
        assert p.returncode == 0, "kcat: %s" % p.stderr.decode()
        return p.stdout
