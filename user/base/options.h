/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options.h - every setting of ninetap, from one table.
 *
 * The table in option_table.c gives command line, JSON configuration, ranges,
 * defaults, --help and the manual page. The command line wins over the file;
 * a list there replaces the file's list, but -X properties are added to the
 * file's. A mistake is reported as "FILE:LINE: name: reason" or
 * "--option: reason", all of them before the call returns. One thread.
 */
#ifndef NINETAP_OPTIONS_H
#define NINETAP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <linux/types.h>
#include "ninetap/abi.h"

enum plane { PLANE_NONE, PLANE_MANAGEMENT, PLANE_CONTROL, PLANE_DATA, PLANE_MAX };
enum hook_mode { HOOK_AUTO, HOOK_XDP, HOOK_TC };
enum tc_mode { TC_AUTO, TC_TCX, TC_CLSACT };
enum mode_wish { MODE_PACKET, MODE_FLOW, MODE_AUTO, MODE_WISH_MAX };	/* auto: packet, and less under load */

extern const char *const plane_names[PLANE_MAX];	/* [PLANE_NONE] is NULL */
extern const char *const mode_words[MODE_WISH_MAX];

/*
 * Interfaces by name or glob(7); the first rule that matches decides. After
 * options_read() plane, hook and mode are final: what the rule says, else what
 * struct options says.
 */
struct iface_rule {
	char *match;
	enum plane plane;
	enum hook_mode hook;
	enum mode_wish mode;
};

struct options {
	char *box, *site, *pop, *ren;	/* box: the host name by default; others NULL */
	char *box_address;		/* IPv4 or IPv6, as it was written; or NULL */
	struct iface_rule *ifaces;
	size_t ifaces_n;
	enum plane plane;		/* of interfaces whose rule names none */
	enum hook_mode hook;		/* of interfaces whose rule names none */
	enum tc_mode tc;
	enum mode_wish mode;		/* of interfaces whose rule names none */
	char *output;			/* "-", "file:PATH", "kafka:BROKER,.../TOPIC" */
	char *flows, *events;		/* likewise, or "off"; NULL: derived from output (outputs.h) */
	char *encoding;			/* "json", "avro", "smartx" */
	uint64_t count;			/* records, 0: no bound */
	uint64_t duration_ns;		/* 0: no bound */
	struct nt_cidr *cidrs;
	size_t cidrs_n;
	uint16_t *ports;
	size_t ports_n;
	uint64_t protos[4];		/* bitmap */
	bool protos_set;
	uint32_t sample;
	uint16_t vxlan_ports[NT_VXLAN_PORTS_MAX];
	size_t vxlan_ports_n;
	uint64_t ring_bytes;		/* of one CPU, a power of two >= 64 KiB */
	uint32_t flow_entries;		/* of one CPU's table of short keys; half as many long ones */
	uint64_t flow_active_ns, flow_idle_ns;
	char *spool;			/* folder; NULL: none */
	uint64_t spool_bytes, spool_age_ns, spool_sync_ns, spool_after_ns; /* age 0: no bound */
	char *instance;			/* tells several ninetaps of a network namespace apart */
	char *pins;			/* folder on a bpffs; "off": nothing is pinned */
	bool keep;			/* programs go on when the run ends */
	char *metrics;			/* ADDRESS:PORT; NULL: none */
	uint32_t batch_records;
	uint64_t batch_linger_ns;
	uint32_t threads;		/* that drain rings, 0: by the number of CPUs */
	uint64_t rotate_bytes;		/* 0: never */
	uint64_t rotate_ns;		/* 0: never */
	char **kafka;			/* librdkafka properties: name, value, ..., NULL */
	char **tags;			/* sources (tag_source.h), NULL-terminated; NULL: none */
	bool json;			/* show --json */
	bool verbose;
	char *config;			/* path of the file read, or NULL */
	char *capture;			/* replay FILE */
	char *source;			/* audit SOURCE: the output of packets */
	char *setting;			/* mode IFACE=MODE, or NULL: list them */
	char *socket;			/* tag --socket */
	char *statement;		/* tag put STATEMENT, or NULL: standard input */
	char *tag_id;			/* tag end ID */
	int64_t at_ns;			/* tag end --at, UTC since 1970; 0: now */
	bool is_port;			/* tag end --is-port */
	int argc;			/* what all of it was read from, for reading it again; the caller's */
	char **argv;
};

#define OPTIONS_HELP (-1)		/* of options_read(): --help was asked for */

/*
 * Reads argv (argv[0] is the subcommand) and the file that -c names into *o,
 * which the caller frees with options_free() whatever comes back.
 * 0; OPTIONS_HELP (nothing logged; print options_help(stdout, argv[0])); or a
 * sysexits(3) code after the reasons were logged: EX_USAGE (command line),
 * EX_NOINPUT (no such configuration file), EX_CONFIG (mistakes in it), EX_OSERR.
 */
int options_read(struct options *o, int argc, char **argv) __attribute__((warn_unused_result));

/* Defaults alone, as before anything was read (no box yet). 0 or -ENOMEM. */
int options_init(struct options *o) __attribute__((warn_unused_result));
void options_free(struct options *o);

/* The settings in force as a configuration file that reads back the same. 0, -ENOMEM (or a text is no UTF-8), -EIO. */
int options_print_json(FILE *f, const struct options *o) __attribute__((warn_unused_result));

/* From the table: the help of one subcommand (NULL: of all), the manual page, docs' table. */
void options_help(FILE *f, const char *subcommand);
void options_man(FILE *f);
void options_markdown(FILE *f);

#endif
