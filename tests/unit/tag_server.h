/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tag_server.h - a tag socket that a thread of the test serves, for the tests
 * of what is said over it and of its path.
 */
#ifndef NINETAP_TAG_SERVER_H
#define NINETAP_TAG_SERVER_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include "check.h"
#include "inventory/tag_peer.h"
#include "options_util.h"

#define OK "{\"ok\":true,\"revision\":1}\n"
#define BIG_LINES 200000		/* of 100 bytes */

static char dir[] = "/tmp/ninetap-tags.XXXXXX", path[TAG_SOCKET_PATH_MAX + 1];

struct server {
	struct tag_socket *socket;
	pthread_t thread;
	int stop_fd;
	atomic_int answered;
};

static inline int put(struct buf *out, const char *text)
{
	return buf_put(out, text, strlen(text));
}

/* "bad": refused; "odd": a warning; "list", "big": lines; "die": no memory; "pad": a long answer. */
static inline int answer(void *arg, const char *request, size_t len, struct buf *out)
{
	struct server *s = arg;
	char line[101];
	int err = 0;

	atomic_fetch_add(&s->answered, 1);
	memset(line, 'x', 99);
	strcpy(line + 99, "\n");
	if (len == 3 && !memcmp(request, "die", 3))
		return -ENOMEM;
	if (len == 3 && !memcmp(request, "bad", 3))
		return put(out, "{\"ok\":false,\"error\":\"\\\"x\\\" is a\\\\b\"}\n");
	if (len == 3 && !memcmp(request, "odd", 3))
		return put(out, "{\"ok\":true,\"revision\":7,\"warning\":\"odd it is\"}\n");
	if (len == 4 && !memcmp(request, "list", 4))
		err = put(out, "{\"kind\":\"a\"}\n{\"kind\":\"b\"}\n");
	for (int i = 0; len == 3 && !memcmp(request, "big", 3) && i < BIG_LINES && !err; i++)
		err = put(out, line);
	for (int i = 0; len == 3 && !memcmp(request, "pad", 3) && i < 10 && !err; i++)
		err = put(out, line);
	return err ? err : put(out, OK);
}

static inline void *serve(void *arg)
{
	struct server *s = arg;
	struct pollfd p[2] = { { s->stop_fd, POLLIN, 0 }, { tag_socket_fd(s->socket), POLLIN, 0 } };

	while (poll(p, 2, -1) >= 0 && !p[0].revents)
		tag_socket_serve(s->socket);
	return NULL;
}

static inline void start(struct server *s)
{
	*s = (struct server){ .stop_fd = eventfd(0, EFD_CLOEXEC) };
	if (tag_socket_open(&s->socket, path, answer, s) || pthread_create(&s->thread, NULL, serve, s))
		abort();
}

static inline void stop(struct server *s)
{
	uint64_t one = 1;

	CHECK_EQ(write(s->stop_fd, &one, sizeof(one)), sizeof(one));
	pthread_join(s->thread, NULL);
	tag_socket_close(s->socket);
	close(s->stop_fd);
}

/* Asks; what came is in *text, which the caller frees; what was logged is in caught[]. */
static inline int ask(const char *request, char **text)
{
	size_t len;
	FILE *f = open_memstream(text, &len);
	int err;

	catch_stderr();
	err = tag_socket_ask(path, request, strlen(request), NULL, f);
	caught_stderr();
	fclose(f);
	return err;
}

static inline void expect(const char *request, int want, const char *text, const char *log)
{
	char *is;

	CHECK_EQ(ask(request, &is), want);
	CHECK_STR(is, text);
	CHECK_STR(caught, log);
	free(is);
}

#endif
