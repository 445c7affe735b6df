/* SPDX-License-Identifier: Apache-2.0
 *
 * Inquiries as the API shows them.  A customer sees the threads of its tenant without internal notes, without
 * what machines sent, and learns who writes and until when we promised to.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "desk/inquiry_priv.h"

#define COLUMNS                                                                                                                	"i.id, 'Q-' || i.number AS number, i.tenant, i.kind, i.priority, i.door, i.state, i.held, i.subject, i.lang, i.incident, i.owner,"         	" i.opened_at AS \"opened_at:t\", i.updated_at AS \"updated_at:t\", i.waits, i.closed_at AS \"closed_at:t\", i.closed_by, i.exclusion"

static json_t *
last_of(struct db *db, const char *id, bool customer)
{
	struct rows r = db_query(db, "SELECT at AS \"at:t\", side, who_ja AS \"who:2\", who_en, substr(text, 1, 160) AS text, door FROM inquiry_messages WHERE inquiry = ?"
	                             " AND (visible <> 0 OR ? = 0) ORDER BY n DESC LIMIT 1",
	                         Q(id), Q((int64_t)customer));
	json_t *o = row_first(&r);

	return o != NULL ? o : json_null();
}

/* Of what was once held: where it went, and whether it can come back. */
static void
put_placed(struct ask *a, const char *id, json_t *o)
{
	struct rows r = db_query(a->db, "SELECT placed, reason, reason_text, state, flood IS NOT NULL FROM inquiries WHERE id = ?", Q(id));
	json_t *before;

	if (!rows_next(&r))
		return;
	before = row_str(&r, 0) != NULL ? json_loads(row_str(&r, 0), 0, NULL) : NULL;
	if (before != NULL) {
		auto_free char *into = db_text(a->db, "SELECT 'Q-' || number FROM inquiries WHERE id = ?", Q(json_string_value(json_object_get(before, "into"))));

		json_object_set_new(o, "placed", json_pack("{s:s, s:s?}", "held", json_string_value(json_object_get(before, "held")), "into", into));
	}
	if (row_int(&r, 4) != 0)
		json_object_set_new(o, "flood", json_integer(db_int(a->db, 0, "SELECT count(*) FROM inquiry_mails WHERE inquiry = ?", Q(id))));
	if (strcmp(row_str(&r, 3), "discarded") == 0 && before == NULL)
		json_object_set_new(o, "reason", json_pack("{s:s?, s:s?}", "id", row_str(&r, 1), "text", row_str(&r, 2)));
	json_decref(before);
	rows_close(&r);
}

static json_t *
inquiry_row(struct ask *a, struct rows *r)
{
	const char *id = row_str(r, 0);
	json_t *o = row_json(r);

	json_object_set_new(o, "tenant", row_str(r, 2) != NULL ? tenant_ref(a->db, row_str(r, 2)) : json_null());
	json_object_set_new(o, "owner", person(a->db, row_str(r, 11)));
	json_object_set_new(o, "closed_by", person(a->db, row_str(r, 16)));
	json_object_set_new(o, "clock", clock_of(a->db, id, a->now));
	json_object_set_new(o, "last", last_of(a->db, id, a->customer));
	json_object_set_new(o, "messages_total", json_integer(db_int(a->db, 0, "SELECT count(*) FROM inquiry_messages WHERE inquiry = ? AND (visible <> 0 OR ? = 0)", Q(id),
	                                                             Q((int64_t)a->customer))));
	if (a->customer)
		json_object_del(o, "held");
	else
		put_placed(a, id, o);
	return o;
}

/* What became of the mails of the last 30 days, and why some were held: for staff who see every tenant. */
static json_t *
mails_counted(struct ask *a)
{
	struct rows r = db_query(a->db, "SELECT result, why, count(*) AS n FROM inquiry_mails WHERE at > ? GROUP BY result, why ORDER BY result, why",
	                         Q(a->now - 30 * 86400 * NS_PER_S));

	return rows_json(&r);
}

