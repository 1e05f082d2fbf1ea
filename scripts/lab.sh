#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# lab.sh run|up|down: two boxes joined by a VXLAN, a guest behind each, all in
# network namespaces of their own. `run` builds it, lets the guests talk,
# shows what ninetap sees of it, and takes it down; with IFACE=NAME it watches
# that interface instead and makes no lab. `up` leaves the lab for you to use
# (names from LAB, "ntlab"), `down` removes it.
#
#   guest a 10.42.0.1 - guest0 [box a] under0 === VXLAN 42 === under0 [box b] guest0 - guest b 10.42.0.2
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

NINETAP=${NINETAP:-build/ninetap}
SECONDS_TO_WATCH=${SECONDS_TO_WATCH:-5}
PREFIX=${LAB:-ntlab}
WORK=
CHILDREN=()

die() {
	echo "lab: $*" >&2
	exit 1
}

inside() {	# inside NAMESPACE COMMAND...: ip netns exec would hide /sys/fs/bpf
	local ns=$1
	shift
	nsenter --net="/run/netns/$PREFIX-$ns" "$@"
}

box() {	# box NAME OWN-ADDRESS OTHER-ADDRESS GUEST GUEST-ADDRESS
	ip -n "$PREFIX-$1" addr add "$2/24" dev under0
	ip -n "$PREFIX-$1" link set under0 up
	ip -n "$PREFIX-$1" link add vxlan42 type vxlan id 42 local "$2" remote "$3" dstport 4789 dev under0
	ip -n "$PREFIX-$1" link add br42 type bridge
	ip -n "$PREFIX-$1" link add guest0 type veth peer name eth0 netns "$PREFIX-$4"
	ip -n "$PREFIX-$1" link set vxlan42 master br42 up
	ip -n "$PREFIX-$1" link set guest0 master br42 up
	ip -n "$PREFIX-$1" link set br42 up
	ip -n "$PREFIX-$4" addr add "$5/24" dev eth0
	ip -n "$PREFIX-$4" link set eth0 up
}

up() {
	local ns
	for ns in boxa boxb gsta gstb; do
		ip netns add "$PREFIX-$ns"
		inside "$ns" sh -c 'for f in all default; do echo 1 >/proc/sys/net/ipv6/conf/$f/disable_ipv6; done' 2>/dev/null || true
		ip -n "$PREFIX-$ns" link set lo up
	done
	ip -n "$PREFIX-boxa" link add under0 mtu 1600 type veth peer name under0 mtu 1600 netns "$PREFIX-boxb"
	box boxa 192.0.2.1 192.0.2.2 gsta 10.42.0.1
	box boxb 192.0.2.2 192.0.2.1 gstb 10.42.0.2
	inside gsta ping -q -c 1 -w 10 10.42.0.2 >/dev/null || die "the guests don't reach each other"
}

down() {
	local ns pid
	for ns in boxa boxb gsta gstb; do	# whatever runs in there is the lab's
		for pid in $(ip netns pids "$PREFIX-$ns" 2>/dev/null); do
			kill "$pid" 2>/dev/null || true
		done
		ip netns del "$PREFIX-$ns" 2>/dev/null || true
	done
}

