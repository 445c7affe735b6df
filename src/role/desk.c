/* SPDX-License-Identifier: Apache-2.0
 *
 * Role desk: the one writer of business state.
 *
 *     engine ── DETECTIONS ─▶ candidates ── CHANGED ─▶ web ── ASK ─▶ commands and questions
 *     notify, call ◀─ JOB, JOB_CANCEL ── outbox        ingest ── ENROL, HEARTBEAT ─▶ ◀─ LCPS
 *
 * Four times a second due timers fire and due outbox rows are handed out; what has no answer after a minute
 * is handed out again, and everything after the other role was started anew.  Every five seconds the auditor
 * looks for what should have happened; its alarm goes to the log by itself, and then the usual way.
 *
 * A failed sync of the database ends the process with status 4: the parent starts it again from the file.
 * A full disk does not: commands are answered 503 until there is room, and what other roles told waits (desk_job.c).
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/log.h"
#include "base/map.h"
#include "base/must.h"
#include "codec/timefmt.h"
#include "codec/yaml.h"
#include "conf/conf.h"
#include "role/desk_role_priv.h"
#include "sys/fd.h"
#include "sys/pki.h"

#define TICK (250 * NS_PER_MS)
#define AUDIT_EVERY (5 * NS_PER_S)
#define JSON_MAX (8u << 20)

int64_t
desk_role_now(struct desk_role *dr)
{
	int error;
	int64_t now = desk_now(dr->desk, dr->env->clock, &error);

	desk_role_check(dr, error);
	return now;
}

void
desk_role_check(struct desk_role *dr, int error)
{
	(void)dr;
	if (error == E_IO || error == E_CORRUPT) {
		log_alert("desk.database", kv_err(error));
		_Exit(4);
	}
}

/* ---- timers ---- */

void
desk_role_send(struct desk_role *dr)
{
	auto_buf struct buf tenants = { 0 }, lcps = { 0 };

	if (dr->tenants_changed) {
		desk_tenants_json(dr->desk, &tenants);
		for (size_t i = 0; i < sizeof dr->engine / sizeof *dr->engine; i++)
			if (dr->engine[i] != NULL)
				chan_send(dr->engine[i], MSG_TENANTS, 0, buf_slice(&tenants), -1);
	}
	if (dr->lcps_changed && dr->ingest != NULL) {
		desk_lcps_json(dr->desk, &lcps);
		chan_send(dr->ingest, MSG_LCPS, 0, buf_slice(&lcps), -1);
	}
	dr->tenants_changed = dr->lcps_changed = false;
}

static void
on_tick(void *ctx)
{
	struct desk_role *dr = ctx;
	int error = 0;

	desk_tick(dr->desk, desk_role_now(dr), &error);
	desk_role_check(dr, error);
	desk_role_check(dr, db_missed(dr->db)); /* what could not be read looks like nothing due */
	desk_role_say_again(dr);
	desk_role_hand_out(dr);
	desk_store_ask(dr);
	desk_copy_ask(dr);
	desk_role_send(dr);
}

static void
on_audit(void *ctx)
{
	struct desk_role *dr = ctx;
	struct desk_overdue late[16];
	size_t n = desk_audit(dr->db, desk_role_now(dr), late, 16);

	for (size_t i = 0; i < n; i++) {
		json_t *args = desk_overdue_alarm(&late[i]);
		struct desk_answer a;

		log_alert("desk.overdue", kv_str("kind", late[i].kind), kv_str("id", late[i].id), kv_i64("due_ns", late[i].due_at));
		a = desk_apply(dr->desk, "alarm.raise", &desk_service, args, desk_role_now(dr));
		json_decref(a.body);
		json_decref(args);
	}
}

static void
on_sweep(void *ctx)
{
	struct desk_role *dr = ctx;

	auth_sweep(dr->auth, desk_role_now(dr));
	desk_once_sweep(dr->desk, desk_role_now(dr));
	map_fini(&dr->rates);
}

