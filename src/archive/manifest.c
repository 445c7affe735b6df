/* SPDX-License-Identifier: Apache-2.0
 *
 * The texts that are signed: manifest of a day, head of a tenant.  Pure.  verify makes them again from
 * the records and compares bytes, so nobody has to read JSON here.
 */
#include <stdio.h>
#include <stdlib.h>

#include "archive/record_priv.h"
#include "base/must.h"
#include "codec/jsonw.h"

static void
count_device(struct day_count *c, const char *lcp, const struct archive_device *d)
{
	char name[BATCH_ID_MAX + ARCHIVE_DEVICE_MAX + 1];
	int n = snprintf(name, sizeof name, "%.*s/%.*s", BATCH_ID_MAX, lcp, ARCHIVE_DEVICE_MAX, d->id);
	bool is_new;
	struct map_slot *s = map_put(&c->devices, slice_of(name, (size_t)n), &is_new);

	if (is_new) {
		s->u = c->count.n;
		vec_push(&c->count, (struct archive_device){ 0 });
		vec_push(&c->names, x_strdup(name));
	}
	c->count.v[s->u].lines += d->lines;
	c->count.v[s->u].bytes += d->bytes;
}

void
day_count_add(struct day_count *c, const struct record *r, const struct archive_device *devices)
{
	c->batches++;
	c->lines += r->meta.lines;
	c->bytes += r->meta.bytes;
	c->gaps += r->meta.gaps;
	memcpy(c->chain, r->chain, 32);
	for (uint32_t i = 0; i < r->devices; i++)
		count_device(c, r->meta.key.lcp, &devices[i]);
}

void
day_count_fini(struct day_count *c)
{
	for (size_t i = 0; i < c->names.n; i++)
		free(c->names.v[i]);
	map_fini(&c->devices);
	vec_fini(&c->count);
	vec_fini(&c->names);
}

static void
put_chain(struct buf *out, const uint8_t chain[32])
{
	char hex[65];

	pki_hex(chain, 32, hex);
	jsonw_kv_str(out, "chain", hex);
}

void
head_text(const char *tenant, struct slice at, struct slice segment, uint64_t bytes, const uint8_t chain[32],
          struct buf *out)
{
	buf_put_str(out, "{\"v\":1,\"kind\":\"head\"");
	jsonw_kv_str(out, "tenant", tenant);
	jsonw_kv(out, "at", at);
	jsonw_kv(out, "segment", segment);
	jsonw_kv_i64(out, "bytes", (int64_t)bytes);
	put_chain(out, chain);
}

void
manifest_text(const struct day_count *c, const char *tenant, const char *day, struct slice at, struct buf *out)
{
	buf_put_str(out, "{\"v\":1,\"kind\":\"manifest\"");
	jsonw_kv_str(out, "tenant", tenant);
	jsonw_kv_str(out, "day", day);
	jsonw_kv(out, "at", at);
	jsonw_kv_i64(out, "batches", (int64_t)c->batches);
	jsonw_kv_i64(out, "lines", (int64_t)c->lines);
	jsonw_kv_i64(out, "bytes", (int64_t)c->bytes);
	jsonw_kv_i64(out, "gaps", (int64_t)c->gaps);
	put_chain(out, c->chain);
	jsonw_key(out, SL("devices"));
	buf_put_byte(out, '[');
	for (size_t i = 0; i < c->count.n; i++) {
		jsonw_comma(out);
		buf_put_byte(out, '{');
		jsonw_kv_str(out, "device", c->names.v[i]);
		jsonw_kv_i64(out, "lines", c->count.v[i].lines);
		jsonw_kv_i64(out, "bytes", c->count.v[i].bytes);
		buf_put_byte(out, '}');
	}
	buf_put_byte(out, ']');
}
