/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.c - a small HTTP server over libmicrohttpd; contract in http.h. The
 * only file that knows that library.
 *
 * Its own time-out begins anew with each byte, so a client that drips would
 * stay for ever: each connection's age is kept here, and the old ones are shut
 * down, which the library's thread sees as their end.
 */
#include <errno.h>
#include <microhttpd.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/endpoint.h"
#include "base/log.h"
#include "serve/http.h"

#define MEMORY_BYTES 16384U		/* of one connection, its request and headers */

struct client {
	int fd;				/* -1: free */
	int64_t since_ns;
};

struct http {
	struct MHD_Daemon *daemon;
	http_handler *handler;
	void *arg;
	char address[ENDPOINT_TEXT];
	pthread_mutex_t lock;		/* of clients: a descriptor in there is open */
	struct client clients[HTTP_CLIENTS];
};

static struct client *find_client(struct http *h, int fd)
{
	for (unsigned int i = 0; i < HTTP_CLIENTS; i++)
		if (h->clients[i].fd == fd)
			return &h->clients[i];
	return NULL;
}

/* In the library's thread; told of the end before it closes the descriptor. */
static void client_changed(void *arg, struct MHD_Connection *connection, void **unused,
			   enum MHD_ConnectionNotificationCode what)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	bool begins = what == MHD_CONNECTION_NOTIFY_STARTED;
	struct http *h = arg;
	struct client *c;

	(void)unused;
	if (!info)
		return;
	pthread_mutex_lock(&h->lock);
	c = find_client(h, begins ? -1 : info->connect_fd);
	if (c)
		*c = (struct client){ .fd = begins ? info->connect_fd : -1, .since_ns = clock_monotonic_ns() };
	pthread_mutex_unlock(&h->lock);
}

void http_expire(struct http *h, int64_t now_ns)
{
	int64_t before = now_ns - HTTP_SECONDS * 1000000000LL;

	pthread_mutex_lock(&h->lock);
	for (unsigned int i = 0; i < HTTP_CLIENTS; i++)
		if (h->clients[i].fd >= 0 && h->clients[i].since_ns < before)
			shutdown(h->clients[i].fd, SHUT_RDWR);
	pthread_mutex_unlock(&h->lock);
}

/* Takes body's bytes over. */
static enum MHD_Result reply(struct MHD_Connection *connection, unsigned int status, struct buf *body,
			     const char *type)
{
	struct MHD_Response *r = MHD_create_response_from_buffer(body->len, body->data, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result ok;

	if (!r) {
		buf_free(body);
		return MHD_NO;
	}
	ok = MHD_add_response_header(r, MHD_HTTP_HEADER_CONNECTION, "close");
	if (ok)
		ok = MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	if (ok && status == MHD_HTTP_METHOD_NOT_ALLOWED)
		ok = MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	if (ok)
		ok = MHD_queue_response(connection, status, r);
	MHD_destroy_response(r);
	return ok;
}

static enum MHD_Result answer(void *arg, struct MHD_Connection *connection, const char *path, const char *method,
			      const char *version, const char *upload, size_t *upload_size, void **state)
{
	const char *accept = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_ACCEPT);
	bool known = !strcmp(method, MHD_HTTP_METHOD_GET) || !strcmp(method, MHD_HTTP_METHOD_HEAD);
	unsigned int status = MHD_HTTP_METHOD_NOT_ALLOWED;
	const char *type = "text/plain; charset=utf-8";
	struct buf body = { 0 };
	struct http *h = arg;

	(void)version, (void)upload, (void)upload_size, (void)state;
	if (known)
		status = h->handler(h->arg, path, accept ? accept : "", &body, &type);
	return reply(connection, status, &body, type);
}

static int listen_at(const struct sockaddr_storage *address, socklen_t len)
{
	int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), one = 1, err;

	if (fd < 0)
		return -errno;
	/* After a restart connections of the one before may still be dying. */
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (const struct sockaddr *)address, len) || listen(fd, HTTP_CLIENTS)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

static int start(struct http *h, int fd)
{
	sigset_t all, before;

	/* Signals are for the thread that waits for them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	h->daemon = MHD_start_daemon(MHD_USE_AUTO_INTERNAL_THREAD | MHD_USE_ITC, 0, NULL, NULL, answer, h,
				     MHD_OPTION_LISTEN_SOCKET, fd,
				     MHD_OPTION_NOTIFY_CONNECTION, client_changed, h,
				     MHD_OPTION_CONNECTION_LIMIT, HTTP_CLIENTS,
				     MHD_OPTION_PER_IP_CONNECTION_LIMIT, HTTP_CLIENTS_EACH,
				     MHD_OPTION_CONNECTION_TIMEOUT, (unsigned int)HTTP_SECONDS,
				     MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MEMORY_BYTES,
				     MHD_OPTION_END);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return h->daemon ? 0 : -ENOMEM;
}

static int open_at(struct http *h, const struct sockaddr_storage *wanted, socklen_t len)
{
	struct sockaddr_storage is = { 0 };
	int fd = listen_at(wanted, len), err;

	if (fd < 0)
		return fd;
	len = sizeof(is);
	err = getsockname(fd, (struct sockaddr *)&is, &len) ? -errno : 0;
	if (!err)
		err = start(h, fd);
	if (err) {
		close(fd);	/* the daemon's, had it started */
		return err;
	}
	endpoint_format(&is, h->address);
	return 0;
}

int http_open(struct http **out, const char *address, http_handler *handler, void *arg)
{
	struct http *h = calloc(1, sizeof(*h));
	struct sockaddr_storage wanted;
	socklen_t len = 0;
	const char *why = endpoint_mistake(address, &wanted, &len);
	int err = h ? 0 : -ENOMEM;

	*out = NULL;
	if (!err && why)
		err = -EINVAL;
	if (!err) {
		h->handler = handler;
		h->arg = arg;
		pthread_mutex_init(&h->lock, NULL);
		for (unsigned int i = 0; i < HTTP_CLIENTS; i++)
			h->clients[i].fd = -1;
		err = open_at(h, &wanted, len);
	}
	if (err) {
		log_error("listen at %s: %s", address, why ? why : strerror(-err));
		free(h);
		return err;
	}
	*out = h;
	return 0;
}

const char *http_address(const struct http *h)
{
	return h->address;
}

void http_close(struct http *h)
{
	if (!h)
		return;
	MHD_stop_daemon(h->daemon);
	pthread_mutex_destroy(&h->lock);
	free(h);
}
