/* SPDX-License-Identifier: Apache-2.0
 *
 * What the engine keeps about others: positions of the consumers, tenants, and the line that may kill it.
 */
#include <jansson.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "role/engine_priv.h"

/* ---- positions ---- */

static struct slice
stream_of(const struct batch_key *key)
{
	return slice_of(key, offsetof(struct batch_key, seq));
}

void
positions_fini(struct positions *p)
{
	map_fini(&p->by_stream);
}

int
positions_read(struct positions *p, struct slice body)
{
	struct batch_key key;

	if (body.n % sizeof key != 0)
		return E_PEER;
	for (size_t at = 0; at < body.n; at += sizeof key) {
		memcpy(&key, body.p + at, sizeof key);
		if (!batch_key_is_good(&key))
			return E_PEER;
		positions_put(p, &key);
	}
	return 0;
}

uint64_t
positions_get(const struct positions *p, const struct batch_key *key)
{
	struct map_slot *s = map_get(&p->by_stream, stream_of(key));

	return s != NULL ? s->u : 0;
}

void
positions_put(struct positions *p, const struct batch_key *key)
{
	map_put(&p->by_stream, stream_of(key), NULL)->u = key->seq;
}

void
positions_write(const struct positions *p, struct buf *out)
{
	for (struct map_slot *s = NULL; (s = map_next(&p->by_stream, s)) != NULL;) {
		struct batch_key key = { .seq = s->u };

		memcpy(&key, s->key.p, offsetof(struct batch_key, seq));
		buf_put(out, &key, sizeof key);
	}
}

/* ---- the line that kills ---- */

static bool
same_line(const struct detect_cursor *a, const struct detect_cursor *b)
{
	return a->line == b->line && memcmp(&a->key, &b->key, sizeof a->key) == 0;
}

void
scratch_judge(struct scratch *s)
{
	struct detect_cursor *oldest = &s->suspect[0], *at = NULL;

	if (s->cursor.busy != 1)
		return;
	s->cursor.busy = 0;
	for (size_t i = 0; i < SUSPECTS && at == NULL; i++) {
		if (s->suspect[i].crashes != 0 && same_line(&s->suspect[i], &s->cursor))
			at = &s->suspect[i];
		else if (s->suspect[i].crashes < oldest->crashes)
			oldest = &s->suspect[i];
	}
	if (at == NULL) {
		at = oldest;
		*at = s->cursor;
		at->crashes = 0;
	}
	at->crashes++;
	log_alert("engine.crashed_at", kv_str("lcp", s->cursor.key.lcp), kv_u64("seq", s->cursor.key.seq),
	          kv_u64("line", s->cursor.line), kv_u64("times", at->crashes));
}

size_t
scratch_poison(const struct scratch *s, const struct batch_key *key, uint32_t *out)
{
	size_t n = 0;

	for (size_t i = 0; i < SUSPECTS; i++) {
		uint32_t line = s->suspect[i].line;
		size_t at = n;

		if (s->suspect[i].crashes < 2 || memcmp(&s->suspect[i].key, key, sizeof *key) != 0)
			continue;
		for (; at > 0 && out[at - 1] > line; at--)
			out[at] = out[at - 1];
		out[at] = line;
		n++;
	}
	return n;
}

/* ---- tenants ---- */

static void
tenant_free(struct engine_tenant *t)
{
	tenant_table_free(t->table);
	sigma_lists_free(t->lists);
	free((void *)(uintptr_t)t->name.p);
	free(t);
}

void
engine_tenants_fini(struct engine_tenants *ts)
{
	for (size_t i = 0; i < ts->list.n; i++)
		tenant_free(ts->list.v[i]);
	vec_fini(&ts->list);
}

const struct engine_tenant *
engine_tenants_find(const struct engine_tenants *ts, const char *name)
{
	for (size_t i = 0; i < ts->list.n; i++)
		if (slice_eq(ts->list.v[i]->name, slice_str(name)))
			return ts->list.v[i];
	return NULL;
}

static struct sigma_lists *
read_lists(json_t *doc, const struct sigma_set *rules)
{
	struct sigma_lists *l = sigma_lists_new(rules);
	const char *name;
	json_t *values, *value;
	size_t i;

	json_object_foreach (json_object_get(doc, "lists"), name, values)
		json_array_foreach (values, i, value)
			if (json_is_string(value))
				sigma_lists_add(l, slice_str(name),
				                slice_of(json_string_value(value), json_string_length(value)));
	sigma_lists_seal(l, NULL);
	return l;
}

static struct engine_tenant *
read_tenant(const char *name, json_t *doc, const struct sigma_set *rules)
{
	char *text = json_dumps(doc, JSON_COMPACT);
	struct whys ws = { 0 };
	struct tenant_table *table = tenant_table_compile(slice_str(text), name, &ws);
	struct engine_tenant *t = NULL;

	if (table == NULL) {
		log_error("engine.tenant_refused", kv_str("tenant", name), kv_u64("faults", ws.errors),
		          kv_str("first", ws.list.n != 0 ? ws.list.v[0].found : ""));
	} else {
		t = x_calloc(1, sizeof *t);
		t->name = slice_str(x_strdup(name));
		t->table = table;
		t->lists = read_lists(doc, rules);
	}
	whys_fini(&ws);
	free(text);
	return t;
}

int
engine_tenants_read(struct engine_tenants *ts, struct slice json, const struct sigma_set *rules)
{
	json_t *root = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, NULL), *all, *doc;
	struct engine_tenants fresh = { 0 };
	const char *name;

	all = json_object_get(root, "tenants");
	if (!json_is_object(all)) {
		json_decref(root);
		return E_PEER;
	}
	json_object_foreach (all, name, doc) {
		struct engine_tenant *t = read_tenant(name, doc, rules);

		if (t == NULL) {
			json_decref(root);
			engine_tenants_fini(&fresh);
			return E_SYNTAX;
		}
		vec_push(&fresh.list, t);
	}
	json_decref(root);
	engine_tenants_fini(ts);
	*ts = fresh;
	return 0;
}
