/* SPDX-License-Identifier: Apache-2.0
 *
 * Role desk and the rules: their ids and titles, so that an exception names a rule there is.  The engine compiles the same files; here only
 * two lines of each are looked at, so that ten thousand rules cost a start next to nothing.
 */
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/must.h"
#include "role/desk_people_priv.h"
#include "sys/fd.h"

#define FILE_MAX (1u << 20)

/* "id: X" at the margin of a line; quotes are taken off. */
static bool
line_is(struct slice line, const char *key, struct slice *ret)
{
	size_t n = strlen(key);

	if (!slice_starts(line, slice_str(key)))
		return false;
	*ret = slice_trim(slice_sub(line, n, line.n));
	if (ret->n >= 2 && (ret->p[0] == '"' || ret->p[0] == '\'') && ret->p[ret->n - 1] == ret->p[0])
		*ret = slice_sub(*ret, 1, ret->n - 1);
	return ret->n != 0;
}

static void
read_one(const char *path, json_t *ids)
{
	auto_buf struct buf text = { 0 };
	struct slice rest, line, v, title = SL(""), id = SL("");

	if (file_read(path, &text, FILE_MAX) != 0)
		return;
	for (rest = buf_slice(&text); rest.n != 0;) {
		line = slice_cut(&rest, '\n');
		if (slice_starts(line, SL("---")))
			title = id = SL("");
		else if (line_is(line, "title:", &v))
			title = v;
		else if (line_is(line, "id:", &v))
			id = v;
		else
			continue;
		if (id.n != 0) {
			json_t *name = json_stringn(title.p, title.n);
			auto_free char *key = x_asprintf("%.*s", (int)id.n, id.p);

			json_object_set_new(ids, key, name != NULL ? name : json_string(""));
		}
	}
}

json_t *
desk_rules_read(const char *folder, const char *more)
{
	char *const roots[] = { (char *)(uintptr_t)folder, more[0] != '\0' ? (char *)(uintptr_t)more : NULL, NULL };
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	json_t *ids = json_object();
	FTSENT *e;

	while (walk != NULL && (e = fts_read(walk)) != NULL)
		if (e->fts_info == FTS_F && e->fts_name[0] != '.' && (slice_ends(slice_str(e->fts_name), SL(".yml")) || slice_ends(slice_str(e->fts_name), SL(".yaml"))))
			read_one(e->fts_path, ids);
	if (walk != NULL)
		fts_close(walk);
	return ids;
}

/* By id or title; heap, with the id, or NULL. */
static char *
nearest(const json_t *ids, const char *word)
{
	const char *key, *near, **words = x_calloc(json_object_size(ids) * 2 + 1, sizeof *words);
	char *found = NULL;
	size_t n = 0;
	json_t *v;

	json_object_foreach((json_t *)ids, key, v) {
		words[n++] = key;
		words[n++] = json_string_value(v);
	}
	near = near_word(slice_str(word), words, n);
	for (size_t i = 0; i < n && near != NULL && found == NULL; i += 2)
		if (words[i] == near || words[i + 1] == near)
			found = x_asprintf("%s (%s)", words[i], words[i + 1]);
	free(words);
	return found;
}

bool
desk_rule_is_known(const struct desk_role *dr, const char *id)
{
	/* a list of indicators is known to role intel alone */
	return json_object_size(dr->rules) == 0 || json_object_get(dr->rules, id) != NULL || (strncmp(id, "intel:", 6) == 0 && id[6] != '\0' && strchr(id, '*') == NULL);
}

/* Which rules there are is this machine's affair and not the journal's. */
void
asking_with_rule(struct asking *q)
{
	const char *rule = asking_arg(q, "rule");

	if (rule[0] == '\0' || desk_rule_is_known(q->dr, rule)) {
		asking_to_desk(q);
		return;
	}
	auto_free char *near = nearest(q->dr->rules, rule), *detail = x_asprintf("there is no rule of this id%s%s", near != NULL ? "; near it: " : "", near != NULL ? near : "");

	asking_no(q, 422, "invalid", "rule", detail);
}
