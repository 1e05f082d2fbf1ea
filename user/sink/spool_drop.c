// SPDX-License-Identifier: Apache-2.0
/*
 * spool_drop.c - what the spool loses: the oldest segment when room is needed
 * or its time is over, and what the reader found damaged. Counted in records;
 * reported message by message, runs of one CPU's stream as one.
 */
#include <errno.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "sink/spool_priv.h"

#define RUNS 16				/* CPUs and streams that take turns in a segment */

static const char *const reason_names[SPOOL_REASON_MAX] = { "full", "age", "damaged" };

struct run {
	char box[SPOOL_TEXT_MAX + 1];
	struct sink_spool_loss loss;
};

struct runs {
	struct spool *s;
	enum spool_reason why;
	uint64_t reported;		/* records */
	unsigned int n, next;		/* in use; to be replaced next */
	struct run run[RUNS];
};

static void report(struct spool *s, const struct sink_spool_loss *l)
{
	if (s->set.lost && l->count)
		s->set.lost(s->set.arg, l);
}

static struct sink_spool_loss loss_of(const struct spool_msg *m, enum spool_reason why, uint64_t records)
{
	struct sink_spool_loss l = { .box = "", .reason = reason_names[why], .count = records };

	if (m) {
		l.box = m->box;
		l.epoch = m->epoch;
		l.cpu = m->cpu;
		l.stream = m->stream;
		l.seq = m->seq;
	}
	return l;
}

void spool_lose(struct spool *s, enum spool_reason why, const struct spool_msg *m, uint64_t records)
{
	struct sink_spool_loss l = loss_of(m, why, records);

	spool_add(&s->c.lost[why], records);
	report(s, &l);
}

static bool goes_on(const struct run *r, const struct spool_msg *m)
{
	return r->loss.seq + r->loss.count == m->seq && r->loss.cpu == m->cpu && r->loss.stream == m->stream &&
	       r->loss.epoch == m->epoch && !strcmp(r->box, m->box);
}

static void runs_add(struct runs *runs, const struct spool_msg *m)
{
	struct run *r;

	for (unsigned int i = 0; i < runs->n; i++)
		if (goes_on(&runs->run[i], m)) {
			runs->run[i].loss.count += m->count;
			return;
		}
	r = &runs->run[runs->next];
	if (runs->n == RUNS)
		report(runs->s, &r->loss);
	else
		runs->n++;
	runs->next = (runs->next + 1) % RUNS;
	r->loss = loss_of(m, runs->why, m->count);
	strcpy(r->box, m->box);
	r->loss.box = r->box;
}

static void runs_end(struct runs *runs)
{
	for (unsigned int i = 0; i < runs->n; i++)
		report(runs->s, &runs->run[i].loss);
}

/* May this record be the one behind *number, and is it not settled? Moves *number. */
static bool is_held(const struct segment *seg, const struct spool_record *rec, uint64_t *number)
{
	if (rec->number < *number || rec->number + rec->msg.count > seg->end)
		return false;
	*number = rec->number + rec->msg.count;
	return rec->index >= seg->known || seg->counts[rec->index] == rec->msg.count;
}

/* Calls for each message of seg that its file still tells; closed: none. */
static void each_head(struct spool_reader *reader, const struct segment *seg,
		      void (*seen)(void *arg, const struct spool_record *rec), void *arg)
{
	int found = reader->fd < 0 ? SPOOL_END : 0;
	uint64_t number = seg->number;
	struct spool_record rec;

	while (found >= 0 && found != SPOOL_END) {
		found = spool_reader_next(reader, true, &rec);
		if (found == SPOOL_GOOD && is_held(seg, &rec, &number))
			seen(arg, &rec);
	}
}

static void add_to_runs(void *arg, const struct spool_record *rec)
{
	struct runs *runs = arg;

	runs->reported += rec->msg.count;
	runs_add(runs, &rec->msg);
}

/* Tells of all in seg that isn't settled, `left` records. */
static void report_segment(struct spool *s, const struct segment *seg, struct spool_reader *reader,
			   enum spool_reason why, uint64_t left)
{
	struct runs runs = { .s = s, .why = why };
	struct sink_spool_loss rest;

	each_head(reader, seg, add_to_runs, &runs);
	runs_end(&runs);
	rest = loss_of(NULL, why, left > runs.reported ? left - runs.reported : 0);
	report(s, &rest);
}

/* Records of seg, the oldest, that are out and not acked yet. */
static uint64_t in_flight(const struct spool *s, const struct segment *seg)
{
	uint32_t read = s->read_serial > s->first ? seg->known : s->read_index;
	uint64_t sum = 0;

	for (uint32_t i = 0; i < read && i < seg->known; i++)
		sum += seg->counts[i];
	return sum;
}

static void tell_full(struct spool *s, enum spool_reason why)
{
	if (why == SPOOL_FULL && !s->full) {
		log_error("spool to %s: it is full; the oldest is dropped, and counted as lost", s->dir);
		s->full = true;
	}
}

/* Counts and reports what is left in seg, whose file is gone but for the reader. */
static void lose_segment(struct spool *s, struct segment *seg, struct spool_reader *reader, enum spool_reason why)
{
	uint64_t left = seg->end - seg->number - seg->settled;

	if (s->set.lost && left)
		report_segment(s, seg, reader, why, left);
	s->unread -= left - in_flight(s, seg);
	spool_add(&s->c.held, -left);
	spool_add(&s->c.lost[why], left);
	spool_pop(s);
}

int spool_drop(struct spool *s, enum spool_reason why)
{
	struct spool_reader reader = SPOOL_READER;
	struct segment *seg = &s->segments[0];
	int err;

	if (spool_reader_open(&reader, s->dir_fd, seg->number, seg->bytes))
		spool_reader_close(&reader);	/* then nobody can tell what is in it */
	err = spool_delete(s, seg);
	if (!err) {
		tell_full(s, why);
		lose_segment(s, seg, &reader, why);
	}
	spool_reader_free(&reader);
	return err;
}

static void keep_time(void *arg, const struct spool_record *rec)
{
	*(uint64_t *)arg = rec->time_ns;
}

/* When the last message of seg was written; an earlier run's is asked once. */
static uint64_t last_time(struct spool *s, struct segment *seg, uint64_t now)
{
	struct spool_reader reader = SPOOL_READER;

	if (seg->last_ns)
		return seg->last_ns;
	if (!spool_reader_open(&reader, s->dir_fd, seg->number, seg->bytes))
		each_head(&reader, seg, keep_time, &seg->last_ns);
	spool_reader_free(&reader);
	if (!seg->last_ns)
		seg->last_ns = now;	/* it can't be told: from now on */
	return seg->last_ns;
}

void spool_drop_old(struct spool *s)
{
	uint64_t now = (uint64_t)clock_ns(CLOCK_REALTIME);

	while (s->n && s->segments[0].end > s->segments[0].number) {
		uint64_t last = last_time(s, &s->segments[0], now);

		if (last > now || now - last < s->set.age_ns)
			return;
		if (spool_drop(s, SPOOL_AGE))
			return;
	}
}
