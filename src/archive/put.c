/* SPDX-License-Identifier: Apache-2.0
 *
 * Appending: is it the next one, is it new, is there room; write; later sync.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "archive/record_priv.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/must.h"
#include "batch/crc32c.h"
#include "codec/jsonw.h"
#include "sys/fd.h"

#define ASK_ROOM_EVERY (1u << 20) /* bytes between two looks at the free space */

/* ---- room ---- */

/* Asked often enough that the reserve cannot be eaten between two looks; while full, at every put. */
static bool
has_room(struct archive *a, uint64_t need)
{
	struct statvfs v;

	a->room_checked += need;
	if (!a->full && a->room_checked < ASK_ROOM_EVERY)
		return true;
	a->room_checked = 0;
	if (statvfs(a->folder, &v) != 0)
		return true;
	if ((uint64_t)v.f_bavail * v.f_frsize < a->conf.reserve + need + ASK_ROOM_EVERY) {
		if (!a->full)
			log_alert("archive.full", kv_u64("free", (uint64_t)v.f_bavail * v.f_frsize), kv_u64("reserve", a->conf.reserve));
		a->full = true;
	} else if (a->full) {
		log_info("archive.room_again");
		a->full = false;
	}
	return !a->full;
}

/* ---- segments ---- */

static struct seg *
new_segment(struct archive *a, struct tenant *t, const char *day)
{
	auto_free char *folder = x_asprintf("%s/%s/%s", a->folder, t->name, day);
	auto_free char *above = x_asprintf("%s/%s", a->folder, t->name);
	unsigned number = 0;
	struct seg s = { .fd = -1 };

	for (size_t i = 0; i < t->segs.n; i++)
		number += strcmp(t->segs.v[i].day, day) == 0;
	if (dir_make(folder, 0700) != 0)
		return NULL;
	s.path = x_asprintf("%s/%06u.seg", folder, number);
	s.fd = open(s.path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (s.fd < 0 || dir_sync(folder) != 0 || dir_sync(above) != 0 || dir_sync(a->folder) != 0) {
		if (s.fd >= 0) {
			close(s.fd);
			unlink(s.path);
		}
		free(s.path);
		return NULL;
	}
	memcpy(s.day, day, 11);
	vec_push(&t->segs, s);
	return &t->segs.v[t->segs.n - 1];
}

/* The open segment: of today (never back in time, or the order of days would lie), with room, undamaged. */
static struct seg *
segment_for(struct archive *a, struct tenant *t, int64_t received_ns, uint64_t need)
{
	struct seg *s = t->segs.n != 0 ? &t->segs.v[t->segs.n - 1] : NULL;
	char day[11];

	day_of(received_ns, day);
	if (s != NULL && strcmp(day, s->day) < 0)
		memcpy(day, s->day, 11);
	if (s != NULL && strcmp(s->day, day) == 0 && s->size + need <= a->conf.segment && !s->damaged && s->fd >= 0)
		return s;
	return new_segment(a, t, day);
}

/* ---- the old receipt ---- */

static bool
find_record(struct tenant *t, size_t stream, uint64_t seq, struct record *ret)
{
	for (size_t i = 0; i < t->segs.n; i++) {
		struct seg *s = &t->segs.v[i];
		bool here = false;

		for (size_t k = 0; k < s->spans.n; k++)
			here = here || (s->spans.v[k].stream == stream && s->spans.v[k].first <= seq && seq <= s->spans.v[k].last);
		if (!here)
			continue;
		if (s->fd < 0)
			s->fd = open(s->path, O_RDWR | O_CLOEXEC);
		for (uint64_t off = 0; s->fd >= 0 && off < s->size; off += record_size(ret)) {
			if (pread(s->fd, ret, sizeof *ret, (off_t)off) != (ssize_t)sizeof *ret || !record_head_is_good(ret))
				break;
			if (ret->meta.key.seq == seq &&
			    memcmp(&ret->meta.key, &t->streams.v[stream].key, offsetof(struct batch_key, seq)) == 0)
				return true;
		}
	}
	return false;
}

static void
answer_from(const struct record *r, struct archive_answer *ret)
{
	ret->meta = r->meta;
	memcpy(ret->sig, r->sig, sizeof ret->sig);
	memcpy(ret->key_id, r->key_id, 16);
	ret->key_id[16] = '\0';
}

/* Same number again: the same batch gets its old receipt, another one is a broken chain. */
static void
answer_old(struct tenant *t, size_t stream, const struct archive_meta *m, struct archive_answer *ret)
{
	struct record r;

	ret->result = ARCHIVE_CHAIN;
	if (!find_record(t, stream, m->key.seq, &r))
		return; /* older than what is kept: nobody may claim it anew */
	if (memcmp(r.meta.hash, m->hash, 32) != 0)
		return;
	ret->result = ARCHIVE_REPLAY;
	answer_from(&r, ret);
}

/* ---- put ---- */

static bool
is_answered(struct tenant *t, struct stream *st, size_t index, const struct archive_meta *m, struct archive_answer *ret)
{
	static const uint8_t zero[32];

	if (m->key.seq <= st->key.seq) {
		answer_old(t, index, m, ret);
		return true;
	}
	if (m->key.seq != st->key.seq + 1) {
		ret->result = ARCHIVE_GAP;
		ret->want = st->key.seq + 1;
		return true;
	}
	if (memcmp(m->prev, st->key.seq == 0 ? zero : st->hash, 32) != 0) {
		ret->result = ARCHIVE_CHAIN;
		return true;
	}
	return false;
}

static int
write_record(struct archive *a, struct tenant *t, struct seg *s, struct record *r, struct slice wire,
             const struct archive_device *devices)
{
	auto_buf struct buf b = { 0 };
	static const char zero[RECORD_ALIGN];
	ssize_t n;

	buf_reserve(&b, record_size(r));
	buf_put(&b, r, sizeof *r);
	buf_put_slice(&b, wire);
	buf_put(&b, devices, r->devices * sizeof *devices);
	r->body_crc = crc32c(0, b.p + sizeof *r, b.n - sizeof *r);
	record_seal(r, t->chain);
	memcpy(b.p, r, sizeof *r);
	buf_put(&b, zero, record_size(r) - b.n);
	n = a->conf.pwrite(s->fd, b.p, b.n, (off_t)s->size);
	if (n == (ssize_t)b.n)
		return 0;
	/* Half a record behind the end: cut it off, nobody was promised anything. */
	if (ftruncate(s->fd, (off_t)s->size) != 0)
		return E_IO;
	return n >= 0 || errno == ENOSPC || errno == EDQUOT ? E_FULL : E_IO;
}

static int
append(struct archive *a, struct tenant *t, size_t stream, const struct archive_meta *m, struct slice wire,
       const struct archive_device *devices, uint32_t device_n, struct archive_answer *ret)
{
	struct record r = { .magic = RECORD_MAGIC, .version = RECORD_VERSION, .meta = *m, .devices = device_n };
	auto_buf struct buf text = { 0 };
	struct seg *s;
	int rc;

	receipt_text(m, &text);
	pki_sign(a->conf.key, buf_slice(&text), r.sig);
	memcpy(r.key_id, a->key_id, 16);
	s = has_room(a, record_size(&r)) ? segment_for(a, t, m->received_ns, record_size(&r)) : NULL;
	rc = s != NULL ? write_record(a, t, s, &r, wire, devices) : E_FULL;
	if (rc == E_FULL) {
		a->full = true;
		ret->result = ARCHIVE_FULL;
		return 0;
	}
	if (rc != 0)
		return rc;
	s->size += record_size(&r);
	s->dirty = t->moved = true;
	seg_note(s, stream, m->key.seq);
	memcpy(t->chain, r.chain, 32);
	t->streams.v[stream].key.seq = m->key.seq;
	memcpy(t->streams.v[stream].hash, m->hash, 32);
	ret->result = ARCHIVE_NEW;
	answer_from(&r, ret);
	return 0;
}

int
archive_put(struct archive *a, const struct archive_meta *m, struct slice wire, const struct archive_device *devices,
            uint32_t device_n, struct archive_answer *ret)
{
	struct tenant *t = tenant_get(a, m->key.tenant);
	size_t index;
	struct stream *st = stream_get(t, &m->key, &index);

	must(m->wire_len == wire.n && device_n <= ARCHIVE_DEVICES_MAX);
	*ret = (struct archive_answer){ .meta = *m };
	if (is_answered(t, st, index, m, ret))
		return 0;
	return append(a, t, index, m, wire, devices, device_n, ret);
}

int
archive_sync(struct archive *a)
{
	for (size_t i = 0; i < a->tenants.n; i++) {
		struct tenant *t = &a->tenants.v[i];

		for (size_t k = t->segs.n; k > 0 && (t->segs.v[k - 1].dirty || k == t->segs.n); k--) {
			struct seg *s = &t->segs.v[k - 1];

			if (!s->dirty)
				continue;
			if (a->conf.fdatasync(s->fd) != 0) {
				log_alert("archive.sync_failed", kv_str("file", s->path));
				return E_IO;
			}
			s->dirty = false;
			s->synced = s->size;
		}
	}
	return 0;
}

void
archive_receipt(const struct archive_answer *ans, struct buf *out)
{
	const struct archive_meta *m = &ans->meta;
	auto_buf struct buf sig = { 0 };
	char hex[65], epoch[33], when[40];

	pki_hex(m->hash, 32, hex);
	snprintf(epoch, sizeof epoch, "%016llx%016llx", (unsigned long long)m->key.epoch[0],
	         (unsigned long long)m->key.epoch[1]);
	time_format_rfc3339(when, m->received_ns, 3);
	pki_base64(slice_of(ans->sig, sizeof ans->sig), &sig);
	buf_put_str(out, "{\"v\":1");
	jsonw_kv_str(out, "tenant", m->key.tenant);
	jsonw_kv_str(out, "lcp", m->key.lcp);
	jsonw_kv_str(out, "epoch", epoch);
	jsonw_kv_i64(out, "seq", (int64_t)m->key.seq);
	jsonw_kv_str(out, "hash", hex);
	jsonw_kv_i64(out, "lines", m->lines);
	jsonw_kv_str(out, "at", when);
	jsonw_kv_str(out, "status", ans->result == ARCHIVE_REPLAY ? "replay" : "stored");
	jsonw_kv_str(out, "key", ans->key_id);
	jsonw_kv(out, "sig", buf_slice(&sig));
	buf_put_byte(out, '}');
}
