// SPDX-License-Identifier: Apache-2.0
/*
 * origin.c - see origin.h.
 */
#include "collect/origin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/cidr.h"

/* The option's text, else a copy of what is known, which *own keeps. */
static int choose(const char **out, const char *option, const char *known, char **own)
{
	*out = option;
	if (option || !known)
		return 0;
	*out = *own = strdup(known);
	return *own ? 0 : -ENOMEM;
}

static int fill(struct origin *g, const struct options *o, const struct statement *box)
{
	char address[CIDR_TEXT];
	int err;

	err = choose(&g->tags.site, o->site, box->site, &g->own[0]);
	if (!err)
		err = choose(&g->tags.pop, o->pop, box->pop, &g->own[1]);
	if (!err)
		err = choose(&g->tags.ren, o->ren, box->ren, &g->own[2]);
	if (err)
		return err;
	if (box->cidrs_n)
		*strchr(cidr_format(&box->cidrs[0], address), '/') = '\0';
	return choose(&g->tags.address, o->box_address, box->cidrs_n ? address : NULL, &g->own[3]);
}

int origin_open(struct origin *out, const struct options *o, uint64_t epoch, struct board *board)
{
	struct statement box = {0};
	int err;

	*out = (struct origin){ .tags = { .box = o->box, .epoch = epoch } };
	if (!board)
		return fill(out, o, &box);
	inventory_box(board_hold(board), o->box, &box);
	err = fill(out, o, &box);
	board_release(board);
	return err;
}

void origin_close(struct origin *origin)
{
	for (size_t i = 0; i < sizeof(origin->own) / sizeof(origin->own[0]); i++)
		free(origin->own[i]);
	*origin = (struct origin){0};
}
