/* SPDX-License-Identifier: Apache-2.0
 *
 * Verify: an archive folder read by somebody who trusts nobody.  It believes no index and no count, only what
 * follows from the bytes, the chains and the public key:
 *
 *     line     the batch's own checksum and the SHA-256 of its wire form
 *     batch    its number and the hash of the one before (collector's chain), the receipt's signature
 *     record   the archive's chain: no record changed, removed, reordered or put in between
 *     day      the manifest made again from the records must be the signed one, byte for byte
 *     end      the signed head must be reached: a cut tail is found up to the last minute
 *
 * After a fault it goes on from what it found, so that one damaged record gives one fault, not a thousand.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/record_priv.h"
#include "base/must.h"
#include "batch/crc32c.h"
#include "sys/fd.h"

struct verifier {
	const char *folder;
	const struct pki_key *key;
	char key_id[17];
	struct archive_tally *tally;
	void (*fn)(void *ctx, const struct archive_fault *f);
	void *ctx;
	struct batch_zip *zip;
	/* of the tenant under way */
	struct tenant t;           /* name, streams, chain */
	bool whole;                /* its history is here from the first record on */
	bool head_seen, have_head;
	struct buf head;           /* head.json */
	struct day_count day;
	struct buf body, text;
};

static void
fault(struct verifier *v, const char *file, uint64_t off, const struct record *r, const char *what)
{
	struct archive_fault f = { .off = off, .what = what };

	snprintf(f.file, sizeof f.file, "%s", file);
	if (r != NULL)
		f.key = r->meta.key;
	v->tally->faults++;
	v->fn(v->ctx, &f);
}

/* ---- signed JSON: text, then ,"key":"…","sig":"…"} ---- */

static bool
member(struct slice json, const char *name, struct slice *ret)
{
	char want[32];
	int n = snprintf(want, sizeof want, "\"%s\":\"", name);
	ssize_t at = slice_find_slice(json, slice_of(want, (size_t)n)), end;
	struct slice rest;

	if (at < 0)
		return false;
	rest = slice_sub(json, (size_t)at + (size_t)n, json.n);
	end = slice_find(rest, '"');
	if (end < 0)
		return false;
	*ret = slice_sub(rest, 0, (size_t)end);
	return true;
}

/* Is `json` the text with a good signature behind it? */
static bool
is_signed(const struct verifier *v, struct slice json, struct slice text)
{
	struct slice tail = slice_sub(json, text.n, json.n), id, sig64;
	auto_buf struct buf sig = { 0 };

	if (!slice_starts(json, text) || !slice_starts(tail, SL(",\"key\":\"")))
		return false;
	if (v->key == NULL)
		return true;
	return member(tail, "key", &id) && slice_eq(id, slice_str(v->key_id)) && member(tail, "sig", &sig64) &&
	       pki_unbase64(sig64, &sig) == 0 && pki_verify(v->key, text, buf_slice(&sig)) == 0;
}

/* ---- one record ---- */

static void
check_receipt(struct verifier *v, const char *file, uint64_t off, const struct record *r)
{
	if (v->key == NULL)
		return;
	if (memcmp(r->key_id, v->key_id, 16) != 0) {
		fault(v, file, off, r, "receipt signed by another key");
		return;
	}
	buf_clear(&v->text);
	receipt_text(&r->meta, &v->text);
	if (pki_verify(v->key, buf_slice(&v->text), slice_of(r->sig, sizeof r->sig)) != 0)
		fault(v, file, off, r, "receipt's signature does not verify");
}

