// SPDX-License-Identifier: Apache-2.0
/*
 * flows.c - see flows.h: the order in which sets are swapped, waited for, read
 * and cleared, and flows handed out. Slots are slots.c's, tables tables.c's.
 *
 * Where an entry could be counted twice or not at all, and why it is not:
 * - Killed between adding an entry to a slot and clearing it from its table:
 *   the entry comes again. The slot knows the generation that it added last,
 *   and generations come in order, an entry a key in each: a second time is seen.
 * - That is seen as long as the slot is open. So no slot becomes due, to be
 *   freed some time, before a whole pass over the retired set has cleared all
 *   that was added (`clean`): in a new process, not before its first pass. Of a
 *   slot that a process before found due nothing is in a table: it may go at once.
 * - The generation is that of the set (nt_control's, less one), not of the
 *   entry: an entry that named another would be taken for one added before.
 * - Killed, or refused, between the swap and the end of programs that ran: they
 *   may write to the retired set. Nobody reads it before synchronize() was
 *   successful (`settled`): in a new process, not before it was called anew.
 * - A second swap while entries are left would put the set in use again with
 *   entries of an older generation in it: no swap before the set is empty.
 */
#include "flow/flows.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"
#include "flow/due.h"
#include "flow/join.h"
#include "flow/slots.h"
#include "flow/tables.h"

#define SCAN_NS 1000000000ULL		/* how often slots are looked through for what is due */

struct flows {
	struct flows_settings set;
	struct due_rules rules;
	struct slots slots;
	struct table_reader reader;
	bool settled;			/* nobody writes to the retired set */
	bool empty;			/* and nothing is left in it */
	bool clean;			/* and what is left was not added to a slot */
	bool shutdown;
	bool scan_now;
	uint64_t scanned_ns;
	int logged;			/* error that was logged last; 0: none since all went well */
};

static void set_due(struct flows *f, uint32_t i)
{
	f->slots.time[i].due_ns = due_ns(&f->rules, &slots_key(&f->slots, i)->head, slots_counted(&f->slots, i));
}

static int open_slots(struct flows *f)
{
	uint32_t bad = 0;
	struct slot_memory memory = { f->set.slots, f->set.slots_fd, f->set.slots_n };
	int err = slots_open(&f->slots, &memory, f->set.cpus, &bad);

	if (err == -EPROTO)
		log_error("read flow slot %u: not of this version's layout, or damaged; ninetap detach clears it, with what is counted in it", bad);
	else if (err)
		log_error("map %u flow slots: %s", f->set.slots_n, strerror(-err));
	for (uint32_t i = 0; !err && i < f->slots.known; i++) {
		if (slots_is_open(&f->slots, i))
			set_due(f, i);
	}
	return err;
}

int flows_open(struct flows **out, const struct flows_settings *s)
{
	struct flows *f = calloc(1, sizeof(*f));
	int err;

	if (!f) {
		log_error("make room for flows: out of memory");
		return -ENOMEM;
	}
	f->set = *s;
	f->rules = (struct due_rules){ .active_ns = s->active_ns, .idle_ns = s->idle_ns };
	f->scan_now = true;
	err = open_slots(f);
	if (err)
		goto out;
	err = table_reader_open(&f->reader);
	if (err) {
		log_error("make room to read flow tables: %s", strerror(-err));
		goto out;
	}
	*out = f;
	return 0;
out:
	flows_close(f);
	return err;
}

void flows_close(struct flows *f)
{
	if (!f)
		return;
	slots_close(&f->slots);
	table_reader_close(&f->reader);
	free(f);
}

/* --- from the tables into slots ----------------------------------------------- */
static uint64_t retired(const struct flows *f)
{
	return __atomic_load_n(&f->set.control->generation, __ATOMIC_RELAXED) - 1;
}

/* True for the first of a row of equal errors. */
static bool news(struct flows *f, int err)
{
	bool is_news = f->logged != err;

	f->logged = err;
	return is_news;
}

/* Programs that ran at the last swap have ended. */
static int settle(struct flows *f)
{
	int err = f->settled ? 0 : f->set.synchronize(f->set.arg);

	if (err && news(f, err))
		log_error("wait for programs that write to the flow tables: %s", strerror(-err));
	f->settled = !err;
	return err;
}

struct drain {
	struct flows *f;
	uint32_t cpu;
};

/* False: no slot is free, the entry stays where it is. */
static bool take(struct flows *f, uint32_t cpu, const struct nt_flow_key *key, const struct nt_flow *counted)
{
	uint64_t generation = retired(f);
	uint32_t i = slots_find(&f->slots, cpu, key);

	if (i == SLOT_NONE)
		i = slots_add(&f->slots, cpu, key, counted, generation);
	else if (slots_merged(&f->slots, i) != generation)
		slots_join(&f->slots, i, counted, generation);
	if (i == SLOT_NONE)
		return false;
	set_due(f, i);
	return true;
}

static bool take_long(void *arg, const void *key, const struct nt_flow *counted)
{
	const struct drain *d = arg;

	return take(d->f, d->cpu, key, counted);
}

