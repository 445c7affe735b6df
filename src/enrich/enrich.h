/* SPDX-License-Identifier: Apache-2.0
 *
 * Enrich: what the tenant told about itself, put into the open event.  Floor 3, pure.
 *
 * A tenant_table is compiled from the tenant's JSON document as a generation: immutable, swapped whole.
 *
 *   {"zone":"Asia/Tokyo",
 *    "networks":[{"name":"office","cidr":"10.1.0.0/16"},…],               most special prefix wins
 *    "assets":[{"name":"dc01","value":3,"addresses":["10.1.0.10"],"hosts":["dc01","dc01.aoba.example"],
 *               "vulnerable":["CVE-2021-44228"]},…],
 *    "authorised":[{"name":"weekly scan","addresses":["10.1.9.0/24"],"hosts":[],"users":["svc-scan"]},…],
 *    "users":[{"name":"h.tanaka","value":2,"groups":["Domain Admins"]},…],
 *    "devices":[{"id":"fw-1","source":"fortinet.fortigate","zone":"Europe/London"},…]}
 *
 * Unknown keys are ignored (other roles read the same document); wrong ones are told in ws and refuse
 * the whole table.
 *
 * Sets nezuban.source.network, nezuban.destination.network, network.direction (inbound, outbound, internal,
 * external; only when the device did not say inbound or outbound itself), nezuban.asset.name/value (of the
 * destination first, then of the host, then of the source), nezuban.authorised.
 * Repairs time: absent, absurd or more than a day ahead → receive time, told in nezuban.time_repaired.
 */
#ifndef NZ_ENRICH_ENRICH_H
#define NZ_ENRICH_ENRICH_H

#include "base/err.h"
#include "base/slice.h"
#include "codec/timefmt.h"
#include "event/event.h"

struct tenant_table;

/* NULL when the document is wrong. `file` names it in ws. An empty document is a tenant that told nothing. */
struct tenant_table *tenant_table_compile(struct slice json, const char *file, struct whys *ws);
void tenant_table_free(struct tenant_table *t);                    /* NULL is fine */

/* Zone and configured source of a device: its own, else the tenant's zone (NULL = UTC) and empty (= auto). */
const struct zone *tenant_zone(const struct tenant_table *t, struct slice device);
struct slice tenant_source(const struct tenant_table *t, struct slice device);
/* Is the address inside one of the tenant's networks (private ranges when it named none)? */
bool tenant_is_internal(const struct tenant_table *t, struct slice ip);
/* Has the asset of that address or host name this vulnerability? "yes", "no" (asset known), "unknown". */
const char *tenant_vulnerable(const struct tenant_table *t, struct slice address_or_host, struct slice cve);

/* t may be NULL: only private ranges are known then. The event is open. */
void enrich_event(const struct tenant_table *t, struct event *e);

#endif
