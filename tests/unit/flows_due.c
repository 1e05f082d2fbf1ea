// SPDX-License-Identifier: Apache-2.0
/*
 * flows_due.c - flows.c over a fake kernel: when a flow is due and why, what
 * is held, slots that are full or damaged, sets that are not to be read.
 */
#include "unit/flows_fake.h"

static struct flows *f;

static void set_up(void)
{
	struct flows_settings s;

	memset(&fake, 0, sizeof(fake));
	world = world_new();
	s = fake_settings();
	CHECK_EQ(flows_open(&f, &s), 0);
}

static void tear_down(void)
{
	flows_close(f);
	f = NULL;
	CHECK_EQ(fake.unsettled, 0);
	munmap(world, sizeof(*world));
}

static void again(void)
{
	struct flows_settings s = fake_settings();

	flows_close(f);
	CHECK_EQ(flows_open(&f, &s), 0);
}

/* Key 0 is a short one in mode flow, 1 counted by overload, 2 a long one. */
static void packet_of(uint32_t cpu, uint32_t key, uint64_t ts_ns, uint16_t flags)
{
	struct event e = { .cpu = cpu, .key = key, .ts_ns = ts_ns, .packets = 1, .bytes = 100, .payload = 46, .win = 9, .flags = flags };

	CHECK(fake_event(&e));
}

static void collect(uint64_t now_ns)
{
	CHECK_EQ(flows_collect(f, now_ns), 0);
}

/* The next due flow of CPU 0, or FLOW_INVALID. */
static enum flow_reason next_reason(uint64_t now_ns)
{
	struct flow out;
	uint32_t slot;

	if (!flows_next_due(f, 0, now_ns, &out, &slot))
		return FLOW_INVALID;
	flows_done(f, slot);
	return out.reason;
}

static void test_idle(void)
{
	set_up();
	packet_of(0, 0, 10 * SEC, 0x10);
	collect(11 * SEC);
	CHECK_EQ(next_reason(25 * SEC - 1), FLOW_INVALID);
	CHECK_EQ(next_reason(26 * SEC), FLOW_IDLE);
	CHECK_EQ(next_reason(27 * SEC), FLOW_INVALID);
	tear_down();
}

static void test_idle_begins_with_the_last_packet(void)
{
	set_up();
	packet_of(0, 0, 10 * SEC, 0x10);
	collect(11 * SEC);
	packet_of(0, 0, 20 * SEC, 0x10);
	collect(21 * SEC);
	CHECK_EQ(next_reason(34 * SEC), FLOW_INVALID);
	CHECK_EQ(next_reason(35 * SEC), FLOW_IDLE);
	tear_down();
}

static void test_active(void)
{
	set_up();
	for (uint64_t s = 10; s < 70; s++) {
		packet_of(0, 0, s * SEC, 0x10);
		collect(s * SEC + 1);
		CHECK_EQ(next_reason(s * SEC + 1), FLOW_INVALID);
	}
	packet_of(0, 0, 70 * SEC, 0x10);
	collect(70 * SEC);
	CHECK_EQ(next_reason(70 * SEC), FLOW_ACTIVE);
	tear_down();
}

static void test_end_waits_for_late_packets(void)
{
	static const uint16_t flags[] = { 0x01, 0x04 };

	for (int i = 0; i < 2; i++) {
		set_up();
		packet_of(0, 0, 10 * SEC, flags[i]);
		collect(10 * SEC);
		CHECK_EQ(next_reason(11 * SEC - 1), FLOW_INVALID);
		packet_of(0, 0, 10 * SEC + SEC / 2, 0x10);
		collect(11 * SEC);
		CHECK_EQ(next_reason(11 * SEC), FLOW_INVALID);
		collect(11 * SEC + SEC / 2);
		CHECK_EQ(next_reason(11 * SEC + SEC / 2), FLOW_END);
		tear_down();
	}
}

static void test_syn_is_no_end(void)
{
	set_up();
	packet_of(0, 0, 10 * SEC, 0x1ff & ~5);
	collect(10 * SEC);
	CHECK_EQ(next_reason(12 * SEC), FLOW_INVALID);
	tear_down();
}

