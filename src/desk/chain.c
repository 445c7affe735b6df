/* SPDX-License-Identifier: Apache-2.0
 *
 * The telephone chain of one incident, all of it rows:
 *
 *     running ──(acknowledged by a person)──▶ acknowledged
 *        │ ▲ 2 min                      ▲
 *        ▼ │                            │ a late key press still counts
 *     waiting (an analyst was asked for)│
 *        └──(the promised time is over: duty manager's alarm)──▶ alarmed
 *
 * One dial is one outbox row.  How it ended decides the next step by the NEXT column of tbl/outcomes.tbl;
 * pauses and tries are the tenant's plan (tbl/plan.tbl), kept as it was at the start: the person's next number at
 * once, the same one again after a pause, the next contact after its tries, from the top again when the list is through.  As long as nothing has rung the
 * pauses are not waited for.  The shift lead is alarmed at
 * 6 and 9 minutes, or at six and nine tenths of a shorter promise.  A dial without news for longer than ring
 * and talk take is a broken trunk.  There is no way out but a person or the alarm.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/alarm_priv.h"

#define SIGNALLING_S 25               /* speech, INVITE and hang-up around ring and talk */
#define HURRY_FOR_S 20                /* while nothing has rung: the contract clock runs until it does */
#define HURRY_S 3
#define PROVIDER_REST_S 180           /* a provider that failed is not the first choice for so long */
#define NUMBER_OPEN (-1)              /* whichever is the contact's turn when it is dialled */
#define LEAD_AT_S 360
#define LEAD_AGAIN_S 540

enum next { NEXT_STOP, NEXT_ANALYST, NEXT_NEXT_CONTACT, NEXT_REDIAL, NEXT_OTHER_NUMBER, NEXT_BROKEN, NEXT_OTHER_PROVIDER,
	    NEXT_LATER, NEXT_GIVE_UP, NEXT_NOTHING };

static const struct {
	const char *name;
	enum next next;
} outcomes[] = {
#define OUTCOME(id, name, kinds, reached, next, en, ja, what) { name, NEXT_##next },
#include "tbl/outcomes.tbl"
#undef OUTCOME
};

struct chain {
	char id[32], incident[64], tenant[32], state[16], candidate[32];
	int64_t started_at, due_at, step, number, tries, step_at, provider, rounds, attempts, job;
	json_t *steps;
	struct plan plan;
};

static bool
load(struct cmd *c, const char *id, struct chain *ret)
{
	struct rows r = db_query(c->db,
	                         "SELECT h.id, h.incident, h.tenant, h.state, h.started_at, h.due_at, h.steps, h.step, h.number, h.tries, h.step_at,"
	                         " h.provider, h.rounds, h.attempts, h.job, i.candidate, h.plan FROM chains h JOIN incidents i ON i.id = h.incident WHERE h.id = ?",
	                         Q(id));
	struct chain h = { 0 };

	if (!rows_next(&r))
		return false;
	snprintf(h.id, sizeof h.id, "%s", row_str(&r, 0));
	snprintf(h.incident, sizeof h.incident, "%s", row_str(&r, 1));
	snprintf(h.tenant, sizeof h.tenant, "%s", row_str(&r, 2));
	snprintf(h.state, sizeof h.state, "%s", row_str(&r, 3));
	snprintf(h.candidate, sizeof h.candidate, "%s", row_str(&r, 15));
	h.started_at = row_int(&r, 4);
	h.due_at = row_int(&r, 5);
	h.steps = json_loadb(row_text(&r, 6).p, row_text(&r, 6).n, 0, NULL);
	h.step = row_int(&r, 7);
	h.number = row_int(&r, 8);
	h.tries = row_int(&r, 9);
	h.step_at = row_int(&r, 10);
	h.provider = row_int(&r, 11);
	h.rounds = row_int(&r, 12);
	h.attempts = row_int(&r, 13);
	h.job = row_int(&r, 14);
	plan_read(row_text(&r, 16), &h.plan);
	rows_close(&r);
	*ret = h;
	snprintf(c->tenant, sizeof c->tenant, "%s", h.tenant);
	cmd_changed(c, "incident", h.incident, h.tenant, h.incident);
	return true;
}

