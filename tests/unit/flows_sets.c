// SPDX-License-Identifier: Apache-2.0
/*
 * flows_sets.c - flows.c over a fake kernel where something is missing or
 * fails: slots, tables, batches, calls; and slots that are not ours. Nothing is
 * counted twice or lost by it.
 */
#include "unit/flows_fake.h"

static struct flows *f;
static uint64_t seed;

static void set_up(void)
{
	struct flows_settings s;

	memset(&fake, 0, sizeof(fake));
	seed = 4;
	world = world_new();
	s = fake_settings();
	CHECK_EQ(flows_open(&f, &s), 0);
}

static void events(uint32_t n, uint32_t keys, uint64_t now_ns)
{
	for (uint32_t i = 0; i < n; i++) {
		struct event e = event_of(&seed, FAKE_CPUS, keys, now_ns + i * 1000);

		CHECK(fake_event(&e));
	}
}

/* All that came must be on the wire. */
static void finish(uint64_t now_ns)
{
	flows_shutdown(f);
	for (int left = 1, rounds = 0; left > 0 && rounds < 100; rounds++) {
		left = flows_collect(f, now_ns);
		CHECK(left >= 0);
		fake_deliver(f, now_ns);
	}
	CHECK_EQ(flows_slots_used(f), 0);
	CHECK_EQ(fake.unsettled, 0);
	check_records(world->wire, world->wired, world->event, world->events);
	flows_close(f);
	munmap(world, sizeof(*world));
}

static void test_random_rounds(void)
{
	set_up();
	for (uint64_t s = 10; s < 20; s++) {
		events(50, 8, s * SEC);
		CHECK_EQ(flows_collect(f, s * SEC), 0);
		fake_deliver(f, s * SEC);
	}
	finish(20 * SEC);
}

/* 60 flows, 16 slots: what has none waits, in a set that is not used again before it is empty. */
static void test_slots_are_full(void)
{
	uint64_t generation;

	set_up();
	events(200, 30, 10 * SEC);
	CHECK_EQ(flows_collect(f, 10 * SEC), 1);
	CHECK_EQ(flows_slots_used(f), FAKE_SLOTS);
	generation = world->control.generation;
	events(50, 30, 11 * SEC);
	CHECK_EQ(flows_collect(f, 11 * SEC), 1);
	CHECK_EQ(world->control.generation, generation);
	CHECK(fake_deliver(f, 12 * SEC) > 0);			/* there are some of overload */
	CHECK_EQ(flows_collect(f, 12 * SEC), 1);
	CHECK_EQ(flows_slots_used(f), FAKE_SLOTS);
	finish(13 * SEC);
}

static void test_no_slots_at_all(void)
{
	struct flows_settings s;

	set_up();
	flows_close(f);
	s = fake_settings();
	s.slots_n = 0;
	CHECK_EQ(flows_open(&f, &s), 0);
	events(4, 4, 10 * SEC);
	CHECK_EQ(flows_collect(f, 10 * SEC), 1);
	CHECK_EQ(fake_deliver(f, 100 * SEC), 0);
	flows_close(f);
	s = fake_settings();
	CHECK_EQ(flows_open(&f, &s), 0);
	finish(11 * SEC);
}

static void test_no_tables_on_some_cpus(void)
{
	int none[FAKE_CPUS * 2] = { -1, -1, 0, 0 }, wide[FAKE_CPUS * 2] = { -1, -1, -1, -1 };
	struct event e = { .cpu = 1, .key = 0, .ts_ns = 10 * SEC, .packets = 1, .bytes = 60, .win = 1 };
	struct flows_settings s;

	set_up();
	flows_close(f);
	s = fake_settings();
	none[2] = s.short_fds[2];
	none[3] = s.short_fds[3];
	s.short_fds = none;
	s.long_fds = wide;
	CHECK_EQ(flows_open(&f, &s), 0);
	CHECK(fake_event(&e));
	fake.reads = 0;
	CHECK_EQ(flows_collect(f, 10 * SEC), 0);
	CHECK_EQ(flows_slots_used(f), 1);
	finish(11 * SEC);
}

static void test_programs_that_cannot_be_waited_for(void)
{
	set_up();
	fake.sync_error = -EPERM;
	events(20, 4, 10 * SEC);
	CHECK_EQ(flows_collect(f, 10 * SEC), -EPERM);
	CHECK_EQ(world->control.generation, 1);			/* the retired set is not known to be quiet: no swap */
	CHECK_EQ(fake.reads, 0);
	fake.sync_error = 0;
	CHECK_EQ(flows_collect(f, 11 * SEC), 0);
	CHECK_EQ(world->control.generation, 2);
	fake.sync_error = -EPERM;
	fake.reads = 0;
	events(20, 4, 11 * SEC);
	CHECK_EQ(flows_collect(f, 11 * SEC), -EPERM);
	CHECK_EQ(world->control.generation, 3);
	CHECK_EQ(flows_collect(f, 11 * SEC), -EPERM);
	CHECK_EQ(world->control.generation, 3);
	CHECK_EQ(fake.reads, 0);
	fake.sync_error = 0;
	events(20, 4, 12 * SEC);
	finish(12 * SEC);
}

