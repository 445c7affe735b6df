/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban bench pipeline: one line's way through collector, ingest, archive, engine and store, each stage's CPU
 * time apart, in one process with the roles' own functions and settings.
 *
 *     collector  batch_add_line, build, zstd           (its receiving and spool: tests/bench/lcp_tcp.sh)
 *     ingest     unpack with limits, check, SHA-256
 *     archive    sign, append, fsync each GROUP
 *     engine     unpack, check; parse and enrich; rules and correlation; indicators
 *     columns    the store's block, built event by event in the engine: the price of being searchable
 *     store      one Native block per insert, merges waited for (only with --libchdb)
 *
 * The engine's parts are told apart in one batch of LAP_EVERY by the processor's counter: their proportions there
 * divide its measured CPU time, so reading the counter does not weigh on the sum.
 *
 * What is measured is user and system time: of this thread for what it does itself; the store has the rest of the process,
 * because its engine merges in threads of its own while the next lines are already on their way.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "archive/archive.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/must.h"
#include "codec/jsonw.h"
#include "detect/detect.h"
#include "main/cli/bench.h"
#include "store/store.h"
#include "sys/fd.h"

#define BATCH_LINES 1800        /* about a mebibyte of FortiGate lines, the collector's default */
#define GROUP 8                 /* batches a sync, as at 130,000 lines/s with a group wait of some ms */
#define LAP_EVERY 4             /* one batch in so many tells the engine's parts apart */

enum stage { COLLECTOR, INGEST, ARCHIVE, UNPACK, ENGINE, COLUMNS, STAGES };

struct bench {
	struct cli *cli;
	struct buf input;
	VEC(struct slice) lines;
	struct batch_zip *zip;
	struct archive *archive;
	struct detect_gen *gen;
	struct intel_image *image;
	struct detect_worker *worker;
	struct store_builder *columns;
	struct detect_tenant tenant;
	double cpu[STAGES];
	uint64_t laps[LAPS];
	uint64_t wire_bytes, detections_bytes, events, bytes, block_bytes;
	VEC(struct buf) blocks; /* buffers, used again; the first `held` wait for their insert */
	size_t held;
	uint64_t held_bytes;
	struct store *store;    /* NULL: not measured */
	struct store_conn *conn;
	struct batch_key key;
	uint8_t prev[32];
};

static void
read_lines(struct bench *b)
{
	struct slice rest = buf_slice(&b->input);

	while (rest.p != NULL && rest.n != 0) {
		struct slice line = slice_cut(&rest, '\n');

		if (line.n != 0)
			vec_push(&b->lines, line);
	}
}

static void
build(struct bench *b, size_t from, size_t n, struct buf *wire)
{
	static struct batch_builder *bb;
	static struct buf block;
	int64_t now = clock_now(clock_real());
	int device;

	if (bb == NULL)
		bb = batch_builder_new();
	batch_builder_reset(bb);
	device = batch_add_device(bb, SL("bench-fw1"), SL(""));
	for (size_t i = 0; i < n; i++)
		must(batch_add_line(bb, (uint32_t)device, BT_TCP, 0, now, b->lines.v[(from + i) % b->lines.n]) == 0);
	buf_clear(&block);
	batch_build(bb, b->key.epoch, b->key.seq, b->prev, now, &block);
	batch_pack(b->zip, buf_slice(&block), 1, wire);
}

static void
ingest(struct bench *b, struct slice wire, struct archive_meta *m)
{
	struct slice block;
	struct batch batch;

	must(batch_unpack(b->zip, wire, &block) == 0 && batch_check(block, &batch, NULL) == 0);
	*m = (struct archive_meta){ .key = b->key, .received_ns = clock_now(clock_real()), .lines = batch.head->lines,
		                    .bytes = batch.head->bytes_len, .wire_len = (uint32_t)wire.n };
	memcpy(m->prev, batch.head->prev, 32);
	batch_hash(wire, m->hash);
	memcpy(b->prev, m->hash, 32);
}

static void
archive(struct bench *b, const struct archive_meta *m, struct slice wire)
{
	struct archive_device d = { .id = "bench-fw1", .lines = m->lines, .bytes = m->bytes };
	struct archive_answer ans;

	must(archive_put(b->archive, m, wire, &d, 1, &ans) == 0 && ans.result == ARCHIVE_NEW);
	if (b->key.seq % GROUP == 0)
		must(archive_sync(b->archive) == 0);
}

