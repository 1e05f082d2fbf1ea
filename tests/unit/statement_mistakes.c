/* SPDX-License-Identifier: Apache-2.0 */
/*
 * statement_mistakes.c - tests the plain form: what is refused whole, what
 * leaves out itself alone, and what is said of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <fcntl.h>
#include "base/cidr.h"
#include "inventory/statement.h"
#include "check.h"

static struct statement s;

static const struct {
	const char *text;
	enum problem kind;
	const char *said;
} refused[] = {
	{ "", PROBLEM_SYNTAX, "'[' or '{' expected near end of file" },
	{ "hello", PROBLEM_SYNTAX, "'[' or '{' expected near 'hello'" },
	{ "[]", PROBLEM_SYNTAX, "is no JSON object" },
	{ "{}", PROBLEM_SYNTAX, "kind: is missing" },
	{ "{\"id\":\"x\"}", PROBLEM_SYNTAX, "kind: is missing" },
	{ "{\"kind\":null}", PROBLEM_SYNTAX, "kind: must be a string, not null" },
	{ "{\"kind\":\"tenat\"}", PROBLEM_SYNTAX, "kind: \"tenat\" is none: did you mean \"tenant\"?" },
	{ "{\"kind\":\"zebra\"}", PROBLEM_SYNTAX, "kind: \"zebra\" is none" },
	{ "{\"kind\":\"instance\",\"id\":\"x\"", PROBLEM_SYNTAX, "'}' expected near end of file" },
	{ "{\"kind\":\"instance\",\"id\":\"x\",}", PROBLEM_SYNTAX, "string or '}' expected near '}'" },
	{ "{\"kind\":\"instance\",\"id\":\"x\"} {}", PROBLEM_SYNTAX, "end of file expected near '{'" },
	{ "{\"kind\":\"instance\",\"id\":\"\\u0000\"}", PROBLEM_SYNTAX, "\\u0000 is not allowed without JSON_ALLOW_NUL near '\"\\u0000\"'" },
	{ "{\"kind\":\"instance\",\"id\":\"\\ud800\"}", PROBLEM_SYNTAX, "invalid Unicode '\\uD800' near '\"\\ud800\"'" },
	{ "{\"kind\":\"instance\",\"id\":\"\\udc00\"}", PROBLEM_SYNTAX, "invalid Unicode '\\uDC00' near '\"\\udc00\"'" },
	{ "{\"kind\":\"instance\",\"id\":\"\t\"}", PROBLEM_SYNTAX, "control character 0x9 near '\"'" },
	{ "{\"kind\":\"instance\",\"id\":\"\xff\"}", PROBLEM_SYNTAX, "unable to decode byte 0xff near '\"'" },
	{ "{\"kind\":\"tenant\",\"id\":\"x\",\"vnis\":[9223372036854775808]}", PROBLEM_SYNTAX, "too big integer near '9223372036854775808'" },
	{ "{\"kind\":\"tenant\",\"id\":\"x\",\"vnis\":[01]}", PROBLEM_SYNTAX, "invalid token near '0'" },

	{ "{\"kind\":\"tenant\"}", PROBLEM_NO_ID, "tenant has no \"id\" and no \"name\"" },
	{ "{\"kind\":\"instance\",\"name\":\"x\"}", PROBLEM_NO_ID, "instance has no \"id\"" },
	{ "{\"kind\":\"end\",\"until\":\"2026-11-21T22:00:00Z\"}", PROBLEM_NO_ID, "end has no \"id\" and no \"port\"" },
	{ "{\"kind\":\"application\",\"proto\":6}", PROBLEM_NO_ID, "application has no \"name\"" },
	{ "{\"kind\":\"box\"}", PROBLEM_NO_ID, "box has no \"name\"" },
	{ "{\"kind\":\"application\",\"name\":\"x\"}", PROBLEM_SYNTAX, "application has no \"proto\"" },
	{ "{\"kind\":\"interface\",\"plane\":\"data\"}", PROBLEM_SYNTAX, "interface has no \"match\"" },
	{ "{\"kind\":\"interface\",\"match\":\"x\"}", PROBLEM_SYNTAX, "interface has no \"plane\"" },
	{ "{\"kind\":\"end\",\"id\":\"x\"}", PROBLEM_SYNTAX, "end has no \"until\"" },

	{ "{\"kind\":\"instance\",\"id\":\"x\",\"adresses\":[]}", PROBLEM_SYNTAX, "instance has no member \"adresses\": did you mean \"addresses\"?" },
	{ "{\"kind\":\"instance\",\"id\":\"x\",\"address\":\"10.0.0.1\"}", PROBLEM_SYNTAX, "instance has no member \"address\": did you mean \"addresses\"?" },
	{ "{\"kind\":\"instance\",\"id\":\"x\",\"vnis\":[1]}", PROBLEM_SYNTAX, "instance has no member \"vnis\": did you mean \"vni\"?" },
	{ "{\"kind\":\"instance\",\"id\":\"x\",\"subnets\":[]}", PROBLEM_SYNTAX, "instance has no member \"subnets\"" },
	{ "{\"kind\":\"instance\",\"id\":\"x\",\"id\":\"y\"}", PROBLEM_SYNTAX, "id: is given twice" },
	{ "{\"kind\":\"instance\",\"id\":\"x\",\"\\u0069d\":\"y\"}", PROBLEM_SYNTAX, "id: is given twice" },
	{ "{\"kind\":\"instance\",\"kind\":\"instance\",\"id\":\"x\"}", PROBLEM_SYNTAX, "kind: is given twice" },
	{ "{\"kind\":\"instance\",\"id\":7}", PROBLEM_SYNTAX, "id: must be a string, not a whole number" },
	{ "{\"kind\":\"instance\",\"id\":[\"x\"]}", PROBLEM_SYNTAX, "id: must be a string, not an array" },
	{ "{\"kind\":\"instance\",\"id\":\"\"}", PROBLEM_SYNTAX, "id: is empty" },
	{ "{\"kind\":\"instance\",\"id\":\"x\",\"host\":null}", PROBLEM_SYNTAX, "host: must be a string, not null" },
	{ "{\"kind\":\"instance\",\"id\":\"x\",\"addresses\":[7]}", PROBLEM_SYNTAX, "addresses[0]: must be a string, not a whole number" },
	{ "{\"kind\":\"instance\",\"id\":\"x\",\"addresses\":[\"10.0.0.1\",[]]}", PROBLEM_SYNTAX, "addresses[1]: must be a string, not an array" },
	{ "{\"kind\":\"instance\",\"id\":\"x\",\"addresses\":{\"a\":1}}", PROBLEM_SYNTAX, "addresses: must be a string, not an object" },
	{ "{\"kind\":\"instance\",\"id\":\"x\",\"vni\":1,\"vlan\":2}", PROBLEM_SYNTAX, "vlan: there is a vni, too" },
	{ "{\"kind\":\"instance\",\"id\":\"x\",\"vni\":0,\"vlan\":2}", PROBLEM_SYNTAX, "vlan: there is a vni, too" },
	{ "{\"kind\":\"instance\",\"id\":\"x\",\"vni\":16777216}", PROBLEM_SYNTAX, "vni: 16777216 is out of range: 0 to 16777215" },
	{ "{\"kind\":\"instance\",\"id\":\"x\",\"vlan\":0}", PROBLEM_SYNTAX, "vlan: 0 is out of range: 1 to 4094" },
	{ "{\"kind\":\"instance\",\"id\":\"x\",\"from\":5}", PROBLEM_SYNTAX, "from: must be a string, not a whole number" },
	{ "{\"kind\":\"instance\",\"id\":\"x\",\"from\":\"today\"}", PROBLEM_SYNTAX, "from: \"today\" is no time such as 2026-11-21T22:00:00.25Z" },
	{ "{\"kind\":\"instance\",\"id\":\"x\",\"from\":\"2026-11-31T00:00:00Z\"}", PROBLEM_SYNTAX,
	  "from: \"2026-11-31T00:00:00Z\" is no time of the years 1678 to 2261" },
	{ "{\"kind\":\"instance\",\"id\":\"x\",\"until\":\"2026-11-21T22:00:00Z\",\"from\":\"2026-11-21T22:00:00Z\"}", PROBLEM_SYNTAX,
	  "until: is not after from" },
	{ "{\"kind\":\"tenant\",\"id\":\"x\",\"vnis\":[5,-1]}", PROBLEM_SYNTAX, "vnis[1]: -1 is out of range: 0 to 16777215" },
	{ "{\"kind\":\"tenant\",\"id\":\"x\",\"vnis\":[1.5]}", PROBLEM_SYNTAX, "vnis[0]: must be a whole number, not a number with a fraction or exponent" },
	{ "{\"kind\":\"tenant\",\"id\":\"x\",\"vlans\":4095}", PROBLEM_SYNTAX, "vlans: 4095 is out of range: 1 to 4094" },
	{ "{\"kind\":\"tenant\",\"id\":\"x\",\"vlans\":\"7\"}", PROBLEM_SYNTAX, "vlans: must be a whole number, not a string" },
	{ "{\"kind\":\"tenant\",\"id\":\"x\",\"vlans\":[-9223372036854775808]}", PROBLEM_SYNTAX, "vlans[0]: -9223372036854775808 is out of range: 1 to 4094" },
	{ "{\"kind\":\"application\",\"name\":\"x\",\"proto\":\"tpc\"}", PROBLEM_SYNTAX,
	  "proto: \"tpc\" is neither a number from 0 to 255 nor an IP protocol's name: did you mean \"tcp\"?" },
	{ "{\"kind\":\"application\",\"name\":\"x\",\"proto\":256}", PROBLEM_SYNTAX, "proto: 256 is out of range: 0 to 255" },
	{ "{\"kind\":\"application\",\"name\":\"x\",\"proto\":true}", PROBLEM_SYNTAX, "proto: must be a protocol's name or number, not true or false" },
	{ "{\"kind\":\"application\",\"name\":\"x\",\"proto\":6,\"ports\":[53,65536]}", PROBLEM_SYNTAX, "ports[1]: 65536 is out of range: 0 to 65535" },
	{ "{\"kind\":\"application\",\"name\":\"x\",\"proto\":6,\"ports\":\"1-65536\"}", PROBLEM_SYNTAX, "ports: \"1-65536\" is out of range: ports are 0 to 65535" },
	{ "{\"kind\":\"application\",\"name\":\"x\",\"proto\":6,\"ports\":\"9-8\"}", PROBLEM_SYNTAX, "ports: \"9-8\" is neither a port nor a range such as 8000-8010" },
	{ "{\"kind\":\"application\",\"name\":\"x\",\"proto\":6,\"ports\":null}", PROBLEM_SYNTAX,
	  "ports: must be a port, a range such as \"8000-8010\" or a list of them, not null" },
	{ "{\"kind\":\"interface\",\"match\":\"x\",\"plane\":\"dta\"}", PROBLEM_SYNTAX,
	  "plane: \"dta\" is none of management, control, data: did you mean \"data\"?" },
	{ "{\"kind\":\"box\",\"name\":\"x\",\"address\":[\"10.0.0.1\"]}", PROBLEM_SYNTAX, "address: must be a string, not an array" },
};

/* Mistakes are logged, which is problem.c's test: keep them from the screen. */
static int quiet(void)
{
	int kept = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);

	if (kept < 0 || null < 0 || dup2(null, STDERR_FILENO) < 0)
		abort();
	close(null);
	return kept;
}

