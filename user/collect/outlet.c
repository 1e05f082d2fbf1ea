// SPDX-License-Identifier: Apache-2.0
/*
 * outlet.c - see outlet.h.
 */
#include "collect/outlet.h"

#include <errno.h>
#include <string.h>
#include <sysexits.h>
#include "base/log.h"

int outlet_open(struct outlet *out, const struct options *o, struct board *board,
		const struct tag_origin *origin, int stop_fd)
{
	enum framing framing;
	int err;

	*out = (struct outlet){ .origin = origin, .batch_records = o->batch_records, .limit = o->count };
	if (sink_framing(o->output, &framing))
		return EX_USAGE;
	err = tagger_open(&out->tagger, board);
	if (err) {
		log_error("make the cache of tags: %s", strerror(-err));
		return EX_OSERR;
	}
	err = encoder_open(&out->encoder, o->encoding, framing, origin);
	if (err == -EINVAL)
		return EX_USAGE;	/* it has said why */
	if (err) {
		log_error("open encoder %s: %s", o->encoding, strerror(-err));
		return EX_OSERR;
	}
	if (!strcmp(o->encoding, "smartx") && !origin->address)
		log_warn("open encoder smartx: no address of this box is known: lines say 0.0.0.0; give it by --box-address");
	struct sink_settings s = {
		.output = o->output, .encoding = o->encoding, .head = encoder_head(out->encoder),
		.origin = origin, .rotate_bytes = o->rotate_bytes, .rotate_ns = o->rotate_ns,
		.kafka = o->kafka, .stop_fd = stop_fd,
	};
	return sink_open(&out->sink, &s) ? EX_CANTCREAT : 0;
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
