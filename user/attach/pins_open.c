// SPDX-License-Identifier: Apache-2.0
/*
 * pins_open.c - makes this instance's folder, or finds what a ninetap before
 * left in it, and decides whether that can be gone on from.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <linux/magic.h>
#include "base/log.h"
#include "base/num.h"
#include "attach/netns.h"
#include "attach/pins_priv.h"

#define LOCK_TRIES 8			/* while others remove the folders above, which they found empty */
#define LOCK_WAIT_MS 2000
#define LOCK_STEP_MS 50

/* Of the folder itself, or of where it is to be made. */
static bool is_on_bpffs(const char *root)
{
	char path[PATH_MAX];
	struct statfs s;
	char *slash;

	if (snprintf(path, sizeof(path), "%s", root) >= PATH_MAX)
		return false;
	while (statfs(path, &s)) {
		slash = strrchr(path, '/');
		if (errno != ENOENT || !slash || slash == path)
			return false;
		*slash = '\0';
	}
	return s.f_type == BPF_FS_MAGIC;
}

/* With all that leads to it. */
static int make_folder(const char *path)
{
	char part[PATH_MAX];

	for (const char *c = path + 1; ; c++) {
		if (*c && *c != '/')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)(c - path), path);
		if (mkdir(part, 0700) && errno != EEXIST)
			return -errno;
		if (!*c)
			return 0;
	}
}

static int make_and_lock(struct pins *p)
{
	int err = -ENOENT;

	for (int i = 0; i < LOCK_TRIES && err == -ENOENT; i++) {
		err = make_folder(p->path);
		if (!err)
			err = pins_lock(p);
	}
	return err;
}

static void say_living(const struct pins *p, const char *instance)
{
	struct nt_instance facts;
	char pid[32] = "";

	if (!pins_facts(p, &facts, NULL) && facts.abi == NT_ABI_VERSION)
		snprintf(pid, sizeof(pid), " with pid %u", facts.pid);
	log_error("pin in %s: ninetap%s runs as instance \"%s\" of this network namespace: stop it, or name this one with --instance",
		  p->path, pid, instance);
}

/* A folder of the same name under another version: -EPROTO, logged. */
static int look_for_other_versions(const char *root, const char *name)
{
	DIR *dir = opendir(root);
	struct dirent *e;
	int err = 0;

	while (dir && !err && (e = readdir(dir))) {
		char path[PATH_MAX];
		uint64_t version;

		if (e->d_name[0] != 'v' || num_u64(e->d_name + 1, 0, UINT32_MAX, &version) || version == NT_ABI_VERSION ||
		    snprintf(path, sizeof(path), "%s/%s/%s", root, e->d_name, name) >= PATH_MAX || access(path, F_OK))
			continue;
		log_error("take over %s: it is of another version of ninetap: end that one, or clear what it left with ninetap detach", path);
		err = -EPROTO;
	}
	if (dir)
		closedir(dir);
	return err;
}

static int clear_left(struct pins *p, const char *why)
{
	int err = pins_empty(p);

	if (err)
		log_error("clear %s: %s", p->path, strerror(-err));
	else
		log_notice("cleared %s: %s", p->path, why);
	return err;
}

static int count_pin(const char *name, void *arg)
{
	(void)name;
	++*(unsigned int *)arg;
	return 0;
}

/* Without nt_instance it is what a start left that was killed half way, or the end of one. */
static int clear_half(struct pins *p)
{
	unsigned int n = 0;
	int err = pins_each(p, "", count_pin, &n);

	if (err) {
		log_error("read %s: %s", p->path, strerror(-err));
		return err;
	}
	return n ? clear_left(p, "a ninetap was killed while it made or removed what is pinned there") : 0;
}

static int check_left(struct pins *p)
{
	struct nt_instance facts;
	int err = pins_facts(p, &facts, NULL);

	if (err == -ENOENT)
		return clear_half(p);
	if (err == -EPROTO || (!err && facts.abi != NT_ABI_VERSION)) {
		log_error("take over %s: it is of another version of ninetap: end that one, or clear what it left with ninetap detach", p->path);
		return -EPROTO;
	}
	if (err) {
		log_error("take over %s: %s", p->path, strerror(-err));
		return err;
	}
	if (facts.netns_cookie != netns_cookie())
		return clear_left(p, "the network namespace that it was of is gone");
	p->whole = true;
	return 0;
}

/* A process that was killed a moment ago has the lock until the kernel has taken it apart: rings to free take a while. */
static int lock_when_free(struct pins *p)
{
	const struct timespec step = { .tv_nsec = LOCK_STEP_MS * 1000000L };
	int err = make_and_lock(p);

	for (int ms = 0; err == -EWOULDBLOCK && ms < LOCK_WAIT_MS; ms += LOCK_STEP_MS) {
		nanosleep(&step, NULL);
		err = make_and_lock(p);
	}
	return err;
}

static int open_folder(struct pins *p, const char *root, const char *instance)
{
	char name[NAME_MAX + 1];
	int err = pins_folder_name(name, netns_inode(), instance);

	if (!err && snprintf(p->path, PATH_MAX, "%s/v%u/%s", root, NT_ABI_VERSION, name) >= PATH_MAX)
		err = -ENAMETOOLONG;
	if (!err)
		err = look_for_other_versions(root, name);
	if (!err)
		err = lock_when_free(p);
	if (err == -EWOULDBLOCK) {
		say_living(p, instance);
		return -EBUSY;
	}
	return err;
}

/* Not fatal: the run goes on without. */
static int do_without(const char *root, int err)
{
	log_warn("pin under %s: %s: nothing is pinned, and what rings and flow tables hold is lost if ninetap crashes (--pins off: not to be told)",
		 root, err == -ENOTSUP ? "not on a mounted bpffs" : strerror(-err));
	return 0;
}

int pins_open(struct pins **out, const char *root, const char *instance)
{
	struct pins *p;
	int err;

	*out = NULL;
	if (!root || !strcmp(root, "off"))
		return 0;
	if (!is_on_bpffs(root))
		return do_without(root, -ENOTSUP);
	p = calloc(1, sizeof(*p));
	if (!p)
		return do_without(root, -ENOMEM);
	p->lock = -1;
	err = open_folder(p, root, instance);
	if (err) {
		pins_close(p);
		return err == -EBUSY || err == -EPROTO ? err : do_without(root, err);
	}
	err = check_left(p);
	if (err)
		pins_close(p);
	else
		*out = p;
	return err;
}
