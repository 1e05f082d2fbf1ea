/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink_spec.h - reads what an output names: "-", "file:PATH" or
 * "kafka:BROKER[,BROKER...]/TOPIC".
 *
 * The table of options and the sinks both ask here, so that what a check of a
 * configuration lets through is what can be opened. Checks the form alone:
 * whether the path can be written or a broker answers is found out by those
 * who open it. Any thread.
 */
#ifndef NINETAP_SINK_SPEC_H
#define NINETAP_SINK_SPEC_H

#include <stddef.h>

/* What an output says, as pointers into it. */
struct sink_spec {
	enum { SINK_STDOUT, SINK_FILE, SINK_KAFKA } kind;
	const char *path;
	const char *brokers;		/* brokers_len bytes, not terminated */
	size_t brokers_len;
	const char *topic;
};

/* NULL, or what is wrong: a reason to stand behind `"OUTPUT": `. Logs nothing. */
const char *sink_spec_mistake(struct sink_spec *spec, const char *output) __attribute__((warn_unused_result));

/* 0, or -EINVAL after one sentence was logged. */
int sink_spec_parse(struct sink_spec *spec, const char *output) __attribute__((warn_unused_result));

#endif
