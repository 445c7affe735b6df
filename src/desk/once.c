/* SPDX-License-Identifier: Apache-2.0
 *
 * Once: a request with an Idempotency-Key is done once.  Its answer is kept in the transaction that did it, under who asked and
 * the key, for a day; the same request again gets that answer, another request under the same key is refused.
 *
 * Not part of the projection: an answer is for whoever lost it on the way, the journal has what was done.  Refusals are not kept,
 * for nothing was done.  What is shown once (a token, a secret) is no part of it.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "desk/apikey_priv.h"

#define KEEP (24 * 3600 * NS_PER_S)

void
desk_once_hash(const char *verb, const json_t *args, char ret[65])
{
	auto_free char *text = json_text(args);
	crypto_hash_sha256_state st;
	uint8_t h[crypto_hash_sha256_BYTES];

	crypto_hash_sha256_init(&st);
	crypto_hash_sha256_update(&st, (const unsigned char *)verb, strlen(verb) + 1);
	crypto_hash_sha256_update(&st, (const unsigned char *)text, strlen(text));
	crypto_hash_sha256_final(&st, h);
	sodium_bin2hex(ret, 65, h, sizeof h);
}

enum desk_once_found
desk_once_begin(struct desk *d, const char *actor, const char *key, const char hash[65], int64_t now, struct desk_answer *ret)
{
	struct rows r = db_query(d->db, "SELECT hash, status, body FROM answers WHERE actor = ? AND key = ? AND at > ?", Q(actor), Q(key), Q(now - KEEP));
	bool same;

	if (!rows_next(&r)) {
		snprintf(d->once.actor, sizeof d->once.actor, "%s", actor);
		snprintf(d->once.key, sizeof d->once.key, "%s", key);
		snprintf(d->once.hash, sizeof d->once.hash, "%s", hash);
		return DESK_ONCE_NEW;
	}
	same = strcmp(row_str(&r, 0), hash) == 0;
	if (same)
		*ret = (struct desk_answer){ .status = (int)row_int(&r, 1), .body = row_kind(&r, 2) != DB_NULL ? json_loadb(row_text(&r, 2).p, row_text(&r, 2).n, JSON_DECODE_ANY, NULL) : NULL };
	else
		*ret = desk_problem(422, "idempotency", NULL, "the key was used for another request");
	rows_close(&r);
	return same ? DESK_ONCE_SAME : DESK_ONCE_OTHER;
}

void
desk_once_end(struct desk *d)
{
	d->once.key[0] = '\0';
}

void
desk_once_sweep(struct desk *d, int64_t now)
{
	db_run(d->db, "DELETE FROM answers WHERE at <= ?", Q(now - KEEP));
}

void
once_keep(struct cmd *c)
{
	struct desk_answer a = { .status = c->body != NULL ? 200 : 204 };
	auto_free char *text = NULL;
	char show[24];
	json_t *q;

	if (c->body == NULL && c->noun[0] != '\0') {
		q = json_pack("{s:s}", "id", c->id);
		snprintf(show, sizeof show, "%s.show", c->noun);
		a = desk_ask(c->d, show, c->who, q, c->now);
		json_decref(q);
	}
	if (c->body != NULL || a.body != NULL)
		text = json_text(c->body != NULL ? c->body : a.body);
	db_run(c->db,
	       "INSERT INTO answers(actor, key, hash, at, status, body) VALUES(?, ?, ?, ?, ?, ?) ON CONFLICT(actor, key) DO UPDATE SET hash = excluded.hash, at = excluded.at,"
	       " status = excluded.status, body = excluded.body",
	       Q(c->d->once.actor), Q(c->d->once.key), Q(c->d->once.hash), Q(c->now), Q((int64_t)a.status), Q(text));
	json_decref(a.body);
	desk_once_end(c->d);
}
