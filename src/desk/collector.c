/* SPDX-License-Identifier: Apache-2.0
 *
 * Collectors' right to talk to us: one-time tokens, certificates, their renewal, revocation.
 *
 *     lcp.enroll (a person) ─▶ token ─▶ lcp.enrol ─▶ certificate ─▶ lcp.used ─▶ lcp.renew ─▶ a second one ─▶ lcp.used ─▶ a day later
 *     the first one ends
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "desk/work_priv.h"

#define TOKEN_LIFE (900 * NS_PER_S)
#define OLD_LIFE NS_PER_DAY          /* of a certificate beside the one that follows it */
#define RENEW_LEAST (600 * NS_PER_S) /* between two certificates of one collector */
#define WARN_DAYS 14

static void
token_hash(const char *token, char ret[65])
{
	uint8_t h[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(h, (const unsigned char *)token, strlen(token));
	sodium_bin2hex(ret, 65, h, sizeof h);
}

static bool
lcp_name_is_good(const char *s)
{
	return s[0] != '\0' && strlen(s) <= 31 && strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(s);
}

/* The token is made by the caller at random (it must not stand in the journal); here comes its hash. */
void
cmd_lcp_enroll(struct cmd *c)
{
	const char *tenant = arg_need(c, "tenant", 31), *lcp = arg_need(c, "lcp", 31), *hash = arg_need(c, "token_hash", 64);

	if (cmd_failed(c))
		return;
	if (!lcp_name_is_good(lcp)) {
		cmd_refuse(c, 422, "invalid", "lcp", "wanted 1 to 31 of a-z 0-9 -");
		return;
	}
	if (!desk_sees(c->who, tenant) || db_int(c->db, 0, "SELECT 1 FROM tenants WHERE id = ?", Q(tenant)) == 0) {
		cmd_refuse(c, 404, "not_found", "tenant", "%s", "");
		return;
	}
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant != NULL ? tenant : "");
	db_run(c->db, "INSERT INTO lcps(tenant, lcp) VALUES(?, ?) ON CONFLICT DO NOTHING", Q(tenant), Q(lcp));
	/* one living token a collector */
	db_run(c->db, "DELETE FROM tokens WHERE tenant = ? AND lcp = ? AND used_at IS NULL", Q(tenant), Q(lcp));
	db_run(c->db, "INSERT INTO tokens(hash, tenant, lcp, created_at, expires_at) VALUES(?, ?, ?, ?, ?)", Q(hash), Q(tenant), Q(lcp), Q(c->now),
	       Q(c->now + TOKEN_LIFE));
	c->body = json_pack("{s:s, s:s, s:o}", "tenant", tenant, "lcp", lcp, "expires_at", time_json(c->now + TOKEN_LIFE));
	cmd_changed(c, "lcp", lcp, tenant, NULL);
}

/* ---- certificates ---- */

/* Told when so much of a certificate's life is left: its renewal begins at a third, so by then it has failed for long. */
static int64_t
warn_before(int64_t life)
{
	return life / 6 < WARN_DAYS * NS_PER_DAY ? life / 6 : WARN_DAYS * NS_PER_DAY;
}

static void
certificate_put(struct cmd *c, const char *lcp, const char *serial, const char *fingerprint, int64_t expires)
{
	db_run(c->db, "INSERT INTO lcp_certs(serial, tenant, lcp, fingerprint, made_at, expires_at) VALUES(?, ?, ?, ?, ?, ?)", Q(serial), Q(c->tenant), Q(lcp),
	       Q(fingerprint), Q(c->now), Q(expires));
}

/* The one that the collector uses: what the lists show, and when somebody must be told that it is about to end. */
static void
certificate_in_use(struct cmd *c, const char *lcp, const char *serial)
{
	auto_free char *ref = x_asprintf("%s/%s", c->tenant, lcp);
	int64_t made = db_int(c->db, 0, "SELECT made_at FROM lcp_certs WHERE serial = ?", Q(serial));
	int64_t expires = db_int(c->db, 0, "SELECT expires_at FROM lcp_certs WHERE serial = ?", Q(serial));

	db_run(c->db, "UPDATE lcps SET serial = ?, fingerprint = (SELECT fingerprint FROM lcp_certs WHERE serial = ?), expires_at = ? WHERE tenant = ? AND lcp = ?",
	       Q(serial), Q(serial), Q(expires), Q(c->tenant), Q(lcp));
	timer_drop(c, ref);
	if (expires > c->now)
		timer_set(c, "lcp.expiring", ref, expires - warn_before(expires - made), 0);
}

