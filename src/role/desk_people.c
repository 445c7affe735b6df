/* SPDX-License-Identifier: Apache-2.0
 *
 * People at the desk: ASK {verb, actor, args} → ANSWER {status, body}.
 *
 *   who     A session's person is looked up again by the session; what web says about the actor counts for nothing.
 *           The local socket's actor is the administrator of this machine and may everything a route offers.
 *   sign-in password (on the pool), then the second factor; a new token at each step.  An unknown login and a
 *           wrong password are one answer after equal work.  Tries are counted per login and per address.
 *   import  passwords and secrets of a document go to auth/, the rest to the journal.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/map.h"
#include "base/must.h"
#include "desk/slice.h"
#include "enrich/enrich.h"
#include "role/desk_people_priv.h"

#define TRIES_LOGIN 10
#define TRIES_ADDRESS 100

static void
answer(struct desk_role *dr, uint64_t id, json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT);

	if (text != NULL && dr->web != NULL)
		chan_send(dr->web, MSG_ANSWER, id, slice_str(text), -1);
	free(text);
	json_decref(o);
}

void
people_answer(struct desk_role *dr, uint64_t id, int status, json_t *body)
{
	answer(dr, id, json_pack("{s:i, s:o?}", "status", status, "body", body));
}

void
people_answer_again(struct desk_role *dr, uint64_t id, int status, json_t *body)
{
	answer(dr, id, json_pack("{s:i, s:o?, s:b}", "status", status, "body", body, "again", 1));
}

void
asking_no(struct asking *q, int status, const char *type, const char *field, const char *detail)
{
	struct desk_answer a = desk_problem(status, type, field, detail);

	people_answer(q->dr, q->id, a.status, a.body);
}

const char *
asking_arg(const struct asking *q, const char *key)
{
	const char *s = json_string_value(json_object_get(q->args, key));

	return s != NULL ? s : "";
}

/* ---- who ---- */

void
asking_fill_actor(struct asking *q)
{
	const json_t *u = q->user, *name = json_object_get(u, "name");

	q->who = (struct desk_actor){ .user = json_string_value(json_object_get(u, "id")), .ja = json_string_value(json_object_get(name, "ja")),
		                      .en = json_string_value(json_object_get(name, "en")), .role = json_string_value(json_object_get(u, "role")),
		                      .tenant = json_string_value(json_object_get(u, "tenant")), .tenants = json_object_get(u, "tenants") };
}

json_t *
asking_user_by(struct desk_role *dr, const char *id)
{
	json_t *args = json_pack("{s:s}", "id", id);
	struct desk_answer a = desk_ask(dr->desk, "user.show", &desk_service, args, desk_role_now(dr));

	json_decref(args);
	if (a.status == 200 && !json_is_true(json_object_get(a.body, "disabled")))
		return a.body;
	json_decref(a.body);
	return NULL;
}

/* The session's person, as the tables have it now: a change of rights holds from the next request. */
bool
asking_take_session(struct asking *q, int found)
{
	if (found != 0)
		return false;
	q->user = asking_user_by(q->dr, q->session.user);
	if (q->user == NULL) {
		auth_session_end_all(q->dr->auth, q->session.user, NULL);
		return false;
	}
	asking_fill_actor(q);
	return true;
}

static json_t *
user_view(struct asking *q, const json_t *user)
{
	json_t *o = json_deep_copy(user);

	json_object_set_new(o, "second_factor", json_boolean(auth_factor_has(q->dr->auth, json_string_value(json_object_get(o, "id")))));
	return o;
}

/* A person who has keys only is asked for a key; who has both chooses. */
static const char *
step_word(const struct auth_session *s, const struct auth_factors *f)
{
	switch (s->step) {
	case AUTH_STEP_TOTP:
		return f->totp || f->keys == 0 ? "totp" : "key";
	case AUTH_STEP_ENROL:
		return "enrol";
	default:
		return "done";
	}
}

