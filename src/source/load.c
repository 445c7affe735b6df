/* SPDX-License-Identifier: Apache-2.0
 *
 * A folder of YAML files → one generation.  Everything or nothing.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "source/source_priv.h"
#include "sys/fd.h"

#define FILE_MAX (4u << 20)
#define SOURCES_MAX 1024

const char *
source_default_dir(void)
{
	const char *dir = getenv("NEZUBAN_SOURCES");
	struct stat st;

	if (dir != NULL && dir[0] != '\0')
		return dir;
	if (stat("sources", &st) == 0 && S_ISDIR(st.st_mode))
		return "sources";
#ifdef NEZUBAN_SOURCE_ROOT
	if (stat(NEZUBAN_SOURCE_ROOT "/sources", &st) == 0)
		return NEZUBAN_SOURCE_ROOT "/sources";
#endif
	return "/usr/share/nezuban/sources";
}

static void
resolve_targets(struct source_set *set)
{
	for (size_t i = 0; i < set->targets.n; i++) {
		struct target *t = set->targets.v[i];
		int id = fieldset_find(set->fs, t->name);

		t->slot = (int16_t)id;
		if (id != FIELD_NONE && id < FIELD_COUNT)
			t->type = (uint8_t)field_table[id].type;
	}
	vec_fini(&set->targets);
}

static bool
first_byte_fits(const struct probe *p, int b)
{
	if (p->program.n != 0)
		return false;
	if (p->starts.n != 0)
		return (unsigned char)p->starts.p[0] == b;
	if (p->shape.n != 0) {
		char s = p->shape.p[0];

		return s == '9' ? b >= '0' && b <= '9' : s == 'a' ? (b | 0x20) >= 'a' && (b | 0x20) <= 'z' : s == b;
	}
	return true;
}

/* Probes that say how a line begins come before those that only search in it. */
static int
probe_rank(const struct probe *p)
{
	return (p->starts.n != 0 || p->shape.n != 0 ? 0 : 2) + (p->has.n != 0 ? 0 : 1);
}

static void
index_probes(struct source_set *set)
{
	for (int b = 0; b < 256; b++) {
		size_t k = 0;

		set->first[b] = arena_array(&set->arena, uint16_t, set->probes.n + 1);
		for (int rank = 0; rank < 4; rank++)
			for (size_t i = 0; i < set->probes.n; i++)
				if (probe_rank(&set->probes.v[i]) == rank && first_byte_fits(&set->probes.v[i], b))
					set->first[b][k++] = (uint16_t)i;
		set->first[b][k] = 0xffff;
	}
	for (size_t i = 0; i < set->probes.n; i++)
		if (set->probes.v[i].program.n != 0) {
			struct map_slot *s = map_put(&set->programs, set->probes.v[i].program, NULL);

			if (s->u == 0)
				s->u = i + 1;
		}
}

static void
compile_text(struct source_set *set, const struct source_text *t, struct whys *ws)
{
	struct compiler c = { .set = set, .file = t->file, .ws = ws };
	struct source *src = &set->source[set->sources];
	struct map_slot *s;
	struct ydocs docs;
	struct arena tmp;
	bool is_new;

	arena_init(&tmp, 0, 64u << 20);
	if (yaml_parse(t->text, t->file, &tmp, &docs, ws) == 0) {
		const struct ynode *root = docs.n == 1 ? docs.v[0] : NULL;

		if (docs.n > 1) {
			why_wanted(whys_add(ws, WHY_ERROR, E_CONFIG, "SRC-ROOT", t->file, 1, 1), "one document in the file");
		} else if (compile_source(&c, root, src) == 0) {
			s = map_put(&set->by_name, src->info.name, &is_new);
			if (!is_new)
				why_wanted(source_fault(&c, y_get(root, SL("source")), "SRC-NAME"), "a name no other file has");
			s->u = (uint64_t)set->sources++;
		}
	}
	arena_fini(&tmp);
}

struct source_set *
source_set_compile(const struct source_text *texts, size_t n, struct fieldset *fs, struct whys *ws)
{
	struct source_set *set = x_calloc(1, sizeof *set);
	size_t errors = ws->errors;

	must(n <= SOURCES_MAX);
	arena_init(&set->arena, 256 * 1024, 0);
	set->fs = fs;
	set->source = arena_array(&set->arena, struct source, n + 1);
	for (size_t i = 0; i < n; i++)
		compile_text(set, &texts[i], ws);
	if (ws->errors != errors) {
		source_set_free(set);
		return NULL;
	}
	resolve_targets(set);
	index_probes(set);
	return set;
}

void
source_set_free(struct source_set *set)
{
	if (set == NULL)
		return;
	map_fini(&set->by_name);
	map_fini(&set->names);
	map_fini(&set->programs);
	vec_fini(&set->targets);
	vec_fini(&set->probes);
	vec_fini(&set->logsources);
	vec_fini(&set->block_lines);
	arena_fini(&set->arena);
	free(set);
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int
list_files(const char *dir, char **ret, size_t max, struct whys *ws)
{
	DIR *d = opendir(dir);
	struct dirent *ent;
	size_t n = 0;

	if (d == NULL) {
		why_wanted(whys_add(ws, WHY_ERROR, E_NOTFOUND, "SRC-DIR", dir, 0, 0), "a folder of source files");
		return E_NOTFOUND;
	}
	while ((ent = readdir(d)) != NULL)
		if (ent->d_name[0] != '.' && slice_ends(slice_str(ent->d_name), SL(".yaml")) && n < max)
			ret[n++] = x_asprintf("%s/%s", dir, ent->d_name);
	closedir(d);
	qsort(ret, n, sizeof *ret, by_text);
	return (int)n;
}

struct source_set *
source_set_load(const char *dir, struct fieldset *fs, struct whys *ws)
{
	static const size_t max = SOURCES_MAX;
	char **file = x_calloc(max, sizeof *file);
	struct source_text *texts = x_calloc(max, sizeof *texts);
	struct buf *bytes = x_calloc(max, sizeof *bytes);
	struct source_set *set = NULL;
	size_t errors = ws->errors;
	int n = list_files(dir, file, max, ws);

	for (int i = 0; i < n; i++) {
		int e = file_read(file[i], &bytes[i], FILE_MAX);

		if (e != 0)
			why_found(whys_add(ws, WHY_ERROR, e, "SRC-READ", file[i], 0, 0), "%s", err_text(e));
		texts[i] = (struct source_text){ file[i], buf_slice(&bytes[i]) };
	}
	if (n == 0)
		why_wanted(whys_add(ws, WHY_ERROR, E_NOTFOUND, "SRC-DIR", dir, 0, 0), "at least one .yaml file");
	if (n > 0 && ws->errors == errors)
		set = source_set_compile(texts, (size_t)n, fs, ws);
	for (int i = 0; i < n; i++) {
		free(file[i]);
		buf_fini(&bytes[i]);
	}
	free(file);
	free(texts);
	free(bytes);
	return set;
}

int
source_count(const struct source_set *set)
{
	return set->sources;
}

const struct source_info *
source_info(const struct source_set *set, int source)
{
	must(source >= 0 && source < set->sources);
	return &set->source[source].info;
}

int
source_find(const struct source_set *set, struct slice name)
{
	struct map_slot *s = map_get(&set->by_name, name);

	return s != NULL ? (int)s->u : E_NOTFOUND;
}

int
source_logsources(const struct source_set *set, const struct source_logsource **ret)
{
	*ret = set->logsources.v;
	return (int)set->logsources.n;
}
