/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events.c - writes events as JSON; contract in events.h. A few lines a
 * second: each piece makes its own room, and the first that finds none is
 * remembered until the end, where the batch is put back.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "encode/put.h"
#include "ledger/events.h"

#define MSGS_STEP 16U

/* An object that is being written. */
struct line {
	struct batch *b;
	enum framing framing;
	size_t begin;			/* in b->bytes */
	int err;
};

void events_begin(struct batch *b, uint32_t cpu)
{
	batch_empty(b, STREAM_EVENTS, cpu);
}

/* Room for n bytes, or NULL. */
static unsigned char *room(struct line *l, size_t n)
{
	if (!l->err)
		l->err = buf_reserve(&l->b->bytes, n);
	return l->err ? NULL : l->b->bytes.data + l->b->bytes.len;
}

static void took(struct line *l, const unsigned char *end)
{
	l->b->bytes.len = (size_t)(end - l->b->bytes.data);
}

static void put(struct line *l, const char *text)
{
	if (!l->err)
		l->err = buf_put(&l->b->bytes, text, strlen(text));
}

/* A member's name, with what stands before it. */
static void put_name(struct line *l, const char *name)
{
	bool first = l->b->bytes.len && l->b->bytes.data[l->b->bytes.len - 1] == '{';

	put(l, first ? "\"" : ",\"");
	put(l, name);
	put(l, "\":");
}

static void put_number(struct line *l, const char *name, uint64_t v)
{
	unsigned char *p;

	put_name(l, name);
	p = room(l, PUT_U64_MAX);
	if (p)
		took(l, put_u64(p, v));
}

static void put_bool(struct line *l, const char *name, bool v)
{
	put_name(l, name);
	put(l, v ? "true" : "false");
}

/* NULL: the member is left out. */
static void put_string(struct line *l, const char *name, const char *text)
{
	unsigned char *p;

	if (!text)
		return;
	put_name(l, name);
	put(l, "\"");
	p = room(l, 6 * strlen(text));
	if (p)
		took(l, put_json_text(p, text));
	put(l, "\"");
}

static void put_when(struct line *l, int64_t ns)
{
	struct stamp stamp = { 0 };
	unsigned char *p;

	put_name(l, "ts");
	put(l, "\"");
	p = room(l, PUT_TIME_MAX);
	if (p)
		took(l, put_time(p, &stamp, ns));
	put(l, "\"");
}

static void put_tally(struct line *l, const char *name, const struct nt_tally *t)
{
	put_name(l, name);
	put(l, "{");
	put_number(l, "events", t->events);
	put_number(l, "packets", t->packets);
	put_number(l, "bytes", t->bytes);
	put(l, "}");
}

/* What all begin with. */
static struct line begin_of(struct batch *b, enum framing framing, const char *type, const struct ledger *of,
			    const char *box)
{
	struct line l = { .b = b, .framing = framing, .begin = b->bytes.len };
	const struct tag_origin *o = of->origin;

	put(&l, "{");
	put_string(&l, "type", type);
	put_when(&l, of->ts_utc_ns);
	put_string(&l, "box", box);
	put_string(&l, "site", o->site);
	put_string(&l, "pop", o->pop);
	put_string(&l, "ren", o->ren);
	put_number(&l, "epoch", o->epoch);
	return l;
}

static struct line begin(struct batch *b, enum framing framing, const char *type, const struct ledger *of)
{
	return begin_of(b, framing, type, of, of->origin->box);
}

static int reserve_msg(struct batch *b)
{
	struct batch_msg *msgs;

	if (b->msgs_n < b->msgs_cap)
		return 0;
	msgs = reallocarray(b->msgs, b->msgs_cap + MSGS_STEP, sizeof(*msgs));
	if (!msgs)
		return -ENOMEM;
	b->msgs = msgs;
	b->msgs_cap += MSGS_STEP;
	return 0;
}

