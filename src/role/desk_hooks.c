/* SPDX-License-Identifier: Apache-2.0
 *
 * Webhooks at the desk's door: addresses and secrets go to auth/, the rest to the journal, and both meet again in the JOB
 * as it goes out.  A secret is in one answer, never in another.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/must.h"
#include "role/desk_people_priv.h"

/* https://host[:port] of an address without user or blanks; false when it is none. */
static bool
origin_of(const char *url, char ret[300])
{
	const char *host = strncmp(url, "https://", 8) == 0 ? url + 8 : strncmp(url, "http://", 7) == 0 ? url + 7 : NULL;
	size_t n = host != NULL ? strcspn(host, "/?#") : 0;

	if (n == 0 || n > 255 || strlen(url) > AUTH_HOOK_URL || memchr(host, '@', n) != NULL)
		return false;
	for (const char *at = url; *at != '\0'; at++)
		if ((unsigned char)*at <= ' ' || (unsigned char)*at >= 0x7f || strchr("\"<>\\^`{|}", *at) != NULL)
			return false;
	snprintf(ret, 300, "%.*s", (int)((size_t)(host - url) + n), url);
	return true;
}

/* Takes args.url out and puts its origin in. *ret_url: heap, NULL when none was given. False when it was no address. */
static bool
take_url(struct asking *q, char **ret_url)
{
	const char *url = json_string_value(json_object_get(q->args, "url"));
	char origin[300];

	*ret_url = NULL;
	if (url == NULL)
		return true;
	if (!origin_of(url, origin)) {
		asking_no(q, 422, "invalid", "url", "wanted https://, a host, and no user or blanks");
		return false;
	}
	*ret_url = x_strdup(url);
	json_object_del(q->args, "url");
	json_object_set_new(q->args, "shown", json_string(origin));
	return true;
}

static void
put_secret(struct asking *q, struct desk_answer *a, int64_t old_until)
{
	const char *id = json_string_value(json_object_get(a->body, "id"));
	char secret[AUTH_HOOK_SECRET];

	if (auth_hook_rotate(q->dr->auth, id, old_until, secret) == 0)
		json_object_set_new(a->body, "secret", json_string(secret));
	explicit_bzero(secret, sizeof secret);
}

static void
webhook_add(struct asking *q)
{
	auto_free char *url = NULL;
	struct desk_answer a;

	if (!take_url(q, &url))
		return;
	a = desk_do(q->dr->desk, q->verb, &q->who, q->args, desk_role_now(q->dr));
	desk_role_check(q->dr, a.error);
	if (a.status == 200 && url != NULL) {
		auth_hook_set_url(q->dr->auth, json_string_value(json_object_get(a.body, "id")), url);
		put_secret(q, &a, 0);
	}
	people_answer(q->dr, q->id, a.status, a.body);
}

static void
webhook_change(struct asking *q)
{
	auto_free char *url = NULL;
	struct desk_answer a;

	if (!take_url(q, &url))
		return;
	a = desk_do(q->dr->desk, q->verb, &q->who, q->args, desk_role_now(q->dr));
	desk_role_check(q->dr, a.error);
	if (a.status == 200 && url != NULL)
		auth_hook_set_url(q->dr->auth, json_string_value(json_object_get(a.body, "id")), url);
	people_answer(q->dr, q->id, a.status, a.body);
}

static void
webhook_rotate(struct asking *q)
{
	const json_t *overlap = json_object_get(q->args, "overlap_h");
	int64_t now = desk_role_now(q->dr), hours = overlap != NULL ? json_integer_value(overlap) : 24;
	struct desk_answer a = desk_do(q->dr->desk, q->verb, &q->who, q->args, now);

	desk_role_check(q->dr, a.error);
	if (a.status == 200)
		put_secret(q, &a, now + hours * 3600 * NS_PER_S);
	people_answer(q->dr, q->id, a.status, a.body);
}

bool
people_hooks(struct asking *q)
{
	static const struct {
		const char *verb;
		void (*fn)(struct asking *q);
	} own[] = { { "webhook.add", webhook_add }, { "webhook.change", webhook_change }, { "webhook.rotate", webhook_rotate } };

	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		if (strcmp(own[i].verb, q->verb) == 0) {
			own[i].fn(q);
			return true;
		}
	return false;
}

char *
desk_hook_job(struct desk_role *dr, struct slice doc)
{
	json_t *o = json_loadb(doc.p, doc.n, 0, NULL), *hook = json_object_get(o, "hook"), *keys;
	const char *endpoint = json_string_value(json_object_get(hook, "endpoint"));
	struct auth_hook h = { 0 };
	char *text = NULL;

	if (endpoint != NULL && auth_hook_get(dr->auth, endpoint, desk_role_now(dr), &h)) {
		keys = json_array();
		json_array_append_new(keys, json_string(h.secret));
		if (h.old[0] != '\0')
			json_array_append_new(keys, json_string(h.old));
		json_object_set_new(hook, "url", json_string(h.url));
		json_object_set_new(hook, "keys", keys);
		text = json_dumps(o, JSON_COMPACT);
	}
	explicit_bzero(&h, sizeof h);
	json_decref(o);
	return text;
}
