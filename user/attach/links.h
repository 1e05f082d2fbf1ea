/* SPDX-License-Identifier: Apache-2.0 */
/*
 * links.h - all interfaces of this network namespace, as a list.
 */
#ifndef NINETAP_LINKS_H
#define NINETAP_LINKS_H

#include "attach/link.h"

struct link_list {
	struct link *links;
	size_t n, cap;
};

/*
 * Reads into *out, zero-initialised; link_list_free() whatever comes back.
 * While links come and go one may be missing or doubled: their events tell.
 */
int link_list_read(struct rtnl *r, struct link_list *out) __attribute__((warn_unused_result));
void link_list_free(struct link_list *l);

#endif