static bool
counts_agree(const struct record *r, const struct batch *b, const struct archive_device *devices, uint64_t *canaries)
{
	uint64_t bytes = 0, gaps = 0;
	uint32_t *lines = x_calloc(b->head->devices + 1, sizeof *lines);
	bool good = r->devices == b->head->devices && r->meta.lines == b->head->lines;

	for (uint32_t i = 0; i < b->head->lines; i++) {
		bytes += b->lines[i].len;
		gaps += (b->lines[i].flags & LINE_GAP) != 0;
		*canaries += (b->lines[i].flags & LINE_CANARY) != 0;
		lines[b->lines[i].device]++;
	}
	for (uint32_t d = 0; good && d < r->devices; d++) {
		struct archive_device dev;

		memcpy(&dev, &devices[d], sizeof dev);
		good = dev.lines == lines[d];
	}
	free(lines);
	return good && bytes == r->meta.bytes && gaps == r->meta.gaps;
}

static const char *
look_inside(struct verifier *v, const struct record *r, struct slice wire, const struct archive_device *devices)
{
	struct slice block;
	struct batch b;
	uint8_t hash[32];

	batch_hash(wire, hash);
	if (memcmp(hash, r->meta.hash, 32) != 0)
		return "the batch is not the one that was acknowledged";
	if (batch_unpack(v->zip, wire, &block) != 0 || batch_check(block, &b, NULL) != 0)
		return "the batch is damaged inside";
	if (memcmp(b.head->epoch, r->meta.key.epoch, sizeof r->meta.key.epoch) != 0 || b.head->seq != r->meta.key.seq ||
	    memcmp(b.head->prev, r->meta.prev, 32) != 0)
		return "the batch is filed under another number";
	return counts_agree(r, &b, devices, &v->tally->canaries) ? NULL : "the counts are not those of the batch";
}

static void
check_stream(struct verifier *v, const char *file, uint64_t off, const struct record *r)
{
	static const uint8_t zero[32];
	size_t before = v->t.streams.n, index;
	struct stream *s = stream_get(&v->t, &r->meta.key, &index);
	bool first = v->t.streams.n != before;

	if (first && !v->whole)
		; /* its beginning was removed with the days before */
	else if (r->meta.key.seq <= s->key.seq)
		fault(v, file, off, r, "a number that was there before");
	else if (r->meta.key.seq != s->key.seq + 1)
		fault(v, file, off, r, "batches before this one are missing");
	else if (memcmp(r->meta.prev, first ? zero : s->hash, 32) != 0)
		fault(v, file, off, r, "it does not follow the batch before it");
	s->key.seq = r->meta.key.seq;
	memcpy(s->hash, r->meta.hash, 32);
}

static void
check_record(struct verifier *v, const char *file, const char *day, int fd, uint64_t off, const struct record *r)
{
	size_t n = r->meta.wire_len + r->devices * sizeof(struct archive_device);
	struct archive_device *devices = x_malloc(r->devices * sizeof *devices + 1);
	uint8_t chain[32];
	const char *what;
	char written[11];

	buf_clear(&v->body);
	buf_reserve(&v->body, n);
	v->body.n = n;
	if (pread(fd, v->body.p, n, (off_t)(off + sizeof *r)) != (ssize_t)n) {
		fault(v, file, off, r, "cannot be read");
		free(devices);
		return;
	}
	memcpy(devices, v->body.p + r->meta.wire_len, r->devices * sizeof *devices);
	record_chain(r, v->t.chain, chain);
	if (memcmp(chain, r->chain, 32) != 0)
		fault(v, file, off, r, "the archive's chain is broken here: something was changed, removed or put in before");
	memcpy(v->t.chain, r->chain, 32);
	if (crc32c(0, v->body.p, n) != r->body_crc)
		fault(v, file, off, r, "its bytes were changed");
	what = look_inside(v, r, slice_sub(buf_slice(&v->body), 0, r->meta.wire_len), devices);
	if (what != NULL)
		fault(v, file, off, r, what);
	day_of(r->meta.received_ns, written);
	if (strcmp(written, day) > 0)
		fault(v, file, off, r, "it was received on a later day than its folder's");
	if (strcmp(r->meta.key.tenant, v->t.name) != 0)
		fault(v, file, off, r, "it belongs to another tenant");
	check_receipt(v, file, off, r);
	check_stream(v, file, off, r);
	day_count_add(&v->day, r, devices);
	v->tally->batches++;
	v->tally->lines += r->meta.lines;
	v->tally->bytes += r->meta.bytes;
	v->tally->gaps += r->meta.gaps;
	free(devices);
}

