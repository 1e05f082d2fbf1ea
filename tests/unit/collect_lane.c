// SPDX-License-Identifier: Apache-2.0
/*
 * collect_lane.c - lane.c against a sink that takes and reports when it is
 * told: gaps in seq, where batches are cut, and above all that the ring's room
 * and the published outcome follow the reports, in order, and nothing else.
 */
#include "unit/collect_bench.h"

static void test_gaps_go_out_with_the_batch(void)
{
	struct bench b;

	open_bench(&b, 3, 0);
	b.lane.lost_before = 40;
	give(&b, 1);
	give(&b, 2);
	give(&b, 5);
	CHECK_EQ(fake.n, 1);
	CHECK_EQ(fake.lost[0], 42);
	give(&b, 6);
	CHECK_EQ(b.lane.now.missing, 2);
	CHECK_EQ(b.lane.now.next_seq, 7);
	close_bench(&b);
}

static void test_batches_are_cut_by_count_and_by_their_share_of_the_ring(void)
{
	struct bench b;

	open_bench(&b, 5, 0);
	for (uint64_t seq = 1; seq <= 5; seq++)
		give(&b, seq);
	CHECK_EQ(fake.n, 1);
	CHECK_EQ(fake.counts[0], 5);
	b.lane.held_bytes_max = 3 * RECORD_BYTES;
	for (uint64_t seq = 6; seq <= 8; seq++)
		give(&b, seq);
	CHECK_EQ(fake.n, 2);
	CHECK_EQ(fake.counts[1], 3);
	give(&b, 9);
	CHECK_EQ(b.lane.held_n, 1);
	CHECK_EQ(b.lane.since_ns, 9);
	close_bench(&b);
}

/* Given back in the ring's order, however the reports come. */
static void test_room_is_given_back_by_reports_in_order(void)
{
	struct bench b;

	open_bench(&b, 2, 0);
	for (uint64_t seq = 1; seq <= 6; seq++)
		give(&b, seq);
	CHECK_EQ(fake.n, 3);
	CHECK_EQ(b.lane.ring.chunks->consumer, 0);
	report(&b, 1, 0, 0);
	CHECK_EQ(b.lane.ring.chunks->consumer, 0);
	CHECK_EQ(published(&b)->safe.events, 0);
	report(&b, 0, 0, 0);
	CHECK_EQ(b.lane.ring.chunks->consumer, 4 * RECORD_BYTES);
	CHECK_EQ(published(&b)->ring_pos, 4 * RECORD_BYTES);
	CHECK_EQ(published(&b)->next_seq, 5);
	CHECK_EQ(published(&b)->safe.events, 4);
	CHECK_EQ(published(&b)->safe.packets, 8);
	CHECK_EQ(published(&b)->safe.bytes, 400);
	CHECK(!lane_idle(&b.lane));
	report(&b, 2, 0, 0);
	CHECK(lane_idle(&b.lane));
	CHECK_EQ(b.lane.ring.chunks->consumer, 6 * RECORD_BYTES);
	close_bench(&b);
}

static void test_a_gap_is_published_with_what_is_behind_it(void)
{
	struct bench b;

	open_bench(&b, 2, 0);
	give(&b, 1);
	give(&b, 2);
	give(&b, 9);
	give(&b, 10);
	report(&b, 0, 0, 0);
	CHECK_EQ(published(&b)->missing, 0);
	report(&b, 1, 0, 0);
	CHECK_EQ(published(&b)->missing, 6);
	CHECK_EQ(published(&b)->next_seq, 11);
	close_bench(&b);
}

static void test_losses_have_their_reason_and_their_sums(void)
{
	struct bench b;

	open_bench(&b, 4, 0);
	for (uint64_t seq = 1; seq <= 8; seq++)
		give(&b, seq);
	report(&b, 0, 4, NT_LOSS_WRITE);
	report(&b, 1, 1, NT_LOSS_REFUSED);
	CHECK_EQ(published(&b)->lost[NT_LOSS_WRITE].events, 4);
	CHECK_EQ(published(&b)->lost[NT_LOSS_WRITE].packets, 8);
	CHECK_EQ(published(&b)->lost[NT_LOSS_WRITE].bytes, 400);
	CHECK_EQ(published(&b)->lost[NT_LOSS_REFUSED].events, 1);
	CHECK_EQ(published(&b)->safe.events, 3);
	CHECK_EQ(published(&b)->safe.bytes, 300);
	CHECK_EQ(b.lane.ring.chunks->consumer, 8 * RECORD_BYTES);
	close_bench(&b);
}