json_t *
asking_session_body(struct asking *q, const struct auth_session *s)
{
	char now[36], expires[36];
	struct auth_factors f;
	json_t *o, *list = json_array();

	auth_factors(q->dr->auth, s->user, &f);
	if (f.totp)
		json_array_append_new(list, json_string("totp"));
	if (f.keys != 0)
		json_array_append_new(list, json_string("key"));
	if (f.recovery != 0)
		json_array_append_new(list, json_string("recovery"));
	time_format_rfc3339(now, desk_role_now(q->dr), 3);
	time_format_rfc3339(expires, s->expires_at, 3);
	o = json_pack("{s:s, s:s, s:s, s:I, s:s, s:o}", "step", step_word(s, &f), "csrf", s->csrf, "now", now, "idle_s",
	              (json_int_t)(s->idle_ns / NS_PER_S), "expires_at", expires, "factors", list);
	json_object_set_new(o, "user", s->step == AUTH_STEP_DONE ? user_view(q, q->user) : json_null());
	return o;
}

void
asking_note(struct desk_role *dr, const struct desk_actor *who, const char *what)
{
	json_t *args;
	struct desk_answer a;

	if (strcmp(who->user, dr->probe.user) == 0 && who->user[0] != '\0')
		return; /* every minute, and nobody */
	args = json_pack("{s:s}", "what", what);
	a = desk_apply(dr->desk, "user.signed", who, args, desk_role_now(dr));

	json_decref(a.body);
	json_decref(args);
}

void
asking_begin_session(struct asking *q, enum auth_step step)
{
	bool customer = strcmp(q->who.role, "customer") == 0;
	char token[33];
	json_t *body;

	if (auth_session_begin(q->dr->auth, q->who.user, step, customer, q->address, q->agent, desk_role_now(q->dr), token, &q->session) != 0) {
		asking_no(q, 503, "unavailable", NULL, NULL);
		return;
	}
	body = asking_session_body(q, &q->session);
	json_object_set_new(body, "set_session",
	                    json_pack("{s:s, s:I}", "token", token, "max_age_s", (json_int_t)((q->session.expires_at - q->session.started_at) / NS_PER_S)));
	people_answer(q->dr, q->id, 200, body);
}

/* ---- sign-in ---- */

struct login {
	struct desk_role *dr;
	uint64_t id;
	char login[129], address[64], agent[AUTH_AGENT], code[33];
	json_t *user; /* NULL: nobody; the answer is the same */
};

static void
login_done(void *ctx, bool ok, const char *hash)
{
	struct login *l = ctx;
	struct asking q = { .dr = l->dr, .id = l->id, .address = l->address, .agent = l->agent, .user = l->user };
	char key[160];

	(void)hash;
	if (!ok || l->user == NULL) {
		asking_no(&q, 401, "unauthenticated", NULL, NULL);
	} else {
		const char *user;

		asking_fill_actor(&q);
		user = q.who.user;
		snprintf(key, sizeof key, "login:%s", l->login);
		auth_try_forget(l->dr->auth, key);
		if (!auth_factor_has(l->dr->auth, user)) {
			asking_begin_session(&q, AUTH_STEP_ENROL);
		} else if (l->code[0] == '\0') {
			asking_begin_session(&q, AUTH_STEP_TOTP);
		} else if (snprintf(key, sizeof key, "code:%s", user), !auth_try(l->dr->auth, key, TRIES_CODE, TRIES_WINDOW, desk_role_now(l->dr))) {
			asking_no(&q, 429, "limited", NULL, NULL);
		} else if (auth_totp_check(l->dr->auth, user, l->code, desk_role_now(l->dr))) {
			auth_try_forget(l->dr->auth, key);
			asking_note(l->dr, &q.who, "signed_in");
			asking_begin_session(&q, AUTH_STEP_DONE);
		} else {
			asking_no(&q, 401, "unauthenticated", NULL, NULL);
		}
	}
	json_decref(l->user);
	free(l);
}

