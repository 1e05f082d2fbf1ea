// SPDX-License-Identifier: Apache-2.0
/*
 * run.c - `ninetap run`: waits for what happens, and takes the stages apart in
 * an order that loses nothing: detach, wait for programs that still run, drain
 * rings and tables, flush the sink, account.
 *
 * With --keep, and when a SIGHUP brings another configuration, programs and
 * maps stay in the kernel instead: the next run, in this process or another,
 * goes on where this one ended.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#include "base/clock.h"
#include "base/log.h"
#include "attach/pins.h"
#include "collect/account.h"
#include "collect/commands.h"
#include "collect/reload.h"
#include "collect/run_priv.h"

#define CLOSE_TIMEOUT_MS 10000
#define KEEP_TIMEOUT_MS 2000		/* what is not safe by then stays for the next run */
#define EVENTS_TIMEOUT_MS 2000

/*
 * All is detached: from here on a second Ctrl-C ends a drain or flush that takes too long. One that came together with
 * the first (timeout(1) sends two) is none.
 */
static void signals_release(struct run *r)
{
	struct signalfd_siginfo s;
	sigset_t set;

	while (r->signal_fd >= 0 && read(r->signal_fd, &s, sizeof(s)) == sizeof(s))
		;
	signal(SIGHUP, SIG_IGN);
	sigfillset(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* Where the pins stand can't change: nobody would come back for what is kept there. NULL: it can be taken over. */
static const char *refusal(const struct run *r)
{
	if (!r->loader.pins)
		return "nothing is pinned (--pins)";
	if (!pins_stand(r->loader.pins))
		return "somebody removed what was pinned";
	if (strcmp(r->o->instance, r->next->instance))
		return "instance can't change in a running ninetap";
	if (strcmp(r->o->pins, r->next->pins))
		return "pins can't change in a running ninetap";
	if (strcmp(r->o->box, r->next->box))
		return "box can't change in a running ninetap: an epoch is of one box";
	return NULL;
}

static void on_hangup(struct run *r)
{
	if (reload_read(r->o, r->next)) {
		const char *why = refusal(r);

		r->again = r->stop = !why;
		if (!why)
			return;
		options_free(r->next);
		log_error("take a new configuration over: %s: all goes on as it is: end ninetap and start it again", why);
	} else if (r->keeper) {
		keeper_reload(r->keeper);
	} else {
		log_notice("SIGHUP: the configuration is as it was");
	}
}

static void on_signal(struct run *r)
{
	struct signalfd_siginfo s;

	if (read(r->signal_fd, &s, sizeof(s)) != sizeof(s))
		return;
	if (s.ssi_signo == SIGHUP)
		on_hangup(r);
	else
		r->stop = true;
}

static void on_check(struct run *r)
{
	uint64_t ticks;

	if (read(r->check_fd, &ticks, sizeof(ticks)) != sizeof(ticks))
		return;
	(void)!loader_more_cpus(&r->loader);	/* it has said why */
	ifaces_check(r->ifaces);
	observer_step(r->observer, r->ifaces);
}

static int on_event(struct run *r, int fd)
{
	if (fd == r->signal_fd)
		on_signal(r);
	else if (fd == r->check_fd)
		on_check(r);
	else if (fd == ifaces_fd(r->ifaces))
		return ifaces_event(r->ifaces);
	else			/* --duration is over, or a worker is done */
		r->stop = true;
	return 0;
}

static int run_loop(struct run *r)
{
	struct epoll_event events[8];
	int n, err = 0;

	while (!r->stop && !err) {
		n = epoll_wait(r->epoll_fd, events, 8, -1);
		if (n < 0 && errno != EINTR)
			return EX_OSERR;
		for (int i = 0; i < n && !err && !r->again; i++)
			err = on_event(r, events[i].data.fd);
	}
	return err ? EX_OSERR : 0;
}

static bool all_safe(struct run *r)
{
	return workers_idle(r->workers) && flow_thread_done(r->flows);
}

static bool events_safe(struct run *r)
{
	return observer_idle(r->observer) && workers_idle(r->workers);
}

static bool wait_until(struct run *r, bool (*reached)(struct run *r), int timeout_ms)
{
	const struct timespec step = { .tv_nsec = 2000000 };
	int64_t end = clock_monotonic_ns() + timeout_ms * 1000000LL;

	while (!reached(r) && !r->out.error && clock_monotonic_ns() < end)
		nanosleep(&step, NULL);
	return reached(r);
}

/* Nothing new comes in after this; or, if kept, what comes is for the next run. */
static void wind_down(struct run *r, bool keep)
{
	uint64_t one = 1;

	if (keep && r->ifaces)
		ifaces_keep(r->ifaces);
	ifaces_close(r->ifaces);
	r->ifaces = NULL;
	if (!keep && r->loader.skel && loader_synchronize(&r->loader))
		log_warn("wait for running programs: the account may miss a few packets");
	if (r->stop_fd >= 0 && write(r->stop_fd, &one, sizeof(one)) != sizeof(one))
		log_error("tell the sink to end: %s", strerror(errno));
	if (!r->again)
		signals_release(r);
	if (!r->workers)
		return;
	workers_drain(r->workers, keep);
	flow_thread_finish(r->flows, keep);
	r->cut_short = !wait_until(r, all_safe, keep ? KEEP_TIMEOUT_MS : CLOSE_TIMEOUT_MS);
	observer_end(r->observer, keep);
	(void)wait_until(r, events_safe, EVENTS_TIMEOUT_MS);
}

/* The sink reports its last while it is closed: lanes and flows still stand. */
static void close_stages(struct run *r, struct account *a)
{
	workers_join(r->workers);
	outlet_close(&r->out, r->out.error || r->cut_short ? 0 : CLOSE_TIMEOUT_MS, &a->sink);
	flow_thread_stop(r->flows);
	if (!a->kept && !r->out.error)
		workers_abandon(r->workers);
	for (uint32_t cpu = 0; r->workers && cpu < r->loader.cpus; cpu++) {
		struct flow_outcome out;

		flow_thread_outcome(r->flows, cpu, &out);
		account_add_flows(a, &out);
		account_add_outcome(a, &r->loader.outcomes[cpu]);
	}
	log_info("clock: UTC is known to within %lld ns", r->workers ? (long long)workers_clock_error_ns(r->workers) : 0);
	workers_free(r->workers);
	flow_thread_close(r->flows);
	observer_close(r->observer);
}

static int run_account(struct run *r, struct account *a)
{
	if (loader_counts(&r->loader, &a->counts)) {
		log_error("read the counters: the account is not complete");
		return EX_OSERR;
	}
	account_rest(a, r->out.error);
	if (r->cut_short && !a->kept)
		account_flows_rest(a, r->out.error);
	account_log(a);
	if (r->keeper)
		keeper_log(r->keeper);
	return account_exit_code(a, r->out.error);
}

static void run_free(struct run *r)
{
	const int fds[] = { r->epoll_fd, r->signal_fd, r->check_fd, r->duration_fd, r->stop_fd };

	iface_table_close(r->table);
	keeper_close(r->keeper);
	origin_close(&r->origin);
	outputs_free(&r->outputs);
	serve_close(r->serve);
	loader_close(&r->loader);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

/* One run with one configuration. *again: *next is to follow it. */
static int run_once(const struct options *o, struct options *next, bool *ran, bool *again)
{
	struct run r = {
		.o = o, .next = next, .epoll_fd = -1, .signal_fd = -1, .check_fd = -1, .duration_fd = -1, .stop_fd = -1,
	};
	struct account a = { 0 };
	int code = run_open(&r), account;

	*ran = !code;
	if (*ran) {
		observer_step(r.observer, r.ifaces);	/* who waits for "ready" finds metrics, and the start in the stream */
		log_notice("ready: %zu interfaces%s", ifaces_count(r.ifaces),
			   r.loader.adopted ? ", going on where the ninetap before ended" : "");
		code = run_loop(&r);
	}
	if (*ran && !r.again && o->keep && r.loader.pins && !pins_stand(r.loader.pins))
		log_warn("keep what is pinned: somebody removed it: all is drained and detached");
	a.kept = r.again || (*ran && o->keep && pins_stand(r.loader.pins)) || (!*ran && r.loader.adopted);
	r.loader.keep = a.kept;
	wind_down(&r, a.kept);
	close_stages(&r, &a);
	if (*ran) {
		account = run_account(&r, &a);
		code = code ? code : account;
	}
	run_free(&r);
	*again = r.again;
	return code;
}

/* A configuration, and the one that it replaced. */
struct config {
	struct options o;
	struct config *before;
};

static void config_free(struct config *c)
{
	if (!c)
		return;
	config_free(c->before);
	options_free(&c->o);
	free(c);
}

/* next becomes the one in force; what was before the last is not needed any more. */
static struct config *replaced(struct config *now, const struct options *next)
{
	struct config *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	if (now) {
		config_free(now->before);
		now->before = NULL;
	}
	c->o = *next;
	c->before = now;
	return c;
}

/* The new one can't be run after all. */
static struct config *restored(struct config *now)
{
	struct config *before = now->before;

	log_error("run with the new configuration: not possible: going on with the one before");
	now->before = NULL;
	config_free(now);
	return before;
}

int run_main(const struct options *o)
{
	struct config *now = NULL;	/* NULL: o itself */
	struct options next;
	bool ran, again;
	int code;

	do {
		code = run_once(now ? &now->o : o, &next, &ran, &again);
		if (!ran && now) {
			now = restored(now);
			again = true;
		} else if (again) {
			struct config *c = replaced(now, &next);

			if (!c)
				options_free(&next);
			now = c ? c : now;
		}
	} while (again);
	config_free(now);
	return code;
}
