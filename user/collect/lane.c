// SPDX-License-Identifier: Apache-2.0
/*
 * lane.c - see lane.h. A batch is cut by records, by its share of the ring
 * and, by the caller, by age; a message by bytes, too (Kafka's limit,
 * message.max.bytes, is 1 MB by default).
 */
#include "collect/lane.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "ledger/ledger.h"

#define BATCH_BYTES_MAX 900000
#define SENT_MIN 64U

static void tally_record(struct nt_tally *t, const struct nt_record *rec)
{
	ledger_add(t, &(struct nt_tally){ 1, rec->packets, rec->bytes });
}

/* Goes on where the process before has settled: its word counts, the ring's position may be one store behind. */
static void go_on(struct lane *l)
{
	if (l->outcomes)
		l->settled = l->outcomes->copy[l->outcomes->current & 1];
	if (!l->settled.next_seq)
		l->settled.next_seq = 1;
	if (l->settled.ring_pos > l->ring.read_pos)
		ring_seek(&l->ring, l->settled.ring_pos);
	l->settled.ring_pos = l->ring.read_pos;
	l->now = l->settled;
	for (int i = 0; i < NT_LOSS_MAX; i++)
		l->lost_before += i == NT_LOSS_ENCODE ? 0 : l->settled.lost[i].events;
}

int lane_open(struct lane *l, const struct outlet *out, const struct lane_settings *s)
{
	int err;

	*l = (struct lane){ .cpu = s->cpu, .outcomes = s->outcomes, .held_bytes_max = s->ring_bytes / s->share };
	err = ring_open(&l->ring, s->ring_fd, s->ring_bytes);
	if (err) {
		log_error("map the ring of CPU %u: %s", s->cpu, strerror(-err));
		return err;
	}
	go_on(l);
	l->held = calloc(out->batch_records, sizeof(*l->held));
	if (!l->held) {
		log_error("make room for a batch of %u records: out of memory", out->batch_records);
		return -ENOMEM;
	}
	return 0;
}

void lane_close(struct lane *l)
{
	ring_close(&l->ring);
	free(l->held);
	free(l->sent);
	l->held = NULL;
	l->sent = NULL;
}

bool record_whole(const struct nt_record *rec, uint32_t bytes)
{
	return bytes >= NT_RECORD_SIZE(0) && rec->tunnels <= NT_TUNNELS_MAX &&
	       bytes == NT_RECORD_SIZE(rec->tunnels);
}

uint64_t lane_lost(const struct lane *l, const struct outlet *out)
{
	return l->now.missing + l->now.lost[NT_LOSS_ENCODE].events + l->lost_before + outlet_lost(out, l->cpu);
}

/* Into the copy that is not current, which then becomes it; only then the ring's room is given back. */
static void publish(struct lane *l)
{
	if (l->outcomes) {
		uint64_t next = !(l->outcomes->current & 1);

		l->outcomes->copy[next] = l->settled;
		__atomic_store_n(&l->outcomes->current, next, __ATOMIC_RELEASE);
	}
	ring_release(&l->ring, l->settled.ring_pos);
}

static struct lane_batch *sent_at(const struct lane *l, uint32_t i)
{
	return &l->sent[(l->sent_first + i) & (l->sent_cap - 1)];
}

/* A batch's own part of the outcome, once it and all before it were reported. */
static void settle_batch(struct lane *l, const struct lane_batch *b)
{
	struct nt_outcome o = b->end;
	struct nt_tally lost = { 0 };

	memcpy(o.lost, l->settled.lost, sizeof(o.lost));
	o.lost[NT_LOSS_ENCODE] = b->end.lost[NT_LOSS_ENCODE];
	o.safe = l->settled.safe;
	if (b->lost)		/* all of them, or, since which ones is not known, their share */
		lost = (struct nt_tally){ b->lost, b->sum.packets * b->lost / b->sum.events,
					  b->sum.bytes * b->lost / b->sum.events };
	ledger_add(&o.lost[b->why], &lost);
	ledger_add(&o.safe, &(struct nt_tally){ b->sum.events - lost.events, b->sum.packets - lost.packets,
						b->sum.bytes - lost.bytes });
	l->settled = o;
}

