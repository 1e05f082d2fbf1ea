/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dump_tags.c - an inventory and a tagger in front of it, driven by lines of
 * standard input. No test: tests/tags/test_model.py asks it and its model.
 *
 *   S file {...}		a statement of the file that the next R loads
 *   S stream EVENT_NS {...}	a statement of a stream, in force at once
 *   R				reload: what S file gave since the last R, and the streams'
 *   P TIME_NS			forget what ended before
 *   Q TS_NS SRC DST PROTO SPORT|- DPORT|- VLAN,..|- TYPE:ID[:VLAN],..|-
 *				the tags of a packet; tunnels outermost first, VLAN is the carrier's
 *   L				the statements in force, then a line "."
 *   C				how often the tagger's cache was hit
 *
 * Q, L and C answer on stdout; a statement that is refused prints {"refused":
 * REASON}. Each Q is asked twice, through the tagger and by inventory_find();
 * what is odd about the two is printed as "odd".
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include "base/cidr.h"
#include "base/num.h"
#include "tag/tagger.h"

struct asked {
	struct nt_record rec;
	int64_t ts_ns;
};

struct driver {
	struct board *board;
	struct inventory *next;		/* takes the file's statements until R */
	struct tagger *tagger;
	bool begun;			/* between tagger_begin() and tagger_end() */
	uint64_t revision;
	struct asked asked[TAGGER_AHEAD]; /* asked for, and not found yet */
	uint32_t first, waiting;
	struct statement statement;
	struct problems problems;
	struct buf out;
};

static const char *const tunnel_names[NT_TUNNEL_MAX] = {
	[NT_TUNNEL_VXLAN] = "vxlan", [NT_TUNNEL_GENEVE] = "geneve", [NT_TUNNEL_GRE] = "gre",
	[NT_TUNNEL_GTP] = "gtp", [NT_TUNNEL_IPIP] = "ipip", [NT_TUNNEL_ETHIP] = "ethip",
};

static void die(const char *what, const char *arg)
{
	fflush(stdout);
	fprintf(stderr, "dump_tags: %s: %s\n", what, arg ? arg : "(nothing)");
	exit(1);
}

static uint64_t number(const char *s, uint64_t max)
{
	uint64_t v;

	if (!s || num_u64(s, 0, max, &v))
		die("not a number", s);
	return v;
}

/* Queries between two changes are a batch, so that a cached answer outlives its batch and must be found stale. */
static void end_batch(struct driver *d)
{
	if (d->begun)
		tagger_end(d->tagger);
	d->begun = false;
}

static void begin_batch(struct driver *d)
{
	if (!d->begun)
		d->revision = tagger_begin(d->tagger);
	d->begun = true;
}

static void put_text(const char *s)
{
	putchar('"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			putchar('\\');
		putchar((unsigned char)*s < ' ' ? '?' : *s);
	}
	putchar('"');
}

static void put_tag(const char *name, const struct text *t)
{
	if (!t)
		return;
	printf("\"%s\":", name);
	put_text(t->s);
	putchar(',');
}

static void put_tags(const struct tags *t)
{
	put_tag("tenant", t->tenant);
	put_tag("src_tenant", t->src_tenant);
	put_tag("dst_tenant", t->dst_tenant);
	put_tag("src_instance", t->src_instance);
	put_tag("dst_instance", t->dst_instance);
	put_tag("app", t->app ? t->app->name : NULL);
	put_tag("app_class", t->app ? t->app->app_class : NULL);
}

static bool same_text(const struct text *a, const struct text *b)
{
	return a == b || (a && b && !strcmp(a->s, b->s));
}

static bool same_app(const struct tag_app *a, const struct tag_app *b)
{
	return a == b || (a && b && same_text(a->name, b->name) && same_text(a->app_class, b->app_class));
}

static bool same_tags(const struct tags *a, const struct tags *b)
{
	return same_text(a->tenant, b->tenant) && same_text(a->src_tenant, b->src_tenant) &&
	       same_text(a->dst_tenant, b->dst_tenant) && same_text(a->src_instance, b->src_instance) &&
	       same_text(a->dst_instance, b->dst_instance) && same_app(a->app, b->app);
}

