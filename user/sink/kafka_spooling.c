// SPDX-License-Identifier: Apache-2.0
/*
 * kafka_spooling.c - an outage of Kafka: what is not acknowledged goes to the
 * spool, new batches behind it, and all of it out again in order.
 *
 *	straight	batch -> window -> producer; the spool is empty
 *	outage		batch -> spool; a new producer probes with its first message
 *	catching up	batch -> spool -> window -> producer, until the spool is empty
 *
 * What the spool doesn't take (its disk is full) waits in memory behind it.
 * Nothing here is used without a spool.
 */
#include <errno.h>
#include <string.h>
#include "base/log.h"
#include "sink/kafka_priv.h"

#define FULL_PATIENCE_NS 500000000LL	/* without an answer while the window is full: sooner than spool_after_ns */
#define RETRY_NS 1000000000LL		/* between attempts at a spool that doesn't take anything */
#define FEED_TURN 1000			/* messages from the spool into the window at once */
#define APPEND_TURN 64U			/* the other way, of one batch */

bool kafka_spooling(const struct kafka_sink *k)
{
	return k->spool && (!spool_empty(k->spool) || k->window.waiting.head);
}

/* Those of this run's packets are in the header "lost" of what follows. */
static void on_spool_lost(void *arg, const struct sink_spool_loss *l)
{
	struct kafka_sink *k = arg;
	bool ours = l->stream == STREAM_PACKETS && l->epoch == k->origin->epoch && l->cpu < SINK_CPUS &&
		    l->box && !strcmp(l->box, k->origin->box);

	if (ours)
		sink_count(&k->base.cpu_lost[l->cpu], l->count);
	if (k->spool_lost)
		k->spool_lost(k->spool_lost_arg, l);
}

int kafka_open_spool(struct kafka_sink *k, const struct sink_settings *s)
{
	struct spool_settings set = {
		.dir = s->spool, .bytes_max = s->spool_bytes, .age_ns = s->spool_age_ns,
		.sync_ns = s->spool_sync_ns, .lost = on_spool_lost, .arg = k,
	};
	int err = s->spool ? spool_open(&k->spool, &set) : 0;

	if (err || !s->spool)
		return err;
	k->spool_lost = s->spool_lost;
	k->spool_lost_arg = s->spool_lost_arg;
	k->spool_after_ns = (int64_t)s->spool_after_ns;
	k->probing = k->outage = !spool_empty(k->spool);
	return 0;
}

/* Whether the spool still had it: it may have dropped it meanwhile, which is counted. */
static bool take_out(struct spool *s, uint64_t id)
{
	struct spool_stats before, after;

	spool_get_stats(s, &before);
	spool_acked(s, id);
	spool_get_stats(s, &after);
	return after.out != before.out;
}

void kafka_spool_answered(struct kafka_sink *k, const struct entry *e, bool refused)
{
	struct sink_spool_loss l = {
		.box = e->box, .reason = "refused", .epoch = e->epoch, .cpu = e->batch.cpu,
		.stream = e->batch.stream, .seq = e->msgs[0].seq, .count = e->msgs[0].count,
	};

	k->probing = false;
	if (!take_out(k->spool, e->spool_id) || !refused)
		return;
	sink_count(&k->spool_refused, l.count);
	on_spool_lost(k, &l);
}

static struct spool_msg message_of(const struct entry *e, const struct batch_msg *m)
{
	return (struct spool_msg){
		.stream = e->batch.stream, .cpu = e->batch.cpu, .count = m->count, .epoch = e->epoch, .seq = m->seq,
		.lost = e->lost_before, .box = e->box, .schema = e->schema,
		.payload = e->bytes.data + m->begin, .bytes = m->end - m->begin,
	};
}

/* Messages from *i on that are not settled, APPEND_TURN at most; *i is behind them then. Not 0: some are left. */
static int append_some(struct kafka_sink *k, struct queue *q, struct entry *e, uint32_t *i, int64_t now_ns)
{
	struct spool_msg msgs[APPEND_TURN];
	struct slot *slots[APPEND_TURN];
	uint32_t n = 0, taken = 0;
	int err;

	for (; *i < e->msgs_n && n < APPEND_TURN; ++*i) {
		if (e->slots[*i].state == SLOT_SETTLED)
			continue;
		slots[n] = &e->slots[*i];
		msgs[n++] = message_of(e, &e->msgs[*i]);
	}
	err = spool_append_all(k->spool, msgs, n, &taken);
	for (uint32_t done = 0; done < taken; done++) {
		window_settle(&k->window, q, slots[done], now_ns);
		sink_count(&k->base.spooled, msgs[done].count);
	}
	return err;
}

/* What of a batch is not settled, in order. Not 0: some of it is left. */
static int append_entry(struct kafka_sink *k, struct queue *q, struct entry *e, int64_t now_ns)
{
	for (uint32_t i = 0; i < e->msgs_n;) {
		int err = append_some(k, q, e, &i, now_ns);

		if (err) {
			k->append_at_ns = now_ns + RETRY_NS;
			return err;
		}
	}
	kafka_finish(k, q, e);
	return 0;
}

