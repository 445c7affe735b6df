/* SPDX-License-Identifier: Apache-2.0
 *
 * X.509: our CA, certificates of listeners and collectors, requests.  See pki.h.
 */
#include <arpa/inet.h>
#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/must.h"
#include "sys/pki_priv.h"

static X509 *
read_cert(struct slice pem)
{
	BIO *in = pki_bio(pem);
	X509 *x = PEM_read_bio_X509(in, NULL, NULL, NULL);

	BIO_free(in);
	ERR_clear_error();
	return x;
}

static void
write_cert(X509 *x, struct buf *out)
{
	BIO *b = BIO_new(BIO_s_mem());

	must(b != NULL && PEM_write_bio_X509(b, x) == 1);
	pki_bio_take(b, out);
}

static void
set_name(X509_NAME *n, const char *org, const char *cn)
{
	if (org != NULL)
		must(X509_NAME_add_entry_by_txt(n, "O", MBSTRING_UTF8, (const unsigned char *)org, -1, -1, 0) == 1);
	must(X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0) == 1);
}

static void
set_time(ASN1_TIME *t, int64_t ns)
{
	must(ASN1_TIME_adj(t, (time_t)(ns / NS_PER_S), 0, 0) != NULL);
}

static void
set_serial(X509 *x, const char *hex)
{
	char made[33];
	BIGNUM *bn = NULL;

	if (hex == NULL) {
		pki_serial(made);
		hex = made;
	}
	must(BN_hex2bn(&bn, hex) > 0);
	must(BN_to_ASN1_INTEGER(bn, X509_get_serialNumber(x)) != NULL);
	BN_free(bn);
}

static void
add_ext(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;

	X509V3_set_ctx_nodb(&ctx);
	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	must(e != NULL && X509_add_ext(x, e, -1) == 1);
	X509_EXTENSION_free(e);
}

