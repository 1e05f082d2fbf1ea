/* SPDX-License-Identifier: Apache-2.0 */
/*
 * book.h - all that was received, by box, epoch and CPU: the input of the
 * verdict. Nothing is judged here.
 *
 * Readers add in any order, duplicates included; book_seal() sorts each page
 * and removes them. A record takes 16 bytes, a flow 48, a ledger event some
 * 500 (events that differ in nothing but their time: together). The book owns
 * everything. One thread.
 */
#ifndef NINETAP_AUDIT_BOOK_H
#define NINETAP_AUDIT_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "ninetap/abi.h"

/* A packet's record. */
struct book_record {
	uint64_t seq;
	uint32_t packets, bytes;
};

/* A flow's record: what identifies it, and what is counted in it. */
struct book_flow {
	uint64_t generation, entry;
	int64_t last_ns;		/* of its last packet, UTC */
	uint64_t events : 63;
	uint64_t overflow : 1;		/* mode packet: counted here since the ring was full */
	uint64_t packets, bytes;
};

#define BOOK_LOSSES (NT_LOSS_MAX + 1)	/* by reason; the last: of reasons that are not known here */

/* What a ledger event told. */
struct book_told {
	int64_t ts_ns;			/* before the counters were read */
	uint64_t n;
	uint64_t seq;
	bool closing, exact;
	struct nt_tally fate[NT_COUNT_FATES_END];
	struct nt_tally safe, lost[BOOK_LOSSES], flows_open;
	struct nt_tally flows_lost;	/* by this process; sealed: by all until then */
	uint64_t unread, missing;
	/* Made by book_seal(): of the records up to seq, and of the flows that ended by ts_ns. */
	struct nt_tally got, ended[2];	/* [1]: overflow */
};

/* Records that the spool dropped after they were called safe. */
struct book_drop {
	uint64_t seq, count;
	bool flows;
};

struct book_page {
	char *box;
	uint64_t epoch;
	uint32_t cpu;
	struct book_record *records;
	struct book_flow *flows;
	struct book_told *told;		/* sealed: in the order of what they count */
	struct book_drop *drops;
	size_t records_n, flows_n, told_n, drops_n;
	size_t records_cap, flows_cap, told_cap, drops_cap;
	/* Made by book_seal(). */
	uint64_t records_doubled, flows_doubled; /* removed */
	uint64_t records_clash, flows_clash;	/* the same identity, but other contents */
	struct nt_tally got, flow[2];	/* of all, [1]: overflow */
	struct book_page *next;		/* of those with the same hash */
};

#define BOOK_HASH 1024U

/* A process said that it began: how many CPUs of its box and epoch have a ledger, 0 if it did not say. */
struct book_start {
	char *box;
	uint64_t epoch, cpus;
};

struct book {
	struct book_page *hash[BOOK_HASH];
	struct book_page **pages;	/* sealed: by box, epoch, CPU */
	size_t pages_n, pages_cap;
	struct book_page *recent;	/* the one that was asked for last */
	struct book_start *starts;
	size_t starts_n, starts_cap;
	uint64_t rows;			/* of any kind that were understood */
	uint64_t bad;			/* lines and messages that were not */
	uint64_t drops_unknown;		/* losses of the spool that nobody knows more about */
};

/* Zero-initialised is empty. */
void book_free(struct book *b);

/* The page of a CPU, made if there is none. box: len bytes, not terminated. NULL: no memory. */
struct book_page *book_find(struct book *b, const char *box, size_t len, uint64_t epoch, uint32_t cpu);

/* Each 0 or -ENOMEM. */
int book_record(struct book_page *p, const struct book_record *r) __attribute__((warn_unused_result));
int book_flow(struct book_page *p, const struct book_flow *f) __attribute__((warn_unused_result));
int book_told(struct book_page *p, const struct book_told *t) __attribute__((warn_unused_result));
int book_drop(struct book_page *p, const struct book_drop *d) __attribute__((warn_unused_result));
int book_start(struct book *b, const char *box, uint64_t epoch, uint64_t cpus) __attribute__((warn_unused_result));

/* No more is added: sorts, removes duplicates, adds up. */
void book_seal(struct book *b);

/* Tallies. */
void tally_add(struct nt_tally *to, const struct nt_tally *more);
bool tally_same(const struct nt_tally *a, const struct nt_tally *b);
/* In none of the three more than in b. */
bool tally_within(const struct nt_tally *a, const struct nt_tally *b);

#endif
