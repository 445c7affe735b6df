/* SPDX-License-Identifier: Apache-2.0
 *
 * Reads the lists people publish.  The form is told from the text, not from the file's name:
 *
 *     plain   one value a line; '#', ';', '//' and '!' begin comments
 *     hosts   "0.0.0.0 bad.example [more.example …]"
 *     TSV     value TAB name of the list (maltrail); or a "#fields" line (Zeek's intel files)
 *     CSV     a head line with a known name of a column, also behind a '#' (abuse.ch); quotes as RFC 4180
 *
 * Each may come as one zstd frame.  A bad line costs that line.
 */
#include <stdio.h>
#include <zstd.h>

#include "base/clock.h"
#include "base/err.h"
#include "intel/build_priv.h"

#define COLUMNS_MAX 64
#define LINE_MAX_ 65536

enum role { C_VALUE, C_LIST, C_CONFIDENCE, C_EXPIRES, C_ROLES };

/* Names of columns, best first. */
static const struct { const char *name; enum role role; } known[] = {
	{ "indicator", C_VALUE }, { "ioc_value", C_VALUE }, { "ioc", C_VALUE }, { "value", C_VALUE },
	{ "url", C_VALUE }, { "sha256_hash", C_VALUE }, { "sha256", C_VALUE }, { "sha1_hash", C_VALUE },
	{ "md5_hash", C_VALUE }, { "dst_ip", C_VALUE }, { "ip_address", C_VALUE }, { "ip", C_VALUE },
	{ "domain", C_VALUE }, { "host", C_VALUE }, { "hostname", C_VALUE }, { "address", C_VALUE },
	{ "md5", C_VALUE }, { "sha1", C_VALUE },
	{ "malware_printable", C_LIST }, { "malware", C_LIST }, { "family", C_LIST }, { "threat", C_LIST },
	{ "signature", C_LIST }, { "list", C_LIST }, { "source", C_LIST }, { "meta.source", C_LIST }, { "tags", C_LIST },
	{ "confidence_level", C_CONFIDENCE }, { "confidence", C_CONFIDENCE },
	{ "valid_until", C_EXPIRES }, { "expires", C_EXPIRES }, { "expiration", C_EXPIRES },
};

struct reader {
	struct intel_builder *b;
	const char *file;
	const struct intel_list *list;
	struct intel_tally *tally;
	struct whys *ws;
	unsigned line;
	char separator;              /* of columns; 0 = no table */
	bool past_head;              /* the first line that is no comment was read */
	int column[C_ROLES];         /* -1 = not there */
	char name[256];              /* list named by the line */
};

/* ---- lines of a table ---- */

/* Cuts one line into fields; quoted fields lose their quotes in place of tmp. */
static unsigned
split(struct slice line, char separator, struct slice *ret, char *tmp)
{
	unsigned n = 0;
	size_t i = 0;

	while (n < COLUMNS_MAX && i <= line.n) {
		char *from = tmp;

		while (separator == ',' && i < line.n && line.p[i] == ' ')
			i++;
		if (separator == ',' && i < line.n && line.p[i] == '"') {
			for (i++; i < line.n && (line.p[i] != '"' || (i + 1 < line.n && line.p[i + 1] == '"')); i++) {
				i += line.p[i] == '"';
				*tmp++ = line.p[i];
			}
			ret[n++] = slice_of(from, (size_t)(tmp - from));
			while (i < line.n && line.p[i] != separator)
				i++;
		} else {
			size_t start = i;

			while (i < line.n && line.p[i] != separator)
				i++;
			ret[n++] = slice_trim(slice_sub(line, start, i));
		}
		i++;
	}
	return n;
}

/* Is this the head line of a table? Then the reader knows its columns. */
static bool
take_head(struct reader *r, struct slice line, char separator)
{
	struct slice field[COLUMNS_MAX];
	char tmp[LINE_MAX_] __attribute__((uninitialized));
	int column[C_ROLES] = { -1, -1, -1, -1 };
	unsigned n;

	if (line.n >= sizeof tmp)
		return false;
	n = split(line, separator, field, tmp);
	for (size_t k = 0; k < sizeof known / sizeof *known; k++)
		for (unsigned i = 0; i < n; i++)
			if (column[known[k].role] < 0 && slice_eq_nocase(field[i], slice_str(known[k].name)))
				column[known[k].role] = (int)i;
	if (column[C_VALUE] < 0 || n < 2)
		return false;
	memcpy(r->column, column, sizeof column);
	r->separator = separator;
	return true;
}

