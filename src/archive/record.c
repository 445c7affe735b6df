/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "archive/record_priv.h"
#include "base/clock.h"
#include "base/must.h"
#include "batch/crc32c.h"

bool
record_head_is_good(const struct record *r)
{
	return r->magic == RECORD_MAGIC && r->version == RECORD_VERSION && r->meta.wire_len <= BATCH_WIRE_MAX &&
	       r->devices <= ARCHIVE_DEVICES_MAX && crc32c(0, r, offsetof(struct record, head_crc)) == r->head_crc;
}

void
record_chain(const struct record *r, const uint8_t before[32], uint8_t ret[32])
{
	auto_buf struct buf b = { 0 };

	buf_put(&b, before, 32);
	buf_put(&b, r, offsetof(struct record, chain));
	pki_sha256(buf_slice(&b), ret);
}

void
record_seal(struct record *r, const uint8_t before[32])
{
	record_chain(r, before, r->chain);
	r->head_crc = crc32c(0, r, offsetof(struct record, head_crc));
}

void
receipt_text(const struct archive_meta *m, struct buf *out)
{
	char hex[65], when[40];

	pki_hex(m->hash, 32, hex);
	time_format_rfc3339(when, m->received_ns, 3);
	buf_printf(out, "nezuban-receipt-1\n%s\n%s\n%016llx%016llx\n%llu\n%s\n%u\n%s\n", m->key.tenant, m->key.lcp,
	           (unsigned long long)m->key.epoch[0], (unsigned long long)m->key.epoch[1],
	           (unsigned long long)m->key.seq, hex, m->lines, when);
}

void
day_of(int64_t ns, char ret[11])
{
	char when[40];

	time_format_rfc3339(when, ns, 0);
	memcpy(ret, when, 10);
	ret[10] = '\0';
}

struct tenant *
tenant_get(struct archive *a, const char *name)
{
	struct tenant *t;

	for (size_t i = 0; i < a->tenants.n; i++)
		if (strcmp(a->tenants.v[i].name, name) == 0)
			return &a->tenants.v[i];
	vec_push(&a->tenants, (struct tenant){ 0 });
	t = &a->tenants.v[a->tenants.n - 1];
	snprintf(t->name, sizeof t->name, "%s", name);
	return t;
}

struct stream *
stream_get(struct tenant *t, const struct batch_key *key, size_t *ret_index)
{
	size_t i = t->streams.n;

	/* The newest epoch is nearly always the last one made. */
	while (i > 0 && memcmp(&t->streams.v[i - 1].key, key, offsetof(struct batch_key, seq)) != 0)
		i--;
	if (i == 0) {
		vec_push(&t->streams, (struct stream){ .key = *key });
		i = t->streams.n;
		t->streams.v[i - 1].key.seq = 0;
	}
	*ret_index = i - 1;
	return &t->streams.v[i - 1];
}

void
seg_note(struct seg *s, size_t stream, uint64_t seq)
{
	for (size_t i = 0; i < s->spans.n; i++)
		if (s->spans.v[i].stream == stream) {
			s->spans.v[i].last = seq;
			return;
		}
	vec_push(&s->spans, (struct span){ stream, seq, seq });
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int
names_read(const char *folder, struct names *ret)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	*ret = (struct names){ 0 };
	if (d == NULL)
		return errno == ENOENT ? E_NOTFOUND : E_IO;
	while ((e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			vec_push(&ret->v, x_strdup(e->d_name));
	closedir(d);
	if (ret->v.n != 0)
		qsort(ret->v.v, ret->v.n, sizeof *ret->v.v, by_name);
	return 0;
}

void
names_free(struct names *n)
{
	for (size_t i = 0; i < n->v.n; i++)
		free(n->v.v[i]);
	vec_fini(&n->v);
}

bool
is_day(const char *name)
{
	return strlen(name) == 10 && name[4] == '-' && name[7] == '-' && strspn(name, "0123456789-") == 10;
}

bool
is_segment(const char *name)
{
	return strlen(name) == 10 && strspn(name, "0123456789") == 6 && strcmp(name + 6, ".seg") == 0;
}
