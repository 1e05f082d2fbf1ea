// SPDX-License-Identifier: Apache-2.0
/*
 * run.c - `ninetap run`: puts the stages together, attaches, waits, and takes
 * everything apart again in an order that loses nothing: detach, wait for
 * programs that still run, drain the rings, flush the sink, account.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sysexits.h>
#include <unistd.h>
#include <bpf/libbpf.h>
#include "base/clock.h"
#include "base/log.h"
#include "collect/account.h"
#include "collect/commands.h"
#include "attach/ifaces.h"
#include "attach/instance.h"
#include "collect/origin.h"
#include "collect/worker.h"
#include "inventory/keeper.h"
#include "ninetap.skel.h"

#define CHECK_MS 1000
#define CLOSE_TIMEOUT_MS 10000

struct run {
	const struct options *o;
	struct keeper *keeper;		/* NULL: no tags are wanted */
	struct loader loader;
	struct origin origin;
	struct outlet out;
	struct iface_table *table;
	struct ifaces *ifaces;
	struct worker *worker;
	int instance;			/* held as long as the instance lives */
	int epoll_fd, signal_fd, check_fd, duration_fd;
	int stop_fd;			/* tells the worker to drain and end */
	bool stop;
};

/* errno says why. */
static int os_error(const char *what)
{
	log_error("%s: %s", what, strerror(errno));
	return EX_OSERR;
}

static int timer_open(uint64_t ns, bool again)
{
	struct itimerspec t = { .it_value = { ns / 1000000000, ns % 1000000000 } };
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (again)
		t.it_interval = t.it_value;
	if (fd >= 0)
		timerfd_settime(fd, 0, &t, NULL);
	return fd;
}

