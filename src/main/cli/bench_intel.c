/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban bench intel FILE…: lists into an image, the image opened, then look-ups: values that are not there, private
 * and public addresses (misses), whole firewall-like events (two addresses, ports), and the lists' own values in random
 * order over the whole image (hits).
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/vec.h"
#include "codec/jsonw.h"
#include "intel/intel.h"
#include "main/cli/bench.h"
#include "sys/fd.h"

#define MISSES 4000000
#define HITS_MAX 1000000

struct figures {
	struct bench_time build, open, miss_ip, public_ip, miss_name, event, hit_ip, hit_name;
	uint64_t wrong, hits, public_hits, ips, names, not_found;
};

/* A listed value as an event would hold it. */
struct listed {
	struct slice text;
	unsigned port;
};

struct lists {
	VEC(struct listed) ip, name;
};

static void
count_hit(void *ctx, const struct intel_hit *h)
{
	(void)h;
	++*(uint64_t *)ctx;
}

/* Values are made before the clock starts. */
static void
bench_misses(const struct intel_image *im, struct figures *f)
{
	enum { SET = 1 << 18 };
	static char ip[SET][16], far[SET][16], name[SET][48];
	static struct slice ips[SET], fars[SET], names[SET];
	struct intel_hit hit;
	struct bench_time t;

	for (unsigned i = 0; i < SET; i++) {
		uint64_t h = hash_mix(i + 1);

		ips[i] = slice_of(ip[i], (size_t)snprintf(ip[i], 16, "%u.%u.%u.%u", 172u, 16 + (unsigned)(h & 15),
		                                          (unsigned)(h >> 8 & 255), (unsigned)(h >> 16 & 255)));
		fars[i] = slice_of(far[i], (size_t)snprintf(far[i], 16, "%u.%u.%u.%u", 11 + (unsigned)(h >> 56) % 89,
		                                            (unsigned)(h >> 48 & 255), (unsigned)(h >> 40 & 255), (unsigned)(h >> 32 & 255)));
		names[i] = slice_of(name[i], (size_t)snprintf(name[i], 48, "h%04x.cdn%u.not-listed-%04x.test", (unsigned)(h & 0xffff),
		                                              (unsigned)(h >> 16 & 7), (unsigned)(h >> 20 & 0xffff)));
	}
	t = bench_now();
	for (unsigned i = 0; i < MISSES; i++)
		f->wrong += intel_find(im, INTEL_IP, ips[i % SET], 443, 1, &hit);
	f->miss_ip = bench_since(t);
	t = bench_now();
	for (unsigned i = 0; i < MISSES; i++)
		f->public_hits += intel_find(im, INTEL_IP, fars[i % SET], 443, 1, &hit);
	f->public_ip = bench_since(t);
	t = bench_now();
	for (unsigned i = 0; i < MISSES; i++)
		f->wrong += intel_find(im, INTEL_DOMAIN, names[i % SET], 0, 1, &hit);
	f->miss_name = bench_since(t);
}

static void
bench_events(const struct intel_image *im, struct figures *f)
{
	struct fieldset *fs = fieldset_new();
	struct event *e = x_malloc(sizeof *e);
	struct arena a;
	struct bench_time t;

	arena_init(&a, 0, 0);
	event_init(e, fs, &a);
	event_reset(e, SL("x"), 0);
	event_set_typed(e, F_SOURCE_IP, SL("10.20.30.40"));
	event_set_typed(e, F_SOURCE_PORT, SL("51234"));
	event_set_typed(e, F_DESTINATION_IP, SL("172.20.30.40"));
	event_set_typed(e, F_DESTINATION_PORT, SL("443"));
	event_set(e, F_URL_DOMAIN, SL("www.not-listed.test"));
	event_seal(e);
	t = bench_now();
	for (unsigned i = 0; i < MISSES; i++)
		intel_match_event(im, e, 1, count_hit, &f->hits);
	f->event = bench_since(t);
	free(e);
	arena_fini(&a);
	fieldset_free(fs);
}

/* ---- hits ---- */

static void
note_listed(struct lists *l, struct slice text)
{
	while (text.n != 0) {
		struct slice line = slice_cut(&text, '\n'), value = slice_cut(&line, '\t'), port = value, host;
		struct listed v = { value, 0 };
		uint64_t number;
		struct ip ip;

		host = slice_cut(&port, ':');
		if (ip_parse(value, &ip)) {
			vec_push(&l->ip, v);
		} else if (ip_parse(host, &ip) && slice_u64(port, &number) && number < 65536) {
			vec_push(&l->ip, ((struct listed){ host, (unsigned)number }));
		} else if (value.n != 0 && slice_find(value, '/') < 0 && slice_find(value, ':') < 0 && slice_find(value, '.') > 0) {
			vec_push(&l->name, v);
		}
	}
}

