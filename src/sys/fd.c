/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/must.h"

void
auto_close_fn(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

int
fd_take(int *fd)
{
	int ret = *fd;

	*fd = -1;
	return ret;
}

int
fd_nonblock(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 ? 0 : E_IO;
}

static int
io_error(void)
{
	return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? E_FULL : E_IO;
}

int
fd_write_all(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n != 0) {
		ssize_t w = write(fd, at, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return io_error();
		at += w;
		n -= (size_t)w;
	}
	return 0;
}

int
fd_pwrite_all(int fd, const void *p, size_t n, off_t at)
{
	const char *from = p;

	while (n != 0) {
		ssize_t w = pwrite(fd, from, n, at);

		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return io_error();
		from += w;
		at += w;
		n -= (size_t)w;
	}
	return 0;
}

int
fd_pread_all(int fd, void *p, size_t n, off_t at)
{
	char *to = p;

	while (n != 0) {
		ssize_t r = pread(fd, to, n, at);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return E_IO;
		to += r;
		at += r;
		n -= (size_t)r;
	}
	return 0;
}

int
fd_sealed(const char *name, struct slice bytes)
{
	auto_close int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return E_IO;
	r = fd_write_all(fd, bytes.p, bytes.n);
	if (r != 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
		return E_IO;
	return fd_take(&fd);
}

int
fd_read_all(int fd, struct buf *out, size_t limit)
{
	for (;;) {
		ssize_t r;

		buf_reserve(out, 16384);
		r = read(fd, out->p + out->n, out->cap - out->n - 1);
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return E_IO;
		if (r == 0)
			return 0;
		out->n += (size_t)r;
		if (out->n > limit)
			return E_TOOBIG;
	}
}

int
file_read(const char *path, struct buf *out, size_t limit)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return errno == ENOENT ? E_NOTFOUND : E_IO;
	return fd_read_all(fd, out, limit);
}

int
dir_sync(const char *path)
{
	auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && fsync(fd) == 0 ? 0 : E_IO;
}

int
file_write_atomic(const char *path, struct slice bytes, mode_t mode)
{
	auto_free char *tmp = x_asprintf("%s.new", path);
	auto_free char *copy = x_strdup(path);
	auto_close int fd = open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	int r;

	if (fd < 0)
		return io_error();
	r = fd_write_all(fd, bytes.p, bytes.n);
	if (r == 0 && fsync(fd) != 0)
		r = io_error();
	if (r == 0 && rename(tmp, path) != 0)
		r = io_error();
	if (r != 0) {
		unlink(tmp);
		return r;
	}
	return dir_sync(dirname(copy));
}

int
dir_make(const char *path, mode_t mode)
{
	auto_free char *copy = x_strdup(path);

	for (char *at = copy + 1; (at = strchr(at, '/')) != NULL; at++) {
		*at = '\0';
		if (mkdir(copy, mode) != 0 && errno != EEXIST)
			return io_error();
		*at = '/';
	}
	return mkdir(copy, mode) == 0 || errno == EEXIST ? 0 : io_error();
}

char *
program_path(const char *name)
{
	static const char *const places[] = { "/", "/../bin/", "/../sbin/" };
	auto_free char *self = realpath("/proc/self/exe", NULL), *folder = self != NULL ? x_strdup(dirname(self)) : NULL;

	for (size_t i = 0; folder != NULL && i < sizeof places / sizeof *places; i++) {
		auto_buf struct buf b = { 0 };
		char *real;

		buf_printf(&b, "%s%s%s", folder, places[i], name);
		real = realpath(buf_cstr(&b), NULL);
		if (real != NULL && access(real, X_OK) == 0)
			return real;
		free(real);
	}
	return NULL;
}
