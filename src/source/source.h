/* SPDX-License-Identifier: Apache-2.0
 *
 * Source: line → event.  Floor 3, pure after loading.
 *
 * A source is one YAML file in `sources/` (docs/sources.md): probes that recognise its lines, a codec
 * (kv, csv, json, xml, pattern), a mapping of native keys to ECS fields, and steps that normalise
 * category, type, outcome and action.  All files compile into one `source_set`, a generation: immutable,
 * shared by workers, swapped whole.  A fault in any file means no new generation.
 *
 * Order of building a generation: fieldset_new() → compile rules (they add the names they ask for) →
 * source_set_load(dir, fs, …) (adds the names its mappings write) → workers.  After that the fieldset
 * is only read.  The fieldset belongs to the caller and outlives the set.
 *
 * A worker is one thread's scratch: learned key order of devices, counters.  Values put into the event are
 * slices of the line, of the event's arena (batch) or of the set (generation).
 *
 * A line nobody understands stays: event.line is the raw line, nezuban.unparsed is true, and it is counted.
 * Never fails, never logs.  The result depends on the line, hint, zone and receive time alone.
 */
#ifndef NZ_SOURCE_SOURCE_H
#define NZ_SOURCE_SOURCE_H

#include "base/err.h"
#include "base/slice.h"
#include "codec/timefmt.h"
#include "event/event.h"

struct source_set;
struct source_worker;

/* A row of the Sigma log-source model; empty parts are absent. Text lives as long as the set. */
struct source_logsource {
	struct slice product, category, service;
};

struct source_info {
	struct slice name;    /* "fortinet.fortigate" */
	struct slice title;   /* "Fortinet FortiGate" */
	struct slice file;
};

struct source_text {          /* for compiling from memory */
	const char *file;
	struct slice text;
};

struct source_counts {
	uint64_t lines, bytes;
	uint64_t unparsed;    /* recognised (or hinted), but the codec or every pattern failed */
	uint64_t bad_utf8, too_deep, too_many_keys, duplicate_keys;
};

/* ---- generation ---- */

/* Compiles every *.yaml of dir in name order. NULL when any file has an error; faults of all files in ws. */
struct source_set *source_set_load(const char *dir, struct fieldset *fs, struct whys *ws);
struct source_set *source_set_compile(const struct source_text *texts, size_t n, struct fieldset *fs,
                                      struct whys *ws);
void source_set_free(struct source_set *set);          /* NULL is fine */
/* The folder to use when none is configured: $NEZUBAN_SOURCES, the installed one, or the build tree's. */
const char *source_default_dir(void);

int source_count(const struct source_set *set);
const struct source_info *source_info(const struct source_set *set, int source);
int source_find(const struct source_set *set, struct slice name); /* E_NOTFOUND */
/* Every log source any event of this set can have; an event's routes are indexes into it. */
int source_logsources(const struct source_set *set, const struct source_logsource **ret);

/* ---- lines ---- */

struct source_worker *source_worker_new(const struct source_set *set);
void source_worker_free(struct source_worker *w);      /* NULL is fine */

/* Resets e and fills it from line. hint: name of a source, or empty = find out. zone: for device times
 * without one (NULL = UTC). Returns the source's number, or E_NOTFOUND when the line stays unparsed. The event
 * is left open for enrich. line must live as long as the event's arena. */
int source_parse(struct source_worker *w, struct slice line, struct slice hint, int64_t received_ns,
                 const struct zone *zone, struct event *e);
/* Log sources of the event just parsed, most special first: indexes into source_logsources(). */
int source_routes(struct source_worker *w, const uint16_t **ret);

/* For tests of sources: note which blocks, cases and patterns of the YAML files run. */
void source_cover(struct source_worker *w);
/* Lines of a source's file whose block never ran since; returns how many there are, fills at most max. *ret_all =
 * how many blocks the file has. */
size_t source_uncovered(const struct source_worker *w, int source, unsigned *ret_lines, size_t max, size_t *ret_all);

const struct source_counts *source_counts(const struct source_worker *w, int source);
const struct source_counts *source_counts_unknown(const struct source_worker *w); /* no source recognised it */

#endif
