/* SPDX-License-Identifier: Apache-2.0
 *
 * Filter documents are refused by name until they are compiled in: a rule must never run with an exception
 * it does not honour, and never without one its author counted on, so the fault is an error.
 */
#include "sigma/sigma_priv.h"

void
filter_read(struct comp *c, const struct ynode *doc)
{
	struct why *w = comp_fault(c, "SIG-FILTER", y_get(doc, SL("filter")));

	w->code = E_UNSUPPORTED; /* not a fault of its author */
	why_found(w, "a filter document");
	why_wanted(w, "the exception inside the rule; filters are not supported yet");
	c->set->count.filters++;
	c->set->count.refused++;
}

void
filter_apply(struct comp *c)
{
	(void)c;
}
