/* SPDX-License-Identifier: Apache-2.0
 *
 * Severity as the machine proposes it: danger to the customer out of evidence, with its reasons in the words of
 * the four definitions.  Pure.  Each detection gets a danger class; the candidate the first line of `lines`
 * that holds.  Unknown never counts as safe.  A rule's level only tells a weak sign from a plain one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "desk/hook_priv.h"

enum danger { D_NONE, D_LOW, D_ATTACK, D_SUCCESS, D_DAMAGE };

struct sign {
	enum danger danger;
	bool authorised, success, damage, harmless, low, two_way, endpoint, guessing, taking_out, misuse, inbound, outbound;
	bool not_vulnerable, indicator, model, correlation, weak, medium;
	char blocked; /* a(ll) s(ome) n(one) u(nknown) */
	int asset, confidence;
	const char *rule, *dataset, *asset_name;
	int64_t at, count;
	unsigned tactics;
};

struct picture {
	struct sign *v;
	size_t n;
	int asset, confidence;
	const char *asset_name;
	int64_t blocked, passed;
	bool any[D_DAMAGE + 1], all_authorised, second, contained, out_and_misuse, some_blocked, all_blocked, not_vulnerable;
	size_t rules, datasets;
	unsigned chain;
};

/* Order of the ATT&CK matrix; data that changes with it. */
static const char *const tactics[] = { "reconnaissance", "resource_development", "initial_access", "execution", "persistence",
	"privilege_escalation", "defense_evasion", "credential_access", "discovery", "lateral_movement", "collection",
	"command_and_control", "exfiltration", "impact" };

