/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tag_client.c - the end of tag_socket.h that asks. It reads answers while it
 * sends: the other end reads no request while its answers aren't taken.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>
#include "base/log.h"
#include "inventory/lines.h"
#include "inventory/tag_peer.h"

#define PIECE_BYTES 65536U
#define WHY_BYTES 300			/* more than problem.h keeps */

struct talk {
	const char *path;
	const char *request;
	size_t len, sent;
	bool sending, many;		/* many: more than one request, so that lines are named */
	struct lines asked;		/* those that have no answer yet are behind it */
	uint64_t refused;
	struct buf in;
	FILE *out;
	int fd;
};

static int fail(const char *path, const char *what, int err)
{
	log_error("tag socket %s: %s: %s", path, what, strerror(-err));
	return err;
}

static int connect_to(struct talk *t)
{
	struct sockaddr_un a = tag_address(t->path);
	int err;

	t->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (t->fd < 0)
		return fail(t->path, "open", -errno);
	err = connect(t->fd, (struct sockaddr *)&a, sizeof(a)) ? -errno : 0;
	if (err == -ENOENT || err == -ECONNREFUSED)
		log_error("no ninetap listens at %s: run one with -t socket", t->path);
	else if (err)
		return fail(t->path, "connect", err);
	return err;
}

/* The text of member, which the keeper wrote: only '"' and '\' are escaped. NULL: it isn't there. */
static const char *member_text(const char *answer, const char *member, char why[WHY_BYTES])
{
	const char *p = strstr(answer, member);
	size_t n = 0;

	if (!p)
		return NULL;
	for (p += strlen(member); *p && *p != '"' && n < WHY_BYTES - 1; p++) {
		p += *p == '\\' && p[1];
		why[n++] = *p;
	}
	why[n] = '\0';
	return why;
}

static void say(const struct talk *t, void (*log)(const char *fmt, ...), const char *verb, const char *why)
{
	if (t->many)
		log("line %u: %s: %s", t->asked.n, verb, why);
	else
		log("%s: %s", verb, why);
}

/* One line of the answers, NUL-terminated: the end of one, or a statement of a list. */
static void take_line(struct talk *t, const char *line)
{
	char why[WHY_BYTES];
	const char *asked;
	size_t len;
	bool bad = !strncmp(line, "{\"ok\":false", 11);

	if (!bad && strncmp(line, "{\"ok\":true", 10)) {
		fprintf(t->out, "%s\n", line);
		return;
	}
	(void)lines_next(&t->asked, &asked, &len);
	t->refused += bad;
	if (bad)
		say(t, log_error, "refused", member_text(line, "\"error\":\"", why) ? why : line);
	else if (member_text(line, "\"warning\":\"", why))
		say(t, log_warn, "taken over, but", why);
}

static void take_lines(struct talk *t)
{
	char *p = (char *)t->in.data, *end = p + t->in.len, *newline;

	while ((newline = memchr(p, '\n', (size_t)(end - p)))) {
		*newline = '\0';
		take_line(t, p);
		p = newline + 1;
	}
	t->in.len = (size_t)(end - p);
	memmove(t->in.data, p, t->in.len);
}

/* One that went while we send may have said why: that is read. */
static void send_some(struct talk *t)
{
	ssize_t n = send(t->fd, t->request + t->sent, t->len - t->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n > 0)
		t->sent += (size_t)n;
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		t->sending = false;
	if (t->sent == t->len)
		t->sending = false;
	if (!t->sending)
		shutdown(t->fd, SHUT_WR);
}

/* 1: there may be more; 0: that was all; -errno. */
static int receive_some(struct talk *t)
{
	ssize_t n;

	if (buf_reserve(&t->in, PIECE_BYTES))
		return -ENOMEM;
	n = recv(t->fd, t->in.data + t->in.len, PIECE_BYTES, MSG_DONTWAIT);
	if (n < 0 && errno == ECONNRESET)	/* closed, with requests unread */
		n = 0;
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 1 : -errno;
	t->in.len += (size_t)n;
	take_lines(t);
	return n > 0;
}

static int talk(struct talk *t)
{
	struct pollfd p = { .fd = t->fd };
	int more = 1;

	while (more > 0) {
		p.events = (short)(POLLIN | (t->sending ? POLLOUT : 0));
		if (poll(&p, 1, -1) < 0 && errno != EINTR)
			return fail(t->path, "wait", -errno);
		if (t->sending && p.revents & (POLLOUT | POLLERR | POLLHUP))
			send_some(t);
		if (p.revents & (POLLIN | POLLERR | POLLHUP))
			more = receive_some(t);
	}
	return more < 0 ? fail(t->path, "read", more) : 0;
}

static bool is_unanswered(struct talk *t)
{
	const char *line;
	size_t len;

	return lines_next(&t->asked, &line, &len);
}

static bool has_many(const struct talk *t)
{
	struct lines lines = t->asked;
	const char *line;
	size_t len;

	return lines_next(&lines, &line, &len) && lines_next(&lines, &line, &len);
}

int tag_socket_ask(const char *path, const char *request, size_t len, uint32_t *line, FILE *out)
{
	struct talk t = {
		.path = path, .request = request, .len = len, .sending = true, .out = out, .fd = -1,
		.asked = { .p = request, .end = request + len, .n = line ? *line : 0 },
	};
	int err;

	t.many = t.asked.n || has_many(&t);
	err = connect_to(&t);
	if (!err)
		err = talk(&t);
	if (!err && is_unanswered(&t)) {
		log_error("tag socket %s: it was closed before all was answered", path);
		err = -ECONNRESET;
	}
	if (!err && t.refused)
		err = -EBADMSG;
	if (line)
		*line = t.asked.n;
	buf_free(&t.in);
	if (t.fd >= 0)
		close(t.fd);
	return err;
}
