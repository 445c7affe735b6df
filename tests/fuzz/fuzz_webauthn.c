/* SPDX-License-Identifier: Apache-2.0
 *
 * What a stranger's browser says a security key said: first byte the algorithm, then authenticator data, given both as
 * a registration and as an assertion whose client data is right; and the whole input as a question.  Nothing that was
 * not signed is ever believed.
 */
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>

#include "auth/webauthn.h"
#include "base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__asan_default_options(void);

/* libcbor asks for the memory of a map as large as its head says; in the role's jail the answer is no, and that is how
 * it goes on here. */
const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1:max_allocation_size_mb=512";
}

/* base64url of {"type":"webauthn.create","challenge":"AAAA","origin":"https://soc.example"}, and of get */
#define CREATE "eyJ0eXBlIjoid2ViYXV0aG4uY3JlYXRlIiwiY2hhbGxlbmdlIjoiQUFBQSIsIm9yaWdpbiI6Imh0dHBzOi8vc29jLmV4YW1wbGUifQ"
#define GET "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiQUFBQSIsIm9yaWdpbiI6Imh0dHBzOi8vc29jLmV4YW1wbGUifQ"

static char *
b64(const uint8_t *p, size_t n)
{
	size_t len = sodium_base64_encoded_len(n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *s = x_calloc(1, len);

	return sodium_bin2base64(s, len, p, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

static void
ask(const char *op, const char *client, const char *auth, const char *sig, int alg, const char *key)
{
	json_t *q = json_pack("{s:i, s:s, s:s, s:s, s:[s], s:s, s:s, s:s, s:i, s:s}", "v", 1, "op", op, "challenge", "AAAA", "rp", "soc.example", "origins",
	                      "https://soc.example", "client_data", client, "authenticator_data", auth, "signature", sig, "alg", alg, "key", key);
	auto_buf struct buf out = { 0 };
	char *text = json_dumps(q, JSON_COMPACT);
	json_t *a;

	webauthn_answer(slice_str(text), &out);
	a = json_loadb(out.p, out.n, 0, NULL);
	must(json_is_boolean(json_object_get(a, "ok")));
	must(strcmp(op, "get") != 0 || json_is_false(json_object_get(a, "ok")));
	must(json_is_true(json_object_get(a, "ok")) ? json_is_string(json_object_get(a, "credential")) : json_is_string(json_object_get(a, "fault")));
	json_decref(a);
	json_decref(q);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int algs[] = { -7, -8, -257 };
	auto_buf struct buf out = { 0 };
	size_t half;
	char *whole, *a, *b;
	uint8_t *with_rp;

	must(sodium_init() >= 0);
	webauthn_answer(slice_of(data, size), &out);
	if (size < 2 || size > 4096)
		return 0;
	/* with the right relying party in front, or nearly nothing would get past the first look */
	with_rp = x_calloc(1, size + 31);
	crypto_hash_sha256(with_rp, (const unsigned char *)"soc.example", 11);
	memcpy(with_rp + 32, data + 1, size - 1);
	whole = b64(with_rp, size + 31);
	half = size / 2;
	a = b64(data, half);
	b = b64(data + half, size - half);
	ask("create", CREATE, whole, "", 0, "");
	ask("get", GET, whole, a, algs[data[0] % 3], b);
	free(with_rp);
	free(whole);
	free(a);
	free(b);
	return 0;
}
