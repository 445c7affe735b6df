/* SPDX-License-Identifier: Apache-2.0
 *
 * Query text: whatever comes, it is refused with a position or becomes SQL with exactly one scan, and that
 * scan carries the tenant.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "role/store_schema.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check_sql(struct buf *sql)
{
	static const char scan[] = "FROM nz.events WHERE tenant IN ('aoba') AND time >= ";
	bool in = false;
	char *s = (char *)(uintptr_t)buf_cstr(sql);

	must(memmem(sql->p, sql->n, scan, sizeof scan - 1) != NULL);
	for (; *s != '\0'; s++) /* blank the literals */
		if (in && *s == '\\' && s[1] != '\0')
			s[0] = s[1] = ' ', s++;
		else if (*s == '\'')
			in = !in;
		else if (in)
			*s = ' ';
	must(!in);
	s = strstr(sql->p, "nz.events");
	must(s != NULL && strstr(s + 1, "nz.events") == NULL && strchr(sql->p, ';') == NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct slice tenants[] = { { "aoba", 4 } };
	struct kql_scope scope = { .tenants = tenants, .tenant_count = 1, .from_ns = 1, .to_ns = 2, .now_ns = 3 };
	struct buf sql = { 0 };
	struct whys ws = { 0 };
	struct kql *q = NULL;
	struct arena a;

	arena_init(&a, 0, 0);
	if (kql_parse(slice_of(data, size), &store_kql_schema, 5, &a, &q, &ws) == 0) {
		kql_sql(q, &scope, "line", &sql);
		check_sql(&sql);
		buf_clear(&sql);
		kql_histogram_sql(q, &scope, 1000000000, &sql);
		check_sql(&sql);
	} else {
		must(ws.errors > 0 && ws.list.v[0].line > 0);
	}
	whys_fini(&ws);
	buf_fini(&sql);
	arena_fini(&a);
	return 0;
}
