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
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <libevtx.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/must.h"
#include "sys/fd.h"

#define READ_STEP (256u * 1024)
#define RECORD_MAX (64u << 20)

enum kind { LINES, NDJSON, EVTX };

struct input {
	enum kind kind;
	const char *const *paths;
	size_t count, at;       /* at: next file to open */
	const char *where;
	int fd;
	bool eof;
	struct buf raw;         /* read, from `from` on not yet given out */
	size_t from;
	struct buf record;
	libevtx_file_t *evtx;
	int evtx_n, evtx_at;
};

static const char *const standard_input[] = { "-" };

struct input *
input_open(const char *kind, const char *const *paths, size_t count)
{
	static const char *const kinds[] = { "lines", "ndjson", "evtx" };

	for (int i = 0; i < 3; i++)
		if (strcmp(kind, kinds[i]) == 0) {
			struct input *in = x_calloc(1, sizeof *in);

			in->kind = (enum kind)i;
			in->paths = count != 0 ? paths : standard_input;
			in->count = count != 0 ? count : 1;
			in->fd = -1;
			in->where = in->paths[0];
			return in;
		}
	return NULL;
}

static void
close_file(struct input *in)
{
	if (in->fd > STDIN_FILENO)
		close(in->fd);
	in->fd = -1;
	if (in->evtx != NULL)
		libevtx_file_free(&in->evtx, NULL);
	in->evtx = NULL;
	in->eof = false;
	buf_clear(&in->raw);
	in->from = 0;
}

static int
open_evtx(struct input *in)
{
	if (libevtx_file_initialize(&in->evtx, NULL) != 1)
		return E_IO;
	if (libevtx_file_open(in->evtx, in->where, LIBEVTX_OPEN_READ, NULL) != 1
	    || libevtx_file_get_number_of_records(in->evtx, &in->evtx_n, NULL) != 1) {
		close_file(in);
		return access(in->where, R_OK) == 0 ? E_CORRUPT : E_NOTFOUND;
	}
	in->evtx_at = 0;
	return 1;
}

/* Opens the next file: 1, 0 when there is none, or a fault. */
static int
open_next(struct input *in)
{
	if (in->at == in->count)
		return 0;
	in->where = in->paths[in->at++];
	if (in->kind == EVTX)
		return open_evtx(in);
	in->fd = strcmp(in->where, "-") == 0 ? STDIN_FILENO : open(in->where, O_RDONLY | O_CLOEXEC);
	return in->fd >= 0 ? 1 : errno == ENOENT ? E_NOTFOUND : E_IO;
}

static int
fill(struct input *in)
{
	ssize_t n;

	if (in->from != 0) {
		buf_drop_front(&in->raw, in->from);
		in->from = 0;
	}
	buf_reserve(&in->raw, READ_STEP);
	do
		n = read(in->fd, in->raw.p + in->raw.n, READ_STEP);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return E_IO;
	in->raw.n += (size_t)n;
	in->eof = n == 0;
	return 0;
}

static int
next_line(struct input *in, struct slice *ret)
{
	size_t searched = 0;

	for (;;) {
		const char *from = in->raw.p + in->from, *nl;
		size_t left = in->raw.n - in->from;
		int e;

		nl = left > searched ? memchr(from + searched, '\n', left - searched) : NULL;
		if (nl != NULL || (in->eof && left != 0) || left > RECORD_MAX) {
			size_t n = nl != NULL ? (size_t)(nl - from) : left;

			*ret = slice_of(from, n);
			in->from += n + (nl != NULL);
			if (ret->n != 0 && ret->p[ret->n - 1] == '\r')
				ret->n--;
			return 1;
		}
		if (in->eof)
			return 0;
		searched = left;
		if ((e = fill(in)) != 0)
			return e;
	}
}

/* The member "message" of an ndjson line; the line itself when it has none. */
static struct slice
message_of(struct input *in, struct slice line)
{
	json_t *doc = json_loadb(line.p, line.n, JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, NULL);
	json_t *message = json_object_get(doc, "message");

	buf_clear(&in->record);
	if (json_is_string(message)) {
		buf_put(&in->record, json_string_value(message), json_string_length(message));
		line = buf_slice(&in->record);
	}
	json_decref(doc);
	return line;
}

/* libevtx writes hexadecimal numbers with all their zeros (0x00000000000003e7), Windows without (0x3e7), and rules
 * name them as Windows does. */
static void
unpad_hex(struct buf *xml)
{
	size_t n = 0;

	for (size_t i = 0; i < xml->n; i++) {
		xml->p[n++] = xml->p[i];
		if (xml->p[i] != 'x' || i < 2 || xml->p[i - 1] != '0' || xml->p[i - 2] != '>')
			continue;
		while (i + 2 < xml->n && xml->p[i + 1] == '0' && xml->p[i + 2] != '<')
			i++;
	}
	xml->n = n;
}

static int
next_evtx(struct input *in, struct slice *ret)
{
	while (in->evtx_at < in->evtx_n) {
		libevtx_record_t *record = NULL;
		size_t n = 0;

		if (libevtx_file_get_record_by_index(in->evtx, in->evtx_at++, &record, NULL) != 1)
			return E_CORRUPT;
		buf_clear(&in->record);
		if (libevtx_record_get_utf8_xml_string_size(record, &n, NULL) == 1 && n > 1) {
			buf_reserve(&in->record, n);
			if (libevtx_record_get_utf8_xml_string(record, (uint8_t *)in->record.p, n, NULL) == 1)
				in->record.n = n - 1;
		}
		libevtx_record_free(&record, NULL);
		if (in->record.n == 0)
			return E_CORRUPT;
		unpad_hex(&in->record);
		*ret = buf_slice(&in->record);
		return 1;
	}
	return 0;
}

int
input_next(struct input *in, struct slice *ret)
{
	int r;

	for (;;) {
		if (in->fd < 0 && in->evtx == NULL && (r = open_next(in)) <= 0)
			return r;
		r = in->kind == EVTX ? next_evtx(in, ret) : next_line(in, ret);
		if (r == 1 && in->kind == NDJSON)
			*ret = message_of(in, *ret);
		if (r != 0)
			return r;
		close_file(in);
	}
}

const char *
input_where(const struct input *in)
{
	return in->where;
}

void
input_close(struct input *in)
{
	if (in == NULL)
		return;
	close_file(in);
	buf_fini(&in->raw);
	buf_fini(&in->record);
	free(in);
}
