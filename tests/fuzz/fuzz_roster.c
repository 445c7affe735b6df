/* SPDX-License-Identifier: Apache-2.0
 *
 * A roster document from anybody: faults or a roster, never both; and a roster that passed has exactly one crew at every moment that
 * is tried, whatever its zones and holidays.
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/must.h"
#include "desk/roster_priv.h"

#define NOW 1795000000000000000LL

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static json_t *known;
	struct whys ws = { 0 };
	struct roster *r;
	struct duty on;
	json_t *doc;

	if (known == NULL)
		known = json_loads("{\"tenants\":{\"aoba\":{\"lang\":\"ja\"},\"harbor\":{\"lang\":\"en\"}},\"people\":{\"otomo\":{\"role\":\"lead\",\"tenants\":[]},"
		                   "\"bell\":{\"role\":\"lead\",\"tenants\":[]},\"wood\":{\"role\":\"analyst\",\"tenants\":[\"aoba\"]}}}", 0, NULL);
	doc = desk_roster_read(slice_of(data, size), "f.yaml", known, NOW, &ws);
	must((doc == NULL) == (ws.errors != 0));
	if (doc != NULL) {
		must((r = roster_new(doc)) != NULL);
		for (int64_t at = NOW; at < NOW + ROSTER_PROVEN_DAYS * NS_PER_DAY; at += 37 * 3600 * NS_PER_S + 11 * NS_PER_S) {
			must(roster_duty(r, "aoba", at, &on) && on.from <= at && at < on.to);
			must(roster_duty(r, "harbor", at, &on) && on.from <= at && at < on.to);
		}
		roster_free(r);
	}
	json_decref(doc);
	whys_fini(&ws);
	return 0;
}
