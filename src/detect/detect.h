/* SPDX-License-Identifier: Apache-2.0
 *
 * Detect: a batch of lines → detections, and a column block for the store.  Floor 4: the place where
 * source, enrich, sigma, intel and store meet; none of them knows the others.  Pure: no file, no clock.
 *
 *     line ─▶ source_parse ─▶ enrich_event ─▶ seal ─▶ sigma_match · intel_match_event ─▶ found ─▶ JSON
 *                                               │              └▶ sigma_corr_feed ─▶ alarm ─┘
 *                                               └▶ store_block_add
 *
 * Lifetimes.  `detect_gen` is a generation: field names, rules, sources; immutable, shared.  `detect_worker`
 * is one thread's scratch and the correlation windows of its tenants.  Everything found in a batch lives in
 * the worker's batch arena and is told once, at the batch's end.
 *
 * Within a batch the same rule over the same entities is one detection with a count and at most 32 samples;
 * its key comes from the first event's position, so a replay of the batch gives the same key.
 * More than DETECT_FOUND_MAX different ones in a batch are counted in `rolled_up`, never dropped in silence.
 */
#ifndef NZ_DETECT_DETECT_H
#define NZ_DETECT_DETECT_H

#include "base/buf.h"
#include "base/err.h"
#include "batch/batch.h"
#include "enrich/enrich.h"
#include "intel/intel.h"
#include "sigma/sigma.h"
#include "source/source.h"
#include "store/block.h"

#define DETECT_FOUND_MAX 4096u
#define DETECT_LINE_SAMPLE 2048u

struct detect_gen;

/* Compiles rules, then sources, against one set of names. Refused rules stay out (told in ws); a fault in any
 * source means no generation (NULL). */
struct detect_gen *detect_gen_load(const char *const *rule_dirs, size_t rule_dir_n, const char *source_dir,
                                   struct whys *ws);
void detect_gen_free(struct detect_gen *g); /* NULL is fine */
const struct sigma_set *detect_gen_rules(const struct detect_gen *g);
const struct source_set *detect_gen_sources(const struct detect_gen *g);
const struct fieldset *detect_gen_fields(const struct detect_gen *g);

/* What the worker needs to know about the batch's tenant; tables may be NULL. */
struct detect_tenant {
	struct slice name;
	const struct tenant_table *table;
	const struct sigma_lists *lists;
};

struct detect_stats {
	uint64_t batches, lines, bytes, unparsed, gaps, canaries, cut, conflicts;
	uint64_t matches, hits, hits_denied, alarms, detections, rolled_up, poison;
};

/* A cursor outside the worker (shared memory in the engine role): which line is being worked on, so that
 * whoever comes after a crash knows the one that did it. */
struct detect_cursor {
	struct batch_key key;
	uint32_t line;
	uint32_t busy;       /* 1 while a batch is being worked on */
	uint32_t crashes;    /* in a row, at this batch and line */
	uint32_t reserved;
};

struct detect_worker;

/* image may be NULL; both outlive the worker or are replaced by detect_worker_image. */
struct detect_worker *detect_worker_new(const struct detect_gen *g, const struct intel_image *image);
void detect_worker_free(struct detect_worker *w);
void detect_worker_image(struct detect_worker *w, const struct intel_image *image);
void detect_worker_cursor(struct detect_worker *w, struct detect_cursor *c);
struct sigma_corr *detect_worker_corr(struct detect_worker *w);

/* Where a batch's time goes; ticks of the processor's own counter, so only their proportions mean anything. */
enum detect_lap { LAP_PARSE, LAP_RULES, LAP_INTEL, LAP_COLUMNS, LAPS };

struct detect_batch {
	const struct batch *batch;         /* checked */
	const struct batch_key *key;
	int64_t stored_ns;                 /* SOC's clock */
	const struct detect_tenant *tenant;
	bool correlate;                    /* false: the windows hold this batch already (replay) */
	const uint32_t *poison;            /* lines to keep raw without parsing, ascending */
	size_t poison_n;
	struct store_builder *columns;     /* begun by the caller for this batch, or NULL */
	struct buf *detections;            /* gets a JSON array, "[]" when nothing was found */
	uint64_t *laps;                    /* LAPS numbers added to, for benches; or NULL */
};

void detect_batch(struct detect_worker *w, const struct detect_batch *in);
/* Minutes of the canaries in the last batch; they live until the next. Detections of kind canary: the mark is the collector's
 * flag, so no line can look like one, and they reach neither rules nor people. */
const int64_t *detect_worker_canaries(const struct detect_worker *w, size_t *ret_n);
struct detect_stats detect_worker_stats(const struct detect_worker *w);

#endif
