/* SPDX-License-Identifier: Apache-2.0
 *
 * A tenant's slice of the journal: every row of the chain, the tenant's own with what they say, the others as
 * digests.  The chain can be walked from its first row to the signed head without anybody else's contents.
 *
 *     {"kind":"nezuban.journal","v":1,"tenant","zone"}
 *     {"seq","leaf"}                            somebody else's row
 *     {"seq","facts","digest","hash"}           the tenant's own; digest = SHA-256 of its record
 *     {"head":{"seq","hash","at"},"key","signature"}
 *
 *     leaf = SHA-256(SHA-256(record) ‖ SHA-256(facts))     hash = SHA-256(hash before ‖ leaf)
 *
 * The signature (Ed25519, the desk's key) is over slice_signed's text.  An own row presented as somebody else's
 * is missed by `nth`, which counts the tenant's rows.
 */
#include "desk/slice.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/map.h"
#include "desk/journal_priv.h"
#include "desk/sla_priv.h"

#define HASH JOURNAL_HASH
#define PAGE_MAX 5000

/* ---- making it ---- */

static json_t *
hex(const uint8_t h[HASH])
{
	char text[2 * HASH + 1];

	sodium_bin2hex(text, sizeof text, h, HASH);
	return json_string(text);
}

/* seq, tenant, record, facts, hash of the row */
static json_t *
row_of(struct rows *r, const char *tenant)
{
	struct slice record = row_text(r, 2), facts = row_text(r, 3), hash = row_text(r, 4);
	uint8_t digest[HASH], leaf[HASH], own[HASH];
	json_t *o = json_pack("{s:I}", "seq", (json_int_t)row_int(r, 0));

	if (hash.n == HASH)
		memcpy(own, hash.p, HASH);
	if (facts.n == 0) {
		/* a row of before there were facts: its hash is taken on the signature alone */
		json_object_set_new(o, "old", hex(own));
		return o;
	}
	journal_digests(record, facts, digest, leaf);
	if (row_str(r, 1) == NULL || strcmp(row_str(r, 1), tenant) != 0) {
		json_object_set_new(o, "leaf", hex(leaf));
		return o;
	}
	json_object_set_new(o, "facts", json_stringn(facts.p, facts.n));
	json_object_set_new(o, "digest", hex(digest));
	json_object_set_new(o, "hash", hex(own));
	return o;
}

json_t *
ask_journal_export(struct ask *a)
{
	const char *tenant = ask_tenant(a);
	int64_t after = ask_int(a, "after", 0), limit = ask_int(a, "limit", 1000), last, to;
	auto_free char *zone = db_text(a->db, "SELECT zone FROM tenants WHERE id = ?", Q(tenant));
	json_t *rows = json_array(), *head = NULL;
	struct rows r;

	limit = limit < 1 || limit > PAGE_MAX ? 1000 : limit;
	last = db_int(a->db, 0, "SELECT max(seq) FROM journal");
	to = ask_int(a, "to", last);
	if (a->status == 0 && (tenant == NULL || to < 1 || to > last))
		ask_no(a, 422, "invalid", tenant == NULL ? "tenant" : "to");
	if (a->status == 0) {
		r = db_query(a->db, "SELECT seq, lower(hex(hash)) AS hash, at AS \"at:t\" FROM journal WHERE seq = ?", Q(to));
		head = row_first(&r);
	}
	if (a->status != 0 || head == NULL) {
		json_decref(rows);
		return NULL;
	}
	r = db_query(a->db, "SELECT seq, tenant, record, facts, hash FROM journal WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?", Q(after), Q(to), Q(limit));
	while (rows_next(&r)) {
		after = row_int(&r, 0);
		json_array_append_new(rows, row_of(&r, tenant));
	}
	return json_pack("{s:s, s:s, s:o, s:o, s:o}", "tenant", tenant, "zone", zone, "rows", rows, "next", after < to ? json_integer(after) : json_null(), "head", head);
}

void
slice_signed(const json_t *head, const char *tenant, const char *zone, struct buf *out)
{
	buf_printf(out, "nezuban journal head\n%lld\n%s\n%s\n%s\n%s\n", (long long)json_integer_value(json_object_get(head, "seq")),
	           json_string_value(json_object_get(head, "hash")) ?: "", json_string_value(json_object_get(head, "at")) ?: "", tenant, zone);
}

