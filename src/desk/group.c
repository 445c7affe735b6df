/* SPDX-License-Identifier: Apache-2.0
 *
 * Detections → candidates.  A detection joins the open candidate (or open incident) with which it shares most:
 *
 *     total = Σ over shared entities of weight × 2^(-Δt / half-life)        joins from 0.8
 *
 * and begins a new candidate otherwise.  One that joins two open candidates merges the younger into the older;
 * a merge is recorded on both.  An incident never swallows an undecided candidate.
 *
 * Two lanes keep noise from gluing everything together:
 *   auth:NAME  what an authorised source did; binds only to the same source's doings
 *   scan:NET   blocked from outside; one candidate per attacker's /24 (IPv6: whole address).  It joins a
 *              true attack, or a true attack joins it, only when the foreign address is shared as well.
 *
 * Exactly once: the detection's key.  At most 500 rows a candidate, then repeats of a rule only count.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "desk/exception_priv.h"
#include "desk/watch_priv.h"
#include "desk/facts_priv.h"
#include "desk/journal_priv.h"

#define VICTIM 0.6
#define WEAK_BELOW 0.2
#define JOIN 0.8
#define ROWS_MAX 500
#define REACH (7 * NS_PER_DAY)
#define LANE_HALF_LIFE (24 * 3600 * NS_PER_S)

struct match {
	char candidate[32], state[12], lane[96];
	int64_t number;
	double total;
	bool foreign; /* the foreign address is shared */
	char shared[200];
};

struct joining {
	struct cmd *c;
	const json_t *d;
	struct entity e[ENTITIES_MAX];
	size_t n;
	char lane[96];
	int64_t at, first_at, count;
	VEC(struct match) found;
};

static const char *
str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

static void
find_lane(struct joining *j)
{
	const json_t *ev = json_object_get(j->d, "evidence");
	const char *authorised = str(ev, "authorised");

	if (authorised[0] != '\0') {
		snprintf(j->lane, sizeof j->lane, "auth:%.*s", text_clip(authorised, 80), authorised);
		return;
	}
	if (strcmp(str(ev, "blocked"), "all") != 0 || strcmp(str(ev, "direction"), "inbound") != 0)
		return;
	for (size_t i = 0; i < j->n; i++) {
		const struct entity *e = &j->e[i];
		const char *dot = strrchr(e->value, '.');

		if (strcmp(e->kind, "ip") != 0 || e->internal || strcmp(e->role, "destination") == 0)
			continue;
		snprintf(j->lane, sizeof j->lane, "scan:%.*s", dot != NULL ? (int)(dot - e->value) : 80, e->value);
		return;
	}
}

/* Common values bind less: a foreign address that ten candidates of a month share tells little. */
static double
prevalence(struct joining *j, const struct entity *e)
{
	int64_t n;

	if (e->weight > 0.9 || e->weight < 0.2)
		return 0;
	n = db_int(j->c->db, 0, "SELECT count(*) FROM entities WHERE tenant = ? AND kind = ? AND value = ? AND last_at > ?",
	           Q(j->c->tenant), Q(e->kind), Q(e->value), Q(j->at - 30 * NS_PER_DAY));
	return n <= 1 ? 0 : n >= 10 ? 0.9 : (double)(n - 1) / 10;
}

static struct match *
match_of(struct joining *j, struct rows *r)
{
	struct match m = { .number = row_int(r, 3) };

	snprintf(m.candidate, sizeof m.candidate, "%s", row_str(r, 0));
	for (size_t i = 0; i < j->found.n; i++)
		if (strcmp(j->found.v[i].candidate, m.candidate) == 0)
			return &j->found.v[i];
	snprintf(m.state, sizeof m.state, "%s", row_str(r, 1));
	snprintf(m.lane, sizeof m.lane, "%s", row_str(r, 2));
	vec_push(&j->found, m);
	return &j->found.v[j->found.n - 1];
}

