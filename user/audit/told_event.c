// SPDX-License-Identifier: Apache-2.0
/*
 * told_event.c - events into the book: the ledger of a CPU, a loss in the
 * spool, the start of a process. docs/ledger.md says what is in them.
 */
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include "audit/scan.h"
#include "audit/told.h"
#include "base/timestamp.h"

#define NAME(id, name, text) [NT_COUNT_##id] = #name,
static const char *const fate_names[NT_COUNT_FATES_END] = { NT_FATES(NAME) };
#define LOSS_NAME(id, name, text) [NT_LOSS_##id] = #name,
static const char *const loss_names[NT_LOSS_MAX] = { NT_LOSSES(LOSS_NAME) };

/* A member that must be there, a whole number from 0 to max. */
static int number(const json_t *o, const char *name, uint64_t max, uint64_t *out)
{
	const json_t *v = json_object_get(o, name);
	json_int_t i = json_integer_value(v);

	if (!json_is_integer(v) || i < 0 || (uint64_t)i > max)
		return -EINVAL;
	*out = (uint64_t)i;
	return 0;
}

static int flag(const json_t *o, const char *name, bool *out)
{
	const json_t *v = json_object_get(o, name);

	*out = json_is_true(v);
	return json_is_boolean(v) ? 0 : -EINVAL;
}

static int tally_of(const json_t *v, struct nt_tally *out)
{
	uint64_t n[3];

	if (number(v, "events", INT64_MAX, &n[0]) || number(v, "packets", INT64_MAX, &n[1]) ||
	    number(v, "bytes", INT64_MAX, &n[2]))
		return -EINVAL;
	*out = (struct nt_tally){ n[0], n[1], n[2] };
	return 0;
}

static int tally(const json_t *o, const char *name, struct nt_tally *out)
{
	return tally_of(json_object_get(o, name), out);
}

static int moment(const json_t *o, int64_t *ns)
{
	const char *text = json_string_value(json_object_get(o, "ts"));

	return text ? timestamp_parse(text, ns) : -EINVAL;
}

/* Losses by reason; of those that are not known here, all together. */
static int losses(json_t *o, struct nt_tally out[BOOK_LOSSES])
{
	struct nt_tally one;
	const char *name;
	json_t *v;

	json_object_foreach(o, name, v) {
		int i = 0;

		while (i < NT_LOSS_MAX && strcmp(name, loss_names[i]))
			i++;
		if (tally_of(v, &one))
			return -EINVAL;
		tally_add(&out[i], &one);
	}
	return json_is_object(o) ? 0 : -EINVAL;
}

/* Of flow records, behind the tables; left out by those who count none. */
static int flows_lost(const json_t *o, struct nt_tally *out)
{
	json_t *v = json_object_get(o, "flows_lost");
	struct nt_tally each[BOOK_LOSSES] = { 0 };

	if (v && losses(v, each))
		return -EINVAL;
	for (int i = 0; i < BOOK_LOSSES; i++)
		tally_add(out, &each[i]);
	return 0;
}

static int read_ledger(const json_t *o, struct book_told *t)
{
	int err = moment(o, &t->ts_ns) || number(o, "n", INT64_MAX, &t->n) || flag(o, "closing", &t->closing) ||
		  flag(o, "exact", &t->exact) || number(o, "seq", INT64_MAX, &t->seq) || tally(o, "safe", &t->safe) ||
		  tally(o, "flows_open", &t->flows_open) || number(o, "unread", INT64_MAX, &t->unread) ||
		  number(o, "missing", INT64_MAX, &t->missing) || flows_lost(o, &t->flows_lost) ||
		  losses(json_object_get(o, "lost"), t->lost);

	for (int i = 0; !err && i < NT_COUNT_FATES_END; i++)
		err = tally(o, fate_names[i], &t->fate[i]);
	return err ? -EINVAL : 0;
}

/* The page that an event is about; epoch says under which name it stands. */
static int find_page(struct book *b, const json_t *o, const char *epoch_name, struct book_page **out)
{
	const char *box = json_string_value(json_object_get(o, "box"));
	uint64_t epoch, cpu;

	if (!box || number(o, epoch_name, SCAN_EPOCH_MAX, &epoch) || !epoch || number(o, "cpu", UINT16_MAX, &cpu))
		return -EINVAL;
	*out = book_find(b, box, strlen(box), epoch, (uint32_t)cpu);
	return *out ? 0 : -ENOMEM;
}

/* How many CPUs a run tells of: in its start, and in each ledger, so that no CPU can be missing unnoticed. */
static int add_cpus(struct book *b, const json_t *o)
{
	const char *box = json_string_value(json_object_get(o, "box"));
	uint64_t epoch, cpus = 0;

	if (!box || number(o, "epoch", SCAN_EPOCH_MAX, &epoch) || !epoch)
		return -EINVAL;
	if (json_object_get(o, "cpus") && number(o, "cpus", UINT16_MAX + 1U, &cpus))
		return -EINVAL;
	return book_start(b, box, epoch, cpus);
}

static int add_ledger(struct book *b, const json_t *o)
{
	struct book_told t = { 0 };
	struct book_page *p;
	int err = read_ledger(o, &t);

	if (!err)
		err = find_page(b, o, "epoch", &p);
	if (!err)
		err = add_cpus(b, o);
	return err ? err : book_told(p, &t);
}

/* What was dropped unread is of an unknown epoch: 0. Lost events are told again by the next ones. */
static int add_loss(struct book *b, const json_t *o)
{
	const char *stream = json_string_value(json_object_get(o, "stream"));
	struct book_drop d = { 0 };
	struct book_page *p;
	uint64_t epoch;
	int err;

	if (number(o, "of_epoch", SCAN_EPOCH_MAX, &epoch))
		return -EINVAL;
	if (!epoch) {
		b->drops_unknown++;
		return 0;
	}
	if (!stream || number(o, "seq", INT64_MAX, &d.seq) || number(o, "count", INT64_MAX, &d.count))
		return -EINVAL;
	d.flows = !strcmp(stream, "flows");
	if (!d.flows && strcmp(stream, "packets"))
		return 0;
	err = find_page(b, o, "of_epoch", &p);
	return err ? err : book_drop(p, &d);
}

static int add_event(struct book *b, const json_t *o)
{
	const char *type = json_string_value(json_object_get(o, "type"));

	if (!type)
		return -EINVAL;
	if (!strcmp(type, "ledger"))
		return add_ledger(b, o);
	if (!strcmp(type, "loss"))
		return add_loss(b, o);
	return strcmp(type, "start") ? 0 : add_cpus(b, o);
}

int told_event(struct book *b, const char *line, size_t len, const char **why)
{
	json_error_t where;
	json_t *o = json_loadb(line, len, JSON_REJECT_DUPLICATES, &where);
	int err = -EINVAL;

	*why = "not an event";
	if (o)
		err = add_event(b, o);
	b->rows += !err;
	json_decref(o);
	return err;
}
