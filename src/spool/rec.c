/* SPDX-License-Identifier: Apache-2.0
 *
 * Records and segment files: the reading that recovery, the packer and the uplink share.  See seglog_priv.h.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/must.h"
#include "batch/crc32c.h"
#include "spool/seglog_priv.h"
#include "sys/fd.h"

#define SEEK_WINDOW (1u << 20)

void (*spool_step_hook)(const char *step);

typedef VEC(uint64_t) firsts_vec;

uint64_t
rec_space(size_t payload)
{
	return (sizeof(struct rec_head) + payload + 15) & ~(uint64_t)15;
}

char *
seg_path(const char *dir, uint64_t log, uint64_t first)
{
	return x_asprintf("%s/%016llx-%016llx.seg", dir, (unsigned long long)log, (unsigned long long)first);
}

/* Reads fully or to the end of the file; number of bytes, or -1. */
static ssize_t
read_at(int fd, void *p, size_t n, uint64_t off)
{
	size_t got = 0;

	while (got < n) {
		ssize_t r = pread(fd, (char *)p + got, n - got, (off_t)(off + got));

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -1;
		if (r == 0)
			break;
		got += (size_t)r;
	}
	return (ssize_t)got;
}

static bool
head_is_good(const struct rec_head *h, uint64_t off, uint64_t segment, uint64_t log)
{
	return h->magic == REC_MAGIC && h->version == REC_VERSION && h->log == log && off <= segment &&
	       rec_space(h->len) <= segment - off;
}

static uint32_t
head_crc(const struct rec_head *h)
{
	struct rec_head zero = *h;

	zero.crc32c = 0;
	return crc32c(0, &zero, sizeof zero);
}

int
rec_read(int fd, uint64_t off, uint64_t segment, uint64_t log, uint64_t seq, struct buf *buf, struct rec *ret)
{
	struct rec_head h;

	if (off + sizeof h > segment || read_at(fd, &h, sizeof h, off) != (ssize_t)sizeof h)
		return E_CORRUPT; /* a sector that cannot be read is a damaged record too (R3) */
	if (!head_is_good(&h, off, segment, log) || (seq != 0 && h.seq != seq))
		return E_CORRUPT;
	buf_clear(buf);
	buf_reserve(buf, h.len);
	if (read_at(fd, buf->p, h.len, off + sizeof h) != (ssize_t)h.len)
		return E_CORRUPT;
	if (crc32c(head_crc(&h), buf->p, h.len) != h.crc32c)
		return E_CORRUPT;
	buf->n = h.len;
	*ret = (struct rec){ h.seq, h.kind, buf_slice(buf) };
	return 0;
}

int
rec_seek(int fd, uint64_t off, uint64_t segment, uint64_t log, uint64_t above, struct buf *buf, struct rec *ret,
         uint64_t *ret_off)
{
	auto_free char *window = x_malloc(SEEK_WINDOW);

	for (off = (off + 15) & ~(uint64_t)15; off < segment; off += SEEK_WINDOW - sizeof(struct rec_head)) {
		ssize_t n = read_at(fd, window, SEEK_WINDOW, off);

		if (n < 0)
			continue;
		for (size_t i = 0; i + sizeof(struct rec_head) <= (size_t)n; i += 16) {
			struct rec_head h;

			if (*(const uint32_t *)(const void *)(window + i) != REC_MAGIC)
				continue;
			memcpy(&h, window + i, sizeof h);
			if (!head_is_good(&h, off + i, segment, log) || h.seq <= above)
				continue;
			if (rec_read(fd, off + i, segment, log, h.seq, buf, ret) == 0) {
				*ret_off = off + i;
				return 0;
			}
		}
		if ((size_t)n < SEEK_WINDOW)
			break;
	}
	return E_NOTFOUND;
}

static bool
parse_name(const char *name, uint64_t *ret_log, uint64_t *ret_first)
{
	char *end;

	if (strlen(name) != 16 + 1 + 16 + 4 || name[16] != '-' || strcmp(name + 33, ".seg") != 0 ||
	    strspn(name, "0123456789abcdef") != 16 || strspn(name + 17, "0123456789abcdef") != 16)
		return false;
	*ret_log = strtoull(name, &end, 16);
	*ret_first = strtoull(name + 17, &end, 16);
	return *ret_log != 0 && *ret_first != 0;
}

static int
by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

int
seg_list(const char *dir, uint64_t *log, void *vec_u64)
{
	firsts_vec *v = vec_u64;
	DIR *d = opendir(dir);
	struct dirent *e;

	v->n = 0;
	if (d == NULL)
		return errno == ENOENT ? E_NOTFOUND : E_IO;
	while ((e = readdir(d)) != NULL) {
		uint64_t l, f;
		struct stat st;

		if (!parse_name(e->d_name, &l, &f) || fstatat(dirfd(d), e->d_name, &st, 0) != 0 || st.st_size == 0)
			continue; /* a zero-length file is a missing file */
		if (*log == 0)
			*log = l;
		if (l == *log)
			vec_push(v, f);
	}
	closedir(d);
	if (v->n > 1)
		qsort(v->v, v->n, sizeof *v->v, by_number);
	return 0;
}