static void
on_change(void *ctx, const struct desk_change *ch)
{
	struct desk_role *dr = ctx;
	json_t *o;
	char *text;

	dr->tenants_changed |= strcmp(ch->noun, "tenant") == 0;
	dr->lcps_changed |= strcmp(ch->noun, "lcp") == 0;
	if (dr->web == NULL)
		return;
	o = json_pack("{s:I, s:s, s:s, s:s?, s:s?}", "seq", (json_int_t)ch->seq, "noun", ch->noun, "id", ch->id, "tenant",
	              ch->tenant != NULL && ch->tenant[0] != '\0' ? ch->tenant : NULL, "number", ch->number);
	text = json_dumps(o, JSON_COMPACT);
	if (text != NULL)
		chan_send(dr->web, MSG_CHANGED, 0, slice_str(text), -1);
	free(text);
	json_decref(o);
}

/* ---- engine ---- */

static void
epoch_text(const struct batch_key *k, char ret[33])
{
	snprintf(ret, 33, "%016llx%016llx", (unsigned long long)k->epoch[0], (unsigned long long)k->epoch[1]);
}

static void
on_detections(struct desk_role *dr, unsigned index, struct msg *m)
{
	struct batch_key key;
	char epoch[33];
	int r;

	if (m->body.n < sizeof key) {
		log_error("desk.detections_short", kv_u64("bytes", m->body.n));
		return;
	}
	memcpy(&key, m->body.p, sizeof key);
	if (!batch_key_is_good(&key) || key.seq > INT64_MAX) {
		log_error("desk.detections_name");
		return;
	}
	epoch_text(&key, epoch);
	r = desk_detections(dr->desk, &(struct desk_position){ key.tenant, key.lcp, epoch, (int64_t)key.seq },
	                    slice_sub(m->body, sizeof key, m->body.n), desk_role_now(dr));
	desk_role_check(dr, r);
	if (r != 0)
		log_error("desk.detections", kv_err(r), kv_str("lcp", key.lcp), kv_u64("seq", key.seq));
	else
		chan_send(dr->engine[index], MSG_DETECTED, m->id, slice_of(&key, sizeof key), -1);
}

static void
put_position(void *ctx, const struct desk_position *at)
{
	struct batch_key key = { .seq = (uint64_t)at->seq };
	char half[17] = "";

	snprintf(key.tenant, sizeof key.tenant, "%s", at->tenant);
	snprintf(key.lcp, sizeof key.lcp, "%s", at->lcp);
	memcpy(half, at->epoch, 16);
	key.epoch[0] = strtoull(half, NULL, 16);
	key.epoch[1] = strlen(at->epoch) == 32 ? strtoull(at->epoch + 16, NULL, 16) : 0;
	buf_put(ctx, &key, sizeof key);
}

/* An engine that runs with the last good rules and sources: somebody has to mend the files. */
static void
on_generation(struct desk_role *dr, const struct msg *m)
{
	json_t *o = desk_role_load(m->body), *args;
	const char *faults = json_string_value(json_object_get(o, "faults"));
	struct desk_answer a;

	if (json_is_true(json_object_get(o, "copy")) && faults != NULL && strlen(faults) < 2000) {
		auto_free char *ja = x_asprintf("検知規則またはログソースの定義に誤りがあり、直前の正しいものを使い続けています。%s", faults);
		auto_free char *en = x_asprintf("Rules or sources have faults; the last good ones go on working. %s", faults);

		args = json_pack("{s:s, s:s, s:s, s:{s:s, s:s}}", "kind", "generation", "key", "engine", "level", "alarm", "text", "ja", ja, "en", en);
		a = desk_apply(dr->desk, "alarm.raise", &desk_service, args, desk_role_now(dr));
		desk_role_check(dr, a.error);
		json_decref(a.body);
		json_decref(args);
	}
	json_decref(o);
}

static void
engine_msg(struct desk_role *dr, unsigned index, struct msg *m)
{
	auto_buf struct buf out = { 0 };

	if (dr->engine[index] == NULL)
		return;
	switch (m->type) {
	case MSG_DETECTIONS:
		on_detections(dr, index, m);
		break;
	case MSG_POSITIONS_ASK:
		desk_positions(dr->desk, put_position, &out);
		chan_send(dr->engine[index], MSG_POSITIONS, m->id, buf_slice(&out), -1);
		break;
	case MSG_GENERATION:
		on_generation(dr, m);
		break;
	case MSG_SNAPSHOT:
		desk_role_check(dr, desk_snapshot_put(dr->desk, m->body, desk_role_now(dr)));
		break;
	case MSG_SNAPSHOT_ASK:
		desk_snapshot_get(dr->desk, &out);
		chan_send(dr->engine[index], MSG_SNAPSHOT, m->id, buf_slice(&out), -1);
		break;
	default:
		break;
	}
}

