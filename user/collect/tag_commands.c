/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tag_commands.c - `ninetap tag put|end|list`: asks a running ninetap over
 * its tag socket. What a statement may say is decided there.
 */
#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "collect/commands.h"
#include "inventory/lines.h"
#include "inventory/statement.h"
#include "inventory/tag_socket.h"

#define PIECE_BYTES 65536U

static int exit_code(int err)
{
	switch (err) {
	case 0:
		return 0;
	case -EBADMSG:
		return EX_DATAERR;
	case -ENOENT:
	case -ECONNREFUSED:
		return EX_UNAVAILABLE;
	case -EACCES:
		return EX_NOPERM;
	case -ENOMEM:
		return EX_OSERR;
	default:
		return EX_IOERR;
	}
}

static int ask(const struct options *o, const void *request, size_t len)
{
	return exit_code(tag_socket_ask(o->socket, request, len, NULL, stdout));
}

static int out_of_memory(void)
{
	log_error("tag: out of memory");
	return EX_OSERR;
}

/* What there is of standard input, at its end *end. 0 or an exit code. */
static int read_input(struct buf *b, bool *end)
{
	ssize_t n;

	if (buf_reserve(b, PIECE_BYTES))
		return out_of_memory();
	do
		n = read(STDIN_FILENO, b->data + b->len, PIECE_BYTES);
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		log_error("read standard input: %s", strerror(errno));
		return EX_IOERR;
	}
	b->len += (size_t)n;
	*end = !n;
	if (b->len <= LINE_BYTES_MAX + PIECE_BYTES)
		return 0;
	log_error("read standard input: a line is longer than %u bytes", LINE_BYTES_MAX);
	return EX_DATAERR;
}

/* Sends the whole lines, and at the end what has no newline, too; keeps the rest. */
static int put_lines(const struct options *o, struct buf *b, bool end, uint32_t *line)
{
	const unsigned char *last = b->len ? memrchr(b->data, '\n', b->len) : NULL;
	size_t whole = end ? b->len : last ? (size_t)(last + 1 - b->data) : 0;
	int code = 0;

	if (whole)
		code = exit_code(tag_socket_ask(o->socket, (const char *)b->data, whole, line, stdout));
	b->len -= whole;
	memmove(b->data, b->data + whole, b->len);
	return code;
}

/* Line by line, as they come: whoever writes them may go on for ever. */
static int put_input(const struct options *o)
{
	struct buf b = { 0 };
	int code = 0, put, refused = 0;
	uint32_t line = 0;
	bool end = false;

	while (!code && !end) {
		code = read_input(&b, &end);
		if (code)
			break;
		put = put_lines(o, &b, end, &line);
		if (put == EX_DATAERR)
			refused = put;
		else
			code = put;
	}
	buf_free(&b);
	return code ? code : refused;
}

/* One statement may be written in several lines on the command line; a request is a line. */
static int put_operand(const struct options *o)
{
	struct buf b = { 0 };
	int code = buf_put(&b, o->statement, strlen(o->statement)) ? out_of_memory() : 0;

	for (size_t i = 0; i < b.len; i++)
		if (b.data[i] == '\n')
			b.data[i] = ' ';
	if (!code)
		code = ask(o, b.data, b.len);
	buf_free(&b);
	return code;
}

int tag_put_main(const struct options *o)
{
	return o->statement ? put_operand(o) : put_input(o);
}

int tag_end_main(const struct options *o)
{
	const struct statement s = {
		.kind = STATEMENT_END, .id = o->is_port ? NULL : o->tag_id, .port = o->is_port ? o->tag_id : NULL,
		.from_ns = o->at_ns ? o->at_ns : clock_ns(CLOCK_REALTIME), .until_ns = TIME_OPEN,
	};
	struct buf b = { 0 };
	int code = statement_write(&b, &s) ? out_of_memory() : ask(o, b.data, b.len);

	buf_free(&b);
	return code;
}

int tag_list_main(const struct options *o)
{
	static const char request[] = "{\"kind\":\"list\"}\n";

	return ask(o, request, sizeof(request) - 1);
}
