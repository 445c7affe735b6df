/* SPDX-License-Identifier: Apache-2.0
 *
 * People's second factors: security keys, TOTP, recovery codes, and giving one again before a sensitive act.
 *
 *     begin ─▶ challenge (auth, five minutes, once) ─▶ browser ─▶ add, key, step_up ─▶ KEY_ASK ─▶ verify
 *                                                         KEY_SAID ─▶ key_said: the row, the session, the journal
 *
 * What a key said is not read here: client data, CBOR and signatures go to role verify as they came, and a small
 * answer comes back.  A challenge is used up when something is sent for it, right or wrong.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/webauthn.h"
#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "codec/timefmt.h"
#include "role/desk_people_priv.h"

#define WAITING_MAX 256

enum key_act { KEY_ADD, KEY_ENROL, KEY_SIGN_IN, KEY_STEP_UP };

struct key_wait {
	uint64_t id, web_id; /* of the question to verify, of the one of web */
	enum key_act act;
	char session[27];
	struct auth_key key; /* KEY_ADD: only its name yet */
};

/* ---- what one has ---- */

static void
put_key(void *ctx, const struct auth_key *k)
{
	char added[36], used[36];

	time_format_rfc3339(added, k->added_at, 3);
	time_format_rfc3339(used, k->used_at, 3);
	json_array_append_new(ctx, json_pack("{s:s, s:s, s:s, s:s?, s:b}", "id", k->id, "name", k->name, "added_at", added, "used_at",
	                                     k->used_at != 0 ? used : NULL, "backed_up", k->backed_up));
}

static json_t *
factors_body(struct asking *q)
{
	struct auth_factors f;
	json_t *keys = json_array();

	auth_factors(q->dr->auth, q->who.user, &f);
	auth_keys(q->dr->auth, q->who.user, put_key, keys);
	return json_pack("{s:b, s:o, s:i}", "totp", f.totp, "keys", keys, "recovery_left", f.recovery);
}

static void
me_factors(struct asking *q)
{
	people_answer(q->dr, q->id, 200, factors_body(q));
}

/* ---- challenges ---- */

static void
put_credential(void *ctx, const struct auth_key *k)
{
	json_array_append_new(ctx, json_string(k->credential));
}

/* Half a session may bring its first factor, and nothing else. */
static bool
may_add(struct asking *q)
{
	if (q->session.step == AUTH_STEP_DONE || (q->session.step == AUTH_STEP_ENROL && !auth_factor_has(q->dr->auth, q->who.user)))
		return true;
	asking_no(q, 401, "unauthenticated", NULL, NULL);
	return false;
}

static json_t *
algorithms(void)
{
	return json_pack("[i, i, i]", -7, -8, -257); /* ES256, EdDSA, RS256; the first is what most keys speak */
}

