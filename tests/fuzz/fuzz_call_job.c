/* SPDX-License-Identifier: Apache-2.0
 *
 * The call role's receiver: any bytes as a JOB. What is accepted obeys the limits, and every prompt of it
 * holds no character the voice would take for markup.
 */
#include <stdlib.h>

#include "base/must.h"
#include "call/call_priv.h"
#include "codec/spoken.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct call_job j;
	char err[200];
	struct buf b = { 0 };

	if (call_job_read(slice_of(p, n), &j, err) == 0) {
		must(j.job[0] != '\0' && j.number[0] != '\0' && j.lang < LANG_COUNT && j.other != j.lang);
		must(j.ring_ns >= 5 * NS_PER_S && j.limit_ns <= 600 * NS_PER_S);
		for (int i = 0; i < P_COUNT * 2; i++) {
			words_prompt(&j, j.lang, (enum prompt)(i / 2), i % 2 != 0, &b);
			must(b.n != 0 && spoken_is_clean(j.lang == LANG_JA ? SPOKEN_JA : SPOKEN_EN, buf_slice(&b)));
		}
	} else {
		must(err[0] != '\0');
	}
	buf_fini(&b);
	return 0;
}