/* Single use: the same transaction marks the token and stores the fingerprint of the request. Whatever it had before ends. */
void
cmd_lcp_enrol(struct cmd *c)
{
	const char *hash = arg_need(c, "token_hash", 64), *csr = arg_need(c, "csr", 64), *serial = arg_need(c, "serial", 64);
	struct rows r = db_query(c->db, "SELECT tenant, lcp FROM tokens WHERE hash = ? AND used_at IS NULL AND expires_at > ?", Q(hash), Q(c->now));
	auto_free char *lcp = NULL;

	if (!rows_next(&r)) {
		cmd_refuse(c, 403, "forbidden", NULL, "%s", "");
		return;
	}
	snprintf(c->tenant, sizeof c->tenant, "%s", row_str(&r, 0));
	lcp = x_strdup(row_str(&r, 1));
	rows_close(&r);
	db_run(c->db, "UPDATE tokens SET used_at = ?, fingerprint = ? WHERE hash = ? AND used_at IS NULL", Q(c->now), Q(csr), Q(hash));
	db_run(c->db, "DELETE FROM lcp_certs WHERE tenant = ? AND lcp = ?", Q(c->tenant), Q(lcp));
	certificate_put(c, lcp, serial, csr, arg_int(c, "expires_at", 0));
	db_run(c->db, "UPDATE lcps SET enrolled_at = ?, revoked_at = NULL, renewed_at = NULL WHERE tenant = ? AND lcp = ?", Q(c->now), Q(c->tenant), Q(lcp));
	certificate_in_use(c, lcp, serial);
	c->body = json_pack("{s:s, s:s}", "tenant", c->tenant, "lcp", lcp);
	cmd_changed(c, "lcp", lcp, c->tenant, NULL);
}

/* May the holder of `serial` speak for this collector now? */
static bool
certificate_is_good(struct cmd *c, const char *lcp, const char *serial)
{
	return db_int(c->db, 0, "SELECT 1 FROM lcp_certs x JOIN lcps l ON l.tenant = x.tenant AND l.lcp = x.lcp WHERE x.serial = ? AND x.tenant = ? AND x.lcp = ?"
	                        " AND l.revoked_at IS NULL AND x.expires_at > ?", Q(serial), Q(c->tenant), Q(lcp), Q(c->now)) == 1;
}

/* A second certificate beside the one that asks: both are good until the new one was used and a day more. An answer that was lost
 * on its way is asked for again, so one that was never used goes when the next is made. */
void
cmd_lcp_renew(struct cmd *c)
{
	const char *tenant = arg_need(c, "tenant", 31), *lcp = arg_need(c, "lcp", 31), *old = arg_need(c, "serial", 64);
	const char *fresh = arg_need(c, "fresh", 64), *csr = arg_need(c, "csr", 64);
	int64_t expires = arg_int(c, "expires_at", 0), least = (expires - c->now) / 30, last;

	if (cmd_failed(c))
		return;
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
	if (!certificate_is_good(c, lcp, old)) {
		cmd_refuse(c, 403, "forbidden", NULL, "%s", "");
		return;
	}
	last = db_int(c->db, 0, "SELECT max(made_at) FROM lcp_certs WHERE tenant = ? AND lcp = ?", Q(tenant), Q(lcp));
	if (c->now - last < (least < RENEW_LEAST ? least : RENEW_LEAST)) {
		cmd_refuse(c, 429, "limited", NULL, "%s", "");
		return;
	}
	db_run(c->db, "UPDATE lcp_certs SET used_at = coalesce(used_at, ?) WHERE serial = ?", Q(c->now), Q(old));
	db_run(c->db, "DELETE FROM lcp_certs WHERE tenant = ? AND lcp = ? AND used_at IS NULL", Q(tenant), Q(lcp));
	certificate_put(c, lcp, fresh, csr, expires);
	c->body = json_pack("{s:s, s:s}", "tenant", tenant, "lcp", lcp);
	cmd_changed(c, "lcp", lcp, tenant, NULL);
}

