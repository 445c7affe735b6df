/* SPDX-License-Identifier: Apache-2.0
 *
 * How long a start takes with a spool of many gigabytes: both logs full, then opened, the page cache dropped
 * before it where we may.  usage: spool_recover FOLDER GIGABYTES.  Prints JSON; the goal is under 1 s with 10 GB.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/must.h"
#include "spool/spool.h"
#include "sys/fd.h"

static void
fill(const struct spool_opts *o, uint64_t bytes)
{
	struct batch_builder *bb = batch_builder_new();
	char *line = x_malloc(1 << 20);
	uint64_t x = 88172645463325252ULL, n = 0;
	struct spool_out *out;
	struct spool_in *in;

	must(spool_in_open(o, &in) == 0 && spool_out_open(o, &out) == 0);
	for (size_t i = 0; i + 8 <= 1 << 20; i += 8) { /* bytes that do not get smaller */
		x ^= x << 13, x ^= x >> 7, x ^= x << 17;
		memcpy(line + i, &x, 8);
	}
	while (spool_out_bytes(out) + spool_in_bytes(in) < bytes) {
		size_t room;
		uint32_t off;

		memcpy(line, &n, 8);
		batch_builder_reset(bb);
		must(batch_add_device(bb, SL("fw-1"), SL("")) == 0);
		for (int i = 0; i < 8; i++)
			must(batch_add_line(bb, 0, BT_TCP, 0, (int64_t)n, slice_of(line, 1 << 20)) == 0);
		must(spool_out_seal(out, bb, spool_in_log(in), n++, 1, 1, NULL) == 0);
		if (n % 64 != 1)
			continue;
		memcpy(spool_in_room(in, 1 << 20, &room), line, 1 << 20);
		off = spool_in_keep(in, 1 << 20);
		spool_in_add(in, &(struct spool_line){ .off = off, .len = 1 << 20,
		                                       .device = (uint16_t)spool_in_device(in, SL("fw-1"), SL("")) });
		must(spool_in_commit(in) == 0);
	}
	spool_in_close(in);
	spool_out_close(out);
	batch_builder_free(bb);
	free(line);
}

int
main(int argc, char **argv)
{
	struct spool_opts o = { .dir = argc > 1 ? argv[1] : "" };
	uint64_t gb = argc > 2 ? strtoull(argv[2], NULL, 10) : 10;
	auto_buf struct buf wire = { 0 };
	struct spool_out *out;
	struct spool_in *in;
	int64_t t0, t1, t2, t3;
	bool cold;

	if (argc < 2)
		return 2;
	o.limit = (gb + 1) << 30;
	fill(&o, gb << 30);
	sync();
	cold = fd_write_all(open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC), "1", 1) == 0;
	t0 = clock_mono(clock_real());
	must(spool_in_open(&o, &in) == 0);
	t1 = clock_mono(clock_real());
	must(spool_out_open(&o, &out) == 0);
	t2 = clock_mono(clock_real());
	must(spool_out_read(out, spool_out_stored(out) + 1, &wire, NULL) == 0);
	t3 = clock_mono(clock_real());
	printf("{\"bench\":\"spool_recover\",\"gigabytes\":%.1f,\"batches\":%llu,\"cold\":%s,\"in_open_s\":%.3f,\"out_open_s\":%.3f,"
	       "\"first_read_s\":%.3f}\n",
	       (double)(spool_in_bytes(in) + spool_out_bytes(out)) / (1 << 30), (unsigned long long)spool_out_last(out),
	       cold ? "true" : "false", (double)(t1 - t0) / 1e9, (double)(t2 - t1) / 1e9, (double)(t3 - t2) / 1e9);
	return 0;
}
