/* SPDX-License-Identifier: Apache-2.0
 *
 * detect/: a batch of lines in, detections out.  Two rules and a correlation over one small source, an indicator list, no process.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/must.h"
#include "detect/detect.h"
#include "sys/fd.h"

#define T0 (1764000000 * NS_PER_S)

static const char source_text[] = "source: test.gate\n"
                                  "probe: {starts: 'gate ', has: 'act='}\n"
                                  "codec: kv\n"
                                  "native: gate\n"
                                  "fields:\n"
                                  "  src: source.ip\n"
                                  "  dst: destination.ip\n"
                                  "  user: user.name\n"
                                  "  act: event.action\n";

#define HASH_OF_CUT "0707070707070707070707070707070707070707070707070707070707070707"

static const char rules_text[] = "title: Login failed\n"
                                 "id: 11111111-1111-4111-8111-111111111111\n"
                                 "name: login_failed\n"
                                 "status: test\n"
                                 "level: medium\n"
                                 "logsource: {product: test, service: gate}\n"
                                 "detection:\n"
                                 "  selection: {event.action: fail}\n"
                                 "  condition: selection\n"
                                 "---\n"
                                 "title: A line that was cut\n"
                                 "id: 33333333-3333-4333-8333-333333333333\n"
                                 "status: test\n"
                                 "level: low\n"
                                 "logsource: {product: test, service: gate}\n"
                                 "detection:\n"
                                 "  selection:\n"
                                 "    nezuban.line.original_length: 2000000\n"
                                 "    nezuban.line.original_sha256: '" HASH_OF_CUT "'\n"
                                 "  condition: selection\n"
                                 "---\n"
                                 "title: Five failures of one user\n"
                                 "id: 22222222-2222-4222-8222-222222222222\n"
                                 "status: test\n"
                                 "level: high\n"
                                 "correlation:\n"
                                 "  type: event_count\n"
                                 "  rules: [login_failed]\n"
                                 "  group-by: [user.name]\n"
                                 "  timespan: 10m\n"
                                 "  condition: {gte: 5}\n"
                                 "  generate: true\n";

struct world {
	struct detect_gen *gen;
	struct detect_worker *w;
	struct intel_image *image;
	struct buf image_bytes;
	struct batch_builder *bb;
	uint32_t dev;
	struct buf block, out;
	struct detect_stats stats;
};

static void
write_in(const char *dir, const char *name, const char *text)
{
	auto_free char *path = x_asprintf("%s/%s", dir, name);

	assert_int_equal(file_write_atomic(path, slice_str(text), 0600), 0);
}

static struct detect_gen *
generation(void)
{
	char rules[] = "/tmp/nz-detect-XXXXXX", sources[] = "/tmp/nz-detect-XXXXXX";
	const char *dirs[] = { rules };
	auto_free char *wipe = NULL;
	struct whys ws = { 0 };
	struct detect_gen *g;

	assert_non_null(mkdtemp(rules));
	assert_non_null(mkdtemp(sources));
	write_in(rules, "gate.yml", rules_text);
	write_in(sources, "test.gate.yaml", source_text);
	g = detect_gen_load(dirs, 1, sources, &ws);
	for (size_t i = 0; i < ws.list.n; i++) {
		auto_buf struct buf b = { 0 };

		why_print(&ws.list.v[i], &b);
		print_error("%s\n", buf_cstr(&b));
	}
	whys_fini(&ws);
	wipe = x_asprintf("rm -r %s %s", rules, sources);
	assert_int_equal(system(wipe), 0);
	assert_non_null(g);
	return g;
}

static int
set_up(void **state)
{
	struct world *d = x_calloc(1, sizeof *d);

	d->gen = generation();
	d->w = detect_worker_new(d->gen, NULL);
	d->bb = batch_builder_new();
	d->dev = (uint32_t)batch_add_device(d->bb, SL("gate-1"), SL(""));
	*state = d;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *d = *state;

	detect_worker_free(d->w);
	detect_gen_free(d->gen);
	intel_close(d->image);
	batch_builder_free(d->bb);
	buf_fini(&d->image_bytes);
	buf_fini(&d->block);
	buf_fini(&d->out);
	free(d);
	return 0;
}

static void
add(struct world *d, int second, const char *line)
{
	assert_int_equal(batch_add_line(d->bb, d->dev, BT_TCP, 0, T0 + second * NS_PER_S, slice_str(line)), 0);
}

static void
add_failure(struct world *d, int second, const char *user)
{
	auto_free char *line = x_asprintf("gate src=198.51.100.7 dst=192.0.2.10 user=%s act=fail", user);

	add(d, second, line);
}

/* Seals what was added as batch seq, lets worker w judge it, empties the builder. The detections. */
static json_t *
judge_how(struct world *d, struct detect_worker *w, uint64_t seq, bool correlate, const uint32_t *poison, size_t poison_n)
{
	static const uint64_t epoch[2] = { 7, 9 };
	static const uint8_t zero[32];
	struct batch_key key = { .tenant = "aoba", .lcp = "tokyo", .epoch = { 7, 9 }, .seq = seq };
	struct detect_tenant tenant = { SL("aoba"), NULL, NULL };
	struct batch b;
	struct detect_batch in = { .batch = &b, .key = &key, .stored_ns = T0 + 60 * NS_PER_S, .tenant = &tenant, .correlate = correlate,
		                   .poison = poison, .poison_n = poison_n, .detections = &d->out };
	json_t *ret;

	buf_clear(&d->block);
	buf_clear(&d->out);
	batch_build(d->bb, epoch, seq, zero, T0, &d->block);
	assert_int_equal(batch_check(buf_slice(&d->block), &b, NULL), 0);
	detect_batch(w, &in);
	d->stats = detect_worker_stats(w);
	ret = json_loadb(d->out.p, d->out.n, JSON_REJECT_DUPLICATES, NULL);
	assert_true(json_is_array(ret));
	return ret;
}

