/* SPDX-License-Identifier: Apache-2.0
 *
 * See sysloghead.h.  A cursor that moves over one part of the header after the other; each step may leave
 * it where it was.
 */
#include "codec/sysloghead.h"

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void
skip(struct slice *s, size_t n)
{
	*s = slice_sub(*s, n, s->n);
}

static void
skip_blanks(struct slice *s)
{
	while (s->n != 0 && s->p[0] == ' ')
		skip(s, 1);
}

/* The bytes up to the next blank. */
static struct slice
token(struct slice s)
{
	ssize_t at = slice_find(slice_sub(s, 0, SYSLOG_HOST_MAX + 2), ' ');

	return at >= 0 ? slice_sub(s, 0, (size_t)at) : (struct slice){ NULL, 0 };
}

static bool
skip_pri(struct slice *s)
{
	size_t i = 1;

	if (s->n < 3 || s->p[0] != '<')
		return false;
	while (i < s->n && i < 5 && is_digit(s->p[i]))
		i++;
	if (i == 1 || i == 5 || i == s->n || s->p[i] != '>')
		return false;
	skip(s, i + 1);
	return true;
}

/* "2026-11-23T04:05:06…" */
static bool
is_iso_time(struct slice t)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd";

	if (t.n < sizeof shape - 1)
		return false;
	for (size_t i = 0; i < sizeof shape - 1; i++)
		if (shape[i] == 'd' ? !is_digit(t.p[i]) : t.p[i] != shape[i])
			return false;
	return true;
}

/* "04:05:06", also with a fraction, a zone or a colon behind it. */
static bool
is_clock(struct slice t)
{
	return t.n >= 8 && is_digit(t.p[0]) && is_digit(t.p[1]) && t.p[2] == ':' && is_digit(t.p[3]) &&
	       is_digit(t.p[4]) && t.p[5] == ':' && is_digit(t.p[6]) && is_digit(t.p[7]);
}

static bool
is_month(struct slice t)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	if (t.n != 3)
		return false;
	for (size_t i = 0; i < 12; i++)
		if (memcmp(names + 3 * i, t.p, 3) == 0)
			return true;
	return false;
}

static bool
is_number(struct slice t, size_t min, size_t max)
{
	if (t.n < min || t.n > max)
		return false;
	for (size_t i = 0; i < t.n; i++)
		if (!is_digit(t.p[i]))
			return false;
	return true;
}

static void
skip_token(struct slice *s, struct slice t)
{
	skip(s, t.n);
	skip_blanks(s);
}

/* "000123: " that Cisco puts before the time, and the mark of an unsynchronised clock. */
static void
skip_cisco(struct slice *s)
{
	struct slice t = token(*s);

	if (t.n >= 2 && t.p[t.n - 1] == ':' && is_number(slice_sub(t, 0, t.n - 1), 1, 10))
		skip_token(s, t);
	if (s->n != 0 && (s->p[0] == '*' || s->p[0] == '.'))
		skip(s, 1);
}

/* "Oct 11 22:14:15 ", with a year before it or in it; false: no time here. */
static bool
skip_time_3164(struct slice *s)
{
	struct slice at = *s, t = token(at);

	if (is_iso_time(t)) {
		skip_token(s, t);
		return true;
	}
	if (is_number(t, 4, 4)) {
		skip_token(&at, t);
		t = token(at);
	}
	if (!is_month(t))
		return false;
	skip_token(&at, t);
	t = token(at);
	if (!is_number(t, 1, 2))
		return false;
	skip_token(&at, t);
	t = token(at);
	if (is_number(t, 4, 4)) {
		skip_token(&at, t);
		t = token(at);
	}
	if (!is_clock(t))
		return false;
	if (t.p[t.n - 1] == ':') { /* the time ends the header, no host follows */
		*s = slice_sub(at, at.n, at.n);
		return true;
	}
	skip_token(&at, t);
	*s = at;
	return true;
}

bool
sysloghead_name_is_good(struct slice s)
{
	bool letter = false;

	if (s.n == 0 || s.n > SYSLOG_HOST_MAX || s.p[0] == '-' || s.p[0] == '.' || s.p[s.n - 1] == ':')
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c))
			letter = true;
		else if (c != '.' && c != '-' && c != '_' && c != ':')
			return false;
	}
	return letter;
}

struct slice
sysloghead_host(struct slice line)
{
	struct slice none = { line.p, 0 }, t;

	if (skip_pri(&line) && line.n > 2 && line.p[0] == '1' && line.p[1] == ' ') {
		skip(&line, 2);
		t = token(line);
		if (is_iso_time(t) || slice_eq(t, SL("-"))) {
			skip(&line, t.n + 1);
			t = token(line);
			return sysloghead_name_is_good(t) ? t : none;
		}
	}
	skip_cisco(&line);
	if (!skip_time_3164(&line))
		return none;
	t = token(line);
	return sysloghead_name_is_good(t) ? t : none;
}
