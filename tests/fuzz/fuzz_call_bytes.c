/* SPDX-License-Identifier: Apache-2.0
 *
 * What comes from the telephone network and from the speech program: an answer's SDP and a whole SIP message
 * (libre's decoders behind our use of them), the body of INFO, a WAV. The first byte chooses.
 */
#include <stdlib.h>

#include "base/must.h"
#include "call/call_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int sip_fuzz_answer(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct pcm pcm;
	char d;

	if (n == 0)
		return 0;
	switch (p[0] % 4) {
	case 0:
		sip_fuzz_answer(p + 1, n - 1);
		break;
	case 1:
		d = digits_from_info(SL("application/dtmf-relay"), slice_of(p + 1, n - 1));
		must(d == 0 || strchr("0123456789*#ABCD", d) != NULL);
		break;
	case 2:
		d = digits_from_info(SL("application/dtmf"), slice_of(p + 1, n - 1));
		must(d == 0 || strchr("0123456789*#ABCD", d) != NULL);
		break;
	default:
		if (n < 4096 && pcm_from_wav(slice_of(p + 1, n - 1), &pcm) == 0)
			pcm_fini(&pcm);
		break;
	}
	return 0;
}