json_t *
ask_inquiry_list(struct ask *a)
{
	const char *tenant = ask_tenant(a), *state = ask_str(a, "state"), *owner = ask_str(a, "owner"), *incident = ask_str(a, "incident");
	int64_t limit = ask_int(a, "limit", 100);
	json_t *items = json_array(), *out;
	bool held = state != NULL && strcmp(state, "held") == 0, cut = false;
	struct rows r;

	if (a->status != 0) {
		json_decref(items);
		return NULL;
	}
	limit = limit < 1 || limit > 500 ? 100 : limit;
	if (held)
		state = "open";
	/* what waits for us first, by what is due; then the newest */
	r = db_query(a->db,
	             "SELECT " COLUMNS " FROM inquiries i LEFT JOIN clocks k ON k.candidate = i.id AND k.kind = 'inquiry' AND k.stopped_at IS NULL WHERE (? IS NULL OR"
	             " i.tenant = ?) AND (CASE WHEN ? IS NULL THEN i.state <> 'discarded' ELSE i.state = ? END) AND (? IS NULL OR i.owner = ?) AND (? IS NULL OR"
	             " i.incident = ?) AND (? = 0 OR i.tenant IS NULL) ORDER BY i.state <> 'open', k.due_at IS NULL, k.due_at, i.updated_at DESC, i.number DESC",
	             Q(tenant), Q(tenant), Q(state), Q(state), Q(owner), Q(owner), Q(incident), Q(incident), Q((int64_t)held));
	while (rows_next(&r)) {
		if (!inquiry_sees(a->who, row_str(&r, 2)))
			continue;
		if ((int64_t)json_array_size(items) == limit) {
			cut = true;
			break;
		}
		json_array_append_new(items, inquiry_row(a, &r));
	}
	rows_close(&r);
	out = json_pack("{s:o, s:b}", "items", items, "cut", cut);
	if (held && inquiry_sees(a->who, NULL))
		json_object_set_new(out, "mails", mails_counted(a));
	return out;
}

static json_t *
files_of(struct db *db, const char *id, int64_t message)
{
	struct rows r = db_query(db, "SELECT n, name, type, size, sha256 IS NOT NULL AS \"kept:b\", note FROM inquiry_files WHERE inquiry = ? AND message = ? ORDER BY n", Q(id),
	                         Q(message));

	return rows_json(&r);
}

