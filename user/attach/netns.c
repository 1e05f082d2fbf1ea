// SPDX-License-Identifier: Apache-2.0
/*
 * netns.c - see netns.h.
 *
 * A namespace that nothing but an open descriptor of some process keeps is
 * not seen here, and counts as gone: without a process in it or a name, what
 * a dead ninetap left in it is of no use to anybody.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "attach/netns.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71		/* Linux 5.14; missing in older headers */
#endif
#define PID_NS_INITIAL 0xeffffffcU	/* the kernel's PROC_PID_INIT_INO */

static uint64_t inode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_ino;
}

/* The thread's, which may be in another than the process's first thread. */
uint64_t netns_inode(void)
{
	return inode_of("/proc/thread-self/ns/net");
}

uint64_t netns_cookie(void)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return 0;
	if (getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len))
		cookie = 0;
	close(fd);
	return cookie;
}

static bool a_process_has(uint64_t inode)
{
	DIR *proc = opendir("/proc");
	struct dirent *e;
	struct stat st;
	bool found = !proc;	/* unknown: take it for living */

	while (!found && (e = readdir(proc))) {
		char path[300];

		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		snprintf(path, sizeof(path), "/proc/%s/ns/net", e->d_name);
		/* One that may not be looked at can be of any. */
		found = stat(path, &st) ? errno != ENOENT && errno != ESRCH : st.st_ino == inode;
	}
	if (proc)
		closedir(proc);
	return found;
}

/* Mounts that keep a namespace, as ip(8) makes them, show it as their root: "net:[4026532000]". */
static bool a_mount_has(uint64_t inode)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char line[8192], root[64];
	bool found = !f;

	snprintf(root, sizeof(root), " net:[%llu] ", (unsigned long long)inode);
	while (!found && fgets(line, sizeof(line), f))
		found = strstr(line, root);
	if (f)
		fclose(f);
	return found;
}

bool netns_is_gone(uint64_t inode)
{
	return inode_of("/proc/self/ns/pid") == PID_NS_INITIAL && !a_process_has(inode) && !a_mount_has(inode);
}
