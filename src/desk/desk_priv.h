/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the desk.  struct cmd is one command on its way: its functions change tables through c->db and make
 * ids and entries through the helpers below, never by themselves, so that a replay gives the same rows.
 */
#ifndef NZ_DESK_DESK_PRIV_H
#define NZ_DESK_DESK_PRIV_H

#include "base/clock.h"
#include "base/err.h"
#include "base/must.h"
#include "base/vec.h"
#include "desk/desk.h"

struct change {
	char noun[16], id[64], tenant[32], number[64];
};

struct clock_pair {
	int64_t mono, wall; /* ns since boot, UTC */
};

struct desk {
	struct db *db;
	struct clock_pair pair; /* the last reading (step.c) */
	int64_t kept_at;        /* mono, when it was last written down; 0 = not since the start */
	struct desk_settings s;
	desk_change_fn *on_change;
	void *on_change_ctx;
	VEC(struct change) changes; /* of the command that runs */
	struct roster *roster;  /* made from the rows that roster_id names, of roster and outages (roster_desk.c); NULL without one */
	char roster_id[56];
	struct {
		char actor[64], key[129], hash[65];
	} once;                 /* of the request that runs; key "" = it has none (once.c) */
};

struct cmd {
	struct desk *d;
	struct db *db;
	int64_t now, seq;
	int v;                   /* of its journal record: a replay keeps to the rules that were in force then */
	bool again;              /* a replay: what was measured and is not journalled is not there to be looked at */
	const struct desk_actor *who;
	const json_t *args;
	uint8_t rnd[16];
	unsigned ids;
	char tenant[32];         /* for the journal row, once known */
	char noun[16], id[64];   /* what it changed: the answer shows it */
	json_t *body;            /* of the answer; NULL = show the noun */
	bool once;               /* the answer is kept under the request's Idempotency-Key */
	int status;              /* of the problem, 0 = fine */
	const char *type, *field;
	char detail[240];
	json_t *more;            /* further keys of the problem */
	json_t *facts;           /* for the journal: facts_priv.h */
};

typedef void cmd_fn(struct cmd *c);

/* Version of the records written now.  A command of before was judged by the rules of before and is played again by them: `if (c->v >= 3 && …) cmd_refuse(…)`.
 *  2 facts beside the record
 *  3 what is refused and what a hand-over holds became stricter
 *  4 a hand-over goes on in the next one
 *  5 a person's numbers are dialled in turn
 *  6 a proposed Emergency that one person decides lower is told to the lead
 *  7 no JOB that its role would refuse
 *  8 an alarm whose mail cannot be delivered goes on to the next address
 *  9 a report's promise and its causes belong to the month in which it began; advisories with products, CVEs, and devices that were seen
 * 10 an alarm rings telephones
 * 11 a mail's Message-ID counts for its sender only, and a contact has the name we know
 * 12 a chat that waits is an alarm
 * 13 a held mail that waits is an alarm, and the promise counts from when it came */
#define JOURNAL_V 13

extern const char *const desk_schema[];
extern const size_t desk_schema_steps;
extern const char *const desk_projection[];

/* Stops the command: nothing of it will have happened. */
void cmd_refuse(struct cmd *c, int status, const char *type, const char *field, const char *fmt, ...)
        __attribute__((format(printf, 5, 6)));
static inline bool
cmd_failed(const struct cmd *c)
{
	return c->status != 0 || db_error(c->db) != 0;
}

void cmd_new_id(struct cmd *c, char ret[27]);
int64_t cmd_count(struct cmd *c, const char *name); /* next number of a counter, from 1 */
void cmd_changed(struct cmd *c, const char *noun, const char *id, const char *tenant, const char *number);
bool cmd_is_customer(const struct cmd *c);

