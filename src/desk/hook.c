/* SPDX-License-Identifier: Apache-2.0
 *
 * Endpoints of webhooks: made, changed, rotated, tried, disabled after days of failure; the log of deliveries.
 *
 * An endpoint that fails gets a date, and a timer so many days later; a delivery that succeeds takes both back.  When the
 * timer fires it is disabled, what waits for it is dropped, and the tenant's contacts and the SOC are told.
 * The address is a credential with some services (Slack, Teams): the journal and these tables know its origin only.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/hook_priv.h"

#define ENDPOINTS_MAX 20
#define DAYS_OTHERWISE 5

static const struct {
	const char *event, *ja, *en;
} events[] = {
#define HOOK_EVENT(event, ja, en) { event, ja, en },
#include "tbl/hook_events.tbl"
#undef HOOK_EVENT
};
#define EVENTS (sizeof events / sizeof *events)

static int
event_find(const char *event)
{
	for (size_t i = 0; i < EVENTS; i++)
		if (strcmp(events[i].event, event) == 0)
			return (int)i;
	return -1;
}

bool
hook_is_event(const char *event)
{
	return event_find(event) >= 0;
}

bool
hook_wanted(struct cmd *c, const char *event)
{
	return db_int(c->db, 0, "SELECT 1 FROM endpoints WHERE tenant = ? AND state = 'active' AND (' ' || events || ' ') LIKE ('% ' || ? || ' %')", Q(c->tenant), Q(event)) != 0;
}

/* ---- what goes out ---- */

static json_t *
doc_of(struct cmd *c, const struct hook_words *w, struct rows *r, int i)
{
	struct rows t = db_query(c->db, "SELECT name_ja, name_en FROM tenants WHERE id = ?", Q(c->tenant));
	json_t *doc = json_pack("{s:s, s:s, s:{s:s, s:s, s:s}, s:I, s:O, s:O}", "notice", "event", "event", w->event, "hook", "endpoint", row_str(r, 0), "format", row_str(r, 3),
	                        "lang", row_str(r, 4), "seq", (json_int_t)c->seq, "data", w->data, "card", w->card);

	if (rows_next(&t)) {
		json_object_set_new(doc, "company", texts(row_str(&t, 0), row_str(&t, 1)));
		rows_close(&t);
	}
	json_object_set_new(json_object_get(doc, "card"), "title", texts(events[i].ja, events[i].en));
	if (w->raw != NULL && row_int(r, 5) != 0) {
		json_object_set_new(doc, "data", json_copy(w->data));
		json_object_set(json_object_get(doc, "data"), "lines", w->raw);
	}
	return doc;
}

void
hook_say(struct cmd *c, struct hook_words *w)
{
	int i = event_find(w->event);
	struct rows r = db_query(c->db,
	                         "SELECT id, name, shown, format, lang, raw, events FROM endpoints WHERE tenant = ? AND state = 'active' AND (? IS NULL OR id = ?) ORDER BY number",
	                         Q(c->tenant), Q(w->endpoint), Q(w->endpoint));

	must(i >= 0);
	while (rows_next(&r)) {
		struct receiver who = { .lang = row_str(&r, 4), .hours = HOURS_IN };
		auto_free char *key = x_asprintf("%s/%lld/%s", w->event, (long long)c->seq, row_str(&r, 0));

		if (w->endpoint == NULL && !word_in(w->event, row_str(&r, 6)))
			continue;
		if (w->severity != NULL && channel_send(c->db, c->tenant, &who, w->severity, "webhook") == SEND_NEVER)
			continue;
		outbox_hook(c, doc_of(c, w, &r, i), &(struct hook_row){ row_str(&r, 0), row_str(&r, 1), row_str(&r, 2), w->event, w->incident, key });
	}
	json_decref(w->data);
	json_decref(w->card);
	json_decref(w->raw);
}

/* ---- how it ended ---- */

