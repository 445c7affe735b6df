/* SPDX-License-Identifier: Apache-2.0
 *
 * Stages: the pipe.  Filters before any other stage are joined into one condition on the scan; every other
 * stage becomes one sub-select.
 */
#include <ctype.h>
#include <stdio.h>

#include "kql/kql_priv.h"

typedef void stage_fn(struct parser *p, struct kql *q, struct stage *st);

static void
need_blank_or_pipe(struct parser *p)
{
	char found[64];
	struct slice rest;

	skip_blanks(p);
	if (p->error != 0 || peek(p) < 0 || peek(p) == '|')
		return;
	rest = slice_sub(p->text, p->at, p->at + 24);
	snprintf(found, sizeof found, "\"%.*s\"", (int)rest.n, rest.p);
	fail(p, p->at, E_SYNTAX, "KQL-STAGE", found, "| and the next stage, or the end", NULL);
}

static void
add_col(struct parser *p, struct stage *st, const struct col *c, size_t at)
{
	if (st->cols == NULL)
		st->cols = arena_array(p->a, struct col, COLS_MAX);
	for (size_t i = 0; i < st->col_count; i++)
		if (slice_eq(st->cols[i].name, c->name)) {
			fail(p, at, E_EXISTS, "KQL-COLUMN", "a column with a name that is taken", "another name: name = …", NULL);
			return;
		}
	if (st->col_count == COLS_MAX) {
		fail(p, at, E_TOOBIG, "KQL-COLUMN", "too many columns", "at most 32", NULL);
		return;
	}
	st->cols[st->col_count++] = *c;
}

/* "name =" before an expression; n == 0 when there is none. */
static struct slice
take_alias(struct parser *p)
{
	size_t from;
	struct slice name;

	skip_blanks(p);
	from = p->at;
	name = take_name(p);
	if (name.n != 0 && name.n <= 64 && take(p, "=") && peek(p) != '=' && peek(p) != '~')
		return name;
	p->at = from;
	return slice_of("", 0);
}

/* field, bin(field, width), startofday(field) */
static bool
parse_key(struct parser *p, struct col *ret)
{
	struct slice alias = take_alias(p), name;
	size_t at;
	struct lit width = { .kind = LIT_SPAN, .i = 86400000000000LL };
	bool bin, day;

	skip_blanks(p);
	at = p->at;
	name = take_name(p);
	bin = slice_eq_nocase(name, SL("bin")) && take(p, "(");
	day = !bin && slice_eq_nocase(name, SL("startofday")) && take(p, "(");
	if (bin || day) {
		skip_blanks(p);
		at = p->at;
		name = take_name(p);
	}
	if (!find_field(p, name, at, &ret->field))
		return false;
	ret->name = alias.n != 0 ? alias : name;
	ret->type = ret->field.type;
	if (bin && (!take(p, ",") || !take_literal(p, &width)))
		goto bad;
	if ((bin || day) && !take(p, ")"))
		goto bad;
	if (!bin && !day)
		return true;
	ret->bin = width.i;
	if (ret->bin > 0 && ((ret->type == KT_TIME && width.kind == LIT_SPAN && width.i >= 1000000000) ||
	                     (ret->type == KT_LONG && width.kind == LIT_LONG)))
		return true;
	fail(p, width.at, E_TYPE, "KQL-BIN", "a width that does not fit the field",
	     "bin(@timestamp, 5m) with at least one second, or bin(number, 100)", NULL);
	return false;
bad:
	if (p->error == 0)
		fail(p, p->at, E_SYNTAX, "KQL-BIN", "a call that cannot be read", "bin(field, width)", NULL);
	return false;
}

static const struct { const char *name; enum agg agg; bool field; } aggs[] = {
	{ "count", AGG_COUNT, false }, { "countif", AGG_COUNTIF, false }, { "dcount", AGG_DCOUNT, true },
	{ "sum", AGG_SUM, true }, { "avg", AGG_AVG, true }, { "min", AGG_MIN, true }, { "max", AGG_MAX, true },
	{ "make_set", AGG_SET, true }, { "take_any", AGG_ANY, true },
};

