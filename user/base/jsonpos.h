/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonpos.h - a cursor over JSON text (RFC 8259) that knows its line.
 *
 * jansson tells lines of syntax errors only, and keeps one of two equal keys.
 * The cursor walks a text that jansson has found well-formed, value by value.
 * On other text it may stop anywhere, but never reads beyond the end.
 */
#ifndef NINETAP_JSONPOS_H
#define NINETAP_JSONPOS_H

#include <stdbool.h>
#include <stddef.h>

struct jsonpos {
	const char *p, *end;
	unsigned int line;		/* of p, from 1 */
	bool first;			/* jsonpos_more() waits for a first element */
};

enum jsonpos_type {
	JSONPOS_END,
	JSONPOS_OBJECT,
	JSONPOS_ARRAY,
	JSONPOS_STRING,
	JSONPOS_INTEGER,
	JSONPOS_REAL,			/* has a fraction or an exponent */
	JSONPOS_BOOL,
	JSONPOS_NULL,
	JSONPOS_TYPE_MAX,
};

/* "an object", "a string", ...; for messages. */
extern const char *const jsonpos_type_names[JSONPOS_TYPE_MAX];

struct jsonpos jsonpos_open(const char *text, size_t len);

/* Goes to the value that comes next and says what it is; line then is that value's. */
enum jsonpos_type jsonpos_type(struct jsonpos *j);

/* Steps into the object or array that comes next. */
void jsonpos_enter(struct jsonpos *j);

/* Goes to the next key or element; false: there is none, and the cursor is behind the bracket. */
bool jsonpos_more(struct jsonpos *j);

/* Takes a string (with its quotes), number, true, false or null; a key with its colon. */
const char *jsonpos_scalar(struct jsonpos *j, size_t *len);
const char *jsonpos_key(struct jsonpos *j, size_t *len);

/* Goes behind the value that comes next, whatever it is. */
void jsonpos_skip(struct jsonpos *j);

#endif