json_t *
desk_role_load(struct slice s)
{
	json_t *o = s.n <= JSON_MAX ? json_loadb(s.p, s.n, JSON_REJECT_DUPLICATES, NULL) : NULL;

	if (json_is_object(o))
		return o;
	json_decref(o);
	return NULL;
}

/* For the mail that says it is out: the figures that were frozen, to be printed. */
static void
give_report(struct desk_role *dr, struct msg *m)
{
	json_t *o = desk_role_load(m->body);
	const char *id = json_string_value(json_object_get(o, "id"));
	auto_free char *data = id != NULL ? desk_report_frozen(dr->desk, id, json_integer_value(json_object_get(o, "revision"))) : NULL;

	if (dr->notify != NULL)
		chan_send(dr->notify, MSG_REPORT_DATA, m->id, data != NULL ? slice_str(data) : SL(""), -1);
	json_decref(o);
}

static void
desk_msg(struct role_env *env, enum role_id peer, unsigned index, struct msg *m)
{
	struct desk_role *dr = env->state;
	json_t *o;

	if (peer == ROLE_ENGINE && index < 64) {
		engine_msg(dr, index, m);
	} else if (peer == ROLE_WEB && m->type == MSG_ASK) {
		people_ask(dr, m->id, m->body);
	} else if (peer == ROLE_VERIFY && m->type == MSG_KEY_SAID) {
		people_key_said(dr, m->id, m->body);
	} else if (peer == ROLE_NOTIFY && m->type == MSG_PROBED) {
		desk_role_probed(dr, m);
	} else if (peer == ROLE_STORE && m->type == MSG_STORE_ANSWER && m->id < DESK_COPY_FIRST) {
		desk_role_store_said(dr, m);
	} else if (peer == ROLE_STORE && m->type == MSG_STORE_ANSWER && m->id < DESK_FLIGHT_FIRST) {
		desk_copy_answered(dr, m->id, m->body);
	} else if (peer == ROLE_INGEST) {
		desk_role_collector(dr, m);
	} else if ((peer == ROLE_NOTIFY || peer == ROLE_CALL) && (m->type == MSG_JOB_EVENT || m->type == MSG_JOB_DONE)) {
		if (!desk_role_job(dr, m->type == MSG_JOB_EVENT ? "job.event" : "job.done", m->body))
			log_error("desk.job_refused", kv_str("from", peer == ROLE_CALL ? "call" : "notify"));
		desk_role_hand_out(dr);
	} else if (peer == ROLE_NOTIFY && m->type == MSG_REPORT_ASK) {
		give_report(dr, m);
	} else if (peer == ROLE_NOTIFY && m->type == MSG_FILES_ASK) {
		desk_role_give_files(dr, m);
	} else if (peer == ROLE_STORE && m->type == MSG_STORE_ANSWER) {
		desk_store_answered(dr, m->id, m->body);
	} else if (peer == ROLE_MAIL && m->type == MSG_MAIL) {
		desk_role_mail(dr, m->id, m->body);
	} else if (peer == ROLE_ARCHIVE && m->type == MSG_MANIFEST && (o = desk_role_load(m->body)) != NULL) {
		desk_role_check(dr, desk_manifest(dr->desk, o, desk_role_now(dr)));
		json_decref(o);
	}
}

/* ---- the role's page ---- */

static struct chan **
slot_of(struct desk_role *dr, enum role_id peer, unsigned index)
{
	switch (peer) {
	case ROLE_INGEST:
		return &dr->ingest;
	case ROLE_ARCHIVE:
		return &dr->archive;
	case ROLE_STORE:
		return &dr->store;
	case ROLE_NOTIFY:
		return &dr->notify;
	case ROLE_CALL:
		return &dr->call;
	case ROLE_WEB:
		return &dr->web;
	case ROLE_INTEL:
		return &dr->intel;
	case ROLE_VERIFY:
		return &dr->verify;
	case ROLE_MAIL:
		return &dr->mail;
	case ROLE_ENGINE:
		return index < 64 ? &dr->engine[index] : NULL;
	default:
		return NULL;
	}
}

