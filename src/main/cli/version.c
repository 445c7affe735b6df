/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "main/cli/cli.h"

int
cli_version(struct cli *c)
{
	(void)c;
	puts("nezuban " NEZUBAN_VERSION);
	return CLI_DONE;
}
