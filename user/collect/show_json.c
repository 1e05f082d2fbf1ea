/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show_json.c - `ninetap show --json`: the same as show.c prints, as one
 * object {"instances": [...]}. 64-bit counters are JSON integers.
 */
#include <errno.h>
#include <jansson.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include "base/utf8.h"
#include "collect/show_read.h"
#include "ledger/ledger.h"

/* jansson steals and frees `value` in the _new functions, also when they fail; NULL fails. */
static json_t *put(json_t *object, const char *key, json_t *value)
{
	if (object && !json_object_set_new(object, key, value))
		return object;
	json_decref(object);
	return NULL;
}

static json_t *append(json_t *array, json_t *value)
{
	if (array && !json_array_append_new(array, value))
		return array;
	json_decref(array);
	return NULL;
}

static json_t *tally_json(const struct nt_tally *t)
{
	return json_pack("{s:I, s:I, s:I}", "events", (json_int_t)t->events, "packets", (json_int_t)t->packets,
			 "bytes", (json_int_t)t->bytes);
}

static json_t *counts_json(const struct nt_counts *c)
{
	json_t *o = json_object();

	for (int i = 0; i < NT_COUNT_FATES_END && o; i++)
		o = put(o, ledger_count_names[i], tally_json(ledger_fate(c, i)));
	return o;
}

static json_t *notes_json(const struct nt_counts *c)
{
	json_t *o = json_object();

	for (int i = NT_COUNT_FATES_END; i < NT_COUNT_MAX && o; i++)
		o = put(o, ledger_count_names[i], json_integer((json_int_t)ledger_note(c, i)));
	return o;
}

static json_t *records_json(const struct nt_outcome *r)
{
	json_t *o = put(json_object(), "safe", tally_json(&r->safe)), *lost = json_object();

	for (int i = 0; i < NT_LOSS_MAX && lost; i++)
		lost = put(lost, ledger_loss_names[i], tally_json(&r->lost[i]));
	if (!o)
		json_decref(lost);
	o = o ? put(o, "lost", lost) : NULL;
	o = o ? put(o, "unread", json_integer((json_int_t)r->unread)) : NULL;
	return o ? put(o, "missing", json_integer((json_int_t)r->missing)) : NULL;
}

/* The ledger of a CPU, or of all, into o, which it takes. */
static json_t *put_ledger(json_t *o, const struct shown_cpu *c)
{
	o = o ? put(o, "counts", counts_json(&c->counts)) : NULL;
	o = o ? put(o, "notes", notes_json(&c->counts)) : NULL;
	o = o ? put(o, "records", records_json(&c->outcome)) : NULL;
	o = o ? put(o, "flows_open", tally_json(&c->flows_open)) : NULL;
	o = o && c->ring_bytes ? put(o, "ring_bytes", json_integer((json_int_t)c->ring_bytes)) : o;
	o = o && c->ring_bytes ? put(o, "ring_fill", json_integer((json_int_t)c->ring_fill)) : o;
	o = o && c->flows_max ? put(o, "flows", json_integer((json_int_t)c->flows)) : o;
	return o && c->flows_max ? put(o, "flows_max", json_integer((json_int_t)c->flows_max)) : o;
}

static json_t *prog_json(const struct chain_prog *p)
{
	json_t *o = put(json_object(), "hook", json_string(chain_hook_names[p->hook]));

	/* A name may hold any byte; what is not UTF-8 is left out. */
	if (o && p->name[0] && json_object_set_new(o, "name", json_string(p->name)))
		o = put(o, "name", json_null());
	if (o && p->id)
		o = put(o, "prog_id", json_integer(p->id));
	if (o && p->hook == CHAIN_CLSACT)
		o = put(o, "priority", json_integer(p->prio));
	if (o && p->hook == CHAIN_XDP)
		o = put(o, "mode", json_string(p->generic ? "generic" : "native"));
	return o;
}

/* A name may hold any bytes: as in records, U+FFFD stands for what is no UTF-8. */
static json_t *name_json(const char *name)
{
	char text[3 * IFNAMSIZ + 1];
	size_t n = 0;

	for (size_t step; *name && n + 4 < sizeof(text); name += step ? step : 1) {
		step = utf8_char(name, strlen(name));
		memcpy(text + n, step ? name : "\xef\xbf\xbd", step ? step : 3);
		n += step ? step : 3;
	}
	text[n] = '\0';
	return json_string(text);
}

