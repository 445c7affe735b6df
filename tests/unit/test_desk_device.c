/* SPDX-License-Identifier: Apache-2.0
 *
 * Networks, assets and devices that people add one by one: asked for, approved by somebody else, told to the collector,
 * live with the first line; imports and single changes end in the same document.
 */
#include "desk_scene.h"

#include "desk/desk_priv.h"

static void
engineer(struct scene *s)
{
	json_decref(scene_do(s, NULL, "user.add", 200, json_pack("{s:s, s:s}", "login", "eng", "role", "engineer")));
	json_decref(scene_do(s, NULL, "lcp.enroll", 200, json_pack("{s:s, s:s, s:s}", "tenant", "aoba", "lcp", "lcp-1", "token_hash", "h")));
}

static json_t *
wish(const char *device, const char *address)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s}", "tenant", "aoba", "device", device, "source", "fortinet.fortigate", "transport", "udp", "address", address);
}

static void
ask_for(struct scene *s, const char *device, const char *address, char id[32])
{
	json_t *o = scene_do(s, "odagiri", "device.register", 200, wish(device, address));

	snprintf(id, 32, "%s", jstr(o, "id"));
	assert_string_equal(jstr(o, "state"), "proposed");
	json_decref(o);
}

static void
refused(struct scene *s, const char *login, const char *verb, int status, json_t *args)
{
	json_decref(scene_do(s, login, verb, status, args));
}

static json_t *
id_of(const char *id)
{
	return json_pack("{s:s}", "id", id);
}

static void
beat(struct scene *s, const char *device, int64_t lines, int64_t last)
{
	json_t *o = json_pack("{s:i, s:s, s:[{s:s, s:s, s:I, s:I, s:I}]}", "v", 1, "version", "x", "devices", "id", device, "source", "fortinet.fortigate", "lines",
	                      (json_int_t)lines, "bytes", (json_int_t)lines * 100, "last_at", (json_int_t)last);

	assert_int_equal(desk_heartbeat(s->d, "aoba", "lcp-1", o, s->now), 0);
	assert_int_equal(desk_devices_seen(s->d, "aoba", "lcp-1", s->now), 0);
	json_decref(o);
}

static void
state_is(struct scene *s, const char *id, const char *want)
{
	json_t *o = scene_do(s, "odagiri", "registration.show", 200, id_of(id));

	assert_string_equal(jstr(o, "state"), want);
	json_decref(o);
}

static void
from_asking_to_the_first_line(void **st)
{
	struct scene s;
	json_t *config, *o;
	char id[32];

	(void)st;
	scene_begin(&s);
	engineer(&s);
	ask_for(&s, "fw-9", "10.1.0.1", id);
	/* it sends already: nobody named it so far, and nothing is live before it was approved */
	beat(&s, "fw-9", 5, s.now);
	state_is(&s, id, "proposed");
	config = desk_lcp_config(s.d, "aoba", "lcp-1", s.now);
	assert_int_equal(json_integer_value(json_object_get(config, "version")), 1);
	assert_int_equal(json_array_size(json_object_get(config, "devices")), 0);
	json_decref(config);
	/* neither the customer nor who asked, nor nobody in particular */
	refused(&s, "lowe", "device.approve", 404, id_of(id));
	refused(&s, NULL, "device.approve", 403, id_of(id));
	s.now += 60 * SEC;
	json_decref(scene_do(&s, "eng", "device.approve", 200, id_of(id)));
	refused(&s, "eng", "device.approve", 409, id_of(id));
	config = desk_lcp_config(s.d, "aoba", "lcp-1", s.now);
	assert_int_equal(json_integer_value(json_object_get(config, "version")), 2);
	o = json_array_get(json_object_get(config, "devices"), 0);
	assert_string_equal(jstr(o, "id"), "fw-9");
	assert_string_equal(jstr(o, "address"), "10.1.0.1");
	json_decref(config);
	/* the engine reads the same */
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM tenants WHERE id = 'aoba' AND doc LIKE '%\"id\":\"fw-9\"%'"), 1);
	/* a line from before the approval is not the first one */
	beat(&s, "fw-9", 6, s.now - 30 * SEC);
	state_is(&s, id, "waiting");
	s.now += 10 * SEC;
	beat(&s, "fw-9", 7, s.now);
	state_is(&s, id, "live");
	o = scene_do(&s, "odagiri", "registration.show", 200, id_of(id));
	assert_string_equal(jstr(o, "first_lcp"), "lcp-1");
	assert_int_equal(json_array_size(json_object_get(o, "collectors")), 1);
	json_decref(o);
	json_decref(scene_do(&s, "odagiri", "device.withdraw", 200, id_of(id)));
	refused(&s, "odagiri", "device.withdraw", 409, id_of(id));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM tenants WHERE doc LIKE '%fw-9%'"), 0);
	assert_int_equal(scene_count(&s, "SELECT config FROM lcps WHERE lcp = 'lcp-1'"), 3);
	scene_replays(&s);
	scene_end(&s);
}

