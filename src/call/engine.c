/* SPDX-License-Identifier: Apache-2.0
 *
 * Engine: carries one attempt through its stations and keeps the times.
 *
 *     QUEUED ─▶ RENDER (all sentences) ─▶ DIALLING ─▶ UP (talk decides) ─▶ gone
 *
 * JOB_DONE goes out the moment the outcome is known (a pressed key), not when the line is down, so that the
 * chain stops at once; hang-up and recording follow as events.  An attempt that ends before the
 * answer is decided by its SIP status; our own limits: 6 s without any sign of the other side (trunk),
 * the ring limit, the limit of the talk.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "base/vec.h"
#include "call/call_priv.h"
#include "sys/fd.h"

#define TRUNK_SILENT (6 * NS_PER_S) /* INVITE, sent four times, without even a 100 */
#define RENDER_FOR (15 * NS_PER_S)

enum station { ST_QUEUED, ST_RENDER, ST_DIALLING, ST_UP };

struct call {
	struct call_engine *e;
	uint64_t id;
	struct call_job job;
	enum station station;
	struct pcm prompt[LANG_COUNT][P_COUNT];
	int pending;            /* sentences not yet rendered */
	bool failed, other_failed, starting, done, ended_by_limit;
	bool plain[LANG_COUNT][P_COUNT]; /* asked for again without any text from outside */
	struct talk talk;
	struct timer *timer;    /* what it means depends on the station */
	struct call_result result;
	int tag;
};

struct call_engine {
	struct loop *l;
	const struct clock *clock;
	struct call_conf conf;
	struct call_ops ops;
	void *ctx;
	struct speech *speech;
	struct sip_ua *ua;
	struct watch *watch;
	VEC(struct call *) calls; /* in the order they came */
	uint64_t next_id;       /* from 1 */
	int busy, warm;         /* warm: fixed sentences asked for so far */
};

static void engine_next(struct call_engine *e);

void
call_conf_default(struct call_conf *c)
{
	*c = (struct call_conf){ .rtp_min = 16384, .rtp_max = 16584, .lines = 8, .greet_wait_ns = 700 * NS_PER_MS };
	snprintf(c->listen, sizeof c->listen, "127.0.0.1:0");
	snprintf(c->from, sizeof c->from, "sip:nezuban@127.0.0.1");
	snprintf(c->espeak, sizeof c->espeak, "/usr/bin/espeak-ng");
}

static void
tell(struct call *c, enum call_what what, int code, const char *text)
{
	struct call_event ev = { .what = what, .at = clock_now(c->e->clock), .code = code, .text = text };

	c->e->ops.on_event(c->e->ctx, c->job.job, &ev);
}

static void
finish(struct call *c, enum outcome o, int code, const char *text)
{
	if (c->done)
		return;
	c->done = true;
	c->result.outcome = o;
	c->result.code = code;
	c->result.lang = c->station == ST_UP ? c->talk.lang : c->job.lang;
	snprintf(c->result.text, sizeof c->result.text, "%s", text);
	c->e->ops.on_done(c->e->ctx, c->job.job, &c->result);
}

static void
call_free(struct call *c)
{
	timer_free(c->timer);
	for (int l = 0; l < LANG_COUNT; l++)
		for (int p = 0; p < P_COUNT; p++)
			pcm_fini(&c->prompt[l][p]);
	explicit_bzero(c, sizeof *c); /* a PIN was in it */
	free(c);
}

/* Takes the call out of the engine and gives its line to the next. */
static void
remove_call(struct call *c)
{
	struct call_engine *e = c->e;
	bool had_line = c->station != ST_QUEUED;

	for (size_t i = 0; i < e->calls.n; i++)
		if (e->calls.v[i] == c) {
			memmove(&e->calls.v[i], &e->calls.v[i + 1], (--e->calls.n - i) * sizeof *e->calls.v);
			break;
		}
	call_free(c);
	if (had_line) {
		e->busy--;
		engine_next(e);
	}
}

static struct call *
call_by_id(const struct call_engine *e, uint64_t id)
{
	for (size_t i = 0; i < e->calls.n; i++)
		if (e->calls.v[i]->id == id)
			return e->calls.v[i];
	return NULL;
}

static struct call *
call_by_job(const struct call_engine *e, const char *job)
{
	for (size_t i = 0; i < e->calls.n; i++)
		if (strcmp(e->calls.v[i]->job.job, job) == 0)
			return e->calls.v[i];
	return NULL;
}

/* ---- dialling ---- */

static void
on_ring_limit(void *ctx)
{
	struct call *c = ctx;

	c->timer = NULL;
	c->ended_by_limit = true;
	sip_ua_hang_up(c->e->ua, c->id);
}

