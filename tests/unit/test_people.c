/* SPDX-License-Identifier: Apache-2.0
 *
 * People at the desk, through the messages that web sends: sign-in in steps, sessions, and the walk of every
 * verb by every role on the own and on another tenant's objects: only what is allowed answers.
 */
#include "desk_scene.h"

#include <liboath/oath.h>
#include <sys/socket.h>
#include <time.h>

#include "auth/webauthn.h"
#include "role/desk_role_priv.h"
#include "soft_key.h"

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
	struct chan *web, *verify; /* the other ends */
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

/* What role verify does. */
static void
on_key_ask(void *ctx, struct chan *ch, struct msg *m)
{
	struct buf out = { 0 };

	(void)ctx;
	if (m->type != MSG_KEY_ASK)
		return;
	webauthn_answer(m->body, &out);
	chan_send(ch, MSG_KEY_SAID, m->id, buf_slice(&out), -1);
	buf_fini(&out);
}

static void
on_key_said(void *ctx, struct chan *ch, struct msg *m)
{
	struct house *h = ctx;

	(void)ch;
	people_key_said(&h->dr, m->id, m->body);
}

static void
on_close(void *ctx, struct chan *ch)
{
	(void)ctx;
	(void)ch;
}

static const struct chan_ops ops = { .on_msg = on_answer, .on_close = on_close };
static const struct chan_ops verify_ops = { .on_msg = on_key_ask, .on_close = on_close };
static const struct chan_ops said_ops = { .on_msg = on_key_said, .on_close = on_close };

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
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fd), 0);
	h->dr.verify = chan_new(h->env.loop, fd[0], &said_ops, h);
	h->verify = chan_new(h->env.loop, fd[1], &verify_ops, h);
	snprintf(h->dr.rp, sizeof h->dr.rp, "soc.example");
	h->dr.origins = json_pack("[s]", "https://soc.example");
	h->dr.step_up_ns = 600 * SEC;
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
	chan_free(h->dr.verify);
	chan_free(h->verify);
	json_decref(h->dr.origins);
	vec_fini(&h->dr.waiting);
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
	return json_pack("{s:s, s:s}", "address", address, "agent", "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0");
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

/* ---- second factors ---- */

static json_t *
sign_in_half(struct house *h, const char *login)
{
	json_t *a;

	ask(h, "session.login", from_address("10.0.0.1"), json_pack("{s:s, s:s}", "login", login, "password", "four random words here"));
	assert_int_equal(h->status, 200);
	ask(h, "session.check", NULL, json_pack("{s:s, s:n, s:b}", "token", jstr(json_object_get(h->body, "set_session"), "token"), "csrf", "write", 0));
	assert_int_equal(h->status, 200);
	a = json_incref(json_object_get(h->body, "actor"));
	return a;
}

static json_t *
actor_of_answer(struct house *h)
{
	ask(h, "session.check", NULL, json_pack("{s:s, s:n, s:b}", "token", jstr(json_object_get(h->body, "set_session"), "token"), "csrf", "write", 0));
	assert_int_equal(h->status, 200);
	return json_incref(json_object_get(h->body, "actor"));
}

static void
add_key(struct house *h, json_t *actor, struct soft_key *k, const char *name, int want)
{
	json_t *said;

	ask(h, "me.key_begin", json_incref(actor), NULL);
	assert_int_equal(h->status, 200);
	said = soft_create(k, jstr(h->body, "challenge"));
	json_object_set_new(said, "name", json_string(name));
	ask(h, "me.key_add", json_incref(actor), said);
	if (h->status != want)
		fail_msg("key %s: %d, wanted %d: %s", name, h->status, want, json_dumps(h->body, 0));
}

static void
give_key(struct house *h, json_t *actor, struct soft_key *k, const char *verb, int want)
{
	ask(h, "session.key_begin", json_incref(actor), NULL);
	assert_int_equal(h->status, 200);
	ask(h, verb, json_incref(actor), soft_get(k, jstr(h->body, "challenge")));
	if (h->status != want)
		fail_msg("%s: %d, wanted %d: %s", verb, h->status, want, json_dumps(h->body, 0));
}

