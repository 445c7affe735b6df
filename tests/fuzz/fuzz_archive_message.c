/* SPDX-License-Identifier: Apache-2.0
 *
 * What ingest and engines say to the archive.  With an odd type byte a PUT is made well formed, so that what lies behind the
 * lengths is reached.  Truths: every PUT is answered once, a receipt comes with every stored one, and the archive's own chain holds.
 */
#define _GNU_SOURCE
#include "role_world.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "../../src/role/archive.c"

static size_t asked, answered;

static void
heard(struct msg *m)
{
	struct msg_receipt r;

	must(m->type == MSG_RECEIPT && m->body.n >= sizeof r);
	memcpy(&r, m->body.p, sizeof r);
	must(r.receipt_len == m->body.n - sizeof r);
	must((r.status == RECEIPT_STORED || r.status == RECEIPT_REPLAY) == (r.receipt_len != 0));
	answered++;
}

/* body becomes msg_batch (its first bytes), a wire form of the rest, and one device. */
static void
well_formed(struct slice body, struct buf *out)
{
	struct msg_batch head = { 0 };
	struct msg_device dev = { .id = "fw1", .lines = 1 };
	size_t n = body.n < sizeof head ? body.n : sizeof head;

	memcpy(&head, body.p, n);
	memset(&head.key, 0, sizeof head.key);
	snprintf(head.key.tenant, sizeof head.key.tenant, "%s", body.n != 0 && (body.p[0] & 1) != 0 ? "aoba" : "harbor");
	memcpy(head.key.lcp, "tokyo", 5);
	head.key.seq = body.n > 1 ? (uint8_t)body.p[1] % 4 : 1;
	head.wire_len = (uint32_t)(body.n - n);
	head.devices = 1;
	batch_hash(slice_sub(body, n, body.n), head.hash);
	buf_put(out, &head, sizeof head);
	buf_put_slice(out, slice_sub(body, n, body.n));
	buf_put(out, &dev, sizeof dev);
}

/* What ingest vouches for (the inside of a batch, its day) may be wrong here; what the archive itself does may not. */
static void
on_fault(void *ctx, const struct archive_fault *f)
{
	static const char *const own[] = { "the archive's chain is broken", "its bytes were changed", "cannot be read", "it belongs to another" };

	(void)ctx;
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		must(strncmp(f->what, own[i], strlen(own[i])) != 0);
}

static void
say(struct role_env *env, const struct world_msg *w)
{
	static const uint16_t types[] = { MSG_PUT, MSG_FEED_FROM, MSG_FEED_CREDIT };
	auto_buf struct buf body = { 0 };
	struct msg m = { .fd = -1, .id = 5, .type = types[(w->type >> 1) % 3], .body = w->body };

	if (m.type == MSG_PUT && (w->type & 1) != 0) {
		well_formed(w->body, &body);
		m.body = buf_slice(&body);
	}
	asked += m.type == MSG_PUT;
	role_archive.on_msg(env, m.type == MSG_PUT ? ROLE_INGEST : ROLE_ENGINE, w->peer % 2, &m);
}

static int
wipe_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)st;
	(void)flag;
	return at->level == 0 ? 0 : remove(path);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct keeper k;
	static struct role_env env;
	static struct chan *engine[2];
	static char folder[] = "/dev/shm/nezuban-fuzz-XXXXXX";
	struct archive_conf conf = { .folder = folder, .segment = 1 << 20 };
	struct archive_tally t;
	struct slice rest = slice_of(data, size);
	struct world_msg w;

	if (env.loop == NULL) {
		log_init("fuzz", LOG_ALERT + 1);
		must(mkdtemp(folder) != NULL);
		env = (struct role_env){ .loop = loop_new(), .clock = clock_real(), .id = ROLE_ARCHIVE, .state = &k };
		k.env = &env;
		k.key = pki_key_make(PKI_ED25519);
		role_archive.on_peer(&env, ROLE_INGEST, 0, world_channel(env.loop, heard));
		for (unsigned i = 0; i < 2; i++)
			engine[i] = world_channel(env.loop, NULL);
	}
	conf.key = k.key;
	must(archive_open(&conf, &k.archive) == 0);
	asked = answered = 0;
	for (unsigned i = 0; i < 2; i++)
		role_archive.on_peer(&env, ROLE_ENGINE, i, engine[i]);
	while (world_next(&rest, &w))
		say(&env, &w);
	for (int i = 0; i < 1000 && (k.group != NULL || k.pump != NULL || answered < asked); i++)
		loop_once(env.loop, 1);
	must(answered == asked);
	for (unsigned i = 0; i < 2; i++) { /* readers of an archive that is closed now */
		role_archive.on_peer_lost(&env, ROLE_ENGINE, i);
		vec_fini(&k.feeds.v[i]->readers);
		map_fini(&k.feeds.v[i]->known);
		k.feeds.v[i]->tenants_seen = 0;
	}
	archive_close(k.archive);
	must(archive_verify(folder, k.key, &t, on_fault, NULL) == 0);
	must(nftw(folder, wipe_one, 8, FTW_DEPTH | FTW_PHYS) == 0);
	return 0;
}