/* ---- a segment ---- */

static bool
good_at(int fd, uint64_t off, uint64_t size, struct record *r)
{
	return off + sizeof *r <= size && pread(fd, r, sizeof *r, (off_t)off) == (ssize_t)sizeof *r &&
	       record_head_is_good(r) && off + record_size(r) <= size && batch_key_is_good(&r->meta.key);
}

/* Was the signed head written at this place? */
static void
meet_head(struct verifier *v, const char *segment, uint64_t off)
{
	auto_buf struct buf text = { 0 };
	struct slice at;

	if (!v->have_head || !member(buf_slice(&v->head), "at", &at))
		return;
	head_text(v->t.name, at, slice_str(segment), off, v->t.chain, &text);
	v->head_seen = v->head_seen || is_signed(v, buf_slice(&v->head), buf_slice(&text));
}

static void
check_segment(struct verifier *v, const char *day, const char *name)
{
	auto_free char *path = x_asprintf("%s/%s/%s/%s", v->folder, v->t.name, day, name);
	auto_free char *file = x_asprintf("%s/%s/%s", v->t.name, day, name), *segment = x_asprintf("%s/%s", day, name);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint64_t off = 0, size;
	struct stat st;
	struct record r;

	if (fd < 0 || fstat(fd, &st) != 0) {
		fault(v, file, 0, NULL, "cannot be read");
		return;
	}
	v->tally->segments++;
	size = (uint64_t)st.st_size;
	while (off < size) {
		uint64_t bad = off;

		while (off < size && !good_at(fd, off, size, &r))
			off += RECORD_ALIGN;
		if (off != bad)
			fault(v, file, bad, NULL, "bytes that are no record");
		if (off >= size)
			break;
		check_record(v, file, day, fd, off, &r);
		off += record_size(&r);
		meet_head(v, segment, off);
	}
}

/* ---- a day ---- */

static void
check_manifest(struct verifier *v, const char *day, bool closed)
{
	auto_free char *path = x_asprintf("%s/%s/%s/manifest.json", v->folder, v->t.name, day);
	auto_free char *file = x_asprintf("%s/%s/manifest.json", v->t.name, day);
	auto_buf struct buf json = { 0 }, text = { 0 };
	struct slice at;

	if (file_read(path, &json, 64u << 20) != 0) {
		if (closed)
			fault(v, file, 0, NULL, "the manifest of a closed day is missing");
		return;
	}
	v->tally->manifests++;
	if (member(buf_slice(&json), "at", &at))
		manifest_text(&v->day, v->t.name, day, at, &text);
	if (text.n == 0 || !slice_starts(buf_slice(&json), buf_slice(&text)))
		fault(v, file, 0, NULL, "the day's records are not those of the manifest");
	else if (!is_signed(v, buf_slice(&json), buf_slice(&text)))
		fault(v, file, 0, NULL, "the manifest's signature does not verify");
}

static void
check_day(struct verifier *v, const char *day, bool closed)
{
	auto_free char *path = x_asprintf("%s/%s/%s", v->folder, v->t.name, day);
	struct names files;
	unsigned number = 0;

	if (names_read(path, &files) != 0) {
		fault(v, day, 0, NULL, "cannot be read");
		return;
	}
	v->tally->days++;
	for (size_t i = 0; i < files.v.n; i++) {
		char want[16];

		if (!is_segment(files.v.v[i]))
			continue;
		snprintf(want, sizeof want, "%06u.seg", number++);
		if (strcmp(want, files.v.v[i]) != 0) {
			auto_free char *file = x_asprintf("%s/%s/%s", v->t.name, day, want);

			fault(v, file, 0, NULL, "a segment is missing");
			number = (unsigned)strtoul(files.v.v[i], NULL, 10) + 1;
		}
		check_segment(v, day, files.v.v[i]);
	}
	names_free(&files);
	check_manifest(v, day, closed);
	day_count_fini(&v->day);
	v->day = (struct day_count){ 0 };
}