void
hook_delivered(struct cmd *c, int64_t job, const char *outcome)
{
	auto_free char *endpoint = db_text(c->db, "SELECT endpoint FROM outbox WHERE id = ?", Q(job));
	int64_t days, failing;

	if (endpoint == NULL || strcmp(outcome, "cancelled") == 0)
		return;
	if (strcmp(outcome, "sent") == 0) {
		db_run(c->db, "UPDATE endpoints SET failing_at = NULL, delivered_at = ? WHERE id = ?", Q(c->now), Q(endpoint));
		timer_drop_kind(c, endpoint, "webhook.failing");
		return;
	}
	failing = db_int(c->db, 0, "SELECT 1 FROM endpoints WHERE id = ? AND (failing_at IS NOT NULL OR state <> 'active')", Q(endpoint));
	if (failing != 0)
		return;
	days = db_int(c->db, DAYS_OTHERWISE, "SELECT days FROM endpoints WHERE id = ?", Q(endpoint));
	db_run(c->db, "UPDATE endpoints SET failing_at = ? WHERE id = ?", Q(c->now), Q(endpoint));
	timer_set(c, "webhook.failing", endpoint, c->now + days * NS_PER_DAY, 0);
}

/* What waits for an endpoint is not sent any more. One that is under way is called back. */
static void
drop_waiting(struct cmd *c, const char *endpoint)
{
	db_run(c->db, "UPDATE outbox SET cancel = 1, not_before = ? WHERE endpoint = ? AND state = 'open'", Q(c->now), Q(endpoint));
}

void
hook_failing(struct cmd *c, const char *endpoint)
{
	struct rows r = db_query(c->db, "SELECT tenant, number, name, shown, days FROM endpoints WHERE id = ? AND state = 'active' AND failing_at IS NOT NULL", Q(endpoint));
	auto_free char *ja = NULL, *en = NULL, *key = NULL;

	if (!rows_next(&r))
		return;
	snprintf(c->tenant, sizeof c->tenant, "%s", row_str(&r, 0));
	ja = x_asprintf("連携先 W-%lld「%s」（%s）に %lld 日間届かなかったため、停止しました。", (long long)row_int(&r, 1), row_str(&r, 2), row_str(&r, 3), (long long)row_int(&r, 4));
	en = x_asprintf("Webhook W-%lld \"%s\" (%s) could not be reached for %lld days and was disabled.", (long long)row_int(&r, 1), row_str(&r, 2), row_str(&r, 3),
	                (long long)row_int(&r, 4));
	rows_close(&r);
	db_run(c->db, "UPDATE endpoints SET state = 'disabled', disabled_at = ? WHERE id = ?", Q(c->now), Q(endpoint));
	drop_waiting(c, endpoint);
	alarm_raise(c, "webhook_disabled", endpoint, "warning", c->tenant, NULL, ja, en);
	key = x_asprintf("webhook/%s/disabled/%lld", endpoint, (long long)c->seq);
	outbox_words(c, &(struct word_mail){ key, "連携先を停止しました", "A webhook was disabled", ja, en, "/portal/" });
	cmd_changed(c, "webhook", endpoint, c->tenant, NULL);
}

/* ---- commands ---- */

struct endpoint_now {
	char id[32], tenant[32], state[16];
};

static bool
load(struct cmd *c, struct endpoint_now *ret)
{
	const char *id = arg_need(c, "id", 64);
	struct rows r = db_query(c->db, "SELECT id, tenant, state, number FROM endpoints WHERE (id = ? OR ('W-' || number) = ?) AND state <> 'removed'", Q(id), Q(id));
	auto_free char *number = NULL;

	if (cmd_failed(c) || !rows_next(&r) || !desk_sees(c->who, row_str(&r, 1))) {
		rows_close(&r);
		cmd_refuse(c, 404, "not_found", NULL, "%s", "");
		return false;
	}
	snprintf(ret->id, sizeof ret->id, "%s", row_str(&r, 0));
	snprintf(ret->tenant, sizeof ret->tenant, "%s", row_str(&r, 1));
	snprintf(ret->state, sizeof ret->state, "%s", row_str(&r, 2));
	number = x_asprintf("W-%lld", (long long)row_int(&r, 3));
	rows_close(&r);
	snprintf(c->tenant, sizeof c->tenant, "%s", ret->tenant);
	snprintf(c->noun, sizeof c->noun, "webhook");
	snprintf(c->id, sizeof c->id, "%s", ret->id);
	cmd_changed(c, "webhook", ret->id, ret->tenant, number);
	return true;
}

