/* SPDX-License-Identifier: Apache-2.0
 *
 * Followed files.  One origin per configured path holds how far it is durable and which file that was (inode,
 * hash of its first bytes), so position and lines are one record of the spool: nothing is read twice and
 * nothing is passed over, whoever dies.
 *
 *   rename      the path names another inode: the old one is read to its end, then the new one from 0
 *   while away  the old inode is looked for beside the path and finished first
 *   truncation  the file is shorter than our position, or begins with other bytes: from 0 again
 *
 * Files are looked at four times a second: inotify misses network file systems and needs more rights.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/must.h"
#include "role/lcp_worker_priv.h"
#include "sys/fd.h"

#define FIRST_BYTES 256

struct follow {
	struct stream s;
	const struct lcp_file *f;
	int fd;
	bool waiting;        /* has bytes in the open group */
	bool ending;         /* the path names another file now: read to the end */
	bool told;           /* that it cannot be read */
};

static uint64_t
hash_first(int fd, uint64_t len)
{
	char first[FIRST_BYTES];
	ssize_t n = pread(fd, first, len, 0);

	return len != 0 && n == (ssize_t)len ? hash_stable(slice_of(first, len)) : 0;
}

/* The state remembers more of the beginning while the file is still short. */
static void
remember_first(struct follow *f)
{
	uint64_t len = f->s.end + f->s.take < FIRST_BYTES ? f->s.end + f->s.take : FIRST_BYTES;

	if (f->s.st.file[2] == FIRST_BYTES || len == f->s.st.file[2])
		return;
	f->s.st.file[2] = len;
	f->s.st.file[3] = hash_first(f->fd, len);
}

static void
begin_file(struct worker *w, struct follow *f, const struct stat *st, const char *why)
{
	if (why != NULL)
		log_info("lcp.file_begins", kv_str("path", f->f->path), kv_str("why", why), kv_u64("position", f->s.end));
	f->s.end = f->s.take = 0;
	memset(&f->s.st, 0, sizeof f->s.st);
	f->s.st.kind = ORIGIN_FILE;
	f->s.st.frame.mode = FRAME_NEWLINE;
	f->s.st.file[0] = st->st_ino;
	f->s.st.file[1] = st->st_dev;
	spool_in_set(w->in, f->s.id, 0, slice_of(&f->s.st, sizeof f->s.st));
	worker_commit_soon(w);
}

static bool
is_ours(const struct follow *f, int fd, const struct stat *st)
{
	return st->st_ino == f->s.st.file[0] && (uint64_t)st->st_size >= f->s.end &&
	       hash_first(fd, f->s.st.file[2]) == f->s.st.file[3];
}

/* The file we were in when it had another name: its inode somewhere in the same folder. */
static int
find_renamed(const struct follow *f)
{
	auto_free char *copy = x_strdup(f->f->path);
	DIR *d = opendir(dirname(copy));
	struct dirent *e;
	int fd = -1;

	while (d != NULL && fd < 0 && (e = readdir(d)) != NULL) {
		struct stat st;

		if (e->d_ino != f->s.st.file[0] || (fd = openat(dirfd(d), e->d_name, O_RDONLY | O_CLOEXEC)) < 0)
			continue;
		if (fstat(fd, &st) != 0 || !is_ours(f, fd, &st)) {
			close(fd);
			fd = -1;
		}
	}
	if (d != NULL)
		closedir(d);
	return fd;
}

static void
open_file(struct worker *w, struct follow *f)
{
	int fd = open(f->f->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), old;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		if (!f->told)
			log_warn("lcp.file", kv_str("path", f->f->path), kv_str("why", fd < 0 ? strerror(errno) : "not a plain file"));
		f->told = true;
		if (fd >= 0)
			close(fd);
		return;
	}
	f->told = false;
	if (f->s.st.file[0] != 0 && is_ours(f, fd, &st)) {
		f->fd = fd;
		return;
	}
	if (f->s.st.file[0] != 0 && (old = find_renamed(f)) >= 0) {
		close(fd);
		f->fd = old;
		f->ending = true;
		return;
	}
	/* Its old file is nowhere: whatever it held behind our position was never seen. */
	if (f->s.st.file[0] != 0)
		worker_gap(w, "file-gone", 1, "files", f->f->path);
	begin_file(w, f, &st, f->s.st.file[0] != 0 ? "another file" : NULL);
	f->fd = fd;
}

