/* SPDX-License-Identifier: Apache-2.0
 *
 * The telephone of the SOC's own people.  When no customer has acknowledged, the alarm rings the lead on duty, then the duty manager
 * (desk.alarm_phone), then the other leads of the roster who have a telephone, one after the other, three times over.
 * Key 1 takes the alarm.  It ends when somebody took it, on whatever way, and when the incident is acknowledged.
 *
 * A call of it is an outbox row that belongs to the alarm and to no incident: it stamps none of the contract's times.
 */
#include <stdio.h>

#include "desk/alarm_priv.h"

#define ROUNDS 3
#define RING_S 25
#define TALK_S 60
#define WATCH ((RING_S + TALK_S + 25) * NS_PER_S) /* no word for so long: the next one */
#define PAUSE (20 * NS_PER_S)                     /* before everybody is rung once more */

struct ring {
	char alarm[32], incident[64], owner[32], severity[16], candidate[32];
	int64_t calls; /* so far */
};

/* False when nobody is to be rung any more. */
static bool
load(struct cmd *c, const char *alarm, struct ring *ret)
{
	struct rows r = db_query(c->db, "SELECT a.incident, coalesce(a.owner, ''), i.severity, i.candidate, a.tenant, (SELECT count(*) FROM outbox o WHERE o.alarm = a.id AND o.kind = 'call')"
	                                " FROM alarms a JOIN incidents i ON i.id = a.incident WHERE a.id = ? AND a.ack_at IS NULL AND i.ack_at IS NULL", Q(alarm));

	if (!rows_next(&r))
		return false;
	*ret = (struct ring){ .calls = row_int(&r, 5) };
	snprintf(ret->alarm, sizeof ret->alarm, "%s", alarm);
	snprintf(ret->incident, sizeof ret->incident, "%s", row_str(&r, 0));
	snprintf(ret->owner, sizeof ret->owner, "%s", row_str(&r, 1));
	snprintf(ret->severity, sizeof ret->severity, "%s", row_str(&r, 2));
	snprintf(ret->candidate, sizeof ret->candidate, "%s", row_str(&r, 3));
	snprintf(c->tenant, sizeof c->tenant, "%s", row_str(&r, 4) != NULL ? row_str(&r, 4) : "");
	rows_close(&r);
	return true;
}

struct telephone {
	char user[32]; /* id; "" for the duty manager's */
	const char *number;
};

/* The n-th telephone; false past the end.  The lead on duty comes first, and stands once. */
static bool
telephone_at(struct cmd *c, const struct ring *g, int64_t n, struct telephone *ret)
{
	const struct roster *r = desk_roster(c->d);
	const json_t *people = r != NULL ? json_object_get(roster_doc(r), "people") : NULL, *v;
	const char *duty = c->d->s.alarm_phone;
	size_t i;

	for (int turn = 0; turn < 3; turn++) {
		if (turn == 1 && duty != NULL && n-- == 0) {
			*ret = (struct telephone){ "", duty };
			return true;
		}
		json_array_foreach(people, i, v) {
			const char *phone = json_string_value(json_object_get(v, "phone"));
			auto_free char *id = phone != NULL ? db_text(c->db, "SELECT id FROM users WHERE login = ? AND role = 'lead' AND disabled = 0",
			                                             Q(json_string_value(json_object_get(v, "login")))) : NULL;
			bool on_duty = id != NULL && strcmp(id, g->owner) == 0;

			if (id != NULL && turn != 1 && on_duty == (turn == 0) && n-- == 0) {
				snprintf(ret->user, sizeof ret->user, "%s", id);
				ret->number = phone;
				return true;
			}
		}
	}
	return false;
}

