/* SPDX-License-Identifier: Apache-2.0
 *
 * Parts of role mail: which mails killed the process before this one.
 */
#ifndef NZ_ROLE_MAIL_PRIV_H
#define NZ_ROLE_MAIL_PRIV_H

#include "base/slice.h"

#define MAIL_SUSPECTS 64
#define MAIL_DEATHS 2 /* once may be chance */

/* A mail by the SHA-256 of its bytes: the mail server that had no answer sends the same ones again. */
struct mail_suspect {
	unsigned char hash[32];
	uint32_t deaths;
};

/* In memory that the parent keeps. */
struct mail_scratch {
	uint32_t busy;             /* 1: `now` is being read */
	struct mail_suspect now;
	struct mail_suspect suspect[MAIL_SUSPECTS];
};

/* Called once at start: a mail that was being read is a death, counted under its bytes. */
void mail_scratch_judge(struct mail_scratch *s);
/* Before a mail is read. False, and nothing is begun, when it killed MAIL_DEATHS processes. */
bool mail_scratch_begin(struct mail_scratch *s, struct slice mail);
void mail_scratch_end(struct mail_scratch *s);

#endif
