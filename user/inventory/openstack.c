/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openstack.c - which notifications of OpenStack say something about the
 * inventory, and what. Members that are not used here are not looked at: they
 * differ from release to release. Sources: Nova's notification samples,
 * Neutron's API (resource "port"), Keystone's "Event Notifications".
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "inventory/openstack.h"
#include "inventory/statement_priv.h"

#define SEC INT64_C(1000000000)
#define TEXTS_MAX 4			/* of one statement */
#define ROOM (TEXTS_MAX * (STATEMENT_TEXT_MAX + 1))

/* One notification while it is read. */
struct notice {
	struct reading r;
	const char *event;		/* its event_type */
	const json_t *payload;
	int64_t time_ns;		/* when it was sent */
	char *room;			/* for the statement's texts; its owner */
};

/* As the plain form's cursor would give it; of lists and objects the type. */
static struct value value_of(const json_t *json)
{
	static const enum jsonpos_type types[] = {
		[JSON_OBJECT] = JSONPOS_OBJECT, [JSON_ARRAY] = JSONPOS_ARRAY, [JSON_STRING] = JSONPOS_STRING,
		[JSON_INTEGER] = JSONPOS_INTEGER, [JSON_REAL] = JSONPOS_REAL, [JSON_TRUE] = JSONPOS_BOOL,
		[JSON_FALSE] = JSONPOS_BOOL, [JSON_NULL] = JSONPOS_NULL,
	};

	return (struct value){
		.type = json ? types[json_typeof(json)] : JSONPOS_END,
		.text = json_string_value(json),
		.len = json_string_length(json),
	};
}

static struct reading *at(struct notice *n, const char *name)
{
	n->r.name = name;
	n->r.index = -1;
	return &n->r;
}

/* null and "" mean the same as nothing at all. */
static bool is_told(const json_t *json)
{
	return json && !json_is_null(json) && !(json_is_string(json) && !json_string_length(json));
}

/* *out: a member of an object, as a text that the statement owns, or NULL where it isn't told. 0 or -EINVAL. */
static int take_text(struct notice *n, const json_t *object, const char *name, const char **out)
{
	const json_t *json = json_object_get(object, name);
	struct value v = value_of(json);
	int err = is_told(json) ? reading_text(at(n, name), &v, out) : 0;

	if (err || !is_told(json))
		return err;
	memcpy(n->room, *out, v.len + 1);
	*out = n->room;
	n->room += v.len + 1;
	return 0;
}

/* The same for what is not needed: a wrong one (Nova's names have up to 1,020 bytes) is reported and left out. */
static void take_label(struct notice *n, const json_t *object, const char *name, const char **out)
{
	if (take_text(n, object, name, out))
		*out = NULL;
}

static int take_time(struct notice *n, const json_t *object, const char *name, int64_t *out)
{
	const json_t *json = json_object_get(object, name);
	struct value v = value_of(json);

	return is_told(json) ? reading_time(at(n, name), &v, out) : 0;
}

static int take_object(struct notice *n, const json_t *object, const char *name, const json_t **out)
{
	struct value v;

	*out = json_object_get(object, name);
	v = value_of(*out);
	return v.type == JSONPOS_OBJECT ? 0 : reading_wrong_type(at(n, name), "an object", &v);
}

static int no_id(struct notice *n, const char *what)
{
	problem(n->r.p, PROBLEM_NO_ID, "%s has no \"%s\"", n->event, what);
	return -EINVAL;
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && !strcmp(text + len - end_len, end);
}

static bool is_event(const struct notice *n, const char *name)
{
	return !strcmp(n->event, name);
}

/* Adds the member "address" (Nova, deeper inside) or "ip_address" (Neutron) of each element of a list. */
static int take_addresses(struct notice *n, const json_t *object, const char *list, const char *member)
{
	const json_t *json = json_object_get(object, list), *element;
	struct value v = value_of(json);
	size_t i;
	int err = 0;

	if (!is_told(json))
		return 0;
	if (!json_is_array(json))
		return reading_wrong_type(at(n, list), "an array", &v);
	json_array_foreach(json, i, element) {
		const json_t *inner = json_object_get(element, "nova_object.data");

		at(n, list)->index = (int)i;
		v = value_of(json_object_get(inner ? inner : element, member));
		err = reading_cidr(&n->r, &v, true);
		if (err)
			break;
	}
	return err;
}

