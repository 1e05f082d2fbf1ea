/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach_lib.c - see attach_lib.h. Programs are two instructions, made here:
 * what is tested is where they are put, not what they do.
 */
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "attach/ifaces_priv.h"
#include "attach/instance.h"
#include "attach_lib.h"

static int saved_stderr = -1, heard = -1;

static void give_up(const char *what, int err)
{
	printf("not ok %s: %s\n", what, strerror(err));
	exit(1);
}

void lab_enter(void)
{
	if (unshare(CLONE_NEWNET))
		give_up("enter a network namespace (needs root)", errno);
}

void lab_do(const char *fmt, ...)
{
	char command[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(command, sizeof(command), fmt, ap);
	va_end(ap);
	if (system(command))
		give_up(command, EINVAL);
}

bool lab_has_tcx(void)
{
	__u32 flags = 0, n = 0;

	return !bpf_prog_query(if_nametoindex("lo"), CHAIN_BPF_TCX_INGRESS, 0, &flags, NULL, &n);
}

const char *lab_tc(void)
{
	return lab_has_tcx() ? "tcx" : "clsact";
}

const char *lab_text(const char *fmt, ...)
{
	static char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return text;
}

void lab_veths(int n)
{
	FILE *batch;

	lab_enter();
	batch = popen("ip -batch -", "w");
	for (int i = 0; batch && i < n; i++)
		fprintf(batch, "link add a%d type veth peer name b%d\n", i, i);
	if (!batch || pclose(batch))
		give_up("make veths", EINVAL);
}

int lab_prog(bool xdp, const char *name, int verdict)
{
	const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = verdict },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(xdp ? BPF_PROG_TYPE_XDP : BPF_PROG_TYPE_SCHED_CLS, name, "GPL", insns, 2, NULL);

	if (fd < 0)
		give_up("load a program", -fd);
	return fd;
}

void lab_instance(struct lab_instance *i, char *match, enum hook_mode hook, enum tc_mode tc)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts);
	static uint64_t epoch;
	int maps[4], ring;
	__u32 zero = 0;

	memset(i, 0, sizeof(*i));
	i->programs.modes_map = -1;
	for (int p = 0; p < PROG_MAX; p++)
		i->programs.fd[p] = lab_prog(p == PROG_XDP, prog_names[p], p == PROG_XDP ? 2 : -1);
	i->instance_map = bpf_map_create(BPF_MAP_TYPE_ARRAY, "nt_instance", 4, sizeof(struct nt_instance), 1, NULL);
	i->programs.ifaces_map = bpf_map_create(BPF_MAP_TYPE_HASH, "nt_ifaces", 4, sizeof(struct nt_iface), 4096, NULL);
	i->counts_map = bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "nt_counts", 4, sizeof(struct nt_counts), 1, NULL);
	opts.map_flags = BPF_F_MMAPABLE;
	ring = bpf_map_create(BPF_MAP_TYPE_ARRAY, "nt_ring_0", 4, sizeof(struct nt_ring_chunk), 1, &opts);
	opts.map_flags = 0;
	opts.inner_map_fd = ring;
	i->rings_map = bpf_map_create(BPF_MAP_TYPE_ARRAY_OF_MAPS, "nt_rings", 4, 4, 1, &opts);
	if (bpf_map_update_elem(i->rings_map, &zero, &ring, BPF_ANY))
		give_up("make a ring", errno);
	close(ring);
	maps[0] = i->instance_map;
	maps[1] = i->programs.ifaces_map;
	maps[2] = i->counts_map;
	maps[3] = i->rings_map;
	epoch = epoch ? epoch + 1 : ((uint64_t)getpid() << 20) + time(NULL);
	if (instance_claim(&i->hold, epoch, i->instance_map) || instance_bind(maps, 4, i->programs.fd, PROG_MAX))
		give_up("publish an instance", errno);
	i->rule = (struct iface_rule) { .match = match, .plane = PLANE_DATA, .hook = hook };
	i->options.ifaces = &i->rule;
	i->options.ifaces_n = 1;
	i->options.tc = tc;
	if (iface_table_open(&i->table))
		give_up("open a table", ENOMEM);
}

int lab_open(struct lab_instance *i)
{
	const struct ifaces_settings s = {
		.options = &i->options, .programs = i->programs, .table = i->table,
	};

	return ifaces_open(&i->ifaces, &s);
}

bool lab_has_qdisc(const char *iface)
{
	char kind[16] = "";
	struct rtnl *r;

	if (rtnl_open(&r))
		give_up("open rtnetlink", EINVAL);
	if (tc_clsact_kind(r, if_nametoindex(iface), kind))
		give_up("read a qdisc", EINVAL);
	rtnl_close(r);
	return kind[0];
}

