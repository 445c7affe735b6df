/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/buf.h"
#include "base/err.h"
#include "event/event.h"

static void
event_keeps_types_text_and_extras(void **state)
{
	struct fieldset *fs = fieldset_new();
	static struct event e;
	struct arena a;
	struct buf out = { 0 };
	int id = fieldset_add(fs, SL("winlog.event_data.GrantedAccess"));

	(void)state;
	arena_init(&a, 0, 0);
	event_init(&e, fs, &a);
	event_reset(&e, SL("line"), 0);
	event_set_named(&e, SL("source.ip"), SL("192.0.2.1"));
	event_set_named(&e, SL("source.port"), SL("443"));
	event_set_named(&e, SL("destination.port"), SL("https"));
	event_set_named(&e, SL("winlog.event_data.GrantedAccess"), SL("0x1410"));
	event_set_named(&e, SL("fortinet.x"), SL("a\"b"));
	event_add_named(&e, SL("dns.answers.data"), SL("one"));
	event_add_named(&e, SL("dns.answers.data"), SL("two"));
	assert_int_equal(e.conflicts, 1);
	assert_int_equal(event_get(&e, F_SOURCE_PORT)->i, 443);
	assert_slice(event_text(&e, id), "0x1410");
	event_to_json(&e, &out);
	assert_string_equal(buf_cstr(&out), "{\"source.ip\":\"192.0.2.1\",\"source.port\":443,\"destination.port\":\"https\","
	                                    "\"dns.answers.data\":[\"one\",\"two\"],"
	                                    "\"winlog.event_data.GrantedAccess\":\"0x1410\",\"fortinet.x\":\"a\\\"b\"}");
	event_reset(&e, SL(""), 0);
	assert_null(event_get(&e, F_SOURCE_IP));
	assert_null(event_find(&e, SL("fortinet.x")));
	buf_fini(&out);
	arena_fini(&a);
	fieldset_free(fs);
}

static void
every_field_finds_itself(void **state)
{
	(void)state;
	for (int i = 0; i < FIELD_COUNT; i++)
		assert_int_equal(field_find(slice_str(field_table[i].name)), i);
	assert_int_equal(field_find(SL("no.such")), FIELD_NONE);
}

static void
an_alias_leads_to_the_same_slot(void **state)
{
	struct fieldset *fs = fieldset_new();
	int id = fieldset_add(fs, SL("winlog.event_data.Image"));

	(void)state;
	assert_int_equal(fieldset_alias(fs, SL("Image"), id), 0);
	assert_int_equal(fieldset_alias(fs, SL("Image"), F_EVENT_CODE), E_EXISTS);
	assert_int_equal(fieldset_find(fs, SL("Image")), id);
	assert_int_equal(fieldset_add(fs, SL("Image")), id);
	assert_slice(fieldset_name(fs, id), "winlog.event_data.Image");
	fieldset_free(fs);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(event_keeps_types_text_and_extras),
		cmocka_unit_test(every_field_finds_itself),
		cmocka_unit_test(an_alias_leads_to_the_same_slot),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
