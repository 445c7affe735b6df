/* SPDX-License-Identifier: Apache-2.0
 *
 * Notify: a notice as the desk describes it → one mail or one webhook post, tried once.
 *
 *     notice_read (bytes of the desk) ─▶ mail_render (pure: subject, text, HTML, Message-ID) ─▶ post (libcurl's
 *     multi interface in our loop: SMTP, HTTPS) ─▶ one outcome of tbl/outcomes.tbl
 *
 * Everything that is written comes from the job alone, so a repeat of a lost reply is the same mail with the
 * same Message-ID and Date.  Words are ours (words.c); what comes from outside is cut to one line where it
 * must be one line and escaped in HTML.  The subject holds severity, number and the company only.
 *
 * Retrying for 72 hours is a row of the desk.  Here a slow server costs one of `connections` slots, and
 * webhooks have their own slots: no channel waits for another.
 */
#ifndef NZ_NOTIFY_NOTIFY_H
#define NZ_NOTIFY_NOTIFY_H

#include "base/arena.h"
#include "base/buf.h"
#include "codec/ip.h"
#include "sys/loop.h"

enum post_outcome {
#define OUTCOME(id, name, kinds, reached, next, en, ja, doc) POST_##id,
#include "tbl/outcomes.tbl"
#undef OUTCOME
	POST_COUNT
};

const char *post_outcome_name(enum post_outcome o);

enum { NOTE_JA, NOTE_EN, NOTE_LANGS };
enum notice_what { NOTICE_INCIDENT, NOTICE_ACKNOWLEDGED, NOTICE_ALARM, NOTICE_REPORT, NOTICE_DIGEST, NOTICE_INQUIRY, NOTICE_EVENT, NOTICE_WORDS, NOTICE_ADVISORY };
enum notice_channel { NOTICE_MAIL, NOTICE_HOOK };
enum notice_format { HOOK_JSON, HOOK_SLACK, HOOK_TEAMS };

#define NOTICE_AFFECTED 20
#define NOTICE_DIGEST_ITEMS 100
#define NOTICE_REFS 12
#define NOTICE_FACTS 10
#define NOTICE_KEYS 2
#define NOTICE_FILES 10

struct notice_item {
	const char *incident, *title[NOTE_LANGS];
	int severity;
	int64_t decided_at;
};

struct notice_fact {
	const char *name[NOTE_LANGS], *value[NOTE_LANGS];
};

/* A file that goes with a mail. Its bytes are not of the JOB: whoever sends it has fetched them by their hash, or made them. */
struct notice_file {
	const char *name, *sha256;           /* name: UTF-8, any; sha256: 64 hex digits, or "" */
	int64_t size;
	bool is_there;
	struct slice body;
};

#define NOTICE_ADVISORY_ROWS 20 /* devices, assets */
#define NOTICE_ADVISORY_WORDS 100 /* products, CVEs, indicators, what is not known */
enum notice_step { NOTICE_SENT, NOTICE_FOUND, NOTICE_WITHDRAWN };

struct notice_list {
	const char *v[NOTICE_ADVISORY_WORDS];
	int n;
	int64_t more;                        /* left out */
};

/* NOTICE_ADVISORY: what it is about, and what of the tenant it concerns. */
struct notice_advisory {
	enum notice_step step;
	int64_t seen, days;                  /* in the tenant's logs of so many days; seen -1 = not known */
	bool searched;                       /* there are indicators to be looked for */
	struct notice_list products, maybe, unknown; /* names; devices by the same maker; names */
	struct notice_list kinds, values;    /* of the indicators, side by side, as they are */
	struct { const char *device; int64_t count, last; } found[NOTICE_ADVISORY_ROWS];
	int found_n;
	int64_t found_more;
	struct { const char *name; struct notice_list where, cves, products; } assets[NOTICE_ADVISORY_ROWS];
	int assets_n;
	int64_t assets_more;
	const char *reason[NOTE_LANGS];      /* why it is withdrawn */
};

