/* SPDX-License-Identifier: Apache-2.0
 *
 * Authentication-Results (RFC 8601): what our own mail server found out about a sender.
 *
 *     mx.soc.example; dkim=pass (good) header.d=aoba.example; spf=pass smtp.mailfrom=aoba.example; dmarc=pass
 *
 * A header of another server is the letter's own word and says nothing: our server removes such that bear its own
 * name (RFC 8601, 5), the others carry another name.  A proof holds for the domain of From when it is of that domain
 * or of one above it; a signature of somebody else's domain proves nothing about it.
 *
 * Stricter than DMARC in one thing: a signature of the sender's own domain that does not fit means that the text is not
 * what was signed, and then the place it came from (spf) does not help: who changed it may sit before that place.
 */
#include "mail/mail.h"

struct token {
	struct slice s;
	char kind; /* w word, ';' '=' '.' a sign, 0 the end */
};

static void
skip_comment(struct slice *in)
{
	int depth = 0;
	size_t i = 0;

	for (; i < in->n; i++) {
		if (in->p[i] == '\\')
			i++;
		else if (in->p[i] == '(')
			depth++;
		else if (in->p[i] == ')' && --depth == 0)
			break;
	}
	*in = slice_sub(*in, i < in->n ? i + 1 : in->n, in->n);
}

static struct token
next(struct slice *in)
{
	size_t n = 0;
	struct token t;

	for (;;) {
		while (in->n != 0 && (unsigned char)in->p[0] <= ' ') /* all of them: none is part of a word */
			*in = slice_sub(*in, 1, in->n);
		if (in->n == 0 || in->p[0] != '(')
			break;
		skip_comment(in);
	}
	if (in->n == 0)
		return (struct token){ { "", 0 }, 0 };
	if (strchr(";=", in->p[0]) != NULL) {
		t = (struct token){ slice_sub(*in, 0, 1), in->p[0] };
		*in = slice_sub(*in, 1, in->n);
		return t;
	}
	if (in->p[0] == '"') {
		for (n = 1; n < in->n && in->p[n] != '"'; n++)
			n += in->p[n] == '\\' && n + 1 < in->n;
		t = (struct token){ slice_sub(*in, 1, n), 'w' };
		*in = slice_sub(*in, n < in->n ? n + 1 : in->n, in->n);
		return t;
	}
	while (n < in->n && (unsigned char)in->p[n] > ' ' && strchr(";=(\"", in->p[n]) == NULL)
		n++;
	t = (struct token){ slice_sub(*in, 0, n), 'w' };
	*in = slice_sub(*in, n, in->n);
	return t;
}

/* Does a proof of domain d speak for from? */
static bool
speaks_for(struct slice d, struct slice from)
{
	for (size_t i = d.n; i > 0; i--)
		if (d.p[i - 1] == '@') {
			d = slice_sub(d, i, d.n);
			break;
		}
	if (d.n == 0 || d.n > from.n || memchr(d.p, '.', d.n) == NULL)
		return false;
	if (d.n < from.n && from.p[from.n - d.n - 1] != '.')
		return false;
	return slice_eq_nocase(d, slice_sub(from, from.n - d.n, from.n));
}

struct result {
	struct slice method, value, prop;
	bool speaks; /* a property of the right kind names the domain */
};

static void
judge_dkim(const struct result *r, bool pass, struct authres *v)
{
	if (pass && v->partial)
		v->fail = true;
	else if (pass)
		*(r->speaks ? &v->dkim : &v->foreign) = true;
	else if (slice_eq_nocase(r->value, SL("fail")))
		*(r->speaks ? &v->changed : &v->fail) = true;
	else
		v->fail = true;
}

static void
judge_spf(const struct result *r, bool pass, struct authres *v)
{
	bool refused = slice_eq_nocase(r->value, SL("fail")) || slice_eq_nocase(r->value, SL("softfail"));

	if (pass)
		*(r->speaks ? &v->pass : &v->foreign) = true;
	else
		*(refused && r->speaks ? &v->forged : &v->fail) = true;
}

static void
judge(const struct result *r, struct authres *v)
{
	bool pass = slice_eq_nocase(r->value, SL("pass"));

	if (r->value.n == 0 || slice_eq_nocase(r->value, SL("none")))
		return;
	if (slice_eq_nocase(r->method, SL("dkim")))
		judge_dkim(r, pass, v);
	else if (slice_eq_nocase(r->method, SL("spf")))
		judge_spf(r, pass, v);
	else if (slice_eq_nocase(r->method, SL("dmarc")) && pass)
		v->pass |= r->speaks;
	else if (slice_eq_nocase(r->method, SL("dmarc")))
		*(slice_eq_nocase(r->value, SL("fail")) ? &v->rejected : &v->fail) = true;
}

static void
property(struct result *r, struct slice name, struct slice value, struct slice from)
{
	static const char *const proofs[][2] = { { "dkim", "header.d" }, { "dkim", "header.i" }, { "spf", "smtp.mailfrom" }, { "dmarc", "header.from" } };

	for (size_t i = 0; i < sizeof proofs / sizeof *proofs; i++)
		if (slice_eq_nocase(r->method, slice_str(proofs[i][0])) && slice_eq_nocase(name, slice_str(proofs[i][1])) && speaks_for(value, from))
			r->speaks = true;
}

/* "method[/version] = value  prop = value …" up to the next semicolon. */
static bool
one_result(struct slice *in, struct slice from, struct authres *v)
{
	struct result r = { 0 };
	struct token t = next(in), name;

	r.method = t.s;
	for (size_t i = 0; i < r.method.n; i++)
		if (r.method.p[i] == '/')
			r.method.n = i;
	if (t.kind == 'w' && (t = next(in)).kind == '=' && (t = next(in)).kind == 'w') {
		r.value = t.s;
		for (name = next(in); name.kind == 'w'; name = next(in)) {
			if ((t = next(in)).kind != '=')
				break;
			if ((t = next(in)).kind != 'w')
				break;
			property(&r, name.s, t.s, from);
		}
		t = name.kind == 'w' ? t : name;
	}
	judge(&r, v);
	while (t.kind != ';' && t.kind != 0)
		t = next(in);
	return t.kind == ';';
}

bool
authres_read(struct slice value, const char *authserv, struct slice from_domain, struct authres *v, struct slice *ret_results)
{
	struct token t = next(&value);

	if (authserv[0] == '\0' || t.kind != 'w' || !slice_eq_nocase(t.s, slice_str(authserv)))
		return false;
	for (t = next(&value); t.kind == 'w'; t = next(&value)) /* a version */
		continue;
	*ret_results = slice_trim(value);
	if (t.kind == ';')
		while (one_result(&value, from_domain, v))
			continue;
	return true;
}

const char *
authres_word(const struct authres *v)
{
	if (v->rejected)
		return "forged";
	if (v->changed && !v->dkim)
		return "changed";
	if (v->pass || v->dkim)
		return "pass";
	return v->forged ? "forged" : v->foreign ? "foreign" : v->fail ? "fail" : "none";
}

/* A signature of the first so many bytes (l=) holds for whatever is put behind them. */
bool
dkim_is_partial(struct slice tags)
{
	while (tags.n != 0) {
		struct slice value = slice_cut(&tags, ';'), name = slice_trim(slice_cut(&value, '='));

		if (slice_eq(name, SL("l")))
			return true;
	}
	return false;
}
