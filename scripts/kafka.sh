#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# kafka.sh - a real Apache Kafka broker on 127.0.0.1, for tests and for trying
# ninetap out: one node, KRaft, no ZooKeeper. Its jars come through Maven into
# build/kafka/libs, its state is in a folder that the caller owns and removes.
#
#   kafka.sh fetch                      get the jars, if they aren't there
#   kafka.sh start DIR                  fetch, set up and start; prints HOST:PORT
#   kafka.sh restart DIR                start again on the same port, the same data
#   kafka.sh address DIR                print HOST:PORT
#   kafka.sh topic DIR NAME PARTITIONS [SETTING=VALUE]...   create a topic
#   kafka.sh grow DIR NAME PARTITIONS   give a topic more partitions
#   kafka.sh delete DIR NAME            delete a topic
#   kafka.sh stop DIR                   stop it and wait until it is gone
#   kafka.sh kill DIR                   the same with SIGKILL
#
# Environment: HEAP (512m), JVM_OPTS (quick to start, not fast), START_S (120).
# Needs java 17, maven, kcat, perl. It is no production set-up: one copy of the
# data, no encryption, no authentication, hence loopback alone.
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
POM=$ROOT/tests/kafka/pom.xml
LIBS=$ROOT/build/kafka/libs
HEAP=${HEAP:-512m}
JVM_OPTS=${JVM_OPTS:--XX:+UseSerialGC -XX:TieredStopAtLevel=1}
START_S=${START_S:-120}

die() { echo "kafka.sh: $*" >&2; exit 1; }

# The stamp is the pom that the jars were fetched by.
fetch() {
	mkdir -p "${LIBS%/*}"
	exec 9>"${LIBS%/*}/lock"
	flock 9
	if ! cmp -s "$POM" "$LIBS/stamp"; then
		rm -rf "$LIBS" "$LIBS.new"
		mvn -q -B -f "$POM" dependency:copy-dependencies -DincludeScope=runtime \
			-DoutputDirectory="$LIBS.new" >&2 || die "fetch the broker's jars: mvn failed"
		cp "$POM" "$LIBS.new/stamp"
		mv "$LIBS.new" "$LIBS"
	fi
	exec 9>&-
}

# jvm HEAP LOGDIR CLASS ARGS...; -UsePerfData leaves nothing in /tmp.
jvm() {
	# shellcheck disable=SC2086 # JVM_OPTS are words
	exec java -Xmx"$1" $JVM_OPTS -XX:-UsePerfData -Dkafka.logs.dir="$2" \
		-Dlog4j2.configurationFile="$ROOT/tests/kafka/log4j2.xml" -cp "$LIBS/*" "${@:3}"
}

