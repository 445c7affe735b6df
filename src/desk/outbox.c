/* SPDX-License-Identifier: Apache-2.0
 *
 * Outbox: what shall leave the house, written in the transaction that decided it.  A row is one JOB of
 * docs/jobs.md, complete, so that a repeat has the same bytes.  `mail` rows are tried again with growing
 * pauses for 72 hours, `webhook` rows for 24; a call is tried once, the chain decides what follows.
 */
#include <stdio.h>
#include <stdlib.h>

#include "codec/reach.h"
#include "desk/facts_priv.h"
#include "desk/hook_priv.h"
#include "desk/inquiry_priv.h"
#include "desk/roster_priv.h"

#define MAIL_FOR (72 * 3600 * NS_PER_S)
#define HOOK_FOR (24 * 3600 * NS_PER_S)
#define EVENTS_MAX 64
#define REPORT_MAX (56u << 10)

static const struct {
	const char *name, *reached, *en, *ja;
} outcomes[] = {
#define YES "yes"
#define HUMAN "human"
#define NO "no"
#define OUTCOME(id, name, kinds, reached, next, en, ja, what) { name, reached, en, ja },
#include "tbl/outcomes.tbl"
#undef OUTCOME
#undef YES
#undef HUMAN
#undef NO
};

static int
outcome_find(const char *name)
{
	for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
		if (strcmp(outcomes[i].name, name) == 0)
			return (int)i;
	return -1;
}

json_t *
outcome_texts(const char *name)
{
	int i = name != NULL ? outcome_find(name) : -1;

	return i >= 0 ? texts(outcomes[i].ja, outcomes[i].en) : json_null();
}

const char *
outcome_reached(const char *name)
{
	int i = name != NULL ? outcome_find(name) : -1;

	return i >= 0 ? outcomes[i].reached : NULL;
}

void
mask_number(const char *number, char *ret, size_t n)
{
	size_t len = strlen(number);

	if (strncmp(number, "sip:", 4) == 0)
		snprintf(ret, n, "sip:%.3s…", number + 4);
	else if (len <= 6)
		snprintf(ret, n, "…%s", len > 2 ? number + len - 2 : "");
	else
		snprintf(ret, n, "%.3s…%s", number, number + len - 4);
}

/* What goes into a JOB may hold names out of logs: made harmless and short enough here, so that no name can make a JOB unreadable and
 * with it the mail not happen.  line: in one line. */
static json_t *
safe(const char *s, int max, bool line)
{
	auto_free char *clean = clean_text(s != NULL ? s : "", max);

	for (char *at = clean; line && *at != '\0'; at++)
		if (*at == '\n')
			*at = ' ';
	return json_string(clean);
}

#define JOBS_ARE_TAKEN 7 /* from this version of a record on */

/* A JOB that cannot be read is a mail that never goes (notify/notice.c says what can).  So whatever words of people are in one, they are made
 * fit here, once for all: without control characters, in one line where one is wanted, and short enough. */
static const struct {
	const char *key;
	int max; /* bytes */
	bool line, need; /* need: a job without it would be refused */
	int since;       /* version of the record */
} fits[] = { { "name", REACH_NAME, true, false, 3 }, { "kana", REACH_NAME, true, false, 3 }, { "by", REACH_NAME, true, true, 3 }, { "company", REACH_COMPANY, true, true, 3 },
	{ "code_word", REACH_CODE_WORD, true, false, JOBS_ARE_TAKEN }, { "title", 800, false, false, 3 }, { "subject", 1000, true, false, 3 }, { "text", 8000, false, false, 3 },
	{ "summary", 8000, false, false, 3 }, { "action", 8000, false, false, 3 }, { "affected", 255, true, false, 3 } };
#define FITS (sizeof fits / sizeof *fits)

/* of: the key whose words these are; what {"ja","en"} or a list holds is its key's. */
static json_t *
fit_words(const struct cmd *c, json_t *v, const char *of)
{
	const char *key;
	void *next;
	json_t *part;
	size_t i;

	for (i = 0; i < FITS && json_is_string(v); i++)
		if (strcmp(fits[i].key, of) == 0 && c->v >= fits[i].since) {
			if (fits[i].need && json_string_length(v) == 0 && c->v >= JOBS_ARE_TAKEN)
				return json_string(c->tenant[0] != '\0' ? c->tenant : "-");
			return safe(json_string_value(v), fits[i].max, fits[i].line);
		}
	json_object_foreach_safe(v, next, key, part)
		if (!word_in(key, "report inquiry")) /* fit already: figures, and a letter with its own limits */
			json_object_set_new(v, key, fit_words(c, part, word_in(key, "ja en") ? of : key));
	json_array_foreach(v, i, part)
		json_array_set_new(v, i, fit_words(c, part, of));
	return json_incref(v);
}

