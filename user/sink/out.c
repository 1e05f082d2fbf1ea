// SPDX-License-Identifier: Apache-2.0
/*
 * out.c - writes whole batches to a file descriptor, waits for slow readers,
 * and knows which records went out when a write fails.
 *
 * It opens and rotates nothing; see stdout.c and file.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "sink/out.h"

#define STOP_PATIENCE_MS 2000		/* for a reader that takes nothing, once we stop */
#define STOP_ALL_MS 5000		/* and for one that takes little at a time */

void out_init(struct out *o, const char *name, const struct sink_settings *s, enum stream stream)
{
	*o = (struct out){
		.name = name,
		.head = s->head[stream],
		.fd = -1,
		.stop_fd = s->stop_fd,
		.lines = strcmp(s->encoding[stream], "avro") != 0,
	};
}

int out_use(struct out *o, int fd)
{
	struct stat st;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fstat(fd, &st))
		return -errno;
	o->fd = fd;
	o->regular = S_ISREG(st.st_mode);
	o->blocking = !(flags & O_NONBLOCK);
	o->headed = false;
	o->broken = 0;
	o->bytes = 0;
	return 0;
}

static int64_t now_ms(void)
{
	return clock_monotonic_ns() / 1000000;
}

/* How long to wait for the reader now; -1: as long as it takes. */
static int64_t patience_ms(const struct out *o, int64_t progress_ms)
{
	int64_t now = now_ms(), idle = progress_ms + STOP_PATIENCE_MS - now, all = o->stop_ms + STOP_ALL_MS - now;
	int64_t left = idle < all ? idle : all;

	if (!o->stop_ms)
		return -1;
	return left > 0 ? left : 0;
}

/* Returns 0 once fd takes bytes; progress_ms: when it last did. */
static int wait_writable(struct out *o, int64_t progress_ms)
{
	for (;;) {
		struct pollfd p[2] = { { .fd = o->fd, .events = POLLOUT },
				       { .fd = o->stop_ms ? -1 : o->stop_fd, .events = POLLIN } };
		int64_t patience = patience_ms(o, progress_ms);
		int n = patience ? poll(p, 2, (int)patience) : 0;

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n == 0)
			return -ECANCELED;
		if (n > 0 && p[1].revents)
			o->stop_ms = now_ms();
		else if (n > 0)
			return 0;
	}
}

/*
 * One write(2). A pipe that poll(2) calls writable has PIPE_BUF bytes of room,
 * not more: a longer write to a blocking one could not be broken by a stop.
 */
static ssize_t write_some(const struct out *o, const unsigned char *p, size_t n)
{
	ssize_t done;

	if (!o->regular && o->blocking && n > PIPE_BUF)
		n = PIPE_BUF;
	done = write(o->fd, p, n);
	if (done > 0)
		return done;
	if (done == 0)
		return -EIO;
	return errno == EINTR || errno == EAGAIN ? 0 : -errno;
}

/* *taken: how much of it went out, also on error. */
static int write_all(struct out *o, const unsigned char *p, size_t n, size_t *taken)
{
	int64_t progress_ms = o->regular ? 0 : now_ms();

	*taken = 0;
	while (*taken < n) {
		int err = o->regular ? 0 : wait_writable(o, progress_ms);
		ssize_t done = err ? err : write_some(o, p + *taken, n - *taken);

		if (done < 0)
			return (int)done;
		if (done > 0 && !o->regular)
			progress_ms = now_ms();
		*taken += (size_t)done;
	}
	return 0;
}

/* Cuts the last n bytes off, if they are still the last. */
static int cut_back(const struct out *o, size_t n)
{
	off_t end = lseek(o->fd, 0, SEEK_CUR);
	struct stat st;

	if (end < 0 || fstat(o->fd, &st))
		return -errno;
	if (st.st_size != end)
		return -EBUSY;		/* somebody else wrote behind us */
	if (ftruncate(o->fd, end - (off_t)n) || lseek(o->fd, end - (off_t)n, SEEK_SET) < 0)
		return -errno;
	return 0;
}

/* Writes all of p or, to a regular file, nothing. */
static int write_whole(struct out *o, const unsigned char *p, size_t n, size_t *taken)
{
	int err = write_all(o, p, n, taken);
	int cut;

	if (!err) {
		o->bytes += n;
		return 0;
	}
	if (err == -EPIPE || err == -ECANCELED || (!o->regular && *taken))
		o->broken = err;
	if (!o->regular || !*taken)
		return err;
	cut = cut_back(o, *taken);
	if (cut) {
		o->broken = err;
		log_error("cut the torn end off %s: %s; nothing more is written to it", o->name, strerror(-cut));
	}
	*taken = 0;
	return err;
}

static int write_head(struct out *o)
{
	size_t taken;
	int err = 0;

	if (!o->headed && o->head && o->head->len)
		err = write_whole(o, o->head->data, o->head->len, &taken);
	if (!err)
		o->headed = true;
	return err;
}

/* Records in the part of b that went out. Without lines a batch is one block. */
static uint32_t whole_records(const struct out *o, const struct batch *b, size_t taken)
{
	const unsigned char *p = b->bytes.data, *end = p + taken;
	uint32_t n = 0;

	if (taken == b->bytes.len)
		return b->count;
	while (o->lines && p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
		n++;
		p++;
	}
	return n;
}

static const char *reason(int err)
{
	if (err == -EPIPE)
		return "its reader is gone";
	if (err == -ECANCELED)
		return "stopping, and its reader took nothing for 2 s, or not all in 5 s";
	return strerror(-err);
}

static void note(struct out *o, int err)
{
	if (err && !o->failing)
		log_error("write %s: %s", o->name, reason(err));
	if (!err && o->failing)
		log_notice("write %s: works again", o->name);
	o->failing = err != 0;
}

/* n of b's records went out. */
static int settle(struct out *o, struct sink *s, const struct batch *b, uint64_t ticket, uint32_t n, int err)
{
	struct sink_batch id = { b->stream, b->cpu, ticket };
	enum nt_loss why = err == -ECANCELED ? NT_LOSS_CLOSED : NT_LOSS_WRITE;

	sink_takes(s, b->count);
	sink_delivered(s, n);
	if (n < b->count)
		sink_loses(s, &id, why, b->count - n);
	note(o, err);
	sink_report(s, &id, b->count - n, why);
	return err;
}

int out_put(struct out *o, struct sink *s, const struct batch *b, uint64_t ticket)
{
	size_t taken = 0;
	uint32_t n = 0;
	int err = o->broken;

	if (!err)
		err = write_head(o);
	if (!err) {
		err = write_whole(o, b->bytes.data, b->bytes.len, &taken);
		n = whole_records(o, b, taken);
	}
	return settle(o, s, b, ticket, n, err);
}

int out_lose(struct out *o, struct sink *s, const struct batch *b, uint64_t ticket, int err)
{
	return settle(o, s, b, ticket, 0, err);
}

void out_end(struct out *o)
{
	if (!o->broken && !o->failing)
		note(o, write_head(o));
}
