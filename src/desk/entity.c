/* SPDX-License-Identifier: Apache-2.0
 *
 * Entities: what two detections can share, made comparable, and how strongly sharing it binds them
 * (weights and half-lives are starting values to be tuned on replays).
 *
 *   host, user, hash, process, address of the tenant's own      1.0, 24 h
 *   foreign address, domain, url                                 0.6,  6 h
 *   shared infrastructure as destination, names everybody has    0.1
 *
 * An address and a host name of one asset are one entity.  Domain parts of hosts and users are cut: one
 * device writes AOBA\h.tanaka, the other h.tanaka@aoba.example.
 */
#include <stdio.h>

#include "base/utf8.h"
#include "desk/desk_priv.h"

#define STRONG 1.0
#define MEDIUM 0.6
#define WEAK 0.1
#define HOUR (3600 * NS_PER_S)

static const char *const everybodys_users = "system administrator admin root guest nobody anonymous www-data daemon "
                                            "local_service network_service anonymous_logon unknown user n/a null none";
static const char *const nobodys_values = "- n/a null none unknown localhost 127.0.0.1 ::1 0.0.0.0 :: 255.255.255.255";

static void
lower_copy(char *to, size_t size, struct slice s)
{
	size_t n = s.n < size ? s.n : size - 1;

	ascii_lower(to, s.p, n);
	for (size_t i = 0; i < n; i++)
		if (to[i] == ' ')
			to[i] = '_';
	to[n] = '\0';
}

static bool
looks_like_address(const char *v)
{
	return strspn(v, "0123456789.") == strlen(v) || (strchr(v, ':') != NULL && strspn(v, "0123456789abcdef:.%") == strlen(v));
}

static bool
array_has(const json_t *list, const char *value)
{
	const json_t *v;
	char low[256];
	size_t i;

	json_array_foreach(list, i, v)
		if (json_is_string(v)) {
			lower_copy(low, sizeof low, slice_str(json_string_value(v)));
			if (strcmp(low, value) == 0)
				return true;
		}
	return false;
}

/* The asset that owns a host name or an address, or NULL. */
static const json_t *
asset_of(const json_t *doc, const char *value)
{
	const json_t *a;
	char low[256];
	size_t i;

	json_array_foreach(json_object_get(doc, "assets"), i, a) {
		const char *name = json_string_value(json_object_get(a, "name"));

		if (name == NULL)
			continue;
		lower_copy(low, sizeof low, slice_str(name));
		if (strcmp(low, value) == 0 || array_has(json_object_get(a, "addresses"), value) ||
		    array_has(json_object_get(a, "hosts"), value))
			return a;
	}
	return NULL;
}

static void
cut_user(struct entity *e)
{
	char *slash = strrchr(e->value, '\\'), *at;

	if (slash != NULL && slash[1] != '\0')
		memmove(e->value, slash + 1, strlen(slash + 1) + 1);
	at = strchr(e->value, '@');
	if (at != NULL && at != e->value)
		*at = '\0';
}

static void
weigh(struct entity *e, const json_t *asset)
{
	bool own = e->internal || asset != NULL;

	e->weight = STRONG;
	e->half_life = 24 * HOUR;
	if (strcmp(e->kind, "domain") == 0 || strcmp(e->kind, "url") == 0 || (strcmp(e->kind, "ip") == 0 && !own)) {
		e->weight = MEDIUM;
		e->half_life = 6 * HOUR;
	}
	if (strcmp(e->kind, "user") == 0) {
		size_t n = strlen(e->value);

		if (word_in(e->value, everybodys_users) || (n != 0 && e->value[n - 1] == '$'))
			e->weight = WEAK;
	}
	/* proxy, name server, domain controller, NAT: everybody goes there */
	if (asset != NULL && json_is_true(json_object_get(asset, "shared")) && strcmp(e->role, "destination") == 0)
		e->weight = WEAK;
}

bool
entity_read(const json_t *o, const json_t *doc, struct entity *ret)
{
	const char *kind = json_string_value(json_object_get(o, "kind")), *value = json_string_value(json_object_get(o, "value"));
	const char *role = json_string_value(json_object_get(o, "role"));
	const json_t *asset = NULL;
	struct entity e = { 0 };
	char *dot;

	if (kind == NULL || value == NULL || value[0] == '\0' || !word_in(kind, "host user ip domain hash process url"))
		return false;
	snprintf(e.kind, sizeof e.kind, "%s", kind);
	lower_copy(e.value, sizeof e.value, slice_str(value));
	if (word_in(e.value, nobodys_values))
		return false;
	e.shown = value;
	e.role = role != NULL && word_in(role, "source destination subject target") ? role : "subject";
	e.internal = json_is_true(json_object_get(o, "internal"));
	if (strcmp(kind, "user") == 0)
		cut_user(&e);
	if (strcmp(kind, "host") == 0 || strcmp(kind, "ip") == 0)
		asset = asset_of(doc, e.value);
	if (strcmp(kind, "host") == 0 && asset == NULL && !looks_like_address(e.value) && (dot = strchr(e.value, '.')) != NULL) {
		*dot = '\0';
		asset = asset_of(doc, e.value);
	}
	if (asset != NULL) {
		snprintf(e.kind, sizeof e.kind, "host");
		lower_copy(e.value, sizeof e.value, slice_str(json_string_value(json_object_get(asset, "name"))));
		e.internal = true;
	} else if (strcmp(kind, "host") == 0 && looks_like_address(e.value)) {
		snprintf(e.kind, sizeof e.kind, "ip");
	}
	if (e.value[0] == '\0')
		return false;
	weigh(&e, asset);
	*ret = e;
	return true;
}
