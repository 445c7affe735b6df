/* SPDX-License-Identifier: Apache-2.0
 *
 * Space kept for the way out; see keep.c.
 */
#ifndef NZ_SPOOL_KEEP_PRIV_H
#define NZ_SPOOL_KEEP_PRIV_H

#include "spool/spool.h"

/* Keeps what is not kept yet, as far as the disk has it. The folder exists. */
void spool_keep(const struct spool_opts *o);

#endif