static bool
is_comment(struct slice s)
{
	return s.n == 0 || s.p[0] == '#' || s.p[0] == ';' || s.p[0] == '!' ||
	       (s.n >= 2 && s.p[0] == '/' && s.p[1] == '/' && s.n >= 3 && s.p[2] == ' ');
}

/* The head is the first line that is no plain comment; abuse.ch writes it as the last comment. */
static void
find_head(struct reader *r, struct slice text)
{
	for (int i = 0; i < 200 && text.n != 0; i++) {
		struct slice line = slice_trim(slice_cut(&text, '\n')), body = line;
		bool comment = is_comment(line);

		while (body.n != 0 && (body.p[0] == '#' || body.p[0] == ' '))
			body = slice_sub(body, 1, body.n);
		if (slice_starts(line, SL("#fields\t")) && take_head(r, slice_sub(line, 8, line.n), '\t'))
			return;
		if (slice_find(body, ',') >= 0 && take_head(r, body, ','))
			return;
		if (!comment)
			return;
	}
}

/* ---- one value ---- */

static void
fault(struct reader *r, int code, struct slice value, const char *reason)
{
	struct why *w;

	r->tally->refused++;
	if (r->ws == NULL)
		return;
	w = whys_add(r->ws, WHY_WARNING, code, "INTEL-VALUE", r->file, r->line, 1);
	if (w == NULL)
		return;
	why_found(w, "%.*s", (int)(value.n < 120 ? value.n : 120), value.p);
	why_wanted(w, "an indicator; this is %s", reason);
}

static void
add(struct reader *r, struct slice value, const struct intel_list *list)
{
	const char *reason = "";
	int e;

	if (list->expires_ns != 0 && list->expires_ns <= r->b->now_ns) {
		r->tally->expired++;
		return;
	}
	e = intel_add(r->b, value, list, &reason);
	if (e == 0) {
		r->tally->added++;
		r->tally->type[r->b->last_type]++;
	} else if (e == E_EXISTS) {
		r->tally->repeated++;
	} else {
		fault(r, e, value, reason);
	}
}

static const char *
named(struct reader *r, struct slice name, const char *otherwise)
{
	if (name.n == 0)
		return otherwise;
	snprintf(r->name, sizeof r->name, "%.*s", (int)(name.n < 255 ? name.n : 255), name.p);
	return r->name;
}

static int64_t
read_expiry(struct slice s)
{
	char text[32];
	int64_t ns;

	if (time_parse_rfc3339(s, &ns) == 0)
		return ns;
	if (s.n == 10 || s.n == 19) { /* a date, or a time without zone: UTC */
		int n = snprintf(text, sizeof text, "%.*s%s", (int)s.n, s.p, s.n == 10 ? "T00:00:00Z" : "Z");

		if (time_parse_rfc3339(slice_of(text, (size_t)n), &ns) == 0)
			return ns;
	}
	return 0;
}

static void
add_row(struct reader *r, struct slice line)
{
	struct slice field[COLUMNS_MAX], v[C_ROLES] = { { NULL, 0 } };
	struct intel_list list = *r->list;
	char tmp[LINE_MAX_] __attribute__((uninitialized));
	uint64_t confidence;
	unsigned n = line.n < sizeof tmp ? split(line, r->separator, field, tmp) : 0;

	for (int k = 0; k < C_ROLES; k++)
		if (r->column[k] >= 0 && (unsigned)r->column[k] < n)
			v[k] = field[r->column[k]];
	if (v[C_VALUE].n == 0) {
		fault(r, E_SYNTAX, line, "a row without the column of the value");
		return;
	}
	list.name = named(r, v[C_LIST], list.name);
	if (slice_u64(v[C_CONFIDENCE], &confidence) && confidence <= 100 && confidence > 0)
		list.confidence = (uint8_t)confidence;
	if (v[C_EXPIRES].n != 0)
		list.expires_ns = read_expiry(v[C_EXPIRES]);
	add(r, v[C_VALUE], &list);
}

static bool
is_hosts_address(struct slice s)
{
	return slice_eq(s, SL("0.0.0.0")) || slice_eq(s, SL("127.0.0.1")) || slice_eq(s, SL("::1")) ||
	       slice_eq(s, SL("::")) || slice_eq(s, SL("255.255.255.255")) || slice_eq(s, SL("fe80::1%lo0"));
}

