/* SPDX-License-Identifier: Apache-2.0
 *
 * Role notify: mail and webhooks.  Takes JOBs of kind `mail` and `webhook` from the desk, gives each to notify/, sends
 * the outcome back (docs/jobs.md).  Holds the outbound secrets, read before the jail, and nothing else.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "codec/jsonw.h"
#include "conf/conf.h"
#include "notify/notify.h"
#include "report/report.h"
#include "role/notify_priv.h"
#include "role/web_cert.h"
#include "sys/fd.h"

#define SENT_MOST 16384 /* bytes; of what is longer (reports) the desk has the data set */

static void
body_begin(struct notifier *n, struct buf *b, const char *job)
{
	char t[36];

	buf_put_byte(b, '{');
	jsonw_kv_i64(b, "v", 1);
	jsonw_kv_str(b, "job", job);
	jsonw_kv(b, "at", slice_of(t, time_format_rfc3339(t, clock_now(n->env->clock), 3)));
}

static void
on_sending(void *ctx, const char *job)
{
	struct notifier *n = ctx;
	struct buf b = { 0 };

	body_begin(n, &b, job);
	jsonw_kv_str(&b, "what", "sending");
	buf_put_byte(&b, '}');
	outbox_event(&n->out, job, buf_slice(&b));
	buf_fini(&b);
}

/* The desk keeps what was said: subject, text, Message-ID. */
static void
put_sent(struct buf *b, const struct mail *sent)
{
	jsonw_key(b, SL("sent"));
	buf_put_byte(b, '{');
	jsonw_kv(b, "subject", buf_slice(&sent->subject));
	jsonw_kv(b, "text", buf_slice(&sent->text));
	jsonw_kv_str(b, "message_id", sent->message_id);
	buf_put_byte(b, '}');
}

static void
on_done(void *ctx, const char *job, enum post_outcome o, int code, const char *text, const struct mail *sent)
{
	struct notifier *n = ctx;
	struct buf b = { 0 };

	log_info("notify.done", kv_str("job", job), kv_str("outcome", post_outcome_name(o)), kv_i64("code", code));
	body_begin(n, &b, job);
	jsonw_kv_str(&b, "kind", "mail");
	jsonw_kv_str(&b, "outcome", post_outcome_name(o));
	jsonw_kv_i64(&b, "code", code);
	jsonw_kv_str(&b, "text", text);
	if (o == POST_SENT && sent != NULL && sent->text.n <= SENT_MOST)
		put_sent(&b, sent);
	buf_put_byte(&b, '}');
	if (o == POST_DEFERRED)
		outbox_later(&n->out, job, buf_slice(&b));
	else
		outbox_done(&n->out, job, buf_slice(&b));
	buf_fini(&b);
}

/* The C library's zones: this process has one thread that asks for local time. */
static int32_t
zone_offset(const char *name, int64_t utc_s)
{
	static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/";
	time_t t = (time_t)utc_s;
	char tz[72];
	struct tm tm;

	if (name[0] == '/' || strlen(name) > 64 || strspn(name, good) != strlen(name))
		return 0;
	snprintf(tz, sizeof tz, ":%s", name);
	setenv("TZ", tz, 1);
	tzset();
	return localtime_r(&t, &tm) != NULL ? (int32_t)tm.tm_gmtoff : 0;
}

static void
write_report(struct slice data, int lang, struct buf *subject, struct buf *text, struct buf *html)
{
	json_t *o = json_loadb(data.p, data.n, 0, NULL);

	report_mail(o, lang == NOTE_JA ? REPORT_JA : REPORT_EN, subject, text, html);
	json_decref(o);
}

static int
notify_check(const struct conf *conf, struct whys *ws)
{
	static struct post_conf tried; /* secrets too: this process ends soon */
	int r = post_conf_load(conf, &tried, ws);

	explicit_bzero(&tried, sizeof tried);
	return r != 0 || ws->errors != 0 ? E_CONFIG : 0;
}

static int
notify_open(struct role_env *env)
{
	struct notifier *n = x_calloc(1, sizeof *n);
	struct whys ws = { 0 };
	struct buf b = { 0 };
	auto_free char *certificate = conf_path(env->conf, "web.certificate");
	int r = post_conf_load(env->conf, &n->conf, &ws);

	for (size_t i = 0; i < ws.list.n; i++) {
		buf_clear(&b);
		why_print(&ws.list.v[i], &b);
		log_error("notify.config", kv_slice("fault", buf_slice(&b)));
	}
	buf_fini(&b);
	whys_fini(&ws);
	if (file_read(certificate, &n->trusted, 1u << 20) != 0)
		log_warn("notify.no_certificate", kv_str("file", certificate)); /* then the system's authorities judge */
	n->conf.zone = zone_offset;
	n->conf.report = write_report;
	n->env = env;
	env->state = n;
	return r;
}

