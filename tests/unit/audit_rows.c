/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_rows.c - rows of JSON, one by one: what is understood, what is refused,
 * what is passed over.
 */
#include <string.h>
#include "audit/told.h"
#include "audit_lib.h"
#include "check.h"

#define HEAD "\"box\":\"box-a\",\"epoch\":7,\"cpu\":1,"
#define PACKET "{" HEAD "\"seq\":5,\"packets\":2,\"bytes\":300}"
#define FLOW(mode) \
	"{\"type\":\"flow\"," HEAD "\"mode\":\"" mode "\",\"generation\":1,\"entry\":2,\"last\":\"2026-11-22T00:00:01Z\"," \
	"\"events\":3,\"packets\":4,\"bytes\":500}"

/* Taken: as a record, as a flow, or refused. */
static void check_row(const char *row, size_t records, size_t flows, size_t bad)
{
	struct book b = { 0 };

	book_take(&b, row);
	CHECK_EQ(b.bad, bad);
	CHECK_EQ(b.pages_n, records + flows);
	CHECK_EQ(b.pages_n ? b.pages[0]->records_n : 0, records);
	CHECK_EQ(b.pages_n ? b.pages[0]->flows_n : 0, flows);
	if (check_failures)
		printf("# row: %s\n", row);
	book_free(&b);
}

static void check_refused(const char *row)
{
	check_row(row, 0, 0, 1);
}

static void test_packet(void)
{
	struct book b = { 0 };

	book_take(&b, PACKET);
	CHECK_EQ(b.pages_n, 1);
	CHECK_STR(b.pages[0]->box, "box-a");
	CHECK_EQ(b.pages[0]->epoch, 7);
	CHECK_EQ(b.pages[0]->cpu, 1);
	CHECK_EQ(b.pages[0]->records[0].seq, 5);
	CHECK_EQ(b.pages[0]->records[0].packets, 2);
	CHECK_EQ(b.pages[0]->records[0].bytes, 300);
	book_free(&b);
}

static void test_flows_by_mode(void)
{
	static const struct { const char *row; int overflow; } modes[] = {
		{ FLOW("packet"), 1 }, { FLOW("flow"), 0 }, { FLOW("sampled"), 0 },
	};

	for (int i = 0; i < 3; i++) {
		struct book b = { 0 };

		book_take(&b, modes[i].row);
		CHECK_EQ(b.pages_n, 1);
		CHECK_EQ(b.pages[0]->flows[0].overflow, modes[i].overflow);
		CHECK_EQ(b.pages[0]->flows[0].events, 3);
		CHECK_EQ(b.pages[0]->flows[0].last_ns % 60000000000, 1000000000);
		book_free(&b);
	}
	check_refused(FLOW("other"));
}

static void test_anything_around(void)
{
	check_row(" { \"a\" : [ 1 , { \"seq\" : 9, \"b\" : \"}\" } ] , " HEAD "\"bytes\":300,\"x\":null,\"y\":-1.5e+3,\"packets\":2 , \"seq\" : 5 } \r",
		  1, 0, 0);
	check_row("{\"a\":\"\\\"seq\\\":9,\\\\\"," HEAD "\"seq\":5,\"packets\":2,\"bytes\":300}", 1, 0, 0);
}

static void test_refused(void)
{
	check_refused("{}");
	check_refused("[]");
	check_refused(PACKET "x");
	check_refused("{" HEAD "\"seq\":5,\"packets\":2}");
	check_refused("{" HEAD "\"seq\":5,\"seq\":5,\"packets\":2,\"bytes\":300}");
	check_refused("{" HEAD "\"box\":\"box-a\",\"seq\":5,\"packets\":2,\"bytes\":300}");
	check_refused("{" HEAD "\"seq\":0,\"packets\":2,\"bytes\":300}");
	check_refused("{" HEAD "\"seq\":05,\"packets\":2,\"bytes\":300}");
	check_refused("{" HEAD "\"seq\":-5,\"packets\":2,\"bytes\":300}");
	check_refused("{" HEAD "\"seq\":5.0,\"packets\":2,\"bytes\":300}");
	check_refused("{" HEAD "\"seq\":\"5\",\"packets\":2,\"bytes\":300}");
	check_refused("{" HEAD "\"seq\":5,\"packets\":4294967296,\"bytes\":300}");
	check_refused("{" HEAD "\"seq\":9223372036854775808,\"packets\":2,\"bytes\":300}");
	check_refused("{\"box\":\"box-a\",\"epoch\":0,\"cpu\":1,\"seq\":5,\"packets\":2,\"bytes\":300}");
	check_refused("{\"box\":\"box-a\",\"epoch\":7,\"cpu\":65536,\"seq\":5,\"packets\":2,\"bytes\":300}");
	check_refused("{\"box\":7,\"epoch\":7,\"cpu\":1,\"seq\":5,\"packets\":2,\"bytes\":300}");
	check_refused("{\"type\":\"ledger\"," HEAD "\"seq\":5}");
	check_refused("{\"type\":\"loss\"}");
	check_refused("{\"a\":[}],\"b\":1}");
}

/* Each beginning of a row is no row. */
static void test_cut(void)
{
	char row[] = PACKET;

	for (size_t n = sizeof(row) - 2; n; n--) {
		row[n] = '\0';
		check_refused(row);
	}
}

static void test_deep(void)
{
	char row[4096] = "{\"a\":";

	memset(row + 5, '[', 3000);
	check_refused(row);
}

/* Events that tell nothing of packets, and those of a later version. */
static void test_passed_over(void)
{
	check_row("{\"type\":\"mode\",\"iface\":\"eth0\"}", 0, 0, 0);
	check_row("{\"type\":\"stop\"}", 0, 0, 0);
	check_row("{\"type\":\"something\",\"seq\":1}", 0, 0, 0);
}

/* The same box, whether its name is escaped or not. */
static void test_box_is_unescaped(void)
{
	struct book b = { 0 };

	book_take(&b, "{\"box\":\"a\\\"b\\u00e9\",\"epoch\":7,\"cpu\":1,\"seq\":5,\"packets\":2,\"bytes\":300}");
	book_take(&b, "{\"box\":\"a\\u0022b\xc3\xa9\",\"epoch\":7,\"cpu\":1,\"seq\":6,\"packets\":2,\"bytes\":300}");
	CHECK_EQ(b.pages_n, 1);
	CHECK_STR(b.pages_n ? b.pages[0]->box : "", "a\"b\xc3\xa9");
	CHECK_EQ(b.pages_n ? b.pages[0]->records_n : 0, 2);
	book_free(&b);
}

int main(void)
{
	RUN(test_packet);
	RUN(test_flows_by_mode);
	RUN(test_anything_around);
	RUN(test_refused);
	RUN(test_cut);
	RUN(test_deep);
	RUN(test_passed_over);
	RUN(test_box_is_unescaped);
	return check_done();
}
