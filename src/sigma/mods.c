/* SPDX-License-Identifier: Apache-2.0
 *
 * Value modifiers: "field|mod1|mod2: value" → tree.  Modifiers are rows of a table and are applied left to
 * right to a list of alternatives; each says what it takes, and a wrong type is an error, never a silent
 * conversion.  windash stays one pattern (a class of characters), base64offset makes three alternatives of
 * one predicate group: neither multiplies rules.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "sigma/sigma_priv.h"

#define MODS_MAX 12
#define ALTS_MAX 8

enum takes { TAKES_TEXT, TAKES_NUMBER, TAKES_BOOL, TAKES_ANY };

enum mod_id {
	M_CONTAINS, M_STARTSWITH, M_ENDSWITH, M_ALL, M_CASED, M_EXISTS, M_NEQ, M_RE, M_I, M_M, M_S, M_WINDASH, M_BASE64,
	M_BASE64OFFSET, M_UTF16LE, M_UTF16BE, M_UTF16, M_LT, M_LTE, M_GT, M_GTE, M_PART, M_CIDR, M_EXPAND, M_FIELDREF
};

struct mod {
	const char *name;
	enum mod_id id;
	enum takes takes;
	bool first;           /* must be the first modifier */
	uint8_t part;
};

static const struct mod mods[] = {
	{ "contains", M_CONTAINS, TAKES_TEXT, false, 0 },
	{ "startswith", M_STARTSWITH, TAKES_TEXT, false, 0 },
	{ "endswith", M_ENDSWITH, TAKES_TEXT, false, 0 },
	{ "all", M_ALL, TAKES_ANY, false, 0 },
	{ "cased", M_CASED, TAKES_TEXT, false, 0 },
	{ "exists", M_EXISTS, TAKES_BOOL, true, 0 },
	{ "neq", M_NEQ, TAKES_ANY, false, 0 },
	{ "re", M_RE, TAKES_TEXT, true, 0 },
	{ "i", M_I, TAKES_TEXT, false, 0 },
	{ "ignorecase", M_I, TAKES_TEXT, false, 0 },
	{ "m", M_M, TAKES_TEXT, false, 0 },
	{ "multiline", M_M, TAKES_TEXT, false, 0 },
	{ "s", M_S, TAKES_TEXT, false, 0 },
	{ "dotall", M_S, TAKES_TEXT, false, 0 },
	{ "windash", M_WINDASH, TAKES_TEXT, false, 0 },
	{ "base64", M_BASE64, TAKES_TEXT, false, 0 },
	{ "base64offset", M_BASE64OFFSET, TAKES_TEXT, false, 0 },
	{ "utf16le", M_UTF16LE, TAKES_TEXT, false, 0 },
	{ "wide", M_UTF16LE, TAKES_TEXT, false, 0 },
	{ "utf16be", M_UTF16BE, TAKES_TEXT, false, 0 },
	{ "utf16", M_UTF16, TAKES_TEXT, false, 0 },
	{ "lt", M_LT, TAKES_NUMBER, false, 0 },
	{ "lte", M_LTE, TAKES_NUMBER, false, 0 },
	{ "gt", M_GT, TAKES_NUMBER, false, 0 },
	{ "gte", M_GTE, TAKES_NUMBER, false, 0 },
	{ "minute", M_PART, TAKES_NUMBER, true, PART_MINUTE },
	{ "hour", M_PART, TAKES_NUMBER, true, PART_HOUR },
	{ "day", M_PART, TAKES_NUMBER, true, PART_DAY },
	{ "week", M_PART, TAKES_NUMBER, true, PART_WEEK },
	{ "month", M_PART, TAKES_NUMBER, true, PART_MONTH },
	{ "year", M_PART, TAKES_NUMBER, true, PART_YEAR },
	{ "cidr", M_CIDR, TAKES_TEXT, true, 0 },
	{ "expand", M_EXPAND, TAKES_TEXT, false, 0 },
	{ "fieldref", M_FIELDREF, TAKES_TEXT, false, 0 },
};

