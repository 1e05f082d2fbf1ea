// SPDX-License-Identifier: Apache-2.0
/*
 * produce.c - drives a sink by hand: produce OUTPUT RECORDS [NAME VALUE]...
 *
 * Reads lines "N [CPU]" from stdin: puts N batches of RECORDS records each,
 * then answers with a line "accepted A delivered D lost L". Between lines the
 * sink is polled. At the end of stdin the sink is closed (30 s) and the last
 * such line tells what became of everything. A record is a line of text,
 * "CPU/SEQ"; all of a batch are one message.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/num.h"
#include "sink/sink.h"

#define CPUS 64
#define CLOSE_MS 30000
#define IDLE_MS 5

static const struct tag_origin origin = { .box = "box-1", .epoch = 4711 };
static uint64_t seqs[CPUS];

static void fill(struct batch *b, uint32_t cpu, uint32_t records)
{
	char line[64];

	if (!b->msgs) {			/* the sink takes batches over, and gives others */
		b->msgs = calloc(1, sizeof(*b->msgs));
		b->msgs_cap = 1;
	}
	b->bytes.len = 0;
	b->stream = STREAM_PACKETS;
	b->cpu = cpu;
	b->count = records;
	b->seq = seqs[cpu] + 1;
	for (uint32_t i = 0; i < records; i++) {
		int n = snprintf(line, sizeof(line), "%u/%llu\n", cpu, (unsigned long long)++seqs[cpu]);

		if (buf_put(&b->bytes, line, (size_t)n))
			abort();
	}
	b->msgs[0] = (struct batch_msg){ 0, (uint32_t)b->bytes.len, records, b->seq };
	b->msgs_n = 1;
}

static void say(const struct sink_stats *st)
{
	uint64_t lost = 0;

	for (int i = 0; i < NT_LOSS_MAX; i++)
		lost += st->lost[i];
	printf("accepted %llu delivered %llu lost %llu\n", (unsigned long long)st->accepted,
	       (unsigned long long)st->delivered, (unsigned long long)lost);
	fflush(stdout);
}

/* As a lane does: what has no room waits. */
static void put(struct sink *s, struct batch *b)
{
	int err;

	while ((err = sink_put(s, b, 0)) == -EAGAIN) {
		sink_poll(s);
		poll(NULL, 0, IDLE_MS);
	}
	if (err)
		fprintf(stderr, "produce: a batch was lost\n");
}

static void on_report(void *arg, const struct sink_report *r)
{
	(void)arg;
	(void)r;
}

static void serve(struct sink *s, struct batch *b, uint32_t records)
{
	struct pollfd in = { .fd = 0, .events = POLLIN };
	struct sink_stats st;
	unsigned int n, cpu;
	char line[64];

	setvbuf(stdin, NULL, _IONBF, 0);	/* else poll(2) doesn't see what stdio has read */
	for (;;) {
		int ready = poll(&in, 1, IDLE_MS);

		sink_poll(s);
		if (ready <= 0)
			continue;
		if (!fgets(line, sizeof(line), stdin))
			return;
		cpu = 0;
		if (sscanf(line, "%u %u", &n, &cpu) < 1 || cpu >= CPUS)
			return;
		for (unsigned int i = 0; i < n; i++) {
			fill(b, cpu, records);
			put(s, b);
		}
		sink_get_stats(s, &st);
		say(&st);
	}
}

int main(int argc, char **argv)
{
	struct sink_settings settings = { .encoding = { "json" }, .origin = &origin, .stop_fd = -1, .reported = on_report };
	struct batch b = { 0 };
	struct sink_stats st;
	struct sink *s;
	uint64_t records;

	if (argc < 3 || num_u64(argv[2], 1, 100000, &records)) {
		fprintf(stderr, "usage: produce OUTPUT RECORDS [NAME VALUE]...\n");
		return 64;
	}
	signal(SIGPIPE, SIG_IGN);
	settings.output[STREAM_PACKETS] = argv[1];
	settings.kafka = argv + 3;
	if (sink_open(&s, &settings))
		return 1;
	serve(s, &b, (uint32_t)records);
	sink_close(s, CLOSE_MS, &st);
	say(&st);
	batch_free(&b);
	return 0;
}