static void
arm(struct call *c, int64_t delay, timer_fn *fn)
{
	timer_free(c->timer);
	c->timer = loop_timer(c->e->l, delay, 0, fn, c);
}

/* Index of the provider the job asks for; -1 none needed, -2 no such provider. */
static int
provider_of(const struct call *c)
{
	const struct call_conf *k = &c->e->conf;

	for (size_t i = 0; i < k->providers_n; i++)
		if (c->job.provider[0] == '\0' || strcmp(k->providers[i].name, c->job.provider) == 0)
			return (int)i;
	return c->job.provider[0] == '\0' ? -1 : -2;
}

static void
dial(struct call *c)
{
	int p = provider_of(c);

	if (p == -2) {
		finish(c, OUTCOME_TRUNK_FAILURE, 0, "no provider of that name is configured");
		remove_call(c);
		return;
	}
	c->station = ST_DIALLING;
	c->result.dialled = clock_now(c->e->clock);
	tell(c, CALL_DIALLING, -1, p >= 0 ? c->e->conf.providers[p].name : "direct");
	arm(c, TRUNK_SILENT, on_ring_limit);
	sip_ua_dial(c->e->ua, c->id, c->job.number, p, c->e->conf.recordings[0] != '\0');
}

/* ---- rendering ---- */

static void
no_speech(struct call *c, const char *why)
{
	finish(c, OUTCOME_NO_SPEECH, 0, why);
	remove_call(c);
}

/* The first language is there: the other one, key 9, can be done without. */
static void
on_render_limit(void *ctx)
{
	struct call *c = ctx;

	c->timer = NULL;
	c->job.other = LANG_NONE;
	for (int p = 0; p < P_COUNT; p++)
		if (c->prompt[c->job.lang][p].v == NULL) {
			no_speech(c, "speech took too long");
			return;
		}
	dial(c);
}

static void
rendered(struct call *c)
{
	if (c->failed) {
		no_speech(c, "the speech program failed");
		return;
	}
	if (c->pending != 0)
		return;
	if (c->other_failed)
		c->job.other = LANG_NONE;
	dial(c);
}

static void
ask_sentence(struct call *c, enum lang lang, enum prompt p)
{
	struct buf text = { 0 };

	words_prompt(&c->job, lang, p, c->plain[lang][p], &text);
	speech_say(c->e->speech, c->id << 8 | (uint64_t)lang << 5 | (uint64_t)p, lang, buf_slice(&text));
	buf_fini(&text);
}

/* What came from outside may be what the program failed at: once more without it. */
static bool
ask_plainly(struct call *c, enum lang lang, enum prompt p)
{
	if ((p != P_HEAD && p != P_BODY) || c->plain[lang][p])
		return false;
	c->plain[lang][p] = true;
	ask_sentence(c, lang, p);
	return true;
}

/* Sentences that are the same in every call are spoken before the first one, one at a time: a call waits for at most one of them. */
static void
warm_next(struct call_engine *e)
{
	struct call_job j = { .other = LANG_JA }; /* most calls offer key 9 */
	enum lang lang = (enum lang)(e->warm / (P_COUNT - P_KEYS));
	enum prompt p = (enum prompt)(P_KEYS + e->warm % (P_COUNT - P_KEYS));
	struct buf text = { 0 };

	if (lang >= LANG_COUNT)
		return;
	e->warm++;
	words_prompt(&j, lang, p, true, &text);
	speech_say(e->speech, (uint64_t)lang << 5 | (uint64_t)p, lang, buf_slice(&text)); /* of call 0, which is none */
	buf_fini(&text);
}

static void
on_speech(void *ctx, uint64_t id, int err, struct pcm *pcm)
{
	struct call_engine *e = ctx;
	struct call *c = call_by_id(e, id >> 8);
	enum lang lang = (enum lang)(id >> 5 & 7);

	if (id >> 8 == 0 && err == 0)
		warm_next(e);
	if (c == NULL || c->station != ST_RENDER || (err != 0 && ask_plainly(c, lang, (enum prompt)(id & 31))))
		return;
	if (err != 0 && lang == c->job.lang)
		c->failed = true;
	else if (err != 0)
		c->other_failed = true;
	else {
		c->prompt[lang][id & 31] = *pcm;
		pcm->v = NULL;
	}
	c->pending--;
	if (!c->starting)
		rendered(c);
}

/* Asks for every sentence of one language. */
static void
render(struct call *c, enum lang lang)
{
	c->pending += P_COUNT;
	for (int p = 0; p < P_COUNT; p++)
		ask_sentence(c, lang, (enum prompt)p);
}

static void
start(struct call *c)
{
	c->station = ST_RENDER;
	c->e->busy++;
	c->starting = true; /* sentences from the cache come back at once */
	arm(c, RENDER_FOR, on_render_limit);
	render(c, c->job.lang);
	if (c->job.other != LANG_NONE)
		render(c, c->job.other);
	c->starting = false;
	rendered(c);
}