static int64_t
put(struct cmd *c, json_t *doc, const char *kind, const char *incident, const char *chain, const char *contact, const char *name,
    const char *kana, const char *shown, const char *provider, int attempt, const char *key)
{
	int64_t id = cmd_count(c, "outbox");
	char job[24], at[36];
	char *text;

	snprintf(job, sizeof job, "%lld", (long long)id);
	time_text(c->now, at);
	/* hook_words.c has its own */
	if (c->v >= 3 && (strcmp(kind, "webhook") != 0 || (c->v >= JOBS_ARE_TAKEN && json_object_get(doc, "data") == NULL)))
		json_decref(fit_words(c, doc, ""));
	json_object_set_new(doc, "v", json_integer(1));
	json_object_set_new(doc, "job", json_string(job));
	json_object_set_new(doc, "kind", json_string(kind));
	json_object_set_new(doc, "key", json_string(key));
	json_object_set_new(doc, "tenant", json_string(c->tenant));
	if (json_object_get(doc, "at") == NULL) /* a repeat is from when it was said first */
		json_object_set_new(doc, "at", json_string(at));
	text = json_text(doc);
	db_run(c->db,
	       "INSERT INTO outbox(id, kind, tenant, incident, chain, contact, name, kana, shown, provider, try, key, doc, state, cancel,"
	       " not_before, queued_at, sends, events) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open', 0, ?, ?, 0, '[]')",
	       Q(id), Q(kind), Q(c->tenant[0] != '\0' ? c->tenant : NULL), Q(incident), Q(chain), Q(contact), Q(name), Q(kana), Q(shown),
	       Q(provider), Q((int64_t)attempt), Q(key), Q(text), Q(c->now), Q(c->now));
	free(text);
	json_decref(doc);
	return id;
}

int64_t
outbox_alarm_call(struct cmd *c, json_t *doc, const char *contact, const char *name, const char *shown, const char *key)
{
	auto_free char *provider = x_strdup(json_string_value(json_object_get(doc, "provider")));

	return put(c, doc, "call", NULL, NULL, contact, name, NULL, shown, provider, 1, key);
}

int64_t
outbox_mail(struct cmd *c, json_t *doc, const char *contact, const char *name, const char *shown, const char *key)
{
	return put(c, doc, "mail", NULL, NULL, contact, name, NULL, shown, NULL, 1, key);
}

int64_t
outbox_hook(struct cmd *c, json_t *doc, const struct hook_row *row)
{
	int64_t id = put(c, doc, "webhook", row->incident, NULL, NULL, row->name, NULL, row->shown, NULL, 1, row->key);

	db_run(c->db, "UPDATE outbox SET endpoint = ?, event = ? WHERE id = ?", Q(row->endpoint), Q(row->event), Q(id));
	return id;
}

int64_t
outbox_test_call(struct cmd *c, json_t *doc, const char *contact, const char *name, const char *kana, const char *number, const char *appointment)
{
	auto_free char *key = x_asprintf("test/%s/%lld", appointment, (long long)(c->now / NS_PER_S));
	char shown[64];

	mask_number(number, shown, sizeof shown);
	return put(c, doc, "call", NULL, NULL, contact, name, kana, shown, json_string_value(json_object_get(doc, "provider")), 1, key);
}