/* CPU of this thread since the last lap: the store's engine merges in threads of its own meanwhile. */
static double
lap(double *from)
{
	struct timespec ts;
	double before = *from;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	*from = (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
	return *from - before;
}

/* The block that comes next; buffers are used again, as the roles keep theirs. */
static struct buf *
next_block(struct bench *b)
{
	if (b->held == b->blocks.n)
		vec_push(&b->blocks, (struct buf){ 0 });
	buf_clear(&b->blocks.v[b->held]);
	return &b->blocks.v[b->held];
}

static void
engine(struct bench *b, const struct archive_meta *m, struct slice wire)
{
	static struct buf found; /* warm, as the role keeps it */
	struct buf *block_out = next_block(b);
	struct store_batch where = { .key = m->key, .stored_ns = m->received_ns };
	struct detect_batch in = { .key = &m->key, .stored_ns = m->received_ns, .tenant = &b->tenant, .correlate = true,
		                   .columns = b->columns, .detections = &found };
	struct slice block;
	struct batch batch;
	double t = 0;

	lap(&t);
	must(batch_unpack(b->zip, wire, &block) == 0 && batch_check(block, &batch, NULL) == 0);
	in.batch = &batch;
	in.laps = m->key.seq % LAP_EVERY == 0 ? b->laps : NULL;
	buf_clear(&found);
	b->cpu[UNPACK] += lap(&t);
	store_block_begin(b->columns, &where);
	detect_batch(b->worker, &in);
	b->cpu[ENGINE] += lap(&t);
	store_block_end(b->columns, block_out);
	b->cpu[COLUMNS] += lap(&t);
	b->detections_bytes += found.n;
	b->block_bytes += block_out->n;
	b->held_bytes += block_out->n;
	b->held += b->store != NULL;
}

static void
one_batch(struct bench *b, size_t from, size_t n)
{
	static struct buf wire;
	struct archive_meta m;
	double t = 0;

	lap(&t);
	buf_clear(&wire);
	b->key.seq++;
	build(b, from, n, &wire);
	b->cpu[COLLECTOR] += lap(&t);
	ingest(b, buf_slice(&wire), &m);
	b->cpu[INGEST] += lap(&t);
	archive(b, &m, buf_slice(&wire));
	b->cpu[ARCHIVE] += lap(&t);
	engine(b, &m, buf_slice(&wire));
	b->wire_bytes += wire.n;
	b->events += n;
	b->bytes += m.bytes;
}

/* ---- store ---- */

/* One insert of what is held. */
static int
insert_held(struct bench *b)
{
	auto_free struct store_block *checked = x_calloc(b->held, sizeof *checked);
	auto_free const struct store_block **list = x_calloc(b->held, sizeof *list);
	auto_buf struct buf err = { 0 };
	int r;

	for (size_t i = 0; i < b->held; i++) {
		must(store_block_check(buf_slice(&b->blocks.v[i]), &checked[i], NULL) == 0);
		list[i] = &checked[i];
	}
	r = b->held != 0 ? store_insert(b->conn, list, b->held, &err) : 0;
	b->held = 0;
	b->held_bytes = 0;
	return r == 0 ? CLI_DONE : cli_could_not(b->cli, "the store: %s", err.n != 0 ? buf_cstr(&err) : err_text(r));
}

static int
open_store(struct bench *b, const char *folder)
{
	auto_free char *dir = x_asprintf("%s/store", folder);
	struct store_conf conf = { .library = cli_opt(b->cli, "--libchdb", NULL), .folder = dir };
	auto_buf struct buf err = { 0 };
	store_positions_vec pos = { 0 };
	int r = store_open(&conf, &b->store, &err);

	if (r == 0)
		r = store_conn_new(b->store, &b->conn, &err);
	if (r == 0)
		r = store_positions(b->conn, &pos, &err);
	vec_fini(&pos);
	return r == 0 ? CLI_DONE : cli_could_not(b->cli, "the store: %s", err.n != 0 ? buf_cstr(&err) : err_text(r));
}

/* ---- set-up ---- */

static int
open_image(struct bench *b)
{
	const char *path = cli_opt(b->cli, "--intel", NULL), *why = NULL;
	int fd;

	if (path == NULL)
		return CLI_DONE;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || intel_open(fd, &b->image, &why) != 0)
		return cli_could_not(b->cli, "%s: %s", path, why != NULL ? why : "cannot be opened");
	close(fd);
	return CLI_DONE;
}

static int
set_up(struct bench *b, const char *folder)
{
	const char *rules = cli_opt(b->cli, "--rules", "rules"), *file = cli_operand(b->cli, 1);
	auto_free char *dir = x_asprintf("%s/archive", folder);
	struct archive_conf conf = { .folder = dir, .key = pki_key_make(PKI_ED25519), .segment = 256u << 20 };
	struct whys ws = { 0 };

	if (file == NULL || file_read(file, &b->input, 1u << 30) != 0)
		return cli_could_not(b->cli, "a file of lines is wanted; /dev/stdin is one too");
	read_lines(b);
	if (b->lines.n == 0)
		return cli_could_not(b->cli, "%s: no lines", file);
	b->gen = detect_gen_load(&rules, 1, source_default_dir(), &ws);
	whys_fini(&ws);
	if (b->gen == NULL)
		return cli_could_not(b->cli, "rules or sources do not load; see `nezuban rule lint`, `nezuban source test`");
	b->zip = batch_zip_new();
	b->columns = store_builder_new();
	b->worker = detect_worker_new(b->gen, b->image);
	b->tenant = (struct detect_tenant){ .name = SL("bench") };
	snprintf(b->key.tenant, sizeof b->key.tenant, "bench");
	snprintf(b->key.lcp, sizeof b->key.lcp, "bench-1");
	b->key.epoch[0] = 1;
	must(archive_open(&conf, &b->archive) == 0);
	return CLI_DONE;
}

