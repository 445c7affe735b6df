/* SPDX-License-Identifier: Apache-2.0
 *
 * Auditor: looks at the rows themselves and says what should have happened more than 15 s ago.  It shares no
 * code with the path that fires timers, and its queries run on indexes: a timer that did not fire, one that is not there at all
 * (audit_missing.c), a call that nobody took up, a clock past its time that nobody marked, an incident that should be ringing and has
 * neither a chain, nor a person's word, nor an alarm, a tenant whose reports nothing is waiting to make; and, where there is a roster,
 * an open case whose owner is not on duty and which no hand-over carries, a tenant for which nobody is, and somebody in a crew whose
 * account cannot do that any more: switched off, no lead, a tenant out of sight.  A database that does not answer is a finding too.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/err.h"
#include "desk/audit_priv.h"

#define SLACK (15 * NS_PER_S)
#define UNOWNED_FOR (30 * NS_PER_S)
#define PUNCTUAL (5 * NS_PER_S)

void
audit_put(struct desk_overdue *o, const char *kind, const char *id, const char *tenant, int64_t due_at)
{
	snprintf(o->kind, sizeof o->kind, "%s", kind);
	snprintf(o->id, sizeof o->id, "%s", id);
	snprintf(o->tenant, sizeof o->tenant, "%s", tenant);
	o->due_at = due_at;
}

/* The crews of a tenant that may have its cases: the one on duty, and the next one when its time to accept has begun. */
struct crews {
	char tenant[32];
	struct duty on, next;
	bool has_on, has_next;
};

enum fit { FIT, FIT_OFF, FIT_ROLE, FIT_MASK };

/* Can the account work for the tenant (NULL: for all), as a lead where it has to? */
static enum fit
fit_of(struct db *db, const char *login, const char *tenant, bool lead)
{
	struct rows r = db_query(db, "SELECT disabled, role, tenants FROM users WHERE login = ?", Q(login));
	enum fit f = FIT_OFF;
	json_t *mask;

	if (!rows_next(&r))
		return f;
	mask = json_loadb(row_text(&r, 2).p, row_text(&r, 2).n, 0, NULL);
	if (row_int(&r, 0) == 0)
		f = !word_in(row_str(&r, 1), lead ? "lead" : "analyst lead")                                               ? FIT_ROLE
		    : json_array_size(mask) != 0 && (tenant == NULL || !desk_sees(&(struct desk_actor){ .role = "lead", .tenants = mask }, tenant)) ? FIT_MASK
		                                                                                                           : FIT;
	json_decref(mask);
	rows_close(&r);
	return f;
}

/* Is there an account that works for the tenant among them? */
static bool
somebody(struct db *db, const struct duty *d, const char *tenant)
{
	const json_t *v;
	size_t i;

	json_array_foreach(d->people, i, v)
		if (fit_of(db, json_string_value(v), tenant, false) == FIT)
			return true;
	return false;
}

static void
crews_of(struct db *db, const struct roster *r, const char *tenant, int64_t now, struct crews *ret)
{
	if (strcmp(ret->tenant, tenant) == 0)
		return;
	snprintf(ret->tenant, sizeof ret->tenant, "%s", tenant);
	ret->has_on = roster_duty(r, tenant, now, &ret->on) && somebody(db, &ret->on, tenant);
	ret->has_next = roster_duty(r, tenant, now + roster_draft_ns(r), &ret->next);
}

/* Told once a day until it is mended: acknowledging it mends nothing. */
static size_t
put_unfit(struct db *db, const char *login, const char *tenant, enum fit f, int64_t now, struct desk_overdue *ret, size_t n, size_t max)
{
	static const char *const words[] = { [FIT_OFF] = "off", [FIT_ROLE] = "role", [FIT_MASK] = "mask" };
	auto_free char *id = x_asprintf("%.40s %s %lld", login, words[f], (long long)(now / NS_PER_DAY));

	if (n >= max || db_int(db, 0, "SELECT 1 FROM alarms WHERE kind = 'unfit' AND key = ?", Q(id)) != 0)
		return n;
	for (size_t i = 0; i < n; i++)
		if (strcmp(ret[i].id, id) == 0)
			return n;
	audit_put(&ret[n], "unfit", id, tenant != NULL ? tenant : "", now);
	return n + 1;
}

static size_t
unfit_in(struct db *db, const json_t *tenants, const char *login, bool lead, int64_t now, struct desk_overdue *ret, size_t n, size_t max)
{
	const char *first = json_string_value(json_array_get(tenants, 0));
	enum fit f = FIT;
	const json_t *v;
	size_t i;

	if (!json_is_array(tenants))
		f = fit_of(db, login, NULL, lead);
	json_array_foreach(tenants, i, v)
		if (f == FIT && (f = fit_of(db, login, json_string_value(v), lead)) != FIT)
			first = json_string_value(v);
	return f != FIT ? put_unfit(db, login, first, f, now, ret, n, max) : n;
}

