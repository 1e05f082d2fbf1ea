/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink_util.h - what the tests of sinks share: batches made by hand, a table
 * of what was reported of each, the sums of a ledger.
 */
#ifndef NINETAP_SINK_UTIL_H
#define NINETAP_SINK_UTIL_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "check.h"
#include "sink/sink.h"

static const struct tag_origin test_origin = { .box = "box-1", .epoch = 4711 };

/* What was reported of the batches that were put, by ticket. */
#define TICKETS_MAX 100000
static struct {
	int reports;
	uint64_t records, lost;
	enum nt_loss why;
} tickets[TICKETS_MAX];
static uint64_t tickets_n;

static inline void on_sink_report(void *arg, const struct sink_report *r)
{
	if (arg != tickets || r->ticket >= TICKETS_MAX)
		abort();
	tickets[r->ticket].reports++;
	tickets[r->ticket].lost = r->lost;
	tickets[r->ticket].why = r->why;
}

/* Puts b with the next ticket. */
static inline int put(struct sink *k, struct batch *b)
{
	uint32_t records = b->count;
	int err;

	tickets[tickets_n].records = records;
	err = sink_put(k, b, tickets_n);
	tickets_n += err != -EAGAIN;
	return err;
}

/* Tickets that were not reported exactly once; forgets all of them. */
static inline int not_reported_once(void)
{
	int n = 0;

	for (uint64_t i = 0; i < tickets_n; i++)
		n += tickets[i].reports != 1;
	memset(tickets, 0, sizeof(*tickets) * (tickets_n + 1));
	tickets_n = 0;
	return n;
}

static inline uint64_t reported_lost(void)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < tickets_n; i++)
		n += tickets[i].lost;
	return n;
}

static inline struct sink_settings test_settings(const char *output)
{
	return (struct sink_settings){
		.output = { output }, .encoding = { "json", "json", "events" }, .origin = &test_origin,
		.stop_fd = -1, .reported = on_sink_report, .arg = tickets,
	};
}

static inline void add_msg(struct batch *b, uint32_t begin, uint32_t end, uint64_t seq)
{
	if (b->msgs_n == b->msgs_cap) {
		b->msgs_cap = b->msgs_cap ? b->msgs_cap * 2 : 64;
		b->msgs = realloc(b->msgs, b->msgs_cap * sizeof(*b->msgs));
	}
	b->msgs[b->msgs_n++] = (struct batch_msg){ begin, end, 1, seq };
}

/* n records {"seq":S,"pad":"xx..."} of cpu, from seq on: a line and a message each. */
static inline void fill(struct batch *b, uint32_t cpu, uint64_t seq, uint32_t n, int pad)
{
	char line[4096];

	b->bytes.len = 0;
	b->msgs_n = 0;
	b->cpu = cpu;
	b->count = n;
	b->seq = seq;
	for (uint32_t i = 0; i < n; i++) {
		int len = snprintf(line, sizeof(line), "{\"cpu\":%u,\"seq\":%llu,\"pad\":\"%0*d\"}\n", cpu,
				   (unsigned long long)(seq + i), pad, 0);
		uint32_t begin = (uint32_t)b->bytes.len;

		if (buf_put(&b->bytes, line, (size_t)len))
			abort();
		add_msg(b, begin, (uint32_t)b->bytes.len - 1, seq + i);
	}
}

/* The end of a test, behind the sink's. */
static inline void drop(struct batch *b)
{
	CHECK_EQ(not_reported_once(), 0);
	buf_free(&b->bytes);
	free(b->msgs);
	*b = (struct batch){ 0 };
}

static inline uint64_t lost_in_all(const struct sink_stats *st)
{
	uint64_t n = 0;

	for (int i = 0; i < NT_LOSS_MAX; i++)
		n += st->lost[i];
	return n;
}

static inline double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What a test said on stderr while it was caught: catch_log(), then caught_log(). */
static FILE *log_file;
static int log_saved = -1;

static inline void catch_log(void)
{
	log_file = tmpfile();
	log_saved = dup(STDERR_FILENO);
	dup2(fileno(log_file), STDERR_FILENO);
}

static inline char *caught_log(void)
{
	static char text[65536];
	size_t n;

	dup2(log_saved, STDERR_FILENO);
	close(log_saved);
	rewind(log_file);
	n = fread(text, 1, sizeof(text) - 1, log_file);
	text[n] = '\0';
	fclose(log_file);
	return text;
}

static inline int lines_with(const char *text, const char *what)
{
	int n = 0;

	for (const char *p = text; (p = strstr(p, what)); p += strlen(what))
		n++;
	return n;
}

#endif
