// SPDX-License-Identifier: Apache-2.0
/*
 * stdout.c - the sink "-": batches to standard output, whatever that is.
 *
 * Lines of several streams mix there, batch by batch; Avro is alone. Nothing is kept back, so there is nothing to flush. SIGPIPE must be ignored.
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

static int stdout_put(struct sink *s, struct batch *b, uint64_t ticket)
{
	return out_put(out_of(s), s, b, ticket);
}

static bool stdout_has_room(const struct sink *s)
{
	(void)s;
	return true;
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

static const struct sink_ops stdout_ops = {
	.put = stdout_put, .has_room = stdout_has_room, .poll = stdout_poll, .close = stdout_close,
};

/* Whose head is written, if it has one. */
static enum stream first_stream(const struct sink_settings *s)
{
	enum stream i = 0;

	while (!s->output[i])
		i++;
	return i;
}

int stdout_open(struct sink **out, const struct sink_settings *s, const struct sink_spec specs[STREAM_MAX])
{
	struct stdout_sink *f = calloc(1, sizeof(*f));
	int err = -ENOMEM;

	(void)specs;
	if (f)
		err = sink_init(&f->base, &stdout_ops, s);
	if (!err) {
		out_init(&f->out, "standard output", s, first_stream(s));
		err = out_use(&f->out, STDOUT_FILENO);
	}
	if (err) {
		log_error("open standard output: %s", strerror(-err));
		sink_free(f ? &f->base : NULL);
		return err;
	}
	*out = &f->base;
	return 0;
}
