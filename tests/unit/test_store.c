/* SPDX-License-Identifier: Apache-2.0
 *
 * The embedded store with the real engine: rows in, the same bytes out, one part per insert, positions
 * from the rows, the tenant filter.  What needs the engine is skipped (77) where libchdb is not installed, and
 * under AddressSanitizer: libchdb brings an allocator of its own, and its initialisers jump through a symbol that
 * the sanitizer's runtime leaves empty.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "main/cli/blocks.h"
#include "base/err.h"
#include "role/store_schema.h"
#include "store/store.h"

#if defined(__SANITIZE_ADDRESS__)
#define ENGINE_CAN_LOAD 0
#elif defined(__has_feature)
#define ENGINE_CAN_LOAD (!__has_feature(address_sanitizer))
#else
#define ENGINE_CAN_LOAD 1
#endif

static struct store *store;
static struct store_conn *conn;
static struct blocks_maker maker;
static char folder[64];

/* Makes, checks and inserts batches seq..seq+count-1 of a tenant in one insert. */
static int
put(const char *tenant, uint64_t seq, unsigned count, uint32_t lines)
{
	static struct store_block blk[64];
	const struct store_block *list[64];
	struct buf bytes[64] = { 0 }, err = { 0 };
	int r;

	for (unsigned i = 0; i < count; i++) {
		blocks_make(&maker, tenant, seq + i, lines, &bytes[i]);
		assert_int_equal(store_block_check(buf_slice(&bytes[i]), &blk[i], NULL), 0);
		list[i] = &blk[i];
	}
	r = store_insert(conn, list, count, &err);
	if (r != 0 && err.n != 0)
		print_message("%.*s\n", (int)err.n, err.p);
	for (unsigned i = 0; i < count; i++)
		buf_fini(&bytes[i]);
	buf_fini(&err);
	return r;
}

static char *
ask(const char *sql)
{
	struct buf out = { 0 }, err = { 0 };

	if (store_run(conn, sql, "TSV", &out, &err) != 0)
		fail_msg("%s: %s", sql, buf_cstr(&err));
	buf_fini(&err);
	if (out.n != 0 && out.p[out.n - 1] == '\n')
		out.n--;
	buf_cstr(&out);
	return out.p;
}

#define assert_answer(sql, text)                                                                   \
	do {                                                                                       \
		char *got_ = ask(sql);                                                             \
		assert_string_equal(got_, text);                                                   \
		free(got_);                                                                        \
	} while (0)

static void
test_insert(void **state)
{
	store_positions_vec at = { 0 };
	struct buf err = { 0 };

	(void)state;
	assert_int_equal(put("aoba", 1, 3, 1000), E_STATE); /* nobody inserts before reading back */
	assert_int_equal(store_positions(conn, &at, &err), 0);
	assert_int_equal(at.n, 0);
	assert_int_equal(put("aoba", 1, 3, 1000), 0);
	assert_int_equal(put("harbor", 5, 2, 500), 0);
	assert_answer("SELECT count() FROM nz.events", "4000");
	assert_answer("SELECT count() FROM system.parts WHERE active AND table = 'events' AND level = 0", "2");
	assert_int_equal(put("aoba", 3, 1, 10), E_REPLAY);
	assert_int_equal(put("aoba", 5, 1, 10), E_GAP);
	assert_int_equal(put("aoba", 4, 1, 10), 0);
	assert_int_equal(store_positions(conn, &at, &err), 0);
	assert_int_equal(at.n, 2);
	assert_int_equal(at.v[0].key.seq, 4);
	assert_int_equal(at.v[1].key.seq, 6);
	assert_int_equal(at.v[1].first, 5);
	vec_fini(&at);
	buf_fini(&err);
}

static void
test_content(void **state)
{
	struct slice line;
	char *got;

	(void)state;
	blocks_event(&maker, 2, 17, 0);
	line = maker.e->line;
	got = ask("SELECT hex(line) FROM nz.events WHERE tenant = 'aoba' AND seq = 2 AND n = 17");
	assert_int_equal(strlen(got), line.n * 2);
	for (size_t i = 0; i < line.n; i++) {
		char hex[3];

		snprintf(hex, sizeof hex, "%02X", (unsigned char)line.p[i]);
		assert_memory_equal(got + i * 2, hex, 2);
	}
	free(got);
	assert_answer("SELECT DISTINCT tenant, lcp, epoch, toString(device), class, event_dataset FROM nz.events WHERE tenant = 'aoba'",
	              "aoba\taoba-1\t112233445566778899aabbccddeeff00\tfw-1\t0\tfortinet.fortigate");
	assert_answer("SELECT count(), uniqExact(seq, n), countIf(source_port IS NULL), countIf(source_ip = toIPv6('::')) "
	              "FROM nz.events WHERE tenant = 'aoba'", "3010\t3010\t0\t0");
	assert_answer("SELECT sum(n) FROM nz.events WHERE seq = 1 AND tenant = 'aoba'", "499500");
	assert_answer("SELECT countIf(nezuban_blocked) = countIf(event_action = 'deny') FROM nz.events", "1");
}

/* A field without a column, asked for as the query language does it. */
static char *
ask_extra(const char *name)
{
	struct kql_field f;
	char *sql, *got;

	assert_true(store_kql_schema.find(NULL, slice_str(name), &maker.a, &f));
	sql = x_asprintf("SELECT DISTINCT %.*s FROM nz.events WHERE tenant = 'aoba'", SL_ARG(f.sql));
	got = ask(sql);
	free(sql);
	return got;
}

