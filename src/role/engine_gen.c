/* SPDX-License-Identifier: Apache-2.0
 *
 * Which rules and sources an engine starts with.  A reload is looked at before anything is stopped, but an engine that dies
 * by itself comes back to whatever lies on the disk at that moment; somebody may be in the middle of writing.  So the last
 * good set is kept as a copy below `data`:
 *
 *     files as the copy was made from, or good ─▶ load, keep a copy when they are new
 *     files with a fault, or on which a process died before ─▶ load the copy, tell the faults
 *     files with a fault and no copy ─▶ what can be loaded of them, as at a first start
 *
 *     data/generation/          rules/ more/ sources/ as they were, and `fingerprint` of the files they were copied from
 *     data/generation.trying    fingerprint of a set that is being loaded: who finds it there knows how the last try ended
 */
#define _GNU_SOURCE /* renameat2, syncfs */
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/must.h"
#include "conf/conf.h"
#include "role/engine_priv.h"
#include "sys/fd.h"

#define FILE_MAX (16u << 20)

static const char *const parts[3] = { "rules", "more", "sources" };

struct set {
	char *dir[3]; /* rules, more, sources */
};

static struct set
set_of_conf(const struct conf *conf)
{
	return (struct set){ { conf_path(conf, "rules.folder"), conf_path(conf, "rules.more"), conf_path(conf, "sources.folder") } };
}

static struct set
set_of_copy(const char *folder)
{
	struct set s;

	for (int i = 0; i < 3; i++)
		s.dir[i] = x_asprintf("%s/%s", folder, parts[i]);
	return s;
}

static void
set_fini(struct set *s)
{
	for (int i = 0; i < 3; i++)
		free(s->dir[i]);
}

static struct detect_gen *
set_load(const struct set *s, struct whys *ws)
{
	const char *dirs[] = { s->dir[0], s->dir[1] };

	return detect_gen_load(dirs, access(dirs[1], R_OK) == 0 ? 2 : 1, s->dir[2], ws);
}

static bool
is_good(const struct detect_gen *g, const struct whys *ws)
{
	for (size_t i = 0; i < ws->list.n; i++)
		if (ws->list.v[i].level == WHY_ERROR && ws->list.v[i].code != E_UNSUPPORTED)
			return false;
	return g != NULL;
}

/* ---- files ---- */

typedef int file_fn(void *ctx, int part, const char *path, const char *below, const struct stat *st);

/* Calls fn for every file that could matter; `below` is its path inside its folder. 0 or what fn said. */
static int
each_file(const struct set *s, file_fn *fn, void *ctx)
{
	int r = 0;

	for (int i = 0; i < 3 && r == 0; i++) {
		char *const roots[] = { s->dir[i], NULL };
		size_t skip = strlen(s->dir[i]);
		FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
		FTSENT *e;

		while (walk != NULL && r == 0 && (e = fts_read(walk)) != NULL) {
			struct slice name = slice_str(e->fts_name);

			if (e->fts_info == FTS_F && e->fts_name[0] != '.' && (slice_ends(name, SL(".yml")) || slice_ends(name, SL(".yaml"))))
				r = fn(ctx, i, e->fts_path, e->fts_path + skip, e->fts_statp);
		}
		if (walk != NULL)
			fts_close(walk);
	}
	return r;
}

static int
add_print(void *ctx, int part, const char *path, const char *below, const struct stat *st)
{
	uint64_t *sum = ctx;

	(void)below;
	*sum += hash_mix(hash_stable(slice_str(path)) ^ hash_mix((uint64_t)st->st_size * 4 + (uint64_t)part) ^
	                 hash_mix((uint64_t)st->st_mtim.tv_nsec + (uint64_t)st->st_mtim.tv_sec * 1000003) ^ (uint64_t)st->st_ino);
	return 0;
}

static uint64_t
set_print(const struct set *s)
{
	uint64_t sum = 0;

	each_file(s, add_print, &sum);
	return sum | 1; /* 0 = none */
}

static uint64_t
read_print(const char *path)
{
	auto_buf struct buf b = { 0 };

	return file_read(path, &b, 64) == 0 ? strtoull(buf_cstr(&b), NULL, 16) : 0;
}

static int
write_print(const char *path, uint64_t print)
{
	char text[32];
	int n = snprintf(text, sizeof text, "%016llx\n", (unsigned long long)print);

	return file_write_atomic(path, slice_of(text, (size_t)n), 0600);
}

static void
remove_tree(const char *folder)
{
	char *const roots[] = { (char *)(uintptr_t)folder, NULL };
	FTS *walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *e;

	while (walk != NULL && (e = fts_read(walk)) != NULL)
		if (e->fts_info != FTS_D)
			remove(e->fts_accpath);
	if (walk != NULL)
		fts_close(walk);
}

