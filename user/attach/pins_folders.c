// SPDX-License-Identifier: Apache-2.0
/*
 * pins_folders.c - the folders of all instances below a root, of whatever
 * version. Removes nothing.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/num.h"
#include "attach/pins_priv.h"

/* "net-<inode>-<instance>": 0, or -EINVAL for what is not ours. */
static int parse_name(struct pins_folder *f)
{
	const char *name = strrchr(f->path, '/') + 1;
	unsigned long long netns;
	int end = 0;

	if (sscanf(name, "net-%llu-%n", &netns, &end) != 1 || !end)
		return -EINVAL;
	f->netns = netns;
	return 0;
}

static void folder_free(struct pins_folder *f)
{
	pins_close(f->pins);
	free(f->path);
}

static struct pins *unlocked(const struct pins_folder *f)
{
	struct pins *p = calloc(1, sizeof(*p));

	if (p) {
		snprintf(p->path, sizeof(p->path), "%s", f->path);
		p->lock = -1;
	}
	return p;
}

int pins_folder_lock(struct pins_folder *f)
{
	struct pins *p = unlocked(f);
	int err = p ? pins_lock(p) : -ENOMEM;

	if (err)
		pins_close(p);
	else
		f->pins = p;
	return err;
}

static int read_facts(struct pins_folder *f)
{
	struct pins *p = unlocked(f);

	if (!p)
		return -ENOMEM;
	if (f->version == NT_ABI_VERSION && pins_facts(p, &f->facts, &f->map_id)) {
		f->facts = (struct nt_instance){ 0 };
		f->map_id = 0;
	}
	pins_close(p);
	return 0;
}

static int add_folder(struct pins_folders *all, const char *above, const char *name, uint32_t version)
{
	struct pins_folder *more = reallocarray(all->list, all->n + 1, sizeof(*more)), f = { .version = version };
	int err = -ENOMEM;

	if (!more)
		return err;
	all->list = more;
	if (asprintf(&f.path, "%s/%s", above, name) < 0)
		return err;
	err = parse_name(&f);
	if (!err)
		err = read_facts(&f);
	if (err) {
		folder_free(&f);
		return err == -ENOMEM ? err : 0;	/* not ours */
	}
	all->list[all->n++] = f;
	return 0;
}

static int read_version(struct pins_folders *all, const char *root, const char *name)
{
	char path[PATH_MAX];
	struct dirent *e;
	uint64_t version;
	int err = 0;
	DIR *dir;

	if (name[0] != 'v' || num_u64(name + 1, 1, UINT32_MAX, &version) ||
	    snprintf(path, sizeof(path), "%s/%s", root, name) >= PATH_MAX)
		return 0;
	dir = opendir(path);
	while (dir && !err && (e = readdir(dir)))
		err = add_folder(all, path, e->d_name, version);
	if (dir)
		closedir(dir);
	return err;
}

int pins_folders_read(struct pins_folders *out, const char *root)
{
	DIR *dir = opendir(root);
	struct dirent *e;
	int err = 0;

	*out = (struct pins_folders){ 0 };
	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	while (!err && (e = readdir(dir)))
		err = read_version(out, root, e->d_name);
	closedir(dir);
	return err;
}

void pins_folders_free(struct pins_folders *f)
{
	for (size_t i = 0; i < f->n; i++)
		folder_free(&f->list[i]);
	free(f->list);
	*f = (struct pins_folders){ 0 };
}

bool pins_folder_is(const struct pins_folder *f, const char *instance)
{
	char name[NAME_MAX + 1];

	return !pins_folder_name(name, f->netns, instance) && !strcmp(name, strrchr(f->path, '/') + 1);
}
