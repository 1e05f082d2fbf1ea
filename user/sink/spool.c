// SPDX-License-Identifier: Apache-2.0
/*
 * spool.c - see spool.h: opens and closes the spool, and writes to it. The
 * reader is in spool_next.c, losses in spool_drop.c, the format in
 * spool_record.c.
 *
 * A segment is written by one descriptor, from its beginning on; what a failed
 * write left behind the last good message is cut off, or, if that fails too,
 * ends the segment.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "sink/spool_priv.h"

#define FILE_MODE 0600
#define SEGMENT_MIN (64U << 10)
#define SEGMENT_MAX (64U << 20)
#define SEGMENTS 64			/* of bytes_max in one, and so what is dropped at once */
#define AGES 16				/* of age_ns in one */
#define AT_ONCE 32U			/* messages in one write */

/* Messages that go out in one write: head, payload, head, payload ... */
struct together {
	uint32_t n;
	struct spool_record records[AT_ONCE];
	uint8_t heads[AT_ONCE][SPOOL_HEAD_MAX];
	struct iovec v[2 * AT_ONCE];
};

void spool_tell(struct spool *s, bool *failing, const char *verb, int err)
{
	if (err && !*failing)
		log_error("%s the spool %s: %s", verb, s->dir, strerror(-err));
	if (!err && *failing)
		log_notice("%s the spool %s: works again", verb, s->dir);
	*failing = err != 0;
}

static int set_up(struct spool *s, const struct spool_settings *set)
{
	uint64_t part = set->bytes_max / SEGMENTS;

	s->set = *set;
	s->dir_fd = s->write_fd = s->reader.fd = -1;
	s->first = s->read_serial = 1;
	s->segment_bytes = part < SEGMENT_MIN ? SEGMENT_MIN : part > SEGMENT_MAX ? SEGMENT_MAX : part;
	s->dir = strdup(set->dir);
	return s->dir ? 0 : -ENOMEM;
}

static void free_spool(struct spool *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->segments[i].counts);
	free(s->segments);
	spool_reader_free(&s->reader);
	if (s->write_fd >= 0)
		close(s->write_fd);
	if (s->dir_fd >= 0)
		close(s->dir_fd);
	free(s->dir);
	free(s);
}

/* What needs a sentence is logged here or below. */
static int start(struct spool *s, const struct spool_settings *set)
{
	int err = set_up(s, set);

	if (!err)
		err = spool_take_dir(s);
	if (!err)
		err = spool_recover(s);
	if (err)
		return err;
	err = spool_sync_start(&s->sync, s->dir_fd, s->dir);
	if (err)
		log_error("open the spool %s: %s", s->dir, strerror(-err));
	return err;
}

int spool_open(struct spool **out, const struct spool_settings *set)
{
	struct spool *s = calloc(1, sizeof(*s));
	int err;

	if (!s) {
		log_error("open the spool %s: %s", set->dir, strerror(ENOMEM));
		return -ENOMEM;
	}
	err = start(s, set);
	if (err)
		free_spool(s);
	else
		*out = s;
	return err;
}

/* Somebody removed the file that is written: what is in it is lost once it would be read, and nothing may follow it. */
static void leave_removed(struct spool *s)
{
	struct stat st;

	if (s->write_fd < 0 || fstat(s->write_fd, &st) || st.st_nlink)
		return;
	log_error("write the spool %s: somebody removed its newest segment: what was in there is lost", s->dir);
	spool_end_segment(s);
}

void spool_close(struct spool *s)
{
	if (!s)
		return;
	leave_removed(s);
	spool_end_segment(s);
	spool_sync_stop(s->sync, &s->dirty);
	free_spool(s);
}

/* A file of that name can only be one that could not be deleted. */
static int create_file(struct spool *s, uint64_t number)
{
	char name[SPOOL_NAME];
	int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, fd;

	spool_name(number, name);
	fd = openat(s->dir_fd, name, flags, FILE_MODE);
	if (fd < 0 && errno == EEXIST && !unlinkat(s->dir_fd, name, 0))
		fd = openat(s->dir_fd, name, flags, FILE_MODE);
	return fd < 0 ? -errno : fd;
}

