/* SPDX-License-Identifier: Apache-2.0
 *
 * Payload → keys and values → actions of the form.
 *
 * A worker learns the keys a form meets: which actions and which native name each has, and which key followed it last
 * time.  Devices repeat themselves, so the next key is compared with that guess before anything is hashed.
 */
#include "base/hash.h"
#include "base/utf8.h"
#include "source/source_priv.h"

static struct slice
renamed(struct source_worker *w, const struct form *f, struct slice key)
{
	for (uint16_t i = 0; i < f->renames; i++)
		if (slice_starts(key, f->rename_from[i])) {
			struct slice rest = slice_sub(key, f->rename_from[i].n, key.n);

			return arena_printf(&w->forever, SL_FMT SL_FMT, SL_ARG(f->rename_to[i]), SL_ARG(rest));
		}
	return key;
}

static void
set_native(struct source_worker *w, const struct form *f, struct wkey *k, struct slice name, bool mapped)
{
	int slot;

	if (f->native.p == NULL)
		return;
	if (f->native.n != 0 && name.p == k->key.p)
		name = arena_printf(&w->forever, SL_FMT SL_FMT, SL_ARG(f->native), SL_ARG(name));
	slot = fieldset_find(w->set->fs, name);
	k->native = (struct target){ .name = name, .slot = (int16_t)slot, .type = FT_KEYWORD };
	if (slot != FIELD_NONE && slot < FIELD_COUNT)
		k->native.type = (uint8_t)field_table[slot].type;
	k->has_native = !mapped || f->keep_native || slot != FIELD_NONE;
	/* A key that bears the name of its own target ('@timestamp') was read by the action; its text must not
	 * take the place of what the action made of it. */
	for (uint16_t i = 0; slot != FIELD_NONE && i < k->acts.n; i++)
		k->has_native = k->has_native && k->acts.v[i].to.slot != slot;
}

static bool
is_plain(const struct target *t)
{
	return t->slot >= 0 && !t->add && !t->if_absent && t->type <= FT_LONG;
}

static void
learn(struct source_worker *w, struct wform *wf, struct wkey *k, struct slice key)
{
	const struct form *f = wf->form;
	const struct action *a;
	struct slice name;
	int32_t row;

	k->key = arena_dup(&w->forever, key);
	memcpy(k->begin, key.p, key.n < sizeof k->begin ? key.n : sizeof k->begin);
	name = renamed(w, f, k->key);
	row = vmap_find(f->keys, name);
	if (row >= 0)
		k->acts = f->acts[row];
	set_native(w, f, k, name, row >= 0);
	k->plain_slot = FIELD_NONE;
	a = k->acts.v;
	if (k->acts.n == 1 && !k->has_native && a->conv == CV_TEXT && a->map == NULL && a->strip.n == 0 && is_plain(&a->to)) {
		k->plain_slot = a->to.slot;
		k->plain_long = a->to.type == FT_LONG;
	}
}

#define NO_KEY UINT32_MAX

/* A key there is no memory for: its actions and names for this event alone. A repeated one gets the same name again, so
 * that its values meet in one field as those of learned keys do. */
static void
use_spare(struct source_worker *w, struct wform *wf, struct slice key)
{
	struct arena_mark m = arena_mark(&w->forever);
	uint64_t h = hash_keyed(key);
	struct overflow *o;

	if (w->overflow == NULL)
		w->overflow = x_calloc(OVERFLOW_SLOTS, sizeof *w->overflow);
	w->spare = (struct wkey){ .next = NO_KEY };
	learn(w, wf, &w->spare, key);
	for (size_t i = h % OVERFLOW_SLOTS;; i = (i + 1) % OVERFLOW_SLOTS) {
		o = &w->overflow[i];
		if (o->event != w->event_no || o->hash == h)
			break;
	}
	if (o->event == w->event_no) {
		w->spare.seen = w->event_no;
	} else {
		*o = (struct overflow){ w->event_no, h, arena_dup(w->e->arena, w->spare.native.name) };
	}
	w->spare.native.name = o->name;
	arena_rewind(&w->forever, m);
}