static json_t *
judge(struct world *d, uint64_t seq)
{
	json_t *ret = judge_how(d, d->w, seq, true, NULL, 0);

	batch_builder_reset(d->bb);
	d->dev = (uint32_t)batch_add_device(d->bb, SL("gate-1"), SL(""));
	return ret;
}

static const char *
text_of(const json_t *o, const char *outer, const char *inner)
{
	o = outer != NULL ? json_object_get(o, outer) : o;
	return json_string_value(json_object_get(o, inner));
}

static const json_t *
of_kind(const json_t *list, const char *kind)
{
	const json_t *d, *found = NULL;
	size_t i;

	json_array_foreach(list, i, d)
		if (strcmp(text_of(d, NULL, "kind"), kind) == 0) {
			assert_null(found);
			found = d;
		}
	return found;
}

static bool
names_entity(const json_t *d, const char *kind, const char *value)
{
	const json_t *e;
	size_t i;

	json_array_foreach(json_object_get(d, "entities"), i, e)
		if (strcmp(text_of(e, NULL, "kind"), kind) == 0 && strcmp(text_of(e, NULL, "value"), value) == 0)
			return true;
	return false;
}

/* ---- */

static void
a_line_becomes_a_detection_that_says_why(void **state)
{
	struct world *d = *state;
	const json_t *one, *event;
	json_t *list;

	add(d, 0, "gate src=198.51.100.7 dst=192.0.2.10 user=sato act=pass");
	add_failure(d, 1, "sato");
	list = judge(d, 3);
	assert_int_equal(json_array_size(list), 1);
	one = json_array_get(list, 0);
	assert_string_equal(text_of(one, NULL, "kind"), "rule");
	assert_string_equal(text_of(one, "rule", "id"), "11111111-1111-4111-8111-111111111111");
	assert_string_equal(text_of(one, "rule", "level"), "medium");
	assert_string_equal(text_of(one, NULL, "dataset"), "test.gate");
	assert_string_equal(text_of(one, NULL, "device"), "gate-1");
	assert_string_equal(text_of(one, NULL, "line"), "gate src=198.51.100.7 dst=192.0.2.10 user=sato act=fail");
	assert_int_equal(json_integer_value(json_object_get(one, "count")), 1);
	assert_true(names_entity(one, "user", "sato") && names_entity(one, "ip", "198.51.100.7"));
	event = json_array_get(json_object_get(one, "events"), 0);
	assert_string_equal(text_of(event, NULL, "lcp"), "tokyo");
	assert_int_equal(json_integer_value(json_object_get(event, "seq")), 3);
	assert_int_equal(json_integer_value(json_object_get(event, "n")), 1);
	assert_string_equal(text_of(json_array_get(json_object_get(one, "why"), 0), NULL, "field"), "event.action");
	assert_string_equal(text_of(json_array_get(json_object_get(one, "why"), 0), NULL, "value"), "fail");
	json_decref(list);
}

