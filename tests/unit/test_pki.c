/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/clock.h"
#include "base/err.h"
#include "sys/pki.h"

#define T0 (1764000000LL * NS_PER_S)
#define YEAR (365 * NS_PER_DAY)

struct world {
	struct pki_key *ca_key, *key;
	struct buf ca, csr;
};

static void
world_make(struct world *w)
{
	*w = (struct world){ .ca_key = pki_key_make(PKI_P256), .key = pki_key_make(PKI_P256) };
	pki_ca_make(w->ca_key, "Nezuban collectors", T0, T0 + 10 * YEAR, &w->ca);
	pki_csr_make(w->key, "evil", "not-me", &w->csr);
}

static void
world_end(struct world *w)
{
	pki_key_free(w->ca_key);
	pki_key_free(w->key);
	buf_fini(&w->ca);
	buf_fini(&w->csr);
}

static void
the_signer_decides_the_name(void **state)
{
	struct pki_ask ask = { .org = "aoba", .cn = "aoba-tokyo-1", .from_ns = T0, .to_ns = T0 + 30 * NS_PER_DAY, .use = PKI_CLIENT };
	auto_buf struct buf cert = { 0 };
	struct pki_cert c;
	struct world w;
	const char *why = NULL;

	(void)state;
	world_make(&w);
	assert_int_equal(pki_csr_sign(buf_slice(&w.csr), buf_slice(&w.ca), w.ca_key, &ask, &cert), 0);
	assert_int_equal(pki_cert_read(buf_slice(&cert), &c), 0);
	assert_string_equal(c.org, "aoba");
	assert_string_equal(c.cn, "aoba-tokyo-1");
	assert_string_equal(c.issuer_cn, "Nezuban collectors");
	assert_int_equal(strlen(c.serial), 32);
	assert_int_equal(c.use, PKI_CLIENT);
	assert_true(c.from_ns == T0 && c.to_ns == T0 + 30 * NS_PER_DAY);
	assert_int_equal(pki_cert_verify(buf_slice(&cert), buf_slice(&w.ca), PKI_CLIENT, T0 + NS_PER_DAY, &why), 0);
	assert_int_equal(pki_cert_verify(buf_slice(&cert), buf_slice(&w.ca), PKI_CLIENT, T0 + 31 * NS_PER_DAY, &why), E_CERT);
	assert_string_equal(why, "certificate has expired");
	assert_int_equal(pki_cert_verify(buf_slice(&cert), buf_slice(&w.ca), PKI_CLIENT, T0 - NS_PER_DAY, &why), E_CERT);
	assert_int_equal(pki_cert_verify(buf_slice(&cert), buf_slice(&w.ca), PKI_SERVER, T0 + NS_PER_DAY, &why), E_CERT);
	world_end(&w);
}

static void
another_ca_does_not_verify(void **state)
{
	struct pki_ask ask = { .org = "aoba", .cn = "x", .from_ns = T0, .to_ns = T0 + YEAR, .use = PKI_CLIENT };
	auto_buf struct buf cert = { 0 };
	struct world w, other;

	(void)state;
	world_make(&w);
	world_make(&other);
	assert_int_equal(pki_csr_sign(buf_slice(&w.csr), buf_slice(&w.ca), w.ca_key, &ask, &cert), 0);
	assert_int_equal(pki_cert_verify(buf_slice(&cert), buf_slice(&other.ca), PKI_CLIENT, T0 + 1, NULL), E_CERT);
	assert_int_equal(pki_csr_sign(buf_slice(&w.csr), buf_slice(&w.ca), other.ca_key, &ask, &cert), E_CERT);
	world_end(&w);
	world_end(&other);
}

static void
a_bent_request_is_refused(void **state)
{
	struct pki_ask ask = { .org = "aoba", .cn = "x", .from_ns = T0, .to_ns = T0 + YEAR, .use = PKI_CLIENT };
	auto_buf struct buf cert = { 0 }, bent = { 0 };
	struct world w;

	(void)state;
	world_make(&w);
	for (size_t at = 40; at + 40 < w.csr.n; at += 7) { /* one letter of the body changed: another or no request */
		buf_clear(&bent);
		buf_put_slice(&bent, buf_slice(&w.csr));
		bent.p[at] = bent.p[at] == 'A' ? 'B' : 'A';
		if (bent.p[at] != w.csr.p[at])
			assert_true(pki_csr_sign(buf_slice(&bent), buf_slice(&w.ca), w.ca_key, &ask, &cert) < 0);
	}
	assert_int_equal(pki_csr_sign(SL("hello"), buf_slice(&w.ca), w.ca_key, &ask, &cert), E_SYNTAX);
	assert_int_equal(cert.n, 0);
	world_end(&w);
}

