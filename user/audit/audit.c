// SPDX-License-Identifier: Apache-2.0
/*
 * audit.c - see audit.h: reads the three streams, judges each CPU, prints.
 * Events are read first: what they tell of has been written by then, or comes
 * while the others are read.
 */
#include "audit/audit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include "audit/report.h"
#include "audit/source.h"
#include "base/log.h"
#include "base/outputs.h"
#include "base/sink_spec.h"

static int exit_code(int err)
{
	switch (err) {
	case 0:
		return 0;
	case -ENOENT:
		return EX_NOINPUT;
	case -EBADMSG:
		return EX_DATAERR;
	case -ETIMEDOUT:
		return EX_UNAVAILABLE;
	case -EINVAL:
		return EX_USAGE;
	case -ENOMEM:
		return EX_OSERR;
	}
	return EX_IOERR;
}

/* A plain path is that of a file. */
static char *as_output(const char *source)
{
	bool named = !strcmp(source, "-") || !strncmp(source, "file:", 5) || !strncmp(source, "kafka:", 6);
	char *output = malloc(strlen(source) + sizeof("file:"));

	if (output) {
		strcpy(output, named ? "" : "file:");
		strcat(output, source);
	}
	return output;
}

static int read_output(struct book *b, const char *output, const struct options *o)
{
	struct sink_spec spec;
	int err = sink_spec_parse(&spec, output);

	if (err)
		return err;
	if (spec.kind == SINK_KAFKA)
		return source_topic(b, output, o->kafka);
	return source_files(b, spec.kind == SINK_FILE ? spec.path : "-");
}

/* Flows or events: there may be none, or they are among the packets. */
static int read_beside(struct book *b, const char *output, const char *packets, const struct options *o)
{
	int err = output && strcmp(output, packets) ? read_output(b, output, o) : 0;

	if (err != -ENOENT)
		return err;
	log_info("read %s: there is none", output);
	return 0;
}

static int read_all(struct book *b, const struct outputs *out, const struct options *o)
{
	int err = read_beside(b, out->events, out->packets, o);

	if (!err)
		err = read_beside(b, out->flows, out->packets, o);
	if (!err)
		err = read_output(b, out->packets, o);
	if (err == -ENOENT)
		log_error("audit %s: there is nothing of that name", out->packets);
	if (!err && !b->pages_n) {
		log_error("audit %s: %s", out->packets,
			  b->bad ? "nothing in it is a record or an event of ninetap" : "it holds nothing");
		err = b->bad ? -EBADMSG : -ENOENT;
	}
	return err;
}

/* CPUs of a box and epoch that have told of themselves. */
static uint64_t cpus_told(const struct book *b, const struct book_start *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < b->pages_n; i++)
		n += b->pages[i]->epoch == s->epoch && b->pages[i]->told_n && !strcmp(b->pages[i]->box, s->box);
	return n;
}

/* Of what a box said about an epoch: CPUs may have come online meanwhile. */
static bool is_greatest(const struct book *b, const struct book_start *s)
{
	for (size_t i = 0; i < b->starts_n; i++)
		if (b->starts[i].epoch == s->epoch && b->starts[i].cpus > s->cpus && !strcmp(b->starts[i].box, s->box))
			return false;
	return true;
}

static size_t count_absent(const struct book *b)
{
	size_t absent = 0;

	for (size_t i = 0; i < b->starts_n; i++) {
		uint64_t told = cpus_told(b, &b->starts[i]);

		if (told < b->starts[i].cpus && is_greatest(b, &b->starts[i]))
			absent += b->starts[i].cpus - told;
	}
	return absent;
}

static int judge(const struct book *b, const struct options *o)
{
	struct verdict *verdicts = calloc(b->pages_n, sizeof(*verdicts));
	struct report r = { .book = b, .verdicts = verdicts };
	int err = 0;

	if (!verdicts)
		return EX_OSERR;
	for (size_t i = 0; i < b->pages_n; i++) {
		verdict_of(&verdicts[i], b->pages[i]);
		r.complete += verdicts[i].kind == VERDICT_COMPLETE && verdicts[i].closed;
	}
	r.absent = count_absent(b);
	r.whole = r.complete == b->pages_n && !r.absent && !b->drops_unknown;
	if (o->json)
		err = report_json(stdout, &r);
	else
		report_text(stdout, &r);
	free(verdicts);
	return err ? exit_code(err) : !r.whole;
}

int audit_main(const struct options *o)
{
	char *packets = as_output(o->source);
	struct outputs out = { 0 };
	struct book book = { 0 };
	int code = EX_OSERR, err;

	if (!packets)
		goto out;
	err = outputs_derive(&out, packets, o->flows, o->events, NULL);
	code = err == -ENOMEM ? EX_OSERR : EX_USAGE;
	if (err)
		goto out;
	code = exit_code(read_all(&book, &out, o));
	if (code)
		goto out;
	book_seal(&book);
	code = judge(&book, o);
out:
	book_free(&book);
	outputs_free(&out);
	free(packets);
	return code;
}
