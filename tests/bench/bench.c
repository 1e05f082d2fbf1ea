// SPDX-License-Identifier: Apache-2.0
/*
 * bench.c - one round of a part of `make bench`, as lines "KEY VALUE". It is
 * run by tests/bench/part_*.py, a process a round; exit code 1 says that the
 * lines before it are no figures.
 */
#include "bench/bench.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	int (*round)(void);
} parts[] = {
	{ "kernel", bench_kernel },
	{ "user", bench_user },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (argc == 2 && !strcmp(argv[1], parts[i].name)) {
			int err = parts[i].round();

			if (err)
				fprintf(stderr, "bench: measure %s: no figures\n", argv[1]);
			return err ? 1 : 0;
		}
	fprintf(stderr, "usage: bench kernel|user\n");
	return 2;
}
