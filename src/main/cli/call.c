/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban call test: places one real call with the service's own engine and prints what happens, one
 * JSON object a line (the bodies of JOB_EVENT and JOB_DONE).  For setting up a trunk, for the monthly
 * drill, and for tests.  Needs no running service; uses its own SIP port.
 *
 * Exit: 0 somebody pressed 1, 1 the call was placed and nobody did, 2 usage, 3 it could not be placed.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "call/call.h"
#include "conf/conf.h"
#include "main/cli/cli.h"
#include "sys/fd.h"

struct test {
	struct loop *l;
	struct call_engine *e;
	const char *job;
	enum outcome outcome;
	bool done;
};

static void
print_line(struct buf *b)
{
	buf_put_byte(b, '\n');
	fwrite(b->p, 1, b->n, stdout);
	fflush(stdout);
	buf_fini(b);
}

static void
on_event(void *ctx, const char *job, const struct call_event *ev)
{
	struct buf b = { 0 };

	(void)ctx;
	call_event_json(&b, job, ev);
	print_line(&b);
}

/* The call is over when the engine has let it go: after hang-up and recording. */
static void
look(void *ctx)
{
	struct test *t = ctx;

	if (t->done && !call_is_active(t->e, t->job))
		loop_stop(t->l, 0);
}

static void
on_done(void *ctx, const char *job, const struct call_result *r)
{
	struct test *t = ctx;
	struct buf b = { 0 };

	call_done_json(&b, job, clock_now(clock_real()), r);
	print_line(&b);
	t->outcome = r->outcome;
	t->done = true;
}

static void
on_broken(void *ctx, const char *why)
{
	struct test *t = ctx;

	fprintf(stderr, "nezuban call: %s\n", why);
	t->outcome = OUTCOME_NO_SPEECH;
	loop_stop(t->l, 0);
}

static void
on_signal(void *ctx, int signo)
{
	struct test *t = ctx;

	(void)signo;
	call_cancel(t->e, t->job);
}

/* The drill's words: a test says that it is one. */
static void
fill_job(const struct cli *c, struct call_job *j)
{
	bool en = strcmp(cli_opt(c, "--lang", "ja"), "en") == 0;

	*j = (struct call_job){ .lang = en ? LANG_EN : LANG_JA, .other = en ? LANG_JA : LANG_EN,
		                .severity = SEV_INFORMATIONAL, .test = cli_opt(c, "--incident", NULL) == NULL };
	snprintf(j->job, sizeof j->job, "test");
	snprintf(j->key, sizeof j->key, "test");
	snprintf(j->tenant, sizeof j->tenant, "test");
	snprintf(j->number, sizeof j->number, "%s", cli_opt(c, "--to", ""));
	snprintf(j->provider, sizeof j->provider, "%s", cli_opt(c, "--provider", ""));
	snprintf(j->pin, sizeof j->pin, "%s", cli_opt(c, "--pin", ""));
	snprintf(j->incident, sizeof j->incident, "%s", cli_opt(c, "--incident", "TEST-0000"));
	snprintf(j->company[LANG_JA], sizeof j->company[0], "%s", cli_opt(c, "--company", "おきゃく"));
	snprintf(j->company[LANG_EN], sizeof j->company[0], "%s", cli_opt(c, "--company", "the customer"));
	snprintf(j->code_word[LANG_JA], sizeof j->code_word[0], "テスト");
	snprintf(j->code_word[LANG_EN], sizeof j->code_word[0], "test");
	snprintf(j->summary[LANG_JA], sizeof j->summary[0], "%s",
	         en ? "これわ、れんらくの しけんです。" : cli_opt(c, "--say", "これわ、れんらくの しけんです。"));
	snprintf(j->summary[LANG_EN], sizeof j->summary[0], "%s",
	         en ? cli_opt(c, "--say", "This is a test of the notification chain.") : "This is a test of the notification chain.");
}

static int
seconds(const struct cli *c, const char *opt, const char *otherwise, int64_t *ret_ns)
{
	uint64_t v;

	if (!slice_u64(slice_str(cli_opt(c, opt, otherwise)), &v) || v < 1 || v > 600)
		return cli_usage(c, "%s wants seconds from 1 to 600", opt);
	*ret_ns = (int64_t)v * NS_PER_S;
	return CLI_DONE;
}

static int
from_config(const struct cli *c, const char *file, struct call_conf *k)
{
	struct whys ws = { 0 };
	struct conf *conf = NULL;
	struct buf b = { 0 };
	int r = conf_load(CONF_NEZUBAND, file, &conf, &ws);

	if (r == 0)
		r = call_conf_load(conf, k, &ws);
	for (size_t i = 0; i < ws.list.n; i++) {
		buf_clear(&b);
		why_print(&ws.list.v[i], &b);
		fprintf(stderr, "%s\n", buf_cstr(&b));
	}
	buf_fini(&b);
	whys_fini(&ws);
	conf_free(conf);
	/* The service holds its port; the test takes another one of the same address. */
	snprintf(strrchr(k->listen, ':') != NULL ? strrchr(k->listen, ':') : k->listen, 3, ":0");
	return r == 0 ? CLI_DONE : cli_could_not(c, "%s is not usable", file);
}

