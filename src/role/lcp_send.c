/* SPDX-License-Identifier: Apache-2.0
 *
 * Sending batches and believing receipts.  `stored` moves only on a receipt that names this epoch, number, hash
 * and count and whose signature verifies; nothing else ever lets the spool forget.
 *
 *   200          receipt kept, `stored` follows the unbroken row of receipts
 *   409 gap      the archive waits for an earlier number: back to it
 *   409 chain    one at a time from the first without receipt; when that one still differs, a new epoch
 *   a batch that cannot be read: the next one is sent as a question. "gap" means the damaged one was never
 *                stored: new epoch, with a gap record in its place.  A receipt means it was: go on.
 *   else         exponential back-off with jitter, never faster than Retry-After
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "base/must.h"
#include "role/lcp_uplink_priv.h"
#include "sys/fd.h"

#define BACKOFF_FIRST (250 * NS_PER_MS)
#define BACKOFF_MOST (10 * NS_PER_S)

static void
io_failed(int e)
{
	if (e != E_IO)
		return;
	log_alert("spool.io", kv_err(e));
	exit(EXIT_SPOOL_IO);
}

/* ---- keys and receipts ---- */

void
keys_learn(struct uplink *u, const char *pem)
{
	struct pki_key *k;
	char id[17], have[17];
	auto_free char *path = NULL;

	if (u->nkeys == 4 || pki_key_read_public(slice_str(pem), &k) != 0)
		return;
	pki_key_id(k, id);
	for (unsigned i = 0; i < u->nkeys; i++) {
		pki_key_id(u->receipt_keys[i], have);
		if (strcmp(id, have) == 0) {
			pki_key_free(k);
			return;
		}
	}
	u->receipt_keys[u->nkeys++] = k;
	path = x_asprintf("%s/receipt-key-%u.pem", u->opts.dir, u->nkeys);
	if (file_write_atomic(path, slice_str(pem), 0600) != 0)
		log_warn("uplink.key_not_kept", kv_str("path", path));
	log_info("uplink.receipt_key", kv_str("key", id));
}

void
keys_load(struct uplink *u)
{
	auto_free char *enrolled = x_asprintf("%s/receipt-key.pem", u->identity);
	auto_buf struct buf first = { 0 };

	for (unsigned i = 1; i <= 4; i++) {
		auto_free char *path = x_asprintf("%s/receipt-key-%u.pem", u->opts.dir, i);
		auto_buf struct buf b = { 0 };

		if (file_read(path, &b, 4096) == 0)
			keys_learn(u, buf_cstr(&b));
	}
	if (file_read(enrolled, &first, 4096) == 0)
		keys_learn(u, buf_cstr(&first));
}

static bool
is_signed(struct uplink *u, const struct lcp_receipt *r)
{
	auto_buf struct buf text = { 0 };
	char id[17];

	if (u->nkeys == 0) { /* the SOC did not tell its key: only TLS speaks for it */
		if (!u->unverified_told)
			log_warn("uplink.receipt_unverified", kv_str("key", r->key));
		u->unverified_told = true;
		return true;
	}
	lcp_receipt_text(r, &text);
	for (unsigned i = 0; i < u->nkeys; i++) {
		pki_key_id(u->receipt_keys[i], id);
		if (strcmp(id, r->key) == 0)
			return pki_verify(u->receipt_keys[i], buf_slice(&text), slice_of(r->sig, sizeof r->sig)) == 0;
	}
	beat_now(u); /* a new key is told in the heartbeat's answer */
	return false;
}

static void
keep_receipt(struct uplink *u, struct slice json)
{
	char day[41];

	time_format_rfc3339(day, clock_now(clock_real()), 0);
	day[10] = '\0';
	if (strcmp(day, u->receipts_day) != 0) {
		auto_free char *dir = x_asprintf("%s/receipts", u->opts.dir);
		auto_free char *path = x_asprintf("%s/%s.jsonl", dir, day);

		if (u->receipts_fd >= 0)
			close(u->receipts_fd);
		u->receipts_fd = dir_make(dir, 0700) == 0 ? open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600) : -1;
		memcpy(u->receipts_day, day, 11);
	}
	if (u->receipts_fd < 0 || fd_write_all(u->receipts_fd, json.p, json.n) != 0 ||
	    fd_write_all(u->receipts_fd, "\n", 1) != 0)
		log_warn("uplink.receipt_not_kept", kv_str("day", day));
	u->receipts_dirty = true;
}