/* A collector that began anew and happens to say the total of before has heard that many new lines. */
static void
a_new_beginning_counts_whole(void **st)
{
	struct scene s;

	(void)st;
	scene_begin(&s);
	engineer(&s);
	for (int i = 0; i < 4; i++) {
		json_t *o = json_pack("{s:i, s:I, s:[{s:s, s:i}]}", "v", 1, "since", (json_int_t)(T0 + (i < 2 ? 0 : 100) * SEC), "devices", "id", "fw", "lines", 7);

		s.now += 10 * SEC;
		assert_int_equal(desk_heartbeat(s.d, "aoba", "lcp-1", o, s.now), 0);
		json_decref(o);
	}
	assert_int_equal(scene_count(&s, "SELECT sum(lines) FROM device_days WHERE device = 'fw'"), 14);
	scene_end(&s);
}

static bool
doctor_says(struct scene *s, const char *check)
{
	json_t *o = scene_do(s, "eng", "doctor.show", 200, NULL);
	const json_t *v;
	bool ok = false;
	size_t i;

	json_array_foreach(json_object_get(o, "checks"), i, v)
		if (strcmp(jstr(v, "id"), check) == 0)
			ok = json_is_true(json_object_get(v, "ok"));
	json_decref(o);
	return ok;
}

/* What a collector refuses is seen by us, and goes away with the next good one. */
static void
a_refused_list_is_told(void **st)
{
	static const char *const why[] = { "", "signature", "" };
	struct scene s;

	(void)st;
	scene_begin(&s);
	engineer(&s);
	for (size_t i = 0; i < 3; i++) {
		json_t *o = json_pack("{s:i, s:{s:i, s:{s:i}, s:s}}", "v", 1, "config", "version", 3, "refused", "signature", 1, "why", why[i]);

		s.now += 10 * SEC;
		assert_int_equal(desk_heartbeat(s.d, "aoba", "lcp-1", o, s.now), 0);
		assert_true(doctor_says(&s, "device_lists") == (why[i][0] == '\0'));
		json_decref(o);
	}
	scene_end(&s);
}

static void
who_asks_does_not_approve(void **st)
{
	struct scene s;
	json_t *o;
	char id[32];

	(void)st;
	scene_begin(&s);
	engineer(&s);
	o = scene_do(&s, "eng", "device.register", 200, wish("fw-1", ""));
	snprintf(id, sizeof id, "%s", jstr(o, "id"));
	json_decref(o);
	refused(&s, "eng", "device.approve", 403, id_of(id));
	json_decref(scene_do(&s, "otomo", "device.refuse", 200, json_pack("{s:s, s:s}", "id", id, "reason", "it is known as fw-2")));
	state_is(&s, id, "refused");
	/* the name is free again */
	ask_for(&s, "fw-1", "", id);
	json_decref(scene_do(&s, "otomo", "device.approve", 200, id_of(id)));
	scene_end(&s);
}

static void
bad_wishes_are_refused(void **st)
{
	static const struct {
		const char *key, *value;
		int status;
	} v[] = {
		{ "device", "fw 9", 422 },   { "device", "", 422 },          { "transport", "smoke", 422 }, { "address", "10.1", 422 }, { "address", "10.1.0.0/16", 422 },
		{ "zone", "Asia/Nowhere", 422 }, { "lcp", "none", 422 }, { "source", "no such!", 422 }, { "tenant", "harbor", 404 }, { "tenant", "none", 404 },
		{ "device", "fw-0", 409 },   { "address", "10.9.9.9", 409 },  { "address", "::ffff:10.9.9.9", 409 }, { "address", "::ffff:a09:909", 409 },
	};
	struct scene s;
	char id[32];

	(void)st;
	scene_begin(&s);
	engineer(&s);
	ask_for(&s, "fw-0", "10.9.9.9", id);
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		json_t *o = wish("fw-9", "10.1.0.1");

		json_object_set_new(o, v[i].key, json_string(v[i].value));
		refused(&s, "odagiri", "device.register", v[i].status, o);
	}
	refused(&s, "lowe", "registration.show", 404, id_of(id));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM registrations"), 1);
	scene_end(&s);
}

