/* SPDX-License-Identifier: Apache-2.0
 *
 * Registration and assertion by libfido2.
 */
#include "auth/webauthn.h"

#include <fido.h>
#include <fido/eddsa.h>
#include <fido/es256.h>
#include <fido/rs256.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/must.h"

/* Authenticator data begins with the SHA-256 of the relying party's name, one byte of flags, four of counter. */
#define DATA_LEAST 37
#define FLAG_TOUCHED 0x01
#define FLAG_VERIFIED 0x04
#define FLAG_BACKED_UP 0x10
#define FLAG_CREDENTIAL 0x40

static const int algorithms[] = { COSE_ES256, COSE_EDDSA, COSE_RS256 };

struct answered {
	const char *fault; /* NULL: it holds */
	json_t *body;
};

static const char *
text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL && strlen(s) <= WEBAUTHN_TEXT_MAX ? s : "";
}

static bool
bytes(const json_t *o, const char *key, struct buf *out)
{
	const char *s = text(o, key), *end = NULL;
	size_t n = 0, len = strlen(s);
	auto_free unsigned char *b = x_calloc(1, len + 1);

	if (len == 0 || sodium_base642bin(b, len, s, len, NULL, &n, &end, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 || end != s + len || n == 0)
		return false;
	buf_put(out, b, n);
	return true;
}

static json_t *
b64(const void *p, size_t n)
{
	size_t len = sodium_base64_encoded_len(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	auto_free char *s = x_calloc(1, len);

	sodium_bin2base64(s, len, p, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return json_string(s);
}

/* ---- client data ---- */

static bool
one_of(const json_t *list, const char *word)
{
	const json_t *v;
	size_t i;

	json_array_foreach(list, i, v)
		if (json_is_string(v) && strcmp(json_string_value(v), word) == 0)
			return true;
	return false;
}

static const char *
client_fault(const json_t *q, struct slice raw)
{
	json_t *o = json_loadb(raw.p, raw.n, JSON_REJECT_DUPLICATES, NULL);
	const char *type = strcmp(text(q, "op"), "create") == 0 ? "webauthn.create" : "webauthn.get", *fault = NULL;

	if (!json_is_object(o) || strcmp(text(o, "type"), type) != 0 || json_is_true(json_object_get(o, "crossOrigin")))
		fault = "client";
	else if (text(q, "challenge")[0] == '\0' || strcmp(text(o, "challenge"), text(q, "challenge")) != 0)
		fault = "challenge";
	else if (!one_of(json_object_get(q, "origins"), text(o, "origin")))
		fault = "origin";
	json_decref(o);
	return fault;
}

static bool
data_is_ours(const json_t *q, const struct buf *data, unsigned char need)
{
	unsigned char hash[crypto_hash_sha256_BYTES];
	const char *rp = text(q, "rp");

	if (data->n < DATA_LEAST || rp[0] == '\0')
		return false;
	crypto_hash_sha256(hash, (const unsigned char *)rp, strlen(rp));
	return memcmp(data->p, hash, sizeof hash) == 0 && ((unsigned char)data->p[32] & need) == need;
}

/* ---- keys ---- */

struct public_key {
	es256_pk_t *es;
	eddsa_pk_t *ed;
	rs256_pk_t *rs;
	const void *any;
};

static void
key_fini(struct public_key *k)
{
	es256_pk_free(&k->es);
	eddsa_pk_free(&k->ed);
	rs256_pk_free(&k->rs);
}

static EVP_PKEY *
key_evp(const struct public_key *k, int alg)
{
	switch (alg) {
	case COSE_ES256:
		return es256_pk_to_EVP_PKEY(k->es);
	case COSE_EDDSA:
		return eddsa_pk_to_EVP_PKEY(k->ed);
	default:
		return rs256_pk_to_EVP_PKEY(k->rs);
	}
}

/* False when the bytes are no key of that kind: also a point that is not on the curve. */
static bool
key_read(struct public_key *k, int alg, const void *p, size_t n)
{
	EVP_PKEY *evp;
	int r = FIDO_ERR_INVALID_ARGUMENT;

	*k = (struct public_key){ 0 };
	if (alg == COSE_ES256 && (k->any = k->es = es256_pk_new()) != NULL)
		r = es256_pk_from_ptr(k->es, p, n);
	else if (alg == COSE_EDDSA && (k->any = k->ed = eddsa_pk_new()) != NULL)
		r = eddsa_pk_from_ptr(k->ed, p, n);
	else if (alg == COSE_RS256 && (k->any = k->rs = rs256_pk_new()) != NULL)
		r = rs256_pk_from_ptr(k->rs, p, n);
	if (r != FIDO_OK)
		return false;
	evp = key_evp(k, alg);
	EVP_PKEY_free(evp);
	return evp != NULL;
}

/* ---- registration ---- */

/* The library wants to be told the algorithm before it reads; the data says it only inside. */
static fido_cred_t *
read_credential(const struct buf *data, int *ret_alg)
{
	for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
		fido_cred_t *c = fido_cred_new();

		if (c != NULL && fido_cred_set_type(c, algorithms[i]) == FIDO_OK &&
		    fido_cred_set_authdata_raw(c, (const unsigned char *)data->p, data->n) == FIDO_OK) {
			*ret_alg = algorithms[i];
			return c;
		}
		fido_cred_free(&c);
	}
	return NULL;
}

static json_t *
told(uint32_t counter, unsigned flags)
{
	return json_pack("{s:b, s:I, s:b, s:b}", "ok", 1, "counter", (json_int_t)counter, "uv", (flags & FLAG_VERIFIED) != 0, "backed_up",
	                 (flags & FLAG_BACKED_UP) != 0);
}

static struct answered
create(const json_t *q, const struct buf *data)
{
	struct answered a = { .fault = "data" };
	struct public_key k = { 0 };
	fido_cred_t *c;
	int alg = 0;

	if (!data_is_ours(q, data, FLAG_TOUCHED | FLAG_CREDENTIAL))
		return a;
	c = read_credential(data, &alg);
	if (c == NULL)
		return (struct answered){ .fault = "algorithm" };
	if (fido_cred_id_len(c) >= 16 && fido_cred_id_len(c) <= 1023 && key_read(&k, alg, fido_cred_pubkey_ptr(c), fido_cred_pubkey_len(c))) {
		a = (struct answered){ .body = told(fido_cred_sigcount(c), fido_cred_flags(c)) };
		json_object_set_new(a.body, "credential", b64(fido_cred_id_ptr(c), fido_cred_id_len(c)));
		json_object_set_new(a.body, "alg", json_integer(alg));
		json_object_set_new(a.body, "key", b64(fido_cred_pubkey_ptr(c), fido_cred_pubkey_len(c)));
	}
	key_fini(&k);
	fido_cred_free(&c);
	return a;
}

/* ---- assertion ---- */

static bool
verified(fido_assert_t *f, const json_t *q, const struct buf *client, const struct buf *data, const struct buf *sig, int alg, const void *key)
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, (const unsigned char *)client->p, client->n);
	return fido_assert_set_rp(f, text(q, "rp")) == FIDO_OK && fido_assert_set_clientdata_hash(f, hash, sizeof hash) == FIDO_OK &&
	       fido_assert_set_count(f, 1) == FIDO_OK && fido_assert_set_up(f, FIDO_OPT_TRUE) == FIDO_OK &&
	       fido_assert_set_authdata_raw(f, 0, (const unsigned char *)data->p, data->n) == FIDO_OK &&
	       fido_assert_set_sig(f, 0, (const unsigned char *)sig->p, sig->n) == FIDO_OK && fido_assert_verify(f, 0, alg, key) == FIDO_OK;
}

