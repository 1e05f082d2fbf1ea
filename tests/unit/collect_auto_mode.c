// SPDX-License-Identifier: Apache-2.0
/*
 * collect_auto_mode.c - when mode auto goes up and down, and that it does not
 * swing; and the outbox, whose parcels are neither lost nor doubled.
 */
#include "collect/auto_mode.h"
#include "collect/outbox.h"
#include "unit/check.h"

static const struct auto_load calm = { .events = 1000 };
static const struct auto_load busy = { .events = 100000, .overflow = 5, .ring_percent = 100 };

/* Seconds of this load until the sample is another one; 0: not in a thousand. */
static int until_change(struct auto_mode *m, const struct auto_load *l)
{
	for (int i = 1; i <= 1000; i++)
		if (auto_mode_step(m, l))
			return i;
	return 0;
}

static void test_it_goes_up_at_once(void)
{
	struct auto_mode m = { 0 };

	CHECK(!auto_mode_step(&m, &calm));
	CHECK_STR(auto_mode_step(&m, &busy), "ring");
	CHECK_EQ(m.sample, 1);
}

static void test_a_fill_is_enough_and_a_sink_is_named(void)
{
	struct auto_mode m = { 0 };

	CHECK(!auto_mode_step(&m, &(struct auto_load){ .ring_percent = 74 }));
	CHECK_STR(auto_mode_step(&m, &(struct auto_load){ .ring_percent = 75, .sink_behind = true }), "sink");
}

static void test_it_comes_back_after_a_calm(void)
{
	struct auto_mode m = { 0 };

	auto_mode_step(&m, &busy);
	CHECK_EQ(until_change(&m, &calm), 5);
	CHECK_EQ(m.sample, 0);
}

/* As many packets as before would fill the ring again: only a long calm is worth a try. */
static void test_the_same_rate_is_no_calm(void)
{
	const struct auto_load same = { .events = 90000 };
	struct auto_mode m = { 0 };

	auto_mode_step(&m, &busy);
	CHECK_EQ(until_change(&m, &same), 300);
}

static void test_a_sink_that_is_behind_keeps_it_up(void)
{
	const struct auto_load behind = { .events = 10, .sink_behind = true };
	struct auto_mode m = { 0 };

	auto_mode_step(&m, &busy);
	CHECK_EQ(until_change(&m, &behind), 0);
}

static void test_each_relapse_doubles_the_wait(void)
{
	struct auto_mode m = { 0 };

	auto_mode_step(&m, &busy);
	CHECK_EQ(until_change(&m, &calm), 5);
	auto_mode_step(&m, &busy);
	CHECK_EQ(until_change(&m, &calm), 10);
	auto_mode_step(&m, &busy);
	CHECK_EQ(until_change(&m, &calm), 20);
	for (int i = 0; i < 100; i++)
		auto_mode_step(&m, &calm);
	auto_mode_step(&m, &busy);
	CHECK_EQ(until_change(&m, &calm), 5);
}

static void test_full_tables_are_sampled_and_it_steps_down(void)
{
	const struct auto_load full = { .events = 100000, .flows_full = 1 };
	struct auto_mode m = { 0 };

	auto_mode_step(&m, &busy);
	CHECK_STR(auto_mode_step(&m, &full), "flows");
	CHECK_EQ(m.sample, 2);
	for (int i = 0; i < 20; i++)
		auto_mode_step(&m, &full);
	CHECK_EQ(m.sample, AUTO_SAMPLE_MAX);
	CHECK(until_change(&m, &calm) > 0);
	CHECK_EQ(m.sample, AUTO_SAMPLE_MAX / 2);
}

static void test_an_outbox_hands_parcels_round(void)
{
	struct outbox *o;
	struct parcel *a, *b;

	CHECK_EQ(outbox_open(&o, 2, 8), 0);
	a = outbox_empty(o);
	b = outbox_empty(o);
	CHECK(a && b && a != b && a->slots != b->slots);
	CHECK(!outbox_empty(o));
	outbox_send(a);
	outbox_send(b);
	CHECK(outbox_next(o) == a);
	outbox_put_back(o, a);
	CHECK(outbox_next(o) == a);
	CHECK(outbox_next(o) == b);
	CHECK(!outbox_next(o));
	CHECK(!outbox_returned(o));
	outbox_return(b);
	CHECK(outbox_returned(o) == b);
	outbox_keep(b);
	CHECK(outbox_empty(o) == b);
	outbox_return(a);
	outbox_return(b);
	CHECK(outbox_returned(o) == a);
	CHECK(outbox_returned(o) == b);
	outbox_close(o);
}

int main(void)
{
	RUN(test_it_goes_up_at_once);
	RUN(test_a_fill_is_enough_and_a_sink_is_named);
	RUN(test_it_comes_back_after_a_calm);
	RUN(test_the_same_rate_is_no_calm);
	RUN(test_a_sink_that_is_behind_keeps_it_up);
	RUN(test_each_relapse_doubles_the_wait);
	RUN(test_full_tables_are_sampled_and_it_steps_down);
	RUN(test_an_outbox_hands_parcels_round);
	return check_done();
}
