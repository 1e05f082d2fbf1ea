/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump_schema.c - prints the Avro schema, as include/ninetap/ninetap.avsc
 * holds it; with an argument its canonical form. No test: the tree's schema
 * is made with it.
 */
#include <stdio.h>
#include "encode/schema.h"

int main(int argc, char **argv)
{
	struct buf text = { 0 };
	int bad;

	(void)argv;
	bad = schema_text(&text, argc > 1) || fwrite(text.data, 1, text.len, stdout) != text.len ||
	      fflush(stdout);
	buf_free(&text);
	return bad;
}
