/* SPDX-License-Identifier: Apache-2.0
 *
 * One event: its values as folded segments, and one predicate on them.
 *
 * A field may hold several values (an array of the event): a positive test holds when any of them does.
 * A predicate whose truth the scan has set is only looked up; the others are decided here on demand and
 * remembered for the event.  eval_slow() decides every kind from the segments alone: the naive evaluator
 * and the explanation of a match use it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/must.h"
#include "codec/ip.h"
#include "sigma/sigma_priv.h"

#define NUMBER_TEXT_MAX 24 /* longer texts are no numbers: hashes, GUIDs */

/* ---- segments ---- */

static struct slice
text_of(struct sigma_worker *w, const struct value *v)
{
	char *tmp;

	switch (v->kind) {
	case VALUE_BOOL:
		return v->i != 0 ? SL("true") : SL("false");
	case VALUE_TIME:
		if (w->time_n == WORKER_TIMES)
			return (struct slice){ 0 };
		tmp = w->times[w->time_n++];
		return slice_of(tmp, time_format_rfc3339(tmp, v->i, v->i % NS_PER_S != 0 ? 3 : 0));
	default:
		return (struct slice){ v->p, v->n };
	}
}

static void
seg_push(struct sigma_worker *w, uint32_t vf, const struct value *v, struct slice raw)
{
	struct seg *s;
	size_t room = raw.n * 3 / 2 + 16;

	if (w->seg_n == w->seg_cap) {
		w->seg_cap = w->seg_cap * 2 + 64;
		w->seg = x_realloc(w->seg, w->seg_cap * sizeof *w->seg);
	}
	if (w->fold_n + room > w->fold_cap) {
		w->fold_cap = (w->fold_cap + room) * 2;
		w->fold = x_realloc(w->fold, w->fold_cap);
	}
	s = &w->seg[w->seg_n++];
	*s = (struct seg){ .vf = vf, .start = (uint32_t)w->fold_n, .v = v, .raw = raw };
	s->n = (uint32_t)text_fold(w->fold + w->fold_n, raw.p, raw.n);
	w->fold_n += s->n;
}

static void
push_values(struct sigma_worker *w, uint32_t vf, const struct value *v)
{
	for (; v != NULL; v = v->next)
		if (v->kind != VALUE_NULL)
			seg_push(w, vf, v, text_of(w, v));
}

static bool
is_first_path(const struct vf *f, const struct event *e, int slot)
{
	for (uint8_t i = 0; f->path[i] != slot; i++)
		if (event_has(e, f->path[i]))
			return false;
	return true;
}

static const uint32_t *
readers_of(const struct route *r, int slot)
{
	uint64_t word = r->slots[slot / 64], bit = 1ull << slot % 64;
	static const uint32_t nobody = NONE;

	if ((word & bit) == 0)
		return &nobody;
	return r->readers.v +
	       r->readers_at.v[r->rank[slot / 64] + (uint32_t)__builtin_popcountll(word & (bit - 1))];
}

static void
push_slot(struct sigma_worker *w, const struct event *e, int slot, const struct route *r)
{
	bool any = false;

	for (const uint32_t *vf = readers_of(r, slot); *vf != NONE; vf++) {
		const struct vf *f = &w->set->vfs.v[*vf];

		if (f->path[0] != slot && !is_first_path(f, e, slot))
			continue;
		w->range[*vf] = (struct seg_range){ w->epoch, w->seg_n, 0 };
		push_values(w, *vf, &e->slot[slot]);
		w->range[*vf].n = w->seg_n - w->range[*vf].first;
		any = true;
	}
	if (!any && r->keywords)
		push_values(w, NONE, &e->slot[slot]);
}

/* The raw line is searched by keywords when it is text for people; the values of a JSON or XML record are
 * searched one by one already. */
static void
push_rest(struct sigma_worker *w, const struct event *e)
{
	struct slice line = slice_trim(e->line), message = event_text(e, F_MESSAGE);

	for (uint32_t i = 0; i < e->extra_n; i++)
		push_values(w, NONE, &e->extra[i].value);
	if (line.n != 0 && line.p[0] != '{' && line.p[0] != '<' && line.p != message.p)
		seg_push(w, NONE, NULL, line);
	else if (line.n > 4 && line.p[0] == '<' && line.p[1] >= '0' && line.p[1] <= '9' && line.p != message.p)
		seg_push(w, NONE, NULL, line); /* syslog's <PRI> */
}