/* The answer must be the same at both ends of the time that it is said to be good for. */
static bool holds_throughout(const struct inventory *inv, const struct tag_query *q, const struct tag_answer *a)
{
	struct tag_answer first, last;

	inventory_find(inv, q, a->from_ns, &first);
	inventory_find(inv, q, a->until_ns - 1, &last);
	return same_tags(&first.tags, &a->tags) && same_tags(&last.tags, &a->tags);
}

static const char *odd(struct driver *d, const struct nt_record *rec, int64_t ts_ns, const struct tags *cached)
{
	const struct inventory *inv = board_look(d->board);
	struct tag_answer a;
	struct tag_query q;

	tag_query_of(&q, rec);
	inventory_find(inv, &q, ts_ns, &a);
	if (!same_tags(&a.tags, cached))
		return "the tagger and inventory_find() differ";
	if (ts_ns < a.from_ns || ts_ns >= a.until_ns)
		return "the answer does not hold at its own time";
	if (!holds_throughout(inv, &q, &a))
		return "the answer changes while it is said to hold";
	if (d->revision != inventory_revision(inv))
		return "the tagger's revision is not the inventory's";
	return NULL;
}

static void read_address(__u8 out[16], const char *s, struct nt_layer *l)
{
	struct nt_cidr c;

	if (!s || cidr_parse(s, &c) || c.prefix != 128)
		die("not an address", s);
	l->version = strchr(s, ':') ? 6 : 4;
	memset(out, 0, 16);
	if (l->version == 6)
		memcpy(out, c.addr, 16);
	else
		memcpy(out, c.addr + 12, 4);
}

static void read_ports(struct nt_layer *l, const char *src, const char *dst)
{
	if (!src || !dst)
		die("a port is missing", src);
	if (!strcmp(src, "-"))
		return;
	l->src_port = number(src, UINT16_MAX);
	l->dst_port = number(dst, UINT16_MAX);
	l->has |= NT_HAS_PORTS;
}

static void add_vlan(struct nt_layer *l, const char *vid)
{
	if (l->vlans == NT_VLANS_MAX)
		die("too many VLANs", vid);
	l->vlan[l->vlans++] = number(vid, 4095);
}

static void read_vlans(struct nt_layer *l, char *list)
{
	char *vid;

	if (!list || !strcmp(list, "-"))
		return;
	while ((vid = strsep(&list, ",")))
		add_vlan(l, vid);
}

/* Carriers have addresses of nobody, and, as each UDP tunnel does, ports. */
static void read_tunnel(struct nt_layer *l, char *text)
{
	char *type = strsep(&text, ":"), *id = strsep(&text, ":");

	while (l->tunnel < NT_TUNNEL_MAX && (!tunnel_names[l->tunnel] || strcmp(tunnel_names[l->tunnel], type)))
		l->tunnel++;
	if (l->tunnel == NT_TUNNEL_MAX)
		die("no such tunnel", type);
	l->id = number(id, UINT32_MAX);
	l->has = NT_HAS_ID | NT_HAS_PORTS;
	l->version = 4;
	l->proto = 17;
	l->src_port = l->dst_port = 4789;
	memcpy(l->src, (__u8[]){ 203, 0, 113, 1 }, 4);
	memcpy(l->dst, (__u8[]){ 203, 0, 113, 2 }, 4);
	if (text)
		add_vlan(l, text);
}

static void read_tunnels(struct nt_record *r, char *list)
{
	char *tunnel;

	if (!list || !strcmp(list, "-"))
		return;
	while ((tunnel = strsep(&list, ","))) {
		if (r->tunnels == NT_TUNNELS_MAX)
			die("too many tunnels", tunnel);
		read_tunnel(&r->layer[r->tunnels++], tunnel);
	}
}

static int64_t read_packet(struct nt_record *r, char *args)
{
	char *word[8];
	struct nt_layer *l;

	memset(r, 0, sizeof(*r));
	for (size_t i = 0; i < 8; i++)
		word[i] = strsep(&args, " ");
	read_tunnels(r, word[7]);
	l = &r->layer[r->tunnels];
	read_address(l->src, word[1], l);
	read_address(l->dst, word[2], l);
	l->proto = number(word[3], UINT8_MAX);
	read_ports(l, word[4], word[5]);
	read_vlans(l, word[6]);
	return number(word[0], INT64_MAX);
}

