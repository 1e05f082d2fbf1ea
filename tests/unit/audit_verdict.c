/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_verdict.c - the verdict on streams whose truth is known: complete,
 * lost by each reason, gaps, duplicates, contradictions, silence, restarts.
 */
#include "audit_util.h"

/* 30 packets: records, two overflows, two in flow mode, some left out. */
static struct cpu *sample(void)
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

static void check_kind(struct cpu *c, enum verdict_kind kind, bool closed)
{
	struct verdict v = verdict_on(c);

	CHECK_STR(verdict_names[v.kind], verdict_names[kind]);
	CHECK_EQ(v.closed, closed);
	CHECK(kind == VERDICT_UNACCOUNTED ? v.why[0] : !v.why[0]);
	cpu_free(c);
}

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

	lose(row_of(c, ROW_RECORD, -1));
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
	lose(row_of(c, ROW_RECORD, 3));
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

		lose(row_of(c, ROW_RECORD, i));
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

	lose(row_of(c, ROW_RECORD, 4));
	lose(row_of(c, ROW_RECORD, 5));
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

		lose(row_of(c, ROW_FLOW, i));
		cpu_event(c, true);
		check_kind(c, VERDICT_UNACCOUNTED, true);
	}
}

static void test_flow_record_lost_and_told(void)
{
	struct cpu *c = sample();

	lose(row_of(c, ROW_FLOW, 0));
	c->flows_lost = (struct nt_tally){ 2, 3, 364 };
	cpu_event(c, true);
	check_kind(c, VERDICT_ACCOUNTED, true);
}

