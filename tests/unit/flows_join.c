// SPDX-License-Identifier: Apache-2.0
/*
 * flows_join.c - join.c and due.c by themselves: parts that are joined are what
 * the slow count of all their events is, wherever they are cut; short keys say
 * what the long ones of the same flow do; times at the end of time.
 */
#include "flow/due.h"
#include "flow/join.h"
#include "unit/flows_events.h"

#define EVENTS 40

static struct nt_flow part_of(const struct event *e, size_t n, uint64_t generation)
{
	struct nt_flow f = fresh_entry(e, generation, 1);

	for (size_t i = 0; i < n; i++)
		program_counts(&f, &e[i]);
	return f;
}

static void test_parts_are_the_whole(void)
{
	struct event e[EVENTS];
	uint64_t seed = 11;

	for (int round = 0; round < 2000; round++) {
		size_t n = 1 + dice(&seed, EVENTS), cut = 0;
		struct nt_flow slow = { .generation = 1, .entry = 1 }, joined = { 0 };

		uint64_t ts_ns = SEC;

		for (size_t i = 0; i < n; i++) {
			e[i] = event_of(&seed, 1, 1, ts_ns += dice(&seed, 3000000));
			slow_event(&slow, &e[i]);
		}
		for (uint64_t generation = 1; cut < n; generation++) {
			size_t some = 1 + dice(&seed, (uint32_t)(n - cut));
			struct nt_flow part = part_of(e + cut, some, generation);

			if (cut)
				flow_join(&joined, &part);
			else
				joined = part;
			cut += some;
		}
		CHECK(same_counts(slow, joined));
	}
}

/* Two packets, an hour apart: more microseconds than 32 bits hold. */
static void test_a_gap_without_end(void)
{
	struct event e[2] = { { .ts_ns = SEC, .packets = 1, .bytes = 60 }, { .ts_ns = SEC + 5000 * SEC, .packets = 1, .bytes = 60 } };
	struct nt_flow a = part_of(&e[0], 1, 1), b = part_of(&e[1], 1, 2);

	flow_join(&a, &b);
	CHECK_EQ(a.iat_us_max, UINT32_MAX);
	CHECK_EQ(a.iat_us_min, UINT32_MAX);
	CHECK_EQ(a.iat_us_sum, 5000000000);
}

/* In order of arrival, not of time: no time between packets is below 0. */
static void test_times_that_go_back(void)
{
	struct event e[2] = { { .ts_ns = 2 * SEC, .packets = 1, .bytes = 60 }, { .ts_ns = SEC, .packets = 1, .bytes = 60 } };
	struct nt_flow a = part_of(&e[0], 1, 1), b = part_of(&e[1], 1, 2);

	flow_join(&a, &b);
	CHECK_EQ(a.iat_us_max, 0);
	CHECK_EQ(a.iat_us_sum, 0);
	CHECK_EQ(a.first_ns, SEC);
	CHECK_EQ(a.last_ns, 2 * SEC);
	CHECK_EQ(a.generation, 1);
}

static void test_short_keys(void)
{
	for (uint32_t number = 0; number < 20; number++) {
		struct nt_flow_key4 narrow = key4_of(number, 3);
		struct nt_flow_key wide = key_of(number, 3), out;

		if (LONG_KEY(number))
			continue;
		memset(&out, 0xff, sizeof(out));
		if (!narrow.head.tunnels)
			narrow.layer[1].id = 77;	/* a layer that is not used says nothing */
		flow_key_long(&out, &narrow);
		CHECK(!memcmp(&out, &wide, sizeof(out)));
	}
}

static void test_the_end_of_time(void)
{
	struct due_rules r = { .active_ns = 60 * SEC, .idle_ns = 15 * SEC };
	struct nt_flow_head head = { .mode = NT_MODE_FLOW };
	struct nt_flow f = { .first_ns = UINT64_MAX - 5, .last_ns = UINT64_MAX - 5 };

	CHECK(due_ns(&r, &head, &f) == UINT64_MAX - 1);
	CHECK_EQ(due_reason(&r, &head, &f, UINT64_MAX - 5, false), FLOW_SHUTDOWN);
}

int main(void)
{
	RUN(test_parts_are_the_whole);
	RUN(test_a_gap_without_end);
	RUN(test_times_that_go_back);
	RUN(test_short_keys);
	RUN(test_the_end_of_time);
	return check_done();
}