void
send_save(struct uplink *u)
{
	if (u->receipts_dirty && u->receipts_fd >= 0 && fdatasync(u->receipts_fd) != 0)
		io_failed(E_IO);
	u->receipts_dirty = false;
	io_failed(spool_out_save(u->out));
}

/* ---- waiting ---- */

static void
on_wait_over(void *ctx)
{
	struct uplink *u = ctx;

	u->wait_timer = NULL;
	send_more(u);
}

static void
wait_for(struct uplink *u, int64_t ns)
{
	if (u->wait_timer == NULL)
		u->wait_timer = loop_timer(u->loop, ns, 0, on_wait_over, u);
}

static void
back_off(struct uplink *u, long retry_after_s)
{
	uint32_t r;
	int64_t ns, least = (retry_after_s > 300 ? 300 : retry_after_s) * NS_PER_S;

	must(getrandom(&r, sizeof r, 0) == sizeof r);
	if (u->wait_timer == NULL)
		u->backoff_ns = u->backoff_ns == 0 ? BACKOFF_FIRST : u->backoff_ns * 2;
	if (u->backoff_ns > BACKOFF_MOST)
		u->backoff_ns = BACKOFF_MOST;
	ns = u->backoff_ns / 2 + (int64_t)((uint64_t)u->backoff_ns / 2 * (r >> 8) >> 24);
	wait_for(u, ns > least ? ns : least);
}

/* ---- answers ---- */

bool
send_idle(const struct uplink *u)
{
	for (unsigned i = 0; i < u->parallel; i++)
		if (u->flights[i].call.busy)
			return false;
	return true;
}

/* Everything without receipt is sent again, from the first. */
static void
go_back(struct uplink *u, uint64_t to)
{
	if (to < u->next)
		u->next = to;
}

/* `stored` follows the receipts that came in any order. */
static void
advance(struct uplink *u)
{
	uint64_t at = spool_out_stored(u->out);

	for (bool more = true; more;) {
		more = false;
		for (unsigned i = 0; i < u->parallel; i++)
			if (u->flights[i].acked && u->flights[i].b.seq == at + 1) {
				u->flights[i].acked = false;
				at++;
				more = true;
			}
	}
	spool_out_set_stored(u->out, at);
	if (u->next <= at)
		u->next = at + 1;
	if (u->damaged != 0 && u->damaged <= at)
		u->damaged = 0;
	atomic_store(&u->board->stored, at);
}

static void
on_receipt(struct uplink *u, struct flight *f)
{
	struct lcp_receipt r;

	if (lcp_receipt_read(buf_slice(&f->call.answer), &r) != 0 ||
	    !lcp_receipt_is_for(&r, f->b.epoch, f->b.seq, f->b.hash, f->b.lines) || !is_signed(u, &r)) {
		log_alert("uplink.bad_receipt", kv_u64("seq", f->b.seq));
		go_back(u, f->b.seq);
		back_off(u, 0);
		return;
	}
	keep_receipt(u, buf_slice(&f->call.answer));
	u->backoff_ns = 0;
	f->acked = true;
	if (f->probe) { /* it is stored, so all before it are: the archive keeps an order */
		spool_out_set_stored(u->out, f->b.seq - 1);
		u->damaged = 0;
		f->probe = false;
	}
	advance(u);
	if (spool_out_stored(u->out) == spool_out_last(u->out))
		u->careful = false;
}

static void
new_epoch(struct uplink *u, uint64_t from, const char *why)
{
	int e = spool_out_new_epoch(u->out, from, why);

	io_failed(e);
	if (e != 0) {
		back_off(u, 0);
		return;
	}
	for (unsigned i = 0; i < u->parallel; i++)
		u->flights[i].acked = false;
	u->next = 1;
	u->damaged = 0;
	u->careful = false;
	wait_for(u, 10 * NS_PER_MS);
}