static json_t *
job(struct cmd *c, const struct ring *g, const struct telephone *t)
{
	struct rows r = db_query(c->db, "SELECT name_en, coalesce(kana, ''), lang FROM users WHERE id = ?", Q(t->user));
	bool known = rows_next(&r);
	const char *lang = known ? row_str(&r, 2) : "ja";
	json_t *doc = json_pack("{s:{s:s, s:s, s:s, s:s, s:s}, s:s, s:o, s:{}, s:s, s:s, s:o, s:i, s:i}", "to", "name", known ? row_str(&r, 0) : "SOC", "kana", known ? row_str(&r, 1) : "",
	                        "number", t->number, "lang", lang, "other_lang", strcmp(lang, "ja") == 0 ? "en" : "ja", "provider", chain_provider(c), "company",
	                        texts("かんしセンターの とうばん", "the duty desk"), "code_word", "incident", g->incident, "severity", g->severity, "summary",
	                        texts("おきゃくさまの だれも、まだ かくにんしていません。", "Nobody at the customer has acknowledged yet."), "ring_s", RING_S, "limit_s", TALK_S);

	rows_close(&r);
	return doc;
}

void
alarm_ring_begin(struct cmd *c, const char *alarm, const char *incident)
{
	struct telephone t;
	struct ring g;

	if (incident == NULL || !load(c, alarm, &g) || !telephone_at(c, &g, 0, &t))
		return;
	/* two alarms of an incident do not ring the same people at once */
	if (db_int(c->db, 0, "SELECT 1 FROM timers t JOIN alarms a ON a.id = t.ref WHERE t.kind = 'alarm.ring' AND a.incident = ?", Q(incident)) == 0)
		timer_set(c, "alarm.ring", alarm, c->now, 0);
}

void
alarm_ring_due(struct cmd *c, const char *alarm)
{
	struct telephone t;
	struct ring g;
	int64_t n = 0, id;
	char shown[64];

	/* of a call without news: should somebody press the key after all, it still counts */
	db_run(c->db, "UPDATE outbox SET cancel = 1 WHERE alarm = ? AND kind = 'call' AND state = 'open'", Q(alarm));
	if (!load(c, alarm, &g))
		return;
	while (telephone_at(c, &g, n, &t))
		n++;
	if (n == 0 || g.calls >= n * ROUNDS || !telephone_at(c, &g, g.calls % n, &t))
		return;
	auto_free char *key = x_asprintf("alarm/%s/call/%lld", alarm, (long long)g.calls + 1);
	json_t *doc = job(c, &g, &t);
	auto_free char *name = x_strdup(json_string_value(json_object_get(json_object_get(doc, "to"), "name")));

	mask_number(t.number, shown, sizeof shown);
	id = outbox_alarm_call(c, doc, t.user[0] != '\0' ? t.user : NULL, name, shown, key);
	db_run(c->db, "UPDATE outbox SET alarm = ? WHERE id = ?", Q(alarm), Q(id));
	timer_set(c, "alarm.ring", alarm, c->now + WATCH, 0);
}

bool
alarm_call_done(struct cmd *c, int64_t call, const char *outcome)
{
	auto_free char *alarm = db_text(c->db, "SELECT alarm FROM outbox WHERE id = ? AND kind = 'call'", Q(call)), *by = NULL, *name = NULL;
	struct telephone t;
	struct ring g;
	int64_t n = 0;

	if (alarm == NULL)
		return false;
	if (!load(c, alarm, &g)) {
		timer_drop(c, alarm);
		return true;
	}
	if (strcmp(outcome, "acknowledged") == 0) {
		by = db_text(c->db, "SELECT contact FROM outbox WHERE id = ?", Q(call));
		name = db_text(c->db, "SELECT name FROM outbox WHERE id = ?", Q(call));
		auto_free char *ja = x_asprintf("%s：%s が電話で警報を受けました。", g.incident, name), *en = x_asprintf("%s: %s has taken the alarm by telephone.", g.incident, name);

		db_run(c->db, "UPDATE alarms SET ack_at = ?, ack_by = ? WHERE id = ?", Q(c->now), Q(by != NULL ? by : ""), Q(alarm));
		entry_say(c, g.candidate, "alarm", false, ja, en);
		cmd_changed(c, "alarm", alarm, c->tenant, NULL);
		timer_drop(c, alarm);
		return true;
	}
	if (db_int(c->db, 0, "SELECT max(id) FROM outbox WHERE alarm = ? AND kind = 'call'", Q(alarm)) != call)
		return true; /* the next one rings already */
	while (telephone_at(c, &g, n, &t))
		n++;
	timer_drop(c, alarm);
	timer_set(c, "alarm.ring", alarm, n != 0 && g.calls % n == 0 ? c->now + PAUSE : c->now, 0);
	return true;
}