/* Providers that wrap their data in an element of their own: winlog.user_data.<element>.<Name> is <Name> too. */
static void
push_user_data(struct sigma_worker *w, const struct event *e)
{
	char name[300] = "winlog.event_data.";

	for (uint32_t i = 0; i < e->extra_n; i++) {
		struct slice key = e->extra[i].key;
		const char *dot;
		int slot;

		if (!slice_starts(key, SL("winlog.user_data.")) || key.n > 250)
			continue;
		dot = memrchr(key.p, '.', key.n);
		memcpy(name + 18, dot + 1, (size_t)(key.p + key.n - dot - 1));
		slot = fieldset_find(w->set->fs, slice_of(name, 18 + (size_t)(key.p + key.n - dot - 1)));
		for (const uint32_t *vf = slot >= 0 ? w->set->slot_vf[slot] : NULL; vf != NULL && *vf != NONE; vf++) {
			if (w->range[*vf].epoch == w->epoch)
				continue;
			w->range[*vf] = (struct seg_range){ w->epoch, w->seg_n, 0 };
			push_values(w, *vf, &e->extra[i].value);
			w->range[*vf].n = w->seg_n - w->range[*vf].first;
		}
	}
}

void
worker_segments(struct sigma_worker *w, const struct event *e, const struct route *r)
{
	w->seg_n = 0;
	w->fold_n = 0;
	w->time_n = 0;
	for (size_t i = 0; i < EVENT_WORDS; i++) {
		uint64_t left = r->keywords ? e->has[i] : e->has[i] & r->slots[i];

		for (; left != 0; left &= left - 1)
			push_slot(w, e, (int)(i * 64) + __builtin_ctzll(left), r);
	}
	if (e->extra_n != 0)
		push_user_data(w, e);
	if (r->keywords)
		push_rest(w, e);
}

static inline struct slice
seg_fold(const struct sigma_worker *w, const struct seg *s)
{
	return (struct slice){ w->fold + s->start, s->n };
}

/* ---- exact values ---- */

uint64_t
exact_hash(uint32_t vf, struct slice s)
{
	uint64_t h = (uint64_t)vf * 0x9e3779b97f4a7c15ULL + s.n, v = 0;

	for (; s.n >= 8; s.p += 8, s.n -= 8) {
		memcpy(&v, s.p, 8);
		h = (h ^ v) * 0xff51afd7ed558ccdULL;
		h ^= h >> 32;
	}
	v = 0;
	memcpy(&v, s.p, s.n);
	return hash_mix(h ^ v);
}

static void
probe(struct sigma_worker *w, uint32_t vf, struct slice text, bool number)
{
	const struct sigma_set *set = w->set;
	uint64_t h;

	if ((set->exact_hint[vf & ~VF_TAIL] & exact_bit(text)) == 0)
		return;
	h = exact_hash(vf, text);
	for (size_t i = h & (set->exact_cap - 1); set->exact[i].n != 0; i = (i + 1) & (set->exact_cap - 1)) {
		const struct exact_slot *s = &set->exact[i];

		if (s->hash != h || s->vf != vf || !slice_eq(s->text, text))
			continue;
		for (uint32_t k = 0; k < s->n; k++)
			if (!number || set->exact_entries.v[s->first + k].number)
				worker_set(w, set->exact_entries.v[s->first + k].pred);
		return;
	}
}

