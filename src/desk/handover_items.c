/* SPDX-License-Identifier: Apache-2.0
 *
 * What a hand-over is made of, out of the tables: cases with hypothesis, next step and what is in the way, tasks, promises with
 * their due times, proposals that wait for a second person, alarms, what is in the queue, held or waits for approval and is nobody's, and, out of
 * args.data, devices that are not well.
 * An item whose owner works in the next crew too is kept: it is shown, and nobody has to accept it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/handover_priv.h"

#define DEVICES_MAX 50 /* of one tenant */
#define ALARMS_MAX 50

struct item {
	const char *kind, *ref, *owner, *severity, *ja, *en;
	int64_t due_at;
	const char *hypothesis, *next_step, *blocker;
};

struct gathering {
	struct cmd *c;
	const struct handover_now *h;
	const char *own, *tenant;
	bool more; /* only what is not there yet */
	int64_t n;
};

/* Who had it last: what has no owner of its own belongs to whoever accepted it, at first to the one who gives. */
static char *
owner_before(struct gathering *g, const struct item *it)
{
	char *by = db_text(g->c->db, "SELECT by FROM handover_items WHERE kind = ? AND ref = ? AND state IN ('accepted','late') ORDER BY at DESC LIMIT 1", Q(it->kind),
	                   Q(it->ref));

	return by != NULL ? by : g->h->from_lead[0] != '\0' ? x_strdup(g->h->from_lead) : NULL;
}

static void
add(struct gathering *g, const struct item *it)
{
	bool lasting = word_in(it->kind, "incident candidate task inquiry alarm");
	auto_free char *owner = it->owner != NULL ? x_strdup(it->owner) : lasting ? NULL : owner_before(g, it);

	if (g->n >= HANDOVER_ITEMS_MAX || (g->more && db_int(g->c->db, 0, "SELECT 1 FROM handover_items WHERE handover = ? AND kind = ? AND ref = ?", Q(g->h->id), Q(it->kind), Q(it->ref)) != 0))
		return;
	db_run(g->c->db,
	       "INSERT INTO handover_items(handover, n, kind, ref, tenant, owner, severity, title_ja, title_en, due_at, hypothesis, next_step, blocker, state)"
	       " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	       Q(g->h->id), Q(++g->n), Q(it->kind), Q(it->ref), Q(g->tenant), Q(owner), Q(it->severity), Q(it->ja), Q(it->en), Q_MAYBE(it->due_at),
	       Q(it->hypothesis != NULL ? it->hypothesis : ""), Q(it->next_step != NULL ? it->next_step : ""), Q(it->blocker != NULL ? it->blocker : ""),
	       Q(owner != NULL && list_has(g->h->crew, owner) ? "kept" : "open"));
}

static void
cases(struct gathering *g)
{
	struct rows r = db_query(g->c->db,
	                         "SELECT i.id, 'C-' || c.number, c.owner, coalesce(i.severity, c.severity), coalesce(i.title_ja, c.title_ja), coalesce(i.title_en, c.title_en),"
	                         " (SELECT min(due_at) FROM clocks k WHERE k.candidate = c.id AND k.stopped_at IS NULL) AS due, c.hypothesis, c.next_step, c.blocker"
	                         " FROM candidates c LEFT JOIN incidents i ON i.candidate = c.id WHERE c.tenant = ? AND ((c.state = 'open' AND c.owner IS NOT NULL) OR"
	                         " (c.state = 'decided' AND i.state = 'open')) AND (? IS NULL OR c.owner = ?) ORDER BY due IS NULL, due, c.number",
	                         Q(g->tenant), Q(g->own), Q(g->own));

	while (rows_next(&r))
		add(g, &(struct item){ row_str(&r, 0) != NULL ? "incident" : "candidate", row_str(&r, 0) != NULL ? row_str(&r, 0) : row_str(&r, 1), row_str(&r, 2),
		                       row_str(&r, 3), row_str(&r, 4), row_str(&r, 5), row_int(&r, 6), row_str(&r, 7), row_str(&r, 8), row_str(&r, 9) });
}