static void
save(struct cmd *c, const struct chain *h)
{
	db_run(c->db,
	       "UPDATE chains SET state = ?, step = ?, number = ?, tries = ?, step_at = ?, provider = ?, rounds = ?, attempts = ?, job = ?"
	       " WHERE id = ?",
	       Q(h->state), Q(h->step), Q(h->number), Q(h->tries), Q(h->step_at), Q(h->provider), Q(h->rounds), Q(h->attempts),
	       Q_MAYBE(h->job), Q(h->id));
}

static bool
is_open(const struct chain *h)
{
	return strcmp(h->state, "running") == 0 || strcmp(h->state, "waiting") == 0;
}

bool
chain_is_open(struct db *db, const char *incident)
{
	return db_int(db, 0, "SELECT 1 FROM chains WHERE incident = ? AND state IN ('running','waiting')", Q(incident)) != 0;
}

static const char *
contact_at(const struct chain *h)
{
	return json_string_value(json_array_get(h->steps, (size_t)h->step));
}

/* Order of the first usable number from `from` on; -1 when there is none. */
static int64_t
usable_number(struct cmd *c, const char *contact, int64_t from)
{
	return db_int(c->db, -1, "SELECT min(ord) FROM numbers WHERE contact = ? AND ord >= ? AND broken_at IS NULL", Q(contact), Q(from));
}

/* The one of a person's usable numbers that this chain dialled the longest ago, never first; -1 when there is none. *ret_fresh: not
 * yet dialled since `since`. */
static int64_t
number_in_turn(struct cmd *c, const struct chain *h, int64_t since, bool *ret_fresh)
{
	struct rows r = db_query(c->db,
	                         "SELECT n.ord, coalesce(max(o.queued_at), 0) FROM numbers n LEFT JOIN outbox o ON o.chain = ? AND o.contact = n.contact AND o.ord = n.ord"
	                         " WHERE n.contact = ? AND n.broken_at IS NULL GROUP BY n.ord ORDER BY coalesce(max(o.id), 0), n.ord LIMIT 1",
	                         Q(h->id), Q(contact_at(h)));
	int64_t ord = -1;

	if (rows_next(&r)) {
		ord = row_int(&r, 0);
		*ret_fresh = row_int(&r, 1) < since;
		rows_close(&r);
	}
	return ord;
}

static void
end(struct cmd *c, struct chain *h, const char *state)
{
	snprintf(h->state, sizeof h->state, "%s", state);
	save(c, h);
	db_run(c->db, "UPDATE chains SET ended_at = ? WHERE id = ?", Q(c->now), Q(h->id));
	timer_drop(c, h->id);
}

/* The chronology names the lead on duty, who has heard of it. */
static void
say_lead(struct cmd *c, const struct chain *h, const char *ja, const char *en)
{
	auto_free char *lead = duty_lead(c->d, h->tenant, c->now), *more_ja = NULL, *more_en = NULL;
	auto_free char *name_ja = db_text(c->db, "SELECT name_ja FROM users WHERE id = ?", Q(lead)), *name_en = db_text(c->db, "SELECT name_en FROM users WHERE id = ?", Q(lead));

	more_ja = name_ja != NULL ? x_asprintf("%s当番の責任者：%s", ja, name_ja) : x_strdup(ja);
	more_en = name_en != NULL ? x_asprintf("%s Lead on duty: %s.", en, name_en) : x_strdup(en);
	entry_say(c, h->candidate, "alarm", false, more_ja, more_en);
}

