/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of sigma/.  Life of the data: everything of a set lives in its arena and dies with it; what
 * only the compiler needs lives in `struct comp` (comp.tmp is reset after each file).
 *
 *   load.c    folders, files, documents        attrs.c   title, id, level, tags, log source
 *   text.c    escapes, wildcards, folding      mods.c    value modifiers
 *   detect.c  selections → tree                cond.c    condition → tree
 *   pred.c    predicates, shared               eval.c    one predicate on one event
 *   map.c     Sigma field → slots              route.c   log source ↔ event
 *   index.c   witnesses, scan tables, program  match.c   event → rules, and why
 *   scan.c    all literals in one pass         regex.c   Vectorscan, PCRE2
 *   corr_*.c  correlations                     lists.c   a tenant's lists
 */
#ifndef NZ_SIGMA_PRIV_H
#define NZ_SIGMA_PRIV_H

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "codec/yaml.h"
#include "sigma/sigma.h"

#define NONE UINT32_MAX
#define FIELD_PATHS 8
#define COND_DEPTH_MAX 48
#define RULE_LEAVES_MAX 20000u
#define LITERAL_RARE 6u         /* shorter ones are looked for everywhere only as a witness */
#define VF_TAIL 0x40000000u     /* in the table of exact values: the last component of the field's value */
#define LITERAL_MIN 2u          /* a single character is looked for on demand: it would hit everywhere */

/* ---- text ---- */

enum tok_kind { T_LIT, T_ANY, T_ONE, T_DASH, T_LIST };

struct tok {
	enum tok_kind kind;
	struct slice lit;       /* T_LIT: bytes; T_LIST: the list's name */
};

struct pat {
	struct tok *v;
	size_t n;
};

/* Sigma's escapes and wildcards → tokens; with `expand`, %name% becomes T_LIST. */
struct pat text_pattern(struct arena *a, struct slice raw, bool expand);
/* `-` and `/` that begin an option word become T_DASH. */
struct pat text_windash(struct arena *a, struct pat p);
bool pat_is_plain(const struct pat *p);               /* no wildcard, no list, no dash */
struct slice pat_plain(struct arena *a, const struct pat *p);
/* Lower case by Unicode simple folding; dst holds at least n * 3 / 2 + 4 bytes. Returns the length. */
size_t text_fold(char *dst, const char *src, size_t n);
struct slice text_fold_dup(struct arena *a, struct slice s);
bool text_glob(const struct tok *tok, size_t tok_n, struct slice s);
struct slice text_base64(struct arena *a, struct slice s);
struct slice text_utf16(struct arena *a, struct slice utf8, bool big, bool mark);

/* ---- predicates ---- */

enum op {
	OP_EXACT, OP_PREFIX, OP_SUFFIX, OP_CONTAINS, OP_GLOB, OP_REGEX, OP_CIDR, OP_NUMBER, OP_LT, OP_LTE, OP_GT,
	OP_GTE, OP_EXISTS, OP_NULL, OP_ANYVALUE, OP_FIELDREF, OP_LIST, OP_HAS, OP_GROUP
};

enum time_part { PART_NONE, PART_MINUTE, PART_HOUR, PART_DAY, PART_WEEK, PART_MONTH, PART_YEAR };

struct regex;

struct pred {
	uint8_t op;
	bool cased;
	uint8_t part;           /* enum time_part, for numeric ops */
	uint8_t ref_op;         /* OP_FIELDREF: EXACT, PREFIX, SUFFIX or CONTAINS */
	bool scanned;           /* its truth is set while the event is scanned: unknown means false */
	bool used;              /* a leaf of some program, not only a member of groups */
	uint32_t vf, vf2;
	struct slice lit;       /* folded unless cased; CIDR: 16 bytes of network */
	struct pat pat;         /* OP_GLOB, OP_LIST: literals folded unless cased */
	double num;
	uint8_t bits;           /* CIDR: prefix length in 128 */
	struct regex *re;
	uint32_t trigger;       /* cannot hold unless this scanned one does; NONE */
	uint32_t *members;      /* OP_GROUP: any of */
	uint32_t member_n;
	uint32_t refs;          /* how many leaves share it */
	const uint32_t *post;   /* rules whose witness it is */
	uint32_t post_n;
	struct slice shown;     /* the value as the rule wrote it */
};

enum node_kind { N_LEAF, N_AND, N_OR, N_NOT };

struct node {
	enum node_kind kind;
	uint32_t pred;
	struct slice sel;       /* name of the selection, on its root */
	struct node *child, *next;
};

/* One Sigma field on one kind of log source: where its value is looked for, in order. */
struct vf {
	struct slice name;
	int row;                /* of the mapping table; -1 = its own name only */
	bool windows;
	int16_t path[FIELD_PATHS];
	uint8_t path_n;
};