static void
session_login(struct asking *q)
{
	const char *login = asking_arg(q, "login"), *password = asking_arg(q, "password");
	auto_free char *hash = NULL;
	struct login *l;
	char key[160];
	bool free_way;

	if (strlen(login) > 128 || strlen(password) > 1024 || strlen(asking_arg(q, "code")) > 32) {
		asking_no(q, 401, "unauthenticated", NULL, NULL);
		return;
	}
	snprintf(key, sizeof key, "login:%s", login);
	free_way = auth_try(q->dr->auth, key, TRIES_LOGIN, TRIES_WINDOW, desk_role_now(q->dr));
	snprintf(key, sizeof key, "address:%.64s", q->address);
	if (!auth_try(q->dr->auth, key, TRIES_ADDRESS, TRIES_WINDOW, desk_role_now(q->dr)) || !free_way) {
		asking_no(q, 429, "limited", NULL, NULL);
		return;
	}
	l = x_calloc(1, sizeof *l);
	l->dr = q->dr;
	l->id = q->id;
	snprintf(l->login, sizeof l->login, "%s", login);
	snprintf(l->address, sizeof l->address, "%s", q->address);
	snprintf(l->agent, sizeof l->agent, "%s", q->agent);
	snprintf(l->code, sizeof l->code, "%s", asking_arg(q, "code"));
	l->user = asking_user_by(q->dr, login);
	/* ids are no logins */
	if (l->user != NULL && strcmp(json_string_value(json_object_get(l->user, "login")), login) != 0) {
		json_decref(l->user);
		l->user = NULL;
	}
	if (l->user != NULL)
		hash = auth_password_hash(q->dr->auth, json_string_value(json_object_get(l->user, "id")));
	if (auth_pool_check(q->dr->pool, hash, slice_str(password), login_done, l) != 0) {
		json_decref(l->user);
		free(l);
		asking_no(q, 429, "limited", NULL, NULL);
	}
}

static void
session_totp(struct asking *q)
{
	struct auth_session old = q->session;
	char key[64];

	snprintf(key, sizeof key, "code:%s", q->who.user);
	if (old.step == AUTH_STEP_DONE) {
		asking_no(q, 409, "state", NULL, NULL);
	} else if (!auth_try(q->dr->auth, key, TRIES_CODE, TRIES_WINDOW, desk_role_now(q->dr))) {
		auth_session_end(q->dr->auth, old.id);
		asking_no(q, 429, "limited", NULL, NULL);
	} else if (!auth_totp_check(q->dr->auth, q->who.user, asking_arg(q, "code"), desk_role_now(q->dr))) {
		asking_no(q, 401, "unauthenticated", "code", NULL);
	} else {
		auth_try_forget(q->dr->auth, key);
		auth_session_end(q->dr->auth, old.id);
		q->address = old.address;
		q->agent = old.agent;
		asking_note(q->dr, &q->who, old.step == AUTH_STEP_ENROL ? "enrolled" : "signed_in");
		asking_begin_session(q, AUTH_STEP_DONE);
	}
}

json_t *
asking_codes(const char (*codes)[16])
{
	json_t *list = json_array();

	for (int i = 0; i < AUTH_RECOVERY && codes[i][0] != '\0'; i++)
		json_array_append_new(list, json_string(codes[i]));
	return list;
}

json_t *
asking_totp_body(const struct auth_totp *t, const char *login)
{
	auto_free char *uri = x_asprintf("otpauth://totp/Nezuban:%s?secret=%s&issuer=Nezuban", login, t->secret);

	return json_pack("{s:s, s:s, s:o}", "secret", t->secret, "uri", uri, "recovery", asking_codes(t->recovery));
}

static void
session_enrol(struct asking *q)
{
	struct auth_totp t;

	if (q->session.step != AUTH_STEP_ENROL || auth_factor_has(q->dr->auth, q->who.user))
		asking_no(q, 409, "state", NULL, NULL);
	else if (auth_totp_make(q->dr->auth, q->who.user, true, desk_role_now(q->dr), &t) != 0)
		asking_no(q, 503, "unavailable", NULL, NULL);
	else
		people_answer(q->dr, q->id, 200, asking_totp_body(&t, json_string_value(json_object_get(q->user, "login"))));
}

static void
session_show(struct asking *q)
{
	people_answer(q->dr, q->id, 200, asking_session_body(q, &q->session));
}

