// SPDX-License-Identifier: Apache-2.0
/*
 * flow_writer.c - see flow_writer.h.
 */
#include "collect/flow_writer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include "base/log.h"
#include "ledger/ledger.h"

#define PARCELS 16U
#define PARCEL_BYTES_MAX 900000		/* of a message, as in lane.c */

static int synchronize(void *arg)
{
	return loader_synchronize(arg);
}

static int open_flows(struct flow_writer *w, const struct options *o, const struct loader *l)
{
	struct flows_settings s = {
		.cpus = l->cpus, .short_fds = l->flow_short_fds, .long_fds = l->flow_long_fds,
		.control = l->control, .slots_fd = l->slots_fd, .slots_n = l->slots_n,
		.active_ns = o->flow_active_ns, .idle_ns = o->flow_idle_ns,
		.synchronize = synchronize, .arg = (void *)l,
	};

	return flows_open(&w->flows, &s) ? EX_OSERR : 0;
}

static int open_encoder(struct flow_writer *w, const struct options *o)
{
	enum framing framing;
	int err;

	if (sink_framing(o->output, &framing))
		return EX_USAGE;
	err = encoder_open(&w->encoder, flows_encoding(o->encoding), framing, STREAM_FLOWS, w->origin);
	if (err)
		log_error("open encoder of flows: %s", strerror(-err));
	return err ? EX_OSERR : 0;
}

int flow_writer_open(struct flow_writer *w, const struct options *o, const struct loader *l, struct board *board,
		     const struct tag_origin *origin)
{
	int code;

	*w = (struct flow_writer){ .origin = origin, .cpus = l->cpus, .shared = l->outcomes };
	w->outcomes = calloc(l->cpus, sizeof(*w->outcomes));
	if (!w->outcomes || tagger_open(&w->tagger, board) || outbox_open(&w->outbox, PARCELS, FLOW_PARCEL_RECORDS)) {
		log_error("make room for flow records: out of memory");
		return EX_OSERR;
	}
	code = open_encoder(w, o);
	return code ? code : open_flows(w, o, l);
}

void flow_writer_close(struct flow_writer *w)
{
	flows_close(w->flows);
	encoder_close(w->encoder);
	tagger_close(w->tagger);
	outbox_close(w->outbox);
	free(w->outcomes);
	*w = (struct flow_writer){ 0 };
}

/* After their slots are free: a kill between the two makes what is still on its way look too large, never too small. */
static void gone(struct flow_writer *w, uint32_t cpu, const struct nt_tally *sum)
{
	ledger_add(&w->shared[cpu].flows_gone, sum);
}

static void lose(struct flow_writer *w, const struct flow *f, uint32_t slot)
{
	const struct nt_tally *sum = &f->counted.sum;

	ledger_add(&w->outcomes[f->cpu].lost[NT_LOSS_ENCODE], sum);
	flows_done(w->flows, slot);
	gone(w, f->cpu, sum);
}

struct holders {
	const struct text *src, *dst;
};

static struct holders holders_at(struct flow_writer *w, const struct nt_record *rec, int64_t utc_ns)
{
	const struct tags *t = tagger_find(w->tagger, rec, utc_ns);

	return (struct holders){ t->src_instance, t->dst_instance };
}

static bool changed_hands(void *arg, const struct flow *f)
{
	struct flow_writer *w = arg;
	struct tagged t = { .flow = f };
	struct holders then, now;
	struct nt_record rec;

	flow_record(&rec, f);
	rec.ts_ns = f->counted.first_ns;
	w->label(w->label_arg, &rec, &t);
	then = holders_at(w, &rec, t.ts_utc_ns);
	now = holders_at(w, &rec, w->now_utc_ns);
	return then.src != now.src || then.dst != now.dst;
}

void flow_writer_hand_over(struct flow_writer *w, int64_t now_utc_ns, bool always)
{
	uint64_t revision = tagger_begin(w->tagger);

	w->now_utc_ns = now_utc_ns;
	if (revision && (always || revision != w->revision))
		flows_end(w->flows, changed_hands, w);
	w->revision = revision;
	tagger_end(w->tagger);
}

