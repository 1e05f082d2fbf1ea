/* SPDX-License-Identifier: Apache-2.0 */
/*
 * show_pins.c - which instances are pinned, and under what name. Unlike
 * pins.c it takes no lock, so that a ninetap that starts just now is not
 * refused because somebody looks.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "attach/pins.h"
#include "collect/show_read.h"

/* The id of the map that is pinned there; 0: none. */
static uint32_t pinned_id(const char *path)
{
	struct bpf_map_info info = { 0 };
	__u32 len = sizeof(info);
	int fd = bpf_obj_get(path);

	if (fd < 0)
		return 0;
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		info.id = 0;
	close(fd);
	return info.id;
}

/* "net-4026531833-default": the name behind the number; NULL: no such folder. */
static const char *name_in(const char *folder)
{
	const char *p = folder + strlen("net-");

	if (strncmp(folder, "net-", strlen("net-")) || !isdigit((unsigned char)*p))
		return NULL;
	p += strspn(p, "0123456789");
	return *p == '-' && p[1] ? p + 1 : NULL;
}

static int note_folder(struct shown *s, const char *parent, const char *folder)
{
	const char *name = name_in(folder);
	char path[PATH_MAX];
	uint32_t id;

	if (!name || (size_t)snprintf(path, sizeof(path), "%s/%s/" PINS_INSTANCE, parent, folder) >= sizeof(path))
		return 0;
	id = pinned_id(path);
	for (size_t i = 0; id && i < s->instances_n; i++) {
		struct shown_instance *of = &s->instances[i];

		if (of->instance->map_id != id || of->pinned)
			continue;
		of->pinned = strdup(name);
		if (!of->pinned)
			return -ENOMEM;
	}
	return 0;
}

int show_read_pins(struct shown *s, const char *pins)
{
	char parent[PATH_MAX];
	struct dirent *d;
	int err = 0;
	DIR *dir;

	if (!pins || !strcmp(pins, "off"))
		return 0;
	if ((size_t)snprintf(parent, sizeof(parent), "%s/v%u", pins, NT_ABI_VERSION) >= sizeof(parent))
		return -ENAMETOOLONG;
	dir = opendir(parent);
	if (!dir)			/* nobody has pinned anything, or it is not for us to see */
		return 0;
	while (!err && (d = readdir(dir)))
		err = note_folder(s, parent, d->d_name);
	closedir(dir);
	return err;
}
