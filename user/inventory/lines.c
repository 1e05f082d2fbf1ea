/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lines.c - see lines.h.
 */
#include <string.h>
#include "inventory/lines.h"

static bool is_silent(const char *line, size_t len)
{
	if (len && line[0] == '#')
		return true;
	while (len && (*line == ' ' || *line == '\t')) {
		line++;
		len--;
	}
	return !len;
}

bool lines_next(struct lines *l, const char **line, size_t *len)
{
	while (l->p < l->end) {
		const char *newline = memchr(l->p, '\n', (size_t)(l->end - l->p));
		const char *stop = newline ? newline : l->end;

		*line = l->p;
		*len = (size_t)(stop - l->p);
		l->p = newline ? newline + 1 : l->end;
		l->n++;
		if (*len && stop[-1] == '\r')
			--*len;
		if (!is_silent(*line, *len))
			return true;
	}
	return false;
}
