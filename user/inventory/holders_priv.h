/* SPDX-License-Identifier: Apache-2.0 */
/*
 * holders_priv.h - what holders.c and spans.c share.
 */
#ifndef NINETAP_INVENTORY_HOLDERS_PRIV_H
#define NINETAP_INVENTORY_HOLDERS_PRIV_H

#include "inventory/holders.h"

/* The holder with that key, made if need be; NULL: no memory. */
struct holder *holder_take(struct holders *hs, const char *key, bool is_port) __attribute__((warn_unused_result));

/* Frees it if nothing is said of it, nor of ports of it. NULL is fine. */
void holder_drop(struct holders *hs, struct holder *h);

/* A span that is in no list yet; NULL: no memory. */
struct span *span_make(struct holders *hs, const struct statement *s, uint64_t order) __attribute__((warn_unused_result));
void span_free(struct holders *hs, struct span *s);

/* Into the lists of its holder and parent, its claims into the tables; and out of them. */
void span_link(struct holders *hs, struct span *s);
void span_unlink(struct holders *hs, struct span *s);

/* Makes an end of a port's span that is over. The parent is the caller's to drop. */
void span_void(struct holders *hs, struct span *s);

/* The last of the holder's spans that begins at or before from_ns, or NULL. */
struct span *span_at(const struct holder *h, int64_t from_ns);

/* Works out when the span ends, and makes that known to who has asked for its addresses. */
void span_end(struct holders *hs, struct span *s);

/* The first instance that holds an address of s at a time when s does, in one network; or NULL. */
const struct span *span_clash(const struct holders *hs, const struct span *s, const struct claim **which);

#endif