static void
a_key_is_a_second_factor(void **st)
{
	struct soft_key k, stranger;
	struct house h;
	json_t *a, *half, *said;
	char id[32];

	(void)st;
	house_open(&h);
	soft_key_make(&k, -7);
	soft_key_make(&stranger, -8);
	a = sign_in(&h, "odagiri");
	add_key(&h, a, &k, "blue one", 200);
	assert_true(json_is_null(json_object_get(h.body, "recovery")));
	assert_int_equal(json_array_size(json_object_get(json_object_get(h.body, "factors"), "keys")), 1);
	snprintf(id, sizeof id, "%s", jstr(json_array_get(json_object_get(json_object_get(h.body, "factors"), "keys"), 0), "id"));
	/* the same key twice is no second key */
	add_key(&h, a, &k, "again", 409);
	/* a challenge is used up, whatever came of it */
	ask(&h, "me.key_begin", json_incref(a), NULL);
	said = soft_create(&stranger, jstr(h.body, "challenge"));
	json_object_set_new(said, "name", json_string("late"));
	fake_now += 301 * SEC;
	ask(&h, "me.key_add", json_incref(a), said);
	assert_int_equal(h.status, 409);
	json_decref(a);
	/* and it opens the door */
	half = sign_in_half(&h, "odagiri");
	ask(&h, "session.key", json_incref(half), soft_get(&k, "AAAA"));
	assert_int_equal(h.status, 409);
	ask(&h, "session.key_begin", json_incref(half), NULL);
	ask(&h, "session.key", json_incref(half), soft_get(&stranger, jstr(h.body, "challenge")));
	assert_int_equal(h.status, 401);
	give_key(&h, half, &k, "session.key", 200);
	assert_string_equal(jstr(h.body, "step"), "done");
	json_decref(half);
	a = actor_of_answer(&h);
	ask(&h, "me.factors", json_incref(a), NULL);
	assert_non_null(json_string_value(json_object_get(json_array_get(json_object_get(h.body, "keys"), 0), "used_at")));
	ask(&h, "me.key_change", json_incref(a), json_pack("{s:s, s:s}", "id", id, "name", "青い鍵"));
	assert_int_equal(h.status, 200);
	/* nobody else's */
	json_decref(a);
	a = sign_in(&h, "lowe");
	ask(&h, "me.key_remove", json_incref(a), json_pack("{s:s}", "id", id));
	assert_int_equal(h.status, 404);
	json_decref(a);
	EVP_PKEY_free(k.key);
	EVP_PKEY_free(stranger.key);
	house_close(&h);
}

static void
the_last_factor_stays(void **st)
{
	struct soft_key k;
	struct house h;
	json_t *a, *half;
	char id[32], code[16];

	(void)st;
	house_open(&h);
	soft_key_make(&k, -257);
	a = sign_in(&h, "otomo");
	ask(&h, "me.totp_remove", json_incref(a), NULL);
	assert_int_equal(h.status, 409);
	add_key(&h, a, &k, "k", 200);
	snprintf(id, sizeof id, "%s", jstr(json_array_get(json_object_get(json_object_get(h.body, "factors"), "keys"), 0), "id"));
	ask(&h, "me.recovery", json_incref(a), NULL);
	assert_int_equal(json_array_size(json_object_get(h.body, "recovery")), 10);
	snprintf(code, sizeof code, "%s", json_string_value(json_array_get(json_object_get(h.body, "recovery"), 4)));
	ask(&h, "me.totp_remove", json_incref(a), NULL);
	assert_int_equal(h.status, 200);
	ask(&h, "me.key_remove", json_incref(a), json_pack("{s:s}", "id", id));
	assert_int_equal(h.status, 409);
	json_decref(a);
	/* a person with keys only is asked for a key; a recovery code helps once */
	ask(&h, "session.login", from_address("::1"), json_pack("{s:s, s:s}", "login", "otomo", "password", "four random words here"));
	assert_string_equal(jstr(h.body, "step"), "key");
	half = sign_in_half(&h, "otomo");
	ask(&h, "session.totp", json_incref(half), json_pack("{s:s}", "code", code));
	assert_int_equal(h.status, 200);
	json_decref(half);
	half = sign_in_half(&h, "otomo");
	ask(&h, "session.totp", json_incref(half), json_pack("{s:s}", "code", code));
	assert_int_equal(h.status, 401);
	json_decref(half);
	EVP_PKEY_free(k.key);
	house_close(&h);
}

