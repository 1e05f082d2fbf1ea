/* SPDX-License-Identifier: Apache-2.0 */
/*
 * links.c - all interfaces of this network namespace, as a list.
 *
 * A dump's callback may not ask the kernel for more; so who wants to do
 * something with each interface takes the list first.
 */
#include <errno.h>
#include <stdlib.h>
#include "attach/links.h"

/* The kernel says when a dump was overtaken by a change. */
#define DUMP_TRIES 4

static int collect_link(const struct link *l, void *arg)
{
	struct link_list *all = arg;

	if (all->n == all->cap) {
		size_t cap = all->cap ? 2 * all->cap : 64;
		struct link *links = reallocarray(all->links, cap, sizeof(*links));

		if (!links)
			return -ENOMEM;
		all->links = links;
		all->cap = cap;
	}
	all->links[all->n++] = *l;
	return 0;
}

int link_list_read(struct rtnl *r, struct link_list *out)
{
	int err = -EINTR;

	for (int i = 0; i < DUMP_TRIES && err == -EINTR; i++) {
		out->n = 0;
		err = link_dump(r, collect_link, out);
	}
	return err == -EINTR ? 0 : err;
}

void link_list_free(struct link_list *l)
{
	free(l->links);
	*l = (struct link_list) { 0 };
}
