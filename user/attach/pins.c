// SPDX-License-Identifier: Apache-2.0
/*
 * pins.c - see pins.h. One folder: names, lock, what is in it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <bpf/bpf.h>
#include "attach/pins_priv.h"

static bool is_plain(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

/* A bpffs takes no dots, and no file system a slash. */
int pins_folder_name(char out[NAME_MAX + 1], uint64_t netns, const char *instance)
{
	int at = snprintf(out, NAME_MAX + 1, "net-%llu-", (unsigned long long)netns);

	for (const char *c = instance; *c; c++) {
		if (at + 3 > NAME_MAX)
			return -ENAMETOOLONG;
		at += sprintf(out + at, is_plain(*c) ? "%c" : "%%%02X", (unsigned char)*c);
	}
	return 0;
}

/* Whether the path still leads to what was locked: its owner may have removed it before we had the lock. */
static bool is_there(const struct pins *p)
{
	struct stat held, there;

	return !fstat(p->lock, &held) && !stat(p->path, &there) && held.st_ino == there.st_ino;
}

int pins_lock(struct pins *p)
{
	int err;

	p->lock = open(p->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->lock < 0)
		return -errno;
	err = flock(p->lock, LOCK_EX | LOCK_NB) ? -errno : is_there(p) ? 0 : -ENOENT;
	if (err) {
		close(p->lock);
		p->lock = -1;
	}
	return err;
}

void pins_close(struct pins *p)
{
	if (!p)
		return;
	if (p->lock >= 0)
		close(p->lock);
	free(p);
}

bool pins_whole(const struct pins *p)
{
	return p && p->whole;
}

bool pins_stand(const struct pins *p)
{
	return p && is_there(p) && !faccessat(p->lock, PINS_INSTANCE, F_OK, 0);
}

static int path_of(const struct pins *p, const char *name, char out[PATH_MAX])
{
	int n = snprintf(out, PATH_MAX, "%s/%s", p->path, name);

	return n >= PATH_MAX ? -ENAMETOOLONG : 0;
}

int pins_get(const struct pins *p, const char *name)
{
	char path[PATH_MAX];
	int err = p ? path_of(p, name, path) : -ENOENT;

	return err ? err : bpf_obj_get(path);
}

int pins_put(const struct pins *p, const char *name, int fd)
{
	char path[PATH_MAX];
	int err = p ? path_of(p, name, path) : 0;

	return err || !p ? err : bpf_obj_pin(fd, path);
}

/* The kernel lets go of what was pinned some time later: a link would still see packets. */
static void detach_link(const struct pins *p, const char *name)
{
	int fd = pins_get(p, name);

	if (fd < 0)
		return;
	(void)bpf_link_detach(fd);	/* its interface may be gone */
	close(fd);
}

void pins_remove(const struct pins *p, const char *name)
{
	if (!p)
		return;
	if (!strncmp(name, "link_", strlen("link_")))
		detach_link(p, name);
	(void)unlinkat(p->lock, name, 0);
}

struct names {
	char (*list)[PINS_NAME_BYTES];
	size_t n;
};

static int add_name(struct names *all, const char *name)
{
	char (*more)[PINS_NAME_BYTES];

	if (strlen(name) >= PINS_NAME_BYTES)
		return -ENAMETOOLONG;	/* not ours */
	more = reallocarray(all->list, all->n + 1, sizeof(*more));
	if (!more)
		return -ENOMEM;
	all->list = more;
	strcpy(all->list[all->n++], name);
	return 0;
}

/* A list first: entries that are removed while a folder is read make it skip others. */
static int read_names(const struct pins *p, const char *prefix, struct names *out)
{
	DIR *dir = opendir(p->path);
	struct dirent *e;
	int err = dir ? 0 : -errno;

	while (!err && (e = readdir(dir)))
		if (e->d_name[0] != '.' && !strncmp(e->d_name, prefix, strlen(prefix)))
			err = add_name(out, e->d_name);
	if (dir)
		closedir(dir);
	return err;
}

int pins_each(const struct pins *p, const char *prefix, int (*cb)(const char *name, void *arg), void *arg)
{
	struct names all = { 0 };
	int err = p ? read_names(p, prefix, &all) : 0;

	for (size_t i = 0; i < all.n && !err; i++)
		err = cb(all.list[i], arg);
	free(all.list);
	return err;
}

static int remove_one(const char *name, void *arg)
{
	const struct pins *p = arg;
	struct stat st;

	pins_remove(p, name);
	return fstatat(p->lock, name, &st, 0) ? 0 : -EPERM;
}

int pins_empty(const struct pins *p)
{
	pins_remove(p, PINS_INSTANCE);
	return pins_each(p, "", remove_one, (void *)p);
}

int pins_clear(struct pins *p)
{
	char above[PATH_MAX];
	int err = pins_empty(p);

	if (!err && rmdir(p->path))
		err = -errno;
	p->whole = false;
	/* The folders above go with their last: others' keep them. */
	strcpy(above, p->path);
	for (int i = 0; i < 2 && !err; i++) {
		*strrchr(above, '/') = '\0';
		if (rmdir(above))
			break;
	}
	return err;
}

int pins_facts(const struct pins *p, struct nt_instance *out, uint32_t *map_id)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info), zero = 0;
	int fd = pins_get(p, PINS_INSTANCE), err;

	if (fd < 0)
		return fd;
	err = bpf_obj_get_info_by_fd(fd, &info, &len);
	if (!err && (info.type != BPF_MAP_TYPE_ARRAY || info.value_size != sizeof(*out)))
		err = -EPROTO;
	if (!err)
		err = bpf_map_lookup_elem(fd, &zero, out);
	if (!err && map_id)
		*map_id = info.id;
	close(fd);
	return err;
}
