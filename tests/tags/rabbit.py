# SPDX-License-Identifier: Apache-2.0
"""A real RabbitMQ for tests: scripts/rabbitmq.sh as a Python object, and what tests do at it.

As a program, `rabbit.py URL`, it is the client (Debian's pika needs Debian's
Python): runs the lines of Python on stdin, with `channel` and `publish`.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPT = os.path.join(ROOT, "scripts", "rabbitmq.sh")


class Rabbit:
    """Runs from construction to close(); its data live in a folder that close() removes."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="ninetap-rabbit-")
        try:
            self.url = "amqp://guest:guest@%s/" % self._run("start").strip()
        except BaseException:
            self.close()
            raise

    def _run(self, verb):
        p = subprocess.run([SCRIPT, verb, self.dir], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           text=True, timeout=240)
        assert p.returncode == 0, "rabbitmq.sh %s: %s" % (verb, p.stderr)
        return p.stdout

    def kill(self):
        self._run("kill")

    def restart(self):
        self._run("restart")

    def close(self):
        try:
            self._run("stop")
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)

    def client(self, *lines):
        """Runs lines of Python at the channel; what they print."""
        p = subprocess.run(["/usr/bin/python3", os.path.abspath(__file__), self.url], input="\n".join(lines), stdout=subprocess.PIPE,
                           stderr=subprocess.PIPE, text=True, timeout=120)
        assert p.returncode == 0, p.stderr
        return p.stdout

    def publish(self, exchange, key, *bodies):
        """Each body (bytes, or what becomes oslo's envelope), as oslo.messaging publishes: confirmed."""
        return self.client(*["publish(%r, %r, %r)" % (exchange, key, b if isinstance(b, bytes) else envelope(b)) for b in bodies])

    def waiting(self, queue):
        """How many messages the queue has for a consumer."""
        return int(self.client("print(channel.queue_declare(%r, passive=True).method.message_count)" % queue))

    def consumers(self, queue):
        return int(self.client("print(channel.queue_declare(%r, passive=True).method.consumer_count)" % queue))


def envelope(message):
    return json.dumps({"oslo.version": "2.0", "oslo.message": json.dumps(message)}).encode()


def run_client(url):
    import pika  # the tests' own Python hasn't got it

    connection = pika.BlockingConnection(pika.URLParameters(url))
    channel = connection.channel()
    channel.confirm_delivery()
    how = pika.BasicProperties(content_type="application/json", content_encoding="utf-8", delivery_mode=2, priority=0)

    def publish(exchange, key, body):
        channel.basic_publish(exchange, key, body, how, mandatory=True)

    exec(sys.stdin.read(), {"channel": channel, "publish": publish})
    connection.close()


if __name__ == "__main__":
    run_client(sys.argv[1])