static void
networks_and_assets_one_by_one(void **st)
{
	struct scene s;
	json_t *o;

	(void)st;
	scene_begin(&s);
	json_decref(scene_do(&s, "odagiri", "network.add", 200, json_pack("{s:s, s:s, s:s}", "tenant", "aoba", "name", "工場", "cidr", "10.7.0.0/16")));
	refused(&s, "odagiri", "network.add", 409, json_pack("{s:s, s:s, s:s}", "tenant", "aoba", "name", "工場", "cidr", "10.8.0.0/16"));
	refused(&s, "odagiri", "network.add", 422, json_pack("{s:s, s:s, s:s}", "tenant", "aoba", "name", "x", "cidr", "10.7.0.1/16"));
	refused(&s, "odagiri", "network.add", 404, json_pack("{s:s, s:s, s:s}", "tenant", "harbor", "name", "x", "cidr", "10.7.0.0/16"));
	/* what is inside is not the Internet, however it is written; private ranges are anybody's own */
	for (size_t i = 0; i < 7; i++)
		refused(&s, "odagiri", i % 2 == 0 ? "network.add" : "asset.add", 422,
		        json_pack(i % 2 == 0 ? "{s:s, s:s, s:s}" : "{s:s, s:s, s:[s]}", "tenant", "aoba", "name", "x", i % 2 == 0 ? "cidr" : "addresses",
		                  (const char *[]){ "0.0.0.0/0", "0.0.0.0/0", "64.0.0.0/7", "::/0", "::ffff:0:0/96", "2000::/15", "::/32" }[i]));
	json_decref(scene_do(&s, "odagiri", "network.add", 200, json_pack("{s:s, s:s, s:s}", "tenant", "aoba", "name", "v6", "cidr", "fc00::/7")));
	json_decref(scene_do(&s, "odagiri", "network.remove", 200, json_pack("{s:s, s:s}", "tenant", "aoba", "name", "v6")));
	refused(&s, "odagiri", "network.change", 404, json_pack("{s:s, s:s, s:s}", "tenant", "aoba", "name", "x", "cidr", "10.7.0.0/16"));
	o = scene_do(&s, "odagiri", "network.change", 200, json_pack("{s:s, s:s, s:s}", "tenant", "aoba", "name", "工場", "cidr", "10.8.0.0/16"));
	assert_string_equal(jstr(json_array_get(json_object_get(o, "networks"), 0), "cidr"), "10.8.0.0/16");
	json_decref(o);
	o = scene_do(&s, "odagiri", "asset.add", 200, json_pack("{s:s, s:s, s:i, s:[s], s:[s]}", "tenant", "aoba", "name", "erp", "value", 3, "addresses", "10.8.0.5", "hosts", "erp01"));
	assert_int_equal(json_array_size(json_object_get(o, "assets")), 3);
	json_decref(o);
	refused(&s, "odagiri", "asset.add", 422, json_pack("{s:s, s:s, s:i}", "tenant", "aoba", "name", "x", "value", 4));
	refused(&s, "odagiri", "asset.add", 422, json_pack("{s:s, s:s, s:[s]}", "tenant", "aoba", "name", "x", "addresses", "ten"));
	/* a change leaves the rest of it */
	o = scene_do(&s, "odagiri", "asset.change", 200, json_pack("{s:s, s:s, s:i}", "tenant", "aoba", "name", "erp", "value", 2));
	assert_string_equal(json_string_value(json_array_get(json_object_get(json_array_get(json_object_get(o, "assets"), 2), "hosts"), 0)), "erp01");
	json_decref(o);
	json_decref(scene_do(&s, "odagiri", "asset.remove", 200, json_pack("{s:s, s:s}", "tenant", "aoba", "name", "erp")));
	json_decref(scene_do(&s, "odagiri", "network.remove", 200, json_pack("{s:s, s:s}", "tenant", "aoba", "name", "工場")));
	refused(&s, "odagiri", "network.remove", 404, json_pack("{s:s, s:s}", "tenant", "aoba", "name", "工場"));
	/* it took effect at once: whoever is on duty heard of each; what the house changes itself is no news */
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'network_changed' AND tenant = 'aoba'"), 3);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'network_changed' AND en = 'The customer (N. Odagiri) set the network “工場”. 10.7.0.0/16'"), 1);
	engineer(&s);
	json_decref(scene_do(&s, "eng", "network.add", 200, json_pack("{s:s, s:s, s:s}", "tenant", "aoba", "name", "lab", "cidr", "10.9.0.0/16")));
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'network_changed'"), 3);
	scene_replays(&s);
	scene_end(&s);
}

