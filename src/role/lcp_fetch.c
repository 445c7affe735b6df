/* SPDX-License-Identifier: Apache-2.0
 *
 * The uplink's other errand: the list of devices that the SOC signs for this collector.
 *
 *     heartbeat's answer {"config": n} ─▶ n above ours: GET /v1/config ─▶ lcp_told_read ─▶ identity/config.json
 *                                                                            └▶ table ─▶ parent ─▶ worker
 *
 * Whatever is wrong with an answer, the list that runs stays; the fault is counted and told in the heartbeat.  The key that
 * signs came with the enrolment or a renewal and never changes by itself.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "base/must.h"
#include "codec/jsonw.h"
#include "role/lcp_told.h"
#include "role/lcp_uplink_priv.h"
#include "sys/fd.h"

static const char *const faults[FETCH_FAULTS] = { "syntax", "signature", "other", "older", "key", "disk" };

static enum fetch_fault
fault_of(int e)
{
	return e == E_SIGNATURE ? FETCH_SIGNATURE : e == E_DENIED ? FETCH_OTHER : e == E_REPLAY ? FETCH_OLDER : FETCH_SYNTAX;
}

static void
refused(struct uplink *u, enum fetch_fault why)
{
	struct fetch *f = &u->fetch;

	f->refused[why]++;
	if (f->why != faults[why])
		log_error("uplink.config_refused", kv_str("why", faults[why]), kv_u64("running", f->version));
	f->why = faults[why];
}

/* The worker may not see our folder: it gets the table as a descriptor, through the parent, who keeps it for the next worker. */
static int
hand_over(struct uplink *u, const struct lcp_told *t)
{
	auto_free char *path = x_asprintf("%s/devices.tsv", u->identity);
	auto_close int fd = -1;

	if (file_write_atomic(path, buf_slice(&t->table), 0600) != 0 || (fd = open(path, O_RDONLY | O_CLOEXEC)) < 0)
		return E_IO;
	if (u->parent != NULL)
		chan_send(u->parent, LCP_DEVICES, 0, SL(""), fd);
	u->fetch.version = t->version;
	log_info("uplink.config", kv_u64("version", t->version), kv_u64("devices", t->devices));
	return 0;
}

/* keep: it is new, and becomes the one that is read at the next start. */
static void
take(struct uplink *u, struct slice envelope, bool keep)
{
	auto_free char *path = x_asprintf("%s/config.json", u->identity);
	struct lcp_told t;
	int r = lcp_told_read(envelope, u->fetch.key, u->fetch.tenant, u->fetch.lcp, u->fetch.version, &t);

	if (r != 0) {
		refused(u, fault_of(r));
		return;
	}
	if ((keep && file_write_atomic(path, envelope, 0600) != 0) || hand_over(u, &t) != 0)
		refused(u, FETCH_DISK);
	else
		u->fetch.why = "";
	buf_fini(&t.table);
}

static void
on_answer(struct call *c, long status, long retry_after)
{
	struct uplink *u = c->u;
	uint64_t before = u->fetch.version;

	(void)retry_after;
	if (status != 200) {
		if (status != 304)
			log_info("uplink.config", kv_i64("status", status));
		return;
	}
	take(u, buf_slice(&c->answer), true);
	buf_fini(&c->answer);
	if (u->fetch.version != before || u->fetch.why[0] != '\0')
		beat_now(u); /* the SOC sees it run, or refused */
}

void
fetch_wanted(struct uplink *u, uint64_t version)
{
	struct fetch *f = &u->fetch;
	char have[64];

	if (version <= f->version || f->call.busy || !u->enrolled)
		return;
	if (f->key == NULL) {
		refused(u, FETCH_KEY);
		return;
	}
	snprintf(have, sizeof have, "If-None-Match: \"%llu\"", (unsigned long long)f->version);
	curl_slist_free_all(f->call.headers);
	f->call.headers = curl_slist_append(NULL, have);
	curl_easy_setopt(f->call.easy, CURLOPT_HTTPHEADER, f->call.headers);
	http_call_start(&f->call);
}

