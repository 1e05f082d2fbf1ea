// SPDX-License-Identifier: Apache-2.0
/*
 * spool_next.c - the spool's reader: message by message through the segments,
 * over what is damaged or already acked. What is lost shows as a gap in the
 * numbers: of the records in the segment, and of the messages.
 */
#include <errno.h>
#include "sink/spool_priv.h"

/* The segment that the reader is in, or NULL: behind them all. */
static struct segment *read_segment(struct spool *s)
{
	uint64_t i = s->read_serial - s->first;

	return i < s->n ? &s->segments[i] : NULL;
}

static void lose_gap(struct spool *s, struct segment *seg, uint32_t to, uint64_t number)
{
	uint64_t lost = spool_settle_gap(s, seg, s->read_index, to, number);

	if (lost)
		spool_lose(s, SPOOL_DAMAGED, NULL, lost);
}

/* Nothing more can be read of what the segment holds by now: goes behind it. */
static void pass_segment(struct spool *s, struct segment *seg)
{
	lose_gap(s, seg, UINT32_MAX, seg->end);
	if (seg == spool_written(s)) {
		s->read_index = s->write_index;
		s->read_number = seg->end;
		spool_reader_seek(&s->reader, seg->bytes);
		return;
	}
	spool_reader_close(&s->reader);
	s->read_serial++;
	s->read_index = 0;
}

/* 0: the reader's file is open; -EAGAIN: there is none any more, and it is passed. */
static int open_segment(struct spool *s, struct segment *seg)
{
	int err;

	if (s->reader.fd >= 0)
		return 0;
	err = spool_reader_open(&s->reader, s->dir_fd, seg->number, seg->bytes);
	if (!err) {
		s->read_index = 0;
		s->read_number = seg->number;
	}
	if (err == -ENOENT) {
		if (seg == spool_written(s))
			spool_end_segment(s);	/* what is written there can't be read back */
		pass_segment(s, seg);
		err = -EAGAIN;
	}
	return err;
}

/* Can rec be what comes next, or behind a gap? Its sums hold, but it may be of another place. */
static bool belongs(const struct spool *s, const struct segment *seg, const struct spool_record *rec)
{
	uint64_t records = rec->number - s->read_number;
	uint32_t messages = rec->index - s->read_index;

	if (rec->index < s->read_index || rec->number < s->read_number || rec->number + rec->msg.count > seg->end)
		return false;
	if (records < messages || (records && !messages) || rec->index > s->reader.at / SPOOL_HEAD_MIN)
		return false;
	return rec->index >= seg->known || !seg->counts[rec->index] || seg->counts[rec->index] == rec->msg.count;
}

/* Takes note of rec. true: it is new, and not settled. */
static bool note(struct segment *seg, const struct spool_record *rec)
{
	if (rec->index < seg->known)
		return seg->counts[rec->index];
	if (rec->number < seg->known_end)
		return false;		/* of a part that was given up before */
	seg->counts[rec->index] = rec->msg.count;
	seg->known = rec->index + 1;
	seg->known_end = rec->number + rec->msg.count;
	return true;
}

/* 0: rec is to be given out; -EAGAIN: not this one; -ENOMEM. */
static int take(struct spool *s, struct segment *seg, const struct spool_record *rec, int found)
{
	bool is_new;

	if (!belongs(s, seg, rec))
		return -EAGAIN;
	if (segment_reserve(seg, rec->index + 1)) {
		spool_reader_again(&s->reader);
		return -ENOMEM;
	}
	if (rec->index > s->read_index)
		lose_gap(s, seg, rec->index, rec->number);
	is_new = note(seg, rec);
	if (is_new && found == SPOOL_BODY)
		spool_lose(s, SPOOL_DAMAGED, &rec->msg, spool_settle(s, seg, rec->index));
	s->read_index = rec->index + 1;
	s->read_number = rec->number + rec->msg.count;
	if (!is_new || found == SPOOL_BODY)
		return -EAGAIN;
	s->unread -= rec->msg.count;
	return 0;
}

static void check_read(struct spool *s)
{
	if (s->reader.err) {
		spool_add(&s->c.errors, 1);
		spool_tell(s, &s->read_failing, "read", s->reader.err);
		s->reader.err = 0;
	}
}

/* The next message of seg. 0; -EAGAIN: none here, look again; -ENOENT; another -errno. */
static int next_in(struct spool *s, struct segment *seg, struct spool_record *rec)
{
	int err, found;

	if (seg->end == seg->number)
		return -ENOENT;		/* its first message could not be written yet */
	err = open_segment(s, seg);
	if (err)
		return err;
	if (seg == spool_written(s) && s->read_number == seg->end)
		return -ENOENT;
	s->reader.end = seg->bytes;
	found = spool_reader_next(&s->reader, false, rec);
	check_read(s);
	if (found < 0)
		return found;
	if (found == SPOOL_END)
		pass_segment(s, seg);
	if (found != SPOOL_GOOD && found != SPOOL_BODY)
		return -EAGAIN;
	return take(s, seg, rec, found);
}

int spool_next(struct spool *s, struct spool_msg *out, uint64_t *id)
{
	struct spool_record rec;
	struct segment *seg;
	int err;

	do {
		seg = read_segment(s);
		err = seg ? next_in(s, seg, &rec) : -ENOENT;
		if (err == -EAGAIN)
			spool_pop_settled(s);
	} while (err == -EAGAIN);
	if (err && err != -ENOENT) {
		spool_add(&s->c.errors, 1);
		spool_tell(s, &s->read_failing, "read", err);
	}
	if (!err) {
		spool_tell(s, &s->read_failing, "read", 0);
		*out = rec.msg;
		*id = s->read_serial << 32 | rec.index;
	}
	return err;
}

void spool_rewind(struct spool *s)
{
	spool_reader_close(&s->reader);
	s->read_serial = s->first;
	s->read_index = 0;
	s->unread = spool_get(&s->c.held);
}
