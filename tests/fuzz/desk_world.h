/* SPDX-License-Identifier: Apache-2.0
 *
 * A small desk for the fuzz targets: two tenants, people with known ids, one candidate, one incident that rings.
 */
#ifndef NZ_TESTS_FUZZ_DESK_WORLD_H
#define NZ_TESTS_FUZZ_DESK_WORLD_H

#include <stdlib.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "desk/desk.h"

#define WORLD_NOW 1795000000000000000LL

static const char world_yaml[] =
        "tenants:\n"
        "  - {id: aoba, name: A, kana: ア, short: AOBA, code_word: {ja: カ, en: k}, contacts: [{id: o, name: O, kana: オ, numbers: ['+81311112222'], mail: o@a.example}]}\n"
        "  - {id: harbor, name: H, kana: ハ, short: HARBOR, code_word: {ja: カ, en: k}, contacts: [{id: l, name: L, kana: ル, numbers: ['+442011112222']}]}\n"
        "accounts:\n  - {login: an, name: An, role: analyst}\n  - {login: cu, name: Cu, role: customer, tenant: harbor}\n";

static const char world_detections[] =
        "[{\"key\":\"k1\",\"kind\":\"rule\",\"rule\":{\"id\":\"r\",\"name\":\"R\",\"level\":\"high\",\"tags\":[]},\"at\":1795000000000000000,\"count\":1,"
        "\"entities\":[{\"kind\":\"host\",\"value\":\"h1\",\"role\":\"target\",\"internal\":true}],\"evidence\":{\"blocked\":\"none\"}},"
        "{\"key\":\"k2\",\"kind\":\"rule\",\"rule\":{\"id\":\"r\",\"name\":\"R\",\"level\":\"high\",\"tags\":[]},\"at\":1795000000000000000,\"count\":1,"
        "\"entities\":[{\"kind\":\"host\",\"value\":\"h2\",\"role\":\"target\",\"internal\":true}],\"evidence\":{\"blocked\":\"none\"}}]";

static inline void
world_open(struct db **db, struct desk **d)
{
	struct whys ws = { 0 };
	struct desk_position at = { "aoba", "l", "00112233445566778899aabbccddeeff", 1 };
	struct desk_answer a;
	json_t *args;

	log_init("fuzz", LOG_ALERT);
	must(db_open(":memory:", db) == 0 && desk_open(*db, NULL, d) == 0);
	args = desk_import_read(slice_str(world_yaml), "w", &ws);
	must(args != NULL);
	json_object_del(args, "secrets");
	a = desk_apply(*d, "tenant.import", &desk_service, args, WORLD_NOW);
	must(a.status == 200);
	json_decref(a.body);
	json_decref(args);
	must(desk_detections(*d, &at, slice_str(world_detections), WORLD_NOW) == 0);
	args = json_pack("{s:s, s:s, s:{s:s, s:s, s:s}}", "id", "C-1", "severity", "critical", "answers", "real", "yes", "success", "no", "possible", "yes");
	a = desk_do(*d, "candidate.decide", &desk_service, args, WORLD_NOW);
	must(a.status == 200);
	json_decref(a.body);
	json_decref(args);
}

static inline void
world_close(struct db *db, struct desk *d)
{
	desk_close(d);
	db_close(db);
}

#endif