static void
tasks(struct gathering *g)
{
	struct rows r = db_query(g->c->db,
	                         "SELECT t.incident || '/' || t.n, t.owner, t.text, t.due_at FROM tasks t JOIN incidents i ON i.id = t.incident WHERE i.tenant = ? AND"
	                         " t.done_at IS NULL AND (? IS NULL OR t.owner = ?) ORDER BY t.due_at IS NULL, t.due_at, t.incident, t.n",
	                         Q(g->tenant), Q(g->own), Q(g->own));

	while (rows_next(&r))
		add(g, &(struct item){ .kind = "task", .ref = row_str(&r, 0), .owner = row_str(&r, 1), .ja = row_str(&r, 2), .en = row_str(&r, 2), .due_at = row_int(&r, 3) });
}

static void
second_persons(struct gathering *g)
{
	struct rows r = db_query(g->c->db,
	                         "SELECT i.id, i.severity, d.by_ja, d.by_en FROM downgrades d JOIN incidents i ON i.id = d.incident WHERE i.tenant = ? AND d.state = 'open'"
	                         " ORDER BY d.at, i.id",
	                         Q(g->tenant));

	while (rows_next(&r)) {
		auto_free char *ja = x_asprintf("%s：%s さんの引き下げの提案が、二人目の確認を待っています。", row_str(&r, 0), row_str(&r, 2));
		auto_free char *en = x_asprintf("%s: a lower severity, proposed by %s, waits for a second person.", row_str(&r, 0), row_str(&r, 3));

		add(g, &(struct item){ .kind = "second", .ref = row_str(&r, 0), .severity = row_str(&r, 1), .ja = ja, .en = en });
	}
}

/* Inquiries with the time that was promised; those that nobody took are counted (waiting[]). */
static void
inquiries(struct gathering *g)
{
	struct rows r = db_query(g->c->db,
	                         "SELECT 'Q-' || q.number, q.owner, q.subject, q.waits, (SELECT min(due_at) FROM clocks k WHERE k.candidate = q.id AND k.stopped_at IS NULL) AS due"
	                         " FROM inquiries q WHERE q.tenant = ? AND q.state = 'open' AND q.owner IS NOT NULL AND (? IS NULL OR q.owner = ?)"
	                         " ORDER BY due IS NULL, due, q.number",
	                         Q(g->tenant), Q(g->own), Q(g->own));

	while (rows_next(&r))
		add(g, &(struct item){ .kind = "inquiry", .ref = row_str(&r, 0), .owner = row_str(&r, 1), .ja = row_str(&r, 2), .en = row_str(&r, 2), .due_at = row_int(&r, 4) });
}

/* Promises that are no case's: the monthly report. */
static void
promises(struct gathering *g)
{
	struct rows r = db_query(g->c->db,
	                         "SELECT k.id, k.kind, k.candidate, k.due_at FROM clocks k WHERE k.tenant = ? AND k.stopped_at IS NULL AND NOT EXISTS(SELECT 1 FROM candidates c"
	                         " WHERE c.id = k.candidate) AND NOT EXISTS(SELECT 1 FROM inquiries q WHERE q.id = k.candidate) ORDER BY k.due_at, k.id",
	                         Q(g->tenant));

	while (rows_next(&r)) {
		bool report = strcmp(row_str(&r, 1), "report") == 0;
		auto_free char *ja = x_asprintf("%s：%s", report ? "月次報告の提出" : row_str(&r, 1), row_str(&r, 2));
		auto_free char *en = x_asprintf("%s: %s", report ? "Monthly report" : row_str(&r, 1), row_str(&r, 2));

		add(g, &(struct item){ .kind = "promise", .ref = row_str(&r, 0), .ja = ja, .en = en, .due_at = row_int(&r, 3) });
	}
}

static void
alarms(struct gathering *g)
{
	struct rows r = db_query(g->c->db, "SELECT id, ja, en, owner FROM alarms WHERE tenant = ? AND ack_at IS NULL ORDER BY at, id LIMIT ?", Q(g->tenant),
	                         Q((int64_t)ALARMS_MAX));

	while (rows_next(&r))
		add(g, &(struct item){ .kind = "alarm", .ref = row_str(&r, 0), .ja = row_str(&r, 1), .en = row_str(&r, 2), .owner = row_str(&r, 3) });
}

