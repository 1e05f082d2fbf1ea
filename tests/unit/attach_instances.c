/* SPDX-License-Identifier: Apache-2.0 */
/*
 * attach_instances.c - how instances are found, in network namespaces of the
 * test's own: which of them live, what show reads of them, and what detach
 * clears of those that don't. Needs root.
 */
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>
#include "check.h"
#include "attach_lib.h"
#include "collect/commands.h"
#include "collect/show_read.h"

static void test_what_the_dead_left(void)
{
	struct options none = { 0 };
	struct lab_instance a, b;

	lab_veths(4);
	lab_do("tc qdisc add dev a3 clsact");
	CHECK_EQ(lab_foreign_filter("a1", NT_DIR_IN, 9, 1), 0);
	lab_instance(&a, "a*", HOOK_AUTO, TC_CLSACT);
	CHECK_EQ(lab_open(&a), 0);
	CHECK_EQ(lab_foreign_filter("a2", NT_DIR_OUT, 9, 1), 0);
	lab_listen();
	CHECK_EQ(detach_main(&none), EX_OK);
	CHECK(lab_said("is alive"));
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "clsact:nt_tc_in");
	lab_close(&a, true);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "clsact:nt_tc_in");
	lab_instance(&b, "a*", HOOK_AUTO, TC_AUTO);
	lab_listen();
	CHECK_EQ(lab_open(&b), -EBUSY);
	CHECK(lab_said("run ninetap detach"));
	lab_close(&b, false);
	CHECK_EQ(detach_main(&none), EX_OK);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "");
	CHECK_STR(lab_chain("a0", NT_DIR_OUT), "");
	CHECK_STR(lab_chain("a1", NT_DIR_IN), "clsact:foreign");
	CHECK(!lab_has_qdisc("a0"));
	CHECK(lab_has_qdisc("a1"));
	CHECK_STR(lab_chain("a2", NT_DIR_OUT), "clsact:foreign");
	CHECK_STR(lab_chain("a3", NT_DIR_OUT), "");
	CHECK(lab_has_qdisc("a3"));
}

/* Told in every namespace, and only by the map whose id the instance has written. */
static void test_alive(void)
{
	struct lab_instance a;
	const __u32 zero = 0;
	struct prog_facts f;
	struct instance i;
	int fake;

	lab_enter();
	lab_instance(&a, "a0", HOOK_AUTO, TC_AUTO);
	CHECK_EQ(prog_facts_fd(a.programs.fd[PROG_TC_IN], &f), 0);
	CHECK_EQ(instance_of_prog(f.id, &i), 0);
	CHECK(i.here && i.alive);
	lab_enter();
	CHECK_EQ(instance_of_prog(f.id, &i), 0);
	CHECK(!i.here && i.alive);
	lab_descriptors(1);	/* for nt_instance, and none for nt_hold: who is not known lives */
	CHECK_EQ(instance_of_prog(f.id, &i), 0);
	lab_descriptors(-1);
	CHECK(i.alive);
	fake = bpf_map_create(BPF_MAP_TYPE_ARRAY, "nt_hold", 4, 8, 1, NULL);
	CHECK(!bpf_map_update_elem(fake, &zero, &i.facts.epoch, BPF_ANY));
	close(a.hold);
	a.hold = -1;
	CHECK_EQ(instance_of_prog(f.id, &i), 0);
	CHECK(!i.alive);
	/* The id has come round to another map: the newest, our fake, with another epoch. */
	for (__u32 id = 0; !bpf_map_get_next_id(id, &id);)
		i.facts.hold = id;
	i.facts.epoch++;
	CHECK(!bpf_map_update_elem(a.instance_map, &zero, &i.facts, BPF_ANY));
	CHECK_EQ(instance_of_prog(f.id, &i), 0);
	CHECK(!i.alive);
	close(fake);
	lab_close(&a, false);
}

static void count_seen(struct lab_instance *a, uint64_t n)
{
	struct nt_counts *all = calloc(libbpf_num_possible_cpus(), sizeof(*all));
	const __u32 zero = 0;

	for (int cpu = 0; cpu < libbpf_num_possible_cpus(); cpu++)
		all[cpu].seen.events = n;
	CHECK(!bpf_map_update_elem(a->counts_map, &zero, all, BPF_ANY));
	free(all);
}

static void test_show(void)
{
	int cpus = libbpf_num_possible_cpus(), link;
	const struct shown_instance *i = NULL;
	struct lab_instance a;
	struct shown s;

	lab_veths(1);
	lab_instance(&a, "a0", HOOK_AUTO, TC_AUTO);
	CHECK_EQ(lab_open(&a), 0);
	link = lab_foreign_first("a0");
	count_seen(&a, 5);
	CHECK_EQ(show_read(&s, NULL), 0);
	for (size_t n = 0; n < s.instances_n; n++) {
		if (s.instances[n].instance->here)
			i = &s.instances[n];
	}
	CHECK(i && i->instance->alive && i->instance->facts.pid == (__u32)getpid());
	CHECK(i && i->cpus && i->all.counts.seen.events == 5ULL * cpus && i->cpus[0].counts.seen.events == 5);
	CHECK(i && i->cpus && i->cpus[0].ring_bytes == 65536 && i->cpus[0].ring_fill == 0);
	CHECK_EQ(s.places_n, 2);
	CHECK_EQ(s.places[0].own, 1);
	CHECK_STR(s.places[0].chain.progs[0].name, "foreign");
	CHECK_STR(s.places[0].chain.progs[1].name, "nt_tc_in");
	CHECK_EQ(s.places[1].own, 0);
	CHECK_EQ(s.places[1].dir, NT_DIR_OUT);
	show_free(&s);
	if (link >= 0)
		close(link);
	lab_close(&a, false);
}

/* Others may use generic XDP: it is seen in its place, and as what it is. */
static void test_show_generic_xdp(void)
{
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = XDP_FLAGS_SKB_MODE);
	int fd = lab_prog(true, "foreign", 2), link;
	struct lab_instance a;
	struct shown s;

	lab_veths(1);
	link = bpf_link_create(fd, if_nametoindex("a0"), BPF_XDP, &opts);
	CHECK(link >= 0);
	lab_instance(&a, "a0", HOOK_XDP, TC_AUTO);
	lab_listen();
	CHECK_EQ(lab_open(&a), 0);
	CHECK(lab_said("(foreign) is there: TC is used"));
	CHECK_EQ(show_read(&s, NULL), 0);
	CHECK_EQ(s.places_n, 2);
	CHECK_EQ(s.places[0].own, 1);
	CHECK_STR(s.places[0].chain.progs[0].name, "foreign");
	CHECK(s.places[0].chain.progs[0].generic);
	show_free(&s);
	lab_close(&a, false);
	close(link);
	close(fd);
}

int main(void)
{
	RUN(test_what_the_dead_left);
	RUN(test_alive);
	RUN(test_show);
	RUN(test_show_generic_xdp);
	return check_done();
}
