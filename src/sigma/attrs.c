/* SPDX-License-Identifier: Apache-2.0
 *
 * Attributes of a document beside its detection.  Unknown attributes are kept out of the way: the
 * specification allows them.  Every fault is collected; none stops the reading.
 */
#include "base/clock.h"
#include "base/must.h"
#include "sigma/sigma_priv.h"

static const char *const levels[] = { "informational", "low", "medium", "high", "critical" };
static const char *const statuses[] = { "stable", "test", "experimental", "deprecated", "unsupported" };
static const char *const related[] = { "derived", "obsolete", "obsoletes", "merged", "renamed", "similar", "correlation" };

static struct slice
scalar_of(struct comp *c, const struct ynode *doc, struct slice key)
{
	const struct ynode *n = y_get(doc, key);

	if (n == NULL || y_is_null(n))
		return (struct slice){ 0 };
	if (n->kind != Y_SCALAR) {
		struct why *w = comp_fault(c, "SIG-TYPE", n);

		why_found(w, "%s as %.*s", y_kind_name(n->kind), SL_ARG(key));
		why_wanted(w, "text");
		return (struct slice){ 0 };
	}
	return arena_dup(&c->set->arena, n->text);
}

static int
one_of(struct comp *c, const struct ynode *n, const char *const *words, size_t count, const char *id, const char *what)
{
	const char *near;
	struct why *w;

	for (size_t i = 0; i < count; i++)
		if (n->kind == Y_SCALAR && slice_eq(n->text, slice_str(words[i])))
			return (int)i;
	near = n->kind == Y_SCALAR ? near_word(n->text, words, count) : NULL;
	w = comp_fault(c, id, n);
	why_found(w, "%s '%.*s'", what, SL_ARG(n->text));
	why_wanted(w, "one of %s, %s, … %s", words[0], words[1], words[count - 1]);
	if (near != NULL)
		why_hint(w, "%s", near);
	return -1;
}

static bool
is_uuid(struct slice s)
{
	if (s.n != 36)
		return false;
	for (size_t i = 0; i < 36; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		char ch = s.p[i];

		if (dash ? ch != '-' : !((ch >= '0' && ch <= '9') || ((ch | 32) >= 'a' && (ch | 32) <= 'f')))
			return false;
	}
	return true;
}

static void
check_date(struct comp *c, const struct ynode *doc, struct slice key)
{
	const struct ynode *n = y_get(doc, key);
	struct slice s = n != NULL ? n->text : (struct slice){ 0 };
	uint64_t y = 0, m = 0, d = 0;
	int64_t back;
	unsigned bm, bd;
	char sep = s.n == 10 ? s.p[4] : '\0';
	bool ok = n == NULL || (n->kind == Y_SCALAR && s.n == 10 && (sep == '-' || sep == '/') && s.p[7] == sep &&
	                        slice_u64(slice_sub(s, 0, 4), &y) && slice_u64(slice_sub(s, 5, 7), &m) &&
	                        slice_u64(slice_sub(s, 8, 10), &d) && m >= 1 && m <= 12 && d >= 1 && d <= 31);

	if (ok && n != NULL) {
		civil_from_days(days_from_civil((int64_t)y, (unsigned)m, (unsigned)d), &back, &bm, &bd);
		ok = bm == m && bd == d;
	}
	if (!ok) {
		struct why *w = comp_fault(c, "SIG-DATE", n);

		why_found(w, "%.*s '%.*s'", SL_ARG(key), SL_ARG(s));
		why_wanted(w, "a day written YYYY-MM-DD");
	}
}

static const struct slice *
text_list(struct comp *c, const struct ynode *doc, struct slice key, size_t *ret_n)
{
	const struct ynode *n = y_get(doc, key);
	struct slice *v;

	*ret_n = 0;
	if (n == NULL || y_is_null(n))
		return NULL;
	if (n->kind == Y_SCALAR) {
		v = arena_alloc(&c->set->arena, sizeof *v);
		v[(*ret_n)++] = arena_dup(&c->set->arena, n->text);
		return v;
	}
	if (n->kind != Y_SEQ) {
		why_found(comp_fault(c, "SIG-TYPE", n), "%s as %.*s", y_kind_name(n->kind), SL_ARG(key));
		return NULL;
	}
	v = arena_alloc(&c->set->arena, n->count * sizeof *v + 1);
	for (const struct ynode *i = n->child; i != NULL; i = i->next) {
		if (i->kind != Y_SCALAR)
			why_found(comp_fault(c, "SIG-TYPE", i), "%s in the list %.*s", y_kind_name(i->kind), SL_ARG(key));
		else
			v[(*ret_n)++] = arena_dup(&c->set->arena, i->text);
	}
	return v;
}

static void
check_tags(struct comp *c, const struct ynode *doc)
{
	const struct ynode *tags = y_get(doc, SL("tags"));

	for (const struct ynode *i = tags != NULL && tags->kind == Y_SEQ ? tags->child : NULL; i != NULL; i = i->next) {
		ssize_t dot = i->kind == Y_SCALAR ? slice_find(i->text, '.') : -1;
		struct why *w;

		if (i->kind == Y_SCALAR && dot > 0 && (size_t)dot + 1 < i->text.n)
			continue;
		w = comp_fault(c, "SIG-TAG", i);
		why_found(w, "tag '%.*s'", SL_ARG(i->text));
		why_wanted(w, "namespace.value, such as attack.t1059");
	}
}

