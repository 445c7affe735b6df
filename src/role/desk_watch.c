/* SPDX-License-Identifier: Apache-2.0
 *
 * Role desk and the service's own measuring: once a minute the store is asked what it finds of the canaries, whoever's do not
 * come back is told, and a synthetic person logs in as customers do.
 *
 * That person is an account that sees no tenant.  Its login is not guessable, so nobody can shut it out by wrong passwords; password and
 * second factor are made anew at every start and kept in this process alone.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "role/desk_role_priv.h"
#include "sys/pki.h"

#define EVERY (60 * NS_PER_S)
#define ASK_ID 1u

/* ---- the synthetic person ---- */

static void
probe_account(struct desk_role *dr)
{
	static const struct desk_actor who = { .user = "", .ja = "サービス", .en = "the service", .role = "admin" };
	auto_free char *id = db_text(dr->db, "SELECT id FROM users WHERE login LIKE 'canary-%' AND role = 'auditor' AND disabled = 0 ORDER BY login LIMIT 1");
	char token[27];
	struct desk_answer a;
	json_t *args;

	if (id == NULL) {
		pki_token(token);
		token[12] = '\0';
		auto_free char *login = x_asprintf("canary-%s", token);

		args = json_pack("{s:s, s:s, s:{s:s, s:s}, s:[s]}", "login", login, "role", "auditor", "name", "ja", "稼働監視", "en", "Canary", "tenants", "-");
		a = desk_do(dr->desk, "user.add", &who, args, desk_role_now(dr));
		if (a.status == 200)
			id = x_strdup(json_string_value(json_object_get(a.body, "id")));
		desk_role_check(dr, a.error);
		json_decref(a.body);
		json_decref(args);
	}
	if (id == NULL)
		return;
	snprintf(dr->probe.user, sizeof dr->probe.user, "%s", id);
	auto_free char *name = db_text(dr->db, "SELECT login FROM users WHERE id = ?", Q(id));

	snprintf(dr->probe.login, sizeof dr->probe.login, "%s", name != NULL ? name : "");
}

static void
probe_secrets(struct desk_role *dr)
{
	struct auth_totp t;
	char hash[128];

	pki_token(dr->probe.password);
	if (!auth_password_make(slice_str(dr->probe.password), hash) || auth_set_password(dr->auth, dr->probe.user, hash, desk_role_now(dr)) != 0 ||
	    auth_totp_make(dr->auth, dr->probe.user, false, desk_role_now(dr), &t) != 0) {
		dr->probe.user[0] = '\0';
		return;
	}
	snprintf(dr->probe.secret, sizeof dr->probe.secret, "%s", t.secret);
	explicit_bzero(&t, sizeof t);
}

static void
probe_send(struct desk_role *dr)
{
	char code[7], *text;
	json_t *o;

	if (dr->probe.user[0] == '\0') {
		probe_account(dr);
		if (dr->probe.user[0] != '\0')
			probe_secrets(dr);
	}
	if (dr->probe.user[0] == '\0' || dr->notify == NULL || auth_totp_code(dr->probe.secret, desk_role_now(dr), code) != 0)
		return;
	o = json_pack("{s:s, s:s, s:s}", "login", dr->probe.login, "password", dr->probe.password, "code", code);
	text = json_dumps(o, JSON_COMPACT);
	dr->probe.began_ns = desk_role_now(dr);
	if (text != NULL) {
		chan_send(dr->notify, MSG_PROBE, ++dr->probe.asked, slice_str(text), -1);
		explicit_bzero(text, strlen(text));
	}
	free(text);
	json_decref(o);
}

void
desk_role_probed(struct desk_role *dr, const struct msg *m)
{
	json_t *o = desk_role_load(m->body);
	const char *step = json_string_value(json_object_get(o, "step")), *fault = json_string_value(json_object_get(o, "fault"));

	if (m->id == dr->probe.asked && json_is_true(json_object_get(o, "ok"))) {
		desk_role_check(dr, desk_watch_login(dr->desk, dr->probe.began_ns, desk_role_now(dr)));
	} else {
		log_warn("desk.no_log_in", kv_str("step", step != NULL ? step : ""), kv_str("fault", fault != NULL ? fault : ""),
		         kv_i64("status", json_integer_value(json_object_get(o, "code"))));
		if (m->id == dr->probe.asked && fault != NULL)
			desk_role_check(dr, desk_watch_no_login(dr->desk, fault, dr->probe.began_ns, desk_role_now(dr)));
	}
	json_decref(o);
}

/* ---- canaries ---- */

static void
on_minute(void *ctx)
{
	static const char ask[] = "{\"verb\":\"canary.list\",\"actor\":{\"role\":\"admin\"},\"args\":{}}";
	struct desk_role *dr = ctx;

	if (dr->store != NULL)
		chan_send(dr->store, MSG_STORE_ASK, ASK_ID, slice_str(ask), -1);
	desk_role_check(dr, desk_watch_alarms(dr->desk, desk_role_now(dr)));
	desk_role_check(dr, desk_devices_due(dr->desk, desk_role_now(dr)));
	probe_send(dr);
}

void
desk_role_store_said(struct desk_role *dr, struct msg *m)
{
	json_t *o = desk_role_load(m->body), *items = json_object_get(json_object_get(o, "body"), "items");

	if (json_integer_value(json_object_get(o, "status")) == 200 && json_is_array(items))
		desk_role_check(dr, desk_watch_found(dr->desk, items, desk_role_now(dr)));
	else
		log_warn("desk.canaries", kv_i64("status", json_integer_value(json_object_get(o, "status"))));
	json_decref(o);
}

void
desk_role_watch(struct desk_role *dr)
{
	loop_timer(dr->env->loop, EVERY / 4, EVERY, on_minute, dr);
}
