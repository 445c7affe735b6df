/* SPDX-License-Identifier: Apache-2.0
 *
 * Made-up batches as column blocks, for the tests and the bench of the store: firewall lines of about
 * 570 bytes with the fields a parsed FortiGate line has, deterministic in (tenant, seq, n).
 */
#ifndef NZ_MAIN_CLI_BLOCKS_H
#define NZ_MAIN_CLI_BLOCKS_H

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/hash.h"
#include "store/block.h"

struct blocks_maker {
	struct arena a;
	struct fieldset *fs;
	struct event *e;
	struct store_builder *b;
	int64_t day_ns;           /* first second of the day the batches are stored in */
	int64_t span_ns;          /* over how much of it */
	uint64_t batches;         /* how many batches share the span */
};

static inline void
blocks_init(struct blocks_maker *m)
{
	*m = (struct blocks_maker){ .day_ns = 20600 * NS_PER_DAY, .span_ns = NS_PER_DAY, .batches = 100 };
	arena_init(&m->a, 1 << 20, 0);
	m->fs = fieldset_new();
	m->e = malloc(sizeof *m->e);
	event_init(m->e, m->fs, &m->a);
	m->b = store_builder_new();
}

static inline void
blocks_fini(struct blocks_maker *m)
{
	store_builder_free(m->b);
	fieldset_free(m->fs);
	free(m->e);
	arena_fini(&m->a);
}

static inline struct slice
blocks_number(struct blocks_maker *m, const char *before, uint64_t v, const char *after)
{
	return arena_printf(&m->a, "%s%u%s", before, (unsigned)(v % 1000000), after);
}

static inline void
blocks_fields(struct event *e, uint64_t h, struct slice user, struct slice host, struct slice sess)
{
	event_set(e, F_EVENT_CATEGORY, SL("network"));
	event_set(e, F_EVENT_TYPE, SL("connection"));
	event_set(e, F_EVENT_ACTION, h % 20 ? SL("accept") : SL("deny"));
	event_set(e, F_EVENT_OUTCOME, h % 20 ? SL("success") : SL("failure"));
	event_set(e, F_EVENT_CODE, SL("0000000013"));
	event_set(e, F_EVENT_DATASET, SL("fortinet.fortigate"));
	event_set(e, F_EVENT_MODULE, SL("fortinet"));
	event_set(e, F_OBSERVER_NAME, SL("fw-1"));
	event_set(e, F_OBSERVER_SERIAL, SL("FG100FTK19001333"));
	event_set(e, F_OBSERVER_INGRESS_IF, SL("port12"));
	event_set(e, F_OBSERVER_EGRESS_IF, SL("port11"));
	event_set(e, F_NETWORK_TRANSPORT, SL("tcp"));
	event_set(e, F_NETWORK_DIRECTION, SL("outbound"));
	event_set(e, F_NETWORK_APPLICATION, SL("HTTPS"));
	event_set(e, F_USER_NAME, user);
	event_set(e, F_DESTINATION_DOMAIN, host);
	event_set(e, F_RULE_ID, h % 2 ? SL("7") : SL("12"));
	event_set(e, F_SOURCE_GEO_COUNTRY_NAME, SL("Reserved"));
	event_set(e, F_DESTINATION_GEO_COUNTRY_NAME, SL("Japan"));
	event_set_bool(e, F_NZ_BLOCKED, h % 20 == 0);
	event_set_named(e, SL("fortinet.firewall.sessionid"), sess);
	event_set_named(e, SL("fortinet.firewall.vd"), SL("root"));
	event_set_named(e, SL("fortinet.firewall.trandisp"), SL("snat"));
	event_set_named(e, SL("fortinet.firewall.poluuid"), SL("c2d460aa-fe6f-51e8-9505-41b5117dfdd4"));
}