static void answer(struct driver *d, const struct asked *a)
{
	const struct tags *cached = tagger_find(d->tagger, &a->rec, a->ts_ns);
	const char *reason = odd(d, &a->rec, a->ts_ns, cached);

	printf("{\"tags\":{");
	put_tags(cached);
	printf("\"tags_rev\":%llu}", (unsigned long long)d->revision);
	if (reason)
		printf(",\"odd\":\"%s\"", reason);
	puts("}");
}

/* Answers what was asked first until no more than `left` wait. */
static void answer_all_but(struct driver *d, uint32_t left)
{
	for (; d->waiting > left; d->waiting--)
		answer(d, &d->asked[d->first++ % TAGGER_AHEAD]);
}

/* As a lane does: the tagger hears of a record some records before its turn. */
static void ask(struct driver *d, char *args)
{
	struct asked *a;

	answer_all_but(d, TAGGER_AHEAD - 1);
	begin_batch(d);
	a = &d->asked[(d->first + d->waiting) % TAGGER_AHEAD];
	a->ts_ns = read_packet(&a->rec, args);
	tagger_ask(d->tagger, &a->rec);
	d->waiting++;
}

static void state(struct driver *d, char *args)
{
	bool file = !strcmp(strsep(&args, " "), "file");
	int64_t event_ns = file ? TIME_ALWAYS : (int64_t)number(strsep(&args, " "), INT64_MAX);
	struct statement *s = &d->statement;
	int err = args ? statement_read(s, args, strlen(args), event_ns, &d->problems) : -EINVAL;

	if (!err && file)
		err = inventory_apply(d->next, s, LAYER_FILE, &d->problems);
	if (!err && !file) {
		end_batch(d);
		err = inventory_apply(board_change(d->board), s, LAYER_STREAM, &d->problems);
		board_changed(d->board);
	}
	if (!err)
		return;
	printf("{\"refused\":");
	put_text(d->problems.last);
	puts("}");
}

static void reload(struct driver *d)
{
	end_batch(d);
	if (inventory_carry(d->next, board_look(d->board)))
		die("inventory_carry", "no memory");
	inventory_close(board_swap(d->board, d->next));
	d->next = NULL;
	if (inventory_open(&d->next))
		die("inventory_open", "no memory");
}

static void prune(struct driver *d, const char *time_ns)
{
	end_batch(d);
	inventory_prune(board_change(d->board), number(time_ns, INT64_MAX));
	board_changed(d->board);
}

static int list_one(void *arg, const struct statement *s)
{
	struct driver *d = arg;

	if (statement_write(&d->out, s))
		die("statement_write", "no memory");
	return 0;
}

static void list(struct driver *d)
{
	d->out.len = 0;
	if (inventory_each(board_look(d->board), list_one, d))
		die("inventory_each", "stopped");
	fwrite(d->out.data, 1, d->out.len, stdout);
	puts(".");
}

static void counts(const struct driver *d)
{
	struct tagger_stats s;

	tagger_get_stats(d->tagger, &s);
	printf("{\"hits\":%llu,\"misses\":%llu}\n", (unsigned long long)s.hits, (unsigned long long)s.misses);
}

static void obey(struct driver *d, char *line)
{
	char *args = line, *verb = strsep(&args, " ");

	if (verb[0] != 'Q')
		answer_all_but(d, 0);
	switch (verb[0]) {
	case 'S': return state(d, args);
	case 'Q': return ask(d, args);
	case 'R': return reload(d);
	case 'P': return prune(d, args);
	case 'L': return list(d);
	case 'C': return counts(d);
	default: die("no such line", verb);
	}
}

static void begin(struct driver *d)
{
	struct inventory *first;

	if (inventory_open(&first) || inventory_open(&d->next) || board_open(&d->board, first) ||
	    tagger_open(&d->tagger, d->board))
		die("begin", "no memory");
	problems_at(&d->problems, "stdin");
}

int main(void)
{
	struct driver d = { 0 };
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	begin(&d);
	while ((n = getline(&line, &room, stdin)) > 0) {
		if (line[n - 1] == '\n')
			line[n - 1] = '\0';
		d.problems.line++;
		obey(&d, line);
	}
	answer_all_but(&d, 0);
	end_batch(&d);
	tagger_close(d.tagger);
	board_close(d.board);
	inventory_close(d.next);
	statement_free(&d.statement);
	buf_free(&d.out);
	free(line);
	return fflush(stdout) ? 1 : 0;
}
