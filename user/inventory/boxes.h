/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boxes.h - boxes, and which plane their interfaces are of. Short lists: they
 * are read at start.
 */
#ifndef NINETAP_INVENTORY_BOXES_H
#define NINETAP_INVENTORY_BOXES_H

#include "inventory/inventory.h"

enum box_text { BOX_NAME, BOX_TYPE, BOX_SITE, BOX_POP, BOX_REN, BOX_TEXTS };

struct box {
	struct box *next;		/* by order */
	const struct text *text[BOX_TEXTS]; /* NULL: not said */
	struct nt_cidr *addresses;
	size_t addresses_n;
	uint64_t order;
	enum layer layer;
};

struct plane_rule {
	struct plane_rule *next;	/* by order */
	const struct text *box, *match;	/* box NULL: any */
	uint64_t order;
	enum layer layer;
	enum plane plane;
};

struct boxes {
	struct texts *texts;
	struct box *boxes;
	struct plane_rule *rules;
	uint64_t n;
};

/* Zero-initialised but for texts is valid. */
void boxes_close(struct boxes *bs);

/* STATEMENT_BOX, STATEMENT_INTERFACE. 0 or -ENOMEM: then nothing changed. */
int boxes_state(struct boxes *bs, const struct statement *s, enum layer layer, uint64_t order)
	__attribute__((warn_unused_result));
int boxes_state_rule(struct boxes *bs, const struct statement *s, enum layer layer, uint64_t order)
	__attribute__((warn_unused_result));

/* As statements again; they own nothing. */
void box_statement(const struct box *b, struct statement *out);
void rule_statement(const struct plane_rule *r, struct statement *out);

#endif
