/* SPDX-License-Identifier: Apache-2.0
 *
 * Inserting and reading back (reliability 6).  Order: the file `positions` with the partition about to be
 * written, synced; the insert, synced by the engine; then memory.  Whatever dies in between, the rows of
 * that one partition tell what happened.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "codec/sqlq.h"
#include "store/native.h"
#include "store/store_priv.h"
#include "sys/fd.h"

#define INSERT_FILE_KEEP (384 << 20) /* of the file in memory, while blocks come; fresh pages are dear */

static bool
same_lcp(const struct batch_key *a, const struct batch_key *b)
{
	return a->epoch[0] == b->epoch[0] && a->epoch[1] == b->epoch[1] && strcmp(a->lcp, b->lcp) == 0 &&
	       strcmp(a->tenant, b->tenant) == 0;
}

static struct store_position *
find_position(store_positions_vec *at, const struct batch_key *key)
{
	for (size_t i = 0; i < at->n; i++)
		if (same_lcp(&at->v[i].key, key))
			return &at->v[i];
	return NULL;
}

/* ---- reading back ---- */

/* One row of the answer: tenant, lcp, epoch, first, last, how many different, behind the hint. */
static bool
read_row(struct slice line, struct store_position *ret, uint64_t *ret_distinct)
{
	struct slice tenant = slice_cut(&line, '\t'), lcp = slice_cut(&line, '\t'), epoch = slice_cut(&line, '\t');
	struct slice first = slice_cut(&line, '\t'), last = slice_cut(&line, '\t');
	char hex[33];

	memset(ret, 0, sizeof *ret);
	if (!batch_id_is_good(tenant) || !batch_id_is_good(lcp) || epoch.n != 32 || !slice_u64(first, &ret->first) ||
	    !slice_u64(last, &ret->key.seq) || !slice_u64(line, ret_distinct))
		return false;
	memcpy(ret->key.tenant, tenant.p, tenant.n);
	memcpy(ret->key.lcp, lcp.p, lcp.n);
	memcpy(hex, epoch.p, 32);
	hex[32] = '\0';
	ret->key.epoch[1] = strtoull(hex + 16, NULL, 16);
	hex[16] = '\0';
	ret->key.epoch[0] = strtoull(hex, NULL, 16);
	return true;
}

/* Joins what the rows say with what was known before them. */
static void
join(store_positions_vec *at, const struct store_position *got, uint64_t distinct)
{
	struct store_position *known = find_position(at, &got->key);
	bool whole = got->key.seq - got->first + 1 == distinct;

	if (known == NULL) {
		vec_push(at, *got);
		at->v[at->n - 1].broken = !whole;
		return;
	}
	known->broken = !whole || got->first != known->key.seq + 1;
	known->key.seq = got->key.seq;
}

/* Only rows behind the hints: those before them were checked when the hint was written. */
static void
put_behind_hints(struct buf *sql, const struct hints *h)
{
	buf_printf(sql, " WHERE class = %u AND toDate(stored) = toDate(%u)", h->intent >> 24, h->intent & 0xffffff);
	for (size_t i = 0; i < h->at.n; i++) {
		const struct batch_key *k = &h->at.v[i].key;

		buf_put_str(sql, " AND NOT (tenant = ");
		sqlq_string(sql, slice_str(k->tenant));
		buf_put_str(sql, " AND lcp = ");
		sqlq_string(sql, slice_str(k->lcp));
		buf_printf(sql, " AND epoch = '%016llx%016llx' AND seq <= %llu)", (unsigned long long)k->epoch[0],
		           (unsigned long long)k->epoch[1], (unsigned long long)k->seq);
	}
}

__attribute__((unused)) static int
ask_rows(struct store_conn *c, struct hints *h, struct buf *err)
{
	auto_buf struct buf sql = { 0 }, answer = { 0 };
	struct store_position pos;
	struct slice rest, line;
	uint64_t distinct;
	int r;

	buf_put_str(&sql, "SELECT tenant, lcp, epoch, min(seq), max(seq), uniqExact(seq) FROM " STORE_TABLE);
	if (h->known)
		put_behind_hints(&sql, h);
	buf_put_str(&sql, " GROUP BY tenant, lcp, epoch ORDER BY tenant, lcp, epoch");
	r = chdb_run(c->c, buf_slice(&sql), "TSV", &answer, err);
	if (r != 0)
		return r;
	for (rest = buf_slice(&answer); rest.n != 0;) {
		line = slice_cut(&rest, '\n');
		if (line.n == 0)
			continue;
		if (!read_row(line, &pos, &distinct))
			return E_CORRUPT;
		join(&h->at, &pos, distinct);
	}
	return 0;
}

