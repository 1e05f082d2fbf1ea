// SPDX-License-Identifier: Apache-2.0
/*
 * collect_lane.c - lane.c, account.c, clock.c and when worker.c waits: gaps in seq become losses
 * that the next batch carries, batches are cut by count, a limit is exact,
 * and an account that does not balance is noticed.
 */
#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>
#include <time.h>
#include "base/clock.h"
#include "collect/account.h"
#include "collect/lane.h"
#include "collect/worker.h"
#include "unit/check.h"

static const struct tag_origin origin = { .box = "b", .epoch = 7 };

static struct nt_record record(uint64_t seq)
{
	struct nt_record r = { .seq = seq, .sample = 1, .packets = 1, .dir = NT_DIR_IN, .hook = NT_HOOK_TC };

	r.layer[0].version = 4;
	return r;
}

/* What a ring would hold: it stays where it is until it is released. */
static struct nt_record given[16];

static void give(struct lane *l, struct outlet *out, uint64_t seq)
{
	given[seq] = record(seq);
	l->ring.read_pos += NT_RECORD_SIZE(0) + 8;
	lane_take(l, out, &given[seq], NT_RECORD_SIZE(0), (int64_t)seq);
}

static void label(void *arg, const struct nt_record *rec, struct tagged *t)
{
	(void)arg;
	(void)rec;
	t->iface = "eth0";
}

struct bench {
	struct options o;
	char output[64];
	int pipe[2];
	struct outlet out;
	struct lane lane;
	unsigned long consumer;
};

/* A lane without a ring's data, into a pipe that nobody reads. */
static void open_bench(struct bench *b, uint32_t batch_records, uint64_t limit)
{
	*b = (struct bench){ .o = { .encoding = "json", .batch_records = batch_records, .count = limit } };
	CHECK_EQ(pipe(b->pipe), 0);
	snprintf(b->output, sizeof(b->output), "file:/proc/self/fd/%d", b->pipe[1]);
	b->o.output = b->output;
	CHECK_EQ(outlet_open(&b->out, &b->o, NULL, &origin, -1), 0);
	b->out.label = label;
	b->lane = (struct lane){ .next_seq = 1, .held_bytes_max = 4096, .ring = { .fd = -1, .consumer = &b->consumer } };
	b->lane.held = calloc(batch_records, sizeof(*b->lane.held));
	CHECK(b->lane.held != NULL);
}

static void close_bench(struct bench *b, struct sink_stats *stats)
{
	lane_cut(&b->lane, &b->out);
	lane_close(&b->lane);
	outlet_close(&b->out, 1000, stats);
	close(b->pipe[0]);
	close(b->pipe[1]);
}

static void test_gaps_are_losses(void)
{
	struct sink_stats stats;
	struct bench b;

	open_bench(&b, 100, 0);
	give(&b.lane, &b.out, 1);
	give(&b.lane, &b.out, 2);
	CHECK_EQ(b.lane.lost, 0);
	give(&b.lane, &b.out, 5);
	CHECK_EQ(b.lane.lost, 2);
	give(&b.lane, &b.out, 6);
	CHECK_EQ(b.lane.lost, 2);
	close_bench(&b, &stats);
	CHECK_EQ(stats.delivered, 4);
}

static void test_loss_before_the_first_record(void)
{
	struct bench b;

	open_bench(&b, 100, 0);
	give(&b.lane, &b.out, 4);
	CHECK_EQ(b.lane.lost, 3);
	close_bench(&b, NULL);
}

static void test_batches_are_cut_by_count(void)
{
	struct bench b;

	open_bench(&b, 3, 0);
	give(&b.lane, &b.out, 1);
	give(&b.lane, &b.out, 2);
	CHECK_EQ(b.lane.held_n, 2);
	CHECK_EQ(b.lane.since_ns, 1);
	CHECK_EQ(b.consumer, 0);
	give(&b.lane, &b.out, 3);
	CHECK_EQ(b.lane.held_n, 0);
	CHECK_EQ(b.consumer, b.lane.ring.read_pos);
	give(&b.lane, &b.out, 4);
	CHECK_EQ(b.lane.since_ns, 4);
	close_bench(&b, NULL);
}

static void test_batches_are_cut_by_their_share_of_the_ring(void)
{
	struct sink_stats stats;
	struct bench b;

	open_bench(&b, 100, 0);
	b.lane.held_bytes_max = 3 * (NT_RECORD_SIZE(0) + 8);
	give(&b.lane, &b.out, 1);
	give(&b.lane, &b.out, 2);
	CHECK_EQ(b.lane.held_n, 2);
	give(&b.lane, &b.out, 3);
	CHECK_EQ(b.lane.held_n, 0);
	CHECK_EQ(b.consumer, b.lane.ring.read_pos);
	close_bench(&b, &stats);
	CHECK_EQ(stats.delivered, 3);
}

