# SPDX-License-Identifier: Apache-2.0
"""Our own captures: every protocol combination of the rules, replayed and compared field by field."""
import socket
import struct
import subprocess

import pytest

import catalogue
import rows

BEGIN = 1_700_000_000_123_456_789


def when(i):
    return BEGIN + i * 1_000_003


def frames(seed):
    return catalogue.systematic() + list(catalogue.random_frames(seed, 1500))


def compare(row, record, name, i, wire):
    """One record against its expectation. Returns what is wrong with it, as text."""
    wrong = rows.differences(rows.want(row), record)
    if row["open_proto"] and len(wrong) == 1 and wrong[0].startswith("proto"):
        wrong = []
    for field, value in (("seq", i + 1), ("bytes", wire), ("packets", 1)):
        if record.get(field) != value:
            wrong.append("%s: expected %r, got %r" % (field, value, record.get(field)))
    if row["payload"] is not None and record.get("payload_bytes", 0) != row["payload"]:
        wrong.append("payload_bytes: expected %r, got %r" % (row["payload"], record.get("payload_bytes")))
    if rows.utc_ns(record["ts"]) != when(i):
        wrong.append("ts: expected %d, got %s" % (when(i), record["ts"]))
    return wrong


def check(tmp_path, packets, hook):
    """packets: (name, bytes, wire length, row). Replays them all; each must come out as its row says."""
    path = tmp_path / "own.pcap"
    catalogue.write_pcap(path, [(when(i), data, wire) for i, (_, data, wire, _) in enumerate(packets)])
    records, figures = rows.replay(path, *(["--hook", hook] if hook else []))
    refused = rows.check_account(figures, len(packets), records)
    assert [r["seq"] for r in records] == sorted({r["seq"] for r in records}), "not in order, or twice"
    by_seq = {r["seq"]: r for r in records}
    failures, compared = [], 0
    for i, (name, data, wire, row) in enumerate(packets):
        record = by_seq.pop(i + 1, None)
        if (record is not None) != (row["status"] == "ok"):
            failures.append("%s: record %s" % (name, "missing" if record is None else "of no IP packet") + " " + data.hex())
        elif record is not None:
            compared += 1
            failures += ["%s (frame %d): %s: %s" % (name, i + 1, w, data.hex()) for w in compare(row, record, name, i, wire)]
    assert not by_seq, "records of no frame: %s" % sorted(by_seq)[:10]
    print("compared %d records of %d frames, %d refused, hook %s" % (compared, len(packets), refused, hook or "default"))
    assert not failures, "%d wrong, the first:\n%s" % (len(failures), "\n".join(failures[:8]))
    assert compared > 0
    return figures


def whole(list_of_frames):
    return [(f.name, f.data, len(f.data), f.expect()) for f in list_of_frames]


@pytest.mark.parametrize("hook", (None, "xdp", "tc"))
@pytest.mark.parametrize("seed", (20261, 20262))
def test_every_combination(tmp_path, hook, seed):
    figures = check(tmp_path, whole(frames(seed)), hook)
    assert figures["vxlan_flags"] >= 3 and figures["tunnel_no_ip"] >= 10 and figures["malformed"] >= 2


@pytest.mark.parametrize("snapped", (False, True))
def test_cut_at_every_byte(tmp_path, snapped):
    """A header that is not all there is not made up; snapped: the capture is cut, not the wire."""
    packets = []
    for f in catalogue.cut_frames():
        for end in range(14, len(f.data)):
            packets.append(("%s cut at %d" % (f.name, end), f.data[:end], len(f.data) if snapped else end, f.expect(end)))
    figures = check(tmp_path, packets, None)
    assert figures["cut"] > 0 and figures["truncated"] > 0


def test_cut_under_tc(tmp_path):
    """The kernel refuses test runs of very short frames; whatever it takes is right, and the rest is counted."""
    packets = []
    for f in catalogue.cut_frames():
        for end in range(70, len(f.data)):
            packets.append(("%s cut at %d" % (f.name, end), f.data[:end], end, f.expect(end)))
    check(tmp_path, packets, "tc")


def test_small_frames_are_counted(tmp_path):
    path = tmp_path / "small.pcap"
    catalogue.write_pcap(path, [(when(i), b"\x02" * i, i) for i in range(1, 60)])
    for hook in ("xdp", "tc"):
        records, figures = rows.replay(path, "--hook", hook)
        assert records == []
        refused = rows.check_account(figures, 59, records)
        assert refused >= 13, figures


