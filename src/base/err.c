/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/utf8.h"

static const char *const names[] = {
	"OK",
#define ERR(name, text) #name,
#include "tbl/errors.tbl"
#undef ERR
};

static const char *const texts[] = {
	"done",
#define ERR(name, text) text,
#include "tbl/errors.tbl"
#undef ERR
};

static size_t
row_of(int code)
{
	size_t row = code <= 0 ? (size_t)-(long)code : sizeof names / sizeof *names;

	return row < sizeof names / sizeof *names ? row : sizeof names / sizeof *names;
}

const char *
err_name(int code)
{
	size_t row = row_of(code);

	return row < sizeof names / sizeof *names ? names[row] : "UNKNOWN";
}

const char *
err_text(int code)
{
	size_t row = row_of(code);

	return row < sizeof texts / sizeof *texts ? texts[row] : "unknown error";
}

struct why *
whys_add(struct whys *ws, enum why_level level, int code, const char *id, const char *file,
         unsigned line, unsigned col)
{
	static _Thread_local struct why spill;
	size_t limit = ws->limit != 0 ? ws->limit : 1000;
	struct why *w = &spill;

	if (level == WHY_ERROR)
		ws->errors++;
	if (ws->list.n < limit) {
		vec_push(&ws->list, (struct why){ 0 });
		w = &ws->list.v[ws->list.n - 1];
	}
	*w = (struct why){ .level = level, .code = code, .id = id, .line = line, .col = col };
	snprintf(w->file, sizeof w->file, "%s", file != NULL ? file : "-");
	return w;
}

void
whys_fini(struct whys *ws)
{
	vec_fini(&ws->list);
	ws->errors = 0;
}

/* Control bytes of hostile text must not reach a terminal, bytes that are no UTF-8 not JSON; a character that was cut at the end
 * of the field goes altogether. */
static void
tame(char *s, size_t size)
{
	size_t n = strlen(s), len;
	bool full = n + 1 == size;
	uint32_t code;

	for (size_t i = 0; i < n; i += len) {
		len = utf8_next(slice_of(s + i, n - i), &code);
		if (code == UTF8_BAD && len == 1 && full && n - i < 4) {
			s[i] = '\0';
			return;
		}
		if ((code == UTF8_BAD && len == 1) || code < 0x20 || code == 0x7f)
			s[i] = '?';
	}
}

#define FILL(field)                                                                                \
	do {                                                                                       \
		va_list ap;                                                                        \
		va_start(ap, fmt);                                                                 \
		vsnprintf(w->field, sizeof w->field, fmt, ap);                                     \
		va_end(ap);                                                                        \
		tame(w->field, sizeof w->field);                                                  \
	} while (0)

void
why_found(struct why *w, const char *fmt, ...)
{
	FILL(found);
}

void
why_wanted(struct why *w, const char *fmt, ...)
{
	FILL(wanted);
}

void
why_hint(struct why *w, const char *fmt, ...)
{
	FILL(hint);
}

void
why_print(const struct why *w, struct buf *out)
{
	buf_put_str(out, w->file);
	if (w->line != 0)
		buf_printf(out, ":%u:%u", w->line, w->col);
	buf_printf(out, ": %s[%s]: %s", w->level == WHY_ERROR ? "error" : "warning",
	           w->id != NULL ? w->id : err_name(w->code), w->found);
	if (w->wanted[0] != '\0')
		buf_printf(out, "; wanted %s", w->wanted);
	if (w->hint[0] != '\0')
		buf_printf(out, "; %s", w->hint);
}

/* Edit distance with two rows (Wagner, Fischer 1974). Words longer than 63 bytes are cut. */
static size_t
distance(struct slice a, struct slice b)
{
	size_t row[64];
	size_t an = a.n < 63 ? a.n : 63, bn = b.n < 63 ? b.n : 63;

	for (size_t j = 0; j <= bn; j++)
		row[j] = j;
	for (size_t i = 1; i <= an; i++) {
		size_t diag = row[0];

		row[0] = i;
		for (size_t j = 1; j <= bn; j++) {
			size_t sub = diag + (a.p[i - 1] != b.p[j - 1]);
			size_t best = row[j] + 1 < row[j - 1] + 1 ? row[j] + 1 : row[j - 1] + 1;

			diag = row[j];
			row[j] = sub < best ? sub : best;
		}
	}
	return row[bn];
}

const char *
near_word(struct slice word, const char *const *words, size_t count)
{
	size_t best = word.n / 3 + 1;
	const char *ret = NULL;

	for (size_t i = 0; i < count; i++) {
		size_t d = distance(word, slice_str(words[i]));

		if (d < best || (d == best && ret == NULL && d <= word.n / 3)) {
			best = d;
			ret = words[i];
		}
	}
	return ret;
}
