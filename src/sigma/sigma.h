/* SPDX-License-Identifier: Apache-2.0
 *
 * Sigma: rules → a program, event → which rules, and why.  Floor 3.
 *
 * A `sigma_set` is one generation: every document of some folders of YAML, compiled against a fieldset.
 * Order matters: make the fieldset, load the set (it adds the names its rules ask for), then make the
 * source parser and the events with the same fieldset.  The set is immutable after sigma_load() and may be
 * shared by threads; a `sigma_worker` is one thread's scratch and allocates nothing per event.
 *
 * The way of an event: its route (which log sources it belongs to) picks the rules; one pass over its
 * folded values finds every literal and exact value the rules name; those found are the witnesses that
 * make a rule a candidate; only candidates run their condition, over predicates that are shared between
 * rules and decided at most once an event.  sigma_match_naive() is the same answer the slow way.
 *
 * Correlations are rules too (kind SIGMA_CORRELATION): sigma_match() never reports them; the caller feeds
 * what it reports to a `sigma_corr`, which keeps the windows of one worker's tenants.
 *
 * docs/sigma.md says what is supported; faults carry stable ids (SIG-…) and file:line:column.
 */
#ifndef NZ_SIGMA_SIGMA_H
#define NZ_SIGMA_SIGMA_H

#include "base/err.h"
#include "base/slice.h"
#include "event/event.h"

struct sigma_set;
struct sigma_worker;
struct sigma_lists;
struct sigma_corr;

enum sigma_kind { SIGMA_RULE, SIGMA_CORRELATION };
enum sigma_level { SIGMA_INFORMATIONAL, SIGMA_LOW, SIGMA_MEDIUM, SIGMA_HIGH, SIGMA_CRITICAL };

struct sigma_rule {
	uint32_t index;              /* in its set */
	enum sigma_kind kind;
	enum sigma_level level;
	bool silent;                 /* only the base of a correlation with generate: false: no detection */
	bool feeds;                  /* some correlation refers to it: hand its matches to sigma_corr_feed */
	struct slice id, name, title, description, author, status, file;
	struct slice version;        /* 16 hex of the document's text: changes whenever the rule does */
	const struct slice *tags;
	size_t tag_n;
	const struct slice *fields;  /* the rule's own list of fields worth showing */
	size_t field_n;
	const struct slice *falsepositives;
	size_t falsepositive_n;
	struct slice product, category, service; /* log source; empty = not stated */
};

/* ---- generation ---- */

struct sigma_count {
	size_t files, documents, rules, correlations, filters;
	size_t refused;              /* documents kept out by an error */
	size_t predicates, literals, exact;
	size_t without_witness;      /* rules that run on every event of their routes */
};

/* Compiles every *.yml and *.yaml below the paths (files or folders; *.test.yml excepted). Faults of all
 * files go to ws; a document with an error stays out, the others load. 0, or E_IO when a path cannot be
 * read, E_FULL when the fieldset has no room. *ret is set whenever 0 is returned, even with refused rules. */
int sigma_load(const char *const *paths, size_t count, struct fieldset *fs, struct sigma_set **ret,
               struct whys *ws);
/* The same from one text (tests, the console's editor). */
int sigma_load_text(struct slice text, const char *file, struct fieldset *fs, struct sigma_set **ret,
                    struct whys *ws);
void sigma_free(struct sigma_set *set);
size_t sigma_rules(const struct sigma_set *set);                         /* rules and correlations */
const struct sigma_rule *sigma_rule(const struct sigma_set *set, uint32_t index);
struct sigma_count sigma_count(const struct sigma_set *set);
static inline bool
sigma_rule_has_tag(const struct sigma_rule *r, struct slice tag)
{
	for (size_t i = 0; i < r->tag_n; i++)
		if (slice_eq_nocase(r->tags[i], tag))
			return true;
	return false;
}

/* ---- a tenant's lists, for the modifier expand ---- */

struct sigma_lists *sigma_lists_new(const struct sigma_set *set);
void sigma_lists_free(struct sigma_lists *l);
/* Adds a value (wildcards allowed; CIDR allowed) to the list %name%. Names no rule asks for are ignored. */
void sigma_lists_add(struct sigma_lists *l, struct slice name, struct slice value);
/* After the last add. Rules that need a list without values are refused for this tenant: each goes to ws
 * (may be NULL) as SIG-PLACEHOLDER. Returns how many. */
size_t sigma_lists_seal(struct sigma_lists *l, struct whys *ws);

/* ---- matching ---- */

#define SIGMA_ROUTE_ALL 0u       /* every rule, whatever its log source */