/* Arguments: type-checked; the command is refused with 422 when they are wrong. NULL or `otherwise` when absent. */
const char *arg_str(struct cmd *c, const char *key, size_t max);
const char *arg_need(struct cmd *c, const char *key, size_t max);
bool arg_bool(struct cmd *c, const char *key, bool otherwise);
int64_t arg_int(struct cmd *c, const char *key, int64_t otherwise);
/* Runs fn; the administrator at the machine may name in args.as the login of the person it is done for, who must have
 * one of `roles` ("analyst lead"); the journal keeps both. Anybody else does it for himself whatever args.as says. */
void cmd_as(struct cmd *c, const char *roles, cmd_fn *fn);
/* {"ja","en"}: one language stands in for a missing other. False when neither is there. */
bool texts_get(const json_t *o, const char **ret_ja, const char **ret_en);
json_t *texts(const char *ja, const char *en);
char *text_plain(const char *s); /* without control characters but line feeds: fit for a JOB; heap */
int text_clip(const char *s, int max); /* bytes of s up to max, at a character's border; for "%.*s" */
bool word_in(const char *word, const char *list); /* list: "a b c" */

/* A line of the chronology. who NULL = the actor. */
struct entry {
	const char *candidate, *kind;
	bool visible;
	const char *who_ja, *who_en;
	const char *ja, *en, *lang, *line;
	int64_t at; /* 0 = now */
};
void entry_add(struct cmd *c, const struct entry *e);
void entry_say(struct cmd *c, const char *candidate, const char *kind, bool visible, const char *ja, const char *en);

/* rows.c: query → JSON. Column names carry the type behind a colon: "due_at:t" time, ":b" bool, ":j" JSON text;
 * "name_ja","name_en" side by side named "name:2" make a Texts object. */
json_t *rows_json(struct rows *r);              /* array; closes r */
json_t *row_json(struct rows *r);               /* object of the present row */
json_t *row_first(struct rows *r);              /* object of the first row or NULL; closes r */
json_t *time_json(int64_t ns);                  /* null for 0 */
void time_text(int64_t ns, char ret[36]);
char *json_text(const json_t *j);               /* compact, sorted keys; heap */

/* text.c: words of the service */
struct category {
	const char *id, *ja, *en, *said_kana, *said_en, *todo_ja, *todo_en;
};
const struct category *category_find(const char *id);     /* never NULL: "other" */
const struct category *category_at(size_t i);             /* NULL past the end */
struct severity_word {
	const char *id, *ja, *en, *kana, *definition_ja, *definition_en;
	int rank; /* emergency 3 … informational 0 */
};
const struct severity_word *severity_find(const char *id); /* NULL when it is none */
const char *close_reason_ja(const char *reason);           /* NULL when it is none */
const char *close_reason_en(const char *reason);
json_t *answer_texts(const char *code);                     /* of the customer's answer; null when it is none */
const char *answers_say(const json_t *answers);            /* a severity, "close", or NULL when incomplete */

/* entity.c */
struct entity {
	char kind[12], value[256];  /* as compared */
	const char *shown, *role;
	bool internal;
	double weight;              /* 0…1: how strongly sharing it binds */
	int64_t half_life;
};
/* tenant_doc: parsed tenants.doc. False when it says nothing (empty, loopback, "-"). */
bool entity_read(const json_t *e, const json_t *tenant_doc, struct entity *ret);

/* propose.c: pure. `detections` is an array of detection documents of one candidate. */
struct proposal {
	const char *severity, *line;
	int score;
	int64_t blocked, passed;
	json_t *doc; /* Proposal of the API without severity, line, score */
};
void propose(const json_t *detections, struct proposal *ret);
/* Category and titles from the detections. Heap. */
const char *propose_category(const json_t *detections);
void propose_title(const json_t *detections, const char *category, char **ret_ja, char **ret_en);

