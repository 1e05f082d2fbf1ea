/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_table.c - the one list of options. Command line, configuration file,
 * ranges, defaults, --help, the manual page and the table in docs/ all come
 * from here. Rows with the same "section." in their path stand together.
 */
#include <string.h>
#include "base/option_table.h"
#include "base/tag_source.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define FIELD(f) .offset = offsetof(struct options, f)
#define RULE(f) .offset = offsetof(struct iface_rule, f)
#define WORDS(w) .words = (w), .words_n = ARRAY_SIZE(w)

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)
#define MSEC UINT64_C(1000000)
#define SEC (1000 * MSEC)
#define DAY (86400 * SEC)

#define RUN COMMAND_RUN
#define RECORDS (COMMAND_RUN | COMMAND_REPLAY)	/* those that write records */
#define PINNED (COMMAND_RUN | COMMAND_SHOW | COMMAND_DETACH | COMMAND_MODE)	/* those that look at pins */
#define TAG (COMMAND_TAG_PUT | COMMAND_TAG_END | COMMAND_TAG_LIST)

const char *const plane_names[PLANE_MAX] = {
	[PLANE_MANAGEMENT] = "management",
	[PLANE_CONTROL] = "control",
	[PLANE_DATA] = "data",
};

const char *const mode_words[MODE_WISH_MAX] = {
	[MODE_PACKET] = "packet", [MODE_FLOW] = "flow", [MODE_AUTO] = "auto",
};

static const char *const hook_words[] = { [HOOK_AUTO] = "auto", [HOOK_XDP] = "xdp", [HOOK_TC] = "tc" };
static const char *const tc_words[] = { [TC_AUTO] = "auto", [TC_TCX] = "tcx", [TC_CLSACT] = "clsact" };
static const char *const encoding_words[] = { "json", "avro", "smartx" };

const struct command_row command_rows[] = {
	{ "run", COMMAND_RUN, NULL, 0, NULL,
	  "record each packet of the interfaces until a signal, --count or --duration ends it" },
	{ "replay", COMMAND_REPLAY, "FILE", offsetof(struct options, capture), "capture FILE",
	  "record each frame of a capture (pcap or pcapng) through the same program" },
	{ "check", COMMAND_CHECK, "FILE", offsetof(struct options, config), "configuration FILE",
	  "read a configuration and name each of its mistakes" },
	{ "show", COMMAND_SHOW, NULL, 0, NULL,
	  "show what is attached where and how, counters and ring fill" },
	{ "detach", COMMAND_DETACH, NULL, 0, NULL,
	  "remove what a killed ninetap left attached, and nothing else" },
	{ "mode", COMMAND_MODE, "[IFACE=MODE]", offsetof(struct options, setting), "IFACE=MODE",
	  "change the mode of an interface of a running ninetap, or list them" },
	{ "audit", COMMAND_AUDIT, "SOURCE", offsetof(struct options, source), "SOURCE",
	  "prove from what was written to a file or a topic that every packet is accounted for" },
	{ "tag put", COMMAND_TAG_PUT, "[STATEMENT]", offsetof(struct options, statement), "STATEMENT",
	  "hand a statement about the inventory, or those on standard input, a line each, to a running ninetap" },
	{ "tag end", COMMAND_TAG_END, "ID", offsetof(struct options, tag_id), "instance ID",
	  "tell a running ninetap that an instance is gone" },
	{ "tag list", COMMAND_TAG_LIST, NULL, 0, NULL,
	  "print the inventory of a running ninetap as a tags file" },
};
const size_t command_rows_n = ARRAY_SIZE(command_rows);