/* ---- checking it ---- */

struct seen_detection {
	int64_t first, lcp, soc, detected;
};

struct checking {
	const struct pki_key *key;
	slice_fault_fn *fault;
	void *ctx;
	int64_t line, rows, own, old, seq, faults;
	char *tenant, *zone;
	bool ended, signed_;
	uint8_t hash[HASH];
	struct map detections; /* key → index */
	VEC(struct seen_detection) seen;
	struct map opened;     /* candidate → time */
	struct map incidents;  /* id → index */
	VEC(struct sla_row) sla;
};

static void
fault(struct checking *k, const char *what)
{
	k->faults++;
	k->fault(k->ctx, k->line, what);
}

static bool
unhex(const json_t *o, const char *key, uint8_t ret[HASH])
{
	const char *s = json_string_value(json_object_get(o, key));
	size_t n = 0;

	return s != NULL && strlen(s) == 2 * HASH && strspn(s, "0123456789abcdef") == 2 * HASH &&
	       sodium_hex2bin(ret, HASH, s, 2 * HASH, NULL, &n, NULL) == 0 && n == HASH;
}

static bool
has_only(const json_t *o, const char *keys)
{
	const char *key;
	json_t *v;

	json_object_foreach((json_t *)o, key, v)
		if (!word_in(key, keys))
			return false;
	return true;
}

static int64_t
number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* A time; a stranger's file may say anything, and differences of these fit. */
static int64_t
stamp(const json_t *v)
{
	int64_t t = json_integer_value(v);

	return t > 0 ? t : 0;
}

static uint64_t *
slot(struct map *m, const char *key)
{
	bool fresh;
	struct map_slot *s = map_put(m, slice_str(key), &fresh);

	if (fresh)
		s->u = UINT64_MAX;
	return &s->u;
}

static void
take_detections(struct checking *k, const json_t *facts)
{
	const json_t *d;
	size_t i;

	json_array_foreach(json_object_get(facts, "detections"), i, d) {
		uint64_t *at = slot(&k->detections, json_string_value(json_object_get(d, "key")) ?: "");
		struct seen_detection s = { stamp(json_object_get(d, "first")), stamp(json_object_get(d, "lcp")), stamp(json_object_get(d, "soc")),
			                    stamp(json_object_get(facts, "at")) };

		*at = k->seen.n;
		vec_push(&k->seen, s);
	}
}

static void
take_openings(struct checking *k, const json_t *facts)
{
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(facts, "opened"), i, v)
		*slot(&k->opened, json_string_value(v) ?: "") = (uint64_t)number(facts, "at");
	json_array_foreach(json_object_get(facts, "merged"), i, v) {
		uint64_t from = *slot(&k->opened, json_string_value(json_array_get(v, 0)) ?: "");
		uint64_t *into = slot(&k->opened, json_string_value(json_array_get(v, 1)) ?: "");

		if (*into == UINT64_MAX)
			*into = from;
	}
}

/* A decision's times, worked out again from the rows before it. */
static void
work_out(struct checking *k, const json_t *facts, const json_t *o, struct sla_row *s)
{
	const char *first = json_string_value(json_object_get(o, "first"));
	uint64_t opened = *slot(&k->opened, json_string_value(json_object_get(o, "candidate")) ?: "");
	const json_t *v;
	size_t i;

	memset(s->t, 0, sizeof s->t);
	json_array_foreach(json_object_get(o, "keys"), i, v) {
		uint64_t at = *slot(&k->detections, json_string_value(v) ?: "");
		const struct seen_detection *d = at < k->seen.n ? &k->seen.v[at] : NULL;

		if (d == NULL) {
			if (k->old == 0)
				fault(k, "a decision names a detection that no row before it brought");
			continue;
		}
		if (s->t[SLA_HAPPENED] == 0 || d->first < s->t[SLA_HAPPENED])
			s->t[SLA_HAPPENED] = d->first;
		if (s->t[SLA_DETECTED] == 0 || d->detected < s->t[SLA_DETECTED])
			s->t[SLA_DETECTED] = d->detected;
		if (first != NULL && strcmp(first, json_string_value(v) ?: "") == 0) {
			s->t[SLA_LCP] = d->lcp;
			s->t[SLA_SOC] = d->soc;
		}
	}
	s->t[SLA_OPENED] = opened != UINT64_MAX ? (int64_t)opened : 0;
	s->t[SLA_DECIDED] = stamp(json_object_get(facts, "at"));
	for (int t = SLA_HAPPENED; t <= SLA_DECIDED; t++)
		if (s->t[t] != number(o, sla_names[t]) && k->old == 0)
			fault(k, "a decision's times are not those of the rows before it");
	sla_month(k->zone, s->t[SLA_DECIDED], s->month);
}

