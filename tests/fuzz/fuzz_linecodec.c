/* SPDX-License-Identifier: Apache-2.0
 *
 * Line codecs on any bytes: key=value, CSV, XML, syslog header, times, URLs. Slices must lie inside the input
 * or the arena; the sanitizers watch.
 */
#include "codec/csv.h"
#include "codec/ip.h"
#include "codec/kv.h"
#include "codec/syslog.h"
#include "codec/timefmt.h"
#include "codec/url.h"
#include "codec/xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static volatile size_t sink;

static void
touch(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		sink += (unsigned char)s.p[i];
}

static void
on_xml(void *ctx, struct slice path, struct slice text)
{
	(void)ctx;
	touch(path);
	touch(text);
}

static void
pairs(struct slice in, struct arena *a)
{
	struct kv_iter it;
	struct kv_pair p;

	kv_init(&it, in);
	while (kv_skip(&it))
		if (kv_key(&it, &p.key)) {
			kv_value(&it, &p);
			touch(p.key);
			touch(p.escaped ? kv_unescape(a, p.value) : p.value);
		}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice in = slice_of(data, size), cells[16];
	struct timefmt_context c = { .now_ns = 1795392000000000000 };
	struct arena a;
	struct syslog h;
	struct url u;
	struct ip ip;
	int64_t ns;
	unsigned bits;

	arena_init(&a, 4096, 0);
	pairs(in, &a);
	for (size_t n = csv_split(in, ',', true, &a, cells, 16), i = 0; i < n && i < 16; i++)
		touch(cells[i]);
	xml_flatten(in, &a, on_xml, NULL);
	syslog_split(in, &h);
	touch(h.body);
	touch(h.host);
	touch(h.program);
	touch(h.structured);
	for (int f = 0; f < TF_COUNT; f++)
		timefmt_parse((enum timefmt)f, in, &c, &ns);
	url_split(in, &u);
	touch(u.extension);
	touch(u.query);
	ip_parse_cidr(in, &ip, &bits);
	arena_fini(&a);
	return 0;
}
