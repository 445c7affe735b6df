/* SPDX-License-Identifier: Apache-2.0
 *
 * The mail that says a monthly report is out carries the document.  A JOB is too small for it, so:
 *
 *     JOB (word, figures in brief) ─▶ REPORT_ASK to the desk ─▶ REPORT_DATA ─▶ PRINT to print ─▶ PRINTED ─▶ the mail, document attached
 *
 * An answer to an inquiry carries its files: JOB ─▶ FILES_ASK by their hashes ─▶ FILES ─▶ the mail.
 *
 * Whatever fails on the way, or takes longer than a minute, costs the document and never the mail: its words name the portal.  The same
 * data set gives the same bytes, so a repeat of the JOB is the same mail.  An answer does not go without what it speaks of: it is tried again.
 */
#define _GNU_SOURCE
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/must.h"
#include "role/notify_priv.h"

static void
drop(struct notifier *n, struct paper_mail *w)
{
	for (size_t i = 0; i < n->waiting.n; i++)
		if (n->waiting.v[i] == w) {
			n->waiting.v[i] = n->waiting.v[--n->waiting.n];
			break;
		}
	buf_fini(&w->body);
	free(w);
	if (n->waiting.n == 0) {
		timer_free(n->tick);
		n->tick = NULL;
	}
}

static void
go(struct notifier *n, struct paper_mail *w, struct slice document)
{
	struct notice_file f = { .is_there = true, .body = document, .size = (int64_t)document.n };
	char name[80], of[16] = "";

	if (w->files) {
		notify_defer(n, w->job, "its files did not come");
		drop(n, w);
		return;
	}

	if (document.n > PAPER_MAX)
		log_info("notify.paper_large", kv_str("report", w->id), kv_u64("bytes", document.n));
	if (document.n == 0)
		log_warn("notify.no_paper", kv_str("report", w->id));
	if (w->revision > 1)
		snprintf(of, sizeof of, "-r%d", w->revision);
	snprintf(name, sizeof name, "%s%s.%s.pdf", w->id, of, w->lang == 0 ? "ja" : "en");
	f.name = name;
	notify_send(n, buf_slice(&w->body), &f, document.n != 0 && document.n <= PAPER_MAX);
	drop(n, w);
}

static void
on_tick(void *ctx)
{
	struct notifier *n = ctx;

	for (size_t i = n->waiting.n; i-- > 0;)
		if (n->waiting.v[i]->until <= loop_mono_ns())
			go(n, n->waiting.v[i], SL(""));
}

static bool
is_id(const char *s)
{
	return s != NULL && s[0] != '\0' && strlen(s) < 48 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-_") == strlen(s);
}

/* The id of a published report, NULL for a daily one. In *ret_o, the caller's. */
static const char *
report_id_of(const struct notice *notice, json_t **ret_o)
{
	json_t *o = notice->what == NOTICE_REPORT ? json_loadb(notice->report.p, notice->report.n, 0, NULL) : NULL;
	const char *kind = json_string_value(json_object_get(o, "kind")), *id = json_string_value(json_object_get(o, "id"));

	*ret_o = o;
	return kind != NULL && strcmp(kind, "published") == 0 && is_id(id) ? id : NULL;
}

/* A mail that waited long still brings the document it speaks of. */
static int
revision_of(const json_t *o)
{
	json_int_t n = json_integer_value(json_object_get(o, "revision"));

	return n > 1 && n < 10000 ? (int)n : 1;
}

static void
ask_data(struct notifier *n, struct paper_mail *w)
{
	char text[100];

	w->ask = ++n->asked;
	w->of = ROLE_DESK;
	snprintf(text, sizeof text, "{\"id\":\"%s\",\"revision\":%d}", w->id, w->revision);
	chan_send(n->out.desk, MSG_REPORT_ASK, w->ask, slice_str(text), -1);
}

static struct paper_mail *
wait_for(struct notifier *n, const struct notice *notice, struct slice body)
{
	struct paper_mail *w = x_calloc(1, sizeof *w);

	snprintf(w->job, sizeof w->job, "%s", notice->job);
	w->lang = notice->lang == NOTE_JA ? 0 : 1;
	w->until = loop_mono_ns() + PAPER_PATIENCE;
	buf_put_slice(&w->body, body);
	vec_push(&n->waiting, w);
	if (n->tick == NULL)
		n->tick = loop_timer(n->env->loop, NS_PER_S, NS_PER_S, on_tick, n);
	return w;
}

