/* SPDX-License-Identifier: Apache-2.0
 *
 * LMTP (RFC 2033) with PIPELINING, SIZE, 8BITMIME and ENHANCEDSTATUSCODES.
 *
 * Our own, because no library speaks the server's side of it: ten commands of one line each.  The end of a mail is
 * CR LF . CR LF and nothing else, so that two mail programs never disagree about where a mail ends; a mail that
 * is too large is swallowed to that end and refused, once for each receiver, as the protocol wants it.
 */
#include <stdio.h>
#include <stdlib.h>

#include "mail/mail.h"

#define LINE_MAX_BYTES 1000
#define REFUSED_MAX 20 /* commands that were none: whoever says so many is no mail server */

enum { AT_COMMANDS, AT_DATA, AT_ANSWER, AT_END };

static void
say(struct buf *out, const char *text)
{
	buf_printf(out, "%s\r\n", text);
}

static void
reset(struct lmtp *l)
{
	l->have_from = l->too_big = l->cr = false;
	l->from[0] = '\0';
	l->rcpts = 0;
	buf_fini(&l->mail); /* tens of MiB: not kept for the next one */
}

void
lmtp_begin(struct lmtp *l, const char *host, const char *address, size_t max, struct buf *out)
{
	*l = (struct lmtp){ .host = host, .address = address, .max = max };
	buf_printf(out, "220 %s LMTP\r\n", host);
}

void
lmtp_fini(struct lmtp *l)
{
	buf_fini(&l->line);
	buf_fini(&l->mail);
}

/* "<a@b>" of "FROM:<a@b> SIZE=1"; rest gets what is behind. False when it is none. */
static bool
read_path(struct slice s, const char *word, char ret[LMTP_ADDRESS], struct slice *rest)
{
	size_t n = strlen(word), i;

	if (s.n < n || !slice_eq_nocase(slice_sub(s, 0, n), slice_str(word)))
		return false;
	s = slice_trim(slice_sub(s, n, s.n));
	if (s.n < 2 || s.p[0] != '<')
		return false;
	for (i = 1; i < s.n && s.p[i] != '>'; i++)
		if ((unsigned char)s.p[i] <= ' ' || (unsigned char)s.p[i] >= 0x7f)
			return false;
	if (i == s.n || i - 1 >= LMTP_ADDRESS)
		return false;
	memcpy(ret, s.p + 1, i - 1);
	ret[i - 1] = '\0';
	*rest = slice_trim(slice_sub(s, i + 1, s.n));
	return true;
}

static bool
size_is_good(struct lmtp *l, struct slice params)
{
	while (params.n != 0) {
		struct slice value = slice_cut(&params, ' '), key = slice_cut(&value, '=');
		uint64_t n;

		if (slice_eq_nocase(key, SL("SIZE")) && slice_u64(value, &n) && n > l->max)
			return false;
	}
	return true;
}

static void
mail_from(struct lmtp *l, struct slice args, struct buf *out)
{
	struct slice params;

	if (l->have_from) {
		say(out, "503 5.5.1 one at a time");
	} else if (!read_path(args, "FROM:", l->from, &params)) {
		l->refused++;
		say(out, "501 5.5.4 MAIL FROM:<address>");
	} else if (!size_is_good(l, params)) {
		say(out, "552 5.3.4 larger than we take");
	} else {
		l->have_from = true;
		say(out, "250 2.1.0 ok");
	}
}

/* Is it for us? soc+q-token@soc.example for soc@soc.example. */
static bool
is_ours(const char *address, const char *rcpt)
{
	const char *at = strrchr(rcpt, '@'), *own_at = strrchr(address, '@');
	size_t n = at != NULL ? (size_t)(at - rcpt) : 0, own = own_at != NULL ? (size_t)(own_at - address) : 0;

	if (address[0] == '\0')
		return true;
	return at != NULL && own_at != NULL && slice_eq_nocase(slice_str(at), slice_str(own_at)) && n >= own &&
	       slice_eq_nocase(slice_of(rcpt, own), slice_of(address, own)) && (n == own || rcpt[own] == '+');
}

static void
rcpt_to(struct lmtp *l, struct slice args, struct buf *out)
{
	struct slice params;

	if (!l->have_from) {
		say(out, "503 5.5.1 MAIL first");
	} else if (l->rcpts == LMTP_RCPTS) {
		say(out, "452 4.5.3 too many receivers");
	} else if (!read_path(args, "TO:", l->rcpt[l->rcpts], &params)) {
		l->refused++;
		say(out, "501 5.5.4 RCPT TO:<address>");
	} else if (!is_ours(l->address, l->rcpt[l->rcpts])) {
		say(out, "550 5.1.1 nobody of that name here");
	} else {
		l->rcpts++;
		say(out, "250 2.1.5 ok");
	}
}

