/* SPDX-License-Identifier: Apache-2.0 */
/*
 * mode_command.c - `ninetap mode`: lists the mode of each interface, or sets
 * one in the map that the programs of a running ninetap read.
 *
 * The programs follow at once. The ninetap that runs notices within a second,
 * tells of it in the stream of events, and leaves this interface alone from
 * then on. Nothing but that map is written.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "base/log.h"
#include "base/num.h"
#include "collect/commands.h"
#include "collect/show_read.h"
#include "ledger/ledger.h"

#define SAMPLE_DEFAULT 16U

struct wish {
	char iface[IF_NAMESIZE];
	struct nt_iface_mode mode;
};

static int bad_setting(const char *setting, const char *why)
{
	log_error("mode: \"%s\": %s", setting, why);
	return EX_USAGE;
}

/* "sampled:16": the part behind the name of the mode, or NULL. */
static int read_mode(const char *text, struct nt_iface_mode *out)
{
	size_t len = strcspn(text, ":");
	uint64_t sample = SAMPLE_DEFAULT;

	*out = (struct nt_iface_mode){ .mode = NT_MODE_MAX, .sample = 1 };
	for (unsigned int m = 0; m < NT_MODE_MAX; m++)
		if (strlen(ledger_mode_names[m]) == len && !strncmp(text, ledger_mode_names[m], len))
			out->mode = m;
	if (out->mode == NT_MODE_MAX || (text[len] && out->mode != NT_MODE_SAMPLED))
		return -EINVAL;
	if (text[len] && num_u64(text + len + 1, 1, UINT32_MAX, &sample))
		return -ERANGE;
	if (out->mode == NT_MODE_SAMPLED)
		out->sample = (uint32_t)sample;
	return 0;
}

/* IFACE=MODE; a name may have '=' in it, a mode has none. 0 or a sysexits(3) code after the reason was logged. */
static int read_setting(const char *setting, struct wish *out)
{
	const char *equals = strrchr(setting, '=');
	size_t len = equals ? (size_t)(equals - setting) : 0;
	int err;

	if (!len)
		return bad_setting(setting, "expected IFACE=MODE");
	if (len >= sizeof(out->iface))
		return bad_setting(setting, "the name is too long for an interface: at most 15 bytes");
	memcpy(out->iface, setting, len);
	out->iface[len] = '\0';
	if (!strcmp(equals + 1, "auto"))
		return bad_setting(setting, "auto is for the configuration of a run: here it is packet, flow or "
					    "sampled[:N]");
	err = read_mode(equals + 1, &out->mode);
	if (err == -ERANGE)
		return bad_setting(setting, "one in N packets is sampled: N is 1 to 4294967295");
	return err ? bad_setting(setting, "the mode is none of packet, flow, sampled[:N]") : 0;
}

/* Living, of this namespace, and not pinned under another name. */
static bool is_asked_for(const struct shown_instance *i, const char *name)
{
	return i->instance->alive && i->instance->here && (!i->pinned || !strcmp(i->pinned, name));
}

static const struct shown_instance *of_place(const struct shown *s, const struct shown_place *p)
{
	for (size_t i = 0; i < s->instances_n; i++)
		if (s->instances[i].instance == p->instance)
			return &s->instances[i];
	return NULL;
}

/* A place at the interface (NULL: any) of an instance that is asked for; how many instances have one. */
static unsigned int find_places(const struct shown *s, const char *iface, const char *name,
				const struct shown_place **out)
{
	unsigned int n = 0;

	for (size_t i = 0; i < s->places_n; i++) {
		const struct shown_place *p = &s->places[i];
		const struct shown_instance *of = of_place(s, p);

		if (!p->first || strcmp(p->iface, iface) || !of || !is_asked_for(of, name))
			continue;
		*out = p;
		n++;
	}
	return n;
}

static bool is_running(const struct shown *s, const char *name)
{
	for (size_t i = 0; i < s->instances_n; i++)
		if (is_asked_for(&s->instances[i], name))
			return true;
	return false;
}

static int not_found(const struct shown *s, const struct options *o, const char *iface, unsigned int found)
{
	if (found)
		log_error("mode of %s: several ninetaps without pins have it attached: which is meant can't be told",
			  iface);
	else if (!is_running(s, o->instance))
		log_error("mode: no ninetap is running here as instance %s", o->instance);
	else
		log_error("mode of %s: not attached: the instance %s does not record it", iface, o->instance);
	return EX_UNAVAILABLE;
}

static int write_mode(const struct shown_place *p, const struct wish *w)
{
	__u32 ifindex = if_nametoindex(w->iface);
	int fd = show_map(p->instance, "nt_modes"), err = fd < 0 ? fd : 0;

	if (!err && !ifindex)
		err = -ENODEV;
	if (!err)
		err = bpf_map_update_elem(fd, &ifindex, &w->mode, BPF_EXIST);
	if (fd >= 0)
		close(fd);
	return err;
}

static int set_mode(const struct shown *s, const struct options *o, const struct wish *w)
{
	const struct shown_place *p = NULL;
	unsigned int found = find_places(s, w->iface, o->instance, &p);
	int err;

	if (found != 1)
		return not_found(s, o, w->iface, found);
	err = write_mode(p, w);
	if (err == -E2BIG)
		log_error("mode of %s: its number is beyond those that can be set alone", w->iface);
	else if (err)
		log_error("mode of %s: %s", w->iface, strerror(-err));
	return err ? EX_OSERR : EX_OK;
}

/* As the setting that it would take. */
static void print_place(const struct shown_place *p)
{
	if (p->mode.mode == NT_MODE_SAMPLED)
		printf("%s=%s:%u\n", p->iface, ledger_mode_names[p->mode.mode], p->mode.sample);
	else
		printf("%s=%s\n", p->iface, p->mode.mode < NT_MODE_MAX ? ledger_mode_names[p->mode.mode] : "unknown");
}

static int list_modes(const struct shown *s, const struct options *o)
{
	if (!is_running(s, o->instance))
		return not_found(s, o, "", 0);
	if (o->json)
		return show_json_modes(s, is_asked_for, o->instance) ? EX_OSERR : EX_OK;
	for (size_t i = 0; i < s->places_n; i++) {
		const struct shown_instance *of = of_place(s, &s->places[i]);

		if (s->places[i].first && of && is_asked_for(of, o->instance))
			print_place(&s->places[i]);
	}
	return EX_OK;
}

int mode_main(const struct options *o)
{
	struct wish wish;
	struct shown s;
	int err, code = o->setting ? read_setting(o->setting, &wish) : EX_OK;

	if (code)
		return code;
	err = show_read(&s, o->pins);
	if (err)
		code = instances_failure("mode", err);
	else
		code = o->setting ? set_mode(&s, o, &wish) : list_modes(&s, o);
	show_free(&s);
	return code;
}
