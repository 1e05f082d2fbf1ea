// SPDX-License-Identifier: Apache-2.0
/*
 * kafka_conf.c - see kafka_conf.h.
 */
#include "kafka/kafka_conf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "base/log.h"

int kafka_conf_set(rd_kafka_conf_t *conf, const char *name, const char *value)
{
	char reason[512];

	if (rd_kafka_conf_set(conf, name, value, reason, sizeof(reason)) == RD_KAFKA_CONF_OK)
		return 0;
	log_error("set kafka property %s: %s", name, reason);
	return -EINVAL;
}

static int set_all(rd_kafka_conf_t *conf, char *const *properties, kafka_refusal *refusal)
{
	int err = 0;

	for (char *const *p = properties; p && p[0] && !err; p += 2) {
		const char *why = refusal(p[0], p[1]);

		if (why)
			log_error("set kafka property %s: %s", p[0], why);
		err = why ? -EINVAL : kafka_conf_set(conf, p[0], p[1]);
	}
	return err;
}

static int set_brokers(rd_kafka_conf_t *conf, const struct sink_spec *spec)
{
	char *list = strndup(spec->brokers, spec->brokers_len);
	int err = list ? kafka_conf_set(conf, "bootstrap.servers", list) : -ENOMEM;

	free(list);
	return err;
}

int kafka_conf_fill(rd_kafka_conf_t *conf, char *const *defaults, char *const *properties, kafka_refusal *refusal,
		    const struct sink_spec *spec)
{
	int err = set_all(conf, defaults, refusal);

	if (!err)
		err = set_all(conf, properties, refusal);
	return err ? err : set_brokers(conf, spec);
}