const struct option_row option_rows[] = {
	{ .name = "interface", .letter = 'i', .kind = OPTION_IFACES, .path = "interfaces",
	  .commands = RUN, FIELD(ifaces), .metavar = "NAME|GLOB",
	  .help = "interface to record, by name or glob(7); may be repeated, the first that matches decides" },
	{ .name = "plane", .kind = OPTION_CHOICE, .path = "plane",
	  .commands = RECORDS, FIELD(plane), WORDS(plane_names), .metavar = "PLANE",
	  .help = "plane of the interfaces that the configuration gives none" },
	{ .name = "hook", .kind = OPTION_CHOICE, .path = "hook",
	  .commands = RECORDS, FIELD(hook), WORDS(hook_words), .value = "auto", .metavar = "HOOK",
	  .help = "where ingress is read; auto is native XDP on a physical card and TC on all else" },
	{ .name = "tc", .kind = OPTION_CHOICE, .path = "tc",
	  .commands = RUN, FIELD(tc), WORDS(tc_words), .value = "auto", .metavar = "MODE",
	  .help = "how TC programs are attached; auto is tcx where the kernel has it (6.6)" },
	{ .name = "mode", .kind = OPTION_CHOICE, .path = "mode",
	  .commands = RECORDS, FIELD(mode), WORDS(mode_words), .value = "packet", .metavar = "MODE",
	  .help = "packet: a record of each packet; flow: counted by flow in the kernel; auto: packet, and less while rings or the output can't follow" },
	{ .name = "output", .letter = 'o', .kind = OPTION_OUTPUT, .path = "output",
	  .commands = RECORDS, FIELD(output), .value = "-", .metavar = "SINK",
	  .help = "where records go: - (stdout), file:PATH or kafka:BROKER,.../TOPIC" },
	{ .name = "flows", .kind = OPTION_STREAM, .path = "flows",
	  .commands = RECORDS | COMMAND_AUDIT, FIELD(flows), .metavar = "SINK",
	  .help = "where flow records go, or off; beside the output unless given" },
	{ .name = "events", .kind = OPTION_STREAM, .path = "events",
	  .commands = RECORDS | COMMAND_AUDIT, FIELD(events), .metavar = "SINK",
	  .help = "where the ledger and changes of mode go, or off; beside the output unless given, and nowhere beside stdout" },
	{ .name = "encoding", .letter = 'e', .kind = OPTION_WORD, .path = "encoding",
	  .commands = RECORDS, FIELD(encoding), WORDS(encoding_words), .value = "json",
	  .metavar = "ENCODING", .help = "how records are written" },
	{ .name = "tags", .letter = 't', .kind = OPTION_TAGS, .path = "tags",
	  .commands = RECORDS, FIELD(tags), .metavar = "SOURCE",
	  .help = "where tags come from: a file's PATH, kafka:BROKER,.../TOPIC, socket or socket:PATH; may be repeated" },
	{ .name = "config", .letter = 'c', .kind = OPTION_TEXT,
	  .commands = RECORDS | COMMAND_CHECK, FIELD(config), .metavar = "FILE",
	  .help = "read this JSON configuration; the command line wins over it" },
	{ .name = "count", .kind = OPTION_U64, .path = "count",
	  .commands = RUN, FIELD(count), .max = INT64_MAX, .value = "0", .metavar = "N",
	  .help = "end after N records; 0 is no bound" },
	{ .name = "duration", .kind = OPTION_DURATION, .path = "duration",
	  .commands = RUN, FIELD(duration_ns), .max = 365 * DAY, .value = "0", .metavar = "S",
	  .help = "end after S seconds, or 100ms, 5m, 2h, 7d; 0 is no bound" },
	{ .name = "box", .kind = OPTION_NAME, .path = "box",
	  .commands = RECORDS, FIELD(box), .metavar = "NAME",
	  .help = "name of this box on each record; the host name unless given" },
	{ .name = "box-address", .kind = OPTION_ADDRESS, .path = "box_address",
	  .commands = RECORDS, FIELD(box_address), .metavar = "ADDR",
	  .help = "address of this box in lines of the encoding smartx" },
	{ .name = "site", .kind = OPTION_NAME, .path = "site",
	  .commands = RECORDS, FIELD(site), .metavar = "NAME", .help = "site on each record" },
	{ .name = "pop", .kind = OPTION_NAME, .path = "pop",
	  .commands = RECORDS, FIELD(pop), .metavar = "NAME", .help = "point of presence on each record" },
	{ .name = "ren", .kind = OPTION_NAME, .path = "ren",
	  .commands = RECORDS, FIELD(ren), .metavar = "NAME",
	  .help = "research and education network on each record" },
	{ .name = "cidr", .kind = OPTION_CIDRS, .path = "filter.cidr",
	  .commands = RECORDS, .metavar = "PREFIX,...",
	  .help = "record only packets from or to these IPv4 and IPv6 prefixes; may be repeated" },
	{ .name = "port", .kind = OPTION_PORTS, .path = "filter.port",
	  .commands = RECORDS, .max = 65535, .metavar = "PORT,...",
	  .help = "record only packets from or to these ports and ranges (80,8000-8010); what has no ports, such as a later fragment, never matches; may be repeated" },
	{ .name = "proto", .kind = OPTION_PROTOS, .path = "filter.proto",
	  .commands = RECORDS, .max = 255, .metavar = "PROTO,...",
	  .help = "record only these IP protocols, by name (tcp, udp, icmp, sctp, gre ...) or number; may be repeated" },
	{ .name = "sample", .kind = OPTION_U32, .path = "sample",
	  .commands = RECORDS, FIELD(sample), .min = 1, .max = UINT32_MAX, .value = "1", .metavar = "N",
	  .help = "record 1 in N of the packets that pass the filter" },
	{ .name = "vxlan-port", .kind = OPTION_VXLAN_PORTS, .path = "vxlan_ports",
	  .commands = RECORDS, .min = 1, .max = 65535, .value = "4789,8472", .metavar = "PORT,...",
	  .help = "UDP destination ports of VXLAN, at most 8; may be repeated" },
	{ .name = "ring-bytes", .kind = OPTION_POWER, .path = "ring_bytes",
	  .commands = RUN, FIELD(ring_bytes), .min = 64 * KIB, .max = GIB, .value = "8MiB",
	  .metavar = "SIZE", .help = "ring of one CPU, a power of two" },
	{ .name = "flow-entries", .kind = OPTION_U32, .path = "flow.entries",
	  .commands = RECORDS, FIELD(flow_entries), .min = 16, .max = 4000000, .value = "16384", .metavar = "N",
	  .help = "flows of one CPU that the kernel's table holds; half as many again that are not IPv4 under at most one tunnel" },
	{ .name = "flow-active", .kind = OPTION_DURATION, .path = "flow.active",
	  .commands = RECORDS, FIELD(flow_active_ns), .min = SEC, .max = 300 * SEC, .value = "60s", .metavar = "TIME",
	  .help = "a flow that lasts is written so often" },
	{ .name = "flow-idle", .kind = OPTION_DURATION, .path = "flow.idle",
	  .commands = RECORDS, FIELD(flow_idle_ns), .min = SEC, .max = 300 * SEC, .value = "15s", .metavar = "TIME",
	  .help = "a flow without packets for so long is written" },
	{ .name = "batch-records", .kind = OPTION_U32, .path = "batch.records",
	  .commands = RECORDS, FIELD(batch_records), .min = 1, .max = 100000, .value = "1000",
	  .metavar = "N", .help = "records of a batch at most; in a run also no more than an eighth of its ring holds" },
	{ .name = "batch-linger", .kind = OPTION_DURATION, .path = "batch.linger",
	  .commands = RUN, FIELD(batch_linger_ns), .min = MSEC, .max = 60 * SEC, .value = "100ms",
	  .metavar = "TIME", .help = "time that a batch waits for more records at most" },
	{ .name = "threads", .kind = OPTION_U32, .path = "threads",
	  .commands = RUN, FIELD(threads), .max = 64, .value = "0", .metavar = "N",
	  .help = "threads that drain the rings, which are shared out among them; 0 is one for each 4 CPUs" },
	{ .name = "rotate-bytes", .kind = OPTION_SIZE, .path = "rotate.bytes",
	  .commands = RECORDS, FIELD(rotate_bytes), .max = 1024 * GIB, .value = "0", .metavar = "SIZE",
	  .help = "begin a new file when this one is so large; 0 is never" },
	{ .name = "rotate-interval", .kind = OPTION_DURATION, .path = "rotate.interval",
	  .commands = RECORDS, FIELD(rotate_ns), .max = 365 * DAY, .value = "0", .metavar = "TIME",
	  .help = "begin a new file when this one is so old; 0 is never" },
	{ .name = "spool", .kind = OPTION_PATH, .path = "spool.path",
	  .commands = RECORDS, FIELD(spool), .metavar = "DIR",
	  .help = "folder of what waits for Kafka on disk; of this ninetap alone" },
	{ .name = "spool-bytes", .kind = OPTION_SIZE, .path = "spool.bytes",
	  .commands = RECORDS, FIELD(spool_bytes), .min = MIB, .max = 1024 * GIB, .value = "1GiB", .metavar = "SIZE",
	  .help = "size of the spool at most; then the oldest is dropped, and counted" },
	{ .name = "spool-age", .kind = OPTION_DURATION, .path = "spool.age",
	  .commands = RECORDS, FIELD(spool_age_ns), .max = 365 * DAY, .value = "0", .metavar = "TIME",
	  .help = "what is older is dropped from the spool, and counted; 0 is never" },
	{ .name = "spool-sync", .kind = OPTION_DURATION, .path = "spool.sync",
	  .commands = RECORDS, FIELD(spool_sync_ns), .min = 10 * MSEC, .max = 60 * SEC, .value = "1s", .metavar = "TIME",
	  .help = "the spool is synced to disk so often; a crash of the machine loses no more than that" },
	{ .name = "spool-after", .kind = OPTION_DURATION, .path = "spool.after",
	  .commands = RECORDS, FIELD(spool_after_ns), .min = 10 * MSEC, .max = 300 * SEC, .value = "2s", .metavar = "TIME",
	  .help = "a batch that Kafka did not acknowledge for so long goes to the spool, and all behind it" },
	{ .name = "instance", .kind = OPTION_LABEL, .path = "instance",
	  .commands = PINNED, FIELD(instance), .value = "default", .metavar = "NAME",
	  .help = "tells several ninetaps of one network namespace apart; letters, digits, - and _" },
	{ .name = "pins", .kind = OPTION_PATH, .path = "pins",
	  .commands = PINNED, FIELD(pins), .value = "/sys/fs/bpf/ninetap", .metavar = "DIR",
	  .help = "folder on a bpffs where programs and rings outlive a crash, or off" },
	{ .name = "keep", .kind = OPTION_FLAG, .path = "keep",
	  .commands = RUN, FIELD(keep), .help = "leave programs, rings and tables in the kernel when the run ends; the next one goes on from there" },
	{ .name = "metrics", .kind = OPTION_LISTEN, .path = "metrics",
	  .commands = RUN, FIELD(metrics), .metavar = "ADDRESS:PORT",
	  .help = "serve Prometheus metrics at /metrics and the state at /healthz there, such as 127.0.0.1:9100 or [::1]:9100; port 0 is one that is free" },
	{ .name = "property", .letter = 'X', .kind = OPTION_PROPS, .path = "kafka",
	  .commands = RECORDS | COMMAND_AUDIT, FIELD(kafka), .metavar = "NAME=VALUE",
	  .help = "librdkafka property; may be repeated, and is added to those of the configuration" },
	{ .name = "socket", .letter = 's', .kind = OPTION_SOCKET,
	  .commands = TAG, FIELD(socket), .value = TAG_SOCKET_DEFAULT, .metavar = "PATH",
	  .help = "where that ninetap listens" },
	{ .name = "at", .kind = OPTION_TIME,
	  .commands = COMMAND_TAG_END, FIELD(at_ns), .metavar = "TIME",
	  .help = "when it went, such as 2026-11-21T22:00:00.25Z (RFC 3339); now unless given" },
	{ .name = "is-port", .kind = OPTION_FLAG,
	  .commands = COMMAND_TAG_END, FIELD(is_port), .help = "the ID is that of a port of an instance" },
	{ .name = "json", .kind = OPTION_FLAG,
	  .commands = COMMAND_SHOW | COMMAND_CHECK | COMMAND_AUDIT | COMMAND_MODE, FIELD(json),
	  .help = "print JSON; with check the settings in force" },
	{ .name = "verbose", .letter = 'v', .kind = OPTION_FLAG, .path = "verbose",
	  .commands = COMMAND_ALL, FIELD(verbose), .help = "say more on stderr" },
	{ .name = "help", .letter = 'h', .kind = OPTION_ASK,
	  .commands = COMMAND_ALL, .help = "print this help and end" },
	{ .name = "version", .letter = 'V', .kind = OPTION_ASK,
	  .help = "print the version and end; given instead of a command" },
};
const size_t option_rows_n = ARRAY_SIZE(option_rows);

