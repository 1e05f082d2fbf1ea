// SPDX-License-Identifier: Apache-2.0
/*
 * outlet.c - see outlet.h.
 */
#include "collect/outlet.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include "base/log.h"

#define EVENTS_SCHEMA "events"

const char *flows_encoding(const char *encoding)
{
	return strcmp(encoding, "smartx") ? encoding : "json";
}

/* Reports of packets go to their lanes, those of parcels back to who sent them. */
static void on_report(void *arg, const struct sink_report *r)
{
	struct outlet *out = arg;
	struct parcel *p;

	if (r->stream == STREAM_PACKETS) {
		out->reported(out->reported_arg, r);
		return;
	}
	p = (struct parcel *)(uintptr_t)r->ticket;
	p->lost = r->lost;
	p->why = r->why;
	out->parcels--;
	outbox_return(p);
}

static int open_sink(struct outlet *out, const struct outlet_settings *s)
{
	const struct options *o = s->options;
	struct sink_settings set = {
		.output = { s->output[STREAM_PACKETS], s->output[STREAM_FLOWS], s->output[STREAM_EVENTS] },
		.encoding = { o->encoding, flows_encoding(o->encoding), EVENTS_SCHEMA },
		.head = { encoder_head(out->encoder), s->flows_head, NULL },
		.origin = s->origin, .rotate_bytes = o->rotate_bytes, .rotate_ns = o->rotate_ns, .kafka = o->kafka,
		.spool = o->spool, .spool_bytes = o->spool_bytes, .spool_age_ns = o->spool_age_ns,
		.spool_sync_ns = o->spool_sync_ns, .spool_after_ns = o->spool_after_ns,
		.stop_fd = s->stop_fd, .reported = on_report, .arg = out,
		.spool_lost = s->spool_lost, .spool_lost_arg = s->spool_lost_arg,
	};

	return sink_open(&out->sink, &set) ? EX_CANTCREAT : 0;
}

int outlet_open(struct outlet *out, const struct outlet_settings *s)
{
	const struct options *o = s->options;
	enum framing framing;
	int err;

	*out = (struct outlet){ .origin = s->origin, .board = s->board, .batch_records = o->batch_records, .limit = o->count,
				.flows_off = !s->output[STREAM_FLOWS] };
	if (sink_framing(s->output[STREAM_PACKETS], &framing))
		return EX_USAGE;
	err = tagger_open(&out->tagger, s->board);
	if (err) {
		log_error("make the cache of tags: %s", strerror(-err));
		return EX_OSERR;
	}
	err = encoder_open(&out->encoder, o->encoding, framing, STREAM_PACKETS, s->origin);
	if (err == -EINVAL)
		return EX_USAGE;	/* it has said why */
	if (err) {
		log_error("open encoder %s: %s", o->encoding, strerror(-err));
		return EX_OSERR;
	}
	if (!strcmp(o->encoding, "smartx") && !s->origin->address)
		log_warn("open encoder smartx: no address of this box is known: lines say 0.0.0.0; give it by --box-address");
	return open_sink(out, s);
}

int outlet_open_branch(struct outlet *out, struct outlet *first, struct relay *relay)
{
	int err;

	*out = (struct outlet){ .first = first, .relay = relay, .origin = first->origin, .board = first->board,
				.batch_records = first->batch_records, .limit = first->limit };
	err = tagger_open(&out->tagger, first->board);
	if (!err)
		err = encoder_open_like(&out->encoder, first->encoder);
	if (err)
		log_error("make another worker's encoder and cache of tags: %s", strerror(-err));
	return err;
}

static void refuse(struct parcel *p)
{
	p->lost = p->batch.count;
	p->why = NT_LOSS_OFF;
	outbox_return(p);
}

void outlet_post(struct outlet *out, struct outbox *from)
{
	struct parcel *p;

	while (sink_has_room(out->sink) && (p = outbox_next(from))) {
		int err;

		if (out->flows_off && p->batch.stream == STREAM_FLOWS) {
			refuse(p);
			continue;
		}
		out->parcels++;
		err = sink_put(out->sink, &p->batch, (uint64_t)(uintptr_t)p);
		if (err == -EAGAIN) {
			out->parcels--;
			outbox_put_back(from, p);
			return;
		}
		if (err == -EPIPE || err == -ECANCELED)
			out->error = err;
	}
}

uint32_t outlet_carry(struct outlet *out, struct relay *from)
{
	struct batch *b;
	uint64_t ticket;
	uint32_t n = 0;

	for (; sink_has_room(out->sink) && (b = relay_next(from, &ticket)); n++) {
		int err = sink_put(out->sink, b, ticket);

		if (err == -EAGAIN)
			break;
		relay_taken(from);
		if (err == -EPIPE || err == -ECANCELED)
			out->error = err;
	}
	return n;
}

int outlet_put(struct outlet *out, uint64_t ticket)
{
	if (!out->relay)
		return sink_put(out->sink, &out->batch, ticket);
	relay_send(out->relay, &out->batch, ticket);
	return 0;
}

bool outlet_has_room(const struct outlet *out)
{
	return out->relay ? relay_has_room(out->relay) : sink_has_room(out->sink);
}

uint64_t outlet_lost(const struct outlet *out, uint32_t cpu)
{
	return sink_lost(out->first ? out->first->sink : out->sink, cpu);
}

void outlet_close(struct outlet *out, int timeout_ms, struct sink_stats *stats)
{
	sink_close(out->sink, timeout_ms, stats);
	encoder_close(out->encoder);
	tagger_close(out->tagger);
	batch_free(&out->batch);
	out->sink = NULL;
	out->encoder = NULL;
	out->tagger = NULL;
}
