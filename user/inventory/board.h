/* SPDX-License-Identifier: Apache-2.0 */
/*
 * board.h - the inventory in force, shared by its keeper, who changes it, and
 * the taggers, who read it.
 *
 * A tagger holds it for the length of a batch (some 50 µs), the keeper for the
 * length of one statement or of a swap of pointers: whatever takes longer (to
 * read a file, to free an old inventory) is done outside. So a batch never
 * mixes two revisions, and no reader waits for a reload.
 */
#ifndef NINETAP_INVENTORY_BOARD_H
#define NINETAP_INVENTORY_BOARD_H

#include "inventory/inventory.h"

struct board;

/* Takes inv. 0 or -ENOMEM (inv stays the caller's). Close frees the inventory, too; NULL is fine. */
int board_open(struct board **out, struct inventory *inv) __attribute__((warn_unused_result));
void board_close(struct board *b);

/* Any thread, for a short while. */
const struct inventory *board_hold(struct board *b);
void board_release(struct board *b);

/* The keeper's thread alone: to change the inventory in force, for a short while. */
struct inventory *board_change(struct board *b);
void board_changed(struct board *b);

/* The keeper's thread alone: to read it, without holding it. */
const struct inventory *board_look(const struct board *b);

/* The keeper's thread alone: inv takes the place of what is returned, which is the caller's to close. */
struct inventory *board_swap(struct board *b, struct inventory *inv);

#endif
