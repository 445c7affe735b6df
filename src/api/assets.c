/* SPDX-License-Identifier: Apache-2.0
 *
 * The web apps, read whole into memory before the jail closes: role web opens no file afterwards, so no
 * path of a request ever reaches the file system.  `x.js.gz` beside `x.js` is its compressed form, made
 * at build time.  Names with a hash in them (chunk-ABCD1234.js) never change and are cached for a year.
 *
 *   /console/ and everything below without a dot → console/index.html, the app reads the address
 *   /portal/  the same                              / → /portal/
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <stdlib.h>
#include <stdio.h>
#include <sys/stat.h>

#include "api/api.h"
#include "base/map.h"
#include "base/must.h"
#include "sys/fd.h"
#include "sys/pki.h"

#define FILE_MAX (16u << 20)
#define DEPTH_MAX 6

struct asset {
	struct buf bytes, gz;
	char etag[36];
	const char *type;
	bool hashed;
};

struct api_assets {
	struct map files; /* "/console/index.html" → struct asset */
};

static const char *
type_of(struct slice name)
{
	static const struct {
		const char *end, *type;
	} rows[] = {
		{ ".html", "text/html; charset=utf-8" },      { ".js", "text/javascript; charset=utf-8" },
		{ ".css", "text/css; charset=utf-8" },        { ".svg", "image/svg+xml" },
		{ ".json", "application/json" },              { ".png", "image/png" },
		{ ".webmanifest", "application/manifest+json" }, { ".txt", "text/plain; charset=utf-8" },
		{ ".wav", "audio/wav" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (slice_ends(name, slice_str(rows[i].end)))
			return rows[i].type;
	return NULL;
}

/* "-" and eight capitals or digits before the ending: esbuild's content hash. */
static bool
is_hashed(struct slice name)
{
	ssize_t dot = -1, at;

	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '.')
			dot = (ssize_t)i;
	at = dot - 9;
	if (at < 0 || name.p[at] != '-')
		return false;
	for (ssize_t i = at + 1; i < dot; i++)
		if (!((name.p[i] >= 'A' && name.p[i] <= 'Z') || (name.p[i] >= '0' && name.p[i] <= '9')))
			return false;
	return true;
}

static void
add_file(struct api_assets *a, const char *file, const char *url)
{
	struct slice name = slice_str(url);
	struct asset *x;
	uint8_t hash[32];
	auto_free char *gz = x_asprintf("%s.gz", file);

	if (type_of(name) == NULL)
		return;
	x = x_calloc(1, sizeof *x);
	if (file_read(file, &x->bytes, FILE_MAX) != 0) {
		free(x);
		return;
	}
	if (file_read(gz, &x->gz, FILE_MAX) != 0)
		buf_clear(&x->gz);
	pki_sha256(buf_slice(&x->bytes), hash);
	x->etag[0] = '"';
	pki_hex(hash, 16, x->etag + 1);
	x->etag[33] = '"';
	x->type = type_of(name);
	x->hashed = is_hashed(name);
	map_put(&a->files, name, NULL)->ptr = x;
}

static void
add_folder(struct api_assets *a, const char *folder, const char *url, int depth)
{
	DIR *d = depth < DEPTH_MAX ? opendir(folder) : NULL;

	for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
		if (e->d_name[0] == '.')
			continue;
		auto_free char *file = x_asprintf("%s/%s", folder, e->d_name);
		auto_free char *at = x_asprintf("%s/%s", url, e->d_name);
		struct stat st;

		if (stat(file, &st) != 0)
			continue;
		if (S_ISDIR(st.st_mode))
			add_folder(a, file, at, depth + 1);
		else if (S_ISREG(st.st_mode))
			add_file(a, file, at);
	}
	if (d != NULL)
		closedir(d);
}

int
api_assets_load(const char *folder, struct api_assets **ret)
{
	struct stat st;
	struct api_assets *a;

	if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode))
		return E_NOTFOUND;
	a = x_calloc(1, sizeof *a);
	add_folder(a, folder, "", 0);
	*ret = a;
	return 0;
}

void
api_assets_free(struct api_assets *a)
{
	if (a == NULL)
		return;
	for (struct map_slot *s = NULL; (s = map_next(&a->files, s)) != NULL;) {
		struct asset *x = s->ptr;

		buf_fini(&x->bytes);
		buf_fini(&x->gz);
		free(x);
	}
	map_fini(&a->files);
	free(a);
}

static const struct asset *
lookup(const struct api_assets *a, struct slice path)
{
	struct map_slot *s;
	struct slice last = path;

	if (a == NULL)
		return NULL;
	s = map_get(&a->files, path);
	if (s != NULL)
		return s->ptr;
	for (struct slice rest = path; rest.p != NULL;)
		last = slice_cut(&rest, '/');
	if (slice_find(last, '.') >= 0)
		return NULL;
	if (slice_starts(path, SL("/console/")))
		s = map_get(&a->files, SL("/console/index.html"));
	else if (slice_starts(path, SL("/portal/")))
		s = map_get(&a->files, SL("/portal/index.html"));
	return s != NULL ? s->ptr : NULL;
}

static void
redirect(struct http_req *req, const char *to)
{
	struct http_header extra[] = { { "Location", to }, { NULL, NULL } };

	http_answer(http_server(req), http_id(req), 302, NULL, SL(""), extra);
}

void
api_assets_answer(const struct api_assets *a, struct http_req *req)
{
	struct slice path = http_path(req);
	const struct asset *x;

	if (slice_eq(path, SL("/")) || slice_eq(path, SL("/portal"))) {
		redirect(req, "/portal/");
		return;
	}
	if (slice_eq(path, SL("/console"))) {
		redirect(req, "/console/");
		return;
	}
	x = lookup(a, path);
	if (x == NULL) {
		http_problem(http_server(req), http_id(req), 404, "not_found", NULL, 0);
		return;
	}
	bool gz = x->gz.n != 0 && slice_find_slice(http_header(req, "Accept-Encoding"), SL("gzip")) >= 0;
	struct slice known = http_header(req, "If-None-Match");
	struct http_header extra[] = {
		{ "ETag", x->etag },
		{ "Cache-Control", x->hashed ? "public, max-age=31536000, immutable" : "no-cache" },
		{ "Vary", "Accept-Encoding" },
		{ gz ? "Content-Encoding" : NULL, "gzip" },
		{ NULL, NULL },
	};

	if (known.p != NULL && slice_find_slice(known, slice_str(x->etag)) >= 0)
		http_answer(http_server(req), http_id(req), 304, NULL, SL(""), extra);
	else
		http_answer_static(http_server(req), http_id(req), 200, x->type,
		                   gz ? buf_slice(&x->gz) : buf_slice(&x->bytes), extra);
}
