/* SPDX-License-Identifier: Apache-2.0
 *
 * From one event: who was involved, and what speaks for or against danger (detection reference 3.5).
 */
#include "base/hash.h"
#include "detect/found_priv.h"

/* Which fields name an entity, in order of worth; the rest of the table is how the desk weighs them. */
static const struct {
	int field;
	const char *kind, *role;
} entity_fields[] = {
	{ F_HOST_NAME, "host", "subject" },
	{ F_USER_NAME, "user", "subject" },
	{ F_SOURCE_IP, "ip", "source" },
	{ F_DESTINATION_IP, "ip", "destination" },
	{ F_USER_TARGET_NAME, "user", "target" },
	{ F_SOURCE_USER_NAME, "user", "source" },
	{ F_URL_DOMAIN, "domain", "destination" },
	{ F_DNS_QUESTION, "domain", "target" },
	{ F_TLS_SNI, "domain", "destination" },
	{ F_PROCESS_HASH_SHA256, "hash", "subject" },
	{ F_FILE_HASH_SHA256, "hash", "target" },
	{ F_PROCESS_ENTITY_ID, "process", "subject" },
};

static bool
known(const struct found *f, const char *kind, struct slice value)
{
	for (size_t i = 0; i < f->entity_n; i++)
		if (strcmp(f->entity[i].kind, kind) == 0 && slice_eq_nocase(f->entity[i].value, value))
			return true;
	return false;
}

static void
observe_entities(struct found *f, const struct event *e, const struct tenant_table *t)
{
	for (size_t i = 0; i < sizeof entity_fields / sizeof *entity_fields; i++) {
		struct slice v = event_text(e, entity_fields[i].field);
		bool ip = strcmp(entity_fields[i].kind, "ip") == 0;

		if (v.n == 0 || slice_eq(v, SL("-")) || f->entity_n == FOUND_ENTITIES_MAX ||
		    known(f, entity_fields[i].kind, v))
			continue;
		f->entity[f->entity_n++] = (struct entity){ entity_fields[i].kind, entity_fields[i].role, v,
			                                    !ip || tenant_is_internal(t, v) };
	}
}

static bool
moved_bytes(const struct event *e, int field)
{
	const struct value *v = event_get(e, field);

	return v != NULL && v->kind == VALUE_LONG && v->i > 0;
}

static struct slice
keep(struct slice old, struct slice new)
{
	return old.n != 0 ? old : new;
}

/* The vulnerability in question: the device's own word, else the rule's tag (cve.2021-44228). */
static struct slice
cve_of(const struct found *f, const struct event *e)
{
	struct slice cve = event_text(e, F_VULNERABILITY_ID);

	for (size_t i = 0; cve.n == 0 && f->rule != NULL && i < f->rule->tag_n; i++)
		if (slice_starts(f->rule->tags[i], SL("cve.")))
			cve = arena_printf(e->arena, "CVE-" SL_FMT, SL_ARG(slice_sub(f->rule->tags[i], 4, f->rule->tags[i].n)));
	return cve;
}

static void
observe_vulnerability(struct found *f, const struct event *e, const struct tenant_table *t)
{
	struct slice cve = cve_of(f, e), target = event_text(e, F_DESTINATION_IP);

	if (cve.n == 0)
		return;
	f->cve = cve;
	f->vulnerable = tenant_vulnerable(t, target.n != 0 ? target : event_text(e, F_HOST_NAME), cve);
}

void
found_observe(struct found *f, const struct event *e, const struct tenant_table *t)
{
	const struct value *blocked = event_get(e, F_NZ_BLOCKED), *asset = event_get(e, F_NZ_ASSET_VALUE);

	observe_entities(f, e, t);
	if (blocked == NULL)
		f->saw_unknown = true;
	else if (blocked->i != 0)
		f->saw_blocked = true;
	else
		f->saw_passed = true;
	f->two_way |= moved_bytes(e, F_SOURCE_BYTES) && moved_bytes(e, F_DESTINATION_BYTES);
	f->direction = keep(f->direction, event_text(e, F_NETWORK_DIRECTION));
	f->authorised = keep(f->authorised, event_text(e, F_NZ_AUTHORISED));
	f->dataset = keep(f->dataset, event_text(e, F_EVENT_DATASET));
	f->line = keep(f->line, slice_sub(e->line, 0, DETECT_LINE_SAMPLE));
	if (asset != NULL && asset->kind == VALUE_LONG && asset->i >= f->asset_value) {
		f->asset_value = asset->i;
		f->asset = keep(event_text(e, F_NZ_ASSET_NAME), f->asset);
	}
	observe_vulnerability(f, e, t);
}

uint64_t
found_group(const struct event *e, uint64_t salt)
{
	static const int fields[] = { F_HOST_NAME, F_USER_NAME, F_SOURCE_IP, F_DESTINATION_IP };
	uint64_t h = salt;

	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		h = hash_mix(h + i) ^ hash_stable(event_text(e, fields[i]));
	return h;
}

int64_t
found_time(const struct event *e)
{
	const struct value *v = event_get(e, F_TIMESTAMP);

	return v != NULL && v->kind == VALUE_TIME ? v->i : e->received_ns;
}
