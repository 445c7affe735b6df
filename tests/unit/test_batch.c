/* SPDX-License-Identifier: Apache-2.0 */
#include "unit.h"

#include <stdlib.h>

#include "base/err.h"
#include "batch/batch.h"
#include "batch/crc32c.h"

static const uint64_t epoch[2] = { 1, 2 };
static const uint8_t zero[32];

static void
sample(struct buf *out)
{
	struct batch_builder *bb = batch_builder_new();
	int d = batch_add_device(bb, SL("fw-1"), SL("fortinet.fortigate"));

	assert_int_equal(batch_add_device(bb, SL("fw-1"), SL("fortinet.fortigate")), d);
	assert_int_equal(batch_add_line(bb, (uint32_t)d, BT_TCP, 0, 5, SL("date=2026")), 0);
	assert_int_equal(batch_add_line(bb, (uint32_t)d, BT_TCP, 0, 6, SL("a\0b")), 0);
	batch_note_cut(bb, 2000000, zero);
	batch_build(bb, epoch, 7, zero, 9, out);
	assert_int_equal(out->n, batch_builder_size(bb));
	batch_builder_free(bb);
}

static void
block_reads_back(void **state)
{
	struct buf out = { 0 };
	struct batch b;

	(void)state;
	sample(&out);
	assert_int_equal(batch_check(buf_slice(&out), &b, NULL), 0);
	assert_int_equal(b.head->lines, 2);
	assert_slice(batch_line_bytes(&b, 1), "a\0b");
	assert_slice(batch_device_id(&b, 0), "fw-1");
	assert_slice(batch_device_source(&b, 0), "fortinet.fortigate");
	assert_null(batch_note_of(&b, 0));
	assert_int_equal(batch_note_of(&b, 1)->original_len, 2000000);
	buf_fini(&out);
}

/* Every byte flipped, every length cut: refused or harmless, never read outside (run under ASan). */
static void
damage_is_refused(void **state)
{
	struct buf out = { 0 };
	struct batch b;
	char *copy;

	(void)state;
	sample(&out);
	for (size_t i = sizeof(struct batch_header); i < out.n; i++) {
		out.p[i] ^= 0x20;
		assert_int_not_equal(batch_check(buf_slice(&out), &b, NULL), 0);
		out.p[i] ^= 0x20;
	}
	for (size_t n = 0; n < out.n; n++) {
		copy = malloc(n + 1);
		memcpy(copy, out.p, n);
		assert_int_not_equal(batch_check(slice_of(copy, n), &b, NULL), 0);
		free(copy);
	}
	buf_fini(&out);
}

/* A forger can compute the checksum too: offsets are checked for themselves. */
static void
forged_offsets_are_refused(void **state)
{
	struct buf out = { 0 };
	struct batch b;
	struct batch_header *h;
	struct batch_line *l;
	const char *why = NULL;

	(void)state;
	sample(&out);
	h = (void *)out.p;
	l = (void *)(out.p + sizeof *h + sizeof(struct batch_device));
	l[0].off = UINT32_MAX;
	l[0].len = 2;
	h->crc32c = crc32c(0, out.p + sizeof *h, out.n - sizeof *h);
	assert_int_equal(batch_check(buf_slice(&out), &b, &why), E_CORRUPT);
	assert_string_equal(why, "a line lies outside");
	buf_fini(&out);
}

static void
wire_goes_there_and_back(void **state)
{
	struct batch_zip *z = batch_zip_new();
	struct buf out = { 0 }, wire = { 0 };
	struct slice back;

	(void)state;
	sample(&out);
	batch_pack(z, buf_slice(&out), 1, &wire);
	assert_int_equal(batch_unpack(z, buf_slice(&wire), &back), 0);
	assert_true(slice_eq(back, buf_slice(&out)));
	assert_int_equal(batch_unpack(z, slice_sub(buf_slice(&wire), 0, wire.n - 1), &back), E_CORRUPT);
	buf_put_byte(&wire, 'x');
	assert_int_equal(batch_unpack(z, buf_slice(&wire), &back), E_CORRUPT);
	buf_fini(&out);
	buf_fini(&wire);
	batch_zip_free(z);
}

static void
bomb_is_refused(void **state)
{
	struct batch_zip *z = batch_zip_new();
	struct buf wire = { 0 };
	size_t n = 200u << 20;
	char *zeros = calloc(1, n);
	struct slice back;

	(void)state;
	batch_pack(z, slice_of(zeros, n), 1, &wire);
	assert_true(wire.n < 1u << 20);
	assert_int_equal(batch_unpack(z, buf_slice(&wire), &back), E_TOOBIG);
	free(zeros);
	buf_fini(&wire);
	batch_zip_free(z);
}

static void
crc_is_castagnoli(void **state)
{
	(void)state;
	unsigned char long_text[10000];
	uint32_t by_parts = 0;

	assert_int_equal(crc32c(0, "123456789", 9), 0xe3069283u);
	/* Long stretches are summed in lanes and joined; short pieces are not. */
	for (size_t i = 0; i < sizeof long_text; i++)
		long_text[i] = (unsigned char)(i * 131 >> 3);
	for (size_t i = 0; i < sizeof long_text; i += 100)
		by_parts = crc32c(by_parts, long_text + i, 100);
	assert_int_equal(crc32c(0, long_text, sizeof long_text), by_parts);
}

static void
names_that_become_files_are_tame(void **state)
{
	(void)state;
	assert_true(batch_id_is_good(SL("aoba-tokyo-1")));
	assert_false(batch_id_is_good(SL("../etc")));
	assert_false(batch_id_is_good(SL("")));
	assert_false(batch_id_is_good(SL("-x")));
	assert_false(batch_id_is_good(SL("0123456789012345678901234567890x")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(block_reads_back),           cmocka_unit_test(damage_is_refused),
		cmocka_unit_test(forged_offsets_are_refused), cmocka_unit_test(wire_goes_there_and_back),
		cmocka_unit_test(bomb_is_refused),            cmocka_unit_test(crc_is_castagnoli),
		cmocka_unit_test(names_that_become_files_are_tame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