#define MODS (sizeof mods / sizeof *mods)

/* One "field|mods" with its place in the file. */
struct item {
	struct slice field;
	uint32_t vf;
	const struct mod *mod[MODS_MAX];
	unsigned mod_col[MODS_MAX];
	size_t mod_n;
	bool all, cased, neq, re, cidr, exists, expand, fieldref, any_text;
	unsigned re_flags;
	uint8_t part, cmp;      /* cmp: OP_LT … OP_GTE, 0 = none */
	const struct ynode *at;
};

static const struct mod *
mod_find(struct slice name)
{
	for (size_t i = 0; i < MODS; i++)
		if (slice_eq(name, slice_str(mods[i].name)))
			return &mods[i];
	return NULL;
}

static bool
item_has(const struct item *it, enum mod_id id)
{
	for (size_t i = 0; i < it->mod_n; i++)
		if (it->mod[i]->id == id)
			return true;
	return false;
}

static void
unknown_mod(struct comp *c, struct slice name, const struct ynode *at, unsigned col)
{
	const char *names[MODS], *near;
	struct why *w = comp_fault_at(c, "SIG-MOD-UNKNOWN", at->key_line, col);

	for (size_t i = 0; i < MODS; i++)
		names[i] = mods[i].name;
	near = near_word(name, names, MODS);
	why_found(w, "modifier '%.*s'", SL_ARG(name));
	why_wanted(w, "a modifier of the specification, such as contains, startswith, re or cidr");
	if (near != NULL)
		why_hint(w, "%s", near);
}

static void
mod_order(struct comp *c, const struct item *it, size_t i, const char *found, const char *wanted)
{
	struct why *w = comp_fault_at(c, "SIG-MOD-ORDER", it->at->key_line, it->mod_col[i]);

	why_found(w, "modifier '%s' %s", it->mod[i]->name, found);
	why_wanted(w, "%s", wanted);
}

static bool
check_order(struct comp *c, const struct item *it)
{
	size_t before = c->ws->errors;

	for (size_t i = 0; i < it->mod_n; i++) {
		enum mod_id id = it->mod[i]->id;

		if (it->mod[i]->first && i != 0)
			mod_order(c, it, i, "behind another", "it as the first modifier");
		if (id == M_EXISTS && it->mod_n != 1)
			mod_order(c, it, i, "together with others", "it alone");
		if ((id == M_I || id == M_M || id == M_S) && !item_has(it, M_RE))
			mod_order(c, it, i, "without 're' before it", "re|i, re|m or re|s");
		if (item_has(it, M_RE) && id != M_RE && id != M_I && id != M_M && id != M_S && id != M_ALL && id != M_NEQ &&
		    id != M_EXPAND && id != M_CASED)
			mod_order(c, it, i, "behind 're'", "only i, m, s, all or neq with a regular expression");
		if (item_has(it, M_CIDR) && id != M_CIDR && id != M_ALL && id != M_NEQ)
			mod_order(c, it, i, "with 'cidr'", "only all or neq with a network");
		if (id == M_EXPAND && i + 1 < it->mod_n && it->mod[i + 1]->id == M_BASE64)
			mod_order(c, it, i, "before 'base64'", "no encoding of a list's values");
	}
	return c->ws->errors == before;
}

static void
item_flags(struct item *it)
{
	for (size_t i = 0; i < it->mod_n; i++) {
		switch (it->mod[i]->id) {
		case M_ALL: it->all = true; break;
		case M_CASED: it->cased = true; break;
		case M_NEQ: it->neq = true; break;
		case M_RE: it->re = true; break;
		case M_I: it->re_flags |= 1; break;
		case M_M: it->re_flags |= 2; break;
		case M_S: it->re_flags |= 4; break;
		case M_CIDR: it->cidr = true; break;
		case M_EXISTS: it->exists = true; break;
		case M_EXPAND: it->expand = true; break;
		case M_FIELDREF: it->fieldref = true; break;
		case M_PART: it->part = it->mod[i]->part; break;
		case M_LT: it->cmp = OP_LT; break;
		case M_LTE: it->cmp = OP_LTE; break;
		case M_GT: it->cmp = OP_GT; break;
		case M_GTE: it->cmp = OP_GTE; break;
		default: it->any_text = true;
		}
	}
}

