// SPDX-License-Identifier: Apache-2.0
/*
 * spool_age.c - messages that become too old, by a time of day that the test
 * sets (clock_gettime(2) is interposed here).
 */
#include <sys/syscall.h>
#include <time.h>
#include "spool_util.h"

static int64_t skew_s;			/* the time of day is so far ahead */

int clock_gettime(clockid_t id, struct timespec *t)
{
	int err = (int)syscall(SYS_clock_gettime, id, t);

	if (id == CLOCK_REALTIME)
		t->tv_sec += skew_s;
	return err;
}

static uint64_t records(uint64_t from, uint64_t to)
{
	uint64_t n = 0;

	for (uint64_t i = from; i <= to; i++)
		n += 1 + i % 4;
	return n;
}

static void test_age(void)
{
	struct spool_settings set;
	struct spool *s = NULL;

	fresh();
	s = open_spool(16 * MIB);
	put_all(s, 1, 300, 3000);
	spool_close(s);
	set = settings(16 * MIB);
	set.age_ns = 3600 * SEC_NS;
	CHECK_EQ(spool_open(&s, &set), 0);
	spool_poll(s);
	CHECK_EQ(stats(s).held, records(1, 300));
	spool_close(s);
	set.age_ns = 1;
	CHECK_EQ(spool_open(&s, &set), 0);
	spool_poll(s);
	CHECK_EQ(stats(s).lost_age, records(1, 300));
	CHECK_EQ(lost.records, records(1, 300));
	CHECK_STR(lost.reason, "age");
	CHECK_EQ(files_in(dir), 0);
	expect_end(s);
	put_all(s, 301, 301, 10);
	spool_poll(s);
	CHECK_EQ(stats(s).lost_age, records(1, 301));
	spool_close(s);
}

static struct spool *open_aged(uint64_t age_s)
{
	struct spool_settings set = settings(16 * MIB);
	struct spool *s = NULL;

	set.age_ns = age_s * SEC_NS;
	CHECK_EQ(spool_open(&s, &set), 0);
	return s;
}

/* A segment spans a sixteenth of the bound, so that no message waits long for its neighbours. */
static void test_parts(void)
{
	struct spool *s;

	fresh();
	s = open_aged(16000);
	put_all(s, 1, 1, 10);
	skew_s = 900;
	put_all(s, 2, 2, 10);
	CHECK_EQ(files_in(dir), 1);
	skew_s = 1100;
	put_all(s, 3, 3, 10);
	CHECK_EQ(files_in(dir), 2);
	skew_s = 16500;
	spool_poll(s);			/* message 2 is not old enough yet */
	CHECK_EQ(stats(s).lost_age, 0);
	skew_s = 17000;
	spool_poll(s);
	CHECK_EQ(stats(s).lost_age, records(1, 2));
	expect(s, 3, 3, 10, NULL);
	skew_s = 17200;
	spool_poll(s);
	CHECK_EQ(stats(s).lost_age, records(1, 3));
	expect_end(s);
	skew_s = 0;
	spool_close(s);
}

/* The same after a restart, and nothing goes when the time of day was set back. */
static void test_restart(void)
{
	struct spool *s;

	fresh();
	s = open_aged(16000);
	put_all(s, 1, 2, 10);
	skew_s = 1100;
	put_all(s, 3, 3, 10);
	spool_close(s);
	skew_s = -100000;
	s = open_aged(16000);
	spool_poll(s);
	CHECK_EQ(stats(s).held, records(1, 3));
	spool_close(s);
	skew_s = 16500;
	s = open_aged(16000);
	spool_poll(s);
	CHECK_EQ(stats(s).lost_age, records(1, 2));
	CHECK_EQ(lost.records, records(1, 2));
	expect(s, 3, 3, 10, NULL);
	skew_s = 0;
	spool_close(s);
}

static void tests(void)
{
	RUN(test_age);
	RUN(test_parts);
	RUN(test_restart);
}

int main(void)
{
	return spool_main(tests);
}