# Two free ports at the same time, so that they differ.
free_ports() {
	perl -MIO::Socket::INET -e '
		my @s = map { IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1") or die $! } 1, 2;
		print join(" ", map { $_->sockport } @s), "\n"'
}

# 16 random bytes as Kafka writes them; a leading "-" would look like an option.
cluster_id() { head -c 16 /dev/urandom | base64 | tr '+/' '-_' | sed 's/^-/A/; s/=*$//'; }

configure() {
	local dir=$1 port cport
	read -r port cport < <(free_ports)
	cat >"$dir/server.properties" <<-P
		process.roles=broker,controller
		node.id=1
		listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$cport
		advertised.listeners=PLAINTEXT://127.0.0.1:$port
		inter.broker.listener.name=PLAINTEXT
		controller.listener.names=CONTROLLER
		listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
		controller.quorum.voters=1@127.0.0.1:$cport
		log.dirs=$dir/data
		auto.create.topics.enable=false
		num.partitions=1
		offsets.topic.num.partitions=1
		offsets.topic.replication.factor=1
		transaction.state.log.num.partitions=1
		transaction.state.log.replication.factor=1
		transaction.state.log.min.isr=1
		share.coordinator.state.topic.num.partitions=1
		share.coordinator.state.topic.replication.factor=1
		share.coordinator.state.topic.min.isr=1
		group.initial.rebalance.delay.ms=0
		# after SIGKILL the old session must run out before the broker is let in again
		broker.heartbeat.interval.ms=500
		broker.session.timeout.ms=2000
		# compact at once what there is to compact
		log.cleaner.backoff.ms=100
	P
	echo "127.0.0.1:$port" >"$dir/address"
	(jvm 256m "$dir/logs" kafka.tools.StorageTool format -t "$(cluster_id)" \
		-c "$dir/server.properties") >"$dir/logs/format" 2>&1 ||
		die "format $dir/data: $(tail -n 3 "$dir/logs/format")"
}

# The broker's pid, if it runs: a pid that another process has got since doesn't count.
pid_of() {
	local pid
	pid=$(cat "$1/pid" 2>/dev/null) || return 1
	{ tr '\0' '\n' <"/proc/$pid/cmdline"; } 2>/dev/null | grep -qxF "$1/server.properties" || return 1
	echo "$pid"
}

# Metadata that name the broker are the sign that it has been let in.
up() {
	local dir=$1 address end=$((SECONDS + START_S))
	address=$(cat "$dir/address")
	(
		cd "$dir"
		jvm "$HEAP" "$dir/logs" -Xms"$HEAP" kafka.Kafka "$dir/server.properties"
	) >>"$dir/logs/stdout" 2>&1 </dev/null 9>&- &
	echo $! >"$dir/pid"
	while ! kcat -b "$address" -L -m 2 2>/dev/null | grep -q ' 1 brokers:'; do
		kill -0 "$(cat "$dir/pid")" 2>/dev/null ||
			die "start the broker: it ended; $(tail -n 5 "$dir/logs/stdout")"
		((SECONDS < end)) || { stop "$dir" KILL; die "start the broker: not up within $START_S s"; }
		sleep 0.1
	done
	echo "$address"
}

start() {
	local dir=$1
	pid_of "$dir" >/dev/null && die "start the broker: one runs in $dir"
	fetch
	mkdir -p "$dir/logs"
	[ -f "$dir/data/meta.properties" ] || configure "$dir"
	up "$dir"
}

# stop DIR SIGNAL; after a minute of TERM comes KILL.
stop() {
	local pid
	pid=$(pid_of "$1") || return 0
	kill -"$2" "$pid"
	timeout 60 tail -s 0.1 --pid="$pid" -f /dev/null && return 0
	kill -KILL "$pid"
	tail -s 0.1 --pid="$pid" -f /dev/null
}

# topics DIR ARGS...
topics() {
	(jvm 256m "$1/logs" org.apache.kafka.tools.TopicCommand --bootstrap-server "$(cat "$1/address")" "${@:2}")
}

topic() {
	local dir=$1 name=$2 partitions=$3 settings=() s
	shift 3
	for s; do settings+=(--config "$s"); done
	topics "$dir" --create --topic "$name" --partitions "$partitions" --replication-factor 1 "${settings[@]}"
}

usage() { sed -n 's/^#   //p' "${BASH_SOURCE[0]}" >&2; exit 64; }

verb=${1:-}
case $verb in
fetch) fetch; exit ;;
start | restart | address | stop | kill) [ $# -eq 2 ] || usage ;;
topic) [ $# -ge 4 ] || usage ;;
grow) [ $# -eq 4 ] || usage ;;
delete) [ $# -eq 3 ] || usage ;;
*) usage ;;
esac
[ "$verb" != start ] || mkdir -p "$2"
dir=$(cd "$2" 2>/dev/null && pwd) || die "$verb: no folder $2"
case $verb in
start | restart) start "$dir" ;;
address) cat "$dir/address" ;;
topic) topic "$dir" "${@:3}" ;;
grow) topics "$dir" --alter --topic "$3" --partitions "$4" ;;
delete) topics "$dir" --delete --topic "$3" ;;
stop) stop "$dir" TERM ;;
kill) stop "$dir" KILL ;;
esac
