/* SPDX-License-Identifier: Apache-2.0
 *
 * Space kept before lines come, so that a disk which the incoming log fills does not stop the way out as well:
 *
 *     reserve   for positions
 *     first     the first segment of the way out, until it has one
 *     turn      the second, without which it cannot turn round
 *
 * Whichever process opens the spool first keeps it: the collector listens before its uplink has a certificate.  The way
 * out takes a kept segment by renaming it; freed and asked for again it would be the incoming log's by then.
 */
#define _GNU_SOURCE /* fallocate */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "base/vec.h"
#include "spool/keep_priv.h"
#include "spool/seglog_priv.h"

static void
keep_space(const char *dir, const char *name, uint64_t bytes)
{
	auto_free char *path = x_asprintf("%s/%s", dir, name);
	int fd;

	if (access(path, F_OK) == 0 || (fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0)
		return;
	if (fallocate(fd, 0, 0, (off_t)bytes) != 0)
		unlink(path);
	close(fd);
}

void
spool_keep(const struct spool_opts *o)
{
	uint64_t segment = o->segment != 0 ? o->segment : SPOOL_SEGMENT, log = 0;
	auto_free char *out = x_asprintf("%s/out", o->dir), *first = x_asprintf("%s/first", o->dir);
	VEC(uint64_t) firsts = { 0 };

	if (o->reserve == 0)
		return;
	keep_space(o->dir, "reserve", o->reserve);
	keep_space(o->dir, "turn", segment);
	if (seg_list(out, &log, &firsts) != 0 || firsts.n == 0)
		keep_space(o->dir, "first", segment);
	else
		unlink(first);
	vec_fini(&firsts);
}
