/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "role/lcp_answer.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/must.h"
#include "sys/pki.h"

static json_t *
parse(struct slice json)
{
	json_error_t why;
	json_t *j;

	if (json.n > LCP_ANSWER_MAX)
		return NULL;
	j = json_loadb(json.n != 0 ? json.p : "", json.n, JSON_REJECT_DUPLICATES, &why);
	if (j != NULL && !json_is_object(j)) {
		json_decref(j);
		return NULL;
	}
	return j;
}

static bool
get_text(const json_t *j, const char *key, char *out, size_t size)
{
	const json_t *v = json_object_get(j, key);
	size_t n = json_string_length(v);

	if (!json_is_string(v) || n == 0 || n >= size || memchr(json_string_value(v), '\0', n) != NULL)
		return false;
	memcpy(out, json_string_value(v), n + 1);
	return true;
}

static bool
get_u64(const json_t *j, const char *key, uint64_t *out)
{
	const json_t *v = json_object_get(j, key);

	if (!json_is_integer(v) || json_integer_value(v) < 0)
		return false;
	*out = (uint64_t)json_integer_value(v);
	return true;
}

static bool
get_id(const json_t *j, const char *key, char out[BATCH_ID_MAX])
{
	return get_text(j, key, out, BATCH_ID_MAX) && batch_id_is_good(slice_str(out));
}

static bool
read_receipt(const json_t *j, struct lcp_receipt *r)
{
	auto_buf struct buf sig = { 0 };
	char hash[65], status[16], sig64[128];
	uint64_t v;

	if (!get_u64(j, "v", &v) || v != 1 || !get_id(j, "tenant", r->tenant) || !get_id(j, "lcp", r->lcp) ||
	    !get_text(j, "epoch", r->epoch, sizeof r->epoch) || strlen(r->epoch) != 32 || !get_u64(j, "seq", &r->seq) ||
	    !get_u64(j, "lines", &r->lines) || !get_text(j, "hash", hash, sizeof hash) ||
	    !get_text(j, "at", r->at, sizeof r->at) || !get_text(j, "status", status, sizeof status) ||
	    !get_text(j, "key", r->key, sizeof r->key) || !get_text(j, "sig", sig64, sizeof sig64))
		return false;
	if (pki_unhex(slice_str(hash), r->hash, 32) != 0 || pki_unbase64(slice_str(sig64), &sig) != 0 ||
	    sig.n != sizeof r->sig || strspn(r->key, "0123456789abcdef") != strlen(r->key))
		return false;
	memcpy(r->sig, sig.p, sizeof r->sig);
	r->replay = strcmp(status, "replay") == 0;
	return r->replay || strcmp(status, "stored") == 0;
}

int
lcp_receipt_read(struct slice json, struct lcp_receipt *ret)
{
	struct lcp_receipt r = { 0 };
	json_t *j = parse(json);
	bool good = j != NULL && read_receipt(j, &r);

	json_decref(j);
	if (!good)
		return E_SYNTAX;
	*ret = r;
	return 0;
}

void
lcp_receipt_text(const struct lcp_receipt *r, struct buf *out)
{
	char hash[65];

	pki_hex(r->hash, 32, hash);
	buf_printf(out, "nezuban-receipt-1\n%s\n%s\n%s\n%" PRIu64 "\n%s\n%" PRIu64 "\n%s\n", r->tenant, r->lcp, r->epoch,
	           r->seq, hash, r->lines, r->at);
}

bool
lcp_receipt_is_for(const struct lcp_receipt *r, const uint64_t epoch[2], uint64_t seq, const uint8_t hash[32],
                   uint32_t lines)
{
	char as_bytes[33], as_words[33];

	pki_hex(epoch, 16, as_bytes);
	snprintf(as_words, sizeof as_words, "%016" PRIx64 "%016" PRIx64, epoch[0], epoch[1]);
	return (strcmp(r->epoch, as_bytes) == 0 || strcmp(r->epoch, as_words) == 0) && r->seq == seq &&
	       memcmp(r->hash, hash, 32) == 0 && r->lines == lines;
}

int
lcp_problem_read(struct slice json, struct lcp_problem *ret)
{
	struct lcp_problem p = { PROBLEM_OTHER, 0 };
	json_t *j = parse(json);
	char type[128];

	if (j == NULL)
		return E_SYNTAX;
	if (get_text(j, "type", type, sizeof type)) {
		size_t n = strlen(type);

		if (n >= 3 && strcmp(type + n - 3, "gap") == 0 && get_u64(j, "want", &p.want) && p.want != 0)
			p.kind = PROBLEM_GAP;
		else if (n >= 5 && strcmp(type + n - 5, "chain") == 0)
			p.kind = PROBLEM_CHAIN;
	}
	json_decref(j);
	*ret = p;
	return 0;
}

int
lcp_beat_answer_read(struct slice json, struct lcp_beat_answer *ret)
{
	struct lcp_beat_answer a = { 0 };
	json_t *j = parse(json);
	char now[64];

	if (j == NULL)
		return E_SYNTAX;
	if (get_text(j, "now", now, sizeof now) && time_parse_rfc3339(slice_str(now), &a.now_ns) != 0)
		a.now_ns = 0;
	if (!get_text(j, "receipt_key", a.receipt_key, sizeof a.receipt_key))
		a.receipt_key[0] = '\0';
	if (json_integer_value(json_object_get(j, "config")) > 0)
		a.config = (uint64_t)json_integer_value(json_object_get(j, "config"));
	json_decref(j);
	*ret = a;
	return 0;
}

static char *
dup_text(const json_t *j, const char *key)
{
	const json_t *v = json_object_get(j, key);

	return json_is_string(v) && json_string_length(v) == strlen(json_string_value(v)) ? x_strdup(json_string_value(v))
	                                                                                  : NULL;
}

int
lcp_enrolled_read(struct slice json, struct lcp_enrolled *ret)
{
	struct lcp_enrolled e = { 0 };
	json_t *j = parse(json);

	if (j == NULL)
		return E_SYNTAX;
	e.cert = dup_text(j, "cert");
	e.ca = dup_text(j, "ca");
	e.receipt_key = dup_text(j, "receipt_key");
	e.config_key = dup_text(j, "config_key");
	if (e.cert == NULL || e.ca == NULL || !get_id(j, "tenant", e.tenant) || !get_id(j, "lcp", e.lcp)) {
		json_decref(j);
		lcp_enrolled_fini(&e);
		return E_SYNTAX;
	}
	json_decref(j);
	*ret = e;
	return 0;
}

void
lcp_enrolled_fini(struct lcp_enrolled *e)
{
	free(e->cert);
	free(e->ca);
	free(e->receipt_key);
	free(e->config_key);
	*e = (struct lcp_enrolled){ 0 };
}
