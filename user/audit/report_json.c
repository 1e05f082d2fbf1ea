// SPDX-License-Identifier: Apache-2.0
/*
 * report_json.c - see report.h: the same as one object of JSON.
 */
#include <errno.h>
#include <jansson.h>
#include "audit/report.h"
#include "base/timestamp.h"

/* Steals value, as jansson's own; a missing one is what -ENOMEM is seen by. */
static int set(json_t *o, const char *name, json_t *value)
{
	return json_object_set_new(o, name, value) ? -ENOMEM : 0;
}

static json_t *number(uint64_t v)
{
	return json_integer((json_int_t)v);
}

static json_t *tally(const struct nt_tally *t)
{
	return json_pack("{s:I,s:I,s:I}", "events", (json_int_t)t->events, "packets", (json_int_t)t->packets, "bytes",
			 (json_int_t)t->bytes);
}

static json_t *moment(const struct book_told *t)
{
	char text[TIMESTAMP_TEXT];

	return t ? json_string(timestamp_format(t->ts_ns, text)) : json_null();
}

static json_t *fates(const struct book_told *t)
{
#define NAME(id, name, text) [NT_COUNT_##id] = #name,
	static const char *const names[NT_COUNT_FATES_END] = { NT_FATES(NAME) };
#undef NAME
	json_t *o = json_object();
	int err = o ? 0 : -ENOMEM;

	for (int i = 0; !err && i < NT_COUNT_FATES_END; i++)
		err = set(o, names[i], tally(&t->fate[i]));
	return o;
}

static json_t *losses(const struct verdict *v)
{
#define NAME(id, name, text) [NT_LOSS_##id] = #name,
	static const char *const names[BOOK_LOSSES] = { NT_LOSSES(NAME) [NT_LOSS_MAX] = "other" };
#undef NAME
	json_t *o = json_object();
	int err = o ? 0 : -ENOMEM;

	for (int i = 0; !err && i < BOOK_LOSSES; i++)
		err = set(o, names[i], tally(&v->last->lost[i]));
	if (!err)
		err = set(o, "flows", tally(&v->last->flows_lost)) ?: set(o, "spool_records", number(v->dropped[0])) ?:
		      set(o, "spool_flows", number(v->dropped[1])) ?: set(o, "unread", number(v->last->unread));
	return o;
}

static json_t *ranges(const struct verdict *v)
{
	json_t *list = json_array();

	for (unsigned int i = 0; list && i < v->ranges_n; i++)
		json_array_append_new(list, json_pack("[I,I]", (json_int_t)v->range[i].first, (json_int_t)v->range[i].last));
	return list;
}

static json_t *received(const struct book_page *p)
{
	return json_pack("{s:o,s:I,s:I,s:o,s:o,s:I,s:I,s:I}", "records", tally(&p->got), "duplicates",
			 (json_int_t)p->records_doubled, "contradictions", (json_int_t)(p->records_clash + p->flows_clash),
			 "flow", tally(&p->flow[0]), "overflow", tally(&p->flow[1]), "flow_records", (json_int_t)p->flows_n,
			 "flow_duplicates", (json_int_t)p->flows_doubled, "ledger_events", (json_int_t)p->told_n);
}

/* What only a ledger event can tell. */
static int add_told(json_t *o, const struct verdict *v)
{
	return set(o, "told_at", moment(v->last)) ?: set(o, "seq", number(v->last->seq)) ?:
	       set(o, "told", fates(v->last)) ?: set(o, "lost", losses(v)) ?:
	       set(o, "flows_open", tally(&v->last->flows_open)) ?: set(o, "missing", tally(&v->missing)) ?:
	       set(o, "missing_flows", tally(&v->missing_flows)) ?: set(o, "unexplained", number(v->unexplained)) ?:
	       set(o, "unexplained_flows", number(v->unexplained_flows)) ?: set(o, "behind", number(v->behind)) ?:
	       set(o, "gaps", number(v->gaps)) ?: set(o, "gap_ranges", ranges(v));
}

static json_t *page(const struct book_page *p, const struct verdict *v)
{
	json_t *o = json_pack("{s:s,s:I,s:I,s:s,s:b,s:o,s:o}", "box", p->box, "epoch", (json_int_t)p->epoch, "cpu",
			      (json_int_t)p->cpu, "verdict", verdict_names[v->kind], "closed", v->closed, "up_to",
			      moment(v->at), "received", received(p));

	if (o && v->why[0])
		set(o, "why", json_string(v->why));
	if (o && v->last)
		add_told(o, v);
	return o;
}

int report_json(FILE *f, const struct report *r)
{
	json_t *pages = json_array(), *o;
	int err = 0;

	for (size_t i = 0; pages && !err && i < r->book->pages_n; i++)
		err = json_array_append_new(pages, page(r->book->pages[i], &r->verdicts[i]));
	o = json_pack("{s:b,s:I,s:I,s:I,s:I,s:o}", "complete", r->whole, "rows", (json_int_t)r->book->rows, "bad",
		      (json_int_t)r->book->bad, "spool_unknown", (json_int_t)r->book->drops_unknown, "absent_cpus",
		      (json_int_t)r->absent, "cpus", pages);
	if (!o || err) {
		json_decref(o);
		return -ENOMEM;
	}
	err = json_dumpf(o, f, JSON_INDENT(1)) || fputc('\n', f) == EOF ? -EIO : 0;
	json_decref(o);
	return err;
}
