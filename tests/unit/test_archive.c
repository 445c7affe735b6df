/* SPDX-License-Identifier: Apache-2.0
 *
 * The log of record: put, crash, torn tail, replay, gap, chain, full, days; and verify against every kind of forger.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/record_priv.h"
#include "base/clock.h"
#include "base/must.h"
#include "sys/fd.h"

#define T0 (1764000000LL * NS_PER_S) /* 2025-11-24T16:00:00Z */
#define BATCHES 6

static char home[64], folder[80];
static struct pki_key *key, *other_key;
static struct batch_zip *zip;

struct sent { /* one collector */
	struct archive_meta meta[64];
	struct buf wire[64];
	struct archive_device dev;
};

/* What the disk does; cut < 0: all well. */
static ssize_t disk_cut = -1;
static int disk_errno;
static bool sync_fails;
static int syncs;

static ssize_t
disk_pwrite(int fd, const void *p, size_t n, off_t at)
{
	ssize_t w;

	if (disk_cut < 0)
		return pwrite(fd, p, n, at);
	w = pwrite(fd, p, (size_t)disk_cut < n ? (size_t)disk_cut : n, at);
	if (disk_errno != 0) {
		errno = disk_errno;
		return -1;
	}
	return w;
}

static int
disk_sync(int fd)
{
	syncs++;
	return sync_fails ? (errno = EIO, -1) : fdatasync(fd);
}

static struct archive *
open_archive(uint64_t segment)
{
	struct archive_conf conf = { .folder = folder, .key = key, .segment = segment, .pwrite = disk_pwrite, .fdatasync = disk_sync };
	struct archive *a = NULL;

	assert_int_equal(archive_open(&conf, &a), 0);
	return a;
}

static void
make_batch(struct sent *s, const char *tenant, uint64_t epoch, uint64_t seq, const char *text, int64_t at)
{
	static const uint8_t zero[32];
	const uint64_t ep[2] = { epoch, 1 };
	struct batch_builder *bb = batch_builder_new();
	struct archive_meta *m = &s->meta[seq];
	auto_buf struct buf block = { 0 };
	char line[200];

	batch_add_device(bb, SL("fw-1"), SL("fortinet.fortigate"));
	*m = (struct archive_meta){ .received_ns = at };
	for (int i = 0; i < 3; i++) {
		int n = snprintf(line, sizeof line, "%s line %d of %llu", text, i, (unsigned long long)seq);

		batch_add_line(bb, 0, BT_TCP, 0, at, slice_of(line, (size_t)n));
		m->bytes += (uint32_t)n;
	}
	buf_clear(&s->wire[seq]);
	batch_build(bb, ep, seq, seq == 1 ? zero : s->meta[seq - 1].hash, at, &block);
	batch_pack(zip, buf_slice(&block), 1, &s->wire[seq]);
	snprintf(m->key.tenant, sizeof m->key.tenant, "%s", tenant);
	snprintf(m->key.lcp, sizeof m->key.lcp, "%s-1", tenant);
	memcpy(m->key.epoch, ep, sizeof ep);
	m->key.seq = seq;
	m->lines = 3;
	m->wire_len = (uint32_t)s->wire[seq].n;
	if (seq > 1)
		memcpy(m->prev, s->meta[seq - 1].hash, 32);
	batch_hash(buf_slice(&s->wire[seq]), m->hash);
	s->dev = (struct archive_device){ .id = "fw-1", .lines = 3, .bytes = m->bytes };
	batch_builder_free(bb);
}

static void
sent_fini(struct sent *s)
{
	for (size_t i = 0; i < 64; i++)
		buf_fini(&s->wire[i]);
}

static int
put(struct archive *a, struct sent *s, uint64_t seq, struct archive_answer *ret)
{
	return archive_put(a, &s->meta[seq], buf_slice(&s->wire[seq]), &s->dev, 1, ret);
}

static void
put_ok(struct archive *a, struct sent *s, uint64_t seq, enum archive_result want)
{
	struct archive_answer ans;

	assert_int_equal(put(a, s, seq, &ans), 0);
	assert_int_equal(ans.result, want);
}

