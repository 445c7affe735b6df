/* SPDX-License-Identifier: Apache-2.0
 *
 * Loading the sources for a verb: faults go to standard error.
 */
#ifndef NZ_MAIN_CLI_SOURCES_H
#define NZ_MAIN_CLI_SOURCES_H

#include "main/cli/cli.h"
#include "source/source.h"

/* dir NULL: the default folder. NULL when they do not compile (told already). */
struct source_set *cli_sources(struct cli *c, const char *dir, struct fieldset *fs);

#endif
