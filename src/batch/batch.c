/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/batch.h"

#include <stdlib.h>

#include "base/err.h"
#include "base/must.h"
#include "batch/crc32c.h"

/* Both ranges lie inside the bytes? Written so that no sum can overflow. */
static bool
inside(uint32_t off, uint32_t len, uint32_t size)
{
	return off <= size && len <= size - off;
}

static int
refuse(int code, const char *why, const char **ret_why)
{
	if (ret_why != NULL)
		*ret_why = why;
	return code;
}

static int
check_header(struct slice block, const struct batch_header *h, const char **ret_why)
{
	uint64_t want;

	if (block.n < sizeof *h || ((uintptr_t)block.p & 7) != 0)
		return refuse(E_CORRUPT, "shorter than a header", ret_why);
	if (h->magic != BATCH_MAGIC)
		return refuse(E_CORRUPT, "no batch magic", ret_why);
	if (h->version != BATCH_VERSION || h->header_len != sizeof *h)
		return refuse(E_UNSUPPORTED, "unknown batch version", ret_why);
	if (h->lines > BATCH_LINES_MAX || h->devices > BATCH_DEVICES_MAX || h->notes > h->lines ||
	    h->bytes_len > BATCH_BYTES_MAX)
		return refuse(E_TOOBIG, "a count is over its limit", ret_why);
	if (h->seq == 0)
		return refuse(E_CORRUPT, "sequence number 0", ret_why);
	want = sizeof *h + (uint64_t)h->devices * sizeof(struct batch_device) +
	       (uint64_t)h->lines * sizeof(struct batch_line) + (uint64_t)h->notes * sizeof(struct batch_note) +
	       h->bytes_len;
	if (want != block.n)
		return refuse(E_CORRUPT, "size does not follow from the counts", ret_why);
	if (crc32c(0, block.p + sizeof *h, block.n - sizeof *h) != h->crc32c)
		return refuse(E_CORRUPT, "checksum", ret_why);
	return 0;
}

static int
check_tables(const struct batch *b, const char **ret_why)
{
	const struct batch_header *h = b->head;

	for (uint32_t i = 0; i < h->devices; i++) {
		const struct batch_device *d = &b->devices[i];

		if (!inside(d->id_off, d->id_len, h->bytes_len) || !inside(d->source_off, d->source_len, h->bytes_len))
			return refuse(E_CORRUPT, "a device name lies outside", ret_why);
	}
	for (uint32_t i = 0; i < h->lines; i++) {
		const struct batch_line *l = &b->lines[i];

		if (!inside(l->off, l->len, h->bytes_len) || l->len > BATCH_LINE_MAX)
			return refuse(E_CORRUPT, "a line lies outside", ret_why);
		if (l->device >= h->devices || l->transport >= BT_COUNT)
			return refuse(E_CORRUPT, "a line names no device or transport", ret_why);
	}
	for (uint32_t i = 0; i < h->notes; i++) {
		uint32_t line = b->notes[i].line;

		if (line >= h->lines || (b->lines[line].flags & LINE_CUT) == 0 ||
		    (i != 0 && line <= b->notes[i - 1].line))
			return refuse(E_CORRUPT, "a note names no cut line", ret_why);
	}
	return 0;
}

int
batch_check(struct slice block, struct batch *ret, const char **ret_why)
{
	const struct batch_header *h = (const void *)block.p;
	struct batch b = { .head = h, .size = block.n };
	const char *at = block.p + sizeof *h;
	int r = check_header(block, h, ret_why);

	if (r != 0)
		return r;
	b.devices = (const void *)at;
	at += h->devices * sizeof *b.devices;
	b.lines = (const void *)at;
	at += h->lines * sizeof *b.lines;
	b.notes = (const void *)at;
	b.bytes = at + h->notes * sizeof *b.notes;
	r = check_tables(&b, ret_why);
	if (r == 0)
		*ret = b;
	return r;
}

const struct batch_note *
batch_note_of(const struct batch *b, uint32_t line)
{
	for (uint32_t lo = 0, hi = b->head->notes; lo < hi;) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (b->notes[mid].line == line)
			return &b->notes[mid];
		if (b->notes[mid].line < line)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

bool
batch_id_is_good(struct slice s)
{
	if (s.n == 0 || s.n >= BATCH_ID_MAX || s.p[0] == '-')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return true;
}

static bool
name_is_good(const char name[BATCH_ID_MAX])
{
	size_t n = strnlen(name, BATCH_ID_MAX);

	if (!batch_id_is_good(slice_of(name, n)))
		return false;
	while (n < BATCH_ID_MAX && name[n] == '\0')
		n++;
	return n == BATCH_ID_MAX;
}

bool
batch_key_is_good(const struct batch_key *k)
{
	return name_is_good(k->tenant) && name_is_good(k->lcp);
}

int
batch_key_cmp(const struct batch_key *a, const struct batch_key *b)
{
	int c = memcmp(a, b, offsetof(struct batch_key, seq));

	return c != 0 ? c : (a->seq > b->seq) - (a->seq < b->seq);
}