/* Copies a bad range aside. Room for it is not a reason to stop: what cannot be copied is still counted. */
void
seg_quarantine(const char *quarantine, int fd, uint64_t from, uint64_t to, const char *what)
{
	static unsigned count;
	auto_free char *name = x_asprintf("%s/%s-%lld-%u.bad", quarantine, what, (long long)getpid(), count++);
	auto_free char *chunk = x_malloc(65536);
	auto_close int out = -1;

	if (dir_make(quarantine, 0700) != 0 || (out = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)) < 0)
		return;
	while (from < to) {
		ssize_t n = read_at(fd, chunk, to - from < 65536 ? to - from : 65536, from);

		if (n <= 0 || fd_write_all(out, chunk, (size_t)n) != 0)
			return;
		from += (uint64_t)n;
	}
}

/* ---- reading in order ---- */

void
segread_init(struct segread *r, const char *dir, const char *quarantine, uint64_t log, uint64_t segment, uint64_t next)
{
	*r = (struct segread){ .dir = x_strdup(dir), .quarantine = x_strdup(quarantine), .log = log,
		               .segment = segment, .next = next, .fd = -1 };
}

void
segread_fini(struct segread *r)
{
	if (r->fd >= 0)
		close(r->fd);
	free(r->dir);
	free(r->quarantine);
	buf_fini(&r->buf);
	*r = (struct segread){ .fd = -1 };
}

static bool
open_segment(struct segread *r, uint64_t first)
{
	auto_free char *path = seg_path(r->dir, r->log, first);

	if (r->fd >= 0)
		close(r->fd);
	r->fd = open(path, O_RDONLY | O_CLOEXEC);
	r->first = first;
	r->off = 0;
	return r->fd >= 0;
}

/* Sets r on the segment that holds r->next, or on the first one behind it. */
static bool
find_segment(struct segread *r)
{
	firsts_vec v = { 0 };
	uint64_t log = r->log, take = 0;

	if (seg_list(r->dir, &log, &v) == 0)
		for (size_t i = 0; i < v.n && (take == 0 || v.v[i] <= r->next); i++)
			take = v.v[i];
	vec_fini(&v);
	if (take == 0 || (r->fd >= 0 && take == r->first))
		return take != 0;
	return open_segment(r, take);
}

/* First number of the segment behind the open one; 0 = none. */
static uint64_t
next_first(const struct segread *r)
{
	firsts_vec v = { 0 };
	uint64_t log = r->log, take = 0;

	if (seg_list(r->dir, &log, &v) == 0)
		for (size_t i = 0; i < v.n && take == 0; i++)
			if (v.v[i] > r->first)
				take = v.v[i];
	vec_fini(&v);
	return take;
}

static void
tell_gap(struct segread *r, struct seg_gap *g, uint64_t to, uint64_t bytes)
{
	if (g->from == 0)
		g->from = r->next;
	g->to = to - 1;
	g->bytes += bytes;
	r->damage.records++;
	r->damage.bytes += bytes;
}

/* Nothing good where the next record should be: find where the log goes on. E_AGAIN = nowhere yet. */
static int
go_on(struct segread *r, uint64_t last, struct seg_gap *gap)
{
	uint64_t off, first = next_first(r);
	struct rec found;

	if (first != 0 && first == r->next) /* the usual case: the segment was full */
		return open_segment(r, first) ? 0 : E_AGAIN;
	if (rec_seek(r->fd, r->off, r->segment, r->log, r->next - 1, &r->buf, &found, &off) == 0 && found.seq <= last) {
		if (off > r->off)
			seg_quarantine(r->quarantine, r->fd, r->off, off, "record");
		if (off > r->off || found.seq > r->next)
			tell_gap(r, gap, found.seq, off - r->off);
		r->off = off;
		r->next = found.seq;
		return 0;
	}
	if (first == 0 || first > last)
		return E_AGAIN;
	if (first > r->next)
		tell_gap(r, gap, first, 0);
	if (!open_segment(r, first))
		return E_AGAIN;
	if (first > r->next)
		r->next = first;
	return 0;
}

int
segread_next(struct segread *r, uint64_t last, struct rec *ret, struct seg_gap *ret_gap)
{
	struct seg_gap gap = { 0 };
	bool fresh = r->fd < 0;

	if (r->next > last)
		return E_AGAIN;
	if (fresh && !find_segment(r))
		return E_AGAIN;
	for (int tries = 0; tries < 1000; tries++) {
		struct rec rec;
		int e;

		if (rec_read(r->fd, r->off, r->segment, r->log, 0, &r->buf, &rec) == 0 &&
		    (rec.seq == r->next || (fresh && rec.seq < r->next && rec.seq >= r->first))) {
			r->off += rec_space(rec.payload.n);
			if (rec.seq < r->next) {
				tries = 0;
				continue; /* behind a start in the middle of a segment */
			}
			r->next++;
			*ret = rec;
			*ret_gap = gap;
			return 0;
		}
		fresh = false;
		if ((e = go_on(r, last, &gap)) != 0)
			return e;
	}
	return E_AGAIN;
}
