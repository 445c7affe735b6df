/* SPDX-License-Identifier: Apache-2.0
 *
 * Security keys of three kinds register and sign; whatever is wrong with what they say is told by its word.
 */
#include <sys/resource.h>
#include "soft_key.h"

#include "auth/webauthn.h"

#define CHALLENGE "q2mXW3bJ0c5uVh0f0aZr9m1u6yW2xJ8kD4nQpLsTeRg"

static json_t *
ask(json_t *said_by_key, const char *op, const char *rp, const char *origin, const char *challenge, const json_t *key)
{
	json_t *q = json_pack("{s:i, s:s, s:s, s:s, s:[s]}", "v", 1, "op", op, "challenge", challenge, "rp", rp, "origins", origin), *a;
	struct buf out = { 0 };
	char *text;

	json_object_update(q, said_by_key);
	if (key != NULL) {
		json_object_set(q, "alg", json_object_get(key, "alg"));
		json_object_set(q, "key", json_object_get(key, "key"));
	}
	text = json_dumps(q, 0);
	webauthn_answer(slice_str(text), &out);
	a = json_loadb(out.p, out.n, 0, NULL);
	assert_true(json_is_object(a));
	free(text);
	buf_fini(&out);
	json_decref(q);
	json_decref(said_by_key);
	return a;
}

static void
refused(json_t *a, const char *fault)
{
	assert_true(json_is_false(json_object_get(a, "ok")));
	assert_string_equal(json_string_value(json_object_get(a, "fault")), fault);
	json_decref(a);
}

static json_t *
registered(struct soft_key *k)
{
	json_t *a = ask(soft_create(k, CHALLENGE), "create", "soc.example", "https://soc.example", CHALLENGE, NULL), *id = soft_b64(k->id, sizeof k->id);

	if (!json_is_true(json_object_get(a, "ok")))
		fail_msg("alg %d: %s", k->alg, json_string_value(json_object_get(a, "fault")));
	assert_int_equal(json_integer_value(json_object_get(a, "alg")), k->alg);
	assert_true(json_equal(json_object_get(a, "credential"), id));
	json_decref(id);
	return a;
}

static void
three_kinds_of_keys_register_and_sign(void **st)
{
	static const int algs[] = { -7, -8, -257 };

	(void)st;
	for (size_t i = 0; i < 3; i++) {
		struct soft_key k, other;
		json_t *mine, *theirs, *a, *said;

		soft_key_make(&k, algs[i]);
		soft_key_make(&other, algs[i]);
		mine = registered(&k);
		theirs = registered(&other);
		a = ask(soft_get(&k, CHALLENGE), "get", "soc.example", "https://soc.example", CHALLENGE, mine);
		assert_true(json_is_true(json_object_get(a, "ok")));
		assert_int_equal(json_integer_value(json_object_get(a, "counter")), 2);
		assert_true(json_is_true(json_object_get(a, "uv")));
		json_decref(a);
		refused(ask(soft_get(&k, CHALLENGE), "get", "soc.example", "https://soc.example", CHALLENGE, theirs), "signature");
		/* the counter is under the signature */
		said = soft_get(&k, CHALLENGE);
		k.counter += 5;
		a = soft_get(&k, CHALLENGE);
		json_object_set(said, "authenticator_data", json_object_get(a, "authenticator_data"));
		json_decref(a);
		refused(ask(said, "get", "soc.example", "https://soc.example", CHALLENGE, mine), "signature");
		json_decref(mine);
		json_decref(theirs);
		EVP_PKEY_free(k.key);
		EVP_PKEY_free(other.key);
	}
}

