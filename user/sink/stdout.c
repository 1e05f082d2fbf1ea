// SPDX-License-Identifier: Apache-2.0
/*
 * stdout.c - the sink "-": batches to standard output, whatever that is.
 *
 * Nothing is kept back, so there is nothing to flush. SIGPIPE must be ignored.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/log.h"
#include "sink/out.h"

struct stdout_sink {
	struct sink base;
	struct out out;
};

static struct out *out_of(struct sink *s)
{
	return &((struct stdout_sink *)s)->out;
}

static int stdout_put(struct sink *s, const struct batch *b)
{
	return out_put(out_of(s), s, b);
}

static void stdout_poll(struct sink *s)
{
	(void)s;
}

static void stdout_close(struct sink *s, int timeout_ms)
{
	(void)timeout_ms;
	out_end(out_of(s));
}

static const struct sink_ops stdout_ops = { stdout_put, stdout_poll, stdout_close };

int stdout_open(struct sink **out, const struct sink_settings *s)
{
	struct stdout_sink *f = calloc(1, sizeof(*f));
	int err = -ENOMEM;

	if (f) {
		f->base.ops = &stdout_ops;
		out_init(&f->out, "standard output", s);
		err = out_use(&f->out, STDOUT_FILENO);
	}
	if (err) {
		log_error("open standard output: %s", strerror(-err));
		free(f);
		return err;
	}
	*out = &f->base;
	return 0;
}