struct instr {
	uint32_t pred;
	int32_t yes, no;        /* next instruction; END_YES, END_NO */
};

#define END_YES (-1)
#define END_NO (-2)

struct prog {
	struct sigma_rule pub;
	struct node *tree;
	uint32_t ls;            /* log source number; NONE for correlations */
	int32_t entry;          /* first instruction, or END_… */
	bool witnessed, lists, dead;
	uint32_t corr;          /* index in set->corr; NONE */
};

struct logsource {
	struct slice product, category, service;
};

struct lit_entry {
	uint32_t vf, pred;
	uint8_t how;            /* 0 anywhere, 1 at the start, 2 at the end */
};

struct literal {
	struct slice text;
	uint32_t first, n;      /* in entries */
};

struct exact_slot {
	uint64_t hash;          /* of vf and text */
	uint32_t vf;
	struct slice text;
	uint32_t first, n;      /* in exact_entries; n = 0: empty */
};

struct exact_entry {
	uint32_t pred;
	bool number;
};

struct scan;
struct corr_rule;

struct sigma_set {
	struct arena arena;
	struct fieldset *fs;
	VEC(struct prog) rules;
	VEC(struct pred) preds;
	VEC(struct vf) vfs;             /* 0 is the keyword search */
	VEC(struct logsource) sources;
	VEC(struct slice) list_names;
	VEC(struct instr) code;
	VEC(struct literal) literals;
	VEC(struct lit_entry) entries;
	VEC(struct exact_entry) exact_entries;
	struct exact_slot *exact;       /* open addressing, exact_cap a power of two */
	size_t exact_cap;
	uint64_t *exact_hint;           /* per vf, whole and tail: exact_bit of its texts */
	VEC(struct scan *) scans;       /* 0 keywords, 1 fields with few literals, then one for each other field */
	uint32_t *vf_scan;              /* per vf: which of them */
	uint32_t *slot_vf[EVENT_SLOTS]; /* vf numbers that look at this slot, NONE at the end */
	uint64_t interest[EVENT_WORDS];
	const struct lit_entry *present; /* OP_HAS and groups with one, ordered by vf */
	uint32_t *present_at;            /* per vf: first in present; one more at the end */
	VEC(uint32_t) always;
	bool has_keywords;
	int slot_product, slot_category, slot_service, slot_event_type;
	uint64_t *keyword_rules;        /* bitset: rules with a keyword predicate */
	VEC(struct corr_rule *) corr;
	struct sigma_count count;
};

/* ---- compiler ---- */

struct corr_doc;
struct filter_doc;

struct comp {
	struct sigma_set *set;
	struct arena tmp;
	struct whys *ws;
	const char *file;
	struct map pred_ids, vf_ids, ls_ids, list_ids, rule_ids, rule_names;
	struct buf key;
	/* the document at hand */
	const struct logsource *ls;
	struct prog *rule;
	size_t leaves;
	size_t errors_before;
	VEC(struct corr_doc *) corrs;
	VEC(struct filter_doc *) filters;
};

struct why *comp_fault(struct comp *c, const char *id, const struct ynode *at);
struct why *comp_warn(struct comp *c, const char *id, const struct ynode *at);
struct why *comp_fault_at(struct comp *c, const char *id, unsigned line, unsigned col);

struct slice doc_version(struct comp *c, const struct ynode *doc);
struct node *node_new(struct comp *c, enum node_kind kind, struct node *child);
struct node *node_leaf(struct comp *c, uint32_t pred);

bool attrs_read(struct comp *c, const struct ynode *doc, struct sigma_rule *r, bool correlation);
uint32_t attrs_logsource(struct comp *c, const struct ynode *doc);
struct node *detect_compile(struct comp *c, const struct ynode *detection);
struct node *detect_selection(struct comp *c, const struct ynode *sel);
struct node *mods_item(struct comp *c, const struct ynode *entry);      /* one "field|mod: value" */
struct node *mods_keyword(struct comp *c, const struct ynode *value);
/* The condition's tree over `names` → `trees`. */
struct sels {
	size_t n;
	struct slice *name;
	struct node **tree;
	bool *used;
};
struct node *cond_compile(struct comp *c, const struct ynode *text, struct sels *sels);

uint32_t pred_intern(struct comp *c, const struct pred *want);
uint32_t pred_pattern(struct comp *c, uint32_t vf, struct pat p, bool cased, struct slice shown);
const char *pred_test_name(const struct pred *p);
uint32_t map_vf(struct comp *c, struct slice field);
int map_resolve(struct comp *c);       /* all vfs → slots; E_FULL */
bool pred_is_tail(const struct pred *p);
bool text_is_common(struct slice lit);
uint32_t list_id(struct comp *c, struct slice name);
void index_build(struct comp *c);
struct scan *scan_new(const struct literal *lits, size_t n); /* copies lits, not their texts */
void scan_free(struct scan *s);
void corr_read(struct comp *c, const struct ynode *doc);
void corr_link(struct comp *c);
void corr_rule_free(struct corr_rule *r);
void filter_read(struct comp *c, const struct ynode *doc);
void filter_apply(struct comp *c);

