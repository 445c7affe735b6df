/* SPDX-License-Identifier: Apache-2.0
 *
 * Counterparts of ingest and archive for fault tests: a desk and an engine that only keep ledgers.
 * Linked with main/nezuband.c into nezuband_soc, so parent, channels, jail, ingest and archive are the real ones.
 *
 *     $NEZUBAN_FAKE/lcps.json   what the desk says about collectors
 *     $NEZUBAN_FAKE/desk.log    every heartbeat, traffic and manifest the desk got
 *     $NEZUBAN_FAKE/fed.log     every batch the engine was fed: tenant lcp epoch seq hash lines
 *
 * The token "good-once" enrols aoba/aoba-new once.  The engine's position is what its ledger says, so a killed one
 * goes on behind it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/err.h"
#include "base/map.h"
#include "base/must.h"
#include "conf/conf.h"
#include "role/role.h"
#include "sys/fd.h"
#include "sys/pki.h"

#define CREDIT (4u << 20)

static struct {
	int log;
	struct buf lcps, ca, ca_key_pem;
	struct pki_key *ca_key;
	bool used;
} desk;

static int
open_in(const char *name, int flags)
{
	auto_free char *path = x_asprintf("%s/%s", getenv("NEZUBAN_FAKE"), name);

	return open(path, flags | O_CLOEXEC, 0666);
}

static void
note(int fd, const char *kind, struct slice body)
{
	auto_buf struct buf line = { 0 };

	buf_printf(&line, "%s " SL_FMT "\n", kind, SL_ARG(body));
	must(fd_write_all(fd, line.p, line.n) == 0);
}

static int
desk_open(struct role_env *env)
{
	auto_close int fd = open_in("lcps.json", O_RDONLY);
	auto_free char *ca = x_asprintf("%s/keys/ca.crt", conf_str(env->conf, "data"));
	auto_free char *key = x_asprintf("%s/keys/ca.key", conf_str(env->conf, "data"));

	desk.log = open_in("desk.log", O_WRONLY | O_CREAT | O_APPEND);
	if (desk.log < 0 || fd < 0 || fd_read_all(fd, &desk.lcps, 1 << 20) != 0 || file_read(ca, &desk.ca, 1 << 16) != 0 ||
	    file_read(key, &desk.ca_key_pem, 1 << 16) != 0)
		return E_IO;
	return pki_key_read(buf_slice(&desk.ca_key_pem), &desk.ca_key);
}

static struct chan *to_ingest;

static void
desk_peer(struct role_env *env, enum role_id peer, unsigned index, struct chan *ch)
{
	(void)env, (void)index;
	if (peer != ROLE_INGEST)
		return;
	to_ingest = ch;
	chan_send(ch, MSG_LCPS, 0, buf_slice(&desk.lcps), -1);
}

static void
enrol(struct role_env *env, struct msg *m)
{
	json_t *q = json_loadb(m->body.p, m->body.n, 0, NULL), *a;
	const char *token = json_string_value(json_object_get(q, "token"));
	int64_t now = clock_now(env->clock);
	struct pki_ask ask = { .org = "aoba", .cn = "aoba-new", .from_ns = now - NS_PER_S, .to_ns = now + NS_PER_DAY, .use = PKI_CLIENT };
	auto_buf struct buf cert = { 0 };
	char *text;

	if (!desk.used && strcmp(token, "good-once") == 0 &&
	    pki_csr_sign(slice_str(json_string_value(json_object_get(q, "csr"))), buf_slice(&desk.ca), desk.ca_key, &ask, &cert) == 0) {
		desk.used = true;
		a = json_pack("{s:s,s:s,s:s,s:s}", "cert", buf_cstr(&cert), "ca", buf_cstr(&desk.ca), "tenant", "aoba", "lcp", "aoba-new");
	} else {
		a = json_pack("{s:s}", "error", "token");
	}
	text = json_dumps(a, JSON_COMPACT);
	chan_send(to_ingest, MSG_ENROLLED, m->id, slice_str(text), -1);
	free(text);
	json_decref(a);
	json_decref(q);
}

static void
desk_msg(struct role_env *env, enum role_id peer, unsigned index, struct msg *m)
{
	(void)peer, (void)index;
	if (m->type == MSG_ENROL)
		enrol(env, m);
	else if (m->type == MSG_HEARTBEAT)
		note(desk.log, "heartbeat", m->body);
	else if (m->type == MSG_TRAFFIC)
		note(desk.log, "traffic", m->body);
	else if (m->type == MSG_MANIFEST)
		note(desk.log, "manifest", m->body);
}

static void
nobody_lost(struct role_env *env, enum role_id peer, unsigned index)
{
	(void)env, (void)peer, (void)index;
}

const struct role role_desk = { .id = ROLE_DESK, .open = desk_open, .on_peer = desk_peer, .on_peer_lost = nobody_lost, .on_msg = desk_msg };

/* ---- engine ---- */

