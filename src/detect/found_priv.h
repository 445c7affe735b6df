/* SPDX-License-Identifier: Apache-2.0
 *
 * What was found in one batch, before it is written.  Lives in the batch arena.
 */
#ifndef NZ_DETECT_FOUND_PRIV_H
#define NZ_DETECT_FOUND_PRIV_H

#include "detect/detect.h"

enum found_kind { FOUND_RULE, FOUND_CORRELATION, FOUND_INDICATOR };

#define FOUND_ENTITIES_MAX 12
#define FOUND_REASONS_MAX 12

struct entity {
	const char *kind, *role;
	struct slice value;
	bool internal;
};

struct found {
	enum found_kind kind;
	const struct sigma_rule *rule;       /* NULL for an indicator */
	struct slice list, indicator;        /* indicator */
	unsigned confidence;
	uint64_t group;                      /* hash of what makes it one detection */
	uint64_t stable;                     /* correlation: the alarm's own key */
	int64_t first_ns, last_ns;           /* the devices' clocks */
	int64_t lcp_ns, soc_ns;              /* when the first event reached the collector and the SOC; of a correlation the one that completed it */
	uint64_t count;
	uint32_t last_n;                     /* the line that was counted last: an indicator in two fields of one event is one event */
	struct sigma_ref refs[SIGMA_SAMPLES];
	size_t ref_n;
	struct entity entity[FOUND_ENTITIES_MAX];
	size_t entity_n;
	struct sigma_reason reason[FOUND_REASONS_MAX];
	size_t reason_n;
	bool saw_blocked, saw_passed, saw_unknown, two_way;
	struct slice direction, asset, authorised, dataset, device, line, cve;
	int64_t asset_value;
	const char *vulnerable;
};

/* Entities and evidence of one event, copied by reference: event values live as long as the batch. */
void found_observe(struct found *f, const struct event *e, const struct tenant_table *t);
/* What makes two matches of one rule the same thing: its hosts, users and addresses. */
uint64_t found_group(const struct event *e, uint64_t salt);
void found_write(const struct found *f, struct slice tenant, struct buf *out);
int64_t found_time(const struct event *e);

#endif
