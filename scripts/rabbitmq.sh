#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# rabbitmq.sh - a RabbitMQ node of one's own on 127.0.0.1, for tests: Debian's
# rabbitmq-server with all that it writes in a folder that the caller owns and
# removes, on ports that are free, beside whatever node the machine runs.
#
#   rabbitmq.sh start DIR      set up and start; prints HOST:PORT
#   rabbitmq.sh restart DIR    start again on the same port, the same data
#   rabbitmq.sh address DIR    print HOST:PORT
#   rabbitmq.sh stop DIR       stop it and wait until it is gone
#   rabbitmq.sh kill DIR       the same with SIGKILL
#
# User and password are guest, the virtual host is /. Environment: START_S (120).
# Called as the package's scripts call each other, since those in /usr/sbin
# insist on the package's user and folders. Needs rabbitmq-server, perl.
set -euo pipefail

BIN=/usr/lib/rabbitmq/bin
START_S=${START_S:-120}

die() { echo "rabbitmq.sh: $*" >&2; exit 1; }

# Three free ports at the same time, so that they differ.
free_ports() {
	perl -MIO::Socket::INET -e '
		my @s = map { IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die $! } 1 .. 3;
		print join(" ", map { $_->sockport } @s), "\n"'
}

# Names in capitals are RabbitMQ's and Erlang's; HOME is where the cookie is made and looked for.
configure() {
	local dir=$1 port dport eport
	read -r port dport eport < <(free_ports)
	cat >"$dir/rabbitmq.conf" <<-C
		listeners.tcp.1 = 127.0.0.1:$port
	C
	echo '[].' >"$dir/enabled_plugins"
	# no helper processes that resolve names, which outlive who asked
	echo '{lookup, [file]}. {host, {127,0,0,1}, ["localhost"]}.' >"$dir/inetrc"
	cat >"$dir/environment" <<-E
		HOME='$dir'
		ERL_CRASH_DUMP='$dir/logs/erl_crash.dump'
		ERL_EPMD_ADDRESS=127.0.0.1
		ERL_EPMD_PORT=$eport
		ERL_INETRC='$dir/inetrc'
		RABBITMQ_ADVANCED_CONFIG_FILE='$dir/advanced.config'
		RABBITMQ_ALLOW_INPUT=1
		RABBITMQ_CONFIG_FILE='$dir/rabbitmq.conf'
		RABBITMQ_CONF_ENV_FILE='$dir/none'
		RABBITMQ_CTL_DIST_PORT_MAX=0
		RABBITMQ_CTL_DIST_PORT_MIN=0
		RABBITMQ_CTL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1}'
		RABBITMQ_DIST_PORT=$dport
		RABBITMQ_ENABLED_PLUGINS_FILE='$dir/enabled_plugins'
		RABBITMQ_GENERATED_CONFIG_DIR='$dir/config'
		RABBITMQ_LOG_BASE='$dir/logs'
		RABBITMQ_MNESIA_BASE='$dir/data'
		RABBITMQ_NODENAME=ninetap-$port@localhost
		RABBITMQ_NODE_IP_ADDRESS=127.0.0.1
		RABBITMQ_NODE_PORT=$port
		RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1} -noinput'
	E
	echo "127.0.0.1:$port" >"$dir/address"
}

# The pid that a file of DIR names, if it still is what was started: a word of its command line says so.
pid_of() {
	local pid
	pid=$(cat "$1" 2>/dev/null) || return 1
	{ tr '\0' '\n' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -qxF -- "$2" || return 1
	echo "$pid"
}

node_pid() { pid_of "$1/pid" "$1"; }			# beam is told -home DIR
epmd_pid() { pid_of "$1/epmd.pid" "$ERL_EPMD_PORT"; }

# The port mapper in the foreground: one that beam starts by itself would be nobody's, and stay.
up() {
	local dir=$1
	epmd -address 127.0.0.1 -port "$ERL_EPMD_PORT" >>"$dir/logs/epmd" 2>&1 </dev/null &
	echo $! >"$dir/epmd.pid"
	(cd "$dir" && exec "$BIN/rabbitmq-server") >>"$dir/logs/stdout" 2>&1 </dev/null &
	echo $! >"$dir/pid"
	"$BIN/rabbitmqctl" wait --pid "$(cat "$dir/pid")" --timeout "$START_S" >"$dir/logs/wait" 2>&1 </dev/null || {
		stop "$dir" KILL
		die "start the node: $(tail -n 5 "$dir/logs/wait" "$dir/logs/stdout")"
	}
	cat "$dir/address"
}

start() {
	local dir=$1
	node_pid "$dir" >/dev/null && die "start the node: one runs in $dir"
	[ -x "$BIN/rabbitmq-server" ] || die "start the node: no $BIN/rabbitmq-server, install rabbitmq-server"
	mkdir -p "$dir/logs"
	up "$dir"
}

# end PID SIGNAL; after a minute of TERM comes KILL.
end() {
	kill -"$2" "$1"
	timeout 60 tail -s 0.1 --pid="$1" -f /dev/null && return 0
	kill -KILL "$1"
	tail -s 0.1 --pid="$1" -f /dev/null
}

stop() {
	local pid
	if pid=$(node_pid "$1"); then end "$pid" "$2"; fi
	if pid=$(epmd_pid "$1"); then end "$pid" "$2"; fi
}

usage() { sed -n 's/^#   //p' "${BASH_SOURCE[0]}" >&2; exit 64; }

verb=${1:-}
case $verb in
start | restart | address | stop | kill) [ $# -eq 2 ] || usage ;;
*) usage ;;
esac
[ "$verb" != start ] || mkdir -p "$2"
dir=$(cd "$2" 2>/dev/null && pwd) || die "$verb: no folder $2"
if [ ! -f "$dir/environment" ]; then
	[ "$verb" = start ] || exit 0		# it never ran
	configure "$dir"
fi
set -a
# shellcheck source=/dev/null # written by configure()
. "$dir/environment"
set +a
case $verb in
start | restart) start "$dir" ;;
address) cat "$dir/address" ;;
stop) stop "$dir" TERM ;;
kill) stop "$dir" KILL ;;
esac
