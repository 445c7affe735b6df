/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/must.h"
#include "base/vec.h"
#include "detect/found_priv.h"

#define FOUND_BUCKETS 8192u /* power of two, twice DETECT_FOUND_MAX */

struct detect_worker {
	const struct detect_gen *gen;
	const struct intel_image *image;
	struct source_worker *source;
	struct sigma_worker *sigma;
	struct sigma_corr *corr;
	struct event event;
	struct intel_ahead asked;        /* the event's */
	struct arena arena;              /* of the batch */
	VEC(struct found) found;
	uint32_t bucket[FOUND_BUCKETS];  /* index + 1 */
	struct detect_cursor own_cursor, *cursor;
	struct detect_stats stats;
	/* of the batch under way */
	const struct detect_batch *in;
	struct sigma_ref ref;
	struct slice device;
	uint64_t lap_from;
	bool kept;                       /* something found may refer to this line's values */
	VEC(int64_t) canaries;           /* minutes */
};

struct detect_worker *
detect_worker_new(const struct detect_gen *g, const struct intel_image *image)
{
	struct detect_worker *w = x_calloc(1, sizeof *w);

	w->gen = g;
	w->image = image;
	w->source = source_worker_new(detect_gen_sources(g));
	w->sigma = sigma_worker_new(detect_gen_rules(g));
	w->corr = sigma_corr_new(detect_gen_rules(g), NULL);
	w->cursor = &w->own_cursor;
	arena_init(&w->arena, 1 << 20, 0);
	event_init(&w->event, detect_gen_fields(g), &w->arena);
	vec_reserve(&w->found, DETECT_FOUND_MAX);
	return w;
}

void
detect_worker_free(struct detect_worker *w)
{
	if (w == NULL)
		return;
	source_worker_free(w->source);
	sigma_worker_free(w->sigma);
	sigma_corr_free(w->corr);
	vec_fini(&w->found);
	vec_fini(&w->canaries);
	arena_fini(&w->arena);
	free(w);
}

void
detect_worker_image(struct detect_worker *w, const struct intel_image *image)
{
	w->image = image;
}

void
detect_worker_cursor(struct detect_worker *w, struct detect_cursor *c)
{
	w->cursor = c;
}

struct sigma_corr *
detect_worker_corr(struct detect_worker *w)
{
	return w->corr;
}

const int64_t *
detect_worker_canaries(const struct detect_worker *w, size_t *ret_n)
{
	*ret_n = w->canaries.n;
	return w->canaries.v;
}

struct detect_stats
detect_worker_stats(const struct detect_worker *w)
{
	return w->stats;
}

/* The found thing with this group, or a new one; NULL when the batch has too many different ones. */
static struct found *
found_of(struct detect_worker *w, uint64_t group, bool *ret_new)
{
	uint32_t i = (uint32_t)group & (FOUND_BUCKETS - 1);

	*ret_new = false;
	w->kept = true;
	for (; w->bucket[i] != 0; i = (i + 1) & (FOUND_BUCKETS - 1))
		if (w->found.v[w->bucket[i] - 1].group == group)
			return &w->found.v[w->bucket[i] - 1];
	if (w->found.n == DETECT_FOUND_MAX) {
		w->stats.rolled_up++;
		return NULL;
	}
	*ret_new = true;
	vec_push(&w->found, (struct found){ .group = group });
	w->bucket[i] = (uint32_t)w->found.n;
	return &w->found.v[w->found.n - 1];
}

/* One more event for a found thing. */
static void
found_count(struct detect_worker *w, struct found *f, bool is_new)
{
	int64_t at = found_time(&w->event);

	if (!is_new && f->last_n == w->ref.n)
		return;
	f->last_n = (uint32_t)w->ref.n;
	if (is_new) {
		f->first_ns = f->last_ns = at;
		f->device = w->device;
		f->soc_ns = w->in->stored_ns;
	}
	if (is_new || at < f->first_ns)
		f->lcp_ns = w->event.received_ns;
	f->first_ns = at < f->first_ns ? at : f->first_ns;
	f->last_ns = at > f->last_ns ? at : f->last_ns;
	f->count++;
	if (f->ref_n < SIGMA_SAMPLES)
		f->refs[f->ref_n++] = w->ref;
	found_observe(f, &w->event, w->in->tenant->table);
}

