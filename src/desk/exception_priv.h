/* SPDX-License-Identifier: Apache-2.0
 *
 * Between group.c and exception.c: what a detection is about, and whether somebody wrote down that it is known.
 */
#ifndef NZ_DESK_EXCEPTION_PRIV_H
#define NZ_DESK_EXCEPTION_PRIV_H

#include "desk/work_priv.h"

#define ENTITIES_MAX 64

/* Entities of a detection document as they are compared; how many. */
size_t entities_read(const json_t *detection, const json_t *tenant_doc, struct entity *ret, size_t max);
/* Is it hidden by an exception?  Then it was kept and counted as such. */
bool exception_hides(struct cmd *c, const json_t *detection, const json_t *tenant_doc, const struct entity *e, size_t n, int64_t at, int64_t count);

#endif
