# SPDX-License-Identifier: Apache-2.0
"""Lines of `-e smartx` against what the frames of our own captures hold: the faults of the agent whose lines they are."""
import os
import subprocess

import pytest

import catalogue
import rows
import test_own

BOX = ("--box", "box-a", "--box-address", "192.0.2.7")
PLANES = {None: 2, "management": 0, "control": 1, "data": 2}


def number(value, none):
    return str(none if value is None else value)


def ends(p):
    return [p["src_ip"], p["dst_ip"]]


def ports(p):
    return [number(p.get("src_port"), -1), number(p.get("dst_port"), -1)]


def version(p):
    return "6" if ":" in p["src_ip"] else "4"


def line(row, ns, plane):
    """The line that a packet must have, from its row of expect.py."""
    inner = rows.want(row)
    packets = [*inner.get("tunnels", []), inner]  # outermost first
    vxlan = next((i for i, p in enumerate(packets) if p.get("type") == "vxlan"), None)
    if plane in ("management", "control") or vxlan is None:
        p = packets[0]
        fields = [str(ns // 1000), str(PLANES[plane]), BOX[1], BOX[3], version(p), *ends(p), *ports(p), str(p["proto"]),
                  number(p.get("tcp_window"), 0), str(p["ip_bytes"])]
        assert len(fields) == 12
        return ",".join(fields)
    outer, guest = packets[vxlan], packets[vxlan + 1]
    fields = [str(ns // 1000), BOX[1], BOX[3], version(outer), *ends(outer), *ports(outer), *ends(guest), *ports(guest), str(outer["id"]),
              str((guest.get("vlan") or [0])[0]), str(guest["proto"]), number(guest.get("tcp_window"), 0), str(outer["ip_bytes"])]
    assert len(fields) == 17
    return ",".join(fields)


@pytest.mark.parametrize("plane", PLANES)
def test_lines(tmp_path, plane):
    frames = [f for f in test_own.frames(20264) if f.expect()["status"] == "ok" and not f.expect()["open_proto"]]
    path = tmp_path / "own.pcap"
    catalogue.write_pcap(path, [(test_own.when(i), f.data, len(f.data)) for i, f in enumerate(frames)])
    option = ["--plane", plane] if plane else []
    p = subprocess.run([rows.NINETAP, "replay", path, "-e", "smartx", *BOX, *option], check=True, capture_output=True, text=True)
    found = p.stdout.splitlines()
    wanted = [line(f.expect(), test_own.when(i), plane) for i, f in enumerate(frames)]
    wrong = ["%s: expected %s, got %s: %s" % (f.name, w, g, f.data.hex()) for f, w, g in zip(frames, wanted, found) if w != g]
    assert len(found) == len(wanted) > 1500
    assert not wrong, "%d wrong, the first:\n%s" % (len(wrong), "\n".join(wrong[:8]))
    longer = sum(w.count(",") == 16 for w in wanted)
    assert longer == 0 if plane in ("management", "control") else longer > 200, longer


def test_box_that_breaks_lines(tmp_path):
    """Refused at start, with the remedy."""
    path = tmp_path / "one.pcap"
    frame = test_own.frames(20264)[0]
    catalogue.write_pcap(path, [(0, frame.data, len(frame.data))])
    p = subprocess.run([rows.NINETAP, "replay", path, "-e", "smartx", "--box", "a,b"], capture_output=True, text=True)
    assert p.returncode == os.EX_USAGE and p.stdout == ""
    assert '"a,b"' in p.stderr and "--box" in p.stderr, p.stderr
