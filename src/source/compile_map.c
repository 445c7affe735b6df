/* SPDX-License-Identifier: Apache-2.0
 *
 * "to" specifications of the YAML files:
 *
 *   srcip: source.ip
 *   user: [user.name, source.user.name]
 *   proto: {to: network.transport, map: {6: tcp, 17: udp}, else: keep}
 *   url: {to: url, as: url}
 */
#include "source/source_priv.h"

#define TEXT(name) { name, sizeof(name) - 1 }

struct conv_row {
	const char *name;
	const struct slice *sub; /* appended to the base; ends with n == 0 */
	size_t subs;
};

static const struct slice sub_address[] = { TEXT(".address"), TEXT(".ip"), TEXT(".domain") };
static const struct slice sub_user[] = { TEXT(".name"), TEXT(".domain") };
static const struct slice sub_url[] = { TEXT(".original"), TEXT(".scheme"), TEXT(".domain"), TEXT(".port"), TEXT(".path"),
	                                TEXT(".query"), TEXT(".extension"), TEXT(".username"), TEXT(".fragment"), TEXT(".full") };
static const struct slice sub_path[] = { TEXT(".path"), TEXT(".name"), TEXT(".directory"), TEXT(".extension") };
static const struct slice sub_program[] = { TEXT(".executable"), TEXT(".name") };
static const struct slice sub_hashes[] = { TEXT(".hash.md5"), TEXT(".hash.sha1"), TEXT(".hash.sha256"), TEXT(".pe.imphash"),
	                                   TEXT("=related.hash") };
static const struct slice sub_registry[] = { TEXT(".path"), TEXT(".hive"), TEXT(".key"), TEXT(".value") };

#define SUBS(a) a, sizeof a / sizeof *a
static const struct conv_row convs[CV_COUNT] = {
	[CV_TEXT] = { "text", NULL, 0 },
	[CV_LOWER] = { "lower", NULL, 0 },
	[CV_UPPER] = { "upper", NULL, 0 },
	[CV_ADDRESS] = { "address", SUBS(sub_address) },
	[CV_USER] = { "user", SUBS(sub_user) },
	[CV_URL] = { "url", SUBS(sub_url) },
	[CV_PATH] = { "path", SUBS(sub_path) },
	[CV_PROGRAM] = { "program", SUBS(sub_program) },
	[CV_HASHES] = { "hashes", SUBS(sub_hashes) },
	[CV_REGISTRY] = { "registry", SUBS(sub_registry) },
	[CV_TIME] = { "time", NULL, 0 },
	[CV_ZONE] = { "zone", NULL, 0 },
	[CV_SECONDS] = { "seconds", NULL, 0 },
	[CV_MILLI] = { "milliseconds", NULL, 0 },
	[CV_MICRO] = { "microseconds", NULL, 0 },
	[CV_CLOCK] = { "clock", NULL, 0 },
	[CV_HEX] = { "hex", NULL, 0 },
	[CV_LIST] = { "list", NULL, 0 },
	[CV_IPS] = { "ips", NULL, 0 },
};

static const char *const type_names[] = { "keyword", "text", "ip", "long", "double", "bool", "time" };

struct target
source_target(struct compiler *c, struct slice name)
{
	int id = field_find(name);

	return (struct target){
		.name = source_intern(c->set, name),
		.slot = FIELD_NONE,
		.type = id != FIELD_NONE ? (uint8_t)field_table[id].type : FT_KEYWORD,
	};
}

void
source_note_target(struct compiler *c, struct target *t)
{
	vec_push(&c->set->targets, t);
}

static void
compile_subs(struct compiler *c, struct action *a, struct slice base)
{
	const struct conv_row *row = &convs[a->conv];

	a->sub = arena_array(&c->set->arena, struct target, SUBS_MAX);
	for (size_t i = 0; i < row->subs; i++) {
		struct slice s = row->sub[i];

		s = s.p[0] == '=' ? slice_sub(s, 1, s.n)
		                  : arena_printf(&c->set->arena, SL_FMT SL_FMT, SL_ARG(base), SL_ARG(s));
		a->sub[i] = source_target(c, s);
		a->sub[i].add = slice_starts(s, SL("related."));
		source_note_target(c, &a->sub[i]);
	}
}

static int
find_word(struct compiler *c, const struct ynode *n, const char *const *words, size_t count, const char *id)
{
	const char *near;
	struct why *w;

	for (size_t i = 0; i < count; i++)
		if (words[i] != NULL && slice_eq(n->text, slice_str(words[i])))
			return (int)i;
	w = source_fault(c, n, id);
	near = near_word(n->text, words, count);
	why_found(w, SL_FMT, SL_ARG(n->text));
	why_wanted(w, "one of the known words (docs/sources.md)");
	if (near != NULL)
		why_hint(w, "did you mean %s", near);
	return -1;
}