static int
rm(const char *p, const struct stat *st, int flag, struct FTW *f)
{
	(void)st, (void)flag, (void)f;
	return remove(p);
}

static void
wipe(void)
{
	nftw(folder, rm, 8, FTW_DEPTH | FTW_PHYS);
	disk_cut = -1;
	disk_errno = 0;
	sync_fails = false;
}

/* ---- putting ---- */

static void
a_replay_gets_the_old_receipt(void **state)
{
	struct sent s = { 0 }, liar = { 0 };
	auto_buf struct buf first = { 0 }, again = { 0 }, text = { 0 };
	struct archive_answer ans, old;
	struct archive *a;

	(void)state;
	wipe();
	a = open_archive(1 << 20);
	for (uint64_t q = 1; q <= 4; q++)
		make_batch(&s, "aoba", 7, q, "hello", T0 + (int64_t)q * NS_PER_S);
	put_ok(a, &s, 2, ARCHIVE_GAP);
	assert_int_equal(put(a, &s, 1, &ans), 0);
	assert_int_equal(ans.result, ARCHIVE_NEW);
	put_ok(a, &s, 2, ARCHIVE_NEW);
	assert_int_equal(archive_sync(a), 0);
	archive_receipt(&ans, &first);
	archive_close(a);
	a = open_archive(1 << 20); /* also after a restart */
	s.meta[1].received_ns += NS_PER_DAY;
	assert_int_equal(put(a, &s, 1, &old), 0);
	assert_int_equal(old.result, ARCHIVE_REPLAY);
	old.result = ARCHIVE_NEW; /* only the word differs */
	archive_receipt(&old, &again);
	assert_string_equal(buf_cstr(&first), buf_cstr(&again));
	receipt_text(&old.meta, &text);
	assert_int_equal(pki_verify(key, buf_slice(&text), slice_of(old.sig, sizeof old.sig)), 0);
	assert_int_equal(pki_verify(other_key, buf_slice(&text), slice_of(old.sig, sizeof old.sig)), E_SIGNATURE);
	/* the same number with other bytes; the next number with another history */
	make_batch(&liar, "aoba", 7, 1, "hellO", T0);
	make_batch(&liar, "aoba", 7, 2, "hellO", T0);
	make_batch(&liar, "aoba", 7, 3, "hellO", T0);
	put_ok(a, &liar, 1, ARCHIVE_CHAIN);
	put_ok(a, &liar, 3, ARCHIVE_CHAIN);
	assert_int_equal(put(a, &s, 4, &ans), 0);
	assert_int_equal(ans.result, ARCHIVE_GAP);
	assert_int_equal(ans.want, 3);
	put_ok(a, &s, 3, ARCHIVE_NEW);
	archive_close(a);
	sent_fini(&s);
	sent_fini(&liar);
}

static void
readers_see_only_what_is_on_the_disk(void **state)
{
	struct sent s = { 0 };
	struct archive_reader r = { 0 };
	struct archive_meta m;
	auto_buf struct buf wire = { 0 };
	struct archive *a;

	(void)state;
	wipe();
	a = open_archive(1 << 20);
	make_batch(&s, "aoba", 7, 1, "x", T0);
	make_batch(&s, "aoba", 7, 2, "x", T0);
	put_ok(a, &s, 1, ARCHIVE_NEW);
	assert_int_equal(archive_next(a, &r, &m, &wire), E_EOF);
	assert_int_equal(archive_sync(a), 0);
	assert_int_equal(archive_next(a, &r, &m, &wire), 0);
	assert_true(slice_eq(buf_slice(&wire), buf_slice(&s.wire[1])));
	assert_int_equal(archive_next(a, &r, &m, &wire), E_EOF);
	put_ok(a, &s, 2, ARCHIVE_NEW);
	sync_fails = true;
	assert_int_equal(archive_sync(a), E_IO);
	assert_int_equal(archive_next(a, &r, &m, &wire), E_EOF);
	archive_close(a);
	sent_fini(&s);
}

