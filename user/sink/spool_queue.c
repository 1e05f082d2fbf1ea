// SPDX-License-Identifier: Apache-2.0
/*
 * spool_queue.c - the spool's list of segments: what is in each, what of it is
 * settled (acked or lost), and which files may go. It reads none of them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "sink/spool_priv.h"

const char *spool_name(uint64_t number, char name[SPOOL_NAME])
{
	snprintf(name, SPOOL_NAME, "segment-%016" PRIx64, number);
	return name;
}

static uint64_t serial_of(const struct spool *s, const struct segment *seg)
{
	return s->first + (uint64_t)(seg - s->segments);
}

static int reserve_segments(struct spool *s)
{
	size_t cap = s->cap ? s->cap * 2 : 16;
	struct segment *more;

	if (s->n < s->cap)
		return 0;
	more = reallocarray(s->segments, cap, sizeof(*more));
	if (!more)
		return -ENOMEM;
	s->segments = more;
	s->cap = cap;
	return 0;
}

struct segment *spool_push(struct spool *s, uint64_t number)
{
	struct segment *seg;

	if (reserve_segments(s))
		return NULL;
	seg = &s->segments[s->n++];
	*seg = (struct segment){ .number = number, .end = number, .known_end = number };
	spool_add(&s->c.segments, 1);
	return seg;
}

struct segment *spool_written(struct spool *s)
{
	return s->write_fd < 0 ? NULL : &s->segments[s->n - 1];
}

int spool_delete(struct spool *s, const struct segment *seg)
{
	char name[SPOOL_NAME];
	int err = unlinkat(s->dir_fd, spool_name(seg->number, name), 0) ? -errno : 0;

	if (err == -ENOENT)
		err = 0;
	if (err)
		spool_add(&s->c.errors, 1);
	spool_tell(s, &s->unlink_failing, "delete a segment of", err);
	return err;
}

/* The segment is about to leave the list; its file is gone, or will be found by the next run. */
static void forget(struct spool *s, struct segment *seg)
{
	if (s->read_serial == serial_of(s, seg)) {
		spool_reader_close(&s->reader);
		s->read_index = 0;
	}
	free(seg->counts);
	spool_add(&s->c.bytes, -seg->bytes);
	spool_add(&s->c.segments, -1ULL);
	s->n--;
}

void spool_end_segment(struct spool *s)
{
	struct segment *seg = spool_written(s);

	if (!seg)
		return;
	close(s->write_fd);
	s->write_fd = -1;
	if (seg->end == seg->number) {	/* the next will have its name */
		(void)spool_delete(s, seg);
		forget(s, seg);
	}
}

void spool_pop(struct spool *s)
{
	if (s->n == 1 && s->write_fd >= 0) {
		close(s->write_fd);
		s->write_fd = -1;
	}
	forget(s, &s->segments[0]);
	memmove(s->segments, s->segments + 1, s->n * sizeof(*s->segments));
	s->first++;
	if (s->read_serial < s->first)
		s->read_serial = s->first;
}

void spool_pop_settled(struct spool *s)
{
	while (s->n && s->segments[0].settled == s->segments[0].end - s->segments[0].number) {
		(void)spool_delete(s, &s->segments[0]);
		spool_pop(s);
	}
}

int segment_reserve(struct segment *seg, uint32_t messages)
{
	size_t cap = seg->cap ? seg->cap : 256;
	uint32_t *more;

	if (messages <= seg->cap)
		return 0;
	while (cap < messages)
		cap *= 2;
	more = reallocarray(seg->counts, cap, sizeof(*more));
	if (!more)
		return -ENOMEM;
	memset(more + seg->cap, 0, (cap - seg->cap) * sizeof(*more));
	seg->counts = more;
	seg->cap = (uint32_t)cap;
	return 0;
}

/* Is the message behind the reader? */
static bool is_read(const struct spool *s, uint64_t serial, uint32_t index)
{
	return serial < s->read_serial || (serial == s->read_serial && index < s->read_index);
}

static void settled(struct spool *s, struct segment *seg, uint64_t records, bool read)
{
	seg->settled += records;
	spool_add(&s->c.held, -records);
	if (!read)
		s->unread -= records;
}

uint32_t spool_settle(struct spool *s, struct segment *seg, uint32_t index)
{
	uint32_t records = index < seg->known ? seg->counts[index] : 0;

	if (!records)
		return 0;
	seg->counts[index] = 0;
	settled(s, seg, records, is_read(s, serial_of(s, seg), index));
	return records;
}

uint64_t spool_settle_gap(struct spool *s, struct segment *seg, uint32_t from, uint32_t to, uint64_t number)
{
	uint64_t lost = 0;

	for (uint32_t i = from; i < to && i < seg->known; i++)
		lost += spool_settle(s, seg, i);
	if (to > seg->known && number > seg->known_end) {
		settled(s, seg, number - seg->known_end, false);
		lost += number - seg->known_end;
		seg->known_end = number;
		seg->known = to <= seg->cap ? to : seg->known;
	}
	return lost;
}
