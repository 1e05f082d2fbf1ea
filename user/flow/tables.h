/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tables.h - reads and clears flow tables that no program writes to any more.
 *
 * What was taken is deleted; the rest stays for the next time. In batches
 * where the kernel has them, one by one where it has not.
 */
#ifndef NINETAP_FLOW_TABLES_H
#define NINETAP_FLOW_TABLES_H

#include <stdbool.h>
#include <stdint.h>
#include "ninetap/abi.h"

/* True: the entry is taken and shall be deleted. */
typedef bool (*table_take)(void *arg, const void *key, const struct nt_flow *counted);

struct table_reader {
	unsigned char *keys;		/* room for so many of the longest, owned */
	struct nt_flow *counted;
	uint32_t room;
	bool one_by_one;
};

/* 0 or -ENOMEM; table_reader_close() either way. */
int table_reader_open(struct table_reader *r) __attribute__((warn_unused_result));
void table_reader_close(struct table_reader *r);

/*
 * Shows every entry of the map `fd` to `take`, deletes those that it took, and
 * adds the others to *left. An entry is shown before it is deleted, and again
 * by the next call if its deletion failed. 0 or -errno.
 */
int table_drain(struct table_reader *r, int fd, uint32_t key_bytes, table_take take, void *arg, uint64_t *left)
	__attribute__((warn_unused_result));

#endif
