/* SPDX-License-Identifier: Apache-2.0
 *
 * Reports as they are read: the list of months, one of them with its data set, and what goes into the command that publishes.
 *
 * Every published revision is a row of its own in the list.  Which one report.show gives: the one that was asked for; else staff get the draft when
 * there is one, everybody the last published one.  What came after a revision was frozen (that it was replaced, that its correction is being
 * written) stands beside its data set, never in it: the data set's hash is the one that was printed.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/desk_priv.h"
#include "sys/pki.h"

#define COMMON "r.id, r.tenant, 'monthly' AS kind, r.month"
/* A draft; of a correction from when it was opened. */
#define OF_DRAFT                                                                                                                                     \
	COMMON ", r.state, r.revision, coalesce(r.correcting_at, r.drafted_at) AS \"drafted_at:t\", r.due_at AS \"due_at:t\", r.published_at AS"          \
	" \"published_at:t\", r.by_ja AS \"published_by:2\", r.by_en, nullif(r.reason_ja, '') AS \"reason:2\", nullif(r.reason_en, '') AS reason_en FROM reports r"
#define OF_PUBLISHED                                                                                                                                 \
	COMMON ", CASE WHEN v.revision < r.revision - (r.state = 'draft') THEN 'replaced' WHEN r.state = 'draft' THEN 'correcting' ELSE 'published' END AS state,"  \
	" v.revision, r.drafted_at AS \"drafted_at:t\", r.due_at AS \"due_at:t\", v.published_at AS \"published_at:t\", v.by_ja AS \"published_by:2\", v.by_en,"      \
	" nullif(v.reason_ja, '') AS \"reason:2\", nullif(v.reason_en, '') AS reason_en FROM report_revisions v JOIN reports r ON r.id = v.report"

json_t *
ask_report_list(struct ask *a)
{
	const char *tenant = ask_tenant(a);
	struct rows r;
	json_t *items;

	if (a->status != 0)
		return NULL;
	r = db_query(a->db, "SELECT " OF_DRAFT " WHERE r.state = 'draft' AND ? = 0 AND (? IS NULL OR r.tenant = ?) UNION ALL SELECT " OF_PUBLISHED
	                    " WHERE (? IS NULL OR r.tenant = ?) ORDER BY 4 DESC, 2, 6 DESC LIMIT 1200",
	             Q((int64_t)a->customer), Q(tenant), Q(tenant), Q(tenant), Q(tenant));
	items = rows_json(&r);
	for (size_t i = json_array_size(items); i-- > 0;)
		if (!desk_sees(a->who, json_string_value(json_object_get(json_array_get(items, i), "tenant"))))
			json_array_remove(items, i);
	return json_pack("{s:o}", "items", items);
}

/* ---- one of them ---- */

struct asked {
	const char *id;
	char tenant[32];
	int64_t first, last, revision; /* revision 0: none was named */
	bool daily;
};

json_t *
report_frozen(struct db *db, const char *id, int64_t revision)
{
	auto_free char *text = db_text(db, "SELECT data FROM report_revisions WHERE report = ? AND (? = 0 OR revision = ?) ORDER BY revision DESC LIMIT 1", Q(id),
	                               Q(revision), Q(revision));

	return text != NULL ? json_loads(text, 0, NULL) : NULL;
}

/* As it is printed: compact, keys sorted. */
static void
hash_of(const json_t *data, char ret[65])
{
	char *text = json_dumps(data, JSON_COMPACT | JSON_SORT_KEYS);
	uint8_t sum[32];

	pki_sha256(slice_str(text), sum);
	for (int i = 0; i < 32; i++)
		snprintf(ret + 2 * i, 3, "%02x", sum[i]);
	free(text);
}

/* The revision that number `n` replaces, for whoever reads number n. */
static json_t *
replaces(struct ask *a, const struct asked *q, const json_t *o)
{
	json_int_t n = json_integer_value(json_object_get(o, "revision"));
	int64_t at = db_int(a->db, 0, "SELECT published_at FROM report_revisions WHERE report = ? AND revision = ?", Q(q->id), Q((int64_t)n - 1));
	json_t *before = report_frozen(a->db, q->id, n - 1), *out;
	char hash[65];

	hash_of(before, hash);
	out = json_pack("{s:I, s:o, s:s, s:O}", "revision", n - 1, "published_at", time_json(at), "sha256", hash, "reason", json_object_get(o, "reason"));
	json_decref(before);
	return out;
}

/* The analyst's part belongs to the data set, and so does which revision it is: what is printed is all there. */
static json_t *
draft_data(struct ask *a, const struct asked *q, const json_t *o)
{
	struct rows r = db_query(a->db, "SELECT words_ja AS \"words:2\", words_en, recommendations AS \"recommendations:j\", kept FROM reports WHERE id = ?", Q(q->id));
	json_t *more = row_first(&r), *data = NULL, *list;

	if (json_integer_value(json_object_get(more, "kept")) != 0)
		data = report_frozen(a->db, q->id, 0);
	if (data == NULL)
		data = report_data(a->d, q->tenant, q->daily ? "daily" : "monthly", q->first, q->last, a->now);
	list = more != NULL ? json_incref(json_object_get(more, "recommendations")) : json_array();
	json_object_set_new(data, "words", more != NULL ? json_incref(json_object_get(more, "words")) : texts("", ""));
	json_object_set_new(data, "recommendations", list);
	json_object_set(data, "state", json_object_get(o, "state"));
	if (json_integer_value(json_object_get(o, "revision")) > 1) {
		json_object_set(data, "revision", json_object_get(o, "revision"));
		json_object_set_new(data, "replaces", replaces(a, q, o));
	}
	json_decref(more);
	return data;
}