static void
desk_peer(struct role_env *env, enum role_id peer, unsigned index, struct chan *ch)
{
	struct desk_role *dr = env->state;
	struct chan **slot = slot_of(dr, peer, index);
	auto_buf struct buf out = { 0 };

	if (slot == NULL)
		return;
	*slot = ch;
	if (peer == ROLE_ENGINE) {
		desk_tenants_json(dr->desk, &out);
		chan_send(ch, MSG_TENANTS, 0, buf_slice(&out), -1);
	} else if (peer == ROLE_INGEST) {
		desk_lcps_json(dr->desk, &out);
		chan_send(ch, MSG_LCPS, 0, buf_slice(&out), -1);
	} else if (peer == ROLE_NOTIFY || peer == ROLE_CALL) {
		desk_role_forget_sent(dr);
	}
}

static void
desk_peer_lost(struct role_env *env, enum role_id peer, unsigned index)
{
	struct desk_role *dr = env->state;
	struct chan **slot = slot_of(dr, peer, index);

	if (slot != NULL)
		*slot = NULL;
	if (peer == ROLE_VERIFY)
		people_verify_lost(dr);
	if (peer == ROLE_STORE) {
		desk_store_lost(dr);
		desk_copy_lost(dr);
	}
}

/* "https://soc.example:8443/x" → origin "https://soc.example:8443", host "soc.example". */
static void
read_origin(struct desk_role *dr)
{
	const char *url = dr->settings.url, *rp = conf_str(dr->env->conf, "desk.rp_id"), *host = strstr(url, "://");
	const struct ynode *list = conf_tree(dr->env->conf, "desk.origins");
	size_t n = host != NULL ? strcspn(host + 3, "/?#") : 0;

	dr->origins = json_array();
	for (const struct ynode *o = list != NULL ? list->child : NULL; o != NULL; o = o->next)
		if (o->kind == Y_SCALAR)
			json_array_append_new(dr->origins, json_stringn(o->text.p, o->text.n));
	if (json_array_size(dr->origins) == 0 && host != NULL)
		json_array_append_new(dr->origins, json_stringn(url, (size_t)(host + 3 - url) + n));
	if (rp[0] == '\0' && host != NULL)
		snprintf(dr->rp, sizeof dr->rp, "%.*s", (int)strcspn(host + 3, ":/?#"), host + 3);
	else
		snprintf(dr->rp, sizeof dr->rp, "%s", rp);
	dr->step_up_ns = conf_int(dr->env->conf, "desk.step_up");
}

static void
read_settings(struct desk_role *dr)
{
	const struct ynode *list = conf_tree(dr->env->conf, "call.providers");
	const char *mail = conf_str(dr->env->conf, "desk.alarm_mail");
	size_t k = 0;

	for (const struct ynode *n = list != NULL ? list->child : NULL; n != NULL && k < 4; n = n->next) {
		const struct ynode *name = y_get(n, SL("name"));

		if (name != NULL && name->kind == Y_SCALAR)
			dr->settings.providers[k++] = name->text.p;
	}
	dr->settings.phone = conf_str(dr->env->conf, "desk.phone")[0] != '\0' ? conf_str(dr->env->conf, "desk.phone") : NULL;
	dr->settings.alarm_mail = mail[0] != '\0' ? mail : NULL;
	dr->settings.alarm_mail_next = conf_str(dr->env->conf, "desk.alarm_mail_next")[0] != '\0' ? conf_str(dr->env->conf, "desk.alarm_mail_next") : NULL;
	dr->settings.alarm_phone = conf_str(dr->env->conf, "desk.alarm_phone")[0] != '\0' ? conf_str(dr->env->conf, "desk.alarm_phone") : NULL;
	dr->settings.url = conf_str(dr->env->conf, "desk.url");
	dr->settings.silent_ns = conf_int(dr->env->conf, "desk.silent");
	dr->api_rate = conf_int(dr->env->conf, "desk.api_rate");
	dr->settings.maintenance_notice_ns = conf_int(dr->env->conf, "desk.maintenance_notice");
	dr->settings.device_wait_ns = conf_int(dr->env->conf, "desk.device_wait");
	dr->settings.canary_late_ns = conf_int(dr->env->conf, "desk.canary_late");
	read_origin(dr);
}

