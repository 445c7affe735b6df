/* SPDX-License-Identifier: Apache-2.0
 *
 * What strangers send to ingest, made into checked values.  Pure, fuzzed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/must.h"
#include "base/utf8.h"
#include "role/ingest_priv.h"

#define TOKEN_MAX 128u
#define CSR_MAX (16u << 10)

static json_t *
load(struct slice s)
{
	return json_loadb(s.p, s.n, JSON_REJECT_DUPLICATES, NULL);
}

static void
dump(json_t *doc, struct buf *out)
{
	char *text = json_dumps(doc, JSON_COMPACT);

	must(text != NULL);
	buf_put_str(out, text);
	free(text);
}

/* ---- table of collectors ---- */

static size_t
entry_name(const char *tenant, const char *lcp, char out[2 * BATCH_ID_MAX])
{
	return (size_t)snprintf(out, 2 * BATCH_ID_MAX, "%s/%s", tenant, lcp);
}

static bool
take_name(const json_t *row, const char *key, char out[BATCH_ID_MAX])
{
	const char *s = json_string_value(json_object_get(row, key));

	if (s == NULL || !batch_id_is_good(slice_str(s)))
		return false;
	snprintf(out, BATCH_ID_MAX, "%s", s);
	return true;
}

static bool
take_entry(const json_t *row, struct lcp_entry *e)
{
	const json_t *serials = json_object_get(row, "serials");
	size_t n = json_array_size(serials);

	*e = (struct lcp_entry){ .revoked = json_is_true(json_object_get(row, "revoked")),
		                 .config = json_integer_value(json_object_get(row, "config")) > 0 ? (uint64_t)json_integer_value(json_object_get(row, "config")) : 0 };
	if (!take_name(row, "tenant", e->tenant) || !take_name(row, "lcp", e->lcp) || !json_is_array(serials))
		return false;
	/* the newest are last */
	for (size_t i = n > LCP_SERIALS ? n - LCP_SERIALS : 0, at = 0; i < n; i++, at++) {
		const char *s = json_string_value(json_array_get(serials, i));

		if (s == NULL || strlen(s) >= sizeof e->serial[0] || s[0] == '\0')
			return false;
		snprintf(e->serial[at], sizeof e->serial[at], "%s", s);
	}
	return true;
}

int
lcps_read(struct lcp_table *t, struct slice json)
{
	struct lcp_table fresh = { .known = true };
	json_t *doc = load(json), *rows = json_object_get(doc, "lcps"), *row;
	bool good = json_is_array(rows);
	char name[2 * BATCH_ID_MAX];
	size_t i;

	json_array_foreach(rows, i, row) {
		struct lcp_entry e;

		if (!good || !take_entry(row, &e)) {
			good = false;
			break;
		}
		map_put(&fresh.by_name, slice_of(name, entry_name(e.tenant, e.lcp, name)), NULL)->u = fresh.list.n;
		vec_push(&fresh.list, e);
	}
	json_decref(doc);
	lcps_fini(good ? t : &fresh);
	if (!good)
		return E_SYNTAX;
	*t = fresh;
	return 0;
}

void
lcps_fini(struct lcp_table *t)
{
	vec_fini(&t->list);
	map_fini(&t->by_name);
	t->known = false;
}

const struct lcp_entry *
lcps_find(const struct lcp_table *t, const char *tenant, const char *lcp, const char *serial)
{
	char name[2 * BATCH_ID_MAX];
	const struct map_slot *s;
	const struct lcp_entry *e;

	if (!batch_id_is_good(slice_str(tenant)) || !batch_id_is_good(slice_str(lcp)) || serial[0] == '\0')
		return NULL;
	s = map_get(&t->by_name, slice_of(name, entry_name(tenant, lcp, name)));
	if (s == NULL)
		return NULL;
	e = &t->list.v[s->u];
	for (size_t i = 0; i < LCP_SERIALS && !e->revoked; i++)
		if (strcmp(e->serial[i], serial) == 0)
			return e;
	return NULL;
}

/* ---- bodies ---- */

int
enrol_read(struct slice body, struct buf *out)
{
	json_t *doc = load(body), *token = json_object_get(doc, "token"), *csr = json_object_get(doc, "csr");
	bool good = json_object_size(doc) == 2 && json_is_string(token) && json_is_string(csr) &&
	            json_string_length(token) != 0 && json_string_length(token) <= TOKEN_MAX &&
	            json_string_length(csr) != 0 && json_string_length(csr) <= CSR_MAX;

	if (good)
		dump(doc, out);
	json_decref(doc);
	return good ? 0 : E_SYNTAX;
}

