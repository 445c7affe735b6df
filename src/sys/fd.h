/* SPDX-License-Identifier: Apache-2.0
 *
 * File descriptors and small files.
 */
#ifndef NZ_SYS_FD_H
#define NZ_SYS_FD_H

#include <sys/types.h>

#include "base/buf.h"
#include "base/slice.h"

/* auto_close int fd = ...: closed when fd leaves its scope (negative is fine). */
#define auto_close __attribute__((cleanup(auto_close_fn)))
void auto_close_fn(int *fd);
int fd_take(int *fd); /* moves it out: *fd becomes -1 */

int fd_nonblock(int fd);
int fd_write_all(int fd, const void *p, size_t n);           /* 0 or E_IO / E_FULL (no space) */
int fd_pwrite_all(int fd, const void *p, size_t n, off_t at);
int fd_pread_all(int fd, void *p, size_t n, off_t at);        /* 0, or E_IO, also when the file is shorter */
int fd_read_all(int fd, struct buf *out, size_t limit);      /* to the end; E_TOOBIG past limit */
/* A memory file with these bytes that nobody can change or shorten any more: >= 0, or E_IO, E_FULL. */
int fd_sealed(const char *name, struct slice bytes);

int file_read(const char *path, struct buf *out, size_t limit); /* 0, E_NOTFOUND, E_IO, E_TOOBIG */
/* Writes beside, fsyncs, renames, fsyncs the directory: the file is old or new, never half. */
int file_write_atomic(const char *path, struct slice bytes, mode_t mode);
/* Path of a program of ours: beside the running one, or in bin or sbin next to its folder. Heap; NULL when it is nowhere. */
char *program_path(const char *name);
int dir_make(const char *path, mode_t mode);                 /* with parents; 0 when it exists */
int dir_sync(const char *path);                              /* fsync of a directory */

#endif
