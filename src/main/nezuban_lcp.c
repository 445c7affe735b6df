/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban-lcp, the collector.
 *
 *     nezuban-lcp [-c FILE]                                        runs
 *     nezuban-lcp [-c FILE] enrol --url URL --token TOKEN [--ca FILE] [--receipt-key FILE]
 *     nezuban-lcp [-c FILE] check                                  reads the configuration and says what is wrong
 *     nezuban-lcp -x worker                                        one process of it; the parent starts these
 *
 * Enrolment, `-x uplink` and `-x tls` are nezuban-lcp-net's: only it loads TLS and HTTP.
 *
 * Exit status: 0 done, 1 refused or problems found, 2 usage or configuration, 3 could not, 4 the disk failed.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

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

/* The other program, with our own arguments. */
static int
hand_over(char **argv)
{
	int fd = lcp_net_open();

	if (fd >= 0)
		lcp_net_become(fd, argv);
	fputs("nezuban-lcp: nezuban-lcp-net does not lie beside this program\n", stderr);
	return 3;
}

int
main(int argc, char **argv)
{
	struct lcp_args a;
	struct conf *c;
	int ret;

	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("nezuban-lcp " NEZUBAN_VERSION);
		return 0;
	}
	if (!lcp_args_read(argc, argv, &a))
		return usage();
	if (a.verb != NULL && strcmp(a.verb, "enrol") == 0 && a.url != NULL && a.token != NULL)
		return hand_over(argv);
	if ((a.child != NULL && strcmp(a.child, "worker") != 0) || (a.verb != NULL && strcmp(a.verb, "check") != 0))
		return usage();
	c = lcp_load(&a);
	if (a.child != NULL) {
		ret = lcp_worker_main(c);
	} else if (a.verb == NULL) {
		ret = lcp_parent_main(c, a.path);
	} else {
		puts("the configuration is right");
		ret = 0;
	}
	conf_free(c);
	return ret;
}
