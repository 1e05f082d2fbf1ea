// SPDX-License-Identifier: Apache-2.0
/*
 * cpus.c - see cpus.h. The list of CPUs that are online is sysfs' ("0-3,8");
 * where that is not readable, all possible CPUs count as online.
 */
#include "attach/cpus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/libbpf.h>

static void set_range(struct cpus *c, unsigned int first, unsigned int last)
{
	for (unsigned int cpu = first; cpu <= last && cpu < c->possible; cpu++) {
		c->online_n += !c->online[cpu];
		c->online[cpu] = true;
	}
}

static void read_list(struct cpus *c, FILE *f)
{
	unsigned int first, last;
	int got;

	while ((got = fscanf(f, "%u-%u", &first, &last)) >= 1) {
		set_range(c, first, got == 2 ? last : first);
		if (fgetc(f) != ',')
			return;
	}
}

int cpus_read(struct cpus *c)
{
	int n = libbpf_num_possible_cpus();
	FILE *f;

	*c = (struct cpus){0};
	if (n < 0)
		return n;
	c->possible = n;
	c->online = calloc(n, sizeof(*c->online));
	if (!c->online)
		return -ENOMEM;
	f = fopen("/sys/devices/system/cpu/online", "re");
	if (f) {
		read_list(c, f);
		fclose(f);
	}
	if (!c->online_n)
		set_range(c, 0, n - 1);
	return 0;
}

void cpus_free(struct cpus *c)
{
	free(c->online);
	*c = (struct cpus){0};
}

bool cpus_has(const struct cpus *c, uint32_t cpu)
{
	return cpu < c->possible && c->online[cpu];
}
