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

#define BATCH_BYTES_MAX 900000

int lane_open(struct lane *l, struct outlet *out, uint32_t cpu, int ring_fd, uint32_t ring_bytes, uint32_t share)
{
	int err;

	*l = (struct lane){ .cpu = cpu, .next_seq = 1, .held_bytes_max = ring_bytes / share };
	err = ring_open(&l->ring, ring_fd, ring_bytes);
	if (err) {
		log_error("map the ring of CPU %u: %s", cpu, strerror(-err));
		return err;
	}
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
	l->held = NULL;
}

bool record_whole(const struct nt_record *rec, uint32_t bytes)
{
	return bytes >= NT_RECORD_SIZE(0) && rec->tunnels <= NT_TUNNELS_MAX &&
	       bytes == NT_RECORD_SIZE(rec->tunnels);
}

/* Counts records that did not get into a batch. */
static void lose(struct lane *l, struct outlet *out, uint64_t records)
{
	l->lost += records;
	out->encode_lost += records;
}

static void follow(struct lane *l, const struct nt_record *rec)
{
	if (rec->seq > l->next_seq)
		l->lost += rec->seq - l->next_seq;
	l->next_seq = rec->seq + 1;
}

static void hold(struct lane *l, struct outlet *out, const struct nt_record *rec, int64_t now_ns)
{
	out->taken++;
	if (!l->held_n)
		l->since_ns = now_ns;
	l->held[l->held_n++] = rec;
	if (l->held_n == out->batch_records || ring_held(&l->ring) >= l->held_bytes_max)
		lane_cut(l, out);
}

void lane_take(struct lane *l, struct outlet *out, const struct nt_record *rec, uint32_t bytes, int64_t now_ns)
{
	if (!record_whole(rec, bytes)) {
		lose(l, out, 1);
		return;
	}
	follow(l, rec);
	if (outlet_done(out))
		out->unread++;
	else
		hold(l, out, rec, now_ns);
}

static int encode(struct outlet *out, const struct nt_record *rec)
{
	struct tagged t = { .rec = rec, .origin = out->origin };

	out->label(out->label_arg, rec, &t);
	t.tags = tagger_find(out->tagger, rec, t.ts_utc_ns);
	return encoder_add(out->encoder, &out->batch, &t);
}

/*
 * Encodes held records from the n-th on into a batch, as many as a message
 * may have; the inventory is held for so long. The n-th that is left.
 */
static uint32_t fill(struct lane *l, struct outlet *out, uint32_t n)
{
	uint64_t revision = tagger_begin(out->tagger);

	if (encoder_begin(out->encoder, &out->batch, l->cpu)) {
		lose(l, out, l->held_n - n);
		n = l->held_n;
	}
	out->batch.tags_rev = revision;
	for (uint32_t ahead = n; n < l->held_n && batch_size(&out->batch) < BATCH_BYTES_MAX; n++) {
		for (; ahead < l->held_n && ahead - n < TAGGER_AHEAD; ahead++)
			tagger_ask(out->tagger, l->held[ahead]);
		if (encode(out, l->held[n]))
			lose(l, out, 1);
	}
	if (encoder_end(out->encoder, &out->batch, l->lost + sink_lost(out->sink, l->cpu))) {
		lose(l, out, out->batch.count);
		out->batch.count = 0;
	}
	tagger_end(out->tagger);
	return n;
}

static void send(struct outlet *out)
{
	int err = out->batch.count ? sink_put(out->sink, &out->batch) : 0;

	if (err == -EPIPE || err == -ECANCELED)
		out->error = err;
}

void lane_cut(struct lane *l, struct outlet *out)
{
	for (uint32_t n = 0; n < l->held_n;) {
		n = fill(l, out, n);
		send(out);
	}
	l->held_n = 0;
	ring_release(&l->ring);
}
