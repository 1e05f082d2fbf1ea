/* SPDX-License-Identifier: Apache-2.0 */
/*
 * netns.h - which network namespace this is, and whether another still is.
 */
#ifndef NINETAP_NETNS_H
#define NINETAP_NETNS_H

#include <stdbool.h>
#include <stdint.h>

/* Of this thread's namespace; 0: not known. An inode is used again after its namespace, a cookie never. */
uint64_t netns_inode(void);
uint64_t netns_cookie(void);

/*
 * Whether surely no namespace has that inode: no process and no mount that
 * can be seen from here is of it. False where not all processes can be seen.
 */
bool netns_is_gone(uint64_t inode);

#endif
