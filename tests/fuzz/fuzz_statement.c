/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_statement.c - any bytes as a statement, of the plain form or (the first
 * byte is odd) of OpenStack: no crash, nothing that jansson would refuse, and
 * what was read, written and read again is the same.
 * Seeds: corpus_statement/. Run with -close_fd_mask=2: mistakes are logged.
 */
#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "inventory/openstack.h"

#define EVENT_NS 1795298400000000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Kept from one input to the next, as a source keeps it. */
static struct statement s, back;
static struct problems p;

static void check_is_json(const char *text, size_t len)
{
	json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

	if (!json_is_object(json))
		abort();
	json_decref(json);
}

static void check_text(const char *a, const char *b)
{
	if (!a != !b || (a && strcmp(a, b)))
		abort();
}

/* A tenant of OpenStack may have no name yet, and reads back named by its id. */
static void check_same(const struct statement *a, const struct statement *b)
{
	check_text(a->id, b->id);
	check_text(a->name || a->kind != STATEMENT_TENANT ? a->name : a->id, b->name);
	check_text(a->port, b->port);
	check_text(a->tenant, b->tenant);
	check_text(a->host, b->host);
	check_text(a->app_class, b->app_class);
	check_text(a->type, b->type);
	check_text(a->site, b->site);
	check_text(a->pop, b->pop);
	check_text(a->ren, b->ren);
	check_text(a->box, b->box);
	check_text(a->match, b->match);
	if (a->kind != b->kind || a->plane != b->plane || a->scope != b->scope || a->cidrs_n != b->cidrs_n ||
	    a->scopes_n != b->scopes_n || a->ports_n != b->ports_n)
		abort();
	if ((a->kind == STATEMENT_INSTANCE || a->kind == STATEMENT_END) &&
	    (a->from_ns != b->from_ns || a->until_ns != b->until_ns || a->until_ns <= a->from_ns))
		abort();
	if (a->kind == STATEMENT_APPLICATION && a->proto != b->proto)
		abort();
	if ((a->cidrs_n && memcmp(a->cidrs, b->cidrs, a->cidrs_n * sizeof(*a->cidrs))) ||
	    (a->ports_n && memcmp(a->ports, b->ports, a->ports_n * sizeof(*a->ports))))
		abort();
}

static void check_reads_back(int64_t event_ns)
{
	struct buf out = { 0 };

	if (statement_write(&out, &s) || memchr(out.data, '\n', out.len) != out.data + out.len - 1)
		abort();
	if (statement_read(&back, (char *)out.data, out.len, event_ns, &p))
		abort();
	check_same(&s, &back);
	buf_free(&out);
}

static void check_holds_nothing(int err)
{
	if (err != -EINVAL && err != -ENOMSG)
		abort();
	if (s.owner || s.id || s.cidrs_n || s.scopes_n || s.ports_n)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int64_t event_ns = size && data[0] & 2 ? EVENT_NS : TIME_ALWAYS;
	const char *text = (const char *)data + 1;
	int err;

	if (!size)
		return 0;
	(void)openstack_is_notification(text, size - 1);
	if (data[0] & 1)
		err = openstack_read(&s, text, size - 1, EVENT_NS, &p);
	else	/* in a file, or said at a time */
		err = statement_read(&s, text, size - 1, event_ns, &p);
	if (err) {
		check_holds_nothing(err);
		return 0;
	}
	if (!(data[0] & 1))
		check_is_json(text, size - 1);
	check_reads_back(event_ns);
	return 0;
}
