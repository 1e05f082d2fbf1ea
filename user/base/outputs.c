// SPDX-License-Identifier: Apache-2.0
/*
 * outputs.c - see outputs.h.
 */
#include "base/outputs.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "base/sink_spec.h"

#define PACKETS "packets"

/* A stream that goes beside the packets. */
struct beside {
	const char *name;		/* also of its option */
	const char *told;		/* NULL: derived */
	bool text;			/* lines can be mixed with the packets' on standard output */
	char **out;
};

static const char *const kinds[] = {
	[SINK_STDOUT] = "standard output", [SINK_FILE] = "a file", [SINK_KAFKA] = "kafka",
};

static int complain(const struct beside *b, const char *why)
{
	log_error("--%s: %s", b->name, why);
	return -EINVAL;
}

/* packets, with name for "packets" in its topic, or behind it. */
static int derive(const char *packets, const struct sink_spec *spec, const struct beside *b)
{
	const char *word = spec->kind == SINK_KAFKA ? strstr(spec->topic, PACKETS) : NULL;
	int n;

	if (word)
		n = asprintf(b->out, "%.*s%s%s", (int)(word - packets), packets, b->name, word + strlen(PACKETS));
	else
		n = asprintf(b->out, "%s.%s", packets, b->name);
	if (n >= 0)
		return 0;
	*b->out = NULL;
	return -ENOMEM;
}

static int place(const char *packets, const struct sink_spec *spec, const struct beside *b)
{
	bool stdout_off = spec->kind == SINK_STDOUT && (!b->text || strcmp(b->name, "flows"));
	const char *told = b->told;

	if (!told && spec->kind != SINK_STDOUT)
		return derive(packets, spec, b);
	if (!told)
		told = stdout_off ? "off" : packets;
	if (!strcmp(told, "off"))
		return 0;
	*b->out = strdup(told);
	return *b->out ? 0 : -ENOMEM;
}

/* One producer serves all topics. */
static bool same_brokers(const struct sink_spec *a, const struct sink_spec *b)
{
	return a->brokers_len == b->brokers_len && !memcmp(a->brokers, b->brokers, a->brokers_len);
}

/* NULL, or why this can't stand beside the packets. */
static const char *mismatch(const struct sink_spec *packets, const struct sink_spec *spec, const struct beside *b)
{
	if (spec->kind == SINK_KAFKA && !same_brokers(packets, spec))
		return "other brokers than those of the output";
	if (spec->kind == SINK_KAFKA && !strcmp(packets->topic, spec->topic))
		return "the same topic as another stream's";
	if (spec->kind == SINK_FILE && !strcmp(packets->path, spec->path))
		return "the same file as another stream's";
	if (spec->kind == SINK_STDOUT && !b->text)
		return "lines can't be mixed with Avro on standard output";
	return NULL;
}

/* Derived names are checked, too: a topic's may have become too long. */
static int check(const struct sink_spec *packets, const struct beside *b)
{
	struct sink_spec spec;
	const char *why;

	if (!*b->out)
		return 0;
	why = sink_spec_mistake(&spec, *b->out);
	if (why) {
		log_error("--%s: \"%s\": %s", b->name, *b->out, why);
		return -EINVAL;
	}
	if (spec.kind != packets->kind) {
		log_error("--%s: goes to %s, but the output to %s: all streams go to one kind, or off",
			  b->name, kinds[spec.kind], kinds[packets->kind]);
		return -EINVAL;
	}
	why = mismatch(packets, &spec, b);
	return why ? complain(b, why) : 0;
}

/* Standard output can hold both. */
static int check_apart(const struct sink_spec *packets, const struct outputs *o, const struct beside *events)
{
	if (packets->kind == SINK_STDOUT || !o->flows || !o->events || strcmp(o->flows, o->events))
		return 0;
	return complain(events, packets->kind == SINK_KAFKA ? "the same topic as another stream's" :
							      "the same file as another stream's");
}

int outputs_derive(struct outputs *out, const char *packets, const char *flows, const char *events,
		   const char *encoding)
{
	bool text = !encoding || strcmp(encoding, "avro");
	struct beside beside[] = { { "flows", flows, text, &out->flows }, { "events", events, text, &out->events } };
	struct sink_spec spec;
	int err;

	*out = (struct outputs){ 0 };
	err = sink_spec_parse(&spec, packets);
	if (err)
		return err;
	out->packets = strdup(packets);
	err = out->packets ? 0 : -ENOMEM;
	for (size_t i = 0; i < 2 && !err; i++) {
		err = place(packets, &spec, &beside[i]);
		if (!err)
			err = check(&spec, &beside[i]);
	}
	if (!err)
		err = check_apart(&spec, out, &beside[1]);
	if (err)
		outputs_free(out);
	return err;
}

void outputs_free(struct outputs *out)
{
	free(out->packets);
	free(out->flows);
	free(out->events);
	*out = (struct outputs){ 0 };
}