/* New segments are begun within one group: what the old ones still hold unsynced is fed afterwards. */
static void
a_reader_waits_at_the_unsynced_end_of_a_segment(void **state)
{
	struct sent s = { 0 };
	struct archive_reader r = { 0 };
	struct archive_meta m;
	struct archive *a;

	(void)state;
	wipe();
	a = open_archive(600);
	for (uint64_t seq = 1; seq <= 5; seq++) {
		make_batch(&s, "aoba", 7, seq, "x", T0);
		put_ok(a, &s, seq, ARCHIVE_NEW);
		auto_buf struct buf early = { 0 };
		assert_int_equal(archive_next(a, &r, &m, &early), E_EOF);
	}
	assert_int_equal(archive_sync(a), 0);
	for (uint64_t seq = 1; seq <= 5; seq++) {
		auto_buf struct buf wire = { 0 };

		assert_int_equal(archive_next(a, &r, &m, &wire), 0);
		assert_int_equal(m.key.seq, seq);
	}
	archive_close(a);
	sent_fini(&s);
}

/* The process dies after any number of bytes of a record were written. */
static void
a_crash_at_every_write_loses_nothing_promised(void **state)
{
	struct sent s = { 0 };
	size_t whole = 0;

	(void)state;
	for (uint64_t q = 1; q <= 3; q++)
		make_batch(&s, "aoba", 7, q, "crash", T0);
	for (ssize_t cut = 0; whole == 0 || cut < (ssize_t)whole + 13; cut += 13) {
		struct archive_answer ans;
		struct archive_reader r = { 0 };
		struct archive_meta m;
		auto_buf struct buf wire = { 0 };
		struct archive *a;
		int seen = 0;

		wipe();
		a = open_archive(1 << 20);
		put_ok(a, &s, 1, ARCHIVE_NEW);
		put_ok(a, &s, 2, ARCHIVE_NEW);
		assert_int_equal(archive_sync(a), 0);
		/* killed in the middle of pwrite: nobody runs the clean-up, the file just ends there */
		off_t end = (off_t)a->tenants.v[0].segs.v[0].size;
		char *path = x_strdup(a->tenants.v[0].segs.v[0].path);

		put_ok(a, &s, 3, ARCHIVE_NEW);
		whole = a->tenants.v[0].segs.v[0].size - (size_t)end;
		assert_int_equal(truncate(path, end + (cut < (ssize_t)whole ? cut : (ssize_t)whole)), 0);
		free(path);
		archive_close(a);
		a = open_archive(1 << 20);
		while (archive_next(a, &r, &m, &wire) == 0)
			assert_int_equal(m.key.seq, ++seen);
		assert_int_equal(seen, cut < (ssize_t)whole ? 2 : 3);
		assert_int_equal(put(a, &s, 3, &ans), 0);
		assert_int_equal(ans.result, seen == 2 ? ARCHIVE_NEW : ARCHIVE_REPLAY);
		archive_close(a);
	}
	sent_fini(&s);
}

static void
a_full_disk_is_said_and_ends_by_itself(void **state)
{
	struct sent s = { 0 };
	struct archive *a;
	struct archive_answer ans;

	(void)state;
	wipe();
	a = open_archive(1 << 20);
	for (uint64_t q = 1; q <= 3; q++)
		make_batch(&s, "aoba", 7, q, "full", T0);
	put_ok(a, &s, 1, ARCHIVE_NEW);
	disk_cut = 100;
	disk_errno = ENOSPC;
	put_ok(a, &s, 2, ARCHIVE_FULL);
	put_ok(a, &s, 1, ARCHIVE_REPLAY); /* what is there is still answered */
	disk_errno = 0;                    /* a short write is the same */
	put_ok(a, &s, 2, ARCHIVE_FULL);
	disk_cut = -1;
	put_ok(a, &s, 2, ARCHIVE_NEW);
	disk_cut = 0;
	disk_errno = EIO;
	assert_int_equal(put(a, &s, 3, &ans), E_IO); /* the role ends with status 4 */
	archive_close(a);
	disk_cut = -1;
	disk_errno = 0;
	a = open_archive(1 << 20);
	put_ok(a, &s, 2, ARCHIVE_REPLAY);
	put_ok(a, &s, 3, ARCHIVE_NEW);
	a->conf.reserve = UINT64_MAX / 4; /* nobody has so much room */
	a->room_checked = 1 << 30;
	make_batch(&s, "aoba", 7, 4, "full", T0);
	put_ok(a, &s, 4, ARCHIVE_FULL);
	a->conf.reserve = 0;
	put_ok(a, &s, 4, ARCHIVE_NEW);
	archive_close(a);
	sent_fini(&s);
}

