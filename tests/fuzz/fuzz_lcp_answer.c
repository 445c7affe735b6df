/* SPDX-License-Identifier: Apache-2.0
 *
 * What a SOC, or who plays one, answers to a collector.
 */
#include <string.h>

#include "base/must.h"
#include "role/lcp_answer.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	static const uint64_t epoch[2] = { 1, 2 };
	static const uint8_t hash[32];
	struct slice json = slice_of(p, n);
	struct lcp_receipt r;
	struct lcp_problem pr;
	struct lcp_beat_answer b;
	struct lcp_enrolled e;

	if (lcp_receipt_read(json, &r) == 0) {
		auto_buf struct buf text = { 0 };

		lcp_receipt_text(&r, &text);
		must(text.n > 100 && strlen(r.epoch) == 32);
		(void)lcp_receipt_is_for(&r, epoch, 1, hash, 1);
	}
	if (lcp_problem_read(json, &pr) == 0)
		must(pr.kind != PROBLEM_GAP || pr.want != 0);
	(void)lcp_beat_answer_read(json, &b);
	if (lcp_enrolled_read(json, &e) == 0)
		lcp_enrolled_fini(&e);
	return 0;
}