clean_up() {
	trap - EXIT INT TERM
	[ ${#CHILDREN[@]} = 0 ] || kill "${CHILDREN[@]}" 2>/dev/null || true
	[ -n "${IFACE:-}" ] || down
	wait
	[ -z "$WORK" ] || rm -rf "$WORK"
}

guests_talk() {	# ICMP, TCP and UDP from guest a to guest b
	inside gstb python3 - "$WORK/listening" 2>/dev/null <<'PY' &
import socket, sys, threading
tcp = socket.create_server(("10.42.0.2", 8080))
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("10.42.0.2", 5353))
open(sys.argv[1], "w").close()
def answer():
    while True:
        data, peer = udp.recvfrom(2048)
        udp.sendto(data, peer)
threading.Thread(target=answer, daemon=True).start()
while True:
    client, _ = tcp.accept()
    while data := client.recv(65536):
        client.sendall(b"thank you for %d bytes" % len(data))
    client.close()
PY
	CHILDREN+=($!)
	until [ -e "$WORK/listening" ]; do sleep 0.05; done
	inside gsta ping -q -i 0.2 10.42.0.2 >/dev/null &
	CHILDREN+=($!)
	inside gsta python3 - 2>/dev/null <<'PY' &
import socket, time
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
while True:
    tcp = socket.create_connection(("10.42.0.2", 8080))
    for size in (100, 1000, 3000):
        tcp.sendall(b"x" * size)
        tcp.recv(4096)
        udp.sendto(b"y" * size, ("10.42.0.2", 5353))
        time.sleep(0.1)
    tcp.close()
PY
	CHILDREN+=($!)
}

# Two records of each kind, those in tunnels first.
mixture() {
	jq -c -n '[inputs] | group_by([.tunnels == null, .proto != 6, .proto, .iface, .dir]) | map(.[0:2]) | add // [] | .[0:16] | .[]'
}

# One line a record: the inner packet, then its carriers, outermost first.
show() {
	jq -r 'def at(a; p): if p then "\(a):\(p)" else a end;
	  def proto: {"1": "icmp", "6": "tcp", "17": "udp", "58": "icmp6", "132": "sctp"}[tostring] // tostring;
	  [.iface, .dir, (.proto | proto), at(.src_ip; .src_port), at(.dst_ip; .dst_port),
	   (.vlan // ["-"] | join(",")), (if .tcp_window then "win \(.tcp_window)" else "-" end), "\(.bytes) B",
	   ([.tunnels[]? | "\(.type) \(.id // "") \(at(.src_ip; .src_port)) > \(at(.dst_ip; .dst_port))"] | join(" in ") | if . == "" then "-" else . end)]
	  | @tsv' | awk -F'\t' '
	BEGIN { printf "%-8s %-4s %-5s %-21s %-21s %-5s %-10s %-7s %s\n", "iface", "dir", "proto", "source", "destination", "vlan", "window", "bytes", "tunnel: carrier" }
	{ printf "%-8s %-4s %-5s %-21s %-21s %-5s %-10s %-7s %s\n", $1, $2, $3, $4, $5, $6, $7, $8, $9 }'
}

watch() {	# watch COMMAND...: a run of ninetap, its records to a file, its words to the screen at the end
	local out=$WORK/records err=$WORK/stderr pid
	: >"$err"
	"$@" run -o "file:$out" -e json --duration "$SECONDS_TO_WATCH" "${WATCHED[@]}" 2>"$err" &
	pid=$!
	CHILDREN+=("$pid")
	until grep -q '^ninetap: ready' "$err"; do
		kill -0 "$pid" 2>/dev/null || { cat "$err" >&2; die "ninetap did not start"; }
		sleep 0.05
	done
	[ -n "${IFACE:-}" ] || guests_talk
	echo "lab: watching for $SECONDS_TO_WATCH s"
	wait "$pid" || { cat "$err" >&2; die "ninetap failed"; }
	echo
	head -n 3000 "$out" | mixture >"$WORK/some"
	[ -s "$WORK/some" ] || echo "(no IP packet passed)"
	show <"$WORK/some"
	echo
	echo "One of them as it is, of $(wc -l <"$out"):"
	head -n 1 "$WORK/some"
	echo
	cat "$err"
}

run() {
	[ "$(id -u)" = 0 ] || die "not root (try sudo)"
	scripts/setup.sh run
	[ -x "$NINETAP" ] || die "$NINETAP is not built: run make"
	trap clean_up EXIT
	trap 'exit 130' INT TERM
	WORK=$(mktemp -d)
	if [ -n "${IFACE:-}" ]; then
		WATCHED=(-i "$IFACE")
		watch "$NINETAP"
		return
	fi
	PREFIX=nt$$
	up
	echo "guest a 10.42.0.1 - guest0 [box a] under0 === VXLAN 42 === under0 [box b] guest0 - guest b 10.42.0.2"
	WATCHED=(-i under0 -i guest0)
	watch inside boxa "$NINETAP"
}

case ${1:-} in
run) run ;;
up) up && echo "lab: $PREFIX-boxa $PREFIX-boxb $PREFIX-gsta $PREFIX-gstb; nsenter --net=/run/netns/NAME" ;;
down) down ;;
*) die "say run, up or down" ;;
esac
