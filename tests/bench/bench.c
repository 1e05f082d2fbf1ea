// SPDX-License-Identifier: Apache-2.0
/*
 * bench.c - `make bench`: one table, each figure beside the machine's limit
 * in the same run. Medians of seven rounds; the spread leaves out the two
 * extremes. Figures move from machine to machine, ratios hardly.
 */
#include "bench/bench.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* `bench user`: that half alone. */
int main(int argc, char **argv)
{
	bool user_alone = argc == 2 && !strcmp(argv[1], "user");
	struct utsname u;

	uname(&u);
	printf("kernel %s, %s, %ld CPUs\n\n", u.release, u.machine, sysconf(_SC_NPROCESSORS_ONLN));
	printf("| %-42s | %6s | %5s | %-34s | %6s | %5s |\n", "ns a packet or record", "median", "+-", "limit", "median", "ratio");
	printf("|---|---|---|---|---|---|\n");
	return (!user_alone && bench_kernel()) || bench_user();
}
