/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside the desk: the lists of a tenant's document that people change one by one, and devices that are asked for.
 */
#ifndef NZ_DESK_DEVICE_PRIV_H
#define NZ_DESK_DEVICE_PRIV_H

#include "codec/ip.h"
#include "desk/desk_priv.h"

/* One row of a list of tenants.doc: the one whose `key` is `id` becomes `row` (taken over), is added, or, with NULL, goes. */
void doc_put(struct cmd *c, const char *tenant, const char *list, const char *key, const char *id, json_t *row);
/* The row, borrowed from *ret_doc (the caller's to free), or NULL. */
const json_t *doc_find(struct cmd *c, const char *tenant, const char *list, const char *key, const char *id, json_t **ret_doc);
/* Is it a tenant this person sees? Refuses with 404, and notes it for the journal. */
bool doc_tenant(struct cmd *c, const char *tenant);

/* Does a network (base, bits of 128) take in so much of the public Internet that it is none of anybody's?  Shorter than /8, of v6 than /16,
 * outside private ranges; or all of v4 by its v6 form. */
bool net_is_wide(const struct ip *base, unsigned bits);

/* A document was imported: what it says of devices becomes the state of their rows. NULL: it said nothing. */
void devices_import(struct cmd *c, const char *tenant, const json_t *list);

#endif
