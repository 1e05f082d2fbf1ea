/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sample_tags.h - texts and tags for tests of the encoders, with nothing of an
 * inventory. All static: no allocation that a test counts.
 */
#ifndef NINETAP_TESTS_SAMPLE_TAGS_H
#define NINETAP_TESTS_SAMPLE_TAGS_H

#include <stdio.h>
#include <string.h>
#include "inventory/inventory.h"
#include "sample.h"

#define SAMPLE_TEXTS 200U		/* more than indices of one byte */

union sample_text {
	struct text text;
	char room[sizeof(struct text) + 32];
};

static inline void sample_text_set(union sample_text *t, uint32_t id, const char *s)
{
	t->text.id = id;
	t->text.len = strlen(s);
	t->text.ascii = 1;
	for (const char *c = s; *c; c++)
		t->text.ascii &= (unsigned char)*c < 0x80;
	memcpy(t->room + offsetof(struct text, s), s, strlen(s) + 1);
}

/* The n-th text: its id is another than n, far from its neighbours'; a few hold what is not ASCII or not UTF-8. */
static inline const struct text *sample_text(unsigned int n)
{
	static const char *const odd[] = { "gr\xc3\xbc\xc3\x9f", "bad\xff", "q\"\\\t", "cut\xe2\x82" };
	static union sample_text texts[SAMPLE_TEXTS];
	union sample_text *t = &texts[n];
	char s[32];

	if (t->text.len)
		return &t->text;
	snprintf(s, sizeof(s), "i-%08x", n);
	sample_text_set(t, n * 73 % 211, n < 4 ? odd[n] : s);
	return &t->text;
}

/* Each of the tags is there as often as not. */
static inline const struct text *sample_any_text(uint64_t *state)
{
	uint64_t v = sample_random(state) >> 32;

	return v & 1 ? sample_text((v >> 1) % SAMPLE_TEXTS) : NULL;
}

/* app is filled in, and pointed to, if there is one. */
static inline void sample_tags(uint64_t *state, struct tags *t, struct tag_app *app)
{
	t->tenant = sample_any_text(state);
	t->src_tenant = sample_any_text(state);
	t->dst_tenant = sample_any_text(state);
	t->src_instance = sample_any_text(state);
	t->dst_instance = sample_any_text(state);
	app->name = sample_any_text(state);
	app->app_class = sample_any_text(state);
	t->app = app->name ? app : NULL;
}

#endif
