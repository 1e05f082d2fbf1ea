/* SPDX-License-Identifier: Apache-2.0 */
/*
 * num_cidr.c - tests cidr.c: prefixes as trie keys, and back.
 */
#include <errno.h>
#include "base/cidr.h"
#include "check.h"

/* err, and when *out is set: its bits and how it prints. */
static const struct {
	const char *text;
	int err;
	unsigned int bits;
	const char *printed;
} rows[] = {
	{ "10.0.0.0/8", 0, 104, "10.0.0.0/8" },
	{ "0.0.0.0/0", 0, 96, "0.0.0.0/0" },
	{ "192.0.2.1", 0, 128, "192.0.2.1/32" },
	{ "192.0.2.128/25", 0, 121, "192.0.2.128/25" },
	{ "2001:db8::/32", 0, 32, "2001:db8::/32" },
	{ "2001:db8::1", 0, 128, "2001:db8::1/128" },
	{ "::/0", 0, 0, "::/0" },
	{ "::ffff:10.0.0.0/104", 0, 104, "10.0.0.0/8" },
	{ "10.0.0.1/8", -EDOM, 104, "10.0.0.0/8" },
	{ "10.255.255.255/31", -EDOM, 127, "10.255.255.254/31" },
	{ "1.2.3.4/0", -EDOM, 96, "0.0.0.0/0" },
	{ "fe80::1/64", -EDOM, 64, "fe80::/64" },
	{ "2001:db8:ffff::/33", -EDOM, 33, "2001:db8:8000::/33" },
	{ "10.0.0.0/33", -ERANGE, 0, NULL },
	{ "::/129", -ERANGE, 0, NULL },
	{ "10.0.0.0/", -EINVAL, 0, NULL },
	{ "10.0.0.0/-1", -EINVAL, 0, NULL },
	{ "10.0.0.0/8/8", -EINVAL, 0, NULL },
	{ "10.0.0.0/255.0.0.0", -EINVAL, 0, NULL },
	{ "10.0.0/8", -EINVAL, 0, NULL },
	{ "010.0.0.1", -EINVAL, 0, NULL },
	{ "256.0.0.1", -EINVAL, 0, NULL },
	{ "fe80::1%eth0", -EINVAL, 0, NULL },
	{ "/8", -EINVAL, 0, NULL },
	{ "localhost", -EINVAL, 0, NULL },
	{ "", -EINVAL, 0, NULL },
	{ "0000:0000:0000:0000:0000:ffff:255.255.255.255:0000:0000", -EINVAL, 0, NULL },
};

static void test_prefixes(void)
{
	char text[CIDR_TEXT];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct nt_cidr c = { .prefix = 4711 };
		int err = cidr_parse(rows[i].text, &c);

		if (err != rows[i].err)
			printf("# row \"%s\"\n", rows[i].text);
		CHECK_EQ(err, rows[i].err);
		CHECK_EQ(c.prefix, rows[i].printed ? rows[i].bits : 4711);
		if (rows[i].printed)
			CHECK_STR(cidr_format(&c, text), rows[i].printed);
	}
}

static void test_ipv4_is_stored_mapped(void)
{
	static const __u8 want[16] = { [10] = 0xff, [11] = 0xff, [12] = 192, [13] = 0, [14] = 2, [15] = 0 };
	struct nt_cidr c;

	CHECK_EQ(cidr_parse("192.0.2.0/24", &c), 0);
	CHECK_EQ(c.prefix, 120);
	CHECK(!memcmp(c.addr, want, sizeof(want)));
}

int main(void)
{
	RUN(test_prefixes);
	RUN(test_ipv4_is_stored_mapped);
	return check_done();
}
