/* SPDX-License-Identifier: Apache-2.0 */
#include "codec/syslog.h"

static inline bool
is_digit(char c)
{
	return (unsigned char)(c - '0') < 10;
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

static struct slice
take_token(struct slice *s)
{
	size_t n = 0;
	struct slice t;

	while (n < s->n && n < 256 && s->p[n] != ' ')
		n++;
	t = slice_sub(*s, 0, n);
	skip(s, n);
	skip_blanks(s);
	return t;
}

static void
read_pri(struct slice *s, struct syslog *h)
{
	int v = 0;
	size_t i = 1;

	if (s->n < 3 || s->p[0] != '<')
		return;
	for (; i < s->n && i < 5 && is_digit(s->p[i]); i++)
		v = v * 10 + (s->p[i] - '0');
	if (i == 1 || i == 5 || i == s->n || s->p[i] != '>')
		return;
	h->pri = v;
	h->pri_text = slice_sub(*s, 1, i);
	skip(s, i + 1);
}

static bool
is_month(const char *p)
{
	static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

	for (size_t i = 0; i < 36; i += 3)
		if (memcmp(names + i, p, 3) == 0)
			return true;
	return false;
}

static size_t
clock_length(struct slice s, size_t at)
{
	size_t from = at;

	if (at + 8 > s.n || !is_digit(s.p[at]) || s.p[at + 2] != ':' || s.p[at + 5] != ':' || !is_digit(s.p[at + 7]))
		return 0;
	at += 8;
	if (at < s.n && s.p[at] == '.')
		for (at++; at < s.n && is_digit(s.p[at]);)
			at++;
	return at - from;
}

/* "Nov 23 04:05:06", "Nov 23 2026 04:05:06", "Nov 23 04:05:06 2026", ISO. */
static bool
read_time(struct slice *s, struct syslog *h)
{
	size_t at, n;

	if (s->n >= 19 && s->p[4] == '-' && s->p[7] == '-' && is_digit(s->p[0]) && (s->p[10] == 'T' || s->p[10] == ' ')
	    && clock_length(*s, 11) != 0) {
		n = 11 + clock_length(*s, 11);
		while (n < s->n && (is_digit(s->p[n]) || s->p[n] == '+' || s->p[n] == '-' || s->p[n] == 'Z'
		                    || (s->p[n] == ':' && n + 1 < s->n && is_digit(s->p[n + 1]))))
			n++;
		h->iso = true;
	} else {
		if (s->n < 15 || !is_month(s->p) || s->p[3] != ' ')
			return false;
		at = 4 + (s->p[4] == ' ');
		while (at < s->n && at < 7 && is_digit(s->p[at]))
			at++;
		if (at < 5 || at >= s->n || s->p[at] != ' ')
			return false;
		at++;
		if (at + 5 < s->n && s->p[at + 4] == ' ' && is_digit(s->p[at]) && is_digit(s->p[at + 3]))
			at += 5;
		if ((n = clock_length(*s, at)) == 0)
			return false;
		n += at;
		if (n + 6 <= s->n && s->p[n] == ' ' && is_digit(s->p[n + 1]) && is_digit(s->p[n + 2])
		    && is_digit(s->p[n + 3]) && is_digit(s->p[n + 4]) && s->p[n + 5] == ' ' && s->p[n + 1] == '2')
			n += 5;
	}
	h->time = slice_sub(*s, 0, n);
	skip(s, n);
	if (s->n != 0 && s->p[0] == ':')
		skip(s, 1);
	skip_blanks(s);
	return true;
}

static bool
name_byte(char c)
{
	return (unsigned char)((c | 0x20) - 'a') < 26 || is_digit(c) || c == '.' || c == '_' || c == '-' || c == '/'
	       || c == ':' || c == '(' || c == ')' || c == '@';
}

/* "sshd[12]: ", "sudo: ", "su(pam_unix)[3]: ": length with the colon, or 0. */
static size_t
tag_length(struct slice s, size_t *ret_name, struct slice *ret_pid)
{
	size_t i = 0, from;

	while (i < s.n && i < 64 && name_byte(s.p[i]) && !(s.p[i] == ':' && (i + 1 == s.n || s.p[i + 1] == ' ')))
		i++;
	*ret_name = i;
	*ret_pid = (struct slice){ NULL, 0 };
	if (i == 0 || i >= s.n)
		return 0;
	if (s.p[i] == '[') {
		from = ++i;
		while (i < s.n && i < 90 && s.p[i] != ']' && s.p[i] != ' ')
			i++;
		if (i + 1 >= s.n || s.p[i] != ']')
			return 0;
		*ret_pid = slice_sub(s, from, i);
		i++;
		if (s.p[i] == ' ' && i + 1 < s.n && s.p[i + 1] == ':')
			i++;
	}
	return s.p[i] == ':' ? i + 1 : 0;
}

static bool
read_tag(struct slice *s, struct syslog *h)
{
	size_t name, n;
	struct slice pid;

	n = tag_length(*s, &name, &pid);
	if (n == 0)
		return false;
	h->program = slice_sub(*s, 0, name);
	h->pid = pid;
	skip(s, n);
	skip_blanks(s);
	return true;
}

static bool
host_like(struct slice s)
{
	size_t i = 0;

	while (i < s.n && i < 256 && (name_byte(s.p[i])) && s.p[i] != '(' && s.p[i] != '/')
		i++;
	return i != 0 && i < s.n && s.p[i] == ' ';
}

static struct slice
dash(struct slice s)
{
	return slice_eq(s, SL("-")) ? (struct slice){ NULL, 0 } : s;
}

static void
read_5424(struct slice *s, struct syslog *h)
{
	h->rfc5424 = true;
	skip(s, 2);
	h->time = dash(take_token(s));
	h->iso = true;
	h->host = dash(take_token(s));
	h->program = dash(take_token(s));
	h->pid = dash(take_token(s));
	h->msgid = dash(take_token(s));
	if (s->n != 0 && s->p[0] == '[') {
		bool quote = false;
		size_t i = 0;

		for (; i < s->n; i++) {
			if (quote && s->p[i] == '\\')
				i++;
			else if (s->p[i] == '"')
				quote = !quote;
			else if (!quote && s->p[i] == ']' && (i + 1 >= s->n || s->p[i + 1] != '['))
				break;
		}
		h->structured = slice_sub(*s, 0, i + 1);
		skip(s, i + 1);
	} else if (s->n != 0 && s->p[0] == '-') {
		skip(s, 1);
	}
	skip_blanks(s);
	if (slice_starts(*s, SL("\xef\xbb\xbf")))
		skip(s, 3);
}

/* "535 <14>…": the octet count of RFC 6587, where it was kept in a file. */
static void
skip_count(struct slice *s)
{
	size_t i = 0;

	while (i < s->n && i < 7 && is_digit(s->p[i]))
		i++;
	if (i != 0 && i + 1 < s->n && s->p[i] == ' ' && s->p[i + 1] == '<')
		skip(s, i + 1);
}

/* Cisco: "000123: ", then '*' or '.' before the time of an unsynchronised clock. */
static void
skip_cisco(struct slice *s)
{
	size_t i = 0;

	while (i < s->n && i < 11 && is_digit(s->p[i]))
		i++;
	if (i != 0 && i + 1 < s->n && s->p[i] == ':' && s->p[i + 1] == ' ')
		skip(s, i + 2);
	if (s->n != 0 && (s->p[0] == '*' || s->p[0] == '.'))
		skip(s, 1);
}

void
syslog_split(struct slice line, struct syslog *ret)
{
	struct syslog h = { .pri = -1 };
	struct slice s = line;

	while (s.n != 0 && (s.p[s.n - 1] == '\n' || s.p[s.n - 1] == '\r'))
		s.n--;
	skip_count(&s);
	read_pri(&s, &h);
	if (s.n > 20 && s.p[0] == '1' && s.p[1] == ' ' && (is_digit(s.p[2]) || s.p[2] == '-') && h.pri >= 0) {
		read_5424(&s, &h);
	} else {
		skip_cisco(&s);
		if (read_time(&s, &h)) {
			size_t name;
			struct slice pid;

			if (tag_length(s, &name, &pid) == 0 && host_like(s)) {
				h.host = take_token(&s);
				if (s.n > 1 && s.p[0] == ':' && s.p[1] == ' ')
					skip(&s, 2);
			}
			read_tag(&s, &h);
			if (h.host.p == NULL && h.pid.p == NULL && s.n != 0 && s.p[0] == '%') {
				h.host = h.program;
				h.program = (struct slice){ NULL, 0 };
			}
		} else if (h.pri >= 0) {
			read_tag(&s, &h);
		}
	}
	h.body = s;
	*ret = h;
}