static void
duty_alarm(struct cmd *c, struct chain *h)
{
	auto_free char *ja = x_asprintf("%s：お客様の誰にも電話で了承いただけていません。当直責任者が直接連絡してください。", h->incident);
	auto_free char *en = x_asprintf("%s: nobody at the customer has acknowledged. The duty manager takes over.", h->incident);

	alarm_raise(c, "duty_manager", h->incident, "alarm", h->tenant, h->incident, ja, en);
	say_lead(c, h, ja, en);
	end(c, h, "alarmed");
}

static void next_contact(struct cmd *c, struct chain *h);

/* ---- providers: what failed lately is tried last ---- */

static const char *
provider_name(struct cmd *c, int64_t i)
{
	return i < 4 ? c->d->s.providers[i] : NULL;
}

static int64_t
failed_at(struct cmd *c, int64_t i)
{
	const char *name = provider_name(c, i);

	return db_int(c->db, 0, "SELECT failed_at FROM providers WHERE name = ?", Q(name != NULL ? name : ""));
}

/* The first one that did not fail in the last minutes, else the one whose failure is the oldest. */
static int64_t
pick_provider(struct cmd *c, bool *ret_healthy)
{
	int64_t best = 0, oldest = INT64_MAX;

	for (int64_t i = 0; i == 0 || provider_name(c, i) != NULL; i++) {
		int64_t at = failed_at(c, i);

		if (at < oldest) {
			oldest = at;
			best = i;
		}
		if (c->now - at >= PROVIDER_REST_S * NS_PER_S) {
			best = i;
			oldest = at;
			break;
		}
	}
	*ret_healthy = c->now - oldest >= PROVIDER_REST_S * NS_PER_S;
	return best;
}

const char *
chain_provider(struct cmd *c)
{
	bool healthy;
	const char *name = provider_name(c, pick_provider(c, &healthy));

	return name != NULL ? name : "";
}

void
chain_provider_rang(struct cmd *c, int64_t job)
{
	db_run(c->db, "DELETE FROM providers WHERE name = (SELECT coalesce(provider, '') FROM outbox WHERE id = ?)", Q(job));
}

static void
dial(struct cmd *c, struct chain *h)
{
	const char *contact = contact_at(h);
	bool begins = h->number == NUMBER_OPEN, fresh;
	int64_t ord = contact != NULL && !begins ? usable_number(c, contact, h->number) : -1;

	if (ord < 0 && contact != NULL)
		ord = begins ? number_in_turn(c, h, c->now, &fresh) : usable_number(c, contact, 0);
	if (cmd_failed(c))
		return;
	if (ord < 0) { /* the number was good when the redial was planned; another chain found it broken since */
		next_contact(c, h);
		return;
	}
	h->number = ord;
	if (begins || (h->tries == 0 && c->v < NUMBERS_IN_TURN))
		h->step_at = c->now;
	h->tries++;
	h->attempts++;
	h->job = outbox_call(c, h->id, h->incident, contact, (int)ord, (int)h->attempts,
	                     provider_name(c, h->provider), &h->plan);
	snprintf(h->state, sizeof h->state, "running");
	timer_drop_kind(c, h->id, "chain.watch");
	timer_drop_kind(c, h->id, "chain.next");
	timer_set(c, "chain.watch", h->id, c->now + (h->plan.ring_s + h->plan.talk_s + SIGNALLING_S) * NS_PER_S, (int)h->job);
	save(c, h);
}

static void
dial_at(struct cmd *c, struct chain *h, int64_t at)
{
	h->job = 0;
	if (at <= c->now) {
		dial(c, h);
		return;
	}
	save(c, h);
	timer_drop_kind(c, h->id, "chain.next");
	timer_drop_kind(c, h->id, "chain.watch");
	timer_set(c, "chain.next", h->id, at, 0);
}