/* What was read and belongs to no batch: damaged, unread, gaps. */
static void settle_rest(struct lane *l)
{
	struct nt_outcome o = l->now;

	o.safe = l->settled.safe;
	memcpy(o.lost, l->settled.lost, sizeof(o.lost));
	o.lost[NT_LOSS_ENCODE] = l->now.lost[NT_LOSS_ENCODE];
	l->settled = o;
}

static void settle(struct lane *l)
{
	uint64_t from = l->settled.ring_pos;

	while (l->sent_n && sent_at(l, 0)->reported) {
		settle_batch(l, sent_at(l, 0));
		l->sent_first++;
		l->sent_n--;
	}
	if (lane_idle(l))
		settle_rest(l);
	if (l->settled.ring_pos != from)
		publish(l);
}

void lane_report(struct lane *l, const struct sink_report *r)
{
	if (l->keep && r->lost && r->why == NT_LOSS_CLOSED)
		return;
	for (uint32_t i = 0; i < l->sent_n; i++) {
		struct lane_batch *b = sent_at(l, i);

		if (b->ticket != r->ticket)
			continue;
		b->reported = true;
		b->lost = r->lost;
		b->why = r->why;
		settle(l);
		return;
	}
}

static void follow(struct lane *l, const struct nt_record *rec)
{
	if (rec->seq > l->now.next_seq)
		l->now.missing += rec->seq - l->now.next_seq;
	l->now.next_seq = rec->seq + 1;
}

/* from: position where the record begins. */
static void hold(struct lane *l, struct outlet *out, const struct nt_record *rec, uint64_t from, int64_t now_ns)
{
	if (!l->held_n) {
		l->since_ns = now_ns;
		l->held_from = from;
	}
	l->held[l->held_n++] = (struct held_record){ rec, l->ring.read_pos, l->now.missing };
	if (!lane_has_room(l, out) || l->ring.read_pos - l->held_from >= l->held_bytes_max)
		lane_cut(l, out);
}

/* How many records it was is not known: numbers that are missing tell. */
static void note_damage(struct lane *l)
{
	ledger_add(&l->now.lost[NT_LOSS_ENCODE], &(struct nt_tally){ .events = 1 });
	if (!l->told)
		log_error("read the ring of CPU %u: what it holds is no record: another program has written to its map; "
			  "that is passed over and counted as one lost record each time", l->cpu);
	l->told = true;
}

void lane_take(struct lane *l, struct outlet *out, const struct nt_record *rec, uint32_t bytes, int64_t now_ns)
{
	uint64_t from = l->now.ring_pos;

	l->now.ring_pos = l->ring.read_pos;
	if (!record_whole(rec, bytes)) {
		note_damage(l);
	} else {
		follow(l, rec);
		if (outlet_takes(out))
			hold(l, out, rec, from, now_ns);
		else
			l->now.unread++;
	}
	if (lane_idle(l))
		settle(l);
}

void lane_abandon(struct lane *l)
{
	struct nt_tally *lost = &l->settled.lost[NT_LOSS_CLOSED];
	const struct nt_record *rec;
	uint32_t bytes;

	for (uint32_t i = 0; i < l->held_n; i++)
		tally_record(lost, l->held[i].rec);
	l->held_n = 0;
	while ((rec = ring_next(&l->ring, &bytes))) {
		l->now.ring_pos = l->ring.read_pos;
		if (record_whole(rec, bytes)) {
			follow(l, rec);
			tally_record(lost, rec);
		} else {
			ledger_add(&l->now.lost[NT_LOSS_ENCODE], &(struct nt_tally){ .events = 1 });
		}
	}
	settle(l);
}