/* Strings live in the arena given to notice_read; an absent one is "". */
struct notice {
	enum notice_channel channel;
	enum notice_what what;
	const char *job, *key, *tenant;
	const char *address, *name, *zone;
	int lang;
	const char *hook_url, *hook_secret;
	const char *company[NOTE_LANGS];
	const char *incident;                /* number */
	int severity;                        /* 0 emergency … 3 informational */
	const char *title[NOTE_LANGS], *summary[NOTE_LANGS], *action[NOTE_LANGS];
	const char *affected[NOTICE_AFFECTED];
	int affected_n, affected_more;       /* shown, left out */
	const char *url;
	bool calling;
	const char *code_word[NOTE_LANGS], *call_back; /* how a person who calls back is recognised, and the number */
	const char *by, *how;                /* acknowledged: who, "phone" or "portal" */
	const char *alarm, *alarm_text[NOTE_LANGS];
	bool alarm_is_warning;
	const struct notice_item *items;     /* NOTICE_DIGEST */
	int items_n;
	int64_t items_more;                  /* left out */
	struct slice report;                 /* NOTICE_REPORT: the data set, JSON; whoever writes it is handed in (post_conf.report) */
	/* NOTICE_INQUIRY: `incident` is its number. id and refs without brackets are local parts of our own Message-IDs */
	const char *token, *mail_id, *asked, *words, *writer[NOTE_LANGS];
	const char *refs[NOTICE_REFS];
	int refs_n;
	bool is_reply, is_receipt;
	struct notice_file files[NOTICE_FILES];
	int files_n;
	/* NOTICE_EVENT, webhooks only: title, summary, url and facts are the card of a chat, data is for programs; severity -1 = none.
	 * NOTICE_WORDS, mails only: title, summary and url */
	const char *event, *hook_keys[NOTICE_KEYS]; /* secrets that sign; the first one is the present */
	int hook_keys_n, format, facts_n;
	struct notice_fact facts[NOTICE_FACTS];
	struct slice data;                   /* a JSON object */
	int64_t seq;
	const struct notice_advisory *advisory;
	int64_t at, first_at, decided_at, acknowledged_at, due_at; /* wall ns, 0 = absent */
};

/* 0, or E_SYNTAX / E_RANGE with the field in err; ret->job is there when it could be read ("" otherwise). */
int notice_read(struct slice json, struct arena *a, struct notice *ret, char err[200]);

/* Seconds east of UTC of an IANA zone at that moment; 0 for one it does not know. */
typedef int32_t notice_zone_fn(const char *zone, int64_t utc_s);
/* Writes a report's mail from its data set: subject in one line, text, HTML. */
typedef void notice_report_fn(struct slice data, int lang, struct buf *subject, struct buf *text, struct buf *html);

struct mail {
	struct buf subject, text, html; /* UTF-8, lines end with \n */
	char message_id[128];           /* with its brackets */
	char date[48];                  /* RFC 5322 */
};

/* NOTICE_REPORT: from what `report` wrote. */
void mail_render(const struct notice *n, const char *domain, notice_zone_fn *zone, notice_report_fn *report, struct mail *ret);
void mail_fini(struct mail *m);
/* Unstructured header text or a display name: as it is when plain ASCII, else RFC 2047 encoded words,
 * folded. Control characters become blanks, so no header can be broken out of. */
void mail_header_text(struct buf *out, struct slice text, bool quote_ascii);
/* The value of Content-Disposition for a file of that name, folded: as it is when plain ASCII, else by RFC 2231 in pieces, so that any
 * mail program shows kanji. */
void mail_disposition(struct buf *out, struct slice name);
/* application/pdf and the like for endings that are only data; anything else, such as what a browser would run, is
 * application/octet-stream. */
