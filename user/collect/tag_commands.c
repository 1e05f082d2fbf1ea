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
	return exit_code(tag_socket_ask(o->socket, request, len, stdout));
}

static int out_of_memory(void)
{
	log_error("tag: out of memory");
	return EX_OSERR;
}

static int read_input(struct buf *b)
{
	ssize_t n;

	do {
		if (buf_reserve(b, PIECE_BYTES))
			return out_of_memory();
		n = read(STDIN_FILENO, b->data + b->len, PIECE_BYTES);
		if (n > 0)
			b->len += (size_t)n;
	} while (n > 0 || (n < 0 && errno == EINTR));
	if (!n)
		return 0;
	log_error("read standard input: %s", strerror(errno));
	return EX_IOERR;
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
	struct buf b = { 0 };
	int code;

	if (o->statement)
		return put_operand(o);
	code = read_input(&b);
	if (!code)
		code = ask(o, b.data, b.len);
	buf_free(&b);
	return code;
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
