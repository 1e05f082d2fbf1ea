// SPDX-License-Identifier: Apache-2.0
/*
 * run_open.c - the beginning of `ninetap run`: each stage from the last to the
 * first, so that nothing is read before there is somewhere to put it, and
 * interfaces at the very end.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/timerfd.h>
#include <sysexits.h>
#include "base/log.h"
#include "collect/run_priv.h"

#define CHECK_MS 1000

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

static struct board *board(const struct run *r)
{
	return r->keeper ? keeper_board(r->keeper) : NULL;
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

static int open_flows(struct run *r)
{
	struct flow_thread_settings s = {
		.options = r->o, .loader = &r->loader, .board = board(r), .origin = &r->origin.tags, .ifaces = r->table,
	};

	return flow_thread_open(&r->flows, &s);
}

static int open_observer(struct run *r)
{
	struct observer_settings s = {
		.loader = &r->loader, .origin = &r->origin.tags, .events = r->outputs.events, .serve = r->serve,
	};

	return observer_open(&r->observer, &s);
}

static int open_outlet(struct run *r)
{
	struct outlet_settings s = {
		.options = r->o, .output = { r->outputs.packets, r->outputs.flows, r->outputs.events },
		.board = board(r), .origin = &r->origin.tags, .flows_head = flow_thread_head(r->flows),
		.spool_lost = observer_spool_lost, .spool_lost_arg = r->observer, .stop_fd = r->stop_fd,
	};

	return outlet_open(&r->out, &s);
}

/* From the origin of the records to the sink. */
static int open_stages(struct run *r)
{
	const struct options *o = r->o;
	int code = outputs_derive(&r->outputs, o->output, o->flows, o->events, o->encoding) ? EX_USAGE : 0;

	if (!code && o->metrics && serve_open(&r->serve, o->metrics))
		code = EX_UNAVAILABLE;
	if (!code && (origin_open(&r->origin, o, r->loader.epoch, board(r)) || iface_table_open(&r->table)))
		code = os_error("name this box");
	if (!code)
		code = open_flows(r);
	if (!code)
		code = open_observer(r);
	return code ? code : open_outlet(r);
}

static int start_threads(struct run *r)
{
	struct workers_settings s = {
		.threads = r->o->threads, .loader = &r->loader, .out = &r->out, .ifaces = r->table,
		.outboxes = { flow_thread_outbox(r->flows), observer_outbox(r->observer) },
		.batch_linger_ns = r->o->batch_linger_ns,
	};

	if (workers_start(&r->workers, &s) || flow_thread_start(r->flows))
		return EX_OSERR;
	observer_watch(r->observer, r->out.sink, r->workers, r->flows);
	return watch(r, workers_done_fd(r->workers)) ? os_error("watch the workers") : 0;
}

static struct ifaces_settings ifaces_settings(struct run *r)
{
	return (struct ifaces_settings) {
		.options = r->o, .programs = loader_programs(&r->loader), .table = r->table, .board = board(r),
	};
}

/* Workers read what waits in rings at once. */
static int name_interfaces(struct run *r)
{
	struct ifaces_settings s = ifaces_settings(r);

	return ifaces_exit_code(ifaces_names(&s));
}

static int attach(struct run *r)
{
	struct ifaces_settings s = ifaces_settings(r);
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
	return watch(r, r->duration_fd) ? os_error("time the duration") : 0;
}

int run_open(struct run *r)
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
	code = open_stages(r);
	if (!code)
		code = name_interfaces(r);
	if (!code)
		code = start_threads(r);
	if (!code)
		code = attach(r);
	return code ? code : start_duration(r);
}
