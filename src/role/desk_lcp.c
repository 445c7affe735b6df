/* SPDX-License-Identifier: Apache-2.0
 *
 * Role desk and the collectors: who enrols, who renews, how they are.  The CA's key is used here and nowhere else.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "conf/conf.h"
#include "base/must.h"
#include "role/desk_role_priv.h"
#include "role/lcp_told.h"
#include "sys/pki.h"

static const char *
text_of(const json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

struct signing {
	char print[65], serial[33];
	int64_t to_ns;
	struct buf cert;
};

/* A certificate for the key of this request; its names are the desk's word. A little is dated back: collectors' clocks differ. */
static int
sign(struct desk_role *dr, const char *csr, const char *tenant, const char *lcp, int64_t now, struct signing *ret)
{
	int64_t life = conf_int(dr->env->conf, "desk.certificate_life"), back = life / 10 < 3600 * NS_PER_S ? life / 10 : 3600 * NS_PER_S;
	uint8_t print[32];

	ret->to_ns = now + life;
	if (dr->ca_key == NULL || pki_csr_fingerprint(slice_str(csr), print) != 0)
		return E_SYNTAX;
	pki_hex(print, sizeof print, ret->print);
	pki_serial(ret->serial);
	return pki_csr_sign(slice_str(csr), buf_slice(&dr->ca_crt), dr->ca_key,
	                    &(struct pki_ask){ .org = tenant, .cn = lcp, .serial = ret->serial, .from_ns = now - back, .to_ns = ret->to_ns, .use = PKI_CLIENT },
	                    &ret->cert);
}

static json_t *
signed_answer(struct desk_role *dr, struct signing *s, const char *tenant, const char *lcp)
{
	auto_buf struct buf own = { 0 };

	if (dr->journal_key != NULL)
		pki_key_write_public(dr->journal_key, &own);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s*}", "cert", buf_cstr(&s->cert), "ca", buf_cstr(&dr->ca_crt), "tenant", tenant, "lcp", lcp, "receipt_key",
	                 buf_cstr(&dr->receipt_key), "config_key", own.n != 0 ? buf_cstr(&own) : NULL);
}

/* Signs first, then uses the token up and notes the serial in one transaction: a crash between leaves a
 * certificate that nobody accepts and a token that still works. */
static json_t *
enrol(struct desk_role *dr, const json_t *ask)
{
	const char *token = text_of(ask, "token"), *csr = text_of(ask, "csr");
	int64_t now = desk_role_now(dr);
	struct signing s = { 0 };
	struct desk_enrol e;
	json_t *o = NULL;

	if (token != NULL && csr != NULL && desk_token(dr->desk, slice_str(token), now, &e) == 0 && sign(dr, csr, e.tenant, e.lcp, now, &s) == 0 &&
	    desk_enrol(dr->desk, slice_str(token), s.print, s.serial, s.to_ns, now, &e) == 0)
		o = signed_answer(dr, &s, e.tenant, e.lcp);
	buf_fini(&s.cert);
	return o != NULL ? o : json_pack("{s:s}", "error", "denied");
}

/* Names and serial are those of the certificate that asks. Signed first, as above. */
static json_t *
renew(struct desk_role *dr, const json_t *ask)
{
	const char *tenant = text_of(ask, "tenant"), *lcp = text_of(ask, "lcp"), *serial = text_of(ask, "serial"), *csr = text_of(ask, "csr");
	int64_t now = desk_role_now(dr);
	struct signing s = { 0 };
	json_t *o = NULL;
	int r = E_DENIED;

	if (tenant != NULL && lcp != NULL && serial != NULL && csr != NULL && (r = sign(dr, csr, tenant, lcp, now, &s)) == 0 &&
	    (r = desk_renew(dr->desk, tenant, lcp, serial, s.print, s.serial, s.to_ns, now)) == 0)
		o = signed_answer(dr, &s, tenant, lcp);
	desk_role_check(dr, r);
	if (o != NULL)
		log_info("desk.renewed", kv_str("tenant", tenant), kv_str("lcp", lcp));
	buf_fini(&s.cert);
	return o != NULL ? o : json_pack("{s:s}", "error", r == E_AGAIN || r == E_FULL ? "later" : "denied");
}

static void
answer(struct desk_role *dr, struct msg *m, json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT);

	/* ingest has to know the certificate before the collector uses it */
	desk_role_send(dr);
	if (text != NULL && dr->ingest != NULL)
		chan_send(dr->ingest, MSG_ENROLLED, m->id, slice_str(text), -1);
	free(text);
	json_decref(o);
}

/* The desk's key signs journal heads as well: the text begins with what it is, so that neither passes for the other. */
static json_t *
config_of(struct desk_role *dr, const char *tenant, const char *lcp)
{
	json_t *o = tenant != NULL && lcp != NULL && dr->journal_key != NULL ? desk_lcp_config(dr->desk, tenant, lcp, desk_role_now(dr)) : NULL, *ret;
	auto_buf struct buf bytes = { 0 }, sig64 = { 0 };
	uint8_t sig[PKI_SIG_LEN];
	char *text, id[17];

	if (o == NULL)
		return json_pack("{s:s}", "error", "denied");
	text = json_dumps(o, JSON_COMPACT);
	must(text != NULL);
	buf_put_str(&bytes, LCP_TOLD_PREFIX);
	buf_put_str(&bytes, text);
	pki_sign(dr->journal_key, buf_slice(&bytes), sig);
	pki_base64(slice_of(sig, sizeof sig), &sig64);
	pki_key_id(dr->journal_key, id);
	ret = json_pack("{s:O, s:{s:i, s:s, s:s, s:s}}", "version", json_object_get(o, "version"), "body", "v", 1, "config", text, "key", id, "sig", buf_cstr(&sig64));
	free(text);
	json_decref(o);
	return ret;
}

static void
tell_config(struct desk_role *dr, struct msg *m, const json_t *ask)
{
	json_t *o = config_of(dr, text_of(ask, "tenant"), text_of(ask, "lcp"));
	char *text = json_dumps(o, JSON_COMPACT);

	if (text != NULL && dr->ingest != NULL)
		chan_send(dr->ingest, MSG_CONFIG, m->id, slice_str(text), -1);
	free(text);
	json_decref(o);
}

static void
on_heartbeat(struct desk_role *dr, const json_t *o)
{
	const char *tenant = text_of(o, "tenant"), *lcp = text_of(o, "lcp"), *serial = text_of(o, "serial");
	int r;

	if (tenant == NULL || lcp == NULL) {
		log_error("desk.heartbeat");
		return;
	}
	desk_role_check(dr, desk_heartbeat(dr->desk, tenant, lcp, o, desk_role_now(dr)));
	desk_role_check(dr, desk_devices_seen(dr->desk, tenant, lcp, desk_role_now(dr)));
	r = serial != NULL ? desk_lcp_seen(dr->desk, tenant, lcp, serial, desk_role_now(dr)) : 0;
	desk_role_check(dr, r);
}

void
desk_role_collector(struct desk_role *dr, struct msg *m)
{
	json_t *ask = desk_role_load(m->body);

	if (m->type == MSG_ENROL)
		answer(dr, m, enrol(dr, ask));
	else if (m->type == MSG_RENEW)
		answer(dr, m, renew(dr, ask));
	else if (m->type == MSG_CONFIG_ASK)
		tell_config(dr, m, ask);
	else if (m->type == MSG_HEARTBEAT)
		on_heartbeat(dr, ask);
	json_decref(ask);
}
