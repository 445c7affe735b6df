/* SPDX-License-Identifier: Apache-2.0
 *
 * A segment file of a stranger's making: opened, read, appended to, verified.  With an odd first byte the heads' checksums are
 * made right, so that what lies behind them is reached.  Truth: after opening, the archive takes a new batch.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/record_priv.h"
#include "base/log.h"
#include "base/must.h"
#include "batch/crc32c.h"
#include "sys/fd.h"

static char folder[64], day[96], seg[128], manifest[128];
static struct pki_key *key;

static void
on_fault(void *ctx, const struct archive_fault *f)
{
	must(f->what != NULL);
	++*(size_t *)ctx;
}

static void
mend(struct buf *b)
{
	struct record r;

	for (size_t off = 0; off + sizeof r <= b->n;) {
		memcpy(&r, b->p + off, sizeof r);
		r.magic = RECORD_MAGIC;
		r.version = RECORD_VERSION;
		r.meta.wire_len %= 512;
		r.devices %= 4;
		r.head_crc = crc32c(0, &r, offsetof(struct record, head_crc));
		memcpy(b->p + off, &r, sizeof r);
		off += record_size(&r);
	}
}

static void
set_up(void)
{
	snprintf(folder, sizeof folder, "/dev/shm/nezuban-fuzz-XXXXXX");
	must(mkdtemp(folder) != NULL);
	snprintf(day, sizeof day, "%s/aoba/2025-11-24", folder);
	snprintf(seg, sizeof seg, "%s/000000.seg", day);
	snprintf(manifest, sizeof manifest, "%s/manifest.json", day);
	must(dir_make(day, 0700) == 0);
	key = pki_key_make(PKI_ED25519);
	log_init("fuzz", LOG_ALERT + 1);
}

static void
tidy(void)
{
	struct names files;

	must(names_read(day, &files) == 0);
	for (size_t i = 0; i < files.v.n; i++) {
		auto_free char *p = x_asprintf("%s/%s", day, files.v.v[i]);

		unlink(p);
	}
	names_free(&files);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct archive_conf conf = { .folder = folder, .segment = 1 << 20 };
	struct archive_meta m = { .key = { .tenant = "aoba", .lcp = "fuzz", .epoch = { 99, 98 }, .seq = 1 }, .received_ns = 1764000000000000000LL, .wire_len = 4 };
	struct archive_answer ans;
	struct archive_reader r = { 0 };
	struct archive_tally t;
	struct archive *a = NULL;
	auto_buf struct buf b = { 0 }, wire = { 0 };
	size_t faults = 0;

	if (key == NULL)
		set_up();
	if (size == 0)
		return 0;
	conf.key = key;
	buf_put(&b, data + 1, size - 1);
	if (data[0] & 1)
		mend(&b);
	tidy();
	must(file_write_atomic(seg, buf_slice(&b), 0600) == 0);
	if (data[0] & 2)
		must(file_write_atomic(manifest, buf_slice(&b), 0600) == 0);
	must(archive_verify(folder, key, &t, on_fault, &faults) == 0 && t.faults == faults);
	if (archive_open(&conf, &a) == 0) {
		while (archive_next(a, &r, &m, &wire) == 0)
			buf_clear(&wire);
		m = (struct archive_meta){ .key = { .tenant = "aoba", .lcp = "fuzz", .epoch = { 99, 98 }, .seq = 1 }, .received_ns = 1764000000000000000LL, .wire_len = 4 };
		must(archive_put(a, &m, SL("wire"), NULL, 0, &ans) == 0);
		must(archive_sync(a) == 0);
		archive_close(a);
	}
	return 0;
}
