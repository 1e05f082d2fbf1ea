/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flat.h - reads one flat JSON object: members are scalars, or lists of them.
 *
 * The plain form is no deeper, and a million prefixes are read at each reload
 * of a tags file: this takes a third of the time that a tree of the whole
 * text takes. As strict as RFC 8259, and so is its UTF-8; neither a NUL
 * character in a text nor an integer beyond 64 bits is accepted. Nothing is
 * recursive. One thread.
 */
#ifndef NINETAP_INVENTORY_FLAT_H
#define NINETAP_INVENTORY_FLAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/jsonpos.h"

/* text: of JSONPOS_STRING, NUL-terminated; number: of JSONPOS_INTEGER. */
struct value {
	enum jsonpos_type type;
	const char *text;
	size_t len;
	int64_t number;
};

struct flat {
	const char *p, *end;
	char *room;			/* texts are put here */
	bool first;			/* no member or element was read yet */
};

/*
 * room: len + 1 bytes, which all texts that are read point into. false: this
 * is no object.
 */
bool flat_open(struct flat *f, const char *text, size_t len, char *room);

/* The next key: 1; 0: the object, and with it the text, is at its end; -EINVAL: this is no JSON. */
int flat_key(struct flat *f, const char **key) __attribute__((warn_unused_result));

/*
 * The value of a key. Lists are stepped into (JSONPOS_ARRAY), of a deeper
 * object only the type is told, and no more can be read. 0 or -EINVAL.
 */
int flat_value(struct flat *f, struct value *v) __attribute__((warn_unused_result));

/* The next element of the list: 1, 0 (there is none, and the list is left behind) or -EINVAL. */
int flat_element(struct flat *f, struct value *v) __attribute__((warn_unused_result));

/* Gives the room of the text that was read last back: it is not needed any more. */
void flat_forget(struct flat *f, const struct value *v);

#endif
