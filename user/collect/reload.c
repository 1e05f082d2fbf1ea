// SPDX-License-Identifier: Apache-2.0
/*
 * reload.c - see reload.h. Two configurations are the same if they print the
 * same.
 */
#include "collect/reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"

static char *text_of(const struct options *o)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int err = f ? options_print_json(f, o) : -ENOMEM;

	if (f && fclose(f))
		err = -ENOMEM;
	if (err)
		free(text);
	return err ? NULL : text;
}

/* Without memory they are taken for the same: nothing happens. */
static bool same(const struct options *a, const struct options *b)
{
	char *x = text_of(a), *y = text_of(b);
	bool is = !x || !y || !strcmp(x, y);

	free(x);
	free(y);
	return is;
}

bool reload_read(const struct options *now, struct options *next)
{
	int code = options_read(next, now->argc, now->argv);

	if (code)
		log_error("read the configuration again: it has mistakes: all goes on as it is");
	if (!code && !same(now, next))
		return true;
	options_free(next);
	return false;
}