static bool
item_parse(struct comp *c, const struct ynode *entry, struct item *it)
{
	struct slice rest = entry->key;
	size_t before = c->ws->errors;

	*it = (struct item){ .at = entry };
	it->field = slice_cut(&rest, '|');
	while (rest.p != NULL) {
		unsigned col = entry->key_col + (unsigned)(rest.p - entry->key.p);
		struct slice name = slice_cut(&rest, '|');
		const struct mod *m = mod_find(name);

		if (m == NULL) {
			unknown_mod(c, name, entry, col);
		} else if (it->mod_n == MODS_MAX) {
			why_found(comp_fault_at(c, "SIG-LIMIT", entry->key_line, col), "more than %d modifiers", MODS_MAX);
			break;
		} else {
			it->mod_col[it->mod_n] = col;
			it->mod[it->mod_n++] = m;
		}
	}
	if (c->ws->errors != before || !check_order(c, it))
		return false;
	item_flags(it);
	return true;
}

/* ---- values ---- */

static void
bad_type(struct comp *c, const struct item *it, const struct ynode *v, const char *wanted, const char *hint)
{
	struct why *w = comp_fault(c, "SIG-MOD-TYPE", v);
	const struct mod *m = it->mod_n != 0 ? it->mod[0] : NULL;

	for (size_t i = 0; i < it->mod_n; i++)
		if (it->mod[i]->takes != TAKES_ANY) {
			m = it->mod[i];
			break;
		}
	why_found(w, "'%.*s' under modifier '%s'", SL_ARG(v->text), m != NULL ? m->name : "");
	why_wanted(w, "%s", wanted);
	why_hint(w, "%s", hint);
}

/* 00000429 is a name somebody forgot to quote, not the number 429. */
static bool
is_number(const struct ynode *v, double *ret)
{
	int64_t i;

	if (v->text.n > 1 && v->text.p[0] == '0' && v->text.p[1] >= '0' && v->text.p[1] <= '9')
		return false;
	if (y_i64(v, &i)) {
		*ret = (double)i;
		return true;
	}
	return y_double(v, ret);
}

static struct node *
number_leaf(struct comp *c, const struct item *it, double num, struct slice shown)
{
	struct pred p = { .op = it->cmp != 0 ? it->cmp : OP_NUMBER, .vf = it->vf, .vf2 = NONE, .num = num, .lit = shown,
		.part = it->part, .shown = shown };

	return node_leaf(c, pred_intern(c, &p));
}

static struct node *
cidr_leaf(struct comp *c, const struct item *it, const struct ynode *v)
{
	char tmp[64];
	unsigned char net[16] = { 0 };
	ssize_t cut = slice_find(v->text, '/');
	struct slice addr = cut < 0 ? v->text : slice_sub(v->text, 0, (size_t)cut);
	struct slice len = cut < 0 ? SL("") : slice_sub(v->text, (size_t)cut + 1, v->text.n);
	struct pred p = { .op = OP_CIDR, .vf = it->vf, .vf2 = NONE, .shown = v->text };
	uint64_t bits = 0;
	bool v4, ok = addr.n < sizeof tmp && addr.n != 0;
	struct why *w;

	if (ok) {
		memcpy(tmp, addr.p, addr.n);
		tmp[addr.n] = '\0';
		v4 = strchr(tmp, ':') == NULL;
		ok = inet_pton(v4 ? AF_INET : AF_INET6, tmp, v4 ? net + 12 : net) == 1;
		bits = v4 ? 32 : 128;
		ok = ok && (cut < 0 || (slice_u64(len, &bits) && bits <= (v4 ? 32u : 128u)));
		if (v4) {
			net[10] = net[11] = 0xff;
			bits += 96;
		}
	}
	for (unsigned i = (unsigned)bits; ok && i < 128; i++)
		ok = (net[i / 8] >> (7 - i % 8) & 1) == 0;
	if (!ok) {
		w = comp_fault(c, "SIG-CIDR", v);
		why_found(w, "'%.*s'", SL_ARG(v->text));
		why_wanted(w, "a network such as 192.0.2.0/24 or 2001:db8::/32, host bits zero");
		return NULL;
	}
	p.lit = arena_dup(&c->tmp, slice_of(net, 16));
	p.bits = (uint8_t)bits;
	return node_leaf(c, pred_intern(c, &p));
}