static const char *
str(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

static void
read_tags(const json_t *rule, struct sign *s)
{
	const json_t *v;
	size_t i;

	json_array_foreach(json_object_get(rule, "tags"), i, v) {
		const char *t = json_string_value(v);

		if (t == NULL)
			continue;
		s->success |= strcmp(t, "nezuban.success") == 0;
		s->damage |= strcmp(t, "nezuban.damage") == 0;
		s->low |= strcmp(t, "nezuban.low") == 0;
		s->harmless |= strcmp(t, "nezuban.harmless") == 0;
		s->guessing |= strncmp(t, "attack.t1110", 12) == 0;
		s->misuse |= strncmp(t, "attack.t1078", 12) == 0;
		s->taking_out |= strcmp(t, "attack.exfiltration") == 0;
		for (unsigned k = 0; k < sizeof tactics / sizeof *tactics; k++)
			if (strncmp(t, "attack.", 7) == 0 && strcmp(t + 7, tactics[k]) == 0)
				s->tactics |= 1u << k;
	}
}

static enum danger
danger_of(const struct sign *s)
{
	if (s->authorised || s->blocked == 'a')
		return D_NONE;
	if (s->damage)
		return D_DAMAGE;
	if (s->success)
		return D_SUCCESS;
	if (s->not_vulnerable || s->harmless)
		return D_NONE;
	if (s->guessing)
		return s->inbound ? D_LOW : D_ATTACK;
	if (s->low || s->taking_out || s->blocked == 's')
		return D_LOW;
	if (s->indicator)
		return !s->inbound && s->confidence >= 70 ? D_ATTACK : D_LOW;
	if (s->model)
		return s->two_way ? D_ATTACK : D_LOW;
	return s->weak ? D_LOW : D_ATTACK;
}

static struct sign
read_sign(const json_t *d)
{
	const json_t *rule = json_object_get(d, "rule"), *ev = json_object_get(d, "evidence"), *e;
	const char *kind = str(d, "kind"), *level = str(rule, "level"), *dir = str(ev, "direction"), *blocked = str(ev, "blocked");
	struct sign s = { .rule = str(rule, "id"), .dataset = str(d, "dataset") };
	size_t i;

	read_tags(rule, &s);
	s.success |= json_is_true(json_object_get(ev, "success"));
	s.damage |= json_is_true(json_object_get(ev, "damage"));
	s.two_way = json_is_true(json_object_get(ev, "two_way"));
	s.authorised = str(ev, "authorised")[0] != '\0';
	s.not_vulnerable = strcmp(str(ev, "target_vulnerable"), "no") == 0;
	s.inbound = strcmp(dir, "inbound") == 0;
	s.outbound = strcmp(dir, "outbound") == 0;
	s.blocked = word_in(blocked, "all some none") ? blocked[0] : 'u';
	s.asset = (int)json_integer_value(json_object_get(ev, "asset_value"));
	s.asset_name = str(ev, "asset");
	s.confidence = (int)json_integer_value(json_object_get(ev, "intel_confidence"));
	s.indicator = strcmp(kind, "indicator") == 0;
	s.model = strcmp(kind, "model") == 0;
	s.correlation = strcmp(kind, "correlation") == 0;
	s.weak = word_in(level, "informational low");
	s.medium = strcmp(level, "medium") == 0;
	s.at = json_integer_value(json_object_get(d, "at"));
	s.count = json_integer_value(json_object_get(d, "count"));
	if (s.count < 1)
		s.count = 1;
	json_array_foreach(json_object_get(d, "entities"), i, e) {
		s.endpoint |= word_in(str(e, "kind"), "process hash");
		/* A server's own log names no direction: who comes from a foreign address comes in. */
		s.inbound |= !s.outbound && strcmp(str(e, "kind"), "ip") == 0 && strcmp(str(e, "role"), "source") == 0 &&
		             json_is_false(json_object_get(e, "internal"));
	}
	s.danger = danger_of(&s);
	return s;
}

/* Longest non-decreasing run of tactics in time order. */
static unsigned
chain_length(const struct sign *v, size_t n)
{
	unsigned best[14] = { 0 }, longest = 0;

	for (size_t i = 0; i < n; i++)
		for (int t = 13; t >= 0; t--)
			if (v[i].tactics >> t & 1) {
				unsigned run = 0;

				for (int p = 0; p < t; p++)
					run = best[p] > run ? best[p] : run;
				best[t] = best[t] > run + 1 ? best[t] : run + 1;
				longest = best[t] > longest ? best[t] : longest;
			}
	return longest;
}

static void
count_kinds(struct picture *p)
{
	for (size_t i = 0; i < p->n; i++) {
		bool new_rule = true, new_set = true;

		if (p->v[i].danger == D_NONE)
			continue;
		for (size_t k = 0; k < i; k++) {
			if (p->v[k].danger == D_NONE)
				continue;
			new_rule &= strcmp(p->v[k].rule, p->v[i].rule) != 0;
			new_set &= strcmp(p->v[k].dataset, p->v[i].dataset) != 0;
		}
		p->rules += new_rule;
		p->datasets += new_set;
	}
}

/* A success needs company: what it followed, seen by another rule, or a rule that says both. */
static bool
has_second(const struct picture *p)
{
	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].danger != D_SUCCESS)
			continue;
		if (p->v[i].correlation)
			return true;
		for (size_t k = 0; k < p->n; k++)
			if (!p->v[k].authorised && !p->v[k].harmless && strcmp(p->v[k].rule, p->v[i].rule) != 0)
				return true;
	}
	return false;
}

/* Delivered, then stopped at the endpoint before it ran. */
static bool
is_contained(const struct picture *p)
{
	int64_t delivered = INT64_MIN;
	bool stopped = false;

	for (size_t i = 0; i < p->n; i++) {
		if (p->v[i].danger == D_NONE)
			continue;
		if (!p->v[i].indicator)
			return false;
		delivered = p->v[i].at > delivered ? p->v[i].at : delivered;
	}
	for (size_t i = 0; i < p->n; i++)
		stopped |= p->v[i].blocked == 'a' && p->v[i].endpoint && p->v[i].at >= delivered;
	return stopped && delivered != INT64_MIN;
}

