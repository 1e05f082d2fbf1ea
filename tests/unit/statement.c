/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement.c - tests the plain form: what each kind reads as, and that it is
 * written so that it reads back the same. Its mistakes: statement_mistakes.c.
 */
#include <errno.h>
#include "base/cidr.h"
#include "inventory/statement.h"
#include "check.h"

#define NOW 1795298400000000000LL	/* 2026-11-21T22:00:00Z */
#define SEC 1000000000LL

static struct statement s;		/* reused, as its contract allows */
static struct problems p;

static int read_at(const char *text, int64_t event_ns)
{
	int err = statement_read(&s, text, strlen(text), event_ns, &p);

	if (err)
		printf("# %s: %s\n", text, p.last);
	return err;
}

static int read_line(const char *text)
{
	return read_at(text, TIME_ALWAYS);
}

static const char *cidr(size_t i)
{
	static char text[CIDR_TEXT];

	return i < s.cidrs_n ? cidr_format(&s.cidrs[i], text) : "none";
}

static void test_tenant(void)
{
	CHECK_EQ(read_line("{\"kind\":\"tenant\",\"id\":\"5f1a\",\"name\":\"demo\",\"vlans\":[110,1,4094],\"vnis\":[0,16777215],"
			   "\"subnets\":[\"192.168.116.0/24\",\"2001:db8:116::/64\",\"10.0.0.1\"]}"), 0);
	CHECK_EQ(s.kind, STATEMENT_TENANT);
	CHECK_STR(s.id, "5f1a");
	CHECK_STR(s.name, "demo");
	CHECK_EQ(s.scopes_n, 5);
	CHECK_EQ(s.scopes[0], SCOPE_VLAN(110));
	CHECK_EQ(s.scopes[2], SCOPE_VLAN(4094));
	CHECK_EQ(s.scopes[3], SCOPE_VNI(0));
	CHECK_EQ(s.scopes[4], SCOPE_VNI(16777215));
	CHECK_EQ(s.cidrs_n, 3);
	CHECK_STR(cidr(0), "192.168.116.0/24");
	CHECK_STR(cidr(1), "2001:db8:116::/64");
	CHECK_STR(cidr(2), "10.0.0.1/32");
}

static void test_tenant_by_one_name(void)
{
	CHECK_EQ(read_line("{\"kind\":\"tenant\",\"id\":\"5f1a\"}"), 0);
	CHECK_STR(s.name, "5f1a");
	CHECK_EQ(s.scopes_n + s.cidrs_n, 0);
	CHECK_EQ(read_line("{\"name\":\"demo\",\"kind\":\"tenant\",\"vlans\":7,\"vnis\":8,\"subnets\":\"10.0.0.0/8\"}"), 0);
	CHECK_STR(s.id, "demo");
	CHECK_EQ(s.scopes_n, 2);
	CHECK_STR(cidr(0), "10.0.0.0/8");
}

static void test_instance(void)
{
	CHECK_EQ(read_line("{\"kind\":\"instance\",\"id\":\"i-1\",\"name\":\"web\",\"tenant\":\"demo\",\"host\":\"box-a\","
			   "\"addresses\":[\"192.168.116.5\",\"2001:db8::5\",\"10.0.0.7/32\"],\"port\":\"p-1\",\"vni\":42,"
			   "\"from\":\"2026-11-21T22:00:00Z\",\"until\":\"2026-11-21T22:00:00.5Z\"}"), 0);
	CHECK_EQ(s.kind, STATEMENT_INSTANCE);
	CHECK_STR(s.id, "i-1");
	CHECK_STR(s.name, "web");
	CHECK_STR(s.tenant, "demo");
	CHECK_STR(s.host, "box-a");
	CHECK_STR(s.port, "p-1");
	CHECK_EQ(s.scope, SCOPE_VNI(42));
	CHECK_EQ(s.cidrs_n, 3);
	CHECK_EQ(s.cidrs[1].prefix, 128);
	CHECK_EQ(s.from_ns, NOW);
	CHECK_EQ(s.until_ns, NOW + SEC / 2);
}

static void test_times_that_are_left_out(void)
{
	CHECK_EQ(read_line("{\"kind\":\"instance\",\"id\":\"i\"}"), 0);
	CHECK_EQ(s.from_ns, TIME_ALWAYS);
	CHECK_EQ(s.until_ns, TIME_OPEN);
	CHECK(!s.name && !s.tenant && !s.host && !s.port && !s.scope && !s.cidrs_n);
	CHECK_EQ(read_at("{\"kind\":\"instance\",\"id\":\"i\",\"vlan\":5,\"addresses\":[]}", NOW), 0);
	CHECK_EQ(s.from_ns, NOW);
	CHECK_EQ(s.scope, SCOPE_VLAN(5));
	CHECK_EQ(read_at("{\"kind\":\"end\",\"id\":\"i\"}", NOW), 0);
	CHECK_EQ(s.from_ns, NOW);
	CHECK_EQ(s.until_ns, TIME_OPEN);
	CHECK_EQ(read_at("{\"kind\":\"end\",\"port\":\"p\",\"until\":\"2026-11-21T21:59:59Z\"}", NOW), 0);
	CHECK_EQ(s.kind, STATEMENT_END);
	CHECK_EQ(s.from_ns, NOW - SEC);
	CHECK_STR(s.port, "p");
	CHECK(!s.id);
}