/* The key, once: who could change it later could have changed the collector's whole view. */
void
fetch_learn(struct uplink *u, const char *pem)
{
	auto_free char *path = x_asprintf("%s/config-key.pem", u->identity);

	if (pem == NULL || u->fetch.key != NULL || pki_key_read_public(slice_str(pem), &u->fetch.key) != 0)
		return;
	if (file_write_atomic(path, slice_str(pem), 0644) != 0)
		log_warn("uplink.config_key", kv_str("file", path));
}

void
fetch_put(struct uplink *u, struct buf *b)
{
	const struct fetch *f = &u->fetch;

	jsonw_key(b, SL("config"));
	buf_put_byte(b, '{');
	jsonw_kv_i64(b, "version", (int64_t)f->version);
	jsonw_key(b, SL("refused"));
	buf_put_byte(b, '{');
	for (int i = 0; i < FETCH_FAULTS; i++)
		if (f->refused[i] != 0)
			jsonw_kv_i64(b, faults[i], (int64_t)f->refused[i]);
	buf_put_byte(b, '}');
	jsonw_kv_str(b, "why", f->why);
	buf_put(b, f->where.p, f->where.n);
	buf_put_byte(b, '}');
}

static void
read_kept(struct uplink *u)
{
	auto_free char *key = x_asprintf("%s/config-key.pem", u->identity), *path = x_asprintf("%s/config.json", u->identity);
	auto_buf struct buf pem = { 0 }, envelope = { 0 };

	if (file_read(key, &pem, 4096) != 0 || pki_key_read_public(buf_slice(&pem), &u->fetch.key) != 0)
		return;
	if (file_read(path, &envelope, LCP_TOLD_MAX) == 0)
		take(u, buf_slice(&envelope), false);
}

static void
put_list(struct buf *b, const char *key, bool *first, struct slice item)
{
	if (*first) {
		jsonw_key(b, slice_str(key));
		buf_put_byte(b, '[');
	} else {
		buf_put_byte(b, ',');
	}
	*first = false;
	jsonw_string(b, item);
}

/* Where devices reach us, for the guides that people at the devices read. */
void
fetch_where(struct uplink *u)
{
	struct buf *b = &u->fetch.where;
	struct ifaddrs *all = NULL;
	struct lcp_setup setup;
	struct whys ws = { 0 };
	bool first = true;

	buf_put_byte(b, '{'); /* so that the writer knows where it stands; goes again below */
	if (lcp_setup_read(u->conf, &setup, &ws) == 0) {
		for (size_t i = 0; i < setup.listeners.n; i++)
			put_list(b, "listen", &first, slice_str(setup.listeners.v[i].name));
		lcp_setup_fini(&setup);
	}
	if (!first)
		buf_put_byte(b, ']');
	first = true;
	if (getifaddrs(&all) == 0)
		for (struct ifaddrs *a = all; a != NULL; a = a->ifa_next) {
			char text[INET6_ADDRSTRLEN];

			/* the IPv4 ones: link-local and temporary addresses of IPv6 are no good in a device's settings */
			if (a->ifa_addr == NULL || a->ifa_addr->sa_family != AF_INET || (a->ifa_flags & IFF_LOOPBACK) != 0 ||
			    inet_ntop(AF_INET, &((struct sockaddr_in *)a->ifa_addr)->sin_addr, text, sizeof text) == NULL)
				continue;
			put_list(b, "addresses", &first, slice_str(text));
		}
	if (all != NULL)
		freeifaddrs(all);
	if (!first)
		buf_put_byte(b, ']');
	b->p[0] = ',';
	if (b->n == 1)
		buf_clear(b);
	whys_fini(&ws);
}

void
fetch_open(struct uplink *u)
{
	struct pki_cert own;

	u->fetch.why = "";
	if (!u->enrolled || pki_cert_read(buf_slice(&u->cert), &own) != 0)
		return;
	snprintf(u->fetch.tenant, sizeof u->fetch.tenant, "%s", own.org);
	snprintf(u->fetch.lcp, sizeof u->fetch.lcp, "%s", own.cn);
	http_call_init(u, &u->fetch.call, "/v1/config", "application/json");
	u->fetch.call.get = true;
	u->fetch.call.most = LCP_TOLD_MAX;
	u->fetch.call.done = on_answer;
	read_kept(u);
}
