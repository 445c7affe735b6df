/* SPDX-License-Identifier: Apache-2.0
 *
 * Seglog, the writing side: recovery, append, group sync, rotation.  See seglog_priv.h.
 *
 * Recovery reads the newest segment that begins with a good checkpoint (or holds one) and what is behind it: at
 * most one segment and a tail, whatever the size of the log.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "batch/crc32c.h"
#include "spool/seglog_priv.h"
#include "sys/fd.h"

static uint64_t
random_log(void)
{
	uint64_t v = 0;

	while (v == 0)
		must(getrandom(&v, sizeof v, 0) == (ssize_t)sizeof v);
	return v;
}

/* Is the file nothing but zero bytes (made, never written)? */
static bool
is_blank(int fd)
{
	static const char zero[65536];
	auto_free char *chunk = x_malloc(sizeof zero);
	off_t at = 0;
	ssize_t n;

	while ((n = pread(fd, chunk, sizeof zero, at)) > 0) {
		if (memcmp(chunk, zero, (size_t)n) != 0)
			return false;
		at += n;
	}
	return n == 0;
}

/* Begins the log anew under another number; what is there goes to quarantine whole. */
static int
start_anew(struct seglog *s)
{
	for (size_t i = 0; i < s->firsts.n; i++) {
		auto_free char *from = seg_path(s->dir, s->log, s->firsts.v[i]);
		auto_free char *to = seg_path(s->quarantine, s->log, s->firsts.v[i]);

		if (dir_make(s->quarantine, 0700) != 0 || rename(from, to) != 0)
			return E_IO;
		s->damage.records++;
		s->damage.bytes += s->segment;
	}
	s->firsts.n = 0;
	s->log = random_log();
	s->next = 1;
	return 0;
}

/* Index of the newest segment from which a replay can begin, and where in it; -1 = none. */
static ssize_t
find_start(struct seglog *s, uint64_t *ret_seq)
{
	auto_buf struct buf b = { 0 };

	for (ssize_t i = (ssize_t)s->firsts.n - 1; i >= 0; i--) {
		auto_free char *path = seg_path(s->dir, s->log, s->firsts.v[i]);
		auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
		uint64_t off = 0, above = s->firsts.v[i] - 1;
		struct rec r;

		if (fd < 0)
			continue;
		while (rec_seek(fd, off, s->segment, s->log, above, &b, &r, &off) == 0) {
			if (r.kind == REC_CHECKPOINT) {
				*ret_seq = r.seq;
				return i;
			}
			above = r.seq;
			off += rec_space(r.payload.n);
		}
	}
	return -1;
}

/* A record with the due number but a wrong checksum at the tail: written, never synced. */
static void
look_for_torn(struct seglog *s)
{
	struct rec_head h;

	if (s->off + sizeof h > s->segment || pread(s->fd, &h, sizeof h, (off_t)s->off) != (ssize_t)sizeof h ||
	    h.magic != REC_MAGIC || h.log != s->log || h.seq != s->next)
		return;
	s->damage.torn++;
	seg_quarantine(s->quarantine, s->fd, s->off,
	               s->off + (rec_space(h.len) < s->segment - s->off ? rec_space(h.len) : s->segment - s->off), "torn");
}

static int
replay(struct seglog *s, uint64_t from, seglog_replay_fn *fn, void *ctx)
{
	struct segread r;
	struct seg_gap gap;
	struct rec rec;
	int e;

	segread_init(&r, s->dir, s->quarantine, s->log, s->segment, from);
	while ((e = segread_next(&r, UINT64_MAX, &rec, &gap)) == 0 && (e = fn(ctx, &rec)) == 0)
		;
	s->next = r.next;
	s->off = r.off;
	s->damage.records += r.damage.records;
	s->damage.bytes += r.damage.bytes;
	if (r.fd >= 0 && r.first != s->firsts.v[s->firsts.n - 1]) {
		/* the newest segment was begun and holds no record of its own yet */
		s->off = 0;
		must(r.next <= s->firsts.v[s->firsts.n - 1]);
		s->next = s->firsts.v[s->firsts.n - 1];
	}
	segread_fini(&r);
	return e == E_AGAIN ? 0 : e;
}