/* Rights change after the roster was proved. */
static size_t
unfit(struct db *db, const struct roster *roster, int64_t now, struct desk_overdue *ret, size_t n, size_t max)
{
	const json_t *o, *t, *p;
	size_t i, k, m;

	json_array_foreach(json_object_get(roster_doc(roster), "rosters"), i, o)
		json_array_foreach(json_object_get(o, "turns"), k, t) {
			n = unfit_in(db, json_object_get(o, "tenants"), json_string_value(json_object_get(t, "lead")), true, now, ret, n, max);
			json_array_foreach(json_object_get(t, "people"), m, p)
				n = unfit_in(db, json_object_get(o, "tenants"), json_string_value(p), false, now, ret, n, max);
		}
	return n;
}

/* Nothing without an owner: cases whose owner is absent for half a minute. */
static size_t
unowned(struct db *db, const struct roster *roster, int64_t now, struct desk_overdue *ret, size_t n, size_t max)
{
	struct crews k = { .has_on = false };
	struct rows r;

	r = db_query(db,
	             "SELECT coalesce(i.id, 'C-' || c.number) AS ref, c.tenant, u.login, coalesce(c.claimed_at, i.decided_at), EXISTS(SELECT 1 FROM handover_items x JOIN"
	             " handovers h ON h.id = x.handover WHERE x.ref = coalesce(i.id, 'C-' || c.number) AND x.kind IN ('incident','candidate') AND h.state IN"
	             " ('draft','offered')), c.owner IS NULL AND c.state = 'open' FROM candidates c LEFT JOIN incidents i ON i.candidate = c.id LEFT JOIN users u ON"
	             " u.id = c.owner AND u.disabled = 0 WHERE c.state = 'open' OR (c.state = 'decided' AND i.state = 'open')"
	             " UNION ALL SELECT 'Q-' || q.number, q.tenant, u.login, q.updated_at, EXISTS(SELECT 1 FROM handover_items x JOIN handovers h ON h.id = x.handover WHERE"
	             " x.ref = 'Q-' || q.number AND x.kind = 'inquiry' AND h.state IN ('draft','offered')), q.owner IS NULL FROM inquiries q LEFT JOIN users u ON"
	             " u.id = q.owner AND u.disabled = 0 WHERE q.state = 'open' AND q.tenant IS NOT NULL ORDER BY 2, 1");
	while (rows_next(&r) && n < max) {
		bool fresh = strcmp(k.tenant, row_str(&r, 1)) != 0;
		int64_t since = row_int(&r, 3);

		crews_of(db, roster, row_str(&r, 1), now, &k);
		if (fresh && !k.has_on)
			audit_put(&ret[n++], "uncovered", row_str(&r, 1), row_str(&r, 1), now);
		/* what nobody took stands in the queue, and that is the crew's */
		if (!k.has_on || row_int(&r, 5) != 0 || row_int(&r, 4) != 0 || n >= max)
			continue;
		if (row_str(&r, 2) != NULL && (duty_has(&k.on, row_str(&r, 2)) || (k.has_next && duty_has(&k.next, row_str(&r, 2)))))
			continue;
		since = k.on.from > since ? k.on.from : since;
		if (now - since >= UNOWNED_FOR)
			audit_put(&ret[n++], "unowned", row_str(&r, 0), row_str(&r, 1), since);
	}
	rows_close(&r);
	return n;
}

static size_t
of_roster(struct db *db, int64_t now, struct desk_overdue *ret, size_t n, size_t max)
{
	struct roster *roster = roster_in_force(db, now);

	if (roster == NULL)
		return n;
	n = unowned(db, roster, now, ret, n, max);
	n = unfit(db, roster, now, ret, n, max);
	n = audit_missing_changes(db, roster, now, ret, n, max);
	roster_free(roster);
	return n;
}

