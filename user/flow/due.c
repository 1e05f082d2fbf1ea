// SPDX-License-Identifier: Apache-2.0
/*
 * due.c - see due.h.
 */
#include "flow/due.h"

#define TCP_FIN 0x001U
#define TCP_RST 0x004U
#define END_LINGER_NS 1000000000ULL	/* the last ACKs of a connection open no second flow */
#define END_OF_TIME (UINT64_MAX - 1)
#define OVERLOAD_NS 1000000000ULL	/* an overload is told soon */

static uint64_t after(uint64_t ns, uint64_t span)
{
	return ns + span < ns ? END_OF_TIME : ns + span;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t end_ns(const struct nt_flow *f)
{
	return f->tcp_flags & (TCP_FIN | TCP_RST) ? after(f->last_ns, END_LINGER_NS) : END_OF_TIME;
}

uint64_t due_ns(const struct due_rules *r, const struct nt_flow_head *head, const struct nt_flow *f)
{
	uint64_t ns = earlier(after(f->first_ns, r->active_ns), after(f->last_ns, r->idle_ns));

	if (head->mode == NT_MODE_PACKET)
		ns = earlier(ns, after(f->first_ns, OVERLOAD_NS));
	return earlier(ns, end_ns(f));
}

uint32_t due_window(uint64_t now_ns, int64_t utc_offset_ns)
{
	return (uint32_t)((now_ns + (uint64_t)utc_offset_ns) / NT_WINDOW_NS);
}

bool due_window_over(uint32_t of_flow, uint32_t now)
{
	return of_flow != now && of_flow != now + 1;
}

enum flow_reason due_reason(const struct due_rules *r, const struct nt_flow_head *head, const struct nt_flow *f,
			    uint64_t now_ns, bool window_over)
{
	if (head->mode == NT_MODE_PACKET)
		return FLOW_OVERLOAD;
	if (now_ns >= end_ns(f))
		return FLOW_END;
	if (now_ns >= after(f->last_ns, r->idle_ns))
		return FLOW_IDLE;
	if (window_over || now_ns >= after(f->first_ns, r->active_ns))
		return FLOW_ACTIVE;
	return FLOW_SHUTDOWN;
}