static void
match_entity(struct joining *j, const struct entity *e)
{
	double damp = 1 - prevalence(j, e);
	struct rows r = db_query(j->c->db,
	                         "SELECT e.candidate, c.state, c.lane, c.number, e.weight, e.first_at, e.last_at FROM entities e"
	                         " JOIN candidates c ON c.id = e.candidate LEFT JOIN incidents i ON i.candidate = c.id"
	                         " WHERE e.tenant = ? AND e.kind = ? AND e.value = ? AND (c.state = 'open' OR (c.state = 'decided'"
	                         " AND i.state = 'open')) ORDER BY c.number",
	                         Q(j->c->tenant), Q(e->kind), Q(e->value));

	while (rows_next(&r)) {
		int64_t first = row_int(&r, 5), last = row_int(&r, 6);
		int64_t dt = j->at < first ? first - j->at : j->first_at > last ? j->first_at - last : 0;
		double less = fmin(row_real(&r, 4), e->weight), more = fmax(row_real(&r, 4), e->weight);
		double w = less < WEAK_BELOW ? less : more; /* what is weak for one side binds weakly; else the stronger word */
		struct match *m;
		size_t used;

		if (dt > REACH)
			continue;
		m = match_of(j, &r);
		m->total += w * damp * exp2(-(double)dt / (double)e->half_life);
		m->foreign |= strcmp(e->kind, "ip") == 0 && !e->internal;
		used = strlen(m->shared);
		if (strcmp(e->kind, "lane") != 0 && used + strlen(e->value) + 2 < sizeof m->shared)
			snprintf(m->shared + used, sizeof m->shared - used, "%s%s", used != 0 ? " " : "", e->value);
	}
}

static bool
may_join(const struct joining *j, const struct match *m)
{
	bool here_auth = strncmp(j->lane, "auth:", 5) == 0, there_auth = strncmp(m->lane, "auth:", 5) == 0;

	if (m->total < JOIN)
		return false;
	if (strcmp(j->lane, m->lane) == 0)
		return true;
	if (here_auth || there_auth)
		return false;
	return m->foreign;
}

/* The strongest first; equals: the older. */
static struct match *
best_match(struct joining *j)
{
	struct match *best = NULL;

	for (size_t i = 0; i < j->found.n; i++) {
		struct match *m = &j->found.v[i];

		if (may_join(j, m) && (best == NULL || m->total > best->total + 1e-9))
			best = m;
	}
	return best;
}

void
candidate_new(struct cmd *c, const char *lane, int64_t first_at, int64_t last_at, struct new_case *ret)
{
	int64_t decide_s = db_int(c->db, 900, "SELECT decide_s FROM tenants WHERE id = ?", Q(c->tenant));

	ret->number = cmd_count(c, "candidate");
	cmd_new_id(c, ret->id);
	db_run(c->db,
	       "INSERT INTO candidates(id, number, tenant, lane, state, title_ja, title_en, category, severity, line, score, proposal,"
	       " first_at, last_at, opened_at, detections, events, blocked, passed, hypothesis, next_step, blocker)"
	       " VALUES(?, ?, ?, ?, 'open', '', '', 'other', 'informational', '', 0, '{}', ?, ?, ?, 0, 0, 0, 0, '', '', '')",
	       Q(ret->id), Q(ret->number), Q(c->tenant), Q(lane), Q(first_at), Q(last_at), Q(c->now));
	clock_start(c, "decide", c->tenant, ret->id, NULL, decide_s);
	day_count(c, c->tenant, "candidates", 1);
	entry_add(c, &(struct entry){ .candidate = ret->id, .kind = "candidate", .visible = true, .who_ja = "システム", .who_en = "System",
	                              .ja = "候補として判定の列に入りました。", .en = "Entered the queue as a candidate." });
}

static void
new_candidate(struct joining *j, struct match *ret)
{
	struct new_case fresh;

	candidate_new(j->c, j->lane, j->first_at, j->at, &fresh);
	*ret = (struct match){ .number = fresh.number };
	snprintf(ret->candidate, sizeof ret->candidate, "%s", fresh.id);
	snprintf(ret->state, sizeof ret->state, "open");
	snprintf(ret->lane, sizeof ret->lane, "%s", j->lane);
}