static void
look(struct picture *p)
{
	bool out = false, misuse = false;

	p->all_authorised = p->all_blocked = p->n != 0;
	for (size_t i = 0; i < p->n; i++) {
		struct sign *s = &p->v[i];

		p->all_authorised &= s->authorised;
		p->all_blocked &= s->blocked == 'a';
		p->some_blocked |= s->blocked == 'a' || s->blocked == 's';
		p->not_vulnerable |= s->not_vulnerable;
		*(s->blocked == 'a' ? &p->blocked : &p->passed) += s->count;
		if (s->asset > p->asset) {
			p->asset = s->asset;
			p->asset_name = s->asset_name;
		}
		p->confidence = s->confidence > p->confidence ? s->confidence : p->confidence;
		out |= s->taking_out && s->danger != D_NONE;
		misuse |= s->misuse && s->danger != D_NONE;
	}
	p->out_and_misuse = out && misuse;
	count_kinds(p);
	/* one plain sign of a medium rule on a machine that does not matter much is a weak sign */
	for (size_t i = 0; i < p->n; i++) {
		struct sign *s = &p->v[i];

		if (s->danger == D_ATTACK && s->medium && p->rules == 1 && p->asset <= 1 && !s->guessing && !s->indicator && !s->model)
			s->danger = D_LOW;
		p->any[s->danger] = true;
	}
	p->second = has_second(p);
	p->contained = is_contained(p);
	p->chain = chain_length(p->v, p->n);
}

/* Something of low danger that got through on a machine that matters. */
static bool
low_on_valuable(const struct picture *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->v[i].danger == D_LOW && p->v[i].asset >= 3 && !(p->v[i].guessing && p->v[i].inbound) && p->v[i].blocked != 's')
			return true;
	return false;
}

struct line {
	const char *id, *severity, *ja, *en;
};

static const struct line *
pick(const struct picture *p)
{
	static const struct line E2 = { "E2", "emergency", "それだけで被害となる操作が行われた", "an act that is damage by itself took place" },
		E1 = { "E1", "emergency", "攻撃があり、対象で成功の印を別の検知が確かめた", "an attack, and a second detection shows its success on the target" },
		E3 = { "E3", "emergency", "データが外へ出て、その利用者の不正使用もあった", "data left, and the account was misused" },
		C3 = { "C3", "critical", "成功の印があるが、裏付けは一つの記録だけ", "a sign of success, from one source only" },
		C1 = { "C1", "critical", "有効な攻撃が遮断されず、成功の証拠はまだない", "a valid attack that was not blocked; no proof of success yet" },
		C2 = { "C2", "critical", "一部は遮断されたが、その前に実行が始まった", "something was blocked, but only after execution had begun" },
		C4 = { "C4", "critical", "危険は小さいが、重要な資産で通過した", "low danger, but it passed on an asset that matters" },
		W0 = { "W0", "warning", "届いた後、実行される前に端末で止められた", "delivered, then stopped on the machine before it ran" },
		W1 = { "W1", "warning", "有効だが危険は小さい", "valid, low danger" },
		A1 = { "A1", "informational", "許可された発信元による", "done by an authorised source" },
		I1 = { "I1", "informational", "すべて遮断された", "everything was blocked" },
		I2 = { "I2", "informational", "対象に弱点がない", "the target is not vulnerable" },
		I3 = { "I3", "informational", "有効だが危険はない", "valid, no danger" };

	if (p->all_authorised)
		return &A1;
	if (p->any[D_DAMAGE])
		return &E2;
	if (p->any[D_SUCCESS] && p->second)
		return &E1;
	if (p->out_and_misuse)
		return &E3;
	if (p->any[D_SUCCESS])
		return &C3;
	if (p->contained)
		return &W0;
	if (p->any[D_ATTACK])
		return p->some_blocked ? &C2 : &C1;
	if (low_on_valuable(p))
		return &C4;
	if (p->any[D_LOW])
		return &W1;
	return p->all_blocked ? &I1 : p->not_vulnerable ? &I2 : &I3;
}

static void
reason(json_t *list, const char *id, bool held, const char *ja, const char *en)
{
	json_array_append_new(list, json_pack("{s:s, s:b, s:o}", "id", id, "held", held, "text", texts(ja, en)));
}