static void loud(int kept)
{
	if (dup2(kept, STDERR_FILENO) < 0)
		abort();
	close(kept);
}

static int read_line(const char *text, int64_t event_ns, struct problems *p)
{
	int kept = quiet(), err = statement_read(&s, text, strlen(text), event_ns, p);

	loud(kept);
	return err;
}

static void test_refused(void)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct problems p = { 0 };

		CHECK_EQ(read_line(refused[i].text, TIME_ALWAYS, &p), -EINVAL);
		CHECK_STR(p.last, refused[i].said);
		if (p.count[refused[i].kind] != 1)
			printf("# row %s\n", refused[i].text);
		CHECK_EQ(p.count[refused[i].kind], 1);
		for (unsigned int kind = 0; kind < PROBLEM_MAX; kind++)
			CHECK_EQ(p.count[kind], kind == refused[i].kind);
		CHECK(!s.id && !s.name && !s.owner && !s.cidrs_n && !s.scopes_n && !s.ports_n);
	}
}

/* One wrong element each; the others count. */
static const struct {
	const char *element, *said;
} left_out[] = {
	{ "10.0.0.1/8", "subnets[1]: \"10.0.0.1/8\" has host bits set: write 10.0.0.0/8" },
	{ "10.0.0.0/33", "subnets[1]: \"10.0.0.0/33\": a prefix has at most 32 bits" },
	{ "::/129", "subnets[1]: \"::/129\": a prefix has at most 128 bits" },
	{ "10.0.0/8", "subnets[1]: \"10.0.0/8\" is neither an IP address nor a prefix" },
	{ "", "subnets[1]: \"\" is neither an IP address nor a prefix" },
};

