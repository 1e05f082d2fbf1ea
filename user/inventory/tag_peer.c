/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tag_peer.c - see tag_peer.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "inventory/lines.h"
#include "inventory/tag_peer.h"

#define PIECE_BYTES 65536U
#define REQUESTS_MAX 256		/* of one connection, before others have their turn */
#define UNSENT_MAX 65536U		/* of answers, before they are sent */
#define IDLE_BYTES_MAX 1048576U		/* a buffer larger than this isn't kept when it is empty */

struct tag_peer *tag_peer_open(int fd)
{
	struct tag_peer *p = calloc(1, sizeof(*p));

	if (p) {
		p->fd = fd;
		p->events = EPOLLIN;
	}
	return p;
}

void tag_peer_close(struct tag_peer *p)
{
	close(p->fd);
	buf_free(&p->in);
	buf_free(&p->out);
	free(p);
}

static bool has_requests(const struct tag_peer *p)
{
	return p->in_at < p->whole;
}

static bool has_unsent(const struct tag_peer *p)
{
	return p->out_at < p->out.len;
}

static void empty(struct buf *b)
{
	b->len = 0;
	if (b->cap > IDLE_BYTES_MAX)
		buf_free(b);
}

/* False: nobody is there to be sent anything. */
static bool flush(struct tag_peer *p)
{
	while (has_unsent(p)) {
		ssize_t n = send(p->fd, p->out.data + p->out_at, p->out.len - p->out_at,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		p->out_at += (size_t)n;
	}
	p->out_at = 0;
	empty(&p->out);
	return true;
}

/* Drops the requests that were answered from in front. */
static void make_room(struct tag_peer *p)
{
	size_t rest = p->in.len - p->whole;

	if (rest)
		memmove(p->in.data, p->in.data + p->whole, rest);
	p->in.len = rest;
	p->in_at = p->whole = 0;
	if (!rest)
		empty(&p->in);
}

/* A line without an end: said, and the last that is said. */
static int refuse_line(struct tag_peer *p)
{
	static const char why[] = "{\"ok\":false,\"error\":\"a line is longer than 16 MiB\"}\n";

	p->in.len = p->whole;
	p->eof = true;
	return buf_put(&p->out, why, sizeof(why) - 1);
}

static void find_whole(struct tag_peer *p, size_t came)
{
	const unsigned char *behind = p->in.data + p->in.len, *last = memrchr(behind - came, '\n', came);

	if (last)
		p->whole = (size_t)(last + 1 - p->in.data);
}

/* False: the connection broke. */
static bool receive(struct tag_peer *p)
{
	ssize_t n;

	make_room(p);
	if (buf_reserve(&p->in, PIECE_BYTES))
		return false;
	n = recv(p->fd, p->in.data + p->in.len, PIECE_BYTES, MSG_DONTWAIT);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	p->in.len += (size_t)n;
	if (n)
		find_whole(p, (size_t)n);
	else
		p->whole = p->in.len;	/* the last line needs no newline */
	p->eof = !n;
	return p->in.len - p->whole <= LINE_BYTES_MAX || !refuse_line(p);
}

/* False: out of memory. */
static bool answer_some(struct tag_peer *p, tag_socket_answer *answer, void *arg)
{
	const char *text = (const char *)p->in.data, *line;
	struct lines lines = { .p = text + p->in_at, .end = text + p->whole };
	size_t len;
	int err = 0;

	for (int i = 0; !err && i < REQUESTS_MAX && p->out.len < UNSENT_MAX; i++) {
		if (!lines_next(&lines, &line, &len))
			break;
		err = answer(arg, line, len, &p->out);
	}
	p->in_at = (size_t)(lines.p - text);
	return !err;
}

bool tag_peer_serve(struct tag_peer *p, tag_socket_answer *answer, void *arg)
{
	if (!flush(p))
		return false;
	if (!has_requests(p) && !p->eof && !receive(p))
		return false;
	if (has_requests(p) && !answer_some(p, answer, arg))
		return false;
	if (!flush(p))
		return false;
	/* With requests at hand its turn comes again as soon as it can be sent something. */
	p->events = has_unsent(p) || has_requests(p) ? EPOLLOUT : EPOLLIN;
	return has_unsent(p) || has_requests(p) || !p->eof;
}