static inline void
blocks_event(struct blocks_maker *m, uint64_t seq, uint32_t n, int64_t at)
{
	uint64_t h = hash_mix(seq * 1000003 + n + 1);
	struct event *e = m->e;
	struct slice src, dst, user, host, sport, sent, sess;

	src = arena_printf(&m->a, "10.%u.%u.%u", (unsigned)(h & 3), (unsigned)(h >> 8 & 255),
	                   (unsigned)(h >> 16 & 255));
	dst = arena_printf(&m->a, "203.%u.%u.%u", (unsigned)(h >> 24 & 127), (unsigned)(h >> 32 & 255),
	                   (unsigned)(h >> 40 & 255));
	user = blocks_number(m, "user", h >> 13 & 1023, "");
	host = blocks_number(m, "host", h >> 7 & 2047, ".example.com");
	sport = blocks_number(m, "", 1024 + (h >> 21) % 60000, "");
	sent = blocks_number(m, "", h >> 11, "");
	sess = blocks_number(m, "", h >> 3, "");
	event_reset(e, arena_printf(&m->a,
	        "<189>date=2026-05-28 time=04:0%u:%02u devname=\"fw-1\" devid=\"FG100FTK19001333\" eventtime=15906%010llu "
	        "tz=\"+0900\" logid=\"0000000013\" type=\"traffic\" subtype=\"forward\" level=\"notice\" vd=\"root\" "
	        "srcip=%.*s srcport=%.*s srcintf=\"port12\" srcintfrole=\"undefined\" dstip=%.*s dstport=443 "
	        "dstintf=\"port11\" dstintfrole=\"wan\" srccountry=\"Reserved\" dstcountry=\"Japan\" sessionid=%.*s "
	        "proto=6 action=\"%s\" policyid=%u policytype=\"policy\" "
	        "poluuid=\"c2d460aa-fe6f-51e8-9505-41b5117dfdd4\" user=\"%.*s\" hostname=\"%.*s\" service=\"HTTPS\" "
	        "trandisp=\"snat\" duration=%u sentbyte=%.*s rcvdbyte=%u sentpkt=14",
	        n % 10, n % 60, (unsigned long long)h % 10000000000ull, SL_ARG(src), SL_ARG(sport), SL_ARG(dst),
	        SL_ARG(sess), h % 20 ? "accept" : "deny", (unsigned)(h % 40), SL_ARG(user), SL_ARG(host),
	        (unsigned)(h % 300), SL_ARG(sent), (unsigned)(h >> 9 & 0xfffff)), at);
	event_set_time(e, F_TIMESTAMP, at - 400000000);
	event_set_typed(e, F_SOURCE_IP, src);
	event_set_typed(e, F_SOURCE_PORT, sport);
	event_set_typed(e, F_DESTINATION_IP, dst);
	event_set_typed(e, F_DESTINATION_PORT, SL("443"));
	event_set_typed(e, F_SOURCE_BYTES, sent);
	event_set_typed(e, F_DESTINATION_BYTES, sess);
	blocks_fields(e, h, user, host, sess);
	event_seal(e);
}

/* Appends the block of batch (tenant, seq) with `lines` rows to out. */
static inline void
blocks_make(struct blocks_maker *m, const char *tenant, uint64_t seq, uint32_t lines, struct buf *out)
{
	struct store_batch sb = { 0 };
	int64_t step = m->span_ns / (int64_t)m->batches / (lines + 1);

	snprintf(sb.key.tenant, sizeof sb.key.tenant, "%s", tenant);
	snprintf(sb.key.lcp, sizeof sb.key.lcp, "%.20s-1", tenant);
	sb.key.epoch[0] = 0x1122334455667788;
	sb.key.epoch[1] = 0x99aabbccddeeff00;
	sb.key.seq = seq;
	sb.stored_ns = m->day_ns + (int64_t)(seq % m->batches) * (m->span_ns / (int64_t)m->batches);
	arena_reset(&m->a);
	store_block_begin(m->b, &sb);
	for (uint32_t n = 0; n < lines; n++) {
		blocks_event(m, seq, n, sb.stored_ns + n * step);
		store_block_add(m->b, m->e, n, SL("fw-1"), 0);
	}
	store_block_end(m->b, out);
}

#endif