static bool take_short(void *arg, const void *key, const struct nt_flow *counted)
{
	const struct drain *d = arg;
	struct nt_flow_key wide;

	flow_key_long(&wide, key);
	return take(d->f, d->cpu, &wide, counted);
}

static int drain_cpu(struct flows *f, uint32_t cpu, uint64_t *left)
{
	uint32_t at = cpu * 2 + (retired(f) & 1);
	struct drain d = { f, cpu };
	int err = 0;

	if (f->set.short_fds[at] >= 0)
		err = table_drain(&f->reader, f->set.short_fds[at], sizeof(struct nt_flow_key4), take_short, &d, left);
	if (!err && f->set.long_fds[at] >= 0)
		err = table_drain(&f->reader, f->set.long_fds[at], sizeof(struct nt_flow_key), take_long, &d, left);
	if (err && news(f, err))
		log_error("read the retired flow tables of CPU %u: %s", cpu, strerror(-err));
	return err;
}

/* A pass over the retired set. 0: nothing is left there; 1; -errno. */
static int drain(struct flows *f)
{
	uint64_t left = 0;
	int err = settle(f);

	if (err || f->empty)
		return err;
	f->clean = false;
	for (uint32_t cpu = 0; cpu < f->set.cpus; cpu++) {
		err = drain_cpu(f, cpu, &left);
		if (err)
			return err;
	}
	f->clean = true;
	f->empty = !left;
	return left ? 1 : 0;
}

static void swap(struct flows *f)
{
	f->settled = false;
	f->empty = false;
	__atomic_store_n(&f->set.control->generation, retired(f) + 2, __ATOMIC_RELEASE);
}

/* --- from slots to those who write records ------------------------------------- */
static void scan(struct flows *f, uint64_t now_ns)
{
	int64_t offset_ns = __atomic_load_n(&f->set.control->utc_offset_ns, __ATOMIC_RELAXED);
	uint32_t window = due_window(now_ns, offset_ns);

	for (uint32_t i = 0; i < f->slots.known; i++) {
		const struct slot_time *t = &f->slots.time[i];
		bool over = due_window_over(t->window, window);

		if (t->due_ns == UINT64_MAX || (now_ns < t->due_ns && !over && !f->shutdown))
			continue;
		slots_freeze(&f->slots, i, due_reason(&f->rules, &slots_key(&f->slots, i)->head,
						       slots_counted(&f->slots, i), now_ns, over));
	}
	f->scanned_ns = now_ns;
	f->scan_now = false;
}

static void scan_at_times(struct flows *f, uint64_t now_ns)
{
	bool time = f->scan_now || (now_ns > f->scanned_ns && now_ns - f->scanned_ns >= SCAN_NS);

	if (f->clean && time)
		scan(f, now_ns);
}

int flows_collect(struct flows *f, uint64_t now_ns)
{
	int err = drain(f);

	if (!err) {
		swap(f);
		err = drain(f);
	}
	if (err >= 0)
		f->logged = 0;
	f->scan_now = true;
	scan_at_times(f, now_ns);
	return err;
}

void flows_shutdown(struct flows *f)
{
	f->shutdown = true;
	f->scan_now = true;
}

void flows_end(struct flows *f, bool (*ended)(void *arg, const struct flow *flow), void *arg)
{
	struct flow flow;

	for (uint32_t i = 0; f->clean && i < f->slots.known; i++) {
		if (!slots_is_open(&f->slots, i))
			continue;
		slots_read(&f->slots, i, &flow);
		if (!ended(arg, &flow))
			continue;
		slots_freeze(&f->slots, i, FLOW_END);
	}
}

bool flows_next_due(struct flows *f, uint32_t cpu, uint64_t now_ns, struct flow *out, uint32_t *slot)
{
	uint32_t i;

	if (cpu >= f->set.cpus)
		return false;
	scan_at_times(f, now_ns);
	i = slots_take(&f->slots, cpu);
	if (i == SLOT_NONE)
		return false;
	slots_read(&f->slots, i, out);
	*slot = i;
	return true;
}

void flows_done(struct flows *f, uint32_t slot)
{
	slots_free(&f->slots, slot);
}

void flows_again(struct flows *f, uint32_t slot)
{
	slots_put_back(&f->slots, slot);
}

/* --- for the ledger and metrics ------------------------------------------------- */
void flows_held(const struct flows *f, uint32_t cpu, struct nt_tally out[2])
{
	for (int i = 0; i < 2; i++) {
		const struct nt_tally *held = &f->slots.cpu[cpu].held[i];

		out[i].events = __atomic_load_n(&held->events, __ATOMIC_RELAXED);
		out[i].packets = __atomic_load_n(&held->packets, __ATOMIC_RELAXED);
		out[i].bytes = __atomic_load_n(&held->bytes, __ATOMIC_RELAXED);
	}
}

uint32_t flows_slots_used(const struct flows *f)
{
	return __atomic_load_n(&f->slots.used, __ATOMIC_RELAXED);
}
