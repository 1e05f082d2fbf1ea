# SPDX-License-Identifier: Apache-2.0
"""SOAK_SECONDS (120) of load with flows that come and go, modes and configurations that change: nothing grows, and the books are exact."""
import json
import os
import signal
import statistics
import time

import lab
import ledger
import rows
from loads import counted, finish

SECONDS = int(os.environ.get("SOAK_SECONDS", "120"))
RATE = min(50000, 30000000 // SECONDS)  # so that the consumer's memory is enough for an hour, too
FLOWS = 20000
MEMORY_KB = 2048  # more at the end than at the beginning: what an allocator keeps
MODES = ("vb=flow", "vb=sampled:4", "vb=packet")


def bpf_maps(pid):
    """How many maps the process holds open."""
    out = 0
    for fd in os.listdir("/proc/%d/fd" % pid):
        try:
            out += "bpf-map" in os.readlink("/proc/%d/fd/%s" % (pid, fd))
        except FileNotFoundError:
            pass
    return out


def resident(pid):
    """(KB of its own, KB of the kernel's maps): what is mapped of those goes up and down with the flows that are counted."""
    own, mapped, maps = 0, 0, False
    with open("/proc/%d/smaps" % pid) as f:
        for line in f:
            words = line.split()
            if not words[0].endswith(":"):
                maps = words[-1] == "anon_inode:bpf-map"
            elif words[0] == "Rss:" and maps:
                mapped += int(words[1])
            elif words[0] == "Rss:":
                own += int(words[1])
    return own, mapped


def look(pid):
    """(RSS of its own in KB, open files, maps among them)"""
    return resident(pid)[0], len(os.listdir("/proc/%d/fd" % pid)), bpf_maps(pid)


def configure(path, site):
    path.write_text(json.dumps({"interfaces": ["vb"], "site": site, "hook": "tc", "flow": {"idle": "1s", "active": "2s", "entries": 65536},
                                "rotate": {"bytes": "256MiB"}, "metrics": "127.0.0.1:0"}))


def disturb(ns, tap, pins, path, turn):
    """A mode each second; a hang-up each third: now with another configuration, now with the same."""
    ns.run(rows.NINETAP, "mode", *pins, MODES[turn % len(MODES)])
    if turn % 3 == 2:
        changed = turn % 6 == 5
        if changed:
            configure(path, "site%d" % turn)
        text = "ninetap: ready" if changed else "the configuration is as it was"
        before = sum(text in line for line in tap.lines)
        tap.proc.send_signal(signal.SIGHUP)
        tap.wait_line(text, skip=before)


def flat(name, values, more):
    """The last third against the first, by their medians."""
    third = len(values) // 3
    first, last = statistics.median(values[:third]), statistics.median(values[-third:])
    print("compared %s: %d at first, %d at last, of %d looks, the greatest %d" % (name, first, last, len(values), max(values)))
    assert last <= first + more, "%s grew from %d to %d: %s" % (name, first, last, values)


def test_soak(things, pair, pins, load, tmp_path):
    path = tmp_path / "ninetap.json"
    configure(path, "first")
    tap = things.tap(pair, "-c", str(path), *pins, encoding="avro")
    unused = resident(tap.proc.pid)[1]
    sender = load(pair, "va", flows=FLOWS, rate=RATE)
    looks, turn, end = [], 0, time.monotonic() + SECONDS
    lab.wait_for("the first packets", lambda: counted(pair, "vb").packets > RATE)
    while time.monotonic() < end:
        disturb(pair, tap, pins, path, turn)
        looks.append(look(tap.proc.pid))
        turn += 1
        lab.wait_for("a second's packets", second_passes(pair))
    pair.run(rows.NINETAP, "mode", *pins, "vb=flow")
    lab.wait_for("flows in mapped maps", lambda: resident(tap.proc.pid)[1] > unused)
    pair.run(rows.NINETAP, "mode", *pins, "vb=packet")
    lab.wait_for("maps as little mapped as before the first flow", lambda: resident(tap.proc.pid)[1] <= unused)
    sent = sender.stop()
    world = counted(pair, "vb")
    finish(tap)
    rss, files, maps = zip(*looks)
    flat("RSS of its own in KB", rss, MEMORY_KB)
    flat("open files", files, 0)
    flat("maps", maps, 0)
    account = ledger.check(ledger.Received().files(tap.path), sent, world, note="%d s, %d disturbances" % (SECONDS, turn))
    ledger.audited(account, "file:" + tap.path)
    assert min(account.fates[f] for f in ("recorded", "flow", "sampled_out")) > 0


def second_passes(ns):
    """Measured in packets, so that a slow machine is disturbed less often."""
    begin = counted(ns, "vb").packets
    return lambda: counted(ns, "vb").packets >= begin + RATE
