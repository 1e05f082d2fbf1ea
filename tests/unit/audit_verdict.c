/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_verdict.c - the verdict on streams that were closed and whose truth is
 * known: complete, lost by each reason, gaps, duplicates, contradictions.
 */
#include "audit_verdict.h"

static void test_complete(void)
{
	struct cpu *c = sample();

	cpu_event(c, true);
	check_kind(c, VERDICT_COMPLETE, true);
}

static void test_idle_is_complete(void)
{
	struct cpu *c = cpu_new("box-a", 7, 1);

	for (int i = 0; i < 5; i++)
		cpu_event(c, i == 4);
	check_kind(c, VERDICT_COMPLETE, true);
}

static void test_lost_in_the_kernel(void)
{
	static const enum nt_count fates[] = { NT_COUNT_RING_FULL, NT_COUNT_FLOWS_FULL, NT_COUNT_NO_RING };

	for (int i = 0; i < 3; i++) {
		struct cpu *c = sample();

		cpu_packet(c, fates[i], 3, 4000);
		cpu_event(c, true);
		check_kind(c, VERDICT_ACCOUNTED, true);
	}
}

/* The record's row is lost, and that is told. */
static void lose_told(struct cpu *c, enum nt_loss why)
{
	struct nt_tally t = { 1, 1, 100 };

	row_lose(cpu_row(c, ROW_RECORD, -1));
	c->safe.events--;
	c->safe.packets -= t.packets;
	c->safe.bytes -= t.bytes;
	tally_add(&c->lost[why], &t);
}

static void test_lost_behind_the_ring(void)
{
	for (int i = 0; i < NT_LOSS_MAX; i++) {
		struct cpu *c = sample();

		lose_told(c, i);
		cpu_event(c, true);
		check_kind(c, VERDICT_ACCOUNTED, true);
	}
}

static void test_lost_more_than_told(void)
{
	struct cpu *c = sample();

	lose_told(c, NT_LOSS_REFUSED);
	row_lose(cpu_row(c, ROW_RECORD, 3));
	cpu_event(c, true);
	check_kind(c, VERDICT_UNACCOUNTED, true);
}

/* As many as told, but not those: their sizes differ. */
static void test_lost_others_than_told(void)
{
	struct cpu *c = sample();

	lose_told(c, NT_LOSS_REFUSED);
	c->lost[NT_LOSS_REFUSED].bytes++;
	cpu_event(c, true);
	check_kind(c, VERDICT_UNACCOUNTED, true);
}

static void test_each_gap_is_seen(void)
{
	for (int i = 0; i < 24; i++) {
		struct cpu *c = sample();
		struct verdict v;

		row_lose(cpu_row(c, ROW_RECORD, i));
		cpu_event(c, true);
		v = verdict_on(c);
		CHECK_EQ(v.unexplained, 1);
		CHECK_EQ(v.gaps, 3);
		check_kind(c, VERDICT_UNACCOUNTED, true);
	}
}

static void test_gaps_are_named(void)
{
	struct cpu *c = sample();
	struct verdict v;

	row_lose(cpu_row(c, ROW_RECORD, 4));
	row_lose(cpu_row(c, ROW_RECORD, 5));
	cpu_event(c, true);
	v = verdict_on(c);
	CHECK_EQ(v.ranges_n, 2);
	CHECK_EQ(v.range[0].first, 5);
	CHECK_EQ(v.range[0].last, 6);
	CHECK_EQ(v.range[1].first, 21);
	CHECK_EQ(v.range[1].last, 22);
	CHECK(!v.ranges_more);
	cpu_free(c);
}

static void test_flow_record_is_missing(void)
{
	for (int i = 0; i < 2; i++) {
		struct cpu *c = sample();

		row_lose(cpu_row(c, ROW_FLOW, i));
		cpu_event(c, true);
		check_kind(c, VERDICT_UNACCOUNTED, true);
	}
}

static void test_flow_record_lost_and_told(void)
{
	struct cpu *c = sample();

	row_lose(cpu_row(c, ROW_FLOW, 0));
	c->flows_lost = (struct nt_tally){ 2, 3, 364 };
	cpu_event(c, true);
	check_kind(c, VERDICT_ACCOUNTED, true);
}

/* By two processes, each of which counts its own. */
static void test_flow_records_lost_before_a_restart(void)
{
	struct cpu *c = sample();

	row_lose(cpu_row(c, ROW_FLOW, 0));
	row_lose(cpu_row(c, ROW_FLOW, 1));
	c->flows_lost = (struct nt_tally){ 2, 3, 364 };
	cpu_event(c, false);
	c->n = 0;
	c->flows_lost = (struct nt_tally){ 2, 5, 5070 };
	cpu_event(c, true);
	check_kind(c, VERDICT_ACCOUNTED, true);
}

