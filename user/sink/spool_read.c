// SPDX-License-Identifier: Apache-2.0
/*
 * spool_read.c - see spool_read.h. By pread(2), not by mmap(2): a file that
 * somebody cuts off meanwhile is then a short read, and no SIGBUS.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "sink/spool_priv.h"
#include "sink/spool_read.h"

#define WINDOW (256U << 10)		/* bytes read at once */
#define WINDOW_KEPT (4U << 20)		/* memory that is kept from one segment to the next */

int spool_reader_open(struct spool_reader *r, int dir_fd, uint64_t number, uint64_t end)
{
	char name[SPOOL_NAME];
	struct stat st;

	spool_reader_close(r);
	if (r->buf.cap > WINDOW_KEPT)
		buf_free(&r->buf);
	r->fd = openat(dir_fd, spool_name(number, name), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (r->fd < 0)
		return errno == ELOOP ? -ENOENT : -errno;
	if (fstat(r->fd, &st) || !S_ISREG(st.st_mode)) {
		spool_reader_close(r);
		return -ENOENT;		/* somebody put something else in its place */
	}
	r->end = end;
	r->err = 0;
	spool_reader_seek(r, 0);
	return 0;
}

void spool_reader_again(struct spool_reader *r)
{
	r->used = 0;
}

void spool_reader_seek(struct spool_reader *r, uint64_t at)
{
	r->at = at;
	r->used = r->pos = r->buf.len = 0;
}

void spool_reader_close(struct spool_reader *r)
{
	if (r->fd >= 0)
		close(r->fd);
	r->fd = -1;
}

void spool_reader_free(struct spool_reader *r)
{
	spool_reader_close(r);
	buf_free(&r->buf);
}

static size_t in_window(const struct spool_reader *r)
{
	return r->buf.len - r->pos;
}

/* Passes n bytes, which may lie beyond the window. */
static void pass(struct spool_reader *r, size_t n)
{
	if (n > in_window(r)) {
		spool_reader_seek(r, r->at + n);
		return;
	}
	r->pos += n;
	r->at += n;
	r->used = 0;
}

/* Moves what is unread to the front and makes room for at least `needed` bytes there. */
static int make_room(struct spool_reader *r, size_t needed)
{
	size_t n = in_window(r), room = needed > WINDOW ? needed : WINDOW;

	if (r->pos) {
		memmove(r->buf.data, r->buf.data + r->pos, n);
		r->buf.len = n;
		r->pos = 0;
	}
	return buf_reserve(&r->buf, room - n);
}

/* Reads until `needed` bytes are in the window, or the file ends. */
static int fill(struct spool_reader *r, size_t needed)
{
	int err = make_room(r, needed);

	while (!err && in_window(r) < needed && r->at + in_window(r) < r->end) {
		uint64_t at = r->at + in_window(r), left = r->end - at;
		size_t room = r->buf.cap - r->buf.len;
		ssize_t n = pread(r->fd, r->buf.data + r->buf.len, left < room ? left : room, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			r->err = -errno;
		if (n <= 0)
			r->end = at;
		else
			r->buf.len += (size_t)n;
	}
	return err;
}

int spool_reader_next(struct spool_reader *r, bool skim, struct spool_record *rec)
{
	size_t needed = SPOOL_HEAD_MAX;
	int err, found;

	pass(r, r->used);
	do {
		if (in_window(r) < needed && r->at + in_window(r) < r->end) {
			err = fill(r, needed);
			if (err)
				return err;
		}
		if (!in_window(r))
			return SPOOL_END;
		found = spool_parse(r->buf.data + r->pos, in_window(r), r->at + in_window(r) < r->end, skim, rec);
		needed = rec->bytes;
	} while (found == SPOOL_MORE);
	r->used = rec->bytes;
	return found;
}