/* The first time that a certificate is used: those before it end a day later. */
void
cmd_lcp_used(struct cmd *c)
{
	const char *tenant = arg_need(c, "tenant", 31), *lcp = arg_need(c, "lcp", 31), *serial = arg_need(c, "serial", 64);
	struct rows r;
	VEC(char *) old = { 0 };

	if (cmd_failed(c))
		return;
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
	if (!certificate_is_good(c, lcp, serial)) {
		cmd_refuse(c, 409, "state", NULL, "%s", "");
		return;
	}
	db_run(c->db, "UPDATE lcp_certs SET used_at = ? WHERE serial = ?", Q(c->now), Q(serial));
	r = db_query(c->db, "SELECT serial FROM lcp_certs WHERE tenant = ? AND lcp = ? AND serial <> ? AND ends_at IS NULL ORDER BY serial", Q(tenant), Q(lcp), Q(serial));
	while (rows_next(&r))
		vec_push(&old, x_strdup(row_str(&r, 0)));
	for (size_t i = 0; i < old.n; i++) {
		db_run(c->db, "UPDATE lcp_certs SET ends_at = ? WHERE serial = ?", Q(c->now + OLD_LIFE), Q(old.v[i]));
		timer_set(c, "lcp.old_ends", old.v[i], c->now + OLD_LIFE, 0);
		free(old.v[i]);
	}
	if (old.n != 0)
		db_run(c->db, "UPDATE lcps SET renewed_at = ? WHERE tenant = ? AND lcp = ?", Q(c->now), Q(tenant), Q(lcp));
	vec_fini(&old);
	certificate_in_use(c, lcp, serial);
	c->body = json_object();
	cmd_changed(c, "lcp", lcp, tenant, NULL);
}

void
lcp_old_ends(struct cmd *c, const char *serial)
{
	struct rows r = db_query(c->db, "SELECT tenant, lcp FROM lcp_certs WHERE serial = ?", Q(serial));

	if (!rows_next(&r))
		return;
	snprintf(c->tenant, sizeof c->tenant, "%s", row_str(&r, 0));
	cmd_changed(c, "lcp", row_str(&r, 1), row_str(&r, 0), NULL);
	rows_close(&r);
	db_run(c->db, "DELETE FROM lcp_certs WHERE serial = ?", Q(serial));
}

void
lcp_expiring(struct cmd *c, const char *ref)
{
	struct rows r = db_query(c->db, "SELECT tenant, lcp, expires_at FROM lcps WHERE tenant || '/' || lcp = ? AND revoked_at IS NULL", Q(ref));
	char day[36];

	if (!rows_next(&r))
		return;
	time_text(row_int(&r, 2), day);
	auto_free char *ja = x_asprintf("収集装置 %s の証明書が更新されないまま %.16s (UTC) に切れます。", row_str(&r, 1), day);
	auto_free char *en = x_asprintf("The certificate of collector %s ends at %.16s (UTC) and was not renewed.", row_str(&r, 1), day);

	snprintf(c->tenant, sizeof c->tenant, "%s", row_str(&r, 0));
	rows_close(&r);
	alarm_raise(c, "certificate", ref, "alarm", c->tenant, NULL, ja, en);
}

int64_t
lcps_expiring(struct db *db, int64_t now)
{
	struct rows r = db_query(db, "SELECT x.expires_at, x.made_at FROM lcps l JOIN lcp_certs x ON x.serial = l.serial WHERE l.revoked_at IS NULL");
	int64_t n = 0;

	while (rows_next(&r))
		n += row_int(&r, 0) - now < warn_before(row_int(&r, 0) - row_int(&r, 1));
	return n;
}

/* ---- for the role ---- */

static int
lcp_apply(struct desk *d, const char *command, json_t *args, int64_t now)
{
	struct desk_answer a = desk_apply(d, command, &desk_service, args, now);

	json_decref(a.body);
	json_decref(args);
	return a.status == 200 || a.status == 204 ? 0 : a.error != 0 ? a.error : a.status == 429 ? E_AGAIN : E_DENIED;
}

int
desk_renew(struct desk *d, const char *tenant, const char *lcp, const char *serial, const char *csr, const char *fresh, int64_t expires_at, int64_t now)
{
	return lcp_apply(d, "lcp.renew", json_pack("{s:s, s:s, s:s, s:s, s:s, s:I}", "tenant", tenant, "lcp", lcp, "serial", serial, "csr", csr, "fresh", fresh,
	                                           "expires_at", (json_int_t)expires_at), now);
}

int
desk_lcp_seen(struct desk *d, const char *tenant, const char *lcp, const char *serial, int64_t now)
{
	if (db_int(d->db, 0, "SELECT 1 FROM lcp_certs WHERE serial = ? AND tenant = ? AND lcp = ? AND used_at IS NULL", Q(serial), Q(tenant), Q(lcp)) == 0)
		return 0;
	return lcp_apply(d, "lcp.used", json_pack("{s:s, s:s, s:s}", "tenant", tenant, "lcp", lcp, "serial", serial), now);
}

