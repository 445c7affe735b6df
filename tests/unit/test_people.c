/* SPDX-License-Identifier: Apache-2.0
 *
 * People at the desk, through the messages that web sends: sign-in in steps, sessions, and the walk of every
 * verb by every role on the own and on another tenant's objects: only what is allowed answers.
 */
#include "desk_scene.h"

#include <liboath/oath.h>
#include <sys/socket.h>
#include <time.h>

#include "role/desk_role_priv.h"

static int64_t fake_now;

static int64_t
fake_wall(void *ctx)
{
	(void)ctx;
	return fake_now;
}

static const struct clock fake_clock = { .wall_ns = fake_wall, .mono_ns = fake_wall };

struct house {
	struct scene s;
	struct desk_role dr;
	struct role_env env;
	uint64_t id;
	int status;
	json_t *body; /* of the last answer */
	bool answered;
	struct chan *web; /* the other end */
};

static void
on_answer(void *ctx, struct chan *ch, struct msg *m)
{
	struct house *h = ctx;
	json_t *o;

	(void)ch;
	if (m->type != MSG_ANSWER || m->id != h->id)
		return;
	o = json_loadb(m->body.p, m->body.n, 0, NULL);
	h->status = (int)json_integer_value(json_object_get(o, "status"));
	json_decref(h->body);
	h->body = json_incref(json_object_get(o, "body"));
	h->answered = true;
	json_decref(o);
}

static void
on_close(void *ctx, struct chan *ch)
{
	(void)ctx;
	(void)ch;
}

static const struct chan_ops ops = { .on_msg = on_answer, .on_close = on_close };

static void
ask(struct house *h, const char *verb, json_t *actor, json_t *args)
{
	json_t *o = json_pack("{s:s, s:o?, s:o?}", "verb", verb, "actor", actor, "args", args);
	char *text = json_dumps(o, 0);

	h->answered = false;
	h->id++;
	people_ask(&h->dr, h->id, slice_str(text));
	for (int i = 0; i < 300 && !h->answered; i++)
		loop_once(h->env.loop, 100);
	if (!h->answered)
		fail_msg("%s: no answer", verb);
	free(text);
	json_decref(o);
}

#define SECRET "JBSWY3DPEHPK3PXPJBSWY3DP"

static void
house_open(struct house *h)
{
	static const char *const logins[] = { "miyoshi", "otomo", "odagiri", "lowe", "eng", "root", "audit" };
	char hash[128];
	int fd[2];

	memset(h, 0, sizeof *h);
	scene_begin(&h->s);
	fake_now = T0;
	json_decref(scene_do(&h->s, NULL, "user.add", 200, json_pack("{s:s, s:s}", "login", "eng", "role", "engineer")));
	json_decref(scene_do(&h->s, NULL, "user.add", 200, json_pack("{s:s, s:s}", "login", "root", "role", "admin")));
	json_decref(scene_do(&h->s, NULL, "user.add", 200, json_pack("{s:s, s:s}", "login", "audit", "role", "auditor")));
	h->env = (struct role_env){ .loop = loop_new(), .clock = &fake_clock, .id = ROLE_DESK, .state = &h->dr };
	h->dr.env = &h->env;
	h->dr.desk = h->s.d;
	h->dr.db = h->s.db;
	assert_int_equal(db_open(":memory:", &h->dr.auth_db), 0);
	assert_int_equal(auth_open(h->dr.auth_db, NULL, &h->dr.auth), 0);
	h->dr.pool = auth_pool_new(h->env.loop, 2, 16);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	h->dr.web = chan_new(h->env.loop, fd[0], &ops, h);
	h->web = chan_new(h->env.loop, fd[1], &ops, h);
	assert_true(auth_password_make(SL("four random words here"), hash));
	for (size_t i = 0; i < sizeof logins / sizeof *logins; i++) {
		char *id = db_text(h->s.db, "SELECT id FROM users WHERE login = ?", Q(logins[i]));

		assert_int_equal(auth_set_password(h->dr.auth, id, hash, T0), 0);
		assert_int_equal(auth_totp_set(h->dr.auth, id, SECRET), 0);
		free(id);
	}
}

static void
house_close(struct house *h)
{
	auth_pool_free(h->dr.pool);
	chan_free(h->dr.web);
	chan_free(h->web);
	loop_free(h->env.loop);
	auth_close(h->dr.auth);
	db_close(h->dr.auth_db);
	json_decref(h->body);
	map_fini(&h->dr.sent);
	scene_end(&h->s);
}

static void
code_now(char out[7])
{
	char *bytes;
	size_t n;

	assert_int_equal(oath_base32_decode(SECRET, strlen(SECRET), &bytes, &n), OATH_OK);
	assert_int_equal(oath_totp_generate(bytes, n, (time_t)(fake_now / SEC), 30, 0, 6, out), OATH_OK);
	free(bytes);
}