static int
recover(struct seglog *s, seglog_replay_fn *fn, void *ctx)
{
	uint64_t from;
	ssize_t at = find_start(s, &from);
	auto_free char *path = NULL;
	int e;

	if (at < 0) {
		path = seg_path(s->dir, s->log, s->firsts.v[0]);
		auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (s->firsts.n == 1 && s->firsts.v[0] == 1 && fd >= 0 && is_blank(fd)) {
			unlink(path);
			s->firsts.n = 0;
			return 0;
		}
		return start_anew(s);
	}
	if ((e = replay(s, from, fn, ctx)) != 0)
		return e;
	path = seg_path(s->dir, s->log, s->firsts.v[s->firsts.n - 1]);
	if ((s->fd = open(path, O_RDWR | O_CLOEXEC)) < 0)
		return E_IO;
	look_for_torn(s);
	/* What was read may be in the page cache only: nobody may call it durable before this. */
	s->dirty = true;
	return seglog_sync(s);
}

int
seglog_open(struct seglog *s, const char *dir, const char *quarantine, uint64_t segment, seglog_replay_fn *fn, void *ctx)
{
	int e;

	*s = (struct seglog){ .dir = x_strdup(dir), .quarantine = x_strdup(quarantine), .segment = segment,
		              .next = 1, .fd = -1 };
	if ((e = dir_make(dir, 0700)) != 0 || (e = seg_list(dir, &s->log, &s->firsts)) != 0)
		return e;
	if (s->firsts.n == 0)
		s->log = s->log != 0 ? s->log : random_log();
	else
		e = recover(s, fn, ctx);
	return e;
}

void
seglog_close(struct seglog *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->dir);
	free(s->quarantine);
	vec_fini(&s->firsts);
	*s = (struct seglog){ .fd = -1 };
}

bool
seglog_fits(const struct seglog *s, size_t payload)
{
	return s->fd >= 0 && s->off + rec_space(payload) <= s->segment;
}

static int
make_segment(struct seglog *s, const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600), e = 0;

	if (fd < 0)
		return errno == ENOSPC || errno == EDQUOT || errno == ENFILE || errno == EMFILE ? E_FULL : E_IO;
	if (fallocate(fd, 0, 0, (off_t)s->segment) != 0)
		e = errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? E_FULL
		    : errno == EOPNOTSUPP && ftruncate(fd, (off_t)s->segment) == 0 ? 0 : E_IO;
	if (e != 0) {
		close(fd);
		unlink(path);
		return e;
	}
	s->fd = fd;
	return 0;
}

/* The file of the next segment, which is there, becomes the one written to. */
static int
begin_segment(struct seglog *s, int old)
{
	SPOOL_STEP("segment.named");
	if (old >= 0)
		close(old);
	s->off = s->since_checkpoint = 0;
	vec_push(&s->firsts, s->next);
	if (dir_sync(s->dir) != 0)
		return E_IO;
	SPOOL_STEP("segment.synced");
	return 0;
}

