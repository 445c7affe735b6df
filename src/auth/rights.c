/* SPDX-License-Identifier: Apache-2.0
 *
 * Rights: the WHO column of tbl/routes.tbl, and tbl/stepup.tbl.
 */
#include "auth/auth.h"

enum { ANALYST = MAY_ANALYST, LEAD = MAY_LEAD, ENGINEER = MAY_ENGINEER, ADMIN = MAY_ADMIN, AUDITOR = MAY_AUDITOR,
       CUSTOMER = MAY_CUSTOMER, ANYBODY = MAY_ANYBODY, HALF = MAY_HALF };

/* The table takes its words for groups back at its end, so they are given values as constants. */
static const struct {
	const char *verb;
	unsigned who;
} rights[] = {
#define ROUTE(method, path, owner, verb, who, doc) { verb, who },
#include "tbl/routes.tbl"
#undef ROUTE
};

static const char *const names[] = { "analyst", "lead", "engineer", "admin", "auditor", "customer" };

unsigned
auth_role_bit(const char *role)
{
	for (unsigned i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(names[i], role) == 0)
			return 1u << i;
	return 0;
}

unsigned
auth_who_may(const char *verb)
{
	for (size_t i = 0; i < sizeof rights / sizeof *rights; i++)
		if (strcmp(rights[i].verb, verb) == 0)
			return rights[i].who;
	return 0;
}

bool
auth_may(const char *role, const char *verb)
{
	return (auth_who_may(verb) & auth_role_bit(role)) != 0;
}

const char *
auth_verb_at(size_t i)
{
	return i < sizeof rights / sizeof *rights ? rights[i].verb : NULL;
}

static const char *const sensitive[] = {
#define STEP_UP(verb, why) verb,
#include "tbl/stepup.tbl"
#undef STEP_UP
};

bool
auth_wants_step_up(const char *verb)
{
	for (size_t i = 0; i < sizeof sensitive / sizeof *sensitive; i++)
		if (strcmp(sensitive[i], verb) == 0)
			return true;
	return false;
}

const char *
auth_step_up_at(size_t i)
{
	return i < sizeof sensitive / sizeof *sensitive ? sensitive[i] : NULL;
}
