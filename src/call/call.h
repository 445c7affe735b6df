/* SPDX-License-Identifier: Apache-2.0
 *
 * Call: one attempt to reach one person by telephone, from the job's text to the key that was pressed.
 *
 *     call_job_read (bytes of the desk) ─▶ words (what is said) ─▶ speech (helper process, espeak-ng)
 *         ─▶ sip (own thread, all of libre) ─▶ talk (pure dialogue) ─▶ events and one outcome
 *
 * Everything that decides is pure and tested without a network (talk, outcome, job, words, digits);
 * sip.c is the only file that knows libre, speech.c the only one that runs a program.
 * The engine belongs to one loop; libre's thread is reached through a queue and answers through a pipe.
 *
 * Audio is rendered before the INVITE.  Names that cannot be said are left out; only a voice that says nothing at all ends the
 * attempt before it is dialled.
 * docs/jobs.md is the contract with the desk, tbl/outcomes.tbl the table of endings.
 */
#ifndef NZ_CALL_CALL_H
#define NZ_CALL_CALL_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/slice.h"
#include "codec/reach.h"
#include "sys/loop.h"

enum outcome {
#define OUTCOME(id, name, kinds, reached, next, en, ja, doc) OUTCOME_##id,
#include "tbl/outcomes.tbl"
#undef OUTCOME
	OUTCOME_COUNT
};

const char *outcome_name(enum outcome o);
/* What an answer to INVITE means when nobody picked up. rang: 180 or 183 came before; code 0 = no answer. */
enum outcome outcome_of_sip(int code, bool rang);

enum lang { LANG_JA, LANG_EN, LANG_COUNT, LANG_NONE = LANG_COUNT };
enum severity { SEV_EMERGENCY, SEV_CRITICAL, SEV_WARNING, SEV_INFORMATIONAL, SEV_COUNT };

struct call_job {
	char job[65], key[129], tenant[65];
	char name[REACH_NAME + 1];     /* for the log of the attempt only */
	char number[REACH_NUMBER + 1]; /* sip:… or +digits */
	char provider[65];
	char pin[9];                   /* empty: none */
	enum lang lang, other;         /* other may be LANG_NONE */
	enum severity severity;
	char incident[65];
	bool test;                     /* no incident: the summary says what this is */
	char kana[REACH_NAME + 1];     /* reading of the person's name, may be empty */
	/* What cannot be said of these is left out, never the call. */
	char company[LANG_COUNT][REACH_COMPANY + 1], code_word[LANG_COUNT][REACH_CODE_WORD + 1], summary[LANG_COUNT][901];
	int64_t ring_ns, limit_ns;
};

/* Reads one job; on E_SYNTAX or E_RANGE err says which field, and ret_job->job is filled when it could be read. */
int call_job_read(struct slice json, struct call_job *ret_job, char err[200]);

enum call_what {
	CALL_QUEUED, CALL_DIALLING, CALL_RINGING, CALL_ANSWERED, CALL_PROMPT, CALL_DIGIT, CALL_LANGUAGE,
	CALL_MACHINE, CALL_HUNG_UP, CALL_RECORDED
};

struct call_event {
	enum call_what what;
	int64_t at;      /* wall, ns */
	int code;        /* -1: none */
	const char *text; /* NULL: none */
};

struct call_result {
	enum outcome outcome;
	int code;
	char text[200];
	int64_t dialled, ringing, answered, digit, ended; /* wall ns; 0 = did not happen */
	enum lang lang;
	int64_t heard_ms;
	char recording[128]; /* file name, empty when none */
};

/* The bodies of JOB_EVENT and JOB_DONE. */
void call_event_json(struct buf *out, const char *job, const struct call_event *ev);
void call_done_json(struct buf *out, const char *job, int64_t at, const struct call_result *r);

struct call_provider {
	char name[65];
	char domain[129];   /* host or host:port that +numbers are sent to */
	char user[129], password[129];
	bool registers;
	bool tls;           /* SIP over TLS; RTP stays as it is */
	char *ca;           /* PEM of the authorities believed then; read before the jail, lives as long as the process */
};

#define CALL_PROVIDERS_MAX 8

struct call_conf {
	char listen[65];             /* address:port of SIP over UDP and TCP; port 0 = any */
	char from[129];              /* our SIP address: sip:nezuban@host */
	int rtp_min, rtp_max;
	struct call_provider providers[CALL_PROVIDERS_MAX];
	size_t providers_n;
	char espeak[256];            /* program */
	char recordings[256];        /* folder, empty: none kept */
	int lines;                   /* calls at the same time */
	int64_t greet_wait_ns;       /* between answer and the first word */
};

void call_conf_default(struct call_conf *c);
struct conf;
struct whys;
/* The keys call.* of nezuband.yaml, passwords included. 0, or E_CONFIG and the faults in ws (ret untouched). */
int call_conf_load(const struct conf *conf, struct call_conf *ret, struct whys *ws);

struct call_ops {
	void (*on_event)(void *ctx, const char *job, const struct call_event *ev);
	void (*on_done)(void *ctx, const char *job, const struct call_result *r); /* once; events may follow */
	void (*on_broken)(void *ctx, const char *why); /* the helper or the thread died: end the process */
};

struct speech;
/* Forks the helper that runs espeak-ng. Call it before the jail and before any thread. NULL on failure. */
struct speech *speech_start(const char *espeak);
void speech_stop(struct speech *s);

struct call_engine;

/* Binds the SIP port and starts libre's thread (after the jail). Takes speech over.
 * 0, or E_IO when the port is taken. One engine per process at a time: libre's state is global. */
int call_open(struct loop *l, const struct clock *clock, const struct call_conf *conf, struct speech *speech,
              const struct call_ops *ops, void *ctx, struct call_engine **ret);
void call_close(struct call_engine *e);       /* hangs up everything; no callbacks any more */
void call_place(struct call_engine *e, const struct call_job *job);
bool call_is_active(const struct call_engine *e, const char *job);
/* Hangs up and reports cancelled; false when no such job is active. */
bool call_cancel(struct call_engine *e, const char *job);
int call_port(const struct call_engine *e);   /* where SIP listens */

#endif
