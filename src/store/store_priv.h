/* SPDX-License-Identifier: Apache-2.0
 *
 * Private to store/: what its files share.
 */
#ifndef NZ_STORE_PRIV_H
#define NZ_STORE_PRIV_H

#include "store/chdb.h"
#include "store/store.h"

/* `positions`: what was committed before the insert under way, and the partition that one goes into. */
struct hints {
	store_positions_vec at;
	bool known;               /* the file was there and whole */
	uint32_t intent;          /* store_partition of the insert that may or may not have happened */
	bool has_intent;
};

int hints_load(const char *path, struct hints *ret);
int hints_save(const char *path, const struct hints *h);

struct store {
	struct chdb *db;
	char *folder, *hints_path, *insert_path, *config_path;
	int insert_fd;            /* a file in memory the Native block is written to */
	unsigned days[4];
	struct hints hints;       /* of the inserting thread */
	bool asked;               /* positions were read from the rows and no insert was in doubt since */
};

struct store_conn {
	struct store *st;
	struct chdb_conn *c;
};

#endif
