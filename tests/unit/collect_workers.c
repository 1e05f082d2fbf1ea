// SPDX-License-Identifier: Apache-2.0
/*
 * collect_workers.c - several workers over rings in memory, in front of a sink
 * that takes and reports when it likes: each record once, of each CPU in
 * order, and the end of a run whatever the sink does.
 */
#include <poll.h>
#include "collect/worker.h"
#include "unit/workers_world.h"

static void test_each_record_once_and_in_order(void)
{
	struct world w;

	open_world(&w, 0);
	start(&w);
	CHECK(write_rings(&w, 20000));
	end(&w, false, true);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		CHECK_EQ(fake.records[cpu], w.wanted[cpu]);
		CHECK_EQ(outcome(&w, cpu)->safe.events, w.wanted[cpu]);
		CHECK_EQ(outcome(&w, cpu)->safe.packets, 2 * w.wanted[cpu]);
		CHECK_EQ(outcome(&w, cpu)->missing, 0);
		CHECK_EQ(w.rings[cpu]->consumer, w.rings[cpu]->producer);
		CHECK_EQ(workers_ring_fill(w.workers, cpu), 0);
	}
	CHECK(workers_turn_ns(w.workers) > 0);
	close_world(&w);
}

static void test_the_limit_is_exact_for_all_together(void)
{
	uint64_t taken = 0, safe = 0, unread = 0, written = 0;
	struct world w;

	open_world(&w, 33333);
	start(&w);
	CHECK(write_rings(&w, 10000));
	CHECK_EQ(poll(&(struct pollfd){ .fd = workers_done_fd(w.workers), .events = POLLIN }, 1, 10000), 1);
	end(&w, false, true);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		taken += fake.records[cpu];
		safe += outcome(&w, cpu)->safe.events;
		unread += outcome(&w, cpu)->unread;
		written += w.wanted[cpu];
	}
	CHECK_EQ(taken, 33333);
	CHECK_EQ(safe, 33333);
	CHECK_EQ(safe + unread, written);
	close_world(&w);
}

/* Whether nobody makes room in it, however long one waits in vain. */
static bool stays_full(struct nt_ring_chunk *ring)
{
	const struct timespec step = { .tv_nsec = 100000 };
	int tries = 0;

	for (uint64_t i = 0; i < 20 * RING_BYTES / NT_RECORD_SIZE(0) && tries < 500; i++) {
		uint64_t seq = ring->producer / NT_RECORD_SIZE(0) + 1;

		for (tries = 0; tries < 500 && !write_record(ring, seq); tries++)
			nanosleep(&step, NULL);
	}
	return tries == 500;
}

/* All of them stop, whoever's batch it was; what was not read is where it was. */
static void test_a_reader_that_is_gone_ends_all(void)
{
	struct world w;

	open_world(&w, 0);
	fake.fails_from = 100;
	start(&w);
	CHECK(!write_rings(&w, 100000));
	CHECK_EQ(poll(&(struct pollfd){ .fd = workers_done_fd(w.workers), .events = POLLIN }, 1, 10000), 1);
	CHECK_EQ(w.out.error, -EPIPE);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		CHECK(stays_full(w.rings[cpu]));
	end(&w, false, true);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		CHECK(outcome(&w, cpu)->safe.events < w.wanted[cpu]);
		CHECK_EQ(outcome(&w, cpu)->lost[NT_LOSS_CLOSED].events, 0);
	}
	close_world(&w);
}

/* Without room to the end: nothing is settled, and the next process finds all of it. */
static void test_what_is_kept_stays_in_the_rings(void)
{
	struct world w;

	open_world(&w, 0);
	atomic_store(&fake.room, false);
	start(&w);
	CHECK(write_rings(&w, 150));
	end(&w, true, false);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		CHECK_EQ(outcome(&w, cpu)->safe.events, 0);
		CHECK_EQ(outcome(&w, cpu)->lost[NT_LOSS_CLOSED].events, 0);
		CHECK_EQ(w.rings[cpu]->consumer, 0);
		CHECK_EQ(workers_ring_fill(w.workers, cpu), w.rings[cpu]->producer);
	}
	close_world(&w);
}

/* Waits until the sink has all that was written. */
static void await_taken(const struct world *w)
{
	const struct timespec step = { .tv_nsec = 1000000 };
	uint64_t all = 0;

	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		all += w->wanted[cpu];
	for (int i = 0; i < 10000 && atomic_load(&fake.taken) < all; i++)
		nanosleep(&step, NULL);
	CHECK_EQ(atomic_load(&fake.taken), all);
}