static void
put_stage(struct buf *out, const char *name, double cpu, uint64_t events)
{
	jsonw_key(out, slice_str(name));
	buf_printf(out, "%.3f", cpu * 1e6 / (double)events);
}

static void
report(struct bench *b, struct bench_time total)
{
	auto_buf struct buf out = { 0 };
	double all = (double)(b->laps[LAP_PARSE] + b->laps[LAP_RULES] + b->laps[LAP_INTEL] + b->laps[LAP_COLUMNS]) + 1e-9;
	double part[LAPS], columns, judged, store;
	struct detect_stats s = detect_worker_stats(b->worker);

	for (int i = 0; i < LAPS; i++)
		part[i] = b->cpu[ENGINE] * (double)b->laps[i] / all;
	columns = b->cpu[COLUMNS] + part[LAP_COLUMNS];
	judged = b->cpu[INGEST] + b->cpu[ARCHIVE] + b->cpu[UNPACK] + b->cpu[ENGINE] - part[LAP_COLUMNS];
	store = total.cpu_s - b->cpu[COLLECTOR] - judged - columns; /* its inserts, and its merges in threads of their own */
	bench_begin(&out, "pipeline", b->events, b->bytes, total);
	jsonw_key(&out, SL("us_per_event_of"));
	buf_put_byte(&out, '{');
	put_stage(&out, "collector", b->cpu[COLLECTOR], b->events);
	put_stage(&out, "ingest", b->cpu[INGEST], b->events);
	put_stage(&out, "archive", b->cpu[ARCHIVE], b->events);
	put_stage(&out, "engine_unpack", b->cpu[UNPACK], b->events);
	put_stage(&out, "parse_enrich", part[LAP_PARSE], b->events);
	put_stage(&out, "rules_correlation", part[LAP_RULES], b->events);
	put_stage(&out, "indicators", part[LAP_INTEL], b->events);
	put_stage(&out, "columns", columns, b->events);
	if (b->store != NULL)
		put_stage(&out, "store", store, b->events);
	put_stage(&out, "received_archived_judged", judged, b->events);
	put_stage(&out, b->store != NULL ? "and_searchable" : "and_columns", judged + columns + (b->store != NULL ? store : 0), b->events);
	buf_put_byte(&out, '}');
	if (b->store != NULL) {
		jsonw_kv_i64(&out, "parts", bench_number(b->conn, "SELECT count() FROM system.parts WHERE active AND table = 'events'"));
		jsonw_kv_i64(&out, "merged_rows", bench_number(b->conn, "SELECT sum(value) FROM system.events WHERE event = 'MergedRows'"));
	}
	jsonw_kv_i64(&out, "wire_bytes", (int64_t)b->wire_bytes);
	jsonw_kv_i64(&out, "block_bytes", (int64_t)b->block_bytes);
	jsonw_kv_i64(&out, "unparsed", (int64_t)s.unparsed);
	jsonw_kv_i64(&out, "matches", (int64_t)s.matches);
	jsonw_kv_i64(&out, "hits", (int64_t)s.hits);
	jsonw_kv_i64(&out, "detections", (int64_t)s.detections);
	bench_end(&out);
}

int
bench_pipeline(struct cli *c)
{
	struct bench b = { .cli = c };
	char folder[] = "/var/tmp/nezuban-bench-XXXXXX";
	uint64_t want = 0;
	struct bench_time begun;
	int r;

	if (!slice_u64(slice_str(cli_opt(c, "--events", "1000000")), &want) || want == 0)
		return cli_usage(c, "--events wants a number");
	if (mkdtemp(folder) == NULL)
		return cli_could_not(c, "no folder below /var/tmp");
	r = open_image(&b);
	if (r == CLI_DONE)
		r = set_up(&b, folder);
	if (r == CLI_DONE && cli_has(c, "--libchdb"))
		r = open_store(&b, folder);
	if (r != CLI_DONE)
		return r;
	one_batch(&b, 0, BATCH_LINES); /* warm: first touch of memory is not the event's price */
	memset(b.cpu, 0, sizeof b.cpu);
	memset(b.laps, 0, sizeof b.laps);
	b.events = b.bytes = b.wire_bytes = b.block_bytes = 0;
	begun = bench_now();
	for (uint64_t at = 0; at < want && r == CLI_DONE; at += BATCH_LINES) {
		one_batch(&b, at, BATCH_LINES);
		if (b.held_bytes >= store_insert_bytes(0)) /* as the store's role */
			r = insert_held(&b);
	}
	if (r == CLI_DONE && b.store != NULL && (r = insert_held(&b)) == CLI_DONE)
		bench_settle(b.conn);
	if (r == CLI_DONE)
		report(&b, bench_since(begun));
	store_conn_free(b.conn);
	store_close(b.store);
	fprintf(stderr, "nezuban bench: data in %s\n", folder);
	return r;
}