static void
me_key_begin(struct asking *q)
{
	char challenge[AUTH_CHALLENGE], handle[64];
	json_t *known, *user;

	if (!may_add(q))
		return;
	if (auth_challenge_make(q->dr->auth, q->session.id, "create", desk_role_now(q->dr), challenge) != 0) {
		asking_no(q, 503, "unavailable", NULL, NULL);
		return;
	}
	known = json_array();
	auth_keys(q->dr->auth, q->who.user, put_credential, known);
	sodium_bin2base64(handle, sizeof handle, (const unsigned char *)q->who.user, strlen(q->who.user), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	user = json_pack("{s:s, s:s, s:s}", "id", handle, "name", json_string_value(json_object_get(q->user, "login")), "display_name", q->who.en);
	people_answer(q->dr, q->id, 200,
	              json_pack("{s:s, s:{s:s, s:s}, s:o, s:o, s:o, s:i}", "challenge", challenge, "rp", "id", q->dr->rp, "name", "Nezuban", "user", user,
	                        "algorithms", algorithms(), "exclude", known, "timeout_s", 300));
}

static void
session_key_begin(struct asking *q)
{
	char challenge[AUTH_CHALLENGE];
	json_t *known = json_array();

	auth_keys(q->dr->auth, q->who.user, put_credential, known);
	if (json_array_size(known) == 0) {
		json_decref(known);
		asking_no(q, 409, "state", NULL, "there is no key");
	} else if (auth_challenge_make(q->dr->auth, q->session.id, "get", desk_role_now(q->dr), challenge) != 0) {
		json_decref(known);
		asking_no(q, 503, "unavailable", NULL, NULL);
	} else {
		people_answer(q->dr, q->id, 200, json_pack("{s:s, s:s, s:o, s:i}", "challenge", challenge, "rp_id", q->dr->rp, "allow", known, "timeout_s", 300));
	}
}

/* ---- the question to verify ---- */

static void
send_wait(struct asking *q, const char *op, const char *challenge, enum key_act act, const struct auth_key *key)
{
	json_t *o = json_pack("{s:i, s:s, s:s, s:s, s:O, s:s, s:s, s:s, s:i, s:s}", "v", 1, "op", op, "challenge", challenge, "rp", q->dr->rp, "origins",
	                      q->dr->origins, "client_data", asking_arg(q, "client_data"), "authenticator_data", asking_arg(q, "authenticator_data"),
	                      "signature", asking_arg(q, "signature"), "alg", key->alg, "key", key->public);
	struct key_wait *w;
	char *text = json_dumps(o, JSON_COMPACT);

	json_decref(o);
	if (text == NULL || q->dr->verify == NULL || q->dr->waiting.n >= WAITING_MAX) {
		free(text);
		asking_no(q, 503, "unavailable", NULL, NULL);
		return;
	}
	w = x_calloc(1, sizeof *w);
	w->id = ++q->dr->last_key_ask;
	w->web_id = q->id;
	w->act = act;
	w->key = *key;
	memcpy(w->session, q->session.id, sizeof w->session);
	vec_push(&q->dr->waiting, w);
	chan_send(q->dr->verify, MSG_KEY_ASK, w->id, slice_str(text), -1);
	free(text);
}

static void
me_key_add(struct asking *q)
{
	struct auth_key k = { 0 };
	char challenge[AUTH_CHALLENGE] = "";
	const char *name = asking_arg(q, "name");

	if (!may_add(q))
		return;
	if (name[0] == '\0' || strlen(name) >= sizeof k.name) {
		asking_no(q, 422, "invalid", "name", "wanted 1 to 127 bytes");
		return;
	}
	if (!auth_challenge_take(q->dr->auth, q->session.id, "create", desk_role_now(q->dr), challenge)) {
		asking_no(q, 409, "state", NULL, "no challenge is open");
		return;
	}
	snprintf(k.name, sizeof k.name, "%s", name);
	send_wait(q, "create", challenge, q->session.step == AUTH_STEP_DONE ? KEY_ADD : KEY_ENROL, &k);
}

/* One counter for codes and keys: a guesser gains nothing by changing between them. */
static bool
may_try(struct asking *q)
{
	char key[64];

	snprintf(key, sizeof key, "code:%s", q->who.user);
	if (auth_try(q->dr->auth, key, TRIES_CODE, TRIES_WINDOW, desk_role_now(q->dr)))
		return true;
	auth_session_end(q->dr->auth, q->session.id);
	asking_no(q, 429, "limited", NULL, NULL);
	return false;
}

static void
was_right(struct asking *q)
{
	char key[64];

	snprintf(key, sizeof key, "code:%s", q->who.user);
	auth_try_forget(q->dr->auth, key);
}

static void
check_key(struct asking *q, enum key_act act)
{
	char challenge[AUTH_CHALLENGE] = "";
	struct auth_key k;

	if (!auth_challenge_take(q->dr->auth, q->session.id, "get", desk_role_now(q->dr), challenge))
		asking_no(q, 409, "state", NULL, "no challenge is open");
	else if (!auth_key_find(q->dr->auth, q->who.user, asking_arg(q, "credential"), &k))
		asking_no(q, 401, "unauthenticated", "credential", NULL);
	else
		send_wait(q, "get", challenge, act, &k);
}

static void
session_key(struct asking *q)
{
	if (q->session.step == AUTH_STEP_DONE)
		asking_no(q, 409, "state", NULL, NULL);
	else if (may_try(q))
		check_key(q, KEY_SIGN_IN);
}

/* ---- step-up ---- */

static void
proved(struct asking *q)
{
	was_right(q);
	auth_session_prove(q->dr->auth, q->session.id, desk_role_now(q->dr));
	asking_note(q->dr, &q->who, "proved");
	people_answer(q->dr, q->id, 200, asking_session_body(q, &q->session));
}

static void
session_step_up(struct asking *q)
{
	const char *code = asking_arg(q, "code");

	if (!may_try(q))
		return;
	if (code[0] == '\0')
		check_key(q, KEY_STEP_UP);
	else if (!auth_totp_check(q->dr->auth, q->who.user, code, desk_role_now(q->dr)))
		asking_no(q, 422, "invalid", "code", "it does not fit");
	else
		proved(q);
}

/* ---- verify's answers ---- */

static void
key_added(struct asking *q, struct key_wait *w, const json_t *said)
{
	const char *credential = json_string_value(json_object_get(said, "credential")), *public = json_string_value(json_object_get(said, "key"));
	char codes[AUTH_RECOVERY][16] = { "" };
	bool first = !auth_factor_has(q->dr->auth, q->who.user);
	json_t *body, *set;
	int r;

	if (credential == NULL || public == NULL || strlen(credential) >= sizeof w->key.credential || strlen(public) >= sizeof w->key.public) {
		asking_no(q, 422, "invalid", "authenticator_data", NULL);
		return;
	}
	snprintf(w->key.credential, sizeof w->key.credential, "%s", credential);
	snprintf(w->key.public, sizeof w->key.public, "%s", public);
	w->key.alg = (int)json_integer_value(json_object_get(said, "alg"));
	w->key.counter = json_integer_value(json_object_get(said, "counter"));
	w->key.backed_up = json_is_true(json_object_get(said, "backed_up"));
	r = auth_key_add(q->dr->auth, q->who.user, &w->key, desk_role_now(q->dr));
	if (r == 0 && first)
		r = auth_recovery_make(q->dr->auth, q->who.user, codes);
	if (r != 0) {
		asking_no(q, r == E_EXISTS || r == E_LIMIT ? 409 : 503, r == E_EXISTS || r == E_LIMIT ? "conflict" : "unavailable", NULL, err_text(r));
		return;
	}
	asking_note(q->dr, &q->who, "key_added");
	body = json_pack("{s:o, s:o}", "factors", factors_body(q), "recovery", first ? asking_codes(codes) : json_null());
	if (w->act == KEY_ENROL) {
		char token[33];

		auth_session_end(q->dr->auth, q->session.id);
		asking_note(q->dr, &q->who, "enrolled");
		if (auth_session_begin(q->dr->auth, q->who.user, AUTH_STEP_DONE, strcmp(q->who.role, "customer") == 0, q->address, q->agent, desk_role_now(q->dr), token,
		                       &q->session) == 0) {
			set = json_pack("{s:s, s:I}", "token", token, "max_age_s", (json_int_t)((q->session.expires_at - q->session.started_at) / NS_PER_S));
			json_object_set_new(body, "set_session", set);
		}
	}
	people_answer(q->dr, q->id, 200, body);
}

static void
tell_copied(struct asking *q, const struct auth_key *k)
{
	auto_free char *key = x_asprintf("%s/%s", q->who.user, k->id);
	auto_free char *ja = x_asprintf("セキュリティキーの使用回数が逆戻りしました。複製されたおそれがあります。利用者：%s、キー：%s", q->who.ja, k->name);
	auto_free char *en = x_asprintf("The counter of a security key went back: it may have been copied. Person: %s, key: %s", q->who.en, k->name);
	json_t *args = json_pack("{s:s, s:s, s:s, s:{s:s, s:s}}", "kind", "key_copied", "key", key, "level", "alarm", "text", "ja", ja, "en", en);
	struct desk_answer a = desk_apply(q->dr->desk, "alarm.raise", &desk_service, args, desk_role_now(q->dr));

	log_alert("desk.key_copied", kv_str("user", q->who.user), kv_str("key", k->id));
	asking_note(q->dr, &q->who, "key_copied");
	json_decref(a.body);
	json_decref(args);
}

static void
key_used(struct asking *q, struct key_wait *w, const json_t *said)
{
	int r = auth_key_used(q->dr->auth, w->key.id, json_integer_value(json_object_get(said, "counter")), desk_role_now(q->dr));
	struct auth_session old = q->session;

	if (r == E_REPLAY) {
		tell_copied(q, &w->key);
		asking_no(q, w->act == KEY_STEP_UP ? 422 : 401, w->act == KEY_STEP_UP ? "invalid" : "unauthenticated", "credential", NULL);
	} else if (r != 0) {
		asking_no(q, 503, "unavailable", NULL, NULL);
	} else if (w->act == KEY_STEP_UP) {
		proved(q);
	} else {
		was_right(q);
		auth_session_end(q->dr->auth, old.id);
		q->address = old.address;
		q->agent = old.agent;
		asking_note(q->dr, &q->who, "signed_in");
		asking_begin_session(q, AUTH_STEP_DONE);
	}
}

static void
finish(struct desk_role *dr, struct key_wait *w, const json_t *said)
{
	struct asking q = { .dr = dr, .id = w->web_id, .verb = "session.key" };
	bool adding = w->act == KEY_ADD || w->act == KEY_ENROL;

	/* while the answer was on its way the session may have ended, or gone a step */
	if (!asking_take_session(&q, auth_session_by_id(dr->auth, w->session, desk_role_now(dr), &q.session))) {
		asking_no(&q, 401, "unauthenticated", NULL, NULL);
	} else if (q.address = q.session.address, q.agent = q.session.agent, adding && !may_add(&q)) {
		;
	} else if (!json_is_true(json_object_get(said, "ok"))) {
		const char *fault = json_string_value(json_object_get(said, "fault"));

		log_warn("desk.key_refused", kv_str("user", q.who.user), kv_str("fault", fault != NULL ? fault : "?"));
		asking_no(&q, adding || w->act == KEY_STEP_UP ? 422 : 401, adding || w->act == KEY_STEP_UP ? "invalid" : "unauthenticated", "client_data", fault);
	} else if (adding) {
		key_added(&q, w, said);
	} else {
		key_used(&q, w, said);
	}
	json_decref(q.user);
}

void
people_key_said(struct desk_role *dr, uint64_t id, struct slice body)
{
	json_t *said = body.n <= 8 * WEBAUTHN_TEXT_MAX ? json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, NULL) : NULL;

	for (size_t i = 0; i < dr->waiting.n; i++) {
		struct key_wait *w = dr->waiting.v[i];

		if (w->id != id)
			continue;
		dr->waiting.v[i] = dr->waiting.v[--dr->waiting.n];
		finish(dr, w, said);
		free(w);
		break;
	}
	json_decref(said);
}

