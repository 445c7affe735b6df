/* SPDX-License-Identifier: Apache-2.0
 *
 * Role intel: watches the folders of indicator lists, compiles them and hands the image over.
 *
 *     folder changed and quiet again ─▶ every list read whole ─▶ intel_build ─▶ image file (synced, renamed)
 *     ─▶ opened and checked like anybody's ─▶ IMAGE (fd) to each engine, INTEL_STATE to the desk
 *
 * A list's name is its file's name.  Files named allow* or whitelist* suppress.  A file that cannot be read
 * whole (not text, a broken zstd frame, too big) keeps the running generation; single bad lines cost
 * themselves.  The image of the last run is handed over at once at start, so engines need not wait.
 * Compiling blocks this role only: nobody asks it anything in between.
 */
#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/must.h"
#include "base/vec.h"
#include "conf/conf.h"
#include "intel/intel.h"
#include "role/role.h"
#include "sys/fd.h"

#define ENGINES_MAX 64
#define FAULTS_TOLD 20
#define IMAGE_MAX (4ull << 30)
#define CONFIDENCE 60 /* of a list whose values say nothing */

struct intel_role {
	struct role_env *env;
	char *folder[2], *image_path;
	struct chan *engine[ENGINES_MAX], *desk;
	uint64_t seen, built;   /* fingerprint of the folders: last look, last build */
	int fd;                 /* of the running image, -1 */
	struct intel_info info;
	json_t *state;          /* what the desk was told */
	bool going;
};

/* ---- the folders ---- */

struct file {
	char *path;
	const char *name;
	bool allow;
};

struct files {
	VEC(struct file) list;
	uint64_t fingerprint;
};

static void
files_fini(struct files *f)
{
	for (size_t i = 0; i < f->list.n; i++)
		free(f->list.v[i].path);
	vec_fini(&f->list);
}

static int
by_path(const void *a, const void *b)
{
	return strcmp(((const struct file *)a)->path, ((const struct file *)b)->path);
}

static void
look_into(struct files *f, const char *folder)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	if (d == NULL)
		return;
	while ((e = readdir(d)) != NULL) {
		struct stat st;
		struct file file;
		size_t n = strlen(e->d_name);

		if (e->d_name[0] == '.' || e->d_name[n - 1] == '~' || slice_ends(slice_str(e->d_name), SL(".tmp")))
			continue;
		file.path = x_asprintf("%s/%s", folder, e->d_name);
		file.name = strrchr(file.path, '/') + 1;
		if (stat(file.path, &st) != 0 || !S_ISREG(st.st_mode)) {
			free(file.path);
			continue;
		}
		file.allow = strncmp(file.name, "allow", 5) == 0 || strncmp(file.name, "whitelist", 9) == 0;
		vec_push(&f->list, file);
		f->fingerprint += hash_mix(hash_stable(slice_str(file.path)) ^ hash_mix((uint64_t)st.st_size) ^
		                           hash_mix((uint64_t)st.st_mtim.tv_nsec + (uint64_t)st.st_mtim.tv_sec * 1000003) ^
		                           (uint64_t)st.st_ino);
	}
	closedir(d);
}

static void
look(struct intel_role *s, struct files *f)
{
	for (int i = 0; i < 2; i++)
		look_into(f, s->folder[i]);
	if (f->list.n != 0)
		qsort(f->list.v, f->list.n, sizeof *f->list.v, by_path);
	f->fingerprint |= 1; /* never 0 */
}

/* ---- compiling ---- */

static void
note_faults(json_t *faults, const struct whys *ws)
{
	for (size_t i = 0; i < ws->list.n && json_array_size(faults) < FAULTS_TOLD; i++) {
		const struct why *y = &ws->list.v[i];

		json_array_append_new(faults, json_pack("{s:s,s:i,s:i,s:s,s:s,s:s}", "file", y->file, "line", (int)y->line,
		                                        "column", (int)y->col, "id", y->id, "found", y->found, "wanted", y->wanted));
	}
}

/* "urlhaus.csv.zst" is the list urlhaus. */
static void
list_name(char out[128], const char *file)
{
	size_t n = strcspn(file, ".");

	snprintf(out, 128, "%.*s", (int)(n != 0 && n < 127 ? n : strlen(file) < 127 ? strlen(file) : 127), file);
}

static int
read_list(struct intel_builder *b, const struct file *f, json_t *lists, json_t *faults)
{
	auto_buf struct buf text = { 0 };
	struct intel_tally t = { 0 };
	struct whys ws = { .limit = FAULTS_TOLD };
	char name[128];
	struct intel_list list = { .name = name, .confidence = CONFIDENCE, .allow = f->allow };
	int r = file_read(f->path, &text, INTEL_LIST_MAX);

	list_name(name, f->name);
	if (r == 0)
		r = intel_read(b, buf_slice(&text), f->name, &list, &t, &ws);
	note_faults(faults, &ws);
	if (r != 0)
		json_array_append_new(faults, json_pack("{s:s,s:i,s:i,s:s,s:s,s:s}", "file", f->name, "line", 0, "column", 0, "id",
		                                        "INTEL-FILE", "found", err_text(r), "wanted", "a list of indicators"));
	json_array_append_new(lists, json_pack("{s:s,s:b,s:I,s:I,s:I,s:I}", "name", name, "allow", f->allow, "added",
	                                       (json_int_t)t.added, "repeated", (json_int_t)t.repeated, "refused",
	                                       (json_int_t)t.refused, "expired", (json_int_t)t.expired));
	whys_fini(&ws);
	return r;
}