static void test_application(void)
{
	CHECK_EQ(read_line("{\"kind\":\"application\",\"name\":\"kafka\",\"class\":\"messaging\",\"proto\":\"tcp\","
			   "\"ports\":[9092,\"9094-9096\",\"1\",0,65535],\"tenant\":\"demo\"}"), 0);
	CHECK_EQ(s.kind, STATEMENT_APPLICATION);
	CHECK_STR(s.app_class, "messaging");
	CHECK_STR(s.tenant, "demo");
	CHECK_EQ(s.proto, 6);
	CHECK_EQ(s.ports_n, 5);
	CHECK_EQ(s.ports[1].first, 9094);
	CHECK_EQ(s.ports[1].last, 9096);
	CHECK_EQ(s.ports[2].last, 1);
	CHECK_EQ(s.ports[4].first, 65535);
	CHECK_EQ(read_line("{\"kind\":\"application\",\"name\":\"ping\",\"proto\":1}"), 0);
	CHECK_EQ(s.proto, 1);
	CHECK_EQ(s.ports_n, 0);
	CHECK_EQ(read_line("{\"kind\":\"application\",\"name\":\"x\",\"proto\":\"254\",\"ports\":\"5-5\"}"), 0);
	CHECK_EQ(s.proto, 254);
	CHECK_EQ(read_line("{\"kind\":\"application\",\"name\":\"x\",\"proto\":\"UDP\",\"ports\":53}"), 0);
	CHECK_EQ(s.proto, 17);
	CHECK_EQ(s.ports[0].last, 53);
}

static void test_box_and_interface(void)
{
	CHECK_EQ(read_line("{\"kind\":\"box\",\"name\":\"box-a\",\"type\":\"smartx\",\"site\":\"GIST3\",\"pop\":\"TEINSG\","
			   "\"ren\":\"KOREN\",\"address\":\"203.0.113.7\"}"), 0);
	CHECK_STR(s.name, "box-a");
	CHECK_STR(s.type, "smartx");
	CHECK_STR(s.site, "GIST3");
	CHECK_STR(s.pop, "TEINSG");
	CHECK_STR(s.ren, "KOREN");
	CHECK_STR(cidr(0), "203.0.113.7/32");
	CHECK_EQ(read_line("{\"kind\":\"interface\",\"box\":\"box-a\",\"match\":\"eth*\",\"plane\":\"control\"}"), 0);
	CHECK_STR(s.box, "box-a");
	CHECK_STR(s.match, "eth*");
	CHECK_EQ(s.plane, PLANE_CONTROL);
}

static void test_texts_are_decoded(void)
{
	CHECK_EQ(read_line(" {\r\n\t\"kind\" : \"instance\" , \"id\" : \"\\u00e9\\ud83d\\ude00\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\xc3\xa9\" } "), 0);
	CHECK_STR(s.id, "\xc3\xa9\xf0\x9f\x98\x80\"\\/\b\f\n\r\tA\xc3\xa9");
	CHECK_EQ(read_line("{\"\\u0069d\":\"x\",\"kind\":\"inst\\u0061nce\"}"), 0);
	CHECK_STR(s.id, "x");
}

