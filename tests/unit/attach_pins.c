// SPDX-License-Identifier: Apache-2.0
/*
 * attach_pins.c - the folder of pins: whose it is, what is in it, and what is
 * refused or cleared. In namespaces and on a bpffs of the test's own. Needs
 * root.
 */
#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "check.h"
#include "attach_lib.h"
#include "attach_run_lib.h"
#include "attach/netns.h"
#include "attach/pins.h"
#include "collect/commands.h"

static void lab(int veths)
{
	lab_quiet_veths(veths);
	lab_bpffs();
}

static void start_dead(const char *match, const char *instance)
{
	struct lab_run r;

	lab_run_init(&r, match, HOOK_AUTO, TC_CLSACT, instance);
	lab_kill(lab_run_child(&r));
}

/* Opens it while listening: the error, and whether `said` was. */
static int start(struct lab_run *r, const char *match, const char *instance, const char *said)
{
	int err;

	lab_run_init(r, match, HOOK_AUTO, TC_CLSACT, instance);
	lab_listen();
	err = lab_run_open(r);
	CHECK(said ? lab_said(said) : lab_count("cleared") == 0);
	return err;
}

/* Changes what the dead one's nt_instance says. */
static void forge(const char *instance, void (*change)(struct nt_instance *facts))
{
	struct nt_instance facts;
	const __u32 zero = 0;
	char path[600];
	int fd;

	snprintf(path, sizeof(path), "%s/nt_instance", lab_folder(instance));
	fd = bpf_obj_get(path);
	CHECK(!bpf_map_lookup_elem(fd, &zero, &facts));
	change(&facts);
	CHECK(!bpf_map_update_elem(fd, &zero, &facts, BPF_ANY));
	close(fd);
}

static void another_abi(struct nt_instance *facts)
{
	facts->abi++;
}

static void another_namespace(struct nt_instance *facts)
{
	facts->netns_cookie++;
}

static void test_one_owner(void)
{
	struct lab_run a, b;
	char in[256];

	lab(2);
	CHECK_EQ(start(&a, "a0", NULL, NULL), 0);
	snprintf(in, sizeof(in), "ninetap with pid %d runs as instance \"default\" of this network namespace: stop it, or name this one with --instance", getpid());
	CHECK_EQ(start(&b, "a1", NULL, in), -EBUSY);
	CHECK_EQ(loader_exit_code(-EBUSY), EX_UNAVAILABLE);
	lab_run_close(&b, false);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "clsact:nt_tc_in");
	CHECK(lab_folder("default"));
	CHECK_EQ(ifaces_count(a.ifaces), 1);
	lab_run_close(&a, false);
	CHECK(!lab_folder("default"));
	CHECK(access(LAB_PINS, F_OK));
}

/* Names may hold what a path or a bpffs may not. */
static void test_two_by_name(void)
{
	struct lab_run a, b, c;

	lab(2);
	CHECK_EQ(start(&a, "a0", "one", NULL), 0);
	CHECK_EQ(start(&b, "a1", "../t.w/o", NULL), 0);
	CHECK(lab_folder("one") && lab_folder("%2E%2E%2Ft%2Ew%2Fo"));
	CHECK(a.loader.epoch != b.loader.epoch && !b.loader.adopted);
	CHECK_EQ(start(&c, "a1", "three", "is already there"), -EBUSY);
	CHECK(!c.loader.skel || c.loader.pins);
	lab_run_close(&c, false);
	CHECK(!lab_folder("three"));
	lab_run_close(&a, false);
	CHECK(lab_folder("%2E%2E%2Ft%2Ew%2Fo"));
	CHECK_STR(lab_chain("a1", NT_DIR_IN), "clsact:nt_tc_in");
	lab_run_close(&b, false);
}

static void test_off_and_no_bpffs(void)
{
	struct lab_run a, b;

	lab(1);
	lab_run_init(&a, "a0", HOOK_AUTO, TC_CLSACT, NULL);
	free(a.options.pins);
	a.options.pins = strdup("off");
	lab_listen();
	CHECK_EQ(lab_run_open(&a), 0);
	CHECK_EQ(lab_count("warning"), 0);
	CHECK(!a.loader.pins);
	lab_run_close(&a, true);	/* cannot be kept */
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "");
	lab_do("umount /sys/fs/bpf; mount -t tmpfs none /sys/fs/bpf");
	CHECK_EQ(start(&b, "a0", NULL, "not on a mounted bpffs: nothing is pinned"), 0);
	CHECK(!b.loader.pins && access(LAB_PINS, F_OK));
	lab_run_close(&b, false);
}

/* Another layout is left as it is, and said of. */
static void refused(const char *said)
{
	struct options o = { .pins = LAB_PINS };
	struct lab_run b;

	CHECK_EQ(start(&b, "a0", NULL, said), -EPROTO);
	CHECK(!b.loader.skel);
	lab_run_close(&b, false);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "clsact:nt_tc_in");
	CHECK_EQ(detach_main(&o), EX_OK);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "");
	CHECK(!lab_folder("default"));
	CHECK_EQ(start(&b, "a0", NULL, NULL), 0);
	CHECK(!b.loader.adopted);
	lab_run_close(&b, false);
}