/* The events chosen as "a b c"; NULL when absent. Heap. */
static char *
read_events(struct cmd *c)
{
	const json_t *list = json_object_get(c->args, "events"), *v;
	struct buf b = { 0 };
	size_t i;
	char *text;

	if (list == NULL)
		return NULL;
	if (!json_is_array(list) || json_array_size(list) == 0 || json_array_size(list) > EVENTS)
		cmd_refuse(c, 422, "invalid", "events", "wanted a list of events, at least one");
	json_array_foreach(list, i, v) {
		const char *word = json_string_value(v);

		if (word == NULL || !hook_is_event(word))
			cmd_refuse(c, 422, "invalid", "events", "number %zu is no event", i + 1);
		else if (!word_in(word, b.n != 0 ? buf_cstr(&b) : "-"))
			buf_printf(&b, "%s%s", b.n != 0 ? " " : "", word);
	}
	text = x_strdup(b.n != 0 ? buf_cstr(&b) : "");
	buf_fini(&b);
	return text;
}

/* https://host[:port], which is what of an address may be seen. */
static const char *
read_shown(struct cmd *c)
{
	const char *s = arg_str(c, "shown", 300), *host;

	if (json_object_get(c->args, "url") != NULL)
		cmd_refuse(c, 422, "invalid", "url", "an address is no part of the journal");
	if (s == NULL)
		return NULL;
	host = strstr(s, "://");
	if ((strncmp(s, "https://", 8) != 0 && strncmp(s, "http://", 7) != 0) || host[3] == '\0' || strpbrk(host + 3, "/?#@ \\") != NULL)
		cmd_refuse(c, 422, "invalid", "url", "wanted https:// and a host");
	return s;
}

struct wishes {
	const char *name, *shown, *format, *lang;
	char *events;
	int64_t days;
};

static void
read_wishes(struct cmd *c, struct wishes *w)
{
	*w = (struct wishes){ .name = arg_str(c, "name", 120), .shown = read_shown(c), .format = arg_str(c, "format", 8), .lang = arg_str(c, "lang", 2), .events = read_events(c),
		              .days = arg_int(c, "days", 0) };
	if (w->format != NULL && !word_in(w->format, "json slack teams"))
		cmd_refuse(c, 422, "invalid", "format", "wanted json, slack or teams");
	if (w->lang != NULL && !word_in(w->lang, "ja en"))
		cmd_refuse(c, 422, "invalid", "lang", "wanted ja or en");
	if (w->days < 0 || w->days > 30)
		cmd_refuse(c, 422, "invalid", "days", "wanted 1 to 30 days");
}

void
cmd_webhook_add(struct cmd *c)
{
	const char *tenant = cmd_is_customer(c) ? c->who->tenant : arg_need(c, "tenant", 31), *name = arg_need(c, "name", 120);
	bool raw = arg_bool(c, "raw", false);
	struct wishes w;
	char id[27];

	read_wishes(c, &w);
	auto_free char *chosen = w.events;

	if (w.shown == NULL)
		cmd_refuse(c, 422, "invalid", "url", "it is missing");
	if (chosen == NULL)
		cmd_refuse(c, 422, "invalid", "events", "it is missing");
	if (cmd_failed(c))
		return;
	if (!desk_sees(c->who, tenant) || db_int(c->db, 0, "SELECT 1 FROM tenants WHERE id = ?", Q(tenant)) == 0)
		cmd_refuse(c, 404, "not_found", "tenant", "%s", "");
	else if (db_int(c->db, 0, "SELECT count(*) FROM endpoints WHERE tenant = ? AND state <> 'removed'", Q(tenant)) >= ENDPOINTS_MAX)
		cmd_refuse(c, 409, "state", NULL, "a tenant has at most %d", ENDPOINTS_MAX);
	if (cmd_failed(c))
		return;
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
	cmd_new_id(c, id);
	db_run(c->db,
	       "INSERT INTO endpoints(id, number, tenant, name, shown, format, lang, events, raw, days, state, made_at, made_by, secret_at)"
	       " VALUES(?, ?, ?, ?, ?, ?, coalesce(?, (SELECT lang FROM tenants WHERE id = ?)), ?, ?, ?, 'active', ?, ?, ?)",
	       Q(id), Q(cmd_count(c, "endpoint")), Q(tenant), Q(name), Q(w.shown), Q(w.format != NULL ? w.format : "json"), Q(w.lang), Q(tenant), Q(chosen), Q((int64_t)raw),
	       Q(w.days != 0 ? w.days : (int64_t)DAYS_OTHERWISE), Q(c->now), Q(c->who->user), Q(c->now));
	snprintf(c->noun, sizeof c->noun, "webhook");
	snprintf(c->id, sizeof c->id, "%s", id);
	cmd_changed(c, "webhook", id, tenant, NULL);
}

