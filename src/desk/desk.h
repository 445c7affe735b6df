/* SPDX-License-Identifier: Apache-2.0
 *
 * Desk: candidates, incidents, clocks, the telephone chain, the journal.  Floor 3: pure logic over db/,
 * time is always handed in.
 *
 *     detections ─▶ group ─▶ candidate ─▶ (an analyst) decide ─▶ incident ─▶ clocks, outbox, chain
 *
 * State changes only through desk_apply(desk, command, actor, args, now).  One command is one transaction:
 * a journal row, hash-chained, and what it does to the tables.  The tables are a projection: desk_replay of
 * a journal into an empty database gives the same tables, byte for byte.  Therefore a command may use nothing
 * but its own arguments, `now`, the random bytes of its journal row (ids are made from them) and the tables.
 *
 * Not journalled, because it is a measurement and not a decision: positions of consumers, heartbeats,
 * counts of lines, snapshots (telemetry.c); nor bytes of attached files, which the journal names by their hash.
 *
 * Timers are rows.  desk_tick fires what is due; desk_audit, which shares no code with it, tells what should
 * have been and was not.  desk_jobs gives the outbox rows that want doing; the role carries them.
 */
#ifndef NZ_DESK_DESK_H
#define NZ_DESK_DESK_H

#include <jansson.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/slice.h"
#include "db/db.h"

struct desk;

/* Who does it. Strings belong to the caller. */
struct desk_actor {
	const char *user;      /* id; "" for the service itself */
	const char *ja, *en;   /* name as shown */
	const char *role;      /* analyst lead engineer admin auditor customer service */
	const char *tenant;    /* of a customer, else NULL */
	const json_t *tenants; /* mask of staff: array of ids; NULL or empty = all */
};

extern const struct desk_actor desk_service; /* the service itself */

struct desk_settings {
	const char *providers[4];   /* names of call.providers in their order; [0] NULL = one without a name */
	const char *alarm_mail;     /* duty manager's and shift lead's address; NULL = none */
	const char *alarm_mail_next; /* tried when that one cannot be reached; NULL = none */
	const char *alarm_phone;    /* the duty manager's telephone, rung when no customer acknowledges; NULL = none */
	const char *phone;          /* the number under which customers call the SOC back; NULL = none is told */
	const char *url;            /* how customers reach the portal: https://soc.example:8443 */
	const char *boot;           /* names this boot of the machine; NULL = always the same */
	int64_t silent_ns;          /* a device is silent after; 0 = 10 minutes */
	int64_t lcp_late_ns;        /* a collector is late after; 0 = 2 minutes */
	int64_t maintenance_notice_ns; /* announced later than this before it begins, maintenance counts all the same; 0 = 72 hours */
	int64_t device_wait_ns;     /* a device is late when its first line has not come so long after its approval; 0 = 7 days */
	int64_t canary_late_ns;     /* a canary counts until so long after its minute; 0 = 5 minutes */
};

struct desk_change {
	int64_t seq;           /* of the journal */
	const char *noun, *id, *tenant, *number;
};

typedef void desk_change_fn(void *ctx, const struct desk_change *ch);

/* db stays the caller's. The schema is brought up to date. */
int desk_open(struct db *db, const struct desk_settings *s, struct desk **ret);
void desk_close(struct desk *d);
void desk_on_change(struct desk *d, desk_change_fn *fn, void *ctx); /* called after the commit */

/* status 200…299 and a body (may be NULL), or a problem body. The body is the receiver's to json_decref.
 * error is the database's (E_FULL, E_IO) when status is 503. */
struct desk_answer {
	int status;
	int error;
	json_t *body;
};

/* Runs one command (tbl/commands.tbl). args is borrowed; unknown fields are refused. */
struct desk_answer desk_apply(struct desk *d, const char *command, const struct desk_actor *who, const json_t *args,
                              int64_t now);
/* Answers one question (tbl/questions.tbl) without changing anything. */
struct desk_answer desk_ask(struct desk *d, const char *question, const struct desk_actor *who, const json_t *args,
                            int64_t now);
/* Either, as the API wants it: a command is answered with the noun it changed. */
struct desk_answer desk_do(struct desk *d, const char *verb, const struct desk_actor *who, const json_t *args,
                           int64_t now);
/* The same with files: their bytes are kept in the transaction of the command, which names them by their SHA-256
 * (hex) in args.files.  They are no part of the journal or the projection: a replay gives the names. */
struct desk_blob {
	const char *sha256;
	struct slice body;
};
struct desk_answer desk_do_with(struct desk *d, const char *verb, const struct desk_actor *who, const json_t *args,
                                int64_t now, const struct desk_blob *blobs, size_t n);
void desk_blob_hash(struct slice body, char ret[65]);
struct desk_answer desk_problem(int status, const char *type, const char *field, const char *detail);
bool desk_sees(const struct desk_actor *who, const char *tenant);

/* API keys: the scope that opens a verb (tbl/scopes.tbl); NULL: closed to every key. */
const char *desk_scope_of(const char *verb);