static json_t *
reasons_of(const struct picture *p, const struct line *l)
{
	json_t *a = json_array();
	char ja[160], en[160];

	reason(a, "line", true, l->ja, l->en);
	if (p->all_authorised) {
		reason(a, "authorised", false, "すべて許可された発信元から", "all of it came from an authorised source");
		return a;
	}
	reason(a, "damage", p->any[D_DAMAGE], p->any[D_DAMAGE] ? "被害を確認" : "被害は確認していない",
	       p->any[D_DAMAGE] ? "damage is confirmed" : "no damage confirmed");
	reason(a, "success", p->any[D_SUCCESS] || p->any[D_DAMAGE],
	       p->any[D_SUCCESS] ? "対象で成功の印がある" : "成功の印はない",
	       p->any[D_SUCCESS] ? "there is a sign of success on the target" : "no sign of success");
	if (p->any[D_SUCCESS])
		reason(a, "second_source", p->second, p->second ? "別の検知が裏付ける" : "裏付ける別の検知がない",
		       p->second ? "another detection supports it" : "no other detection supports it");
	snprintf(ja, sizeof ja, "遮断 %lld 件、通過または不明 %lld 件", (long long)p->blocked, (long long)p->passed);
	snprintf(en, sizeof en, "%lld blocked, %lld passed or not known", (long long)p->blocked, (long long)p->passed);
	reason(a, "passed", p->passed != 0, ja, en);
	if (p->not_vulnerable)
		reason(a, "target", false, "対象に弱点がないと登録されている", "the target is registered as not vulnerable");
	if (p->asset != 0) {
		int n = text_clip(p->asset_name, 80);

		snprintf(ja, sizeof ja, "資産 %.*s の重要度は %d（0–3）", n, p->asset_name, p->asset);
		snprintf(en, sizeof en, "asset %.*s has importance %d (0 to 3)", n, p->asset_name, p->asset);
		reason(a, "asset", p->asset >= 2, ja, en);
	}
	if (p->confidence != 0) {
		snprintf(ja, sizeof ja, "脅威情報の確度 %d", p->confidence);
		snprintf(en, sizeof en, "threat intelligence with confidence %d", p->confidence);
		reason(a, "intel", p->confidence >= 70, ja, en);
	}
	return a;
}

static json_t *
answers_of(const struct line *l, const struct picture *p)
{
	bool emergency = l->severity[0] == 'e', critical = l->severity[0] == 'c', warning = l->severity[0] == 'w';

	return json_pack("{s:s, s:s, s:s, s:s}", "real", "yes", "success", emergency ? "yes" : "no", "possible",
	                 emergency || critical ? "yes" : p->all_blocked ? "blocked" : "unlikely", "check",
	                 emergency || critical || warning ? "yes" : "no");
}

static int
by_time(const void *a, const void *b)
{
	int64_t x = ((const struct sign *)a)->at, y = ((const struct sign *)b)->at;

	return x < y ? -1 : x > y;
}

void
propose(const json_t *detections, struct proposal *ret)
{
	struct picture p = { .n = json_array_size(detections) };
	const struct line *l;
	const struct severity_word *w;
	int score;

	p.v = x_calloc(p.n + 1, sizeof *p.v);
	for (size_t i = 0; i < p.n; i++)
		p.v[i] = read_sign(json_array_get(detections, i));
	qsort(p.v, p.n, sizeof *p.v, by_time);
	look(&p);
	l = pick(&p);
	w = severity_find(l->severity);
	/* the score orders within a severity: company, length of the chain, importance */
	score = w->rank * 25 + (int)(p.rules > 5 ? 10 : p.rules * 2) + p.asset * 2;
	if (p.chain >= 3 && p.datasets >= 2)
		score += 5;
	*ret = (struct proposal){ .severity = l->severity, .line = l->id, .score = score > 100 ? 100 : score,
		                  .blocked = p.blocked, .passed = p.passed };
	ret->doc = json_pack("{s:o, s:o, s:o, s:o}", "reasons", reasons_of(&p, l), "answers", answers_of(l, &p), "definition",
	                     texts(w->definition_ja, w->definition_en), "tactics", json_array());
	for (unsigned t = 0; t < sizeof tactics / sizeof *tactics; t++)
		for (size_t i = 0; i < p.n; i++)
			if (p.v[i].tactics >> t & 1) {
				json_array_append_new(json_object_get(ret->doc, "tactics"), json_string(tactics[t]));
				break;
			}
	free(p.v);
}

/* ---- category and title ---- */

