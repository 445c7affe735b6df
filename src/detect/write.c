/* SPDX-License-Identifier: Apache-2.0
 *
 * A found thing as the JSON object that goes to the desk, which reads it with jansson: a NUL out of a log (jsonw_text) would make the whole
 * batch unreadable there, and nothing behind it would be judged any more.
 */
#include <stdio.h>

#include "base/hash.h"
#include "codec/jsonw.h"
#include "detect/found_priv.h"

static const char *const levels[] = { "informational", "low", "medium", "high", "critical" };
static const char *const kinds[] = { "rule", "correlation", "indicator" };

/* 128 bits from what makes it this detection and no other: a replay gives the same. */
static void
write_key(const struct found *f, struct slice tenant, struct buf *out)
{
	auto_buf struct buf text = { 0 };
	uint64_t a, b;

	buf_put_slice(&text, tenant);
	buf_printf(&text, "\n%d\n", (int)f->kind);
	if (f->rule != NULL)
		buf_put_slice(&text, f->rule->id);
	buf_put_slice(&text, f->indicator);
	if (f->kind == FOUND_CORRELATION)
		buf_put(&text, &f->stable, sizeof f->stable);
	else
		buf_put(&text, &f->refs[0], sizeof f->refs[0]);
	a = hash_stable(buf_slice(&text));
	buf_put_byte(&text, '2');
	b = hash_stable(buf_slice(&text));
	buf_printf(out, "\"key\":\"%016llx%016llx\"", (unsigned long long)a, (unsigned long long)b);
}

static void
write_rule(const struct found *f, struct buf *out)
{
	jsonw_key(out, SL("rule"));
	buf_put_byte(out, '{');
	if (f->rule == NULL) {
		auto_buf struct buf name = { 0 };

		buf_put_str(&name, "intel:");
		buf_put_slice(&name, f->list);
		jsonw_kv_text(out, "id", buf_slice(&name));
		jsonw_kv_text(out, "name", f->indicator);
		jsonw_kv_str(out, "level", f->confidence >= 80 ? "high" : f->confidence >= 50 ? "medium" : "low");
		buf_put_str(out, ",\"tags\":[]}");
		return;
	}
	jsonw_kv_text(out, "id", f->rule->id);
	jsonw_kv_text(out, "name", f->rule->title);
	jsonw_kv_str(out, "level", levels[f->rule->level]);
	jsonw_kv_text(out, "version", f->rule->version);
	jsonw_key(out, SL("tags"));
	buf_put_byte(out, '[');
	for (size_t i = 0; i < f->rule->tag_n; i++) {
		jsonw_comma(out);
		jsonw_text(out, f->rule->tags[i]);
	}
	buf_put_str(out, "]}");
}

static void
write_refs(const struct found *f, struct buf *out)
{
	jsonw_key(out, SL("events"));
	buf_put_byte(out, '[');
	for (size_t i = 0; i < f->ref_n; i++) {
		const struct sigma_ref *r = &f->refs[i];
		char epoch[40];

		snprintf(epoch, sizeof epoch, "%016llx%016llx", (unsigned long long)r->epoch[0],
		         (unsigned long long)r->epoch[1]);
		jsonw_comma(out);
		buf_put_byte(out, '{');
		jsonw_kv_text(out, "lcp", slice_of(r->lcp, strnlen(r->lcp, sizeof r->lcp)));
		jsonw_kv_str(out, "epoch", epoch);
		jsonw_kv_i64(out, "seq", (int64_t)r->seq);
		jsonw_kv_i64(out, "n", r->n);
		buf_put_byte(out, '}');
	}
	buf_put_byte(out, ']');
}

static void
write_entities(const struct found *f, struct buf *out)
{
	jsonw_key(out, SL("entities"));
	buf_put_byte(out, '[');
	for (size_t i = 0; i < f->entity_n; i++) {
		jsonw_comma(out);
		buf_put_byte(out, '{');
		jsonw_kv_str(out, "kind", f->entity[i].kind);
		jsonw_kv_text(out, "value", f->entity[i].value);
		jsonw_kv_str(out, "role", f->entity[i].role);
		jsonw_kv_bool(out, "internal", f->entity[i].internal);
		buf_put_byte(out, '}');
	}
	buf_put_byte(out, ']');
}

static const char *
blocked_word(const struct found *f)
{
	if (f->saw_blocked)
		return f->saw_passed ? "some" : "all";
	return f->saw_passed ? "none" : "unknown";
}

static struct slice
direction_word(const struct found *f)
{
	if (slice_eq(f->direction, SL("ingress")))
		return SL("inbound");
	if (slice_eq(f->direction, SL("egress")))
		return SL("outbound");
	return f->direction.n != 0 ? f->direction : SL("unknown");
}

static bool
tagged(const struct found *f, struct slice tag)
{
	return f->rule != NULL && sigma_rule_has_tag(f->rule, tag);
}

static void
write_evidence(const struct found *f, struct buf *out)
{
	jsonw_key(out, SL("evidence"));
	buf_put_byte(out, '{');
	jsonw_kv_str(out, "blocked", blocked_word(f));
	jsonw_kv_text(out, "direction", direction_word(f));
	jsonw_kv_bool(out, "two_way", f->two_way);
	jsonw_kv_bool(out, "success", tagged(f, SL("nezuban.success")));
	jsonw_kv_bool(out, "damage", tagged(f, SL("nezuban.damage")));
	jsonw_kv_i64(out, "asset_value", f->asset_value);
	if (f->asset.n != 0)
		jsonw_kv_text(out, "asset", f->asset);
	if (f->authorised.n != 0)
		jsonw_kv_text(out, "authorised", f->authorised);
	if (f->kind == FOUND_INDICATOR)
		jsonw_kv_i64(out, "intel_confidence", f->confidence);
	if (f->cve.n != 0)
		jsonw_kv_text(out, "cve", f->cve);
	jsonw_kv_str(out, "target_vulnerable", f->vulnerable != NULL ? f->vulnerable : "unknown");
	buf_put_byte(out, '}');
}

static void
write_why(const struct found *f, struct buf *out)
{
	jsonw_key(out, SL("why"));
	buf_put_byte(out, '[');
	for (size_t i = 0; i < f->reason_n; i++) {
		jsonw_comma(out);
		buf_put_byte(out, '{');
		jsonw_kv_text(out, "field", f->reason[i].field);
		jsonw_kv_text(out, "test", f->reason[i].test);
		jsonw_kv_text(out, "value", f->reason[i].value);
		buf_put_byte(out, '}');
	}
	buf_put_byte(out, ']');
}

void
found_write(const struct found *f, struct slice tenant, struct buf *out)
{
	jsonw_comma(out);
	buf_put_byte(out, '{');
	write_key(f, tenant, out);
	jsonw_kv_str(out, "kind", kinds[f->kind]);
	write_rule(f, out);
	jsonw_kv_i64(out, "at", f->last_ns);
	jsonw_kv_i64(out, "first_at", f->first_ns);
	if (f->soc_ns > 0) { /* not when a file is judged: it came from no collector */
		jsonw_kv_i64(out, "lcp_at", f->lcp_ns);
		jsonw_kv_i64(out, "soc_at", f->soc_ns);
	}
	jsonw_kv_i64(out, "count", (int64_t)f->count);
	write_refs(f, out);
	write_entities(f, out);
	write_evidence(f, out);
	jsonw_kv_text(out, "dataset", f->dataset);
	jsonw_kv_text(out, "device", f->device);
	write_why(f, out);
	jsonw_kv_text(out, "line", f->line);
	buf_put_byte(out, '}');
}
