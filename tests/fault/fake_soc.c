/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "fake_soc.h"

#include <gnutls/gnutls.h>
#include <inttypes.h>
#include <jansson.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/must.h"
#include "batch/batch.h"
#include "sys/fd.h"
#include "sys/pki.h"

struct stored {
	uint8_t hash[32];
	char *receipt;
};

struct epoch {
	uint64_t id[2];
	uint64_t count;          /* stored batches: 1 … count */
	struct stored *batches;
	size_t cap;
};

struct fake_soc {
	struct MHD_Daemon *d;
	pthread_mutex_t lock;    /* guards everything below */
	struct batch_zip *zip;
	struct pki_key *ca_key, *sign_key;
	struct buf ca, cert, key, sign_public;
	struct epoch epochs[64];
	unsigned nepochs, lose, turn;
	bool away;
	struct fake_ledger led;
	uint8_t *seen[FAKE_STREAMS];
	char *heartbeat;
	struct fake_special specials[64];
	unsigned nspecials;
};

struct upload {
	struct buf body;
};

size_t
fake_line(char *out, size_t size, unsigned stream, uint64_t n)
{
	int at = snprintf(out, size, "<14>Nov 23 10:00:00 host-%u fake: s=%u n=%08" PRIu64 " ", stream, stream, n);
	size_t len = 120 + (size_t)(n * 7919 % 400);

	for (size_t i = (size_t)at; i < len; i++)
		out[i] = (char)('a' + (n + i * (stream + 3)) % 26);
	return len;
}

static void
see_gap(struct fake_soc *s, struct slice line)
{
	json_t *j = json_loadb(line.p, line.n, 0, NULL);
	const char *unit = json_string_value(json_object_get(j, "unit"));

	s->led.gap_records++;
	if (unit != NULL && strcmp(unit, "lines") == 0)
		s->led.gap_lines += (uint64_t)json_integer_value(json_object_get(j, "count"));
	json_decref(j);
}

static bool
see_special(struct fake_soc *s, const struct batch *b, uint32_t i)
{
	struct slice line = batch_line_bytes(b, i);
	const struct batch_note *n = batch_note_of(b, i);
	struct fake_special *x = &s->specials[s->nspecials];

	if (slice_find_slice(slice_sub(line, 0, 40), slice_str("<14>SPECIAL")) < 0)
		return false;
	must(s->nspecials < 64);
	s->nspecials++;
	x->len = line.n;
	x->flags = b->lines[i].flags;
	pki_sha256(line, x->sha256);
	if (n != NULL) {
		x->original_len = n->original_len;
		memcpy(x->sha256, n->sha256, 32);
	}
	return true;
}

static void
see_line(struct fake_soc *s, struct slice line, uint8_t flags)
{
	char text[1024], want[1024];
	const char *at;
	unsigned stream;
	uint64_t n;

	if ((flags & LINE_GAP) != 0) {
		see_gap(s, line);
		return;
	}
	s->led.lines++;
	s->led.cut += (flags & LINE_CUT) != 0;
	if (line.n >= sizeof text) {
		s->led.foreign++;
		return;
	}
	memcpy(text, line.p, line.n);
	text[line.n] = '\0';
	if ((at = strstr(text, "fake: s=")) == NULL || (stream = (unsigned)(at[8] - '0')) >= FAKE_STREAMS ||
	    (n = strtoull(at + 12, NULL, 10)) >= FAKE_LINES_MAX) {
		s->led.foreign++;
		return;
	}
	if (fake_line(want, sizeof want, stream, n) != line.n || memcmp(want, text, line.n) != 0)
		s->led.altered++;
	if (s->seen[stream][n] != 0)
		s->led.doubles++;
	else
		s->led.distinct++, s->led.per_stream[stream]++;
	if (s->seen[stream][n] < 255)
		s->seen[stream][n]++;
}

static struct epoch *
epoch_of(struct fake_soc *s, const uint64_t id[2])
{
	for (unsigned i = 0; i < s->nepochs; i++)
		if (memcmp(s->epochs[i].id, id, 16) == 0)
			return &s->epochs[i];
	must(s->nepochs < 64);
	memcpy(s->epochs[s->nepochs].id, id, 16);
	s->led.epochs = s->nepochs + 1;
	return &s->epochs[s->nepochs++];
}