void
cmd_webhook_change(struct cmd *c)
{
	const char *state = arg_str(c, "state", 16);
	const json_t *raw = json_object_get(c->args, "raw");
	struct endpoint_now n;
	struct wishes w;

	read_wishes(c, &w);
	auto_free char *chosen = w.events;

	if (state != NULL && !word_in(state, "active paused"))
		cmd_refuse(c, 422, "invalid", "state", "wanted active or paused");
	if (raw != NULL && !json_is_boolean(raw))
		cmd_refuse(c, 422, "invalid", "raw", "wanted true or false");
	if (w.name != NULL && w.name[0] == '\0')
		cmd_refuse(c, 422, "invalid", "name", "it is empty");
	if (cmd_failed(c) || !load(c, &n))
		return;
	db_run(c->db,
	       "UPDATE endpoints SET name = coalesce(?, name), shown = coalesce(?, shown), format = coalesce(?, format), lang = coalesce(?, lang), events = coalesce(?, events),"
	       " raw = coalesce(?, raw), days = coalesce(?, days), state = coalesce(?, state) WHERE id = ?",
	       Q(w.name), Q(w.shown), Q(w.format), Q(w.lang), Q(chosen), raw != NULL ? Q((int64_t)json_is_true(raw)) : Q_NULL, w.days != 0 ? Q(w.days) : Q_NULL, Q(state), Q(n.id));
	if (state != NULL && strcmp(state, n.state) != 0) {
		db_run(c->db, "UPDATE endpoints SET failing_at = NULL, disabled_at = NULL WHERE id = ?", Q(n.id));
		timer_drop(c, n.id);
	}
	if (state != NULL && strcmp(state, "paused") == 0)
		drop_waiting(c, n.id);
}

/* The new secret itself is the role's; how long the old one goes on signing beside it too. */
void
cmd_webhook_rotate(struct cmd *c)
{
	int64_t hours = arg_int(c, "overlap_h", 24);
	struct endpoint_now n;

	if (hours < 0 || hours > 168)
		cmd_refuse(c, 422, "invalid", "overlap_h", "wanted 0 to 168 hours");
	if (cmd_failed(c) || !load(c, &n))
		return;
	db_run(c->db, "UPDATE endpoints SET secret_at = ?, overlap_to = ? WHERE id = ?", Q(c->now), Q(c->now + hours * 3600 * NS_PER_S), Q(n.id));
}

void
cmd_webhook_remove(struct cmd *c)
{
	struct endpoint_now n;

	if (!load(c, &n))
		return;
	db_run(c->db, "UPDATE endpoints SET state = 'removed', disabled_at = ? WHERE id = ?", Q(c->now), Q(n.id));
	timer_drop(c, n.id);
	drop_waiting(c, n.id);
	c->noun[0] = '\0'; /* 204 */
}

void
cmd_webhook_test(struct cmd *c)
{
	struct endpoint_now n;

	if (!load(c, &n))
		return;
	if (strcmp(n.state, "active") != 0)
		cmd_refuse(c, 409, "state", NULL, "it is %s", n.state);
	else
		hook_test(c, n.id);
}

/* The same bytes once more, as a delivery of its own. */
void
cmd_webhook_redeliver(struct cmd *c)
{
	int64_t delivery = arg_int(c, "n", 0);
	struct endpoint_now n;
	struct rows r;

	if (cmd_failed(c) || !load(c, &n))
		return;
	r = db_query(c->db, "SELECT doc, event, incident, key, name, shown FROM outbox WHERE id = ? AND endpoint = ? AND state = 'done'", Q(delivery), Q(n.id));
	if (!rows_next(&r)) {
		cmd_refuse(c, 404, "not_found", "n", "there is no such delivery, or it is still under way");
		return;
	}
	if (strcmp(n.state, "active") != 0)
		cmd_refuse(c, 409, "state", NULL, "it is %s", n.state);
	else
		outbox_hook(c, json_loadb(row_text(&r, 0).p, row_text(&r, 0).n, 0, NULL),
		            &(struct hook_row){ n.id, row_str(&r, 4), row_str(&r, 5), row_str(&r, 1), row_str(&r, 2), row_str(&r, 3) });
	rows_close(&r);
}

/* ---- questions ---- */