static struct sla_row *
incident_of(struct checking *k, const char *id)
{
	uint64_t *at = slot(&k->incidents, id);

	if (*at == UINT64_MAX) {
		struct sla_row s = { 0 };

		snprintf(s.id, sizeof s.id, "%s", id);
		snprintf(s.tenant, sizeof s.tenant, "%s", k->tenant);
		*at = k->sla.n;
		vec_push(&k->sla, s);
	}
	return &k->sla.v[*at];
}

static void
take_incidents(struct checking *k, const json_t *facts)
{
	const char *site;
	const json_t *o, *v;
	size_t i;

	json_array_foreach(json_object_get(facts, "incidents"), i, o) {
		struct sla_row *s = incident_of(k, json_string_value(json_object_get(o, "id")) ?: "");

		if ((site = json_string_value(json_object_get(o, "site"))) != NULL)
			snprintf(s->site, sizeof s->site, "%s", site);
		if (json_object_get(o, "keys") != NULL) {
			work_out(k, facts, o, s);
			continue;
		}
		for (int t = SLA_DECIDED; t <= SLA_ACKNOWLEDGED; t++) {
			if ((v = json_object_get(o, sla_names[t])) == NULL)
				continue;
			s->t[t] = stamp(v);
			if (!json_is_null(v) && (s->t[t] > number(facts, "at") || s->t[t] < s->t[SLA_DECIDED]))
				fault(k, "a time lies before the decision or after its row");
			if (t == SLA_DECIDED)
				sla_month(k->zone, s->t[t], s->month);
		}
	}
}

static void
own_row(struct checking *k, const json_t *o, uint8_t leaf[HASH])
{
	const char *text = json_string_value(json_object_get(o, "facts"));
	uint8_t pair[2 * HASH];
	json_t *facts;

	if (!unhex(o, "digest", pair) || !has_only(o, "seq facts digest hash")) {
		fault(k, "it is no row");
		return;
	}
	crypto_hash_sha256(pair + HASH, (const unsigned char *)text, strlen(text));
	crypto_hash_sha256(leaf, pair, sizeof pair);
	facts = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	if (number(facts, "seq") != k->seq || number(facts, "nth") != ++k->own || k->tenant == NULL ||
	    strcmp(json_string_value(json_object_get(facts, "tenant")) ?: "", k->tenant) != 0) {
		fault(k, "it is not the tenant's next row: one is missing or changed");
	} else {
		take_detections(k, facts);
		take_openings(k, facts);
		take_incidents(k, facts);
	}
	json_decref(facts);
}

static void
chain_row(struct checking *k, const json_t *o)
{
	uint8_t leaf[HASH] = { 0 }, pair[2 * HASH], said[HASH];

	k->rows++;
	if (number(o, "seq") != ++k->seq) {
		fault(k, "a row is missing or out of order");
		k->seq = number(o, "seq");
	}
	if (json_object_get(o, "old") != NULL) {
		k->old++;
		/* they are the journal's beginning, never its middle */
		if (k->old != k->rows || !has_only(o, "seq old") || !unhex(o, "old", k->hash))
			fault(k, "it is no row");
		return;
	}
	if (json_is_string(json_object_get(o, "facts")))
		own_row(k, o, leaf);
	else if (!has_only(o, "seq leaf") || !unhex(o, "leaf", leaf))
		fault(k, "it is no row");
	memcpy(pair, k->hash, HASH);
	memcpy(pair + HASH, leaf, HASH);
	crypto_hash_sha256(k->hash, pair, sizeof pair);
	if (json_object_get(o, "hash") != NULL && (!unhex(o, "hash", said) || memcmp(said, k->hash, HASH) != 0)) {
		fault(k, "its bytes, or those of a row before it, were changed");
		memcpy(k->hash, said, HASH);
	}
}