static char *
make_receipt(struct fake_soc *s, const struct batch *b, const uint8_t hash[32], const char *status)
{
	auto_buf struct buf text = { 0 }, sig64 = { 0 };
	char epoch[33], hex[65], at[41], id[17];
	uint8_t sig[PKI_SIG_LEN];

	pki_hex(b->head->epoch, 16, epoch);
	pki_hex(hash, 32, hex);
	pki_key_id(s->sign_key, id);
	time_format_rfc3339(at, clock_now(clock_real()), 3);
	buf_printf(&text, "nezuban-receipt-1\nfake\nlcp-1\n%s\n%" PRIu64 "\n%s\n%u\n%s\n", epoch, b->head->seq, hex,
	           b->head->lines, at);
	pki_sign(s->sign_key, buf_slice(&text), sig);
	pki_base64(slice_of(sig, sizeof sig), &sig64);
	return x_asprintf("{\"v\":1,\"tenant\":\"fake\",\"lcp\":\"lcp-1\",\"epoch\":\"%s\",\"seq\":%" PRIu64
	                  ",\"hash\":\"%s\",\"lines\":%u,\"at\":\"%s\",\"status\":\"%s\",\"key\":\"%s\",\"sig\":\"%s\"}",
	                  epoch, b->head->seq, hex, b->head->lines, at, status, id, buf_cstr(&sig64));
}

static unsigned
take_batch(struct fake_soc *s, struct slice wire, char **ret)
{
	struct slice block;
	struct batch b;
	struct epoch *e;
	uint8_t hash[32];
	static const uint8_t zero[32];

	if (batch_unpack(s->zip, wire, &block) != 0 || batch_check(block, &b, NULL) != 0) {
		*ret = x_strdup("{\"type\":\"batch\"}");
		return 422;
	}
	batch_hash(wire, hash);
	e = epoch_of(s, b.head->epoch);
	if (b.head->seq <= e->count) {
		if (memcmp(e->batches[b.head->seq - 1].hash, hash, 32) != 0) {
			*ret = x_strdup("{\"type\":\"chain\"}");
			return 409;
		}
		s->led.replays++;
		*ret = x_strdup(e->batches[b.head->seq - 1].receipt);
		return 200;
	}
	if (b.head->seq != e->count + 1) {
		s->led.gaps_answered++;
		*ret = x_asprintf("{\"type\":\"gap\",\"want\":%" PRIu64 "}", e->count + 1);
		return 409;
	}
	if (memcmp(b.head->prev, e->count == 0 ? zero : e->batches[e->count - 1].hash, 32) != 0) {
		*ret = x_strdup("{\"type\":\"chain\"}");
		return 409;
	}
	for (uint32_t i = 0; i < b.head->lines; i++)
		if (!see_special(s, &b, i))
			see_line(s, batch_line_bytes(&b, i), b.lines[i].flags);
	if (e->count == e->cap) {
		e->cap = e->cap != 0 ? e->cap * 2 : 1024;
		e->batches = x_realloc(e->batches, e->cap * sizeof *e->batches);
	}
	memcpy(e->batches[e->count].hash, hash, 32);
	e->batches[e->count++].receipt = make_receipt(s, &b, hash, "stored");
	s->led.batches++;
	*ret = x_strdup(e->batches[e->count - 1].receipt);
	if (s->lose != 0 && s->turn++ * 37 % 100 < s->lose) { /* it is stored, only nobody hears of it */
		free(*ret);
		*ret = x_strdup("{}");
		return 500;
	}
	return 200;
}

