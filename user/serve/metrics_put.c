/* SPDX-License-Identifier: Apache-2.0 */
/*
 * metrics_put.c - the two text formats of metrics; contract in metrics_put.h.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "encode/put.h"
#include "serve/metrics_put.h"

#define NUMBER_TEXT 32

/* OpenMetrics names the family without its samples' ending, Prometheus' format with it. */
static const char *const endings[] = {
	[METRICS_COUNTER] = "_total", [METRICS_GAUGE] = "", [METRICS_HISTOGRAM] = "", [METRICS_INFO] = "_info",
};
static const char *const type_names[] = {
	[METRICS_COUNTER] = "counter", [METRICS_GAUGE] = "gauge", [METRICS_HISTOGRAM] = "histogram",
	[METRICS_INFO] = "info",
};

static void put(struct metrics *m, struct buf *to, const char *text)
{
	if (!m->err)
		m->err = buf_put(to, text, strlen(text));
}

static void put_comment(struct metrics *m, const char *what, const char *text)
{
	put(m, m->out, "# ");
	put(m, m->out, what);
	put(m, m->out, " ");
	put(m, m->out, m->family);
	put(m, m->out, m->openmetrics ? "" : endings[m->type]);
	put(m, m->out, " ");
	put(m, m->out, text);
	put(m, m->out, "\n");
}

void metrics_family(struct metrics *m, const char *name, enum metrics_type type, const char *unit, const char *help)
{
	m->family = name;
	m->type = type;
	put_comment(m, "HELP", help);
	/* The older format has no type info. */
	put_comment(m, "TYPE", !m->openmetrics && type == METRICS_INFO ? "gauge" : type_names[type]);
	if (m->openmetrics && unit)
		put_comment(m, "UNIT", unit);
}

/* Backslash, quote and newline are escaped, and nothing else is: no JSON. */
static void put_escaped(struct metrics *m, const char *text)
{
	struct buf utf8 = { 0 };

	if (!m->err)
		m->err = buf_reserve(&utf8, text_size(text));
	if (m->err)
		return;
	utf8.len = (size_t)(put_text(utf8.data, text) - utf8.data);
	for (size_t i = 0; i < utf8.len; i++) {
		const char c[2] = { (char)utf8.data[i], '\0' };
		const char *escape = c[0] == '\n' ? "\\n" : c[0] == '"' ? "\\\"" : c[0] == '\\' ? "\\\\" : c;

		put(m, &m->labels, escape);
	}
	buf_free(&utf8);
}

void metrics_label(struct metrics *m, const char *name, const char *value)
{
	put(m, &m->labels, m->labels.len ? "," : "{");
	put(m, &m->labels, name);
	put(m, &m->labels, "=\"");
	put_escaped(m, value);
	put(m, &m->labels, "\"");
}

void metrics_label_number(struct metrics *m, const char *name, uint64_t value)
{
	char text[NUMBER_TEXT];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	metrics_label(m, name, text);
}

static const char *seconds(uint64_t ns, char out[NUMBER_TEXT])
{
	snprintf(out, NUMBER_TEXT, "%" PRIu64 ".%09" PRIu64, ns / 1000000000, ns % 1000000000);
	return out;
}

void metrics_label_seconds(struct metrics *m, const char *name, uint64_t ns)
{
	char text[NUMBER_TEXT];
	size_t len = strlen(seconds(ns, text));

	while (text[len - 1] == '0' && text[len - 2] != '.')
		text[--len] = '\0';	/* "0.001": the shortest, as buckets are compared by text */
	metrics_label(m, name, text);
}

static void put_sample(struct metrics *m, const char *ending, const char *value)
{
	put(m, m->out, m->family);
	put(m, m->out, ending);
	if (m->labels.len && !m->err) {
		m->err = buf_put(m->out, m->labels.data, m->labels.len);
		put(m, m->out, "}");
	}
	put(m, m->out, " ");
	put(m, m->out, value);
	put(m, m->out, "\n");
	m->labels.len = 0;
}

void metrics_part(struct metrics *m, const char *ending, uint64_t v)
{
	char text[NUMBER_TEXT];

	snprintf(text, sizeof(text), "%" PRIu64, v);
	put_sample(m, ending, text);
}

void metrics_part_seconds(struct metrics *m, const char *ending, uint64_t ns)
{
	char text[NUMBER_TEXT];

	put_sample(m, ending, seconds(ns, text));
}

void metrics_value(struct metrics *m, uint64_t v)
{
	metrics_part(m, endings[m->type], v);
}

int metrics_end(struct metrics *m)
{
	if (m->openmetrics)
		put(m, m->out, "# EOF\n");
	buf_free(&m->labels);
	return m->err;
}
