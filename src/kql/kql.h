/* SPDX-License-Identifier: Apache-2.0
 *
 * KQL: what people type into the search box → typed tree → SQL.  Two habits, one grammar:
 *
 *     deny 10.0.0.0/8 user.name:"sato" -action:accept         the search box: words, field:value
 *     where source.ip == "10.1.2.3" | summarize count() by bin(@timestamp, 1h)      the Kusto subset
 *
 * The first stage may be either; `where` takes only the strict form.  What is not understood is refused by
 * name, with position and a repair, never approximated.
 *
 * A tenant cannot be expressed: there is no name for it.  Every scan of the table gets the predicate of the
 * session's scope here; the store adds its own, and the rows coming back carry _ta and _tb (least and
 * greatest tenant that went into the row) for the third check.
 *
 * The tree lives in the caller's arena.  Pure; time is linear in the text's length.
 */
#ifndef NZ_KQL_KQL_H
#define NZ_KQL_KQL_H

#include "base/arena.h"
#include "base/err.h"

enum kql_type { KT_STRING, KT_TEXT, KT_LONG, KT_DOUBLE, KT_BOOL, KT_TIME, KT_IP };

/* A field as the store keeps it. */
struct kql_field {
	enum kql_type type;
	bool text_form;      /* kept as text in the map: numbers and addresses are converted when asked */
	bool multi;          /* several values joined by '\n' are possible */
	struct slice sql;    /* expression, made of our own names and literals only */
	struct slice within; /* a column whose text has the field's in it, cheaper to look through first; or empty */
};

struct kql_schema {
	const char *table;
	const char *line;    /* column of the line */
	/* Finds a field; false when the name is no field. sql may be made in a. */
	bool (*find)(void *ctx, struct slice name, struct arena *a, struct kql_field *ret);
	/* The nearest known name, or NULL. */
	const char *(*near)(void *ctx, struct slice name);
	void *ctx;
};

struct kql_scope {
	const char *also;    /* a condition of ours, SQL, that every scan has; or NULL */
	const struct slice *tenants; /* at least one */
	size_t tenant_count;
	int64_t from_ns, to_ns;      /* [from, to) of @timestamp */
	int64_t now_ns;
	const char *zone;            /* of bin() and startofday(); NULL = UTC. Checked by the caller */
	unsigned limit;              /* rows; 0 = 10,000. One more is asked for, to tell that it was cut */
};

struct kql;

#define KQL_TEXT_MAX 16384
#define KQL_DEPTH_MAX 64
#define KQL_ROWS_MAX 10000

/* 0 and *ret in a; or E_SYNTAX, E_TYPE, E_TOOBIG, E_DEPTH, E_UNSUPPORTED with every fault in ws. */
int kql_parse(struct slice text, const struct kql_schema *schema, int64_t now_ns, struct arena *a,
              struct kql **ret, struct whys *ws);
/* Does it end in events (true) or in a table of its own columns? */
bool kql_gives_events(const struct kql *q);
size_t kql_columns(const struct kql *q);            /* of such a table */
struct slice kql_column(const struct kql *q, size_t i);
enum kql_type kql_column_type(const struct kql *q, size_t i); /* times come as nanoseconds since 1970 */

/* The whole query. For events `row` is the select list; without sort the newest come first. */
void kql_sql(const struct kql *q, const struct kql_scope *scope, const char *row, struct buf *out);
/* Bars over the range: t (DateTime64), count, of what the leading filters let through. */
void kql_histogram_sql(const struct kql *q, const struct kql_scope *scope, int64_t step_ns, struct buf *out);
/* The most frequent values of one field: value, count. E_NOTFOUND when the name is no field. */
int kql_facet_sql(const struct kql *q, const struct kql_scope *scope, struct slice field, unsigned top,
                  struct buf *out);

#endif