/* The next word of a line cut at blanks. */
static struct slice
word(struct slice *rest)
{
	size_t i = 0;
	struct slice w;

	while (i < rest->n && (rest->p[i] == ' ' || rest->p[i] == '\t'))
		i++;
	*rest = slice_sub(*rest, i, rest->n);
	for (i = 0; i < rest->n && rest->p[i] != ' ' && rest->p[i] != '\t'; i++)
		;
	w = slice_sub(*rest, 0, i);
	*rest = slice_sub(*rest, i, rest->n);
	return w;
}

static bool
add_hosts(struct reader *r, struct slice line)
{
	struct slice rest = line, w = word(&rest);

	if (!is_hosts_address(w) || slice_trim(rest).n == 0)
		return false;
	while ((w = word(&rest)).n != 0 && w.p[0] != '#')
		if (!slice_eq(w, SL("localhost")) && !slice_eq(w, SL("localhost.localdomain")) &&
		    !slice_eq(w, SL("local")) && !slice_eq(w, SL("broadcasthost")) && !is_hosts_address(w))
			add(r, w, r->list);
	return true;
}

static void
add_plain(struct reader *r, struct slice line)
{
	struct intel_list list = *r->list;
	ssize_t tab = slice_find(line, '\t'), comment;

	if ((line.p[0] <= '9' || line.p[0] == ':' || line.p[0] == 'f') && add_hosts(r, line))
		return;
	if (tab > 0) {
		struct slice rest = slice_sub(line, (size_t)tab + 1, line.n);

		list.name = named(r, slice_trim(slice_cut(&rest, '\t')), list.name);
		line.n = (size_t)tab;
	} else {
		comment = slice_find_slice(line, SL(" #"));
		if (comment > 0)
			line.n = (size_t)comment;
	}
	add(r, slice_trim(line), &list);
}

static void
read_lines(struct reader *r, struct slice text)
{
	while (text.n != 0) {
		struct slice line = slice_trim(slice_cut(&text, '\n'));

		r->line++;
		r->tally->lines++;
		if (is_comment(line))
			continue;
		if (r->separator == 0)
			add_plain(r, line);
		else if (r->past_head || !take_head(r, line, r->separator))
			add_row(r, line);
		r->past_head = true;
	}
}

int
intel_unpack(struct slice text, struct buf *out)
{
	ZSTD_DStream *z = ZSTD_createDStream();
	ZSTD_inBuffer in = { text.p, text.n, 0 };
	size_t left = 1;
	int r = 0;

	must(z != NULL);
	ZSTD_DCtx_setParameter(z, ZSTD_d_windowLogMax, 27);
	while (r == 0 && left != 0) {
		ZSTD_outBuffer to;

		buf_reserve(out, 1 << 20);
		to = (ZSTD_outBuffer){ out->p + out->n, 1 << 20, 0 };
		left = ZSTD_decompressStream(z, &to, &in);
		out->n += to.pos;
		if (ZSTD_isError(left) || (left != 0 && in.pos == in.size && to.pos == 0))
			r = E_CORRUPT;
		else if (out->n > INTEL_LIST_MAX || (out->n > (64u << 20) && out->n / 200 > text.n))
			r = E_TOOBIG;
	}
	ZSTD_freeDStream(z);
	return r;
}

int
intel_read(struct intel_builder *b, struct slice text, const char *file, const struct intel_list *list,
           struct intel_tally *ret_tally, struct whys *ws)
{
	static const unsigned char zstd[4] = { 0x28, 0xb5, 0x2f, 0xfd };
	auto_buf struct buf plain = { 0 };
	struct reader r = { .b = b, .file = file, .list = list, .tally = ret_tally, .ws = ws };
	int e;

	if (text.n >= 4 && memcmp(text.p, zstd, 4) == 0) {
		e = intel_unpack(text, &plain);
		if (e != 0)
			return e;
		text = buf_slice(&plain);
	}
	if (text.n > INTEL_LIST_MAX)
		return E_TOOBIG;
	if (text.n != 0 && memchr(text.p, '\0', text.n < 4096 ? text.n : 4096) != NULL)
		return E_CORRUPT;
	if (slice_starts(text, SL("\xef\xbb\xbf")))
		text = slice_sub(text, 3, text.n);
	find_head(&r, text);
	read_lines(&r, text);
	return 0;
}