void
candidate_merge(struct cmd *c, const char *from, int64_t from_number, const char *into, int64_t into_number)
{
	auto_free char *ja = x_asprintf("候補 C-%lld を C-%lld に統合しました。", (long long)from_number, (long long)into_number);
	auto_free char *en = x_asprintf("Candidate C-%lld was merged into C-%lld.", (long long)from_number, (long long)into_number);

	fact_add(c, "merged", json_pack("[s, s]", from, into));
	/* both chronologies keep the record; born_in keeps where each detection came from */
	entry_say(c, from, "merge", false, ja, en);
	db_run(c->db, "UPDATE entries SET candidate = ? WHERE candidate = ?", Q(into), Q(from));
	entry_say(c, from, "merge", false, ja, en);
	db_run(c->db, "UPDATE detections SET candidate = ? WHERE candidate = ?", Q(into), Q(from));
	db_run(c->db,
	       "INSERT INTO entities(tenant, kind, value, candidate, weight, first_at, last_at, shown, role, internal)"
	       " SELECT tenant, kind, value, ?, weight, first_at, last_at, shown, role, internal FROM entities WHERE candidate = ?"
	       " ON CONFLICT(tenant, kind, value, candidate) DO UPDATE SET first_at = min(entities.first_at, excluded.first_at),"
	       " last_at = max(entities.last_at, excluded.last_at), weight = max(entities.weight, excluded.weight)",
	       Q(into), Q(from));
	db_run(c->db, "DELETE FROM entities WHERE candidate = ?", Q(from));
	db_run(c->db,
	       "UPDATE candidates SET owner = coalesce(owner, (SELECT owner FROM candidates WHERE id = ?)), claimed_at = coalesce(claimed_at,"
	       " (SELECT claimed_at FROM candidates WHERE id = ?)), first_claim_at = coalesce(first_claim_at, (SELECT first_claim_at"
	       " FROM candidates WHERE id = ?)) WHERE id = ?",
	       Q(from), Q(from), Q(from), Q(into));
	db_run(c->db, "UPDATE candidates SET state = 'merged', merged_into = ?, owner = NULL WHERE id = ?", Q(into),
	       Q(from));
	clock_stop(c, from, "decide", c->now);
	cmd_changed(c, "candidate", from, c->tenant, NULL);
}

/* A person split them: a detection that fits both does not put them together again. */
static bool
were_taken_apart(struct cmd *c, const struct match *x, const struct match *y)
{
	return db_int(c->db, 0, "SELECT 1 FROM apart WHERE a = min(?, ?) AND b = max(?, ?)", Q(x->candidate), Q(y->candidate), Q(x->candidate),
	              Q(y->candidate)) != 0;
}

/* Merges every other open candidate that the detection joins as well. The oldest survives. */
static struct match *
merge_all(struct joining *j, struct match *best)
{
	if (strcmp(best->state, "open") != 0)
		return best;
	for (size_t i = 0; i < j->found.n; i++) {
		struct match *m = &j->found.v[i], *into, *from;

		if (m == best || strcmp(m->state, "open") != 0 || !may_join(j, m) || were_taken_apart(j->c, m, best))
			continue;
		into = m->number < best->number ? m : best;
		from = into == m ? best : m;
		candidate_merge(j->c, from->candidate, from->number, into->candidate, into->number);
		if (into == m)
			m->total = m->total > best->total ? m->total : best->total;
		best = into;
	}
	return best;
}

static void
put_entities(struct joining *j, const char *candidate)
{
	for (size_t i = 0; i < j->n; i++) {
		const struct entity *e = &j->e[i];
		char shown[260];

		snprintf(shown, sizeof shown, "%.*s", text_clip(e->shown, 256), e->shown);
		db_run(j->c->db,
		       "INSERT INTO entities(tenant, kind, value, candidate, weight, first_at, last_at, shown, role, internal)"
		       " VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT(tenant, kind, value, candidate) DO UPDATE SET"
		       " first_at = min(entities.first_at, excluded.first_at), last_at = max(entities.last_at, excluded.last_at)",
		       Q(j->c->tenant), Q(e->kind), Q(e->value), Q(candidate), Q(e->weight), Q(j->first_at), Q(j->at), Q(shown), Q(e->role),
		       Q(e->internal));
	}
}

