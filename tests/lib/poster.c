/* SPDX-License-Identifier: Apache-2.0
 *
 * A collector's uplink for fault tests and benches: makes chained batches and posts them as the wire contract says,
 * several in flight, going back on gaps, waiting on 429 and 503, trying again when the connection breaks.
 *
 *     poster URL KEYS EPOCH BATCHES LINES PARALLEL LEDGER [FILE]
 *
 * KEYS holds ca.crt, cert.pem, key.pem.  EPOCH is a number.  Lines come from FILE (repeated) or are numbered texts of
 * 574 bytes.  LEDGER gets "seq hash lines status" per acknowledgement, written before the next is asked for.
 * PARALLEL 0: writes the wire forms to LEDGER.1 … LEDGER.n and ends.
 * Exit: 0 all acknowledged, 1 a definite refusal (printed), 3 not finished in $POSTER_SECONDS (120).
 */
#define _GNU_SOURCE
#include <curl/curl.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/must.h"
#include "batch/batch.h"
#include "sys/fd.h"
#include "sys/pki.h"

struct job {
	uint64_t seq;
	struct buf wire, answer;
	char hash[65];
	CURL *easy;
	bool busy, acked, made;
	int64_t not_before;
};

static struct {
	uint64_t epoch, batches;
	unsigned lines, parallel;
	struct job *jobs; /* [1 … batches] */
	const char *url, *keys;
	int ledger;
	struct buf text;
	size_t text_at;
	uint8_t prev[32];
	uint64_t made, acked, tries;
	struct batch_builder *bb;
	struct batch_zip *zip;
	CURLM *multi;
	struct curl_slist *head;
} g;

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static struct slice
next_line(uint64_t seq, unsigned i, char room[600])
{
	struct slice rest, line;

	if (g.text.n == 0) {
		int n = snprintf(room, 600, "<134>poster epoch=%llu batch=%llu line=%u ", (unsigned long long)g.epoch, (unsigned long long)seq, i);

		memset(room + n, 'a' + (int)(seq + i) % 26, (size_t)(574 - n));
		return slice_of(room, 574);
	}
	rest = slice_sub(buf_slice(&g.text), g.text_at, g.text.n);
	line = slice_cut(&rest, '\n');
	g.text_at = rest.n != 0 ? g.text.n - rest.n : 0;
	return line;
}

static void
make(struct job *j)
{
	const uint64_t epoch[2] = { g.epoch, 0x706f737465720000ULL };
	auto_buf struct buf block = { 0 };
	uint8_t hash[32];
	char room[600];

	batch_builder_reset(g.bb);
	must(batch_add_device(g.bb, SL("fw-1"), SL("fortinet.fortigate")) == 0);
	for (unsigned i = 0; i < g.lines; i++)
		must(batch_add_line(g.bb, 0, BT_TCP, 0, 1764000000000000000LL + (int64_t)i, next_line(j->seq, i, room)) == 0);
	batch_build(g.bb, epoch, j->seq, g.prev, 1764000000000000000LL, &block);
	batch_pack(g.zip, buf_slice(&block), 1, &j->wire);
	batch_hash(buf_slice(&j->wire), hash);
	memcpy(g.prev, hash, 32);
	pki_hex(hash, 32, j->hash);
	j->made = true;
	g.made++;
}

static size_t
keep(char *p, size_t size, size_t n, void *ctx)
{
	struct job *j = ctx;

	buf_put(&j->answer, p, size * n);
	return size * n;
}

static void
start(struct job *j)
{
	auto_free char *ca = x_asprintf("%s/ca.crt", g.keys), *cert = x_asprintf("%s/cert.pem", g.keys), *key = x_asprintf("%s/key.pem", g.keys);
	CURL *c = curl_easy_init();

	must(c != NULL);
	buf_clear(&j->answer);
	curl_easy_setopt(c, CURLOPT_URL, g.url);
	curl_easy_setopt(c, CURLOPT_CAINFO, ca);
	curl_easy_setopt(c, CURLOPT_SSLCERT, cert);
	curl_easy_setopt(c, CURLOPT_SSLKEY, key);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3);
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, g.head);
	curl_easy_setopt(c, CURLOPT_POSTFIELDS, j->wire.p);
	curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)j->wire.n);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, j);
	curl_easy_setopt(c, CURLOPT_PRIVATE, j);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, 20L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	j->easy = c;
	j->busy = true;
	g.tries++;
	must(curl_multi_add_handle(g.multi, c) == CURLM_OK);
}