/* Nobody's telephone has rung yet (busy, switched off, both trunks failed): no pause of the plan is waited for. */
static bool
hurry(struct cmd *c, const struct chain *h)
{
	return c->now - h->started_at < HURRY_FOR_S * NS_PER_S &&
	       db_int(c->db, 0, "SELECT rang_at IS NULL FROM incidents WHERE id = ?", Q(h->incident)) != 0;
}

static int64_t
round_pause(struct cmd *c, const struct chain *h)
{
	if (hurry(c, h))
		return HURRY_S * NS_PER_S;
	return (json_array_size(h->steps) == 1 ? h->plan.redial_s : h->plan.round_s) * NS_PER_S;
}

/* Moves to the next contact that has a working number; from the top after the last, with a pause. */
static void
next_contact(struct cmd *c, struct chain *h)
{
	size_t n = json_array_size(h->steps);
	bool wrapped = false, healthy;

	for (size_t i = 0; i < n; i++) {
		if ((size_t)++h->step >= n) {
			h->step = 0;
			h->rounds++;
			wrapped = true;
		}
		if (usable_number(c, contact_at(h), 0) < 0)
			continue;
		h->number = c->v >= NUMBERS_IN_TURN ? NUMBER_OPEN : 0;
		h->tries = 0;
		h->provider = pick_provider(c, &healthy);
		dial_at(c, h, wrapped ? c->now + round_pause(c, h) : c->now);
		return;
	}
	duty_alarm(c, h); /* nobody left who has a number: do not wait for the deadline */
}

/* The same person again: another number at once, one that rang already in this turn after the pause. */
static void
redial(struct cmd *c, struct chain *h)
{
	bool fresh = false;
	int64_t ord = c->v >= NUMBERS_IN_TURN ? number_in_turn(c, h, h->step_at, &fresh) : h->number;

	if (h->tries >= h->plan.tries || ord < 0 || (!fresh && hurry(c, h))) {
		next_contact(c, h);
		return;
	}
	h->number = ord;
	dial_at(c, h, fresh ? c->now : h->step_at + h->tries * h->plan.redial_s * NS_PER_S);
}

static void
other_number(struct cmd *c, struct chain *h)
{
	bool fresh = true;
	int64_t ord = c->v >= NUMBERS_IN_TURN ? number_in_turn(c, h, h->step_at, &fresh) : usable_number(c, contact_at(h), h->number + 1);

	if (ord < 0 || !fresh) {
		h->number = 0;
		redial(c, h);
		return;
	}
	h->number = ord;
	h->tries--; /* the person has not had this try yet */
	dial(c, h);
}

static void
broken_number(struct cmd *c, struct chain *h)
{
	auto_free char *name = db_text(c->db, "SELECT name FROM contacts WHERE id = ?", Q(contact_at(h)));
	auto_free char *key = x_asprintf("%s/%lld", contact_at(h), (long long)h->number);
	auto_free char *ja = x_asprintf("%s様の電話番号が使われていません。連絡先を確認してください。", name), *en = x_asprintf("A telephone number of %s does not exist. Check the contact.", name);

	db_run(c->db, "UPDATE numbers SET broken_at = ? WHERE contact = ? AND ord = ?", Q(c->now), Q(contact_at(h)), Q(h->number));
	alarm_raise(c, "number_broken", key, "warning", h->tenant, h->incident, ja, en);
	entry_say(c, h->candidate, "alarm", true, ja, en);
	next_contact(c, h);
}

static void
other_provider(struct cmd *c, struct chain *h)
{
	bool healthy;

	alarm_raise(c, "provider", provider_name(c, h->provider) != NULL ? provider_name(c, h->provider) : "first", "alarm", NULL, NULL,
	            "電話の回線または事業者に障害があります。", "The telephone trunk or provider fails.");
	db_run(c->db, "INSERT INTO providers(name, failed_at) VALUES(?, ?) ON CONFLICT(name) DO UPDATE SET failed_at = excluded.failed_at",
	       Q(provider_name(c, h->provider) != NULL ? provider_name(c, h->provider) : ""), Q(c->now));
	h->provider = pick_provider(c, &healthy);
	if (healthy) {
		h->tries--;
		dial(c, h);
	} else {
		redial(c, h);
	}
}

