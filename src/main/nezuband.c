/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuband: the SOC server.  One binary; the parent re-executes it once per role.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "conf/conf.h"
#include "role/parent.h"
#include "role/role.h"

#define ROLE_FD 3

/* In the order of start. */
static const struct role *const roles[] = {
#ifdef NEZUBAN_ROLES /* a test's own choice */
	NEZUBAN_ROLES,
#else
	&role_archive,
	&role_store,
	&role_intel,
	&role_engine,
	&role_verify,
	&role_desk,
	&role_ingest,
	&role_notify,
	&role_call,
	&role_print,
	&role_web,
	&role_mail,
#endif
};
#define ROLE_N (sizeof roles / sizeof *roles)

struct args {
	const char *conf, *role;
	unsigned index, copies;
	bool check;
};

static int
usage(FILE *out, int status)
{
	fputs("usage: nezuband [-c FILE] [--check-config]\n\n"
	      "  -c FILE           configuration (/etc/nezuban/nezuband.yaml)\n"
	      "  --check-config    checks the configuration, rules and sources and ends: 0 good, 1 faults\n"
	      "  -x ROLE -i N -n N run as one role (the parent does this)\n",
	      out);
	return status;
}

static bool
number(const char *text, unsigned *ret)
{
	uint64_t v;

	if (text == NULL || !slice_u64(slice_str(text), &v) || v > 64)
		return false;
	*ret = (unsigned)v;
	return true;
}

/* 0, or the status to end with. */
static int
read_args(int argc, char **argv, struct args *a)
{
	for (int i = 1; i < argc; i++) {
		const char *next = i + 1 < argc ? argv[i + 1] : NULL;

		if (strcmp(argv[i], "--help") == 0)
			exit(usage(stdout, 0));
		if (strcmp(argv[i], "--version") == 0) {
			puts("nezuband " NEZUBAN_VERSION);
			exit(0);
		}
		if (strcmp(argv[i], "--check-config") == 0) {
			a->check = true;
			continue;
		}
		if (strcmp(argv[i], "-c") == 0 && next != NULL)
			a->conf = next;
		else if (strcmp(argv[i], "-x") == 0 && next != NULL)
			a->role = next;
		else if (!(strcmp(argv[i], "-i") == 0 && number(next, &a->index)) &&
		         !(strcmp(argv[i], "-n") == 0 && number(next, &a->copies)))
			return usage(stderr, 2);
		i++;
	}
	return 0;
}

static void
print_faults(struct whys *ws)
{
	for (size_t i = 0; i < ws->list.n; i++) {
		auto_buf struct buf line = { 0 };

		why_print(&ws->list.v[i], &line);
		fprintf(stderr, "%s\n", buf_cstr(&line));
	}
	whys_fini(ws);
}

static struct conf *
read_conf(const char *path)
{
	struct conf *conf = NULL;
	struct whys ws = { 0 };
	int r = conf_load(CONF_NEZUBAND, path, &conf, &ws);

	print_faults(&ws);
	return r == 0 ? conf : NULL;
}

static int
check_roles(const struct conf *conf)
{
	int bad = 0;

	log_init("check", LOG_ALERT);
	for (size_t i = 0; i < ROLE_N; i++) {
		struct whys ws = { 0 };

		if (roles[i]->check != NULL && roles[i]->check(conf, &ws) != 0) {
			bad = 1;
			if (ws.errors == 0)
				fprintf(stderr, "nezuband: %s: its files cannot be read\n", role_name(roles[i]->id));
		}
		print_faults(&ws);
	}
	return bad;
}

static enum log_level
level_of(const char *word)
{
	static const char *const words[] = { "debug", "info", "warn", "error", "alert" };

	for (unsigned i = 0; i < 5; i++)
		if (strcmp(word, words[i]) == 0)
			return (enum log_level)i;
	return LOG_INFO;
}

static const struct role *
find_role(const char *name)
{
	for (size_t i = 0; i < ROLE_N; i++)
		if (strcmp(role_name(roles[i]->id), name) == 0)
			return roles[i];
	return NULL;
}

static int
run_role(const struct args *a, const struct conf *conf)
{
	const struct role *r = find_role(a->role);
	char name[32];

	if (r == NULL) {
		fprintf(stderr, "nezuband: no role %s\n", a->role);
		return 2;
	}
	if (fcntl(ROLE_FD, F_GETFD) < 0) {
		fprintf(stderr, "nezuband: -x is for the parent: descriptor 3 must be its channel\n");
		return 2;
	}
	fcntl(ROLE_FD, F_SETFD, FD_CLOEXEC);
	if (a->copies > 1)
		snprintf(name, sizeof name, "%s.%u", a->role, a->index);
	else
		snprintf(name, sizeof name, "%s", a->role);
	log_init(name, level_of(conf_str(conf, "log.level")));
	return role_main(r, a->index, a->copies, conf, ROLE_FD);
}

int
main(int argc, char **argv)
{
	struct args a = { .conf = "/etc/nezuban/nezuband.yaml", .copies = 1 };
	int r = read_args(argc, argv, &a);
	struct conf *conf;
	char *program;

	if (r != 0)
		return r;
	conf = read_conf(a.conf);
	if (conf == NULL)
		return a.check ? 1 : 3;
	if (a.check)
		return check_roles(conf);
	if (a.role != NULL)
		return run_role(&a, conf);
	log_init("parent", level_of(conf_str(conf, "log.level")));
	program = realpath("/proc/self/exe", NULL);
	must(program != NULL);
	return parent_main(conf, program, a.conf, roles, ROLE_N);
}