/* ---- verify ---- */

struct found {
	size_t n;
	char first[320];
};

static void
on_fault(void *ctx, const struct archive_fault *f)
{
	struct found *fd = ctx;

	if (fd->n++ == 0)
		snprintf(fd->first, sizeof fd->first, "%s:%llu: %s", f->file, (unsigned long long)f->off, f->what);
}

static size_t
faults(const struct pki_key *k, struct found *f)
{
	struct archive_tally t;

	*f = (struct found){ 0 };
	assert_int_equal(archive_verify(folder, k, &t, on_fault, f), 0);
	assert_int_equal(t.faults, f->n);
	return f->n;
}

/* Two tenants, three days, small segments, heads and manifests. */
static void
make_archive(void)
{
	struct sent s = { 0 }, h = { 0 };
	struct archive *a;

	wipe();
	a = open_archive(2048);
	for (uint64_t q = 1; q <= BATCHES * 3; q++) {
		int64_t at = T0 + (int64_t)((q - 1) / BATCHES) * NS_PER_DAY;

		make_batch(&s, "aoba", 7, q, "good", at);
		put_ok(a, &s, q, ARCHIVE_NEW);
		make_batch(&h, "harbor", 9, q, "fine", at);
		put_ok(a, &h, q, ARCHIVE_NEW);
	}
	assert_int_equal(archive_sync(a), 0);
	assert_int_equal(archive_write_heads(a, T0 + 2 * NS_PER_DAY), 0);
	assert_int_equal(archive_close_days(a, T0 + 2 * NS_PER_DAY, 300 * NS_PER_DAY, NULL, NULL), 0);
	archive_close(a);
	sent_fini(&s);
	sent_fini(&h);
}

static void
path_in(char out[160], const char *rest)
{
	snprintf(out, 160, "%s/%s", folder, rest);
}

static void
read_in(const char *rest, struct buf *out)
{
	char p[160];

	path_in(p, rest);
	buf_clear(out);
	assert_int_equal(file_read(p, out, 1 << 20), 0);
}

static void
write_in(const char *rest, struct slice s)
{
	char p[160];

	path_in(p, rest);
	assert_int_equal(file_write_atomic(p, s, 0600), 0);
}

#define DAY2 "aoba/2025-11-25/"
#define DAY3 "aoba/2025-11-26/"

static void
an_honest_archive_has_no_fault(void **state)
{
	struct archive_tally t;
	struct found f = { 0 };

	(void)state;
	make_archive();
	assert_int_equal(archive_verify(folder, key, &t, on_fault, &f), 0);
	if (f.n != 0)
		fail_msg("%s", f.first);
	assert_int_equal(t.tenants, 2);
	assert_int_equal(t.days, 6);
	assert_int_equal(t.batches, 2 * 3 * BATCHES);
	assert_int_equal(t.lines, 2 * 3 * 3 * BATCHES);
	assert_int_equal(t.manifests, 4);
	assert_true(t.segments > 6);
	assert_int_equal(faults(NULL, &f), 0);
	assert_true(faults(other_key, &f) >= 2 * 3 * BATCHES); /* every receipt is of another key */
	assert_int_equal(archive_verify("/nonexistent", key, &t, on_fault, &f), E_NOTFOUND);
}