static void
server_names(void **state)
{
	const char *const hosts[] = { "localhost", "127.0.0.1", "::1", "soc.example.jp", NULL };
	const char *const evil[] = { "a,DNS:b", NULL };
	struct pki_ask ask = { .cn = "soc", .hosts = hosts, .from_ns = T0, .to_ns = T0 + YEAR, .use = PKI_SERVER };
	auto_buf struct buf cert = { 0 };
	struct pki_cert c;
	struct world w;

	(void)state;
	world_make(&w);
	assert_int_equal(pki_cert_make(w.key, buf_slice(&w.ca), w.ca_key, &ask, &cert), 0);
	assert_int_equal(pki_cert_read(buf_slice(&cert), &c), 0);
	assert_int_equal(c.use, PKI_SERVER);
	assert_int_equal(pki_cert_verify(buf_slice(&cert), buf_slice(&w.ca), PKI_SERVER, T0 + 1, NULL), 0);
	ask.hosts = evil;
	assert_int_equal(pki_cert_make(w.key, buf_slice(&w.ca), w.ca_key, &ask, &cert), E_RANGE);
	world_end(&w);
}

static void
keys_survive_being_written(void **state)
{
	struct pki_key *k = pki_key_make(PKI_ED25519), *again, *pub, *none = NULL;
	auto_buf struct buf secret = { 0 }, public = { 0 };
	uint8_t sig[PKI_SIG_LEN];
	char a[17], b[17];

	(void)state;
	pki_key_write(k, &secret);
	pki_key_write_public(k, &public);
	assert_int_equal(pki_key_read(buf_slice(&secret), &again), 0);
	assert_int_equal(pki_key_read_public(buf_slice(&public), &pub), 0);
	pki_key_id(k, a);
	pki_key_id(pub, b);
	assert_string_equal(a, b);
	pki_sign(again, SL("receipt"), sig);
	assert_int_equal(pki_verify(pub, SL("receipt"), slice_of(sig, sizeof sig)), 0);
	assert_int_equal(pki_verify(pub, SL("receipT"), slice_of(sig, sizeof sig)), E_SIGNATURE);
	sig[3] ^= 1;
	assert_int_equal(pki_verify(pub, SL("receipt"), slice_of(sig, sizeof sig)), E_SIGNATURE);
	assert_int_equal(pki_verify(pub, SL("receipt"), slice_of(sig, 10)), E_SIGNATURE);
	assert_int_equal(pki_key_read(buf_slice(&public), &none), E_SYNTAX);
	assert_null(none);
	pki_key_free(k);
	pki_key_free(again);
	pki_key_free(pub);
}

static void
text_forms(void **state)
{
	auto_buf struct buf b = { 0 }, back = { 0 };
	uint8_t raw[4];
	char t1[27], t2[27], hex[9];

	(void)state;
	pki_base64(SL("any carnal pleas"), &b);
	assert_slice(buf_slice(&b), "YW55IGNhcm5hbCBwbGVhcw==");
	assert_int_equal(pki_unbase64(buf_slice(&b), &back), 0);
	assert_slice(buf_slice(&back), "any carnal pleas");
	assert_int_equal(pki_unbase64(SL("YW5="), &back), 0);
	assert_int_equal(pki_unbase64(SL("Y=5="), &back), E_SYNTAX);
	assert_int_equal(pki_unbase64(SL("YW5"), &back), E_SYNTAX);
	assert_int_equal(pki_unbase64(SL("YW5\n"), &back), E_SYNTAX);
	assert_int_equal(pki_unhex(SL("00fFa0"), raw, 3), 0);
	pki_hex(raw, 3, hex);
	assert_string_equal(hex, "00ffa0");
	assert_int_equal(pki_unhex(SL("00fg"), raw, 2), E_SYNTAX);
	assert_int_equal(pki_unhex(SL("00f"), raw, 2), E_SYNTAX);
	pki_token(t1);
	pki_token(t2);
	assert_string_not_equal(t1, t2);
	assert_int_equal(strlen(t1), 26);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_signer_decides_the_name), cmocka_unit_test(another_ca_does_not_verify),
		cmocka_unit_test(a_bent_request_is_refused),   cmocka_unit_test(server_names),
		cmocka_unit_test(keys_survive_being_written),  cmocka_unit_test(text_forms),
	};

	return cmocka_run_group_tests_name("pki", tests, NULL, NULL);
}