void
follow_open(struct worker *w)
{
	for (size_t i = 0; i < w->setup.files.n; i++) {
		struct follow *f = x_calloc(1, sizeof *f);
		struct lcp_file *lf = &w->setup.files.v[i];

		f->f = lf;
		f->fd = -1;
		f->s.id[0] = hash_stable(slice_str(lf->path));
		f->s.id[1] = 0x66696c65;
		f->s.source = lf->source;
		f->s.peer = lf->device[0] != '\0' ? lf->device : "localhost";
		f->s.by_header = lf->device[0] == '\0';
		f->s.transport = BT_FILE;
		stream_load(&f->s, spool_in_origin(w->in, f->s.id));
		f->s.st.kind = ORIGIN_FILE;
		f->s.st.frame.mode = FRAME_NEWLINE;
		vec_push(&w->follows, f);
	}
}

/* Is the path another file by now, or shorter than we are? */
static void
look_at_path(struct worker *w, struct follow *f)
{
	struct stat now, mine;

	if (f->ending || fstat(f->fd, &mine) != 0)
		return;
	if ((uint64_t)mine.st_size < f->s.end || hash_first(f->fd, f->s.st.file[2]) != f->s.st.file[3]) {
		/* What stood there between our last look and the cut is not known. */
		worker_gap(w, "file-truncated", 1, "files", f->f->path);
		begin_file(w, f, &mine, "truncated");
		return;
	}
	f->ending = stat(f->f->path, &now) == 0 && (now.st_ino != mine.st_ino || now.st_dev != mine.st_dev);
}

static void
close_file(struct worker *w, struct follow *f)
{
	struct stat st;

	close(f->fd);
	f->fd = -1;
	f->ending = false;
	if (stat(f->f->path, &st) == 0)
		begin_file(w, f, &st, "rotated");
	else
		f->s.st.file[0] = 0;
	open_file(w, f);
}

static void
read_file(struct worker *w, struct follow *f, bool *ret_commit)
{
	size_t room, used;
	char *p = spool_in_room(w->in, PEEK_BYTES, &room);
	ssize_t n = pread(f->fd, p, PEEK_BYTES, (off_t)f->s.end);

	if (n < 0)
		return;
	if (n == 0 && !(f->ending && f->s.st.frame.part)) {
		if (f->ending)
			close_file(w, f);
		return;
	}
	used = stream_take(w, &f->s, spool_in_keep(w->in, (size_t)n), p, (size_t)n, f->ending && n < PEEK_BYTES, ret_commit);
	if (used != 0 || (n == 0 && !f->s.st.frame.part)) {
		remember_first(f);
		spool_in_set(w->in, f->s.id, f->s.end + used, slice_of(&f->s.st, sizeof f->s.st));
		f->waiting = true;
		worker_commit_soon(w);
	}
}

void
follow_run(struct worker *w)
{
	for (size_t i = 0; i < w->follows.n && !w->full; i++) {
		struct follow *f = w->follows.v[i];
		bool commit = false;

		if (f->waiting)
			continue;
		if (f->fd < 0)
			open_file(w, f);
		else
			look_at_path(w, f);
		if (f->fd < 0)
			continue;
		read_file(w, f, &commit);
		if ((commit || worker_must_commit(w)) && worker_commit(w) != 0)
			return;
	}
}

void
follow_settled(struct worker *w)
{
	for (size_t i = 0; i < w->follows.n; i++)
		if (w->follows.v[i]->waiting) {
			w->follows.v[i]->waiting = false;
			stream_settled(w, &w->follows.v[i]->s);
		}
}