/* ---- a tenant ---- */

/* Days before were removed in their time: the chain begins where their signed manifest ends. */
static void
begin_behind(struct verifier *v, const char *name)
{
	auto_free char *path = x_asprintf("%s/%s/%s", v->folder, v->t.name, name);
	auto_free char *file = x_asprintf("%s/%s", v->t.name, name);
	auto_buf struct buf json = { 0 };
	struct slice chain, all;
	ssize_t cut;

	v->whole = false;
	if (file_read(path, &json, 64u << 20) != 0)
		return;
	all = buf_slice(&json);
	cut = slice_find_slice(all, SL(",\"key\":\""));
	if (cut < 0 || !is_signed(v, all, slice_sub(all, 0, (size_t)cut)) || !member(all, "chain", &chain) ||
	    pki_unhex(chain, v->t.chain, 32) != 0)
		fault(v, file, 0, NULL, "the manifest's signature does not verify");
}

static void
check_tenant(struct verifier *v, const char *name)
{
	auto_free char *path = x_asprintf("%s/%s", v->folder, name), *head = x_asprintf("%s/%s/head.json", v->folder, name);
	auto_free char *head_name = x_asprintf("%s/head.json", name);
	const char *last = NULL, *removed = NULL;
	struct names days;

	v->t = (struct tenant){ 0 };
	snprintf(v->t.name, sizeof v->t.name, "%s", name);
	v->whole = true;
	v->head_seen = false;
	buf_clear(&v->head);
	v->have_head = file_read(head, &v->head, 1 << 16) == 0;
	if (names_read(path, &days) != 0) {
		fault(v, name, 0, NULL, "cannot be read");
		return;
	}
	v->tally->tenants++;
	for (size_t i = 0; i < days.v.n; i++) {
		if (is_day(days.v.v[i]))
			last = days.v.v[i];
		else if (slice_ends(slice_str(days.v.v[i]), SL(".removed.json")))
			removed = days.v.v[i];
	}
	if (removed != NULL)
		begin_behind(v, removed);
	for (size_t i = 0; i < days.v.n; i++)
		if (is_day(days.v.v[i]))
			check_day(v, days.v.v[i], days.v.v[i] != last);
	if (v->have_head && !v->head_seen)
		fault(v, head_name, 0, NULL, "the signed head is not reached: records at the end are missing or it was forged");
	names_free(&days);
	vec_fini(&v->t.streams);
}

int
archive_verify(const char *folder, const struct pki_key *key, struct archive_tally *ret,
               void (*fn)(void *ctx, const struct archive_fault *f), void *ctx)
{
	struct verifier v = { .folder = folder, .key = key, .tally = ret, .fn = fn, .ctx = ctx };
	struct names tenants;
	int r = names_read(folder, &tenants);

	if (r != 0)
		return r;
	*ret = (struct archive_tally){ 0 };
	v.zip = batch_zip_new();
	if (key != NULL)
		pki_key_id(key, v.key_id);
	for (size_t i = 0; i < tenants.v.n; i++)
		if (batch_id_is_good(slice_str(tenants.v.v[i])))
			check_tenant(&v, tenants.v.v[i]);
		else
			fault(&v, tenants.v.v[i], 0, NULL, "no tenant can have this name");
	names_free(&tenants);
	batch_zip_free(v.zip);
	buf_fini(&v.head);
	buf_fini(&v.body);
	buf_fini(&v.text);
	return 0;
}