/* group.c */
struct touched_id {
	char id[27];
};
struct touched {
	struct touched_id *v;
	size_t n, cap;
};
void touched_add(struct touched *t, const char *candidate);
struct new_case {
	char id[27];
	int64_t number;
};
void candidate_new(struct cmd *c, const char *lane, int64_t first_at, int64_t last_at, struct new_case *ret); /* with its clock */
/* Everything of `from` goes to `into`; from is merged and its clock stops. */
void candidate_merge(struct cmd *c, const char *from, int64_t from_number, const char *into, int64_t into_number);
void candidate_entities_again(struct cmd *c, const char *candidate); /* what its detections share, after some came or went */
void group_add(struct cmd *c, const json_t *detection, const json_t *tenant_doc, struct touched *touched);
void candidate_refresh(struct cmd *c, const char *candidate); /* proposal, titles, counts from its detections */
json_t *candidate_detections(struct db *db, const char *candidate); /* documents with id, at, count */

/* clock.c */
void clock_start(struct cmd *c, const char *kind, const char *tenant, const char *candidate, const char *incident, int64_t span_s);
void clock_start_at(struct cmd *c, const char *kind, const char *tenant, const char *candidate, const char *incident, int64_t at, int64_t due);
void clock_stop(struct cmd *c, const char *candidate, const char *kind, int64_t at);
/* A running decide clock of `from` that ends earlier becomes that of `into`: moving detections gains no time. */
void clock_take_earlier(struct cmd *c, const char *from, const char *into);
const char *clock_state(int64_t started, int64_t due, int64_t stopped, int64_t now);
json_t *clock_json(struct rows *r, int64_t now); /* columns of CLOCK_COLUMNS */
#define CLOCK_COLUMNS                                                                                                           \
	"k.kind, k.started_at, k.due_at, k.stopped_at, k.candidate, k.incident, k.tenant, k.cause, k.cause_text, k.cause_by, k.cause_at"
#define CLOCK_COLUMNS_N 11
/* The clock that matters now for a candidate or incident, or null. */
json_t *clock_of(struct db *db, const char *candidate, int64_t now);
/* What the clock of a row of CLOCK_COLUMNS belongs to, as people name it: incident, candidate (its number in that column) or report. Heap. */
char *clock_number(struct rows *r, int column);
/* cause.c: of the clock in a row of CLOCK_COLUMNS; null without one */
json_t *cause_json(struct db *db, struct rows *r);
/* Broken clocks due in [from, to) for which nobody gave a cause: a month with such is not closed. tenant NULL = all. */
int64_t clock_causes_missing(struct cmd *c, const char *tenant, int64_t from, int64_t to);

/* timers */
void timer_set(struct cmd *c, const char *kind, const char *ref, int64_t due_at, int attempt);
void timers_move(struct cmd *c, int64_t by);                 /* those that are spans */
void timer_drop(struct cmd *c, const char *ref);            /* all of a ref */
void timer_drop_kind(struct cmd *c, const char *ref, const char *kind);

/* chain.c, jobs.c, outbox.c */
#define NUMBERS_IN_TURN 5 /* from this version of a record on */
void chain_start(struct cmd *c, const char *incident, const char *tenant, const char *severity, int64_t call_s);
void chain_acknowledged(struct cmd *c, const char *incident);
void chain_provider_rang(struct cmd *c, int64_t job); /* the provider of that call works */
const char *chain_provider(struct cmd *c);            /* name of the one to use now; "" without a name */
bool chain_is_open(struct db *db, const char *incident);
void chain_timer(struct cmd *c, const char *kind, const char *ref, int attempt);
void chain_job_done(struct cmd *c, const char *chain, int64_t job, const char *outcome);
/* hours.c */
bool hours_is_good(const char *hours);                    /* "always", "Mon-Fri 09:00-18:00", "Sat,Sun 00:00-24:00; Hol 10:00-16:00" */
#define HOURS_HOL 7
struct hours_span {
	unsigned days; /* bit 0 = Monday … 6 = Sunday, HOURS_HOL = a day off */
	int from, to;  /* minutes of the day; to <= from: on the next day */
};
/* The spans of good hours, at most max of them into ret; how many there are, -1 when the text is none. */
int hours_read(const char *hours, struct hours_span *ret, int max);
struct day_off {
	struct db *db;
	const char *tenant, *country; /* ISO 3166: JP, GB; "" = no public holidays are known */
};
bool day_is_off(const struct day_off *o, int64_t day);    /* local day since 1970 */
enum hours { HOURS_OUT, HOURS_IN, HOURS_HOLIDAY };        /* HOLIDAY: out, because it is a day off */
enum hours hours_at(const char *hours, const char *zone, const struct day_off *off, int64_t now);
void local_time(const char *zone, int64_t ns, char ret[6]); /* "03:13" */
int64_t local_day(const char *zone, int64_t ns);            /* days since 1970 in that zone */
int64_t local_ns(const char *zone, int64_t day, int64_t second); /* the moment when it is that second of that day there */