static void
wait_for_analyst(struct cmd *c, struct chain *h)
{
	auto_free char *ja = x_asprintf("%s：お客様がアナリストとの通話を求めています。%lld 秒以内に折り返してください。", h->incident,
	                                (long long)h->plan.analyst_s);
	auto_free char *en = x_asprintf("%s: the customer asks for an analyst. Call back within %lld seconds.", h->incident, (long long)h->plan.analyst_s);

	alarm_raise(c, "wants_analyst", h->incident, "alarm", h->tenant, h->incident, ja, en);
	snprintf(h->state, sizeof h->state, "waiting");
	h->job = 0;
	save(c, h);
	timer_drop_kind(c, h->id, "chain.watch");
	timer_set(c, "chain.analyst", h->id, c->now + h->plan.analyst_s * NS_PER_S, 0);
}

static void
step(struct cmd *c, struct chain *h, enum next next)
{
	switch (next) {
	case NEXT_STOP:
		break; /* ack_incident ended the chain */
	case NEXT_ANALYST:
		wait_for_analyst(c, h);
		break;
	case NEXT_REDIAL:
		redial(c, h);
		break;
	case NEXT_OTHER_NUMBER:
		other_number(c, h);
		break;
	case NEXT_BROKEN:
		broken_number(c, h);
		break;
	case NEXT_OTHER_PROVIDER:
		other_provider(c, h);
		break;
	case NEXT_LATER:
	case NEXT_GIVE_UP:
		alarm_raise(c, "call_fault", h->incident, "alarm", h->tenant, h->incident, "電話をかけられませんでした（音声または依頼の不備）。",
		            "A call could not be made (speech or request).");
		next_contact(c, h);
		break;
	case NEXT_NEXT_CONTACT:
	case NEXT_NOTHING:
		next_contact(c, h);
		break;
	}
}

void
chain_job_done(struct cmd *c, const char *id, int64_t job, const char *outcome)
{
	enum next next = NEXT_REDIAL;
	struct chain h;

	for (size_t i = 0; i < sizeof outcomes / sizeof *outcomes; i++)
		if (strcmp(outcomes[i].name, outcome) == 0)
			next = outcomes[i].next;
	if (!load(c, id, &h))
		return;
	if (next == NEXT_STOP) {
		auto_free char *by = db_text(c->db, "SELECT name FROM outbox WHERE id = ?", Q(job));

		ack_incident(c, h.incident, by, "phone", c->now);
	} else if (is_open(&h) && h.job == job) {
		if (strcmp(outcome, "wrong_pin") == 0)
			alarm_raise(c, "wrong_pin", h.incident, "alarm", h.tenant, h.incident, "電話で暗証番号が 3 回違いました。", "Three wrong PINs on the telephone.");
		step(c, &h, next);
	}
	json_decref(h.steps);
}

/* Before the promise is broken, whatever its length. */
static int64_t
lead_after(int64_t call_s, int64_t tenths, int64_t most_s)
{
	int64_t s = call_s * tenths / 10;

	return (s < most_s ? s : most_s) * NS_PER_S;
}

