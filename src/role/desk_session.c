/* SPDX-License-Identifier: Apache-2.0
 *
 * Where people are signed in: one's own sessions, and for an administrator anybody's, to look at and to end.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "codec/timefmt.h"
#include "role/desk_people_priv.h"

static void
put_session(void *ctx, const struct auth_session *s)
{
	json_t *list = ctx;
	char t[3][36];

	time_format_rfc3339(t[0], s->started_at, 3);
	time_format_rfc3339(t[1], s->seen_at, 3);
	time_format_rfc3339(t[2], s->expires_at, 3);
	json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "id", s->id, "started_at", t[0], "seen_at", t[1], "expires_at", t[2], "address", s->address, "agent",
	                                      s->agent));
}

static void
answer_sessions(struct asking *q, const char *user)
{
	json_t *list = json_array(), *o;
	size_t i;

	auth_sessions(q->dr->auth, user, desk_role_now(q->dr), put_session, list);
	json_array_foreach(list, i, o)
		json_object_set_new(o, "current", json_boolean(strcmp(json_string_value(json_object_get(o, "id")), q->session.id) == 0));
	people_answer(q->dr, q->id, 200, json_pack("{s:o}", "items", list));
}

void
me_sessions(struct asking *q)
{
	answer_sessions(q, q->who.user);
}

static bool
end_one(struct asking *q, const char *session, const char *user)
{
	struct auth_session s;

	if (auth_session_by_id(q->dr->auth, session, desk_role_now(q->dr), &s) != 0 || strcmp(s.user, user) != 0)
		return false;
	auth_session_end(q->dr->auth, s.id);
	return true;
}

void
me_revoke(struct asking *q)
{
	if (!end_one(q, asking_arg(q, "id"), q->who.user)) {
		asking_no(q, 404, "not_found", NULL, NULL);
		return;
	}
	asking_note(q->dr, &q->who, "revoked");
	people_answer(q->dr, q->id, 204, NULL);
}

void
user_sessions(struct asking *q)
{
	json_t *u = asking_user_by(q->dr, asking_arg(q, "id"));

	if (u == NULL)
		asking_no(q, 404, "not_found", NULL, NULL);
	else
		answer_sessions(q, json_string_value(json_object_get(u, "id")));
	json_decref(u);
}

/* One session of that person, or "all". The journal says whose. */
void
user_revoke(struct asking *q)
{
	json_t *u = asking_user_by(q->dr, asking_arg(q, "id")), *args;
	const char *user = json_string_value(json_object_get(u, "id")), *session = asking_arg(q, "session");
	struct desk_answer a;

	if (u == NULL || (strcmp(session, "all") != 0 && !end_one(q, session, user))) {
		asking_no(q, 404, "not_found", NULL, NULL);
		json_decref(u);
		return;
	}
	if (strcmp(session, "all") == 0)
		auth_session_end_all(q->dr->auth, user, NULL);
	args = json_pack("{s:s, s:s}", "what", "revoked", "user", user);
	a = desk_apply(q->dr->desk, "user.signed", &q->who, args, desk_role_now(q->dr));
	json_decref(a.body);
	json_decref(args);
	people_answer(q->dr, q->id, 204, NULL);
	json_decref(u);
}