static struct answered
get(const json_t *q, const struct buf *client, const struct buf *data)
{
	struct answered a = { .fault = "signature" };
	auto_buf struct buf sig = { 0 }, key = { 0 };
	int alg = (int)json_integer_value(json_object_get(q, "alg"));
	struct public_key k = { 0 };
	fido_assert_t *f;

	if (!data_is_ours(q, data, FLAG_TOUCHED))
		return (struct answered){ .fault = "data" };
	if (!bytes(q, "signature", &sig))
		return a;
	f = fido_assert_new();
	must(f != NULL);
	if (!bytes(q, "key", &key) || !key_read(&k, alg, key.p, key.n))
		a.fault = "algorithm";
	else if (verified(f, q, client, data, &sig, alg, k.any))
		a = (struct answered){ .body = told(fido_assert_sigcount(f, 0), fido_assert_flags(f, 0)) };
	key_fini(&k);
	fido_assert_free(&f);
	return a;
}

static struct answered
answer(const json_t *q)
{
	auto_buf struct buf client = { 0 }, data = { 0 };
	bool making = strcmp(text(q, "op"), "create") == 0;
	const char *fault;

	if (!json_is_object(q) || (!making && strcmp(text(q, "op"), "get") != 0))
		return (struct answered){ .fault = "question" };
	if (!bytes(q, "client_data", &client))
		return (struct answered){ .fault = "client" };
	fault = client_fault(q, buf_slice(&client));
	if (fault != NULL)
		return (struct answered){ .fault = fault };
	if (!bytes(q, "authenticator_data", &data))
		return (struct answered){ .fault = "data" };
	return making ? create(q, &data) : get(q, &client, &data);
}

void
webauthn_answer(struct slice question, struct buf *out)
{
	json_t *q = question.n <= 8 * WEBAUTHN_TEXT_MAX ? json_loadb(question.p, question.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
	struct answered a;
	char *said;

	must(sodium_init() >= 0);
	fido_init(0);
	a = answer(q);
	if (a.body == NULL)
		a.body = json_pack("{s:b, s:s}", "ok", 0, "fault", a.fault);
	said = json_dumps(a.body, JSON_COMPACT);
	must(said != NULL);
	buf_put_str(out, said);
	free(said);
	json_decref(a.body);
	json_decref(q);
}
