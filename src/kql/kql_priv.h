/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to kql/: the tree.
 *
 *     kql     leading filters (joined to `filter`), then stages
 *     stage   one pipe stage; `cols` are the columns it hands on, empty while rows are still events
 *     node    a condition
 */
#ifndef NZ_KQL_PRIV_H
#define NZ_KQL_PRIV_H

#include "kql/kql.h"

enum node_kind { N_AND, N_OR, N_NOT, N_COMPARE, N_WORD, N_PHRASE };

enum op {
	OP_EQ, OP_EQ_NOCASE, OP_LT, OP_LE, OP_GT, OP_GE, OP_HAS, OP_HAS_ANY, OP_HASPREFIX, OP_CONTAINS, OP_STARTS, OP_ENDS,
	OP_IN, OP_IN_NOCASE, OP_BETWEEN, OP_REGEX, OP_WILD, OP_EXISTS, OP_NETWORK,
};

enum lit_kind { LIT_STRING, LIT_LONG, LIT_DOUBLE, LIT_BOOL, LIT_TIME, LIT_SPAN };

struct lit {
	enum lit_kind kind;
	struct slice text;
	int64_t i;            /* LONG, BOOL, TIME and SPAN (nanoseconds) */
	double f;
	size_t at;            /* where it stands */
	struct lit *next;
};

struct node {
	enum node_kind kind;
	struct node *a, *b;
	struct kql_field field;
	enum op op;
	bool negate;
	struct lit *values;
	struct slice text;    /* of N_WORD, N_PHRASE */
};

enum stage_kind { ST_WHERE, ST_PROJECT, ST_SUMMARIZE, ST_SORT, ST_TAKE, ST_DISTINCT, ST_COUNT };
enum agg { AGG_NONE, AGG_COUNT, AGG_COUNTIF, AGG_DCOUNT, AGG_SUM, AGG_AVG, AGG_MIN, AGG_MAX, AGG_SET, AGG_ANY };

struct col {
	struct slice name;    /* as the person sees it */
	struct kql_field field; /* what it is made from */
	enum kql_type type;
	enum agg agg;
	struct node *cond;    /* countif */
	int64_t bin;          /* 0 = none; nanoseconds for a time, else the width */
	bool key;             /* behind `by` */
};

struct sort_key {
	struct kql_field field;
	bool ascending;
};

#define COLS_MAX 32

struct stage {
	enum stage_kind kind;
	struct node *cond;
	struct col *cols;
	size_t col_count;
	unsigned generation;  /* its columns are called c<generation>_<index> */
	struct sort_key *sort;
	size_t sort_count;
	uint64_t count;       /* take, top */
	struct stage *next;
};

struct kql {
	const struct kql_schema *schema;
	struct arena *arena;
	struct node *filter;  /* NULL = everything */
	struct stage *stages, *last;
	bool events;
	struct col *cols;     /* of the last stage that made columns */
	size_t col_count;
	unsigned generation;
};

struct parser {
	struct slice text;
	size_t at;
	const struct kql_schema *schema;
	struct arena *a;
	struct whys *ws;
	int64_t now_ns;
	unsigned depth, terms;
	int error;
	struct col *cols;     /* columns names mean from here on; NULL: fields of events */
	size_t col_count;
	unsigned generation;
};

/* ---- text.c ---- */
void fail(struct parser *p, size_t at, int code, const char *id, const char *found, const char *wanted,
          const char *hint);
void skip_blanks(struct parser *p);
int peek(const struct parser *p);                    /* the next byte, or -1 */
bool take(struct parser *p, const char *token);      /* skips blanks, takes exactly this text */
bool take_word(struct parser *p, const char *word);  /* the same, whole words without case */
struct slice peek_word(struct parser *p);            /* letters, digits, _ after blanks */
struct slice take_name(struct parser *p);            /* a field name; n == 0 when there is none */
bool take_string(struct parser *p, struct lit *ret); /* "…" or '…' */
bool take_literal(struct parser *p, struct lit *ret);/* string, number, true, datetime(), ago(), 1h */
bool parse_span(struct slice s, int64_t *ret_ns);
bool parse_time(struct slice s, int64_t *ret_ns);
bool find_field(struct parser *p, struct slice name, size_t at, struct kql_field *ret);

/* ---- cond.c ---- */
/* strict: only what stands behind `where`; otherwise words and juxtaposition too. */
struct node *parse_condition(struct parser *p, bool strict);

/* ---- parse.c, sql.c ---- */
void put_condition(struct buf *out, const struct kql *q, const struct node *n);

#endif
