/* SPDX-License-Identifier: Apache-2.0
 *
 * Sigma field → slots.  A `vf` is one field name under one row of tbl/sigmamap.tbl; rules share it.
 * Slots are made at the end of compiling, Windows first, so that the plain name of a field Windows has
 * (Image) becomes another name of winlog.event_data.Image: events that carry Sigma's own names as keys
 * land in the same slot.
 */
#include "base/must.h"
#include "sigma/sigma_priv.h"

struct map_row {
	const char *field, *when, *paths;
};

static const struct map_row map_rows[] = {
#define MAP(field, when, paths) { field, when, paths },
#include "tbl/sigmamap.tbl"
#undef MAP
};

#define MAP_ROWS ((int)(sizeof map_rows / sizeof *map_rows))

static bool
when_fits(const char *when, const struct logsource *ls)
{
	struct slice part;

	if (when[0] == '\0')
		return true;
	if (ls == NULL)
		return false;
	part = when[0] == 'p' ? ls->product : when[0] == 'c' ? ls->category : ls->service;
	return slice_eq(part, slice_str(when + 2));
}

static int
row_of(struct slice field, const struct logsource *ls)
{
	int ret = -1;

	for (int i = 0; i < MAP_ROWS; i++)
		if (slice_eq_nocase(slice_str(map_rows[i].field), field) && when_fits(map_rows[i].when, ls))
			ret = i;
	return ret;
}

static bool
is_windows(const struct logsource *ls)
{
	return ls == NULL || slice_eq(ls->product, SL("windows")) || ls->product.n == 0;
}

uint32_t
map_vf(struct comp *c, struct slice field)
{
	struct sigma_set *set = c->set;
	int row = row_of(field, c->ls);
	struct slice low = text_fold_dup(&c->tmp, field);
	struct slice key = arena_printf(&c->tmp, "%d\n%.*s", row, SL_ARG(low));
	bool is_new;
	struct map_slot *m = map_put(&c->vf_ids, key, &is_new);

	if (is_new) {
		m->u = set->vfs.n;
		vec_push(&set->vfs, (struct vf){ .name = arena_dup(&set->arena, field), .row = row });
	}
	set->vfs.v[m->u].windows |= is_windows(c->ls) && slice_find(field, '-') < 0 && slice_find(field, '.') < 0;
	return (uint32_t)m->u;
}

/* Some providers write their names with blanks: "Threat Name" is Sigma's ThreatName. */
static void
alias_with_blanks(struct sigma_set *set, struct slice name, int id)
{
	char out[600];
	size_t n = 18;
	bool any = false;

	memcpy(out, "winlog.event_data.", 18);
	for (size_t i = 0; i < name.n && n < sizeof out - 2; i++) {
		bool upper = name.p[i] >= 'A' && name.p[i] <= 'Z';

		if (upper && i != 0 && name.p[i - 1] >= 'a' && name.p[i - 1] <= 'z') {
			out[n++] = ' ';
			any = true;
		}
		out[n++] = name.p[i];
	}
	if (any)
		fieldset_alias(set->fs, slice_of(out, n), id);
}

static int
own_slot(struct sigma_set *set, const struct vf *f)
{
	char name[300];
	int id = fieldset_find(set->fs, f->name);

	if (id != FIELD_NONE)
		return id;
	if (!f->windows || f->name.n > 250)
		return fieldset_add(set->fs, f->name);
	memcpy(name, "winlog.event_data.", 18);
	memcpy(name + 18, f->name.p, f->name.n);
	id = fieldset_add(set->fs, slice_of(name, 18 + f->name.n));
	if (id != FIELD_NONE) {
		fieldset_alias(set->fs, f->name, id);
		alias_with_blanks(set, f->name, id);
	}
	return id;
}

static int
resolve(struct sigma_set *set, struct vf *f)
{
	struct slice rest = f->row >= 0 ? slice_str(map_rows[f->row].paths) : (struct slice){ NULL, 0 };
	bool replaces = rest.n != 0 && rest.p[0] == '=';
	int id;

	if (replaces) {
		rest = slice_sub(rest, 1, rest.n);
	} else {
		if ((id = own_slot(set, f)) == FIELD_NONE)
			return E_FULL;
		f->path[f->path_n++] = (int16_t)id;
	}
	while (rest.p != NULL && f->path_n < FIELD_PATHS) {
		id = fieldset_add(set->fs, slice_cut(&rest, ' '));
		if (id == FIELD_NONE)
			return E_FULL;
		f->path[f->path_n++] = (int16_t)id;
	}
	if (replaces)
		fieldset_alias(set->fs, f->name, f->path[0]);
	return 0;
}

static int
stated_slots(struct sigma_set *set)
{
	set->slot_product = fieldset_add(set->fs, SL("product"));
	set->slot_category = fieldset_add(set->fs, SL("category"));
	set->slot_service = fieldset_add(set->fs, SL("service"));
	set->slot_event_type = fieldset_add(set->fs, SL("winlog.event_data.EventType"));
	if (set->slot_product < 0 || set->slot_category < 0 || set->slot_service < 0 || set->slot_event_type < 0)
		return E_FULL;
	fieldset_alias(set->fs, SL("EventType"), set->slot_event_type);
	return 0;
}

/* Rows that give a second name to a known slot hold for every event, also when no rule asks for them. */
static void
standing_aliases(struct sigma_set *set)
{
	for (int i = 0; i < MAP_ROWS; i++) {
		struct slice paths = slice_str(map_rows[i].paths), first;
		int id;

		if (paths.p[0] != '=')
			continue;
		paths = slice_sub(paths, 1, paths.n);
		first = slice_cut(&paths, ' ');
		id = fieldset_find(set->fs, first);
		if (id != FIELD_NONE)
			fieldset_alias(set->fs, slice_str(map_rows[i].field), id);
	}
}

int
map_resolve(struct comp *c)
{
	struct sigma_set *set = c->set;
	int r = stated_slots(set);

	standing_aliases(set);
	for (int windows = 1; windows >= 0; windows--)
		for (size_t i = 1; i < set->vfs.n && r == 0; i++)
			if (set->vfs.v[i].windows == (windows != 0))
				r = resolve(set, &set->vfs.v[i]);
	return r;
}

const struct value *
vf_value(const struct vf *f, const struct event *e)
{
	for (uint8_t i = 0; i < f->path_n; i++)
		if (event_has(e, f->path[i]))
			return &e->slot[f->path[i]];
	return NULL;
}