static void
session_logout(struct asking *q)
{
	auth_session_end(q->dr->auth, q->session.id);
	if (q->session.step == AUTH_STEP_DONE)
		asking_note(q->dr, &q->who, "signed_out");
	/* 204 carries no body: the cookie dies with the session */
	people_answer(q->dr, q->id, 204, json_pack("{s:b}", "clear_session", 1));
}

/* web asks this before every row that needs a session. */
static void
session_check(struct asking *q)
{
	const char *csrf = json_string_value(json_object_get(q->args, "csrf"));
	json_t *actor;

	if (json_object_get(q->args, "bearer") != NULL) {
		asking_key_check(q);
		return;
	}
	if (!asking_take_session(q, auth_session_find(q->dr->auth, slice_str(asking_arg(q, "token")), desk_role_now(q->dr), &q->session))) {
		struct desk_answer a = desk_problem(401, "unauthenticated", NULL, NULL);

		json_object_set_new(a.body, "clear_session", json_true());
		people_answer(q->dr, q->id, 401, a.body);
		return;
	}
	if (json_is_true(json_object_get(q->args, "write")) && (csrf == NULL || !auth_same(csrf, q->session.csrf))) {
		asking_no(q, 403, "csrf", NULL, NULL);
		return;
	}
	actor = json_pack("{s:s, s:s, s:O, s:s, s:s?, s:O, s:s, s:b}", "user", q->who.user, "login", json_string_value(json_object_get(q->user, "login")),
	                  "name", json_object_get(q->user, "name"), "role", q->who.role, "tenant", q->who.tenant, "lang",
	                  json_object_get(q->user, "lang"), "session", q->session.id, "half", q->session.step != AUTH_STEP_DONE);
	json_object_set(actor, "tenants", json_object_get(q->user, "tenants"));
	people_answer(q->dr, q->id, 200, json_pack("{s:o, s:s}", "actor", actor, "csrf", q->session.csrf));
}

/* ---- accounts ---- */

struct setting {
	struct desk_role *dr;
	uint64_t id;
	char user[32], keep[27];
	bool own;
	json_t *actor_user; /* who does it; NULL = local */
	struct buf fresh;
};

static void
setting_free(struct setting *s)
{
	if (s->fresh.p != NULL)
		explicit_bzero(s->fresh.p, s->fresh.cap);
	buf_fini(&s->fresh);
	json_decref(s->actor_user);
	free(s);
}

static void
setting_made(void *ctx, bool ok, const char *hash)
{
	struct setting *s = ctx;
	struct asking q = { .dr = s->dr, .id = s->id, .user = s->actor_user };

	if (!ok || auth_set_password(s->dr->auth, s->user, hash, desk_role_now(s->dr)) != 0) {
		asking_no(&q, 503, "unavailable", NULL, NULL);
	} else {
		auth_session_end_all(s->dr->auth, s->user, s->keep);
		if (q.user != NULL)
			asking_fill_actor(&q);
		asking_note(s->dr, q.user != NULL ? &q.who : &desk_service, "password");
		people_answer(s->dr, s->id, 204, NULL);
	}
	setting_free(s);
}

static void
setting_proven(void *ctx, bool ok, const char *hash)
{
	struct setting *s = ctx;
	struct asking q = { .dr = s->dr, .id = s->id };

	(void)hash;
	if (!ok) {
		asking_no(&q, 401, "unauthenticated", "old", NULL);
	} else if (auth_pool_make(s->dr->pool, buf_slice(&s->fresh), setting_made, s) == 0) {
		return;
	} else {
		asking_no(&q, 429, "limited", NULL, NULL);
	}
	setting_free(s);
}

static void
set_password(struct asking *q, const char *user, const char *fresh, const char *old)
{
	const char *fault = auth_password_fault(slice_str(fresh));
	auto_free char *hash = NULL;
	struct setting *s;
	int r;

	if (fault != NULL) {
		asking_no(q, 422, "invalid", old != NULL ? "new" : "password", fault);
		return;
	}
	s = x_calloc(1, sizeof *s);
	s->dr = q->dr;
	s->id = q->id;
	snprintf(s->user, sizeof s->user, "%s", user);
	snprintf(s->keep, sizeof s->keep, "%s", old != NULL ? q->session.id : "");
	s->actor_user = json_incref(q->user);
	buf_put_str(&s->fresh, fresh);
	if (old != NULL) {
		hash = auth_password_hash(q->dr->auth, user);
		r = auth_pool_check(q->dr->pool, hash, slice_str(old), setting_proven, s);
	} else {
		r = auth_pool_make(q->dr->pool, buf_slice(&s->fresh), setting_made, s);
	}
	if (r != 0) {
		setting_free(s);
		asking_no(q, 429, "limited", NULL, NULL);
	}
}