static json_t *place_json(const struct shown_place *p)
{
	json_t *o = prog_json(&p->chain.progs[p->own]), *before = json_array();

	for (size_t i = 0; i < p->own && before; i++)
		before = append(before, prog_json(&p->chain.progs[i]));
	o = o ? put(o, "before", before) : NULL;
	if (!o)
		return NULL;
	o = put(o, "iface", name_json(p->iface));
	return o ? put(o, "dir", json_string(chain_dir_names[p->dir])) : NULL;
}

static json_t *cpus_json(const struct shown_instance *i)
{
	json_t *a = json_array();

	for (uint32_t cpu = 0; cpu < i->cpus_n && a; cpu++) {
		if (i->cpus[cpu].ring_bytes || i->cpus[cpu].counts.begun)
			a = append(a, put_ledger(put(json_object(), "cpu", json_integer(cpu)), &i->cpus[cpu]));
	}
	return a;
}

static json_t *mode_json(const struct shown_place *p)
{
	json_t *o = put(json_object(), "iface", name_json(p->iface));
	bool known = p->mode.mode < NT_MODE_MAX;

	o = o ? put(o, "mode", known ? json_string(ledger_mode_names[p->mode.mode]) : json_null()) : NULL;
	if (o && known && p->mode.mode == NT_MODE_SAMPLED)
		o = put(o, "sample", json_integer(p->mode.sample));
	return o;
}

/* Adds those of one instance to a, which it takes. */
static json_t *append_modes(json_t *a, const struct shown *s, const struct instance *of)
{
	for (size_t n = 0; n < s->places_n && a; n++) {
		if (s->places[n].instance == of && s->places[n].first)
			a = append(a, mode_json(&s->places[n]));
	}
	return a;
}

static json_t *places_json(const struct shown *s, const struct instance *of)
{
	json_t *a = json_array();

	for (size_t n = 0; n < s->places_n && a; n++) {
		if (s->places[n].instance == of)
			a = append(a, place_json(&s->places[n]));
	}
	return a;
}

static json_t *instance_json(const struct shown *s, const struct shown_instance *i)
{
	const struct nt_instance *f = &i->instance->facts;
	json_t *o = json_pack("{s:I, s:b, s:I, s:I, s:b, s:I, s:I}",
			      "pid", (json_int_t)f->pid, "alive", (int)i->instance->alive,
			      "epoch", (json_int_t)f->epoch, "netns", (json_int_t)f->netns,
			      "here", (int)i->instance->here, "abi", (json_int_t)f->abi,
			      "since_ns", (json_int_t)i->since_ns);

	if (o)
		o = put(o, "pinned", i->pinned ? json_string(i->pinned) : json_null());
	if (o)
		o = put(o, "attached", places_json(s, i->instance));
	if (o)
		o = put(o, "modes", append_modes(json_array(), s, i->instance));
	if (o && i->cpus)
		o = put_ledger(o, &i->all);
	if (o && i->cpus)
		o = put(o, "cpus", cpus_json(i));
	return o;
}

/* Takes top. */
static int print(json_t *top)
{
	int err = 0;

	if (!top)
		return -ENOMEM;
	if (json_dumpf(top, stdout, JSON_INDENT(2)) || putchar('\n') == EOF)
		err = -EIO;
	json_decref(top);
	return err;
}

int show_json_modes(const struct shown *s, bool (*wanted)(const struct shown_instance *i, const char *name),
		    const char *name)
{
	json_t *a = json_array();

	for (size_t i = 0; i < s->instances_n; i++)
		if (wanted(&s->instances[i], name))
			a = append_modes(a, s, s->instances[i].instance);
	return print(a ? put(json_object(), "modes", a) : NULL);
}

int show_json(const struct shown *s)
{
	json_t *list = json_array();

	for (size_t i = 0; i < s->instances_n && list; i++)
		list = append(list, instance_json(s, &s->instances[i]));
	return print(list ? put(json_object(), "instances", list) : NULL);
}