static void
test_extras(void **state)
{
	static const char *const want[][2] = { { "fortinet.firewall.vd", "root" }, { "fortinet.firewall.trandisp", "snat" },
		{ "observer.name", "fw-1" }, { "fortinet.firewall", "" }, { "fortinet.firewall.v", "" }, { "dns.id", "" } };

	(void)state;
	for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
		char *got = ask_extra(want[i][0]);

		assert_string_equal(got, want[i][1]);
		free(got);
	}
}

static void
test_filter(void **state)
{
	struct slice tenants[1] = { SL("harbor") };
	struct store_limits limits = { 0 };
	struct buf out = { 0 }, err = { 0 };
	volatile int cancel = 1;

	(void)state;
	assert_int_equal(store_query(conn, SL("SELECT count() FROM nz.events"), tenants, 1, &limits, "TSV", NULL, &out, &err), 0);
	assert_slice(buf_slice(&out), "1000\n");
	buf_clear(&out);
	assert_int_equal(store_query(conn, SL("SELECT count() FROM (SELECT * FROM nz.events UNION ALL SELECT * FROM nz.events)"),
	                             tenants, 1, &limits, "TSV", NULL, &out, &err), 0);
	assert_slice(buf_slice(&out), "2000\n");
	limits.rows_to_read = 100;
	assert_int_equal(store_query(conn, SL("SELECT sum(n) FROM nz.events"), tenants, 1, &limits, "TSV", NULL, &out, &err), E_LIMIT);
	limits.rows_to_read = 0;
	assert_int_equal(store_query(conn, SL("SELECT sum(n) FROM nz.events"), tenants, 1, &limits, "TSV", &cancel, &out, &err), E_STATE);
	assert_int_not_equal(store_query(conn, SL("DROP TABLE nz.events"), tenants, 1, &limits, "TSV", NULL, &out, &err), 0);
	buf_clear(&out);
	assert_int_equal(store_query(conn, SL("SELECT count() FROM nz.events"), tenants, 1, &limits, "TSV", NULL, &out, &err), 0);
	assert_slice(buf_slice(&out), "1000\n");
	buf_fini(&out);
	buf_fini(&err);
}

/* A table of another form is dropped; what it held comes again from the archive. */
static void
test_other_form(void **state)
{
	struct store_conf conf = { .folder = folder };
	store_positions_vec at = { 0 };
	struct buf err = { 0 };

	(void)state;
	free(ask("ALTER TABLE nz.events MODIFY COMMENT 'nezuban 1'"));
	store_conn_free(conn);
	store_close(store);
	assert_int_equal(store_open(&conf, &store, &err), 0);
	assert_int_equal(store_conn_new(store, &conn, &err), 0);
	assert_answer("SELECT count() FROM nz.events", "0");
	assert_int_equal(store_positions(conn, &at, &err), 0);
	assert_int_equal(at.n, 0);
	assert_int_equal(put("aoba", 1, 1, 1000), 0);
	assert_answer("SELECT count() FROM nz.events", "1000");
	store_conn_free(conn); /* the same form again: the rows stay */
	store_close(store);
	assert_int_equal(store_open(&conf, &store, &err), 0);
	assert_int_equal(store_conn_new(store, &conn, &err), 0);
	assert_answer("SELECT count() FROM nz.events", "1000");
	buf_fini(&err);
}

static void
test_pick(void **state)
{
	static struct store_block b[5];
	const struct store_block *p[5];
	size_t pick[5];

	(void)state;
	memset(b, 0, sizeof b);
	for (int i = 0; i < 5; i++) {
		b[i].rows = 10;
		b[i].batch.stored_ns = (i == 1 || i == 3 ? 2 : 1) * NS_PER_DAY;
		snprintf(b[i].batch.key.lcp, sizeof b[i].batch.key.lcp, "%s", i == 4 ? "b" : "a");
		p[i] = &b[i];
	}
	/* a: day 1, day 2, day 1, day 2; b: day 1.  The third of a must not overtake the second. */
	assert_int_equal(store_pick(p, 5, 1000, pick), 2);
	assert_int_equal(pick[0], 0);
	assert_int_equal(pick[1], 4);
	assert_int_equal(store_pick(p + 1, 4, 1000, pick), 1);
	assert_int_equal(store_pick(p, 5, 10, pick), 1);
}

static int
group_setup(void **state)
{
	struct store_conf conf = { .folder = folder };
	struct buf err = { 0 };
	int r;

	(void)state;
	blocks_init(&maker);
	snprintf(folder, sizeof folder, "/tmp/nezuban-store-XXXXXX");
	assert_non_null(mkdtemp(folder));
	r = store_open(&conf, &store, &err);
	if (r != 0)
		print_message("store_open: %s\n", buf_cstr(&err));
	assert_int_equal(r, 0);
	assert_int_equal(store_conn_new(store, &conn, &err), 0);
	buf_fini(&err);
	return 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

static int
group_teardown(void **state)
{
	(void)state;
	store_conn_free(conn);
	store_close(store);
	blocks_fini(&maker);
	return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int
main(void)
{
	const struct CMUnitTest without_engine[] = {
		cmocka_unit_test(test_pick),
	};
	const struct CMUnitTest with_engine[] = {
		cmocka_unit_test(test_insert),
		cmocka_unit_test(test_content),
		cmocka_unit_test(test_extras),
		cmocka_unit_test(test_filter),
		cmocka_unit_test(test_other_form),
	};
	auto_free char *library = store_find_library(NULL);
	int failed = cmocka_run_group_tests(without_engine, NULL, NULL);

	if (failed != 0)
		return failed;
	if (!ENGINE_CAN_LOAD || library == NULL) {
		puts(ENGINE_CAN_LOAD ? "skipped: libchdb is not installed (npm ci in src/store/chdb)"
		                     : "skipped: libchdb cannot be loaded under AddressSanitizer");
		return 77;
	}
	return cmocka_run_group_tests(with_engine, group_setup, group_teardown);
}
