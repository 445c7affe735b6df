/* SPDX-License-Identifier: Apache-2.0 */
#include "event/fieldset.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/must.h"

const struct field_info field_table[FIELD_COUNT] = {
#define FIELD(id, name, type, warmth, doc) [F_##id] = { name, FT_##type, FW_##warmth, doc },
#include "tbl/fields.tbl"
#undef FIELD
};

static void
enter(struct fieldset *fs, int id)
{
	uint32_t i = fieldset_hash(fs->name[id]);

	while (fs->bucket[i] != 0)
		i = (i + 1) & (FIELDSET_BUCKETS - 1);
	fs->bucket[i] = (int16_t)(id + 1);
}

struct fieldset *
fieldset_new(void)
{
	struct fieldset *fs = x_calloc(1, sizeof *fs);

	arena_init(&fs->arena, 16 * 1024, 0);
	for (fs->count = 0; fs->count < FIELD_COUNT; fs->count++) {
		fs->name[fs->count] = slice_str(field_table[fs->count].name);
		enter(fs, fs->count);
	}
	return fs;
}

void
fieldset_free(struct fieldset *fs)
{
	if (fs == NULL)
		return;
	arena_fini(&fs->arena);
	free(fs);
}

int
fieldset_find(const struct fieldset *fs, struct slice name)
{
	return fieldset_lookup(fs, name);
}

int
fieldset_add(struct fieldset *fs, struct slice name)
{
	int id = fieldset_lookup(fs, name);

	if (id != FIELD_NONE)
		return id;
	if (fs->count == EVENT_SLOTS)
		return FIELD_NONE;
	id = fs->count++;
	fs->name[id] = arena_dup(&fs->arena, name);
	enter(fs, id);
	return id;
}

int
fieldset_alias(struct fieldset *fs, struct slice name, int id)
{
	int at;

	must(id >= 0 && id < fs->count);
	if (fieldset_lookup(fs, name) != FIELD_NONE)
		return E_EXISTS;
	if (fs->aliases == FIELDSET_ALIASES)
		return E_FULL;
	at = EVENT_SLOTS + fs->aliases;
	fs->alias_of[fs->aliases++] = (int16_t)id;
	fs->name[at] = arena_dup(&fs->arena, name);
	enter(fs, at);
	return 0;
}

int
fieldset_count(const struct fieldset *fs)
{
	return fs->count;
}

struct slice
fieldset_name(const struct fieldset *fs, int id)
{
	must(id >= 0 && id < fs->count);
	return fs->name[id];
}

static struct fieldset *static_names;

static void
make_static_names(void)
{
	static_names = fieldset_new();
}

int
field_find(struct slice name)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_static_names);
	return fieldset_lookup(static_names, name);
}