static bool
agg_takes(struct parser *p, enum agg agg, const struct kql_field *f, size_t at)
{
	bool number = f->type == KT_LONG || f->type == KT_DOUBLE;

	if ((agg == AGG_SUM || agg == AGG_AVG) && !number) {
		fail(p, at, E_TYPE, "KQL-TYPE", "a field that is no number", "a number inside sum and avg", NULL);
		return false;
	}
	return true;
}

static bool
parse_agg(struct parser *p, struct col *ret)
{
	struct slice alias = take_alias(p), word, name = { "", 0 };
	const char *names[sizeof aggs / sizeof *aggs];
	size_t i, at, count = sizeof aggs / sizeof *aggs;

	word = peek_word(p);
	at = p->at;
	for (i = 0; i < count; i++) {
		names[i] = aggs[i].name;
		if (slice_eq_nocase(word, slice_str(aggs[i].name)))
			break;
	}
	if (i == count) {
		fail(p, at, E_UNSUPPORTED, "KQL-AGGREGATE", "an aggregate that does not exist here",
		     "count countif dcount sum avg min max make_set take_any", near_word(word, names, count));
		return false;
	}
	p->at += word.n;
	ret->agg = aggs[i].agg;
	if (!take(p, "("))
		goto bad;
	skip_blanks(p);
	if (ret->agg == AGG_COUNTIF) {
		ret->cond = parse_condition(p, true);
	} else if (aggs[i].field) {
		size_t field_at = p->at;

		name = take_name(p);
		if (!find_field(p, name, field_at, &ret->field) || !agg_takes(p, ret->agg, &ret->field, field_at))
			return false;
	}
	if (p->error != 0 || !take(p, ")"))
		goto bad;
	ret->type = ret->agg == AGG_AVG ? KT_DOUBLE
	            : ret->agg == AGG_MIN || ret->agg == AGG_MAX || ret->agg == AGG_ANY ? ret->field.type
	            : ret->agg == AGG_SET ? KT_STRING : KT_LONG;
	ret->name = alias.n != 0 ? alias : name.n != 0 ? arena_printf(p->a, "%s_%.*s", aggs[i].name, SL_ARG(name))
	                                              : arena_printf(p->a, "%s_", aggs[i].name);
	return true;
bad:
	if (p->error == 0)
		fail(p, p->at, E_SYNTAX, "KQL-AGGREGATE", "a call that cannot be read", "count(), dcount(field), …", NULL);
	return false;
}

static void
stage_where(struct parser *p, struct kql *q, struct stage *st)
{
	(void)q;
	st->kind = ST_WHERE;
	st->cond = parse_condition(p, true);
}

static void
new_columns(struct parser *p, struct kql *q, struct stage *st)
{
	q->events = false;
	st->generation = ++p->generation;
	p->cols = st->cols;
	p->col_count = st->col_count;
}

static void
stage_project(struct parser *p, struct kql *q, struct stage *st)
{
	st->kind = ST_PROJECT;
	do {
		struct col c = { 0 };
		size_t at = p->at;

		if (!parse_key(p, &c))
			return;
		add_col(p, st, &c, at);
	} while (p->error == 0 && take(p, ","));
	new_columns(p, q, st);
}

static void
stage_distinct(struct parser *p, struct kql *q, struct stage *st)
{
	stage_project(p, q, st);
	st->kind = ST_DISTINCT;
	for (size_t i = 0; i < st->col_count; i++)
		st->cols[i].key = true;
}

static void
stage_count(struct parser *p, struct kql *q, struct stage *st)
{
	struct col c = { .name = SL("Count"), .agg = AGG_COUNT, .type = KT_LONG };

	st->kind = ST_COUNT;
	add_col(p, st, &c, p->at);
	new_columns(p, q, st);
}

static void
stage_summarize(struct parser *p, struct kql *q, struct stage *st)
{
	st->kind = ST_SUMMARIZE;
	if (!slice_eq_nocase(peek_word(p), SL("by"))) {
		do {
			struct col c = { 0 };
			size_t at = p->at;

			if (!parse_agg(p, &c))
				return;
			add_col(p, st, &c, at);
		} while (p->error == 0 && take(p, ","));
	}
	if (p->error == 0 && take_word(p, "by")) {
		do {
			struct col c = { .key = true };
			size_t at = p->at;

			if (!parse_key(p, &c))
				return;
			add_col(p, st, &c, at);
		} while (p->error == 0 && take(p, ","));
	}
	if (p->error == 0)
		new_columns(p, q, st);
}