static void
ask_files(struct notifier *n, const struct notice *notice, struct paper_mail *w)
{
	struct buf text = { 0 };

	w->files = true;
	w->ask = ++n->asked;
	w->of = ROLE_DESK;
	buf_put_str(&text, "{\"hashes\":[");
	for (int i = 0; i < notice->files_n; i++)
		buf_printf(&text, "%s\"%s\"", i != 0 ? "," : "", notice->files[i].sha256);
	buf_put_str(&text, "]}");
	chan_send(n->out.desk, MSG_FILES_ASK, w->ask, buf_slice(&text), -1);
	buf_fini(&text);
}

bool
paper_begin(struct notifier *n, const struct notice *notice, struct slice body)
{
	bool files = notice->files_n != 0 && n->out.desk != NULL;
	struct paper_mail *w;
	const char *id;
	json_t *o;

	id = report_id_of(notice, &o);
	if (files) {
		ask_files(n, notice, wait_for(n, notice, body));
	} else if (id != NULL && n->out.desk != NULL && n->print != NULL) {
		w = wait_for(n, notice, body);
		snprintf(w->id, sizeof w->id, "%s", id);
		w->revision = revision_of(o);
		ask_data(n, w);
	} else {
		id = NULL;
	}
	json_decref(o);
	return files || id != NULL;
}

/* Sizes that do not fit what came are nobody's answer: later. */
static void
take_files(struct notifier *n, struct paper_mail *w, struct slice body)
{
	struct notice_file files[NOTICE_FILES] = { 0 };
	struct msg_files head;
	int count = 0;
	bool ok = body.n >= sizeof head;

	if (ok)
		memcpy(&head, body.p, sizeof head);
	body = slice_sub(body, ok ? sizeof head : 0, body.n);
	for (int i = 0; ok && i < NOTICE_FILES; i++) {
		if (head.size[i] == MSG_FILE_NONE)
			continue;
		ok = head.size[i] <= body.n;
		if (!ok)
			break;
		files[i] = (struct notice_file){ .size = head.size[i], .is_there = true, .body = slice_sub(body, 0, head.size[i]) };
		body = slice_sub(body, head.size[i], body.n);
		count = i + 1;
	}
	if (!ok) {
		go(n, w, SL(""));
		return;
	}
	notify_send(n, buf_slice(&w->body), files, count);
	drop(n, w);
}

static void
ask_print(struct notifier *n, struct paper_mail *w, struct slice data)
{
	struct msg_print head = { .lang = w->lang };

	if (data.n == 0 || n->print == NULL) {
		go(n, w, SL(""));
		return;
	}
	w->ask = ++n->asked;
	w->of = ROLE_PRINT;
	chan_send2(n->print, MSG_PRINT, w->ask, slice_of(&head, sizeof head), data, -1);
}

void
paper_msg(struct notifier *n, enum role_id peer, struct msg *m)
{
	struct msg_printed head = { .status = PRINTED_FAILED };
	struct paper_mail *w = NULL;

	for (size_t i = 0; i < n->waiting.n; i++)
		if (n->waiting.v[i]->ask == m->id && n->waiting.v[i]->of == peer)
			w = n->waiting.v[i];
	if (w == NULL)
		return;
	if (w->files != (m->type == MSG_FILES))
		return;
	if (peer == ROLE_DESK) {
		(w->files ? take_files : ask_print)(n, w, m->body);
		return;
	}
	if (m->body.n >= sizeof head)
		memcpy(&head, m->body.p, sizeof head);
	go(n, w, head.status == PRINTED_DONE ? slice_sub(m->body, sizeof head, m->body.n) : SL(""));
}

void
paper_lost(struct notifier *n, enum role_id peer)
{
	for (size_t i = n->waiting.n; i-- > 0;)
		if (n->waiting.v[i]->of == peer)
			go(n, n->waiting.v[i], SL(""));
}

bool
paper_cancel(struct notifier *n, const char *job)
{
	for (size_t i = 0; i < n->waiting.n; i++)
		if (strcmp(n->waiting.v[i]->job, job) == 0) {
			drop(n, n->waiting.v[i]);
			return true;
		}
	return false;
}

void
paper_fini(struct notifier *n)
{
	while (n->waiting.n != 0)
		drop(n, n->waiting.v[0]);
	vec_fini(&n->waiting);
}
