#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# setup.sh [build|run|test|bench ...]: installs with apt what a Debian 12
# machine lacks to build ninetap (build), to show it in its lab (run), and for
# all of that and the tests (test, the default), which get a Python venv in
# build/venv; bench: what the benchmark measures beside ninetap, and the same.
# Quick when all is there; it never removes or upgrades anything.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

BUILD_PACKAGES=(clang clang-14 llvm libbpf-dev libelf-dev zlib1g-dev bpftool librdkafka-dev
	libjansson-dev libmicrohttpd-dev pkg-config gcc make libc6-dev)
RUN_PACKAGES=(iproute2 util-linux procps jq python3 iputils-ping)
TEST_PACKAGES=(ethtool tshark tcpdump iperf3 kcat libclang-rt-14-dev python3-venv
	default-jre-headless maven valgrind libcap2-bin rabbitmq-server python3-pika python3-confluent-kafka
	qemu-system-x86 busybox-static cpio debian-archive-keyring binutils dash)
BENCH_PACKAGES=(softflowd)

die() {
	echo "setup: $*" >&2
	exit 1
}

missing() {
	local have p
	have=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "$@" 2>/dev/null || true)
	for p in "$@"; do
		grep -qxF "installed $p" <<<"$have" || echo "$p"
	done
}

quietly() {	# runs a command and shows what it said only when it failed
	local log
	log=$(mktemp)
	"$@" >"$log" 2>&1 </dev/null || { cat "$log" >&2; rm -f "$log"; return 1; }
	rm -f "$log"
}

# Services that a package brings stay stopped: tests start their own. A policy that is there already is left alone.
POLICY=/usr/sbin/policy-rc.d
without_services() {
	local rc=0 ours=false
	if [ ! -e "$POLICY" ]; then
		ours=true
		trap 'rm -f "$POLICY"' EXIT
		printf '#!/bin/sh\nexit 101\n' >"$POLICY"
		chmod 0755 "$POLICY"
	fi
	"$@" || rc=$?
	! $ours || rm -f "$POLICY"
	trap - EXIT
	return $rc
}

install_packages() {
	local list
	mapfile -t list < <(missing "$@")
	[ ${#list[@]} -gt 0 ] || return 0
	[ "$(id -u)" = 0 ] || die "install ${list[*]}: not root (try sudo)"
	command -v apt-get >/dev/null || die "install ${list[*]}: no apt-get; Debian 12 is what this script knows"
	echo "setup: installing ${list[*]}"
	export DEBIAN_FRONTEND=noninteractive
	command -v debconf-set-selections >/dev/null &&
		echo "wireshark-common wireshark-common/install-setuid boolean false" | debconf-set-selections
	quietly apt-get update || die "apt-get update failed"
	without_services quietly apt-get install -y --no-install-recommends "${list[@]}" || die "apt-get install failed"
}

# The stamp is a copy of the requirements, so that a change of them makes the venv anew.
make_venv() {
	local venv=build/venv want=tests/requirements.txt
	cmp -s "$want" "$venv/.requirements" && [ -x "$venv/bin/python" ] && return 0
	echo "setup: making $venv"
	rm -rf "$venv"
	mkdir -p build
	/usr/bin/python3 -m venv "$venv" || die "cannot make $venv"
	quietly "$venv/bin/python" -m pip install --disable-pip-version-check -q -r "$want" ||
		die "cannot install $want into $venv"
	cp "$want" "$venv/.requirements"
}

[ -r /etc/debian_version ] || die "this is not Debian: install the packages named in scripts/setup.sh by hand"
want=()
venv=false
for set in "${@:-test}"; do
	case $set in
	build) want+=("${BUILD_PACKAGES[@]}") ;;
	run) want+=("${RUN_PACKAGES[@]}") ;;
	test | bench)
		want+=("${BUILD_PACKAGES[@]}" "${RUN_PACKAGES[@]}" "${TEST_PACKAGES[@]}")
		[ "$set" = test ] || want+=("${BENCH_PACKAGES[@]}")
		venv=true
		;;
	*) die "unknown set '$set': build, run, test or bench" ;;
	esac
done
install_packages "${want[@]}"
! $venv || make_venv
