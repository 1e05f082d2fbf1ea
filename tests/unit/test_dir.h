/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test_dir.h - a folder of a test's own. Its main makes it of the template
 * (mkdtemp(3)) and removes it.
 */
#ifndef NINETAP_TESTS_TEST_DIR_H
#define NINETAP_TESTS_TEST_DIR_H

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

static char dir[] = "/tmp/ninetap-test-XXXXXX";

static inline void empty_dir(void)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d)))
		if (e->d_name[0] != '.')
			unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
}

#endif