static unsigned
enrol(struct fake_soc *s, struct slice body, char **ret)
{
	json_t *j = json_loadb(body.p, body.n, 0, NULL), *a = json_object();
	const char *token = json_string_value(json_object_get(j, "token")), *csr = json_string_value(json_object_get(j, "csr"));
	int64_t now = clock_now(clock_real());
	struct pki_ask ask = { .org = "fake", .cn = "lcp-1", .from_ns = now - NS_PER_DAY, .to_ns = now + 30 * NS_PER_DAY,
		               .use = PKI_CLIENT };
	auto_buf struct buf cert = { 0 };
	unsigned status = 403;

	if (token != NULL && csr != NULL && strcmp(token, "good-token") == 0 &&
	    pki_csr_sign(slice_str(csr), buf_slice(&s->ca), s->ca_key, &ask, &cert) == 0) {
		json_object_set_new(a, "cert", json_string(buf_cstr(&cert)));
		json_object_set_new(a, "ca", json_string(buf_cstr(&s->ca)));
		json_object_set_new(a, "tenant", json_string("fake"));
		json_object_set_new(a, "lcp", json_string("lcp-1"));
		json_object_set_new(a, "receipt_key", json_string(buf_cstr(&s->sign_public)));
		status = 200;
	}
	*ret = json_dumps(a, 0);
	json_decref(a);
	json_decref(j);
	return status;
}

static unsigned
heartbeat(struct fake_soc *s, struct slice body, char **ret)
{
	char now[41];

	s->led.heartbeats++;
	free(s->heartbeat);
	s->heartbeat = strndup(body.p, body.n);
	time_format_rfc3339(now, clock_now(clock_real()), 3);
	*ret = x_asprintf("{\"now\":\"%s\",\"backed_up\":[]}", now);
	return 200;
}

static bool
has_certificate(struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *i = MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
	unsigned status = 1;

	return i != NULL && gnutls_certificate_get_peers(i->tls_session, &(unsigned){ 0 }) != NULL &&
	       gnutls_certificate_verify_peers2(i->tls_session, &status) == 0 && status == 0;
}

static enum MHD_Result
on_request(void *ctx, struct MHD_Connection *c, const char *url, const char *method, const char *version,
           const char *data, size_t *size, void **req)
{
	struct fake_soc *s = ctx;
	struct upload *up = *req;
	struct MHD_Response *r;
	enum MHD_Result done;
	char *text = NULL;
	unsigned status = 404;

	(void)version;
	(void)method;
	if (up == NULL) {
		*req = x_calloc(1, sizeof *up);
		return MHD_YES;
	}
	if (*size != 0) {
		buf_put(&up->body, data, *size);
		*size = 0;
		return MHD_YES;
	}
	pthread_mutex_lock(&s->lock);
	if (s->away)
		status = 503;
	else if (strcmp(url, "/v1/enrol") == 0)
		status = enrol(s, buf_slice(&up->body), &text);
	else if (!has_certificate(c))
		status = 403;
	else if (strcmp(url, "/v1/batches") == 0)
		status = take_batch(s, buf_slice(&up->body), &text);
	else if (strcmp(url, "/v1/heartbeat") == 0)
		status = heartbeat(s, buf_slice(&up->body), &text);
	pthread_mutex_unlock(&s->lock);
	if (text == NULL)
		text = x_strdup("{}");
	r = MHD_create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE);
	done = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return done;
}

static void
on_end(void *ctx, struct MHD_Connection *c, void **req, enum MHD_RequestTerminationCode why)
{
	struct upload *up = *req;

	(void)ctx;
	(void)c;
	(void)why;
	if (up != NULL)
		buf_fini(&up->body);
	free(up);
}

struct fake_soc *
fake_soc_start(const char *dir)
{
	static const char *const hosts[] = { "127.0.0.1", "localhost", NULL };
	struct fake_soc *s = x_calloc(1, sizeof *s);
	int64_t now = clock_now(clock_real());
	struct pki_ask ask = { .cn = "localhost", .hosts = hosts, .from_ns = now - NS_PER_DAY,
		               .to_ns = now + 30 * NS_PER_DAY, .use = PKI_SERVER };
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct pki_key *key = pki_key_make(PKI_P256);
	auto_free char *path = x_asprintf("%s/ca.pem", dir);

	pthread_mutex_init(&s->lock, NULL);
	for (int i = 0; i < FAKE_STREAMS; i++)
		s->seen[i] = x_calloc(FAKE_LINES_MAX, 1);
	s->zip = batch_zip_new();
	s->ca_key = pki_key_make(PKI_P256);
	s->sign_key = pki_key_make(PKI_ED25519);
	pki_key_write_public(s->sign_key, &s->sign_public);
	pki_ca_make(s->ca_key, "fake CA", now - NS_PER_DAY, now + 30 * NS_PER_DAY, &s->ca);
	must(pki_cert_make(key, buf_slice(&s->ca), s->ca_key, &ask, &s->cert) == 0);
	pki_key_write(key, &s->key);
	pki_key_free(key);
	must(file_write_atomic(path, buf_slice(&s->ca), 0644) == 0); /* public, and read by whoever the collector runs as */
	s->d = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_EPOLL | MHD_USE_TLS, 0, NULL, NULL, on_request, s,
	                        MHD_OPTION_SOCK_ADDR, &at, MHD_OPTION_HTTPS_MEM_KEY, buf_cstr(&s->key),
	                        MHD_OPTION_HTTPS_MEM_CERT, buf_cstr(&s->cert), MHD_OPTION_HTTPS_MEM_TRUST, buf_cstr(&s->ca),
	                        MHD_OPTION_NOTIFY_COMPLETED, on_end, NULL, MHD_OPTION_END);
	must(s->d != NULL);
	return s;
}

