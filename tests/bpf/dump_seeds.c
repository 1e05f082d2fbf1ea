// SPDX-License-Identifier: Apache-2.0
/*
 * dump_seeds.c - `dump_seeds DIR`: the table of packets as inputs for
 * fuzz_parse, a file a row. For whoever makes the corpus again.
 */
#include <stdio.h>
#include "fuzz/parse_input.h"
#include "text.h"

static int write_seed(const char *dir, unsigned int i, const struct packet *pk)
{
	uint32_t more = pk->wire - pk->n;
	uint8_t head[PARSE_INPUT_HEAD] = { pk->l3, more >> 8, more };
	char path[4096];
	FILE *f;
	int err;

	snprintf(path, sizeof(path), "%s/row-%03u", dir, i);
	f = fopen(path, "wb");
	if (!f)
		return -1;
	err = fwrite(head, sizeof(head), 1, f) != 1 || (pk->n && fwrite(pk->bytes, pk->n, 1, f) != 1);
	return fclose(f) || err ? -1 : 0;
}

int main(int argc, char **argv)
{
	struct packet pk;

	for (unsigned int i = 0; argc == 2 && packet_cases[i].name; i++)
		if (packet_build(packet_cases[i].spec, &pk) || write_seed(argv[1], i, &pk)) {
			perror(argv[1]);
			return 1;
		}
	return argc == 2 ? 0 : 64;
}