int64_t
outbox_call(struct cmd *c, const char *chain, const char *incident, const char *contact, int ord, int attempt, const char *provider,
            const struct plan *plan)
{
	struct rows r = db_query(c->db,
	                         "SELECT p.name, p.kana, p.lang, p.pin, n.number, t.kana, t.name_en, t.code_ja, t.code_en, i.severity, i.category"
	                         " FROM contacts p JOIN numbers n ON n.contact = p.id AND n.ord = ? JOIN tenants t ON t.id = p.tenant"
	                         " JOIN incidents i ON i.id = ? WHERE p.id = ?",
	                         Q((int64_t)ord), Q(incident), Q(contact));
	auto_free char *key = x_asprintf("%s/call/%s/%d", incident, contact, attempt);
	char shown[64];
	int64_t id;
	json_t *doc, *to;

	if (!rows_next(&r)) {
		cmd_refuse(c, 409, "state", NULL, "the contact is gone");
		return 0;
	}
	to = json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", row_str(&r, 0), "kana", row_str(&r, 1), "number", row_str(&r, 4), "lang",
	               row_str(&r, 2), "other_lang", strcmp(row_str(&r, 2), "ja") == 0 ? "en" : "ja");
	if (row_str(&r, 3) != NULL)
		json_object_set_new(to, "pin", json_string(row_str(&r, 3)));
	doc = json_pack("{s:o, s:s, s:o, s:o, s:s, s:s, s:o, s:I, s:I}", "to", to, "provider", provider != NULL ? provider : "", "company",
	                texts(row_str(&r, 5), row_str(&r, 6)), "code_word", texts(row_str(&r, 7), row_str(&r, 8)), "incident", incident,
	                "severity", row_str(&r, 9), "summary", spoken_summary(row_str(&r, 10), row_str(&r, 9)), "ring_s", (json_int_t)plan->ring_s,
	                "limit_s", (json_int_t)plan->talk_s);
	mask_number(row_str(&r, 4), shown, sizeof shown);
	id = put(c, doc, "call", incident, chain, contact, row_str(&r, 0), row_str(&r, 1), shown, provider, attempt, key);
	rows_close(&r);
	if (c->v >= NUMBERS_IN_TURN)
		db_run(c->db, "UPDATE outbox SET ord = ? WHERE id = ?", Q((int64_t)ord), Q(id));
	return id;
}

/* ---- mail ---- */

static json_t *
safe_texts(const char *ja, const char *en, int max, bool line)
{
	return json_pack("{s:o, s:o}", "ja", safe(ja, max, line), "en", safe(en, max, line));
}

json_t *
outbox_incident_part(struct cmd *c, const char *incident, char **ret_severity)
{
	struct rows r = db_query(c->db,
	                         "SELECT i.severity, i.title_ja, i.title_en, i.summary_ja, i.summary_en, i.happened_at, i.decided_at, i.candidate"
	                         " FROM incidents i WHERE i.id = ?",
	                         Q(incident));
	struct rows e, a;
	json_t *o, *affected = json_array();
	auto_buf struct buf ja = { 0 }, en = { 0 };

	if (!rows_next(&r))
		return NULL;
	o = json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "id", incident, "severity", row_str(&r, 0), "title", safe_texts(row_str(&r, 1), row_str(&r, 2), 780, true),
	              "summary", safe_texts(row_str(&r, 3), row_str(&r, 4), 7900, false), "first_at", time_json(row_int(&r, 5)), "decided_at", time_json(row_int(&r, 6)));
	if (json_is_null(json_object_get(o, "first_at")))
		json_object_del(o, "first_at");
	*ret_severity = x_strdup(row_str(&r, 0));
	e = db_query(c->db, "SELECT shown FROM entities WHERE candidate = ? AND kind IN ('host','user','ip') ORDER BY weight DESC, value LIMIT 8", Q(row_str(&r, 7)));
	while (rows_next(&e))
		json_array_append_new(affected, safe(row_str(&e, 0), 250, true));
	json_object_set_new(o, "affected", affected);
	a = db_query(c->db, "SELECT n, ja, en FROM actions WHERE incident = ? ORDER BY n", Q(incident));
	while (rows_next(&a)) {
		buf_printf(&ja, "%s%lld. %s", ja.n != 0 ? "\n" : "", (long long)row_int(&a, 0), row_str(&a, 1));
		buf_printf(&en, "%s%lld. %s", en.n != 0 ? "\n" : "", (long long)row_int(&a, 0), row_str(&a, 2));
	}
	if (ja.n != 0)
		json_object_set_new(o, "action", safe_texts(buf_cstr(&ja), buf_cstr(&en), 7900, false));
	if (c->d->s.url != NULL) {
		auto_free char *url = x_asprintf("%s/portal/incidents/%s", c->d->s.url, incident);

		json_object_set_new(o, "url", json_string(url));
	}
	rows_close(&r);
	return o;
}