static void
the_same_thing_is_one_detection_with_a_count(void **state)
{
	struct world *d = *state;
	uint64_t total = 0;
	json_t *list, *one;
	size_t i, rules = 0;

	for (int k = 0; k < 100; k++)
		add_failure(d, k, k % 4 == 3 ? "abe" : "sato");
	list = judge(d, 1);
	json_array_foreach(list, i, one) {
		size_t samples = json_array_size(json_object_get(one, "events"));

		if (strcmp(text_of(one, NULL, "kind"), "rule") != 0)
			continue;
		rules++;
		total += (uint64_t)json_integer_value(json_object_get(one, "count"));
		assert_int_equal(samples, names_entity(one, "user", "abe") ? 25 : SIGMA_SAMPLES);
		assert_int_equal(json_integer_value(json_object_get(one, "first_at")), T0 + (names_entity(one, "user", "abe") ? 3 : 0) * NS_PER_S);
		assert_int_equal(json_integer_value(json_object_get(one, "lcp_at")), json_integer_value(json_object_get(one, "first_at")));
		assert_int_equal(json_integer_value(json_object_get(one, "soc_at")), T0 + 60 * NS_PER_S);
	}
	assert_int_equal(rules, 2);
	assert_int_equal(total, 100);
	json_decref(list);
}

/* Another engine that begins at the same place says the same, byte for byte; the next batch's keys are others. */
static void
a_replay_gives_the_same_keys(void **state)
{
	struct world *d = *state;
	struct detect_worker *other = detect_worker_new(d->gen, NULL);
	json_t *first, *again, *next;

	for (int k = 0; k < 12; k++)
		add_failure(d, k, k % 2 != 0 ? "abe" : "sato");
	first = judge_how(d, d->w, 1, true, NULL, 0);
	again = judge_how(d, other, 1, true, NULL, 0);
	assert_true(json_equal(first, again));
	assert_int_equal(json_array_size(first), 4);
	next = judge_how(d, other, 2, true, NULL, 0);
	for (size_t i = 0; i < json_array_size(next); i++)
		for (size_t k = 0; k < json_array_size(first); k++)
			assert_string_not_equal(text_of(json_array_get(next, i), NULL, "key"), text_of(json_array_get(first, k), NULL, "key"));
	json_decref(first);
	json_decref(again);
	json_decref(next);
	detect_worker_free(other);
}

static void
a_correlation_spans_batches_and_fires_once(void **state)
{
	struct world *d = *state;
	const json_t *alarm;
	json_t *list;

	for (int k = 0; k < 4; k++)
		add_failure(d, k, "sato");
	list = judge(d, 1);
	assert_null(of_kind(list, "correlation"));
	json_decref(list);
	add_failure(d, 5, "abe");
	add_failure(d, 6, "sato");
	list = judge(d, 2);
	alarm = of_kind(list, "correlation");
	assert_non_null(alarm);
	assert_string_equal(text_of(alarm, "rule", "id"), "22222222-2222-4222-8222-222222222222");
	assert_int_equal(json_integer_value(json_object_get(alarm, "count")), 5);
	assert_int_equal(json_array_size(json_object_get(alarm, "events")), 5);
	assert_string_equal(text_of(json_array_get(json_object_get(alarm, "why"), 0), NULL, "value"), "sato");
	json_decref(list);
}

/* Read again only for the store or the desk: the windows have seen it. */
static void
a_batch_read_again_moves_no_window(void **state)
{
	struct world *d = *state;
	json_t *list;

	for (int k = 0; k < 4; k++)
		add_failure(d, k, "sato");
	json_decref(judge_how(d, d->w, 1, true, NULL, 0));
	list = judge_how(d, d->w, 1, false, NULL, 0);
	assert_non_null(of_kind(list, "rule"));
	assert_null(of_kind(list, "correlation"));
	json_decref(list);
	assert_int_equal(d->stats.alarms, 0);
}