static void
head_row(struct checking *k, const json_t *o)
{
	const json_t *head = json_object_get(o, "head");
	const char *signature = json_string_value(json_object_get(o, "signature")), *id = json_string_value(json_object_get(o, "key"));
	auto_buf struct buf text = { 0 }, sig = { 0 };
	uint8_t said[HASH];
	char own[17];

	k->ended = true;
	if (!has_only(o, "head key signature") || !has_only(head, "seq hash at") || number(head, "seq") != k->seq || !unhex(head, "hash", said) ||
	    memcmp(said, k->hash, HASH) != 0)
		fault(k, "the chain does not lead to the head");
	if (k->key == NULL)
		return;
	pki_key_id(k->key, own);
	slice_signed(head, k->tenant, k->zone, &text);
	if (id == NULL || strcmp(id, own) != 0)
		fault(k, "the head is signed with another key");
	else if (signature == NULL || pki_unbase64(slice_str(signature), &sig) != 0 || pki_verify(k->key, buf_slice(&text), buf_slice(&sig)) != 0)
		fault(k, "the head's signature is wrong");
	else
		k->signed_ = true;
}

static void
first_row(struct checking *k, const json_t *o)
{
	const char *tenant = json_string_value(json_object_get(o, "tenant")), *zone = json_string_value(json_object_get(o, "zone"));

	if (tenant == NULL || zone == NULL || number(o, "v") != 1 || !has_only(o, "kind v tenant zone") ||
	    strcmp(json_string_value(json_object_get(o, "kind")) ?: "", "nezuban.journal") != 0)
		fault(k, "it is no journal of this kind");
	k->tenant = x_strdup(tenant != NULL ? tenant : "");
	k->zone = x_strdup(zone != NULL ? zone : "UTC");
}

static void
check_line(struct checking *k, struct slice line)
{
	json_t *o = json_loadb(line.p, line.n, JSON_REJECT_DUPLICATES, NULL);

	k->line++;
	if (!json_is_object(o))
		fault(k, "it is no JSON object");
	else if (k->line == 1)
		first_row(k, o);
	else if (k->ended)
		fault(k, "something stands behind the head");
	else if (json_object_get(o, "head") != NULL)
		head_row(k, o);
	else
		chain_row(k, o);
	if (k->tenant == NULL)
		first_row(k, NULL);
	json_decref(o);
}

static json_t *
report_of(struct checking *k)
{
	json_t *list = json_array(), *o;

	for (size_t i = 0; i < k->sla.n; i++) {
		o = json_pack("{s:s}", "id", k->sla.v[i].id);
		for (int t = 0; t < SLA_TIMES; t++)
			json_object_set_new(o, sla_names[t], time_json(k->sla.v[i].t[t]));
		json_array_append_new(list, o);
	}
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:b, s:I, s:o, s:o}", "tenant", k->tenant, "zone", k->zone, "rows", (json_int_t)k->rows, "own", (json_int_t)k->own,
	                 "old", (json_int_t)k->old, "signature_checked", k->signed_, "fault_count", (json_int_t)k->faults, "incidents", list, "months",
	                 sla_table(k->sla.v, k->sla.n));
}

json_t *
slice_check(struct slice text, const struct pki_key *key, slice_fault_fn *fn, void *ctx)
{
	struct checking k = { .key = key, .fault = fn, .ctx = ctx };
	json_t *report;

	while (text.n != 0)
		check_line(&k, slice_cut(&text, '\n'));
	k.line++;
	if (k.tenant == NULL)
		first_row(&k, NULL);
	if (!k.ended)
		fault(&k, "the end is missing");
	report = report_of(&k);
	free(k.tenant);
	free(k.zone);
	map_fini(&k.detections);
	map_fini(&k.opened);
	map_fini(&k.incidents);
	vec_fini(&k.seen);
	vec_fini(&k.sla);
	return report;
}