const struct option_row iface_rows[] = {
	{ .kind = OPTION_MATCH, .path = "match", RULE(match),
	  .help = "name or glob(7); must be there" },
	{ .kind = OPTION_CHOICE, .path = "plane", RULE(plane), WORDS(plane_names),
	  .help = "plane of these interfaces" },
	{ .kind = OPTION_CHOICE, .path = "hook", RULE(hook), WORDS(hook_words),
	  .help = "hook of these interfaces" },
	{ .kind = OPTION_CHOICE, .path = "mode", RULE(mode), WORDS(mode_words),
	  .help = "mode of these interfaces" },
};
const size_t iface_rows_n = ARRAY_SIZE(iface_rows);

/* Names as IANA's registry "Protocol Numbers" has them, in lower case. */
const struct proto_row proto_rows[] = {
	{ "icmp", 1 }, { "igmp", 2 }, { "ipv4", 4 }, { "tcp", 6 }, { "udp", 17 },
	{ "dccp", 33 }, { "ipv6", 41 }, { "rsvp", 46 }, { "gre", 47 }, { "esp", 50 },
	{ "ah", 51 }, { "icmpv6", 58 }, { "ospf", 89 }, { "etherip", 97 }, { "pim", 103 },
	{ "vrrp", 112 }, { "l2tp", 115 }, { "sctp", 132 }, { "udplite", 136 }, { "ethernet", 143 },
};
const size_t proto_rows_n = ARRAY_SIZE(proto_rows);

const struct command_row *command_find(const char *name)
{
	for (size_t i = 0; i < command_rows_n; i++)
		if (!strcmp(name, command_rows[i].name))
			return &command_rows[i];
	return NULL;
}
