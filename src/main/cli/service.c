/* SPDX-License-Identifier: Apache-2.0
 *
 * The service itself: maintenance, exclusion, appointment; alarm, clock, funnel, ledger, sla.
 */
#include "main/cli/act.h"

int
cli_maintenance(struct cli *c)
{
	static const char *const columns[] = { "ID=id", "TENANT=tenant", "FROM=from", "TO=to", "ENDED=ended_at", "URGENT=urgent", "REASON=reason.en", NULL };
	static const struct act acts[] = {
		{ "list", "GET", "/api/v1/maintenance", "tenant", columns },
		{ "add", "POST", "/api/v1/maintenance", "!from !to tenant ja=reason.ja en=reason.en", NULL },
		{ "end", "POST", "/api/v1/maintenance/%s/end", NULL, NULL },
		{ 0 },
	};

	return act_run(c, acts);
}

int
cli_exclusion(struct cli *c)
{
	static const char *const columns[] = { "ID=id", "TENANT=tenant", "FROM=from", "TO=to", "STATE=state", "REASON=reason", "EVIDENCE=evidence", "OBJECTIONS=inquiries", NULL };
	static const struct act acts[] = {
		{ "list", "GET", "/api/v1/exclusions", "tenant", columns },
		{ "add", "POST", "/api/v1/exclusions", "!tenant !from !to !reason !evidence words@ as", NULL },
		{ "approve", "POST", "/api/v1/exclusions/%s/approve", "!as", NULL },
		{ "withdraw", "POST", "/api/v1/exclusions/%s/withdraw", NULL, NULL },
		{ 0 },
	};

	return act_run(c, acts);
}

int
cli_appointment(struct cli *c)
{
	static const char *const columns[] = { "ID=id", "TENANT=tenant", "WEEKDAY=weekday", "TIME=time", "CONTACT=name", "NEXT=next_at", "ENDED=ended_at", "LAST=calls.0.at",
		                               "OUTCOME=calls.0.outcome", NULL };
	static const struct act acts[] = {
		{ "list", "GET", "/api/v1/appointments", "tenant", columns },
		{ "add", "POST", "/api/v1/appointments", "!tenant !weekday# !time !contact anyway?", NULL },
		{ "end", "POST", "/api/v1/appointments/%s/end", NULL, NULL },
		{ "call", "POST", "/api/v1/appointments/%s/call", NULL, NULL },
		{ 0 },
	};

	return act_run(c, acts);
}

int
cli_alarm(struct cli *c)
{
	static const char *const columns[] = { "ID=id", "LEVEL=level", "AT=at", "KIND=kind", "TENANT=tenant", "OWNER=owner.name.en", "ACKNOWLEDGED=acknowledged_at", "TEXT=text.en", NULL };
	static const struct act acts[] = {
		{ "list", "GET", "/api/v1/alarms", NULL, columns },
		{ "acknowledge", "POST", "/api/v1/alarms/%s/acknowledge", NULL, NULL },
		{ 0 },
	};

	return act_run(c, acts);
}

int
cli_clock(struct cli *c)
{
	static const char *const running[] = { "DUE=due_at", "KIND=kind", "STATE=state", "TENANT=tenant", "ABOUT=number", NULL };
	static const char *const broken[] = { "DUE=due_at", "STOPPED=stopped_at", "KIND=kind", "TENANT=tenant", "ABOUT=number", "CAUSE=cause.cause", "TEXT=cause.text", NULL };
	static const struct act acts[] = {
		{ "list", "GET", "/api/v1/clocks", NULL, running },
		{ "breaches", "GET", "/api/v1/breaches", "tenant month", broken },
		{ 0 },
	};

	return act_run(c, acts);
}

/* Answers that are figures and no list of things: always JSON. */
static int
figures(struct cli *c, const char *path, const char *spec)
{
	struct act acts[] = { { "show", "GET", path, spec, NULL }, { 0 } };

	return act_run(c, acts);
}

int
cli_funnel(struct cli *c)
{
	return figures(c, "/api/v1/funnel", "tenant from to");
}

int
cli_ledger(struct cli *c)
{
	return figures(c, "/api/v1/ledger", "tenant day");
}

int
cli_sla(struct cli *c)
{
	return figures(c, "/api/v1/sla", "tenant month");
}