/*
 * When an instance ended. Nova cuts these times to whole seconds: the end was
 * within that second, and later than what Nova told of the instance before
 * it, which must not hold on. It was not later than this notification.
 */
static int take_end(struct notice *n, const json_t *data, int64_t *out)
{
	int64_t end = TIME_ALWAYS;
	int err = take_time(n, data, "deleted_at", &end);

	if (!err && end == TIME_ALWAYS)
		err = take_time(n, data, "terminated_at", &end);
	if (end == TIME_ALWAYS)
		*out = n->time_ns;
	else if (end % SEC || n->time_ns <= end)
		*out = end;
	else
		*out = n->time_ns < end + SEC ? n->time_ns : end + SEC;
	return err;
}

static int settle_instance(struct notice *n, const json_t *data)
{
	const char *state = json_string_value(json_object_get(data, "state"));
	struct statement *s = n->r.s;

	s->until_ns = TIME_OPEN;
	s->from_ns = n->time_ns;
	if (is_event(n, "instance.delete.end") || is_event(n, "instance.force_delete.end") ||
	    (state && !strcmp(state, "deleted") && !is_event(n, "instance.soft_delete.end"))) {
		s->kind = STATEMENT_END;
		return take_end(n, data, &s->from_ns);
	}
	s->kind = STATEMENT_INSTANCE;
	take_label(n, data, "display_name", &s->name);
	take_label(n, data, "host", &s->host);
	if (is_event(n, "instance.create.end") && take_time(n, data, "launched_at", &s->from_ns))
		return -EINVAL;
	return take_addresses(n, data, "ip_addresses", "address");
}

static int read_instance(struct notice *n)
{
	struct statement *s = n->r.s;
	const json_t *data;
	int err = take_object(n, n->payload, "nova_object.data", &data);

	if (!err)
		err = take_text(n, data, "uuid", &s->id);
	if (!err && !s->id)
		err = no_id(n, "uuid");
	if (!err)
		err = settle_instance(n, data);
	if (err || s->kind == STATEMENT_END)
		return err;
	return take_text(n, data, "tenant_id", &s->tenant);
}

static int settle_port(struct notice *n, const json_t *port)
{
	const char *owner = json_string_value(json_object_get(port, "device_owner"));
	struct statement *s = n->r.s;
	int err;

	s->from_ns = n->time_ns;
	s->until_ns = TIME_OPEN;
	if (!s->id && is_event(n, "port.update.end")) {
		s->kind = STATEMENT_END;	/* taken from its instance */
		return 0;
	}
	if (!s->id || !owner || strncmp(owner, "compute:", strlen("compute:")))
		return -ENOMSG;
	s->kind = STATEMENT_INSTANCE;
	take_label(n, port, "binding:host_id", &s->host);
	err = take_text(n, port, "project_id", &s->tenant);
	if (!err && !s->tenant)
		err = take_text(n, port, "tenant_id", &s->tenant);
	return err ? err : take_addresses(n, port, "fixed_ips", "ip_address");
}

static int read_port(struct notice *n)
{
	struct statement *s = n->r.s;
	const json_t *port;
	int err;

	if (json_object_get(n->payload, "ports"))
		return reading_mistake(at(n, "ports"), PROBLEM_SYNTAX, "ports made in bulk are not read");
	err = take_object(n, n->payload, "port", &port);
	if (!err)
		err = take_text(n, port, "id", &s->port);
	if (!err && !s->port)
		err = no_id(n, "id");
	if (!err)
		err = take_text(n, port, "device_id", &s->id);
	return err ? err : settle_port(n, port);
}

static int read_port_end(struct notice *n)
{
	struct statement *s = n->r.s;
	int err = take_text(n, n->payload, "port_id", &s->port);

	if (!err && !s->port)
		err = take_text(n, json_object_get(n->payload, "port"), "id", &s->port);
	s->kind = STATEMENT_END;
	s->from_ns = n->time_ns;
	s->until_ns = TIME_OPEN;
	if (!err && !s->port)
		err = no_id(n, "port_id");
	return err;
}

