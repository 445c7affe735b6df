/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban-lcp, the collector.
 *
 *     nezuban-lcp [-c FILE]                                        runs
 *     nezuban-lcp [-c FILE] enrol --url URL --token TOKEN [--ca FILE] [--receipt-key FILE]
 *     nezuban-lcp [-c FILE] check                                  reads the configuration and says what is wrong
 *     nezuban-lcp -x worker|uplink|tls                             one process of it; the parent starts these
 *
 * Exit status: 0 done, 1 refused or problems found, 2 usage or configuration, 3 could not, 4 the disk failed.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/must.h"
#include "conf/conf.h"
#include "role/lcp.h"

static int
usage(void)
{
	fputs("usage: nezuban-lcp [-c FILE]\n"
	      "       nezuban-lcp [-c FILE] check\n"
	      "       nezuban-lcp [-c FILE] enrol --url URL --token TOKEN [--ca FILE] [--receipt-key FILE]\n"
	      "       nezuban-lcp --version\n",
	      stderr);
	return 2;
}

static void
print_faults(const struct whys *ws)
{
	for (size_t i = 0; i < ws->list.n; i++) {
		auto_buf struct buf b = { 0 };

		why_print(&ws->list.v[i], &b);
		fprintf(stderr, "%s\n", buf_cstr(&b));
	}
}

static struct conf *
load(const char *path)
{
	struct lcp_setup setup;
	struct whys ws = { 0 };
	struct conf *c = NULL;

	if (conf_load(CONF_LCP, path, &c, &ws) == 0 && lcp_setup_read(c, &setup, &ws) == 0)
		lcp_setup_fini(&setup);
	print_faults(&ws);
	if (ws.errors != 0)
		exit(2);
	return c;
}

static enum log_level
level_of(const char *name)
{
	static const char *const names[] = { "debug", "info", "warn", "error", "alert" };

	for (int i = 0; i < 5; i++)
		if (strcmp(name, names[i]) == 0)
			return (enum log_level)i;
	return LOG_INFO;
}

static int
run_child(const char *which, const struct conf *c)
{
	if (strcmp(which, "worker") == 0)
		return lcp_worker_main(c);
	if (strcmp(which, "uplink") == 0)
		return lcp_uplink_main(c);
	if (strcmp(which, "tls") == 0)
		return lcp_tls_main(c);
	return usage();
}

int
main(int argc, char **argv)
{
	const char *path = "/etc/nezuban/lcp.yaml", *child = NULL, *verb = NULL, *url = NULL, *token = NULL, *ca = NULL,
	           *receipt_key = NULL;
	struct conf *c;
	int ret;

	for (int i = 1; i < argc; i++) {
		const char **into = strcmp(argv[i], "-c") == 0        ? &path
		                    : strcmp(argv[i], "-x") == 0      ? &child
		                    : strcmp(argv[i], "--url") == 0   ? &url
		                    : strcmp(argv[i], "--token") == 0 ? &token
		                    : strcmp(argv[i], "--ca") == 0    ? &ca
		                    : strcmp(argv[i], "--receipt-key") == 0 ? &receipt_key
		                                                            : NULL;

		if (into != NULL && i + 1 < argc) {
			*into = argv[++i];
		} else if (strcmp(argv[i], "--version") == 0) {
			puts("nezuban-lcp " NEZUBAN_VERSION);
			return 0;
		} else if (into != NULL || argv[i][0] == '-' || verb != NULL) {
			return usage();
		} else {
			verb = argv[i];
		}
	}
	c = load(path);
	log_init(child != NULL ? child : "lcp", level_of(conf_str(c, "log.level")));
	if (child != NULL) {
		ret = run_child(child, c);
	} else if (verb == NULL) {
		ret = lcp_parent_main(c, path);
	} else if (strcmp(verb, "check") == 0) {
		puts("the configuration is right");
		ret = 0;
	} else if (strcmp(verb, "enrol") == 0 && url != NULL && token != NULL) {
		ret = lcp_enrol_main(c, url, token, ca, receipt_key);
	} else {
		ret = usage();
	}
	conf_free(c);
	return ret;
}
