/* SPDX-License-Identifier: Apache-2.0
 *
 * The table and the engine's configuration, generated.
 *
 * Partition: class of retention and the day the SOC received the batch, a property of the batch, so that
 * an insert of whole batches is one part.  Order: tenant, day, source, time: a tenant's day of one
 * source lies together, which is what people look at and what compresses well.
 *
 * An insert is one compact part: a few files to make and sync instead of two per column; what is merged past
 * 512 MB of columns has a file per column.  A merge makes at most 256 MB on disk (over a million lines), so
 * under load a line is merged once: to merge costs more than to insert.
 */
#include "store/schema.h"

#include "store/columns.h"
#include "store/store.h"

static const char *
codec_of(int col, enum store_kind kind)
{
	if (col == SC_line)
		return " CODEC(LZ4)";
	if (kind == SK_TIME)
		return " CODEC(Delta, LZ4)";
	return "";
}

static void
put_index(struct buf *out, const struct store_col_info *c)
{
	buf_printf(out, ",\n  INDEX bf_%s %s TYPE bloom_filter(0.01) GRANULARITY 1", c->name, c->name);
}

void
store_schema(struct buf *out)
{
	const struct store_col_info *info = store_columns();

	buf_put_str(out, "CREATE TABLE IF NOT EXISTS " STORE_TABLE " (\n"
	                 "  tenant LowCardinality(String), lcp LowCardinality(String), epoch LowCardinality(String),\n"
	                 "  seq UInt64 CODEC(Delta, LZ4), stored DateTime('UTC') CODEC(Delta, LZ4), class UInt8");
	for (int c = 0; c < SC_COUNT; c++)
		buf_printf(out, ",\n  %s %s%s", info[c].name, store_kind_type(info[c].kind),
		           codec_of(c, info[c].kind));
	for (int c = 0; c < SC_COUNT; c++)
		if (info[c].bloom)
			put_index(out, &info[c]);
	buf_put_str(out, ",\n  INDEX mm_seq seq TYPE minmax GRANULARITY 4");
	buf_put_str(out, STORE_LINE_INDEX);
	buf_put_str(out, "\n) ENGINE = MergeTree PARTITION BY (class, toDate(stored))\n"
	                 "ORDER BY (tenant, toDate(time), event_dataset, time)\n"
	                 "SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, min_rows_to_fsync_after_merge = 1,\n"
	                 "  min_compressed_bytes_to_fsync_after_merge = 1, index_granularity = 8192,\n"
	                 "  min_bytes_for_wide_part = 536870912, non_replicated_deduplication_window = 0,\n"
	                 "  max_bytes_to_merge_at_max_space_in_pool = 268435456,\n"
	                 "  parts_to_delay_insert = 20000, parts_to_throw_insert = 30000\n"
	                 "COMMENT '" STORE_FORM "'");
}

/* The embedded engine's own defaults are for a server of its own; these keep it small and quiet. Its watcher of memory would
 * give back between two inserts what the next one takes again, page by page; store_rest does that when none follows. */
void
store_engine_config(struct buf *out, uint64_t max_memory, uint64_t cache)
{
	buf_put_str(out, "<clickhouse>\n  <logger><level>none</level></logger>\n");
	buf_printf(out, "  <max_server_memory_usage>%llu</max_server_memory_usage>\n",
	           (unsigned long long)max_memory);
	buf_printf(out, "  <mark_cache_size>%llu</mark_cache_size>\n"
	                "  <index_mark_cache_size>%llu</index_mark_cache_size>\n"
	                "  <primary_index_cache_size>%llu</primary_index_cache_size>\n",
	           (unsigned long long)cache / 2, (unsigned long long)cache / 4, (unsigned long long)cache / 4);
	buf_put_str(out,
	            "  <memory_worker_purge_dirty_pages_threshold_ratio>0</memory_worker_purge_dirty_pages_threshold_ratio>\n"
	            "  <memory_worker_purge_total_memory_threshold_ratio>0</memory_worker_purge_total_memory_threshold_ratio>\n"
	            "  <memory_worker_decay_adjustment_period_ms>0</memory_worker_decay_adjustment_period_ms>\n"
	            "  <uncompressed_cache_size>0</uncompressed_cache_size>\n"
	            "  <query_condition_cache_size>8388608</query_condition_cache_size>\n"
	            "  <compiled_expression_cache_size>4194304</compiled_expression_cache_size>\n"
	            "  <mmap_cache_size>0</mmap_cache_size>\n"
	            "  <max_thread_pool_size>64</max_thread_pool_size>\n"
	            "  <max_thread_pool_free_size>4</max_thread_pool_free_size>\n"
	            "  <max_io_thread_pool_size>8</max_io_thread_pool_size>\n"
	            "  <background_pool_size>1</background_pool_size>\n"
	            "  <background_common_pool_size>1</background_common_pool_size>\n"
	            "  <background_schedule_pool_size>2</background_schedule_pool_size>\n"
	            "  <profiles><default>\n"
	            "    <max_threads>2</max_threads><max_insert_threads>1</max_insert_threads>\n"
	            "    <max_final_threads>1</max_final_threads>\n"
	            "    <async_insert>0</async_insert><compile_expressions>0</compile_expressions>\n"
	            "    <compile_aggregate_expressions>0</compile_aggregate_expressions>\n"
	            "    <compile_sort_description>0</compile_sort_description>\n"
	            "  </default></profiles>\n</clickhouse>\n");
}
