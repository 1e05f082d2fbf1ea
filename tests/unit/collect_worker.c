// SPDX-License-Identifier: Apache-2.0
/*
 * collect_worker.c - when worker.c waits, and clock.c.
 */
#include <stdlib.h>
#include <time.h>
#include "base/clock.h"
#include "collect/worker.h"
#include "unit/check.h"

static void test_no_wait_with_a_ring_behind(void)
{
	CHECK_EQ(worker_wait_ms(WORKER_TURN_RECORDS, 5, 100, 0), 0);
	CHECK_EQ(worker_wait_ms(WORKER_TURN_RECORDS - 1, 5, 100, 0), 1);
	CHECK_EQ(worker_wait_ms(0, 1, 100, 1), 10);
	CHECK_EQ(worker_wait_ms(0, 50, 100, WORKER_QUIET_TURNS - 1), 10);
	CHECK_EQ(worker_wait_ms(0, 10, 100, WORKER_QUIET_TURNS), 50);
}

/* The same rate of records again: the ring fills by its part meanwhile. */
static void test_wait_until_a_part_of_the_ring(void)
{
	CHECK_EQ(worker_wait_ms(500, 1, 2427, 0), 4);
	CHECK_EQ(worker_wait_ms(2000, 4, 2427, 0), 4);
	CHECK_EQ(worker_wait_ms(1, 1, 2427, 0), 10);
	CHECK_EQ(worker_wait_ms(3000, 1, 2427, 0), 1);
	CHECK_EQ(worker_wait_ms(100, 0, 300, 0), 3);	/* after a turn without a wait */
	CHECK_EQ(worker_wait_ms(200, 10, 18, 0), 1);	/* the smallest ring */
}

/* The offset leads from one clock to the other, within its own error and a scheduling hiccup. */
static void test_the_clock_offset(void)
{
	struct clock_offset c;
	struct timespec t;
	int64_t now, utc;

	clock_measure(&c);
	now = clock_monotonic_ns();
	clock_gettime(CLOCK_REALTIME, &t);
	utc = (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
	CHECK(llabs(now + c.offset_ns - utc) < 50000000);
	CHECK(c.error_ns >= 0 && c.error_ns < 50000000);
	c.offset_ns = 0;
	clock_refresh(&c, c.measured_ns + 1);
	CHECK_EQ(c.offset_ns, 0);
	clock_refresh(&c, c.measured_ns + 200000000);
	CHECK(c.offset_ns != 0);
}

int main(void)
{
	RUN(test_no_wait_with_a_ring_behind);
	RUN(test_wait_until_a_part_of_the_ring);
	RUN(test_the_clock_offset);
	return check_done();
}
