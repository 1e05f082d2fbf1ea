/* SPDX-License-Identifier: Apache-2.0 */
/*
 * option_table.h - the rows of the table of options, and of subcommands.
 *
 * Read-only. Only user/base/option*.c and config*.c look at it; the rest of
 * ninetap sees struct options.
 */
#ifndef NINETAP_OPTION_TABLE_H
#define NINETAP_OPTION_TABLE_H

#include <stdint.h>
#include "base/options.h"

/* What a value is, and with it the type of the field at row->offset. */
enum option_kind {
	OPTION_ASK,			/* --help, --version: no field */
	OPTION_FLAG,			/* bool */
	OPTION_TEXT,			/* char *, not empty */
	OPTION_NAME,			/* char *, 1 to 255 bytes of UTF-8 */
	OPTION_ADDRESS,			/* char *, an IPv4 or IPv6 address */
	OPTION_OUTPUT,			/* char *, a sink */
	OPTION_STREAM,			/* char *, a sink or "off" */
	OPTION_PATH,			/* char *, with room left for the names below it */
	OPTION_LISTEN,			/* char *, an address and port (endpoint.h) */
	OPTION_LABEL,			/* char *, 1 to 64 letters, digits, '-' and '_' */
	OPTION_WORD,			/* char *, one of row->words */
	OPTION_CHOICE,			/* an enum, index into row->words */
	OPTION_U32,
	OPTION_U64,
	OPTION_SIZE,			/* uint64_t, bytes */
	OPTION_POWER,			/* uint64_t, bytes, a power of two */
	OPTION_DURATION,		/* uint64_t, ns */
	OPTION_MATCH,			/* char *, an interface's name or a glob */
	OPTION_SOCKET,			/* char *, path of a local socket */
	OPTION_TIME,			/* int64_t, ns since 1970, UTC */
	OPTION_IFACES,			/* this and what follows are lists: */
	OPTION_CIDRS,			/* these know their own fields of struct options */
	OPTION_PORTS,
	OPTION_VXLAN_PORTS,
	OPTION_PROTOS,
	OPTION_TAGS,			/* sources of tags */
	OPTION_PROPS,			/* name=value */
	OPTION_KIND_MAX,
};

enum command {				/* bits of row->commands */
	COMMAND_RUN = 1 << 0,
	COMMAND_REPLAY = 1 << 1,
	COMMAND_CHECK = 1 << 2,
	COMMAND_SHOW = 1 << 3,
	COMMAND_DETACH = 1 << 4,
	COMMAND_TAG_PUT = 1 << 5,
	COMMAND_TAG_END = 1 << 6,
	COMMAND_TAG_LIST = 1 << 7,
	COMMAND_AUDIT = 1 << 8,
	COMMAND_MODE = 1 << 9,
	COMMAND_ALL = (1 << 10) - 1,
};

struct command_row {
	const char *name;		/* a word, or two: "tag put" */
	enum command bit;
	const char *operand;		/* metavar of a positional argument, or NULL; "[IT]" may be left out */
	size_t operand_offset;		/* char * of struct options */
	const char *operand_name;	/* for messages */
	const char *help;
};
extern const struct command_row command_rows[];
extern const size_t command_rows_n;

struct option_row {
	const char *name;		/* --name; NULL: configuration only */
	char letter;			/* -x, or 0 */
	enum option_kind kind;
	const char *path;		/* in the configuration, "a" or "a.b"; NULL: not there */
	unsigned int commands;		/* those that accept it */
	size_t offset;
	uint64_t min, max;		/* numbers */
	const char *const *words;	/* may hold NULLs */
	unsigned int words_n;
	const char *value;		/* default, as on the command line; NULL: none */
	const char *metavar;
	const char *help;		/* one sentence without its full stop */
};
extern const struct option_row option_rows[];
extern const size_t option_rows_n;

/* Members of an object in "interfaces", offsets into struct iface_rule. */
extern const struct option_row iface_rows[];
extern const size_t iface_rows_n;
#define HOOK_UNSET ((enum hook_mode)0xff)	/* until options_read() settles it */
#define MODE_UNSET ((enum mode_wish)0xff)

const struct command_row *command_find(const char *name);	/* NULL: none */

/* IP protocols by name. */
struct proto_row {
	const char *name;
	uint8_t number;
};
extern const struct proto_row proto_rows[];
extern const size_t proto_rows_n;

/* The number of the protocol of that name, in either case; -EINVAL: there is none, close is told those that are. */
struct suggest;
int proto_find(const char *text, struct suggest *close);

#endif