static void
every_changed_byte_is_found(void **state)
{
	auto_buf struct buf seg = { 0 };
	struct found f;

	(void)state;
	make_archive();
	read_in(DAY2 "000000.seg", &seg);
	for (size_t at = 0; at < seg.n; at += 3) {
		struct record r;
		size_t off = 0;

		do { /* padding between records says nothing and may say anything */
			memcpy(&r, seg.p + off, sizeof r);
			if (at < off + record_size(&r))
				break;
			off += record_size(&r);
		} while (off < seg.n);
		if (at - off >= sizeof r + r.meta.wire_len + r.devices * sizeof(struct archive_device) ||
		    at - off >= offsetof(struct record, reserved))
			if (at - off < sizeof r || at - off >= sizeof r + r.meta.wire_len + r.devices * sizeof(struct archive_device))
				continue;
		seg.p[at] = (char)(seg.p[at] ^ 0x20);
		write_in(DAY2 "000000.seg", buf_slice(&seg));
		if (faults(NULL, &f) == 0)
			fail_msg("byte %zu was changed and nobody saw it", at);
		assert_non_null(strstr(f.first, "aoba/2025-11-25/"));
		seg.p[at] = (char)(seg.p[at] ^ 0x20);
	}
	write_in(DAY2 "000000.seg", buf_slice(&seg));
	assert_int_equal(faults(key, &f), 0);
}

static void
removed_swapped_doubled_and_cut(void **state)
{
	auto_buf struct buf seg = { 0 }, bent = { 0 }, json = { 0 };
	char p[160], q[160];
	struct record r1, r2;
	struct found f;
	size_t n1, n2;

	(void)state;
	make_archive();
	read_in(DAY2 "000000.seg", &seg);
	memcpy(&r1, seg.p, sizeof r1);
	n1 = record_size(&r1);
	memcpy(&r2, seg.p + n1, sizeof r2);
	n2 = record_size(&r2);
	/* removed */
	write_in(DAY2 "000000.seg", slice_sub(buf_slice(&seg), n1, seg.n));
	assert_true(faults(key, &f) > 0);
	assert_non_null(strstr(f.first, DAY2 "000000.seg:0: the archive's chain is broken here"));
	/* swapped */
	buf_put(&bent, seg.p + n1, n2);
	buf_put(&bent, seg.p, n1);
	buf_put(&bent, seg.p + n1 + n2, seg.n - n1 - n2);
	write_in(DAY2 "000000.seg", buf_slice(&bent));
	assert_true(faults(NULL, &f) > 0);
	/* doubled */
	buf_clear(&bent);
	buf_put(&bent, seg.p, n1);
	buf_put_slice(&bent, buf_slice(&seg));
	write_in(DAY2 "000000.seg", buf_slice(&bent));
	assert_true(faults(NULL, &f) > 0);
	write_in(DAY2 "000000.seg", buf_slice(&seg));
	assert_int_equal(faults(key, &f), 0);
	/* the end of the last day cut off, on a record's border: only the signed head tells */
	read_in(DAY3 "000000.seg", &seg);
	path_in(p, DAY3 "000002.seg");
	for (int i = 9; i > 0; i--) { /* the last segment there is */
		char name[64];

		snprintf(name, sizeof name, DAY3 "%06d.seg", i);
		path_in(p, name);
		if (access(p, F_OK) == 0)
			break;
	}
	snprintf(q, sizeof q, "%s/gone", home);
	assert_int_equal(rename(p, q), 0);
	assert_true(faults(key, &f) > 0);
	assert_non_null(strstr(f.first, "aoba/head.json:0: the signed head is not reached"));
	assert_int_equal(rename(q, p), 0);
	/* a whole day, a segment in the middle, a manifest */
	path_in(p, "aoba/2025-11-25");
	assert_int_equal(rename(p, q), 0);
	assert_true(faults(key, &f) > 0);
	assert_int_equal(rename(q, p), 0);
	path_in(p, DAY2 "000000.seg");
	assert_int_equal(rename(p, q), 0);
	assert_true(faults(key, &f) > 0);
	assert_non_null(strstr(f.first, "a segment is missing"));
	assert_int_equal(rename(q, p), 0);
	path_in(p, DAY2 "manifest.json");
	assert_int_equal(rename(p, q), 0);
	assert_int_equal(faults(key, &f), 1);
	assert_non_null(strstr(f.first, "manifest of a closed day is missing"));
	assert_int_equal(rename(q, p), 0);
	read_in(DAY2 "manifest.json", &json);
	*(char *)memchr(strstr(buf_cstr(&json), "\"lines\":"), '1', 12) = '2';
	write_in(DAY2 "manifest.json", buf_slice(&json));
	assert_int_equal(faults(key, &f), 1);
	assert_non_null(strstr(f.first, "not those of the manifest"));
}

