/* SPDX-License-Identifier: Apache-2.0
 *
 * The file `positions` beside the table.  Written and synced before an insert: where every LCP stood, and
 * the one partition this insert goes into.  After a crash only that partition has to be asked.  Missing
 * or damaged, all partitions are asked: slower, never wrong.
 *
 *     nezuban-positions 1
 *     at TENANT LCP EPOCH(32 hex) FIRST LAST
 *     intent PARTITION
 *     end SIPHASH(16 hex)
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/hash.h"
#include "store/store_priv.h"
#include "sys/fd.h"

#define HINTS_FILE_MAX (64u << 20)

static bool
parse_hex(struct slice s, uint64_t *ret)
{
	uint64_t v = 0;

	if (s.n != 16)
		return false;
	for (size_t i = 0; i < 16; i++) {
		unsigned char c = (unsigned char)s.p[i];
		unsigned d = c >= '0' && c <= '9' ? c - 0u - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10u : 16u;

		if (d > 15)
			return false;
		v = v << 4 | d;
	}
	*ret = v;
	return true;
}

static bool
parse_name(struct slice s, char out[BATCH_ID_MAX])
{
	if (!batch_id_is_good(s))
		return false;
	memset(out, 0, BATCH_ID_MAX);
	memcpy(out, s.p, s.n);
	return true;
}

static bool
parse_at(struct slice rest, struct store_position *ret)
{
	struct slice tenant = slice_cut(&rest, ' '), lcp = slice_cut(&rest, ' '), epoch = slice_cut(&rest, ' ');
	struct slice first = slice_cut(&rest, ' ');

	return parse_name(tenant, ret->key.tenant) && parse_name(lcp, ret->key.lcp) && epoch.n == 32 &&
	       parse_hex(slice_sub(epoch, 0, 16), &ret->key.epoch[0]) &&
	       parse_hex(slice_sub(epoch, 16, 32), &ret->key.epoch[1]) && slice_u64(first, &ret->first) &&
	       slice_u64(rest, &ret->key.seq);
}

static bool
parse_line(struct slice line, struct hints *h)
{
	struct slice rest = line, word = slice_cut(&rest, ' ');
	struct store_position pos = { 0 };
	uint64_t v;

	if (slice_eq(word, SL("at")) && parse_at(rest, &pos)) {
		vec_push(&h->at, pos);
		return true;
	}
	if (slice_eq(word, SL("intent")) && slice_u64(rest, &v) && v <= UINT32_MAX) {
		h->intent = (uint32_t)v;
		h->has_intent = true;
		return true;
	}
	return slice_eq(line, SL("nezuban-positions 1"));
}

/* The text without its last line, when that line's hash agrees. */
static bool
checked_body(struct slice text, struct slice *ret)
{
	uint64_t want;

	if (text.n < 21 || !slice_eq(slice_sub(text, text.n - 21, text.n - 17), SL("end ")) ||
	    !parse_hex(slice_sub(text, text.n - 17, text.n - 1), &want))
		return false;
	*ret = slice_sub(text, 0, text.n - 21);
	return hash_stable(*ret) == want;
}

int
hints_load(const char *path, struct hints *ret)
{
	auto_buf struct buf text = { 0 };
	struct slice body, line;
	int r = file_read(path, &text, HINTS_FILE_MAX);

	memset(ret, 0, sizeof *ret);
	if (r != 0)
		return r;
	if (!checked_body(buf_slice(&text), &body))
		return E_CORRUPT;
	while (body.n != 0) {
		line = slice_cut(&body, '\n');
		if (!parse_line(line, ret)) {
			vec_fini(&ret->at);
			memset(ret, 0, sizeof *ret);
			return E_CORRUPT;
		}
	}
	ret->known = true;
	return 0;
}

int
hints_save(const char *path, const struct hints *h)
{
	auto_buf struct buf out = { 0 };

	buf_put_str(&out, "nezuban-positions 1\n");
	for (size_t i = 0; i < h->at.n; i++) {
		const struct store_position *p = &h->at.v[i];

		buf_printf(&out, "at %s %s %016llx%016llx %llu %llu\n", p->key.tenant, p->key.lcp,
		           (unsigned long long)p->key.epoch[0], (unsigned long long)p->key.epoch[1],
		           (unsigned long long)p->first, (unsigned long long)p->key.seq);
	}
	if (h->has_intent)
		buf_printf(&out, "intent %u\n", h->intent);
	buf_printf(&out, "end %016llx\n", (unsigned long long)hash_stable(buf_slice(&out)));
	return file_write_atomic(path, buf_slice(&out), 0600);
}