/* ---- regex ---- */

/* Flags: 1 = i, 2 = m, 4 = s. NULL with a fault reported at `at`. */
struct regex *regex_new(struct comp *c, struct slice text, unsigned flags, const struct ynode *at);
void regex_free(struct regex *re);
struct slice regex_literal(struct arena *a, struct slice text); /* one that every match contains; may be empty */
struct regex_scratch;
struct regex_scratch *regex_scratch_new(const struct sigma_set *set);
void regex_scratch_free(struct regex_scratch *s);
/* 1, 0, or -1 when a limit was hit. */
int regex_match(const struct regex *re, struct regex_scratch *s, struct slice text);

/* ---- matching ---- */

struct seg {
	uint32_t vf;             /* NONE: only for keywords */
	uint32_t start, n;       /* folded, in worker.fold */
	const struct value *v;   /* NULL: the raw line */
	struct slice raw;
};

struct seg_range {
	uint32_t epoch, first, n;
};

/* What the rules of a route do with a field. */
#define USE_VALUE 1u             /* some test reads it */
#define USE_EXACT 2u             /* its whole value is looked up */
#define USE_NUMBER 4u            /* also as a number */
#define USE_TAIL 8u              /* also its last component */
#define USE_SCAN 16u             /* literals are looked for in it */
#define USE_ALL 0xffu

struct route {
	uint64_t hash;
	uint64_t *rules;         /* bitset */
	uint8_t *use;            /* per vf: USE_… */
	uint64_t slots[EVENT_WORDS]; /* where a used field may stand */
	uint32_t rank[EVENT_WORDS];  /* slots before each word */
	VEC(uint32_t) readers;   /* the used vfs of each such slot, then NONE */
	VEC(uint32_t) readers_at; /* by the slot's rank: where in readers */
	uint32_t *always;
	uint32_t always_n;
	bool keywords;
};

#define ROUTE_PART_MAX 120u      /* bytes of one part of an origin that count */
#define ROUTE_KEY_MAX (7 * (ROUTE_PART_MAX + 1))

struct sigma_worker {
	const struct sigma_set *set;
	const struct sigma_lists *lists;
	struct regex_scratch *rs;
	uint32_t epoch;
	uint32_t *yes, *no;          /* per predicate: epoch in which it was decided */
	uint32_t *cand_epoch;        /* per rule */
	uint32_t *cand;
	uint32_t *hit;               /* predicates that became true in the scan */
	uint32_t hit_n;
	struct seg_range *range;     /* per vf */
	struct seg *seg;
	uint32_t seg_n, seg_cap;
	char *fold;
	size_t fold_n, fold_cap;
	char (*times)[40];           /* texts of VALUE_TIME */
	uint32_t time_n;
	uint32_t *matched;
	VEC(struct route) routes;
	uint32_t *route_table;       /* open addressing: index in routes */
	char last_key[ROUTE_KEY_MAX]; /* of the event before */
	size_t last_key_n;
	uint32_t last_route;
	bool naive;
	struct sigma_stats stats;
};

bool eval_pred(struct sigma_worker *w, const struct event *e, uint32_t pred);
bool eval_slow(struct sigma_worker *w, const struct event *e, const struct pred *p);
void worker_segments(struct sigma_worker *w, const struct event *e, const struct route *r);
void scan_run(struct sigma_worker *w, const struct route *r);
const struct value *vf_value(const struct vf *f, const struct event *e);
bool lists_match(const struct sigma_lists *l, const struct pred *p, struct slice folded, struct slice raw);
bool lists_refuse(const struct sigma_lists *l, uint32_t rule);
void routes_init(struct sigma_worker *w);
void routes_fini(struct sigma_worker *w);
void worker_probe(struct sigma_worker *w, const struct route *r);
uint64_t exact_hash(uint32_t vf, struct slice s);

/* Most values differ from all a rule names in length or ends: told before anything is hashed. */
static inline uint64_t
exact_bit(struct slice s)
{
	return s.n == 0 ? 1 : 1ull << (((unsigned char)s.p[0] * 7u + (unsigned char)s.p[s.n - 1] + s.n * 3) & 63);
}

#define WORKER_TIMES 64

static inline void
worker_set(struct sigma_worker *w, uint32_t pred)
{
	if (w->yes[pred] != w->epoch) {
		w->yes[pred] = w->epoch;
		w->hit[w->hit_n++] = pred;
	}
}

#endif