static int encode(struct flow_writer *w, struct batch *b, const struct flow *f)
{
	struct nt_record rec;
	struct tagged t = { .rec = &rec, .flow = f, .origin = w->origin };

	flow_record(&rec, f);
	rec.ts_ns = f->counted.first_ns;
	w->label(w->label_arg, &rec, &t);
	t.last_utc_ns = t.ts_utc_ns + (int64_t)(f->counted.last_ns - f->counted.first_ns);
	t.tags = tagger_find(w->tagger, &rec, t.ts_utc_ns);
	return encoder_add(w->encoder, b, &t);
}

static void take(struct flow_writer *w, struct parcel *p, const struct flow *f, uint32_t slot)
{
	const struct nt_tally *sum = &f->counted.sum;

	if (encode(w, &p->batch, f)) {
		lose(w, f, slot);
		return;
	}
	p->slots[p->slots_n++] = slot;
	ledger_add(&p->sum, sum);
}

/* Fills a parcel with what is due of a CPU. -ENOMEM: all of it is to be handed out again. */
static int fill(struct flow_writer *w, struct parcel *p, uint32_t cpu, uint64_t now_ns)
{
	uint64_t revision = tagger_begin(w->tagger);
	int err = encoder_begin(w->encoder, &p->batch, cpu);
	struct flow f;
	uint32_t slot;

	p->batch.tags_rev = revision;
	p->sum = (struct nt_tally){ 0 };
	p->slots_n = 0;
	p->cpu = cpu;
	while (!err && p->batch.count < FLOW_PARCEL_RECORDS && batch_size(&p->batch) < PARCEL_BYTES_MAX &&
	       flows_next_due(w->flows, cpu, now_ns, &f, &slot))
		take(w, p, &f, slot);
	if (!err)
		err = encoder_end(w->encoder, &p->batch, 0);
	tagger_end(w->tagger);
	for (uint32_t i = 0; err && i < p->slots_n; i++)
		flows_again(w->flows, p->slots[i]);
	return err;
}

/* True: a parcel went off, or there was none to fill. */
static bool send_one(struct flow_writer *w, uint32_t cpu, uint64_t now_ns, bool *blocked)
{
	struct parcel *p = outbox_empty(w->outbox);

	*blocked = !p;
	if (!p)
		return false;
	if (fill(w, p, cpu, now_ns) || !p->batch.count) {
		outbox_keep(p);
		return false;
	}
	w->out++;
	outbox_send(p);
	return true;
}

bool flow_writer_send(struct flow_writer *w, uint64_t now_ns)
{
	bool blocked = false;

	for (uint32_t cpu = 0; cpu < w->cpus && !blocked; cpu++)
		while (send_one(w, cpu, now_ns, &blocked))
			;
	return blocked;
}

/* Some of a parcel's records: which ones is not known, so that sums are their share. */
static struct nt_tally part_of(const struct nt_tally *sum, uint64_t n, uint64_t of)
{
	return (struct nt_tally){ sum->events * n / of, sum->packets * n / of, sum->bytes * n / of };
}

/* Its slots are due, as they were when it was sent: who opens them next sends them again. */
static bool stays(const struct flow_writer *w, const struct parcel *p)
{
	return p->lost && p->why == NT_LOSS_CLOSED && atomic_load(&w->keep);
}

static void account_for(struct flow_writer *w, const struct parcel *p)
{
	struct flow_outcome *o = &w->outcomes[p->cpu];
	struct nt_tally lost = { 0 };

	if (p->lost)
		lost = part_of(&p->sum, p->lost, p->slots_n);
	for (uint32_t i = 0; i < p->slots_n; i++)
		flows_done(w->flows, p->slots[i]);
	gone(w, p->cpu, &p->sum);
	ledger_add(&o->lost[p->why], &lost);
	ledger_add(&o->safe, &(struct nt_tally){ p->sum.events - lost.events, p->sum.packets - lost.packets,
						 p->sum.bytes - lost.bytes });
}

void flow_writer_settle(struct flow_writer *w)
{
	struct parcel *p;

	while ((p = outbox_returned(w->outbox))) {
		if (!stays(w, p))
			account_for(w, p);
		w->out--;
		outbox_keep(p);
	}
}