static json_t *
from_address(const char *address)
{
	return json_pack("{s:s}", "address", address);
}

/* A whole session; its actor as web would send it. */
static json_t *
sign_in(struct house *h, const char *login)
{
	char token[64], csrf[64], code[7];

	code_now(code);
	ask(h, "session.login", from_address("10.0.0.1"), json_pack("{s:s, s:s, s:s}", "login", login, "password", "four random words here", "code", code));
	assert_int_equal(h->status, 200);
	assert_string_equal(jstr(h->body, "step"), "done");
	snprintf(token, sizeof token, "%s", jstr(json_object_get(h->body, "set_session"), "token"));
	snprintf(csrf, sizeof csrf, "%s", jstr(h->body, "csrf"));
	ask(h, "session.check", NULL, json_pack("{s:s, s:s, s:b}", "token", token, "csrf", csrf, "write", 1));
	assert_int_equal(h->status, 200);
	return json_incref(json_object_get(h->body, "actor"));
}

static void
signing_in_takes_two_steps(void **st)
{
	char token[64], csrf[64], code[7], second[64];
	struct house h;
	json_t *a;

	(void)st;
	house_open(&h);
	ask(&h, "session.login", from_address("::1"), json_pack("{s:s, s:s}", "login", "odagiri", "password", "four random words here"));
	assert_int_equal(h.status, 200);
	assert_string_equal(jstr(h.body, "step"), "totp");
	snprintf(token, sizeof token, "%s", jstr(json_object_get(h.body, "set_session"), "token"));
	snprintf(csrf, sizeof csrf, "%s", jstr(h.body, "csrf"));
	ask(&h, "session.check", NULL, json_pack("{s:s, s:s, s:b}", "token", token, "csrf", "wrong", "write", 1));
	assert_int_equal(h.status, 403);
	ask(&h, "session.check", NULL, json_pack("{s:s, s:n, s:b}", "token", token, "csrf", "write", 0));
	a = json_incref(json_object_get(h.body, "actor"));
	assert_true(json_is_true(json_object_get(a, "half")));
	/* half a session opens nothing */
	ask(&h, "incident.list", json_incref(a), NULL);
	assert_int_equal(h.status, 401);
	ask(&h, "session.totp", json_incref(a), json_pack("{s:s}", "code", "000000"));
	assert_int_equal(h.status, 401);
	code_now(code);
	ask(&h, "session.totp", json_incref(a), json_pack("{s:s}", "code", code));
	assert_int_equal(h.status, 200);
	snprintf(second, sizeof second, "%s", jstr(json_object_get(h.body, "set_session"), "token"));
	assert_string_not_equal(token, second);
	/* the first token died with the step */
	ask(&h, "session.check", NULL, json_pack("{s:s, s:n, s:b}", "token", token, "csrf", "write", 0));
	assert_int_equal(h.status, 401);
	ask(&h, "session.check", NULL, json_pack("{s:s, s:n, s:b}", "token", second, "csrf", "write", 0));
	assert_int_equal(h.status, 200);
	json_decref(a);
	house_close(&h);
}

static void
nobody_learns_who_exists(void **st)
{
	struct house h;
	json_t *wrong;

	(void)st;
	house_open(&h);
	ask(&h, "session.login", from_address("::1"), json_pack("{s:s, s:s}", "login", "odagiri", "password", "x"));
	assert_int_equal(h.status, 401);
	wrong = json_incref(h.body);
	ask(&h, "session.login", from_address("::1"), json_pack("{s:s, s:s}", "login", "no-such-person", "password", "x"));
	assert_int_equal(h.status, 401);
	assert_true(json_equal(wrong, h.body));
	json_decref(wrong);
	/* the eleventh try is refused, right or wrong, known or not */
	for (int i = 0; i < 9; i++)
		ask(&h, "session.login", from_address("::1"), json_pack("{s:s, s:s}", "login", "odagiri", "password", "x"));
	ask(&h, "session.login", from_address("::1"), json_pack("{s:s, s:s}", "login", "odagiri", "password", "four random words here"));
	assert_int_equal(h.status, 429);
	house_close(&h);
}

static void
a_disabled_person_is_out_at_once(void **st)
{
	struct house h;
	json_t *a;

	(void)st;
	house_open(&h);
	a = sign_in(&h, "miyoshi");
	ask(&h, "queue.list", json_incref(a), NULL);
	assert_int_equal(h.status, 200);
	json_decref(scene_do(&h.s, NULL, "user.change", 200, json_pack("{s:s, s:b}", "id", jstr(a, "user"), "disabled", 1)));
	ask(&h, "queue.list", json_incref(a), NULL);
	assert_int_equal(h.status, 401);
	json_decref(a);
	house_close(&h);
}

