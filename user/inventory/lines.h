/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lines.h - the statements of a text, a line each, where they stand.
 *
 * Empty lines, and those that begin with '#', are passed over; the CR of a
 * CRLF is no part of a line. The last line needs no newline. Nothing is
 * copied. Zero-initialised is an empty text.
 */
#ifndef NINETAP_INVENTORY_LINES_H
#define NINETAP_INVENTORY_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LINE_BYTES_MAX (16U << 20)	/* of one statement; whoever reads bounds it */

struct lines {
	const char *p, *end;
	uint32_t n;			/* number of the line that was given last, from 1 */
};

/* The next line that says something; false: there is none. */
bool lines_next(struct lines *l, const char **line, size_t *len);

#endif