static void
me_password(struct asking *q)
{
	char key[64];

	snprintf(key, sizeof key, "old:%s", q->who.user);
	if (!auth_try(q->dr->auth, key, TRIES_LOGIN, TRIES_WINDOW, desk_role_now(q->dr)))
		asking_no(q, 429, "limited", NULL, NULL);
	else
		set_password(q, q->who.user, asking_arg(q, "new"), asking_arg(q, "old"));
}

static void
user_passwd(struct asking *q)
{
	json_t *u = asking_user_by(q->dr, asking_arg(q, "id"));

	if (u == NULL)
		asking_no(q, 404, "not_found", NULL, NULL);
	else
		set_password(q, json_string_value(json_object_get(u, "id")), asking_arg(q, "password"), NULL);
	json_decref(u);
}

static void
user_totp(struct asking *q)
{
	json_t *u = asking_user_by(q->dr, asking_arg(q, "id"));
	struct auth_totp t;

	if (u == NULL) {
		asking_no(q, 404, "not_found", NULL, NULL);
	} else if (auth_totp_make(q->dr->auth, json_string_value(json_object_get(u, "id")), false, desk_role_now(q->dr), &t) != 0) {
		asking_no(q, 503, "unavailable", NULL, NULL);
	} else {
		/* what is lost with a person's telephone and keys must not open the door */
		auth_keys_drop(q->dr->auth, json_string_value(json_object_get(u, "id")));
		auth_session_end_all(q->dr->auth, json_string_value(json_object_get(u, "id")), NULL);
		asking_note(q->dr, &q->who, "totp");
		people_answer(q->dr, q->id, 200, asking_totp_body(&t, json_string_value(json_object_get(u, "login"))));
	}
	json_decref(u);
}

void
asking_to_desk(struct asking *q)
{
	struct desk_answer a = desk_do(q->dr->desk, q->verb, &q->who, q->args, desk_role_now(q->dr));

	desk_role_check(q->dr, a.error);
	people_answer(q->dr, q->id, a.status, a.body);
}

static void
user_add(struct asking *q)
{
	const char *password = asking_arg(q, "password"), *fault = password[0] != '\0' ? auth_password_fault(slice_str(password)) : NULL;
	auto_free char *fresh = x_strdup(password);
	char hash[128];
	struct desk_answer a;

	if (fault != NULL) {
		asking_no(q, 422, "invalid", "password", fault);
		return;
	}
	json_object_del(q->args, "password"); /* never into the journal */
	a = desk_do(q->dr->desk, q->verb, &q->who, q->args, desk_role_now(q->dr));
	if (a.status == 200 && fresh[0] != '\0' && auth_password_make(slice_str(fresh), hash))
		auth_set_password(q->dr->auth, json_string_value(json_object_get(a.body, "id")), hash, desk_role_now(q->dr));
	explicit_bzero(fresh, strlen(fresh));
	people_answer(q->dr, q->id, a.status, a.body);
}

static void
user_change(struct asking *q)
{
	struct desk_answer a = desk_do(q->dr->desk, q->verb, &q->who, q->args, desk_role_now(q->dr));

	if (a.status == 200 && json_is_true(json_object_get(a.body, "disabled")))
		auth_session_end_all(q->dr->auth, json_string_value(json_object_get(a.body, "id")), NULL);
	people_answer(q->dr, q->id, a.status, a.body);
}

static void
lcp_enroll(struct asking *q)
{
	char token[27], hash[65];
	struct desk_answer a;

	desk_token_make(token, hash);
	json_object_set_new(q->args, "token_hash", json_string(hash));
	a = desk_do(q->dr->desk, q->verb, &q->who, q->args, desk_role_now(q->dr));
	if (a.status == 200)
		json_object_set_new(a.body, "token", json_string(token));
	people_answer(q->dr, q->id, a.status, a.body);
}

