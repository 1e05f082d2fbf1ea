/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tag_socket.h - the inventory over a local stream socket (unix(7)), both ends.
 *
 * A request is a line: a statement of the plain form, or {"kind":"list"}. Each
 * is answered, in order, by one line: {"ok":true,"revision":N} or
 * {"ok":false,"error":"..."}; a list by its statements, a line each, in front
 * of that. A statement that was taken over and is odd has "warning":"..." behind
 * its revision. Lines that are empty or begin with '#' are no requests. Only
 * root may connect (mode 0600). The keeper's thread serves.
 */
#ifndef NINETAP_INVENTORY_TAG_SOCKET_H
#define NINETAP_INVENTORY_TAG_SOCKET_H

#include <stdio.h>
#include "base/buf.h"
#include "base/tag_source.h"	/* TAG_SOCKET_DEFAULT */

struct tag_socket;

/* Answers one request (without its newline) into out: whole lines. 0 or -ENOMEM: the connection is closed. */
typedef int tag_socket_answer(void *arg, const char *request, size_t len, struct buf *out);

/*
 * Listens at path; makes its last folder if need be, removes a socket that
 * nobody listens at, and refuses to take the place of one that lives (-EADDRINUSE).
 * 0 or -errno after the reason was logged.
 */
int tag_socket_open(struct tag_socket **out, const char *path, tag_socket_answer *answer, void *arg)
	__attribute__((warn_unused_result));
void tag_socket_close(struct tag_socket *s);	/* removes the path; NULL is fine */

/* Readable when tag_socket_serve() has something to do, which never waits. */
int tag_socket_fd(const struct tag_socket *s);
void tag_socket_serve(struct tag_socket *s);

/*
 * The other end: sends the lines of request, and copies the statements that
 * are answered to out; what was refused, or is odd, is logged, by its line
 * if there is more than one. *line (NULL: 0): lines of earlier requests, to
 * which these are added. 0, -EBADMSG (something was refused), or -errno after
 * the reason was logged.
 */
int tag_socket_ask(const char *path, const char *request, size_t len, uint32_t *line, FILE *out)
	__attribute__((warn_unused_result));

#endif
