# SPDX-License-Identifier: Apache-2.0
"""What the pages say of tags: the example's statements, the lines that programs end with, and what is installed."""
import json
import os
import re
import subprocess

import catalogue as c
import rows
from broker import ROOT
from tagging import packet, tags_of
from test_replay import NOW, capture

TOOLS = {"openstack-export", "kubernetes-export", "amqp-to-kafka"}
OTHERS = {"export_tags.py", "tags.jsonl", "ninetap.json", "ninetap.avsc", "flows.avsc"}
FRAMES = [packet("192.168.116.9", "192.168.116.5", c.Tcp, 50000, 9095, vxlan=42), packet("203.0.113.9", "192.168.116.5", c.Udp, 50000, 53)]
TAGS = [{"tenant": "demo", "src_tenant": "demo", "dst_tenant": "demo", "dst_instance": "i-1", "app": "kafka", "app_class": "messaging"},
        {"tenant": "demo", "dst_tenant": "demo", "dst_instance": "i-1", "app": "dns", "app_class": "network"}]


def text_of(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as f:
        return f.read()


def block(section):
    """The first block of JSON in a section of the page of tags."""
    return re.search(r"^## %s$(?:(?!^## ).)*?^```json\n(.*?)^```$" % section, text_of("docs", "tags.md"), re.M | re.S)[1]


def shown(begin, *page):
    """The one line of a page that begins so."""
    found = [line for line in text_of(*page).splitlines() if line.startswith(begin)]
    assert len(found) == 1, "%s: %d lines begin with %r" % (page[-1], len(found), begin)
    return found[0]


def pattern(line):
    """What a page leaves out it marks with dots."""
    return re.escape(line).replace(re.escape(" ... "), " (?:.* )?")


def installed(tmp_path, verb):
    env = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    p = subprocess.run(["make", "-s", verb, "DESTDIR=%s" % tmp_path, "PREFIX=/usr"], cwd=ROOT, env=env, capture_output=True, text=True, timeout=600)
    assert p.returncode == 0, p.stderr
    return {os.path.relpath(os.path.join(d, f), tmp_path) for d, _, files in os.walk(tmp_path) for f in files}


def test_the_example_s_statements(tmp_path):
    """They load without a problem, and say what one would think; the account is the one that the page shows."""
    assert text_of("docs", "tags.jsonl") == block("Statements")
    (tmp_path / "tags.jsonl").write_text(block("Statements"), encoding="utf-8")
    p = subprocess.run([rows.NINETAP, "replay", capture(tmp_path, FRAMES), "-t", tmp_path / "tags.jsonl", "-o", "file:%s" % (tmp_path / "out")],
                       capture_output=True, text=True, timeout=120)
    assert p.returncode == 0 and "warning" not in p.stderr, p.stderr
    assert [tags_of(json.loads(line)) for line in (tmp_path / "out").read_text().splitlines()] == TAGS
    account = next(line for line in p.stderr.splitlines() if line.startswith("ninetap: tags: revision="))
    problems = re.search(r" reloads_failed=0 (.*)", account)[1]
    assert problems and not re.search("=[^0]", problems), account
    assert re.fullmatch(pattern(shown("ninetap: tags: ", "docs", "tags.md")), account), account
    sums = re.sub(r"\d+", r"[0-9]+", pattern(shown("ninetap: account: ", "README.md")))
    assert any(re.fullmatch(sums, line) for line in p.stderr.splitlines()), p.stderr


def test_the_bridge_s_account():
    said = shown("amqp-to-kafka: ", "docs", "openstack.md").split(": ", 1)[1]
    assert '"%s"' % re.sub(r"\d+", "%d", said) in text_of("scripts", "amqp-to-kafka")


def test_what_is_installed(tmp_path):
    """The tools run from where they are put, and go again."""
    share = tmp_path / "usr" / "share" / "ninetap"
    assert {os.path.basename(f) for f in installed(tmp_path, "install") if f.startswith("usr/share/ninetap/")} == TOOLS | OTHERS
    for tool in TOOLS:
        p = subprocess.run([share / tool, "--help"], cwd="/", env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"), capture_output=True, text=True, timeout=60)
        assert p.returncode == 0 and "usage: " + tool in p.stdout, p.stderr
    assert (share / "tags.jsonl").read_text(encoding="utf-8") == block("Statements")
    assert installed(tmp_path, "uninstall") == set()
