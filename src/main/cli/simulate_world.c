/* SPDX-License-Identifier: Apache-2.0
 *
 * The simulated world.  Time goes in the desk role's own ticks of 250 ms; between them the world's events come
 * in their order.  As in the role: due timers fire, due outbox rows are handed out, what has no answer
 * after a minute is handed out again, and everything when a process was started anew.
 *
 * A killed desk is closed and opened again from its database file; what its processes had in memory is gone,
 * what was on the way is lost.  A killed telephone role cuts its calls off and forgets what it finished.
 * One database serves some hundred decisions, then the figures are read from its tables.
 */
#include "main/cli/simulate_priv.h"

#include <stdio.h>
#include <stdlib.h>

#define TICK (250 * NS_PER_MS)
#define AUDIT_EVERY (5 * NS_PER_S)
#define REPEAT (60 * NS_PER_S)
#define SILENT_S 40 /* around ring and talk: signalling, and a desk that is being started anew */

enum kind { CALL, MAIL, WORLD, STEP };

static const struct fault {
	enum kind kind;
	const char *name;
	uint32_t share;
	bool rings, answered;
	int least_ms, most_ms;
	const char *outcome;
} faults[] = {
#define FAULT(kind, name, share, rings, answered, least, most, outcome, what) { kind, name, share, rings, answered, least, most, outcome },
#include "tbl/faults.tbl"
#undef FAULT
};
#define FAULTS (sizeof faults / sizeof *faults)
_Static_assert(FAULTS == SIM_FAULTS, "the figures have a place for each fault");

const char *
sim_fault_name(size_t i)
{
	return faults[i].name;
}