/* A forger who knows the format, makes every checksum and chain right again, but has no signing key. */
static void
a_careful_forger_needs_the_key(void **state)
{
	struct sent forged = { 0 };
	struct archive *a;
	struct found f;
	struct pki_key *mine = key;

	(void)state;
	wipe();
	key = other_key; /* the whole archive is written anew */
	make_archive();
	key = mine;
	assert_int_equal(faults(NULL, &f), 0); /* without the key nobody can tell */
	assert_true(faults(key, &f) > 0);
	assert_non_null(strstr(f.first, "receipt signed by another key"));
	/* he keeps the key's name in the records */
	wipe();
	key = other_key;
	a = open_archive(1 << 20);
	pki_key_id(mine, a->key_id);
	make_batch(&forged, "aoba", 7, 1, "forged", T0);
	put_ok(a, &forged, 1, ARCHIVE_NEW);
	assert_int_equal(archive_sync(a), 0);
	archive_close(a);
	key = mine;
	assert_int_equal(faults(key, &f), 1);
	assert_non_null(strstr(f.first, "receipt's signature does not verify"));
	sent_fini(&forged);
}

static void
days_are_removed_in_their_time_and_it_shows(void **state)
{
	auto_buf struct buf json = { 0 };
	struct archive *a;
	struct found f;

	(void)state;
	make_archive();
	a = open_archive(2048);
	assert_int_equal(archive_close_days(a, T0 + 2 * NS_PER_DAY, 1 * NS_PER_DAY, NULL, NULL), 0);
	archive_close(a);
	if (faults(key, &f) != 0)
		fail_msg("%s", f.first);
	read_in("aoba/2025-11-24.removed.json", &json);
	*strstr(buf_cstr(&json), "\"lines\":1") = '#';
	write_in("aoba/2025-11-24.removed.json", buf_slice(&json));
	assert_true(faults(key, &f) > 0);
	assert_non_null(strstr(f.first, "signature does not verify"));
	char p[160];

	path_in(p, "aoba/2025-11-24.removed.json");
	unlink(p); /* and without it the beginning is missing */
	assert_true(faults(key, &f) > 0);
}

static int
set_up(void **state)
{
	(void)state;
	snprintf(home, sizeof home, "/tmp/nezuban-archive-XXXXXX");
	if (mkdtemp(home) == NULL)
		return -1;
	snprintf(folder, sizeof folder, "%s/a", home);
	key = pki_key_make(PKI_ED25519);
	other_key = pki_key_make(PKI_ED25519);
	zip = batch_zip_new();
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	pki_key_free(key);
	pki_key_free(other_key);
	batch_zip_free(zip);
	return nftw(home, rm, 8, FTW_DEPTH | FTW_PHYS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_replay_gets_the_old_receipt),
		cmocka_unit_test(readers_see_only_what_is_on_the_disk),
		cmocka_unit_test(a_reader_waits_at_the_unsynced_end_of_a_segment),
		cmocka_unit_test(a_crash_at_every_write_loses_nothing_promised),
		cmocka_unit_test(a_full_disk_is_said_and_ends_by_itself),
		cmocka_unit_test(an_honest_archive_has_no_fault),
		cmocka_unit_test(every_changed_byte_is_found),
		cmocka_unit_test(removed_swapped_doubled_and_cut),
		cmocka_unit_test(a_careful_forger_needs_the_key),
		cmocka_unit_test(days_are_removed_in_their_time_and_it_shows),
	};

	return cmocka_run_group_tests_name("archive", tests, set_up, tear_down);
}
