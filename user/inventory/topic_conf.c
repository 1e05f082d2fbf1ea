// SPDX-License-Identifier: Apache-2.0
/*
 * topic_conf.c - see topic_priv.h: librdkafka's properties for a reader of
 * inventories, and its errors and log lines as ours, each once.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "inventory/topic_priv.h"
#include "kafka/kafka_conf.h"

#define CALM_NS 5000000000LL		/* without errors, before one is worth a new line */

static int64_t now_ns(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

bool topic_is_missing(rd_kafka_resp_err_t err)
{
	return err == RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC || err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
}

/* Is this kind of error worth a line? Once, until all was well again. */
static bool news(struct topic *t, rd_kafka_resp_err_t err)
{
	int code = topic_is_missing(err) ? RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART : err;
	unsigned int kind = (unsigned int)(code + TOPIC_ERRORS / 2) % TOPIC_ERRORS;
	bool told = t->told[kind];

	t->trouble_ns = now_ns();
	t->told[kind] = true;
	return !told;
}

void topic_all_well(struct topic *t)
{
	if (!t->trouble_ns || now_ns() - t->trouble_ns < CALM_NS)
		return;
	log_notice("read kafka topic %s: works again", rd_kafka_topic_name(t->rkt));
	t->trouble_ns = 0;
	memset(t->told, 0, sizeof(t->told));
	t->told_log[0] = '\0';
}

void topic_trouble(struct topic *t, rd_kafka_resp_err_t err)
{
	t->gone |= topic_is_missing(err);
	if (news(t, err))
		log_warn("read kafka topic %s: %s%s", rd_kafka_topic_name(t->rkt), rd_kafka_err2str(err),
			 topic_is_missing(err) ? "; create it (cleanup.policy=compact): it is read as soon as it is there" : "");
}

static void on_error(rd_kafka_t *rk, int err, const char *reason, void *opaque)
{
	(void)rk;
	if (topic_is_missing(err))
		topic_trouble(opaque, err);
	else if (err != RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION && news(opaque, err))
		log_warn("reach kafka: %s: %s", rd_kafka_err2name(err), reason);
}

/* What on_error() says too is for the curious alone, and so is that a property is the sink's. */
static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
	static const char *const twice[] = { "FAIL", "ERROR", "REQTMOUT", "REQERR" };
	struct topic *t = rd_kafka_opaque(rk);
	bool curious = level > 4;	/* syslog(3): 4 is a warning */

	for (size_t i = 0; i < sizeof(twice) / sizeof(*twice); i++)
		curious = curious || !strcmp(facility, twice[i]);
	curious = curious || (!strcmp(facility, "CONFWARN") && strstr(text, "is a producer property"));
	if (curious) {
		log_info("librdkafka %s: %s", facility, text);
	} else if (strncmp(t->told_log, text, sizeof(t->told_log) - 1)) {
		snprintf(t->told_log, sizeof(t->told_log), "%s", text);
		t->trouble_ns = now_ns();
		log_warn("librdkafka %s: %s", facility, text);
	}
}

/* Properties that would break what topic.h promises. */
static const char *refusal(const char *name, const char *value)
{
	if (!strcmp(name, "bootstrap.servers") || !strcmp(name, "metadata.broker.list"))
		return "the brokers are named by the source, kafka:BROKER[,BROKER...]/TOPIC";
	if (!strcmp(name, "log.queue"))
		return "it is always true";
	if (!strcmp(name, "enable.partition.eof") && strcmp(value, "true"))
		return "the end of the inventory could not be seen";
	if (!strcmp(name, "auto.offset.reset") && strcmp(value, "earliest") && strcmp(value, "beginning") &&
	    strcmp(value, "smallest"))
		return "the inventory is read from its beginning";
	return NULL;
}

/*
 * What waits to be handed out is bounded, but not closely: librdkafka looks
 * but once a second whether a full queue has room again. Partitions that are
 * added are found within 30 s.
 */
int topic_configure(struct topic *t, rd_kafka_conf_t *conf, char *const *properties, const struct sink_spec *spec)
{
	static char *const defaults[] = {
		"client.id", "ninetap",
		"allow.auto.create.topics", "false",
		"auto.offset.reset", "earliest",
		"enable.auto.commit", "false",
		"enable.auto.offset.store", "false",
		"enable.partition.eof", "true",
		"queued.max.messages.kbytes", "32768",
		"topic.metadata.refresh.interval.ms", "30000",
		NULL
	};
	int err = kafka_conf_fill(conf, defaults, properties, refusal, spec);

	if (!err)
		err = kafka_conf_set(conf, "log.queue", "true");
	if (err)
		return err;
	rd_kafka_conf_set_opaque(conf, t);
	rd_kafka_conf_set_error_cb(conf, on_error);
	rd_kafka_conf_set_log_cb(conf, on_log);
	return 0;
}
