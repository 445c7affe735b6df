/* SPDX-License-Identifier: Apache-2.0
 *
 * From a role's row to its jail: which groups of system calls, which folders, whose user.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "conf/conf.h"
#include "role/frame_priv.h"
#include "sys/fd.h"
#include "sys/jail.h"

/* libcbor believes the size that a stranger's map claims to have. */
#define VERIFY_MEMORY (1u << 30)

/* folder: below `data`, written by this role alone. NULL: it writes nothing. */
static const struct {
	enum role_id role;
	unsigned may;
	const char *folder;
} needs[] = {
	{ ROLE_INGEST, JAIL_MAY_ACCEPT, NULL },
	{ ROLE_ARCHIVE, JAIL_MAY_READ_FILES | JAIL_MAY_WRITE_FILES, "archive" },
	{ ROLE_ENGINE, JAIL_MAY_MAKE_CODE, NULL },
	{ ROLE_STORE, JAIL_MAY_READ_FILES | JAIL_MAY_WRITE_FILES | JAIL_MAY_FOREIGN, "store" },
	{ ROLE_DESK, JAIL_MAY_READ_FILES | JAIL_MAY_WRITE_FILES, "desk" },
	{ ROLE_NOTIFY, JAIL_MAY_CONNECT | JAIL_MAY_READ_FILES, NULL },
	/* Speech runs in a helper that was forked before the jail: no exec here. */
	{ ROLE_CALL, JAIL_MAY_CONNECT | JAIL_MAY_BIND | JAIL_MAY_READ_FILES | JAIL_MAY_WRITE_FILES, "call" },
	{ ROLE_WEB, JAIL_MAY_ACCEPT, NULL },
	{ ROLE_PRINT, JAIL_MAY_READ_FILES | JAIL_MAY_EXEC, NULL },
	{ ROLE_VERIFY, 0, NULL },
	{ ROLE_MAIL, JAIL_MAY_ACCEPT, NULL }, /* letters of strangers are read here: it opens nothing */
	{ ROLE_INTEL, JAIL_MAY_READ_FILES | JAIL_MAY_WRITE_FILES | JAIL_MAY_CONNECT, "intel" },
};

static const char *
user_of(enum role_id id)
{
	static const char *const users[ROLE_COUNT] = {
#define ROLE(id, name, copies, user, does, may, from) [ROLE_##id] = user,
#include "tbl/roles.tbl"
#undef ROLE
	};

	return users[id];
}


static char *
folder_of(const struct conf *conf, size_t i)
{
	if (needs[i].role == ROLE_ARCHIVE)
		return conf_path(conf, "archive.folder");
	return x_asprintf("%s/%s", conf_str(conf, "data"), needs[i].folder);
}

int
frame_folders(const struct conf *conf)
{
	int r = dir_make(conf_str(conf, "data"), 0711);

	for (size_t i = 0; r == 0 && i < sizeof needs / sizeof *needs; i++) {
		auto_free char *path = needs[i].folder != NULL ? folder_of(conf, i) : NULL;

		if (path == NULL)
			continue;
		r = dir_make(path, 0700);
		if (r == 0)
			r = jail_give(path, user_of(needs[i].role));
	}
	return r;
}

int
frame_jail(const struct role_env *env)
{
	static const char *const fonts[] = { "/usr", "/lib", "/etc/fonts", "/var/cache/fontconfig", NULL };
	auto_free char *path = NULL, *program = NULL;
	const char *exec[] = { NULL, NULL }, *write[] = { NULL, NULL }, *read[] = { "/usr", "/etc/nezuban", "/dev", "/proc", "/lib", NULL };
	struct jail j = { .read = read, .write = write };
	struct jail_held held;
	int r;

	if (!conf_bool(env->conf, "jail"))
		return 0;
	j.user = user_of(env->id);
	if (env->id == ROLE_VERIFY)
		j.max_memory = VERIFY_MEMORY;
	if (env->id == ROLE_ARCHIVE)
		read[0] = NULL; /* nothing but its own folder */
	if (env->id == ROLE_PRINT) {
		exec[0] = program = program_path("nezuban-print");
		j.exec = exec;
		j.read = fonts;
	}
	for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
		if (needs[i].role == env->id) {
			j.may = needs[i].may;
			if (needs[i].folder != NULL)
				write[0] = path = folder_of(env->conf, i);
		}
	r = jail_enter(&j, &held);
	if (r != 0)
		log_error("role.jail", kv_str("role", role_name(env->id)), kv_err(r));
	return r;
}
