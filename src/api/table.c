/* SPDX-License-Identifier: Apache-2.0
 *
 * tbl/routes.tbl as an array, and the words of roles as bits.
 */
#include "api/api.h"

enum {
	ANALYST = API_ANALYST,
	LEAD = API_LEAD,
	ENGINEER = API_ENGINEER,
	ADMIN = API_ADMIN,
	AUDITOR = API_AUDITOR,
	CUSTOMER = API_CUSTOMER,
	ANYBODY = API_ANYBODY,
	HALF = API_HALF
};

const struct api_route api_routes[] = {
#define ROUTE(method_, path_, owner_, verb_, who_, doc_) \
	{ .method = #method_, .path = path_, .owner = API_##owner_, .verb = verb_, .who = who_, .doc = doc_ },
#include "tbl/routes.tbl"
#undef ROUTE
};

const size_t api_route_count = sizeof api_routes / sizeof *api_routes;

unsigned
api_role_bit(const char *role)
{
	static const char *const names[] = { "analyst", "lead", "engineer", "admin", "auditor", "customer" };

	for (unsigned i = 0; role != NULL && i < sizeof names / sizeof *names; i++)
		if (strcmp(role, names[i]) == 0)
			return 1u << i;
	return 0;
}