/* What nobody has taken, or waits for a second person of the crew, stays where everybody on duty finds it; that it is there, how much and
 * until when is handed over. One row of each of these: held mails and advisories are no tenant's. */
static const struct {
	const char *kind, *more; /* of the reference: TENANT or TENANT/more */
	const char *sql;         /* how many, what is due first */
	const char *ja, *en, *en_one;
	int v;                   /* of the records that have it */
} waiting[] = {
	{ "queue", "",
	  "SELECT count(*), min(k.due_at) FROM candidates c LEFT JOIN clocks k ON k.candidate = c.id AND k.kind = 'decide' AND k.stopped_at IS NULL"
	  " WHERE c.tenant = ? AND c.state = 'open' AND c.owner IS NULL",
	  "待ち行列に、担当者のいない候補が %lld 件あります。", "%lld candidates without an owner are in the queue.", NULL, 0 },
	{ "queue", "/inquiries",
	  "SELECT count(*), min(k.due_at) FROM inquiries q LEFT JOIN clocks k ON k.candidate = q.id AND k.stopped_at IS NULL"
	  " WHERE q.tenant = ? AND q.state = 'open' AND q.owner IS NULL",
	  "担当者のいないお問い合わせが %lld 件あります。", "%lld inquiries have no owner.", "%lld inquiry has no owner.", 3 },
	{ "held", "", "SELECT count(*), 0 FROM inquiries WHERE tenant IS NULL AND coalesce(tenant, '') = ? AND state = 'open'",
	  "差出人を確かめる必要のあるメールが %lld 通あります。", "%lld mails wait for somebody to say whose they are.", "%lld mail waits for somebody to say whose it is.", 3 },
	{ "registration", "", "SELECT count(*), 0 FROM registrations WHERE tenant = ? AND state = 'proposed'",
	  "登録の承認を待つ機器が %lld 台あります。", "%lld devices wait to be approved.", "%lld device waits to be approved.", 3 },
	{ "exception", "", "SELECT count(*), 0 FROM exceptions WHERE tenant = ? AND state = 'proposed'",
	  "承認を待つ例外の提案が %lld 件あります。", "%lld proposed exceptions wait for a second person.", "%lld proposed exception waits for a second person.", 3 },
	{ "report", "",
	  "SELECT count(*), min(due_at) FROM reports WHERE tenant = ? AND state = 'draft'",
	  "提出していない月次報告の下書きが %lld 件あります。", "%lld monthly reports are drafts.", "%lld monthly report is a draft.", 3 },
	{ "advisory", "", "SELECT count(*), 0 FROM advisories WHERE ? = '' AND state IN ('draft','approved')",
	  "送っていない注意喚起が %lld 件あります。", "%lld advisories are not sent yet.", "%lld advisory is not sent yet.", 3 },
};

static char *
counted(const char *words, int64_t n)
{
	const char *at = strstr(words, "%lld");

	return x_asprintf("%.*s%lld%s", (int)(at - words), words, (long long)n, at + 4);
}

/* Of g->tenant; "" = of none. */
static void
waits(struct gathering *g)
{
	for (size_t i = 0; i < sizeof waiting / sizeof *waiting; i++) {
		struct rows r = db_query(g->c->db, waiting[i].sql, Q(g->tenant));
		int64_t n = rows_next(&r) ? row_int(&r, 0) : 0, due = n != 0 ? row_int(&r, 1) : 0;

		rows_close(&r);
		if (n == 0 || g->c->v < waiting[i].v)
			continue;
		auto_free char *ref = x_asprintf("%s%s", g->tenant, waiting[i].more), *ja = counted(waiting[i].ja, n);
		auto_free char *en = counted(n == 1 && waiting[i].en_one != NULL ? waiting[i].en_one : waiting[i].en, n);

		add(g, &(struct item){ .kind = waiting[i].kind, .ref = ref, .ja = ja, .en = en, .due_at = due });
	}
}

