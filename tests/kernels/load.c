// SPDX-License-Identifier: Apache-2.0
/*
 * load.c - the verifier's word on each program under each kind of
 * configuration, since what is switched off is not looked at: a test a kind,
 * and how many instructions the verifier went through for each program.
 *
 * Runs in the guests of scripts/test-kernels, for which it has no argument.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include "ninetap/abi.h"
#include "ninetap.skel.h"
#include "unit/check.h"

#define INSNS_MAX 1000000U		/* what the verifier goes through at most */
#define LOG_BYTES (16U << 20)

static const struct nt_config plain = { .sample = 1, .vxlan_ports_n = 2, .vxlan_ports = { 4789, 8472 } };

/* What the kernel said of a program that it refused: the end of it. */
static void print_end(const char *log)
{
	const char *p = log + strlen(log);

	for (int lines = 0; p > log && lines < 20; p--)
		lines += p[-1] == '\n';
	for (const char *line = strtok((char *)p, "\n"); line; line = strtok(NULL, "\n"))
		printf("# %s\n", line);
}

static void print_insns(const struct nt_bpf *skel, const char *kind)
{
	struct bpf_program *p;

	bpf_object__for_each_program(p, skel->obj) {
		struct bpf_prog_info info = {0};
		__u32 bytes = sizeof(info);

		if (bpf_program__fd(p) < 0)
			continue;
		CHECK_EQ(bpf_obj_get_info_by_fd(bpf_program__fd(p), &info, &bytes), 0);
		CHECK(info.verified_insns > 100 && info.verified_insns < INSNS_MAX);
		printf("# verified %s, %s: %u instructions\n", bpf_program__name(p), kind, info.verified_insns);
	}
}

static int size_maps(struct nt_bpf *skel)
{
	__u32 cpus = (__u32)libbpf_num_possible_cpus();
	int err = bpf_map__set_max_entries(skel->maps.nt_rings, cpus);

	if (!err)
		err = bpf_map__set_max_entries(skel->maps.nt_flows_short, 2 * cpus);
	return err ? err : bpf_map__set_max_entries(skel->maps.nt_flows_long, 2 * cpus);
}

static void load(const struct nt_config *c, const char *kind)
{
	LIBBPF_OPTS(bpf_object_open_opts, opts);
	struct nt_bpf *skel;
	char *log = calloc(1, LOG_BYTES);

	opts.kernel_log_buf = log;
	opts.kernel_log_size = LOG_BYTES;
	skel = log ? nt_bpf__open_opts(&opts) : NULL;
	if (!skel || size_maps(skel)) {
		CHECK(!"opened");
		goto out;
	}
	skel->rodata->nt_cfg = *c;
	CHECK_EQ(nt_bpf__load(skel), 0);
	if (check_failures)
		print_end(log);
	else
		print_insns(skel, kind);
out:
	nt_bpf__destroy(skel);
	free(log);
}

static void test_loads_plain(void)
{
	load(&plain, "plain");
}

static void test_loads_with_all_filters(void)
{
	struct nt_config c = plain;

	c.sample = 100;
	c.filter_cidrs = c.filter_ports = c.filter_protos = 1;
	memset(c.protos, 0xff, sizeof(c.protos));
	c.vxlan_ports_n = NT_VXLAN_PORTS_MAX;
	for (unsigned int i = 0; i < NT_VXLAN_PORTS_MAX; i++)
		c.vxlan_ports[i] = (__u16)(5000 + i);
	load(&c, "filters");
}

static void test_loads_for_replay(void)
{
	struct nt_config c = plain;

	c.replay = 1;
	load(&c, "replay");
}

int main(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	RUN(test_loads_plain);
	RUN(test_loads_with_all_filters);
	RUN(test_loads_for_replay);
	return check_done();
}
