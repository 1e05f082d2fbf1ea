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
#include "collect/account.h"
#include "collect/commands.h"
#include "collect/show_read.h"

static void print_time(int64_t utc_ns)
{
	time_t s = utc_ns / 1000000000;
	char text[32] = "?";
	struct tm tm;

	if (gmtime_r(&s, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	printf(", since %s", text);
}

static void print_counts(const uint64_t counts[NT_COUNT_MAX])
{
	for (int i = 0; i < NT_COUNT_MAX; i++) {
		if (i == NT_COUNT_SEEN || i == NT_COUNT_RECORDED || counts[i])
			printf(" %s=%" PRIu64, count_names[i], counts[i]);
	}
	putchar('\n');
}

static void print_cpu(uint32_t cpu, const struct shown_cpu *c)
{
	printf("  cpu %u:", cpu);
	if (c->ring_bytes)
		printf(" ring %" PRIu64 " of %" PRIu64 " bytes,", c->ring_fill, c->ring_bytes);
	else
		printf(" no ring,");
	print_counts(c->counts);
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

static void print_instance(const struct shown *s, const struct shown_instance *i)
{
	const struct nt_instance *f = &i->instance->facts;

	printf("ninetap pid %u, %s", f->pid, i->instance->alive ? "alive" : "gone (run ninetap detach)");
	print_time(i->since_ns);
	printf(", epoch %llu, network namespace %llu%s\n", f->epoch, f->netns,
	       i->instance->here ? "" : " (not this one)");
	for (size_t n = 0; n < s->places_n; n++) {
		if (s->places[n].instance == i->instance)
			print_place(&s->places[n]);
	}
	if (!i->cpus) {
		printf("  counters: of another version of ninetap (%u)\n", f->abi);
		return;
	}
	printf("  all:");
	print_counts(i->sum);
	for (uint32_t cpu = 0; cpu < i->cpus_n; cpu++) {
		if (i->cpus[cpu].ring_bytes || i->cpus[cpu].counts[NT_COUNT_SEEN])
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
	int err = show_read(&s);

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