/* What is known of a revision since it was frozen. */
static void
put_standing(struct ask *a, const struct asked *q, json_t *o)
{
	struct rows r = db_query(a->db, "SELECT revision, published_at AS \"published_at:t\", reason_ja AS \"reason:2\", reason_en FROM report_revisions WHERE report = ? AND"
	                                " revision = ?", Q(q->id), Q((int64_t)json_integer_value(json_object_get(o, "revision")) + 1));
	json_t *next = row_first(&r);

	if (next != NULL)
		json_object_set_new(o, "replaced_by", next);
	if (strcmp(json_string_value(json_object_get(o, "state")), "correcting") == 0) {
		r = db_query(a->db, "SELECT correcting_at AS \"since:t\", reason_ja AS \"reason:2\", reason_en FROM reports WHERE id = ?", Q(q->id));
		json_object_set_new(o, "correction", row_first(&r));
	}
}

/* Its row of the list; NULL when there is none that this person may see. */
static json_t *
row_of(struct ask *a, const struct asked *q)
{
	struct rows r;
	json_t *o = NULL;

	if (!a->customer) {
		r = db_query(a->db, "SELECT " OF_DRAFT " WHERE r.id = ? AND r.state = 'draft' AND (? = 0 OR r.revision = ?)", Q(q->id), Q(q->revision), Q(q->revision));
		o = row_first(&r);
	}
	if (o == NULL) {
		r = db_query(a->db, "SELECT " OF_PUBLISHED " WHERE r.id = ? AND (? = 0 OR v.revision = ?) ORDER BY v.revision DESC LIMIT 1", Q(q->id), Q(q->revision), Q(q->revision));
		o = row_first(&r);
	}
	return o;
}

/* A day, or a month that nobody drafted: counted now. */
static json_t *
live_row(const struct asked *q)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:n, s:n, s:n, s:n, s:n}", "id", q->id, "tenant", q->tenant, "kind", q->daily ? "daily" : "monthly", "month",
	                 q->id + strlen(q->tenant) + 1, "state", "live", "revision", 1, "drafted_at", "due_at", "published_at", "published_by", "reason");
}

static bool
is_draft_or_live(const json_t *o)
{
	const char *state = json_string_value(json_object_get(o, "state"));

	return strcmp(state, "draft") == 0 || strcmp(state, "live") == 0;
}

json_t *
ask_report_show(struct ask *a)
{
	struct asked q = { .id = ask_str(a, "id"), .revision = ask_int(a, "revision", 0) };
	auto_free char *zone = NULL;
	json_t *o, *data;

	if (q.id == NULL || strlen(q.id) > 47 || !report_read_id(q.id, q.tenant, &q.first, &q.last) || !desk_sees(a->who, q.tenant))
		return NULL;
	q.daily = q.first == q.last;
	zone = db_text(a->db, "SELECT zone FROM tenants WHERE id = ?", Q(q.tenant));
	if (zone == NULL || q.first > local_day(zone, a->now))
		return NULL;
	o = row_of(a, &q);
	/* a customer sees what is published, and days that are over */
	if (o == NULL && (q.revision != 0 || (a->customer && (!q.daily || q.last >= local_day(zone, a->now)))))
		return NULL;
	if (o == NULL)
		o = live_row(&q);
	data = is_draft_or_live(o) ? draft_data(a, &q, o) : report_frozen(a->db, q.id, json_integer_value(json_object_get(o, "revision")));
	json_object_set(o, "words", json_object_get(data, "words"));
	json_object_set(o, "recommendations", json_object_get(data, "recommendations"));
	json_object_set_new(o, "data", data);
	put_standing(a, &q, o);
	return o;
}

json_t *
desk_report_data(struct desk *d, const struct desk_actor *who, const char *id, int64_t now)
{
	json_t *args = json_pack("{s:s}", "id", id), *data;
	struct desk_answer a = desk_ask(d, "report.show", who, args, now);

	data = a.status == 200 ? json_deep_copy(json_object_get(a.body, "data")) : NULL;
	if (data != NULL)
		json_object_set_new(data, "state", json_string("published"));
	json_decref(a.body);
	json_decref(args);
	return data;
}

char *
desk_report_frozen(struct desk *d, const char *id, int64_t revision)
{
	return db_text(d->db, "SELECT data FROM report_revisions WHERE report = ? AND (? = 0 OR revision = ?) ORDER BY revision DESC LIMIT 1", Q(id), Q(revision), Q(revision));
}