/* The head goes out signed: what was shown to one cannot be another journal for the next. */
static void
journal_export(struct asking *q)
{
	struct desk_answer a = desk_ask(q->dr->desk, q->verb, &q->who, q->args, desk_role_now(q->dr));
	auto_buf struct buf text = { 0 }, sig = { 0 };
	uint8_t bytes[PKI_SIG_LEN];
	char id[17];

	if (a.status == 200 && q->dr->journal_key != NULL) {
		slice_signed(json_object_get(a.body, "head"), json_string_value(json_object_get(a.body, "tenant")), json_string_value(json_object_get(a.body, "zone")), &text);
		pki_sign(q->dr->journal_key, buf_slice(&text), bytes);
		pki_base64(slice_of(bytes, sizeof bytes), &sig);
		pki_key_id(q->dr->journal_key, id);
		json_object_set_new(a.body, "key", json_string(id));
		json_object_set_new(a.body, "signature", json_string(buf_cstr(&sig)));
	}
	people_answer(q->dr, q->id, a.status, a.body);
}

/* ---- devices ---- */

static void
source_list(struct asking *q)
{
	people_answer(q->dr, q->id, 200, json_pack("{s:O}", "items", q->dr->sources));
}

/* Which sources there are is this machine's affair and not the journal's. */
static void
device_register(struct asking *q)
{
	const char *source = asking_arg(q, "source");

	if (source[0] != '\0' && !desk_source_is_known(q->dr, source))
		asking_no(q, 422, "invalid", "source", "there is no such source");
	else
		asking_to_desk(q);
	desk_role_check(q->dr, desk_devices_due(q->dr->desk, desk_role_now(q->dr))); /* somebody hears of it now */
}

/* ---- reports ---- */

/* The figures as they stand now go into the command, so that the journal keeps what was published. */
static void
report_publish(struct asking *q)
{
	json_t *data = desk_report_data(q->dr->desk, &q->who, asking_arg(q, "id"), desk_role_now(q->dr));

	if (data != NULL)
		json_object_set_new(q->args, "data", data);
	asking_to_desk(q);
}

/* ---- advisories ---- */

/* Whose devices it concerns goes along: what was heard of devices is no part of the journal. */
static void
advisory_check(struct asking *q)
{
	json_object_set_new(q->args, "affected", desk_advisory_affected(q->dr->desk, asking_arg(q, "id")));
	asking_to_desk(q);
}

/* ---- hand-over ---- */

/* Devices that are not well go along, so that the journal keeps what was handed over. */
static void
handover_with_devices(struct asking *q)
{
	json_object_set_new(q->args, "data", desk_handover_data(q->dr->desk, &q->who, desk_role_now(q->dr)));
	asking_to_desk(q);
}

/* ---- import ---- */

static json_t *
fault_lines(const struct whys *ws, json_t *list)
{
	for (size_t i = 0; i < ws->list.n; i++) {
		auto_buf struct buf line = { 0 };

		why_print(&ws->list.v[i], &line);
		json_array_append_new(list, json_string(buf_cstr(&line)));
	}
	return list;
}

static void
import_faults(struct asking *q, const struct whys *ws)
{
	struct desk_answer a = desk_problem(422, "invalid", "yaml", NULL);

	json_object_set_new(a.body, "faults", fault_lines(ws, json_array()));
	people_answer(q->dr, q->id, 422, a.body);
}

static void
import_secrets(struct asking *q, const json_t *secrets)
{
	const json_t *s;
	char hash[128];
	size_t i;

	json_array_foreach(secrets, i, s) {
		const char *password = json_string_value(json_object_get(s, "password")), *totp = json_string_value(json_object_get(s, "totp"));
		json_t *u = asking_user_by(q->dr, json_string_value(json_object_get(s, "login")));
		const char *id = json_string_value(json_object_get(u, "id"));

		if (id != NULL && password != NULL && auth_password_make(slice_str(password), hash))
			auth_set_password(q->dr->auth, id, hash, desk_role_now(q->dr));
		if (id != NULL && totp != NULL && auth_totp_set(q->dr->auth, id, totp) != 0)
			log_warn("desk.import_totp", kv_str("login", json_string_value(json_object_get(s, "login"))));
		json_decref(u);
	}
}