static void
compile_value_map(struct compiler *c, struct action *a, const struct ynode *n)
{
	struct vmap *m;
	int32_t index;

	if (n->kind != Y_MAP) {
		why_wanted(source_fault(c, n, "SRC-MAP"), "a map of value: value");
		return;
	}
	m = vmap_new(&c->set->arena, n->count * 4);
	for (const struct ynode *v = n->child; v != NULL; v = v->next) {
		struct slice keys = arena_dup(&c->set->arena, v->key);
		struct slice value = source_scalar(c, v, "a value");

		/* "6|tcp: …": several keys with one value */
		while (keys.p != NULL && keys.n != 0 && m->n + 1 < m->mask / 2)
			vmap_put(m, slice_cut(&keys, '|'), value, &index);
	}
	a->map = m;
}

static void
compile_flag(struct compiler *c, struct action *a, const struct ynode *v)
{
	bool yes;

	if (slice_eq(v->key, SL("to")))
		return;
	if (!y_bool(v, &yes))
		why_wanted(source_fault(c, v, "SRC-BOOL"), "true or false");
	else if (slice_eq(v->key, SL("add")))
		a->to.add = yes;
	else if (slice_eq(v->key, SL("if_absent")))
		a->to.if_absent = yes;
	else if (slice_eq(v->key, SL("last_word")))
		a->last_word = yes;
	else if (slice_eq(v->key, SL("utc")))
		a->utc = yes;
}

static void
compile_spec_key(struct compiler *c, struct action *a, const struct ynode *v)
{
	const char *names[CV_COUNT];
	int i;

	if (slice_eq(v->key, SL("as"))) {
		for (i = 0; i < CV_COUNT; i++)
			names[i] = convs[i].name;
		if ((i = find_word(c, v, names, CV_COUNT, "SRC-AS")) >= 0)
			a->conv = (uint8_t)i;
	} else if (slice_eq(v->key, SL("type"))) {
		if ((i = find_word(c, v, type_names, sizeof type_names / sizeof *type_names, "SRC-TYPE")) >= 0)
			a->to.type = (uint8_t)i;
	} else if (slice_eq(v->key, SL("format"))) {
		if ((i = timefmt_find(v->text)) < 0)
			why_wanted(source_fault(c, v, "SRC-FORMAT"), "auto, rfc3339, syslog, slash, clf, epoch or us");
		else
			a->format = (uint8_t)i;
	} else if (slice_eq(v->key, SL("split"))) {
		a->sep = v->text.n == 1 ? v->text.p[0] : ',';
	} else if (slice_eq(v->key, SL("strip"))) {
		a->strip = source_scalar(c, v, "the bytes to cut from both ends");
	} else if (slice_eq(v->key, SL("map"))) {
		compile_value_map(c, a, v);
	} else if (slice_eq(v->key, SL("else"))) {
		if (slice_eq(v->text, SL("keep")) || slice_eq(v->text, SL("drop")))
			a->map_keep = v->text.p[0] == 'k';
		else
			a->otherwise = source_scalar(c, v, "keep, drop or a value");
	} else {
		compile_flag(c, a, v);
	}
}

static void
compile_one(struct compiler *c, const struct ynode *n, struct action *a)
{
	static const char *const keys[] = { "to", "as", "map", "else", "type", "format", "split", "strip", "add",
		                            "if_absent", "last_word", "utc" };
	const struct ynode *to = n;
	struct slice name;

	*a = (struct action){ .sep = ',' };
	if (n->kind == Y_MAP) {
		source_check_keys(c, n, keys, sizeof keys / sizeof *keys);
		to = y_get(n, SL("to"));
		if (to == NULL) {
			why_wanted(source_fault(c, n, "SRC-TO"), "a field name under \"to\"");
			return;
		}
	}
	name = source_scalar(c, to, "a field name");
	if (name.p == NULL)
		return;
	a->to = source_target(c, name);
	for (const struct ynode *v = n->kind == Y_MAP ? n->child : NULL; v != NULL; v = v->next)
		compile_spec_key(c, a, v);
	if (slice_starts(name, SL("related.")) || a->conv == CV_LIST || a->conv == CV_IPS)
		a->to.add = true;
	if (a->to.type == FT_TIME && a->conv == CV_TEXT)
		a->conv = CV_TIME;
	if (convs[a->conv].subs != 0)
		compile_subs(c, a, name);
	else
		source_note_target(c, &a->to);
}

struct actions
compile_actions(struct compiler *c, const struct ynode *n)
{
	struct actions as = { 0 };
	const struct ynode *list = n->kind == Y_SEQ ? n->child : n;
	size_t count = n->kind == Y_SEQ ? n->count : 1;

	if (y_is_null(n))
		return as;
	as.v = arena_array(&c->set->arena, struct action, count);
	for (; list != NULL && as.n < count; list = n->kind == Y_SEQ ? list->next : NULL)
		compile_one(c, list, &as.v[as.n++]);
	return as;
}