static void
engine_next(struct call_engine *e)
{
	for (size_t i = 0; i < e->calls.n && e->busy < e->conf.lines; i++)
		if (e->calls.v[i]->station == ST_QUEUED) {
			start(e->calls.v[i]);
			i = (size_t)-1; /* the list may have changed */
		}
}

/* ---- talking ---- */

static void on_talk_due(void *ctx);

static void
say(struct call *c, const struct talk_act *a)
{
	struct pcm parts[4];

	for (int i = 0; i < a->prompts; i++)
		parts[i] = c->prompt[c->talk.lang][a->prompt[i]];
	sip_ua_play(c->e->ua, c->id, parts, (size_t)a->prompts, ++c->tag);
}

static void
carry_out(struct call *c)
{
	for (int i = 0; i < c->talk.acts; i++) {
		const struct talk_act *a = &c->talk.act[i];

		switch (a->what) {
		case DO_PLAY:
			say(c, a);
			break;
		case DO_STOP:
			c->tag++;
			sip_ua_play(c->e->ua, c->id, NULL, 0, c->tag);
			break;
		case DO_EVENT:
			tell(c, a->event, a->code, a->event == CALL_LANGUAGE ? c->talk.lang == LANG_JA ? "ja" : "en" : NULL);
			break;
		case DO_DONE:
			if (a->outcome == OUTCOME_ACKNOWLEDGED || a->outcome == OUTCOME_NEXT_CONTACT ||
			    a->outcome == OUTCOME_WANTS_ANALYST)
				c->result.digit = clock_now(c->e->clock);
			finish(c, a->outcome, 200, "");
			break;
		case DO_HANG_UP:
			sip_ua_hang_up(c->e->ua, c->id);
			break;
		}
	}
	if (talk_due(&c->talk) != INT64_MAX)
		arm(c, talk_due(&c->talk) - clock_mono(c->e->clock), on_talk_due);
	else {
		timer_free(c->timer);
		c->timer = NULL;
	}
}

static void
on_talk_due(void *ctx)
{
	struct call *c = ctx;

	c->timer = NULL;
	talk_tick(&c->talk, clock_mono(c->e->clock));
	carry_out(c);
}