static struct node *
regex_leaf(struct comp *c, const struct item *it, const struct ynode *v)
{
	struct pred p = { .op = OP_REGEX, .vf = it->vf, .vf2 = NONE, .part = (uint8_t)it->re_flags, .shown = v->text };

	p.re = regex_new(c, v->text, it->re_flags, v);
	return p.re != NULL ? node_leaf(c, pred_intern(c, &p)) : NULL;
}

static struct node *
fieldref_leaf(struct comp *c, const struct item *it, const struct ynode *v)
{
	struct pat plain = text_pattern(&c->tmp, v->text, false);
	struct pred p = { .op = OP_FIELDREF, .vf = it->vf, .cased = it->cased, .ref_op = OP_EXACT, .shown = v->text };

	if (!pat_is_plain(&plain) || v->text.n == 0 || it->vf == 0) {
		struct why *w = comp_fault(c, "SIG-MOD-WILDCARD", v);

		why_found(w, "'%.*s' under modifier 'fieldref'", SL_ARG(v->text));
		why_wanted(w, "the plain name of another field");
		return NULL;
	}
	p.vf2 = map_vf(c, v->text);
	p.ref_op = item_has(it, M_CONTAINS) ? OP_CONTAINS : item_has(it, M_STARTSWITH) ? OP_PREFIX :
	           item_has(it, M_ENDSWITH) ? OP_SUFFIX : OP_EXACT;
	return node_leaf(c, pred_intern(c, &p));
}

/* ---- text through its modifiers ---- */

struct alts {
	struct pat v[ALTS_MAX];
	size_t n;
};

static struct pat
pat_lit(struct comp *c, struct slice s)
{
	struct pat p = { arena_new(&c->tmp, struct tok), s.n != 0 };

	p.v[0] = (struct tok){ T_LIT, s };
	return p;
}

static struct pat
pat_wrap(struct comp *c, struct pat p, bool head, bool tail)
{
	struct pat out = { arena_alloc(&c->tmp, (p.n + 2) * sizeof(struct tok)), 0 };

	if (head && (p.n == 0 || p.v[0].kind != T_ANY))
		out.v[out.n++] = (struct tok){ T_ANY, SL("") };
	if (p.n != 0)
		memcpy(out.v + out.n, p.v, p.n * sizeof *p.v);
	out.n += p.n;
	if (tail && (out.n == 0 || out.v[out.n - 1].kind != T_ANY))
		out.v[out.n++] = (struct tok){ T_ANY, SL("") };
	return out;
}

/* Base64 of the value behind 0, 1 and 2 unknown bytes, cut to what does not depend on them. */
static void
base64_offsets(struct comp *c, struct slice s, struct alts *out)
{
	static const size_t from[3] = { 0, 2, 3 }, less[3] = { 0, 3, 2 };

	for (size_t i = 0; i < 3; i++) {
		char *p = arena_alloc(&c->tmp, s.n + 3);
		struct slice enc;
		size_t cut;

		memset(p, ' ', i);
		memcpy(p + i, s.p, s.n);
		enc = text_base64(&c->tmp, slice_of(p, s.n + i));
		cut = less[(s.n + i) % 3];
		out->v[i] = pat_lit(c, slice_sub(enc, from[i], enc.n > cut ? enc.n - cut : 0));
	}
	out->n = 3;
}