int lab_foreign_filter(const char *iface, enum nt_dir dir, uint32_t prio, uint32_t handle)
{
	struct tc_filter f = { .prio = prio, .handle = handle, .name = "foreign" };
	int fd = lab_prog(false, "foreign", 0), err;
	struct rtnl *r;

	if (rtnl_open(&r))
		give_up("open rtnetlink", EINVAL);
	err = tc_clsact_add(r, if_nametoindex(iface));
	if (err && err != -EEXIST)
		give_up("make clsact", -err);
	err = tc_filter_add(r, if_nametoindex(iface), dir, &f, fd);
	rtnl_close(r);
	close(fd);
	return err;
}

int lab_foreign_first(const char *iface)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = CHAIN_BPF_F_BEFORE);
	int prog, link;

	if (!lab_has_tcx()) {
		if (lab_foreign_filter(iface, NT_DIR_IN, ATTACH_TC_PRIO - 1, 1))
			give_up("put a filter before ours", EINVAL);
		return -1;
	}
	prog = lab_prog(false, "foreign", 0);
	link = bpf_link_create(prog, if_nametoindex(iface), CHAIN_BPF_TCX_INGRESS, &opts);
	if (link < 0)
		give_up("put a program before ours", -link);
	close(prog);
	return link;
}

/* Closes what the kernel would close. */
static void kill_ifaces(struct lab_instance *i)
{
	struct ifaces *s = i->ifaces;

	for (size_t n = 0; n < s->n; n++) {
		s->list[n].in.hook = CHAIN_NONE;
		s->list[n].out.hook = CHAIN_NONE;
		if (s->list[n].in.link >= 0)
			close(s->list[n].in.link);
		if (s->list[n].out.link >= 0)
			close(s->list[n].out.link);
	}
	s->n = 0;
	ifaces_close(s);
}

void lab_close(struct lab_instance *i, bool kill)
{
	if (kill)
		kill_ifaces(i);
	else
		ifaces_close(i->ifaces);
	for (int p = 0; p < PROG_MAX; p++)
		close(i->programs.fd[p]);
	close(i->instance_map);
	close(i->counts_map);
	close(i->rings_map);
	close(i->programs.ifaces_map);
	close(i->hold);
	iface_table_close(i->table);
}

const char *lab_chain(const char *iface, enum nt_dir dir)
{
	static char out[1024];
	struct rtnl *r;
	struct chain c;
	size_t at = 0;

	out[0] = '\0';
	if (rtnl_open(&r) || chain_read(r, if_nametoindex(iface), dir, &c))
		give_up("read a chain", EINVAL);
	for (size_t i = 0; i < c.n; i++)
		at += snprintf(out + at, sizeof(out) - at, "%s%s:%s", i ? " " : "",
			       chain_hook_names[c.progs[i].hook], c.progs[i].name);
	chain_free(&c);
	rtnl_close(r);
	return out;
}

void lab_descriptors(int n)
{
	int first_free = dup(STDIN_FILENO);
	struct rlimit r;

	close(first_free);
	if (getrlimit(RLIMIT_NOFILE, &r))
		give_up("read the limit of files", errno);
	r.rlim_cur = n < 0 ? r.rlim_max : (rlim_t)(first_free + n);
	if (setrlimit(RLIMIT_NOFILE, &r))
		give_up("limit files", errno);
}

void lab_events(struct lab_instance *i)
{
	struct pollfd p = { .fd = ifaces_fd(i->ifaces), .events = POLLIN };

	while (poll(&p, 1, 0) > 0) {
		if (ifaces_event(i->ifaces))
			give_up("handle events", EINVAL);
	}
}

void lab_listen(void)
{
	fflush(stderr);
	saved_stderr = dup(STDERR_FILENO);
	heard = memfd_create("heard", MFD_CLOEXEC);
	dup2(heard, STDERR_FILENO);
}

static const char *end_listening(void)
{
	static char text[262144];
	ssize_t n = pread(heard, text, sizeof(text) - 1, 0);

	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(heard);
	text[n > 0 ? n : 0] = '\0';
	return text;
}

bool lab_said(const char *what)
{
	const char *text = end_listening();

	if (!strstr(text, what))
		printf("# not said: \"%s\" in:\n# %s\n", what, text);
	return strstr(text, what);
}

int lab_count(const char *what)
{
	int n = 0;

	for (const char *at = end_listening(); (at = strstr(at, what)); at++)
		n++;
	return n;
}

bool lab_silent(void)
{
	const char *text = end_listening();

	if (text[0])
		printf("# said: %s\n", text);
	return !text[0];
}