/* A request with an Idempotency-Key (once.c). NEW: run it with desk_do, whose answer is kept in the same transaction, then end. SAME: *ret is the
 * first answer. OTHER: *ret is the problem 422. */
enum desk_once_found { DESK_ONCE_NEW, DESK_ONCE_SAME, DESK_ONCE_OTHER };
void desk_once_hash(const char *verb, const json_t *args, char ret[65]);
enum desk_once_found desk_once_begin(struct desk *d, const char *actor, const char *key, const char hash[65], int64_t now, struct desk_answer *ret);
void desk_once_end(struct desk *d);
void desk_once_sweep(struct desk *d, int64_t now); /* forgets what is older than a day */

/* The time for all that follows.  Notices that the wall clock was set, and moves what is a span under way along
 * (step.c): ask it before every command. *ret_error as in desk_answer. */
int64_t desk_now(struct desk *d, const struct clock *clock, int *ret_error);

/* Fires what is due. Returns when the next timer is due, INT64_MAX without one. *ret_error as in desk_answer. */
int64_t desk_tick(struct desk *d, int64_t now, int *ret_error);

/* Detections of one batch and the position behind it, in one transaction. `json` is the array, or
 * {"detections":[…],"counts":{"lines","events","unparsed"}}. A position at or before the known one changes
 * nothing (0). E_SYNTAX for a body that is no such thing: nothing is committed. */
struct desk_position {
	const char *tenant, *lcp, *epoch; /* epoch: 32 hex digits */
	int64_t seq;
};
int desk_detections(struct desk *d, const struct desk_position *at, struct slice json, int64_t now);
typedef void desk_position_fn(void *ctx, const struct desk_position *at);
void desk_positions(struct desk *d, desk_position_fn *fn, void *ctx);

/* Appends the bytes of a file that goes with a visible answer of ours to an inquiry; false for every other hash. */
bool desk_answer_file(struct desk *d, const char *sha256, struct buf *out);
/* The data set that was frozen when that revision of a report was published (0: the last), as it stands in the journal; heap, NULL when it was not. */
char *desk_report_frozen(struct desk *d, const char *id, int64_t revision);
/* The data set that the command report.publish takes as `data`: only the service puts it there. NULL when who does not see it. */
json_t *desk_report_data(struct desk *d, const struct desk_actor *who, const char *id, int64_t now);

/* What handover.draft, handover.offer and site.lost take as `data`: devices in sight that are not well. Only the service puts it there. */
json_t *desk_handover_data(struct desk *d, const struct desk_actor *who, int64_t now);

/* Advisories.  The service puts into advisory.check whom an advisory concerns (args.affected), asks the store what is
 * to be counted, and hands in the answer with advisory.counted {id, tenant, asked_at, total, devices, seen, heard}; without seen it is
 * unknown. */
struct desk_advisory_ask {
	const char *advisory, *tenant;
	const char *query, *total;    /* searches: the indicators by device; all of them, for when the devices are too many. NULL = none */
	const char *products;         /* JSON array; NULL = none. Which devices spoke which format: DESK_ADVISORY_HEARD */
	int64_t from, to, asked_at;
};
#define DESK_ADVISORY_HEARD "event.dataset:* | summarize n = count() by nezuban.device, event.dataset | top 10000 by n"
typedef void desk_advisory_fn(void *ctx, const struct desk_advisory_ask *ask);
json_t *desk_advisory_affected(struct desk *d, const char *id);
void desk_advisory_asks(struct desk *d, int64_t now, desk_advisory_fn *fn, void *ctx);
/* The store's table {columns, rows} as `seen`, of the products as `heard`; NULL when it is none. full: there may be more devices. */
json_t *desk_advisory_heard(const char *products, const json_t *body);
json_t *desk_advisory_seen(const json_t *body, int64_t *ret_total, bool *ret_full);
bool desk_advisory_total(const json_t *body, int64_t *ret_total, int64_t *ret_devices);

/* Copies of the lines that were decided on since then, as far as they are not copied yet: events is the detection's list [{lcp, epoch, seq, n}] as JSON text.  The
 * store's answer to evidence.lines makes the arguments of incident.lines. */
struct desk_copy_ask {
	const char *detection, *tenant, *incident, *events;
};
typedef void desk_copy_fn(void *ctx, const struct desk_copy_ask *ask);
void desk_copies_wanted(struct desk *d, int64_t since, desk_copy_fn *fn, void *ctx);
json_t *desk_copies_heard(const struct desk_copy_ask *ask, const json_t *items);

