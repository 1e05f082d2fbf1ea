// SPDX-License-Identifier: Apache-2.0
/*
 * parse_run.c - the table of packets through the XDP and the TC programs by
 * test run: each row as expected, and the records byte for byte those of the
 * host's parser. Rows that a test run cannot take are counted and printed.
 */
#include <errno.h>
#include "host_view.h"
#include "rig.h"
#include "unit/check.h"

static struct rig rig;

static void run_case(const struct packet_case *c, enum rig_prog prog, const char *where, unsigned int *left_out)
{
	struct packet pk;
	struct outcome host, o;
	int err;

	CHECK(packet_build(c->spec, &pk) == 0);
	if (!rig_takes(prog, pk.bytes, pk.n)) {
		printf("# %s cannot take: %s (%u bytes)\n", where, c->name, pk.n);
		(*left_out)++;
		return;
	}
	err = rig_run(&rig, prog, pk.bytes, pk.n, pk.wire, &o);
	CHECK_EQ(err, 0);
	if (err || !text_check(c, where, &pk, &o)) {
		printf("# %s: %s\n", where, c->name);
		CHECK(!"as expected");
	}
	host.fate = host_parse(pk.bytes, pk.n, pk.wire, pk.l3, &host.rec, &host.notes);
	CHECK(rig_same(&host, &o));
}

/* The whole table through one program; few rows may be left out. */
static void run_table(enum rig_prog prog, const char *where, bool l3)
{
	struct rig_settings s = rig_defaults();
	unsigned int left_out = 0, run = 0;

	if (rig_open(&rig, &s))
		CHECK(!"rig");
	for (const struct packet_case *c = packet_cases; rig.skel && c->name; c++) {
		if (!strncmp(c->spec, "l3 ", 3) != l3)
			continue;
		run_case(c, prog, where, &left_out);
		run++;
	}
	rig_close(&rig);
	printf("# %s: %u rows run, %u left out\n", where, run - left_out, left_out);
	CHECK(run >= (l3 ? 5 : 200));
	CHECK(left_out <= 10);
}

static void test_table_by_xdp(void)
{
	run_table(RIG_XDP, "xdp", false);
}

static void test_table_by_tc_ingress(void)
{
	run_table(RIG_TC_IN, "tc in", false);
}

static void test_table_by_tc_egress(void)
{
	run_table(RIG_TC_OUT, "tc out", false);
}

static void test_table_without_ethernet(void)
{
	run_table(RIG_TC_IN_L3, "tc in l3", true);
	run_table(RIG_TC_OUT_L3, "tc out l3", true);
}

int main(void)
{
	RUN(test_table_by_xdp);
	RUN(test_table_by_tc_ingress);
	RUN(test_table_by_tc_egress);
	RUN(test_table_without_ethernet);
	return check_done();
}
