/* SPDX-License-Identifier: Apache-2.0
 *
 * How an attempt ended, from the SIP status alone (experience.md 11.2; RFC 3261 section 21).
 */
#include "call/call.h"

static const char *const names[] = {
#define OUTCOME(id, name, kinds, reached, next, en, ja, doc) name,
#include "tbl/outcomes.tbl"
#undef OUTCOME
};

const char *
outcome_name(enum outcome o)
{
	return (unsigned)o < OUTCOME_COUNT ? names[o] : "bad_job";
}

enum outcome
outcome_of_sip(int code, bool rang)
{
	switch (code) {
	case 486:
	case 600:
		return OUTCOME_BUSY;
	case 408:
		/* Without a single ringing it is the trunk that did not find anybody in time. */
		return rang ? OUTCOME_NO_ANSWER : OUTCOME_TRUNK_FAILURE;
	case 480:
	case 487:
		return OUTCOME_NO_ANSWER;
	case 603:
	case 607:
		return OUTCOME_REFUSED;
	case 404:
	case 410:
	case 484:
	case 485:
	case 604:
		return OUTCOME_WRONG_NUMBER;
	default:
		return OUTCOME_TRUNK_FAILURE;
	}
}