static void
acked(struct job *j)
{
	char line[160];
	bool replay = strstr(buf_cstr(&j->answer), "\"status\":\"replay\"") != NULL;
	int n = snprintf(line, sizeof line, "%llu %s %u %s\n", (unsigned long long)j->seq, j->hash, g.lines, replay ? "replay" : "stored");

	must(strstr(buf_cstr(&j->answer), j->hash) != NULL); /* a receipt for another batch is no receipt */
	must(fd_write_all(g.ledger, line, (size_t)n) == 0);
	j->acked = true;
	g.acked++;
	buf_fini(&j->wire);
}

static void
finish(struct job *j, CURLcode rc)
{
	long status = 0;

	curl_easy_getinfo(j->easy, CURLINFO_RESPONSE_CODE, &status);
	curl_multi_remove_handle(g.multi, j->easy);
	curl_easy_cleanup(j->easy);
	j->easy = NULL;
	j->busy = false;
	if (rc == CURLE_OK && status == 200) {
		acked(j);
	} else if (rc == CURLE_OK && status == 409 && strstr(buf_cstr(&j->answer), "\"type\":\"gap\"") != NULL) {
		j->not_before = now_ms() + 20; /* the lower ones are on their way or come again */
	} else if (rc == CURLE_OK && status != 503 && status != 429 && status != 504) {
		printf("batch %llu: %ld %s\n", (unsigned long long)j->seq, status, buf_cstr(&j->answer));
		exit(1);
	} else {
		j->not_before = now_ms() + (status == 429 ? 1000 : 100);
	}
}

static void
fill_window(uint64_t *low)
{
	unsigned busy = 0;

	while (*low <= g.batches && g.jobs[*low].acked)
		(*low)++;
	for (uint64_t q = *low; q <= g.batches && q < *low + 2 * g.parallel && busy < g.parallel; q++) {
		struct job *j = &g.jobs[q];

		if (!j->made)
			make(j);
		if (!j->busy && !j->acked && j->not_before <= now_ms())
			start(j);
		busy += j->busy;
	}
}

static void
dump(const char *base)
{
	for (uint64_t q = 1; q <= g.batches; q++) {
		auto_free char *path = x_asprintf("%s.%llu", base, (unsigned long long)q);

		make(&g.jobs[q]);
		must(file_write_atomic(path, buf_slice(&g.jobs[q].wire), 0600) == 0);
	}
}

int
main(int argc, char **argv)
{
	const char *limit = getenv("POSTER_SECONDS");
	int64_t end = now_ms() + 1000 * (limit != NULL ? strtol(limit, NULL, 10) : 120);
	uint64_t low = 1;

	if (argc < 8)
		die(2, "usage: poster URL KEYS EPOCH BATCHES LINES PARALLEL LEDGER [FILE]");
	g.url = argv[1];
	g.keys = argv[2];
	g.epoch = strtoull(argv[3], NULL, 10);
	g.batches = strtoull(argv[4], NULL, 10);
	g.lines = (unsigned)strtoul(argv[5], NULL, 10);
	g.parallel = (unsigned)strtoul(argv[6], NULL, 10);
	g.bb = batch_builder_new();
	g.zip = batch_zip_new();
	g.jobs = x_calloc(g.batches + 2, sizeof *g.jobs);
	for (uint64_t q = 1; q <= g.batches; q++)
		g.jobs[q].seq = q;
	if (argc > 8)
		must(file_read(argv[8], &g.text, 1u << 30) == 0);
	if (g.parallel == 0)
		return dump(argv[7]), 0;
	g.ledger = open(argv[7], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	must(g.ledger >= 0);
	curl_global_init(CURL_GLOBAL_ALL);
	g.multi = curl_multi_init();
	curl_multi_setopt(g.multi, CURLMOPT_MAXCONNECTS, (long)g.parallel);
	g.head = curl_slist_append(NULL, "Content-Type: application/vnd.nezuban.batch+zstd");
	g.head = curl_slist_append(g.head, "Expect:");
	while (g.acked < g.batches && now_ms() < end) {
		int running, left;
		CURLMsg *m;

		fill_window(&low);
		curl_multi_perform(g.multi, &running);
		while ((m = curl_multi_info_read(g.multi, &left)) != NULL)
			if (m->msg == CURLMSG_DONE) {
				struct job *j;

				curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &j);
				finish(j, m->data.result);
			}
		curl_multi_poll(g.multi, NULL, 0, 20, NULL);
	}
	printf("{\"batches\":%llu,\"acked\":%llu,\"tries\":%llu}\n", (unsigned long long)g.batches, (unsigned long long)g.acked, (unsigned long long)g.tries);
	return g.acked == g.batches ? 0 : 3;
}