/* Taken, but not safe when the sink is closed: likewise. */
static void test_what_is_not_safe_is_kept(void)
{
	struct world w;

	open_world(&w, 0);
	atomic_store(&fake.silent, true);
	start(&w);
	CHECK(write_rings(&w, 200));
	await_taken(&w);
	end(&w, true, false);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		CHECK_EQ(outcome(&w, cpu)->lost[NT_LOSS_CLOSED].events, 0);
		CHECK_EQ(w.rings[cpu]->consumer, 0);
	}
	close_world(&w);
}

/* Nothing is left to be read or sent, but not all is reported: to nobody, or not to those that relay. */
static void wait_for_reports(uint32_t quick)
{
	const struct timespec step = { .tv_nsec = 1000000 };
	struct world w;

	open_world(&w, 0);
	atomic_store(&fake.silent, true);
	fake.quick = quick;
	start(&w);
	CHECK(write_rings(&w, 200));
	await_taken(&w);
	workers_drain(w.workers, false);
	for (int i = 0; i < 30; i++) {
		CHECK(!workers_idle(w.workers));
		nanosleep(&step, NULL);
	}
	atomic_store(&fake.silent, false);
	end(&w, false, true);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		CHECK_EQ(outcome(&w, cpu)->safe.events, w.wanted[cpu]);
	close_world(&w);
}

static void test_the_end_waits_for_reports(void)
{
	wait_for_reports(0);
	wait_for_reports(THREADS);
}

/* Without a next process: each record is lost, in a relay, in a lane or in its ring. */
static void test_what_is_never_taken_is_lost(void)
{
	struct world w;

	open_world(&w, 0);
	atomic_store(&fake.room, false);
	start(&w);
	CHECK(write_rings(&w, 300));
	end(&w, false, false);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		CHECK_EQ(outcome(&w, cpu)->lost[NT_LOSS_CLOSED].events, w.wanted[cpu]);
		CHECK_EQ(outcome(&w, cpu)->safe.events, 0);
		CHECK_EQ(w.rings[cpu]->consumer, w.rings[cpu]->producer);
	}
	CHECK(!workers_sink_full(w.workers) || fake.to == 0);
	close_world(&w);
}

/* The sink says it when it is closed: the threads are gone by then. */
static void test_last_reports_are_settled(void)
{
	struct world w;

	open_world(&w, 0);
	atomic_store(&fake.silent, true);
	start(&w);
	CHECK(write_rings(&w, 200));
	end(&w, false, false);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		CHECK_EQ(outcome(&w, cpu)->lost[NT_LOSS_CLOSED].events, w.wanted[cpu]);
		CHECK_EQ(w.rings[cpu]->consumer, w.rings[cpu]->producer);
	}
	close_world(&w);
}

/* A record of CPU 1 goes as a batch into the relay. */
static void relay_one(struct world *w, struct worker *from, uint64_t seq)
{
	struct lane *lane = worker_lane(from, 1);
	const struct nt_record *rec;
	uint32_t bytes;

	CHECK(write_record(w->rings[1], seq));
	rec = ring_next(&lane->ring, &bytes);
	lane_take(lane, from->out, rec, bytes, 0);
	lane_cut(lane, from->out);
}

/* Between the last look of a thread and its end one batch is reported, and one never taken. */
static void test_what_nobody_has_seen_is_settled(void)
{
	struct worker two[2] = { { .epoll_fd = -1, .wake_fd = -1 }, { .epoll_fd = -1, .wake_fd = -1 } };
	struct workers_settings s;
	uint64_t ticket = 0;
	struct world w;

	open_world(&w, 0);
	s = (struct workers_settings){ .loader = &w.loader, .out = &w.out, .ifaces = w.ifaces };
	CHECK_EQ(worker_open(&two[0], &s, 0, 2, NULL), 0);
	CHECK_EQ(worker_open(&two[1], &s, 1, 2, &two[0]), 0);
	relay_one(&w, &two[1], 1);
	relay_one(&w, &two[1], 2);
	CHECK(relay_next(two[1].relay, &ticket));
	relay_taken(two[1].relay);
	relay_report(two[1].relay, &(struct sink_report){ .cpu = 1, .ticket = ticket });
	worker_settle(&two[1], false);
	CHECK_EQ(outcome(&w, 1)->safe.events, 1);
	CHECK_EQ(outcome(&w, 1)->lost[NT_LOSS_CLOSED].events, 1);
	CHECK_EQ(w.rings[1]->consumer, w.rings[1]->producer);
	worker_free(&two[1]);
	worker_free(&two[0]);
	outlet_close(&w.out, 0, NULL);
	close_world(&w);
}

