// SPDX-License-Identifier: Apache-2.0
/*
 * loader.c - from struct options to loaded programs: settings into read-only
 * data, filters into their maps, a ring for each CPU.
 */
#include "attach/loader.h"

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
#include "attach/cpus.h"
#include "ninetap.skel.h"

#define RINGS_BYTES_MAX (1UL << 30)	/* of all CPUs together */
#define KERNEL_MAJOR 6
#define KERNEL_MINOR 1

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

static void log_load_failure(int err)
{
	struct utsname u;
	unsigned int major = 0, minor = 0;

	if (err == -EPERM || err == -EACCES) {
		log_error("load programs: %s: needs the capabilities CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON: run it as root", strerror(-err));
		return;
	}
	if (err == -EMFILE) {
		log_error("load programs: %s: raise the limit of open files (ulimit -n)", strerror(-err));
		return;
	}
	if (!uname(&u) && sscanf(u.release, "%u.%u", &major, &minor) == 2 &&
	    (major < KERNEL_MAJOR || (major == KERNEL_MAJOR && minor < KERNEL_MINOR))) {
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
	c->ring_wake_bytes = ring_bytes / 4;
	c->sample = o->sample;
	c->vxlan_ports_n = o->vxlan_ports_n;
	memcpy(c->vxlan_ports, o->vxlan_ports, sizeof(c->vxlan_ports));
	c->filter_cidrs = o->cidrs_n > 0;
	c->filter_ports = o->ports_n > 0;
	c->filter_protos = o->protos_set;
	c->replay = replay;
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

static int make_ring(struct loader *l, uint32_t cpu)
{
	char name[24];	/* the kernel keeps 15 characters, enough for a CPU */

	snprintf(name, sizeof(name), "nt_ring_%u", cpu);
	l->ring_fds[cpu] = bpf_map_create(BPF_MAP_TYPE_RINGBUF, name, 0, 0, l->ring_bytes, NULL);
	if (l->ring_fds[cpu] < 0)
		return l->ring_fds[cpu];
	return bpf_map_update_elem(bpf_map__fd(l->skel->maps.nt_rings), &cpu, &l->ring_fds[cpu], BPF_ANY);
}

static int make_rings(struct loader *l, const struct cpus *online, int only_cpu)
{
	int err;

	for (uint32_t cpu = 0; cpu < l->cpus; cpu++) {
		if (only_cpu >= 0 ? cpu != (uint32_t)only_cpu : !cpus_has(online, cpu))
			continue;
		err = make_ring(l, cpu);
		if (err) {
			log_error("make ring of %u bytes for CPU %u: %s: a smaller --ring-bytes may help", l->ring_bytes, cpu, strerror(-err));
			return err;
		}
	}
	return 0;
}

/* So many bytes a CPU that all rings together stay within bounds. */
static uint32_t bounded_ring_bytes(uint64_t wanted, uint32_t online)
{
	uint64_t bytes = wanted;

	while (bytes * online > RINGS_BYTES_MAX && bytes > 65536)
		bytes /= 2;
	if (bytes != wanted)
		log_notice("rings of %u CPUs: %llu bytes each instead of %llu, to stay within %lu in all", online,
			   (unsigned long long)bytes, (unsigned long long)wanted, RINGS_BYTES_MAX);
	return bytes;
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

static int open_and_load(struct loader *l, const struct options *o, bool replay)
{
	int err;

	l->skel = nt_bpf__open();
	if (!l->skel)
		return -errno;
	set_config(l->skel, o, l->ring_bytes, replay);
	err = bpf_map__set_max_entries(l->skel->maps.nt_rings, l->cpus);
	if (!err)
		err = nt_bpf__load(l->skel);
	return err;
}

static int prepare(struct loader *l, const struct options *o, const struct cpus *online, int only_cpu)
{
	int err = fill_filters(l->skel, o);

	if (err) {
		log_error("fill the filters: %s", strerror(-err));
		return err;
	}
	return make_rings(l, online, only_cpu);
}

int loader_open(struct loader *l, const struct options *o, bool replay, int only_cpu)
{
	struct cpus online;
	int err;

	*l = (struct loader){ .epoch = random_epoch() };
	libbpf_set_print(libbpf_to_log);
	raise_fd_limit();
	err = cpus_read(&online);
	if (err) {
		log_error("read the list of CPUs: %s", strerror(-err));
		return err;
	}
	l->cpus = online.possible;
	l->ring_bytes = bounded_ring_bytes(o->ring_bytes, only_cpu >= 0 ? 1 : online.online_n);
	l->ring_fds = malloc(l->cpus * sizeof(*l->ring_fds));
	if (!l->ring_fds) {
		err = -ENOMEM;
		goto out;
	}
	memset(l->ring_fds, 0xff, l->cpus * sizeof(*l->ring_fds));
	err = open_and_load(l, o, replay);
	if (err)
		log_load_failure(err);
	else
		err = prepare(l, o, &online, only_cpu);
out:
	cpus_free(&online);
	if (err)
		loader_close(l);
	return err;
}

int loader_exit_code(int err)
{
	if (err == -EPERM || err == -EACCES)
		return EX_NOPERM;
	return err == -ENOMEM ? EX_OSERR : EX_UNAVAILABLE;
}

void loader_close(struct loader *l)
{
	for (uint32_t i = 0; l->ring_fds && i < l->cpus; i++)
		if (l->ring_fds[i] >= 0)
			close(l->ring_fds[i]);
	free(l->ring_fds);
	nt_bpf__destroy(l->skel);
	*l = (struct loader){0};
}

int loader_counts(const struct loader *l, uint64_t counts[NT_COUNT_MAX])
{
	uint64_t (*per_cpu)[NT_COUNT_MAX] = calloc(l->cpus, sizeof(*per_cpu));
	uint32_t zero = 0;
	int err;

	if (!per_cpu)
		return -ENOMEM;
	err = bpf_map_lookup_elem(bpf_map__fd(l->skel->maps.nt_counts), &zero, per_cpu);
	memset(counts, 0, NT_COUNT_MAX * sizeof(*counts));
	for (uint32_t cpu = 0; !err && cpu < l->cpus; cpu++)
		for (int i = 0; i < NT_COUNT_MAX; i++)
			counts[i] += per_cpu[cpu][i];
	free(per_cpu);
	return err;
}

/*
 * The kernel waits for running programs when it changes an array of maps
 * (maybe_wait_bpf_programs() in kernel/bpf/syscall.c): put a ring in its place again.
 */
int loader_synchronize(const struct loader *l)
{
	for (uint32_t cpu = 0; cpu < l->cpus; cpu++)
		if (l->ring_fds[cpu] >= 0)
			return bpf_map_update_elem(bpf_map__fd(l->skel->maps.nt_rings), &cpu, &l->ring_fds[cpu], BPF_ANY);
	return 0;
}
