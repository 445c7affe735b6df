/* SPDX-License-Identifier: Apache-2.0
 *
 * A strict small XML reader for log lines (rendered Windows events).  No DTD, no entities but the five and
 * character references, no processing beyond an XML declaration: <!DOCTYPE is E_UNSUPPORTED.
 *
 * Flattens to dotted names below the root element, without name-space prefixes:
 *   <Event><System><Provider Name='x'/><EventID>4624</EventID></System>
 *     <EventData><Data Name='A'>1</Data><Data>2</Data></EventData></Event>
 *   → System.Provider.Name = x, System.EventID = 4624, EventData.A = 1, EventData.param1 = 2
 * An element called Data takes its Name attribute as its name; without one it is param1, param2, …
 * Depth 64, 4096 fields.
 */
#ifndef NZ_CODEC_XML_H
#define NZ_CODEC_XML_H

#include "base/arena.h"
#include "base/slice.h"

typedef void xml_field_fn(void *ctx, struct slice path, struct slice text);

/* Texts with references are decoded into a; others are slices of the input. path is valid during the
 * call only. 0, E_SYNTAX, E_DEPTH, E_LIMIT, E_UNSUPPORTED. */
int xml_flatten(struct slice text, struct arena *a, xml_field_fn *fn, void *ctx);

#endif
