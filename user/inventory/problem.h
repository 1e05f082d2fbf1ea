/* SPDX-License-Identifier: Apache-2.0 */
/*
 * problem.h - what is wrong with a statement about the inventory, said once
 * and counted always.
 *
 * A problem is logged as "tags: WHERE: what", where WHERE is "FILE:LINE",
 * "TOPIC[PARTITION]@OFFSET" or "socket PATH". A flood is cut: of each kind
 * PROBLEM_LOG_MAX are logged per load of a file, or per minute of a stream;
 * all are counted. One thread.
 */
#ifndef NINETAP_INVENTORY_PROBLEM_H
#define NINETAP_INVENTORY_PROBLEM_H

#include <stdint.h>

#define PROBLEM_LOG_MAX 20U

/* X(id, name, text): the name is that of its counter. */
#define PROBLEMS(X) \
	X(SYNTAX, syntax, "statements that are no JSON, or have a wrong member or value") \
	X(NO_ID, no_id, "statements and events without the id that they need") \
	X(CIDR, cidr, "addresses and prefixes that are none") \
	X(OVERLAP, overlap, "the same address, prefix, port, VNI or VLAN claimed twice") \
	X(TENANT, unknown_tenant, "tenants that are named but not described") \
	X(SOURCE, source, "sources that could not be read")

#define PROBLEM_ENUM(id, name, text) PROBLEM_##id,
enum problem { PROBLEMS(PROBLEM_ENUM) PROBLEM_MAX };

/* Where statements come from just now, and what was wrong with them. Zero-initialised is valid. */
struct problems {
	char where[512];
	uint32_t line;			/* of a file; 0: where says it all */
	uint32_t logged[PROBLEM_MAX];	/* since the last problems_calm() */
	uint64_t count[PROBLEM_MAX];
	char last[256];			/* the last problem's text, for who asked */
};

/* Sets where; over-long names are cut in front, with "..." for what is gone. */
void problems_at(struct problems *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Counts one problem, keeps its text in last, and logs it unless it floods. */
void problem(struct problems *p, enum problem kind, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* The end of a load, or of a minute: says how many were not logged, and begins again. */
void problems_calm(struct problems *p);

#endif