/* order.c: who is called, in which order, and how often */
/* contacts in order, those in hours first */
json_t *chain_steps(struct db *db, const char *tenant, const char *severity, int64_t now);
struct plan {
#define PLAN(name, least, most, otherwise, what) int64_t name;
#include "tbl/plan.tbl"
#undef PLAN
};
void plan_read(struct slice json, struct plan *ret);      /* what is missing is the default */
json_t *plan_json(struct db *db, const char *tenant);

/* channel.c: severity × channel × hours × language */
enum send { SEND_UNSAID, SEND_NOW, SEND_DIGEST, SEND_NEVER };
struct receiver {
	const char *lang;
	enum hours hours;
};
enum send channel_send(struct db *db, const char *tenant, const struct receiver *who, const char *severity, const char *channel);
enum send channel_mail(struct db *db, const char *contact, const char *severity, int64_t now); /* never UNSAID */
bool asks_for_action(struct db *db, const char *incident);
void digest_add(struct cmd *c, const char *contact, const char *incident);
void digest_due(struct cmd *c, const char *contact);
void outbox_digest(struct cmd *c, const char *contact, json_t *items, int64_t more);

int64_t outbox_call(struct cmd *c, const char *chain, const char *incident, const char *contact, int number_ord, int attempt,
                    const char *provider, const struct plan *plan);
void outbox_notices(struct cmd *c, const char *incident, const char *notice);
/* A mail that is no incident's; takes doc over, returns the row. shown: the address. */
/* A call that belongs to no incident. */
int64_t outbox_test_call(struct cmd *c, json_t *doc, const char *contact, const char *name, const char *kana, const char *number, const char *appointment);
/* A call to one of our own people, of an alarm. contact: the person's id or NULL. */
int64_t outbox_alarm_call(struct cmd *c, json_t *doc, const char *contact, const char *name, const char *shown, const char *key);
int64_t outbox_mail(struct cmd *c, json_t *doc, const char *contact, const char *name, const char *shown, const char *key);
void outbox_cancel(struct cmd *c, int64_t job);
json_t *outcome_texts(const char *name);          /* null when unknown */
const char *outcome_reached(const char *name);    /* "yes" "human" "no" or NULL */
void mask_number(const char *number, char *ret, size_t n);
/* The spoken sentence of an incident, {"ja" kana,"en"}. */
json_t *spoken_summary(const char *category, const char *severity);

/* report.c, view_report.c */
enum { DESK_DIGEST_MIN = 9 * 60, DESK_DAILY_MIN = 7 * 60 }; /* minutes of a tenant's day, where its document says nothing */
void report_id(const char *tenant, int64_t first, bool daily, char ret[48]);
bool report_read_id(const char *id, char ret_tenant[32], int64_t *ret_first, int64_t *ret_last);
void report_plan(struct cmd *c, const char *tenant);
void report_timer(struct cmd *c, const char *kind, const char *ref, int attempt);
/* What a timer's command takes along as args.data; NULL for those that need nothing. */
json_t *report_timer_data(struct desk *d, const char *kind, const char *ref, int attempt, int64_t now);
/* kind: daily, monthly; local days first to last. */
json_t *report_data(struct desk *d, const char *tenant, const char *kind, int64_t first, int64_t last, int64_t now);
/* A published revision's data set, the caller's; 0: the last. NULL when there is none. */
json_t *report_frozen(struct db *db, const char *id, int64_t revision);
void outbox_report(struct cmd *c, const char *id, const char *kind, const json_t *data);

