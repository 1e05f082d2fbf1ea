// SPDX-License-Identifier: Apache-2.0
/*
 * follow.c - reads a topic by hand: follow SOURCE CATCH_UP_MS MAX [NAME VALUE]...
 *
 * Catches up and says "caught up N" or "late N" (messages so far), then hands
 * out at most MAX messages a turn, whenever topic_fd() is readable and at no
 * other time, until stdin ends. Each message is a line "PARTITION OFFSET
 * TIME_NS KEY PAYLOAD", "-" standing for what is absent.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include "base/num.h"
#include "inventory/topic.h"

static void print(void *arg, const struct topic_message *m)
{
	uint64_t *n = arg;

	++*n;
	printf("%d %lld %lld %s %.*s\n", m->partition, (long long)m->offset, (long long)m->time_ns,
	       m->key ? m->key : "-", m->payload ? (int)m->payload_len : 1, m->payload ? m->payload : "-");
}

static void follow(struct topic *t, int max)
{
	struct pollfd fds[] = { { .fd = 0, .events = POLLIN }, { .fd = topic_fd(t), .events = POLLIN } };
	uint64_t n = 0;

	while (poll(fds, 2, -1) > 0 && !fds[0].revents) {
		topic_poll(t, max, print, &n);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	uint64_t ms, max, n = 0;
	struct topic *t;
	int err;

	if (argc < 4 || num_u64(argv[2], 0, 600000, &ms) || num_u64(argv[3], 1, 1000000, &max)) {
		fprintf(stderr, "usage: follow SOURCE CATCH_UP_MS MAX [NAME VALUE]...\n");
		return 64;
	}
	signal(SIGPIPE, SIG_IGN);
	if (topic_open(&t, argv[1], argv + 4))
		return 1;
	err = topic_catch_up(t, (int)ms, print, &n);
	printf("%s %llu\n", err ? "late" : "caught up", (unsigned long long)n);
	fflush(stdout);
	follow(t, (int)max);
	topic_close(t);
	return 0;
}