static void test_overload_is_told_soon(void)
{
	set_up();
	packet_of(0, 1, 10 * SEC, 0x01);
	collect(10 * SEC);
	packet_of(0, 1, 10 * SEC + SEC / 2, 0x10);
	CHECK_EQ(next_reason(11 * SEC - 1), FLOW_INVALID);
	collect(11 * SEC);
	CHECK_EQ(next_reason(11 * SEC), FLOW_OVERLOAD);
	packet_of(0, 1, 12 * SEC, 0x10);
	collect(12 * SEC);
	flows_shutdown(f);
	CHECK_EQ(next_reason(12 * SEC), FLOW_OVERLOAD);
	tear_down();
}

static void test_window_that_is_over(void)
{
	set_up();
	world->control.utc_offset_ns = 100 * (int64_t)SEC;
	packet_of(0, 0, 199 * SEC, 0x10);
	collect(200 * SEC - 1);
	CHECK_EQ(next_reason(200 * SEC - 1), FLOW_INVALID);
	packet_of(0, 0, 200 * SEC, 0x10);
	collect(200 * SEC);
	CHECK_EQ(next_reason(200 * SEC), FLOW_ACTIVE);
	CHECK_EQ(next_reason(202 * SEC), FLOW_INVALID);
	CHECK_EQ(flows_slots_used(f), 1);
	tear_down();
}

/* Its packet came while the sets were swapped, after now was asked for. */
static void test_window_to_come(void)
{
	set_up();
	packet_of(0, 0, 300 * SEC, 0x10);
	collect(300 * SEC - 1);
	CHECK_EQ(next_reason(300 * SEC - 1), FLOW_INVALID);
	CHECK_EQ(next_reason(302 * SEC), FLOW_INVALID);
	tear_down();
}

static void test_utc_before_monotonic(void)
{
	set_up();
	world->control.utc_offset_ns = -100 * (int64_t)SEC;
	packet_of(0, 0, 399 * SEC, 0x10);
	collect(399 * SEC);
	CHECK_EQ(next_reason(399 * SEC), FLOW_INVALID);
	CHECK_EQ(next_reason(401 * SEC), FLOW_ACTIVE);
	tear_down();
}

static void test_shutdown(void)
{
	set_up();
	packet_of(0, 0, 10 * SEC, 0x10);
	packet_of(0, 2, 10 * SEC, 0x01);
	collect(10 * SEC);
	CHECK_EQ(next_reason(11 * SEC), FLOW_END);
	flows_shutdown(f);
	CHECK_EQ(next_reason(11 * SEC), FLOW_SHUTDOWN);
	packet_of(0, 0, 11 * SEC, 0x10);
	collect(11 * SEC);
	CHECK_EQ(next_reason(11 * SEC), FLOW_SHUTDOWN);
	CHECK_EQ(flows_slots_used(f), 0);
	tear_down();
}

static void test_each_cpu_its_own(void)
{
	struct flow out;
	uint32_t slot;

	set_up();
	packet_of(0, 0, 10 * SEC, 0x10);
	packet_of(1, 0, 10 * SEC, 0x10);
	collect(10 * SEC);
	flows_shutdown(f);
	CHECK(flows_next_due(f, 1, 10 * SEC, &out, &slot));
	CHECK_EQ(out.cpu, 1);
	CHECK_EQ(out.counted.sum.packets, 1);
	CHECK(!flows_next_due(f, 1, 10 * SEC, &out, &slot));
	CHECK(!flows_next_due(f, FAKE_CPUS, 10 * SEC, &out, &slot));
	CHECK(flows_next_due(f, 0, 10 * SEC, &out, &slot));
	CHECK_EQ(out.cpu, 0);
	tear_down();
}

