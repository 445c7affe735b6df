/* SPDX-License-Identifier: Apache-2.0
 *
 * A security key made of software: registers and answers challenges as a browser would hand it on.
 */
#ifndef NZ_TESTS_SOFT_KEY_H
#define NZ_TESTS_SOFT_KEY_H

#include "unit.h"

#include <jansson.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/must.h"

struct soft_key {
	EVP_PKEY *key;
	int alg;
	unsigned char id[32];
	uint32_t counter;
	unsigned char flags; /* touched, verified */
	const char *rp, *origin;
};

static inline void
soft_key_make(struct soft_key *k, int alg)
{
	*k = (struct soft_key){ .alg = alg, .counter = 1, .flags = 0x05, .rp = "soc.example", .origin = "https://soc.example" };
	randombytes_buf(k->id, sizeof k->id);
	k->key = alg == -7 ? EVP_EC_gen("P-256") : alg == -8 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") : EVP_RSA_gen(2048);
	assert_non_null(k->key);
}

static inline json_t *
soft_b64(const void *p, size_t n)
{
	char *s = malloc(sodium_base64_encoded_len(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING));
	json_t *o;

	sodium_bin2base64(s, sodium_base64_encoded_len(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING), p, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	o = json_string(s);
	free(s);
	return o;
}

/* COSE_Key (RFC 9053): maps whose bytes are fixed but for the coordinates. */
static inline void
soft_cose(const struct soft_key *k, struct buf *out)
{
	unsigned char v[600];
	size_t n = sizeof v;
	BIGNUM *bn = NULL;

	if (k->alg == -7) {
		assert_int_equal(EVP_PKEY_get_octet_string_param(k->key, OSSL_PKEY_PARAM_PUB_KEY, v, sizeof v, &n), 1);
		assert_int_equal(n, 65);
		buf_put(out, "\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", 10);
		buf_put(out, v + 1, 32);
		buf_put(out, "\x22\x58\x20", 3);
		buf_put(out, v + 33, 32);
	} else if (k->alg == -8) {
		assert_int_equal(EVP_PKEY_get_raw_public_key(k->key, v, &n), 1);
		buf_put(out, "\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20", 10);
		buf_put(out, v, 32);
	} else {
		assert_int_equal(EVP_PKEY_get_bn_param(k->key, OSSL_PKEY_PARAM_RSA_N, &bn), 1);
		assert_int_equal(BN_bn2binpad(bn, v, 256), 256);
		BN_free(bn);
		buf_put(out, "\xa4\x01\x03\x03\x39\x01\x00\x20\x59\x01\x00", 11);
		buf_put(out, v, 256);
		buf_put(out, "\x21\x43\x01\x00\x01", 5);
	}
}

static inline void
soft_head(const struct soft_key *k, unsigned char more, struct buf *out)
{
	unsigned char hash[32], rest[5] = { (unsigned char)(k->flags | more), (unsigned char)(k->counter >> 24), (unsigned char)(k->counter >> 16),
		                            (unsigned char)(k->counter >> 8), (unsigned char)k->counter };

	crypto_hash_sha256(hash, (const unsigned char *)k->rp, strlen(k->rp));
	buf_put(out, hash, 32);
	buf_put(out, rest, 5);
}

static inline void
soft_client(const struct soft_key *k, const char *type, const char *challenge, struct buf *out)
{
	buf_printf(out, "{\"type\":\"webauthn.%s\",\"challenge\":\"%s\",\"origin\":\"%s\",\"crossOrigin\":false}", type, challenge, k->origin);
}

/* {client_data, authenticator_data} of a registration */
static inline json_t *
soft_create(struct soft_key *k, const char *challenge)
{
	struct buf data = { 0 }, client = { 0 };
	json_t *o = json_object();

	soft_head(k, 0x40, &data);
	buf_put(&data, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x20", 18);
	buf_put(&data, k->id, sizeof k->id);
	soft_cose(k, &data);
	soft_client(k, "create", challenge, &client);
	json_object_set_new(o, "client_data", soft_b64(client.p, client.n));
	json_object_set_new(o, "authenticator_data", soft_b64(data.p, data.n));
	buf_fini(&data);
	buf_fini(&client);
	return o;
}

/* {credential, client_data, authenticator_data, signature}; the counter goes up first */
static inline json_t *
soft_get(struct soft_key *k, const char *challenge)
{
	struct buf data = { 0 }, client = { 0 };
	unsigned char hash[32], sig[600];
	size_t n = sizeof sig;
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	json_t *o = json_object();

	k->counter++;
	soft_head(k, 0, &data);
	soft_client(k, "get", challenge, &client);
	json_object_set_new(o, "credential", soft_b64(k->id, sizeof k->id));
	json_object_set_new(o, "client_data", soft_b64(client.p, client.n));
	json_object_set_new(o, "authenticator_data", soft_b64(data.p, data.n));
	crypto_hash_sha256(hash, (const unsigned char *)client.p, client.n);
	buf_put(&data, hash, sizeof hash);
	assert_int_equal(EVP_DigestSignInit(c, NULL, k->alg == -8 ? NULL : EVP_sha256(), NULL, k->key), 1);
	assert_int_equal(EVP_DigestSign(c, sig, &n, (const unsigned char *)data.p, data.n), 1);
	json_object_set_new(o, "signature", soft_b64(sig, n));
	EVP_MD_CTX_free(c);
	buf_fini(&data);
	buf_fini(&client);
	return o;
}

#endif
