/* SPDX-License-Identifier: Apache-2.0 */
/*
 * texts.h - the names of the inventory, each kept once.
 *
 * Equal texts are one object, so that they are compared by pointer, and small
 * numbers stand for them: an id is below texts_bound(), and is used again
 * after its text was freed. Readers need nothing of the pool to read a text.
 * One thread changes a pool.
 */
#ifndef NINETAP_INVENTORY_TEXTS_H
#define NINETAP_INVENTORY_TEXTS_H

#include <stdint.h>

struct text {
	uint32_t id;
	uint32_t len;			/* bytes of s without its NUL */
	uint32_t refs : 31;
	uint32_t ascii : 1;		/* 1: all bytes of s are ASCII */
	char s[];			/* UTF-8, not empty */
};

struct texts;

/* 0 or -ENOMEM. Close frees the texts, too; NULL is fine. */
int texts_open(struct texts **out) __attribute__((warn_unused_result));
void texts_close(struct texts *pool);

/* One reference more to the text that says s; NULL: no memory. */
const struct text *texts_take(struct texts *pool, const char *s) __attribute__((warn_unused_result));

/* The text that says s if there is one; no reference is taken. */
const struct text *texts_find(const struct texts *pool, const char *s);

/* Gives a reference back; the last one frees the text. NULL is fine. */
void texts_drop(struct texts *pool, const struct text *t);

uint32_t texts_bound(const struct texts *pool);

#endif
