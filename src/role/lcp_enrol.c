/* SPDX-License-Identifier: Apache-2.0
 *
 * Enrolment: the key is made here and never leaves (0600); the one-time token buys a certificate for it.  Names of
 * tenant and LCP come from the SOC's answer, never from us.
 */
#define _GNU_SOURCE
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "codec/jsonw.h"
#include "conf/conf.h"
#include "role/lcp.h"
#include "role/lcp_answer.h"
#include "sys/fd.h"
#include "sys/pki.h"

static size_t
on_bytes(char *p, size_t size, size_t n, void *ctx)
{
	struct buf *b = ctx;

	if (b->n + size * n > LCP_ANSWER_MAX)
		return 0;
	buf_put(b, p, size * n);
	return size * n;
}

/* The key of an interrupted enrolment is used again: the SOC may have signed it already. */
static struct pki_key *
own_key(const char *path)
{
	auto_buf struct buf pem = { 0 };
	struct pki_key *k = NULL;

	if (file_read(path, &pem, 1 << 16) == 0 && pki_key_read(buf_slice(&pem), &k) == 0)
		return k;
	k = pki_key_make(PKI_P256);
	buf_clear(&pem);
	pki_key_write(k, &pem);
	if (file_write_atomic(path, buf_slice(&pem), 0600) != 0) {
		pki_key_free(k);
		return NULL;
	}
	return k;
}

static long
post(const struct conf *c, const char *url, const char *ca_path, struct slice body, struct buf *ret)
{
	CURL *e = curl_easy_init();
	struct curl_slist *h = curl_slist_append(NULL, "Content-Type: application/json");
	auto_free char *where = NULL, *secret = lcp_proxy_secret(c);
	char why[CURL_ERROR_SIZE] = "";
	size_t n = strlen(url);
	long status = 0, proxy = 0;
	CURLcode code;

	must(e != NULL);
	while (n != 0 && url[n - 1] == '/')
		n--;
	where = x_asprintf("%.*s/v1/enrol", (int)n, url);
	curl_easy_setopt(e, CURLOPT_URL, where);
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, h);
	curl_easy_setopt(e, CURLOPT_POSTFIELDS, body.p);
	curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.n);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "https");
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
	curl_easy_setopt(e, CURLOPT_PROXY, conf_str(c, "soc.proxy"));
	if (secret != NULL)
		curl_easy_setopt(e, CURLOPT_PROXYUSERPWD, secret);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, why);
	curl_easy_setopt(e, CURLOPT_TIMEOUT, 60L);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_bytes);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, ret);
	if (ca_path != NULL)
		curl_easy_setopt(e, CURLOPT_CAINFO, ca_path);
	code = curl_easy_perform(e);
	if (code == CURLE_OK)
		curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &status);
	else
		fprintf(stderr, "nezuban-lcp: %s: %s\n", where, why[0] != '\0' ? why : curl_easy_strerror(code));
	curl_easy_getinfo(e, CURLINFO_HTTP_CONNECTCODE, &proxy);
	if (lcp_proxy_wants_login(proxy))
		fprintf(stderr, "nezuban-lcp: the proxy %s wants a user and password: soc.proxy_secret\n", conf_str(c, "soc.proxy"));
	curl_slist_free_all(h);
	curl_easy_cleanup(e);
	return status;
}

/* The answer's certificate must be ours: for our key, by the CA that came with it. */
static bool
is_usable(const struct lcp_enrolled *a, const struct pki_key *key, int64_t now)
{
	const char *why = "unknown";

	if (pki_cert_verify(slice_str(a->cert), slice_str(a->ca), PKI_CLIENT, now, &why) == 0) {
		if (pki_cert_is_for(slice_str(a->cert), key))
			return true;
		why = "it is for another key";
	}
	fprintf(stderr, "nezuban-lcp: the certificate in the answer cannot be used: %s\n", why);
	return false;
}

static int
keep(const char *dir, const char *name, const char *text, mode_t mode)
{
	auto_free char *path = x_asprintf("%s/%s", dir, name);

	if (file_write_atomic(path, slice_str(text), mode) == 0)
		return 0;
	fprintf(stderr, "nezuban-lcp: cannot write %s\n", path);
	return E_IO;
}

/* The key that came by another way, if it is one. */
static int
keep_key(const char *dir, const char *path)
{
	auto_buf struct buf pem = { 0 };
	struct pki_key *k = NULL;

	if (file_read(path, &pem, 4096) != 0 || pki_key_read_public(buf_slice(&pem), &k) != 0) {
		fprintf(stderr, "nezuban-lcp: %s is no public key\n", path);
		return E_SYNTAX;
	}
	pki_key_free(k);
	return keep(dir, "receipt-key.pem", buf_cstr(&pem), 0644);
}

int
lcp_enrol_main(const struct conf *c, const char *url, const char *token, const char *ca_path, const char *receipt_key)
{
	auto_free char *dir = conf_path(c, "identity.folder"), *key_path = x_asprintf("%s/key.pem", dir);
	auto_buf struct buf csr = { 0 }, body = { 0 }, answer = { 0 };
	struct lcp_enrolled a;
	struct pki_key *key;
	long status;
	int e;

	if (dir_make(dir, 0700) != 0 || (key = own_key(key_path)) == NULL) {
		fprintf(stderr, "nezuban-lcp: cannot make a key in %s\n", dir);
		return 3;
	}
	pki_csr_make(key, NULL, "lcp", &csr);
	buf_put_byte(&body, '{');
	jsonw_kv_str(&body, "token", token);
	jsonw_kv(&body, "csr", buf_slice(&csr));
	buf_put_byte(&body, '}');
	curl_global_init(CURL_GLOBAL_DEFAULT);
	status = post(c, url, ca_path, buf_slice(&body), &answer);
	if (status == 403)
		fprintf(stderr, "nezuban-lcp: the token was used, has expired, or is unknown\n");
	else if (status != 200 && status != 0)
		fprintf(stderr, "nezuban-lcp: the SOC answered %ld\n", status);
	if (status == 200 && lcp_enrolled_read(buf_slice(&answer), &a) != 0) {
		fprintf(stderr, "nezuban-lcp: the SOC's answer cannot be understood\n");
		status = 0;
	}
	if (status != 200) {
		pki_key_free(key);
		return status == 403 ? 1 : 3;
	}
	e = is_usable(&a, key, clock_now(clock_real())) ? 0 : E_CERT;
	if (e == 0)
		e = keep(dir, "ca.pem", a.ca, 0644);
	if (e == 0 && receipt_key != NULL)
		e = keep_key(dir, receipt_key);
	else if (e == 0 && a.receipt_key != NULL)
		e = keep(dir, "receipt-key.pem", a.receipt_key, 0644);
	if (e == 0 && a.config_key != NULL)
		e = keep(dir, "config-key.pem", a.config_key, 0644);
	if (e == 0)
		e = keep(dir, "cert.pem", a.cert, 0644); /* last: with it the uplink counts as enrolled */
	if (e == 0)
		printf("enrolled as %s of %s\n", a.lcp, a.tenant);
	pki_key_free(key);
	lcp_enrolled_fini(&a);
	return e == 0 ? 0 : 3;
}