/* Options on top of the defaults or the file; --trunk, --user and a password file make an ad-hoc provider. */
static int
fill_conf(const struct cli *c, struct call_conf *k)
{
	const char *file = cli_opt(c, "--password-file", NULL);
	struct buf pw = { 0 };

	call_conf_default(k);
	if (cli_has(c, "--config") && from_config(c, cli_opt(c, "--config", ""), k) != CLI_DONE)
		return CLI_COULD_NOT;
	if (cli_has(c, "--listen"))
		snprintf(k->listen, sizeof k->listen, "%s", cli_opt(c, "--listen", ""));
	if (cli_has(c, "--record"))
		snprintf(k->recordings, sizeof k->recordings, "%s", cli_opt(c, "--record", ""));
	if (!cli_has(c, "--trunk"))
		return CLI_DONE;
	k->providers_n = 1;
	snprintf(k->providers[0].name, sizeof k->providers[0].name, "trunk");
	snprintf(k->providers[0].domain, sizeof k->providers[0].domain, "%s", cli_opt(c, "--trunk", ""));
	snprintf(k->providers[0].user, sizeof k->providers[0].user, "%s", cli_opt(c, "--user", ""));
	if (cli_has(c, "--ca")) {
		struct buf ca = { 0 };

		if (file_read(cli_opt(c, "--ca", ""), &ca, 4u << 20) != 0) {
			buf_fini(&ca);
			return cli_could_not(c, "cannot read %s", cli_opt(c, "--ca", ""));
		}
		k->providers[0].tls = true;
		k->providers[0].ca = x_strdup(buf_cstr(&ca));
		buf_fini(&ca);
	}
	if (file == NULL)
		return CLI_DONE;
	if (file_read(file, &pw, sizeof k->providers[0].password - 1) != 0) {
		buf_fini(&pw);
		return cli_could_not(c, "cannot read %s", file);
	}
	snprintf(k->providers[0].password, sizeof k->providers[0].password, SL_FMT, SL_ARG(slice_trim(buf_slice(&pw))));
	buf_fini(&pw);
	return CLI_DONE;
}

static int
place(struct cli *c, const struct call_conf *k, const struct call_job *j)
{
	static const struct call_ops ops = { on_event, on_done, on_broken };
	struct test t = { .l = loop_new(), .job = j->job, .outcome = OUTCOME_COUNT };
	struct speech *speech = speech_start(k->espeak);
	int r;

	if (speech == NULL) {
		loop_free(t.l);
		return cli_could_not(c, "%s cannot be run", k->espeak);
	}
	r = call_open(t.l, clock_real(), k, speech, &ops, &t, &t.e);
	if (r != 0) {
		speech_stop(speech);
		loop_free(t.l);
		return cli_could_not(c, "SIP on %s: %s", k->listen, err_text(r));
	}
	loop_signal(t.l, SIGINT, on_signal, &t);
	loop_signal(t.l, SIGTERM, on_signal, &t);
	loop_before_sleep(t.l, look, &t);
	call_place(t.e, j);
	loop_run(t.l);
	call_close(t.e);
	loop_free(t.l);
	if (t.outcome == OUTCOME_NO_SPEECH || t.outcome == OUTCOME_COUNT)
		return CLI_COULD_NOT;
	return t.outcome == OUTCOME_ACKNOWLEDGED ? CLI_DONE : CLI_PROBLEMS;
}

/* As the roles' jobs have it: a SIP address, or a number in international form. */
static bool
to_is_good(const char *to)
{
	return (strncmp(to, "sip:", 4) == 0 && strchr(to, '@') != NULL) ||
	       (to[0] == '+' && strlen(to) > 1 && to[1 + strspn(to + 1, "0123456789")] == '\0');
}

int
cli_call(struct cli *c)
{
	static struct call_conf k;
	static struct call_job j;
	int r;

	if (cli_operands(c) != 1 || strcmp(cli_operand(c, 0), "test") != 0)
		return cli_usage(c, "wants: test");
	if (!to_is_good(cli_opt(c, "--to", "")))
		return cli_usage(c, "wants --to sip:NAME@HOST or, with --trunk, --to +NUMBER");
	if (strcmp(cli_opt(c, "--lang", "ja"), "ja") != 0 && strcmp(cli_opt(c, "--lang", "ja"), "en") != 0)
		return cli_usage(c, "--lang is ja or en");
	log_init("call", LOG_WARN);
	fill_job(c, &j);
	if ((r = fill_conf(c, &k)) != CLI_DONE || (r = seconds(c, "--ring", "30", &j.ring_ns)) != CLI_DONE ||
	    (r = seconds(c, "--limit", "75", &j.limit_ns)) != CLI_DONE)
		return r;
	return place(c, &k, &j);
}
