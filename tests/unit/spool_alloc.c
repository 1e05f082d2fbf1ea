// SPDX-License-Identifier: Apache-2.0
/*
 * spool_alloc.c - every allocation of the spool fails once: the call then says
 * -ENOMEM, and the same call again does what it should have done; no message
 * and no count is lost by it. Linked with --wrap=malloc,calloc,realloc,reallocarray.
 */
#include "failing_alloc.h"
#include "spool_util.h"

#define MESSAGES 420			/* more than one segment's, and more than 256 in one */
#define ROUNDS 200

/* Tries again what failed for want of memory, once. */
static int again(int err)
{
	CHECK(!err || (err == -ENOMEM && failed));
	return err != 0;
}

static struct spool *open_again(void)
{
	struct spool_settings set = settings(MIB);
	struct spool *s = NULL;

	if (again(spool_open(&s, &set))) {
		CHECK(!s);
		CHECK_EQ(spool_open(&s, &set), 0);
	}
	return s;
}

static void append_all(struct spool *s, uint64_t from, uint64_t to)
{
	for (uint64_t i = from; i <= to; i++) {
		size_t bytes = i % 10 ? 20 : 20000;

		if (again(put(s, i, bytes)))
			CHECK_EQ(put(s, i, bytes), 0);
	}
}

static void read_all(struct spool *s, uint64_t from, uint64_t to, bool ack)
{
	struct spool_msg m;
	uint64_t id;

	for (uint64_t i = from; i <= to; i++) {
		if (again(spool_next(s, &m, &id)))
			CHECK_EQ(spool_next(s, &m, &id), 0);
		CHECK_EQ(m.seq, i);
		CHECK(is_whole(&m, i % 10 ? 20 : 20000));
		if (ack)
			spool_acked(s, id);
	}
}

/* A life of a spool: filled, read, left, found, drained; then overfull. */
static void live(void)
{
	struct spool *s;
	uint64_t before;

	fresh();
	s = open_again();
	append_all(s, 1, MESSAGES);
	read_all(s, 1, MESSAGES, false);
	spool_rewind(s);
	read_all(s, 1, 30, true);
	before = stats(s).held;
	spool_close(s);
	s = open_again();
	CHECK(stats(s).held >= before);
	spool_close(s);
	fresh();
	s = open_again();
	append_all(s, 1, 3 * MESSAGES);	/* the oldest is dropped */
	CHECK(stats(s).lost_full > 0);
	CHECK_EQ(lost.records, stats(s).lost_full);
	CHECK(!lost.unknown || failed);
	spool_poll(s);
	spool_close(s);
}

static void test_each(void)
{
	long n = 1;

	fail_at = failed = 0;
	live();
	do {
		failed = 0;
		fail_at = n;
		live();
	} while (failed && !check_failures && ++n < ROUNDS);
	fail_at = 0;
	CHECK(n > 10 && n < ROUNDS);	/* so many allocations, and none left untried */
}

static void tests(void)
{
	RUN(test_wrapped);
	RUN(test_each);
}

int main(void)
{
	return spool_main(tests);
}
