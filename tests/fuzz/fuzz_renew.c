/* SPDX-License-Identifier: Apache-2.0
 *
 * POST /v1/renew from its body to the certificate.  First byte: 0 the body at ingest, 1 the request that is signed (PKCS #10 in PEM),
 * 2 the desk's answer.  The truths: who asks is what its certificate says, whatever the body says; what is signed is for the names, the serial
 * and the use that we chose, and our CA's; only the stranger's key is in it.
 */
#include <jansson.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/must.h"
#include "role/ingest_priv.h"
#include "sys/pki.h"

#define NOW 1795000000000000000LL
#define SERIAL "4f112233445566778899aabbccddeeff"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
read_body(struct slice s)
{
	auto_buf struct buf out = { 0 };
	json_t *o;

	if (renew_read(s, "aoba", "tokyo-1", SERIAL, &out) != 0) {
		must(out.n == 0);
		return;
	}
	o = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
	must(json_object_size(o) == 4 && strcmp(json_string_value(json_object_get(o, "tenant")), "aoba") == 0 &&
	     strcmp(json_string_value(json_object_get(o, "lcp")), "tokyo-1") == 0 && strcmp(json_string_value(json_object_get(o, "serial")), SERIAL) == 0 &&
	     json_string_length(json_object_get(o, "csr")) > 0);
	json_decref(o);
}

static void
sign_request(struct slice csr)
{
	static struct pki_key *ca;
	static struct buf ca_crt;
	auto_buf struct buf cert = { 0 };
	struct pki_cert said;
	uint8_t print[32];

	if (ca == NULL) {
		ca = pki_key_make(PKI_P256);
		pki_ca_make(ca, "CA", NOW - NS_PER_DAY, NOW + 400 * NS_PER_DAY, &ca_crt);
	}
	if (pki_csr_fingerprint(csr, print) != 0)
		return;
	if (pki_csr_sign(csr, buf_slice(&ca_crt), ca,
	                 &(struct pki_ask){ .org = "aoba", .cn = "tokyo-1", .serial = SERIAL, .from_ns = NOW - 3600 * NS_PER_S, .to_ns = NOW + 90 * NS_PER_DAY, .use = PKI_CLIENT }, &cert) != 0)
		return;
	must(pki_cert_read(buf_slice(&cert), &said) == 0 && strcmp(said.org, "aoba") == 0 && strcmp(said.cn, "tokyo-1") == 0 && strcmp(said.serial, SERIAL) == 0);
	must(said.use == PKI_CLIENT && pki_cert_verify(buf_slice(&cert), buf_slice(&ca_crt), PKI_CLIENT, NOW, NULL) == 0);
	must(pki_cert_verify(buf_slice(&cert), buf_slice(&ca_crt), PKI_SERVER, NOW, NULL) != 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf struct buf out = { 0 };

	if (size == 0)
		return 0;
	if (data[0] == 0)
		read_body(slice_of(data + 1, size - 1));
	else if (data[0] == 1)
		sign_request(slice_of(data + 1, size - 1));
	else
		(void)enrolled_read(slice_of(data + 1, size - 1), &out);
	return 0;
}
