/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of enrich/: the compiled document.
 */
#ifndef NZ_ENRICH_ENRICH_PRIV_H
#define NZ_ENRICH_ENRICH_PRIV_H

#include "base/map.h"
#include "enrich/enrich.h"
#include "enrich/prefix.h"

struct asset {
	struct slice name;
	int value;
	struct slice *vulnerable;
	size_t vulnerable_n;
};

struct device {
	struct slice source;
	const struct zone *zone;
};

struct tenant_table {
	struct arena arena;
	const struct zone *zone;
	struct slice *network;         /* names */
	struct prefix_table networks;
	struct asset *asset;
	struct prefix_table asset_ips;
	struct map asset_hosts;        /* lower case → 1 + asset */
	struct slice *authorised;      /* names */
	struct prefix_table authorised_ips;
	struct map authorised_hosts, authorised_users; /* lower case → 1 + authorised */
	struct device *device;
	struct map devices;            /* id → 1 + device */
};

#endif