static int
copy_file(void *ctx, int part, const char *path, const char *below, const struct stat *st)
{
	auto_free char *to = x_asprintf("%s/%s%s", (const char *)ctx, parts[part], below), *dir = x_strdup(to);
	auto_buf struct buf bytes = { 0 };
	auto_close int fd = -1;
	int r = file_read(path, &bytes, FILE_MAX);

	(void)st;
	*strrchr(dir, '/') = '\0';
	if (r == 0)
		r = dir_make(dir, 0700);
	if (r != 0)
		return r;
	fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	return fd >= 0 ? fd_write_all(fd, bytes.p, bytes.n) : E_IO;
}

/* The files before the rename: one call for however many they are. */
static int
sync_below(const char *folder)
{
	auto_close int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd >= 0 && syncfs(fd) == 0 ? 0 : E_IO;
}

/* The set as the new copy, if it is still the one that was loaded. The old copy stays whole until the new one is. */
static int
publish(const struct set *s, uint64_t print, const char *folder)
{
	auto_free char *fresh = x_asprintf("%s.new", folder), *note = x_asprintf("%s/fingerprint", fresh), *rules = x_asprintf("%s/rules", fresh);
	int r;

	remove_tree(fresh);
	r = dir_make(rules, 0700);
	if (r == 0)
		r = each_file(s, copy_file, fresh);
	if (r == 0 && set_print(s) != print)
		r = E_CONFLICT; /* changed meanwhile */
	if (r == 0)
		r = write_print(note, print);
	if (r == 0)
		r = sync_below(fresh);
	if (r == 0 && renameat2(AT_FDCWD, fresh, AT_FDCWD, folder, RENAME_EXCHANGE) != 0 && rename(fresh, folder) != 0)
		r = E_IO;
	remove_tree(fresh);
	return r;
}

/* ---- the choice ---- */

static void
take_faults(struct generation *ret, const struct whys *ws)
{
	for (size_t i = 0; i < ws->list.n && ret->faults.n < 4096; i++)
		if (ws->list.v[i].level == WHY_ERROR && ws->list.v[i].code != E_UNSUPPORTED) {
			why_print(&ws->list.v[i], &ret->faults);
			buf_put_byte(&ret->faults, '\n');
		}
}

/* Loads what lies there, unless the process that tried it last did not come back. */
static struct detect_gen *
try_present(const struct set *s, uint64_t print, const char *trying, struct whys *ws)
{
	struct detect_gen *g;

	if (read_print(trying) == print) {
		why_wanted(whys_add(ws, WHY_ERROR, E_CORRUPT, "GEN-DIED", s->dir[0], 0, 0), "rules and sources that the engine survives: it died while it read these");
		return NULL;
	}
	write_print(trying, print);
	g = set_load(s, ws);
	unlink(trying);
	return g;
}

int
generation_load(const struct conf *conf, struct generation *ret, struct whys *ws)
{
	auto_free char *folder = x_asprintf("%s/generation", conf_str(conf, "data")), *note = x_asprintf("%s/fingerprint", folder);
	auto_free char *trying = x_asprintf("%s.trying", folder), *lock_path = x_asprintf("%s.lock", folder);
	auto_close int lock = open(lock_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct set now = set_of_conf(conf), copy = set_of_copy(folder);
	uint64_t print = set_print(&now), kept = read_print(note);
	struct whys old = { .limit = 8 };

	*ret = (struct generation){ 0 };
	if (lock >= 0)
		flock(lock, LOCK_EX); /* several engines start at once */
	ret->gen = try_present(&now, print, trying, ws);
	if (ret->gen == NULL || (!is_good(ret->gen, ws) && kept != 0 && kept != print)) {
		struct detect_gen *g = kept != 0 ? set_load(&copy, &old) : NULL;

		take_faults(ret, ws);
		if (g != NULL) {
			detect_gen_free(ret->gen);
			ret->gen = g;
			ret->is_copy = true;
		}
	} else if (kept != print) {
		int r = publish(&now, print, folder);

		if (r != 0)
			log_warn("engine.generation_not_kept", kv_str("folder", folder), kv_err(r));
	}
	whys_fini(&old);
	set_fini(&now);
	set_fini(&copy);
	return ret->gen != NULL ? 0 : E_CONFIG;
}

int
generation_check(const struct conf *conf, struct whys *ws)
{
	struct set now = set_of_conf(conf);
	struct detect_gen *g = set_load(&now, ws);
	int r = is_good(g, ws) ? 0 : E_CONFIG;

	detect_gen_free(g);
	set_fini(&now);
	return r;
}
