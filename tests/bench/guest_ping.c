// SPDX-License-Identifier: Apache-2.0
/*
 * guest_ping.c - UDP ping-pong of 64 bytes, for part_guest.py:
 *	guest_ping echo ADDRESS			prints "port N", then answers until it is ended
 *	guest_ping ask ADDRESS PORT COUNT	prints "P50 P99" in ns once all COUNT were answered
 * One packet is on its way at a time, and both ends sleep while they wait. An
 * answer that is not the question's own ends it without figures.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include "base/num.h"

#define SIZE 64
#define PATIENCE_S 5
#define COUNT_MAX 10000000

static int fail(const char *what, const char *why)
{
	fprintf(stderr, "guest_ping: %s: %s\n", what, why);
	return 1;
}

static int address(struct sockaddr_in *to, const char *ip, uint64_t port)
{
	*to = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	return inet_pton(AF_INET, ip, &to->sin_addr) == 1 ? 0 : fail("read address", ip);
}

static int echo(const char *ip)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in own, peer;
	socklen_t size = sizeof(own);
	char data[SIZE];
	ssize_t n;

	if (address(&own, ip, 0))
		return 1;
	if (fd < 0 || bind(fd, (struct sockaddr *)&own, size) || getsockname(fd, (struct sockaddr *)&own, &size))
		return fail("open socket", strerror(errno));
	prctl(PR_SET_PDEATHSIG, SIGKILL);	/* whoever asked is gone */
	printf("port %u\n", ntohs(own.sin_port));
	fflush(stdout);
	for (;;) {
		size = sizeof(peer);
		n = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&peer, &size);
		if (n < 0 || sendto(fd, data, (size_t)n, 0, (struct sockaddr *)&peer, size) != n)
			return fail("answer", strerror(errno));
	}
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* ns of each round trip. */
static int ask_all(int fd, uint64_t *ns, uint64_t count)
{
	uint64_t ping[SIZE / 8] = {0}, pong[SIZE / 8];

	for (uint64_t i = 0; i < count; i++) {
		uint64_t begun = now_ns();

		ping[0] = i;
		if (send(fd, ping, SIZE, 0) != SIZE || recv(fd, pong, SIZE, 0) != SIZE)
			return fail("wait for an answer", strerror(errno));
		ns[i] = now_ns() - begun;
		if (memcmp(ping, pong, SIZE))
			return fail("read an answer", "it is another question's");
	}
	return 0;
}

static int ask(const char *ip, uint64_t port, uint64_t count)
{
	struct timeval patience = { .tv_sec = PATIENCE_S };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err = 1;
	uint64_t *ns = calloc(count, sizeof(*ns));
	struct sockaddr_in to;

	if (address(&to, ip, port))
		goto out;
	if (!ns || fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) ||
	    connect(fd, (struct sockaddr *)&to, sizeof(to))) {
		fail("open socket", strerror(errno));
		goto out;
	}
	err = ask_all(fd, ns, count);
	if (!err) {
		qsort(ns, count, sizeof(*ns), by_value);
		printf("%llu %llu\n", (unsigned long long)ns[count / 2], (unsigned long long)ns[count / 100 * 99]);
	}
out:
	free(ns);
	if (fd >= 0)
		close(fd);
	return err;
}

int main(int argc, char **argv)
{
	uint64_t port, count;

	if (argc == 3 && !strcmp(argv[1], "echo"))
		return echo(argv[2]);
	if (argc == 5 && !strcmp(argv[1], "ask") && !num_u64(argv[3], 1, 65535, &port) && !num_u64(argv[4], 1, COUNT_MAX, &count))
		return ask(argv[2], port, count);
	fprintf(stderr, "usage: guest_ping echo ADDRESS | ask ADDRESS PORT COUNT\n");
	return 2;
}