/* The mark is the collector's flag: the same text without it is an ordinary line, and other text with it no minute. */
static void
canaries_are_told_by_their_flag(void **state)
{
	struct world *d = *state;
	const int64_t *minutes;
	json_t *list;
	size_t n;

	assert_int_equal(batch_add_line(d->bb, d->dev, BT_INTERNAL, LINE_CANARY, T0, SL(CANARY_TEXT "29929893")), 0);
	assert_int_equal(batch_add_line(d->bb, d->dev, BT_TCP, 0, T0, SL(CANARY_TEXT "29929894")), 0);
	assert_int_equal(batch_add_line(d->bb, d->dev, BT_INTERNAL, LINE_CANARY, T0, SL("something else")), 0);
	assert_int_equal(batch_add_line(d->bb, d->dev, BT_INTERNAL, LINE_CANARY, T0, SL(CANARY_TEXT "99999999999999999999")), 0);
	list = judge_how(d, d->w, 1, true, NULL, 0);
	minutes = detect_worker_canaries(d->w, &n);
	assert_int_equal(n, 1);
	assert_int_equal(minutes[0], 29929893);
	assert_int_equal(d->stats.canaries, 3);
	assert_int_equal(d->stats.lines, 4);
	assert_int_equal(d->stats.unparsed, 1);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
}

static void
gaps_and_poison_are_kept_and_not_judged(void **state)
{
	static const char gap[] = "{\"nezuban\":\"gap\",\"reason\":\"full\",\"count\":9,\"unit\":\"lines\"}";
	static const uint32_t poison[] = { 1 };
	struct world *d = *state;
	json_t *list;

	assert_int_equal(batch_add_line(d->bb, d->dev, BT_UDP, LINE_GAP, T0, slice_str(gap)), 0);
	add_failure(d, 1, "sato");
	add(d, 2, "nobody knows this line");
	list = judge_how(d, d->w, 1, true, poison, 1);
	assert_int_equal(json_array_size(list), 0);
	assert_int_equal(d->stats.lines, 3);
	assert_int_equal(d->stats.gaps, 1);
	assert_int_equal(d->stats.poison, 1);
	assert_int_equal(d->stats.unparsed, 1);
	json_decref(list);
}

/* The desk reads detections with jansson, to which one NUL makes the whole batch no JSON, and every batch behind it would wait: a line
 * may hold what it will, its detection can be read. */
static void
no_byte_of_a_line_makes_a_batch_unreadable(void **state)
{
	struct world *d = *state;
	json_t *list;

	for (int byte = 0; byte < 256; byte++) {
		char line[] = "gate src=198.51.100.7 dst=192.0.2.10 user=a_b act=fail";
		char *at = strchr(line, '_');

		*at = (char)byte;
		assert_int_equal(batch_add_line(d->bb, d->dev, BT_TCP, 0, T0 + byte, slice_of(line, sizeof line - 1)), 0);
	}
	list = judge(d, 1);
	assert_true(json_array_size(list) > 200);
	assert_true(names_entity(json_array_get(list, 0), "user", "a\xef\xbf\xbd" "b"));
	json_decref(list);
}

/* What the collector cut says how long it was and what its hash was, where rules and people can see it. */
static void
a_cut_line_tells_what_it_was(void **state)
{
	struct world *d = *state;
	uint8_t hash[32];
	json_t *list;

	memset(hash, 7, sizeof hash);
	add(d, 0, "gate src=198.51.100.7 dst=192.0.2.10 user=sato act=pass");
	batch_note_cut(d->bb, 2000000, hash);
	add(d, 1, "gate src=198.51.100.7 dst=192.0.2.10 user=sato act=pass");
	list = judge(d, 1);
	assert_int_equal(json_array_size(list), 1);
	assert_string_equal(text_of(json_array_get(list, 0), "rule", "id"), "33333333-3333-4333-8333-333333333333");
	assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "count")), 1);
	assert_int_equal(d->stats.cut, 1);
	json_decref(list);
}