static int begin_segment(struct spool *s, uint64_t now)
{
	int fd = create_file(s, s->next_number);

	if (fd < 0)
		return fd;
	if (!spool_push(s, s->next_number)) {
		char name[SPOOL_NAME];

		close(fd);
		unlinkat(s->dir_fd, spool_name(s->next_number, name), 0);
		return -ENOMEM;
	}
	s->write_fd = fd;
	s->write_index = 0;
	s->begun_ns = now;
	return 0;
}

/* Ends the segment that is written if `bytes` more are too many for it, or it spans too long a time. */
static void end_if_due(struct spool *s, size_t bytes, uint64_t now)
{
	const struct segment *seg = spool_written(s);

	if (!seg || seg->end == seg->number)
		return;
	if (seg->bytes + bytes > s->segment_bytes ||
	    (s->set.age_ns && now > s->begun_ns && now - s->begun_ns > s->set.age_ns / AGES))
		spool_end_segment(s);
}

/* n > 0 of v, which it changes. */
static int write_all(int fd, struct iovec *v, int n, uint64_t at)
{
	while (n) {
		ssize_t done = pwritev(fd, v, n, (off_t)at);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return done ? -errno : -ENOSPC;
		at += (uint64_t)done;
		for (; n && (size_t)done >= v->iov_len; v++, n--)
			done -= (ssize_t)v->iov_len;
		if (n) {
			v->iov_base = (char *)v->iov_base + done;
			v->iov_len -= (size_t)done;
		}
	}
	return 0;
}

static void count_in(struct spool *s, struct segment *seg, const struct spool_record *r)
{
	seg->bytes += r->bytes;
	seg->end += r->msg.count;
	seg->last_ns = r->time_ns;
	s->next_number = seg->end;
	s->write_index++;
	s->unread += r->msg.count;
	spool_add(&s->c.bytes, r->bytes);
	spool_add(&s->c.held, r->msg.count);
	spool_add(&s->c.in, r->msg.count);
	spool_sync_mark(&s->dirty, seg->number);
}

/* What a message takes at most. */
static uint64_t room_for(const struct spool_msg *m)
{
	return SPOOL_HEAD_MAX + (uint64_t)m->bytes;
}

/* Whether m can go behind `bytes` more in the same write. */
static bool goes_along(const struct spool *s, const struct segment *seg, uint64_t bytes, const struct spool_msg *m)
{
	return !spool_msg_check(m) && seg->bytes + bytes + room_for(m) <= s->segment_bytes &&
	       spool_get(&s->c.bytes) + bytes + room_for(m) <= s->set.bytes_max;
}

/* The first of m, for which there is room, and those of the others, up to n in all, that can go along. */
static void gather(const struct spool *s, const struct segment *seg, struct together *t, const struct spool_msg *m,
		   uint32_t n, uint64_t now)
{
	uint64_t bytes = 0, number = s->next_number;

	for (t->n = 0; t->n < n && t->n < AT_ONCE && (!t->n || goes_along(s, seg, bytes, &m[t->n])); t->n++) {
		struct spool_record *r = &t->records[t->n];
		struct iovec *v = &t->v[2 * t->n];

		*r = (struct spool_record){ .msg = m[t->n], .time_ns = now, .index = s->write_index + t->n, .number = number };
		v[0] = (struct iovec){ t->heads[t->n], spool_head_put(r, t->heads[t->n]) };
		v[1] = (struct iovec){ (void *)r->msg.payload, r->msg.bytes };
		number += r->msg.count;
		bytes += r->bytes;
	}
}

