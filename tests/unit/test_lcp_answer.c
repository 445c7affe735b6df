/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include "base/err.h"
#include "role/lcp_answer.h"
#include "sys/pki.h"

#define RECEIPT(seq, lines, status)                                                                            \
	"{\"v\":1,\"tenant\":\"aoba\",\"lcp\":\"aoba-tokyo-1\",\"epoch\":\"00000000000000010000000000000002\",\"seq\":" seq     \
	",\"hash\":\"0000000000000000000000000000000000000000000000000000000000000007\",\"lines\":" lines                 \
	",\"at\":\"2026-11-23T04:05:06.789Z\",\"status\":\"" status "\",\"key\":\"0123456789abcdef\",\"sig\":\""            \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\"}"

static void
a_receipt_is_for_one_batch_only(void **state)
{
	static const uint64_t epoch[2] = { 1, 2 }, other[2] = { 1, 3 };
	uint8_t hash[32] = { [31] = 7 };
	struct lcp_receipt r;
	auto_buf struct buf text = { 0 };

	(void)state;
	assert_int_equal(lcp_receipt_read(slice_str(RECEIPT("5", "9", "replay")), &r), 0);
	assert_true(r.replay);
	assert_true(lcp_receipt_is_for(&r, epoch, 5, hash, 9));
	assert_false(lcp_receipt_is_for(&r, other, 5, hash, 9));
	assert_false(lcp_receipt_is_for(&r, epoch, 6, hash, 9));
	assert_false(lcp_receipt_is_for(&r, epoch, 5, hash, 8));
	hash[0] = 1;
	assert_false(lcp_receipt_is_for(&r, epoch, 5, hash, 9));
	lcp_receipt_text(&r, &text);
	assert_string_equal(buf_cstr(&text),
	                    "nezuban-receipt-1\naoba\naoba-tokyo-1\n00000000000000010000000000000002\n5\n"
	                    "0000000000000000000000000000000000000000000000000000000000000007\n9\n2026-11-23T04:05:06.789Z\n");
}

static void
nonsense_is_no_answer(void **state)
{
	static const char *const bad[] = { "", "{", "[]", "null", "{}", RECEIPT("-1", "1", "stored"), RECEIPT("1.5", "1", "stored"),
		                           RECEIPT("1", "\"1\"", "stored"), RECEIPT("1", "1", "lost"),
		                           "{\"v\":1,\"v\":1}" };
	struct lcp_receipt r = { .seq = 77 };
	struct lcp_enrolled e;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(lcp_receipt_read(slice_str(bad[i]), &r), E_SYNTAX);
		assert_int_equal(lcp_enrolled_read(slice_str(bad[i]), &e), E_SYNTAX);
	}
	assert_int_equal(r.seq, 77); /* untouched */
	assert_int_equal(lcp_enrolled_read(SL("{\"cert\":\"a\",\"ca\":\"b\",\"tenant\":\"../x\",\"lcp\":\"y\"}"), &e), E_SYNTAX);
}

static void
conflicts_are_told_apart(void **state)
{
	struct lcp_problem p;

	(void)state;
	assert_int_equal(lcp_problem_read(SL("{\"type\":\"gap\",\"want\":7}"), &p), 0);
	assert_true(p.kind == PROBLEM_GAP && p.want == 7);
	assert_int_equal(lcp_problem_read(SL("{\"type\":\"urn:nezuban:chain\"}"), &p), 0);
	assert_int_equal(p.kind, PROBLEM_CHAIN);
	assert_int_equal(lcp_problem_read(SL("{\"type\":\"gap\",\"want\":0}"), &p), 0);
	assert_int_equal(p.kind, PROBLEM_OTHER);
	assert_int_equal(lcp_problem_read(SL("{\"type\":\"gap\",\"want\":-7}"), &p), 0);
	assert_int_equal(p.kind, PROBLEM_OTHER);
}

static void
a_heartbeat_answer_may_say_little(void **state)
{
	struct lcp_beat_answer a;

	(void)state;
	assert_int_equal(lcp_beat_answer_read(SL("{\"now\":\"1970-01-01T00:00:01Z\",\"backed_up\":[]}"), &a), 0);
	assert_int_equal(a.now_ns, 1000000000);
	assert_int_equal(lcp_beat_answer_read(SL("{\"now\":\"9999-12-31T00:00:01Z\"}"), &a), 0);
	assert_int_equal(a.now_ns, 0);
	assert_string_equal(a.receipt_key, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_receipt_is_for_one_batch_only),
		cmocka_unit_test(nonsense_is_no_answer),
		cmocka_unit_test(conflicts_are_told_apart),
		cmocka_unit_test(a_heartbeat_answer_may_say_little),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