static void test_a_wrong_prefix_leaves_out_itself_alone(void)
{
	char text[256], formatted[CIDR_TEXT];

	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++) {
		struct problems p = { 0 };

		snprintf(text, sizeof(text), "{\"kind\":\"tenant\",\"subnets\":[\"192.0.2.0/24\",\"%s\",\"::/0\"],\"id\":\"t\"}",
			 left_out[i].element);
		CHECK_EQ(read_line(text, TIME_ALWAYS, &p), 0);
		CHECK_STR(p.last, left_out[i].said);
		CHECK_EQ(p.count[PROBLEM_CIDR], 1);
		CHECK_EQ(p.count[PROBLEM_SYNTAX], 0);
		CHECK_STR(s.id, "t");
		CHECK_EQ(s.cidrs_n, 2);
		CHECK_STR(cidr_format(&s.cidrs[1], formatted), "::/0");
	}
}

static void test_an_address_is_no_prefix(void)
{
	struct problems p = { 0 };

	CHECK_EQ(read_line("{\"kind\":\"instance\",\"id\":\"i\",\"addresses\":[\"10.0.0.0/24\",\"10.0.0.1\",\"web\"]}", TIME_ALWAYS, &p), 0);
	CHECK_EQ(p.count[PROBLEM_CIDR], 2);
	CHECK_EQ(s.cidrs_n, 1);
	CHECK_EQ(s.cidrs[0].addr[15], 1);
	CHECK_EQ(read_line("{\"kind\":\"box\",\"name\":\"b\",\"address\":\"10.0.0.0/24\"}", TIME_ALWAYS, &p), 0);
	CHECK_STR(p.last, "address: \"10.0.0.0/24\" is a prefix: an address is wanted");
	CHECK_EQ(s.cidrs_n, 0);
	CHECK_STR(s.name, "b");
}

