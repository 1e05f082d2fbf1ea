/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config_alloc.c - each allocation of jansson fails once: the configuration
 * is then read as it is, or refused for want of memory; never blamed on the
 * text, and never read with a byte missing.
 */
#include <errno.h>
#include <jansson.h>
#include "check.h"
#include "options_util.h"

static const char text[] =
	"{\"output\": \"kafka:broker1:9092,broker2:9092/ninetap.packets.v1\",\n"
	"\"interfaces\": [\"a-long-glob-name-*\", {\"match\": \"eth*\", \"plane\": \"data\"}],\n"
	"\"filter\": {\"cidr\": [\"2001:db8:1111:2222:3333:4444:5555:0/112\"], \"port\": [80]},\n"
	"\"kafka\": {\"compression.type\": \"lz4\", \"linger.ms\": 1}, \"ring_bytes\": \"8MiB\"}";

static long fail_at;			/* this allocation from now on fails; 0: none */
static bool failed;

static void *failing_malloc(size_t n)
{
	if (!fail_at || --fail_at)
		return malloc(n);
	failed = true;
	errno = ENOMEM;
	return NULL;
}

static void check_reading(const char *want)
{
	struct options o;
	int code = read_config(&o, text);

	fail_at = 0;
	CHECK(code == EX_OSERR || (code == 0 && !caught[0]));
	CHECK(code == 0 || strstr(caught, "out of memory"));
	if (!code) {
		char *is = json_of(&o);

		CHECK_STR(is, want);
		free(is);
	}
	options_free(&o);
}

static void test_each_allocation_fails(void)
{
	struct options o;
	char *want;
	long n = 0;

	CHECK_EQ(read_config(&o, text), 0);
	want = json_of(&o);
	options_free(&o);
	do {
		failed = false;
		fail_at = ++n;
		check_reading(want);
	} while (failed);
	CHECK(n > 100);
	free(want);
}

int main(void)
{
	json_set_alloc_funcs(failing_malloc, free);
	RUN(test_each_allocation_fails);
	return check_done();
}