/* The worker's image has this indicator, of "test-list", and no other. */
static void
list_one(struct world *d, const char *indicator)
{
	struct intel_list of = { .name = "test-list", .confidence = 90 };
	struct intel_builder *ib = intel_builder_new(T0);

	assert_int_equal(intel_add(ib, slice_str(indicator), &of, NULL), 0);
	intel_build(ib, &d->image_bytes);
	intel_builder_free(ib);
	assert_int_equal(intel_open_bytes(buf_slice(&d->image_bytes), &d->image, NULL), 0);
	detect_worker_image(d->w, d->image);
}

static void
an_indicator_is_found_and_named(void **state)
{
	struct world *d = *state;
	const json_t *hit;
	json_t *list;

	list_one(d, "203.0.113.66");
	add(d, 0, "gate src=192.0.2.10 dst=203.0.113.66 user=sato act=pass");
	add(d, 1, "gate src=192.0.2.10 dst=203.0.113.66 user=sato act=pass");
	list = judge(d, 1);
	hit = of_kind(list, "indicator");
	assert_non_null(hit);
	assert_string_equal(text_of(hit, "rule", "id"), "intel:test-list");
	assert_string_equal(text_of(hit, "rule", "name"), "203.0.113.66");
	assert_string_equal(text_of(hit, "rule", "level"), "high");
	assert_int_equal(json_integer_value(json_object_get(hit, "count")), 2);
	assert_int_equal(json_integer_value(json_object_get(json_object_get(hit, "evidence"), "intel_confidence")), 90);
	json_decref(list);
}

/* Source and destination both listed: one event, counted and named once. */
static void
an_indicator_in_two_fields_is_one_event(void **state)
{
	struct world *d = *state;
	const json_t *hit;
	json_t *list;

	list_one(d, "203.0.113.66");
	add(d, 0, "gate src=203.0.113.66 dst=203.0.113.66 user=sato act=pass");
	add(d, 1, "gate src=203.0.113.66 dst=203.0.113.66 user=sato act=pass");
	list = judge(d, 1);
	hit = of_kind(list, "indicator");
	assert_int_equal(json_integer_value(json_object_get(hit, "count")), 2);
	assert_int_equal(json_array_size(json_object_get(hit, "events")), 2);
	json_decref(list);
}

/* Different users without end: the batch's list of found things is bounded, the rest is counted. */
static void
too_many_different_things_are_counted(void **state)
{
	struct world *d = *state;
	json_t *list;
	char user[16];

	for (unsigned k = 0; k < DETECT_FOUND_MAX + 50; k++) {
		snprintf(user, sizeof user, "u%u", k);
		add_failure(d, 0, user);
	}
	list = judge(d, 1);
	assert_int_equal(json_array_size(list), DETECT_FOUND_MAX);
	assert_int_equal(d->stats.rolled_up, 50);
	json_decref(list);
}

static void
the_cursor_names_the_line_at_work(void **state)
{
	struct detect_cursor c = { 0 };
	struct world *d = *state;

	detect_worker_cursor(d->w, &c);
	add_failure(d, 0, "sato");
	add_failure(d, 1, "sato");
	json_decref(judge(d, 8));
	assert_int_equal(c.busy, 0);
	assert_int_equal(c.line, 1);
	assert_int_equal(c.key.seq, 8);
	assert_string_equal(c.key.tenant, "aoba");
}

int
main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(a_line_becomes_a_detection_that_says_why),
		T(the_same_thing_is_one_detection_with_a_count),
		T(a_replay_gives_the_same_keys),
		T(a_correlation_spans_batches_and_fires_once),
		T(a_batch_read_again_moves_no_window),
		T(canaries_are_told_by_their_flag),
		T(gaps_and_poison_are_kept_and_not_judged),
		T(no_byte_of_a_line_makes_a_batch_unreadable),
		T(a_cut_line_tells_what_it_was),
		T(an_indicator_is_found_and_named),
		T(an_indicator_in_two_fields_is_one_event),
		T(too_many_different_things_are_counted),
		T(the_cursor_names_the_line_at_work),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