/* The engine compiles the same lists: what it would refuse is refused here, with a word to the author. */
static void
check_lists(const json_t *doc, const char *file, struct whys *ws)
{
	const json_t *t;
	size_t i;

	json_array_foreach(json_object_get(doc, "tenants"), i, t) {
		char *text = json_dumps(json_object_get(t, "doc"), JSON_COMPACT);
		struct tenant_table *table = text != NULL ? tenant_table_compile(slice_str(text), file, ws) : NULL;

		tenant_table_free(table);
		free(text);
	}
}

static void
tenant_import(struct asking *q)
{
	const char *file = asking_arg(q, "file");
	struct whys ws = { 0 };
	json_t *doc = desk_import_read(slice_str(asking_arg(q, "yaml")), file[0] != '\0' ? file : "tenants.yaml", &ws), *secrets;
	struct desk_answer a;

	if (doc != NULL)
		check_lists(doc, file[0] != '\0' ? file : "tenants.yaml", &ws);
	if (doc == NULL || ws.errors != 0) {
		import_faults(q, &ws);
		json_decref(doc);
		whys_fini(&ws);
		return;
	}
	secrets = json_incref(json_object_get(doc, "secrets"));
	json_object_del(doc, "secrets");
	if (json_is_true(json_object_get(q->args, "check"))) {
		people_answer(q->dr, q->id, 200, json_pack("{s:i, s:i}", "tenants", (int)json_array_size(json_object_get(doc, "tenants")), "users",
		                                           (int)json_array_size(json_object_get(doc, "users"))));
	} else {
		a = desk_apply(q->dr->desk, "tenant.import", &q->who, doc, desk_role_now(q->dr));
		if (a.status == 200)
			import_secrets(q, secrets);
		people_answer(q->dr, q->id, a.status, a.body);
	}
	json_decref(secrets);
	json_decref(doc);
	whys_fini(&ws);
}

static void
roster_import(struct asking *q)
{
	const char *file = asking_arg(q, "file");
	json_t *known = desk_roster_known(q->dr->desk), *doc, *warnings = json_array();
	struct whys ws = { 0 };
	struct desk_answer a;

	doc = desk_roster_read(slice_str(asking_arg(q, "yaml")), file[0] != '\0' ? file : "roster.yaml", known, desk_role_now(q->dr), &ws);
	json_decref(known);
	if (doc == NULL) {
		import_faults(q, &ws);
	} else if (json_is_true(json_object_get(q->args, "check"))) {
		people_answer(q->dr, q->id, 200, json_pack("{s:i, s:O}", "rosters", (int)json_array_size(json_object_get(doc, "rosters")), "warnings", fault_lines(&ws, warnings)));
	} else {
		a = desk_apply(q->dr->desk, "roster.import", &q->who, doc, desk_role_now(q->dr));
		if (a.status == 200)
			json_object_set(a.body, "warnings", fault_lines(&ws, warnings));
		people_answer(q->dr, q->id, a.status, a.body);
	}
	json_decref(warnings);
	json_decref(doc);
	whys_fini(&ws);
}

static void
me_show(struct asking *q)
{
	people_answer(q->dr, q->id, 200, user_view(q, q->user));
}

/* ---- the door ---- */

static const struct {
	const char *verb;
	void (*fn)(struct asking *q);
} own[] = {
	{ "session.totp", session_totp },     { "session.enrol", session_enrol }, { "session.show", session_show },
	{ "session.logout", session_logout }, { "me.show", me_show },             { "me.password", me_password },
	{ "me.sessions", me_sessions },       { "me.revoke", me_revoke },
	{ "user.sessions", user_sessions },   { "user.revoke", user_revoke },         { "user.passwd", user_passwd },
	{ "user.totp", user_totp },           { "user.add", user_add },           { "user.change", user_change },
	{ "lcp.enroll", lcp_enroll },         { "tenant.import", tenant_import },
	{ "roster.import", roster_import },
	{ "journal.export", journal_export }, { "inquiry.open", asking_with_files }, { "inquiry.message", asking_with_files },
	{ "report.publish", report_publish },   { "advisory.check", advisory_check },
	{ "handover.again", handover_with_devices }, { "handover.offer", handover_with_devices }, { "site.lost", handover_with_devices },
	{ "source.list", source_list },
	{ "device.register", device_register },
	{ "exception.add", asking_with_rule },  { "exception.preview", asking_with_rule },
};

