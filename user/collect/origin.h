/* SPDX-License-Identifier: Apache-2.0 */
/*
 * origin.h - who this box is: what the command line and the configuration say
 * of it, and where they are silent the inventory, as it is at the start.
 */
#ifndef NINETAP_ORIGIN_H
#define NINETAP_ORIGIN_H

#include "base/options.h"
#include "inventory/board.h"
#include "tag/tag.h"

struct origin {
	struct tag_origin tags;		/* texts are the options', or own[]'s */
	char *own[4];
};

/* o outlives the origin; board may be NULL. 0 or -ENOMEM; origin_close() either way. */
int origin_open(struct origin *out, const struct options *o, uint64_t epoch, struct board *board)
	__attribute__((warn_unused_result));
void origin_close(struct origin *origin);	/* zero-initialised is fine */

#endif
