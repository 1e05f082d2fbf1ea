/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sink_util.h - what the tests of sinks share: batches made by hand, a
 * directory to write in, the sums of a ledger.
 */
#ifndef NINETAP_SINK_UTIL_H
#define NINETAP_SINK_UTIL_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include "sink/sink.h"

static const struct tag_origin test_origin = { .box = "box-1", .epoch = 4711 };

static inline struct sink_settings test_settings(const char *output)
{
	return (struct sink_settings){
		.output = output, .encoding = "json", .origin = &test_origin, .stop_fd = -1,
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

static inline void drop(struct batch *b)
{
	buf_free(&b->bytes);
	free(b->msgs);
	*b = (struct batch){ 0 };
}

static inline uint64_t lost_in_all(const struct sink_stats *st)
{
	uint64_t n = 0;

	for (int i = 0; i < SINK_LOSS_MAX; i++)
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