/* Another number goes on where this one ended. */
static void test_rings_change_hands(void)
{
	struct world w;
	struct workers_settings s;

	open_world(&w, 0);
	start(&w);
	CHECK(write_rings(&w, 1000));
	workers_drain(w.workers, true);
	CHECK(idle_in_time(&w));
	workers_join(w.workers);
	workers_free(w.workers);
	s = (struct workers_settings){ .threads = 2, .loader = &w.loader, .out = &w.out, .ifaces = w.ifaces };
	fake.owned = false;
	CHECK_EQ(workers_start(&w.workers, &s), 0);
	end(&w, false, true);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++) {
		CHECK_EQ(fake.records[cpu], w.wanted[cpu]);
		CHECK_EQ(outcome(&w, cpu)->safe.events, w.wanted[cpu]);
	}
	close_world(&w);
}

#define TWO 2U				/* each with CPUS / TWO rings: its number and that plus TWO */

static void start_two(struct world *w, struct board **board)
{
	struct workers_settings s = { .threads = TWO, .loader = &w->loader, .out = &w->out, .batch_linger_ns = 60000000000 };
	struct inventory *inv;

	open_world(w, 1000000);		/* a limit, so that outlet.taken counts */
	s.ifaces = w->ifaces;
	CHECK_EQ(inventory_open(&inv), 0);
	CHECK_EQ(board_open(board, inv), 0);
	tagger_close(w->out.tagger);
	CHECK_EQ(tagger_open(&w->out.tagger, *board), 0);
	w->out.board = *board;
	CHECK_EQ(workers_start(&w->workers, &s), 0);
}

/* So many more on that CPU, and its worker has taken them. */
static void give(struct world *w, uint32_t cpu, uint64_t n)
{
	const struct timespec step = { .tv_nsec = 1000000 };
	uint64_t all = atomic_load(&w->out.taken) + n;

	for (uint64_t i = 0; i < n; i++)
		CHECK(write_record(w->rings[cpu], ++w->wanted[cpu]));
	for (int i = 0; i < 10000 && atomic_load(&w->out.taken) < all; i++)
		nanosleep(&step, NULL);
	CHECK_EQ(atomic_load(&w->out.taken), all);
}

static bool turns_after(const struct world *w, int64_t then)
{
	const struct timespec step = { .tv_nsec = 1000000 };

	for (int i = 0; i < 10000 && workers_turn_ns(w->workers) <= then; i++)
		nanosleep(&step, NULL);
	return workers_turn_ns(w->workers) > then;
}

/*
 * One waits for the inventory with a batch that is full. The other has begun a turn since: a ring that it reads first
 * is read again after one that it reads last.
 */
static void stick(uint32_t which)
{
	uint32_t other = 1 - which;
	struct board *board;
	struct world w;
	int64_t then;

	start_two(&w, &board);
	(void)board_change(board);
	give(&w, which, BATCH);
	then = clock_monotonic_ns();
	give(&w, other + TWO, 1);
	give(&w, other, 1);
	CHECK(workers_turn_ns(w.workers) <= then);
	board_changed(board);
	CHECK(turns_after(&w, then));
	end(&w, false, true);
	for (uint32_t cpu = 0; cpu < CPUS; cpu++)
		CHECK_EQ(outcome(&w, cpu)->safe.events, w.wanted[cpu]);
	close_world(&w);
	board_close(board);
}

/* However busy the others are. */
static void test_who_is_stuck_is_seen(void)
{
	for (uint32_t which = 0; which < TWO; which++)
		stick(which);
}

static void test_how_many(void)
{
	CHECK_EQ(workers_number(0, 2, 2), 1);
	CHECK_EQ(workers_number(0, 8, 7), 1);
	CHECK_EQ(workers_number(0, 8, 8), 2);
	CHECK_EQ(workers_number(0, 512, 512), 64);
	CHECK_EQ(workers_number(3, 8, 1), 3);
	CHECK_EQ(workers_number(64, 2, 2), 2);
	CHECK_EQ(workers_number(1, 64, 64), 1);
}

int main(void)
{
	RUN(test_how_many);
	RUN(test_each_record_once_and_in_order);
	RUN(test_the_limit_is_exact_for_all_together);
	RUN(test_a_reader_that_is_gone_ends_all);
	RUN(test_what_is_kept_stays_in_the_rings);
	RUN(test_what_is_not_safe_is_kept);
	RUN(test_the_end_waits_for_reports);
	RUN(test_what_is_never_taken_is_lost);
	RUN(test_last_reports_are_settled);
	RUN(test_what_nobody_has_seen_is_settled);
	RUN(test_rings_change_hands);
	RUN(test_who_is_stuck_is_seen);
	return check_done();
}
