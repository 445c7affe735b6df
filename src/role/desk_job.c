/* SPDX-License-Identifier: Apache-2.0
 *
 * Role desk and the outbox: what is due goes to notify and call, what they tell of it becomes commands.
 *
 *     outbox ── JOB, JOB_CANCEL ─▶ notify, call ── JOB_EVENT, JOB_DONE ─▶ a command
 *                                                                        └─ 503: kept, said again at every tick, in order
 *
 * What has no answer after a minute is handed out again, and everything after the other role was started anew.  A full disk or a locked
 * file must not make a call of a call that was answered, nor a second mail of one that went out: until its end is written down a job is
 * not handed out.  What is kept is this process's memory: after its end the job goes out once more, as after any kill between act and row.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "role/desk_role_priv.h"
#include "sys/loop.h"

#define REPEAT (60 * NS_PER_S)
#define UNSAID_MAX 10000 /* more than that is dropped: the job goes out again after REPEAT */

static void
hand_out(void *ctx, int64_t job, const char *kind, struct slice doc)
{
	struct desk_role *dr = ctx;
	bool cancel = strncmp(kind, "cancel:", 7) == 0;
	struct chan *to = strcmp(cancel ? kind + 7 : kind, "call") == 0 ? dr->call : dr->notify;
	char key[40], body[64];
	struct map_slot *s;
	int64_t now = loop_mono_ns();
	bool fresh;

	if (to == NULL)
		return;
	snprintf(key, sizeof key, "%s%lld", cancel ? "c" : "j", (long long)job);
	s = map_put(&dr->sent, slice_str(key), &fresh);
	if (!fresh && now - (int64_t)s->u < REPEAT)
		return;
	s->u = (uint64_t)now;
	if (cancel) {
		snprintf(body, sizeof body, "{\"v\":1,\"job\":\"%lld\"}", (long long)job);
		chan_send(to, MSG_JOB_CANCEL, (uint64_t)job, slice_str(body), -1);
	} else {
		auto_free char *with = strcmp(kind, "webhook") == 0 ? desk_hook_job(dr, doc) : NULL;

		chan_send(to, MSG_JOB, (uint64_t)job, with != NULL ? slice_str(with) : doc, -1);
	}
}

void
desk_role_hand_out(struct desk_role *dr)
{
	desk_jobs(dr->desk, desk_role_now(dr), hand_out, dr);
}

void
desk_role_forget_sent(struct desk_role *dr)
{
	map_fini(&dr->sent);
}

/* ---- what is told ---- */

static const char *
job_of(const json_t *args)
{
	return json_string_value(json_object_get(args, "job"));
}

/* False when it could not be written down. */
static bool
say(struct desk_role *dr, const char *command, const json_t *args)
{
	struct desk_answer a = desk_apply(dr->desk, command, &desk_service, args, desk_role_now(dr));
	char key[40];

	if (a.status >= 300 && a.status != 409 && a.status != 503)
		log_warn("desk.job", kv_i64("status", a.status));
	desk_role_check(dr, a.error);
	json_decref(a.body);
	if (a.status == 503)
		return false;
	/* done or to be tried again: either way the memory of having sent it is over */
	if (strcmp(command, "job.done") == 0) {
		snprintf(key, sizeof key, "j%s", job_of(args));
		map_del(&dr->sent, slice_str(key));
		snprintf(key, sizeof key, "c%s", job_of(args));
		map_del(&dr->sent, slice_str(key));
	}
	return true;
}

/* Until its end is written down a job is under way. */
static void
keep_from(struct desk_role *dr, const json_t *args)
{
	char key[40];
	bool fresh;

	snprintf(key, sizeof key, "j%s", job_of(args));
	map_put(&dr->sent, slice_str(key), &fresh)->u = (uint64_t)loop_mono_ns();
}

void
desk_role_say_again(struct desk_role *dr)
{
	size_t n = 0;

	while (n < dr->unsaid.n && say(dr, dr->unsaid.v[n].command, dr->unsaid.v[n].args))
		json_decref(dr->unsaid.v[n++].args);
	if (n != 0)
		memmove(dr->unsaid.v, dr->unsaid.v + n, (dr->unsaid.n - n) * sizeof *dr->unsaid.v);
	dr->unsaid.n -= n;
	for (size_t i = 0; i < dr->unsaid.n; i++)
		keep_from(dr, dr->unsaid.v[i].args);
}

bool
desk_role_job(struct desk_role *dr, const char *command, struct slice body)
{
	json_t *args = body.n <= (64u << 10) ? json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, NULL) : NULL;

	if (!json_is_object(args) || job_of(args) == NULL || strlen(job_of(args)) > 20) {
		json_decref(args);
		return false;
	}
	if (dr->unsaid.n == 0 && say(dr, command, args)) {
		json_decref(args);
		return true;
	}
	if (dr->unsaid.n == 0)
		log_error("desk.job_waits", kv_str("job", job_of(args)));
	keep_from(dr, args);
	if (dr->unsaid.n < UNSAID_MAX)
		vec_push(&dr->unsaid, (struct unsaid){ command, args });
	else
		json_decref(args);
	return true;
}
