/* SPDX-License-Identifier: Apache-2.0 */
/*
 * due.h - when a flow is handed out, and why. Pure. Times are CLOCK_MONOTONIC,
 * as nt_flow's; what would be later than UINT64_MAX - 1 is then.
 */
#ifndef NINETAP_FLOW_DUE_H
#define NINETAP_FLOW_DUE_H

#include <stdbool.h>
#include <stdint.h>
#include "ninetap/abi.h"
#include "tag/tag.h"

struct due_rules {
	uint64_t active_ns, idle_ns;
};

/* From then on it is due if its window is not over before. */
uint64_t due_ns(const struct due_rules *r, const struct nt_flow_head *head, const struct nt_flow *f);

/* The window of that moment, and whether that of a flow is another. One ahead is not: its packets came after now. */
uint32_t due_window(uint64_t now_ns, int64_t utc_offset_ns);
bool due_window_over(uint32_t of_flow, uint32_t now);

/* Of a flow that is due now; FLOW_SHUTDOWN if nothing else says why. */
enum flow_reason due_reason(const struct due_rules *r, const struct nt_flow_head *head, const struct nt_flow *f,
			    uint64_t now_ns, bool window_over);

#endif