void alarm_raise(struct cmd *c, const char *kind, const char *key, const char *level, const char *tenant, const char *incident,
                 const char *ja, const char *en);
struct alarm {
	const char *kind, *key, *level, *tenant, *incident;
	const char *owner; /* a person's id; NULL = the lead on duty for the tenant */
};
/* What it was about is over: nobody need acknowledge it. Nothing when none is open. */
void alarm_over(struct cmd *c, const char *kind, const char *key);
void alarm_raise_for(struct cmd *c, const struct alarm *al, const char *ja, const char *en);
/* A mail was refused (final) or not taken at its first try. False when it is no alarm's; otherwise the alarm goes on to the next address. */
bool alarm_mail_failed(struct cmd *c, int64_t job, bool final);
/* False when the call was no alarm's. */
bool alarm_call_done(struct cmd *c, int64_t job, const char *outcome);
void ack_incident(struct cmd *c, const char *incident, const char *by, const char *how, int64_t at);

/* days */
void day_count(struct cmd *c, const char *tenant, const char *column, int64_t n);
void day_text(int64_t day, char ret[16]);

/* views */
json_t *tenant_ref(struct db *db, const char *tenant);
json_t *person(struct db *db, const char *user);
json_t *view_candidate(struct desk *d, const char *id, const struct desk_actor *who, int64_t now);
json_t *view_incident(struct desk *d, const char *id, const struct desk_actor *who, int64_t now);
json_t *candidate_rows(struct db *db, struct rows *r, int64_t now);
json_t *candidate_row_of(struct db *db, const char *id, int64_t now); /* NULL when there is none */
json_t *candidate_entities(struct db *db, const char *id, int limit);
json_t *view_previous(struct db *db, const char *candidate);
json_t *view_copies(struct db *db, const char *detection); /* copy.c; null while there are none */
json_t *view_evidence(struct db *db, const char *candidate, const char *incident);
json_t *view_entries(struct db *db, const char *candidate, bool customer);
json_t *view_user(struct db *db, const char *id);
json_t *incident_row(struct db *db, struct rows *r, int64_t now);
json_t *device_rows(struct desk *d, const char *tenant, int64_t now, bool only_troubled);
json_t *lcp_rows(struct desk *d, const char *tenant, int64_t now);
json_t *funnel_day(struct db *db, const char *tenant, int64_t day);
/* The sum of local days first to last, and each of them into `days` (may be NULL). */
json_t *funnel_days(struct db *db, const char *tenant, int64_t first, int64_t last, json_t *days);

struct ask {
	struct desk *d;
	struct db *db;
	const struct desk_actor *who;
	const json_t *args;
	int64_t now;
	bool customer;
	int status;
	const char *type, *field;
};
typedef json_t *ask_fn(struct ask *a);
json_t *ask_no(struct ask *a, int status, const char *type, const char *field); /* NULL */
const char *ask_str(const struct ask *a, const char *key);
int64_t ask_int(const struct ask *a, const char *key, int64_t otherwise);
/* The tenant asked for, checked; customers: their own. NULL = all in sight (staff), or a->status is set. */
const char *ask_tenant(struct ask *a);

#define COMMAND(name, fn) cmd_fn fn;
#include "tbl/commands.tbl"
#undef COMMAND
#define QUESTION(name, fn) ask_fn fn;
#include "tbl/questions.tbl"
#undef QUESTION

#endif