static void test_another_layout(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_PERCPU_ARRAY, "nt_counts", 4, sizeof(struct nt_counts) + 8, 1, NULL);
	char path[600];

	lab(1);
	start_dead("a0", NULL);
	snprintf(path, sizeof(path), "%s/nt_counts", lab_folder("default"));
	CHECK(!unlink(path) && !bpf_obj_pin(fd, path));
	close(fd);
	refused("take over nt_counts: it is not as this version of ninetap makes it");
}

static void test_another_ring(void)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "nt_ring_1", 0, 0, 65536, NULL);
	char path[600];

	lab(1);
	start_dead("a0", NULL);
	snprintf(path, sizeof(path), "%s/ring_1", lab_folder("default"));
	if (!access(path, F_OK)) {	/* a machine of one CPU has none */
		CHECK(!unlink(path) && !bpf_obj_pin(fd, path));
		refused("take over ring_1: it is not as the others are");
	}
	close(fd);
}

static void test_another_abi(void)
{
	lab(1);
	start_dead("a0", NULL);
	forge("default", another_abi);
	refused("it is of another version of ninetap");
}

static void test_another_versions_folder(void)
{
	struct options o = { .pins = LAB_PINS };
	struct lab_run b;
	char path[600];
	int fd;

	lab(1);
	snprintf(path, sizeof(path), LAB_PINS "/v1/net-%llu-default", (unsigned long long)netns_inode());
	lab_do("mkdir -p %s", path);
	fd = bpf_map_create(BPF_MAP_TYPE_ARRAY, "nt_old", 4, 8, 1, NULL);
	strcat(path, "/nt_old");
	CHECK(!bpf_obj_pin(fd, path));
	close(fd);
	CHECK_EQ(start(&b, "a0", NULL, "/v1/net-"), -EPROTO);
	lab_run_close(&b, false);
	CHECK(!access(path, F_OK));
	CHECK_EQ(start(&b, "a0", "other", NULL), 0);
	lab_run_close(&b, false);
	lab_listen();
	CHECK_EQ(detach_main(&o), EX_OK);
	CHECK(lab_said("cleared " LAB_PINS "/v1/net-"));
	CHECK(access(LAB_PINS, F_OK));
}

/* Killed before nt_instance was pinned, or after it was removed. */
static void test_half_made(void)
{
	struct lab_run a, b;
	char path[600];

	lab(1);
	lab_run_init(&a, "a0", HOOK_XDP, TC_AUTO, NULL);
	lab_kill(lab_run_child(&a));
	snprintf(path, sizeof(path), "%s/nt_instance", lab_folder("default"));
	CHECK(!unlink(path));
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "xdp:nt_xdp");
	lab_run_init(&b, "a0", HOOK_AUTO, TC_AUTO, NULL);
	lab_listen();
	CHECK_EQ(lab_run_open(&b), 0);
	CHECK(lab_said("was killed while it made or removed what is pinned there"));
	CHECK(!b.loader.adopted);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), lab_text("%s:nt_tc_in", lab_tc()));
	lab_run_close(&b, false);
}

/* The inode is this namespace's, the cookie another's: that one is gone. */
static void test_dead_namespace(void)
{
	struct lab_run b;

	lab(2);
	start_dead("a1", NULL);
	lab_do("tc qdisc del dev a1 clsact");	/* as it would have gone with its namespace */
	forge("default", another_namespace);
	CHECK_EQ(start(&b, "a0", NULL, "the network namespace that it was of is gone"), 0);
	CHECK(!b.loader.adopted);
	lab_run_close(&b, false);
}

static void test_detach(void)
{
	struct options all = { .pins = LAB_PINS, .instance = "default" }, one = { .pins = LAB_PINS, .instance = "one" };
	struct lab_run r, living;

	lab(4);
	CHECK_EQ(start(&living, "a0", "living", NULL), 0);
	lab_run_init(&r, "a1", HOOK_XDP, TC_AUTO, "one");
	lab_kill(lab_run_child(&r));
	start_dead("a2", "one-more");
	start_dead("a3", NULL);
	lab_listen();
	CHECK_EQ(detach_main(&one), EX_OK);
	CHECK(lab_said("detached a1 ingress xdp: its link was pinned"));
	CHECK_STR(lab_chain("a1", NT_DIR_IN), "");
	CHECK(!lab_folder("one") && lab_folder("one-more") && lab_folder("default"));
	CHECK_STR(lab_chain("a2", NT_DIR_IN), "clsact:nt_tc_in");
	lab_listen();
	CHECK_EQ(detach_main(&all), EX_OK);
	CHECK(lab_said("is alive: stop it"));
	CHECK_STR(lab_chain("a2", NT_DIR_IN), "");
	CHECK_STR(lab_chain("a3", NT_DIR_OUT), "");
	CHECK(!lab_has_qdisc("a2") && !lab_has_qdisc("a3"));
	CHECK(!lab_folder("one-more") && !lab_folder("default"));
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "clsact:nt_tc_in");
	CHECK(lab_folder("living"));
	lab_listen();
	CHECK_EQ(detach_main(&all), EX_OK);
	CHECK(lab_said("nothing was left"));
	lab_run_close(&living, false);
}