/* An existing file becomes the next segment. */
static int
take_file(struct seglog *s, const char *from, const char *path)
{
	int fd = open(from, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? E_NOTFOUND : E_IO;
	if (rename(from, path) != 0) {
		close(fd);
		return E_IO;
	}
	s->fd = fd;
	return 0;
}

int
seglog_rotate(struct seglog *s, bool reuse)
{
	auto_free char *path = seg_path(s->dir, s->log, s->next);
	int e, old = s->fd;

	if ((e = seglog_sync(s)) != 0)
		return e;
	if (reuse) {
		auto_free char *oldest = seg_path(s->dir, s->log, s->firsts.v[0]);

		must(s->firsts.n >= 2);
		if (take_file(s, oldest, path) != 0)
			return E_IO;
		memmove(s->firsts.v, s->firsts.v + 1, (s->firsts.n - 1) * sizeof *s->firsts.v);
		s->firsts.n--;
	} else if ((e = make_segment(s, path)) != 0) {
		return e;
	}
	return begin_segment(s, old);
}

int
seglog_rotate_kept(struct seglog *s, const char *kept)
{
	auto_free char *path = seg_path(s->dir, s->log, s->next);
	int e, old = s->fd;

	if ((e = seglog_sync(s)) != 0 || (e = take_file(s, kept, path)) != 0)
		return e == E_NOTFOUND ? E_FULL : e;
	return begin_segment(s, old);
}

static int
write_parts(struct seglog *s, struct iovec *v, int count, size_t total)
{
	auto_free char *copy = NULL;
	ssize_t n = pwritev(s->fd, v, count, (off_t)s->off);
	size_t at = 0;

	if (n == (ssize_t)total)
		return 0;
	/* short or interrupted: once more, whole and simple */
	copy = x_malloc(total);
	for (int i = 0; i < count; at += v[i++].iov_len)
		memcpy(copy + at, v[i].iov_base, v[i].iov_len);
	return fd_pwrite_all(s->fd, copy, total, (off_t)s->off);
}

int
seglog_append(struct seglog *s, uint8_t kind, const struct iovec *parts, int count)
{
	static char zero[16];
	struct rec_head h = { .magic = REC_MAGIC, .version = REC_VERSION, .kind = kind, .seq = s->next, .log = s->log };
	struct iovec v[8] = { { &h, sizeof h } };
	size_t len = 0;
	uint64_t space;
	uint32_t crc;
	int e;

	must(count <= 6);
	for (int i = 0; i < count; i++) {
		v[i + 1] = parts[i];
		len += parts[i].iov_len;
	}
	space = rec_space(len);
	must(len <= UINT32_MAX && s->fd >= 0 && s->off + space <= s->segment);
	h.len = (uint32_t)len;
	crc = crc32c(0, &h, sizeof h);
	for (int i = 0; i < count; i++)
		crc = crc32c(crc, parts[i].iov_base, parts[i].iov_len);
	h.crc32c = crc;
	v[count + 1] = (struct iovec){ zero, space - sizeof h - len };
	if ((e = write_parts(s, v, count + 2, space)) != 0)
		return e;
	SPOOL_STEP("record.written");
	s->dirty = true;
	s->off += space;
	s->since_checkpoint = kind == REC_CHECKPOINT ? 0 : s->since_checkpoint + space;
	s->next++;
	return 0;
}

int
seglog_sync(struct seglog *s)
{
	if (!s->dirty)
		return 0;
	if (fdatasync(s->fd) != 0)
		return E_IO; /* never again on this descriptor: the caller ends the process (R2) */
	s->dirty = false;
	SPOOL_STEP("record.synced");
	return 0;
}

int
seglog_drop_oldest(struct seglog *s)
{
	auto_free char *path = seg_path(s->dir, s->log, s->firsts.v[0]);

	must(s->firsts.n >= 2);
	if (unlink(path) != 0 && errno != ENOENT)
		return E_IO;
	SPOOL_STEP("segment.unlinked");
	memmove(s->firsts.v, s->firsts.v + 1, (s->firsts.n - 1) * sizeof *s->firsts.v);
	s->firsts.n--;
	return dir_sync(s->dir);
}

uint64_t
seglog_bytes(const struct seglog *s)
{
	return s->firsts.n * s->segment;
}

uint64_t
seglog_first_end(const struct seglog *s)
{
	return s->firsts.n >= 2 ? s->firsts.v[1] - 1 : 0;
}