/* A host name may only hold what a DNS name holds: the text goes through OpenSSL's extension grammar. */
static bool
host_is_good(const char *h)
{
	return h[0] != '\0' && strlen(h) < 250 && strspn(h, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._:*") == strlen(h);
}

static int
add_hosts(X509 *x, X509 *issuer, const char *const *hosts)
{
	auto_buf struct buf v = { 0 };
	unsigned char addr[16];

	for (; hosts != NULL && *hosts != NULL; hosts++) {
		bool ip = inet_pton(AF_INET, *hosts, addr) == 1 || inet_pton(AF_INET6, *hosts, addr) == 1;

		if (!host_is_good(*hosts) || (!ip && strchr(*hosts, ':') != NULL))
			return E_RANGE;
		buf_printf(&v, "%s%s:%s", v.n != 0 ? "," : "", ip ? "IP" : "DNS", *hosts);
	}
	if (v.n != 0)
		add_ext(x, issuer, NID_subject_alt_name, buf_cstr(&v));
	return 0;
}

static void
add_use(X509 *x, X509 *issuer, enum pki_use use)
{
	add_ext(x, issuer, NID_basic_constraints, use == PKI_CA ? "critical,CA:TRUE,pathlen:0" : "critical,CA:FALSE");
	add_ext(x, issuer, NID_key_usage, use == PKI_CA ? "critical,keyCertSign,cRLSign" : "critical,digitalSignature");
	if (use != PKI_CA)
		add_ext(x, issuer, NID_ext_key_usage, use == PKI_SERVER ? "serverAuth" : "clientAuth");
	add_ext(x, issuer, NID_subject_key_identifier, "hash");
	if (use != PKI_CA)
		add_ext(x, issuer, NID_authority_key_identifier, "keyid");
}

static const EVP_MD *
digest_of(EVP_PKEY *k)
{
	return EVP_PKEY_get_id(k) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
}

/* issuer NULL: self-signed. */
static int
make(EVP_PKEY *subject, X509 *issuer, EVP_PKEY *signer, const struct pki_ask *ask, struct buf *out)
{
	X509 *x = X509_new();
	int r;

	must(x != NULL && X509_set_version(x, 2) == 1);
	set_serial(x, ask->serial);
	set_time(X509_getm_notBefore(x), ask->from_ns);
	set_time(X509_getm_notAfter(x), ask->to_ns);
	set_name(X509_get_subject_name(x), ask->org, ask->cn);
	must(X509_set_issuer_name(x, X509_get_subject_name(issuer != NULL ? issuer : x)) == 1);
	must(X509_set_pubkey(x, subject) == 1);
	add_use(x, issuer != NULL ? issuer : x, ask->use);
	r = add_hosts(x, issuer != NULL ? issuer : x, ask->hosts);
	if (r == 0) {
		must(X509_sign(x, signer, digest_of(signer)) > 0);
		write_cert(x, out);
	}
	X509_free(x);
	return r;
}

void
pki_ca_make(const struct pki_key *k, const char *cn, int64_t from_ns, int64_t to_ns, struct buf *out)
{
	struct pki_ask ask = { .cn = cn, .from_ns = from_ns, .to_ns = to_ns, .use = PKI_CA };

	must(make(k->pkey, NULL, k->pkey, &ask, out) == 0);
}

static int
make_by_ca(EVP_PKEY *subject, struct slice ca_pem, const struct pki_key *ca_key, const struct pki_ask *ask,
           struct buf *out)
{
	X509 *ca = read_cert(ca_pem);
	int r = E_CERT;

	if (ca != NULL && X509_check_private_key(ca, ca_key->pkey) == 1)
		r = make(subject, ca, ca_key->pkey, ask, out);
	ERR_clear_error();
	X509_free(ca);
	return r;
}

int
pki_cert_make(const struct pki_key *k, struct slice ca_pem, const struct pki_key *ca_key, const struct pki_ask *ask,
              struct buf *out)
{
	return make_by_ca(k->pkey, ca_pem, ca_key, ask, out);
}

void
pki_csr_make(const struct pki_key *k, const char *org, const char *cn, struct buf *out)
{
	X509_REQ *q = X509_REQ_new();
	BIO *b = BIO_new(BIO_s_mem());

	must(q != NULL && b != NULL);
	set_name(X509_REQ_get_subject_name(q), org, cn);
	must(X509_REQ_set_pubkey(q, k->pkey) == 1 && X509_REQ_sign(q, k->pkey, digest_of(k->pkey)) > 0);
	must(PEM_write_bio_X509_REQ(b, q) == 1);
	pki_bio_take(b, out);
	X509_REQ_free(q);
}

static X509_REQ *
read_csr(struct slice pem)
{
	BIO *in = pki_bio(pem);
	X509_REQ *q = PEM_read_bio_X509_REQ(in, NULL, NULL, NULL);

	BIO_free(in);
	ERR_clear_error();
	return q;
}

static bool
key_is_strong(EVP_PKEY *k)
{
	int id = EVP_PKEY_get_id(k), bits = EVP_PKEY_get_bits(k);

	return id == EVP_PKEY_ED25519 || (id == EVP_PKEY_EC && bits >= 256) ||
	       (id == EVP_PKEY_RSA && bits >= 2048 && bits <= 8192);
}

int
pki_csr_sign(struct slice csr_pem, struct slice ca_pem, const struct pki_key *ca_key, const struct pki_ask *ask,
             struct buf *out)
{
	X509_REQ *q = read_csr(csr_pem);
	EVP_PKEY *k = q != NULL ? X509_REQ_get0_pubkey(q) : NULL;
	int r = q == NULL ? E_SYNTAX : E_CERT;

	if (k != NULL && key_is_strong(k) && X509_REQ_verify(q, k) == 1)
		r = make_by_ca(k, ca_pem, ca_key, ask, out);
	ERR_clear_error();
	X509_REQ_free(q);
	return r;
}

int
pki_csr_fingerprint(struct slice csr_pem, uint8_t ret[32])
{
	X509_REQ *q = read_csr(csr_pem);
	unsigned n = 0;

	if (q == NULL)
		return E_SYNTAX;
	must(X509_REQ_digest(q, EVP_sha256(), ret, &n) == 1);
	X509_REQ_free(q);
	return 0;
}

/* Text of one part of a name as UTF-8; a NUL inside or a text that does not fit counts as absent: names
 * become tenants, so nothing may be cut into looking like another. */
static void
name_part(X509_NAME *n, int nid, char *out, size_t size)
{
	int at = X509_NAME_get_index_by_NID(n, nid, -1);
	unsigned char *text = NULL;
	int len;

	out[0] = '\0';
	if (at < 0 || X509_NAME_get_index_by_NID(n, nid, at) >= 0)
		return; /* none, or two of them: ambiguous */
	len = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(n, at)));
	if (len > 0 && (size_t)len < size && memchr(text, 0, (size_t)len) == NULL) {
		memcpy(out, text, (size_t)len);
		out[len] = '\0';
	}
	OPENSSL_free(text);
}