static json_t *
acknowledged_part(struct cmd *c, const char *incident)
{
	struct rows r = db_query(c->db, "SELECT ack_by, ack_at, ack_how FROM incidents WHERE id = ?", Q(incident));
	json_t *o = NULL;

	if (rows_next(&r)) {
		o = json_pack("{s:s, s:o, s:s}", "by", row_str(&r, 0) != NULL ? row_str(&r, 0) : "", "at", time_json(row_int(&r, 1)), "how",
		              row_str(&r, 2) != NULL && strcmp(row_str(&r, 2), "phone") == 0 ? "phone" : "portal");
		rows_close(&r);
	}
	return o;
}

/* What a mail and a webhook of an incident have in common. */
static json_t *
notice_doc(struct cmd *c, const char *incident, const char *notice, const char *severity, json_t *part)
{
	struct rows r = db_query(c->db, "SELECT name_ja, name_en, code_ja, code_en FROM tenants WHERE id = ?", Q(c->tenant));
	json_t *doc = json_pack("{s:s, s:O}", "notice", notice, "incident", part);

	if (rows_next(&r)) {
		json_object_set_new(doc, "company", texts(row_str(&r, 0), row_str(&r, 1)));
		json_object_set_new(doc, "call_back", json_pack("{s:o, s:s?}", "code_word", texts(row_str(&r, 2), row_str(&r, 3)), "number", c->d->s.phone));
		rows_close(&r);
	}
	if (strcmp(notice, "incident") == 0)
		json_object_set_new(doc, "calling", json_boolean(severity_find(severity)->rank >= 2));
	else
		json_object_set_new(doc, "acknowledged", acknowledged_part(c, incident));
	return doc;
}

static void
mails(struct cmd *c, const char *incident, const char *notice, const char *severity, json_t *part)
{
	bool action = strcmp(notice, "incident") == 0 && asks_for_action(c->db, incident);
	struct rows r = db_query(c->db, "SELECT id, name, kana, mail, lang, zone FROM contacts WHERE tenant = ? AND active <> 0 AND mail IS NOT NULL ORDER BY ord, id",
	                         Q(c->tenant));

	while (rows_next(&r)) {
		auto_free char *key = x_asprintf("%s/%s/%s/%s", incident, severity, notice, row_str(&r, 0));
		enum send send = channel_mail(c->db, row_str(&r, 0), severity, c->now);
		json_t *doc;

		if (send == SEND_DIGEST && !action)
			digest_add(c, row_str(&r, 0), incident);
		if (send == SEND_NEVER || (send == SEND_DIGEST && !action))
			continue;
		doc = notice_doc(c, incident, notice, severity, part);
		json_object_set_new(doc, "to", json_pack("{s:s, s:s, s:s}", "address", row_str(&r, 3), "name", row_str(&r, 1), "lang", row_str(&r, 4)));
		json_object_set_new(doc, "zone", json_string(row_str(&r, 5)));
		put(c, doc, "mail", incident, NULL, row_str(&r, 0), row_str(&r, 1), row_str(&r, 2), row_str(&r, 3), NULL, 1, key);
	}
}

/* What people see of an address that may hold a secret: https://hooks.example */
static char *
hook_shown(const char *url)
{
	const char *host = strstr(url, "://");
	size_t n = host != NULL ? (size_t)(host + 3 - url) + strcspn(host + 3, "/?#") : strcspn(url, "/?#");

	return x_asprintf("%.*s", (int)n, url);
}

static void
webhooks(struct cmd *c, const char *incident, const char *notice, const char *severity, json_t *part)
{
	struct rows r = db_query(c->db, "SELECT h.id, h.url, h.secret, h.lang, h.hours, t.zone, t.country FROM hooks h JOIN tenants t ON t.id = h.tenant"
	                                " WHERE h.tenant = ? ORDER BY h.ord, h.id", Q(c->tenant));

	while (rows_next(&r)) {
		struct day_off off = { c->db, c->tenant, row_str(&r, 6) };
		struct receiver who = { .lang = row_str(&r, 3), .hours = hours_at(row_str(&r, 4), row_str(&r, 5), &off, c->now) };
		auto_free char *key = x_asprintf("%s/%s/%s/hook/%s", incident, severity, notice, row_str(&r, 0));
		auto_free char *shown = hook_shown(row_str(&r, 1));
		json_t *doc;

		if (channel_send(c->db, c->tenant, &who, severity, "webhook") == SEND_NEVER)
			continue;
		doc = notice_doc(c, incident, notice, severity, part);
		json_object_set_new(doc, "hook", json_pack("{s:s, s:s}", "url", row_str(&r, 1), "secret", row_str(&r, 2)));
		put(c, doc, "webhook", incident, NULL, NULL, row_str(&r, 0), NULL, shown, NULL, 1, key);
	}
}

