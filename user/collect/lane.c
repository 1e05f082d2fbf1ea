// SPDX-License-Identifier: Apache-2.0
/*
 * lane.c - see lane.h. A batch is cut by records, by bytes (a Kafka message
 * has a limit, message.max.bytes, of 1 MB by default) and, by the caller, by
 * age.
 */
#include "collect/lane.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include "base/log.h"

#define BATCH_BYTES_MAX 900000

int lane_open(struct lane *l, struct outlet *out, uint32_t cpu, int ring_fd, uint32_t ring_bytes)
{
	int err;

	*l = (struct lane){ .cpu = cpu, .next_seq = 1 };
	err = ring_open(&l->ring, ring_fd, ring_bytes);
	if (err) {
		log_error("map the ring of CPU %u: %s", cpu, strerror(-err));
		return err;
	}
	err = encoder_begin(out->encoder, &l->batch, cpu);
	if (err)
		log_error("begin a batch: %s", strerror(-err));
	return err;
}

void lane_close(struct lane *l)
{
	ring_close(&l->ring);
	batch_free(&l->batch);
}

bool record_whole(const struct nt_record *rec, uint32_t bytes)
{
	return bytes >= NT_RECORD_SIZE(0) && rec->tunnels <= NT_TUNNELS_MAX &&
	       bytes == NT_RECORD_SIZE(rec->tunnels);
}

void lane_follow(struct lane *l, const struct nt_record *rec)
{
	if (rec->seq > l->next_seq)
		l->lost += rec->seq - l->next_seq;
	l->next_seq = rec->seq + 1;
}

void lane_lose(struct lane *l, struct outlet *out, uint64_t records)
{
	l->lost += records;
	out->encode_lost += records;
}

void lane_add(struct lane *l, struct outlet *out, const struct tagged *t, int64_t now_ns)
{
	if (outlet_done(out)) {
		out->unread++;
		return;
	}
	out->taken++;
	if (encoder_add(out->encoder, &l->batch, t)) {
		lane_lose(l, out, 1);
		return;
	}
	if (l->batch.count == 1)
		l->since_ns = now_ns;
	if (l->batch.count >= out->batch_records || l->batch.bytes.len >= BATCH_BYTES_MAX)
		lane_cut(l, out);
}

void lane_cut(struct lane *l, struct outlet *out)
{
	uint32_t records = l->batch.count;
	int err;

	if (!records)
		return;
	if (encoder_end(out->encoder, &l->batch, l->lost + sink_lost(out->sink, l->cpu))) {
		lane_lose(l, out, records);
	} else {
		err = sink_put(out->sink, &l->batch);
		if (err == -EPIPE || err == -ECANCELED)
			out->error = err;
	}
	if (encoder_begin(out->encoder, &l->batch, l->cpu))
		out->error = -ENOMEM;
}