static void
check_related(struct comp *c, const struct ynode *doc)
{
	const struct ynode *rel = y_get(doc, SL("related"));

	for (const struct ynode *i = rel != NULL && rel->kind == Y_SEQ ? rel->child : NULL; i != NULL; i = i->next) {
		const struct ynode *type = y_get(i, SL("type")), *id = y_get(i, SL("id"));

		if (type == NULL || id == NULL)
			why_found(comp_fault(c, "SIG-RELATED", i), "a related rule without id or type");
		else
			one_of(c, type, related, sizeof related / sizeof *related, "SIG-RELATED", "related type");
	}
}

static void
check_title(struct comp *c, const struct ynode *doc, struct sigma_rule *r)
{
	const struct ynode *n = y_get(doc, SL("title"));
	struct why *w;

	if (n == NULL || r->title.n == 0) {
		w = n != NULL ? comp_fault(c, "SIG-TITLE", n) : comp_fault(c, "SIG-TITLE", doc);
		why_found(w, "a rule without a title");
		why_wanted(w, "title: …");
	} else if (r->title.n > 256 * 4) {
		why_found(comp_fault(c, "SIG-TITLE", n), "a title of %zu bytes", r->title.n);
	}
}

static void
check_unique(struct comp *c, const struct ynode *doc, struct map *seen, struct slice key, struct slice text,
             const char *id)
{
	bool is_new = true;

	if (text.n != 0)
		map_put(seen, text, &is_new);
	if (!is_new) {
		struct why *w = comp_fault(c, id, y_get(doc, key));

		why_found(w, "%.*s '%.*s' a second time", SL_ARG(key), SL_ARG(text));
		why_wanted(w, "each rule its own");
	}
}

bool
attrs_read(struct comp *c, const struct ynode *doc, struct sigma_rule *r, bool correlation)
{
	size_t before = c->ws->errors;
	const struct ynode *n;
	int i;

	(void)correlation;
	r->title = scalar_of(c, doc, SL("title"));
	r->id = scalar_of(c, doc, SL("id"));
	r->name = scalar_of(c, doc, SL("name"));
	r->description = scalar_of(c, doc, SL("description"));
	r->author = scalar_of(c, doc, SL("author"));
	r->status = scalar_of(c, doc, SL("status"));
	r->level = SIGMA_MEDIUM;
	check_title(c, doc, r);
	if ((n = y_get(doc, SL("level"))) != NULL &&
	    (i = one_of(c, n, levels, 5, "SIG-LEVEL", "level")) >= 0)
		r->level = (enum sigma_level)i;
	if ((n = y_get(doc, SL("status"))) != NULL)
		one_of(c, n, statuses, 5, "SIG-STATUS", "status");
	if (r->id.n != 0 && !is_uuid(r->id)) {
		struct why *w = comp_fault(c, "SIG-ID", y_get(doc, SL("id")));

		why_found(w, "id '%.*s'", SL_ARG(r->id));
		why_wanted(w, "a UUID");
	}
	check_date(c, doc, SL("date"));
	check_date(c, doc, SL("modified"));
	r->tags = text_list(c, doc, SL("tags"), &r->tag_n);
	r->fields = text_list(c, doc, SL("fields"), &r->field_n);
	r->falsepositives = text_list(c, doc, SL("falsepositives"), &r->falsepositive_n);
	check_tags(c, doc);
	check_related(c, doc);
	check_unique(c, doc, &c->rule_ids, SL("id"), r->id, "SIG-DUP-ID");
	check_unique(c, doc, &c->rule_names, SL("name"), r->name, "SIG-DUP-NAME");
	return c->ws->errors == before;
}

static struct slice
ls_part(struct comp *c, const struct ynode *ls, struct slice key)
{
	struct slice s = scalar_of(c, ls, key);

	return s.n != 0 ? text_fold_dup(&c->set->arena, s) : s;
}

uint32_t
attrs_logsource(struct comp *c, const struct ynode *doc)
{
	const struct ynode *ls = y_get(doc, SL("logsource"));
	struct logsource s;
	struct map_slot *m;
	bool is_new;
	struct slice key;

	if (ls == NULL || ls->kind != Y_MAP) {
		struct why *w = comp_fault(c, "SIG-LOGSOURCE", ls != NULL ? ls : doc);

		why_found(w, ls == NULL ? "a rule without a log source" : "a log source that is not a map");
		why_wanted(w, "logsource: with product, category or service");
		return NONE;
	}
	s = (struct logsource){ ls_part(c, ls, SL("product")), ls_part(c, ls, SL("category")), ls_part(c, ls, SL("service")) };
	if (s.product.n + s.category.n + s.service.n == 0) {
		struct why *w = comp_fault(c, "SIG-LOGSOURCE", ls);

		why_found(w, "an empty log source");
		why_wanted(w, "at least one of product, category, service");
		return NONE;
	}
	key = arena_printf(&c->tmp, "%.*s\n%.*s\n%.*s", SL_ARG(s.product), SL_ARG(s.category), SL_ARG(s.service));
	m = map_put(&c->ls_ids, key, &is_new);
	if (is_new) {
		m->u = c->set->sources.n;
		vec_push(&c->set->sources, s);
	}
	return (uint32_t)m->u;
}