static void
put_detection(struct joining *j, const struct match *m)
{
	struct cmd *c = j->c;
	const json_t *rule = json_object_get(j->d, "rule");
	char *doc;
	char id[27];

	if (db_int(c->db, 0, "SELECT count(*) FROM detections WHERE candidate = ?", Q(m->candidate)) >= ROWS_MAX) {
		auto_free char *same = db_text(c->db, "SELECT id FROM detections WHERE candidate = ? AND rule_id = ? ORDER BY at DESC LIMIT 1",
		                               Q(m->candidate), Q(str(rule, "id")));

		if (same != NULL) {
			db_run(c->db, "UPDATE detections SET count = count + ?, at = max(at, ?) WHERE id = ?", Q(j->count), Q(j->at), Q(same));
			db_run(c->db, "INSERT INTO rolled(key, detection) VALUES(?, ?)", Q(str(j->d, "key")), Q(same));
			return;
		}
	}
	cmd_new_id(c, id);
	doc = json_text(j->d);
	db_run(c->db,
	       "INSERT INTO detections(key, id, tenant, candidate, born_in, kind, rule_id, rule_name, level, at, first_at, added_at, count,"
	       " device, dataset, joined, shared, doc) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	       Q(str(j->d, "key")), Q(id), Q(c->tenant), Q(m->candidate), Q(m->candidate), Q(str(j->d, "kind")), Q(str(rule, "id")),
	       Q(str(rule, "name")), Q(str(rule, "level")), Q(j->at), Q(j->first_at), Q(c->now), Q(j->count), Q(str(j->d, "device")),
	       Q(str(j->d, "dataset")), Q(m->total), Q(m->shared), Q(doc));
	free(doc);
	fact_add(c, "detections", json_pack("{s:s, s:I, s:I, s:I}", "key", str(j->d, "key"), "first", (json_int_t)j->first_at, "lcp",
	                                    json_integer_value(json_object_get(j->d, "lcp_at")), "soc", json_integer_value(json_object_get(j->d, "soc_at"))));
}

/* A late detection on a decided incident: everybody who works on it is told; more danger raises an alarm. */
static void
late_detection(struct joining *j, const struct match *m)
{
	struct cmd *c = j->c;
	auto_free char *incident = db_text(c->db, "SELECT incident FROM candidates WHERE id = ?", Q(m->candidate));
	const char *name = str(json_object_get(j->d, "rule"), "name");
	auto_free char *ja = x_asprintf("遅れて検知が加わりました：%.*s", text_clip(name, 200), name);
	auto_free char *en = x_asprintf("A later detection joined: %.*s", text_clip(name, 200), name);

	entry_say(c, m->candidate, "detection", false, ja, en);
	if (incident != NULL)
		cmd_changed(c, "incident", incident, c->tenant, incident);
}

static bool
read_detection(struct joining *j)
{
	if (!json_is_object(j->d) || str(j->d, "key")[0] == '\0' || strlen(str(j->d, "key")) > 64 ||
	    str(json_object_get(j->d, "rule"), "id")[0] == '\0' || !json_is_integer(json_object_get(j->d, "at")) ||
	    !word_in(str(j->d, "kind"), "rule correlation indicator model"))
		return false;
	j->at = json_integer_value(json_object_get(j->d, "at"));
	j->first_at = json_integer_value(json_object_get(j->d, "first_at"));
	if (j->first_at <= 0 || j->first_at > j->at)
		j->first_at = j->at;
	j->count = json_integer_value(json_object_get(j->d, "count"));
	if (j->count < 1)
		j->count = 1;
	return true;
}