static void
on_alarm(void *ctx, const struct sigma_alarm *alarm)
{
	struct detect_worker *w = ctx;
	bool is_new;
	struct found *f = found_of(w, hash_mix(alarm->key), &is_new);

	w->stats.alarms++;
	if (f == NULL || !is_new)
		return;
	f->kind = FOUND_CORRELATION;
	f->rule = alarm->rule;
	f->stable = alarm->key;
	found_count(w, f, true);
	f->first_ns = alarm->first_ns;
	f->last_ns = alarm->last_ns;
	f->count = alarm->count;
	f->ref_n = alarm->ref_n < SIGMA_SAMPLES ? alarm->ref_n : SIGMA_SAMPLES;
	if (f->ref_n != 0)
		memcpy(f->refs, alarm->refs, f->ref_n * sizeof *f->refs);
	for (size_t i = 0; i < alarm->group_n && f->reason_n < FOUND_REASONS_MAX; i++)
		f->reason[f->reason_n++] = (struct sigma_reason){ .field = arena_dup(&w->arena, alarm->group_by[i]),
			                                          .test = SL("group-by"),
			                                          .value = arena_dup(&w->arena, alarm->group_value[i]) };
}

static int
on_match(void *ctx, const struct sigma_rule *rule)
{
	struct detect_worker *w = ctx;
	struct found *f;
	bool is_new;

	w->stats.matches++;
	if (rule->feeds && w->in->correlate)
		sigma_corr_feed(w->corr, w->in->tenant->name, rule, &w->event, found_time(&w->event), &w->ref, on_alarm, w);
	if (rule->silent)
		return 0;
	f = found_of(w, found_group(&w->event, hash_mix(rule->index + 1)), &is_new);
	if (f == NULL)
		return 0;
	if (is_new) {
		f->kind = FOUND_RULE;
		f->rule = rule;
		f->reason_n = sigma_why(w->sigma, &w->event, rule, f->reason, FOUND_REASONS_MAX);
		/* Reasons live until the next event only; what is kept must be ours. */
		for (size_t i = 0; i < f->reason_n; i++) {
			f->reason[i].field = arena_dup(&w->arena, f->reason[i].field);
			f->reason[i].test = arena_dup(&w->arena, f->reason[i].test);
			f->reason[i].value = arena_dup(&w->arena, f->reason[i].value);
		}
	}
	found_count(w, f, is_new);
	return 0;
}

/* Denied traffic from outside that touches a list is the weather: counted, not told (reference 3.6). */
static bool
is_weather(const struct event *e)
{
	const struct value *blocked = event_get(e, F_NZ_BLOCKED);
	struct slice dir = event_text(e, F_NETWORK_DIRECTION);

	return blocked != NULL && blocked->i != 0 && !slice_eq(dir, SL("outbound")) && !slice_eq(dir, SL("egress")) &&
	       !slice_eq(dir, SL("internal"));
}

static void
on_hit(void *ctx, const struct intel_hit *hit)
{
	struct detect_worker *w = ctx;
	struct found *f;
	bool is_new;

	w->stats.hits++;
	if (is_weather(&w->event)) {
		w->stats.hits_denied++;
		return;
	}
	f = found_of(w, found_group(&w->event, hash_stable(hit->indicator)), &is_new);
	if (f == NULL)
		return;
	if (is_new) {
		f->kind = FOUND_INDICATOR;
		f->list = hit->list;
		f->indicator = arena_dup(&w->arena, hit->indicator);
		f->confidence = hit->confidence;
		f->reason[f->reason_n++] = (struct sigma_reason){
			.field = hit->field >= 0 ? slice_str(field_table[hit->field].name) : SL(""),
			.test = slice_str(intel_type_name(hit->type)),
			.value = hit->value
		};
	}
	found_count(w, f, is_new);
}

/* ---- one line ---- */

static void
mark_cut(struct detect_worker *w, uint32_t line)
{
	const struct batch_note *note = batch_note_of(w->in->batch, line);
	char *hex;

	w->stats.cut++;
	if (note == NULL)
		return;
	event_set_long(&w->event, F_NZ_LINE_LENGTH, (int64_t)note->original_len);
	hex = arena_alloc(&w->arena, 65);
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", note->sha256[i]);
	event_set(&w->event, F_NZ_LINE_HASH, slice_of(hex, 64));
}

static void
keep_raw(struct detect_worker *w, struct slice line, int64_t received_ns, struct slice kind)
{
	event_reset(&w->event, line, received_ns);
	event_set_time(&w->event, F_TIMESTAMP, received_ns);
	event_set(&w->event, F_EVENT_KIND, kind);
	if (slice_eq(kind, SL("poison")))
		event_set_bool(&w->event, F_NZ_UNPARSED, true);
}

static void
note_canary(struct detect_worker *w, struct slice line)
{
	uint64_t minute;

	w->stats.canaries++;
	if (slice_starts(line, SL(CANARY_TEXT)) && slice_u64(slice_sub(line, sizeof CANARY_TEXT - 1, line.n), &minute) && minute < UINT32_MAX)
		vec_push(&w->canaries, (int64_t)minute);
}

