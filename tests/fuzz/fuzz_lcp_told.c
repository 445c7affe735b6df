/* SPDX-License-Identifier: Apache-2.0
 *
 * The signed list of devices: any bytes as an envelope are refused; any bytes as a text that was signed give a table
 * of whole lines or nothing.
 */
#include <string.h>

#include "base/err.h"
#include "base/must.h"
#include "role/lcp_told.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void
put_escaped(struct buf *out, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] == '"' || p[i] == '\\' || p[i] < 0x20 || p[i] >= 0x7f)
			buf_printf(out, "\\u00%02x", p[i] == 0 ? 1 : p[i]);
		else
			buf_put_byte(out, (char)p[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static struct pki_key *key;
	auto_buf struct buf bytes = { 0 }, sig = { 0 }, envelope = { 0 };
	struct lcp_told t = { 0 };
	uint8_t raw[PKI_SIG_LEN];
	unsigned tabs = 0, lines = 0;

	if (key == NULL)
		key = pki_key_make(PKI_ED25519);
	must(lcp_told_read(slice_of(p, n), key, "aoba", "l1", 0, &t) != 0);
	for (size_t i = 0; i < n; i++)
		if (p[i] >= 0x80 || p[i] == 0)
			return 0; /* the text below is signed as it is decoded: ASCII */
	buf_put_str(&bytes, LCP_TOLD_PREFIX);
	buf_put(&bytes, p, n);
	pki_sign(key, buf_slice(&bytes), raw);
	pki_base64(slice_of(raw, sizeof raw), &sig);
	buf_put_str(&envelope, "{\"v\":1,\"key\":\"x\",\"config\":\"");
	put_escaped(&envelope, p, n);
	buf_printf(&envelope, "\",\"sig\":\"%s\"}", buf_cstr(&sig));
	if (lcp_told_read(buf_slice(&envelope), key, "aoba", "l1", 3, &t) != 0)
		return 0;
	must(t.version >= 3);
	for (size_t i = 0; i < t.table.n; i++) {
		tabs += t.table.p[i] == '\t';
		lines += t.table.p[i] == '\n';
	}
	must(tabs == 2 * lines && (t.table.n == 0 || t.table.p[t.table.n - 1] == '\n'));
	buf_fini(&t.table);
	return 0;
}