static struct {
	int log;
	struct map done; /* stream → seq */
	struct chan *archive;
	uint64_t feed;
} eng;

static int
engine_open(struct role_env *env)
{
	auto_buf struct buf text = { 0 };
	auto_close int fd = open_in("fed.log", O_RDONLY | O_CREAT);
	struct slice rest, line;

	(void)env;
	if (fd < 0 || fd_read_all(fd, &text, 64 << 20) != 0)
		return E_IO;
	for (rest = buf_slice(&text); rest.n != 0;) {
		struct batch_key k = { 0 };
		char word[4][40];
		struct slice w;
		uint64_t seq = 0;

		line = slice_cut(&rest, '\n');
		for (int i = 0; i < 4; i++) {
			w = slice_cut(&line, ' ');
			snprintf(word[i], sizeof word[i], SL_FMT, SL_ARG(w));
		}
		snprintf(k.tenant, sizeof k.tenant, "%.31s", word[0]);
		snprintf(k.lcp, sizeof k.lcp, "%.31s", word[1]);
		word[2][32] = '\0';
		k.epoch[1] = strtoull(word[2] + 16, NULL, 16);
		word[2][16] = '\0';
		k.epoch[0] = strtoull(word[2], NULL, 16);
		slice_u64(slice_str(word[3]), &seq);
		map_put(&eng.done, slice_of(&k, offsetof(struct batch_key, seq)), NULL)->u = seq;
	}
	eng.log = open_in("fed.log", O_WRONLY | O_APPEND);
	return eng.log < 0 ? E_IO : 0;
}

static void
engine_peer(struct role_env *env, enum role_id peer, unsigned index, struct chan *ch)
{
	struct msg_feed_from head = { .engine = env->index, .engines = env->copies };
	auto_buf struct buf keys = { 0 };
	uint64_t credit = CREDIT;

	(void)index;
	if (peer != ROLE_ARCHIVE)
		return;
	eng.archive = ch;
	eng.feed++;
	for (struct map_slot *s = NULL; (s = map_next(&eng.done, s)) != NULL; head.count++) {
		struct batch_key k = { .seq = s->u };

		memcpy(&k, s->key.p, s->key.n);
		buf_put(&keys, &k, sizeof k);
	}
	chan_send2(ch, MSG_FEED_FROM, eng.feed, slice_of(&head, sizeof head), buf_slice(&keys), -1);
	chan_send(ch, MSG_FEED_CREDIT, eng.feed, slice_of(&credit, sizeof credit), -1);
}

static void
engine_msg(struct role_env *env, enum role_id peer, unsigned index, struct msg *m)
{
	struct msg_batch h;
	char hash[65], line[256];
	uint64_t took;
	int n;

	(void)env, (void)index;
	if (peer != ROLE_ARCHIVE || m->type != MSG_FEED || m->id != eng.feed)
		return;
	must(m->body.n >= sizeof h);
	memcpy(&h, m->body.p, sizeof h);
	must(m->body.n == sizeof h + h.wire_len);
	pki_sha256(slice_sub(m->body, sizeof h, m->body.n), (uint8_t *)line);
	must(memcmp(line, h.hash, 32) == 0); /* what is fed is what was hashed */
	pki_hex(h.hash, 32, hash);
	n = snprintf(line, sizeof line, "%s %s %016llx%016llx %llu %s %u\n", h.key.tenant, h.key.lcp, (unsigned long long)h.key.epoch[0],
	             (unsigned long long)h.key.epoch[1], (unsigned long long)h.key.seq, hash, h.lines);
	must(fd_write_all(eng.log, line, (size_t)n) == 0);
	map_put(&eng.done, slice_of(&h.key, offsetof(struct batch_key, seq)), NULL)->u = h.key.seq;
	took = h.wire_len;
	chan_send(eng.archive, MSG_FEED_CREDIT, eng.feed, slice_of(&took, sizeof took), -1);
}

const struct role role_engine = { .id = ROLE_ENGINE, .open = engine_open, .on_peer = engine_peer, .on_peer_lost = nobody_lost, .on_msg = engine_msg };
