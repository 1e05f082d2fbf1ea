// SPDX-License-Identifier: Apache-2.0
/*
 * loader.c - from struct options to loaded programs: settings into read-only
 * data, filters into their maps. The maps themselves are loader_maps.c's.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "base/log.h"
#include "attach/instance.h"
#include "attach/loader_priv.h"
#include "attach/pins.h"

#define KERNEL_MAJOR 6
#define KERNEL_MINOR 1

/* Whether a CPU may let others see a later store before an earlier one. */
#if defined(__x86_64__) || defined(__s390x__)
#define WEAK_ORDER 0
#else
#define WEAK_ORDER 1
#endif

static int libbpf_to_log(enum libbpf_print_level level, const char *fmt, va_list args)
{
	char line[1024];

	if (level == LIBBPF_DEBUG)
		return 0;
	vsnprintf(line, sizeof(line), fmt, args);
	line[strcspn(line, "\n")] = '\0';
	log_info("%s", line);
	return 0;
}

/* Links and rings are file descriptors: a box may have thousands of interfaces. */
static void raise_fd_limit(void)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r))
		return;
	r.rlim_cur = r.rlim_max;
	setrlimit(RLIMIT_NOFILE, &r);
}

bool loader_kernel_before(unsigned int major, unsigned int minor)
{
	unsigned int is_major = 0, is_minor = 0;
	struct utsname u;

	return !uname(&u) && sscanf(u.release, "%u.%u", &is_major, &is_minor) == 2 &&
	       (is_major < major || (is_major == major && is_minor < minor));
}

void loader_log_failure(int err)
{
	struct utsname u;

	if (err == -EPERM || err == -EACCES) {
		log_error("load programs: %s: needs the capabilities CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON: run it as root", strerror(-err));
		return;
	}
	if (err == -EMFILE) {
		log_error("load programs: %s: raise the limit of open files (ulimit -n)", strerror(-err));
		return;
	}
	if (!uname(&u) && loader_kernel_before(KERNEL_MAJOR, KERNEL_MINOR)) {
		log_error("load programs: kernel %s is too old: ninetap needs %d.%d or later", u.release, KERNEL_MAJOR, KERNEL_MINOR);
		return;
	}
	if (access("/sys/kernel/btf/vmlinux", R_OK)) {
		log_error("load programs: this kernel has no /sys/kernel/btf/vmlinux: it must be built with CONFIG_DEBUG_INFO_BTF");
		return;
	}
	log_error("load programs: %s: -v shows what the kernel said", strerror(-err));
}

static void set_config(struct nt_bpf *skel, const struct options *o, uint32_t ring_bytes, bool replay)
{
	struct nt_config *c = &skel->rodata->nt_cfg;

	memset(c, 0, sizeof(*c));
	memcpy(c->protos, o->protos, sizeof(c->protos));
	c->ring_bytes = ring_bytes;
	c->ring_wake_bytes = ring_bytes / 4;
	c->sample = o->sample;
	c->vxlan_ports_n = o->vxlan_ports_n;
	memcpy(c->vxlan_ports, o->vxlan_ports, sizeof(c->vxlan_ports));
	c->filter_cidrs = o->cidrs_n > 0;
	c->filter_ports = o->ports_n > 0;
	c->filter_protos = o->protos_set;
	c->replay = replay;
	c->weak_order = WEAK_ORDER;
}

static int fill_filters(const struct nt_bpf *skel, const struct options *o)
{
	uint64_t bits[65536 / 64] = {0};
	uint8_t one = 1;
	int err = 0;

	for (size_t i = 0; i < o->cidrs_n && !err; i++)
		err = bpf_map_update_elem(bpf_map__fd(skel->maps.nt_cidrs), &o->cidrs[i], &one, BPF_ANY);
	for (size_t i = 0; i < o->ports_n; i++)
		bits[o->ports[i] / 64] |= 1ULL << o->ports[i] % 64;
	for (uint32_t i = 0; i < 65536 / 64 && o->ports_n && !err; i++)
		err = bpf_map_update_elem(bpf_map__fd(skel->maps.nt_ports), &i, &bits[i], BPF_ANY);
	return err;
}

static uint64_t random_epoch(void)
{
	uint64_t r = 0;

	while (!r) {
		if (getrandom(&r, sizeof(r), 0) != sizeof(r))
			r = (uint64_t)time(NULL) << 20 | (uint64_t)getpid();
		r &= (1ULL << 53) - 1;
	}
	return r;
}

static int open_and_load(struct loader *l, const struct options *o, uint32_t online, bool replay)
{
	int err;

	l->skel = nt_bpf__open();
	if (!l->skel) {
		loader_log_failure(-errno);
		return -errno;
	}
	err = loader_size_maps(l, o, online);
	if (!err) {
		set_config(l->skel, o, l->ring_bytes, replay);
		err = nt_bpf__load(l->skel);
		if (err)
			loader_log_failure(err);
	}
	if (l->ring_template >= 0)
		close(l->ring_template);
	l->ring_template = -1;
	return err;
}

