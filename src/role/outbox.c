/* SPDX-License-Identifier: Apache-2.0 */
#include "role/outbox_priv.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/must.h"
#include "codec/jsonw.h"

static void
send_desk(struct outbox *o, uint16_t type, uint64_t row, struct slice body)
{
	if (o->desk != NULL)
		chan_send(o->desk, type, row, body, -1);
}

bool
outbox_begin(struct outbox *o, const char *job, uint64_t row)
{
	struct map_slot *done = map_get(&o->finished, slice_str(job)), *s;
	bool fresh;

	if (done != NULL) {
		send_desk(o, MSG_JOB_DONE, row, slice_str(o->ring[done->u - 1].body));
		return false;
	}
	s = map_put(&o->active, slice_str(job), &fresh);
	s->u = row;
	return fresh;
}

void
outbox_event(struct outbox *o, const char *job, struct slice body)
{
	struct map_slot *s = map_get(&o->active, slice_str(job));

	/* Events behind JOB_DONE (hang-up, recording) go out under number 0; the body names the job. */
	send_desk(o, MSG_JOB_EVENT, s != NULL ? s->u : 0, body);
}

static void
remember(struct outbox *o, const char *job, struct slice body)
{
	size_t i = o->at++ % OUTBOX_KEPT;

	if (o->ring[i].job != NULL)
		map_del(&o->finished, slice_str(o->ring[i].job));
	free(o->ring[i].job);
	free(o->ring[i].body);
	o->ring[i].job = x_strdup(job);
	o->ring[i].body = x_asprintf(SL_FMT, SL_ARG(body));
	map_put(&o->finished, slice_str(job), NULL)->u = i + 1;
}

void
outbox_done(struct outbox *o, const char *job, struct slice body)
{
	struct map_slot *s = map_get(&o->active, slice_str(job));
	uint64_t row = s != NULL ? s->u : 0;

	map_del(&o->active, slice_str(job));
	remember(o, job, body);
	send_desk(o, MSG_JOB_DONE, row, body);
}

void
outbox_later(struct outbox *o, const char *job, struct slice body)
{
	struct map_slot *s = map_get(&o->active, slice_str(job));
	uint64_t row = s != NULL ? s->u : 0;

	map_del(&o->active, slice_str(job));
	send_desk(o, MSG_JOB_DONE, row, body);
}

void
outbox_bad(struct outbox *o, const char *job, uint64_t row, const char *kind, int64_t at, const char *why)
{
	char t[36];
	struct buf b = { 0 };

	buf_put_byte(&b, '{');
	jsonw_kv_i64(&b, "v", 1);
	jsonw_kv_str(&b, "job", job);
	jsonw_kv_str(&b, "kind", kind);
	jsonw_kv(&b, "at", slice_of(t, time_format_rfc3339(t, at, 3)));
	jsonw_kv_str(&b, "outcome", "bad_job");
	jsonw_kv_i64(&b, "code", 0);
	jsonw_kv_str(&b, "text", why);
	buf_put_byte(&b, '}');
	send_desk(o, MSG_JOB_DONE, row, buf_slice(&b));
	buf_fini(&b);
}

int
outbox_read_cancel(struct slice body, char ret_job[65])
{
	json_t *o = body.n > 0 && body.n <= 4096 ? json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
	const char *job = json_string_value(json_object_get(o, "job"));
	bool ok = job != NULL && job[0] != '\0' && strlen(job) <= 64;

	if (ok)
		snprintf(ret_job, 65, "%s", job);
	json_decref(o);
	return ok ? 0 : E_SYNTAX;
}

void
outbox_fini(struct outbox *o)
{
	for (size_t i = 0; i < OUTBOX_KEPT; i++) {
		free(o->ring[i].job);
		free(o->ring[i].body);
	}
	map_fini(&o->active);
	map_fini(&o->finished);
}