/* An entry that says it is of the next set would hide that of the next set. */
static void test_entry_of_a_wrong_generation(void)
{
	struct event e = { .key = 0, .ts_ns = 10 * SEC, .packets = 1, .bytes = 60, .win = 1 };

	set_up();
	CHECK(fake_event(&e));
	for (uint32_t i = 0; i < FAKE_ENTRIES; i++)
		world->table[1][i].counted.generation++;
	CHECK_EQ(flows_collect(f, 10 * SEC), 0);
	CHECK(fake_event(&e));
	finish(11 * SEC);
}

/* Each call into the kernel fails once, at every place. */
static void fail_each_call(int no_batches)
{
	int errors = 0;

	for (int at = 1; at < 400; at++) {
		set_up();
		fake.no_batches = no_batches;
		events(40, 6, 10 * SEC);
		CHECK_EQ(flows_collect(f, 10 * SEC), 0);
		events(40, 6, 11 * SEC);
		fake.fails_at = at;
		fake.error = -EFAULT;
		if (flows_collect(f, 11 * SEC)) {
			errors++;
			fake_deliver(f, 100 * SEC);
		}
		fake.fails_at = 0;
		finish(11 * SEC);
	}
	CHECK(errors > 10);
}

static void test_failing_calls(void)
{
	fail_each_call(0);
}

static void test_failing_calls_one_by_one(void)
{
	fail_each_call(524);
}

static void test_kernel_without_batches(void)
{
	static const int says[] = { 524, EINVAL, EOPNOTSUPP };

	for (int i = 0; i < 3; i++) {
		set_up();
		fake.no_batches = says[i];
		events(100, 10, 10 * SEC);
		CHECK_EQ(flows_collect(f, 10 * SEC), 1);
		fake_deliver(f, 12 * SEC);
		events(100, 10, 12 * SEC);
		finish(13 * SEC);
	}
}

static void test_a_full_bucket(void)
{
	set_up();
	fake.bucket = 5000;
	events(100, 7, 10 * SEC);
	finish(10 * SEC);
	set_up();
	fake.bucket = 5000;
	fake.fails_at = 1;
	fake.error = -EBADF;
	CHECK_EQ(flows_collect(f, 10 * SEC), -EBADF);
	finish(10 * SEC);
}

/* A word of the first slot that a process before would not have left there. */
static void refuse(uint64_t clear, uint64_t set, uint32_t word)
{
	struct flows_settings s = fake_settings();
	struct flows *other = NULL;
	uint64_t whole = world->slots[0].words[word];

	CHECK_EQ(flows_open(&other, &s), 0);
	flows_close(other);
	world->slots[0].words[word] = (whole & ~clear) | set;
	CHECK_EQ(flows_open(&other, &s), -EPROTO);
	world->slots[0].words[word] = whole;
}

static void test_slots_of_another_layout(void)
{
	set_up();
	events(1, 1, 10 * SEC);
	CHECK_EQ(flows_collect(f, 10 * SEC), 0);
	refuse(0, 1ULL << 63, 0);				/* not "NTFL" */
	refuse(0xffULL << 24, 1ULL << 24, 0);			/* of another version */
	refuse(0xff, 3, 0);					/* neither open nor due */
	refuse(0xff, 0, 0);					/* free, but said with a word */
	refuse(0xff00, 0x200, 0);				/* neither part is whole */
	refuse(0, 0x10000, 0);					/* open, for a reason */
	refuse(0xff, 2, 0);					/* due, for none */
	refuse(0xff00ff, 0x7f0002, 0);				/* due, for an unknown one */
	refuse(0xffffffff, FAKE_CPUS, 1);			/* a CPU that cannot be */
	refuse(0, 0xffULL << 48, 3);				/* more tunnels than there are; struct nt_flow_head */
	refuse(0, 0xffULL << 56, 3);				/* no mode */
	finish(10 * SEC);
}

static void test_garbage(void)
{
	struct flows_settings s;
	struct flows *other;

	set_up();
	memset(world->slots, 0xa5, sizeof(world->slots));
	s = fake_settings();
	CHECK_EQ(flows_open(&other, &s), -EPROTO);
	for (uint32_t i = 0; i < FAKE_SLOTS; i++)
		world->slots[i].words[0] = 0;			/* free, whatever the rest is */
	CHECK_EQ(flows_open(&other, &s), 0);
	flows_close(other);
	events(200, 8, 10 * SEC);
	finish(10 * SEC);
}

int main(void)
{
	RUN(test_random_rounds);
	RUN(test_slots_are_full);
	RUN(test_no_slots_at_all);
	RUN(test_no_tables_on_some_cpus);
	RUN(test_programs_that_cannot_be_waited_for);
	RUN(test_entry_of_a_wrong_generation);
	RUN(test_failing_calls);
	RUN(test_failing_calls_one_by_one);
	RUN(test_kernel_without_batches);
	RUN(test_a_full_bucket);
	RUN(test_slots_of_another_layout);
	RUN(test_garbage);
	return check_done();
}