static void
devices(struct gathering *g)
{
	static const struct {
		const char *state, *ja, *en;
	} words[] = {
		{ "silent", "届いていません", "silent" },
		{ "never", "一度も届いていません", "never heard" },
		{ "dropping", "取りこぼしています", "losing lines" },
		{ "late", "コレクターが応答しません", "the collector does not answer" },
	};
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(json_object_get(g->c->args, "data"), "devices"), i, v) {
		const char *tenant = json_string_value(json_object_get(v, "tenant")), *ref = json_string_value(json_object_get(v, "ref"));
		const char *state = json_string_value(json_object_get(v, "state")), *last = json_string_value(json_object_get(v, "last_at"));

		for (size_t k = 0; tenant != NULL && ref != NULL && state != NULL && k < sizeof words / sizeof *words; k++) {
			if (strcmp(words[k].state, state) != 0 || strcmp(tenant, g->tenant) != 0)
				continue;
			auto_free char *ja = x_asprintf("%.200s：%s%s%.16s", ref, words[k].ja, last != NULL ? "。最後は " : "", last != NULL ? last : "");
			auto_free char *en = x_asprintf("%.200s: %s%s%.16s", ref, words[k].en, last != NULL ? ", last heard " : "", last != NULL ? last : "");

			add(g, &(struct item){ .kind = strcmp(state, "late") == 0 ? "lcp" : "device", .ref = ref, .ja = ja, .en = en });
		}
	}
}

void
handover_gather(struct cmd *c, const struct handover_now *h, bool more)
{
	const char *own = h->roster[0] == '\0' ? h->from_lead : NULL;
	struct gathering g = { .c = c, .h = h, .own = own, .more = more };
	const json_t *v;
	size_t i;

	if (!more)
		db_run(c->db, "DELETE FROM handover_items WHERE handover = ?", Q(h->id));
	g.n = db_int(c->db, 0, "SELECT max(n) FROM handover_items WHERE handover = ?", Q(h->id));
	json_array_foreach(h->tenants, i, v) {
		g.tenant = json_string_value(v);
		cases(&g);
		tasks(&g);
		inquiries(&g);
		if (own != NULL)
			continue;
		second_persons(&g);
		promises(&g);
		devices(&g);
		alarms(&g);
		waits(&g);
	}
	g.tenant = "";
	if (own == NULL && c->v >= 3)
		waits(&g);
}

/* ---- what is measured ---- */

static void
put_devices(json_t *list, const json_t *rows, const char *states, const char *tenant)
{
	const json_t *v;
	size_t i, n = 0;

	json_array_foreach(rows, i, v) {
		const char *state = json_string_value(json_object_get(v, "state")), *lcp = json_string_value(json_object_get(v, "lcp"));
		auto_free char *ref = lcp != NULL ? x_asprintf("%s/%s", lcp, json_string_value(json_object_get(v, "id"))) : x_strdup(json_string_value(json_object_get(v, "id")));

		if (state == NULL || !word_in(state, states) || n++ >= DEVICES_MAX)
			continue;
		json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:O}", "tenant", tenant, "ref", ref, "state", state, "last_at", json_object_get(v, "last_at")));
	}
}

json_t *
handover_data(struct desk *d, const json_t *tenants, int64_t now)
{
	json_t *list = json_array();
	const json_t *v;
	size_t i;

	json_array_foreach(tenants, i, v) {
		json_t *devices = device_rows(d, json_string_value(v), now, true), *lcps = lcp_rows(d, json_string_value(v), now);

		put_devices(list, lcps, "late", json_string_value(v));
		put_devices(list, devices, "silent never dropping", json_string_value(v));
		json_decref(devices);
		json_decref(lcps);
	}
	return json_pack("{s:o}", "devices", list);
}

json_t *
desk_handover_data(struct desk *d, const struct desk_actor *who, int64_t now)
{
	struct rows r = db_query(d->db, "SELECT id FROM tenants ORDER BY id");
	json_t *tenants = json_array(), *o;

	while (rows_next(&r))
		if (desk_sees(who, row_str(&r, 0)))
			json_array_append_new(tenants, json_string(row_str(&r, 0)));
	o = handover_data(d, tenants, now);
	json_decref(tenants);
	return o;
}
