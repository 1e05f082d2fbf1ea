/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suggest.h - "did you mean": the closest of some candidates to a misspelt
 * word, if one is close.
 */
#ifndef NINETAP_SUGGEST_H
#define NINETAP_SUGGEST_H

#include <stddef.h>

struct suggest {
	const char *word;		/* set by the caller, the rest zero */
	char found[32];			/* the best so far, or "" */
	unsigned int distance;
	char text[64];
};

/* Offers len bytes at candidate. */
void suggest_try(struct suggest *s, const char *candidate, size_t len);

/* ": did you mean \"filter\"?", or "". Valid as long as *s. */
const char *suggest_text(struct suggest *s);

#endif