static void
a_copied_key_is_alarmed(void **st)
{
	struct soft_key k;
	struct house h;
	json_t *a, *half;

	(void)st;
	house_open(&h);
	soft_key_make(&k, -7);
	a = sign_in(&h, "miyoshi");
	add_key(&h, a, &k, "k", 200);
	half = sign_in_half(&h, "miyoshi");
	k.counter = 40;
	give_key(&h, half, &k, "session.key", 200);
	json_decref(half);
	half = sign_in_half(&h, "miyoshi");
	k.counter = 39; /* the next is 40 again */
	give_key(&h, half, &k, "session.key", 401);
	assert_int_equal(db_int(h.s.db, 0, "SELECT count(*) FROM alarms WHERE kind = 'key_copied' AND ack_at IS NULL"), 1);
	json_decref(half);
	json_decref(a);
	EVP_PKEY_free(k.key);
	house_close(&h);
}

static void
a_person_without_factor_may_begin_with_a_key(void **st)
{
	struct soft_key k, other;
	struct house h;
	json_t *half, *a, *said;
	char hash[128], *id;

	(void)st;
	house_open(&h);
	soft_key_make(&k, -8);
	soft_key_make(&other, -8);
	json_decref(scene_do(&h.s, NULL, "user.add", 200, json_pack("{s:s, s:s}", "login", "fresh", "role", "analyst")));
	id = db_text(h.s.db, "SELECT id FROM users WHERE login = 'fresh'");
	assert_true(auth_password_make(SL("four random words here"), hash));
	assert_int_equal(auth_set_password(h.dr.auth, id, hash, T0), 0);
	free(id);
	half = sign_in_half(&h, "fresh");
	/* a key that was sent twice side by side: the second comes too late */
	ask(&h, "me.key_begin", json_incref(half), NULL);
	said = soft_create(&k, jstr(h.body, "challenge"));
	json_object_set_new(said, "name", json_string("first"));
	ask(&h, "me.key_add", json_incref(half), said);
	assert_int_equal(h.status, 200);
	assert_int_equal(json_array_size(json_object_get(h.body, "recovery")), 10);
	a = actor_of_answer(&h);
	ask(&h, "queue.list", json_incref(a), NULL);
	assert_int_equal(h.status, 200);
	json_decref(half);
	json_decref(a);
	/* half a session of somebody who has a factor adds none */
	half = sign_in_half(&h, "fresh");
	ask(&h, "me.key_begin", json_incref(half), NULL);
	assert_int_equal(h.status, 401);
	/* verify went while it was asked: try again */
	ask(&h, "session.key_begin", json_incref(half), NULL);
	said = soft_get(&k, jstr(h.body, "challenge"));
	chan_free(h.verify);
	h.verify = NULL;
	h.id++;
	h.answered = false;
	{
		json_t *o = json_pack("{s:s, s:O, s:o}", "verb", "session.key", "actor", half, "args", said);
		char *text = json_dumps(o, 0);

		people_ask(&h.dr, h.id, slice_str(text));
		people_verify_lost(&h.dr);
		for (int i = 0; i < 300 && !h.answered; i++)
			loop_once(h.env.loop, 100);
		free(text);
		json_decref(o);
	}
	assert_int_equal(h.status, 503);
	h.dr.verify = NULL;
	json_decref(half);
	EVP_PKEY_free(k.key);
	EVP_PKEY_free(other.key);
	house_close(&h);
}