static void
on_conflict(struct uplink *u, struct flight *f)
{
	uint64_t stored = spool_out_stored(u->out), first = spool_out_first(u->out);
	struct lcp_problem p = { 0 };

	if (lcp_problem_read(buf_slice(&f->call.answer), &p) != 0 || p.kind == PROBLEM_OTHER) {
		go_back(u, f->b.seq);
		back_off(u, 0);
		return;
	}
	if (p.kind == PROBLEM_CHAIN) {
		log_alert("uplink.chain", kv_u64("seq", f->b.seq), kv_u64("stored", stored));
		if (f->b.seq == stored + 1 && send_idle(u)) {
			new_epoch(u, f->b.seq, "chain");
			return;
		}
		u->careful = true;
		go_back(u, stored + 1);
		wait_for(u, 50 * NS_PER_MS);
		return;
	}
	if (f->probe) {
		f->probe = false;
		if (p.want <= u->damaged && send_idle(u))
			new_epoch(u, u->damaged, "damage");
		return;
	}
	if (p.want < first) {
		log_alert("uplink.cannot_go_back", kv_u64("want", p.want), kv_u64("first", first));
		if (send_idle(u))
			new_epoch(u, first, "restored archive wants what is trimmed");
		else
			go_back(u, stored + 1);
		return;
	}
	if (p.want <= stored) { /* the archive was restored from a backup: it gets everything again */
		log_alert("uplink.archive_went_back", kv_u64("want", p.want), kv_u64("stored", stored));
		spool_out_set_stored(u->out, p.want - 1);
		for (unsigned i = 0; i < u->parallel; i++)
			u->flights[i].acked = false;
	}
	go_back(u, p.want < f->b.seq ? p.want : f->b.seq);
	wait_for(u, p.want >= f->b.seq ? NS_PER_S : 20 * NS_PER_MS);
}

static void
on_answer(struct call *c, long status, long retry_after)
{
	struct flight *f = (struct flight *)c;
	struct uplink *u = c->u;

	if (status == 200) {
		on_receipt(u, f);
	} else if (status == 409) {
		on_conflict(u, f);
	} else {
		if (status != 0)
			log_warn("uplink.refused", kv_i64("status", status), kv_u64("seq", f->b.seq),
			         kv_slice("answer", slice_sub(buf_slice(&c->answer), 0, 200)));
		f->probe = false;
		go_back(u, f->b.seq);
		back_off(u, retry_after);
	}
	buf_clear(&c->body);
	send_more(u);
}

/* ---- sending ---- */

static bool
is_under_way(const struct uplink *u, uint64_t seq)
{
	for (unsigned i = 0; i < u->parallel; i++)
		if ((u->flights[i].call.busy || u->flights[i].acked) && u->flights[i].b.seq == seq)
			return true;
	return false;
}

static struct flight *
free_flight(struct uplink *u)
{
	unsigned limit = u->careful || u->damaged != 0 ? 1 : u->parallel;

	if (limit == 1 && !send_idle(u))
		return NULL;
	for (unsigned i = 0; i < u->parallel; i++)
		if (!u->flights[i].call.busy && !u->flights[i].acked)
			return &u->flights[i];
	return NULL;
}

static bool
launch(struct uplink *u, struct flight *f, uint64_t seq, bool probe)
{
	int e;

	buf_clear(&f->call.body);
	e = spool_out_read(u->out, seq, &f->call.body, &f->b);
	if (e == 0) {
		f->probe = probe;
		http_call_start(&f->call);
		return true;
	}
	log_alert("uplink.cannot_read", kv_u64("seq", seq), kv_err(e));
	if (!probe) {
		u->damaged = seq;
		return false;
	}
	if (send_idle(u)) /* two in a row: nothing can be asked, both are told as lost */
		new_epoch(u, u->damaged, "damage");
	return false;
}

void
send_more(struct uplink *u)
{
	struct flight *f;

	if (!u->enrolled || spool_out_resealing(u->out))
		return;
	while (u->wait_timer == NULL && (f = free_flight(u)) != NULL) {
		uint64_t last = spool_out_last(u->out);

		if (u->damaged != 0 && u->next >= u->damaged) { /* first everything before it, then the question behind it */
			if (!send_idle(u) || spool_out_stored(u->out) + 1 < u->damaged || u->damaged >= last)
				return;
			(void)launch(u, f, u->damaged + 1, true);
			return;
		}
		while (u->next <= last && is_under_way(u, u->next))
			u->next++;
		if (u->next > last)
			return;
		if (!launch(u, f, u->next, false))
			continue;
		u->next++;
	}
}

void
send_open(struct uplink *u)
{
	u->receipts_fd = -1;
	u->next = spool_out_stored(u->out) + 1;
	if (u->next < spool_out_first(u->out))
		u->next = spool_out_first(u->out);
	for (unsigned i = 0; u->enrolled && i < u->parallel; i++) {
		http_call_init(u, &u->flights[i].call, "/v1/batches", "application/vnd.nezuban.batch+zstd");
		u->flights[i].call.done = on_answer;
	}
}
