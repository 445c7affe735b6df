/* SPDX-License-Identifier: Apache-2.0
 *
 * The signed configuration: bytes first, then JSON, then every word of it.
 */
#include "role/lcp_told.h"

#include <jansson.h>
#include <string.h>

#include "base/err.h"
#include "base/must.h"

static const char *
text(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);

	return json_is_string(v) && json_string_length(v) == strlen(json_string_value(v)) ? json_string_value(v) : "";
}

static bool
only(const char *s, size_t most, const char *letters)
{
	return strlen(s) <= most && strspn(s, letters) == strlen(s);
}

static bool
put_device(const json_t *d, struct lcp_told *t)
{
	const char *id = text(d, "id"), *source = text(d, "source"), *address = text(d, "address");

	if (id[0] == '\0' || !only(id, 255, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_:") ||
	    !only(source, 64, "abcdefghijklmnopqrstuvwxyz0123456789._-") || !only(address, 45, "0123456789abcdefABCDEF.:"))
		return false;
	buf_printf(&t->table, "%s\t%s\t%s\n", id, id, source);
	if (address[0] != '\0' && strcmp(address, id) != 0)
		buf_printf(&t->table, "%s\t%s\t%s\n", address, id, source);
	t->devices++;
	return true;
}

static int
read_text(const char *config, const char *tenant, const char *lcp, uint64_t least, struct lcp_told *t)
{
	json_t *o = json_loads(config, JSON_REJECT_DUPLICATES, NULL);
	const json_t *list = json_object_get(o, "devices"), *d;
	json_int_t version = json_integer_value(json_object_get(o, "version"));
	int r = 0;
	size_t i;

	if (!json_is_object(o) || json_integer_value(json_object_get(o, "v")) != 1 || !json_is_array(list) || json_array_size(list) > LCP_TOLD_DEVICES || version < 1)
		r = E_SYNTAX;
	else if (strcmp(text(o, "tenant"), tenant) != 0 || strcmp(text(o, "lcp"), lcp) != 0)
		r = E_DENIED;
	else if ((uint64_t)version < least)
		r = E_REPLAY;
	t->version = (uint64_t)version;
	json_array_foreach(list, i, d)
		if (r == 0 && !put_device(d, t))
			r = E_SYNTAX;
	json_decref(o);
	return r;
}

static int
verify(const json_t *o, const struct pki_key *key)
{
	auto_buf struct buf bytes = { 0 }, sig = { 0 };

	buf_put_str(&bytes, LCP_TOLD_PREFIX);
	buf_put_str(&bytes, text(o, "config"));
	if (pki_unbase64(slice_str(text(o, "sig")), &sig) != 0)
		return E_SIGNATURE;
	return pki_verify(key, buf_slice(&bytes), buf_slice(&sig));
}

int
lcp_told_read(struct slice envelope, const struct pki_key *key, const char *tenant, const char *lcp, uint64_t least, struct lcp_told *ret)
{
	struct lcp_told t = { 0 };
	json_t *o = envelope.n <= LCP_TOLD_MAX ? json_loadb(envelope.p, envelope.n, JSON_REJECT_DUPLICATES, NULL) : NULL;
	int r = E_SYNTAX;

	if (json_is_object(o) && json_integer_value(json_object_get(o, "v")) == 1 && text(o, "config")[0] != '\0')
		r = verify(o, key);
	if (r == 0)
		r = read_text(text(o, "config"), tenant, lcp, least, &t);
	json_decref(o);
	if (r == 0)
		*ret = t;
	else
		buf_fini(&t.table);
	return r;
}