/* Keystone's own form has the id alone, CADF's (DSP0262) a target. Neither tells networks, and hardly ever a name. */
static int read_project(struct notice *n)
{
	const json_t *target = json_object_get(n->payload, "target");
	struct statement *s = n->r.s;
	int err = take_text(n, n->payload, "resource_info", &s->id);

	if (!err && !s->id)
		err = take_text(n, target, "id", &s->id);
	if (!err && !s->id)
		err = no_id(n, "resource_info");
	s->kind = STATEMENT_TENANT;
	s->partial = true;
	take_label(n, json_object_get(n->payload, "project"), "name", &s->name);
	if (!s->name)
		take_label(n, target, "name", &s->name);
	return err;
}

/* NULL: it says nothing of ours. An action of an instance tells at its end all of its state. */
static int (*reader_of(const struct notice *n))(struct notice *n)
{
	if (is_event(n, "instance.update") ||
	    (!strncmp(n->event, "instance.", strlen("instance.")) && ends_with(n->event, ".end")))
		return read_instance;
	if (is_event(n, "port.create.end") || is_event(n, "port.update.end"))
		return read_port;
	if (is_event(n, "port.delete.end"))
		return read_port_end;
	if (is_event(n, "identity.project.created") || is_event(n, "identity.project.updated"))
		return read_project;
	return NULL;
}

/* Replaces *root by the message inside of an envelope of oslo.messaging. */
static int take_envelope_off(struct notice *n, json_t **root)
{
	json_t *envelope = *root, *inner = json_object_get(envelope, "oslo.message");
	struct value v = value_of(inner);
	json_error_t error = { .text = "" };

	if (!inner)
		return 0;
	if (v.type != JSONPOS_STRING)
		return reading_wrong_type(at(n, "oslo.message"), "a string", &v);
	errno = 0;
	*root = json_loadb(v.text, v.len, 0, &error);
	json_decref(envelope);
	if (errno == ENOMEM)
		return -ENOMEM;
	return *root ? 0 : reading_mistake(at(n, "oslo.message"), PROBLEM_SYNTAX, "%s", error.text);
}

static int read_root(struct notice *n, const json_t *root)
{
	const json_t *event = json_object_get(root, "event_type");
	struct value v = value_of(event);
	int (*read)(struct notice *n);
	int err;

	if (v.type != JSONPOS_STRING)
		return reading_wrong_type(at(n, "event_type"), "a string", &v);
	n->event = v.text;
	read = reader_of(n);
	if (!read)
		return -ENOMSG;
	err = take_time(n, root, "timestamp", &n->time_ns);
	if (!err)
		err = take_object(n, root, "payload", &n->payload);
	return err ? err : read(n);
}

bool openstack_is_notification(const char *text, size_t len)
{
	static const char event[] = "\"event_type\"", envelope[] = "\"oslo.message\"";
	struct jsonpos pos = jsonpos_open(text, len);

	if (jsonpos_type(&pos) != JSONPOS_OBJECT)
		return false;
	jsonpos_enter(&pos);
	while (jsonpos_more(&pos)) {
		size_t n;
		const char *key = jsonpos_key(&pos, &n);

		if ((n == sizeof(event) - 1 && !memcmp(key, event, n)) ||
		    (n == sizeof(envelope) - 1 && !memcmp(key, envelope, n)))
			return true;
		jsonpos_skip(&pos);
	}
	return false;
}

int openstack_read(struct statement *s, const char *text, size_t len, int64_t event_ns, struct problems *p)
{
	struct notice n = { .r = { .s = s, .p = p }, .time_ns = event_ns };
	json_error_t error = { .text = "" };
	json_t *root;
	int err = 0;

	statement_clear(s);
	errno = 0;
	root = json_loadb(text, len, 0, &error);
	s->owner = n.room = malloc(ROOM);
	if (errno == ENOMEM || !s->owner)
		err = -ENOMEM;
	else if (!root)
		err = -EINVAL;
	if (err == -EINVAL)
		problem(p, PROBLEM_SYNTAX, "%s", error.text);
	if (!err)
		err = take_envelope_off(&n, &root);
	if (!err)
		err = read_root(&n, root);
	json_decref(root);
	if (err)
		statement_clear(s);
	return err;
}
