/* SPDX-License-Identifier: Apache-2.0
 *
 * Keys, tokens, signatures; certificates are in pki_cert.c.
 */
#include "sys/pki.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/must.h"
#include "sys/pki_priv.h"

struct pki_key *
pki_key_make(enum pki_kind kind)
{
	struct pki_key *k = x_calloc(1, sizeof *k);

	k->pkey = kind == PKI_ED25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
	                              : EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	must(k->pkey != NULL);
	return k;
}

static int
wrap(EVP_PKEY *p, struct pki_key **ret)
{
	if (p == NULL)
		return E_SYNTAX;
	*ret = x_calloc(1, sizeof **ret);
	(*ret)->pkey = p;
	return 0;
}

static int
no_passphrase(char *out, int size, int rw, void *ctx)
{
	(void)out, (void)size, (void)rw, (void)ctx;
	return -1; /* never ask a terminal */
}

int
pki_key_read(struct slice pem, struct pki_key **ret)
{
	BIO *in = pki_bio(pem);
	EVP_PKEY *p = PEM_read_bio_PrivateKey(in, NULL, no_passphrase, NULL);

	BIO_free(in);
	return wrap(p, ret);
}

int
pki_key_read_public(struct slice pem, struct pki_key **ret)
{
	BIO *in = pki_bio(pem);
	EVP_PKEY *p = PEM_read_bio_PUBKEY(in, NULL, no_passphrase, NULL);

	BIO_free(in);
	return wrap(p, ret);
}

BIO *
pki_bio(struct slice s)
{
	BIO *b = BIO_new_mem_buf(s.n != 0 ? s.p : "", s.n > 1u << 20 ? 0 : (int)s.n);

	must(b != NULL);
	return b;
}

void
pki_bio_take(BIO *b, struct buf *out)
{
	char *p;
	long n = BIO_get_mem_data(b, &p);

	buf_put(out, p, (size_t)n);
	BIO_free(b);
}

void
pki_key_write(const struct pki_key *k, struct buf *out)
{
	BIO *b = BIO_new(BIO_s_mem());

	must(b != NULL && PEM_write_bio_PrivateKey(b, k->pkey, NULL, NULL, 0, NULL, NULL) == 1);
	pki_bio_take(b, out);
}

void
pki_key_write_public(const struct pki_key *k, struct buf *out)
{
	BIO *b = BIO_new(BIO_s_mem());

	must(b != NULL && PEM_write_bio_PUBKEY(b, k->pkey) == 1);
	pki_bio_take(b, out);
}

void
pki_key_free(struct pki_key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pkey);
	free(k);
}

void
pki_key_id(const struct pki_key *k, char ret[17])
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(k->pkey, &der);
	uint8_t hash[32];

	must(n > 0);
	pki_sha256(slice_of(der, (size_t)n), hash);
	OPENSSL_free(der);
	pki_hex(hash, 8, ret);
}

void
pki_sign(const struct pki_key *k, struct slice bytes, uint8_t ret[PKI_SIG_LEN])
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	size_t n = PKI_SIG_LEN;

	must(c != NULL && EVP_PKEY_get_id(k->pkey) == EVP_PKEY_ED25519);
	must(EVP_DigestSignInit(c, NULL, NULL, NULL, k->pkey) == 1);
	must(EVP_DigestSign(c, ret, &n, (const unsigned char *)bytes.p, bytes.n) == 1 && n == PKI_SIG_LEN);
	EVP_MD_CTX_free(c);
}

int
pki_verify(const struct pki_key *k, struct slice bytes, struct slice sig)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	bool good;

	must(c != NULL);
	good = EVP_PKEY_get_id(k->pkey) == EVP_PKEY_ED25519 && sig.n == PKI_SIG_LEN &&
	       EVP_DigestVerifyInit(c, NULL, NULL, NULL, k->pkey) == 1 &&
	       EVP_DigestVerify(c, (const unsigned char *)sig.p, sig.n, (const unsigned char *)bytes.p, bytes.n) == 1;
	EVP_MD_CTX_free(c);
	return good ? 0 : E_SIGNATURE;
}

void
pki_random(void *p, size_t n)
{
	must(n <= 1u << 20 && RAND_bytes(p, (int)n) == 1);
}

void
pki_token(char ret[27])
{
	static const char digits[] = "abcdefghijklmnopqrstuvwxyz234567";
	uint8_t r[26];

	pki_random(r, sizeof r);
	for (int i = 0; i < 26; i++)
		ret[i] = digits[r[i] & 31];
	ret[26] = '\0';
}

void
pki_serial(char ret[33])
{
	uint8_t r[16];

	pki_random(r, sizeof r);
	r[0] = (uint8_t)((r[0] & 0x3f) | 0x40);
	pki_hex(r, sizeof r, ret);
}

void
pki_sha256(struct slice s, uint8_t ret[32])
{
	unsigned n = 0;

	must(EVP_Digest(s.p, s.n, ret, &n, EVP_sha256(), NULL) == 1 && n == 32);
}

bool
pki_equal(const void *a, const void *b, size_t n)
{
	return CRYPTO_memcmp(a, b, n) == 0;
}

void
pki_hex(const void *p, size_t n, char *ret)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *at = p;

	for (size_t i = 0; i < n; i++) {
		ret[2 * i] = digits[at[i] >> 4];
		ret[2 * i + 1] = digits[at[i] & 15];
	}
	ret[2 * n] = '\0';
}

static int
hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int
pki_unhex(struct slice s, void *ret, size_t n)
{
	uint8_t *out = ret;

	if (s.n != 2 * n)
		return E_SYNTAX;
	for (size_t i = 0; i < s.n; i++)
		if (hex_digit(s.p[i]) < 0)
			return E_SYNTAX;
	for (size_t i = 0; i < n; i++)
		out[i] = (uint8_t)(hex_digit(s.p[2 * i]) << 4 | hex_digit(s.p[2 * i + 1]));
	return 0;
}

void
pki_base64(struct slice s, struct buf *out)
{
	must(s.n < 1u << 30);
	buf_reserve(out, (s.n + 2) / 3 * 4 + 1);
	out->n += (size_t)EVP_EncodeBlock((unsigned char *)out->p + out->n, (const unsigned char *)s.p, (int)s.n);
}

int
pki_unbase64(struct slice s, struct buf *out)
{
	size_t pad = 0;
	int n;

	if (s.n % 4 != 0 || s.n > 1u << 30)
		return E_SYNTAX;
	if (s.n == 0)
		return 0;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		bool digit = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' || c == '/';

		if (c == '=' && i + 2 >= s.n)
			pad++;
		else if (!digit || pad != 0)
			return E_SYNTAX;
	}
	buf_reserve(out, s.n / 4 * 3 + 1);
	n = EVP_DecodeBlock((unsigned char *)out->p + out->n, (const unsigned char *)s.p, (int)s.n);
	if (n < 0)
		return E_SYNTAX;
	out->n += (size_t)n - pad;
	return 0;
}
