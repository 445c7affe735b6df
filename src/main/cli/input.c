/* SPDX-License-Identifier: Apache-2.0 */
#include "main/cli/input.h"

#include "base/must.h"
#include <stdlib.h>

#include "codec/json.h"

struct input {
	struct fieldset *fs;
	struct arena arena;
	struct json_reader *json;
	struct event *e; /* being built */
};

struct input *
input_new(struct fieldset *fs)
{
	struct input *in = x_calloc(1, sizeof *in);

	in->fs = fs;
	arena_init(&in->arena, 256 * 1024, 0);
	in->json = json_reader_new();
	return in;
}

void
input_free(struct input *in)
{
	if (in == NULL)
		return;
	json_reader_free(in->json);
	arena_fini(&in->arena);
	free(in);
}

void
input_reset(struct input *in)
{
	arena_reset(&in->arena);
}

struct renamed {
	struct slice from, to;
};

/* Whole names of the decoded event log and of winlogbeat. */
static const struct renamed names[] = {
	{ { "System.EventID", 14 }, { "event.code", 10 } },
	{ { "System.EventID.#text", 20 }, { "event.code", 10 } },
	{ { "System.Channel", 14 }, { "winlog.channel", 14 } },
	{ { "System.Computer", 15 }, { "winlog.computer_name", 20 } },
	{ { "System.Provider.#attributes.Name", 32 }, { "winlog.provider_name", 20 } },
	{ { "System.Provider.Name", 20 }, { "winlog.provider_name", 20 } },
	{ { "System.EventRecordID", 20 }, { "winlog.record_id", 16 } },
	{ { "System.TimeCreated.#attributes.SystemTime", 41 }, { "@timestamp", 10 } },
};

static struct slice
with_prefix(struct input *in, struct slice name)
{
	char *p = arena_alloc(&in->arena, name.n + 18);

	memcpy(p, "winlog.event_data.", 18);
	memcpy(p + 18, name.p, name.n);
	return slice_of(p, name.n + 18);
}

static struct slice
drop_tail(struct slice s, struct slice tail)
{
	return slice_ends(s, tail) ? slice_sub(s, 0, s.n - tail.n) : s;
}

static struct slice
event_log_name(struct input *in, struct slice path)
{
	struct slice rest = path;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_eq(path, names[i].from))
			return names[i].to;
	if (slice_starts(path, SL("EventData."))) {
		rest = drop_tail(slice_sub(path, 10, path.n), SL(".#text"));
		return with_prefix(in, rest);
	}
	if (slice_starts(path, SL("UserData."))) {
		rest = slice_sub(path, 9, path.n);
		slice_cut(&rest, '.');
		return with_prefix(in, rest.n != 0 ? rest : slice_sub(path, 9, path.n));
	}
	return arena_dup(&in->arena, path);
}

static void
put(struct input *in, int id, struct slice name, enum json_kind kind, struct slice text)
{
	if (kind == JSON_NULL && id != FIELD_NONE && !event_has(in->e, id)) {
		event_set(in->e, id, SL(""));
		in->e->slot[id].kind = VALUE_NULL;
	} else if (kind == JSON_NULL) {
		return;
	} else if (id != FIELD_NONE && kind == JSON_BOOL && !event_has(in->e, id)) {
		event_set_bool(in->e, id, text.n == 4);
	} else if (id != FIELD_NONE) {
		event_add(in->e, id, text);
	} else {
		event_add_named(in->e, name, text);
	}
}

static void
on_field(void *ctx, struct slice path, enum json_kind kind, struct slice text, bool copied)
{
	struct input *in = ctx;
	int id = fieldset_find(in->fs, path);

	if (copied)
		text = arena_dup(&in->arena, text);
	if (id == FIELD_NONE) {
		if (slice_starts(path, SL("Event.")))
			path = event_log_name(in, slice_sub(path, 6, path.n));
		else if (slice_eq(path, SL("winlog.event_id")))
			path = SL("event.code");
		else
			path = arena_dup(&in->arena, path);
		id = fieldset_find(in->fs, path);
	}
	put(in, id, path, kind, text);
}

int
input_json(struct input *in, struct slice object, struct event *e)
{
	int r;
	struct slice message;

	event_init(e, in->fs, &in->arena);
	event_reset(e, object, 0);
	in->e = e;
	r = json_flatten(in->json, object, on_field, in);
	if (r != 0)
		return r;
	message = event_text(e, F_MESSAGE);
	if (message.n != 0)
		e->line = message;
	event_seal(e);
	return 0;
}

bool
input_next_object(struct slice *text, struct slice *ret)
{
	size_t i = 0, depth = 0;
	bool string = false;

	while (i < text->n && text->p[i] != '{')
		i++;
	*text = slice_sub(*text, i, text->n);
	for (i = 0; i < text->n; i++) {
		char c = text->p[i];

		if (string && c == '\\') {
			i++;
		} else if (c == '"') {
			string = !string;
		} else if (!string && c == '{') {
			depth++;
		} else if (!string && c == '}' && --depth == 0) {
			*ret = slice_sub(*text, 0, i + 1);
			*text = slice_sub(*text, i + 1, text->n);
			return true;
		}
	}
	return false;
}