/* Makes the object a message, or takes all of it back. */
static int end(struct line *l, uint64_t seq)
{
	struct batch *b = l->b;

	put(l, l->framing == FRAMING_STREAM ? "}\n" : "}");
	if (!l->err && b->bytes.len > UINT32_MAX)
		l->err = -ENOMEM;	/* beyond what batch_msg can name */
	if (!l->err)
		l->err = reserve_msg(b);
	if (l->err) {
		b->bytes.len = l->begin;
		return l->err;
	}
	b->msgs[b->msgs_n++] = (struct batch_msg){
		.begin = (uint32_t)l->begin, .end = (uint32_t)b->bytes.len, .count = 1, .seq = seq,
	};
	if (!b->count++)
		b->seq = seq;
	return 0;
}

/* What the kernel counted. */
static void put_counts(struct line *l, const struct nt_counts *c)
{
	for (int i = 0; i < NT_COUNT_FATES_END; i++)
		put_tally(l, ledger_count_names[i], ledger_fate(c, i));
	put_name(l, "notes");
	put(l, "{");
	for (int i = NT_COUNT_FATES_END; i < NT_COUNT_MAX; i++)
		put_number(l, ledger_count_names[i], ledger_note(c, i));
	put(l, "}");
}

static void put_losses(struct line *l, const char *name, const struct nt_tally lost[NT_LOSS_MAX])
{
	put_name(l, name);
	put(l, "{");
	for (int i = 0; i < NT_LOSS_MAX; i++)
		put_tally(l, ledger_loss_names[i], &lost[i]);
	put(l, "}");
}

/* What became of the records behind the ring. */
static void put_outcome(struct line *l, const struct nt_outcome *o)
{
	put_tally(l, "safe", &o->safe);
	put_losses(l, "lost", o->lost);
	put_number(l, "unread", o->unread);
	put_number(l, "missing", o->missing);
}

int ledger_event(struct batch *b, enum framing framing, const struct ledger *of, const struct ledger_cpu *c)
{
	struct line l = begin(b, framing, "ledger", of);

	put_number(&l, "cpu", c->cpu);
	put_number(&l, "cpus", of->cpus_n);	/* each tells of all: none can be missing unnoticed */
	put_number(&l, "n", c->n);
	put_bool(&l, "closing", of->closing);
	put_bool(&l, "exact", c->exact);
	put_number(&l, "seq", c->counts.seq);
	put_counts(&l, &c->counts);
	put_outcome(&l, &c->outcome);
	put_tally(&l, "flows_open", &c->flows_open);
	put_losses(&l, "flows_lost", c->flows_lost);
	put_number(&l, "ring_bytes", c->ring_bytes);
	put_number(&l, "ring_fill_bytes", c->ring_fill_bytes);
	put_number(&l, "clock_error_ns", (uint64_t)of->clock_error_ns);
	return end(&l, c->n);
}

int mode_event(struct batch *b, enum framing framing, const struct ledger *of, const struct mode_change *m)
{
	struct line l = begin(b, framing, "mode", of);

	put_string(&l, "iface", m->iface);
	put_string(&l, "from", ledger_mode_names[m->from]);
	put_string(&l, "to", ledger_mode_names[m->to]);
	put_number(&l, "sample", m->sample);
	put_string(&l, "reason", m->reason);
	return end(&l, 0);
}

int loss_event(struct batch *b, enum framing framing, const struct ledger *of, const struct sink_spool_loss *s)
{
	bool known = s->box && *s->box;
	struct line l = begin_of(b, framing, "loss", of, known ? s->box : of->origin->box);

	put_string(&l, "stage", "spool");
	put_string(&l, "reason", s->reason);
	put_number(&l, "of_epoch", s->epoch);
	put_number(&l, "cpu", s->cpu);
	put_string(&l, "stream", stream_names[s->stream]);
	put_number(&l, "seq", s->seq);
	put_number(&l, "count", s->count);
	return end(&l, 0);
}

int start_event(struct batch *b, enum framing framing, const struct ledger *of, uint32_t pid)
{
	struct line l = begin(b, framing, "start", of);

	put_string(&l, "version", NINETAP_VERSION);
	put_number(&l, "pid", pid);
	put_bool(&l, "adopted", of->adopted);
	put_number(&l, "cpus", of->cpus_n);
	return end(&l, 0);
}

int stop_event(struct batch *b, enum framing framing, const struct ledger *of)
{
	struct line l = begin(b, framing, "stop", of);

	return end(&l, 0);
}
