/* SPDX-License-Identifier: Apache-2.0 */
/*
 * suggest.c - edit distance of short words: letters put in, left out, changed,
 * or two neighbours swapped (optimal string alignment).
 */
#include <stdio.h>
#include <string.h>
#include "base/suggest.h"

#define WORD_MAX 31U			/* longer ones get no suggestion */

static unsigned int min2(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

static unsigned int cell(unsigned int d[WORD_MAX + 1][WORD_MAX + 1], const char *a, const char *b,
			 size_t i, size_t j)
{
	unsigned int best = min2(d[i - 1][j], d[i][j - 1]) + 1;

	best = min2(best, d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
	if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
		best = min2(best, d[i - 2][j - 2] + 1);
	return best;
}

static unsigned int distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned int d[WORD_MAX + 1][WORD_MAX + 1];

	for (size_t i = 0; i <= a_len; i++)
		d[i][0] = (unsigned int)i;
	for (size_t j = 0; j <= b_len; j++)
		d[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= a_len; i++)
		for (size_t j = 1; j <= b_len; j++)
			d[i][j] = cell(d, a, b, i, j);
	return d[a_len][b_len];
}

void suggest_try(struct suggest *s, const char *candidate, size_t len)
{
	size_t word_len = strlen(s->word);
	unsigned int limit = word_len - strspn(s->word, "-") <= 4 ? 1 : 2, is;

	if (word_len > WORD_MAX || len > WORD_MAX || word_len < 2)
		return;
	is = distance(s->word, word_len, candidate, len);
	if (is > limit || (s->found[0] && is >= s->distance))
		return;
	s->distance = is;
	memcpy(s->found, candidate, len);
	s->found[len] = '\0';
}

const char *suggest_text(struct suggest *s)
{
	if (!s->found[0])
		return "";
	snprintf(s->text, sizeof(s->text), ": did you mean \"%s\"?", s->found);
	return s->text;
}
