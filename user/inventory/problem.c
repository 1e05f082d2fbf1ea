/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problem.c - counts what is wrong with statements, and logs it without
 * flooding. Decides nothing: whether a statement is left out is its reader's.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "inventory/problem.h"

#define DOTS "..."
#define PROBLEM_TEXT(id, name, text) [PROBLEM_##id] = text,

static const char *const kinds[PROBLEM_MAX] = { PROBLEMS(PROBLEM_TEXT) };

static int is_inside_character(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Of an over-long text the end is kept, where a path or a topic is told from its neighbours. */
static void keep_end(char *out, size_t size, const char *text, size_t len)
{
	size_t keep = size - sizeof(DOTS);

	if (len < size) {
		memcpy(out, text, len + 1);
		return;
	}
	while (keep && is_inside_character(text[len - keep]))
		keep--;
	memcpy(out, DOTS, sizeof(DOTS) - 1);
	memcpy(out + sizeof(DOTS) - 1, text + len - keep, keep + 1);
}

void problems_at(struct problems *p, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	p->line = 0;
	if (len < 0)
		strcpy(p->where, DOTS);
	else
		keep_end(p->where, sizeof(p->where), text, (size_t)len);
	if (len >= 0)
		free(text);
}

/* "WHERE:LINE: " or "WHERE: ", or nothing before problems_at(). */
static void say(const struct problems *p, uint32_t line, const char *text)
{
	if (line)
		log_warn("tags: %s:%u: %s", p->where, line, text);
	else
		log_warn("tags: %s%s%s", p->where, *p->where ? ": " : "", text);
}

/* Marks a text that didn't fit. */
static void end_in_dots(char *text, size_t size)
{
	size_t end = size - sizeof(DOTS);

	while (end && is_inside_character(text[end]))
		end--;
	memcpy(text + end, DOTS, sizeof(DOTS));
}

void problem(struct problems *p, enum problem kind, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(p->last, sizeof(p->last), fmt, ap);
	va_end(ap);
	if (len >= (int)sizeof(p->last))
		end_in_dots(p->last, sizeof(p->last));
	p->count[kind]++;
	if (p->logged[kind] < UINT32_MAX)
		p->logged[kind]++;
	if (p->logged[kind] <= PROBLEM_LOG_MAX)
		say(p, p->line, p->last);
}

void problems_calm(struct problems *p)
{
	char text[160];

	for (unsigned int kind = 0; kind < PROBLEM_MAX; kind++) {
		if (p->logged[kind] > PROBLEM_LOG_MAX) {
			snprintf(text, sizeof(text), "%u more: %s", p->logged[kind] - PROBLEM_LOG_MAX, kinds[kind]);
			say(p, 0, text);
		}
		p->logged[kind] = 0;
	}
}
