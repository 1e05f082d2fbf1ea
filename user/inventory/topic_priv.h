/* SPDX-License-Identifier: Apache-2.0 */
/*
 * topic_priv.h - what topic.c, which reads, and topic_conf.c, which sets up
 * librdkafka and says its troubles once, share.
 */
#ifndef NINETAP_INVENTORY_TOPIC_PRIV_H
#define NINETAP_INVENTORY_TOPIC_PRIV_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include "base/buf.h"
#include "base/sink_spec.h"
#include "inventory/topic.h"

#define TOPIC_ERRORS 1024		/* error codes, from -TOPIC_ERRORS / 2 on */

struct part {
	int64_t next;			/* offset that comes next; -1: nothing was heard of it */
	int64_t end;			/* topic_catch_up() is done there; 0: anywhere */
};

struct topic {
	rd_kafka_t *rk;
	rd_kafka_topic_t *rkt;
	rd_kafka_queue_t *main, *queue;	/* logs and errors; messages */
	int fd;				/* eventfd: one of the queues was empty, and isn't any more */
	struct part *parts;
	int32_t parts_n;		/* wanted; how many there are is known to the broker */
	bool gone;			/* the topic was missing: if it comes back it is another one */
	struct buf key;
	int64_t trouble_ns;		/* when the last error came; 0: all is well */
	bool told[TOPIC_ERRORS];		/* error codes logged since all was well */
	char told_log[256];		/* the last line of librdkafka's own that was logged */
};

/* Sets conf up for t. 0 or -errno after the reason was logged; conf stays the caller's. */
int topic_configure(struct topic *t, rd_kafka_conf_t *conf, char *const *properties, const struct sink_spec *spec)
	__attribute__((warn_unused_result));

bool topic_is_missing(rd_kafka_resp_err_t err);

/* Says what is wrong, once until all is well again. */
void topic_trouble(struct topic *t, rd_kafka_resp_err_t err);
void topic_all_well(struct topic *t);

#endif
