/* SPDX-License-Identifier: Apache-2.0
 *
 * Fairness and order.  Every tenant has a lane; a turn is worth QUANTUM bytes, so a tenant that sends
 * a hundred times as much waits longer itself and nobody else does.  Batches of one epoch reach the
 * archive in order: one that came too early waits a little for its forerunner.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "role/ingest_priv.h"

#define QUANTUM (256 << 10)

/* ---- lanes ---- */

void
lanes_init(struct lanes *ls)
{
	*ls = (struct lanes){ 0 };
	ls->last = &ls->first;
}

void
lanes_fini(struct lanes *ls)
{
	for (struct map_slot *s = NULL; (s = map_next(&ls->by_tenant, s)) != NULL;) {
		struct lane *l = s->ptr;

		while (l->first != NULL) {
			struct post *p = l->first;

			l->first = p->next;
			post_free(p);
		}
		free(l);
	}
	map_fini(&ls->by_tenant);
	lanes_init(ls);
}

struct lane *
lanes_get(struct lanes *ls, const char *tenant)
{
	bool fresh;
	struct map_slot *s = map_put(&ls->by_tenant, slice_str(tenant), &fresh);

	if (fresh) {
		struct lane *l = x_calloc(1, sizeof *l);

		snprintf(l->tenant, sizeof l->tenant, "%s", tenant);
		l->last = &l->first;
		s->ptr = l;
	}
	return s->ptr;
}

static void
ring_push(struct lanes *ls, struct lane *l)
{
	l->next = NULL;
	*ls->last = l;
	ls->last = &l->next;
}

static struct lane *
ring_pop(struct lanes *ls)
{
	struct lane *l = ls->first;

	ls->first = l->next;
	if (ls->first == NULL)
		ls->last = &ls->first;
	return l;
}

void
lanes_push(struct lanes *ls, struct post *p)
{
	struct lane *l = lanes_get(ls, p->head.key.tenant);

	p->lane = l;
	p->next = NULL;
	*l->last = p;
	l->last = &p->next;
	p->head.wire_len = (uint32_t)p->wire.n;
	l->bytes += p->head.wire_len;
	ls->bytes += p->head.wire_len;
	l->posts++;
	if (!l->active) {
		l->active = true;
		l->deficit = 0;
		ring_push(ls, l);
	}
}

struct post *
lanes_next(struct lanes *ls)
{
	while (ls->first != NULL) {
		struct lane *l = ls->first;
		struct post *p = l->first;

		if (l->deficit < (int64_t)p->head.wire_len) {
			l->deficit += QUANTUM;
			ring_push(ls, ring_pop(ls));
			continue;
		}
		l->deficit -= p->head.wire_len;
		l->first = p->next;
		if (l->first == NULL) {
			l->last = &l->first;
			l->active = false;
			ring_pop(ls);
		}
		return p;
	}
	return NULL;
}

void
lanes_done(struct lanes *ls, struct post *p)
{
	p->lane->bytes -= p->head.wire_len;
	p->lane->posts--;
	ls->bytes -= p->head.wire_len;
	post_free(p);
}

/* ---- streams ---- */

void
streams_fini(struct streams *ss)
{
	for (struct map_slot *s = NULL; (s = map_next(&ss->by_key, s)) != NULL;) {
		struct stream *st = s->ptr;

		must(st->held.n == 0); /* whoever forgets streams answers the posts first */
		vec_fini(&st->held);
		free(st);
	}
	map_fini(&ss->by_key);
}

/* A collector may make as many epochs as it likes; what is known of idle ones is only a convenience. */
static void
forget_idle(struct streams *ss)
{
	struct map kept = { 0 };

	for (struct map_slot *s = NULL; (s = map_next(&ss->by_key, s)) != NULL;) {
		struct stream *st = s->ptr;

		if (st->held.n != 0) {
			map_put(&kept, s->key, NULL)->ptr = st;
		} else {
			vec_fini(&st->held);
			free(st);
		}
	}
	map_fini(&ss->by_key);
	ss->by_key = kept;
}

struct stream *
streams_get(struct streams *ss, const struct batch_key *key)
{
	struct slice k = slice_of(key, offsetof(struct batch_key, seq));
	struct map_slot *s = map_get(&ss->by_key, k);

	if (s != NULL)
		return s->ptr;
	if (ss->by_key.n >= STREAMS_MAX)
		forget_idle(ss);
	s = map_put(&ss->by_key, k, NULL);
	s->ptr = x_calloc(1, sizeof(struct stream));
	return s->ptr;
}

static void
hold(struct stream *s, struct post *p, int64_t until)
{
	p->hold_until = until;
	vec_push(&s->held, p);
}

bool
stream_take(struct stream *s, struct post *p, int64_t until)
{
	uint64_t seq = p->head.key.seq;

	if (s->known && seq > s->sent + 1 && seq - s->sent <= HELD_MAX && s->held.n < HELD_MAX && !p->waited) {
		hold(s, p, until);
		return false;
	}
	if (!s->known || seq == s->sent + 1) {
		s->known = true;
		s->sent = seq;
	}
	return true;
}

static struct post *
unhold(struct stream *s, size_t i)
{
	struct post *p = s->held.v[i];

	s->held.v[i] = s->held.v[--s->held.n];
	return p;
}

struct post *
stream_ready(struct stream *s, int64_t now)
{
	for (size_t i = 0; i < s->held.n; i++)
		if (s->held.v[i]->head.key.seq <= s->sent + 1) {
			struct post *p = unhold(s, i);

			if (p->head.key.seq == s->sent + 1)
				s->sent++;
			return p;
		}
	for (size_t i = 0; i < s->held.n; i++)
		if (s->held.v[i]->hold_until <= now) {
			s->held.v[i]->waited = true;
			return unhold(s, i);
		}
	return NULL;
}

bool
stream_receipt(struct stream *s, struct post *p, enum receipt_status status, uint64_t want, int64_t until)
{
	uint64_t seq = p->head.key.seq;

	switch (status) {
	case RECEIPT_STORED:
	case RECEIPT_REPLAY:
		if (!s->known || s->sent < seq)
			s->sent = seq;
		s->known = true;
		return false;
	case RECEIPT_GAP:
		if (want == 0)
			return false;
		s->known = true;
		s->sent = want - 1;
		if (p->waited || seq < want || seq - want >= HELD_MAX || s->held.n >= HELD_MAX)
			return false;
		p->waited = true;
		hold(s, p, until);
		return true;
	default:
		s->known = false; /* the next one finds out */
		return false;
	}
}