static void
parse_sort_keys(struct parser *p, struct stage *st)
{
	st->sort = arena_array(p->a, struct sort_key, COLS_MAX);
	do {
		struct sort_key *k = &st->sort[st->sort_count];
		size_t at;
		struct slice name;

		skip_blanks(p);
		at = p->at;
		name = take_name(p);
		if (st->sort_count == COLS_MAX || !find_field(p, name, at, &k->field)) {
			if (p->error == 0)
				fail(p, at, E_TOOBIG, "KQL-SORT", "too many keys", "at most 32", NULL);
			return;
		}
		k->ascending = take_word(p, "asc");
		if (!k->ascending)
			take_word(p, "desc");
		st->sort_count++;
	} while (take(p, ","));
}

static bool
parse_count(struct parser *p, uint64_t *ret)
{
	struct lit v;

	skip_blanks(p);
	if (!isdigit(peek(p))) {
		fail(p, p->at, E_SYNTAX, "KQL-COUNT", "no number of rows", "a number from 1 to 10000", NULL);
		return false;
	}
	if (!take_literal(p, &v))
		return false;
	if (v.kind != LIT_LONG || v.i < 1 || v.i > KQL_ROWS_MAX) {
		fail(p, v.at, E_RANGE, "KQL-COUNT", "a number of rows out of range", "1 to 10000", NULL);
		return false;
	}
	*ret = (uint64_t)v.i;
	return true;
}

static void
need_by(struct parser *p)
{
	if (!take_word(p, "by"))
		fail(p, p->at, E_SYNTAX, "KQL-SORT", "no by", "by and the fields", NULL);
}

static void
stage_sort(struct parser *p, struct kql *q, struct stage *st)
{
	(void)q;
	st->kind = ST_SORT;
	need_by(p);
	if (p->error == 0)
		parse_sort_keys(p, st);
}

static void
stage_take(struct parser *p, struct kql *q, struct stage *st)
{
	(void)q;
	st->kind = ST_TAKE;
	parse_count(p, &st->count);
}

static void
stage_top(struct parser *p, struct kql *q, struct stage *st)
{
	(void)q;
	st->kind = ST_SORT;
	if (!parse_count(p, &st->count))
		return;
	need_by(p);
	if (p->error == 0)
		parse_sort_keys(p, st);
}

static const struct { const char *name; stage_fn *fn; } stages[] = {
	{ "where", stage_where }, { "filter", stage_where }, { "project", stage_project },
	{ "summarize", stage_summarize }, { "sort", stage_sort }, { "order", stage_sort }, { "take", stage_take },
	{ "limit", stage_take }, { "top", stage_top }, { "distinct", stage_distinct }, { "count", stage_count },
};

static const char *const not_yet[] = {
	"extend", "project-away", "project-rename", "parse", "let", "render", "union", "join", "evaluate", "mv-expand",
	"make-series", "lookup", "externaldata", "invoke", "print", "find", "search",
};

static stage_fn *
find_stage(struct slice word)
{
	for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
		if (slice_eq_nocase(word, slice_str(stages[i].name)))
			return stages[i].fn;
	return NULL;
}

static void
unknown_stage(struct parser *p, struct slice word)
{
	const char *names[sizeof stages / sizeof *stages];
	char found[80];

	for (size_t i = 0; i < sizeof not_yet / sizeof *not_yet; i++)
		if (slice_eq_nocase(word, slice_of(not_yet[i], strcspn(not_yet[i], "-")))) {
			snprintf(found, sizeof found, "%s, a stage that is not supported", not_yet[i]);
			fail(p, p->at, E_UNSUPPORTED, "KQL-STAGE", found, "where project summarize sort top take distinct count",
			     NULL);
			return;
		}
	for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
		names[i] = stages[i].name;
	snprintf(found, sizeof found, "\"%.*s\"", (int)(word.n < 60 ? word.n : 60), word.p);
	fail(p, p->at, E_SYNTAX, "KQL-STAGE", word.n != 0 ? found : "no stage",
	     "where project summarize sort top take distinct count",
	     near_word(word, names, sizeof stages / sizeof *stages));
}