static int prepare(struct loader *l, const struct options *o, const struct cpus *online, int only_cpu)
{
	int err = fill_filters(l->skel, o);

	if (err) {
		log_error("fill the filters: %s", strerror(-err));
		return err;
	}
	l->counts_fd = bpf_map__fd(l->skel->maps.nt_counts);
	l->bell_fd = bpf_map__fd(l->skel->maps.nt_bell);
	l->modes_fd = bpf_map__fd(l->skel->maps.nt_modes);
	err = loader_share(l);
	if (err) {
		log_error("share memory with the programs: %s", strerror(-err));
		return err;
	}
	if (!l->adopted)
		l->control->generation = 1;
	l->control->mode = (struct nt_iface_mode){ o->mode == MODE_FLOW ? NT_MODE_FLOW : NT_MODE_PACKET, 1 };
	return loader_make_cpus(l, online, only_cpu);
}

/* Alive before it can be seen; pinned when all is there, nt_instance last. */
static int publish(struct loader *l)
{
	const struct nt_bpf *s = l->skel;
	const int maps[] = { bpf_map__fd(s->maps.nt_instance), bpf_map__fd(s->maps.nt_ifaces),
			     bpf_map__fd(s->maps.nt_outcomes), bpf_map__fd(s->maps.nt_flow_slots) };
	struct attach_programs p = loader_programs(l);
	int err = l->adopted ? 0 : instance_claim(&l->hold, l->epoch, maps[0]);

	if (!err)
		err = instance_bind(maps, sizeof(maps) / sizeof(maps[0]), p.fd, PROG_MAX);
	if (err) {
		log_error("publish this instance: %s", strerror(-err));
		return err;
	}
	return loader_pin(l);
}

static int load(struct loader *l, const struct options *o, bool replay, int only_cpu)
{
	bool alone = replay || only_cpu >= 0;
	struct cpus online;
	int err = cpus_read(&online);

	if (err) {
		log_error("read the list of CPUs: %s", strerror(-err));
		return err;
	}
	l->cpus = online.possible;
	if (!alone)
		err = pins_open(&l->pins, o->pins, o->instance);
	l->keep = l->adopted = pins_whole(l->pins);
	if (!err && !alone && !l->pins && o->keep)
		log_warn("keep: nothing is pinned: programs and rings go when the run ends");
	if (!err)
		err = open_and_load(l, o, only_cpu >= 0 ? 1 : online.online_n, replay);
	if (!err)
		err = prepare(l, o, &online, only_cpu);
	if (!err && !alone)
		err = publish(l);
	cpus_free(&online);
	return err;
}

int loader_open(struct loader *l, const struct options *o, bool replay, int only_cpu)
{
	int err;

	*l = (struct loader){ .epoch = random_epoch(), .hold = -1, .ring_template = -1 };
	libbpf_set_print(libbpf_to_log);
	raise_fd_limit();
	err = load(l, o, replay, only_cpu);
	if (err)
		loader_close(l);
	else if (l->adopted)
		log_notice("taking over what a ninetap left: epoch %llu", (unsigned long long)l->epoch);
	return err;
}

int loader_exit_code(int err)
{
	if (err == -EPERM || err == -EACCES)
		return EX_NOPERM;
	return err == -ENOMEM ? EX_OSERR : EX_UNAVAILABLE;
}

struct attach_programs loader_programs(const struct loader *l)
{
	const struct nt_bpf *s = l->skel;

	return (struct attach_programs){
		.fd = {
			[PROG_XDP] = bpf_program__fd(s->progs.nt_xdp),
			[PROG_TC_IN] = bpf_program__fd(s->progs.nt_tc_in),
			[PROG_TC_OUT] = bpf_program__fd(s->progs.nt_tc_out),
			[PROG_TC_IN_L3] = bpf_program__fd(s->progs.nt_tc_in_l3),
			[PROG_TC_OUT_L3] = bpf_program__fd(s->progs.nt_tc_out_l3),
		},
		.ifaces_map = bpf_map__fd(s->maps.nt_ifaces),
		.modes_map = bpf_map__fd(s->maps.nt_modes),
		.pins = l->pins,
		.adopted = l->adopted,
	};
}

/* The lock goes last: whoever starts finds all of it, or nothing. */
void loader_close(struct loader *l)
{
	int err = l->pins && !l->keep ? pins_clear(l->pins) : 0;

	if (err)
		log_warn("remove what is pinned: %s", strerror(-err));
	if (l->skel)
		loader_free_maps(l);
	if (l->skel && l->hold >= 0)
		close(l->hold);
	nt_bpf__destroy(l->skel);
	pins_close(l->pins);
	*l = (struct loader){ .hold = -1, .ring_template = -1 };
}
