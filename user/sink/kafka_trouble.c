// SPDX-License-Identifier: Apache-2.0
/*
 * kafka_trouble.c - what the Kafka sink says about errors: each kind once,
 * until nothing went wrong for a while. Decides nothing.
 */
#include <stdio.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "sink/kafka_priv.h"

#define CALM_NS 5000000000LL		/* without errors, before one is worth a new line */

/* Is this kind of error worth a line? */
static bool news(struct trouble *t, rd_kafka_resp_err_t err)
{
	bool unknown = err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;	/* librdkafka's own, else the broker's */
	int code = unknown ? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART : err;
	unsigned int kind = (unsigned int)(code + KAFKA_KINDS / 2) % KAFKA_KINDS;
	bool told = t->told[kind];

	t->last_ns = clock_monotonic_ns();
	t->told[kind] = true;
	return !told;
}

static const char *advice(rd_kafka_resp_err_t err)
{
	switch (err) {
	case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
	case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
		return "; create the topic, or let the broker create it (auto.create.topics.enable)";
	case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
		return "; make batches smaller, or raise message.max.bytes here and on the broker";
	default:
		return "";
	}
}

void trouble_refused(struct kafka_sink *k, enum stream s, rd_kafka_resp_err_t err)
{
	if (news(&k->trouble, err))
		log_error("deliver to kafka topic %s: %s%s; such records are counted as lost", k->topics[s],
			  rd_kafka_err2str(err), advice(err));
}

void trouble_again(struct kafka_sink *k, enum stream s, rd_kafka_resp_err_t err)
{
	if (news(&k->trouble, err))
		log_warn("deliver to kafka topic %s: %s%s; it is tried again", k->topics[s], rd_kafka_err2str(err),
			 advice(err));
}

void trouble_over(struct kafka_sink *k, int64_t now_ns)
{
	if (!k->trouble.last_ns || now_ns - k->trouble.last_ns < CALM_NS)
		return;
	log_notice("deliver to kafka: works again");
	k->trouble = (struct trouble){ 0 };
}

void trouble_broken(struct kafka_sink *k)
{
	char text[512];

	if (!news(&k->trouble, k->broken))
		return;
	snprintf(text, sizeof(text), "%s", rd_kafka_err2str(k->broken));
	producer_fatal_text(k->producer, text, sizeof(text));
	log_warn("produce to kafka: %s; a new producer goes on from the first message not acknowledged", text);
}

void trouble_on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
	struct kafka_sink *k = opaque;

	(void)rk;
	if (err == RD_KAFKA_RESP_ERR__FATAL)
		k->broken = err;
	else if (news(&k->trouble, err))
		log_warn("reach kafka: %s: %s", rd_kafka_err2name(err), reason);
}

/* What trouble_on_error() or a report says too is for the curious alone. */
void trouble_on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	static const char *const twice[] = { "FAIL", "ERROR", "FATAL", "REQTMOUT", "REQERR" };
	struct trouble *t = &((struct kafka_sink *)rd_kafka_opaque(rk))->trouble;
	bool curious = level > 4;	/* syslog(3): 4 is a warning */

	for (size_t i = 0; i < sizeof(twice) / sizeof(*twice); i++)
		curious = curious || !strcmp(facility, twice[i]);
	if (curious) {
		log_info("librdkafka %s: %s", facility, text);
	} else if (strncmp(t->told_log, text, sizeof(t->told_log) - 1)) {
		snprintf(t->told_log, sizeof(t->told_log), "%s", text);
		t->last_ns = clock_monotonic_ns();
		log_warn("librdkafka %s: %s", facility, text);
	}
}
