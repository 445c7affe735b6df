/* SPDX-License-Identifier: Apache-2.0
 *
 * Data sets for the tests of reports: a quiet month, and one with as many incidents as one likes, made by the desk itself.
 */
#ifndef NZ_TESTS_REPORT_SCENE_H
#define NZ_TESTS_REPORT_SCENE_H

#include "desk_scene.h"

#include "report/report.h"

static inline void
report_beat(struct scene *s, const char *device, int64_t lines, int64_t dropped)
{
	json_t *beat = json_pack("{s:[{s:s, s:I, s:s, s:{s:I}}]}", "devices", "id", device, "lines", (json_int_t)lines, "source", "fortinet.fortigate", "drops",
	                         "udp", (json_int_t)dropped);

	assert_int_equal(desk_heartbeat(s->d, "aoba", "lcp-1", beat, s->now), 0);
	json_decref(beat);
}

static inline void
report_counts(struct scene *s, int64_t lines, int64_t unparsed)
{
	struct desk_position at = { "aoba", "lcp-1", "00112233445566778899aabbccddeeff", ++s->seq };
	char body[200];

	snprintf(body, sizeof body, "{\"detections\":[],\"counts\":{\"lines\":%lld,\"events\":%lld,\"unparsed\":%lld}}", (long long)lines,
	         (long long)(lines - unparsed), (long long)unparsed);
	assert_int_equal(desk_detections(s->d, &at, slice_str(body), s->now), 0);
}

/* Candidate `i` of aoba on a host of that name; every fifth one is closed, the others decided, one severity after the other. */
static inline void
report_case(struct scene *s, int i, const char *host)
{
	static const char *const severities[] = { "informational", "warning", "critical", "warning", "emergency" };
	json_t *det = json_pack("[{s:o, s:s, s:{s:s, s:s, s:s, s:[]}, s:I, s:I, s:i, s:[{s:s, s:s, s:s, s:b}], s:{s:s}, s:s, s:s, s:s}]", "key",
	                        json_sprintf("case-%d", i), "kind", "rule", "rule", "id", "r", "name", "R", "level", "high", "tags", "at", (json_int_t)(s->now - 40 * SEC),
	                        "first_at", (json_int_t)(s->now - 60 * SEC), "count", 3, "entities", "kind", "host", "value", host, "role", "target", "internal", 1,
	                        "evidence", "blocked", "none", "dataset", "windows.security", "device", "dc01", "line", "x");
	char *text = json_dumps(det, 0), number[16];
	json_t *b;

	scene_detect(s, "aoba", text);
	snprintf(number, sizeof number, "C-%d", i);
	s->now += 95 * SEC + (i % 7) * 31 * SEC;
	if (i % 5 == 0) {
		json_decref(scene_do(s, "miyoshi", "candidate.close", 200, json_pack("{s:s, s:s}", "id", number, "reason", i % 2 == 0 ? "expected" : "false_positive")));
	} else {
		b = scene_do(s, "miyoshi", "candidate.decide", 200, decision(s, number, severities[i % 5]));
		s->now += (7 + i % 11) * SEC;
		json_decref(scene_do(s, "odagiri", "incident.acknowledge", 200, json_pack("{s:s}", "id", jstr(b, "id"))));
		json_decref(b);
	}
	free(text);
	json_decref(det);
}

/* aoba's November 2026 from T0 on with `cases` candidates; what the desk says of it. */
static inline json_t *
report_month(struct scene *s, int cases, const char *host)
{
	json_t *data;

	scene_begin(s);
	report_beat(s, "fw-tokyo-01", 1204311, 0);
	report_beat(s, "dc01", 88000, cases != 0 ? 42 : 0);
	report_counts(s, 1292311, cases != 0 ? 19000 : 12);
	for (int i = 1; i <= cases; i++) {
		char name[200];

		snprintf(name, sizeof name, "%s-%d", host, i);
		report_case(s, i, name);
		scene_tick(s);
		s->now += 900 * SEC;
	}
	data = desk_report_data(s->d, &desk_service, "aoba-2026-11", s->now);
	assert_non_null(data);
	return data;
}

static inline void
report_words(json_t *data)
{
	json_object_set_new(data, "words", json_pack("{s:s, s:s}", "ja", "今月は外部からの試行が中心で、侵入に至ったものはありません。", "en",
	                                             "Mostly attempts from outside this month; none of them got in."));
	json_object_set_new(data, "recommendations", json_pack("[{s:{s:s, s:s}, s:s}]", "text", "ja", "VPN に二要素認証を設定してください。", "en",
	                                                       "Turn on a second factor for the VPN.", "owner", "customer"));
}

#endif