static void
on_probed(void *ctx, const struct probe_end *e)
{
	struct notifier *n = ctx;
	struct buf b = { 0 };

	if (!e->ok)
		log_warn("notify.no_log_in", kv_str("step", e->step), kv_str("fault", e->fault), kv_i64("status", e->code), kv_str("text", e->text));
	buf_put_byte(&b, '{');
	jsonw_kv_bool(&b, "ok", e->ok);
	jsonw_kv_i64(&b, "code", e->code);
	jsonw_kv_str(&b, "step", e->step);
	jsonw_kv_str(&b, "fault", e->fault);
	buf_put_byte(&b, '}');
	if (n->out.desk != NULL)
		chan_send(n->out.desk, MSG_PROBED, n->probe_id, buf_slice(&b), -1);
	buf_fini(&b);
}

/* Where web listens, as this machine reaches it. */
static void
own_door(const char *listen, char *out, size_t size)
{
	const char *port = strrchr(listen, ':');
	bool any = strncmp(listen, "0.0.0.0:", 8) == 0 || strncmp(listen, "[::]:", 5) == 0;

	snprintf(out, size, "%s%s", any ? "127.0.0.1" : "", any && port != NULL ? port : listen);
}

static void
take_probe(struct notifier *n, const struct msg *m)
{
	const char *listen = conf_str(n->env->conf, "web.listen"), *port = strrchr(listen, ':');
	char at[160], name[256];

	own_door(listen, at, sizeof at);
	web_cert_name(n->env->conf, name, sizeof name);
	auto_free char *url = x_asprintf("https://%s%s", name, port != NULL ? port : "");

	n->probe_id = m->id;
	probe_start(n->probe, &(struct probe_door){ url, at, buf_slice(&n->trusted) }, m->body);
}

static void
notify_go(struct role_env *env)
{
	static const struct post_ops ops = { on_sending, on_done };
	struct notifier *n = env->state;

	n->probe = probe_open(env->loop, on_probed, n);

	n->post = post_open(env->loop, &n->conf, &ops, n);
}

static void
take_job(struct notifier *n, struct msg *m)
{
	struct arena a;
	struct notice notice;
	char err[200];
	int r;

	arena_init(&a, 0, 0);
	r = notice_read(m->body, &a, &notice, err);
	if (r != 0)
		outbox_bad(&n->out, notice.job, m->id, "mail", clock_now(n->env->clock), err);
	else if (outbox_begin(&n->out, notice.job, m->id) && !paper_begin(n, &notice, m->body))
		post_send(n->post, &notice);
	arena_fini(&a);
}

void
notify_defer(struct notifier *n, const char *job, const char *why)
{
	on_done(n, job, POST_DEFERRED, 0, why, NULL);
}

void
notify_send(struct notifier *n, struct slice body, const struct notice_file *files, int files_n)
{
	struct arena a;
	struct notice notice;
	char err[200];

	arena_init(&a, 0, 0);
	must(notice_read(body, &a, &notice, err) == 0); /* it was good before */
	for (int i = 0; i < files_n; i++) {
		const char *name = files[i].name != NULL ? files[i].name : notice.files[i].name;

		notice.files[i] = files[i];
		notice.files[i].name = name;
	}
	notice.files_n = notice.files_n > files_n ? notice.files_n : files_n; /* what is not there is named all the same */
	post_send(n->post, &notice);
	arena_fini(&a);
}

static void
notify_msg(struct role_env *env, enum role_id peer, unsigned index, struct msg *m)
{
	struct notifier *n = env->state;
	char job[65];

	(void)index;
	if (n->post == NULL)
		return; /* not yet told to go: the desk repeats */
	if (m->type == MSG_PROBE)
		take_probe(n, m);
	else if (m->type == MSG_JOB)
		take_job(n, m);
	else if (m->type == MSG_REPORT_DATA || m->type == MSG_PRINTED || m->type == MSG_FILES)
		paper_msg(n, peer, m);
	else if (m->type == MSG_JOB_CANCEL && outbox_read_cancel(m->body, job) == 0 &&
	         (paper_cancel(n, job) || (!post_cancel(n->post, job) && outbox_begin(&n->out, job, m->id))))
		on_done(n, job, POST_CANCELLED, 0, "", NULL);
}

static void
notify_peer(struct role_env *env, enum role_id peer, unsigned index, struct chan *ch)
{
	struct notifier *n = env->state;

	(void)index;
	if (peer == ROLE_DESK)
		n->out.desk = ch;
	else if (peer == ROLE_PRINT)
		n->print = ch;
}

static void
notify_lost(struct role_env *env, enum role_id peer, unsigned index)
{
	notify_peer(env, peer, index, NULL);
	paper_lost(env->state, peer);
}

static void
notify_stop(struct role_env *env)
{
	struct notifier *n = env->state;

	paper_fini(n);
	post_close(n->post);
	probe_close(n->probe);
	outbox_fini(&n->out);
	buf_fini(&n->trusted);
	explicit_bzero(n, sizeof *n);
	loop_stop(env->loop, 0);
}

const struct role role_notify = {
	.id = ROLE_NOTIFY,
	.check = notify_check,
	.open = notify_open,
	.on_peer = notify_peer,
	.on_peer_lost = notify_lost,
	.on_msg = notify_msg,
	.on_go = notify_go,
	.on_stop = notify_stop,
};