static size_t
overdue(struct db *db, int64_t limit, struct desk_overdue *ret, size_t max)
{
	struct rows r = db_query(db,
	                         "SELECT 'timer', CAST(id AS TEXT), due_at FROM timers WHERE due_at < ?"
	                         " UNION ALL SELECT 'job', CAST(id AS TEXT), not_before FROM outbox WHERE state = 'open' AND kind = 'call' AND cancel = 0"
	                         "   AND not_before < ? AND dialled_at IS NULL AND events = '[]'"
	                         " UNION ALL SELECT 'clock', id, due_at FROM clocks WHERE stopped_at IS NULL AND broken = 0 AND due_at < ?"
	                         " UNION ALL SELECT 'incident', id, decided_at FROM incidents i WHERE ack_at IS NULL AND state = 'open' AND decided_at < ?"
	                         "   AND severity IN ('emergency','critical') AND NOT EXISTS(SELECT 1 FROM chains h WHERE h.incident = i.id)"
	                         " UNION ALL SELECT 'report', t.id, ? FROM tenants t WHERE (SELECT count(*) FROM timers x WHERE x.ref = t.id AND"
	                         "   x.kind IN ('report.daily','report.draft')) <> 2"
	                         " ORDER BY 3 LIMIT ?",
	                         Q(limit), Q(limit), Q(limit), Q(limit), Q(limit), Q((int64_t)max));
	size_t n = 0;

	while (rows_next(&r) && n < max)
		audit_put(&ret[n++], row_str(&r, 0), row_str(&r, 1), "", row_int(&r, 2));
	rows_close(&r);
	return n;
}

size_t
desk_audit(struct db *db, int64_t now, struct desk_overdue *ret, size_t max)
{
	size_t n;
	int missed;

	db_missed(db);
	n = overdue(db, now - SLACK, ret, max);
	n = audit_missing(db, now, ret, n, max);
	n = of_roster(db, now, ret, n, max);
	missed = db_missed(db);
	if (missed != 0 && max != 0) /* who cannot look has not found that all is well */
		audit_put(&ret[n < max ? n++ : max - 1], "database", err_name(missed), "", now);
	return n;
}

/* "tokyo-lead role 20784" */
static void
unfit_texts(const char *id, char **ret_ja, char **ret_en)
{
	struct slice rest = slice_str(id), login = slice_cut(&rest, ' '), what = slice_cut(&rest, ' ');
	bool off = slice_eq(what, SL("off")), role = slice_eq(what, SL("role"));

	*ret_ja = x_asprintf("当番表に載っている " SL_FMT " %s。権限を戻すか、当番表を直して取り込み直してください。", SL_ARG(login),
	                     off ? "のアカウントは使えません" : role ? "は、その役目の権限を失いました" : "は、担当のテナントを見られなくなりました");
	*ret_en = x_asprintf("The roster counts on " SL_FMT ", %s. Give the right back, or mend the roster and import it.", SL_ARG(login),
	                     off ? "whose account is off" : role ? "who no longer has the role for it" : "who no longer sees the tenants");
}

json_t *
desk_overdue_alarm(const struct desk_overdue *o)
{
	bool own = word_in(o->kind, "unowned uncovered unfit");
	auto_free char *key = x_asprintf("%s%s", own ? "" : o->kind, o->id), *ja = NULL, *en = NULL;

	if (strcmp(o->kind, "unowned") == 0) {
		ja = x_asprintf("%s：担当者が当番にいません。受け持つ人を決めてください。", o->id);
		en = x_asprintf("%s: its owner is not on duty. Somebody has to take it.", o->id);
	} else if (strcmp(o->kind, "uncovered") == 0) {
		ja = x_asprintf("%s：当番が一人もいません。", o->id);
		en = x_asprintf("%s: nobody is on duty.", o->id);
	} else if (own) {
		unfit_texts(o->id, &ja, &en);
	} else {
		ja = x_strdup("予定の時刻を過ぎても行われていない処理があります。");
		en = x_strdup("Something that is due has not been done.");
	}
	return json_pack("{s:s, s:s, s:s, s:s?, s:o}", "kind", own ? o->kind : "overdue", "key", key, "level", "alarm", "tenant", o->tenant[0] != '\0' ? o->tenant : NULL, "text",
	                 texts(ja, en));
}

void
desk_punctual(struct db *db, int64_t from, struct desk_punctual *ret)
{
	struct rows r = db_query(db, "SELECT at, record FROM journal WHERE noun = 'timer' AND at >= ?", Q(from));
	struct desk_punctual p = { 0 };

	while (rows_next(&r)) {
		json_t *o = json_loadb(row_text(&r, 1).p, row_text(&r, 1).n, 0, NULL), *due = json_object_get(json_object_get(o, "args"), "due_at");
		int64_t late = json_is_integer(due) ? row_int(&r, 0) - json_integer_value(due) : 0;

		p.fired++;
		p.late += late > PUNCTUAL;
		p.worst_ns = late > p.worst_ns ? late : p.worst_ns;
		json_decref(o);
	}
	p.twice = db_int(db, 0, "SELECT count(*) FROM (SELECT noun_id FROM journal WHERE noun = 'timer' AND at >= ? GROUP BY noun_id HAVING count(*) > 1)",
	                 Q(from));
	*ret = p;
}
