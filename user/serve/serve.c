/* SPDX-License-Identifier: Apache-2.0 */
/*
 * serve.c - what is served, and the way of a ledger from the thread that
 * makes it to the one that answers; contract in serve.h.
 *
 * The lock is held for the exchange of a pointer alone. The answering thread
 * keeps the snapshot that it took until there is a newer one.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include "base/clock.h"
#include "base/log.h"
#include "serve/health.h"
#include "serve/http.h"
#include "serve/metrics.h"
#include "serve/serve.h"

#define OK 200U
#define NOT_FOUND 404U
#define NO_MEMORY 500U
#define UNAVAILABLE 503U
#define OPENMETRICS_TYPE "application/openmetrics-text"

struct snapshot {
	struct ledger ledger;		/* its lists are owned, and stand behind it */
	struct tag_origin origin;
	const char *ill;		/* health_check() */
	int64_t made_ns;		/* CLOCK_MONOTONIC */
};

struct serve {
	struct http *http;
	struct health health;		/* of the publishing thread */
	struct snapshot *shown;		/* of the answering thread */
	pthread_mutex_t lock;
	struct snapshot *fresh;		/* under it; NULL: shown is the newest */
};

/* One piece of memory, free() frees it. */
static struct snapshot *copy(const struct ledger *l)
{
	size_t cpus = l->cpus_n * sizeof(*l->cpus), ifaces = l->ifaces_n * sizeof(*l->ifaces);
	struct snapshot *s = malloc(sizeof(*s) + cpus + ifaces);
	char *behind = (char *)(s + 1);

	if (!s)
		return NULL;
	s->ledger = *l;
	s->origin = *l->origin;
	s->ledger.origin = &s->origin;
	s->ledger.cpus = cpus ? memcpy(behind, l->cpus, cpus) : NULL;
	s->ledger.ifaces = ifaces ? memcpy(behind + cpus, l->ifaces, ifaces) : NULL;
	return s;
}
_Static_assert(sizeof(struct snapshot) % _Alignof(struct ledger_cpu) == 0 &&
	       sizeof(struct ledger_cpu) % _Alignof(struct ledger_iface) == 0, "lists behind a snapshot are aligned");

void serve_publish(struct serve *s, const struct ledger *l)
{
	int64_t now = clock_monotonic_ns();
	struct snapshot *made, *old;
	const char *ill;

	if (!s)
		return;
	http_expire(s->http, now);
	ill = health_check(&s->health, l, now);
	made = copy(l);
	if (!made)
		return;			/* the one before grows old, which /healthz tells */
	made->ill = ill;
	made->made_ns = now;
	pthread_mutex_lock(&s->lock);
	old = s->fresh;
	s->fresh = made;
	pthread_mutex_unlock(&s->lock);
	free(old);
}

/* The newest there is, or NULL. Valid until the next call. */
static const struct snapshot *newest(struct serve *s)
{
	struct snapshot *fresh;

	pthread_mutex_lock(&s->lock);
	fresh = s->fresh;
	s->fresh = NULL;
	pthread_mutex_unlock(&s->lock);
	if (fresh) {
		free(s->shown);
		s->shown = fresh;
	}
	return s->shown;
}

static unsigned int say(struct buf *body, unsigned int status, const char *text)
{
	if (buf_put(body, text, strlen(text)) || buf_put(body, "\n", 1))
		return NO_MEMORY;
	return status;
}

static unsigned int answer_health(const struct snapshot *s, struct buf *body)
{
	if (!s)
		return say(body, UNAVAILABLE, "the run has not begun");
	if (clock_monotonic_ns() - s->made_ns > SERVE_STALE_NS)
		return say(body, UNAVAILABLE, "nothing was heard of the run for more than 5 s");
	return s->ill ? say(body, UNAVAILABLE, s->ill) : say(body, OK, "ok");
}

/* OpenMetrics, unless a client names other texts and not this one. */
static bool wants_openmetrics(const char *accept)
{
	return strstr(accept, OPENMETRICS_TYPE) || !strstr(accept, "text/");
}

static unsigned int answer_metrics(const struct snapshot *s, const char *accept, struct buf *body,
				   const char **type)
{
	bool open = wants_openmetrics(accept);

	if (!s)
		return say(body, UNAVAILABLE, "the run has not begun");
	if (metrics_text(body, &s->ledger, open)) {
		body->len = 0;
		return NO_MEMORY;
	}
	*type = open ? OPENMETRICS_TYPE "; version=1.0.0; charset=utf-8" : "text/plain; version=0.0.4; charset=utf-8";
	return OK;
}

static unsigned int handle(void *arg, const char *path, const char *accept, struct buf *body, const char **type)
{
	if (!strcmp(path, "/metrics"))
		return answer_metrics(newest(arg), accept, body, type);
	if (!strcmp(path, "/healthz"))
		return answer_health(newest(arg), body);
	return say(body, NOT_FOUND, "there are /metrics and /healthz");
}

int serve_open(struct serve **out, const char *address)
{
	struct serve *s = calloc(1, sizeof(*s));
	int err;

	*out = NULL;
	if (!s) {
		log_error("listen at %s: %s", address, strerror(ENOMEM));
		return -ENOMEM;
	}
	pthread_mutex_init(&s->lock, NULL);
	err = http_open(&s->http, address, handle, s);
	if (err) {
		serve_close(s);
		return err;
	}
	log_notice("metrics at http://%s/metrics", http_address(s->http));
	*out = s;
	return 0;
}

const char *serve_address(const struct serve *s)
{
	return http_address(s->http);
}

void serve_close(struct serve *s)
{
	if (!s)
		return;
	http_close(s->http);		/* ends the thread that answers */
	pthread_mutex_destroy(&s->lock);
	free(s->shown);
	free(s->fresh);
	free(s);
}