int
renew_read(struct slice body, const char *tenant, const char *lcp, const char *serial, struct buf *out)
{
	json_t *doc = load(body), *csr = json_object_get(doc, "csr");
	bool good = json_object_size(doc) == 1 && json_is_string(csr) && json_string_length(csr) != 0 && json_string_length(csr) <= CSR_MAX;

	if (good) {
		json_object_set_new(doc, "tenant", json_string(tenant));
		json_object_set_new(doc, "lcp", json_string(lcp));
		json_object_set_new(doc, "serial", json_string(serial));
		dump(doc, out);
	}
	json_decref(doc);
	return good ? 0 : E_SYNTAX;
}

int
heartbeat_read(struct slice body, const struct beat_from *from, struct buf *out)
{
	json_t *doc = load(body);
	bool good = json_is_object(doc) && json_integer_value(json_object_get(doc, "v")) == 1;

	if (good) {
		/* whatever it says about itself, the certificate decides */
		json_object_set_new(doc, "tenant", json_string(from->tenant));
		json_object_set_new(doc, "lcp", json_string(from->lcp));
		json_object_set_new(doc, "address", json_string(from->address));
		json_object_set_new(doc, "serial", json_string(from->serial));
		dump(doc, out);
	}
	json_decref(doc);
	return good ? 0 : E_SYNTAX;
}

int
enrolled_read(struct slice body, struct buf *out)
{
	static const char *const keys[] = { "cert", "ca", "tenant", "lcp", "receipt_key", "config_key" };
	json_t *doc = load(body), *answer;
	int r = 0;

	if (!json_is_object(doc) || json_object_get(doc, "error") != NULL) {
		r = !json_is_object(doc) ? E_SYNTAX : strcmp(json_string_value(json_object_get(doc, "error")) ?: "", "later") == 0 ? E_AGAIN : E_DENIED;
		json_decref(doc);
		return r;
	}
	answer = json_object();
	for (size_t i = 0; i < sizeof keys / sizeof *keys && r == 0; i++) {
		json_t *v = json_object_get(doc, keys[i]);

		if (json_is_string(v))
			json_object_set(answer, keys[i], v);
		else if (v != NULL || i < 4) /* the last two may be absent */
			r = E_SYNTAX;
	}
	if (r == 0)
		dump(answer, out);
	json_decref(answer);
	json_decref(doc);
	return r;
}

int
config_read(struct slice body, uint64_t *ret_version, struct buf *out)
{
	json_t *doc = load(body), *envelope = json_object_get(doc, "body");
	json_int_t version = json_integer_value(json_object_get(doc, "version"));
	int r = json_is_object(envelope) && version > 0 ? 0 : json_object_get(doc, "error") != NULL ? E_DENIED : E_SYNTAX;

	if (r == 0) {
		*ret_version = (uint64_t)version;
		dump(envelope, out);
	}
	json_decref(doc);
	return r;
}

/* ---- a batch ---- */

void
post_free(struct post *p)
{
	if (p == NULL)
		return;
	buf_fini(&p->wire);
	free(p);
}

static void
count_lines(struct msg_batch *h, const struct batch *b, struct buf *out)
{
	uint32_t n = b->head->devices;
	struct msg_device *devs = x_calloc(n != 0 ? n : 1, sizeof *devs);

	for (uint32_t d = 0; d < n; d++) {
		struct slice id = batch_device_id(b, d);

		memcpy(devs[d].id, id.p, id.n < sizeof devs[d].id ? id.n : sizeof devs[d].id - 1);
	}
	for (uint32_t i = 0; i < b->head->lines; i++) {
		const struct batch_line *l = &b->lines[i];

		devs[l->device].lines++;
		devs[l->device].bytes += l->len;
		h->bytes += l->len;
		h->gaps += (l->flags & LINE_GAP) != 0;
	}
	buf_put(out, devs, n * sizeof *devs);
	free(devs);
}

int
post_look(struct post *p, struct batch_zip *z, const char **ret_why)
{
	struct msg_batch *h = &p->head;
	struct slice block;
	struct batch b;
	int r = batch_unpack(z, buf_slice(&p->wire), &block);

	*ret_why = r == E_TOOBIG ? "unpacks to more than a batch may have" : "not one zstd frame";
	if (r == 0)
		r = batch_check(block, &b, ret_why);
	if (r != 0)
		return r;
	memcpy(h->key.epoch, b.head->epoch, sizeof h->key.epoch);
	memcpy(h->prev, b.head->prev, sizeof h->prev);
	h->key.seq = b.head->seq;
	h->lines = b.head->lines;
	h->devices = b.head->devices;
	h->wire_len = (uint32_t)p->wire.n;
	batch_hash(buf_slice(&p->wire), h->hash);
	count_lines(h, &b, &p->wire);
	return 0;
}