/* Attacks from outside without a sign of success: the public server they aim at is everybody's target, so
 * it alone does not make one case of two attackers.  The attacker's address beside it does, and so does
 * anything that later happens on that server itself. */
static void
soften_victims(struct joining *j)
{
	const json_t *ev = json_object_get(j->d, "evidence");
	bool foreign = false;

	if (json_is_true(json_object_get(ev, "success")) || json_is_true(json_object_get(ev, "damage")))
		return;
	for (size_t i = 0; i < j->n; i++)
		foreign |= strcmp(j->e[i].kind, "ip") == 0 && !j->e[i].internal && strcmp(j->e[i].role, "source") == 0;
	for (size_t i = 0; foreign && i < j->n; i++)
		if ((strcmp(j->e[i].kind, "host") == 0 || (strcmp(j->e[i].kind, "ip") == 0 && j->e[i].internal)) &&
		    j->e[i].weight > VICTIM)
			j->e[i].weight = VICTIM;
}

size_t
entities_read(const json_t *detection, const json_t *tenant_doc, struct entity *ret, size_t max)
{
	const json_t *e;
	size_t i, n = 0;

	json_array_foreach(json_object_get(detection, "entities"), i, e)
		if (n < max && entity_read(e, tenant_doc, &ret[n]))
			n++;
	return n;
}

static void
read_entities(struct joining *j, const json_t *doc)
{
	j->n = entities_read(j->d, doc, j->e, ENTITIES_MAX - 1);
	soften_victims(j);
	find_lane(j);
	if (j->lane[0] != '\0') {
		struct entity *l = &j->e[j->n++];

		*l = (struct entity){ .kind = "lane", .shown = "", .role = "source", .weight = 1, .half_life = LANE_HALF_LIFE };
		snprintf(l->value, sizeof l->value, "%s", j->lane);
	}
}

void
group_add(struct cmd *c, const json_t *detection, const json_t *tenant_doc, struct touched *touched)
{
	struct joining j = { .c = c, .d = detection };
	struct match fresh, *m;

	if (!read_detection(&j)) {
		cmd_count(c, "detections_refused");
		return;
	}
	if (db_int(c->db, 0, "SELECT 1 FROM detections WHERE key = ? UNION SELECT 1 FROM rolled WHERE key = ? UNION SELECT 1 FROM hidden WHERE key = ?",
	           Q(str(detection, "key")), Q(str(detection, "key")), Q(str(detection, "key"))) != 0)
		return;
	read_entities(&j, tenant_doc);
	if (exception_hides(c, detection, tenant_doc, j.e, j.n, j.at, j.count)) {
		day_count(c, c->tenant, "detections", 1);
		return;
	}
	for (size_t i = 0; i < j.n; i++)
		match_entity(&j, &j.e[i]);
	m = best_match(&j);
	if (m != NULL)
		m = merge_all(&j, m);
	else
		new_candidate(&j, m = &fresh);
	put_detection(&j, m);
	put_entities(&j, m->candidate);
	if (strcmp(m->lane, j.lane) != 0 && strncmp(m->lane, "scan:", 5) == 0)
		db_run(c->db, "UPDATE candidates SET lane = '' WHERE id = ?", Q(m->candidate));
	if (strcmp(m->state, "decided") == 0)
		late_detection(&j, m);
	day_count(c, c->tenant, "detections", 1);
	touched_add(touched, m->candidate);
	vec_fini(&j.found);
}

void
candidate_entities_again(struct cmd *c, const char *candidate)
{
	auto_free char *text = db_text(c->db, "SELECT doc FROM tenants WHERE id = ?", Q(c->tenant));
	json_t *tenant_doc = text != NULL ? json_loads(text, 0, NULL) : NULL, *all = candidate_detections(c->db, candidate);
	const json_t *d;
	size_t i;

	db_run(c->db, "DELETE FROM entities WHERE candidate = ?", Q(candidate));
	json_array_foreach(all, i, d) {
		struct joining j = { .c = c, .d = d };

		if (!read_detection(&j))
			continue;
		read_entities(&j, tenant_doc);
		put_entities(&j, candidate);
	}
	json_decref(all);
	json_decref(tenant_doc);
}