uint64_t
world_dice(struct world *w)
{
	uint64_t z = w->dice += 0x9e3779b97f4a7c15ULL; /* splitmix64 */

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

int64_t
world_between_ms(struct world *w, int least, int most)
{
	return (least + (int64_t)(world_dice(w) % (uint64_t)(most - least + 1))) * NS_PER_MS;
}

static const struct fault *
fault_named(const char *name)
{
	for (size_t i = 0; i < FAULTS; i++)
		if (strcmp(faults[i].name, name) == 0)
			return &faults[i];
	must(false);
	return NULL;
}

/* One of the CALL or MAIL rows. */
static const struct fault *
draw(struct world *w, enum kind kind)
{
	uint32_t sum = 0, k;

	for (size_t i = 0; i < FAULTS; i++)
		sum += faults[i].kind == kind ? faults[i].share : 0;
	k = (uint32_t)(world_dice(w) % sum);
	for (size_t i = 0;; i++) {
		if (faults[i].kind != kind)
			continue;
		if (k < faults[i].share) {
			w->f->faults[i]++;
			return &faults[i];
		}
		k -= faults[i].share;
	}
}

/* Does a WORLD or STEP row strike? */
bool
world_strikes(struct world *w, const char *name)
{
	const struct fault *f = fault_named(name);
	bool strikes = !w->quiet && world_dice(w) % 10000 < f->share;

	if (strikes)
		w->f->faults[f - faults]++;
	return strikes;
}

static int64_t
its_time(struct world *w, const char *name)
{
	const struct fault *f = fault_named(name);

	return world_between_ms(w, f->least_ms, f->most_ms);
}

static struct memory *
memory_of(struct world *w, int64_t job)
{
	static const struct memory none = { .fault = NULL };

	while (w->jobs.n <= (size_t)job)
		vec_push(&w->jobs, none);
	return &w->jobs.v[job];
}

static void
plan(struct world *w, struct event ev)
{
	vec_push(&w->events, ev);
}

/* ---- the desk, alive and dead ---- */

static int64_t
wall_ns(void *ctx)
{
	return ((struct world *)ctx)->wall;
}

static int64_t
mono_ns(void *ctx)
{
	return ((struct world *)ctx)->mono;
}

int64_t
world_time(struct world *w)
{
	struct clock clock = { wall_ns, mono_ns, w };
	int error;
	int64_t now = desk_now(w->desk, &clock, &error);

	if (error != 0)
		w->error = error;
	return now;
}

/* In memory until it is killed for the first time: quicker, and the same code. */
void
world_open_desk(struct world *w)
{
	int r = db_open(w->killed ? w->path : ":memory:", &w->db);

	if (r == 0)
		r = desk_open(w->db, &w->settings, &w->desk);
	if (r != 0)
		w->error = r;
}

/* What a process that was started anew gets at once. */
static void
forget_sent(struct world *w)
{
	for (size_t i = 0; i < w->jobs.n; i++)
		w->jobs.v[i].sent_at = w->jobs.v[i].cancel_at = 0;
}

/* What was committed is in the file; nothing else is. */
static void
kill_desk(struct world *w, int64_t away)
{
	int r = w->killed ? 0 : db_backup(w->db, w->path);

	if (r != 0)
		w->error = r;
	w->killed = true;
	desk_close(w->desk);
	db_close(w->db);
	w->desk = NULL;
	w->db = NULL;
	w->changed = true;
	w->up_at = w->mono + away;
	forget_sent(w);
	w->f->restarts++;
}

static void
kill_role(struct world *w, bool calls)
{
	for (size_t i = 0; i < w->jobs.n; i++) {
		struct memory *m = &w->jobs.v[i];

		if (m->is_call == calls)
			m->active = m->finished = false;
	}
	forget_sent(w);
	w->f->restarts++;
}

struct desk_answer
world_apply(struct world *w, const char *command, const struct desk_actor *who, json_t *args)
{
	struct desk_answer a = desk_apply(w->desk, command, who, args, world_time(w));

	w->changed = true;
	if (a.error != 0)
		w->error = a.error;
	json_decref(args);
	return a;
}

/* A message to the desk, or an act of a person: it may be lost, and the desk may die before or after it. False
 * when the sender has no answer. */
static bool
tell(struct world *w, const char *command, const struct desk_actor *who, json_t *args, int *ret_status)
{
	struct desk_answer a;

	if (w->desk == NULL || world_strikes(w, "lost")) {
		json_decref(args);
		return false;
	}
	if (world_strikes(w, "desk_before")) {
		json_decref(args);
		kill_desk(w, its_time(w, "desk_before"));
		return false;
	}
	a = world_apply(w, command, who, args);
	json_decref(a.body);
	if (world_strikes(w, "desk_after")) {
		kill_desk(w, its_time(w, "desk_after"));
		return false;
	}
	if (ret_status != NULL)
		*ret_status = a.status;
	return true;
}

/* ---- the roles ---- */

/* A moment of the boot clock as the roles tell it; null for 0. */
static json_t *
time_of(const struct world *w, int64_t mono)
{
	char s[36];

	time_format_rfc3339(s, w->wall - (w->mono - mono), 3);
	return mono != 0 ? json_string(s) : json_null();
}

static void
say_event(struct world *w, int64_t job, const char *what)
{
	tell(w, "job.event", &desk_service, json_pack("{s:I, s:s, s:o}", "job", (json_int_t)job, "what", what, "at", time_of(w, w->mono)), NULL);
}

static void
say_done(struct world *w, int64_t job)
{
	const struct memory *m = memory_of(w, job);

	tell(w, "job.done", &desk_service, json_pack("{s:I, s:s, s:o, s:o, s:o}", "job", (json_int_t)job, "outcome", m->outcome, "dialled_at",
	                                            time_of(w, m->dialled_at), "ringing_at", time_of(w, m->rang_at), "answered_at", time_of(w, m->answered_at)),
	     NULL);
}

static struct decision *
decision_of(struct world *w, size_t i)
{
	return i < w->decisions.n ? &w->decisions.v[i] : NULL;
}

static size_t
decision_by_incident(const struct world *w, const char *incident)
{
	for (size_t i = w->decisions.n; i-- > 0;)
		if (incident != NULL && strcmp(w->decisions.v[i].incident, incident) == 0)
			return i;
	return SIZE_MAX;
}

static const struct fault *
fault_of_call(struct world *w, const struct decision *d, const char *provider)
{
	if (w->quiet || (d != NULL && d->unreachable))
		return fault_named("no_answer");
	if (w->mono < w->provider_back_at && strcmp(provider, "first") == 0)
		return fault_named("provider_silent");
	return draw(w, CALL);
}

/* One dial: all of its events, as they will come if nobody dies. */
static void
dial(struct world *w, int64_t job, struct memory *m)
{
	const struct fault *f = m->fault;
	int64_t at = w->mono + world_between_ms(w, 300, 1500); /* speech, INVITE */
	struct event ev = { .job = job, .decision = m->decision, .call = m->call, .what = EV_DIALLING, .at = at };

	m->dialled_at = w->mono;
	m->rang_at = m->answered_at = 0;
	w->f->calls++;
	plan(w, ev);
	if (strcmp(f->name, "no_word") == 0)
		return; /* only the desk's own watch goes on from here */
	if (f->rings) {
		ev.what = EV_RINGING;
		ev.at = at += world_between_ms(w, 500, 2500);
		plan(w, ev);
	}
	if (f->answered) {
		ev.what = EV_ANSWERED;
		ev.at = at += world_between_ms(w, 2000, (int)(m->ring_ns / NS_PER_MS) - 1000);
		plan(w, ev);
	}
	ev.what = EV_DONE;
	ev.at = at + (f->most_ms != 0 ? world_between_ms(w, f->least_ms, f->most_ms) : f->answered ? m->limit_ns : m->ring_ns);
	plan(w, ev);
}

static void
take_job(struct world *w, int64_t job, bool is_call, struct slice text)
{
	struct memory *m = memory_of(w, job);
	json_t *doc;
	const char *incident;

	if (m->active)
		return;
	if (m->finished) {
		say_done(w, job);
		return;
	}
	doc = json_loadb(text.p, text.n, 0, NULL);
	incident = json_string_value(json_object_get(doc, "incident"));
	m->is_call = is_call;
	m->active = true;
	m->call++;
	m->decision = decision_by_incident(w, incident);
	if (is_call) {
		m->ring_ns = json_integer_value(json_object_get(doc, "ring_s")) * NS_PER_S;
		m->limit_ns = json_integer_value(json_object_get(doc, "limit_s")) * NS_PER_S;
		m->fault = fault_of_call(w, decision_of(w, m->decision), json_string_value(json_object_get(doc, "provider")));
		dial(w, job, m);
	} else {
		m->fault = w->quiet ? fault_named("taken") : draw(w, MAIL);
		plan(w, (struct event){ .at = w->mono + world_between_ms(w, m->fault->least_ms, m->fault->most_ms), .what = EV_DONE, .job = job, .call = m->call });
		w->f->mails++;
	}
	m->outcome = m->fault->outcome;
	json_decref(doc);
}

static void
take_cancel(struct world *w, int64_t job)
{
	struct memory *m = memory_of(w, job);

	if (!m->finished) {
		m->active = false;
		m->finished = true;
		m->outcome = "cancelled";
	}
	say_done(w, job);
}

/* ---- handing out: rows first, because a kill in the middle closes the database ---- */

struct handed {
	int64_t job;
	bool cancel, is_call;
	char *doc;
};

struct hand {
	struct world *w;
	VEC(struct handed) list;
};

static void
hand_out(void *ctx, int64_t job, const char *kind, struct slice doc)
{
	struct hand *h = ctx;
	bool cancel = strncmp(kind, "cancel:", 7) == 0;
	struct memory *m = memory_of(h->w, job);
	int64_t *sent = cancel ? &m->cancel_at : &m->sent_at;
	struct handed row = { job, cancel, strcmp(cancel ? kind + 7 : kind, "call") == 0, NULL };

	if (*sent != 0 && h->w->mono - *sent < REPEAT)
		return;
	*sent = h->w->mono;
	if (world_strikes(h->w, "lost"))
		return;
	row.doc = x_asprintf(SL_FMT, SL_ARG(doc));
	vec_push(&h->list, row);
}

static void
hand_out_all(struct world *w)
{
	struct hand h = { .w = w };

	if (w->desk == NULL)
		return;
	desk_jobs(w->desk, world_time(w), hand_out, &h);
	for (size_t i = 0; i < h.list.n; i++) {
		struct handed *row = &h.list.v[i];

		if (w->desk != NULL && world_strikes(w, "desk_hand_out"))
			kill_desk(w, its_time(w, "desk_hand_out"));
		if (w->desk == NULL) { /* killed here or in an answer: the rest was not handed out */
			free(row->doc);
			continue;
		}
		if (world_strikes(w, "role_dies"))
			kill_role(w, row->is_call);
		else if (row->cancel)
			take_cancel(w, row->job);
		else
			take_job(w, row->job, row->is_call, slice_str(row->doc));
		free(row->doc);
	}
	vec_fini(&h.list);
}

/* ---- people ---- */

static void
answered(struct world *w, struct memory *m)
{
	struct decision *d = decision_of(w, m->decision);

	if (d != NULL && (m->answers != 0 || (d->pressed_at != 0 && m->dialled_at > d->pressed_at)) && !d->duplicate) {
		d->duplicate = true;
		w->f->duplicates++;
	}
	m->answers++;
	m->answered_at = w->mono;
}

static void
call_is_over(struct world *w, int64_t job, struct memory *m)
{
	struct decision *d = decision_of(w, m->decision);

	m->active = false;
	m->finished = true;
	if (d != NULL && strcmp(m->outcome, "acknowledged") == 0 && d->pressed_at == 0)
		d->pressed_at = w->mono;
	if (m->is_call && strcmp(m->outcome, "wants_analyst") == 0 && world_strikes(w, "analyst"))
		plan(w, (struct event){ .at = w->mono + its_time(w, "analyst"), .what = EV_ANALYST, .decision = m->decision });
	if (strcmp(m->outcome, "wrong_number") == 0 && world_strikes(w, "mended"))
		plan(w, (struct event){ .at = w->mono + its_time(w, "mended"), .what = EV_CONTACTS, .decision = m->decision });
	say_done(w, job);
	memory_of(w, job)->sent_at = memory_of(w, job)->cancel_at = 0; /* as the desk role forgets: a deferred mail goes out again when it is due */
	if (strcmp(memory_of(w, job)->outcome, "deferred") == 0)
		memory_of(w, job)->finished = false;
}

/* The next step of a hand-over in the middle of the calls: whoever has the incident drafts and signs, the other one accepts.  What stands in
 * the tables says which step it is, so that one that was lost is done again.  False until it is over. */
static bool
hand_over(struct world *w, const struct decision *d)
{
	struct rows r = db_query(w->db, "SELECT h.id, h.state, h.from_lead, h.to_lead FROM handovers h JOIN handover_items x ON x.handover = h.id WHERE x.ref = ? AND h.state IN"
	                                " ('draft','offered','late') ORDER BY h.number DESC LIMIT 1", Q(d->incident));
	auto_free char *owner = db_text(w->db, "SELECT owner FROM candidates WHERE id = ?", Q(d->candidate)), *id = NULL, *from = NULL, *to = NULL;
	struct desk_actor who = { .ja = "模擬", .en = "Simulation", .role = "lead" };
	bool signed_ = false;
	int status = 0;

	if (rows_next(&r)) {
		id = x_strdup(row_str(&r, 0));
		signed_ = strcmp(row_str(&r, 1), "draft") != 0;
		from = x_strdup(row_str(&r, 2));
		to = x_strdup(row_str(&r, 3));
		rows_close(&r);
	}
	who.user = id == NULL ? owner : signed_ ? to : from;
	if (who.user == NULL)
		return true;
	if (id == NULL)
		tell(w, "handover.draft", &who, json_pack("{s:s, s:[s]}", "to", w->analyst[strcmp(owner, w->analyst[0]) == 0], "tenants", d->tenant), &status);
	else
		tell(w, signed_ ? "handover.accept" : "handover.offer", &who, json_pack("{s:s}", "id", id), &status);
	return id != NULL && signed_ && status / 100 == 2;
}

/* A person at a screen: tries again when the service does not answer. */
static void
act(struct world *w, const struct event *ev)
{
	struct decision *d = decision_of(w, ev->decision);
	struct desk_actor who = { .user = w->analyst[0], .ja = "模擬", .en = "Simulation", .role = "lead" };
	struct event again = *ev;
	bool done = false;
	int status;

	if (d == NULL || !d->decided)
		return;
	if (ev->what == EV_CONTACTS) {
		done = tell(w, "tenant.import", &desk_service, json_pack("{s:O}", "tenants", json_object_get(w->conf->tenants, "tenants")), &status);
	} else if (ev->what == EV_HAND_OVER) {
		done = w->desk != NULL && hand_over(w, d);
	} else {
		if (ev->what == EV_PORTAL)
			who = (struct desk_actor){ .user = "customer", .ja = "お客様", .en = "Customer", .role = "customer", .tenant = d->tenant };
		done = tell(w, "incident.acknowledge", &who, json_pack("{s:s, s:s}", "id", d->incident, "by", "お客様"), &status);
		if (d->pressed_at == 0)
			d->pressed_at = w->mono;
	}
	again.at = w->mono + 2 * NS_PER_S;
	if (!done)
		plan(w, again);
}

static void
happen(struct world *w, const struct event *ev)
{
	struct memory *m;

	if (ev->what >= EV_PORTAL) {
		act(w, ev);
		return;
	}
	m = memory_of(w, ev->job);
	if (!m->active || m->call != ev->call)
		return; /* it was cut off or called back */
	if (world_strikes(w, "role_dies")) {
		kill_role(w, m->is_call);
		return;
	}
	switch (ev->what) {
	case EV_DIALLING:
		say_event(w, ev->job, "dialling");
		break;
	case EV_RINGING:
		m->rang_at = w->mono;
		say_event(w, ev->job, "ringing");
		break;
	case EV_ANSWERED:
		answered(w, m);
		say_event(w, ev->job, "answered");
		break;
	default:
		call_is_over(w, ev->job, m);
		break;
	}
}

/* ---- deciding ---- */

/* A candidate of its own: nothing in it is like any other. */
static void
detect(struct world *w, size_t i)
{
	struct decision *d = &w->decisions.v[i];
	struct desk_position at = { d->tenant, "lcp", "00000000000000000000000000000001", (int64_t)i + 1 };
	auto_free char *json = x_asprintf("[{\"key\":\"k%zu\",\"kind\":\"rule\",\"rule\":{\"id\":\"r%zu\",\"name\":\"Simulated\",\"level\":\"high\",\"tags\":[]},"
	                                  "\"at\":%lld,\"first_at\":%lld,\"count\":1,\"entities\":[{\"kind\":\"host\",\"value\":\"host-%zu\",\"role\":\"target\","
	                                  "\"internal\":true}],\"evidence\":{},\"dataset\":\"simulated\",\"device\":\"d\",\"line\":\"\"}]",
	                                  i, i, (long long)w->wall, (long long)w->wall, i);
	int r = desk_detections(w->desk, &at, slice_str(json), world_time(w));
	auto_free char *id = db_text(w->db, "SELECT id FROM candidates ORDER BY number DESC LIMIT 1");

	if (r != 0)
		w->error = r;
	snprintf(d->candidate, sizeof d->candidate, "%s", id != NULL ? id : "");
}

static void
begin_world_faults(struct world *w, size_t i)
{
	static const struct {
		const char *name;
		enum what what;
	} later[] = { { "portal", EV_PORTAL }, { "hand_over", EV_HAND_OVER }, { "contacts_changed", EV_CONTACTS } };

	for (size_t k = 0; k < sizeof later / sizeof *later; k++)
		if (world_strikes(w, later[k].name))
			plan(w, (struct event){ .at = w->mono + its_time(w, later[k].name), .what = later[k].what, .decision = i });
	if (world_strikes(w, "provider_down"))
		w->provider_back_at = w->mono + its_time(w, "provider_down");
}

/* The analyst decides, and looks whether it was taken: a dead desk is asked again. */
void
world_decide(struct world *w, size_t i)
{
	struct decision *d = &w->decisions.v[i];
	struct desk_actor who = { .user = w->analyst[i % 2], .ja = "模擬", .en = "Simulation", .role = "analyst" };
	auto_free char *incident = NULL;

	if (d->candidate[0] == '\0')
		detect(w, i);
	tell(w, "candidate.decide", &who,
	     json_pack("{s:s, s:s, s:{s:s, s:s, s:s, s:s}, s:s}", "id", d->candidate, "severity", "critical", "answers", "real", "yes", "success", "no",
	               "possible", "yes", "check", "yes", "reason", "simulated"),
	     NULL);
	if (w->desk == NULL)
		return;
	incident = db_text(w->db, "SELECT id FROM incidents WHERE candidate = ?", Q(d->candidate));
	if (incident == NULL)
		return;
	snprintf(d->incident, sizeof d->incident, "%s", incident);
	d->decided = true;
	begin_world_faults(w, i);
}

/* ---- time ---- */

/* Events until `until`, in their order. */
static void
let_happen(struct world *w, int64_t until)
{
	for (;;) {
		size_t first = SIZE_MAX;
		struct event ev;

		for (size_t i = 0; i < w->events.n; i++)
			if (w->events.v[i].at <= until && (first == SIZE_MAX || w->events.v[i].at < w->events.v[first].at))
				first = i;
		if (first == SIZE_MAX)
			break;
		ev = w->events.v[first];
		w->events.v[first] = w->events.v[--w->events.n];
		if (ev.at > w->mono) {
			w->wall += ev.at - w->mono;
			w->mono = ev.at;
		}
		happen(w, &ev);
		if (w->changed)
			hand_out_all(w);
	}
	w->wall += until - w->mono;
	w->mono = until;
}

static void
audit(struct world *w)
{
	struct desk_overdue late[16];

	w->f->overdue += (int64_t)desk_audit(w->db, world_time(w), late, 16);
	w->f->stuck += db_int(w->db, 0,
	                      "SELECT count(*) FROM chains h JOIN outbox o ON o.id = h.job WHERE h.state = 'running' AND o.state = 'open' AND o.cancel = 0 AND o.queued_at <"
	                      " ? - (json_extract(o.doc, '$.ring_s') + json_extract(o.doc, '$.limit_s') + ?) * 1000000000",
	                      Q(world_time(w)), Q((int64_t)SILENT_S));
}

/* One turn of the desk role's loop. */
void
world_tick(struct world *w)
{
	int error = 0;

	let_happen(w, w->mono + TICK);
	if (w->desk == NULL && w->mono >= w->up_at)
		world_open_desk(w);
	if (w->desk == NULL || w->error != 0)
		return;
	/* the role asks four times a second; here only when the answer can have changed, for deferred mails once a second */
	if (w->changed || w->wall >= w->due || w->mono % NS_PER_S == 0) {
		bool dies = w->wall >= w->due && world_strikes(w, "desk_timer"), before = dies && world_dice(w) % 2 == 0;

		if (!before)
			w->due = desk_tick(w->desk, world_time(w), &error);
		w->changed = false;
		if (dies)
			kill_desk(w, its_time(w, "desk_timer"));
		else
			hand_out_all(w);
	}
	if (error != 0)
		w->error = error;
	if (w->desk != NULL && w->mono % AUDIT_EVERY == 0)
		audit(w);
}