void
outbox_notices(struct cmd *c, const char *incident, const char *notice)
{
	auto_free char *severity = NULL;
	json_t *part = outbox_incident_part(c, incident, &severity);

	if (part != NULL) {
		mails(c, incident, notice, severity, part);
		webhooks(c, incident, notice, severity, part);
	}
	json_decref(part);
}

void
outbox_digest(struct cmd *c, const char *contact, json_t *items, int64_t more)
{
	struct rows r = db_query(c->db, "SELECT p.name, p.kana, p.mail, p.lang, p.zone, t.name_ja, t.name_en FROM contacts p JOIN tenants t ON t.id = p.tenant"
	                                " WHERE p.id = ?", Q(contact));
	auto_free char *key = x_asprintf("digest/%s/%lld", contact, (long long)(c->now / NS_PER_S));
	auto_free char *url = x_asprintf("%s/portal/incidents", c->d->s.url != NULL ? c->d->s.url : "");
	json_t *doc;

	if (!rows_next(&r))
		return;
	doc = json_pack("{s:s, s:{s:s, s:s, s:s}, s:s, s:o, s:O, s:I}", "notice", "digest", "to", "address", row_str(&r, 2), "name", row_str(&r, 0), "lang",
	                row_str(&r, 3), "zone", row_str(&r, 4), "company", texts(row_str(&r, 5), row_str(&r, 6)), "items", items, "more", (json_int_t)more);
	if (c->d->s.url != NULL)
		json_object_set_new(doc, "url", json_string(url));
	put(c, doc, "mail", NULL, NULL, contact, row_str(&r, 0), row_str(&r, 1), row_str(&r, 2), NULL, 1, key);
	rows_close(&r);
}

void
outbox_words(struct cmd *c, const struct word_mail *w)
{
	struct rows r = db_query(c->db,
	                         "SELECT p.id, p.name, p.kana, p.mail, p.lang, p.zone, t.name_ja, t.name_en FROM contacts p JOIN tenants t ON t.id = p.tenant"
	                         " WHERE p.tenant = ? AND p.active <> 0 AND p.mail IS NOT NULL AND p.reports <> 0 ORDER BY p.ord, p.id",
	                         Q(c->tenant));

	while (rows_next(&r)) {
		auto_free char *key = x_asprintf("%s/%s", w->key, row_str(&r, 0)), *url = x_asprintf("%s%s", c->d->s.url != NULL ? c->d->s.url : "", w->path);
		json_t *doc = json_pack("{s:s, s:{s:s, s:s, s:s}, s:s, s:o, s:{s:o, s:o}}", "notice", "words", "to", "address", row_str(&r, 3), "name", row_str(&r, 1), "lang",
		                        row_str(&r, 4), "zone", row_str(&r, 5), "company", texts(row_str(&r, 6), row_str(&r, 7)), "words", "title", texts(w->about_ja, w->about_en), "text",
		                        texts(w->text_ja, w->text_en));

		if (c->d->s.url != NULL)
			json_object_set_new(json_object_get(doc, "words"), "url", json_string(url));
		put(c, doc, "mail", NULL, NULL, row_str(&r, 0), row_str(&r, 1), row_str(&r, 2), row_str(&r, 3), NULL, 1, key);
	}
	rows_close(&r);
}

/* A JOB holds 64 KiB: the longest list gives way, its total stays in the figures. */
static void
fit(json_t *report)
{
	static const char *const lists[] = { "incidents", "devices", "facts", "breaches" };

	for (;;) {
		auto_free char *text = json_text(report);
		json_t *longest = NULL;

		if (strlen(text) < REPORT_MAX)
			return;
		for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
			if (json_array_size(json_object_get(report, lists[i])) > json_array_size(longest))
				longest = json_object_get(report, lists[i]);
		must(longest != NULL);
		for (size_t n = json_array_size(longest) / 4 + 1; n > 0; n--)
			json_array_remove(longest, json_array_size(longest) - 1);
	}
}

