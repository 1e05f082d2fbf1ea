/* SPDX-License-Identifier: Apache-2.0 */
/*
 * iface_table.h - ifindex to name and plane, for the tag stage.
 *
 * One writer (the main thread: everything but find and quiescent) and any
 * number of readers, a thread each, which take no lock and never wait. A
 * reader passes iface_reader_quiescent() with each turn, also when it is
 * idle; what find() gave is valid until then. Entries of interfaces that are
 * gone are kept for IFACE_TABLE_KEEP_NS, since their packets may still wait
 * in a ring.
 */
#ifndef NINETAP_IFACE_TABLE_H
#define NINETAP_IFACE_TABLE_H

#include <stdbool.h>
#include <stdint.h>
#include "base/options.h"

#define IFACE_TABLE_KEEP_NS (900ULL * 1000000000ULL)	/* longer than a flow waits, five minutes, and its batch */

struct iface_table;
struct iface_reader;

/* 0 or -ENOMEM. Close after the last reader; NULL is fine. */
int iface_table_open(struct iface_table **out) __attribute__((warn_unused_result));
void iface_table_close(struct iface_table *t);

/* Stages a change; readers see it after the next publish. -ENOMEM: nothing changed. */
int iface_table_set(struct iface_table *t, uint32_t ifindex, const char *name, enum plane plane)
	__attribute__((warn_unused_result));
void iface_table_gone(struct iface_table *t, uint32_t ifindex, uint64_t now_ns);

/*
 * Makes the staged changes visible, forgets what is gone for long and frees
 * what no reader can hold any more. Cheap if nothing changed; call it once a
 * second. -ENOMEM: the old state stays visible; call it again.
 */
int iface_table_publish(struct iface_table *t, uint64_t now_ns) __attribute__((warn_unused_result));

/* Called by the writer's thread, before the reader's starts and after it has ended. NULL is fine. */
int iface_reader_open(struct iface_table *t, struct iface_reader **out) __attribute__((warn_unused_result));
void iface_reader_close(struct iface_reader *r);

/* Reader: holds nothing any more. */
void iface_reader_quiescent(struct iface_reader *r);

/*
 * Reader: name and plane of an interface. One that was never ours, or is gone
 * for long, has the name "ifindex-N" and no plane, and false is returned.
 */
bool iface_table_find(struct iface_reader *r, uint32_t ifindex, const char **name, enum plane *plane);

#endif
