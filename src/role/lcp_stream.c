/* SPDX-License-Identifier: Apache-2.0
 *
 * Framing of a stream into the open group, for connections and files alike.
 *
 * Over-long lines.  Until PART_AT the bytes of an unfinished line wait where they are.  From there on its pieces
 * are written to a file of their own (synced, then the origin says how much of it counts), hashed and counted;
 * so a line without end costs neither kernel nor process memory.  When its end comes, the first BATCH_LINE_MAX
 * bytes become a line, with a note of length and SHA-256 when there was more.
 */
#define _GNU_SOURCE
#define OPENSSL_SUPPRESS_DEPRECATED /* the state of a hash must be storable; only this interface shows it */
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/must.h"
#include "role/lcp_worker_priv.h"
#include "sys/fd.h"

_Static_assert(sizeof(SHA256_CTX) == sizeof(((struct part *)0)->sha), "the stored hash state has OpenSSL's size");
_Static_assert(sizeof(struct stream_state) <= SPOOL_STATE_MAX, "a stream's state fits its origin");

static char *
part_path(const struct worker *w, const struct stream *s)
{
	return x_asprintf("%s/part-%016llx%016llx", w->opts.dir, (unsigned long long)s->id[0],
	                  (unsigned long long)s->id[1]);
}

static void
io_failed(const char *what)
{
	log_alert("spool.io", kv_str("what", what));
	exit(EXIT_SPOOL_IO);
}

/* Bytes of an unfinished line. False: no room on the disk now. */
static bool
part_add(struct worker *w, struct stream *s, struct slice bytes)
{
	struct part *p = &s->st.part;
	size_t keep = BATCH_LINE_MAX - p->kept < bytes.n ? (size_t)(BATCH_LINE_MAX - p->kept) : bytes.n;

	if (p->total == 0) {
		p->kept = 0;
		SHA256_Init((SHA256_CTX *)(void *)p->sha);
	}
	if (keep != 0) {
		auto_free char *path = part_path(w, s);
		auto_close int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
		int e = fd < 0 ? E_FULL : fd_pwrite_all(fd, bytes.p, keep, (off_t)p->kept);

		if (e == 0 && fdatasync(fd) != 0)
			e = E_IO;
		if (e == 0 && p->kept == 0 && dir_sync(w->opts.dir) != 0)
			e = E_IO;
		if (e == E_IO)
			io_failed("part");
		if (e != 0)
			return false;
	}
	SHA256_Update((SHA256_CTX *)(void *)p->sha, bytes.p, bytes.n);
	p->kept += keep;
	p->total += bytes.n;
	return true;
}

/* The bytes of an over-long line that its file holds. What is missing there is said, not hidden. */
static void
part_read(struct worker *w, struct stream *s, struct buf *out)
{
	auto_free char *path = part_path(w, s);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	buf_reserve(out, s->st.part.kept);
	while (out->n < s->st.part.kept) {
		ssize_t r = fd >= 0 ? pread(fd, out->p + out->n, s->st.part.kept - out->n, (off_t)out->n) : -1;

		if (r <= 0) {
			worker_gap(w, "spool-damage", s->st.part.kept - out->n, "bytes", "part");
			return;
		}
		out->n += (size_t)r;
	}
}

/* The end of a line that came in pieces: `last` is its last piece. False: the group is full. */
static bool
part_end(struct worker *w, struct stream *s, struct slice last, uint8_t flags)
{
	struct part *p = &s->st.part;
	uint64_t total = p->total + last.n;
	auto_buf struct buf line = { 0 };
	uint8_t hash[32];
	SHA256_CTX ctx;
	size_t room;
	uint32_t off;
	char *at;

	memcpy(&ctx, p->sha, sizeof ctx);
	SHA256_Update(&ctx, last.p, last.n);
	SHA256_Final(hash, &ctx);
	buf_reserve(&line, p->kept + last.n);
	if (p->kept != 0)
		part_read(w, s, &line);
	buf_put(&line, last.p, BATCH_LINE_MAX - line.n < last.n ? BATCH_LINE_MAX - line.n : last.n);
	at = spool_in_room(w->in, line.n, &room);
	memcpy(at, line.p, line.n);
	off = spool_in_keep(w->in, line.n);
	if (!worker_line(w, s, off, slice_of(at, line.n), flags)) {
		spool_in_unkeep(w->in, line.n);
		return false;
	}
	if (total > BATCH_LINE_MAX)
		spool_in_note(w->in, total, hash);
	*p = (struct part){ 0 };
	s->part_over = true;
	return true;
}

