/* SPDX-License-Identifier: Apache-2.0
 *
 * The pure parts of role ingest: who may come, whose turn it is, in what order, and what a body may be.
 */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/must.h"
#include "role/ingest_priv.h"

static struct post *
post(const char *tenant, uint64_t seq, size_t size)
{
	struct post *p = x_calloc(1, sizeof *p);

	p->id = seq;
	p->head.key.seq = seq;
	snprintf(p->head.key.tenant, sizeof p->head.key.tenant, "%s", tenant);
	buf_reserve(&p->wire, size);
	memset(p->wire.p, 'x', size);
	p->wire.n = size;
	return p;
}

static void
only_enrolled_certificates(void **state)
{
	struct lcp_table t = { 0 };

	(void)state;
	assert_int_equal(lcps_read(&t, SL("{\"lcps\":[{\"tenant\":\"aoba\",\"lcp\":\"t-1\",\"serials\":[\"41aa\",\"42bb\"]},"
	                                  "{\"tenant\":\"harbor\",\"lcp\":\"l-1\",\"serials\":[\"43\"],\"revoked\":true}]}")), 0);
	assert_non_null(lcps_find(&t, "aoba", "t-1", "41aa"));
	assert_non_null(lcps_find(&t, "aoba", "t-1", "42bb"));
	assert_null(lcps_find(&t, "aoba", "t-1", "43"));
	assert_null(lcps_find(&t, "aoba", "t-1", ""));          /* an unused place in the table is no serial */
	assert_null(lcps_find(&t, "harbor", "l-1", "43"));      /* revoked */
	assert_null(lcps_find(&t, "harbor", "t-1", "41aa"));    /* another tenant's name */
	assert_null(lcps_find(&t, "aoba/t-1", "", "41aa"));
	assert_null(lcps_find(&t, "../aoba", "t-1", "41aa"));
	static const char *const bad[] = { "", "[]", "{}", "{\"lcps\":{}}", "{\"lcps\":[{\"tenant\":\"A\",\"lcp\":\"x\",\"serials\":[]}]}",
		"{\"lcps\":[{\"tenant\":\"a\",\"lcp\":\"x\"}]}", "{\"lcps\":[{\"tenant\":\"a\",\"lcp\":\"x\",\"serials\":[7]}]}", "{\"lcps\":[7]}" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(lcps_read(&t, slice_str(bad[i])), E_SYNTAX);
	assert_non_null(lcps_find(&t, "aoba", "t-1", "41aa")); /* a bad document changes nothing */
	assert_int_equal(lcps_read(&t, SL("{\"lcps\":[{\"tenant\":\"aoba\",\"lcp\":\"t-1\",\"serials\":[\"1\",\"2\",\"3\",\"4\",\"5\"]}]}")), 0);
	assert_null(lcps_find(&t, "aoba", "t-1", "1")); /* the newest four count */
	assert_non_null(lcps_find(&t, "aoba", "t-1", "5"));
	lcps_fini(&t);
}

static void
the_certificate_names_the_sender(void **state)
{
	auto_buf struct buf out = { 0 };

	(void)state;
	assert_int_equal(heartbeat_read(SL("{\"v\":1,\"tenant\":\"harbor\",\"devices\":[]}"), &(struct beat_from){ "aoba", "t-1", "5e", "192.0.2.1" }, &out), 0);
	assert_non_null(strstr(buf_cstr(&out), "\"tenant\":\"aoba\""));
	assert_null(strstr(buf_cstr(&out), "harbor"));
	assert_int_equal(heartbeat_read(SL("{\"v\":2}"), &(struct beat_from){ "aoba", "t-1", "5e", "" }, &out), E_SYNTAX);
	assert_int_equal(heartbeat_read(SL("{\"v\":1,\"v\":1}"), &(struct beat_from){ "aoba", "t-1", "5e", "" }, &out), E_SYNTAX);
	assert_int_equal(heartbeat_read(SL("nothing"), &(struct beat_from){ "aoba", "t-1", "5e", "" }, &out), E_SYNTAX);
	buf_clear(&out);
	assert_int_equal(enrol_read(SL("{\"token\":\"abc\",\"csr\":\"-----BEGIN\"}"), &out), 0);
	assert_string_equal(buf_cstr(&out), "{\"token\":\"abc\",\"csr\":\"-----BEGIN\"}");
	assert_int_equal(enrol_read(SL("{\"token\":\"abc\",\"csr\":\"x\",\"tenant\":\"aoba\"}"), &out), E_SYNTAX);
	assert_int_equal(enrol_read(SL("{\"token\":\"\",\"csr\":\"x\"}"), &out), E_SYNTAX);
	assert_int_equal(enrol_read(SL("{\"token\":7,\"csr\":\"x\"}"), &out), E_SYNTAX);
	assert_int_equal(enrolled_read(SL("{\"error\":\"used\"}"), &out), E_DENIED);
	assert_int_equal(enrolled_read(SL("{\"error\":\"later\"}"), &out), E_AGAIN);
	assert_int_equal(renew_read(SL("{\"csr\":\"x\",\"tenant\":\"harbor\"}"), "aoba", "t-1", "5e", &out), E_SYNTAX);
	assert_int_equal(renew_read(SL("{\"csr\":\"\"}"), "aoba", "t-1", "5e", &out), E_SYNTAX);
	buf_clear(&out);
	assert_int_equal(renew_read(SL("{\"csr\":\"x\"}"), "aoba", "t-1", "5e", &out), 0);
	assert_string_equal(buf_cstr(&out), "{\"csr\":\"x\",\"tenant\":\"aoba\",\"lcp\":\"t-1\",\"serial\":\"5e\"}");
	assert_int_equal(enrolled_read(SL("{\"cert\":\"c\",\"ca\":\"a\",\"tenant\":\"t\"}"), &out), E_SYNTAX);
	buf_clear(&out);
	assert_int_equal(enrolled_read(SL("{\"cert\":\"c\",\"ca\":\"a\",\"tenant\":\"t\",\"lcp\":\"l\",\"more\":1}"), &out), 0);
	assert_string_equal(buf_cstr(&out), "{\"cert\":\"c\",\"ca\":\"a\",\"tenant\":\"t\",\"lcp\":\"l\"}");
}

static void
one_that_floods_waits_alone(void **state)
{
	struct lanes ls;
	size_t flood = 0, until_last_quiet = 0;
	int quiet = 0;
	struct post *p;

	(void)state;
	lanes_init(&ls);
	for (uint64_t i = 0; i < 100; i++)
		lanes_push(&ls, post("flood", i + 1, 1 << 20));
	for (uint64_t i = 0; i < 10; i++)
		lanes_push(&ls, post("quiet", i + 1, 100 << 10));
	assert_int_equal(lanes_get(&ls, "flood")->bytes, 100u << 20);
	for (uint64_t flood_seq = 0, quiet_seq = 0; (p = lanes_next(&ls)) != NULL; lanes_done(&ls, p)) {
		if (strcmp(p->head.key.tenant, "quiet") == 0) {
			assert_int_equal(p->head.key.seq, ++quiet_seq); /* in its own order */
			if (++quiet == 10)
				until_last_quiet = flood;
		} else {
			assert_int_equal(p->head.key.seq, ++flood_seq);
			flood++;
		}
	}
	assert_int_equal(flood, 100);
	assert_int_equal(quiet, 10);
	assert_true(until_last_quiet <= 2); /* 1 MB of the quiet one costs it at most 1 MB and a bit of the other */
	assert_int_equal(ls.bytes, 0);
	assert_int_equal(lanes_get(&ls, "flood")->posts, 0);
	lanes_push(&ls, post("flood", 1, 10));
	lanes_fini(&ls); /* frees what waits */
}

static void
an_early_one_waits_for_its_forerunner(void **state)
{
	struct streams ss = { 0 };
	struct post *p[8];
	struct stream *s;

	(void)state;
	for (uint64_t i = 1; i < 8; i++)
		p[i] = post("aoba", i, 10);
	s = streams_get(&ss, &p[1]->head.key);
	assert_true(stream_take(s, p[1], 100));
	assert_false(stream_take(s, p[3], 100));
	assert_false(stream_take(s, p[4], 100));
	assert_null(stream_ready(s, 50));
	assert_true(stream_take(s, p[2], 100));
	assert_ptr_equal(stream_ready(s, 50), p[3]);
	assert_ptr_equal(stream_ready(s, 50), p[4]);
	assert_null(stream_ready(s, 50));
	assert_false(stream_take(s, p[6], 100));
	assert_ptr_equal(stream_ready(s, 100), p[6]); /* over its time: the archive says what it wants */
	assert_true(p[6]->waited);
	assert_false(stream_receipt(s, p[6], RECEIPT_GAP, 5, 200)); /* it waited once: refused now */
	assert_true(stream_take(s, p[5], 200));
	for (int i = 1; i < 8; i++)
		post_free(p[i]);
	streams_fini(&ss);
}

/* After a restart nothing is known of the stream; the first one to come may be any of those in flight. */
static void
order_is_found_again_after_a_restart(void **state)
{
	struct streams ss = { 0 };
	struct post *p[8];
	struct stream *s;

	(void)state;
	for (uint64_t i = 4; i < 8; i++)
		p[i] = post("aoba", i, 10);
	s = streams_get(&ss, &p[4]->head.key);
	assert_true(stream_take(s, p[6], 100));
	assert_true(stream_take(s, p[7], 100));
	assert_true(stream_take(s, p[5], 100));
	assert_true(stream_receipt(s, p[6], RECEIPT_GAP, 5, 100)); /* held, not refused */
	assert_true(stream_receipt(s, p[7], RECEIPT_GAP, 5, 100));
	assert_null(stream_ready(s, 50));
	assert_false(stream_receipt(s, p[5], RECEIPT_STORED, 0, 100));
	assert_ptr_equal(stream_ready(s, 50), p[6]);
	assert_ptr_equal(stream_ready(s, 50), p[7]);
	assert_false(stream_receipt(s, p[6], RECEIPT_STORED, 0, 100));
	assert_false(stream_receipt(s, p[7], RECEIPT_FULL, 0, 100));
	assert_false(s->known);
	for (int i = 4; i < 8; i++)
		post_free(p[i]);
	streams_fini(&ss);
}

static void
many_epochs_cost_no_memory(void **state)
{
	struct streams ss = { 0 };
	struct batch_key key = { .tenant = "aoba", .lcp = "x" };
	struct post *early;

	(void)state;
	early = post("aoba", 5, 10);
	streams_get(&ss, &early->head.key)->known = true;
	assert_false(stream_take(streams_get(&ss, &early->head.key), early, 100));
	for (uint64_t e = 1; e < 3 * STREAMS_MAX; e++) {
		key.epoch[0] = e;
		streams_get(&ss, &key);
		assert_true(ss.by_key.n <= STREAMS_MAX);
	}
	assert_int_equal(streams_get(&ss, &early->head.key)->held.n, 1); /* who waits is not forgotten */
	streams_get(&ss, &early->head.key)->held.n = 0;
	post_free(early);
	streams_fini(&ss);
}

static void
lines_are_counted_per_device(void **state)
{
	static const uint8_t zero[32];
	const uint64_t epoch[2] = { 7, 8 };
	struct batch_builder *bb = batch_builder_new();
	struct batch_zip *z = batch_zip_new();
	struct post *p = x_calloc(1, sizeof *p);
	auto_buf struct buf block = { 0 };
	struct msg_device devs[2];
	const char *why;
	size_t wire;

	(void)state;
	batch_add_device(bb, SL("fw-1"), SL(""));
	batch_add_device(bb, SL("a-device-with-a-name-that-is-much-longer-than-48-bytes-are"), SL(""));
	for (int i = 0; i < 3; i++)
		batch_add_line(bb, 0, BT_TCP, 0, 1, SL("12345"));
	batch_add_line(bb, 1, BT_INTERNAL, LINE_GAP, 1, SL("{\"reason\":\"full\"}"));
	batch_build(bb, epoch, 3, zero, 9, &block);
	batch_pack(z, buf_slice(&block), 1, &p->wire);
	wire = p->wire.n;
	assert_int_equal(post_look(p, z, &why), 0);
	assert_int_equal(p->head.key.seq, 3);
	assert_true(p->head.key.epoch[0] == 7 && p->head.key.epoch[1] == 8);
	assert_int_equal(p->head.lines, 4);
	assert_int_equal(p->head.bytes, 15 + 17);
	assert_int_equal(p->head.gaps, 1);
	assert_int_equal(p->head.wire_len, wire);
	assert_int_equal(p->wire.n, wire + 2 * sizeof devs[0]);
	memcpy(devs, p->wire.p + wire, sizeof devs);
	assert_string_equal(devs[0].id, "fw-1");
	assert_int_equal(devs[0].lines, 3);
	assert_int_equal(devs[1].lines, 1);
	assert_int_equal(strlen(devs[1].id), 47);
	p->wire.n = wire - 1; /* cut */
	assert_int_equal(post_look(p, z, &why), E_CORRUPT);
	assert_non_null(why);
	post_free(p);
	batch_builder_free(bb);
	batch_zip_free(z);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_enrolled_certificates),
		cmocka_unit_test(the_certificate_names_the_sender),
		cmocka_unit_test(one_that_floods_waits_alone),
		cmocka_unit_test(an_early_one_waits_for_its_forerunner),
		cmocka_unit_test(order_is_found_again_after_a_restart),
		cmocka_unit_test(many_epochs_cost_no_memory),
		cmocka_unit_test(lines_are_counted_per_device),
	};

	return cmocka_run_group_tests_name("ingest", tests, NULL, NULL);
}
