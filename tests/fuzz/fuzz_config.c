/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz_config.c - any bytes as a configuration: no crash, and what is
 * accepted prints as a configuration that reads back as the same settings.
 * Seeds: corpus_config/. Run with -close_fd_mask=2: mistakes are logged.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include "base/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *print(const struct options *o)
{
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	if (!f || options_print_json(f, o) || fclose(f))
		abort();
	return text;
}

static void check_reads_back(const struct options *o)
{
	char *once = print(o), *twice;
	struct options back;

	if (options_init(&back) || config_read_mem(&back, "printed", once, strlen(once)))
		abort();
	twice = print(&back);
	if (strcmp(once, twice))
		abort();
	options_free(&back);
	free(once);
	free(twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct options o;
	int code;

	if (options_init(&o))
		abort();
	code = config_read_mem(&o, "fuzz", (const char *)data, size);
	if (code != 0 && code != EX_CONFIG)
		abort();
	if (!code)
		check_reads_back(&o);
	options_free(&o);
	return 0;
}