const char *mail_file_type(const char *name);
/* The webhook's body, and "t=…,v1=…" over it; a second secret's ",v1=…" is put behind the first's. */
void hook_body(const struct notice *n, const char *domain, struct buf *out);
void hook_sign(struct slice secret, int64_t unix_s, struct slice body, struct buf *out);
/* "evt_" and 32 hex digits: of an event, the same for every attempt and every repeat. */
void hook_event_id(const struct notice *n, char out[40]);
/* An event as a message for people (chat.c). */
void chat_slack(const struct notice *n, struct buf *out);
void chat_teams(const struct notice *n, struct buf *out);
/* "<32 hex@domain>": the same for every attempt of one notice. */
void notice_message_id(const struct notice *n, const char *domain, char out[128]);
/* The header References of an inquiry's mail, folded; nothing when it has none. */
void notice_references(const struct notice *n, const char *domain, struct buf *out);
/* Where answers to an inquiry go: soc+q-TOKEN@soc.example. Nothing without an address of ours. */
void notice_reply_to(const struct notice *n, const char *inquiries, struct buf *out);

#define POST_SECRETS 64
#define POST_ALLOW 32

struct post_conf {
	char url[256];             /* smtp://host:port or smtps://…; empty: no mail */
	char from[256], from_name[128];
	char inquiries[256];       /* where customers write to; empty: answers go to `from` */
	char user[128], password[256];
	int starttls;              /* 0 no, 1 when offered, 2 must */
	char ca[256];              /* PEM file, empty: the system's */
	int connections;
	int64_t timeout_ns;
	bool hook_plain;           /* http:// and this machine are allowed, for trials */
	int64_t hook_timeout_ns;
	struct { struct ip net; unsigned bits; } allow[POST_ALLOW]; /* networks besides the public Internet that webhooks may reach */
	int allow_n;
	struct { char name[65]; char secret[257]; } secrets[POST_SECRETS];
	int secrets_n;
	notice_zone_fn *zone;
	notice_report_fn *report;
};

struct sockaddr;
/* guard.c: may a webhook with this address be connected to that socket address? */
bool guard_allows(const struct post_conf *c, const char *url, const struct sockaddr *to);
bool guard_is_public(const struct ip *ip);
bool guard_is_loopback(const struct ip *ip);

struct conf;
struct whys;
/* The keys mail.* and webhook.* with the secret files. 0, or E_CONFIG and the faults in ws. */
int post_conf_load(const struct conf *conf, struct post_conf *ret, struct whys *ws);

struct post_ops {
	void (*on_sending)(void *ctx, const char *job);
	/* Once. sent: the mail as it was written, NULL when it was none. */
	void (*on_done)(void *ctx, const char *job, enum post_outcome o, int code, const char *text, const struct mail *sent);
};

struct post;
struct post *post_open(struct loop *l, const struct post_conf *conf, const struct post_ops *ops, void *ctx);
void post_close(struct post *p); /* drops what is under way, without callbacks */
void post_send(struct post *p, const struct notice *n);
bool post_is_active(const struct post *p, const char *job);
bool post_cancel(struct post *p, const char *job); /* reports cancelled; false when not active */

/* ---- a synthetic log-in (probe.c) ---- */

struct probe;
struct loop;
struct probe_end {
	bool ok;
	int code;             /* HTTP status of the last answer, 0 without one */
	const char *step;     /* that failed; "" when ok */
	const char *fault;    /* of tbl/login_faults.tbl; "" when ok */
	const char *text;     /* libcurl's words, for the log; "" when there are none */
};
typedef void probe_fn(void *ctx, const struct probe_end *e);

/* Where a person goes, and where that is from here. */
struct probe_door {
	const char *url;      /* "https://soc.example:8443": the certificate has to be good for this name */
	const char *at;       /* "127.0.0.1:8443": the own port */
	struct slice trusted; /* PEM: the certificate has to be one of these or signed by one; n 0 = by the system's authorities */
};

struct probe *probe_open(struct loop *l, probe_fn *fn, void *ctx);
/* Logs in with body, the JSON of POST /api/v1/session; fn is called once. Nothing when one is under way. All is copied. */
void probe_start(struct probe *p, const struct probe_door *door, struct slice body);
void probe_close(struct probe *p); /* NULL is fine; fn is not called any more */

#endif
