/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show.c - `ninetap show`: instances, where they are attached, what they
 * counted and how full their rings are, for a person. JSON: show_json.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include "base/log.h"
#include "collect/commands.h"
#include "collect/show_read.h"
#include "ledger/ledger.h"

static void print_time(int64_t utc_ns)
{
	time_t s = utc_ns / 1000000000;
	char text[32] = "?";
	struct tm tm;

	if (gmtime_r(&s, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	printf(", since %s", text);
}

static void print_tally(const char *name, const struct nt_tally *t)
{
	printf("  %-24s %20" PRIu64 " %20" PRIu64 " %20" PRIu64 "\n", name, (uint64_t)t->events, (uint64_t)t->packets,
	       (uint64_t)t->bytes);
}

/* A row a figure: what is zero is left out, but for the first two. */
static void print_sums(const struct shown_cpu *all)
{
	const struct nt_tally none = { 0 };

	printf("  %-24s %20s %20s %20s\n", "", "events", "packets", "bytes");
	for (int i = 0; i < NT_COUNT_FATES_END; i++) {
		const struct nt_tally *t = ledger_fate(&all->counts, i);

		if (i <= NT_COUNT_RECORDED || t->events)
			print_tally(ledger_count_names[i], t);
	}
	print_tally("records safe", &all->outcome.safe);
	for (int i = 0; i < NT_LOSS_MAX; i++) {
		char name[32];

		snprintf(name, sizeof(name), "records lost: %s", ledger_loss_names[i]);
		if (all->outcome.lost[i].events)
			print_tally(name, &all->outcome.lost[i]);
	}
	if (memcmp(&all->flows_open, &none, sizeof(none)))
		print_tally("in open flows", &all->flows_open);
}

static void print_notes(const struct shown_cpu *all)
{
	const char *before = "  notes: ";

	if (all->outcome.unread)
		printf("  records unread: %" PRIu64 "\n", (uint64_t)all->outcome.unread);
	for (int i = NT_COUNT_FATES_END; i < NT_COUNT_MAX; i++) {
		if (!ledger_note(&all->counts, i))
			continue;
		printf("%s%s=%" PRIu64, before, ledger_count_names[i], ledger_note(&all->counts, i));
		before = " ";
	}
	if (before[0] && !before[1])	/* there were some */
		putchar('\n');
}

static uint64_t lost_events(const struct shown_cpu *c)
{
	uint64_t sum = 0;

	for (int i = 0; i < NT_COUNT_FATES_END; i++)
		sum += ledger_is_loss(i) ? ledger_fate(&c->counts, i)->events : 0;
	for (int i = 0; i < NT_LOSS_MAX; i++)
		sum += c->outcome.lost[i].events;
	return sum;
}

static void print_cpu(uint32_t cpu, const struct shown_cpu *c)
{
	printf("  cpu %u: seen %" PRIu64 " packets, %" PRIu64 " bytes; lost %" PRIu64 " events", cpu,
	       (uint64_t)c->counts.seen.packets, (uint64_t)c->counts.seen.bytes, lost_events(c));
	if (c->ring_bytes)
		printf("; ring %" PRIu64 " of %" PRIu64 " bytes", c->ring_fill, c->ring_bytes);
	else
		printf("; no ring");
	if (c->flows_max)
		printf("; flow tables %" PRIu64 " of %" PRIu64 " entries", c->flows, c->flows_max);
	putchar('\n');
}

static void print_prog(const struct chain_prog *p)
{
	printf("%s", p->name[0] ? p->name : "unknown");
	if (p->id)
		printf(" (program %u, %s", p->id, chain_hook_names[p->hook]);
	else
		printf(" (%s", chain_hook_names[p->hook]);
	if (p->hook == CHAIN_CLSACT)
		printf(", priority %u", p->prio);
	if (p->hook == CHAIN_XDP)
		printf(", %s", p->generic ? "generic" : "native");
	printf(")");
}

static void print_place(const struct shown_place *p)
{
	printf("  %s %s: ", p->iface, chain_dir_names[p->dir]);
	print_prog(&p->chain.progs[p->own]);
	for (size_t i = 0; i < p->own; i++) {
		printf("%s", i ? ", " : "; may be kept from packets by ");
		print_prog(&p->chain.progs[i]);
	}
	putchar('\n');
}

static void print_mode(const struct shown_place *p)
{
	if (p->mode.mode >= NT_MODE_MAX)
		printf("  %s mode: unknown\n", p->iface);
	else if (p->mode.mode == NT_MODE_SAMPLED)
		printf("  %s mode: sampled, one in %u\n", p->iface, p->mode.sample);
	else
		printf("  %s mode: %s\n", p->iface, ledger_mode_names[p->mode.mode]);
}

static const char *state(const struct shown *s, const struct shown_instance *i)
{
	if (i->instance->alive)
		return "alive";
	if (!i->pinned)
		return "gone (run ninetap detach)";
	if (i->instance->here && !show_has_place(s, i->instance))
		return "gone: nobody reads what it left (the next run goes on from there; ninetap detach clears it)";
	return "gone: its programs go on, and nobody reads (the next run goes on from there; "
	       "ninetap detach clears them)";
}

static void print_instance(const struct shown *s, const struct shown_instance *i)
{
	const struct nt_instance *f = &i->instance->facts;

	printf("ninetap pid %u, %s", f->pid, state(s, i));
	print_time(i->since_ns);
	printf(", epoch %llu, network namespace %llu%s", f->epoch, f->netns,
	       i->instance->here ? "" : " (not this one)");
	if (i->pinned)
		printf(", pinned as %s\n", i->pinned);
	else
		printf(", not pinned\n");
	for (size_t n = 0; n < s->places_n; n++) {
		if (s->places[n].instance != i->instance)
			continue;
		print_place(&s->places[n]);
		if (s->places[n].first)
			print_mode(&s->places[n]);
	}
	if (!i->cpus) {
		printf("  counters: of another version of ninetap (%u)\n", f->abi);
		return;
	}
	print_sums(&i->all);
	print_notes(&i->all);
	for (uint32_t cpu = 0; cpu < i->cpus_n; cpu++) {
		if (i->cpus[cpu].ring_bytes || i->cpus[cpu].counts.begun)
			print_cpu(cpu, &i->cpus[cpu]);
	}
}

static void print_text(const struct shown *s)
{
	if (!s->instances_n)
		printf("no ninetap is running\n");
	for (size_t i = 0; i < s->instances_n; i++)
		print_instance(s, &s->instances[i]);
}

int show_main(const struct options *o)
{
	struct shown s;
	int err = show_read(&s, o->pins);

	if (!err && o->json)
		err = show_json(&s);
	else if (!err)
		print_text(&s);
	show_free(&s);
	if (err)
		return instances_failure("show", err);
	if (fflush(stdout) || ferror(stdout)) {
		log_error("show: write: %s", strerror(errno));
		return EX_IOERR;
	}
	return EX_OK;
}