static void test_due_is_frozen(void)
{
	struct flow one, two;
	uint32_t slot, other;

	set_up();
	packet_of(0, 0, 10 * SEC, 0x10);
	collect(10 * SEC);
	CHECK(flows_next_due(f, 0, 25 * SEC, &one, &slot));
	packet_of(0, 0, 25 * SEC, 0x10);
	collect(26 * SEC);
	flows_again(f, slot);
	flows_again(f, slot);
	CHECK(flows_next_due(f, 0, 26 * SEC, &two, &other));
	CHECK_EQ(slot, other);
	CHECK(!memcmp(&one, &two, sizeof(one)));
	CHECK(!flows_next_due(f, 0, 26 * SEC, &two, &other));
	flows_done(f, slot);
	flows_done(f, slot);
	flows_done(f, FAKE_SLOTS);
	CHECK_EQ(flows_slots_used(f), 1);
	CHECK(flows_next_due(f, 0, 41 * SEC, &two, &other));
	CHECK_EQ(two.counted.sum.packets, 1);
	CHECK(one.counted.generation != two.counted.generation);
	tear_down();
}

static void test_handed_out_again_by_the_next_process(void)
{
	struct flow one, two;
	uint32_t slot;

	set_up();
	packet_of(0, 0, 10 * SEC, 0x10);
	collect(10 * SEC);
	CHECK(flows_next_due(f, 0, 25 * SEC, &one, &slot));
	again();
	CHECK_EQ(flows_slots_used(f), 1);
	CHECK(flows_next_due(f, 0, 25 * SEC, &two, &slot));
	CHECK(!memcmp(&one, &two, sizeof(one)));
	tear_down();
}

static void test_open_ones_go_on_in_the_next_process(void)
{
	struct flow out;
	uint32_t slot;

	set_up();
	packet_of(0, 0, 10 * SEC, 0x10);
	collect(10 * SEC);
	again();
	CHECK(!flows_next_due(f, 0, 30 * SEC, &out, &slot));	/* not before the retired set was looked through */
	packet_of(0, 0, 11 * SEC, 0x10);
	collect(12 * SEC);
	CHECK_EQ(flows_slots_used(f), 1);
	CHECK(flows_next_due(f, 0, 26 * SEC, &out, &slot));
	CHECK_EQ(out.counted.sum.packets, 2);
	CHECK_EQ(out.counted.iat_us_sum, 1000000);
	tear_down();
}

static void check_held(uint32_t cpu, int overflow, uint64_t events, uint64_t packets, uint64_t bytes)
{
	struct nt_tally held[2];

	flows_held(f, cpu, held);
	CHECK_EQ(held[overflow].events, events);
	CHECK_EQ(held[overflow].packets, packets);
	CHECK_EQ(held[overflow].bytes, bytes);
}

static void test_held(void)
{
	struct event e = { .cpu = 1, .key = 0, .ts_ns = 10 * SEC, .packets = 3, .bytes = 300 };
	struct flow out;
	uint32_t slot;

	set_up();
	CHECK(fake_event(&e));
	packet_of(1, 1, 10 * SEC, 0x10);
	packet_of(1, 5, 10 * SEC, 0x10);
	check_held(1, 0, 0, 0, 0);
	collect(10 * SEC);
	CHECK(fake_event(&e));
	collect(10 * SEC);
	again();
	collect(10 * SEC);
	check_held(1, 0, 2, 6, 600);
	check_held(1, 1, 2, 2, 200);
	check_held(0, 0, 0, 0, 0);
	CHECK_EQ(flows_slots_used(f), 3);
	flows_shutdown(f);
	CHECK(flows_next_due(f, 1, 10 * SEC, &out, &slot));
	check_held(1, 0, 2, 6, 600);
	flows_done(f, slot);
	check_held(1, 0, 0, 0, 0);
	check_held(1, 1, 2, 2, 200);
	CHECK_EQ(fake_deliver(f, 10 * SEC), 2);
	check_held(1, 1, 0, 0, 0);
	CHECK_EQ(flows_slots_used(f), 0);
	tear_down();
}

int main(void)
{
	RUN(test_idle);
	RUN(test_idle_begins_with_the_last_packet);
	RUN(test_active);
	RUN(test_end_waits_for_late_packets);
	RUN(test_syn_is_no_end);
	RUN(test_overload_is_told_soon);
	RUN(test_window_that_is_over);
	RUN(test_window_to_come);
	RUN(test_utc_before_monotonic);
	RUN(test_shutdown);
	RUN(test_each_cpu_its_own);
	RUN(test_due_is_frozen);
	RUN(test_handed_out_again_by_the_next_process);
	RUN(test_open_ones_go_on_in_the_next_process);
	RUN(test_held);
	return check_done();
}
