/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of role engine.  positions: how far each consumer got, per LCP and epoch.
 */
#ifndef NZ_ROLE_ENGINE_PRIV_H
#define NZ_ROLE_ENGINE_PRIV_H

#include "base/map.h"
#include "base/vec.h"
#include "detect/detect.h"
#include "role/role.h"

/* A set of positions: the last committed sequence number under (tenant, lcp, epoch). */
struct positions {
	struct map by_stream;
};

void positions_fini(struct positions *p);
/* Takes batch_key[]; E_PEER when the length is not a whole number of keys or a name is bad. */
int positions_read(struct positions *p, struct slice body);
uint64_t positions_get(const struct positions *p, const struct batch_key *key); /* 0 when unknown */
void positions_put(struct positions *p, const struct batch_key *key);
void positions_write(const struct positions *p, struct buf *out);               /* batch_key[] */

/* Which line was being worked on when the process before this one died; in memory the parent keeps. */
#define SUSPECTS 64
struct scratch {
	struct detect_cursor cursor;
	struct detect_cursor suspect[SUSPECTS];
};

/* Called once at start: a busy cursor is a crash, counted under its batch and line. */
void scratch_judge(struct scratch *s);
/* Lines of this batch that killed the engine twice; returns how many, ascending in out[SUSPECTS]. */
size_t scratch_poison(const struct scratch *s, const struct batch_key *key, uint32_t *out);

/* Tenants as the engine needs them, compiled from the desk's document. */
struct engine_tenant {
	struct slice name;
	struct tenant_table *table;
	struct sigma_lists *lists;
};

struct engine_tenants {
	VEC(struct engine_tenant *) list;
};

/* Replaces what changed; a wrong document leaves everything as it was and says so in the log. */
int engine_tenants_read(struct engine_tenants *ts, struct slice json, const struct sigma_set *rules);
const struct engine_tenant *engine_tenants_find(const struct engine_tenants *ts, const char *name);
void engine_tenants_fini(struct engine_tenants *ts);

/* ---- engine_gen.c: rules and sources to start with ---- */

struct conf;
struct generation {
	struct detect_gen *gen;
	bool is_copy;       /* the last good set, because what lies there has faults */
	struct buf faults;  /* one a line, as lint prints them */
};

/* Before the jail. 0, or E_CONFIG when neither what lies there nor a copy can be loaded. */
int generation_load(const struct conf *conf, struct generation *ret, struct whys *ws);
/* At a start a rule with a fault stays out and the others work. A reload would take away the rule that works now, so then the
 * running generation stays; what we do not support in somebody's collection of rules is no reason for that. */
int generation_check(const struct conf *conf, struct whys *ws);

#endif
