# SPDX-License-Identifier: Apache-2.0
"""Tags end to end, in namespaces: addresses that change hands within a second, tenants that use the same ones, real sockets.

What the sender did is known packet by packet: no record may name another instance.
"""
import socket
import time

import lab
import tagging
from tagging import MS, application, instance, packet, tally, tenant

ADDRESS, PEER, SERVER_PORT = "10.0.0.5", "10.0.0.9", 9092
CHANGES, BURST = 25, 20
GUARD = 2 * MS  # between a burst and the change of hands: UTC in the records is good to far less


def frames(number):
    """A burst in both directions; its number is the client's port."""
    pair = [packet(ADDRESS, PEER, sport=1024 + number, dport=53), packet(PEER, ADDRESS, sport=53, dport=1024 + number)]
    return pair * (BURST // 2)


def number_of(record):
    return max(record["src_port"], record["dst_port"]) - 1024


def holder_of(record):
    """The instance at the end that changes hands; the other end never does."""
    mine, other = ("src", "dst") if record["src_ip"] == ADDRESS else ("dst", "src")
    assert record[other + "_instance"] == "peer" and record[other + "_tenant"] == "demo", record
    return record.get(mine + "_instance")


def wait_until(ns):
    while (left := ns - time.time_ns()) > 0:
        time.sleep(left / 1e9)


def change_hands(tags, sender, late):
    """CHANGES instances hold ADDRESS one after the other. Two of three end before the next comes: then the third has it again."""
    for k in range(CHANGES):
        wait_until(time.time_ns() + 2 * GUARD)
        since = time.time_ns()
        holder = instance("i-%d" % k, "demo", ADDRESS, since=since)
        if not late:
            tags.put(holder)
        wait_until(since + GUARD)
        sender.send(frames(k))
        wait_until(time.time_ns() + GUARD)
        if late:
            tags.put(holder)
        if k % 3:
            until = time.time_ns()
            tags.end("i-%d" % k, until)
            wait_until(until + GUARD)
            sender.send(frames(CHANGES + k))


def expected():
    """{(number of a burst, who held the address): packets}"""
    held = {(k, "i-%d" % k): BURST for k in range(CHANGES)}
    return {**held, **{(CHANGES + k, "i-%d" % (k - k % 3)): BURST for k in range(CHANGES) if k % 3}}


def reuse(things, pair, late):
    """late: an event comes after its packets, but before their batch is cut."""
    path = things.tmp_path / "tags.sock"
    linger = ("--batch-linger", "60s", "--batch-records", "100000") if late else ("--batch-linger", "5ms")
    tap = things.tap(pair, "-i", "va", "--hook", "tc", "-t", "socket:%s" % path, *linger)
    tags, sender = things.keep(tagging.TagSocket(path)), things.sender(pair, "va")
    tags.put(tenant("demo", subnets=["10.0.0.0/24"]))
    tags.put(instance("peer", "demo", PEER))
    begin = time.monotonic()
    change_hands(tags, sender, late)
    took = time.monotonic() - begin
    records, figures = tap.stop()
    lab.check_balance(figures, records, sender.sent)
    found = tally((number_of(r), holder_of(r)) for r in records)
    print("sent %d packets to and from %d instances at one address, %.0f ms each" % (sender.sent, CHANGES, 1000 * took / CHANGES))
    assert took / CHANGES < 1, "too slow to be a test of changes within a second"
    assert found == expected()
    assert {r["tenant"] for r in records} == {"demo"}
    tagging.check_revisions(records)


def test_reuse_by_socket(things, pair):
    reuse(things, pair, late=False)


def test_reuse_by_late_events(things, pair):
    reuse(things, pair, late=True)


def send_slots(sender, begin, width):
    """A burst in the middle of each slot. {port: slot} of the packets that surely passed within it, {port: ...} of all others."""
    sure, unsure = {}, {}
    for k in range(CHANGES):
        wait_until(begin + k * width + GUARD)
        for j in range(BURST):
            port = 1024 + k * BURST + j
            sender.send([packet(ADDRESS, PEER, sport=port)])
            inside = time.time_ns() < begin + (k + 1) * width - GUARD
            (sure if inside else unsure)[port] = k
    return sure, unsure


def test_reuse_known_beforehand(things, pair):
    """A tags file says who will hold the address when; it is renamed into its place while packets flow."""
    path, width = things.tmp_path / "tags.jsonl", 40 * MS
    peer = [tenant("demo", subnets=["10.0.0.0/24"]), instance("peer", "demo", PEER)]
    tagging.write(path, peer)
    tap = things.tap(pair, "-i", "va", "--hook", "tc", "-t", str(path), "--batch-linger", "2s", "--batch-records", "100000")
    sender = things.sender(pair, "va")
    before = [packet(ADDRESS, PEER, sport=1000)] * 50
    sender.send(before)
    begin = time.time_ns() + 1000 * MS
    slots = [instance("i-%d" % k, "demo", ADDRESS, since=begin + k * width, until=begin + (k + 1) * width) for k in range(CHANGES)]
    tagging.write(path, peer + slots)
    sender.send(before)
    sure, unsure = send_slots(sender, begin, width)
    wait_until(begin + CHANGES * width + GUARD)
    sender.send([packet(ADDRESS, PEER, sport=1001)] * 50)
    records, figures = tap.stop()
    lab.check_balance(figures, records, sender.sent)
    print("sent %d packets, %d of them surely within the %d ms of an instance" % (sender.sent, len(sure), width // MS))
    assert len(sure) + len(unsure) == CHANGES * BURST and len(sure) > 5 * BURST, "this machine is too busy to tell"
    held = {r["src_port"]: r.get("src_instance") for r in records if r["src_port"] in sure}
    assert held == {port: "i-%d" % k for port, k in sure.items()}
    bare = [r for r in records if r["src_port"] in (1000, 1001)]
    assert len(bare) == 150 and all("src_instance" not in r and r["src_tenant"] == "demo" for r in bare)


OVERLAP = [tenant("red", vnis=[42], vlans=[110], subnets=["10.0.0.0/24"]), tenant("blue", vnis=[43], vlans=[120], subnets=["10.0.0.0/24"]),
           *[instance("%s-%d" % (t, i), t, "10.0.0.%d" % i) for t in ("red", "blue") for i in (1, 2)],
           application("shop", "udp", 7000, "red", "web"), application("game", "udp", 7000, "blue", "fun")]


def tagged(name, app, app_class, src=1, dst=2):
    return {"tenant": name, "src_tenant": name, "dst_tenant": name, "src_instance": "%s-%d" % (name, src),
            "dst_instance": "%s-%d" % (name, dst), "app": app, "app_class": app_class}


def test_the_same_addresses_of_two_tenants(things, pair):
    """The VNI, or the VLAN, says whose they are; without either nobody can, and so no record says it."""
    path = things.tmp_path / "tags.jsonl"
    tagging.write(path, OVERLAP)
    tap = things.tap(pair, "-i", "va", "-i", "vb", "--hook", "tc", "-t", str(path))
    sender = things.sender(pair, "va")
    red, blue, nobody = tagged("red", "shop", "web"), tagged("blue", "game", "fun"), {}
    scopes = [(dict(vxlan=42), red), (dict(vxlan=43), blue), (dict(geneve=42), red), (dict(vlan=110), red), (dict(vlan=120), blue),
              (dict(), nobody), (dict(vxlan=99), nobody), (dict(vlan=7), nobody), (dict(vlan=110, vxlan=43), blue)]
    for turn in range(10):
        sender.send(packet("10.0.0.1", "10.0.0.2", sport=30000 + k, dport=7000, **scope) for k, (scope, _) in enumerate(scopes))
    records, figures = tap.stop()
    lab.check_balance(figures, records, 2 * sender.sent)
    assert len(records) == 20 * len(scopes)
    for r in records:
        scope, expected = scopes[r["src_port"] - 30000]
        assert tagging.tags_of(r) == expected, scope


def vxlan_device(ns, vni):
    name = "vx%d" % vni
    ns.ip("link", "add", name, "type", "vxlan", "id", vni, "remote", "192.0.2.2", "local", "192.0.2.1", "dstport", 4789, "dev", "va")
    ns.ip("link", "set", name, "arp", "off", "up")
    ns.ip("addr", "add", "10.0.0.1/24", "dev", name)
    ns.ip("neigh", "replace", "10.0.0.2", "lladdr", "02:00:00:00:00:02", "dev", name, "nud", "permanent")
    return name


def test_two_vxlan_devices(things, pair):
    """The kernel's own VXLAN: on the devices packets are bare, and ambiguous; beneath they are in a VNI."""
    pair.ip("addr", "add", "192.0.2.1/24", "dev", "va")
    pair.ip("neigh", "replace", "192.0.2.2", "lladdr", "02:00:00:00:00:03", "dev", "va", "nud", "permanent")
    path = things.tmp_path / "tags.jsonl"
    tagging.write(path, OVERLAP)
    devices = {vni: vxlan_device(pair, vni) for vni in (42, 43)}
    tap = things.tap(pair, "-i", "va", "-i", "vx42", "-i", "vx43", "--hook", "tc", "-t", str(path))
    with pair.entered():
        for vni, device in devices.items():
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
                for _ in range(30):
                    assert s.sendto(b"x" * 100, ("10.0.0.2", 7000)) == 100
    records, figures = tap.stop()
    lab.check_balance(figures, records, 120)
    found = {name: [r for r in records if r["iface"] == name] for name in ("va", "vx42", "vx43")}
    assert {name: len(r) for name, r in found.items()} == {"va": 60, "vx42": 30, "vx43": 30}
    assert all(tagging.tags_of(r) == {} for name in devices.values() for r in found[name])
    for r in found["va"]:
        expected = {42: tagged("red", "shop", "web"), 43: tagged("blue", "game", "fun")}[r["tunnels"][0]["id"]]
        assert tagging.tags_of(r) == expected


TWO_TENANTS = [tenant("demo", subnets=["10.9.1.0/24"]), tenant("uscm", subnets=["10.9.2.0/24"]),
               instance("d-1", "demo", "10.9.1.1"), instance("d-2", "demo", "10.9.1.2"),
               application("kafka", "tcp", [9092, "9094-9096"], "demo", "messaging"), application("influxdb", "tcp", 9092, "uscm", "database"),
               application("web", "tcp", 9092, app_class="any")]


def two_boxes(things):
    a, b = things.ns("a"), things.ns("b")
    a.veth("va", "vb", b)
    for ns, dev, host in ((a, "va", 1), (b, "vb", 2)):
        ns.ip("link", "set", dev, "arp", "on")
        for net in (1, 2, 3):
            ns.ip("addr", "add", "10.9.%d.%d/24" % (net, host), "dev", dev)
    return a, b


def talk(a, b, net):
    """A connection with bytes both ways, from a to the server's port on b."""
    with b.entered():
        server = socket.create_server(("10.9.%d.2" % net, SERVER_PORT))
    with a.entered():
        client = socket.create_connection(("10.9.%d.2" % net, SERVER_PORT), source_address=("10.9.%d.1" % net, 0))
    peer, _ = server.accept()
    for one, other in ((client, peer), (peer, client)):
        one.sendall(b"ninetap")
        assert other.recv(100) == b"ninetap"
    for s in (client, peer, server):
        s.close()


def test_applications_of_connections(things):
    """Each direction of a connection has the server's application: the tenant's own where it has one for the port."""
    path = things.tmp_path / "tags.jsonl"
    tagging.write(path, TWO_TENANTS)
    a, b = two_boxes(things)
    tap = things.tap(a, "-i", "va", "--hook", "tc", "-t", str(path))
    for net in (1, 2, 3):
        talk(a, b, net)
    records, _ = tap.stop()
    records = [r for r in records if r["proto"] == 6]
    expected = {"1": ("demo", "kafka", "messaging"), "2": ("uscm", "influxdb", "database"), "3": (None, "web", "any")}
    found = {net: {(r.get("tenant"), r.get("app"), r.get("app_class")) for r in records if r["src_ip"].split(".")[2] == net} for net in expected}
    assert found == {net: {tags} for net, tags in expected.items()}
    demo = [r for r in records if r.get("tenant") == "demo"]
    assert {(r["dir"], r["src_instance"], r["dst_instance"]) for r in demo} == {("out", "d-1", "d-2"), ("in", "d-2", "d-1")}
    for net in expected:
        ways = tally(r["dir"] for r in records if r["src_ip"].split(".")[2] == net)
        assert ways.get("in", 0) >= 3 and ways.get("out", 0) >= 3, "no whole connection was seen: %s" % ways