void
chain_start(struct cmd *c, const char *incident, const char *tenant, const char *severity, int64_t call_s)
{
	json_t *shown = chain_steps(c->db, tenant, severity, c->now), *ids = json_array();
	auto_free char *text = NULL, *plan = db_text(c->db, "SELECT plan FROM tenants WHERE id = ?", Q(tenant));
	struct chain h = { .step = -1 };
	const json_t *v;
	char id[27];
	size_t i;

	json_array_foreach(shown, i, v)
		json_array_append(ids, json_object_get(v, "contact"));
	text = json_text(ids);
	cmd_new_id(c, id);
	db_run(c->db,
	       "INSERT INTO chains(id, incident, tenant, severity, state, started_at, due_at, steps, step, number, tries, step_at, provider,"
	       " rounds, attempts, plan) VALUES(?, ?, ?, ?, 'running', ?, ?, ?, -1, 0, 0, ?, 0, 0, 0, ?)",
	       Q(id), Q(incident), Q(tenant), Q(severity), Q(c->now), Q(c->now + call_s * NS_PER_S), Q(text), Q(c->now), Q(plan));
	timer_set(c, "chain.lead", id, c->now + lead_after(call_s, 6, LEAD_AT_S), 1);
	timer_set(c, "chain.lead", id, c->now + lead_after(call_s, 9, LEAD_AGAIN_S), 2);
	timer_set(c, "chain.duty", id, c->now + call_s * NS_PER_S, 0);
	if (!cmd_failed(c) && load(c, id, &h)) {
		next_contact(c, &h);
		json_decref(h.steps);
	}
	json_decref(shown);
	json_decref(ids);
}

void
chain_acknowledged(struct cmd *c, const char *incident)
{
	auto_free char *id = db_text(c->db, "SELECT id FROM chains WHERE incident = ? AND state <> 'acknowledged' ORDER BY started_at DESC LIMIT 1", Q(incident));
	struct chain h;

	if (c->v >= ALARMS_RING) /* our own people need not be rung any more */
		db_run(c->db, "UPDATE outbox SET cancel = 1 WHERE kind = 'call' AND state = 'open' AND alarm IN (SELECT id FROM alarms WHERE incident = ?)", Q(incident));
	if (id == NULL || !load(c, id, &h))
		return;
	if (h.job != 0)
		outbox_cancel(c, h.job);
	end(c, &h, "acknowledged");
	json_decref(h.steps);
}

static void
lead_alarm(struct cmd *c, struct chain *h, int attempt)
{
	auto_free char *key = x_asprintf("%s/%d", h->incident, attempt);
	long long s = (c->now - h->started_at) / NS_PER_S;
	auto_free char *ja = x_asprintf("%s：判定から %lld 分 %lld 秒、まだ誰にも了承いただけていません。", h->incident, s / 60, s % 60);
	auto_free char *en = x_asprintf("%s: %lld min %lld s after the decision nobody has acknowledged.", h->incident, s / 60, s % 60);

	db_run(c->db, "UPDATE chains SET lead_alarmed_at = coalesce(lead_alarmed_at, ?) WHERE id = ?", Q(c->now), Q(h->id));
	alarm_raise(c, "call_late", key, "alarm", h->tenant, h->incident, ja, en);
	say_lead(c, h, ja, en);
}

/* A dial nobody told anything about: the role is away or the message was lost. */
static void
no_news(struct cmd *c, struct chain *h, int64_t job)
{
	if (h->job != job)
		return;
	/* the row stays open, asked to stop: should a person have acknowledged after all, it still counts */
	outbox_cancel(c, job);
	entry_say(c, h->candidate, "call", false, "電話の役から知らせがないため、次へ進みます。", "No news from the telephone role; going on.");
	other_provider(c, h);
}

void
chain_timer(struct cmd *c, const char *kind, const char *ref, int attempt)
{
	struct chain h;

	if (!load(c, ref, &h))
		return;
	if (is_open(&h)) {
		if (strcmp(kind, "chain.lead") == 0)
			lead_alarm(c, &h, attempt);
		else if (strcmp(kind, "chain.duty") == 0)
			duty_alarm(c, &h);
		else if (strcmp(kind, "chain.next") == 0)
			dial(c, &h);
		else if (strcmp(kind, "chain.watch") == 0)
			no_news(c, &h, attempt);
		else if (strcmp(kind, "chain.analyst") == 0)
			next_contact(c, &h);
	}
	json_decref(h.steps);
}