/* Daily report, or word that the monthly one is out, to every contact who wants reports. */
void
outbox_report(struct cmd *c, const char *id, const char *kind, const json_t *data)
{
	struct rows r = db_query(c->db,
	                         "SELECT p.id, p.name, p.kana, p.mail, p.lang, t.zone, t.name_ja, t.name_en FROM contacts p JOIN tenants t ON t.id = p.tenant"
	                         " WHERE p.tenant = ? AND p.active <> 0 AND p.mail IS NOT NULL AND p.reports <> 0 ORDER BY p.ord, p.id",
	                         Q(c->tenant));
	json_t *brief = json_object();
	static const char *const told[] = { "v", "tenant", "period", "funnel", "incidents_total", "clocks", "url", "revision", "replaces" };
	json_int_t revision = json_integer_value(json_object_get(data, "revision"));

	if (strcmp(kind, "published") == 0)
		for (size_t i = 0; i < sizeof told / sizeof *told; i++)
			json_object_set(brief, told[i], json_object_get(data, told[i]));
	else
		json_object_update_new(brief, json_deep_copy(data));
	json_object_set_new(brief, "kind", json_string(kind));
	json_object_set_new(brief, "id", json_string(id));
	fit(brief);
	while (rows_next(&r)) {
		auto_free char *key = revision > 1 ? x_asprintf("%s/%s/%d/%s", id, kind, (int)revision, row_str(&r, 0)) : x_asprintf("%s/%s/%s", id, kind, row_str(&r, 0));
		json_t *doc = json_pack("{s:s, s:{s:s, s:s, s:s}, s:s, s:o, s:O}", "notice", "report", "to", "address", row_str(&r, 3), "name", row_str(&r, 1),
		                        "lang", row_str(&r, 4), "zone", row_str(&r, 5), "company", texts(row_str(&r, 6), row_str(&r, 7)), "report", brief);

		put(c, doc, "mail", NULL, NULL, row_str(&r, 0), row_str(&r, 1), row_str(&r, 2), row_str(&r, 3), NULL, 1, key);
	}
	rows_close(&r);
	json_decref(brief);
}

void
outbox_cancel(struct cmd *c, int64_t job)
{
	db_run(c->db, "UPDATE outbox SET cancel = 1 WHERE id = ? AND state = 'open'", Q(job));
}

/* ---- what the roles say ---- */

struct job_now {
	int64_t id, queued_at, sends;
	bool endpoint;
	char kind[12], incident[64], chain[32], candidate[32], name[200];
};

static bool
load_job(struct cmd *c, struct job_now *ret)
{
	int64_t id = arg_int(c, "job", 0);
	struct rows r = db_query(c->db,
	                         "SELECT o.kind, o.incident, o.chain, o.queued_at, o.sends, o.name, o.tenant, i.candidate, o.endpoint FROM outbox o LEFT JOIN"
	                         " incidents i ON i.id = o.incident WHERE o.id = ? AND o.state = 'open'",
	                         Q(id));
	struct job_now j = { .id = id };

	if (!rows_next(&r)) {
		cmd_refuse(c, 409, "state", "job", "no such job is open");
		return false;
	}
	snprintf(j.kind, sizeof j.kind, "%s", row_str(&r, 0));
	snprintf(j.incident, sizeof j.incident, "%s", row_str(&r, 1) != NULL ? row_str(&r, 1) : "");
	snprintf(j.chain, sizeof j.chain, "%s", row_str(&r, 2) != NULL ? row_str(&r, 2) : "");
	j.queued_at = row_int(&r, 3);
	j.sends = row_int(&r, 4);
	snprintf(j.name, sizeof j.name, "%.*s", text_clip(row_str(&r, 5), 190), row_str(&r, 5));
	snprintf(c->tenant, sizeof c->tenant, "%s", row_str(&r, 6) != NULL ? row_str(&r, 6) : "");
	snprintf(j.candidate, sizeof j.candidate, "%s", row_str(&r, 7) != NULL ? row_str(&r, 7) : "");
	j.endpoint = row_kind(&r, 8) != DB_NULL;
	rows_close(&r);
	*ret = j;
	if (j.incident[0] != '\0')
		cmd_changed(c, "incident", j.incident, c->tenant, j.incident);
	return true;
}

