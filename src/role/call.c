/* SPDX-License-Identifier: Apache-2.0
 *
 * Role call: the telephone.  Takes JOBs of kind `call` from the desk, gives each to call/, sends the events and the
 * outcome back (docs/jobs.md).  Keeps nothing on disk but recordings when they are wanted.
 *
 * Before the jail: passwords of the providers, the speech helper.  After it: SIP and RTP sockets.
 * When the helper or libre's thread dies, the role ends and the parent starts it anew.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "call/call.h"
#include "conf/conf.h"
#include "role/outbox_priv.h"
#include "sys/fd.h"
#include "sys/jail.h"

struct caller {
	struct outbox out;
	struct call_conf conf;
	struct speech *speech;
	struct call_engine *engine;
	struct role_env *env;
};

static void
on_event(void *ctx, const char *job, const struct call_event *ev)
{
	struct caller *c = ctx;
	struct buf b = { 0 };

	call_event_json(&b, job, ev);
	outbox_event(&c->out, job, buf_slice(&b));
	buf_fini(&b);
}

static void
on_done(void *ctx, const char *job, const struct call_result *r)
{
	struct caller *c = ctx;
	struct buf b = { 0 };

	log_info("call.done", kv_str("job", job), kv_str("outcome", outcome_name(r->outcome)), kv_i64("code", r->code));
	call_done_json(&b, job, clock_now(c->env->clock), r);
	outbox_done(&c->out, job, buf_slice(&b));
	buf_fini(&b);
}

static void
on_broken(void *ctx, const char *why)
{
	struct caller *c = ctx;

	log_error("call.broken", kv_str("why", why));
	loop_stop(c->env->loop, 3);
}

static void
log_whys(const struct whys *ws)
{
	struct buf b = { 0 };

	for (size_t i = 0; i < ws->list.n; i++) {
		buf_clear(&b);
		why_print(&ws->list.v[i], &b);
		log_error("call.config", kv_slice("fault", buf_slice(&b)));
	}
	buf_fini(&b);
}

static int
call_role_check(const struct conf *conf, struct whys *ws)
{
	static struct call_conf tried; /* secrets too: this process ends soon */
	int r = call_conf_load(conf, &tried, ws);

	explicit_bzero(&tried, sizeof tried);
	return r != 0 || ws->errors != 0 ? E_CONFIG : 0;
}

static int
call_role_open(struct role_env *env)
{
	struct caller *c = x_calloc(1, sizeof *c);
	struct whys ws = { 0 };
	int r = call_conf_load(env->conf, &c->conf, &ws);

	log_whys(&ws);
	whys_fini(&ws);
	if (r == 0 && c->conf.recordings[0] != '\0')
		r = dir_make(c->conf.recordings, 0750);
	if (r == 0 && c->conf.recordings[0] != '\0')
		(void)jail_give(c->conf.recordings, "nezuban-call");
	if (r == 0) {
		c->speech = speech_start(c->conf.espeak);
		if (c->speech == NULL) {
			log_error("call.speech", kv_str("program", c->conf.espeak));
			r = E_NOTFOUND;
		}
	}
	c->env = env;
	env->state = c;
	return r;
}

static void
call_role_go(struct role_env *env)
{
	static const struct call_ops ops = { on_event, on_done, on_broken };
	struct caller *c = env->state;
	int r = call_open(env->loop, env->clock, &c->conf, c->speech, &ops, c, &c->engine);

	if (r == 0)
		return;
	log_error("call.listen", kv_str("address", c->conf.listen), kv_err(r));
	loop_stop(env->loop, 3);
}

static void
take_job(struct caller *c, struct msg *m)
{
	static struct call_job job;
	char err[200];
	int r = call_job_read(m->body, &job, err);

	if (r != 0)
		outbox_bad(&c->out, job.job, m->id, "call", clock_now(c->env->clock), err);
	else if (outbox_begin(&c->out, job.job, m->id))
		call_place(c->engine, &job);
	explicit_bzero(&job, sizeof job);
}

static void
call_role_msg(struct role_env *env, enum role_id peer, unsigned index, struct msg *m)
{
	struct caller *c = env->state;
	char job[65];

	(void)peer;
	(void)index;
	if (c->engine == NULL)
		return; /* not yet told to go: the desk repeats */
	if (m->type == MSG_JOB) {
		take_job(c, m);
	} else if (m->type == MSG_JOB_CANCEL && outbox_read_cancel(m->body, job) == 0 && !call_cancel(c->engine, job) &&
	           outbox_begin(&c->out, job, m->id)) {
		struct call_result none = { .outcome = OUTCOME_CANCELLED };

		on_done(c, job, &none);
	}
}

static void
call_role_peer(struct role_env *env, enum role_id peer, unsigned index, struct chan *ch)
{
	struct caller *c = env->state;

	(void)index;
	if (peer == ROLE_DESK)
		c->out.desk = ch;
}

static void
call_role_lost(struct role_env *env, enum role_id peer, unsigned index)
{
	call_role_peer(env, peer, index, NULL);
}

static void
call_role_stop(struct role_env *env)
{
	struct caller *c = env->state;

	call_close(c->engine);
	if (c->engine == NULL)
		speech_stop(c->speech);
	c->engine = NULL;
	outbox_fini(&c->out);
	explicit_bzero(c, sizeof *c);
	loop_stop(env->loop, 0);
}

const struct role role_call = {
	.id = ROLE_CALL,
	.check = call_role_check,
	.open = call_role_open,
	.on_peer = call_role_peer,
	.on_peer_lost = call_role_lost,
	.on_msg = call_role_msg,
	.on_go = call_role_go,
	.on_stop = call_role_stop,
};