void
fake_soc_stop(struct fake_soc *s)
{
	MHD_stop_daemon(s->d);
	for (unsigned i = 0; i < s->nepochs; i++) {
		for (uint64_t k = 0; k < s->epochs[i].count; k++)
			free(s->epochs[i].batches[k].receipt);
		free(s->epochs[i].batches);
	}
	for (int i = 0; i < FAKE_STREAMS; i++)
		free(s->seen[i]);
	batch_zip_free(s->zip);
	pki_key_free(s->ca_key);
	pki_key_free(s->sign_key);
	buf_fini(&s->ca);
	buf_fini(&s->cert);
	buf_fini(&s->key);
	buf_fini(&s->sign_public);
	free(s->heartbeat);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

unsigned
fake_soc_port(const struct fake_soc *s)
{
	return MHD_get_daemon_info(s->d, MHD_DAEMON_INFO_BIND_PORT)->port;
}

void
fake_soc_away(struct fake_soc *s, bool away)
{
	pthread_mutex_lock(&s->lock);
	s->away = away;
	pthread_mutex_unlock(&s->lock);
}

void
fake_soc_lose_answers(struct fake_soc *s, unsigned percent)
{
	pthread_mutex_lock(&s->lock);
	s->lose = percent;
	pthread_mutex_unlock(&s->lock);
}

/* The lines of the forgotten batches stay in the ledger: coming again they must not count as doubled. */
void
fake_soc_forget(struct fake_soc *s, uint64_t back)
{
	struct epoch *e;

	pthread_mutex_lock(&s->lock);
	e = &s->epochs[s->nepochs - 1];
	for (; back != 0 && e->count != 0; back--)
		free(e->batches[--e->count].receipt);
	for (int i = 0; i < FAKE_STREAMS; i++)
		memset(s->seen[i], 0, FAKE_LINES_MAX);
	pthread_mutex_unlock(&s->lock);
}

void
fake_soc_ledger(struct fake_soc *s, struct fake_ledger *ret)
{
	pthread_mutex_lock(&s->lock);
	*ret = s->led;
	pthread_mutex_unlock(&s->lock);
}

uint64_t
fake_soc_missing(struct fake_soc *s, unsigned stream, uint64_t upto)
{
	uint64_t missing = 0;

	pthread_mutex_lock(&s->lock);
	for (uint64_t i = 0; i < upto; i++)
		missing += s->seen[stream][i] == 0;
	pthread_mutex_unlock(&s->lock);
	return missing;
}

unsigned
fake_soc_specials(struct fake_soc *s, struct fake_special *out, unsigned max)
{
	unsigned n;

	pthread_mutex_lock(&s->lock);
	n = s->nspecials < max ? s->nspecials : max;
	memcpy(out, s->specials, n * sizeof *out);
	pthread_mutex_unlock(&s->lock);
	return n;
}

char *
fake_soc_heartbeat(struct fake_soc *s)
{
	char *ret;

	pthread_mutex_lock(&s->lock);
	ret = s->heartbeat != NULL ? x_strdup(s->heartbeat) : NULL;
	pthread_mutex_unlock(&s->lock);
	return ret;
}
