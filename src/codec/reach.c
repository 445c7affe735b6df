/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/reach.h"

#include "base/utf8.h"

bool
reach_is_text(struct slice s, bool lines)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < 0x20 && !(lines && s.p[i] == '\n')) || s.p[i] == 0x7f)
			return false;
	return utf8_is_valid(s);
}

bool
reach_is_mail(struct slice s)
{
	size_t ats = 0;

	if (s.n < 3 || s.n > REACH_MAIL || s.p[0] == '@' || s.p[s.n - 1] == '@' || s.p[0] == '-' || s.p[0] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c >= 0x7f || strchr("()<>,;:\\\"[]", c) != NULL)
			return false;
		ats += c == '@';
	}
	return ats == 1;
}

bool
reach_is_number(struct slice s)
{
	if (slice_starts(s, SL("sip:"))) {
		for (size_t i = 0; i < s.n; i++)
			if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7f)
				return false;
		return s.n > 6 && s.n <= REACH_NUMBER && slice_find(s, '@') > 4;
	}
	if (s.n < 5 || s.n > 20 || s.p[0] != '+')
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return true;
}

bool
reach_is_url(struct slice s)
{
	if (s.n > REACH_URL || !reach_is_text(s, false) || (!slice_starts(s, SL("https://")) && !slice_starts(s, SL("http://"))))
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (strchr(" \"<>", s.p[i]) != NULL)
			return false;
	return true;
}
