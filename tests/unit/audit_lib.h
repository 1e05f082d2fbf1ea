/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit_lib.h - a CPU that never was, for tests of the audit: it counts
 * packets as the kernel does, and what it writes can be lost, doubled and
 * shuffled before it is read.
 */
#ifndef NINETAP_TESTS_AUDIT_LIB_H
#define NINETAP_TESTS_AUDIT_LIB_H

#include "audit/book.h"

#define ROWS_MAX 4096
#define SECOND_NS UINT64_C(1000000000)

enum row_kind { ROW_RECORD, ROW_FLOW, ROW_EVENT };

struct row {
	enum row_kind kind;
	char *text;
	uint64_t seq;			/* of a record */
	uint64_t first_ns;		/* of a flow: its first packet, in the CPU's time */
};

struct cpu {
	const char *box;
	uint64_t epoch;
	unsigned int cpu, cpus;		/* cpus: that its events tell of; 0: they don't */
	uint64_t now_ns, n, seq, generation, entry;
	struct nt_tally fate[NT_COUNT_FATES_END], safe, lost[NT_LOSS_MAX], flows_lost;
	struct nt_tally open[2];	/* in the flow table, [1]: overflow */
	uint64_t open_first_ns[2], open_last_ns[2], unread;
	bool inexact;
	struct row rows[ROWS_MAX];
	size_t rows_n;
};

/* Its clock begins at one second past midnight. Free with cpu_free(). */
struct cpu *cpu_new(const char *box, uint64_t epoch, unsigned int n);
void cpu_free(struct cpu *c);

/* A packet with that fate, and its record's row; what is owed a record uses up a number. */
void cpu_packet(struct cpu *c, enum nt_count fate, uint32_t packets, uint32_t bytes);

/* A record's row alone, of the number that was used up last. */
void cpu_record(struct cpu *c, uint32_t packets, uint32_t bytes);

/* What is open in the flow table becomes a flow record. */
void cpu_flow(struct cpu *c, bool over);

/* A second later the ledger is told. */
void cpu_event(struct cpu *c, bool closing);

/* Takes text over. */
void cpu_add_row(struct cpu *c, enum row_kind kind, char *text, uint64_t seq, uint64_t first_ns);

/* As asprintf(3), which does not fail. */
char *audit_text(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The i-th row of that kind; counted from the end if negative. */
struct row *cpu_row(struct cpu *c, enum row_kind kind, int i);
void row_lose(struct row *r);

/* A row, or all that are not lost, into the book; what is refused is counted as bad. */
void book_take(struct book *b, const char *text);
void book_take_all(struct book *b, const struct cpu *c);

#endif
