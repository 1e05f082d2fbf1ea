// SPDX-License-Identifier: Apache-2.0
/*
 * text_lib.c - outcomes as lines, for comparing and for reading (text.h).
 */
#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "text.h"

#define NAME(id, name, text) #name,
static const char *const fates[] = { NT_FATES(NAME) };
static const char *const notes[] = { NT_NOTES(NAME) };
static const char *const tunnels[] = { "none", "vxlan", "geneve", "gre", "gtp", "ipip", "ethip" };
static const char *const frags[] = { "none", "first", "later" };

struct line {
	char *text;
	size_t n;
};

static void __attribute__((format(printf, 2, 3))) say(struct line *l, const char *fmt, ...)
{
	va_list args;
	int n;

	va_start(args, fmt);
	n = vsnprintf(l->text + l->n, TEXT_BYTES - l->n, fmt, args);
	va_end(args);
	l->n += (size_t)n < TEXT_BYTES - l->n ? (size_t)n : TEXT_BYTES - l->n - 1;
}

static void say_address(struct line *l, const char *name, const struct nt_layer *y, const __u8 *a, int level, int last)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t usual[16];

	packet_address(y->version, level, last, usual);
	if (level >= 0 && !memcmp(usual, a, 16))
		return;
	say(l, " %s=%s", name, inet_ntop(y->version == 4 ? AF_INET : AF_INET6, a, text, sizeof(text)));
	if (y->version == 4 && memcmp(a + 4, "\0\0\0\0\0\0\0\0\0\0\0", 12))
		say(l, "+stray");
}

static void say_vlans(struct line *l, const struct nt_layer *y)
{
	if (y->vlans > NT_VLANS_MAX || (y->vlans < 1 && y->vlan[0]) || (y->vlans < 2 && y->vlan[1]))
		say(l, " stray_vlan=%u:%u,%u", y->vlans, y->vlan[0], y->vlan[1]);
	if (y->vlans == 1)
		say(l, " vlan=%u", y->vlan[0]);
	else if (y->vlans)
		say(l, " vlan=%u,%u", y->vlan[0], y->vlan[1]);
}

static void say_layer(struct line *l, const struct nt_layer *y, int level, const struct packet *pk)
{
	say(l, "%u:%u", y->version, y->proto);
	if (y->has & NT_HAS_PORTS)
		say(l, " %u>%u", y->src_port, y->dst_port);
	else if (y->src_port || y->dst_port)
		say(l, " stray_ports");
	say_vlans(l, y);
	if (y->frag)
		say(l, " frag=%s", y->frag < NT_FRAG_MAX ? frags[y->frag] : "?");
	if (!pk || y->ip_bytes != pk->ip_bytes[level])
		say(l, " len=%u", y->ip_bytes);
	if (!pk || y->ttl != 64 - level)
		say(l, " ttl=%u", y->ttl);
	if (!pk || y->tos)
		say(l, " tos=%u", y->tos);
	say_address(l, "src", y, y->src, pk ? level : -1, 1);
	say_address(l, "dst", y, y->dst, pk ? level : -1, 2);
	if (y->tunnel)
		say(l, " %s", y->tunnel < NT_TUNNEL_MAX ? tunnels[y->tunnel] : "?");
	if (y->has & NT_HAS_ID)
		say(l, "=%u", y->id);
	else if (y->id)
		say(l, " stray_id");
}

static void say_record(struct line *l, const struct nt_record *r, const struct packet *pk)
{
	const struct nt_layer *last = &r->layer[r->tunnels % NT_LAYERS_MAX];

	for (int i = 0; i < r->tunnels && i < (int)NT_TUNNELS_MAX; i++) {
		say_layer(l, &r->layer[i], i, pk);
		say(l, " | ");
	}
	say_layer(l, last, last - r->layer, pk);
	if (last->has & NT_HAS_TCP)
		say(l, " tcp=%03x,%u", r->tcp_flags, r->tcp_window);
	else if (r->tcp_flags || r->tcp_window)
		say(l, " stray_tcp");
	if (last->has & NT_HAS_ICMP)
		say(l, " icmp=%u,%u", r->icmp_type, r->icmp_code);
	else if (r->icmp_type || r->icmp_code)
		say(l, " stray_icmp");
	say(l, " pay=%u", r->payload_bytes);
	if (!pk || r->bytes != pk->wire)
		say(l, " bytes=%u", r->bytes);
	if (!pk || r->packets != 1)
		say(l, " packets=%u", r->packets);
}

const char *text_outcome(const struct outcome *o, const struct packet *pk, char out[TEXT_BYTES])
{
	struct line l = { out, 0 };

	if (o->fate != NT_COUNT_RECORDED)
		say(&l, "%s", o->fate >= 0 && o->fate < NT_COUNT_FATES_END ? fates[o->fate] : "none");
	else
		say_record(&l, &o->rec, pk);
	for (int i = 0; i < NT_COUNT_MAX - NT_COUNT_FATES_END; i++)
		if (o->notes >> i & 1)
			say(&l, " !%s", notes[i]);
	return out;
}

int text_check(const struct packet_case *c, const char *where, const struct packet *pk, const struct outcome *o)
{
	char got[TEXT_BYTES];

	if (!strcmp(text_outcome(o, pk, got), c->want))
		return 1;
	printf("# %s: %s\n#   packet: %s\n#   want: %s\n#   got:  %s\n", where, c->name, c->spec, c->want, got);
	packet_print(pk->bytes, pk->n);
	return 0;
}
