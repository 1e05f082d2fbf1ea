// SPDX-License-Identifier: Apache-2.0
/*
 * account.c - see account.h.
 */
#include "collect/account.h"

#include <errno.h>
#include <inttypes.h>
#include <sysexits.h>
#include "base/log.h"

#define COUNT_NAME(id, name, text) [NT_COUNT_##id] = #name,
const char *const count_names[NT_COUNT_MAX] = { NT_FATES(COUNT_NAME) NT_NOTES(COUNT_NAME) };

static uint64_t sink_losses(const struct account *a)
{
	uint64_t sum = 0;

	for (int i = 0; i < SINK_LOSS_MAX; i++)
		sum += a->sink.lost[i];
	return sum;
}

bool account_balances(const struct account *a)
{
	uint64_t fates = 0, out = a->sink.delivered + sink_losses(a) + a->unread + a->encode_lost;

	for (int i = NT_COUNT_SEEN + 1; i < NT_COUNT_FATES_END; i++)
		fates += a->counts[i];
	return a->counts[NT_COUNT_SEEN] == fates && a->counts[NT_COUNT_RECORDED] == out;
}

void account_rest(struct account *a, int error)
{
	uint64_t known = a->sink.delivered + sink_losses(a) + a->unread + a->encode_lost;
	uint64_t rest = a->counts[NT_COUNT_RECORDED] - known;

	if (!error || known > a->counts[NT_COUNT_RECORDED])
		return;
	if (error == -EPIPE)
		a->unread += rest;
	else
		a->sink.lost[SINK_LOSS_WRITE] += rest;
}

int account_exit_code(const struct account *a, int error)
{
	if (error == -EPIPE)
		return 0;
	return sink_losses(a) || a->encode_lost ? EX_IOERR : 0;
}

void account_log(const struct account *a)
{
	const uint64_t *c = a->counts;

	log_notice("account: seen=%" PRIu64 " recorded=%" PRIu64 " delivered=%" PRIu64
		   " filtered=%" PRIu64 " sampled_out=%" PRIu64 " non_ip=%" PRIu64
		   " truncated=%" PRIu64 " malformed=%" PRIu64 " unread=%" PRIu64
		   " lost_ring_full=%" PRIu64 " lost_no_ring=%" PRIu64 " lost_queue_full=%" PRIu64
		   " lost_delivery=%" PRIu64 " lost_write=%" PRIu64 " lost_encode=%" PRIu64,
		   c[NT_COUNT_SEEN], c[NT_COUNT_RECORDED], a->sink.delivered,
		   c[NT_COUNT_FILTERED], c[NT_COUNT_SAMPLED_OUT], c[NT_COUNT_NON_IP],
		   c[NT_COUNT_TRUNCATED], c[NT_COUNT_MALFORMED], a->unread,
		   c[NT_COUNT_RING_FULL], c[NT_COUNT_NO_RING], a->sink.lost[SINK_LOSS_QUEUE_FULL],
		   a->sink.lost[SINK_LOSS_DELIVERY], a->sink.lost[SINK_LOSS_WRITE], a->encode_lost);
	log_notice("notes: cut=%" PRIu64 " too_deep=%" PRIu64 " tunnel_no_ip=%" PRIu64
		   " vxlan_flags=%" PRIu64 " tunnel_header=%" PRIu64,
		   c[NT_COUNT_CUT], c[NT_COUNT_TOO_DEEP], c[NT_COUNT_TUNNEL_NO_IP],
		   c[NT_COUNT_VXLAN_FLAGS], c[NT_COUNT_TUNNEL_HEADER]);
	if (!account_balances(a))
		log_warn("the account does not balance: please report it");
}
