/* SPDX-License-Identifier: Apache-2.0 */
/*
 * join.h - arithmetic on what was counted of a flow: two parts become one, a
 * short key becomes a long one. Pure.
 */
#ifndef NINETAP_FLOW_JOIN_H
#define NINETAP_FLOW_JOIN_H

#include "ninetap/abi.h"

/*
 * Adds `b`, the part that came next on the same CPU, to `a`, as if the kernel
 * had counted both in one entry. `a` keeps its generation and entry. The time
 * between the two is that between the last packet and the first by their times.
 */
void flow_join(struct nt_flow *a, const struct nt_flow *b);

/* Layers that the short key has no room for, or does not use, become zero. */
void flow_key_long(struct nt_flow_key *out, const struct nt_flow_key4 *key);

#endif