/* The role's time, but never before it was asked nor in the future. */
static int64_t
told_at(struct cmd *c, const char *key, int64_t queued_at)
{
	const char *s = json_string_value(json_object_get(c->args, key));
	int64_t t;

	if (s == NULL || time_parse_rfc3339(slice_str(s), &t) != 0)
		return 0;
	return t < queued_at ? queued_at : t > c->now ? c->now : t;
}

static void
add_event(struct cmd *c, const struct job_now *j, const char *what, int64_t at)
{
	auto_free char *old = db_text(c->db, "SELECT events FROM outbox WHERE id = ?", Q(j->id)), *text = NULL;
	json_t *list = json_loads(old != NULL ? old : "[]", 0, NULL), *code = json_object_get(c->args, "code");
	const char *say = arg_str(c, "text", 400);

	if (json_array_size(list) < EVENTS_MAX)
		json_array_append_new(list, json_pack("{s:o, s:s, s:o, s:s?}", "at", time_json(at), "what", what, "code",
		                                      json_is_integer(code) ? json_incref(code) : json_null(), "text", say));
	text = json_text(list);
	db_run(c->db, "UPDATE outbox SET events = ? WHERE id = ?", Q(text), Q(j->id));
	json_decref(list);
}

static void
rang(struct cmd *c, const struct job_now *j, int64_t at)
{
	db_run(c->db, "UPDATE outbox SET ringing_at = coalesce(ringing_at, ?) WHERE id = ?", Q(at), Q(j->id));
	chain_provider_rang(c, j->id);
	if (j->incident[0] == '\0')
		return;
	db_run(c->db, "UPDATE incidents SET updated_at = ? WHERE id = ?", Q(c->now), Q(j->incident));
	incident_rang(c, j->incident, at);
	clock_stop(c, j->candidate, "call", at);
}

void
cmd_job_event(struct cmd *c)
{
	const char *what = arg_need(c, "what", 32);
	struct job_now j;
	int64_t at;

	if (cmd_failed(c) || !load_job(c, &j))
		return;
	at = told_at(c, "at", j.queued_at);
	if (at == 0)
		at = c->now;
	add_event(c, &j, what, at);
	if (strcmp(what, "dialling") == 0)
		db_run(c->db, "UPDATE outbox SET dialled_at = coalesce(dialled_at, ?) WHERE id = ?", Q(at), Q(j.id));
	else if (strcmp(what, "ringing") == 0)
		rang(c, &j, at);
	else if (strcmp(what, "answered") == 0)
		db_run(c->db, "UPDATE outbox SET answered_at = coalesce(answered_at, ?) WHERE id = ?", Q(at), Q(j.id));
}

/* Mail that was not taken yet: the same row again after a growing pause. */
static bool
try_later(struct cmd *c, const struct job_now *j)
{
	static const int pause_s[] = { 15, 30, 60, 120, 300, 600, 1200, 1800 };
	int64_t k = j->sends < 7 ? j->sends : 7;

	if (c->now - j->queued_at > (strcmp(j->kind, "webhook") == 0 ? HOOK_FOR : MAIL_FOR))
		return false;
	db_run(c->db, "UPDATE outbox SET sends = sends + 1, not_before = ? WHERE id = ?", Q(c->now + pause_s[k] * NS_PER_S), Q(j->id));
	return true;
}

static void
notice_done(struct cmd *c, const struct job_now *j, const char *outcome)
{
	auto_free char *to = db_text(c->db, "SELECT shown FROM outbox WHERE id = ?", Q(j->id)), *ja = NULL, *en = NULL;
	bool hook = strcmp(j->kind, "webhook") == 0;

	if (strcmp(outcome, "sent") == 0 || strcmp(outcome, "cancelled") == 0) {
		ja = x_asprintf(hook ? "連携先 %s へ通知しました。" : "%s様へメールを送りました。", j->name);
		en = x_asprintf(hook ? "Webhook %s was told." : "Mail to %s was sent.", j->name);
	} else {
		ja = x_asprintf(hook ? "連携先 %s への通知が届きません（%s）。" : "%s様へのメールが届きません（%s）。", j->name, to);
		en = x_asprintf(hook ? "Webhook %s cannot be told (%s)." : "Mail to %s cannot be delivered (%s).", j->name, to);
		bool lost_alarm = alarm_mail_failed(c, j->id, true);

		alarm_raise(c, "mail_rejected", to, lost_alarm ? "alarm" : "warning", c->tenant[0] != '\0' ? c->tenant : NULL, j->incident[0] != '\0' ? j->incident : NULL, ja, en);
		auto_free char *inquiry = db_text(c->db, "SELECT inquiry FROM outbox WHERE id = ?", Q(j->id));

		if (inquiry != NULL)
			inquiry_mail_failed(c, inquiry, j->name, to);
	}
	if (j->candidate[0] != '\0')
		entry_add(c, &(struct entry){ .candidate = j->candidate, .kind = "mail", .visible = true, .ja = ja, .en = en });
}