static void
shuffle(struct listed *v, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = hash_mix(i) % i;
		struct listed t = v[k];

		v[k] = v[i - 1];
		v[i - 1] = t;
	}
}

/* The texts lie in random order too, so they are read ahead of the clock's start only as far as the caches hold them. */
static struct bench_time
bench_listed(const struct intel_image *im, enum intel_type type, struct listed *v, size_t n, uint64_t *ret_missing)
{
	struct intel_hit hit;
	struct bench_time t;

	shuffle(v, n);
	t = bench_now();
	for (size_t i = 0; i < n && i < HITS_MAX; i++)
		*ret_missing += !intel_find(im, type, v[i].text, v[i].port, 1, &hit);
	return bench_since(t);
}

static void
bench_hits(const struct intel_image *im, struct lists *l, struct figures *f)
{
	f->ips = l->ip.n < HITS_MAX ? l->ip.n : HITS_MAX;
	f->names = l->name.n < HITS_MAX ? l->name.n : HITS_MAX;
	f->hit_ip = bench_listed(im, INTEL_IP, l->ip.v, l->ip.n, &f->not_found);
	f->hit_name = bench_listed(im, INTEL_DOMAIN, l->name.v, l->name.n, &f->not_found);
}

/* Every value of every packed list again, in random order. */
static void
bench_lists(const struct cli *c, const struct intel_image *im, struct figures *f)
{
	struct buf *text = x_calloc((size_t)cli_operands(c), sizeof *text);
	struct lists l = { 0 };

	for (int i = 1; i < cli_operands(c); i++) {
		auto_buf struct buf packed = { 0 };

		if (file_read(cli_operand(c, i), &packed, INTEL_LIST_MAX) == 0 && intel_unpack(buf_slice(&packed), &text[i]) == 0)
			note_listed(&l, buf_slice(&text[i]));
	}
	bench_hits(im, &l, f);
	vec_fini(&l.ip);
	vec_fini(&l.name);
	for (int i = 1; i < cli_operands(c); i++)
		buf_fini(&text[i]);
	free(text);
}

static void
put_ns(struct buf *out, const char *key, struct bench_time t, uint64_t n)
{
	jsonw_key(out, slice_str(key));
	buf_printf(out, "%.1f", t.cpu_s * 1e9 / (double)n);
}

static int
load(const struct cli *c, struct buf *image, struct intel_tally *tally)
{
	struct intel_builder *b = intel_builder_new(clock_now(clock_real()));
	int r = 0;

	for (int i = 1; r == 0 && i < cli_operands(c); i++) {
		auto_buf struct buf packed = { 0 };
		struct intel_list list = { .name = cli_operand(c, i), .confidence = 60 };

		r = file_read(cli_operand(c, i), &packed, INTEL_LIST_MAX);
		if (r == 0)
			r = intel_read(b, buf_slice(&packed), cli_operand(c, i), &list, tally, NULL);
	}
	if (r == 0)
		intel_build(b, image);
	intel_builder_free(b);
	return r;
}

int
bench_intel(struct cli *c)
{
	auto_buf struct buf image = { 0 }, out = { 0 };
	struct intel_tally tally = { 0 };
	struct figures f = { 0 };
	struct intel_image *im;
	struct intel_info info;
	struct bench_time t = bench_now();

	if (cli_operands(c) < 2)
		return cli_usage(c, "intel wants lists");
	if (load(c, &image, &tally) != 0)
		return cli_could_not(c, "a list cannot be read");
	f.build = bench_since(t);
	t = bench_now();
	if (intel_open_bytes(buf_slice(&image), &im, NULL) != 0)
		return cli_could_not(c, "the image does not open");
	f.open = bench_since(t);
	intel_info(im, &info);
	bench_misses(im, &f);
	bench_events(im, &f);
	bench_lists(c, im, &f);
	bench_begin(&out, "intel", info.entries, image.n, f.build);
	jsonw_kv_i64(&out, "refused", (int64_t)tally.refused);
	put_ns(&out, "open_ns_per_entry", f.open, info.entries != 0 ? info.entries : 1);
	put_ns(&out, "miss_ip_port_ns", f.miss_ip, MISSES);
	put_ns(&out, "public_ip_port_ns", f.public_ip, MISSES);
	jsonw_kv_i64(&out, "public_ip_hits", (int64_t)f.public_hits);
	put_ns(&out, "miss_domain_ns", f.miss_name, MISSES);
	put_ns(&out, "event_ns", f.event, MISSES);
	put_ns(&out, "hit_ip_ns", f.hit_ip, f.ips != 0 ? f.ips : 1);
	put_ns(&out, "hit_domain_ns", f.hit_name, f.names != 0 ? f.names : 1);
	jsonw_kv_i64(&out, "listed_not_found", (int64_t)f.not_found);
	jsonw_kv_i64(&out, "false_hits", (int64_t)(f.wrong + f.hits));
	bench_end(&out);
	intel_close(im);
	return CLI_DONE;
}
