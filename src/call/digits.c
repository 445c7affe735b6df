/* SPDX-License-Identifier: Apache-2.0
 *
 * A key in the body of SIP INFO: application/dtmf-relay (Cisco: lines "Signal=5", "Duration=160")
 * and application/dtmf (one character).  The bytes come from the network.
 */
#include "call/call_priv.h"

static char
digit_of(struct slice s)
{
	static const char good[] = "0123456789*#ABCD";
	uint64_t n;

	s = slice_trim(s);
	if (s.n == 1 && s.p[0] != '\0' && strchr(good, s.p[0]) != NULL)
		return s.p[0];
	/* Some senders write the event code: 10 is *, 11 is #. */
	if (s.n == 2 && slice_u64(s, &n) && (n == 10 || n == 11))
		return n == 10 ? '*' : '#';
	return 0;
}

char
digits_from_info(struct slice content_type, struct slice body)
{
	struct slice type = slice_trim(slice_cut(&content_type, ';'));

	if (slice_eq_nocase(type, SL("application/dtmf")))
		return digit_of(slice_sub(body, 0, 16));
	if (!slice_eq_nocase(type, SL("application/dtmf-relay")))
		return 0;
	body = slice_sub(body, 0, 512);
	while (body.n != 0) {
		struct slice line = slice_cut(&body, '\n'), value = line;
		struct slice name = slice_trim(slice_cut(&value, '='));

		if (slice_eq_nocase(name, SL("Signal")))
			return digit_of(value);
	}
	return 0;
}