/* Who comes next reads them again. What is lost for another reason is lost. */
static void test_what_is_kept_stays_in_the_ring(void)
{
	struct bench b;

	open_bench(&b, 2, 0);
	for (uint64_t seq = 1; seq <= 6; seq++)
		give(&b, seq);
	b.lane.keep = true;
	report(&b, 0, 2, NT_LOSS_WRITE);
	report(&b, 1, 1, NT_LOSS_CLOSED);
	report(&b, 2, 0, 0);
	CHECK_EQ(published(&b)->lost[NT_LOSS_WRITE].events, 2);
	CHECK_EQ(published(&b)->lost[NT_LOSS_CLOSED].events, 0);
	CHECK_EQ(published(&b)->next_seq, 3);
	CHECK_EQ(b.lane.ring.chunks->consumer, 2 * RECORD_BYTES);
	close_bench(&b);
}

/* What lies in a ring, n records from number `from` on, the last of them damaged. */
static void fill_ring(struct bench *b, uint64_t from, uint32_t n)
{
	struct nt_ring_chunk *c = b->lane.ring.chunks;

	b->lane.ring.end = c->producer = b->lane.ring.read_pos;
	for (; n; n--, c->producer += RECORD_BYTES) {
		struct nt_record r = record(from++);

		r.tunnels = n == 1 ? NT_TUNNELS_MAX + 1 : 0;
		memcpy(c->data + c->producer, &r, RECORD_BYTES);
	}
}

/* What a sink has no room for to the end is lost, each record of it, and what it gave up; gaps and damage are counted. */
static void test_what_is_never_sent_is_lost(void)
{
	struct bench b;

	open_bench(&b, 2, 0);
	give(&b, 1);
	give(&b, 2);
	fake.room = false;
	give(&b, 3);
	fill_ring(&b, 5, 3);
	report(&b, 0, 2, NT_LOSS_CLOSED);
	lane_abandon(&b.lane);
	CHECK_EQ(published(&b)->lost[NT_LOSS_CLOSED].events, 5);
	CHECK_EQ(published(&b)->lost[NT_LOSS_CLOSED].packets, 10);
	CHECK_EQ(published(&b)->lost[NT_LOSS_CLOSED].bytes, 500);
	CHECK_EQ(published(&b)->lost[NT_LOSS_ENCODE].events, 1);
	CHECK_EQ(published(&b)->safe.events, 0);
	CHECK_EQ(published(&b)->missing, 1);
	CHECK_EQ(b.lane.ring.chunks->consumer, b.lane.ring.chunks->producer);
	close_bench(&b);
}

static void test_damage_is_counted_and_passed_over(void)
{
	struct bench b;

	open_bench(&b, 2, 0);
	b.given[0] = record(1);
	b.lane.ring.read_pos += RECORD_BYTES;
	CHECK(!b.lane.told);
	lane_take(&b.lane, &b.out, &b.given[0], NT_RECORD_SIZE(0) - 8, 1);
	CHECK(b.lane.told);
	CHECK_EQ(published(&b)->lost[NT_LOSS_ENCODE].events, 1);
	CHECK_EQ(b.lane.ring.chunks->consumer, RECORD_BYTES);
	give(&b, 2);
	b.given[3] = record(3);
	b.given[3].dir = 9;		/* no encoder takes that */
	b.lane.ring.read_pos += RECORD_BYTES;
	lane_take(&b.lane, &b.out, &b.given[3], NT_RECORD_SIZE(0), 3);
	CHECK_EQ(fake.counts[0], 1);
	report(&b, 0, 0, 0);
	CHECK_EQ(published(&b)->lost[NT_LOSS_ENCODE].events, 2);
	CHECK_EQ(published(&b)->lost[NT_LOSS_ENCODE].bytes, 100);
	CHECK_EQ(published(&b)->safe.events, 1);
	close_bench(&b);
}

static void test_without_room_records_stay_in_the_ring(void)
{
	struct bench b;

	open_bench(&b, 2, 0);
	fake.room = false;
	give(&b, 1);
	give(&b, 2);
	CHECK_EQ(fake.n, 0);
	CHECK(!lane_has_room(&b.lane, &b.out));
	fake.room = true;
	fake.err = -EAGAIN;		/* it said that it had */
	lane_cut(&b.lane, &b.out);
	CHECK_EQ(b.lane.held_n, 2);
	CHECK_EQ(b.lane.sent_n, 0);
	CHECK_EQ(b.lane.ring.chunks->consumer, 0);
	fake.err = 0;
	lane_cut(&b.lane, &b.out);
	CHECK_EQ(fake.n, 1);
	CHECK_EQ(fake.counts[0], 2);
	report(&b, 0, 0, 0);
	CHECK_EQ(b.lane.ring.chunks->consumer, 2 * RECORD_BYTES);
	close_bench(&b);
}

