/* SPDX-License-Identifier: Apache-2.0
 *
 * What reaches a person: the limits of names, addresses and numbers.  The importer and the desk keep them, the roles that write
 * and dial demand them; they stand here once, so that nothing is let in that a role refuses in the night.
 */
#ifndef NZ_CODEC_REACH_H
#define NZ_CODEC_REACH_H

#include "base/slice.h"

enum { /* bytes of UTF-8, in one line */
	REACH_NAME = 200,      /* of a person, and its reading */
	REACH_COMPANY = 200,
	REACH_CODE_WORD = 100,
	REACH_MAIL = 254,
	REACH_NUMBER = 128,
	REACH_ID = 31,         /* of a contact or a webhook: part of the key of a job */
	REACH_URL = 1000,
	REACH_SECRET = 64,     /* name of a webhook's secret */
};

/* UTF-8 without control characters; lines: but for line feeds. */
bool reach_is_text(struct slice s, bool lines);
/* One mail address without comments, quotes or lists. */
bool reach_is_mail(struct slice s);
/* + and 4 to 19 digits, or sip:user@host. */
bool reach_is_number(struct slice s);
/* http:// or https:// and nothing that does not belong into an address. */
bool reach_is_url(struct slice s);

#endif
