// SPDX-License-Identifier: Apache-2.0
/*
 * audit_lib.c - see audit_lib.h. Rows are of JSON, as the encoders write them.
 */
#include "audit_lib.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "audit/told.h"

#define TIMES "2026-11-22T%02" PRIu64 ":%02" PRIu64 ":%02" PRIu64 ".%09" PRIu64 "Z"

struct cpu *cpu_new(const char *box, uint64_t epoch, unsigned int n)
{
	struct cpu *c = calloc(1, sizeof(*c));

	c->box = box;
	c->epoch = epoch;
	c->cpu = n;
	c->now_ns = SECOND_NS;
	c->generation = 1;
	return c;
}

void cpu_free(struct cpu *c)
{
	for (size_t i = 0; i < c->rows_n; i++)
		free(c->rows[i].text);
	free(c);
}

void cpu_add_row(struct cpu *c, enum row_kind kind, char *text, uint64_t seq, uint64_t first_ns)
{
	if (c->rows_n == ROWS_MAX)
		abort();
	c->rows[c->rows_n++] = (struct row){ kind, text, seq, first_ns };
}

static const char *time_text(uint64_t ns, char out[40])
{
	uint64_t s = ns / SECOND_NS;

	snprintf(out, 40, TIMES, s / 3600, s / 60 % 60, s % 60, ns % SECOND_NS);
	return out;
}

char *audit_text(const char *fmt, ...)
{
	va_list args;
	char *text;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);
	return text;
}

void cpu_record(struct cpu *c, uint32_t packets, uint32_t bytes)
{
	char ts[40];

	cpu_add_row(c, ROW_RECORD,
		audit_text("{\"ts\":\"%s\",\"box\":\"%s\",\"epoch\":%" PRIu64 ",\"cpu\":%u,\"iface\":\"a\\\"b\",\"seq\":%" PRIu64
		      ",\"sample\":1,\"bytes\":%u,\"packets\":%u,\"tunnels\":[{\"type\":\"vxlan\",\"id\":42,\"proto\":17}],"
		      "\"vlan\":[1,2]}", time_text(c->now_ns, ts), c->box, c->epoch, c->cpu, c->seq, bytes, packets),
		c->seq, c->now_ns);
}

/* A packet with that fate; what is owed a record uses up a number. */
void cpu_packet(struct cpu *c, enum nt_count fate, uint32_t packets, uint32_t bytes)
{
	struct nt_tally t = { 1, packets, bytes };
	int over = fate == NT_COUNT_OVERFLOW;

	c->now_ns += 1000;
	tally_add(&c->fate[NT_COUNT_SEEN], &t);
	tally_add(&c->fate[fate], &t);
	if (fate == NT_COUNT_RECORDED || over || fate == NT_COUNT_RING_FULL)
		c->seq++;
	if (fate == NT_COUNT_RECORDED) {
		cpu_record(c, packets, bytes);
		tally_add(&c->safe, &t);
	}
	if (fate == NT_COUNT_FLOW || over) {
		if (!c->open[over].events)
			c->open_first_ns[over] = c->now_ns;
		c->open_last_ns[over] = c->now_ns;
		tally_add(&c->open[over], &t);
	}
}

/* What is open becomes a flow record. */
void cpu_flow(struct cpu *c, bool over)
{
	struct nt_tally *t = &c->open[over];
	char ts[40], first[40];

	if (!t->events)
		return;
	cpu_add_row(c, ROW_FLOW,
		audit_text("{\"type\":\"flow\",\"box\":\"%s\",\"epoch\":%" PRIu64 ",\"cpu\":%u,\"mode\":\"%s\",\"generation\":%" PRIu64
		      ",\"entry\":%" PRIu64 ",\"first\":\"%s\",\"last\":\"%s\",\"events\":%llu,\"packets\":%llu,\"bytes\":%llu}",
		      c->box, c->epoch, c->cpu, over ? "packet" : "flow", c->generation, ++c->entry,
		      time_text(c->open_first_ns[over], first), time_text(c->open_last_ns[over], ts), t->events, t->packets, t->bytes),
		0, c->open_first_ns[over]);
	memset(t, 0, sizeof(*t));
}

static size_t put_tally(char *out, const char *name, const struct nt_tally *t)
{
	return (size_t)sprintf(out, "\"%s\":{\"events\":%llu,\"packets\":%llu,\"bytes\":%llu},", name, t->events, t->packets,
			       t->bytes);
}

void cpu_event(struct cpu *c, bool closing)
{
#define NAME(id, name, text) #name,
	static const char *const fates[] = { NT_FATES(NAME) }, *const losses[] = { NT_LOSSES(NAME) };
#undef NAME
	struct nt_tally open = c->open[0];
	char tallies[8192], ts[40], *p = tallies;

	tally_add(&open, &c->open[1]);
	for (int i = 0; i < NT_COUNT_FATES_END; i++)
		p += put_tally(p, fates[i], &c->fate[i]);
	p += put_tally(p, "safe", &c->safe);
	p += put_tally(p, "flows_open", &open);
	p += sprintf(p, "\"lost\":{");
	for (int i = 0; i < NT_LOSS_MAX; i++)
		p += put_tally(p, losses[i], &c->lost[i]);
	p[-1] = '}';
	if (c->cpus)
		p += sprintf(p, ",\"cpus\":%u", c->cpus);
	p += sprintf(p, ",\"flows_lost\":{");
	p += put_tally(p, "encode", &c->flows_lost);
	p[-1] = '}';
	c->now_ns += SECOND_NS;
	cpu_add_row(c, ROW_EVENT,
		audit_text("{\"type\":\"ledger\",\"ts\":\"%s\",\"box\":\"%s\",\"epoch\":%" PRIu64 ",\"cpu\":%u,\"n\":%" PRIu64
		      ",\"closing\":%s,\"exact\":%s,\"seq\":%" PRIu64 ",%s,\"unread\":%" PRIu64 ",\"missing\":0}",
		      time_text(c->now_ns, ts), c->box, c->epoch, c->cpu, ++c->n, closing ? "true" : "false",
		      c->inexact ? "false" : "true", c->seq, tallies, c->unread), 0, c->now_ns);
	c->now_ns += 1000;
}

void book_take(struct book *b, const char *text)
{
	const char *why = "";

	if (told_row(b, text, strlen(text), &why))
		b->bad++;
}

void book_take_all(struct book *b, const struct cpu *c)
{
	for (size_t i = 0; i < c->rows_n; i++)
		if (c->rows[i].text)
			book_take(b, c->rows[i].text);
}

/* Loses the i-th row of that kind; counted from the end if negative. */
struct row *cpu_row(struct cpu *c, enum row_kind kind, int i)
{
	int n = 0;

	for (size_t k = 0; k < c->rows_n; k++)
		n += c->rows[k].kind == kind;
	i += i < 0 ? n : 0;
	for (size_t k = 0; k < c->rows_n; k++)
		if (c->rows[k].kind == kind && !i--)
			return &c->rows[k];
	abort();
}

void row_lose(struct row *r)
{
	free(r->text);
	r->text = NULL;
}