static bool
is_canonical(struct slice s)
{
	size_t i = s.p[0] == '-';

	if (i == s.n || (s.p[i] == '0' && s.n != 1))
		return false;
	for (; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

static bool
seg_number(const struct seg *s, double *ret)
{
	if (s->v == NULL || s->raw.n == 0 || s->raw.n > NUMBER_TEXT_MAX ||
	    (s->v->kind == VALUE_TEXT && s->raw.p[0] > '9'))
		return false;
	return value_number(s->v, ret);
}

void
worker_probe(struct sigma_worker *w, const struct route *r)
{
	for (uint32_t i = 0; i < w->seg_n; i++) {
		const struct seg *s = &w->seg[i];
		struct slice text = seg_fold(w, s);
		const char *tail;
		char tmp[32];
		double d;
		uint8_t use;

		if (s->vf == NONE)
			continue;
		use = r->use[s->vf];
		for (uint32_t k = w->set->present_at[s->vf]; k < w->set->present_at[s->vf + 1]; k++)
			worker_set(w, w->set->present[k].pred);
		if ((use & USE_EXACT) != 0)
			probe(w, s->vf, text, false);
		tail = (use & USE_TAIL) != 0 ? memrchr(text.p, '\\', text.n) : NULL;
		if (tail != NULL)
			probe(w, s->vf | VF_TAIL, slice_of(tail, text.n - (size_t)(tail - text.p)), false);
		if ((use & USE_NUMBER) == 0 || text.n == 0 || text.p[0] > '9' || is_canonical(text) || !seg_number(s, &d))
			continue;
		if (d > -9e15 && d < 9e15 && d == (double)(int64_t)d)
			probe(w, s->vf, slice_of(tmp, (size_t)snprintf(tmp, sizeof tmp, "%lld", (long long)d)), true);
	}
}

/* ---- single tests ---- */

static bool
test_cidr(const struct pred *p, struct slice raw)
{
	char tmp[64];
	struct ip ip;
	unsigned bytes = p->bits / 8, rest = p->bits % 8;

	if (raw.n == 0 || raw.n >= sizeof tmp)
		return false;
	memcpy(tmp, raw.p, raw.n);
	tmp[raw.n] = '\0';
	if (strchr(tmp, ':') == NULL) {
		if (!ip_parse(raw, &ip))
			return false;
	} else if (inet_pton(AF_INET6, tmp, ip.b) != 1) {
		return false; /* a zone is no part of an address here */
	}
	if (memcmp(ip.b, p->lit.p, bytes) != 0)
		return false;
	return rest == 0 || ((ip.b[bytes] ^ (unsigned char)p->lit.p[bytes]) >> (8 - rest)) == 0;
}

static bool
two_digits(struct slice s, size_t at, int64_t *ret)
{
	return at + 2 <= s.n && slice_i64(slice_sub(s, at, at + 2), ret);
}

/* ISO 8601 week: the week of the year's first Thursday is 1. */
static int64_t
iso_week(int64_t y, int64_t m, int64_t d)
{
	int64_t day = days_from_civil(y, (unsigned)m, (unsigned)d), weekday = ((day + 3) % 7 + 7) % 7;
	int64_t thursday = day - weekday + 3, ty;
	unsigned tm, td;

	civil_from_days(thursday, &ty, &tm, &td);
	return (thursday - days_from_civil(ty, 1, 1)) / 7 + 1;
}

/* "YYYY-MM-DD hh:mm…" as written, no zone arithmetic. */
static bool
time_part(const struct seg *s, uint8_t part, double *ret)
{
	int64_t y, mo, d, h = 0, mi = 0;
	struct slice t = s->raw;

	if (t.n < 10 || !slice_i64(slice_sub(t, 0, 4), &y) || !two_digits(t, 5, &mo) || !two_digits(t, 8, &d) ||
	    mo < 1 || mo > 12 || d < 1 || d > 31)
		return false;
	if (part == PART_HOUR || part == PART_MINUTE) {
		if (t.n < 16 || !two_digits(t, 11, &h) || !two_digits(t, 14, &mi))
			return false;
	}
	*ret = (double)(part == PART_MINUTE ? mi : part == PART_HOUR ? h : part == PART_DAY ? d :
	                part == PART_MONTH ? mo : part == PART_YEAR ? y : iso_week(y, mo, d));
	return true;
}

static bool
test_number(const struct pred *p, const struct seg *s, struct slice fold)
{
	double d;
	bool ok = p->part != PART_NONE ? time_part(s, p->part, &d) : seg_number(s, &d);

	if (!ok)
		return p->op == OP_NUMBER && p->part == PART_NONE && slice_eq_nocase(fold, p->lit);
	switch (p->op) {
	case OP_LT: return d < p->num;
	case OP_LTE: return d <= p->num;
	case OP_GT: return d > p->num;
	case OP_GTE: return d >= p->num;
	default: return d == p->num || (p->part == PART_NONE && slice_eq_nocase(fold, p->lit));
	}
}

static bool
test_text(uint8_t op, struct slice text, struct slice lit)
{
	switch (op) {
	case OP_EXACT: return slice_eq(text, lit);
	case OP_PREFIX: return slice_starts(text, lit);
	case OP_SUFFIX: return slice_ends(text, lit);
	default: return lit.n == 0 || memmem(text.p, text.n, lit.p, lit.n) != NULL;
	}
}

static bool
test_seg(struct sigma_worker *w, const struct pred *p, const struct seg *s)
{
	struct slice fold = seg_fold(w, s), text = p->cased ? s->raw : fold;
	int r;

	switch (p->op) {
	case OP_GLOB:
		return text_glob(p->pat.v, p->pat.n, text);
	case OP_REGEX:
		r = regex_match(p->re, w->rs, s->raw);
		w->stats.regex_limit += r < 0;
		return r > 0;
	case OP_CIDR:
		return test_cidr(p, s->raw);
	case OP_NUMBER: case OP_LT: case OP_LTE: case OP_GT: case OP_GTE:
		return test_number(p, s, fold);
	case OP_ANYVALUE: case OP_HAS:
		return true;
	case OP_LIST:
		return lists_match(w->lists, p, text, s->raw);
	default:
		return test_text(p->op, text, p->lit);
	}
}

static bool
test_fieldref(struct sigma_worker *w, const struct pred *p)
{
	const struct seg_range *a = &w->range[p->vf], *b = &w->range[p->vf2];

	if (a->epoch != w->epoch || b->epoch != w->epoch)
		return false;
	for (uint32_t i = 0; i < a->n; i++)
		for (uint32_t k = 0; k < b->n; k++) {
			const struct seg *s = &w->seg[a->first + i], *t = &w->seg[b->first + k];

			if (p->cased ? test_text(p->ref_op, s->raw, t->raw) : test_text(p->ref_op, seg_fold(w, s), seg_fold(w, t)))
				return true;
		}
	return false;
}

static bool
test_all_segments(struct sigma_worker *w, const struct pred *p)
{
	for (uint32_t i = 0; i < w->seg_n; i++)
		if (test_seg(w, p, &w->seg[i]))
			return true;
	return false;
}

bool
eval_slow(struct sigma_worker *w, const struct event *e, const struct pred *p)
{
	const struct seg_range *r = &w->range[p->vf];

	if (p->op == OP_GROUP) {
		for (uint32_t i = 0; i < p->member_n; i++)
			if (eval_slow(w, e, &w->set->preds.v[p->members[i]]))
				return true;
		return false;
	}
	if (p->op == OP_EXISTS)
		return r->epoch == w->epoch;
	if (p->op == OP_NULL)
		return r->epoch != w->epoch || r->n == 0;
	if (p->op == OP_FIELDREF)
		return test_fieldref(w, p);
	if (p->vf == 0)
		return test_all_segments(w, p);
	if (r->epoch != w->epoch)
		return false;
	for (uint32_t i = 0; i < r->n; i++)
		if (test_seg(w, p, &w->seg[r->first + i]))
			return true;
	return false;
}

static bool
any_member(const struct sigma_worker *w, const struct pred *p)
{
	for (uint32_t i = 0; i < p->member_n; i++)
		if (w->yes[p->members[i]] == w->epoch)
			return true;
	return false;
}

bool
eval_pred(struct sigma_worker *w, const struct event *e, uint32_t id)
{
	const struct pred *p = &w->set->preds.v[id];
	bool yes;

	if (w->yes[id] == w->epoch)
		return true;
	if (p->op == OP_GROUP && w->no[id] != w->epoch) {
		yes = any_member(w, p);
		*(yes ? &w->yes[id] : &w->no[id]) = w->epoch;
		return yes;
	}
	if (p->scanned || w->no[id] == w->epoch || (p->trigger != NONE && w->yes[p->trigger] != w->epoch))
		return false;
	yes = eval_slow(w, e, p);
	if (yes)
		w->yes[id] = w->epoch;
	else
		w->no[id] = w->epoch;
	return yes;
}
