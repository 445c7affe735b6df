/* SPDX-License-Identifier: Apache-2.0
 *
 * Webhook: the notice as JSON for machines, signed so that the receiver knows who wrote it and when.
 * X-Nezuban-Signature: t=UNIX,v1=HEX with HEX = HMAC-SHA-256(secret, "UNIX.BODY"); the receiver refuses old times.
 * While a secret is rotated there are two v1, of the new one and of the old; docs/webhooks.md has the receiver's side.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/must.h"
#include "codec/jsonw.h"
#include "notify/notify.h"

static void
put_both(struct buf *out, const char *key, const char *const v[NOTE_LANGS])
{
	jsonw_key(out, slice_str(key));
	buf_put_byte(out, '{');
	jsonw_kv_str(out, "ja", v[NOTE_JA]);
	jsonw_kv_str(out, "en", v[NOTE_EN]);
	buf_put_byte(out, '}');
}

static void
put_time(struct buf *out, const char *key, int64_t t)
{
	char s[36];

	if (t != 0)
		jsonw_kv(out, key, slice_of(s, time_format_rfc3339(s, t, 3)));
}

static void
put_incident(struct buf *out, const struct notice *n)
{
	static const char *const severities[] = { "emergency", "critical", "warning", "informational" };

	jsonw_key(out, SL("incident"));
	buf_put_byte(out, '{');
	jsonw_kv_str(out, "id", n->incident);
	jsonw_kv_str(out, "severity", severities[n->severity]);
	put_both(out, "title", n->title);
	put_both(out, "summary", n->summary);
	put_both(out, "action", n->action);
	put_time(out, "first_at", n->first_at);
	put_time(out, "decided_at", n->decided_at);
	jsonw_kv_str(out, "url", n->url);
	jsonw_key(out, SL("affected"));
	buf_put_byte(out, '[');
	for (int i = 0; i < n->affected_n; i++) {
		jsonw_comma(out);
		jsonw_string(out, slice_str(n->affected[i]));
	}
	buf_put_str(out, "]}");
	if (n->what != NOTICE_ACKNOWLEDGED)
		return;
	jsonw_key(out, SL("acknowledged"));
	buf_put_byte(out, '{');
	jsonw_kv_str(out, "by", n->by);
	jsonw_kv_str(out, "how", n->how);
	put_time(out, "at", n->acknowledged_at);
	buf_put_byte(out, '}');
}

void
hook_event_id(const struct notice *n, char out[40])
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	struct buf b = { 0 };

	buf_printf(&b, "%s/%s", n->tenant, n->key);
	must(EVP_Digest(b.p, b.n, md, &len, EVP_sha256(), NULL) == 1);
	buf_fini(&b);
	memcpy(out, "evt_", 4);
	for (int i = 0; i < 16; i++)
		snprintf(out + 4 + i * 2, 3, "%02x", md[i]);
}

static void
event_body(const struct notice *n, struct buf *out)
{
	char id[40];

	if (n->format != HOOK_JSON) {
		(n->format == HOOK_SLACK ? chat_slack : chat_teams)(n, out);
		return;
	}
	hook_event_id(n, id);
	buf_put_byte(out, '{');
	jsonw_kv_i64(out, "v", 1);
	jsonw_kv_str(out, "id", id);
	jsonw_kv_str(out, "event", n->event);
	jsonw_kv_i64(out, "seq", n->seq);
	jsonw_kv_str(out, "tenant", n->tenant);
	put_time(out, "at", n->at);
	put_both(out, "title", n->title);
	jsonw_key(out, SL("data"));
	buf_put_slice(out, n->data);
	buf_put_byte(out, '}');
}

void
hook_body(const struct notice *n, const char *domain, struct buf *out)
{
	static const char *const whats[] = { "incident", "acknowledged", "alarm" };
	char id[128];

	if (n->what == NOTICE_EVENT) {
		event_body(n, out);
		return;
	}
	notice_message_id(n, domain, id);
	buf_put_byte(out, '{');
	jsonw_kv_i64(out, "v", 1);
	jsonw_kv_str(out, "id", id);
	jsonw_kv_str(out, "notice", whats[n->what]);
	jsonw_kv_str(out, "tenant", n->tenant);
	put_time(out, "at", n->at);
	if (n->what == NOTICE_ALARM) {
		jsonw_key(out, SL("alarm"));
		buf_put_byte(out, '{');
		jsonw_kv_str(out, "id", n->alarm);
		jsonw_kv_str(out, "level", n->alarm_is_warning ? "warning" : "alarm");
		put_both(out, "title", n->title);
		put_both(out, "text", n->alarm_text);
		jsonw_kv_str(out, "url", n->url);
		buf_put_byte(out, '}');
	} else {
		put_incident(out, n);
	}
	buf_put_byte(out, '}');
}

void
hook_sign(struct slice secret, int64_t unix_s, struct slice body, struct buf *out)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned len = 0;
	struct buf b = { 0 };

	buf_printf(&b, "%lld.", (long long)unix_s);
	buf_put_slice(&b, body);
	must(HMAC(EVP_sha256(), secret.p, (int)secret.n, (const unsigned char *)b.p, b.n, md, &len) != NULL);
	buf_fini(&b);
	if (out->n == 0)
		buf_printf(out, "t=%lld", (long long)unix_s);
	buf_put_str(out, ",v1=");
	for (unsigned i = 0; i < len; i++)
		buf_printf(out, "%02x", md[i]);
}