/* What stands left is written as what stands right; NULL: as it stands. */
static const char *const round_trips[][2] = {
	{ "{\"kind\":\"tenant\",\"id\":\"5f1a\",\"name\":\"demo\",\"vlans\":[110],\"vnis\":[42],\"subnets\":[\"192.168.116.0/24\",\"::/0\",\"10.0.0.1/32\",\"0.0.0.0/0\"]}", NULL },
	{ "{\"kind\":\"tenant\",\"name\":\"demo\",\"vnis\":1}", "{\"kind\":\"tenant\",\"id\":\"demo\",\"vnis\":[1]}" },
	{ "{\"kind\":\"instance\",\"id\":\"i\",\"addresses\":[]}", NULL },
	{ "{\"kind\":\"instance\",\"id\":\"i\"}", "{\"kind\":\"instance\",\"id\":\"i\",\"addresses\":[]}" },
	{ "{\"kind\":\"instance\",\"id\":\"i\",\"name\":\"n\",\"tenant\":\"t\",\"host\":\"h\",\"port\":\"p\",\"vlan\":9,\"addresses\":[\"10.0.0.1\",\"fe80::1\"],"
	  "\"from\":\"2026-11-21T22:00:00.25Z\",\"until\":\"2026-11-22T22:00:00Z\"}", NULL },
	{ "{\"kind\":\"instance\",\"id\":\"a\\\"\\\\\\n\\u0001\xc3\xa9/\",\"vni\":0,\"addresses\":[]}", NULL },
	{ "{\"kind\":\"application\",\"name\":\"kafka\",\"class\":\"m\",\"proto\":\"tcp\",\"ports\":[9092,\"9094-9096\"],\"tenant\":\"demo\"}", NULL },
	{ "{\"kind\":\"application\",\"name\":\"x\",\"proto\":\"254\",\"ports\":[\"7-7\"]}", "{\"kind\":\"application\",\"name\":\"x\",\"proto\":254,\"ports\":[7]}" },
	{ "{\"kind\":\"application\",\"name\":\"x\",\"proto\":\"icmp\"}", NULL },
	{ "{\"kind\":\"box\",\"name\":\"b\",\"type\":\"t\",\"site\":\"s\",\"pop\":\"p\",\"ren\":\"r\",\"address\":\"203.0.113.7\"}", NULL },
	{ "{\"kind\":\"box\",\"name\":\"b\"}", NULL },
	{ "{\"kind\":\"interface\",\"box\":\"b\",\"match\":\"eth1\",\"plane\":\"data\"}", NULL },
	{ "{\"kind\":\"end\",\"id\":\"i\",\"port\":\"p\",\"until\":\"2026-11-21T23:00:00Z\"}", NULL },
};

static void test_written_reads_back(void)
{
	struct buf out = { 0 };

	for (size_t i = 0; i < sizeof(round_trips) / sizeof(round_trips[0]); i++) {
		const char *want = round_trips[i][1] ? round_trips[i][1] : round_trips[i][0];

		CHECK_EQ(read_line(round_trips[i][0]), 0);
		out.len = 0;
		CHECK_EQ(statement_write(&out, &s), 0);
		CHECK_EQ(buf_put(&out, "", 1), 0);
		CHECK_EQ(out.len, strlen(want) + 2);
		CHECK_EQ(out.data[strlen(want)], '\n');
		out.data[strlen(want)] = '\0';
		CHECK_STR((char *)out.data, want);
		CHECK_EQ(read_line((char *)out.data), 0);
	}
	buf_free(&out);
}

static void test_appends(void)
{
	struct buf out = { 0 };

	CHECK_EQ(buf_put(&out, "# ", 2), 0);
	CHECK_EQ(read_line("{\"kind\":\"box\",\"name\":\"b\"}"), 0);
	CHECK_EQ(statement_write(&out, &s), 0);
	CHECK_EQ(statement_write(&out, &s), 0);
	CHECK_EQ(out.len, 2 + 2 * strlen("{\"kind\":\"box\",\"name\":\"b\"}\n"));
	buf_free(&out);
}

/* More elements than the arrays have room for at first, and texts that stay where others were decoded. */
static void test_long_lists(void)
{
	struct buf text = { 0 };
	char element[64];
	int n;

	CHECK_EQ(buf_put(&text, "{\"kind\":\"tenant\",\"subnets\":[\"10.0.0.0/32\"", 41), 0);
	for (int i = 1; i < 5000; i++) {
		n = snprintf(element, sizeof(element), ",\"10.0.%d.%d/32\"", i >> 8, i & 255);
		CHECK_EQ(buf_put(&text, element, (size_t)n), 0);
	}
	n = snprintf(element, sizeof(element), "],\"id\":\"the id\",\"name\":\"the name\"}");
	CHECK_EQ(buf_put(&text, element, (size_t)n), 0);
	CHECK_EQ(statement_read(&s, (char *)text.data, text.len, TIME_ALWAYS, &p), 0);
	CHECK_EQ(s.cidrs_n, 5000);
	CHECK_STR(cidr(4999), "10.0.19.135/32");
	CHECK_STR(s.id, "the id");
	CHECK_STR(s.name, "the name");
	buf_free(&text);
}

static void test_clear(void)
{
	CHECK_EQ(read_line("{\"kind\":\"instance\",\"id\":\"i\",\"addresses\":\"10.0.0.1\"}"), 0);
	statement_clear(&s);
	CHECK(!s.id && !s.cidrs_n && !s.owner);
	CHECK(s.cidrs && s.cidrs_cap);
	statement_free(&s);
	CHECK(!s.cidrs && !s.cidrs_cap);
	statement_free(&s);
}

int main(void)
{
	RUN(test_tenant);
	RUN(test_tenant_by_one_name);
	RUN(test_instance);
	RUN(test_times_that_are_left_out);
	RUN(test_application);
	RUN(test_box_and_interface);
	RUN(test_texts_are_decoded);
	RUN(test_written_reads_back);
	RUN(test_appends);
	RUN(test_long_lists);
	RUN(test_clear);
	statement_free(&s);
	return check_done();
}