static void
on_answered(struct call *c, const struct sip_event *ev)
{
	int64_t now = clock_now(c->e->clock);

	c->station = ST_UP;
	c->result.answered = now;
	if (c->e->conf.recordings[0] != '\0') {
		char safe[65];
		size_t n = 0;

		for (const char *p = c->job.job; *p != '\0'; p++)
			safe[n++] = (*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') ? *p : '-';
		safe[n] = '\0';
		snprintf(c->result.recording, sizeof c->result.recording, "%s-%lld.wav", safe, (long long)(now / NS_PER_MS));
	}
	tell(c, CALL_ANSWERED, ev->code, NULL);
	talk_begin(&c->talk, &c->job, c->e->conf.greet_wait_ns, clock_mono(c->e->clock));
	carry_out(c);
}

static void
keep_tape(struct call *c, struct sip_tape *t)
{
	struct buf wav = { 0 };
	char *path;
	int r;

	if (t == NULL || c->result.recording[0] == '\0')
		return;
	path = x_asprintf("%s/%s", c->e->conf.recordings, c->result.recording);
	pcm_to_wav(&wav, t->said.v, t->said.n, t->heard.v, t->heard.n);
	r = file_write_atomic(path, buf_slice(&wav), 0640);
	if (r == 0)
		tell(c, CALL_RECORDED, -1, c->result.recording);
	else
		log_warn("call.recording.failed", kv_err(r));
	buf_fini(&wav);
	free(path);
}

static void
closed_unanswered(struct call *c, const struct sip_event *ev)
{
	bool rang = c->result.ringing != 0;

	if (c->ended_by_limit)
		finish(c, rang ? OUTCOME_NO_ANSWER : OUTCOME_TRUNK_FAILURE, ev->code,
		       rang ? "ring limit" : "nothing came back from the trunk");
	else
		finish(c, outcome_of_sip(ev->code, rang), ev->code, ev->text);
}

static void
on_closed(struct call *c, const struct sip_event *ev)
{
	c->result.ended = clock_now(c->e->clock);
	c->result.heard_ms = ev->tape != NULL ? ev->tape->voice_ms : 0;
	if (c->station != ST_UP) {
		closed_unanswered(c, ev);
	} else {
		talk_gone(&c->talk, clock_mono(c->e->clock));
		for (int i = 0; i < c->talk.acts; i++)
			if (c->talk.act[i].what == DO_DONE)
				finish(c, c->talk.act[i].outcome, ev->code, ev->text);
	}
	tell(c, CALL_HUNG_UP, ev->code, ev->us ? "us" : "them");
	keep_tape(c, ev->tape);
	remove_call(c);
}

static void
on_digit(struct call *c, const struct sip_event *ev)
{
	char text[2] = { c->talk.state == TALK_PIN ? '*' : ev->digit, '\0' };

	tell(c, CALL_DIGIT, ev->code, text);
	talk_digit(&c->talk, ev->digit, clock_mono(c->e->clock));
	carry_out(c);
}

static void
on_sip(struct call_engine *e, const struct sip_event *ev)
{
	struct call *c = call_by_id(e, ev->call);

	if (c == NULL)
		return;
	switch (ev->what) {
	case SIP_EV_TRYING:
		arm(c, c->job.ring_ns, on_ring_limit);
		break;
	case SIP_EV_RINGING:
		c->result.ringing = clock_now(e->clock);
		tell(c, CALL_RINGING, ev->code, NULL);
		arm(c, c->job.ring_ns, on_ring_limit);
		break;
	case SIP_EV_ANSWERED:
		if (!c->done)
			on_answered(c, ev);
		break;
	case SIP_EV_DIGIT:
		if (c->station == ST_UP)
			on_digit(c, ev);
		break;
	case SIP_EV_VOICE:
		if (c->station == ST_UP) {
			talk_voice(&c->talk, ev->code == 1, clock_mono(e->clock));
			carry_out(c);
		}
		break;
	case SIP_EV_PLAYED:
		if (c->station == ST_UP && ev->code == c->tag) {
			talk_played(&c->talk, clock_mono(e->clock));
			carry_out(c);
		}
		break;
	case SIP_EV_CLOSED:
		on_closed(c, ev);
		break;
	default:
		break;
	}
}

static void
on_sip_fd(void *ctx, int fd, unsigned events)
{
	struct call_engine *e = ctx;
	struct sip_event ev;

	(void)fd;
	(void)events;
	while (sip_ua_next(e->ua, &ev)) {
		if (ev.what == SIP_EV_DIED)
			e->ops.on_broken(e->ctx, "the SIP thread ended");
		else if (ev.what == SIP_EV_REGISTERED)
			log_info("call.registered", kv_str("provider", ev.text), kv_i64("status", ev.code));
		else
			on_sip(e, &ev);
		sip_tape_free(ev.tape);
	}
}

static void
on_speech_lost(void *ctx)
{
	struct call_engine *e = ctx;

	e->ops.on_broken(e->ctx, "the speech helper ended");
}

/* ---- the face ---- */

int
call_open(struct loop *l, const struct clock *clock, const struct call_conf *conf, struct speech *speech,
          const struct call_ops *ops, void *ctx, struct call_engine **ret)
{
	struct call_engine *e = x_calloc(1, sizeof *e);
	int r;

	*e = (struct call_engine){ .l = l, .clock = clock, .conf = *conf, .ops = *ops, .ctx = ctx, .next_id = 1 };
	r = sip_ua_open(conf, &e->ua);
	if (r != 0) {
		free(e);
		return r;
	}
	e->speech = speech;
	speech_attach(speech, l, on_speech, on_speech_lost, e);
	warm_next(e);
	e->watch = loop_watch(l, sip_ua_fd(e->ua), LOOP_IN, on_sip_fd, e);
	*ret = e;
	return 0;
}

void
call_close(struct call_engine *e)
{
	if (e == NULL)
		return;
	watch_free(e->watch);
	sip_ua_close(e->ua);
	speech_stop(e->speech);
	for (size_t i = 0; i < e->calls.n; i++)
		call_free(e->calls.v[i]);
	vec_fini(&e->calls);
	explicit_bzero(&e->conf, sizeof e->conf);
	free(e);
}

void
call_place(struct call_engine *e, const struct call_job *job)
{
	struct call *c;

	if (call_is_active(e, job->job))
		return;
	c = x_calloc(1, sizeof *c);
	c->e = e;
	c->id = e->next_id++;
	c->job = *job;
	vec_push(&e->calls, c);
	if (e->busy >= e->conf.lines)
		tell(c, CALL_QUEUED, -1, NULL);
	else
		start(c);
}

bool
call_is_active(const struct call_engine *e, const char *job)
{
	return call_by_job(e, job) != NULL;
}

bool
call_cancel(struct call_engine *e, const char *job)
{
	struct call *c = call_by_job(e, job);

	if (c == NULL)
		return false;
	finish(c, OUTCOME_CANCELLED, 0, "");
	if (c->station == ST_DIALLING || c->station == ST_UP)
		sip_ua_hang_up(e->ua, c->id);
	else
		remove_call(c);
	return true;
}

int
call_port(const struct call_engine *e)
{
	return sip_ua_port(e->ua);
}
