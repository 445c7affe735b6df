/* SPDX-License-Identifier: Apache-2.0
 *
 * Between verify.c and journal.c.
 */
#ifndef NZ_MAIN_CLI_JOURNAL_H
#define NZ_MAIN_CLI_JOURNAL_H

#include "main/cli/cli.h"
#include "sys/pki.h"

/* A slice of the journal. key NULL: the signature is not checked. An exit code. */
int journal_verify(struct cli *c, const char *file, const struct pki_key *key);

#endif
