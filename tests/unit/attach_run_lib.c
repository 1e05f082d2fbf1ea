// SPDX-License-Identifier: Apache-2.0
/*
 * attach_run_lib.c - see attach_run_lib.h.
 */
#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "attach/chain.h"
#include "attach/netns.h"
#include "attach_lib.h"
#include "attach_run_lib.h"

#define WAIT_MS 10000			/* for what must happen; then the test fails */

struct sender {
	unsigned long sent;
	int stop;
};

static struct sender *sender;
static pid_t sender_pid;

static void give_up(const char *what)
{
	printf("not ok %s: %s\n", what, strerror(errno));
	exit(1);
}

void lab_quiet_veths(int n)
{
	lab_veths(n);
	for (int i = 0; i < n; i++)
		lab_do("for d in a%d b%d; do echo 1 > /proc/sys/net/ipv6/conf/$d/disable_ipv6; ip link set $d arp off up; done", i, i);
}

void lab_bpffs(void)
{
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("bpf", "/sys/fs/bpf", "bpf", 0, NULL))
		give_up("mount a bpffs");
}

void lab_run_init(struct lab_run *r, const char *match, enum hook_mode hook, enum tc_mode tc, const char *instance)
{
	memset(r, 0, sizeof(*r));
	if (options_init(&r->options))
		give_up("set options");
	r->rule = (struct iface_rule){ .match = (char *)match, .hook = hook };
	r->options.ifaces = &r->rule;
	r->options.ifaces_n = 1;
	r->options.tc = tc;
	r->options.ring_bytes = 1 << 20;
	r->options.flow_entries = 64;
	if (instance) {
		free(r->options.instance);
		r->options.instance = strdup(instance);
	}
}

int lab_run_open(struct lab_run *r)
{
	struct ifaces_settings s = { .options = &r->options };
	int err = loader_open(&r->loader, &r->options, false, -1);

	if (!err)
		err = iface_table_open(&r->table);
	if (err)
		return err;
	s.programs = loader_programs(&r->loader);
	s.table = r->table;
	return ifaces_open(&r->ifaces, &s);
}

/* The rule is the test's. */
static void free_options(struct lab_run *r)
{
	r->options.ifaces = NULL;
	r->options.ifaces_n = 0;
	options_free(&r->options);
}

void lab_run_close(struct lab_run *r, bool keep)
{
	if (keep && r->ifaces)
		ifaces_keep(r->ifaces);
	if (r->ifaces)
		r->loader.keep = keep;
	ifaces_close(r->ifaces);
	loader_close(&r->loader);
	iface_table_close(r->table);
	free_options(r);
}

pid_t lab_run_child(struct lab_run *r)
{
	int ready[2], err = -EPIPE;
	pid_t pid;

	if (pipe(ready))
		give_up("make a pipe");
	fflush(stdout);
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		err = lab_run_open(r);
		_exit(write(ready[1], &err, sizeof(err)) < 0 || pause());
	}
	close(ready[1]);
	if (pid < 0 || read(ready[0], &err, sizeof(err)) != sizeof(err) || err) {
		errno = -err;
		give_up("start a run");
	}
	close(ready[0]);
	free_options(r);
	return pid;
}

void lab_kill(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* UDP from 192.0.2.1:1000 to 192.0.2.2:2000 without payload; no checksums: nobody receives it. */
static const unsigned char frame[60] = {
	2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0,
	0x45, 0, 0, 28, 0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 1, 192, 0, 2, 2,
	1000 >> 8, 1000 & 255, 2000 >> 8, 2000 & 255, 0, 8,
};

static void send_frames(const char *iface)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_IP),
				  .sll_ifindex = if_nametoindex(iface) };
	int fd = socket(AF_PACKET, SOCK_RAW, 0);

	while (!__atomic_load_n(&sender->stop, __ATOMIC_ACQUIRE)) {
		if (sendto(fd, frame, sizeof(frame), 0, (void *)&to, sizeof(to)) != sizeof(frame))
			give_up("send a frame");
		if (__atomic_add_fetch(&sender->sent, 1, __ATOMIC_RELEASE) % 16 == 0)
			usleep(200);	/* queues between the two ends must not overflow */
	}
}

void lab_send(const char *iface)
{
	sender = mmap(NULL, sizeof(*sender), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sender == MAP_FAILED)
		give_up("share memory");
	fflush(stdout);
	sender_pid = fork();
	if (sender_pid)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	send_frames(iface);
	_exit(0);
}

void lab_sent(unsigned long n)
{
	unsigned long end = __atomic_load_n(&sender->sent, __ATOMIC_ACQUIRE) + n;

	for (int i = 0; i < WAIT_MS && __atomic_load_n(&sender->sent, __ATOMIC_ACQUIRE) < end; i++)
		usleep(1000);
}

void lab_send_stop(void)
{
	__atomic_store_n(&sender->stop, 1, __ATOMIC_RELEASE);
	waitpid(sender_pid, NULL, 0);
	munmap(sender, sizeof(*sender));
}

unsigned long lab_iface_packets(const char *iface)
{
	FILE *f = fopen("/proc/thread-self/net/dev", "re");
	unsigned long in = 0, out = 0;
	char line[512], name[64];

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, " %63[^:]:%*u %lu %*u %*u %*u %*u %*u %*u %*u %lu", name, &in, &out) == 3 && !strcmp(name, iface))
			break;
	if (f)
		fclose(f);
	return in + out;
}

unsigned long lab_seen(const struct loader *l, unsigned long until)
{
	struct nt_counts sum = { 0 };

	for (int i = 0; i < 1000; i++) {
		if (loader_counts(l, &sum))
			give_up("read the counters");
		if (sum.seen.packets >= until)
			break;
		usleep(1000);
	}
	return sum.seen.packets;
}

const char *lab_ids(const char *iface)
{
	static char out[256];
	struct rtnl *r;
	size_t at = 0;

	if (rtnl_open(&r))
		give_up("open rtnetlink");
	for (enum nt_dir dir = NT_DIR_IN; dir < NT_DIR_MAX; dir++) {
		struct chain c;

		if (chain_read(r, if_nametoindex(iface), dir, &c))
			give_up("read a chain");
		for (size_t i = 0; i < c.n; i++)
			at += snprintf(out + at, sizeof(out) - at, "%s%u", at ? " " : "", c.progs[i].id);
		chain_free(&c);
	}
	rtnl_close(r);
	return out;
}

const char *lab_folder(const char *instance)
{
	static char path[512];

	snprintf(path, sizeof(path), LAB_PINS "/v%u/net-%llu-%s", NT_ABI_VERSION,
		 (unsigned long long)netns_inode(), instance);
	return access(path, F_OK) ? NULL : path;
}