static int
category_votes(const json_t *d, const char **ret)
{
	static const struct {
		const char *tag, *category;
		int weight;
	} rows[] = {
		{ "attack.t1486", "ransomware", 100 }, { "attack.t1490", "ransomware", 95 }, { "attack.exfiltration", "exfiltration", 90 },
		{ "attack.command_and_control", "command_control", 70 }, { "attack.t1003", "credential_theft", 85 },
		{ "attack.t1558", "credential_theft", 84 }, { "attack.t1110", "brute_force", 40 }, { "attack.t1078", "account_misuse", 60 },
		{ "attack.lateral_movement", "lateral", 80 }, { "attack.t1190", "web_attack", 55 }, { "attack.t1070", "log_tampering", 65 },
		{ "attack.t1562", "log_tampering", 64 }, { "attack.credential_access", "credential_theft", 50 },
		{ "attack.persistence", "persistence", 45 }, { "attack.privilege_escalation", "privilege", 44 },
		{ "attack.impact", "ransomware", 75 }, { "attack.execution", "malware", 43 }, { "attack.initial_access", "web_attack", 35 },
		{ "attack.reconnaissance", "scan", 20 }, { "attack.discovery", "scan", 15 }, { "attack.t1046", "scan", 21 },
	};
	const json_t *v, *rule = json_object_get(d, "rule");
	int best = 0;
	size_t i;

	json_array_foreach(json_object_get(rule, "tags"), i, v)
		for (size_t k = 0; k < sizeof rows / sizeof *rows && json_is_string(v); k++)
			if (strncmp(json_string_value(v), rows[k].tag, strlen(rows[k].tag)) == 0 && rows[k].weight > best) {
				best = rows[k].weight;
				*ret = rows[k].category;
			}
	if (best == 0 && strcmp(str(d, "kind"), "indicator") == 0) {
		*ret = "indicator";
		best = 30;
	}
	return best;
}

const char *
propose_category(const json_t *detections)
{
	const char *best = "other", *one = "other";
	int votes = 0;
	const json_t *d;
	size_t i;

	json_array_foreach(detections, i, d) {
		struct sign s = read_sign(d);
		int v = category_votes(d, &one) + (s.danger == D_NONE ? 0 : 200 * (int)(s.danger >= D_ATTACK) + 1);

		if (v > votes) {
			votes = v;
			best = one;
		}
	}
	return best;
}

/* The entity a person would name first: an own machine, then a user, then anything. */
static const char *
named_entity(const json_t *detections)
{
	const char *best = NULL;
	int rank = 0;
	const json_t *d, *e;
	size_t i, k;

	json_array_foreach(detections, i, d) {
		const char *asset = str(json_object_get(d, "evidence"), "asset");

		if (asset[0] != '\0' && rank < 6) {
			best = asset;
			rank = 6;
		}
		json_array_foreach(json_object_get(d, "entities"), k, e) {
			const char *kind = str(e, "kind");
			int r = strcmp(kind, "host") == 0 ? 5 : strcmp(kind, "user") == 0 ? 4 : json_is_true(json_object_get(e, "internal")) ? 3 : 1;

			if (r > rank && str(e, "value")[0] != '\0') {
				best = str(e, "value");
				rank = r;
			}
		}
	}
	return best;
}

void
propose_title(const json_t *detections, const char *category, char **ret_ja, char **ret_en)
{
	const char *name = NULL, *name_ja = NULL, *who = named_entity(detections);
	enum danger worst = D_NONE;
	const json_t *d;
	size_t i;

	json_array_foreach(detections, i, d) {
		struct sign s = read_sign(d);

		if (name == NULL || s.danger > worst) {
			name = str(json_object_get(d, "rule"), "name");
			name_ja = json_string_value(json_object_get(json_object_get(d, "rule"), "name_ja"));
			worst = s.danger;
		}
	}
	if (name == NULL || name[0] == '\0')
		name = category_find(category)->en;
	if (name_ja == NULL)
		name_ja = category_find(category)->ja;
	auto_free char *clean = clean_text(who != NULL ? who : "", 80);

	for (char *at = clean; *at != '\0'; at++)
		if (*at == '\n')
			*at = ' ';
	*ret_en = who != NULL ? x_asprintf("%.*s: %.*s", text_clip(name, 140), name, text_clip(clean, 80), clean)
	                      : x_asprintf("%.*s", text_clip(name, 160), name);
	*ret_ja = who != NULL ? x_asprintf("%.*s（%.*s）", text_clip(name_ja, 140), name_ja, text_clip(clean, 80), clean)
	                      : x_asprintf("%.*s", text_clip(name_ja, 160), name_ja);
}