/* ---- refresh ---- */

json_t *
candidate_detections(struct db *db, const char *candidate)
{
	json_t *a = json_array();
	struct rows r = db_query(db, "SELECT doc, id, at, count, added_at, joined, shared FROM detections WHERE candidate = ? ORDER BY at, id", Q(candidate));

	while (rows_next(&r)) {
		json_t *o = json_loadb(row_text(&r, 0).p, row_text(&r, 0).n, 0, NULL);

		if (o == NULL)
			continue;
		json_object_set_new(o, "id", json_string(row_str(&r, 1)));
		json_object_set_new(o, "at", json_integer(row_int(&r, 2)));
		json_object_set_new(o, "count", json_integer(row_int(&r, 3)));
		json_object_set_new(o, "added_at", json_integer(row_int(&r, 4)));
		json_object_set_new(o, "joined", json_pack("{s:f, s:s}", "weight", row_real(&r, 5), "shared", row_str(&r, 6)));
		json_array_append_new(a, o);
	}
	return a;
}

void
candidate_refresh(struct cmd *c, const char *candidate)
{
	json_t *all = candidate_detections(c->db, candidate);
	const char *category = propose_category(all);
	char *ja, *en, *doc;
	struct proposal p;
	int64_t decided;

	propose(all, &p);
	propose_title(all, category, &ja, &en);
	doc = json_text(p.doc);
	db_run(c->db,
	       "UPDATE candidates SET severity = ?, line = ?, score = ?, proposal = ?, blocked = ?, passed = ?, title_ja = ?, title_en = ?,"
	       " category = ?, detections = (SELECT count(*) FROM detections WHERE candidate = candidates.id),"
	       " events = (SELECT coalesce(sum(count), 0) FROM detections WHERE candidate = candidates.id),"
	       " first_at = (SELECT min(first_at) FROM detections WHERE candidate = candidates.id),"
	       " last_at = (SELECT max(at) FROM detections WHERE candidate = candidates.id) WHERE id = ?",
	       Q(p.severity), Q(p.line), Q((int64_t)p.score), Q(doc), Q(p.blocked), Q(p.passed), Q(ja), Q(en), Q(category), Q(candidate));
	decided = db_int(c->db, -1,
	                 "SELECT CASE severity WHEN 'emergency' THEN 3 WHEN 'critical' THEN 2 WHEN 'warning' THEN 1 ELSE 0 END FROM incidents"
	                 " WHERE candidate = ?",
	                 Q(candidate));
	if (decided >= 0 && severity_find(p.severity)->rank > decided) {
		auto_free char *incident = db_text(c->db, "SELECT id FROM incidents WHERE candidate = ?", Q(candidate));

		alarm_raise(c, "raised", incident, "alarm", c->tenant, incident, "後から届いた証拠は、より高い重大度を示しています。判定を見直してください。",
		            "Later evidence proposes a higher severity. Look at the decision again.");
	}
	free(ja);
	free(en);
	free(doc);
	json_decref(p.doc);
	json_decref(all);
}

void
touched_add(struct touched *t, const char *candidate)
{
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(t->v[i].id, candidate) == 0)
			return;
	struct touched_id id;

	snprintf(id.id, sizeof id.id, "%s", candidate);
	vec_push(t, id);
}