/* The number of a key, learned when new; NO_KEY (and w->spare filled) when the memory for keys is used up. */
static uint32_t
key_number(struct source_worker *w, struct wform *wf, struct slice key)
{
	struct map_slot *s = map_get(&wf->index, key);
	struct wkey k = { .next = NO_KEY };

	if (s != NULL)
		return (uint32_t)s->u;
	if (wf->keys.n == LEARNED_MAX) {
		use_spare(w, wf, key);
		return NO_KEY;
	}
	learn(w, wf, &k, key);
	s = map_put(&wf->index, k.key, NULL);
	s->u = wf->keys.n;
	vec_push(&wf->keys, k);
	return (uint32_t)(wf->keys.n - 1);
}

/* Keys the file maps are known from the start, so that no flood of others crowds them out. */
void
source_learn_mapped(struct source_worker *w, struct wform *wf)
{
	const struct form *f = wf->form;

	for (size_t i = 0; i < f->keys->n && wf->keys.n < LEARNED_MAX / 2; i++) {
		struct slice name = f->keys->key[i];

		for (uint16_t r = 0; r < f->renames; r++)
			if (slice_starts(name, f->rename_to[r])) {
				struct slice rest = slice_sub(name, f->rename_to[r].n, name.n);

				key_number(w, wf, arena_printf(&w->forever, SL_FMT SL_FMT, SL_ARG(f->rename_from[r]), SL_ARG(rest)));
			}
		key_number(w, wf, name);
	}
}

static void
put_native(struct source_worker *w, struct wkey *k, struct value v, bool again)
{
	struct event *e = w->e;
	struct value *at;

	if (k->native.slot == FIELD_NONE && !again) {
		at = event_extra_new(e, k->native.name);
		if (at != NULL)
			*at = v;
		return;
	}
	k->native.add = again;
	source_put_value(w, &k->native, &v);
}

static inline bool
means_nothing(const struct form *f, const char *p, uint32_t n)
{
	return n == 0 || (n <= f->empty_max && bit_test(f->empty_first, (unsigned char)*p)
	                  && vmap_find(f->empty, slice_of(p, n)) >= 0);
}

static void
act_again(struct source_worker *w, const struct action *a, struct slice s)
{
	struct target more = a->to;

	if (a->to.add || a->conv != CV_TEXT || a->map != NULL) {
		source_act(w, a, s);
		return;
	}
	more.add = true;
	source_put(w, &more, s);
}

/* Text of one key that needs more than its slot: through the actions, and under its native name. */
static void
emit_through(struct source_worker *w, struct wkey *k, const char *p, uint32_t n, bool again)
{
	for (uint16_t i = 0; i < k->acts.n; i++) {
		const struct action *a = &k->acts.v[i];

		if (again)
			act_again(w, a, slice_of(p, n));
		else if (a->conv == CV_TEXT && a->map == NULL && a->strip.n == 0)
			source_put(w, &a->to, slice_of(p, n));
		else
			source_act(w, a, slice_of(p, n));
	}
	if (k->has_native)
		put_native(w, k, (struct value){ .p = p, .n = n }, again);
}

/* Text of one key. Scalars, not structs: this is the hot place. */
static inline void
emit_text(struct source_worker *w, struct wkey *k, const char *p, uint32_t n)
{
	bool again = k->seen == w->event_no;
	struct value *at;

	if (means_nothing(w->wf->form, p, n))
		return;
	k->seen = w->event_no;
	if (k->plain_slot < 0 || again) {
		emit_through(w, k, p, n, again);
		return;
	}
	at = &w->e->slot[k->plain_slot];
	if (k->plain_long && !source_digits(p, n, &at->i)) {
		emit_through(w, k, p, n, false);
		return;
	}
	at->p = p;
	at->n = n;
	at->kind = k->plain_long ? VALUE_LONG : VALUE_TEXT;
	at->next = NULL;
	bit_set(w->e->has, (size_t)k->plain_slot);
}