static int append_queue(struct kafka_sink *k, struct queue *q, int64_t now_ns)
{
	struct entry *e = q->head;
	int err = 0;

	while (e && !err) {
		struct entry *next = e->next;

		if (!e->of_spool)
			err = append_entry(k, q, e, now_ns);
		e = next;
	}
	return err;
}

/* They are in the spool still, or were dropped there. */
static void forget_spooled(struct kafka_sink *k)
{
	struct entry *e = k->window.flight.head;

	while (e) {
		struct entry *next = e->next;

		if (e->of_spool)
			window_drop(&k->window, &k->window.flight, e);
		e = next;
	}
	spool_rewind(k->spool);
	k->skipped = false;
}

static bool holds_batches(const struct queue *q)
{
	const struct entry *e = q->head;

	while (e && e->of_spool)
		e = e->next;
	return e;
}

/*
 * The producer is thrown away: what it holds would be sent behind what is
 * spooled now, or twice. But not if the spool takes nothing: then it is all
 * there is.
 */
static void begin_outage(struct kafka_sink *k, int64_t now_ns)
{
	struct window *w = &k->window;
	uint64_t before = atomic_load(&k->base.spooled);
	bool any = !holds_batches(&w->flight);

	if (k->producer)
		producer_retire(k->producer, &w->flight);
	append_queue(k, &w->flight, now_ns);
	any |= atomic_load(&k->base.spooled) != before;
	if (!any) {
		if (k->producer)
			producer_spare(k->producer);
		return;
	}
	kafka_throw_away(k);
	forget_spooled(k);
	window_hold_back(w);
	k->probing = true;
	if (!k->outage)
		log_warn("deliver to kafka: no answer for %.1f s: what is not acknowledged is put into the spool %s",
			 (double)k->spool_after_ns / 1e9, k->spool_dir);
	k->outage = true;
}

static bool stalled(const struct kafka_sink *k, int64_t now_ns)
{
	int64_t since = window_stalled_since(&k->window), patience = k->spool_after_ns;

	if (!since || k->probing || k->retired || now_ns < k->append_at_ns)
		return false;
	if (!kafka_spooling(k) && !queue_has_room(&k->window, &k->window.flight) && patience > FULL_PATIENCE_NS)
		patience = FULL_PATIENCE_NS;
	return now_ns - since >= patience;
}

/* The next message of the spool, as it was put in. */
static int feed_one(struct kafka_sink *k, int64_t now_ns)
{
	struct spool_msg m;
	struct batch_msg msg;
	struct entry *e;
	uint64_t id;
	int err = spool_next(k->spool, &m, &id);

	if (err)
		return err;
	msg = (struct batch_msg){ .end = (uint32_t)m.bytes, .count = m.count, .seq = m.seq };
	e = window_copy(&k->window, &msg, m.payload, m.box, m.schema);
	if (!e) {
		k->skipped = true;
		return -ENOMEM;
	}
	e->batch = (struct sink_batch){ .stream = m.stream, .cpu = m.cpu };
	e->lost_before = m.lost;
	e->epoch = m.epoch;
	e->of_spool = true;
	e->spool_id = id;
	window_send(&k->window, e, now_ns);
	return 0;
}

/* Half of the window keeps a broker busy; all of it would only be a copy of what is on disk. */
static bool wants_more(const struct window *w)
{
	return queue_has_room(w, &w->flight) && w->flight.bytes < w->max_bytes / 2;
}

static void feed(struct kafka_sink *k, int64_t now_ns)
{
	const struct queue *flight = &k->window.flight;
	int n = k->probing ? 1 : FEED_TURN;

	if ((k->skipped || k->probing) && flight->head)
		return;
	if (k->skipped)
		spool_rewind(k->spool);
	k->skipped = false;
	while (n-- && wants_more(&k->window) && !feed_one(k, now_ns))
		;
}

static void end_outage(struct kafka_sink *k, int64_t now_ns)
{
	k->probing = false;
	window_let_go(&k->window, now_ns);
	if (k->outage)
		log_notice("deliver to kafka: all of the spool is sent");
	k->outage = false;
}

void kafka_serve_spool(struct kafka_sink *k, int64_t now_ns)
{
	spool_poll(k->spool);
	if (stalled(k, now_ns))
		begin_outage(k, now_ns);
	if (!spool_empty(k->spool) && k->window.waiting.head && now_ns >= k->append_at_ns)
		append_queue(k, &k->window.waiting, now_ns);
	if (spool_empty(k->spool))
		end_outage(k, now_ns);
	else
		feed(k, now_ns);
}

void kafka_spool_batch(struct kafka_sink *k, struct entry *e, int64_t now_ns)
{
	bool first = !k->window.waiting.head;

	window_wait(&k->window, e);
	if (first)
		append_entry(k, &k->window.waiting, e, now_ns);
}

void kafka_spool_rest(struct kafka_sink *k, int64_t now_ns)
{
	if (!append_queue(k, &k->window.flight, now_ns))
		append_queue(k, &k->window.waiting, now_ns);
}