static void test_the_limit_is_exact(void)
{
	struct sink_stats stats;
	struct bench b;

	open_bench(&b, 2, 3);
	for (uint64_t seq = 1; seq <= 5; seq++)
		give(&b.lane, &b.out, seq);
	CHECK(outlet_done(&b.out));
	CHECK_EQ(b.out.unread, 2);
	close_bench(&b, &stats);
	CHECK_EQ(stats.delivered, 3);
}

static void test_only_whole_records_are_valid(void)
{
	struct nt_record r = record(1);

	CHECK(record_whole(&r, NT_RECORD_SIZE(0)));
	CHECK(!record_whole(&r, NT_RECORD_SIZE(0) - 1));
	CHECK(!record_whole(&r, NT_RECORD_SIZE(1)));
	CHECK(!record_whole(&r, 0));
	r.tunnels = 2;
	CHECK(record_whole(&r, NT_RECORD_SIZE(2)));
	CHECK(!record_whole(&r, NT_RECORD_SIZE(0)));
	r.tunnels = 3;
	CHECK(!record_whole(&r, NT_RECORD_SIZE(2) + sizeof(struct nt_layer)));
}

static void test_the_account_balances(void)
{
	struct account a = { .unread = 1, .encode_lost = 2 };

	a.counts[NT_COUNT_SEEN] = 30;
	a.counts[NT_COUNT_RECORDED] = 20;
	a.counts[NT_COUNT_NON_IP] = 4;
	a.counts[NT_COUNT_NO_RING] = 6;
	a.counts[NT_COUNT_CUT] = 99;
	a.sink.delivered = 10;
	a.sink.lost[SINK_LOSS_QUEUE_FULL] = 3;
	a.sink.lost[SINK_LOSS_WRITE] = 4;
	CHECK(account_balances(&a));
	a.sink.lost[SINK_LOSS_WRITE]--;
	CHECK(!account_balances(&a));
	a.sink.delivered++;
	a.counts[NT_COUNT_NO_RING]--;
	CHECK(!account_balances(&a));
}

/* What the sink did not take any more is unread only if its reader went. */
static void test_the_rest_is_a_loss(void)
{
	struct account a = { .sink.delivered = 10, .unread = 1 }, b;

	a.counts[NT_COUNT_RECORDED] = a.counts[NT_COUNT_SEEN] = 20;
	account_rest(&a, 0);
	CHECK(!account_balances(&a));
	b = a;
	account_rest(&a, -EPIPE);
	CHECK_EQ(a.unread, 10);
	CHECK(account_balances(&a));
	CHECK_EQ(account_exit_code(&a, -EPIPE), 0);
	account_rest(&b, -ECANCELED);
	CHECK_EQ(b.unread, 1);
	CHECK_EQ(b.sink.lost[SINK_LOSS_WRITE], 9);
	CHECK(account_balances(&b));
	CHECK_EQ(account_exit_code(&b, -ECANCELED), EX_IOERR);
}

static void test_each_loss_fails_the_run(void)
{
	struct account a = { .sink.delivered = 10, .unread = 1 };

	CHECK_EQ(account_exit_code(&a, 0), 0);
	for (int i = 0; i < SINK_LOSS_MAX; i++) {
		a.sink.lost[i] = 1;
		CHECK_EQ(account_exit_code(&a, 0), EX_IOERR);
		a.sink.lost[i] = 0;
	}
	a.encode_lost = 1;
	CHECK_EQ(account_exit_code(&a, 0), EX_IOERR);
}

static void test_no_wait_with_a_ring_behind(void)
{
	CHECK_EQ(worker_wait_ms(WORKER_TURN_RECORDS), 0);
	CHECK_EQ(worker_wait_ms(WORKER_TURN_RECORDS - 1), 1);
	CHECK_EQ(worker_wait_ms(1), 1);
	CHECK_EQ(worker_wait_ms(0), 10);
}

static void test_every_count_has_a_name(void)
{
	for (int i = 0; i < NT_COUNT_MAX; i++)
		CHECK(count_names[i] != NULL);
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
	RUN(test_gaps_are_losses);
	RUN(test_loss_before_the_first_record);
	RUN(test_batches_are_cut_by_count);
	RUN(test_batches_are_cut_by_their_share_of_the_ring);
	RUN(test_the_limit_is_exact);
	RUN(test_only_whole_records_are_valid);
	RUN(test_the_account_balances);
	RUN(test_the_rest_is_a_loss);
	RUN(test_each_loss_fails_the_run);
	RUN(test_no_wait_with_a_ring_behind);
	RUN(test_every_count_has_a_name);
	RUN(test_the_clock_offset);
	return check_done();
}
