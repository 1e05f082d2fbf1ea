/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text.h - what became of a packet as one line, so that tests can write down
 * what they expect and print what they got:
 *   "4:17 4001>4789 vxlan=5001 | 6:6 4002>80 vlan=7 tcp=012,64240 pay=10 !cut"
 * A layer is version:protocol, ports, then what is not as packet.h's builder
 * makes it unasked: vlan, frag, len, ttl, tos, src, dst; then its tunnel. A
 * packet that is no record is its fate. Notes follow, each with "!".
 */
#ifndef NINETAP_TESTS_TEXT_H
#define NINETAP_TESTS_TEXT_H

#include "packet.h"

#define TEXT_BYTES 1024

struct outcome {
	int fate;			/* enum nt_count */
	uint32_t notes;			/* bit i: NT_COUNT_FATES_END + i */
	struct nt_record rec;		/* if fate is NT_COUNT_RECORDED */
};

/* pk: what was sent, or NULL (then nothing is left out). Returns out. */
const char *text_outcome(const struct outcome *o, const struct packet *pk, char out[TEXT_BYTES]);

/* Rows of the table of packets (cases_lib.c), which ends with a NULL name. */
struct packet_case {
	const char *name, *spec, *want;
};
extern const struct packet_case packet_cases[];

/*
 * A row's line against what came of it; a failure prints the name, both lines
 * and the frame. Returns 1 if it is right.
 */
int text_check(const struct packet_case *c, const char *where, const struct packet *pk, const struct outcome *o);

#endif