#define COLUMNS                                                                                                                            \
	"e.id, 'W-' || e.number AS number, e.tenant, e.name, e.shown AS url, e.format, e.lang, e.events, e.raw AS \"raw:b\", e.days, e.state,"          \
	" e.made_at AS \"made_at:t\", e.made_by, e.secret_at AS \"secret_at:t\", e.overlap_to AS \"overlap_to:t\", e.failing_at AS \"failing_at:t\","  \
	" e.disabled_at AS \"disabled_at:t\", e.delivered_at AS \"delivered_at:t\","                                                              \
	" (SELECT count(*) FROM outbox o WHERE o.endpoint = e.id AND o.state = 'open') AS waiting"

static json_t *
endpoint_row(struct db *db, struct rows *r)
{
	json_t *o = row_json(r), *list = json_array();
	struct slice left = slice_str(row_str(r, 7));

	while (left.n != 0) {
		struct slice word = slice_cut(&left, ' ');

		json_array_append_new(list, json_stringn(word.p, word.n));
	}
	json_object_set_new(o, "events", list);
	json_object_set_new(o, "tenant", tenant_ref(db, row_str(r, 2)));
	json_object_set_new(o, "made_by", person(db, row_str(r, 12)));
	return o;
}

json_t *
ask_webhook_list(struct ask *a)
{
	const char *tenant = ask_tenant(a);
	json_t *items, *all = json_array(), *o;
	struct rows r;

	if (a->status != 0) {
		json_decref(all);
		return NULL;
	}
	items = json_array();
	r = db_query(a->db, "SELECT " COLUMNS " FROM endpoints e WHERE e.state <> 'removed' AND (? IS NULL OR e.tenant = ?) ORDER BY e.number", Q(tenant), Q(tenant));
	while (rows_next(&r))
		if (desk_sees(a->who, row_str(&r, 2)))
			json_array_append_new(items, endpoint_row(a->db, &r));
	for (size_t i = 0; i < EVENTS; i++) {
		o = json_pack("{s:s, s:o}", "event", events[i].event, "title", texts(events[i].ja, events[i].en));
		json_array_append_new(all, o);
	}
	return json_pack("{s:o, s:o}", "items", items, "events", all);
}

/* The endpoint in sight that args.id names, open; false: there is none. */
static bool
find(struct ask *a, struct rows *r)
{
	const char *id = ask_str(a, "id");

	*r = db_query(a->db, "SELECT " COLUMNS " FROM endpoints e WHERE (e.id = ? OR ('W-' || e.number) = ?) AND e.state <> 'removed'", Q(id), Q(id));
	if (rows_next(r) && desk_sees(a->who, row_str(r, 2)))
		return true;
	rows_close(r);
	return false;
}

json_t *
ask_webhook_show(struct ask *a)
{
	struct rows r;
	json_t *o;

	if (!find(a, &r))
		return NULL;
	o = endpoint_row(a->db, &r);
	rows_close(&r);
	return o;
}

json_t *
ask_delivery_list(struct ask *a)
{
	int64_t limit = ask_int(a, "limit", 100), before = ask_int(a, "cursor", INT64_MAX), last = 0;
	json_t *items, *o;
	struct rows r;
	char next[24];

	if (!find(a, &r))
		return NULL;
	auto_free char *id = x_strdup(row_str(&r, 0));

	rows_close(&r);
	limit = limit < 1 || limit > 500 ? 100 : limit;
	items = json_array();
	r = db_query(a->db,
	             "SELECT id AS delivery, event, incident, key, CASE WHEN state = 'done' THEN 'done' WHEN cancel <> 0 THEN 'cancelled' ELSE 'open' END AS state, outcome, code, text,"
	             " sends AS attempts, queued_at AS \"queued_at:t\", ended_at AS \"ended_at:t\", CASE WHEN state = 'open' THEN not_before END AS \"next_at:t\", length(doc) AS bytes"
	             " FROM outbox WHERE endpoint = ? AND id < ? ORDER BY id DESC LIMIT ?", Q(id), Q(before), Q(limit));
	while (rows_next(&r)) {
		last = row_int(&r, 0);
		o = row_json(&r);
		json_array_append_new(items, o);
	}
	snprintf(next, sizeof next, "%lld", (long long)last);
	o = json_pack("{s:o}", "items", items);
	json_object_set_new(o, "next", (int64_t)json_array_size(items) == limit ? json_string(next) : json_null());
	return o;
}