/* Whoever holds the folder is about to take over, though nt_instance still names the dead. */
static void test_detach_spares_who_takes_over(void)
{
	struct options o = { .pins = LAB_PINS };
	struct pins *p;

	lab(1);
	start_dead("a0", NULL);
	CHECK_EQ(pins_open(&p, LAB_PINS, "default"), 0);
	CHECK(pins_whole(p));
	CHECK_EQ(detach_main(&o), EX_OK);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "clsact:nt_tc_in");
	CHECK(lab_folder("default"));
	pins_close(p);
	CHECK_EQ(detach_main(&o), EX_OK);
	CHECK_STR(lab_chain("a0", NT_DIR_IN), "");
}

/* A process in a namespace of its own, to be killed: its inode. */
static unsigned long long live_elsewhere(pid_t *pid)
{
	unsigned long long inode = 0;
	int there[2];

	CHECK(!pipe(there));
	*pid = fork();
	if (!*pid) {
		lab_enter();
		inode = netns_inode();
		_exit(write(there[1], &inode, sizeof(inode)) < 0 || pause());
	}
	CHECK_EQ(read(there[0], &inode, sizeof(inode)), sizeof(inode));
	close(there[0]);
	close(there[1]);
	return inode;
}

/* Of this namespace and of those that are gone; not of another that lives. */
static void test_detach_and_namespaces(void)
{
	struct options o = { .pins = LAB_PINS };
	unsigned long long other;
	pid_t pid;

	lab(1);
	other = live_elsewhere(&pid);
	lab_do("cd /sys/fs/bpf && mkdir -p ninetap/v2/net-%llu-x ninetap/v2/net-1-x ninetap/v2/net-%llu-x ninetap/v2/another",
	       (unsigned long long)netns_inode(), other);
	/* The first process may be one that cannot be looked at: then nothing is known to be gone. */
	lab_do("mount -t tmpfs none /proc/1");
	CHECK_EQ(detach_main(&o), EX_OK);
	CHECK(!lab_folder("x"));
	CHECK(access(LAB_PINS "/v2/net-1-x", F_OK));
	lab_do("cd " LAB_PINS "/v2 && test -d net-%llu-x && test -d another", other);
	lab_kill(pid);
	CHECK(netns_is_gone(other));
	lab_do("mkdir /proc/1/ns && ln -s net /proc/1/ns/net");	/* any error but "not there" */
	CHECK(!netns_is_gone(other));
	lab_do("umount /proc/1");
	CHECK(!netns_is_gone(netns_inode()));
}

static void online(const char *cpus)
{
	lab_do("echo %s > /mnt/online", cpus);
}

/* Over what says which CPUs are online: they come one after the other. */
static void test_more_cpus(void)
{
	struct lab_run a, b;

	lab(1);
	lab_run_init(&a, "a0", HOOK_AUTO, TC_AUTO, NULL);
	lab_run_init(&b, "a0", HOOK_AUTO, TC_AUTO, NULL);
	lab_do("mount -t tmpfs none /mnt");
	online("0");
	lab_do("mount --bind /mnt/online /sys/devices/system/cpu/online");
	CHECK_EQ(lab_run_open(&a), 0);
	CHECK_EQ(loader_more_cpus(&a.loader), 0);
	if (a.loader.cpus > 1) {
		CHECK_EQ(a.loader.ring_fds[1], -1);
		online("0-1");
		CHECK_EQ(loader_more_cpus(&a.loader), 1);
		CHECK(a.loader.ring_fds[1] >= 0 && a.loader.flow_long_fds[3] >= 0);
		CHECK_EQ(loader_more_cpus(&a.loader), 0);
		lab_run_close(&a, true);
		online("0");
		CHECK_EQ(lab_run_open(&b), 0);
		CHECK(b.loader.ring_fds[1] >= 0);	/* offline again: what is in its ring is to be read */
		lab_run_close(&b, false);
	} else {
		lab_run_close(&a, false);
	}
}

int main(void)
{
	RUN(test_one_owner);
	RUN(test_two_by_name);
	RUN(test_off_and_no_bpffs);
	RUN(test_another_layout);
	RUN(test_another_ring);
	RUN(test_another_abi);
	RUN(test_another_versions_folder);
	RUN(test_half_made);
	RUN(test_dead_namespace);
	RUN(test_detach);
	RUN(test_detach_spares_who_takes_over);
	RUN(test_detach_and_namespaces);
	RUN(test_more_cpus);
	return check_done();
}