static bool
encode(struct comp *c, const struct item *it, enum mod_id id, const struct ynode *v, struct alts *alts)
{
	struct slice s;

	for (size_t i = 0; i < alts->n; i++)
		if (!pat_is_plain(&alts->v[i])) {
			struct why *w = comp_fault(c, "SIG-MOD-WILDCARD", v);

			why_found(w, "a wildcard in '%.*s' before base64", SL_ARG(v->text));
			why_wanted(w, "plain text; put contains behind base64, or write \\* and \\?");
			return false;
		}
	(void)it;
	s = pat_plain(&c->tmp, &alts->v[0]);
	if (id == M_BASE64OFFSET)
		base64_offsets(c, s, alts);
	else
		alts->v[0] = pat_lit(c, text_base64(&c->tmp, s));
	return true;
}

static void
widen(struct comp *c, struct pat *p, enum mod_id id)
{
	struct pat out = { arena_alloc(&c->tmp, p->n * sizeof *p->v + 1), p->n };

	for (size_t i = 0; i < p->n; i++) {
		out.v[i] = p->v[i];
		if (p->v[i].kind == T_LIT)
			out.v[i].lit = text_utf16(&c->tmp, p->v[i].lit, id == M_UTF16BE, id == M_UTF16 && i == 0);
	}
	*p = out;
}

static bool
apply(struct comp *c, const struct item *it, const struct ynode *v, struct alts *alts)
{
	for (size_t m = 0; m < it->mod_n; m++) {
		enum mod_id id = it->mod[m]->id;

		if ((id == M_BASE64 || id == M_BASE64OFFSET) && !encode(c, it, id, v, alts))
			return false;
		for (size_t i = 0; i < alts->n; i++) {
			struct pat *p = &alts->v[i];

			if (id == M_CONTAINS)
				*p = pat_wrap(c, *p, true, true);
			else if (id == M_STARTSWITH)
				*p = pat_wrap(c, *p, false, true);
			else if (id == M_ENDSWITH)
				*p = pat_wrap(c, *p, true, false);
			else if (id == M_WINDASH)
				*p = text_windash(&c->tmp, *p);
			else if (id == M_UTF16LE || id == M_UTF16BE || id == M_UTF16)
				widen(c, p, id);
		}
	}
	return true;
}

static void
note_lists(struct comp *c, const struct pat *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].kind == T_LIST) {
			list_id(c, p->v[i].lit);
			c->rule->lists = true;
		}
}

static struct node *
text_leaf(struct comp *c, const struct item *it, const struct ynode *v)
{
	struct alts alts = { .n = 1 };
	struct node *or = NULL, **link;

	alts.v[0] = text_pattern(&c->tmp, v->text, it->expand);
	if (!apply(c, it, v, &alts))
		return NULL;
	if (it->vf == 0)
		for (size_t i = 0; i < alts.n; i++)
			alts.v[i] = pat_wrap(c, alts.v[i], true, true);
	note_lists(c, &alts.v[0]);
	if (alts.n == 1)
		return node_leaf(c, pred_pattern(c, it->vf, alts.v[0], it->cased, v->text));
	or = node_new(c, N_OR, NULL);
	link = &or->child;
	for (size_t i = 0; i < alts.n; i++) {
		*link = node_leaf(c, pred_pattern(c, it->vf, alts.v[i], it->cased, v->text));
		link = &(*link)->next;
	}
	return or;
}

static struct node *
null_leaf(struct comp *c, const struct item *it, const struct ynode *v)
{
	struct pred p = { .op = OP_NULL, .vf = it->vf, .vf2 = NONE, .shown = SL("null") };

	if (it->vf == 0) {
		struct why *w = comp_fault(c, "SIG-NULL-KEYWORD", v);

		why_found(w, "null without a field");
		why_wanted(w, "a text to search for, or a field in front of it");
		return NULL;
	}
	return node_leaf(c, pred_intern(c, &p));
}

static struct node *
exists_leaf(struct comp *c, const struct item *it, const struct ynode *v)
{
	struct pred p = { .op = OP_EXISTS, .vf = it->vf, .vf2 = NONE };
	struct node *leaf;
	bool yes;

	if (!y_bool(v, &yes) || it->vf == 0) {
		bad_type(c, it, v, "true or false, under a field", "");
		return NULL;
	}
	p.shown = SL("true");
	leaf = node_leaf(c, pred_intern(c, &p));
	return yes ? leaf : node_new(c, N_NOT, leaf);
}