/* The same for a value that has a kind already. */
static void
emit(struct source_worker *w, struct wkey *k, struct value v)
{
	bool again = k->seen == w->event_no, native = k->has_native;

	if (means_nothing(w->wf->form, v.p, v.n))
		return;
	k->has_native = false;
	emit_text(w, k, v.p, v.n);
	k->has_native = native;
	if (native)
		put_native(w, k, v, again);
}

/* ---- key=value ---- */

/* Does "key=" stand at p? */
static inline bool
key_stands(const struct wkey *k, const char *p, const char *end)
{
	size_t n = k->key.n;
	__m128i same;

	if ((size_t)(end - p) <= n || p[n] != '=')
		return false;
	if (n > 16 || end - p < 16)
		return memcmp(p, k->key.p, n) == 0;
	same = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(const void *)p),
	                      _mm_loadu_si128((const __m128i *)(const void *)k->begin));
	return (~(unsigned)_mm_movemask_epi8(same) & ((1u << n) - 1)) == 0;
}

static bool
decode_kv(struct source_worker *w, struct slice body)
{
	struct wform *wf = w->wf;
	struct source_counts *n = &w->counts[w->wf->form->source];
	struct kv_iter it;
	uint32_t guess = wf->first, before = NO_KEY;
	bool linked = true; /* the key before, or the form's beginning, remembers what followed */
	unsigned pairs = 0;

	kv_init(&it, body);
	while (kv_skip(&it)) {
		struct wkey *k = guess != NO_KEY ? &wf->keys.v[guess] : NULL;
		struct kv_pair pair;

		if (k != NULL && key_stands(k, it.p, it.end)) {
			it.p += k->key.n + 1;
		} else {
			if (!kv_key(&it, &pair.key))
				continue;
			guess = key_number(w, wf, pair.key);
			if (linked && guess != NO_KEY)
				*(before != NO_KEY ? &wf->keys.v[before].next : &wf->first) = guess;
			k = guess != NO_KEY ? &wf->keys.v[guess] : &w->spare;
		}
		kv_value(&it, &pair);
		if (pair.escaped)
			pair.value = kv_unescape(w->e->arena, pair.value);
		if (k->seen == w->event_no)
			n->duplicate_keys++;
		if (++pairs > JSON_FIELDS_MAX) {
			n->too_many_keys++;
			break;
		}
		emit_text(w, k, pair.value.p, (uint32_t)pair.value.n); /* does not grow the keys: k stays valid */
		before = guess;
		linked = guess != NO_KEY;
		guess = k->next;
	}
	return pairs > 1;
}

/* ---- separated values ---- */

static const struct column_set *
choose_columns(const struct form *f, const struct slice *cells, size_t n, uint16_t *ret_index)
{
	for (uint16_t i = 0; i < f->columns_n; i++)
		if (f->columns[i].value.p == NULL
		    || (f->select >= 0 && (size_t)f->select < n && slice_eq(cells[f->select], f->columns[i].value))) {
			*ret_index = i;
			return &f->columns[i];
		}
	return NULL;
}

static bool
decode_csv(struct source_worker *w, struct slice body)
{
	struct wform *wf = w->wf;
	const struct form *f = wf->form;
	const struct column_set *set;
	uint32_t *column;
	uint16_t which;
	size_t n = csv_split(body, f->sep, f->quotes, w->e->arena, w->cells, COLUMNS_MAX);

	if (n > COLUMNS_MAX)
		n = COLUMNS_MAX;
	set = choose_columns(f, w->cells, n, &which);
	if (set == NULL || n < 2)
		return false;
	if (wf->column[which] == NULL) {
		wf->column[which] = arena_array(&w->forever, uint32_t, set->n);
		for (uint16_t i = 0; i < set->n; i++)
			wf->column[which][i] = set->name[i].n != 0 ? key_number(w, wf, set->name[i]) : NO_KEY;
	}
	column = wf->column[which];
	for (size_t i = 0; i < n && i < set->n; i++)
		if (column[i] != NO_KEY)
			emit_text(w, &wf->keys.v[column[i]], w->cells[i].p, (uint32_t)w->cells[i].n);
	return true;
}

