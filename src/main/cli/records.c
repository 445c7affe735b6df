/* SPDX-License-Identifier: Apache-2.0 */
#include "main/cli/records.h"

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

struct records {
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

struct records *
records_open(const char *kind, const char *const *paths, size_t count)
{
	static const char *const kinds[] = { "lines", "ndjson", "evtx" };

	for (int i = 0; i < 3; i++)
		if (strcmp(kind, kinds[i]) == 0) {
			struct records *in = x_calloc(1, sizeof *in);

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
close_file(struct records *in)
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
open_evtx(struct records *in)
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
open_next(struct records *in)
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
fill(struct records *in)
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
next_line(struct records *in, struct slice *ret)
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
message_of(struct records *in, struct slice line)
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
next_evtx(struct records *in, struct slice *ret)
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
records_next(struct records *in, struct slice *ret)
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
records_where(const struct records *in)
{
	return in->where;
}

void
records_close(struct records *in)
{
	if (in == NULL)
		return;
	close_file(in);
	buf_fini(&in->raw);
	buf_fini(&in->record);
	free(in);
}
