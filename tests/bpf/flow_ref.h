/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flow_ref.h - what flow tables must hold, worked out the slow way: packet by
 * packet from the comments of abi_flow.h, without a look at bpf/.
 *
 * Usage: ref_begin() with each generation, ref_add() for each packet that was
 * counted, ref_compare() against a set of the rig's tables.
 */
#ifndef NINETAP_TESTS_FLOW_REF_H
#define NINETAP_TESTS_FLOW_REF_H

#include "rig.h"

#define REF_FLOWS_MAX 16384

struct ref_flow {
	struct nt_flow_key key;		/* in the long form, whatever table it is in */
	struct nt_flow flow;
};

struct flow_ref {
	struct ref_flow flows[REF_FLOWS_MAX];
	size_t n;
	struct nt_control control;
};

void ref_begin(struct flow_ref *ref, const struct nt_control *c);

/* r: whole, with time, place, lengths and the rate that was in force. */
void ref_add(struct flow_ref *ref, const struct nt_record *r, enum nt_mode mode);

/* True if the tables of that set hold these flows and no other; else a line on stdout for the first that differs. */
bool ref_compare(const struct flow_ref *ref, const struct rig *r, uint32_t set);

/* Entries of a table, by walking it. */
size_t ref_count(int table);

#endif