/* Before any thread is made, so that all of them inherit the mask. */
static int signals_open(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* All is detached: from here on a second Ctrl-C ends a drain or flush that takes too long. */
static void signals_release(void)
{
	sigset_t set;

	signal(SIGHUP, SIG_IGN);
	sigfillset(&set);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

static int watch(const struct run *r, int fd)
{
	struct epoll_event e = { .events = EPOLLIN, .data.fd = fd };

	if (fd < 0)
		return -errno;
	return epoll_ctl(r->epoll_fd, EPOLL_CTL_ADD, fd, &e) ? -errno : 0;
}

static int open_events(struct run *r)
{
	int err;

	r->signal_fd = signals_open();
	r->check_fd = timer_open(CHECK_MS * 1000000ULL, true);
	r->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (r->epoll_fd < 0 || r->stop_fd < 0)
		return -errno;
	err = watch(r, r->signal_fd);
	return err ? err : watch(r, r->check_fd);
}

static struct attach_programs programs(const struct run *r)
{
	const struct nt_bpf *s = r->loader.skel;

	return (struct attach_programs){
		.fd = {
			[PROG_XDP] = bpf_program__fd(s->progs.nt_xdp),
			[PROG_TC_IN] = bpf_program__fd(s->progs.nt_tc_in),
			[PROG_TC_OUT] = bpf_program__fd(s->progs.nt_tc_out),
			[PROG_TC_IN_L3] = bpf_program__fd(s->progs.nt_tc_in_l3),
			[PROG_TC_OUT_L3] = bpf_program__fd(s->progs.nt_tc_out_l3),
		},
		.ifaces_map = bpf_map__fd(s->maps.nt_ifaces),
	};
}

static int publish(struct run *r)
{
	const int maps[] = { bpf_map__fd(r->loader.skel->maps.nt_instance),
			     bpf_map__fd(r->loader.skel->maps.nt_ifaces) };
	struct attach_programs p = programs(r);
	int err = instance_publish(&r->instance, r->loader.epoch, maps, 2, p.fd, PROG_MAX);

	if (err)
		log_error("publish this instance: %s", strerror(-err));
	return err;
}

static int start_worker(struct run *r)
{
	struct worker_settings s = {
		.loader = &r->loader, .out = &r->out, .ifaces = r->table,
		.batch_linger_ns = r->o->batch_linger_ns, .stop_fd = r->stop_fd,
	};
	int err = worker_start(&r->worker, &s);

	if (err)
		return err;
	return watch(r, worker_done_fd(r->worker)) ? os_error("watch the worker") : 0;
}

static struct board *board(const struct run *r)
{
	return r->keeper ? keeper_board(r->keeper) : NULL;
}

static int attach(struct run *r)
{
	struct ifaces_settings s = {
		.options = r->o, .programs = programs(r), .table = r->table, .board = board(r),
	};
	int err = ifaces_open(&r->ifaces, &s);

	if (err)
		return ifaces_exit_code(err);
	return watch(r, ifaces_fd(r->ifaces)) ? os_error("watch the interfaces") : 0;
}

static int start_duration(struct run *r)
{
	if (!r->o->duration_ns)
		return 0;
	r->duration_fd = timer_open(r->o->duration_ns, false);
	return watch(r, r->duration_fd);
}

/* Before anything is attached: what an inventory takes long to read misses no packet. */
static int open_tags(struct run *r)
{
	struct keeper_settings s = { .sources = r->o->tags, .kafka = r->o->kafka, .live = true };
	int code;

	if (!r->o->tags)
		return 0;
	code = keeper_open(&r->keeper, &s);
	if (code)
		return code;
	return keeper_start(r->keeper) ? EX_OSERR : 0;
}

/* From the origin of the records to the sink. */
static int open_outlet(struct run *r)
{
	if (origin_open(&r->origin, r->o, r->loader.epoch, board(r)))
		return os_error("name this box");
	return outlet_open(&r->out, r->o, board(r), &r->origin.tags, r->stop_fd);
}

static int run_open(struct run *r)
{
	const struct options *o = r->o;
	int code, err;

	if (!o->ifaces_n) {
		log_error("run: no interface: name one with -i, or some in the configuration");
		return EX_USAGE;
	}
	err = ifaces_check_names(o);
	if (err)
		return ifaces_exit_code(err);
	if (open_events(r))
		return os_error("wait for events");
	code = open_tags(r);
	if (code)
		return code;
	err = loader_open(&r->loader, o, false, -1);
	if (err)
		return loader_exit_code(err);
	code = open_outlet(r);
	if (code)
		return code;
	if (iface_table_open(&r->table))
		return os_error("make the table of interfaces");
	if (publish(r) || start_worker(r))
		return EX_OSERR;
	code = attach(r);
	if (!code && start_duration(r))
		code = os_error("time the duration");
	return code;
}

static void on_signal(struct run *r)
{
	struct signalfd_siginfo s;

	if (read(r->signal_fd, &s, sizeof(s)) != sizeof(s))
		return;
	if (s.ssi_signo != SIGHUP)
		r->stop = true;
	else if (r->keeper)
		keeper_reload(r->keeper);
	else
		log_notice("SIGHUP: nothing to read again");
}

static void on_check(struct run *r)
{
	uint64_t ticks;

	if (read(r->check_fd, &ticks, sizeof(ticks)) != sizeof(ticks))
		return;
	ifaces_check(r->ifaces);
}

static int on_event(struct run *r, int fd)
{
	if (fd == r->signal_fd)
		on_signal(r);
	else if (fd == r->check_fd)
		on_check(r);
	else if (fd == ifaces_fd(r->ifaces))
		return ifaces_event(r->ifaces);
	else			/* --duration is over, or the worker is done */
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
		for (int i = 0; i < n && !err; i++)
			err = on_event(r, events[i].data.fd);
	}
	return err ? EX_OSERR : 0;
}

/* Nothing new comes in after this; what is in the rings is drained and sent. */
static void drain(struct run *r, struct account *a, int64_t *clock_error_ns)
{
	uint64_t one = 1;

	ifaces_close(r->ifaces);
	r->ifaces = NULL;
	if (r->loader.skel && loader_synchronize(&r->loader))
		log_warn("wait for running programs: the account may miss a few packets");
	if (r->stop_fd >= 0 && write(r->stop_fd, &one, sizeof(one)) != sizeof(one))
		log_error("tell the worker to end: %s", strerror(errno));
	signals_release();
	worker_join(r->worker, clock_error_ns);
	r->worker = NULL;
	outlet_close(&r->out, CLOSE_TIMEOUT_MS, &a->sink);
	a->unread = r->out.unread;
	a->encode_lost = r->out.encode_lost;
}

static int run_account(struct run *r, struct account *a, int64_t clock_error_ns)
{
	if (loader_counts(&r->loader, a->counts)) {
		log_error("read the counters: the account is not complete");
		return EX_OSERR;
	}
	account_rest(a, r->out.error);
	account_log(a);
	if (r->keeper)
		keeper_log(r->keeper);
	log_info("clock: UTC is known to within %lld ns", (long long)clock_error_ns);
	return account_exit_code(a, r->out.error);
}

static void run_free(struct run *r)
{
	const int fds[] = { r->instance, r->epoll_fd, r->signal_fd, r->check_fd, r->duration_fd, r->stop_fd };

	iface_table_close(r->table);
	keeper_close(r->keeper);
	origin_close(&r->origin);
	loader_close(&r->loader);
	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

int run_main(const struct options *o)
{
	struct run r = {
		.o = o, .instance = -1, .epoll_fd = -1, .signal_fd = -1, .check_fd = -1,
		.duration_fd = -1, .stop_fd = -1,
	};
	int64_t clock_error_ns = 0;
	struct account a = {0};
	int code = run_open(&r), account;
	bool ran = !code;

	if (ran) {
		log_notice("ready: %zu interfaces", ifaces_count(r.ifaces));
		code = run_loop(&r);
	}
	drain(&r, &a, &clock_error_ns);
	if (ran) {
		account = run_account(&r, &a, clock_error_ns);
		code = code ? code : account;
	}
	run_free(&r);
	return code;
}
