/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban-lcp-net: the collector's processes that speak TLS. nezuban-lcp starts it, with its own arguments.
 *
 *     nezuban-lcp-net -x uplink|tls -c FILE
 *     nezuban-lcp-net [-c FILE] enrol --url URL --token TOKEN [--ca FILE] [--receipt-key FILE]
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "conf/conf.h"
#include "role/lcp.h"

int
main(int argc, char **argv)
{
	struct lcp_args a;
	struct conf *c;
	int ret = 2;

	if (!lcp_args_read(argc, argv, &a)) {
		fputs("nezuban-lcp-net is started by nezuban-lcp\n", stderr);
		return 2;
	}
	c = lcp_load(&a);
	if (a.child != NULL && strcmp(a.child, "uplink") == 0)
		ret = lcp_uplink_main(c);
	else if (a.child != NULL && strcmp(a.child, "tls") == 0)
		ret = lcp_tls_main(c);
	else if (a.verb != NULL && strcmp(a.verb, "enrol") == 0 && a.url != NULL && a.token != NULL)
		ret = lcp_enrol_main(c, a.url, a.token, a.ca, a.receipt_key);
	else
		fputs("nezuban-lcp-net is started by nezuban-lcp\n", stderr);
	conf_free(c);
	return ret;
}
