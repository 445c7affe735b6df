/* SPDX-License-Identifier: Apache-2.0
 *
 * Role desk and the log sources: their names, titles and guides, for people who add a device.  The engine compiles the
 * same files (source/); what does not compile there was refused before anybody came here, so a file that cannot be read
 * is only left out.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "codec/yaml.h"
#include "role/desk_role_priv.h"
#include "sys/fd.h"

#define FILE_MAX (1u << 20)

static json_t *
text_of(const struct ynode *map, const char *key)
{
	const struct ynode *n = y_get(map, slice_str(key));
	json_t *o = n != NULL && n->kind == Y_SCALAR ? json_stringn(n->text.p, n->text.n) : NULL;

	return o != NULL ? o : json_string("");
}

static void
read_one(const char *path, json_t *list)
{
	auto_buf struct buf text = { 0 };
	struct whys ws = { .limit = 1 };
	struct ydocs docs = { 0 };
	struct arena a;

	arena_init(&a, 0, 0);
	if (file_read(path, &text, FILE_MAX) == 0 && yaml_parse(buf_slice(&text), path, &a, &docs, &ws) == 0)
		for (size_t i = 0; i < docs.n; i++) {
			const struct ynode *guide = y_get(docs.v[i], SL("guide"));
			json_t *o;

			if (y_get(docs.v[i], SL("source")) == NULL)
				continue;
			o = json_pack("{s:o, s:o}", "id", text_of(docs.v[i], "source"), "title", text_of(docs.v[i], "title"));
			json_object_set_new(o, "guide", guide != NULL ? json_pack("{s:o, s:o}", "ja", text_of(guide, "ja"), "en", text_of(guide, "en")) : json_null());
			json_array_append_new(list, o);
		}
	whys_fini(&ws);
	arena_fini(&a);
}

static int
is_yaml(const struct dirent *e)
{
	size_t n = strlen(e->d_name);

	return e->d_name[0] != '.' && n > 5 && strcmp(e->d_name + n - 5, ".yaml") == 0;
}

json_t *
desk_sources_read(const char *folder)
{
	json_t *list = json_array();
	struct dirent **names = NULL;
	int n = scandir(folder, &names, is_yaml, alphasort);

	for (int i = 0; i < n; i++) {
		auto_free char *path = x_asprintf("%s/%s", folder, names[i]->d_name);

		read_one(path, list);
		free(names[i]);
	}
	free(names);
	return list;
}

bool
desk_source_is_known(const struct desk_role *dr, const char *id)
{
	const json_t *o;
	size_t i;

	json_array_foreach(dr->sources, i, o)
		if (strcmp(json_string_value(json_object_get(o, "id")), id) == 0)
			return true;
	return false;
}
