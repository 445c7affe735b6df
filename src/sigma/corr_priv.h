/* SPDX-License-Identifier: Apache-2.0
 *
 * Correlations inside sigma/: the compiled rule (corr_read.c, corr_link.c), the state (corr.c, window.c) and its
 * bytes (corr_snap.c).  The tenant is the first part of every key.
 */
#ifndef NZ_SIGMA_CORR_PRIV_H
#define NZ_SIGMA_CORR_PRIV_H

#include "sigma/sigma_priv.h"

enum corr_type {
	CT_EVENT_COUNT, CT_VALUE_COUNT, CT_TEMPORAL, CT_ORDERED, CT_SUM, CT_AVG, CT_PERCENTILE, CT_MEDIAN, CT_TYPES
};

#define CORR_REFS_MAX 32
#define CORR_FIELDS_MAX 4

struct corr_cond {
	uint8_t op;              /* OP_LT … OP_GTE, OP_NUMBER = eq, OP_GROUP = neq */
	double value;
};

/* As written, before its references are known. */
struct corr_doc {
	struct prog prog;
	struct slice file;
	const char *file_c;
	unsigned line, col;
	enum corr_type type;
	struct slice *ref;
	unsigned *ref_line, *ref_col;
	size_t ref_n;
	struct slice group[SIGMA_GROUP_MAX];
	size_t group_n;
	struct corr_alias {
		struct slice alias, rule, field;
	} *alias;
	size_t alias_n;
	struct slice field[CORR_FIELDS_MAX];
	size_t field_n;
	struct corr_cond cond[2];
	size_t cond_n;
	double percentile;
	int64_t span_ns;
	bool generate, done;
};

struct corr_ref {
	uint32_t rule;
	struct slice group_name[SIGMA_GROUP_MAX]; /* what the group field is called in that rule */
	uint32_t group_vf[SIGMA_GROUP_MAX];       /* NONE when the rule is a correlation */
	uint32_t field_vf[CORR_FIELDS_MAX];
};

struct corr_rule {
	uint32_t rule, index;    /* in set->rules, in set->corr */
	enum corr_type type;
	struct corr_ref *ref;
	size_t ref_n;
	struct slice group[SIGMA_GROUP_MAX];
	size_t group_n;
	struct slice field[CORR_FIELDS_MAX];
	size_t field_n;
	struct corr_cond cond[2];
	size_t cond_n;
	double percentile;
	int64_t span_ns;
	bool at_close;           /* can only be decided when the window is over */
	uint64_t stamp;          /* state of another stamp is not ours */
};

/* ---- state ---- */

struct corr_entry {
	int64_t t;
	union {
		uint64_t key;    /* hash of the value: value_count */
		double num;      /* sums */
	};
};

struct sample {
	uint32_t stream;         /* index in sigma_corr.streams */
	uint32_t n;
	uint64_t seq;
	int64_t t;
};

struct tenant_state;

struct cgroup {
	struct cgroup *prev, *next;  /* the tenant's groups, stalest first */
	struct tenant_state *tenant;
	const struct corr_rule *rule;
	struct slice key;            /* owned; its map slot borrows it */
	struct slice value[SIGMA_GROUP_MAX]; /* as first seen, in the same block as key */
	int64_t newest, fired_at;    /* INT64_MIN = never */
	int64_t due;                 /* at_close rules: end of the open window; 0 = none */
	uint64_t total;
	bool pinned;                 /* its alarm is under way: not to be evicted */
	VEC(struct corr_entry) entries; /* ordered by time */
	size_t head;                 /* entries before it are expired */
	struct map values;           /* value_count: hash → time last seen */
	int64_t *last;               /* temporal: per ref; ordered: start of the chain that reached it */
	int64_t *reached;            /* ordered: when it was reached */
	VEC(struct sample) samples;
	size_t bytes;
};

struct tenant_state {
	struct slice name;
	struct cgroup *first, *last;
	size_t groups, bytes;
	int64_t watermark;
};

struct stream {
	char lcp[32];
	uint64_t epoch[2];
};

struct sigma_corr {
	const struct sigma_set *set;
	struct sigma_corr_limits limits;
	struct sigma_corr_stats stats;
	struct map groups, tenants;
	VEC(struct stream) streams;
	struct buf key, fold;
	VEC(uint32_t) *users;        /* per rule: which correlations refer to it */
};

/* A match on its way into the windows. */
struct feed {
	struct sigma_corr *c;
	struct slice tenant;
	const struct event *e;       /* NULL for a chained alarm */
	const struct sigma_alarm *alarm;
	uint32_t rule;
	int64_t t;
	const struct sigma_ref *ref;
	sigma_alarm_fn *fn;
	void *ctx;
	int depth;
};

/* Puts one match into the group's window. True when the condition holds now; *ret_value is what was compared.
 * quiet: it fired lately, nothing is measured. */
bool window_add(struct sigma_corr *c, struct cgroup *g, size_t ref, int64_t t, const struct corr_entry *value, bool quiet,
                double *ret_value);
/* Of an at_close rule whose window is over. */
bool window_close(struct cgroup *g, double *ret_value);
bool corr_cond_holds(const struct corr_rule *r, double v);
size_t group_bytes(const struct cgroup *g);

struct tenant_state *corr_tenant(struct sigma_corr *c, struct slice name);
struct cgroup *corr_group(struct sigma_corr *c, struct tenant_state *t, const struct corr_rule *r,
                          const struct slice *values);
void corr_group_free(struct sigma_corr *c, struct cgroup *g);
uint32_t corr_stream(struct sigma_corr *c, const struct sigma_ref *ref);
void corr_clear(struct sigma_corr *c);

#endif
