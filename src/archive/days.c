/* SPDX-License-Identifier: Apache-2.0
 *
 * Heads each minute, a manifest at a day's end, removal when a day is older than the contract.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/record_priv.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/must.h"
#include "codec/jsonw.h"
#include "sys/fd.h"

/* Signs the object built so far (without its brace) and closes it: "key" and "sig" are the last members. */
static void
sign_and_close(const struct archive *a, struct buf *out)
{
	uint8_t sig[PKI_SIG_LEN];
	auto_buf struct buf text = { 0 };

	pki_sign(a->conf.key, buf_slice(out), sig);
	pki_base64(slice_of(sig, sizeof sig), &text);
	jsonw_kv_str(out, "key", a->key_id);
	jsonw_kv(out, "sig", buf_slice(&text));
	buf_put_str(out, "}\n");
}

static int
write_head(struct archive *a, struct tenant *t, int64_t now_ns)
{
	auto_free char *path = x_asprintf("%s/%s/head.json", a->folder, t->name);
	auto_buf struct buf out = { 0 };
	char when[40];
	const struct seg *s = t->segs.n != 0 ? &t->segs.v[t->segs.n - 1] : NULL;

	if (s == NULL || s->dirty)
		return 0; /* only what is on the disk may be signed; next time */
	time_format_rfc3339(when, now_ns, 3);
	head_text(t->name, slice_str(when), slice_sub(slice_str(s->path), strlen(a->folder) + strlen(t->name) + 2, SIZE_MAX),
	          s->synced, t->chain, &out);
	sign_and_close(a, &out);
	t->moved = false;
	return file_write_atomic(path, buf_slice(&out), 0600);
}

int
archive_write_heads(struct archive *a, int64_t now_ns)
{
	int r = 0;

	for (size_t i = 0; i < a->tenants.n && r == 0; i++)
		if (a->tenants.v[i].moved)
			r = write_head(a, &a->tenants.v[i], now_ns);
	return r;
}

/* ---- manifests ---- */

static void
count_record(struct day_count *c, int fd, uint64_t off, const struct record *r)
{
	size_t n = r->devices * sizeof(struct archive_device);
	struct archive_device *d = x_malloc(n);

	if (pread(fd, d, n, (off_t)(off + sizeof *r + r->meta.wire_len)) == (ssize_t)n)
		day_count_add(c, r, d);
	free(d);
}

static void
count_day(struct tenant *t, const char *day, struct day_count *c)
{
	struct record r;

	for (size_t i = 0; i < t->segs.n; i++) {
		struct seg *s = &t->segs.v[i];
		auto_close int fd = strcmp(s->day, day) == 0 ? open(s->path, O_RDONLY | O_CLOEXEC) : -1;

		for (uint64_t off = 0; fd >= 0 && off < s->synced;) {
			if (pread(fd, &r, sizeof r, (off_t)off) == (ssize_t)sizeof r && record_head_is_good(&r)) {
				count_record(c, fd, off, &r);
				off += record_size(&r);
			} else {
				off += RECORD_ALIGN;
			}
		}
	}
}

static int
write_manifest(struct archive *a, struct tenant *t, const char *day, int64_t now_ns, struct buf *out)
{
	auto_free char *path = x_asprintf("%s/%s/%s/manifest.json", a->folder, t->name, day);
	struct day_count c = { 0 };
	char when[40];

	count_day(t, day, &c);
	time_format_rfc3339(when, now_ns, 3);
	manifest_text(&c, t->name, day, slice_str(when), out);
	sign_and_close(a, out);
	day_count_fini(&c);
	return file_write_atomic(path, buf_slice(out), 0600);
}

/* ---- removal ---- */

static void
remove_folder(const char *path)
{
	struct names files;

	if (names_read(path, &files) != 0)
		return;
	for (size_t i = 0; i < files.v.n; i++) {
		auto_free char *file = x_asprintf("%s/%s", path, files.v.v[i]);

		unlink(file);
	}
	names_free(&files);
	rmdir(path);
}

/* Forgets the segments of a day at the front. Readers are ahead of them by months. */
static void
forget_day(struct archive *a, struct tenant *t, const char *day)
{
	auto_free char *path = x_asprintf("%s/%s/%s", a->folder, t->name, day);
	auto_free char *manifest = x_asprintf("%s/manifest.json", path), *kept = x_asprintf("%s.removed.json", path);
	size_t n = 0;

	while (n < t->segs.n && strcmp(t->segs.v[n].day, day) == 0) {
		if (t->segs.v[n].fd >= 0)
			close(t->segs.v[n].fd);
		free(t->segs.v[n].path);
		vec_fini(&t->segs.v[n].spans);
		n++;
	}
	/* What was signed about it stays: the chain of the days that are kept begins there. */
	if (rename(manifest, kept) != 0 && errno != ENOENT)
		log_error("archive.manifest_kept", kv_str("file", kept), kv_i64("errno", errno));
	memmove(t->segs.v, t->segs.v + n, (t->segs.n - n) * sizeof *t->segs.v);
	t->segs.n -= n;
	t->first_seg += n;
	remove_folder(path);
	log_info("archive.day_removed", kv_str("tenant", t->name), kv_str("day", day));
}

static int
close_tenant(struct archive *a, struct tenant *t, const char *today, const char *oldest, int64_t now_ns,
             void (*fn)(void *ctx, struct slice json), void *ctx)
{
	char day[11] = "";
	int r = 0;

	while (t->segs.n != 0 && strcmp(t->segs.v[0].day, oldest) < 0) {
		memcpy(day, t->segs.v[0].day, 11);
		forget_day(a, t, day);
	}
	for (size_t i = 0; i < t->segs.n && r == 0; i++) {
		auto_free char *path = x_asprintf("%s/%s/%s/manifest.json", a->folder, t->name, t->segs.v[i].day);
		auto_buf struct buf json = { 0 };

		if (strcmp(t->segs.v[i].day, day) == 0 || strcmp(t->segs.v[i].day, today) >= 0 || t->segs.v[i].dirty)
			continue;
		memcpy(day, t->segs.v[i].day, 11);
		if (access(path, F_OK) == 0)
			continue;
		r = write_manifest(a, t, day, now_ns, &json);
		if (r == 0 && fn != NULL)
			fn(ctx, buf_slice(&json));
	}
	return r;
}

int
archive_close_days(struct archive *a, int64_t now_ns, int64_t keep_ns, void (*fn)(void *ctx, struct slice json), void *ctx)
{
	char today[11], oldest[11];
	int r = 0;

	day_of(now_ns, today);
	day_of(now_ns - keep_ns, oldest);
	for (size_t i = 0; i < a->tenants.n && r == 0; i++)
		r = close_tenant(a, &a->tenants.v[i], today, oldest, now_ns, fn, ctx);
	return r;
}
