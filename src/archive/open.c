/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening: the index is what the segments say.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/record_priv.h"
#include "base/log.h"
#include "base/must.h"
#include "batch/crc32c.h"
#include "sys/fd.h"

static bool
read_head(int fd, uint64_t off, struct record *ret)
{
	return pread(fd, ret, sizeof *ret, (off_t)off) == (ssize_t)sizeof *ret && record_head_is_good(ret);
}

static bool
body_is_good(int fd, uint64_t off, const struct record *r)
{
	size_t n = r->meta.wire_len + r->devices * sizeof(struct archive_device);
	auto_buf struct buf b = { 0 };

	buf_reserve(&b, n);
	return pread(fd, b.p, n, (off_t)(off + sizeof *r)) == (ssize_t)n && crc32c(0, b.p, n) == r->body_crc;
}

/* The next good head behind off, or the file's end. */
static uint64_t
next_good(int fd, uint64_t off, uint64_t size)
{
	struct record r;

	for (off += RECORD_ALIGN; off + sizeof r <= size; off += RECORD_ALIGN)
		if (read_head(fd, off, &r))
			return off;
	return size;
}

/* A tail that is not a whole record was never acknowledged: kept beside for whoever wants to look, cut off. */
static int
set_aside(struct seg *s, uint64_t from, uint64_t size)
{
	auto_free char *path = x_asprintf("%s.torn-%llu", s->path, (unsigned long long)from);
	auto_buf struct buf b = { 0 };

	log_warn("archive.torn_tail", kv_str("file", s->path), kv_u64("from", from), kv_u64("bytes", size - from));
	buf_reserve(&b, size - from);
	if (pread(s->fd, b.p, size - from, (off_t)from) == (ssize_t)(size - from)) {
		b.n = size - from;
		(void)file_write_atomic(path, buf_slice(&b), 0600);
	}
	return ftruncate(s->fd, (off_t)from) == 0 && fdatasync(s->fd) == 0 ? 0 : E_IO;
}

static void
take_record(struct tenant *t, struct seg *s, const struct record *r)
{
	size_t index;
	struct stream *st = stream_get(t, &r->meta.key, &index);

	st->key.seq = r->meta.key.seq;
	memcpy(st->hash, r->meta.hash, 32);
	memcpy(t->chain, r->chain, 32);
	seg_note(s, index, r->meta.key.seq);
}

static int
scan_segment(struct tenant *t, struct seg *s, bool last)
{
	struct stat st;
	uint64_t off = 0, size;
	struct record r;

	if (fstat(s->fd, &st) != 0)
		return E_IO;
	size = (uint64_t)st.st_size;
	while (off < size) {
		bool whole = read_head(s->fd, off, &r) && off + record_size(&r) <= size;

		/* Bodies are checked by verify; here only the last record can be torn. */
		if (whole && last && off + record_size(&r) == size && !body_is_good(s->fd, off, &r))
			whole = false;
		if (whole) {
			take_record(t, s, &r);
			off += record_size(&r);
			continue;
		}
		uint64_t next = next_good(s->fd, off, size);

		if (next >= size && last) {
			if (set_aside(s, off, size) != 0)
				return E_IO;
			size = off;
			break;
		}
		log_alert("archive.damaged", kv_str("file", s->path), kv_u64("from", off), kv_u64("to", next));
		s->damaged = true;
		off = next;
	}
	s->size = s->synced = size;
	return 0;
}

static int
open_segment(struct tenant *t, const char *path, const char *day, bool last)
{
	struct seg s = { .path = x_strdup(path), .fd = open(path, O_RDWR | O_CLOEXEC) };
	int r;

	memcpy(s.day, day, 11);
	if (s.fd < 0) {
		free(s.path);
		return E_IO;
	}
	vec_push(&t->segs, s);
	r = scan_segment(t, &t->segs.v[t->segs.n - 1], last);
	if (!last) { /* opened again when a reader comes by */
		close(t->segs.v[t->segs.n - 1].fd);
		t->segs.v[t->segs.n - 1].fd = -1;
	}
	return r;
}

static int
open_day(struct tenant *t, const char *folder, const char *day, bool last_day)
{
	auto_free char *path = x_asprintf("%s/%s", folder, day);
	struct names segs;
	int r = names_read(path, &segs);

	for (size_t i = 0; r == 0 && i < segs.v.n; i++) {
		auto_free char *file = x_asprintf("%s/%s", path, segs.v.v[i]);
		bool last = last_day;

		if (!is_segment(segs.v.v[i]))
			continue;
		for (size_t k = i + 1; k < segs.v.n; k++)
			last = last && !is_segment(segs.v.v[k]);
		r = open_segment(t, file, day, last);
	}
	names_free(&segs);
	return r;
}

static int
open_tenant(struct archive *a, const char *name)
{
	auto_free char *folder = x_asprintf("%s/%s", a->folder, name);
	struct tenant *t = tenant_get(a, name);
	struct names days;
	int r = names_read(folder, &days);

	for (size_t i = 0; r == 0 && i < days.v.n; i++) {
		bool last = true;

		if (!is_day(days.v.v[i]))
			continue;
		for (size_t k = i + 1; k < days.v.n; k++)
			last = last && !is_day(days.v.v[k]);
		r = open_day(t, folder, days.v.v[i], last);
	}
	names_free(&days);
	return r;
}

int
archive_open(const struct archive_conf *conf, struct archive **ret)
{
	struct archive *a = x_calloc(1, sizeof *a);
	struct names tenants;
	int r;

	a->conf = *conf;
	if (a->conf.pwrite == NULL)
		a->conf.pwrite = pwrite;
	if (a->conf.fdatasync == NULL)
		a->conf.fdatasync = fdatasync;
	a->folder = x_strdup(conf->folder);
	pki_key_id(conf->key, a->key_id);
	r = dir_make(a->folder, 0700);
	if (r == 0)
		r = names_read(a->folder, &tenants);
	if (r != 0) {
		archive_close(a);
		return r;
	}
	for (size_t i = 0; r == 0 && i < tenants.v.n; i++)
		if (batch_id_is_good(slice_str(tenants.v.v[i])))
			r = open_tenant(a, tenants.v.v[i]);
	names_free(&tenants);
	if (r != 0)
		archive_close(a);
	else
		*ret = a;
	return r;
}

void
archive_close(struct archive *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->tenants.n; i++) {
		struct tenant *t = &a->tenants.v[i];

		for (size_t k = 0; k < t->segs.n; k++) {
			if (t->segs.v[k].fd >= 0)
				close(t->segs.v[k].fd);
			free(t->segs.v[k].path);
			vec_fini(&t->segs.v[k].spans);
		}
		vec_fini(&t->segs);
		vec_fini(&t->streams);
	}
	vec_fini(&a->tenants);
	free(a->folder);
	free(a);
}
