/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_files.c - `ninetap audit` on files of JSON: exit codes, rotated
 * siblings, what redirected standard output holds, lines that can't be read.
 */
#include "audit_dir.h"

static struct cpu *sample(void)
{
	struct cpu *c = cpu_new("box-a", 7, 1);

	for (uint32_t i = 0; i < 50; i++)
		cpu_packet(c, i % 10 == 9 ? NT_COUNT_OVERFLOW : NT_COUNT_RECORDED, 1, 100 + i);
	cpu_flow(c, true);
	cpu_event(c, true);
	return c;
}

static void test_complete(void)
{
	struct cpu *c = sample();

	write_rows(c, 0, ROWS_MAX, "p", "p.flows", "p.events");
	CHECK_EQ(audit(in_dir("p")), 0);
	CHECK(json_is_true(json_object_get(said, "complete")));
	CHECK_EQ(number("rows"), 47);
	CHECK_EQ(number("bad"), 0);
	cpu_free(c);
	empty_dir();
}

static void test_record_lost(void)
{
	struct cpu *c = sample();

	row_lose(cpu_row(c, ROW_RECORD, 17));
	write_rows(c, 0, ROWS_MAX, "p", "p.flows", "p.events");
	CHECK_EQ(audit(in_dir("p")), 1);
	CHECK(json_is_false(json_object_get(said, "complete")));
	cpu_free(c);
	empty_dir();
}

static void test_rotated(void)
{
	struct cpu *c = sample();

	write_rows(c, 0, 20, "p.20260102T030405.000000006Z", "x", "x");
	write_rows(c, 20, 30, "p.20260102T030405.000000007Z", "x", "x");
	write_rows(c, 30, ROWS_MAX, "p", "p.flows.20260102T030405.000000007Z", "p.events");
	CHECK_EQ(audit(in_dir("p")), 0);
	unlink(in_dir("p.20260102T030405.000000007Z"));
	CHECK_EQ(audit(in_dir("p")), 1);
	cpu_free(c);
	empty_dir();
}

/* Names that only look like it. */
static void test_not_rotated(void)
{
	struct cpu *c = sample();

	write_rows(c, 0, ROWS_MAX, "p", "p.flows", "p.events");
	write_text("p.20260102T030405.00000006Z", "x\n");
	write_text("p.20260102T030405.000000006Zx", "x\n");
	write_text("p.old", "x\n");
	write_text("pp.20260102T030405.000000006Z", "x\n");
	CHECK_EQ(audit(in_dir("p")), 0);
	CHECK_EQ(number("bad"), 0);
	cpu_free(c);
	empty_dir();
}

static void test_all_in_one_file(void)
{
	struct cpu *c = sample();

	write_rows(c, 0, ROWS_MAX, "p", "p", "p");
	CHECK_EQ(audit(in_dir("p")), 0);
	cpu_free(c);
	empty_dir();
}

static void test_nothing_there(void)
{
	CHECK_EQ(audit(in_dir("p")), EX_NOINPUT);
	write_text("p", "");
	CHECK_EQ(audit(in_dir("p")), EX_NOINPUT);
	CHECK_EQ(audit(dir), EX_IOERR);
	empty_dir();
}

static void test_nothing_of_ours(void)
{
	write_text("p", "a,b,c\n1,2,3\n{\"ts\":1}\n[]\n{}\n");
	CHECK_EQ(audit(in_dir("p")), EX_DATAERR);
	empty_dir();
}

/* A line that a kill tore, and what came again behind it. */
static void test_torn_line(void)
{
	struct cpu *c = sample();

	write_text("p", "\n\r\n{\"ts\":\"2026-11-22T00:00:0\n");
	write_rows(c, 0, ROWS_MAX, "p", "p.flows", "p.events");
	write_text("p", "{\"ts\":\"2026-11");
	CHECK_EQ(audit(in_dir("p")), 0);
	CHECK_EQ(number("bad"), 3);
	cpu_free(c);
	empty_dir();
}

static void test_cpu_that_never_told(void)
{
	struct cpu *c = sample();

	write_rows(c, 0, ROWS_MAX, "p", "p.flows", "p.events");
	write_text("p.events", "{\"type\":\"start\",\"box\":\"box-a\",\"epoch\":7,\"version\":\"1\",\"pid\":1,\"adopted\":false}\n");
	CHECK_EQ(audit(in_dir("p")), 0);
	write_text("p.events", "{\"type\":\"start\",\"box\":\"box-a\",\"epoch\":7,\"cpus\":3}\n");
	CHECK_EQ(audit(in_dir("p")), 1);
	CHECK_EQ(number("absent_cpus"), 2);
	cpu_free(c);
	empty_dir();
	c = sample();			/* without a start: the other's ledger tells */
	c->cpus = 2;
	cpu_event(c, true);
	write_rows(c, 0, ROWS_MAX, "p", "p.flows", "p.events");
	CHECK_EQ(audit(in_dir("p")), 1);
	CHECK_EQ(number("absent_cpus"), 1);
	cpu_free(c);
	empty_dir();
}

static void test_spool_dropped_something_unknown(void)
{
	struct cpu *c = sample();

	write_rows(c, 0, ROWS_MAX, "p", "p.flows", "p.events");
	write_text("p.events", "{\"type\":\"loss\",\"of_epoch\":0}\n");
	CHECK_EQ(audit(in_dir("p")), 1);
	CHECK_EQ(number("spool_unknown"), 1);
	cpu_free(c);
	empty_dir();
}

int main(void)
{
	if (!mkdtemp(dir))
		return 1;
	RUN(test_complete);
	RUN(test_record_lost);
	RUN(test_rotated);
	RUN(test_not_rotated);
	RUN(test_all_in_one_file);
	RUN(test_nothing_there);
	RUN(test_nothing_of_ours);
	RUN(test_torn_line);
	RUN(test_cpu_that_never_told);
	RUN(test_spool_dropped_something_unknown);
	json_decref(said);
	rmdir(dir);
	return check_done();
}
