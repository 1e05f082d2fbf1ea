// SPDX-License-Identifier: Apache-2.0
/*
 * input.c - see input.h.
 */
#include "audit/input.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define READ_BYTES (1U << 20)

void input_free(struct input *in)
{
	buf_free(&in->bytes);
}

/* What was taken makes room for what comes. */
static void move_up(struct input *in)
{
	in->bytes.len -= in->at;
	memmove(in->bytes.data, in->bytes.data + in->at, in->bytes.len);
	in->at = 0;
}

static int read_more(struct input *in)
{
	ssize_t n;

	if (in->at)
		move_up(in);
	if (buf_reserve(&in->bytes, READ_BYTES))
		return -ENOMEM;
	do
		n = read(in->fd, in->bytes.data + in->bytes.len, READ_BYTES);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	in->ended = !n;
	in->bytes.len += (size_t)n;
	return 0;
}

int input_want(struct input *in, size_t n, const char **p, size_t *there)
{
	int err = n > INPUT_PIECE_MAX ? -EFBIG : 0;

	while (!err && in->bytes.len - in->at < n && !in->ended)
		err = read_more(in);
	*p = (const char *)in->bytes.data + in->at;
	*there = in->bytes.len - in->at;
	return err ?: *there < n ? -ENODATA : 0;
}

void input_take(struct input *in, size_t n)
{
	in->at += n;
}

int input_line(struct input *in, const char **line, size_t *len)
{
	const char *p, *newline = NULL;
	size_t looked = 0, there;
	int err = input_want(in, 1, &p, &there);

	while (!err && !(newline = memchr(p + looked, '\n', there - looked))) {
		looked = there;
		err = input_want(in, there + 1, &p, &there);
	}
	if (err == -ENODATA && there)
		err = 0;		/* the last line needs no newline */
	if (err && err != -EFBIG)
		return err;
	*line = p;
	*len = newline ? (size_t)(newline - p) : there;
	input_take(in, *len + (newline != NULL));
	in->line++;
	return err;
}
