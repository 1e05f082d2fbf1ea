/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http.h - answers GET and HEAD at one address, in a thread of its own.
 *
 * Clients are not trusted: so many at once, so many of one address, and none
 * for longer than HTTP_SECONDS, whatever it sends or does not read. One answer
 * a connection. Knows nothing of what is served.
 */
#ifndef NINETAP_SERVE_HTTP_H
#define NINETAP_SERVE_HTTP_H

#include <stdint.h>
#include "base/buf.h"

#define HTTP_CLIENTS 64U
#define HTTP_CLIENTS_EACH 16U		/* of one address */
#define HTTP_SECONDS 10			/* from accept to the end */

struct http;

/*
 * Answers for a path, in the server's thread: fills *body, which is freed by
 * the caller, and *type (a constant). accept: that header, or "". Returns the
 * status, 200 for instance.
 */
typedef unsigned int http_handler(void *arg, const char *path, const char *accept, struct buf *body,
				  const char **type);

/* Listens at once. address as endpoint.h has it. 0 or -errno after the reason was logged. */
int http_open(struct http **out, const char *address, http_handler *handler, void *arg)
	__attribute__((warn_unused_result));

/* "127.0.0.1:43123", with the port that was chosen; valid as long as h is. */
const char *http_address(const struct http *h);

/* Shows clients the door whose time is up: call it every second. now_ns: CLOCK_MONOTONIC. */
void http_expire(struct http *h, int64_t now_ns);

void http_close(struct http *h);	/* NULL is fine */

#endif
