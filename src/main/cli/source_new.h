/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban source new: a first draft of a source file from sample lines.
 */
#ifndef NZ_MAIN_CLI_SOURCE_NEW_H
#define NZ_MAIN_CLI_SOURCE_NEW_H

#include "main/cli/cli.h"

int source_new(struct cli *c);

#endif
