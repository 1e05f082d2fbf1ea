/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_silence.c - the verdict on streams that end early, go on in another
 * process or left something in the spool, and on several CPUs; the example of
 * docs/ledger.md.
 */
#include "audit_verdict.h"

/* n: of the event up to which it is complete, or accounted for; 0: none. */
static void check_example(struct cpu *c, enum verdict_kind kind, uint64_t n)
{
	struct book b = { 0 };
	struct verdict v;

	book_take_all(&b, c);
	v = judge(&b);
	CHECK_EQ(v.kind, kind);
	CHECK_EQ(v.at ? v.at->n : 0, n);
	book_free(&b);
	cpu_free(c);
}

static void test_no_events_at_all(void)
{
	struct cpu *c = sample();
	struct verdict v;

	for (int i = 0; i < 2; i++)
		row_lose(cpu_row(c, ROW_EVENT, i));
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
	book_take_all(&b, c);
	v = judge(&b);
	CHECK_EQ(v.kind, VERDICT_COMPLETE);
	CHECK(!v.closed);
	CHECK_EQ(v.at ? v.at->n : 0, 3);
	book_free(&b);
	cpu_free(c);
}

/* At the second event two packets were in the flow table: only later is it known that they came. */
static void test_open_flows_are_not_complete(void)
{
	struct cpu *c = sample();
	struct book b = { 0 };
	struct verdict v;

	book_take_all(&b, c);
	v = judge(&b);
	CHECK_EQ(v.kind, VERDICT_COMPLETE);
	CHECK_EQ(v.at ? v.at->n : 0, 2);		/* they had ended by then, and came behind it */
	book_free(&b);
	memset(&b, 0, sizeof(b));
	row_lose(cpu_row(c, ROW_FLOW, 1));
	book_take_all(&b, c);
	v = judge(&b);
	CHECK_EQ(v.at ? v.at->n : 0, 1);
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
	row_lose(cpu_row(c, ROW_RECORD, -1));
	c->safe.events--;
	cpu_event(c, false);
	book_take_all(&b, c);
	v = judge(&b);
	CHECK_EQ(v.kind, VERDICT_COMPLETE);
	CHECK_EQ(v.at ? v.at->n : 0, 3);
	book_free(&b);
	memset(&b, 0, sizeof(b));
	row_lose(cpu_row(c, ROW_RECORD, 0));
	book_take_all(&b, c);
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
	c = sample();
	c->inexact = true;
	cpu_event(c, false);
	check_example(c, VERDICT_COMPLETE, 2);
}

static void test_left_unread(void)
{
	struct cpu *c = sample();

	row_lose(cpu_row(c, ROW_RECORD, -1));
	c->safe.events--;
	c->unread = 1;
	cpu_event(c, true);
	check_kind(c, VERDICT_COMPLETE, true);
}

static void drop_by_spool(struct cpu *c, const char *stream, uint64_t seq, uint64_t count)
{
	cpu_add_row(c, ROW_EVENT, audit_text("{\"type\":\"loss\",\"box\":\"%s\",\"epoch\":8,\"stage\":\"spool\",\"reason\":\"full\","
				    "\"of_epoch\":%" PRIu64 ",\"cpu\":%u,\"stream\":\"%s\",\"seq\":%" PRIu64 ",\"count\":%" PRIu64 "}",
				    c->box, c->epoch, c->cpu, stream, seq, count), 0, 0);
}

static void test_dropped_by_the_spool(void)
{
	struct cpu *c = sample();

	for (int i = 3; i < 6; i++)
		row_lose(cpu_row(c, ROW_RECORD, i));
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

	row_lose(cpu_row(c, ROW_RECORD, 3));
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

	row_lose(cpu_row(c, ROW_FLOW, 1));
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
	row_lose(cpu_row(c[1], ROW_RECORD, 4));
	for (size_t k = 0; k < 11; k++)
		for (int i = 0; i < 4; i++)
			if (c[i]->rows[k].text)
				book_take(&b, c[i]->rows[k].text);
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

static void test_example(void)
{
	struct cpu *c = example();

	cpu_event(c, true);
	CHECK_EQ(c->fate[NT_COUNT_SEEN].packets, 10);
	CHECK_EQ(c->fate[NT_COUNT_SEEN].bytes, 900);
	check_example(c, VERDICT_COMPLETE, 3);
	check_example(example(), VERDICT_COMPLETE, 2);
	c = example();
	row_lose(cpu_row(c, ROW_RECORD, 2));
	cpu_event(c, true);
	check_example(c, VERDICT_UNACCOUNTED, 0);
	c = example();
	row_lose(cpu_row(c, ROW_RECORD, 2));
	c->safe.events--;
	c->lost[NT_LOSS_REFUSED] = (struct nt_tally){ 1, 1, 100 };
	cpu_event(c, true);
	check_example(c, VERDICT_ACCOUNTED, 3);
}

int main(void)
{
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