/* Telemetry. */
int desk_heartbeat(struct desk *d, const char *tenant, const char *lcp, const json_t *beat, int64_t now);
int desk_traffic(struct desk *d, const json_t *traffic, int64_t now);
int desk_manifest(struct desk *d, const json_t *manifest, int64_t now);
/* What a search found of the canaries: [{tenant, lcp, minute}]. */
int desk_watch_found(struct desk *d, const json_t *items, int64_t now);
/* A synthetic person could log in; the minute is the one in which that began. */
int desk_watch_login(struct desk *d, int64_t began, int64_t now);
/* It could not, and why: a row of tbl/login_faults.tbl (others are taken for none). Three minutes one after the other raise an alarm. */
int desk_watch_no_login(struct desk *d, const char *fault, int64_t began, int64_t now);
/* Raises what does not come back; once a minute. 0 or an error of the database. */
int desk_watch_alarms(struct desk *d, int64_t now);
int desk_snapshot_put(struct desk *d, struct slice body, int64_t now);
bool desk_snapshot_get(struct desk *d, struct buf *out);

/* Outbox: rows that are due and not done. kind is "call", "mail" or "webhook"; doc the JOB of docs/jobs.md. */
typedef void desk_job_fn(void *ctx, int64_t job, const char *kind, struct slice doc);
void desk_jobs(struct desk *d, int64_t now, desk_job_fn *fn, void *ctx);
bool desk_job_is_open(struct desk *d, int64_t job);

/* What the auditor found overdue by more than 15 s: kind of row and how many; 0 rows = all is well. */
struct desk_overdue {
	char kind[32], id[64], tenant[32]; /* unowned: a case, its tenant; uncovered: a tenant; unfit: "LOGIN off|role|mask DAY" */
	int64_t due_at;
};
/* The arguments with which alarm.raise tells it. */
json_t *desk_overdue_alarm(const struct desk_overdue *o);
size_t desk_audit(struct db *db, int64_t now, struct desk_overdue *ret, size_t max);
/* Timers that fired since `from`, out of the journal: how many, how many later than 5 s, how many twice. */
struct desk_punctual {
	int64_t fired, late, twice, worst_ns;
};
void desk_punctual(struct db *db, int64_t from, struct desk_punctual *ret);

/* Wishes nobody was told of yet, and devices whose first line does not come: told, each once (device.asked, device.late). Call it after a wish and
 * every minute. 0 or the database's error. */
int desk_devices_due(struct desk *d, int64_t now);
/* Devices that wait for their first line: which of this collector's have one now (device.live). 0 or the database's error. */
int desk_devices_seen(struct desk *d, const char *tenant, const char *lcp, int64_t now);
/* {"v","tenant","lcp","version","at","devices":[{"id","source","transport","address"}]}; NULL for an unknown or revoked one. */
json_t *desk_lcp_config(struct desk *d, const char *tenant, const char *lcp, int64_t now);

/* For ingest and engine. */
void desk_lcps_json(struct desk *d, struct buf *out);
void desk_tenants_json(struct desk *d, struct buf *out);
/* Checks the token and stores the CSR's fingerprint in one transaction. E_DENIED for unknown, used, expired. */
struct desk_enrol {
	char tenant[32], lcp[32];
};
int desk_enrol(struct desk *d, struct slice token, const char *csr_fingerprint, const char *serial, int64_t expires_at,
               int64_t now, struct desk_enrol *ret);

/* A second certificate `fresh` for the collector that shows `serial`. 0, E_DENIED, E_AGAIN (too soon after the last) or the database's. */
int desk_renew(struct desk *d, const char *tenant, const char *lcp, const char *serial, const char *csr_fingerprint, const char *fresh,
               int64_t expires_at, int64_t now);
/* A collector spoke with this certificate: the first time ends those before it, a day later. 0 or an error. */
int desk_lcp_seen(struct desk *d, const char *tenant, const char *lcp, const char *serial, int64_t now);

/* Whose token is it? For signing before desk_enrol uses it up; E_DENIED as there. */
int desk_token(struct desk *d, struct slice token, int64_t now, struct desk_enrol *ret);
/* A fresh token (128 bits and more) and the hash that lcp.enroll takes as token_hash. */
void desk_token_make(char ret_token[27], char ret_hash[65]);

/* Tenant document (docs/tenants.md) → command arguments and accounts. NULL with faults in ws. */
struct whys;
json_t *desk_import_read(struct slice yaml, const char *file, struct whys *ws);

/* Roster document (docs/roster.md) → the arguments of roster.import, proved for the 400 days after now. NULL with faults in ws;
 * warnings may be there beside a good document. `known` is what the document may name:
 * {"tenants":{id:{"lang"}},"people":{login:{"role","tenants":[id]}}}. */
json_t *desk_roster_read(struct slice yaml, const char *file, const json_t *known, int64_t now, struct whys *ws);
json_t *desk_roster_known(struct desk *d);                        /* of the tables */
json_t *desk_roster_known_from(const json_t *tenants);            /* of what desk_import_read gave */

/* Journal: walks the chain. 0, or E_CHAIN with the first bad row. */
struct desk_verified {
	int64_t rows, bad_seq;
	char hash[65];
	const char *fault;
};
int desk_verify(struct db *db, struct desk_verified *ret);
/* Applies every journal row of `from` to the empty database `to`. */
int desk_replay(struct db *from, struct db *to, const struct desk_settings *s);
/* Text of all projection tables, for comparing. */
void desk_dump(struct db *db, struct buf *out);

#endif