/* A lane that is full takes no record that could cut it: it is due at once, not when it is old. */
static void test_what_is_held_is_due_by_age_or_when_full(void)
{
	struct bench b;

	open_bench(&b, 2, 0);
	fake.room = false;
	CHECK(!lane_is_due(&b.lane, &b.out, 1000, 100));
	give(&b, 1);
	CHECK(!lane_is_due(&b.lane, &b.out, 100, 100));
	CHECK(lane_is_due(&b.lane, &b.out, 101, 100));
	give(&b, 2);
	CHECK(lane_is_due(&b.lane, &b.out, 2, 100));
	close_bench(&b);
}

static void test_many_batches_may_be_on_their_way(void)
{
	struct bench b;

	open_bench(&b, 1, 0);
	for (uint64_t seq = 1; seq < 10; seq++)
		give(&b, seq);
	for (size_t i = 0; i < 5; i++)	/* so that the queue's beginning is not its array's */
		report(&b, i, 0, 0);
	fake.n = 0;
	for (int round = 0; round < 12; round++) {
		fake.n = 0;
		for (uint64_t seq = 10 + round * 50; seq < 60 + round * 50U; seq++) {
			b.given[seq % 64] = record(seq);
			b.lane.ring.read_pos += RECORD_BYTES;
			lane_take(&b.lane, &b.out, &b.given[seq % 64], NT_RECORD_SIZE(0), 1);
		}
	}
	CHECK_EQ(b.lane.sent_n, 4 + 600);
	CHECK_EQ(b.lane.ring.chunks->consumer, 5 * RECORD_BYTES);
	for (uint64_t t = 6; t <= 609; t++)
		lane_report(&b.lane, &(struct sink_report){ .ticket = t });
	CHECK_EQ(b.lane.ring.chunks->consumer, 609 * RECORD_BYTES);
	CHECK_EQ(published(&b)->safe.events, 609);
	close_bench(&b);
}

/* What is cut is more than a message may have: the first part knows nothing of a gap behind it. */
static void test_a_long_batch_is_settled_part_by_part(void)
{
	static struct nt_record many[8001];
	struct bench b;

	open_bench(&b, 8000, 0);
	b.lane.held_bytes_max = UINT64_MAX;
	for (uint64_t i = 1; i <= 8000; i++) {
		many[i] = record(i == 8000 ? 9000 : i);
		b.lane.ring.read_pos += RECORD_BYTES;
		lane_take(&b.lane, &b.out, &many[i], NT_RECORD_SIZE(0), 1);
	}
	CHECK(fake.n > 1);
	report(&b, 0, 0, 0);
	CHECK_EQ(published(&b)->safe.events, fake.counts[0]);
	CHECK_EQ(published(&b)->next_seq, fake.counts[0] + 1);
	CHECK_EQ(published(&b)->missing, 0);
	CHECK_EQ(b.lane.ring.chunks->consumer, fake.counts[0] * RECORD_BYTES);
	for (size_t i = 1; i < fake.n; i++)
		report(&b, i, 0, 0);
	CHECK_EQ(published(&b)->missing, 1000);
	CHECK_EQ(published(&b)->safe.events, 8000);
	CHECK_EQ(b.lane.ring.chunks->consumer, 8000 * RECORD_BYTES);
	close_bench(&b);
}

static void test_the_limit_is_exact(void)
{
	struct bench b;

	open_bench(&b, 2, 3);
	for (uint64_t seq = 1; seq <= 5; seq++)
		give(&b, seq);
	CHECK(outlet_done(&b.out));
	lane_cut(&b.lane, &b.out);
	CHECK_EQ(fake.n, 2);
	report(&b, 0, 0, 0);
	report(&b, 1, 0, 0);
	CHECK_EQ(published(&b)->unread, 2);
	CHECK_EQ(published(&b)->safe.events, 3);
	CHECK_EQ(b.lane.ring.chunks->consumer, 5 * RECORD_BYTES);
	close_bench(&b);
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

int main(void)
{
	RUN(test_gaps_go_out_with_the_batch);
	RUN(test_batches_are_cut_by_count_and_by_their_share_of_the_ring);
	RUN(test_room_is_given_back_by_reports_in_order);
	RUN(test_a_gap_is_published_with_what_is_behind_it);
	RUN(test_losses_have_their_reason_and_their_sums);
	RUN(test_what_is_kept_stays_in_the_ring);
	RUN(test_what_is_never_sent_is_lost);
	RUN(test_damage_is_counted_and_passed_over);
	RUN(test_without_room_records_stay_in_the_ring);
	RUN(test_what_is_held_is_due_by_age_or_when_full);
	RUN(test_many_batches_may_be_on_their_way);
	RUN(test_a_long_batch_is_settled_part_by_part);
	RUN(test_the_limit_is_exact);
	RUN(test_only_whole_records_are_valid);
	return check_done();
}
