/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_value.h - puts one value, as text, into the field that a row of the
 * table names, and reports what is wrong with it.
 *
 * The command line and the configuration file both end here, so that they
 * accept the same texts and complain in the same words.
 */
#ifndef NINETAP_OPTION_VALUE_H
#define NINETAP_OPTION_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include "base/option_table.h"

struct option_report {
	unsigned int mistakes;
	bool no_memory;
};

/* Where a value stands. Line 0 is not printed. */
struct option_src {
	const char *file;		/* NULL: the command line */
	const char *name;		/* "--port", "filter.port[2]"; NULL: the whole file */
	unsigned int line;
	struct option_report *report;
};

/* Logs "FILE:LINE: NAME: reason" and counts the mistake. */
void option_complain(const struct option_src *src, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* -ENOMEM, after it was noted. */
int option_no_memory(const struct option_src *src);

/* Text in quotes for a message; what is overlong ends in "...". */
struct quoted {
	char s[96];
};
struct quoted quote(const char *text);

/*
 * Sets a scalar, or appends one element to a list. base is the struct that
 * the row's offset is into. 0, or after a complaint -EINVAL, -ENOMEM, or
 * -ENOSPC (the list is full: there is no use in going on).
 */
int option_add(const struct option_row *row, void *base, const char *text, const struct option_src *src)
	__attribute__((warn_unused_result));

static inline bool option_is_list(const struct option_row *row)
{
	return row->kind >= OPTION_IFACES;
}

/* The field of a row. */
static inline void *option_field(const struct option_row *row, void *base)
{
	return (char *)base + row->offset;
}

/* Empties a list before another source fills it; properties stay, they are added to. */
void option_reset(const struct option_row *row, struct options *o);

/* Frees what the row's field owns. */
void option_release(const struct option_row *row, void *base);

/* For lists, in option_list.c; as option_add(). */
int option_add_iface(struct options *o, const char *text, const struct option_src *src);
int option_add_cidr(struct options *o, const char *text, const struct option_src *src);
int option_add_ports(const struct option_row *row, struct options *o, const char *text,
		     const struct option_src *src);
int option_add_vxlan_port(const struct option_row *row, struct options *o, const char *text,
			  const struct option_src *src);
int option_add_proto(const struct option_row *row, struct options *o, const char *text,
		     const struct option_src *src);
int option_add_tags(struct options *o, const char *text, const struct option_src *src);
int option_add_prop(struct options *o, const char *text, const struct option_src *src);

bool option_has_prop(const struct options *o, const char *name);

/* A new rule with nothing set, or NULL after a complaint. Valid until the next one. */
struct iface_rule *option_new_iface(struct options *o, const struct option_src *src);

/* *field = a copy of text; the old one is freed. */
int option_set_text(char **field, const char *text, const struct option_src *src);

#endif