/* One scalar under the item. */
static struct node *
scalar(struct comp *c, const struct item *it, const struct ynode *v)
{
	double num;
	bool b, numeric = is_number(v, &num);

	if (v->kind != Y_SCALAR) {
		struct why *w = comp_fault(c, "SIG-TYPE", v);

		why_found(w, "%s as a value of '%.*s'", y_kind_name(v->kind), SL_ARG(it->at->key));
		why_wanted(w, "text, a number, true, false or null");
		return NULL;
	}
	if (it->exists)
		return exists_leaf(c, it, v);
	if (it->part != PART_NONE || it->cmp != 0) {
		if (!numeric || it->any_text || it->vf == 0) {
			bad_type(c, it, v, "a number without quotes", "");
			return NULL;
		}
		return number_leaf(c, it, num, v->text);
	}
	if (y_is_null(v)) {
		if (it->mod_n == 0 || (it->mod_n == 1 && it->neq))
			return null_leaf(c, it, v);
		bad_type(c, it, v, "text", "null takes no modifier but neq");
		return NULL;
	}
	if (it->re)
		return regex_leaf(c, it, v);
	if (it->cidr)
		return cidr_leaf(c, it, v);
	if (numeric && it->any_text) {
		bad_type(c, it, v, "text", "quote the value or drop the modifier");
		return NULL;
	}
	if (it->fieldref)
		return fieldref_leaf(c, it, v);
	if (numeric && it->vf != 0 && !it->cased && !it->expand)
		return number_leaf(c, it, num, v->text);
	if (y_bool(v, &b) && it->any_text) {
		bad_type(c, it, v, "text", "quote the value or drop the modifier");
		return NULL;
	}
	return text_leaf(c, it, v);
}

static struct node *
list(struct comp *c, const struct item *it, const struct ynode *v)
{
	struct node *n = node_new(c, it->all ? N_AND : N_OR, NULL), **link = &n->child;
	bool ok = true;

	for (const struct ynode *i = v->child; i != NULL; i = i->next) {
		struct node *one;

		if (y_is_null(i) && it->vf != 0) {
			struct why *w = comp_fault(c, "SIG-NULL-LIST", i);

			why_found(w, "null inside the list of '%.*s'", SL_ARG(it->at->key));
			why_wanted(w, "null on its own, in an alternative of its own");
			ok = false;
			continue;
		}
		one = scalar(c, it, i);
		ok = ok && one != NULL;
		if (one != NULL) {
			*link = one;
			while (*link != NULL)
				link = &(*link)->next;
		}
	}
	return ok ? n : NULL;
}

struct node *
mods_item(struct comp *c, const struct ynode *entry)
{
	struct item it;
	struct node *n;

	if (!item_parse(c, entry, &it))
		return NULL;
	it.vf = it.field.n == 0 ? 0 : map_vf(c, it.field);
	if (entry->kind == Y_MAP) {
		struct why *w = comp_fault(c, "SIG-TYPE", entry);

		why_found(w, "a map under '%.*s'", SL_ARG(entry->key));
		why_wanted(w, "a value or a list of values");
		return NULL;
	}
	if (entry->kind == Y_SEQ && entry->count == 0) {
		n = null_leaf(c, &it, entry);
	} else if (entry->kind == Y_SEQ) {
		n = list(c, &it, entry);
	} else {
		if (it.all)
			why_found(comp_warn(c, "SIG-ALL-SINGLE", entry), "'all' on a single value of '%.*s'", SL_ARG(entry->key));
		n = scalar(c, &it, entry);
	}
	return n != NULL && it.neq ? node_new(c, N_NOT, n) : n;
}

struct node *
mods_keyword(struct comp *c, const struct ynode *value)
{
	struct item it = { .at = value };

	return y_is_null(value) ? null_leaf(c, &it, value) : scalar(c, &it, value);
}