static int encode(struct outlet *out, const struct nt_record *rec)
{
	struct tagged t = { .rec = rec, .origin = out->origin };

	out->label(out->label_arg, rec, &t);
	t.tags = tagger_find(out->tagger, rec, t.ts_utc_ns);
	return encoder_add(out->encoder, &out->batch, &t);
}

/* Encodes one record, or counts it. */
static void add(struct lane *l, struct outlet *out, const struct nt_record *rec, struct nt_tally *sum)
{
	tally_record(encode(out, rec) ? &l->now.lost[NT_LOSS_ENCODE] : sum, rec);
}

/*
 * Encodes held records into a batch, as many as a message may have; the
 * inventory is held for so long. How many were used up, *sum is what the batch
 * has of them.
 */
static uint32_t fill(struct lane *l, struct outlet *out, struct nt_tally *sum)
{
	uint64_t revision = tagger_begin(out->tagger);
	bool open = !encoder_begin(out->encoder, &out->batch, l->cpu);
	uint32_t n = 0;

	out->batch.tags_rev = revision;
	for (uint32_t ahead = 0; open && n < l->held_n && batch_size(&out->batch) < BATCH_BYTES_MAX; n++) {
		for (; ahead < l->held_n && ahead - n < TAGGER_AHEAD; ahead++)
			tagger_ask(out->tagger, l->held[ahead].rec);
		add(l, out, l->held[n].rec, sum);
	}
	for (; !open && n < l->held_n; n++)
		tally_record(&l->now.lost[NT_LOSS_ENCODE], l->held[n].rec);
	if (encoder_end(out->encoder, &out->batch, lane_lost(l, out))) {
		ledger_add(&l->now.lost[NT_LOSS_ENCODE], sum);
		*sum = (struct nt_tally){ 0 };
	}
	tagger_end(out->tagger);
	return n;
}

/* Room in the queue for one batch more. */
static bool sent_reserve(struct lane *l)
{
	uint32_t cap = l->sent_cap ? 2 * l->sent_cap : SENT_MIN;
	struct lane_batch *sent;

	if (l->sent_n < l->sent_cap)
		return true;
	sent = calloc(cap, sizeof(*sent));
	if (!sent)
		return false;
	for (uint32_t i = 0; i < l->sent_n; i++)
		sent[i] = *sent_at(l, i);
	free(l->sent);
	l->sent = sent;
	l->sent_cap = cap;
	l->sent_first = 0;
	return true;
}

/* The outcome as of the n-th held record: the last one has what came behind it, too. */
static struct nt_outcome outcome_at(const struct lane *l, uint32_t n)
{
	struct nt_outcome o = l->now;

	if (n == l->held_n)
		return o;
	o.ring_pos = l->held[n - 1].end;
	o.next_seq = l->held[n - 1].rec->seq + 1;
	o.missing = l->held[n - 1].missing;
	return o;
}

static void let_go(struct lane *l, uint32_t n, uint64_t end)
{
	l->held_n -= n;
	memmove(l->held, l->held + n, l->held_n * sizeof(*l->held));
	l->held_from = end;
}

/* Encodes and sends a batch of what is held. False: the sink did not take it. */
static bool send_batch(struct lane *l, struct outlet *out)
{
	struct nt_outcome before = l->now;
	struct nt_tally sum = { 0 };
	uint32_t n = fill(l, out, &sum);
	struct nt_outcome end = outcome_at(l, n);
	int err;

	*sent_at(l, l->sent_n++) = (struct lane_batch){ .ticket = ++l->tickets, .sum = sum, .end = end,
							.reported = !out->batch.count };
	err = out->batch.count ? outlet_put(out, l->tickets) : 0;
	if (err == -EAGAIN) {	/* as if nothing had been tried */
		l->sent_n--;
		l->now = before;
		return false;
	}
	let_go(l, n, end.ring_pos);
	if (err == -EPIPE || err == -ECANCELED)
		out->error = err;
	return true;
}

void lane_cut(struct lane *l, struct outlet *out)
{
	while (l->held_n && outlet_has_room(out) && sent_reserve(l))
		if (!send_batch(l, out))
			break;
	settle(l);
}