static void test_left_in_tables(void)
{
	struct cpu *c = sample();

	cpu_packet(c, NT_COUNT_FLOW, 1, 70);
	cpu_event(c, true);
	check_kind(c, VERDICT_UNACCOUNTED, true);
}

/* Everything twice, in the opposite order. */
static void test_duplicates_and_disorder(void)
{
	struct cpu *c = sample();
	struct book b = { 0 };
	struct verdict v;

	cpu_event(c, true);
	for (size_t i = c->rows_n; i--;)
		book_take(&b, c->rows[i].text);
	book_take_all(&b, c);
	v = judge(&b);
	CHECK_EQ(v.kind, VERDICT_COMPLETE);
	CHECK(v.closed);
	CHECK_EQ(b.pages[0]->records_doubled, 24);
	CHECK_EQ(b.pages[0]->flows_doubled, 2);
	CHECK_EQ(b.pages[0]->got.events, 24);
	book_free(&b);
	cpu_free(c);
}

/* The row again, with another digit in the number behind name. */
static char *altered(const struct row *r, const char *name)
{
	char *copy = strdup(r->text), *at = strstr(copy, name) + strlen(name);

	*at = *at == '1' ? '2' : '1';
	return copy;
}

static void check_contradiction(enum row_kind kind, const char *name)
{
	struct cpu *c = sample();
	struct verdict v;

	cpu_event(c, true);
	cpu_add_row(c, kind, altered(cpu_row(c, kind, 1), name), 0, 0);
	v = verdict_on(c);
	CHECK(strstr(v.why, "contradiction"));
	check_kind(c, VERDICT_UNACCOUNTED, true);
}

static void test_contradictions(void)
{
	check_contradiction(ROW_RECORD, "\"bytes\":");
	check_contradiction(ROW_RECORD, "\"packets\":");
	check_contradiction(ROW_FLOW, "\"events\":");
	check_contradiction(ROW_FLOW, "\"packets\":");
	check_contradiction(ROW_FLOW, "\"bytes\":");
}

/* A copy's time is that of another process's clocks: here ten years before. */
static void test_times_may_differ(void)
{
	struct cpu *c = sample();

	cpu_event(c, true);
	cpu_add_row(c, ROW_FLOW, altered(cpu_row(c, ROW_FLOW, 1), "\"last\":\"20"), 0, 0);
	check_kind(c, VERDICT_COMPLETE, true);
}

static void test_fates_do_not_add_up(void)
{
	struct cpu *c = sample();

	c->fate[NT_COUNT_SEEN].bytes++;
	cpu_event(c, true);
	check_kind(c, VERDICT_UNACCOUNTED, true);
}

static void test_more_than_was_made(void)
{
	struct cpu *c = sample();

	c->fate[NT_COUNT_RECORDED].events--;
	c->fate[NT_COUNT_FILTERED].events++;
	cpu_event(c, true);
	check_kind(c, VERDICT_UNACCOUNTED, true);
	c = sample();
	cpu_event(c, true);
	c->seq++;
	cpu_record(c, 1, 60);
	check_kind(c, VERDICT_UNACCOUNTED, true);
}

/* A record of other sizes than was counted, the number being right. */
static void test_other_size(void)
{
	struct cpu *c = sample();

	c->fate[NT_COUNT_RECORDED].bytes++;
	c->fate[NT_COUNT_SEEN].bytes++;
	cpu_event(c, true);
	check_kind(c, VERDICT_UNACCOUNTED, true);
}

static void test_modes_are_not_mixed(void)
{
	struct cpu *c = sample();

	cpu_packet(c, NT_COUNT_FLOW, 1, 70);
	cpu_flow(c, false);
	c->fate[NT_COUNT_FLOW].events--;
	c->fate[NT_COUNT_OVERFLOW].events++;
	cpu_event(c, true);
	check_kind(c, VERDICT_UNACCOUNTED, true);
}

int main(void)
{
	RUN(test_complete);
	RUN(test_idle_is_complete);
	RUN(test_lost_in_the_kernel);
	RUN(test_lost_behind_the_ring);
	RUN(test_lost_more_than_told);
	RUN(test_lost_others_than_told);
	RUN(test_each_gap_is_seen);
	RUN(test_gaps_are_named);
	RUN(test_flow_record_is_missing);
	RUN(test_flow_record_lost_and_told);
	RUN(test_flow_records_lost_before_a_restart);
	RUN(test_left_in_tables);
	RUN(test_duplicates_and_disorder);
	RUN(test_contradictions);
	RUN(test_times_may_differ);
	RUN(test_fates_do_not_add_up);
	RUN(test_more_than_was_made);
	RUN(test_other_size);
	RUN(test_modes_are_not_mixed);
	return check_done();
}