/* Is the first word a stage, or a word somebody looks for? A stage has something behind it that fits. */
static stage_fn *
first_stage(struct parser *p)
{
	struct slice w = peek_word(p), behind;
	size_t from = p->at;
	stage_fn *fn = find_stage(w);
	int c;

	if (fn == NULL)
		return NULL;
	p->at += w.n;
	skip_blanks(p);
	c = peek(p);
	behind = peek_word(p);
	p->at = from;
	if (fn == stage_count)
		return c < 0 || c == '|' ? fn : NULL;
	if (fn == stage_take || fn == stage_top)
		return isdigit(c) ? fn : NULL;
	if (fn == stage_sort)
		return slice_eq_nocase(behind, SL("by")) ? fn : NULL;
	return c >= 0 && c != '|' && c != ':' && c != '=' ? fn : NULL;
}

static void
add_stage(struct kql *q, struct stage ***last, struct stage *st)
{
	struct node *both;

	if (st->kind == ST_WHERE && q->stages == NULL) {
		if (q->filter == NULL) {
			q->filter = st->cond;
			return;
		}
		both = arena_new(q->arena, struct node);
		*both = (struct node){ .kind = N_AND, .a = q->filter, .b = st->cond };
		q->filter = both;
		return;
	}
	if (st->kind == ST_TAKE && q->last != NULL && q->last->kind == ST_SORT) { /* sort | take is one thing */
		if (q->last->count == 0 || st->count < q->last->count)
			q->last->count = st->count;
		return;
	}
	**last = st;
	*last = &st->next;
	q->last = st;
	if (st->col_count != 0) {
		q->cols = st->cols;
		q->col_count = st->col_count;
		q->generation = st->generation;
	}
}

/* "events" before the first pipe is the table, for people who write Kusto. */
static void
skip_table(struct parser *p)
{
	size_t from = p->at;

	if (take_word(p, "events") && take(p, "|"))
		return;
	p->at = from;
}

static void
parse_all(struct parser *p, struct kql *q)
{
	struct stage **last = &q->stages, *st;
	stage_fn *fn;

	skip_table(p);
	skip_blanks(p);
	if (peek(p) < 0)
		return;
	fn = first_stage(p);
	if (fn == NULL) {
		q->filter = parse_condition(p, false);
		need_blank_or_pipe(p);
		if (p->error != 0 || !take(p, "|"))
			return;
	}
	for (unsigned n = 0; p->error == 0; n++) {
		struct slice word = peek_word(p);

		fn = find_stage(word);
		if (fn == NULL || n == 32) {
			unknown_stage(p, word);
			return;
		}
		p->at += word.n;
		st = arena_new(p->a, struct stage);
		fn(p, q, st);
		need_blank_or_pipe(p);
		if (p->error != 0)
			return;
		add_stage(q, &last, st);
		if (!take(p, "|"))
			return;
	}
}

int
kql_parse(struct slice text, const struct kql_schema *schema, int64_t now_ns, struct arena *a, struct kql **ret,
          struct whys *ws)
{
	struct parser p = { .text = text, .schema = schema, .a = a, .ws = ws, .now_ns = now_ns };
	struct kql *q;

	if (text.n > KQL_TEXT_MAX) {
		fail(&p, 0, E_TOOBIG, "KQL-SIZE", "a query longer than 16 KiB", "a shorter one", NULL);
		return p.error;
	}
	q = arena_new(a, struct kql);
	q->schema = schema;
	q->arena = a;
	q->events = true;
	parse_all(&p, q);
	if (p.error == 0 && p.at < text.n)
		fail(&p, p.at, E_SYNTAX, "KQL-END", "something behind the end", "nothing, or | and a stage", NULL);
	if (p.error != 0)
		return p.error;
	*ret = q;
	return 0;
}

bool
kql_gives_events(const struct kql *q)
{
	return q->events;
}

size_t
kql_columns(const struct kql *q)
{
	return q->col_count;
}

struct slice
kql_column(const struct kql *q, size_t i)
{
	return q->cols[i].name;
}

enum kql_type
kql_column_type(const struct kql *q, size_t i)
{
	return q->cols[i].type;
}
