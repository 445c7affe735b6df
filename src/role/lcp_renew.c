/* SPDX-License-Identifier: Apache-2.0
 *
 * The collector's certificate is renewed by itself: from two thirds of its life on, a request for the same key goes out
 * with the certificate of now, until the SOC has answered with a new one; back-off in between.  The key stays, so the
 * change is one file renamed.  Time is the SOC's where it is known: a wrong clock here must not renew early or late.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/log.h"
#include "base/must.h"
#include "codec/jsonw.h"
#include "role/lcp_uplink_priv.h"
#include "sys/fd.h"

#define LOOK_EVERY NS_PER_S

static int64_t
between(int64_t v, int64_t least, int64_t most)
{
	return v < least ? least : v > most ? most : v;
}

int64_t
renew_due_ns(int64_t from_ns, int64_t to_ns)
{
	return to_ns - (to_ns - from_ns) / 3;
}

int64_t
renew_wait_ns(unsigned tries, int64_t life_ns, uint32_t random)
{
	int64_t first = between(life_ns / 2000, NS_PER_S, 60 * NS_PER_S), most = between(life_ns / 360, 2 * NS_PER_S, 6 * 3600 * NS_PER_S), ns = first;

	for (unsigned i = 1; i < tries && ns < most; i++)
		ns *= 2;
	ns = ns < most ? ns : most;
	return ns / 2 + (int64_t)((uint64_t)ns / 2 * (random >> 8) >> 24);
}

/* What time is it for the SOC? */
static int64_t
soc_now(const struct uplink *u)
{
	return clock_now(clock_real()) - (u->offset_known ? u->clock_offset_ns : 0);
}

static void
read_own(struct renewal *r, struct slice cert)
{
	struct pki_cert c;

	if (pki_cert_read(cert, &c) != 0)
		return;
	r->from_ns = c.from_ns;
	r->to_ns = c.to_ns;
	snprintf(r->serial, sizeof r->serial, "%s", c.serial);
}

static void
failed(struct uplink *u, const char *why)
{
	struct renewal *r = &u->renewal;
	uint32_t random;

	must(getrandom(&random, sizeof random, 0) == sizeof random);
	r->tries++;
	r->next_mono_ns = loop_mono_ns() + renew_wait_ns(r->tries, r->to_ns - r->from_ns, random);
	if (strcmp(r->why, why) != 0)
		log_warn("uplink.not_renewed", kv_str("why", why), kv_u64("tries", r->tries));
	snprintf(r->why, sizeof r->why, "%s", why);
}

/* NULL when the certificate can take the place of ours. */
static const char *
fault_of(struct uplink *u, const struct lcp_enrolled *a)
{
	struct pki_key *k = NULL;
	struct pki_cert own, c;
	const char *why = NULL;
	bool ours;

	if (pki_cert_verify(slice_str(a->cert), buf_slice(&u->ca), PKI_CLIENT, soc_now(u), &why) != 0)
		return why != NULL ? why : "it does not verify";
	if (pki_cert_read(slice_str(a->cert), &c) != 0 || pki_cert_read(buf_slice(&u->cert), &own) != 0 || strcmp(c.org, own.org) != 0 ||
	    strcmp(c.cn, own.cn) != 0)
		return "it names somebody else";
	if (c.to_ns <= own.to_ns)
		return "it ends no later than the old one";
	ours = pki_key_read(buf_slice(&u->key), &k) == 0 && pki_cert_is_for(slice_str(a->cert), k);
	pki_key_free(k);
	return ours ? NULL : "it is for another key";
}

/* From here on every new connection shows it; those that stand show the old one until they end. */
static void
install(struct uplink *u, const char *cert)
{
	auto_free char *path = x_asprintf("%s/cert.pem", u->identity);

	if (file_write_atomic(path, slice_str(cert), 0644) != 0) {
		failed(u, "it cannot be written");
		return;
	}
	buf_clear(&u->cert);
	buf_put_str(&u->cert, cert);
	u->cert_version++;
	read_own(&u->renewal, buf_slice(&u->cert));
	u->renewal.tries = 0;
	u->renewal.why[0] = '\0';
	log_info("uplink.renewed", kv_str("serial", u->renewal.serial));
	beat_now(u); /* the SOC sees the new one used */
}

static void
on_answer(struct call *c, long status, long retry_after)
{
	struct uplink *u = c->u;
	struct lcp_enrolled a;
	const char *why;

	(void)retry_after;
	if (status == 200 && lcp_enrolled_read(buf_slice(&c->answer), &a) == 0) {
		why = fault_of(u, &a);
		if (why == NULL)
			fetch_learn(u, a.config_key); /* for a collector that was enrolled before there was one */
		if (why == NULL)
			install(u, a.cert);
		else
			failed(u, why);
		lcp_enrolled_fini(&a);
		return;
	}
	failed(u, status == 0     ? "the SOC does not answer"
	          : status == 403 ? "the SOC refuses it"
	          : status == 429 ? "the SOC wants to be asked later"
	          : status == 200 ? "the answer cannot be understood"
	                          : "the SOC cannot do it now");
}

static void
ask(struct uplink *u)
{
	auto_buf struct buf csr = { 0 };
	struct pki_key *k = NULL;

	if (pki_key_read(buf_slice(&u->key), &k) != 0)
		return;
	pki_csr_make(k, NULL, "lcp", &csr);
	pki_key_free(k);
	buf_clear(&u->renewal.call.body);
	buf_put_byte(&u->renewal.call.body, '{');
	jsonw_kv(&u->renewal.call.body, "csr", buf_slice(&csr));
	buf_put_byte(&u->renewal.call.body, '}');
	http_call_start(&u->renewal.call);
}

static void
on_look(void *ctx)
{
	struct uplink *u = ctx;
	struct renewal *r = &u->renewal;

	if (!r->call.busy && r->to_ns != 0 && soc_now(u) >= renew_due_ns(r->from_ns, r->to_ns) && loop_mono_ns() >= r->next_mono_ns)
		ask(u);
}

void
renew_put(struct uplink *u, struct buf *b)
{
	const struct renewal *r = &u->renewal;
	char when[41];

	jsonw_key(b, SL("certificate"));
	buf_put_byte(b, '{');
	jsonw_kv_str(b, "serial", r->serial);
	time_format_rfc3339(when, r->to_ns, 0);
	jsonw_kv_str(b, "expires_at", when);
	time_format_rfc3339(when, renew_due_ns(r->from_ns, r->to_ns), 0);
	jsonw_kv_str(b, "renew_at", when);
	jsonw_kv_i64(b, "tries", (int64_t)r->tries);
	jsonw_kv_str(b, "why", r->why);
	buf_put_byte(b, '}');
}

void
renew_open(struct uplink *u)
{
	if (!u->enrolled)
		return;
	read_own(&u->renewal, buf_slice(&u->cert));
	http_call_init(u, &u->renewal.call, "/v1/renew", "application/json");
	u->renewal.call.done = on_answer;
	loop_timer(u->loop, LOOK_EVERY, LOOK_EVERY, on_look, u);
}
