/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_random.c - random streams of a CPU, from which rows are lost at random,
 * doubled and shuffled: what nothing was lost of is complete, and nothing is
 * ever called complete up to a moment before which something is missing.
 */
#include <stdlib.h>
#include "audit/verdict.h"
#include "audit_lib.h"
#include "check.h"

#define STREAMS 300
#define STEPS 120

static uint64_t state;

static uint32_t below(uint32_t n)
{
	state = state * 6364136223846793005 + 1442695040888963407;
	return (uint32_t)((state >> 33) % n);
}

/* Flows of a stream have all the same size, so that one could stand in for another. */
static void step(struct cpu *c)
{
	uint32_t what = below(20), bytes = below(2) ? 60 : 100;

	if (what < 8)
		cpu_packet(c, NT_COUNT_RECORDED, 1, bytes);
	else if (what < 11)
		cpu_packet(c, NT_COUNT_OVERFLOW, 1, 60);
	else if (what < 14)
		cpu_packet(c, NT_COUNT_FLOW, 1, 60);
	else if (what < 15)
		cpu_packet(c, NT_COUNT_FILTERED, 1, bytes);
	else if (what < 17)
		cpu_flow(c, what == 15);
	else
		cpu_event(c, false);
	if (!below(40))
		c->n = 0;		/* another process goes on */
}

static struct cpu *make_stream(uint64_t seed, bool closed)
{
	struct cpu *c;

	state = seed;
	c = cpu_new("box-a", 7, 1);
	for (int i = 0; i < STEPS; i++)
		step(c);
	if (closed) {
		cpu_flow(c, false);
		cpu_flow(c, true);
		cpu_event(c, true);
	}
	return c;
}

static void swap_rows(struct row *a, struct row *b)
{
	struct row kept = *a;

	*a = *b;
	*b = kept;
}

static void shuffle(struct cpu *c)
{
	for (size_t i = 1; i < c->rows_n; i++)
		swap_rows(&c->rows[i], &c->rows[below((uint32_t)i + 1)]);
}

/* Records and flows alike; events too, as others tell what they told. */
static unsigned int lose_some(struct cpu *c, unsigned int percent)
{
	unsigned int lost = 0;

	for (size_t i = 0; i < c->rows_n; i++)
		if (below(100) < percent) {
			lost += c->rows[i].kind != ROW_EVENT;
			row_lose(&c->rows[i]);
		}
	return lost;
}

static void hand_in_doubled(struct book *b, const struct cpu *c)
{
	for (size_t i = 0; i < c->rows_n; i++)
		for (uint32_t k = below(3); c->rows[i].text && k < 3; k++)
			book_take(b, c->rows[i].text);
}

/* Is a lost row of before that event? What is not lost comes at least once. */
static bool lost_before(const struct cpu *c, const struct book_told *t)
{
	uint64_t ts = (uint64_t)(t->ts_ns % (86400 * (int64_t)SECOND_NS));

	for (size_t i = 0; i < c->rows_n; i++) {
		const struct row *r = &c->rows[i];

		if (!r->text && ((r->kind == ROW_RECORD && r->seq <= t->seq) || (r->kind == ROW_FLOW && r->first_ns <= ts)))
			return true;
	}
	return false;
}

static void check_stream(uint64_t seed, bool closed, unsigned int percent)
{
	struct cpu *c = make_stream(seed, closed);
	unsigned int lost = lose_some(c, percent);
	struct book b = { 0 };
	struct verdict v;

	shuffle(c);
	hand_in_doubled(&b, c);
	book_seal(&b);
	CHECK(b.pages_n <= 1 && !b.bad);
	if (b.pages_n) {
		verdict_of(&v, b.pages[0]);
		CHECK(!(v.at && lost_before(c, v.at)));
		CHECK(!(v.closed && lost && v.kind == VERDICT_COMPLETE));
		CHECK(!(v.closed && lost && !v.why[0]));
		CHECK(lost || percent || !closed || (v.closed && v.kind == VERDICT_COMPLETE));
		CHECK(lost || v.last == NULL || v.kind != VERDICT_UNACCOUNTED || !v.unexplained);
	}
	book_free(&b);
	cpu_free(c);
}

static void test_nothing_lost(void)
{
	for (uint64_t seed = 0; seed < STREAMS && !check_failures; seed++)
		check_stream(seed, true, 0);
}

static void test_one_row_lost(void)
{
	for (uint64_t seed = 0; seed < STREAMS && !check_failures; seed++)
		check_stream(seed, true, 1);
}

static void test_many_rows_lost(void)
{
	for (uint64_t seed = 0; seed < STREAMS && !check_failures; seed++)
		check_stream(seed, true, 30);
}

static void test_cut_short(void)
{
	for (uint64_t seed = 0; seed < STREAMS && !check_failures; seed++) {
		check_stream(seed, false, 0);
		check_stream(seed, false, 2);
	}
}

int main(void)
{
	RUN(test_nothing_lost);
	RUN(test_one_row_lost);
	RUN(test_many_rows_lost);
	RUN(test_cut_short);
	return check_done();
}