static void
tell_engine(struct intel_role *s, struct chan *ch)
{
	char text[160];
	int n;

	if (s->fd < 0 || ch == NULL)
		return;
	n = snprintf(text, sizeof text, "{\"kind\":\"intel\",\"version\":\"%s\",\"entries\":%llu}", s->info.version,
	             (unsigned long long)s->info.entries);
	chan_send(ch, MSG_IMAGE, 0, slice_of(text, (size_t)n), s->fd);
}

static void
tell_desk(struct intel_role *s)
{
	char *text = s->state != NULL && s->desk != NULL ? json_dumps(s->state, JSON_COMPACT) : NULL;

	if (text != NULL)
		chan_send(s->desk, MSG_INTEL_STATE, 0, slice_str(text), -1);
	free(text);
}

/* Opens the image at its path as the running one: a copy that nobody can change, shared by all that match against it. */
static int
take_image(struct intel_role *s)
{
	auto_buf struct buf bytes = { 0 };
	auto_close int fd = -1;
	struct intel_image *im;
	const char *why = "";
	int r = file_read(s->image_path, &bytes, IMAGE_MAX);

	if (r == 0) {
		fd = fd_sealed("indicators", buf_slice(&bytes));
		r = fd >= 0 ? intel_open(fd, &im, &why) : fd;
	}
	if (r != 0) {
		if (r != E_NOTFOUND)
			log_error("intel.image", kv_err(r), kv_str("why", why));
		return r;
	}
	intel_info(im, &s->info);
	intel_close(im);
	if (s->fd >= 0)
		close(s->fd);
	s->fd = fd_take(&fd);
	for (unsigned i = 0; i < ENGINES_MAX; i++)
		tell_engine(s, s->engine[i]);
	return 0;
}

static void
set_state(struct intel_role *s, bool good, json_t *lists, json_t *faults)
{
	json_decref(s->state);
	s->state = json_pack("{s:b,s:s,s:I,s:I,s:I,s:o,s:o}", "ok", good, "version", s->info.version, "entries",
	                     (json_int_t)s->info.entries, "bytes", (json_int_t)s->info.bytes, "built_ns",
	                     (json_int_t)s->info.built_ns, "lists", lists, "faults", faults);
	tell_desk(s);
}

static void
compile(struct intel_role *s, const struct files *f)
{
	struct intel_builder *b = intel_builder_new(clock_now(s->env->clock));
	json_t *lists = json_array(), *faults = json_array();
	auto_buf struct buf image = { 0 };
	int r = 0;

	for (size_t i = 0; i < f->list.n; i++) {
		int one = read_list(b, &f->list.v[i], lists, faults);

		r = r != 0 ? r : one;
	}
	if (r == 0) {
		intel_build(b, &image);
		r = file_write_atomic(s->image_path, buf_slice(&image), 0600);
	}
	intel_builder_free(b);
	if (r == 0)
		r = take_image(s);
	if (r != 0)
		log_error("intel.kept_old", kv_err(r));
	else
		log_info("intel.image", kv_u64("entries", s->info.entries), kv_u64("bytes", s->info.bytes));
	s->built = f->fingerprint;
	set_state(s, r == 0, lists, faults);
}

/* A folder is compiled when it changed and then looked the same twice: nobody is writing into it. */
static void
watch_folders(void *ctx)
{
	struct intel_role *s = ctx;
	struct files f = { 0 };

	look(s, &f);
	if (f.fingerprint != s->built && (f.fingerprint == s->seen || s->built == 0))
		compile(s, &f);
	s->seen = f.fingerprint;
	files_fini(&f);
}

/* ---- the role's page ---- */

static int
intel_role_open(struct role_env *env)
{
	struct intel_role *s = x_calloc(1, sizeof *s);

	s->env = env;
	s->fd = -1;
	s->folder[0] = conf_path(env->conf, "intel.folder");
	s->folder[1] = conf_path(env->conf, "intel.more");
	s->image_path = x_asprintf("%s/intel/image", conf_str(env->conf, "data"));
	env->state = s;
	return 0;
}

static void
intel_go(struct role_env *env)
{
	struct intel_role *s = env->state;

	if (s->going)
		return;
	s->going = true;
	if (dir_make(s->folder[0], 0700) != 0)
		log_warn("intel.folder", kv_str("path", s->folder[0]));
	take_image(s);
	watch_folders(s);
	loop_timer(env->loop, conf_int(env->conf, "intel.every"), conf_int(env->conf, "intel.every"), watch_folders, s);
}

static void
intel_peer(struct role_env *env, enum role_id peer, unsigned index, struct chan *ch)
{
	struct intel_role *s = env->state;

	if (peer == ROLE_ENGINE && index < ENGINES_MAX) {
		s->engine[index] = ch;
		tell_engine(s, ch);
	} else if (peer == ROLE_DESK) {
		s->desk = ch;
		tell_desk(s);
	}
}

static void
intel_peer_lost(struct role_env *env, enum role_id peer, unsigned index)
{
	struct intel_role *s = env->state;

	if (peer == ROLE_ENGINE && index < ENGINES_MAX)
		s->engine[index] = NULL;
	else if (peer == ROLE_DESK)
		s->desk = NULL;
}

static void
intel_msg(struct role_env *env, enum role_id peer, unsigned index, struct msg *m)
{
	(void)env, (void)peer, (void)index, (void)m; /* nobody asks anything */
}

const struct role role_intel = {
	.id = ROLE_INTEL,
	.open = intel_role_open,
	.on_peer = intel_peer,
	.on_peer_lost = intel_peer_lost,
	.on_msg = intel_msg,
	.on_go = intel_go,
};