static void
sensitive_acts_want_a_fresh_factor(void **st)
{
	struct soft_key k;
	struct house h;
	char code[7];
	json_t *a;

	(void)st;
	/* every row is a route: a verb that was renamed would be open again */
	for (size_t i = 0; auth_step_up_at(i) != NULL; i++)
		if (auth_who_may(auth_step_up_at(i)) == 0)
			fail_msg("%s is no route", auth_step_up_at(i));
	house_open(&h);
	soft_key_make(&k, -7);
	a = sign_in(&h, "root");
	add_key(&h, a, &k, "k", 200);
	ask(&h, "user.add", json_incref(a), json_pack("{s:s, s:s}", "login", "one", "role", "analyst"));
	assert_int_equal(h.status, 200);
	fake_now += 600 * SEC;
	for (size_t i = 0; auth_step_up_at(i) != NULL; i++)
		if (auth_may("admin", auth_step_up_at(i))) {
			ask(&h, auth_step_up_at(i), json_incref(a), json_pack("{s:s, s:s}", "login", "two", "role", "analyst"));
			if (h.status != 401 || strcmp(jstr(h.body, "type"), "step_up") != 0)
				fail_msg("%s: %d %s", auth_step_up_at(i), h.status, jstr(h.body, "type"));
		}
	/* so with every role, and each row is somebody's */
	for (size_t k = 0; k < 4; k++) {
		static const char *const logins[] = { "otomo", "eng", "odagiri", "miyoshi" }, *const roles[] = { "lead", "engineer", "customer", "analyst" };
		json_t *who = sign_in(&h, logins[k]);

		fake_now += 600 * SEC;
		for (size_t i = 0; auth_step_up_at(i) != NULL; i++)
			if (auth_may(roles[k], auth_step_up_at(i))) {
				ask(&h, auth_step_up_at(i), json_incref(who), json_pack("{s:s}", "id", "x"));
				if (h.status != 401 || strcmp(jstr(h.body, "type"), "step_up") != 0)
					fail_msg("%s as %s: %d %s", auth_step_up_at(i), logins[k], h.status, jstr(h.body, "type"));
			}
		json_decref(who);
	}
	fake_now -= 4 * 600 * SEC;
	assert_true(auth_wants_step_up("advisory.send") && auth_wants_step_up("inquiry.place") && auth_wants_step_up("webhook.remove") && auth_wants_step_up("apikey.end") &&
	            auth_wants_step_up("exclusion.approve") && auth_wants_step_up("maintenance.add"));
	/* what only reads goes on */
	ask(&h, "user.list", json_incref(a), NULL);
	assert_int_equal(h.status, 200);
	ask(&h, "session.step_up", json_incref(a), json_pack("{s:s}", "code", "000000"));
	assert_int_equal(h.status, 422);
	ask(&h, "user.add", json_incref(a), json_pack("{s:s, s:s}", "login", "two", "role", "analyst"));
	assert_int_equal(h.status, 401);
	code_now(code);
	ask(&h, "session.step_up", json_incref(a), json_pack("{s:s}", "code", code));
	assert_int_equal(h.status, 200);
	ask(&h, "user.add", json_incref(a), json_pack("{s:s, s:s}", "login", "two", "role", "analyst"));
	assert_int_equal(h.status, 200);
	fake_now += 600 * SEC;
	ask(&h, "user.add", json_incref(a), json_pack("{s:s, s:s}", "login", "three", "role", "analyst"));
	assert_int_equal(h.status, 401);
	give_key(&h, a, &k, "session.step_up", 200);
	ask(&h, "user.add", json_incref(a), json_pack("{s:s, s:s}", "login", "three", "role", "analyst"));
	assert_int_equal(h.status, 200);
	/* five wrong ones end the session */
	for (int i = 0; i < 6; i++)
		ask(&h, "session.step_up", json_incref(a), json_pack("{s:s}", "code", "000000"));
	assert_int_equal(h.status, 429);
	ask(&h, "user.list", json_incref(a), NULL);
	assert_int_equal(h.status, 401);
	/* the administrator of the machine is not asked */
	ask(&h, "user.add", json_pack("{s:b}", "local", 1), json_pack("{s:s, s:s}", "login", "four", "role", "analyst"));
	assert_int_equal(h.status, 200);
	json_decref(a);
	EVP_PKEY_free(k.key);
	house_close(&h);
}