static void
understand(struct detect_worker *w, uint32_t i, bool poison)
{
	const struct batch *b = w->in->batch;
	const struct batch_line *l = &b->lines[i];
	const struct tenant_table *t = w->in->tenant->table;
	struct slice line = batch_line_bytes(b, i), hint = tenant_source(t, w->device);

	if ((l->flags & LINE_GAP) != 0) {
		keep_raw(w, line, l->received_ns, SL("gap"));
		event_set(&w->event, F_MESSAGE, line);
		w->stats.gaps++;
		return;
	}
	if ((l->flags & LINE_CANARY) != 0) {
		keep_raw(w, line, l->received_ns, SL("canary"));
		event_set(&w->event, F_EVENT_DATASET, slice_str(CANARY_SOURCE));
		note_canary(w, line);
		return;
	}
	if (poison) {
		keep_raw(w, line, l->received_ns, SL("poison"));
		w->stats.poison++;
		return;
	}
	if (hint.n == 0)
		hint = batch_device_source(b, l->device);
	if (source_parse(w->source, line, hint, l->received_ns, tenant_zone(t, w->device), &w->event) < 0)
		w->stats.unparsed++;
	if ((l->flags & LINE_CUT) != 0)
		mark_cut(w, i);
	enrich_event(t, &w->event);
}

static inline uint64_t
ticks(void)
{
#ifdef __x86_64__
	return __builtin_ia32_rdtsc();
#else
	return (uint64_t)clock_mono(clock_real());
#endif
}

static inline void
lap(struct detect_worker *w, enum detect_lap which)
{
	uint64_t now;

	if (w->in->laps == NULL)
		return;
	now = ticks();
	w->in->laps[which] += now - w->lap_from;
	w->lap_from = now;
}

static void
judge(struct detect_worker *w, int64_t now_ns)
{
	if (event_has(&w->event, F_NZ_UNPARSED))
		return; /* nothing to route by; the line stays searchable */
	if (w->image != NULL)
		intel_ask_event(w->image, &w->event, &w->asked);
	lap(w, LAP_INTEL);
	sigma_match(w->sigma, &w->event, sigma_route(w->sigma, &w->event), on_match, w);
	lap(w, LAP_RULES);
	if (w->image != NULL)
		intel_match_asked(w->image, &w->event, &w->asked, now_ns, on_hit, w);
	lap(w, LAP_INTEL);
}

static void
one_line(struct detect_worker *w, uint32_t i, bool poison)
{
	const struct batch_line *l = &w->in->batch->lines[i];
	struct arena_mark before = arena_mark(&w->arena);

	w->kept = false;
	w->cursor->line = i;
	__atomic_signal_fence(__ATOMIC_SEQ_CST); /* the cursor is for whoever comes after a crash */
	w->device = batch_device_id(w->in->batch, l->device);
	w->ref.n = i;
	understand(w, i, poison);
	event_seal(&w->event);
	w->stats.conflicts += w->event.conflicts;
	lap(w, LAP_PARSE);
	if ((l->flags & LINE_CANARY) == 0)
		judge(w, w->in->stored_ns);
	if (w->in->columns != NULL)
		store_block_add(w->in->columns, &w->event, i, w->device, l->flags);
	if (!w->kept) /* nearly every line: its values stay in the cache's nearest level */
		arena_rewind(&w->arena, before);
	lap(w, LAP_COLUMNS);
}

static void
begin(struct detect_worker *w, const struct detect_batch *in)
{
	w->in = in;
	w->found.n = 0;
	w->canaries.n = 0;
	memset(w->bucket, 0, sizeof w->bucket);
	arena_reset(&w->arena);
	memcpy(w->ref.lcp, in->key->lcp, sizeof w->ref.lcp);
	w->ref.epoch[0] = in->key->epoch[0];
	w->ref.epoch[1] = in->key->epoch[1];
	w->ref.seq = in->key->seq;
	sigma_worker_use_lists(w->sigma, in->tenant->lists);
	w->cursor->key = *in->key;
	w->cursor->line = 0;
	w->cursor->busy = 1;
}

void
detect_batch(struct detect_worker *w, const struct detect_batch *in)
{
	const struct batch_header *h = in->batch->head;
	size_t bad = 0;

	begin(w, in);
	if (in->laps != NULL)
		w->lap_from = ticks();
	for (uint32_t i = 0; i < h->lines; i++) {
		bool poison = bad < in->poison_n && in->poison[bad] == i;

		bad += poison;
		one_line(w, i, poison);
	}
	/* Windows close by the collector's clock, so a replay closes them at the same lines. */
	if (in->correlate && h->lines != 0)
		sigma_corr_advance(w->corr, in->tenant->name, in->batch->lines[h->lines - 1].received_ns, on_alarm, w);
	lap(w, LAP_RULES);
	buf_put_byte(in->detections, '[');
	for (size_t i = 0; i < w->found.n; i++)
		found_write(&w->found.v[i], in->tenant->name, in->detections);
	buf_put_byte(in->detections, ']');
	w->stats.detections += w->found.n;
	w->stats.batches++;
	w->stats.lines += h->lines;
	w->stats.bytes += h->bytes_len;
	w->cursor->busy = 0;
}