static void
what_is_wrong_is_told(void **st)
{
	struct soft_key k;
	json_t *mine, *said;

	(void)st;
	soft_key_make(&k, -7);
	mine = registered(&k);
	refused(ask(soft_get(&k, CHALLENGE), "get", "soc.example", "https://soc.example", "another", mine), "challenge");
	refused(ask(soft_get(&k, CHALLENGE), "get", "soc.example", "https://soc.example", "", mine), "challenge");
	refused(ask(soft_get(&k, CHALLENGE), "get", "soc.example", "https://evil.example", CHALLENGE, mine), "origin");
	refused(ask(soft_get(&k, CHALLENGE), "get", "evil.example", "https://soc.example", CHALLENGE, mine), "data");
	/* an assertion is no registration and the other way round */
	refused(ask(soft_get(&k, CHALLENGE), "create", "soc.example", "https://soc.example", CHALLENGE, NULL), "client");
	refused(ask(soft_create(&k, CHALLENGE), "get", "soc.example", "https://soc.example", CHALLENGE, mine), "client");
	k.flags = 0; /* nobody touched it */
	refused(ask(soft_get(&k, CHALLENGE), "get", "soc.example", "https://soc.example", CHALLENGE, mine), "data");
	refused(ask(soft_create(&k, CHALLENGE), "create", "soc.example", "https://soc.example", CHALLENGE, NULL), "data");
	k.flags = 1;
	said = soft_get(&k, CHALLENGE);
	json_object_del(said, "signature");
	refused(ask(said, "get", "soc.example", "https://soc.example", CHALLENGE, mine), "signature");
	said = soft_get(&k, CHALLENGE);
	json_object_set_new(said, "client_data", json_string("!!!"));
	refused(ask(said, "get", "soc.example", "https://soc.example", CHALLENGE, mine), "client");
	said = soft_get(&k, CHALLENGE);
	json_object_set_new(said, "authenticator_data", json_string("AAAA"));
	refused(ask(said, "get", "soc.example", "https://soc.example", CHALLENGE, mine), "data");
	/* a point off the curve, an algorithm we do not speak */
	json_object_set_new(mine, "key", json_string("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
	refused(ask(soft_get(&k, CHALLENGE), "get", "soc.example", "https://soc.example", CHALLENGE, mine), "algorithm");
	json_object_set_new(mine, "alg", json_integer(-35));
	refused(ask(soft_get(&k, CHALLENGE), "get", "soc.example", "https://soc.example", CHALLENGE, mine), "algorithm");
	json_decref(mine);
	EVP_PKEY_free(k.key);
}

/* Every prefix and every flipped byte of a good registration is refused or read, and never more. */
static void
damaged_registrations_are_refused(void **st)
{
	struct soft_key k;
	json_t *good;
	struct buf raw = { 0 };
	unsigned char bytes[1000];
	size_t n = 0;

	(void)st;
	soft_key_make(&k, -7);
	good = soft_create(&k, CHALLENGE);
	assert_int_equal(sodium_base642bin(bytes, sizeof bytes, json_string_value(json_object_get(good, "authenticator_data")),
	                                   json_string_length(json_object_get(good, "authenticator_data")), NULL, &n, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
	                 0);
	for (size_t cut = 0; cut < n; cut++) {
		json_t *o = json_copy(good), *a;

		json_object_set_new(o, "authenticator_data", soft_b64(bytes, cut));
		a = ask(o, "create", "soc.example", "https://soc.example", CHALLENGE, NULL);
		assert_true(json_is_false(json_object_get(a, "ok")));
		json_decref(a);
	}
	for (size_t i = 0; i < n; i++) {
		json_t *o = json_copy(good);

		bytes[i] ^= 0x80;
		json_object_set_new(o, "authenticator_data", soft_b64(bytes, n));
		json_decref(ask(o, "create", "soc.example", "https://soc.example", CHALLENGE, NULL));
		bytes[i] ^= 0x80;
	}
	json_decref(good);
	buf_fini(&raw);
	EVP_PKEY_free(k.key);
}

static void
anything_is_answered(void **st)
{
	static const char *const odd[] = { "", "{}", "[]", "null", "{\"op\":\"get\"}", "{\"op\":\"create\",\"client_data\":5}", "{\"op\":\"create\",\"op\":\"get\"}", "\xff" };

	(void)st;
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		struct buf out = { 0 };

		webauthn_answer(slice_str(odd[i]), &out);
		assert_non_null(strstr(buf_cstr(&out), "\"ok\":false"));
		buf_fini(&out);
	}
}

/* As the role: libcbor asks for what a damaged length claims. The sanitizer needs the addresses for itself. */
#ifdef __has_feature
#define SANITIZED __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

static void
limit_memory(void)
{
	struct rlimit limit = { 1ul << 30, 1ul << 30 };

	must(SANITIZED || setrlimit(RLIMIT_AS, &limit) == 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(three_kinds_of_keys_register_and_sign), cmocka_unit_test(what_is_wrong_is_told),
		cmocka_unit_test(damaged_registrations_are_refused), cmocka_unit_test(anything_is_answered),
	};

	must(sodium_init() >= 0);
	limit_memory();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