void
stream_settled(struct worker *w, struct stream *s)
{
	s->end += s->take;
	s->take = 0;
	if (s->part_over) {
		auto_free char *path = part_path(w, s);

		unlink(path);
		s->part_over = false;
	}
}

void
stream_load(struct stream *s, const struct spool_origin *o)
{
	if (o == NULL)
		return;
	s->end = o->end;
	if (o->state.n == sizeof s->st)
		memcpy(&s->st, o->state.p, sizeof s->st);
}

/* One piece of an over-long line out of the n bytes at the end of the group, which then leave it. */
static size_t
take_part(struct worker *w, struct stream *s, struct slice in, bool last, bool *ret_commit)
{
	struct frame f = s->st.frame;
	struct frame_out o;
	enum frame_got got = frame_next(&f, in, true, &o);
	uint8_t flags = 0;
	bool done;

	if (got == FRAME_MORE && last) {
		got = frame_end(&f, in, &o);
		flags = LINE_NO_END;
	}
	spool_in_unkeep(w->in, in.n);
	if (got == FRAME_MORE)
		return 0;
	if (got == FRAME_PART)
		done = part_add(w, s, o.line);
	else if (o.part)
		done = part_end(w, s, o.line, (uint8_t)(flags | (o.bad ? LINE_BAD_FRAME : 0)));
	else
		done = false; /* a whole line after all: the usual way takes it */
	if (!done) {
		*ret_commit = true;
		return 0;
	}
	s->st.frame = f;
	return o.used;
}

static size_t
take_lines(struct worker *w, struct stream *s, uint32_t base, struct slice in, bool last, bool *ret_commit)
{
	size_t off = 0;

	while (off < in.n) {
		struct slice rest = slice_sub(in, off, in.n);
		struct frame f = s->st.frame;
		struct frame_out o;
		enum frame_got got = frame_next(&f, rest, false, &o);
		uint8_t flags = 0;

		if (got == FRAME_MORE && last) {
			got = frame_end(&f, rest, &o);
			flags = LINE_NO_END;
		}
		if (got == FRAME_MORE)
			break;
		if (o.bad)
			flags |= LINE_BAD_FRAME;
		if (o.line.n > BATCH_LINE_MAX)
			break; /* cannot be: pieces begin long before */
		if (o.line.n != 0 && !worker_line(w, s, base + (uint32_t)(o.line.p - in.p), o.line, flags)) {
			*ret_commit = true;
			break;
		}
		s->st.frame = f;
		off += o.used;
	}
	return off;
}

size_t
stream_take(struct worker *w, struct stream *s, uint32_t base, const char *p, size_t n, bool last, bool *ret_commit)
{
	struct slice in = slice_of(p, n);
	size_t used = 0;

	if (!s->st.frame.part)
		used = take_lines(w, s, base, in, last, ret_commit);
	if (s->st.frame.part || (used == 0 && !*ret_commit && n >= PART_AT)) {
		used = take_part(w, s, in, last, ret_commit);
		if (used == 0)
			return 0;
	} else {
		spool_in_unkeep(w->in, n - used);
		if (used == 0)
			return 0;
	}
	s->take = used;
	spool_in_set(w->in, s->id, s->end + used, slice_of(&s->st, sizeof s->st));
	return used;
}
