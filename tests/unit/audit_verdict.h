/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_verdict.h - a stream of every kind of row, and the verdict on one, for
 * the tests of the verdict.
 */
#ifndef NINETAP_TESTS_AUDIT_VERDICT_H
#define NINETAP_TESTS_AUDIT_VERDICT_H

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "audit/verdict.h"
#include "audit_lib.h"
#include "check.h"

/* The verdict on the only CPU. */
static inline struct verdict judge(struct book *b)
{
	struct verdict v;

	book_seal(b);
	CHECK_EQ(b->pages_n, 1);
	verdict_of(&v, b->pages[0]);
	return v;
}

/* Without what goes with the book. */
static inline struct verdict verdict_on(const struct cpu *c)
{
	struct book b = { 0 };
	struct verdict v;

	book_take_all(&b, c);
	CHECK_EQ(b.bad, 0);
	v = judge(&b);
	v.at = v.last = NULL;
	book_free(&b);
	return v;
}

/* 30 packets: records, two overflows, two in flow mode, some left out. */
static inline struct cpu *sample(void)
{
	struct cpu *c = cpu_new("box-a", 7, 1);

	for (uint32_t i = 0; i < 20; i++)
		cpu_packet(c, NT_COUNT_RECORDED, 1 + i % 3, 100 + i);
	cpu_event(c, false);
	cpu_packet(c, NT_COUNT_OVERFLOW, 2, 300);
	cpu_packet(c, NT_COUNT_OVERFLOW, 1, 64);
	cpu_flow(c, true);
	cpu_packet(c, NT_COUNT_FLOW, 4, 5000);
	cpu_packet(c, NT_COUNT_FLOW, 1, 70);
	cpu_event(c, false);
	cpu_flow(c, false);
	cpu_packet(c, NT_COUNT_FILTERED, 1, 60);
	cpu_packet(c, NT_COUNT_NON_IP, 1, 42);
	for (uint32_t i = 0; i < 4; i++)
		cpu_packet(c, NT_COUNT_RECORDED, 1, 100);
	return c;
}

static inline void check_kind(struct cpu *c, enum verdict_kind kind, bool closed)
{
	struct verdict v = verdict_on(c);

	CHECK_STR(verdict_names[v.kind], verdict_names[kind]);
	CHECK_EQ(v.closed, closed);
	CHECK(kind == VERDICT_UNACCOUNTED ? v.why[0] : !v.why[0]);
	cpu_free(c);
}

#endif
