/* SPDX-License-Identifier: Apache-2.0
 *
 * Mail: what comes from the house's own mail server.  Floor 3, pure: bytes in, structs out.
 *
 *     bytes of a connection ─▶ lmtp_step (RFC 2033) ─▶ one mail and its envelope ─▶ letter_read (MIME) ─▶ struct letter
 *
 * Everything here was written by strangers.  The MIME tree is GMime's, HTML is libxml2's; ours are the limits, the
 * choice of what is text and what is a file, and the reading of Authentication-Results.  Nothing of a letter is a
 * right: from whom it is, is what our own mail server says, not what the letter says.
 */
#ifndef NZ_MAIL_MAIL_H
#define NZ_MAIL_MAIL_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/slice.h"

/* ---- LMTP, the server's side of one connection ---- */

#define LMTP_RCPTS 20
#define LMTP_ADDRESS 320

struct lmtp {
	const char *host;             /* our name in the greeting */
	const char *address;          /* whom mails are for; "+…" before its @ is allowed. "" = everybody */
	size_t max;                   /* bytes of one mail */
	int state;
	bool have_from, too_big, cr;  /* cr: the last byte of the data so far */
	char from[LMTP_ADDRESS];      /* "" = a bounce */
	char rcpt[LMTP_RCPTS][LMTP_ADDRESS];
	size_t rcpts;
	struct buf line, mail;        /* the command that is not whole yet; the mail, dots unstuffed, CRLF kept */
	uint64_t refused;             /* commands that were none */
};

enum lmtp_event { LMTP_MORE, LMTP_MAIL, LMTP_QUIT };

/* host and address are borrowed. Writes the greeting. */
void lmtp_begin(struct lmtp *l, const char *host, const char *address, size_t max, struct buf *out);
/* Takes bytes from the front of *in and writes answers. LMTP_MORE: all were taken. LMTP_MAIL: l->mail, l->from and
 * l->rcpt are one mail; nothing more is taken before lmtp_done. LMTP_QUIT: write what is there and close. */
enum lmtp_event lmtp_step(struct lmtp *l, struct slice *in, struct buf *out);
/* The same answer for every receiver: "250 2.0.0 kept". */
void lmtp_done(struct lmtp *l, const char *answer, struct buf *out);
void lmtp_fini(struct lmtp *l);

/* ---- a letter ---- */

#define LETTER_FILES 10
#define LETTER_TOKENS 20
#define LETTER_PROOF 600  /* bytes of the proof */
#define LETTER_TEXT 30000 /* bytes of UTF-8 that are kept */

struct letter_rules {
	const char *authserv;  /* the name our own mail server writes into Authentication-Results; "" = none is believed */
	const char *own;       /* our own sender's address: a mail of it is a loop */
	size_t file_max;       /* bytes of one file; a larger one is only named */
	size_t files_total;    /* of all together */
};

struct letter_envelope {
	const char *from;      /* "" = a bounce */
	const char *const *rcpt;
	size_t rcpts;
};

struct letter_file {
	const char *name;      /* as given, UTF-8 */
	struct slice body;     /* with a note: empty */
	size_t size;
	const char *note;      /* NULL, too_large, too_many */
};

/* Strings are UTF-8 without control characters but line feeds and tabs in text; they live in the arena. */
struct letter {
	const char *from, *name, *subject, *text, *lang, *message_id;
	const char *auth;      /* pass fail none */
	const char *why;       /* without a pass: forged changed foreign unreadable, or "" */
	const char *proof;     /* what our own mail server said, in its words */
	bool is_auto;          /* a machine sent it, or we did */
	bool cut;              /* something was left out */
	const char *tokens[LETTER_TOKENS];
	size_t tokens_n, files_n;
	struct letter_file files[LETTER_FILES];
};

/* Once, before the jail: loads what reading needs later. */
void letter_init(void);
/* 0, or E_SYNTAX when it has no header at all. */
int letter_read(struct slice mail, const struct letter_rules *rules, const struct letter_envelope *env, struct arena *a, struct letter *ret);
/* Of a mail that must not be read: who handed it over, and its bytes as one file (borrowed). */
void letter_sealed(struct slice mail, const struct letter_envelope *env, struct arena *a, struct letter *ret);
/* MAIL of tbl/messages.tbl: the JSON (without the bytes of files). */
void letter_json(const struct letter *l, struct buf *out);

/* What our own mail server said about the domain of From, over all its headers. */
struct authres {
	bool partial;                  /* in: a signature of the letter covers its beginning only: signatures do not count */
	bool pass, dkim;               /* a proof for the domain; a signature of it */
	bool changed;                  /* a signature of it does not fit what came */
	bool rejected, forged;         /* dmarc=fail; spf=fail or softfail of the domain itself */
	bool foreign, fail;            /* a proof for another domain; any other no */
};

/* One header Authentication-Results (RFC 8601), unfolded, into v. False when it is of another server and says nothing;
 * else ret_results gets what stands behind the server's name. */
bool authres_read(struct slice value, const char *authserv, struct slice from_domain, struct authres *v, struct slice *ret_results);
/* pass, forged, changed, foreign, fail (another no) or none. */
const char *authres_word(const struct authres *v);
/* The value of a header DKIM-Signature, unfolded: does it bear l=? */
bool dkim_is_partial(struct slice tags);
/* HTML as text: blocks are lines, scripts and styles are nothing. UTF-8 in and out. */
void html_to_text(struct slice html, struct buf *out);
/* Bytes in a named character set → UTF-8; what is no character becomes U+FFFD. Unknown sets: UTF-8 if it is, else Latin-1. */
void charset_to_utf8(struct slice bytes, const char *charset, struct buf *out);
void charset_init(void);

#endif