static int64_t
open_alarms(struct scene *s, const char *kind)
{
	return db_int(s->db, -1, "SELECT count(*) FROM alarms WHERE kind = ? AND key = 'aoba' AND tenant = 'aoba' AND ack_at IS NULL", Q(kind));
}

static void
look(struct scene *s)
{
	assert_int_equal(desk_devices_due(s->d, s->now), 0);
}

/* A wish is somebody's business until it is decided; many of one tenant are one alarm. */
static void
a_wish_reaches_somebody(void **st)
{
	struct scene s;
	char a[32], b[32];

	(void)st;
	scene_begin(&s);
	engineer(&s);
	look(&s);
	assert_int_equal(open_alarms(&s, "device_asked"), 0);
	ask_for(&s, "fw-1", "", a);
	s.now += SEC;
	ask_for(&s, "fw-2", "", b);
	look(&s);
	assert_int_equal(open_alarms(&s, "device_asked"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE ja LIKE '%fw-1, fw-2%' AND en LIKE '%fw-1, fw-2%'"), 1);
	/* told once, also after somebody took it in hand */
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM journal WHERE command = 'device.asked'"), 1);
	look(&s);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM journal WHERE command = 'device.asked'"), 1);
	json_decref(scene_do(&s, "eng", "device.approve", 200, id_of(a)));
	assert_int_equal(open_alarms(&s, "device_asked"), 1); /* the other still waits for a word */
	json_decref(scene_do(&s, "otomo", "device.refuse", 200, json_pack("{s:s, s:s}", "id", b, "reason", "unknown")));
	assert_int_equal(open_alarms(&s, "device_asked"), 0);
	ask_for(&s, "fw-3", "", a);
	look(&s);
	assert_int_equal(open_alarms(&s, "device_asked"), 1);
	json_decref(scene_do(&s, "odagiri", "device.withdraw", 200, id_of(a)));
	assert_int_equal(open_alarms(&s, "device_asked"), 0);
	scene_replays(&s);
	scene_end(&s);
}

static int64_t
letters(struct scene *s)
{
	return scene_count(s, "SELECT count(*) FROM outbox WHERE kind = 'mail' AND json_extract(doc, '$.words.title.ja') = 'ログが届いていない機器があります'");
}

/* Approved and silent: the SOC and the tenant hear of it once, and it is over with the first line. */
static void
one_that_never_sends_is_told(void **st)
{
	struct scene s;
	char a[32], b[32];
	json_t *o;

	(void)st;
	scene_begin(&s);
	engineer(&s);
	ask_for(&s, "fw-1", "", a);
	ask_for(&s, "fw-2", "", b);
	json_decref(scene_do(&s, "eng", "device.approve", 200, id_of(a)));
	s.now += 1 * NS_PER_DAY;
	json_decref(scene_do(&s, "eng", "device.approve", 200, id_of(b)));
	s.now += 6 * NS_PER_DAY - SEC;
	look(&s);
	assert_int_equal(open_alarms(&s, "device_waiting"), 0);
	s.now += SEC;
	look(&s);
	look(&s);
	assert_int_equal(open_alarms(&s, "device_waiting"), 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM alarms WHERE kind = 'device_waiting' AND en LIKE '%7 days%fw-1'"), 1);
	assert_int_equal(letters(&s), scene_count(&s, "SELECT count(*) FROM contacts WHERE tenant = 'aoba' AND active <> 0 AND mail IS NOT NULL AND reports <> 0"));
	assert_true(letters(&s) > 0);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM outbox WHERE doc LIKE '%ログが届いていない%' AND json_extract(doc, '$.tenant') <> 'aoba'"), 0);
	o = scene_do(&s, "odagiri", "registration.show", 200, id_of(a));
	assert_true(json_is_string(json_object_get(o, "late_at")));
	json_decref(o);
	s.now += SEC;
	beat(&s, "fw-1", 1, s.now);
	state_is(&s, a, "live");
	assert_int_equal(open_alarms(&s, "device_waiting"), 0);
	/* the second one a day later, by a setting of its own */
	s.d->s.device_wait_ns = 30 * NS_PER_DAY;
	s.now += 1 * NS_PER_DAY;
	look(&s);
	assert_int_equal(open_alarms(&s, "device_waiting"), 0);
	s.d->s.device_wait_ns = 0;
	look(&s);
	assert_int_equal(open_alarms(&s, "device_waiting"), 1);
	json_decref(scene_do(&s, "odagiri", "device.withdraw", 200, id_of(b)));
	assert_int_equal(open_alarms(&s, "device_waiting"), 0);
	scene_replays(&s);
	scene_end(&s);
}

#define TENANT "tenants:\n  - id: aoba\n    name: {ja: 青葉, en: Aoba}\n    kana: アオバ\n    short: AOBA\n    code_word: {ja: カワセミ, en: kingfisher}\n"

static void
import(struct scene *s, const char *yaml)
{
	struct whys ws = { 0 };
	json_t *doc = desk_import_read(slice_str(yaml), "t.yaml", &ws);

	assert_non_null(doc);
	json_object_del(doc, "secrets");
	json_decref(scene_do(s, NULL, "tenant.import", 200, doc));
	whys_fini(&ws);
}

static void
an_import_and_single_changes_agree(void **st)
{
	struct scene s;
	char id[32];
	int64_t config;

	(void)st;
	scene_begin(&s);
	engineer(&s);
	ask_for(&s, "fw-1", "10.1.0.1", id);
	json_decref(scene_do(&s, "odagiri", "network.add", 200, json_pack("{s:s, s:s, s:s}", "tenant", "aoba", "name", "plant", "cidr", "10.7.0.0/16")));
	/* a document that says nothing of them leaves them */
	import(&s, TENANT);
	state_is(&s, id, "proposed");
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM tenants WHERE id = 'aoba' AND doc LIKE '%plant%' AND doc LIKE '%dc01%'"), 1);
	/* one that names devices is the whole truth about them */
	config = scene_count(&s, "SELECT config FROM lcps WHERE lcp = 'lcp-1'");
	look(&s);
	assert_int_equal(open_alarms(&s, "device_asked"), 1);
	import(&s, TENANT "    devices: [{id: fw-1, source: fortinet.fortigate, address: 10.1.0.1}, {id: px-1, source: squid.access}]\n");
	assert_int_equal(open_alarms(&s, "device_asked"), 0); /* the document has decided it */
	state_is(&s, id, "waiting");
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM registrations WHERE state = 'waiting'"), 2);
	assert_int_equal(scene_count(&s, "SELECT config FROM lcps WHERE lcp = 'lcp-1'"), config + 1);
	/* the same again changes nothing at the collectors */
	import(&s, TENANT "    devices: [{id: fw-1, source: fortinet.fortigate, address: 10.1.0.1}, {id: px-1, source: squid.access}]\n");
	assert_int_equal(scene_count(&s, "SELECT config FROM lcps WHERE lcp = 'lcp-1'"), config + 1);
	/* an address that a document writes in another way is the same one */
	import(&s, TENANT "    devices: [{id: fw-1, source: fortinet.fortigate, address: '::ffff:10.1.0.1'}, {id: px-1, source: squid.access}]\n");
	assert_int_equal(scene_count(&s, "SELECT config FROM lcps WHERE lcp = 'lcp-1'"), config + 1);
	assert_int_equal(scene_count(&s, "SELECT count(*) FROM registrations WHERE address = '10.1.0.1'"), 1);
	import(&s, TENANT "    devices: [{id: px-1, source: squid.access}]\n");
	state_is(&s, id, "withdrawn");
	assert_int_equal(scene_count(&s, "SELECT config FROM lcps WHERE lcp = 'lcp-1'"), config + 2);
	scene_replays(&s);
	scene_end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(from_asking_to_the_first_line), cmocka_unit_test(who_asks_does_not_approve), cmocka_unit_test(a_new_beginning_counts_whole), cmocka_unit_test(a_refused_list_is_told), cmocka_unit_test(bad_wishes_are_refused),
		cmocka_unit_test(a_wish_reaches_somebody), cmocka_unit_test(one_that_never_sends_is_told), cmocka_unit_test(networks_and_assets_one_by_one), cmocka_unit_test(an_import_and_single_changes_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