void
people_verify_lost(struct desk_role *dr)
{
	while (dr->waiting.n != 0) {
		struct key_wait *w = dr->waiting.v[--dr->waiting.n];
		struct asking q = { .dr = dr, .id = w->web_id };

		asking_no(&q, 503, "unavailable", NULL, NULL);
		free(w);
	}
}

/* ---- changes ---- */

static void
me_key_change(struct asking *q)
{
	const char *name = asking_arg(q, "name");

	if (name[0] == '\0' || strlen(name) >= sizeof((struct auth_key *)0)->name)
		asking_no(q, 422, "invalid", "name", "wanted 1 to 127 bytes");
	else if (auth_key_rename(q->dr->auth, q->who.user, asking_arg(q, "id"), name) != 0)
		asking_no(q, 404, "not_found", NULL, NULL);
	else
		me_factors(q);
}

static void
removed(struct asking *q, int r, const char *what)
{
	if (r == E_NOTFOUND) {
		asking_no(q, 404, "not_found", NULL, NULL);
	} else if (r == E_STATE) {
		asking_no(q, 409, "state", NULL, "it is the last second factor");
	} else if (r != 0) {
		asking_no(q, 503, "unavailable", NULL, NULL);
	} else {
		asking_note(q->dr, &q->who, what);
		me_factors(q);
	}
}