static void
a_claimed_role_counts_for_nothing(void **st)
{
	struct house h;
	json_t *a;

	(void)st;
	house_open(&h);
	a = sign_in(&h, "lowe");
	json_object_set_new(a, "role", json_string("admin"));
	json_object_set_new(a, "tenant", json_string("aoba"));
	ask(&h, "user.list", json_incref(a), NULL);
	assert_int_equal(h.status, 403);
	ask(&h, "tenant.show", json_incref(a), json_pack("{s:s}", "id", "aoba"));
	assert_int_equal(h.status, 404);
	json_object_set_new(a, "session", json_string("aaaaaaaaaaaaaaaaaaaaaaaaaa"));
	ask(&h, "incident.list", a, NULL);
	assert_int_equal(h.status, 401);
	/* what only roles and timers may say is no route */
	ask(&h, "job.done", json_pack("{s:b}", "local", 1), json_pack("{s:s, s:s}", "job", "1", "outcome", "acknowledged"));
	assert_int_equal(h.status, 404);
	house_close(&h);
}

static json_t *
some_args(void)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:i, s:b}", "id", "AOBA-2026-0001", "tenant", "aoba", "text", "x", "reason", "expected", "code", "resolved",
	                 "n", 1, "done", 1);
}

/* Every verb × every role; those of another tenant get 404 or nothing of aoba's. */
static void
only_what_is_allowed_answers(void **st)
{
	static const char *const logins[] = { "miyoshi", "otomo", "eng", "root", "audit", "odagiri", "lowe" };
	char id[64];
	struct house h;
	int refused = 0, answered = 0;

	(void)st;
	house_open(&h);
	scene_incident(&h.s, "critical", id);
	for (size_t k = 0; k < sizeof logins / sizeof *logins; k++) {
		bool stranger = strcmp(logins[k], "lowe") == 0;
		json_t *a;

		fake_now += 60 * SEC;
		a = sign_in(&h, logins[k]);
		for (size_t i = 0; auth_verb_at(i) != NULL; i++) {
			const char *verb = auth_verb_at(i);
			bool may = auth_may(jstr(a, "role"), verb);
			char *text;

			if (strncmp(verb, "session.", 8) == 0 || strcmp(verb, "me.password") == 0 || strcmp(verb, "me.revoke") == 0)
				continue;
			ask(&h, verb, json_incref(a), some_args());
			if (!may && h.status != 403)
				fail_msg("%s as %s: %d, wanted 403", verb, logins[k], h.status);
			if (may && h.status == 403 && strcmp(verb, "incident.change") != 0)
				fail_msg("%s as %s: 403 although the table allows it", verb, logins[k]);
			refused += !may;
			answered += may;
			text = stranger && h.body != NULL && h.status < 400 ? json_dumps(h.body, JSON_ENCODE_ANY) : NULL;
			if (text != NULL && (strstr(text, "AOBA") != NULL || strstr(text, "aoba") != NULL || strstr(text, "青葉") != NULL || strstr(text, "srv-file") != NULL))
				fail_msg("%s tells %s about another tenant: %s", verb, logins[k], text);
			free(text);
		}
		json_decref(a);
	}
	assert_true(refused > 100 && answered > 100);
	/* nothing of it changed aoba by a stranger's hand */
	assert_int_equal(db_int(h.s.db, -1, "SELECT count(*) FROM entries WHERE by = (SELECT id FROM users WHERE login = 'lowe')"), 0);
	house_close(&h);
}

/* A network that the engine could not compile never reaches the tables. */
static void
a_document_the_engine_would_refuse_is_refused(void **st)
{
	const char *yaml = "tenants:\n  - {id: aoba, name: x, kana: カ, short: AOBA, code_word: カ, networks: [{name: n, cidr: 10.1.0.0/99}]}\n";
	struct house h;

	(void)st;
	house_open(&h);
	ask(&h, "tenant.import", json_pack("{s:b}", "local", 1), json_pack("{s:s, s:s}", "yaml", yaml, "file", "t.yaml"));
	assert_int_equal(h.status, 422);
	assert_true(json_array_size(json_object_get(h.body, "faults")) != 0);
	assert_int_equal(db_int(h.s.db, -1, "SELECT count(*) FROM contacts WHERE tenant = 'aoba' AND active <> 0"), 2);
	house_close(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signing_in_takes_two_steps), cmocka_unit_test(nobody_learns_who_exists), cmocka_unit_test(a_disabled_person_is_out_at_once),
		cmocka_unit_test(a_claimed_role_counts_for_nothing), cmocka_unit_test(only_what_is_allowed_answers),
		cmocka_unit_test(a_document_the_engine_would_refuse_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
