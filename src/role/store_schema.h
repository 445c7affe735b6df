/* SPDX-License-Identifier: Apache-2.0
 *
 * Where kql and store meet: names of fields as the query language sees them → columns of the table; and
 * one row of the answer → one event of the API.  Used by the role and by `nezuban query --store`.
 */
#ifndef NZ_ROLE_STORE_SCHEMA_H
#define NZ_ROLE_STORE_SCHEMA_H

#include <jansson.h>

#include "kql/kql.h"

extern const struct kql_schema store_kql_schema;
/* Select list of an event's row, in the order store_row_to_event reads it. */
void store_row_columns(struct buf *out);
/* One row of JSONCompactEachRow (an array; the last two are _ta, _tb) → {id, at, tenant, lcp, epoch, seq, n,
 * device, dataset, line, fields}. NULL when the row is not what was asked for. */
json_t *store_row_to_event(const json_t *row);
/* Third check: do _ta and _tb at the row's end both lie in the scope? */
bool store_row_is_ours(const json_t *row, const struct slice *tenants, size_t count);
/* A value of a table's column of this type as the API writes it. */
json_t *store_table_value(const json_t *v, enum kql_type type);

#endif