static void
me_key_remove(struct asking *q)
{
	removed(q, auth_key_remove(q->dr->auth, q->who.user, asking_arg(q, "id")), "key_removed");
}

static void
me_totp_remove(struct asking *q)
{
	removed(q, auth_totp_remove(q->dr->auth, q->who.user), "totp_removed");
}

static void
me_totp(struct asking *q)
{
	struct auth_totp t;

	if (auth_totp_make(q->dr->auth, q->who.user, true, desk_role_now(q->dr), &t) != 0)
		asking_no(q, 503, "unavailable", NULL, NULL);
	else
		people_answer(q->dr, q->id, 200, asking_totp_body(&t, json_string_value(json_object_get(q->user, "login"))));
	explicit_bzero(&t, sizeof t);
}

static void
me_totp_confirm(struct asking *q)
{
	if (!may_try(q))
		return;
	if (!auth_totp_confirm(q->dr->auth, q->who.user, asking_arg(q, "code"), desk_role_now(q->dr))) {
		asking_no(q, 422, "invalid", "code", "it does not fit");
		return;
	}
	was_right(q);
	asking_note(q->dr, &q->who, "totp");
	me_factors(q);
}

static void
me_recovery(struct asking *q)
{
	char codes[AUTH_RECOVERY][16];

	if (auth_recovery_make(q->dr->auth, q->who.user, codes) != 0) {
		asking_no(q, 503, "unavailable", NULL, NULL);
		return;
	}
	asking_note(q->dr, &q->who, "recovery");
	people_answer(q->dr, q->id, 200, json_pack("{s:o}", "recovery", asking_codes(codes)));
	explicit_bzero(codes, sizeof codes);
}

static const struct {
	const char *verb;
	void (*fn)(struct asking *q);
} verbs[] = {
	{ "session.key_begin", session_key_begin }, { "session.key", session_key },     { "session.step_up", session_step_up },
	{ "me.factors", me_factors },               { "me.key_begin", me_key_begin },   { "me.key_add", me_key_add },
	{ "me.key_change", me_key_change },         { "me.key_remove", me_key_remove }, { "me.totp", me_totp },
	{ "me.totp_confirm", me_totp_confirm },     { "me.totp_remove", me_totp_remove }, { "me.recovery", me_recovery },
};

bool
people_factor(struct asking *q)
{
	for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++)
		if (strcmp(verbs[i].verb, q->verb) == 0) {
			verbs[i].fn(q);
			return true;
		}
	return false;
}