static enum lmtp_event
command(struct lmtp *l, struct slice line, struct buf *out)
{
	struct slice args = line, verb = slice_cut(&args, ' ');

	if (slice_eq_nocase(verb, SL("LHLO"))) {
		reset(l);
		buf_printf(out, "250-%s\r\n250-PIPELINING\r\n250-SIZE %zu\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES\r\n", l->host, l->max);
	} else if (slice_eq_nocase(verb, SL("MAIL"))) {
		mail_from(l, args, out);
	} else if (slice_eq_nocase(verb, SL("RCPT"))) {
		rcpt_to(l, args, out);
	} else if (slice_eq_nocase(verb, SL("DATA"))) {
		if (l->rcpts == 0) {
			say(out, "503 5.5.1 nobody to give it to");
		} else {
			l->state = AT_DATA;
			l->cr = false;
			say(out, "354 go on, end with a dot");
		}
	} else if (slice_eq_nocase(verb, SL("RSET"))) {
		reset(l);
		say(out, "250 2.0.0 ok");
	} else if (slice_eq_nocase(verb, SL("NOOP"))) {
		say(out, "250 2.0.0 ok");
	} else if (slice_eq_nocase(verb, SL("VRFY"))) {
		say(out, "252 2.1.5 try it");
	} else if (slice_eq_nocase(verb, SL("QUIT"))) {
		say(out, "221 2.0.0 bye");
		l->state = AT_END;
		return LMTP_QUIT;
	} else {
		l->refused++;
		say(out, "500 5.5.2 no such command");
	}
	if (l->refused <= REFUSED_MAX)
		return LMTP_MORE;
	say(out, "421 4.7.0 this is LMTP");
	l->state = AT_END;
	return LMTP_QUIT;
}

static enum lmtp_event
commands(struct lmtp *l, struct slice *in, struct buf *out)
{
	const char *nl = memchr(in->p, '\n', in->n);
	size_t n = nl != NULL ? (size_t)(nl - in->p) + 1 : in->n;
	enum lmtp_event e;
	struct slice line;

	if (l->line.n + n > LINE_MAX_BYTES) {
		say(out, "500 5.5.2 line too long");
		l->state = AT_END;
		return LMTP_QUIT;
	}
	buf_put(&l->line, in->p, n);
	*in = slice_sub(*in, n, in->n);
	if (nl == NULL)
		return LMTP_MORE;
	line = slice_sub(buf_slice(&l->line), 0, l->line.n - 1);
	if (line.n != 0 && line.p[line.n - 1] == '\r')
		line.n--;
	e = command(l, line, out);
	buf_clear(&l->line);
	return e;
}

static void
keep(struct lmtp *l, struct slice s)
{
	if (l->too_big || l->mail.n + s.n > l->max) {
		l->too_big = true;
		buf_fini(&l->mail);
		return;
	}
	buf_put_slice(&l->mail, s);
}

/* One line of the mail that is whole, with its CR LF. True at the end. */
static bool
data_line(struct lmtp *l, struct slice line)
{
	if (line.n == 3 && line.p[0] == '.')
		return true;
	keep(l, line.p[0] == '.' ? slice_sub(line, 1, line.n) : line);
	return false;
}

/* Lines are those that end with CR LF; a bare LF is a byte of a line.  Long lines are kept piece by piece: `line`
 * holds at most the beginning of one. */
static enum lmtp_event
data(struct lmtp *l, struct slice *in, struct buf *out)
{
	while (in->n != 0) {
		const char *nl = memchr(in->p, '\n', in->n);
		size_t n = nl != NULL ? (size_t)(nl - in->p) + 1 : in->n;
		struct slice piece = slice_sub(*in, 0, n);
		bool whole;

		if (l->too_big && l->line.n > 4)
			buf_drop_front(&l->line, l->line.n - 4); /* only the end matters any more */
		buf_put_slice(&l->line, piece);
		*in = slice_sub(*in, n, in->n);
		whole = nl != NULL && l->line.n >= 2 && l->line.p[l->line.n - 2] == '\r';
		if (!whole && l->line.n <= l->max)
			continue;
		if (!whole) {
			l->too_big = true;
			buf_fini(&l->mail);
			continue;
		}
		if (!data_line(l, buf_slice(&l->line))) {
			buf_clear(&l->line);
			continue;
		}
		buf_clear(&l->line);
		l->state = AT_ANSWER;
		if (!l->too_big)
			return LMTP_MAIL;
		lmtp_done(l, "552 5.3.4 larger than we take", out);
		return LMTP_MORE;
	}
	return LMTP_MORE;
}

enum lmtp_event
lmtp_step(struct lmtp *l, struct slice *in, struct buf *out)
{
	enum lmtp_event e = LMTP_MORE;

	while (in->n != 0 && e == LMTP_MORE) {
		if (l->state == AT_COMMANDS)
			e = commands(l, in, out);
		else if (l->state == AT_DATA)
			e = data(l, in, out);
		else
			break;
	}
	return e;
}

void
lmtp_done(struct lmtp *l, const char *answer, struct buf *out)
{
	for (size_t i = 0; i < l->rcpts; i++)
		say(out, answer);
	reset(l);
	l->state = AT_COMMANDS;
}