/* A network that the engine could not compile never reaches the tables. */
static void
a_document_the_engine_would_refuse_is_refused(void **st)
{
	const char *yaml = "tenants:\n  - {id: aoba, name: x, kana: カ, short: AOBA, code_word: {ja: カ, en: k}, networks: [{name: n, cidr: 10.1.0.0/99}]}\n";
	struct house h;

	(void)st;
	house_open(&h);
	ask(&h, "tenant.import", json_pack("{s:b}", "local", 1), json_pack("{s:s, s:s}", "yaml", yaml, "file", "t.yaml"));
	assert_int_equal(h.status, 422);
	assert_true(json_array_size(json_object_get(h.body, "faults")) != 0);
	assert_int_equal(db_int(h.s.db, -1, "SELECT count(*) FROM contacts WHERE tenant = 'aoba' AND active <> 0"), 2);
	house_close(&h);
}

/* An exception for a rule that is none hides nothing, and nobody learns it. */
static void
an_exception_names_a_rule_there_is(void **st)
{
	static const struct {
		const char *rule;
		int status;
		const char *near;
	} v[] = {
		{ "7873d6df-78ac-5dd7-b0a9-5cd316942c57", 200, NULL },
		{ "7873d6df-78ac-5dd7-b0a9-5cd316942c5", 422, "7873d6df-78ac-5dd7-b0a9-5cd316942c57 (Attack on the Web Server, Refused)" },
		{ "Attack on the Web Server, Refuse", 422, "7873d6df-78ac-5dd7-b0a9-5cd316942c57 (Attack on the Web Server, Refused)" },
		{ "nosuch", 422, NULL },
		{ "*", 422, NULL },
		{ "intel:ours", 200, NULL },
		{ "intel:*", 422, NULL },
		{ "intel:", 422, NULL },
	};
	struct house h;
	json_t *a;

	(void)st;
	house_open(&h);
	h.dr.rules = desk_rules_read(NEZUBAN_SOURCE_ROOT "/rules", "");
	assert_true(json_object_size(h.dr.rules) > 40);
	a = sign_in(&h, "miyoshi");
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		ask(&h, "exception.add", json_incref(a), json_pack("{s:s, s:s, s:s, s:s}", "tenant", "aoba", "rule", v[i].rule, "reason", "x", "expires_at", "2026-12-01T00:00:00Z"));
		if (h.status != v[i].status)
			fail_msg("%s: %d", v[i].rule, h.status);
		if (v[i].status == 422)
			assert_string_equal(jstr(h.body, "field"), "rule");
		if (v[i].near != NULL && strstr(jstr(h.body, "detail"), v[i].near) == NULL)
			fail_msg("%s: %s", v[i].rule, jstr(h.body, "detail"));
	}
	json_decref(a);
	json_decref(h.dr.rules);
	house_close(&h);
}

