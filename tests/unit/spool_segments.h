/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool_segments.h - a spool of one or two small segments whose bytes the
 * tests change, and what of it is still to come.
 */
#ifndef NINETAP_SPOOL_SEGMENTS_H
#define NINETAP_SPOOL_SEGMENTS_H

#include "spool_util.h"

#define N 6				/* messages in the segment that suffers */
#define BYTES 60

static unsigned char good[4096];	/* that segment */
static size_t good_len, ends[N + 1];	/* ends[i]: offset behind message i */
static unsigned char next[4096];	/* the one behind it, if there is one */
static size_t next_len;
static char good_path[512], next_path[512];

static inline void write_file(const char *path, const void *p, size_t n)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	CHECK(fd >= 0 && write(fd, p, n) == (ssize_t)n);
	close(fd);
}

static inline size_t read_file(const char *path, unsigned char *p, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, p, size);

	CHECK(n > 0);
	close(fd);
	return n > 0 ? (size_t)n : 0;
}

/* As after make(), but with bad in the place of the first segment. */
static inline void again(const void *bad, size_t n)
{
	empty_folder(dir);
	memset(&lost, 0, sizeof(lost));
	write_file(good_path, bad, n);
	if (next_len)
		write_file(next_path, next, next_len);
}

/* Messages 1..N in a first segment; then more of them in a second one, if asked for. */
static inline void make(bool more)
{
	struct spool *s;
	struct stat st;

	fresh();
	s = open_spool(MIB);
	for (uint64_t i = 1; i <= N; i++) {
		CHECK_EQ(put(s, i, BYTES), 0);
		CHECK_EQ(stat(segment_path(0), &st), 0);
		ends[i] = (size_t)st.st_size;
	}
	spool_close(s);
	snprintf(good_path, sizeof(good_path), "%s", segment_path(0));
	good_len = read_file(good_path, good, sizeof(good));
	next_len = 0;
	if (more) {
		s = open_spool(MIB);
		put_all(s, N + 1, N + 3, BYTES);
		spool_close(s);
		snprintf(next_path, sizeof(next_path), "%s", segment_path(1));
		next_len = read_file(next_path, next, sizeof(next));
	}
	memset(&lost, 0, sizeof(lost));
}

/* Of which message is the byte at that offset? */
static inline uint64_t message_at(size_t offset)
{
	uint64_t i = 1;

	while (ends[i] <= offset)
		i++;
	return i;
}

/* Reads and acks all; a bit for each message that came, which must be whole and in order. */
static inline unsigned int drain(struct spool *s)
{
	unsigned int seen = 0;
	struct spool_msg m;
	uint64_t id, last = 0;
	int err;

	while (!(err = spool_next(s, &m, &id))) {
		CHECK(is_whole(&m, BYTES) && m.seq > last && m.seq < 32);
		last = m.seq;
		seen |= 1U << (m.seq & 31);
		spool_acked(s, id);
	}
	CHECK_EQ(err, -ENOENT);
	CHECK(!spool_unread(s) && spool_empty(s));
	return seen;
}

static inline unsigned int bits(uint64_t from, uint64_t to)
{
	unsigned int b = 0;

	for (; from <= to; from++)
		b |= 1U << from;
	return b;
}

static inline uint64_t count_of(uint64_t i)
{
	return 1 + i % 4;
}

static inline uint64_t records(uint64_t from, uint64_t to)
{
	uint64_t n = 0;

	for (; from <= to; from++)
		n += count_of(from);
	return n;
}

#endif