/* By two processes, each of which counts its own. */
static void test_flow_records_lost_before_a_restart(void)
{
	struct cpu *c = sample();

	lose(row_of(c, ROW_FLOW, 0));
	lose(row_of(c, ROW_FLOW, 1));
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
		hand_in(&b, c->rows[i].text);
	hand_in_all(&b, c);
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
	add_row(c, kind, altered(row_of(c, kind, 1), name), 0, 0);
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
	record_row(c, 1, 60);
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

static void test_no_events_at_all(void)
{
	struct cpu *c = sample();
	struct verdict v;

	for (int i = 0; i < 2; i++)
		lose(row_of(c, ROW_EVENT, i));
	v = verdict_on(c);
	CHECK(strstr(v.why, "silence"));
	check_kind(c, VERDICT_UNACCOUNTED, false);
}

/* Without a closing event: up to the last one at which all had come. */
static void test_silence(void)
{
	struct cpu *c = sample();
	struct book b = { 0 };
	struct verdict v;

	cpu_event(c, false);
	hand_in_all(&b, c);
	v = judge(&b);
	CHECK_EQ(v.kind, VERDICT_COMPLETE);
	CHECK(!v.closed);
	CHECK_EQ(v.at->n, 3);
	book_free(&b);
	cpu_free(c);
}

/* At the second event two packets were in the flow table: only later is it known that they came. */
static void test_open_flows_are_not_complete(void)
{
	struct cpu *c = sample();
	struct book b = { 0 };
	struct verdict v;

	hand_in_all(&b, c);
	v = judge(&b);
	CHECK_EQ(v.kind, VERDICT_COMPLETE);
	CHECK_EQ(v.at->n, 2);		/* they had ended by then, and came behind it */
	book_free(&b);
	memset(&b, 0, sizeof(b));
	lose(row_of(c, ROW_FLOW, 1));
	hand_in_all(&b, c);
	v = judge(&b);
	CHECK_EQ(v.at->n, 1);
	book_free(&b);
	cpu_free(c);
}

/* Records between the ring and the output when the process was killed. */
static void test_on_the_way(void)
{
	struct cpu *c = sample();
	struct book b = { 0 };
	struct verdict v;

	cpu_event(c, false);
	cpu_packet(c, NT_COUNT_RECORDED, 1, 60);
	lose(row_of(c, ROW_RECORD, -1));
	c->safe.events--;
	cpu_event(c, false);
	hand_in_all(&b, c);
	v = judge(&b);
	CHECK_EQ(v.kind, VERDICT_COMPLETE);
	CHECK_EQ(v.at->n, 3);
	book_free(&b);
	memset(&b, 0, sizeof(b));
	lose(row_of(c, ROW_RECORD, 0));
	hand_in_all(&b, c);
	v = judge(&b);
	CHECK_EQ(v.kind, VERDICT_UNACCOUNTED);
	CHECK_EQ(v.unexplained, 1);
	book_free(&b);
	cpu_free(c);
}

/* The next process goes on with the same maps, and counts its events from 1. */
static void test_restart_in_the_same_epoch(void)
{
	struct cpu *c = sample();

	cpu_event(c, false);
	c->n = 0;
	cpu_packet(c, NT_COUNT_RECORDED, 1, 60);
	cpu_event(c, true);
	check_kind(c, VERDICT_COMPLETE, true);
	c = sample();
	cpu_event(c, true);		/* closed, but left running: the next one counts more */
	c->n = 0;
	cpu_packet(c, NT_COUNT_RECORDED, 1, 60);
	cpu_event(c, false);
	check_kind(c, VERDICT_COMPLETE, false);
}

static void test_inexact_events_prove_nothing(void)
{
	struct cpu *c = cpu_new("box-a", 7, 1);

	c->inexact = true;
	cpu_packet(c, NT_COUNT_RECORDED, 1, 60);
	cpu_event(c, true);
	check_kind(c, VERDICT_UNACCOUNTED, false);
}

static void test_left_unread(void)
{
	struct cpu *c = sample();

	lose(row_of(c, ROW_RECORD, -1));
	c->safe.events--;
	c->unread = 1;
	cpu_event(c, true);
	check_kind(c, VERDICT_COMPLETE, true);
}

static void drop_by_spool(struct cpu *c, const char *stream, uint64_t seq, uint64_t count)
{
	char ts[40];

	add_row(c, ROW_EVENT, print("{\"type\":\"loss\",\"ts\":\"%s\",\"box\":\"%s\",\"epoch\":8,\"stage\":\"spool\",\"reason\":\"full\","
				    "\"of_epoch\":%" PRIu64 ",\"cpu\":%u,\"stream\":\"%s\",\"seq\":%" PRIu64 ",\"count\":%" PRIu64 "}",
				    time_text(c->now_ns, ts), c->box, c->epoch, c->cpu, stream, seq, count), 0, 0);
}

static void test_dropped_by_the_spool(void)
{
	struct cpu *c = sample();

	for (int i = 3; i < 6; i++)
		lose(row_of(c, ROW_RECORD, i));
	cpu_event(c, true);
	drop_by_spool(c, "packets", 4, 3);
	drop_by_spool(c, "packets", 4, 3);
	drop_by_spool(c, "events", 1, 3);
	check_kind(c, VERDICT_ACCOUNTED, true);
}

/* What it dropped was elsewhere, or had been sent before: that explains no gap. */
static void test_dropped_something_else(void)
{
	struct cpu *c = sample();

	lose(row_of(c, ROW_RECORD, 3));
	cpu_event(c, true);
	drop_by_spool(c, "packets", 10, 3);
	check_kind(c, VERDICT_UNACCOUNTED, true);
	c = sample();
	cpu_event(c, true);
	drop_by_spool(c, "packets", 10, 3);
	check_kind(c, VERDICT_COMPLETE, true);
}

static void test_flows_dropped_by_the_spool(void)
{
	struct cpu *c = sample();

	lose(row_of(c, ROW_FLOW, 1));
	cpu_event(c, true);
	drop_by_spool(c, "flows", 2, 1);
	check_kind(c, VERDICT_ACCOUNTED, true);
}

static void test_boxes_and_cpus_apart(void)
{
	struct cpu *c[4] = { cpu_new("box-a", 7, 0), cpu_new("box-b", 7, 0), cpu_new("box-a", 8, 0), cpu_new("box-a", 7, 1) };
	struct book b = { 0 };
	struct verdict v;

	for (int i = 0; i < 4; i++) {
		for (int k = 0; k < 10; k++)
			cpu_packet(c[i], NT_COUNT_RECORDED, 1, 60);
		cpu_event(c[i], true);
	}
	lose(row_of(c[1], ROW_RECORD, 4));
	for (size_t k = 0; k < 11; k++)
		for (int i = 0; i < 4; i++)
			if (c[i]->rows[k].text)
				hand_in(&b, c[i]->rows[k].text);
	book_seal(&b);
	CHECK_EQ(b.pages_n, 4);
	for (size_t i = 0; i < b.pages_n; i++) {
		verdict_of(&v, b.pages[i]);
		CHECK_EQ(v.kind, strcmp(b.pages[i]->box, "box-b") ? VERDICT_COMPLETE : VERDICT_UNACCOUNTED);
	}
	book_free(&b);
	for (int i = 0; i < 4; i++)
		cpu_free(c[i]);
}

/* The example of docs/ledger.md, with its numbers. */
static struct cpu *example(void)
{
	struct cpu *c = cpu_new("box-a", 7, 1);

	cpu_packet(c, NT_COUNT_RECORDED, 2, 200);
	for (int i = 0; i < 3; i++)
		cpu_packet(c, NT_COUNT_RECORDED, 1, 100);
	cpu_event(c, false);
	cpu_packet(c, NT_COUNT_OVERFLOW, 2, 140);
	cpu_packet(c, NT_COUNT_OVERFLOW, 1, 100);
	cpu_packet(c, NT_COUNT_FILTERED, 1, 60);
	cpu_event(c, false);
	cpu_flow(c, true);
	cpu_packet(c, NT_COUNT_RECORDED, 1, 100);
	return c;
}

/* n: of the event up to which it is complete, or accounted for; 0: none. */
static void check_example(struct cpu *c, enum verdict_kind kind, uint64_t n)
{
	struct book b = { 0 };
	struct verdict v;

	hand_in_all(&b, c);
	v = judge(&b);
	CHECK_EQ(v.kind, kind);
	CHECK_EQ(v.at ? v.at->n : 0, n);
	book_free(&b);
	cpu_free(c);
}

static void test_example(void)
{
	struct cpu *c = example();

	cpu_event(c, true);
	CHECK_EQ(c->fate[NT_COUNT_SEEN].packets, 10);
	CHECK_EQ(c->fate[NT_COUNT_SEEN].bytes, 900);
	check_example(c, VERDICT_COMPLETE, 3);
	check_example(example(), VERDICT_COMPLETE, 2);
	c = example();
	lose(row_of(c, ROW_RECORD, 2));
	cpu_event(c, true);
	check_example(c, VERDICT_UNACCOUNTED, 0);
	c = example();
	lose(row_of(c, ROW_RECORD, 2));
	c->safe.events--;
	c->lost[NT_LOSS_REFUSED] = (struct nt_tally){ 1, 1, 100 };
	cpu_event(c, true);
	check_example(c, VERDICT_ACCOUNTED, 3);
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
	RUN(test_fates_do_not_add_up);
	RUN(test_more_than_was_made);
	RUN(test_other_size);
	RUN(test_modes_are_not_mixed);
	RUN(test_no_events_at_all);
	RUN(test_silence);
	RUN(test_open_flows_are_not_complete);
	RUN(test_on_the_way);
	RUN(test_restart_in_the_same_epoch);
	RUN(test_inexact_events_prove_nothing);
	RUN(test_left_unread);
	RUN(test_dropped_by_the_spool);
	RUN(test_dropped_something_else);
	RUN(test_flows_dropped_by_the_spool);
	RUN(test_boxes_and_cpus_apart);
	RUN(test_example);
	return check_done();
}