int
desk_enrol(struct desk *d, struct slice token, const char *csr, const char *serial, int64_t expires_at, int64_t now, struct desk_enrol *ret)
{
	auto_free char *text = x_asprintf(SL_FMT, SL_ARG(token));
	char hash[65];
	struct desk_answer a;
	json_t *args;

	token_hash(text, hash);
	args = json_pack("{s:s, s:s, s:s, s:I}", "token_hash", hash, "csr", csr, "serial", serial, "expires_at", (json_int_t)expires_at);
	a = desk_apply(d, "lcp.enrol", &desk_service, args, now);
	json_decref(args);
	if (a.status == 200) {
		snprintf(ret->tenant, sizeof ret->tenant, "%s", json_string_value(json_object_get(a.body, "tenant")));
		snprintf(ret->lcp, sizeof ret->lcp, "%s", json_string_value(json_object_get(a.body, "lcp")));
	}
	json_decref(a.body);
	return a.status == 200 ? 0 : a.error != 0 ? a.error : E_DENIED;
}

int
desk_token(struct desk *d, struct slice token, int64_t now, struct desk_enrol *ret)
{
	auto_free char *text = x_asprintf(SL_FMT, SL_ARG(token));
	struct rows r;
	char hash[65];

	token_hash(text, hash);
	r = db_query(d->db, "SELECT tenant, lcp FROM tokens WHERE hash = ? AND used_at IS NULL AND expires_at > ?", Q(hash), Q(now));
	if (!rows_next(&r))
		return E_DENIED;
	snprintf(ret->tenant, sizeof ret->tenant, "%s", row_str(&r, 0));
	snprintf(ret->lcp, sizeof ret->lcp, "%s", row_str(&r, 1));
	rows_close(&r);
	return 0;
}

void
desk_token_make(char ret_token[27], char ret_hash[65])
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t b[26];

	randombytes_buf(b, sizeof b);
	for (int i = 0; i < 26; i++)
		ret_token[i] = letters[b[i] & 31];
	ret_token[26] = '\0';
	token_hash(ret_token, ret_hash);
}

void
cmd_lcp_revoke(struct cmd *c)
{
	const char *tenant = arg_need(c, "tenant", 31), *lcp = arg_need(c, "lcp", 31);

	if (cmd_failed(c))
		return;
	if (!desk_sees(c->who, tenant) || db_int(c->db, 0, "SELECT 1 FROM lcps WHERE tenant = ? AND lcp = ?", Q(tenant), Q(lcp)) == 0) {
		cmd_refuse(c, 404, "not_found", NULL, "%s", "");
		return;
	}
	snprintf(c->tenant, sizeof c->tenant, "%s", tenant);
	db_run(c->db, "UPDATE lcps SET revoked_at = coalesce(revoked_at, ?) WHERE tenant = ? AND lcp = ?", Q(c->now), Q(tenant), Q(lcp));
	db_run(c->db, "DELETE FROM tokens WHERE tenant = ? AND lcp = ? AND used_at IS NULL", Q(tenant), Q(lcp));
	auto_free char *ref = x_asprintf("%s/%s", tenant, lcp);

	timer_drop(c, ref);
	cmd_changed(c, "lcp", lcp, tenant, NULL);
}

void
desk_lcps_json(struct desk *d, struct buf *out)
{
	/* the newest last: ingest keeps the last few */
	struct rows r = db_query(d->db, "SELECT l.tenant, l.lcp, x.serial, l.revoked_at IS NOT NULL, l.config FROM lcps l JOIN lcp_certs x ON x.tenant = l.tenant AND"
	                                " x.lcp = l.lcp ORDER BY l.tenant, l.lcp, x.made_at, x.serial");
	json_t *list = json_array(), *last = NULL, *o;
	char *text;

	while (rows_next(&r)) {
		if (last == NULL || strcmp(json_string_value(json_object_get(last, "tenant")), row_str(&r, 0)) != 0 ||
		    strcmp(json_string_value(json_object_get(last, "lcp")), row_str(&r, 1)) != 0) {
			last = json_pack("{s:s, s:s, s:[], s:b, s:I}", "tenant", row_str(&r, 0), "lcp", row_str(&r, 1), "serials", "revoked", (int)row_int(&r, 3), "config",
			                 (json_int_t)row_int(&r, 4));
			json_array_append_new(list, last);
		}
		json_array_append_new(json_object_get(last, "serials"), json_string(row_str(&r, 2)));
	}
	o = json_pack("{s:i, s:o}", "v", 1, "lcps", list);
	text = json_text(o);
	buf_put_str(out, text);
	free(text);
	json_decref(o);
}