static json_t *
messages_of(struct ask *a, const char *id)
{
	struct rows r = db_query(a->db,
	                         "SELECT n, at AS \"at:t\", door, side, visible AS \"visible:b\", auto AS \"auto:b\", cut AS \"cut:b\", lang, by, who_ja AS \"who:2\", who_en,"
	                         " address, text, proof FROM inquiry_messages WHERE inquiry = ? AND (visible <> 0 OR ? = 0) ORDER BY n",
	                         Q(id), Q((int64_t)a->customer));
	json_t *list = json_array(), *o;

	while (rows_next(&r)) {
		o = row_json(&r);
		json_object_set_new(o, "by", person(a->db, row_str(&r, 8)));
		json_object_set_new(o, "files", files_of(a->db, id, row_int(&r, 0)));
		if (a->customer)
			json_object_del(o, "proof");
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *
mails_of(struct db *db, const char *id)
{
	struct rows r = db_query(db, "SELECT name, shown AS \"to\", state, queued_at AS \"queued_at:t\", ended_at AS \"ended_at:t\", outcome, text FROM outbox WHERE inquiry = ?"
	                             " ORDER BY id",
	                         Q(id));
	json_t *list = json_array(), *o;

	while (rows_next(&r)) {
		o = row_json(&r);
		json_object_set_new(o, "outcome_text", outcome_texts(row_str(&r, 5)));
		json_array_append_new(list, o);
	}
	return list;
}

static json_t *
clocks_of(struct ask *a, const char *id)
{
	struct rows r = db_query(a->db, "SELECT " CLOCK_COLUMNS " FROM clocks k WHERE k.candidate = ? ORDER BY k.started_at, k.id", Q(id));
	json_t *list = json_array();

	while (rows_next(&r))
		json_array_append_new(list, clock_json(&r, a->now));
	return list;
}

json_t *
ask_inquiry_show(struct ask *a)
{
	const char *id = ask_str(a, "id");
	struct rows r = db_query(a->db, "SELECT " COLUMNS " FROM inquiries i WHERE i.id = ? OR ('Q-' || i.number) = ?", Q(id), Q(id));
	struct rows p;
	json_t *o;

	if (!rows_next(&r) || !inquiry_sees(a->who, row_str(&r, 2))) {
		rows_close(&r);
		return NULL;
	}
	o = inquiry_row(a, &r);
	p = db_query(a->db, "SELECT address, name, contact FROM inquiry_people WHERE inquiry = ? ORDER BY address", Q(row_str(&r, 0)));
	json_object_set_new(o, "people", rows_json(&p));
	json_object_set_new(o, "messages", messages_of(a, row_str(&r, 0)));
	json_object_set_new(o, "clocks", clocks_of(a, row_str(&r, 0)));
	if (!a->customer)
		json_object_set_new(o, "mails", mails_of(a->db, row_str(&r, 0)));
	rows_close(&r);
	return o;
}

static char *
base64(struct slice s)
{
	size_t n = sodium_base64_ENCODED_LEN(s.n, sodium_base64_VARIANT_ORIGINAL);
	char *out = x_calloc(1, n);

	sodium_bin2base64(out, n, (const unsigned char *)s.p, s.n, sodium_base64_VARIANT_ORIGINAL);
	return out;
}

bool
desk_answer_file(struct desk *d, const char *sha256, struct buf *out)
{
	struct rows r = db_query(d->db,
	                         "SELECT body FROM blobs WHERE sha256 = ? AND EXISTS(SELECT 1 FROM inquiry_files f JOIN inquiry_messages m ON m.inquiry = f.inquiry AND"
	                         " m.n = f.message WHERE f.sha256 = blobs.sha256 AND m.side = 'soc' AND m.visible <> 0)",
	                         Q(sha256));
	bool there = rows_next(&r);

	if (there)
		buf_put_slice(out, row_text(&r, 0));
	rows_close(&r);
	return there;
}

json_t *
ask_attachment_show(struct ask *a)
{
	const char *id = ask_str(a, "id");
	int64_t message = ask_int(a, "message", 0), k = ask_int(a, "n", 0);
	auto_free char *data = NULL;
	struct inquiry_now n;
	struct rows r, b;
	json_t *o;

	if (id == NULL || !inquiry_fetch(a->db, id, &n) || !inquiry_sees(a->who, n.tenant))
		return NULL;
	r = db_query(a->db, "SELECT f.name, f.type, f.size, f.sha256 FROM inquiry_files f JOIN inquiry_messages m ON m.inquiry = f.inquiry AND m.n = f.message WHERE"
	                    " f.inquiry = ? AND f.message = ? AND f.n = ? AND f.sha256 IS NOT NULL AND (m.visible <> 0 OR ? = 0)",
	             Q(n.id), Q(message), Q(k), Q((int64_t)a->customer));
	if (!rows_next(&r))
		return NULL;
	b = db_query(a->db, "SELECT body FROM blobs WHERE sha256 = ?", Q(row_str(&r, 3)));
	if (!rows_next(&b)) {
		rows_close(&r);
		return NULL;
	}
	data = base64(row_text(&b, 0));
	o = row_json(&r);
	json_object_set_new(o, "data", json_string(data));
	rows_close(&b);
	rows_close(&r);
	return o;
}
