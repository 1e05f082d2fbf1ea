/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cidr.h - address prefixes as people write them and as the kernel's trie
 * keys hold them (struct nt_cidr: IPv4 as ::ffff:a.b.c.d). Pure; any thread.
 */
#ifndef NINETAP_CIDR_H
#define NINETAP_CIDR_H

#include <linux/types.h>
#include "ninetap/abi.h"

#define CIDR_TEXT 64

/*
 * "10.0.0.0/8", "2001:db8::/32", or a bare address (all its bits).
 * 0; -EINVAL: neither; -ERANGE: length beyond 32 or 128; -EDOM: host bits are
 * set, and *out is the prefix without them. *out is kept on the first two.
 */
int cidr_parse(const char *text, struct nt_cidr *out) __attribute__((warn_unused_result));

/* Mapped addresses print as IPv4. Returns out. */
char *cidr_format(const struct nt_cidr *c, char out[CIDR_TEXT]);

#endif