void
cmd_detections_add(struct cmd *c)
{
	const char *tenant = arg_need(c, "tenant", 31);
	struct touched touched = { 0 };
	char *doc = db_text(c->db, "SELECT doc FROM tenants WHERE id = ?", Q(tenant));
	json_t *tenant_doc = doc != NULL ? json_loads(doc, 0, NULL) : NULL;
	const json_t *d;
	size_t i;

	snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
	if (doc == NULL)
		cmd_count(c, "detections_refused"); /* a tenant nobody told us about: counted, the position moves on */
	json_array_foreach(json_object_get(c->args, "detections"), i, d)
		if (doc != NULL)
			group_add(c, d, tenant_doc, &touched);
	for (i = 0; i < touched.n; i++) {
		/* merged away by a later one of the same batch? then its survivor was touched too */
		if (db_int(c->db, 0, "SELECT 1 FROM candidates WHERE id = ? AND state <> 'merged'", Q(touched.v[i].id)) == 0)
			continue;
		candidate_refresh(c, touched.v[i].id);
		cmd_changed(c, "candidate", touched.v[i].id, tenant, NULL);
	}
	vec_fini(&touched);
	json_decref(tenant_doc);
	free(doc);
}

/* ---- from the engine ---- */

struct arrival {
	const struct desk_position *at;
	const json_t *counts, *canaries;
	int64_t now;
};

static void
move_position(struct cmd *c, void *ctx)
{
	const struct arrival *a = ctx;
	const struct desk_position *p = a->at;
	auto_free char *zone = db_text(c->db, "SELECT zone FROM tenants WHERE id = ?", Q(p->tenant));
	int64_t lines = json_integer_value(json_object_get(a->counts, "lines"));
	int64_t events = json_integer_value(json_object_get(a->counts, "events"));
	int64_t unparsed = json_integer_value(json_object_get(a->counts, "unparsed"));

	db_run(c->db,
	       "INSERT INTO positions(tenant, lcp, epoch, seq, at) VALUES(?, ?, ?, ?, ?) ON CONFLICT(tenant, lcp, epoch) DO UPDATE SET"
	       " seq = excluded.seq, at = excluded.at",
	       Q(p->tenant), Q(p->lcp), Q(p->epoch), Q(p->seq), Q(a->now));
	watch_seen(c->d, p->tenant, p->lcp, a->canaries, a->now);
	if (lines + events + unparsed == 0)
		return;
	db_run(c->db,
	       "INSERT INTO lines(tenant, day, lines, events, unparsed, received, dropped) VALUES(?, ?, ?, ?, ?, 0, 0)"
	       " ON CONFLICT(tenant, day) DO UPDATE SET lines = lines.lines + excluded.lines, events = lines.events + excluded.events,"
	       " unparsed = lines.unparsed + excluded.unparsed",
	       Q(p->tenant), Q(local_day(zone, a->now)), Q(lines), Q(events), Q(unparsed));
}

int
desk_detections(struct desk *d, const struct desk_position *at, struct slice json, int64_t now)
{
	json_t *root = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, NULL), *list = root, *args;
	struct arrival a = { .at = at, .now = now };
	bool some;
	int r;

	if (json_is_object(root)) {
		list = json_object_get(root, "detections");
		a.counts = json_object_get(root, "counts");
		a.canaries = json_object_get(root, "canaries");
	}
	if (!json_is_array(list)) {
		json_decref(root);
		return E_SYNTAX;
	}
	if (at->seq <= db_int(d->db, 0, "SELECT seq FROM positions WHERE tenant = ? AND lcp = ? AND epoch = ?", Q(at->tenant), Q(at->lcp),
	                      Q(at->epoch))) {
		json_decref(root);
		return 0;
	}
	some = json_array_size(list) != 0;
	args = json_pack("{s:s, s:s, s:s, s:I, s:O}", "tenant", at->tenant, "lcp", at->lcp, "epoch", at->epoch, "seq",
	                 (json_int_t)at->seq, "detections", list);
	r = desk_apply_more(d, some ? "detections.add" : NULL, args, now, move_position, &a);
	json_decref(args);
	json_decref(root);
	return r;
}

void
desk_positions(struct desk *d, desk_position_fn *fn, void *ctx)
{
	struct rows r = db_query(d->db, "SELECT tenant, lcp, epoch, seq FROM positions ORDER BY tenant, lcp, epoch");

	while (rows_next(&r))
		fn(ctx, &(struct desk_position){ row_str(&r, 0), row_str(&r, 1), row_str(&r, 2), row_int(&r, 3) });
}
