/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the desk: sites that are lost (site.c) and how the API shows sites (view_site.c).
 */
#ifndef NZ_DESK_SITE_PRIV_H
#define NZ_DESK_SITE_PRIV_H

#include "desk/roster_priv.h"

#define SITE_BACK_MAX_S 14400

enum site_state { SITE_HERE, SITE_LOST, SITE_RETURNING };
/* What was said of it last: lost, or back at a time that is still to come. */
enum site_state site_state(struct db *db, const char *site, int64_t now);

/* The clock was set back: what was said of sites before stays before, and a return that was near stays near. */
void site_clock_set(struct cmd *c, int64_t by);

/* Sites of the API: clock, state, who stands in and for whom. */
json_t *site_views(struct ask *a, const struct roster *r);

#endif