static void
run(struct asking *q)
{
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (strcmp(own[i].verb, q->verb) == 0) {
			own[i].fn(q);
			return;
		}
	if (!people_factor(q) && !people_hooks(q) && !people_keys(q))
		asking_to_desk(q);
}

/* Runs it, once if it names an Idempotency-Key. */
static void
run_once(struct asking *q)
{
	if (q->once != NULL && !asking_once(q, q->once))
		return;
	run(q);
	desk_once_end(q->dr->desk);
}

static void
as_local(struct asking *q)
{
	/* acting for somebody at this machine: the journal says so */
	q->who = (struct desk_actor){ .user = "", .ja = "この機械の管理者", .en = "administrator of this machine", .role = "admin" };
	q->local = true;
	if (auth_who_may(q->verb) == 0)
		asking_no(q, 404, "not_found", NULL, q->verb);
	else if (strncmp(q->verb, "session.", 8) == 0 || strncmp(q->verb, "me.", 3) == 0)
		asking_no(q, 409, "state", NULL, "the local socket has no session");
	else
		run_once(q);
}

static void
as_person(struct asking *q, const json_t *actor)
{
	const char *session = json_string_value(json_object_get(actor, "session")), *key = json_string_value(json_object_get(actor, "key"));
	unsigned who = auth_who_may(q->verb);
	bool half;

	if (key != NULL) {
		if (asking_take_key(q, key))
			run_once(q);
		return;
	}
	if (session == NULL || !asking_take_session(q, auth_session_by_id(q->dr->auth, session, desk_role_now(q->dr), &q->session))) {
		asking_no(q, 401, "unauthenticated", NULL, NULL);
		return;
	}
	half = q->session.step != AUTH_STEP_DONE;
	q->address = q->session.address;
	q->agent = q->session.agent;
	if (half ? (who & MAY_HALF) == 0 : (who & auth_role_bit(q->who.role)) == 0 && !(who == MAY_HALF))
		asking_no(q, half ? 401 : 403, half ? "unauthenticated" : "forbidden", NULL, NULL);
	else if (!half && auth_wants_step_up(q->verb) && desk_role_now(q->dr) - q->session.proved_at >= q->dr->step_up_ns)
		asking_no(q, 401, "step_up", NULL, NULL);
	else
		run_once(q);
}

void
people_ask(struct desk_role *dr, uint64_t id, struct slice body)
{
	json_t *o = body.n <= (9u << 20) ? json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
	json_t *actor = json_object_get(o, "actor"), *args = json_object_get(o, "args");
	struct asking q = { .dr = dr, .id = id, .verb = json_string_value(json_object_get(o, "verb")) };
	const char *address = json_string_value(json_object_get(actor, "address")), *agent = json_string_value(json_object_get(actor, "agent"));
	char short_agent[AUTH_AGENT] = "";

	if (agent != NULL)
		auth_agent_short(slice_str(agent), short_agent);
	q.agent = short_agent;
	q.once = json_string_value(json_object_get(o, "once"));
	q.args = json_is_object(args) ? json_incref(args) : json_object();
	q.address = address != NULL ? address : "";
	if (q.verb == NULL)
		asking_no(&q, 422, "invalid", "verb", NULL);
	else if (strcmp(q.verb, "session.check") == 0)
		session_check(&q);
	else if (strcmp(q.verb, "session.login") == 0)
		session_login(&q);
	else if (json_is_true(json_object_get(actor, "local")))
		as_local(&q);
	else
		as_person(&q, actor);
	json_decref(q.user);
	json_decref(q.args);
	json_decref(o);
}