static int64_t
read_time(const ASN1_TIME *t)
{
	struct tm tm;

	if (ASN1_TIME_to_tm(t, &tm) != 1)
		return 0;
	return (days_from_civil(tm.tm_year + 1900, (unsigned)tm.tm_mon + 1, (unsigned)tm.tm_mday) * 86400 +
	        tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec) * NS_PER_S;
}

static void
read_serial(X509 *x, char *out, size_t size)
{
	BIGNUM *bn = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
	char *hex = bn != NULL ? BN_bn2hex(bn) : NULL;

	out[0] = '\0';
	if (hex != NULL && strlen(hex) < size)
		for (size_t i = 0; i <= strlen(hex); i++)
			out[i] = (char)(hex[i] >= 'A' && hex[i] <= 'F' ? hex[i] + 32 : hex[i]);
	OPENSSL_free(hex);
	BN_free(bn);
}

int
pki_cert_read(struct slice pem, struct pki_cert *ret)
{
	X509 *x = read_cert(pem);
	struct pki_cert c = { 0 };
	uint32_t xku;
	unsigned n = 0;

	if (x == NULL)
		return E_SYNTAX;
	name_part(X509_get_subject_name(x), NID_organizationName, c.org, sizeof c.org);
	name_part(X509_get_subject_name(x), NID_commonName, c.cn, sizeof c.cn);
	name_part(X509_get_issuer_name(x), NID_commonName, c.issuer_cn, sizeof c.issuer_cn);
	read_serial(x, c.serial, sizeof c.serial);
	c.from_ns = read_time(X509_get0_notBefore(x));
	c.to_ns = read_time(X509_get0_notAfter(x));
	xku = X509_get_extended_key_usage(x);
	c.use = X509_check_ca(x) == 1                           ? PKI_CA
	        : xku != UINT32_MAX && (xku & XKU_SSL_CLIENT) != 0 ? PKI_CLIENT
	                                                           : PKI_SERVER;
	must(X509_digest(x, EVP_sha256(), c.sha256, &n) == 1);
	X509_free(x);
	ERR_clear_error();
	*ret = c;
	return 0;
}

static int
verify_chain(X509 *x, X509 *ca, enum pki_use use, int64_t now_ns, const char **ret_why)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	X509_VERIFY_PARAM *p;
	int r;

	must(store != NULL && ctx != NULL && X509_STORE_add_cert(store, ca) == 1);
	must(X509_STORE_CTX_init(ctx, store, x, NULL) == 1);
	p = X509_STORE_CTX_get0_param(ctx);
	X509_VERIFY_PARAM_set_time(p, (time_t)(now_ns / NS_PER_S));
	if (use != PKI_CA)
		X509_VERIFY_PARAM_set_purpose(p, use == PKI_CLIENT ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER);
	r = X509_verify_cert(ctx) == 1 ? 0 : E_CERT;
	if (r != 0 && ret_why != NULL)
		*ret_why = X509_verify_cert_error_string(X509_STORE_CTX_get_error(ctx));
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	ERR_clear_error();
	return r;
}

bool
pki_cert_is_for(struct slice pem, const struct pki_key *k)
{
	X509 *x = read_cert(pem);
	bool same = x != NULL && X509_check_private_key(x, k->pkey) == 1;

	ERR_clear_error();
	X509_free(x);
	return same;
}

int
pki_cert_verify(struct slice pem, struct slice ca_pem, enum pki_use use, int64_t now_ns, const char **ret_why)
{
	X509 *x = read_cert(pem), *ca = read_cert(ca_pem);
	int r = E_CERT;

	if (x == NULL || ca == NULL) {
		if (ret_why != NULL)
			*ret_why = x == NULL ? "not a certificate" : "the CA is not a certificate";
	} else {
		r = verify_chain(x, ca, use, now_ns, ret_why);
	}
	X509_free(x);
	X509_free(ca);
	return r;
}