static void
an_administrator_sees_and_ends_anybodys_sessions(void **st)
{
	static const struct {
		const char *said, *is;
	} v[] = {
		{ "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox 128, Linux" },
		{ "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0", "Edge 126, Windows" },
		{ "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1", "Safari 17, iPhone" },
		{ "\x1b[2Jevil\r\n\xe2\x80\xae<script>", "[2Jevil<script>" },
		{ "", "" },
		{ "Firefox/99999999999999999999999999", "Firefox 999999" },
	};
	struct house h;
	json_t *root, *odagiri, *v0;
	char text[AUTH_AGENT], *id;

	(void)st;
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		auth_agent_short(slice_str(v[i].said), text);
		assert_string_equal(text, v[i].is);
	}
	house_open(&h);
	root = sign_in(&h, "root");
	odagiri = sign_in(&h, "odagiri");
	fake_now += 60 * SEC; /* a code works once */
	json_decref(sign_in(&h, "odagiri"));
	id = db_text(h.s.db, "SELECT id FROM users WHERE login = 'odagiri'");
	ask(&h, "user.sessions", json_incref(odagiri), json_pack("{s:s}", "id", "odagiri"));
	assert_int_equal(h.status, 403);
	ask(&h, "user.sessions", json_incref(root), json_pack("{s:s}", "id", id));
	assert_int_equal(h.status, 200);
	assert_int_equal(json_array_size(json_object_get(h.body, "items")), 2);
	v0 = json_array_get(json_object_get(h.body, "items"), 0);
	assert_string_equal(jstr(v0, "agent"), "Firefox 128, Linux");
	assert_true(json_is_false(json_object_get(v0, "current")));
	ask(&h, "user.revoke", json_incref(root), json_pack("{s:s, s:s}", "id", "root", "session", jstr(odagiri, "session")));
	assert_int_equal(h.status, 404); /* it is not of that person */
	ask(&h, "user.revoke", json_incref(root), json_pack("{s:s, s:s}", "id", "odagiri", "session", jstr(odagiri, "session")));
	assert_int_equal(h.status, 204);
	ask(&h, "me.show", json_incref(odagiri), NULL);
	assert_int_equal(h.status, 401);
	ask(&h, "user.revoke", json_incref(root), json_pack("{s:s, s:s}", "id", "odagiri", "session", "all"));
	assert_int_equal(h.status, 204);
	ask(&h, "user.sessions", json_incref(root), json_pack("{s:s}", "id", "odagiri"));
	assert_int_equal(json_array_size(json_object_get(h.body, "items")), 0);
	assert_int_equal(scene_count(&h.s, "SELECT count(*) FROM journal WHERE command = 'user.signed' AND CAST(record AS TEXT) LIKE '%\"what\":\"revoked\"%'"), 2);
	free(id);
	json_decref(root);
	json_decref(odagiri);
	house_close(&h);
}

static void
the_last_key_stays(void **st)
{
	struct house h;
	json_t *root, *a;
	char *id, *other;

	(void)st;
	house_open(&h);
	root = sign_in(&h, "root");
	id = db_text(h.s.db, "SELECT id FROM users WHERE login = 'root'");
	ask(&h, "user.change", json_incref(root), json_pack("{s:s, s:b}", "id", id, "disabled", 1));
	assert_int_equal(h.status, 409);
	ask(&h, "user.change", json_incref(root), json_pack("{s:s, s:s}", "id", id, "role", "auditor"));
	assert_int_equal(h.status, 409);
	ask(&h, "user.change", json_incref(root), json_pack("{s:s, s:s}", "id", id, "name", "Root"));
	assert_int_equal(h.status, 200);
	/* not by the machine either, while there is no other */
	a = json_pack("{s:b}", "local", 1);
	ask(&h, "user.change", json_incref(a), json_pack("{s:s, s:b}", "id", id, "disabled", 1));
	assert_int_equal(h.status, 409);
	ask(&h, "user.add", json_incref(a), json_pack("{s:s, s:s}", "login", "second", "role", "admin"));
	other = db_text(h.s.db, "SELECT id FROM users WHERE login = 'second'");
	ask(&h, "user.change", json_incref(a), json_pack("{s:s, s:b}", "id", id, "disabled", 1));
	assert_int_equal(h.status, 200);
	ask(&h, "user.change", json_incref(a), json_pack("{s:s, s:s}", "id", other, "role", "analyst"));
	assert_int_equal(h.status, 409);
	scene_replays(&h.s);
	free(id);
	free(other);
	json_decref(a);
	json_decref(root);
	house_close(&h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(signing_in_takes_two_steps), cmocka_unit_test(nobody_learns_who_exists), cmocka_unit_test(a_disabled_person_is_out_at_once),
		cmocka_unit_test(a_claimed_role_counts_for_nothing), cmocka_unit_test(only_what_is_allowed_answers),
		cmocka_unit_test(a_document_the_engine_would_refuse_is_refused), cmocka_unit_test(an_exception_names_a_rule_there_is), cmocka_unit_test(an_administrator_sees_and_ends_anybodys_sessions), cmocka_unit_test(the_last_key_stays), cmocka_unit_test(a_key_is_a_second_factor),
		cmocka_unit_test(the_last_factor_stays), cmocka_unit_test(a_copied_key_is_alarmed),
		cmocka_unit_test(a_person_without_factor_may_begin_with_a_key), cmocka_unit_test(sensitive_acts_want_a_fresh_factor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