/* Are there rows at all? A table dropped for a rebuild makes the hints void. */
static int
table_is_empty(struct store_conn *c, bool *ret, struct buf *err)
{
	auto_buf struct buf answer = { 0 };
	int r = chdb_run(c->c, SL("SELECT count() = 0 FROM " STORE_TABLE), "TSV", &answer, err);

	if (r == 0)
		*ret = answer.n != 0 && answer.p[0] == '1';
	return r;
}

static int
load(struct store_conn *c, struct hints *h, struct buf *err)
{
	bool empty = false;
	int r = hints_load(c->st->hints_path, h);

	if (r != 0 && r != E_NOTFOUND)
		log_warn("store.positions_unreadable", kv_err(r));
	r = table_is_empty(c, &empty, err);
	if (r != 0)
		return r;
	if (empty) {
		vec_fini(&h->at);
		memset(h, 0, sizeof *h);
		return 0;
	}
#ifdef NEZUBAN_TWIN
	return 0; /* the planted fault that tests/fault/store_kill must find */
#else
	return h->known && !h->has_intent ? 0 : ask_rows(c, h, err);
#endif
}

int
store_positions(struct store_conn *c, store_positions_vec *ret, struct buf *err)
{
	struct store *st = c->st;
	struct hints h = { 0 };
	int r;

	if (!st->asked) {
		r = load(c, &h, err);
		if (r != 0) {
			vec_fini(&h.at);
			return r;
		}
		vec_fini(&st->hints.at);
		st->hints = h;
		st->asked = true;
	}
	for (size_t i = 0; i < st->hints.at.n; i++) {
		vec_push(ret, st->hints.at.v[i]);
		if (st->hints.at.v[i].broken)
			log_alert("store.positions_broken", kv_str("tenant", st->hints.at.v[i].key.tenant),
			          kv_str("lcp", st->hints.at.v[i].key.lcp));
	}
	return 0;
}

/* ---- inserting ---- */

static int
sink_fd(void *ctx, const void *p, size_t n)
{
	return fd_write_all(*(const int *)ctx, p, n);
}

static int
write_native(struct store *st, const struct store_block *const *blocks, size_t count)
{
	off_t end;
	int r;

	if (lseek(st->insert_fd, 0, SEEK_SET) != 0)
		return E_IO;
	r = native_write(blocks, count, sink_fd, &st->insert_fd);
	if (r != 0)
		return r;
	end = lseek(st->insert_fd, 0, SEEK_CUR);
	return end > 0 && ftruncate(st->insert_fd, end) == 0 ? 0 : E_IO;
}

/* Does every block follow its LCP's position, whatever else is in the same call? On success next is where
 * the LCPs will stand. */
static int
check_order(const struct hints *h, const struct store_block *const *blocks, size_t count,
            store_positions_vec *next)
{
	for (size_t i = 0; i < h->at.n; i++)
		vec_push(next, h->at.v[i]);
	for (size_t i = 0; i < count; i++) {
		const struct batch_key *key = &blocks[i]->batch.key;
		struct store_position *pos = find_position(next, key);

		if (pos == NULL) {
			vec_push(next, (struct store_position){ .key = *key, .first = key->seq });
			continue;
		}
		if (pos->broken)
			return E_STATE;
		if (key->seq != pos->key.seq + 1)
			return key->seq <= pos->key.seq ? E_REPLAY : E_GAP;
		pos->key.seq = key->seq;
	}
	return 0;
}

static int
run_insert(struct store_conn *c, uint64_t rows, struct buf *err)
{
	auto_buf struct buf sql = { 0 }, names = { 0 };

	native_column_names(&names);
	buf_put_str(&sql, "INSERT INTO " STORE_TABLE " (");
	buf_put_slice(&sql, buf_slice(&names));
	buf_put_str(&sql, ") SELECT ");
	buf_put_slice(&sql, buf_slice(&names));
	buf_printf(&sql, " FROM file('%s', Native) SETTINGS max_insert_threads = 1, max_threads = 1, "
	           "max_insert_block_size = %llu, min_insert_block_size_rows = 0, min_insert_block_size_bytes = 0, "
	           "max_block_size = %llu, optimize_on_insert = 0, max_partitions_per_insert_block = 1, "
	           "storage_file_read_method = 'read', exclude_materialize_skip_indexes_on_insert = 'words'",
	           c->st->insert_path, (unsigned long long)rows + 1, (unsigned long long)rows + 1);
	return chdb_run(c->c, buf_slice(&sql), "TSV", NULL, err);
}

