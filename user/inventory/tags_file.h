/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tags_file.h - a tags file into an inventory: one statement of the plain
 * form a line; empty lines, and lines that begin with '#', are skipped.
 */
#ifndef NINETAP_INVENTORY_TAGS_FILE_H
#define NINETAP_INVENTORY_TAGS_FILE_H

#include "inventory/inventory.h"

/*
 * Applies each line (LAYER_FILE), and reports those that are wrong, which are
 * left out. 0; -errno after problem(PROBLEM_SOURCE): the file can't be read,
 * or has lines and not one good statement; inv then holds part of it, and is
 * to be thrown away. -ENOMEM. That all tenants are described is asked once all
 * sources were read: problems_at(p, "%s", path), inventory_check().
 */
int tags_file_load(struct inventory *inv, const char *path, struct problems *p)
	__attribute__((warn_unused_result));

#endif
