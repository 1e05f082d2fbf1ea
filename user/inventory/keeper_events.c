/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keeper_events.c - what topics and sockets say of the inventory, statement
 * by statement. The inventory in force is held only to apply one.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/utf8.h"
#include "inventory/keeper_priv.h"
#include "inventory/openstack.h"

static int apply(struct keeper *k, const struct statement *s)
{
	int err = inventory_apply(board_change(k->board), s, LAYER_STREAM, &k->problems);

	board_changed(k->board);
	return err;
}

static int end_of(struct keeper *k, const char *id, const char *port, int64_t time_ns)
{
	const struct statement s = {
		.kind = STATEMENT_END, .id = id, .port = port, .from_ns = time_ns, .until_ns = TIME_OPEN,
	};

	return apply(k, &s);
}

/* A tombstone doesn't say of what its key is the id: of an instance, or of a port. */
static int end_key(struct keeper *k, const struct topic_message *m)
{
	size_t len = m->key ? strlen(m->key) : 0;
	int err;

	if (!len || len > STATEMENT_TEXT_MAX || !utf8_valid(m->key, len)) {
		problem(&k->problems, PROBLEM_NO_ID, "a message without a value, and its key is no id");
		return -EINVAL;
	}
	err = end_of(k, m->key, NULL, m->time_ns);
	return err ? err : end_of(k, NULL, m->key, m->time_ns);
}

static int apply_payload(struct keeper *k, const struct topic_message *m)
{
	int err;

	if (openstack_is_notification(m->payload, m->payload_len))
		err = openstack_read(&k->s, m->payload, m->payload_len, m->time_ns, &k->problems);
	else
		err = statement_read(&k->s, m->payload, m->payload_len, m->time_ns, &k->problems);
	return err ? err : apply(k, &k->s);
}

void keeper_message(void *arg, const struct topic_message *m)
{
	struct keeper *k = ((struct source *)arg)->keeper;
	int err;

	k->events++;
	problems_at(&k->problems, "%s[%" PRId32 "]@%" PRId64, m->topic, m->partition, m->offset);
	k->problems.line = 0;
	err = m->payload ? apply_payload(k, m) : end_key(k, m);
	if (err == -ENOMSG)
		k->ignored++;
	if (err == -ENOMEM)
		problem(&k->problems, PROBLEM_SOURCE, "left out: out of memory");
}

/* {"kind":"list"}, with blanks or without. */
static bool is_list(const char *request, size_t len)
{
	const char *want = "{\"kind\":\"list\"}";

	for (; len; request++, len--) {
		if (strchr(" \t\r", *request))
			continue;
		if (*request != *want++)
			return false;
	}
	return !*want;
}

static int put_statement(void *arg, const struct statement *s)
{
	return statement_write(arg, s);
}

static int put_text(struct buf *out, const char *text)
{
	return buf_put(out, text, strlen(text));
}

/* Text as a JSON string, what is no character of it as '?'. */
static int put_string(struct buf *out, const char *text)
{
	size_t len = strlen(text);
	int err = put_text(out, "\"");

	for (size_t n; len && !err; text += n, len -= n) {
		n = utf8_char(text, len);
		if (!n || (unsigned char)*text < 0x20)
			err = put_text(out, "?");
		else if (*text == '"' || *text == '\\')
			err = put_text(out, "\\");
		if (!err && n && (unsigned char)*text >= 0x20)
			err = buf_put(out, text, n);
		n = n ? n : 1;
	}
	return err ? err : put_text(out, "\"");
}

static int answer(struct keeper *k, bool ok, struct buf *out)
{
	char head[64];
	const char *what = ok ? ",\"warning\":" : ",\"error\":";
	int err;

	snprintf(head, sizeof(head), "{\"ok\":true,\"revision\":%" PRIu64,
		 inventory_revision(board_look(k->board)));
	err = put_text(out, ok ? head : "{\"ok\":false");
	if (!err && k->problems.last[0])
		err = put_text(out, what);
	if (!err && k->problems.last[0])
		err = put_string(out, k->problems.last);
	return err ? err : put_text(out, "}\n");
}

int keeper_request(void *arg, const char *request, size_t len, struct buf *out)
{
	struct source *s = arg;
	struct keeper *k = s->keeper;
	int err;

	k->events++;
	problems_at(&k->problems, "socket %s", s->spec.path);
	k->problems.line = 0;
	k->problems.last[0] = '\0';
	if (is_list(request, len)) {
		err = inventory_each(board_look(k->board), put_statement, out);
		return err ? err : answer(k, true, out);
	}
	err = statement_read(&k->s, request, len, clock_ns(CLOCK_REALTIME), &k->problems);
	if (!err)
		err = apply(k, &k->s);
	if (err == -ENOMEM)
		problem(&k->problems, PROBLEM_SOURCE, "left out: out of memory");
	return answer(k, !err, out);
}