/* *n: at most so many of m; how many it were: all of them, or with an error none. */
static int write_messages(struct spool *s, const struct spool_msg *m, uint32_t *n)
{
	uint64_t now = (uint64_t)clock_ns(CLOCK_REALTIME);
	struct segment *seg;
	struct together t;
	int err;

	end_if_due(s, room_for(m), now);
	err = s->write_fd < 0 ? begin_segment(s, now) : 0;
	if (err)
		return err;
	seg = spool_written(s);
	gather(s, seg, &t, m, *n, now);
	*n = t.n;
	err = write_all(s->write_fd, t.v, 2 * (int)t.n, seg->bytes);
	for (uint32_t i = 0; !err && i < t.n; i++)
		count_in(s, seg, &t.records[i]);
	if (err && ftruncate(s->write_fd, (off_t)seg->bytes))
		spool_end_segment(s);
	return err;
}

/* The oldest can go to make room for what is written. */
static bool has_older(const struct spool *s)
{
	return s->n > (s->write_fd >= 0);
}

/* The first of m, and more of them if they go along. *n as above. */
static int append(struct spool *s, const struct spool_msg *m, uint32_t *n)
{
	uint64_t room = room_for(m);
	int err = spool_msg_check(m);

	if (!err && room > s->set.bytes_max)
		err = -EMSGSIZE;
	if (err)
		return err;
	while (!err && s->n && spool_get(&s->c.bytes) + room > s->set.bytes_max)
		err = spool_drop(s, SPOOL_FULL);
	if (err)
		return err;
	err = write_messages(s, m, n);
	if (err && *n > 1) {
		*n = 1;		/* for which there may be room still */
		err = write_messages(s, m, n);
	}
	if ((err == -ENOSPC || err == -EDQUOT) && has_older(s) && !spool_drop(s, SPOOL_FULL))
		err = write_messages(s, m, n);
	return err;
}

int spool_append_all(struct spool *s, const struct spool_msg *m, uint32_t n, uint32_t *taken)
{
	int err = 0;

	*taken = 0;
	while (*taken < n && !err) {
		uint32_t now = n - *taken;

		err = append(s, &m[*taken], &now);
		*taken += err ? 0 : now;
	}
	if (err)
		spool_add(&s->c.errors, 1);
	spool_tell(s, &s->write_failing, "write", err);
	return err;
}

int spool_append(struct spool *s, const struct spool_msg *m)
{
	uint32_t taken;

	return spool_append_all(s, m, 1, &taken);
}

void spool_acked(struct spool *s, uint64_t id)
{
	uint64_t i = (id >> 32) - s->first;

	if (i >= s->n)
		return;
	spool_add(&s->c.out, spool_settle(s, &s->segments[i], (uint32_t)id));
	spool_pop_settled(s);
	if (spool_empty(s))
		s->full = false;
}

void spool_poll(struct spool *s)
{
	uint64_t now = (uint64_t)clock_monotonic_ns();

	if (s->set.age_ns)
		spool_drop_old(s);
	if (!s->dirty.n || now < s->sync_due_ns)
		return;
	leave_removed(s);
	spool_sync_ask(s->sync, &s->dirty);
	s->sync_due_ns = now + s->set.sync_ns;
}

bool spool_unread(const struct spool *s)
{
	return s->unread;
}

bool spool_empty(const struct spool *s)
{
	return !spool_get(&s->c.held);
}

void spool_get_stats(const struct spool *s, struct spool_stats *out)
{
	const struct spool_counters *c = &s->c;

	*out = (struct spool_stats){
		.in = spool_get(&c->in), .out = spool_get(&c->out), .held = spool_get(&c->held),
		.held_bytes = spool_get(&c->bytes), .segments = spool_get(&c->segments),
		.lost_full = spool_get(&c->lost[SPOOL_FULL]), .lost_age = spool_get(&c->lost[SPOOL_AGE]),
		.lost_damaged = spool_get(&c->lost[SPOOL_DAMAGED]),
		.errors = spool_get(&c->errors) + spool_sync_errors(s->sync),
	};
}