def test_long_frames(tmp_path):
    """More bytes than a test run of TC takes, and the most that XDP does; `bytes` is the wire's length."""
    packets = []
    for size in (1500, 2048, 2049, 3500, 3600, 9014, 40000, 65000):
        f = catalogue.Frame("long/%d" % size, [catalogue.Eth(), *catalogue.tunnel("vxlan", [catalogue.Ip4(), catalogue.Udp(),
                            catalogue.Data(b"L" * (size - 14 - 20 - 8 - 8 - 14 - 28))])])
        packets.append((f.name, f.data, len(f.data), f.expect()))
    for hook in ("xdp", "tc"):
        check(tmp_path, packets, hook)


def test_too_deep_is_counted(tmp_path):
    """Beyond what the rules promise nothing is asked but an account that adds up."""
    c = catalogue
    deep = [[c.Tag(vid=i) for i in range(40)] + c.tcp4(), [c.Mpls(label=20 + i) for i in range(60)] + c.tcp4(),
            [c.Ip6(), *[c.Ext() for _ in range(200)], c.Tcp()], [c.Ip6(), *[c.Ext(units=200) for _ in range(4)], c.Tcp()]]
    packets = [c.Frame("deep", [c.Eth(), *layers]) for layers in deep]
    path = tmp_path / "deep.pcap"
    catalogue.write_pcap(path, [(when(i), f.data, len(f.data)) for i, f in enumerate(packets)])
    records, figures = rows.replay(path)
    rows.check_account(figures, len(packets), records)
    assert figures["too_deep"] == len(packets), figures
    assert not any("src_port" in r for r in records), "ports out of nowhere"


def test_more_flows_than_are_kept(tmp_path):
    """Open flows fill every slot, tables and then no more: the replay ends, and tells what it had no room for."""
    c = catalogue
    frames = [c.Frame("flow", [c.Eth(), c.Ip4(), c.Udp(sport=1000 + i), c.Data(b"x" * 18)]) for i in range(300)]
    path = tmp_path / "flows.pcap"
    catalogue.write_pcap(path, [(when(i), f.data, len(f.data)) for i, f in enumerate(frames)])
    flows, figures = rows.replay(path, "--mode", "flow", "--flow-entries", "16", timeout=30)
    assert 0 < len(flows) == figures["flow"] and figures["flow"] + figures["lost_flows_full"] == len(frames), figures


def test_avro_says_the_same(tmp_path):
    """The container opens in fastavro, and holds what the JSON records say."""
    import fastavro
    packets = whole(frames(20263))
    path, out = tmp_path / "own.pcap", tmp_path / "own.avro"
    catalogue.write_pcap(path, [(when(i), data, wire) for i, (_, data, wire, _) in enumerate(packets)])
    records, _ = rows.replay(path)
    subprocess.run([rows.NINETAP, "replay", path, "-e", "avro", "-o", "file:%s" % out], check=True, capture_output=True)
    with open(out, "rb") as f:
        batches = list(fastavro.reader(f))
    flat = [r for b in batches for r in b["records"]]
    assert len(flat) == len(records) > 1500
    assert sum(b["count"] for b in batches) == len(records)
    for j, a in zip(records, flat):
        assert (a["seq"], a["proto"], a["bytes"], a["ttl"]) == (j["seq"], j["proto"], j["bytes"], j["ttl"])
        assert address_text(a["src_ip"]) == j["src_ip"] and address_text(a["dst_ip"]) == j["dst_ip"]
        assert [t["id"] for t in a["tunnels"] or []] == [t.get("id") for t in j.get("tunnels", [])]


def address_text(raw):
    return socket.inet_ntop(socket.AF_INET6 if len(raw) == 16 else socket.AF_INET, raw)


def test_other_links_are_refused(tmp_path):
    """A capture that is not Ethernet is refused in one sentence."""
    path = tmp_path / "raw.pcap"
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101) + struct.pack("<IIII", 1, 0, 20, 20) + b"E" * 20)
    p = subprocess.run([rows.NINETAP, "replay", str(path)], capture_output=True, text=True)
    assert p.returncode in range(64, 79) and p.stdout == "", p
    assert len(p.stderr.strip().splitlines()) == 1 and p.stderr.startswith("ninetap: "), p.stderr