/* Before the jail. */
static void
read_boot(struct desk_role *dr)
{
	auto_buf struct buf b = { 0 };

	if (file_read("/proc/sys/kernel/random/boot_id", &b, sizeof dr->boot - 1) == 0)
		snprintf(dr->boot, sizeof dr->boot, SL_FMT, SL_ARG(slice_trim(buf_slice(&b))));
	dr->settings.boot = dr->boot;
}

static int
read_key(const char *path, struct pki_key **ret)
{
	auto_buf struct buf pem = { 0 };
	int r = file_read(path, &pem, 64u << 10);

	if (r == 0)
		r = pki_key_read(buf_slice(&pem), ret);
	if (pem.p != NULL)
		explicit_bzero(pem.p, pem.cap);
	return r;
}

static int
open_keys(struct desk_role *dr)
{
	const char *data = conf_str(dr->env->conf, "data");
	auto_free char *key = x_asprintf("%s/keys/ca.key", data), *crt = x_asprintf("%s/keys/ca.crt", data);
	auto_free char *sign = x_asprintf("%s/keys/sign.pub", data), *journal = x_asprintf("%s/keys/desk.key", data), *token = x_asprintf("%s/keys/token.key", data);
	int r = read_key(key, &dr->ca_key);

	if (r == 0)
		r = read_key(journal, &dr->journal_key);
	if (r == 0)
		r = file_read(crt, &dr->ca_crt, 64u << 10);
	if (r == 0)
		r = file_read(sign, &dr->receipt_key, 64u << 10);
	if (r == 0)
		r = file_read(token, &dr->token_key, 64);
	if (r != 0)
		log_error("desk.keys", kv_str("folder", data), kv_err(r));
	return r;
}

static int
open_databases(struct desk_role *dr)
{
	const struct conf *c = dr->env->conf;
	auto_free char *folder = x_asprintf("%s/desk", conf_str(c, "data"));
	auto_free char *desk_path = x_asprintf("%s/desk.db", folder), *auth_path = x_asprintf("%s/auth.db", folder);
	struct auth_settings as = { .idle_staff_ns = conf_int(c, "desk.idle"), .idle_customer_ns = conf_int(c, "desk.idle_customer") };
	int r = dir_make(folder, 0700);

	umask(077);
	if (r == 0)
		r = db_open(desk_path, &dr->db);
	if (r == 0)
		r = desk_open(dr->db, &dr->settings, &dr->desk);
	if (r == 0)
		r = db_open(auth_path, &dr->auth_db);
	if (r == 0)
		r = auth_open(dr->auth_db, &as, &dr->auth);
	if (r != 0)
		log_error("desk.open", kv_str("folder", folder), kv_err(r));
	return r;
}

static int
desk_role_open(struct role_env *env)
{
	struct desk_role *dr = x_calloc(1, sizeof *dr);
	int r;

	env->state = dr;
	dr->env = env;
	zone_preload();
	read_settings(dr);
	read_boot(dr);
	if ((r = open_databases(dr)) != 0 || (r = open_keys(dr)) != 0)
		return r;
	dr->sources = desk_sources_read(conf_str(dr->env->conf, "sources.folder"));
	dr->rules = desk_rules_read(conf_str(dr->env->conf, "rules.folder"), conf_str(dr->env->conf, "rules.more"));
	desk_on_change(dr->desk, on_change, dr);
	dr->pool = auth_pool_new(env->loop, 2, 32);
	return 0;
}

static void
desk_go(struct role_env *env)
{
	loop_timer(env->loop, 0, TICK, on_tick, env->state);
	loop_timer(env->loop, AUDIT_EVERY, AUDIT_EVERY, on_audit, env->state);
	desk_role_watch(env->state);
	loop_timer(env->loop, 60 * NS_PER_S, 600 * NS_PER_S, on_sweep, env->state);
}

const struct role role_desk = {
	.id = ROLE_DESK,
	.open = desk_role_open,
	.on_peer = desk_peer,
	.on_peer_lost = desk_peer_lost,
	.on_msg = desk_msg,
	.on_go = desk_go,
};