static void test_length_of_texts(void)
{
	struct problems p = { 0 };
	char text[400], id[300];

	for (size_t len = 255; len <= 256; len++) {
		memset(id, 'x', len);
		id[len] = '\0';
		snprintf(text, sizeof(text), "{\"kind\":\"instance\",\"id\":\"%s\"}", id);
		CHECK_EQ(read_line(text, TIME_ALWAYS, &p), len == 255 ? 0 : -EINVAL);
		CHECK_EQ(p.count[PROBLEM_SYNTAX], len == 256);
		if (len == 255)
			CHECK_STR(s.id, id);
	}
	CHECK(strstr(p.last, "has 256 bytes: at most 255 fit"));
}

static void test_a_stream_says_until_when(void)
{
	struct problems p = { 0 };

	CHECK_EQ(read_line("{\"kind\":\"instance\",\"id\":\"i\",\"until\":\"2026-11-21T22:00:00Z\"}", 1795298400000000000LL, &p), -EINVAL);
	CHECK_STR(p.last, "until: is not after the time that this was said");
	CHECK_EQ(read_line("{\"kind\":\"instance\",\"id\":\"i\",\"until\":\"2026-11-21T22:00:00Z\"}", 1795298399999999999LL, &p), 0);
}

/* Not NUL-terminated, and cut at each byte: refused, and nothing behind is read. */
static void test_cut_anywhere(void)
{
	static const char text[] = "{\"kind\":\"application\",\"name\":\"\\u00e9\\ud83d\\ude00\xc3\xa9\",\"proto\":1e5,\"ports\":[1,\"2\"],\"class\":null}";
	int kept = quiet();

	for (size_t len = 0; len < sizeof(text); len++) {
		char *exact = malloc(len + !len);
		struct problems p = { 0 };

		if (!exact)
			abort();
		memcpy(exact, text, len);
		CHECK_EQ(statement_read(&s, exact, len, TIME_ALWAYS, &p), -EINVAL);
		CHECK_EQ(p.count[PROBLEM_SYNTAX], 1);
		free(exact);
	}
	loud(kept);
}

static void test_deep_nesting(void)
{
	struct problems p = { 0 };
	char *text = malloc(1000001);
	int kept = quiet();

	if (!text)
		abort();
	memset(text, '[', 1000000);
	CHECK_EQ(statement_read(&s, text, 1000000, TIME_ALWAYS, &p), -EINVAL);
	memcpy(text, "{\"kind\":\"tenant\",\"vnis\":", 24);
	CHECK_EQ(statement_read(&s, text, 1000000, TIME_ALWAYS, &p), -EINVAL);
	memcpy(text, "{\"vnis\"                :", 24);
	CHECK_EQ(statement_read(&s, text, 1000000, TIME_ALWAYS, &p), -EINVAL);
	loud(kept);
	CHECK_EQ(p.count[PROBLEM_SYNTAX], 3);
	free(text);
}

int main(void)
{
	RUN(test_refused);
	RUN(test_a_wrong_prefix_leaves_out_itself_alone);
	RUN(test_an_address_is_no_prefix);
	RUN(test_length_of_texts);
	RUN(test_a_stream_says_until_when);
	RUN(test_cut_anywhere);
	RUN(test_deep_nesting);
	statement_free(&s);
	return check_done();
}