/* ---- JSON, XML ---- */

struct tree {
	struct source_worker *w;
	uint32_t last;
};

static void
take(struct tree *t, struct slice path, struct value v)
{
	struct source_worker *w = t->w;
	struct wform *wf = w->wf;
	uint32_t guess = t->last != NO_KEY ? wf->keys.v[t->last].next : wf->first;
	struct wkey *k;

	if (guess == NO_KEY || !slice_eq(wf->keys.v[guess].key, path)) {
		guess = key_number(w, wf, path);
		if (guess != NO_KEY) {
			if (t->last != NO_KEY)
				wf->keys.v[t->last].next = guess;
			else
				wf->first = guess;
		}
	}
	k = guess != NO_KEY ? &wf->keys.v[guess] : &w->spare;
	emit(w, k, v);
	if (guess != NO_KEY)
		t->last = guess;
}

static void
on_json(void *ctx, struct slice path, enum json_kind kind, struct slice text, bool copied)
{
	struct tree *t = ctx;
	struct value v = { .kind = VALUE_TEXT };

	if (kind == JSON_NULL)
		return;
	if (copied)
		text = arena_dup(t->w->e->arena, text);
	v.p = text.p;
	v.n = (uint32_t)text.n;
	if (kind == JSON_INT && slice_i64(text, &v.i))
		v.kind = VALUE_LONG;
	else if ((kind == JSON_INT || kind == JSON_DOUBLE) && value_number(&v, &v.f))
		v.kind = VALUE_DOUBLE;
	else if (kind == JSON_BOOL)
		v.i = text.p[0] == 't', v.kind = VALUE_BOOL;
	take(t, path, v);
}

static bool
decode_json(struct source_worker *w, struct slice body)
{
	struct source_counts *n = &w->counts[w->wf->form->source];
	struct tree t = { w, NO_KEY };
	auto_buf struct buf repaired = { 0 };
	int e = json_flatten(w->json, body, on_json, &t);

	if (e == E_CORRUPT) {
		struct slice copy;

		n->bad_utf8++;
		utf8_repair(&repaired, body);
		copy = arena_dup(w->e->arena, buf_slice(&repaired));
		event_add(w->e, F_TAGS, SL("invalid_utf8"));
		e = json_flatten(w->json, copy, on_json, &t);
	}
	else if (json_was_mended(w->json)) {
		n->bad_utf8++;
		event_add(w->e, F_TAGS, SL("invalid_utf8"));
	}
	if (e == E_DEPTH)
		n->too_deep++;
	if (e == E_LIMIT)
		n->too_many_keys++;
	/* Too many keys: what was read stays, the line holds the rest. */
	if (e == E_LIMIT)
		event_add(w->e, F_TAGS, SL("too_many_keys"));
	return e == 0 || e == E_LIMIT;
}

static void
on_xml(void *ctx, struct slice path, struct slice text)
{
	take(ctx, path, (struct value){ .p = text.p, .n = (uint32_t)text.n });
}

static bool
decode_xml(struct source_worker *w, struct slice body)
{
	struct source_counts *n = &w->counts[w->wf->form->source];
	struct tree t = { w, NO_KEY };
	int e = xml_flatten(body, w->e->arena, on_xml, &t);

	if (e == E_DEPTH)
		n->too_deep++;
	if (e == E_LIMIT) {
		n->too_many_keys++;
		event_add(w->e, F_TAGS, SL("too_many_keys"));
	}
	return e == 0 || e == E_LIMIT;
}

bool
source_decode(struct source_worker *w, struct slice body)
{
	switch (w->wf->form->codec) {
	case CODEC_KV:
		return decode_kv(w, body);
	case CODEC_CSV:
		return decode_csv(w, body);
	case CODEC_JSON:
		return decode_json(w, body);
	case CODEC_XML:
		return decode_xml(w, body);
	default:
		return source_match(w, w->wf->form->patterns, body);
	}
}
