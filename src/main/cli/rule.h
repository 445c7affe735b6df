/* SPDX-License-Identifier: Apache-2.0
 *
 * What the verbs rule, detect and bench detect share.
 */
#ifndef NZ_MAIN_RULE_H
#define NZ_MAIN_RULE_H

#include <stdio.h>

#include "base/err.h"
#include "main/cli/cli.h"

int rule_test(struct cli *c);
void rule_print_faults(const struct whys *ws, bool json, FILE *to);

#endif
