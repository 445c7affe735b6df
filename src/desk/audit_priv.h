/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the auditor (audit.c): it shares no code with what it watches but the question who is on duty.
 */
#ifndef NZ_DESK_AUDIT_PRIV_H
#define NZ_DESK_AUDIT_PRIV_H

#include "desk/roster_priv.h"

void audit_put(struct desk_overdue *o, const char *kind, const char *id, const char *tenant, int64_t due_at);
/* Rows that say something has to come, and no timer that will do it: kind "missing", id "KIND REF". Appends to ret[n…max); the new n. */
size_t audit_missing(struct db *db, int64_t now, struct desk_overdue *ret, size_t n, size_t max);
/* The same of changes of crews; roster may be NULL. */
size_t audit_missing_changes(struct db *db, const struct roster *roster, int64_t now, struct desk_overdue *ret, size_t n, size_t max);

#endif