static void
call_done(struct cmd *c, const struct job_now *j, const char *outcome)
{
	int i = outcome_find(outcome);

	if (j->chain[0] == '\0') { /* a test call is nobody's incident, and one to our own people rings no contract clock */
		if (!alarm_call_done(c, j->id, outcome))
			test_call_done(c, j->id, outcome);
		return;
	}
	auto_free char *ja = x_asprintf("%s様への電話：%s", j->name, outcomes[i].ja), *en = x_asprintf("Call to %s: %s", j->name, outcomes[i].en);
	int64_t ringing = told_at(c, "ringing_at", j->queued_at);

	if (ringing != 0)
		rang(c, j, ringing);
	entry_add(c, &(struct entry){ .candidate = j->candidate, .kind = "call", .visible = true, .ja = ja, .en = en });
	chain_job_done(c, j->chain, j->id, outcome);
}

/* What the customer got stays with the incident: a mail's words, a call's recording. */
static void
keep_said(struct cmd *c, const struct job_now *j)
{
	const json_t *sent = json_object_get(c->args, "sent");
	auto_free char *text = json_is_object(sent) && j->incident[0] != '\0' ? json_text(sent) : NULL;
	const char *recording = arg_str(c, "recording", 128);

	if (text != NULL || recording != NULL)
		db_run(c->db, "UPDATE outbox SET sent = ?, recording = ? WHERE id = ?", Q(text), Q(recording), Q(j->id));
}

void
cmd_job_done(struct cmd *c)
{
	const char *outcome = arg_need(c, "outcome", 32), *text = arg_str(c, "text", 400);
	struct job_now j;

	if (cmd_failed(c) || !load_job(c, &j))
		return;
	if (outcome_find(outcome) < 0)
		outcome = strcmp(j.kind, "call") == 0 ? "trunk_failure" : "rejected"; /* a word we do not know is no success */
	if (strcmp(j.kind, "webhook") == 0)
		hook_delivered(c, j.id, outcome);
	if (strcmp(j.kind, "call") != 0 && strcmp(outcome, "deferred") == 0 && try_later(c, &j)) {
		if (j.sends == 0)
			alarm_mail_failed(c, j.id, false);
		db_run(c->db, "UPDATE outbox SET code = ?, text = ? WHERE id = ?", Q(arg_int(c, "code", 0)), Q(text), Q(j.id));
		return;
	}
	db_run(c->db,
	       "UPDATE outbox SET state = 'done', ended_at = ?, outcome = ?, code = ?, text = ?, dialled_at = coalesce(dialled_at, ?),"
	       " answered_at = coalesce(answered_at, ?), sends = sends + 1 WHERE id = ?",
	       Q(c->now), Q(outcome), Q(arg_int(c, "code", 0)), Q(text), Q_MAYBE(told_at(c, "dialled_at", j.queued_at)),
	       Q_MAYBE(told_at(c, "answered_at", j.queued_at)), Q(j.id));
	keep_said(c, &j);
	if (strcmp(j.kind, "call") == 0)
		call_done(c, &j, outcome);
	else if (!j.endpoint) /* those have a log of their own */
		notice_done(c, &j, outcome);
}

void
desk_jobs(struct desk *d, int64_t now, desk_job_fn *fn, void *ctx)
{
	struct rows r = db_query(d->db, "SELECT id, CASE WHEN cancel <> 0 THEN 'cancel:' || kind ELSE kind END, doc FROM outbox WHERE state = 'open' AND not_before <= ? ORDER BY id", Q(now));

	while (rows_next(&r))
		fn(ctx, row_int(&r, 0), row_str(&r, 1), row_text(&r, 2));
}

bool
desk_job_is_open(struct desk *d, int64_t job)
{
	return db_int(d->db, 0, "SELECT 1 FROM outbox WHERE id = ? AND state = 'open'", Q(job)) != 0;
}