int
store_insert(struct store_conn *c, const struct store_block *const *blocks, size_t count, struct buf *err)
{
	struct store *st = c->st;
	store_positions_vec next = { 0 };
	uint64_t rows = 0;
	int r;

	if (!st->asked)
		return E_STATE; /* read back first */
	r = check_order(&st->hints, blocks, count, &next);
	for (size_t i = 0; i < count; i++)
		rows += blocks[i]->rows;
	if (r == 0)
		r = write_native(st, blocks, count);
	if (r == 0) {
		st->hints.intent = store_partition(&blocks[0]->batch);
		st->hints.has_intent = true;
		r = hints_save(st->hints_path, &st->hints);
	}
	if (r != 0) {
		vec_fini(&next);
		return r;
	}
	r = run_insert(c, rows, err);
	if (r == 0) {
		vec_fini(&st->hints.at);
		memcpy(&st->hints.at, &next, sizeof next);
	} else {
		st->asked = false; /* unknown, not failed */
		vec_fini(&next);
	}
	if (lseek(st->insert_fd, 0, SEEK_END) > INSERT_FILE_KEEP && ftruncate(st->insert_fd, INSERT_FILE_KEEP) != 0)
		log_warn("store.insert_file");
	return r;
}

uint64_t
store_insert_bytes(uint64_t max_memory)
{
	uint64_t share = (max_memory != 0 ? max_memory : STORE_MEMORY) / 4;

	return share < STORE_INSERT_BYTES ? share : STORE_INSERT_BYTES;
}

void
store_rest(struct store *st)
{
	auto_buf struct buf err = { 0 };
	struct store_conn *c = NULL;

	if (ftruncate(st->insert_fd, 0) != 0)
		log_warn("store.insert_file");
	if (store_conn_new(st, &c, &err) != 0 || chdb_run(c->c, SL("SYSTEM JEMALLOC PURGE"), "TSV", NULL, &err) != 0)
		log_warn("store.rest", kv_slice("engine", slice_sub(buf_slice(&err), 0, 200)));
	store_conn_free(c);
}

/* Has an earlier pending block of the same LCP not been picked? Then this one has to wait. */
static bool
must_wait(const struct store_block *const *pending, size_t i, const size_t *pick, size_t picked)
{
	for (size_t k = 0, p = 0; k < i; k++) {
		if (p < picked && pick[p] == k) {
			p++;
			continue;
		}
		if (same_lcp(&pending[k]->batch.key, &pending[i]->batch.key))
			return true;
	}
	return false;
}

size_t
store_pick(const struct store_block *const *pending, size_t n, uint64_t max_rows, size_t *ret_pick)
{
	uint32_t partition;
	uint64_t rows = 0;
	size_t picked = 0;
	bool skipped = false;

	if (n == 0)
		return 0;
	partition = store_partition(&pending[0]->batch);
	for (size_t i = 0; i < n; i++) {
		if (store_partition(&pending[i]->batch) != partition ||
		    (picked != 0 && rows + pending[i]->rows > max_rows) ||
		    (skipped && must_wait(pending, i, ret_pick, picked))) {
			skipped = true;
			continue;
		}
		rows += pending[i]->rows;
		ret_pick[picked++] = i;
	}
	return picked;
}

/* ---- retention ---- */

int
store_expire(struct store_conn *c, int64_t now_ns, struct buf *err)
{
	int r = 0;

	for (unsigned class = 0; class < 4 && r == 0; class++) {
		auto_buf struct buf sql = { 0 }, answer = { 0 };
		struct slice rest, id;

		/* The id is "CLASS-YYYYMMDD". max_date of system.parts is no help: it is 1970 for this key. */
		buf_printf(&sql, "SELECT DISTINCT partition_id FROM system.parts WHERE active AND database = 'nz' AND "
		           "table = 'events' AND match(partition_id, '^%u-[0-9]{8}$') AND "
		           "toUInt32(substring(partition_id, 3)) < toYYYYMMDD(toDate(%lld))", class,
		           (long long)(now_ns / NS_PER_DAY - c->st->days[class]));
		r = chdb_run(c->c, buf_slice(&sql), "TSV", &answer, err);
		for (rest = buf_slice(&answer); r == 0 && rest.n != 0;) {
			auto_buf struct buf drop = { 0 };

			id = slice_trim(slice_cut(&rest, '\n'));
			if (id.n == 0)
				continue;
			buf_put_str(&drop, "ALTER TABLE " STORE_TABLE " DROP PARTITION ID ");
			sqlq_string(&drop, id);
			r = chdb_run(c->c, buf_slice(&drop), "TSV", NULL, err);
			log_info("store.expired", kv_slice("partition", id), kv_err(r));
		}
	}
	return r;
}