struct sigma_worker *sigma_worker_new(const struct sigma_set *set);
void sigma_worker_free(struct sigma_worker *w);
/* The lists of the tenant whose events come next; NULL: rules with placeholders do not run. */
void sigma_worker_use_lists(struct sigma_worker *w, const struct sigma_lists *l);

/* The route of an event by event.dataset, winlog.channel, event.code and, when the event states them
 * (ndjson of other tools), its own product, category and service. Cached: a few nanoseconds when seen
 * before. SIGMA_ROUTE_ALL when nothing tells its log source. */
uint32_t sigma_route(struct sigma_worker *w, const struct event *e);

/* Called once per matching rule, in rule order of candidates. Return non-zero to stop. */
typedef int sigma_match_fn(void *ctx, const struct sigma_rule *rule);

/* Returns the number of matches reported. The event is sealed or at least no longer changing. */
int sigma_match(struct sigma_worker *w, const struct event *e, uint32_t route, sigma_match_fn *fn, void *ctx);
/* The same without any index: every predicate of every rule of the route on its own. For self-checks. */
int sigma_match_naive(struct sigma_worker *w, const struct event *e, uint32_t route, sigma_match_fn *fn, void *ctx);

/* One positive predicate that held. Slices live until the next event. */
struct sigma_reason {
	struct slice field;          /* as the rule wrote it; "keywords" for a search without field */
	struct slice test;           /* "equals", "contains", "startswith", "re", "cidr", "gte", … */
	struct slice value;          /* of the rule */
	struct slice selection;
};

/* Why this rule matched this event (call it inside the callback, or any time before the next event). */
size_t sigma_why(struct sigma_worker *w, const struct event *e, const struct sigma_rule *rule,
                 struct sigma_reason *out, size_t max);

struct sigma_stats {
	uint64_t events, candidates, matches, regex_limit;
};

struct sigma_stats sigma_worker_stats(const struct sigma_worker *w);

/* ---- correlation ---- */

/* Where an event is; kept as samples in an alarm. */
struct sigma_ref {
	char lcp[32];                /* NUL-padded */
	uint64_t epoch[2];
	uint64_t seq;
	uint32_t n;
	uint32_t reserved;
};

#define SIGMA_SAMPLES 32
#define SIGMA_GROUP_MAX 8

struct sigma_alarm {
	const struct sigma_rule *rule;
	struct slice tenant;
	int64_t first_ns, last_ns;   /* of the contributing events */
	uint64_t count;              /* contributing events */
	double value;                /* what was compared: number of events, distinct values, rules, sum … */
	const struct slice *group_by; /* names and values, group_n of each */
	const struct slice *group_value;
	size_t group_n;
	const struct sigma_ref *refs; /* at most SIGMA_SAMPLES, oldest first */
	size_t ref_n;
	uint64_t key;                /* stable: tenant, rule, version, group, first contributing event */
};

typedef void sigma_alarm_fn(void *ctx, const struct sigma_alarm *alarm);

struct sigma_corr_limits {
	size_t groups;               /* of one tenant; 0 = 200,000 */
	size_t bytes;                /* of one tenant; 0 = 256 MiB */
	size_t values;               /* per group: distinct values, times; 0 = 10,000 */
	int64_t lateness_ns;         /* 0 = 60 s */
};

struct sigma_corr_stats {
	uint64_t fed, joined, no_group, late_dropped, evicted_groups, evicted_values, alarms, suppressed;
	uint64_t groups, bytes;      /* now */
};

struct sigma_corr *sigma_corr_new(const struct sigma_set *set, const struct sigma_corr_limits *limits);
void sigma_corr_free(struct sigma_corr *c);
/* A rule with .feeds matched: time is the event's, in ns. Alarms come out through fn, also of chained
 * correlations, before this returns. */
void sigma_corr_feed(struct sigma_corr *c, struct slice tenant, const struct sigma_rule *rule, const struct event *e,
                     int64_t time_ns, const struct sigma_ref *ref, sigma_alarm_fn *fn, void *ctx);
/* No event of this tenant older than now_ns - lateness will come: closes windows (lt, lte, eq, neq) and
 * forgets expired groups. Call it about once a second and after each batch. */
void sigma_corr_advance(struct sigma_corr *c, struct slice tenant, int64_t now_ns, sigma_alarm_fn *fn, void *ctx);
struct sigma_corr_stats sigma_corr_stats(const struct sigma_corr *c);
/* All state as bytes, and back. Restoring into a newer set keeps the state of rules whose version is the
 * same and drops the rest. E_CORRUPT leaves c empty. */
void sigma_corr_snapshot(const struct sigma_corr *c, struct buf *out);
int sigma_corr_restore(struct sigma_corr *c, struct slice bytes);

#endif
