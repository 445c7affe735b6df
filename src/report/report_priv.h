/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of report: reading the data set, words, and how numbers, days and spans are written.
 */
#ifndef NZ_REPORT_REPORT_PRIV_H
#define NZ_REPORT_REPORT_PRIV_H

#include "base/arena.h"
#include "base/clock.h"
#include "report/report.h"

struct zone;

enum word {
#define WORD(id, ja, en) W_##id,
#include "tbl/report_words.tbl"
#undef WORD
	WORDS
};

struct rep {
	const json_t *data;
	const json_t *around;    /* what `data` came in; itself when it came alone */
	enum report_lang lang;
	struct arena *a;         /* of this rendering */
	const struct zone *zone;
};

void rep_init(struct rep *r, const json_t *data, enum report_lang lang, struct arena *a);

/* Words. `args` fill the %s of a sentence in their order. */
const char *rep_word(const struct rep *r, enum word w);
const char *rep_sentence(const struct rep *r, enum word w, const char *const *args);
#define SAY(r, w, ...) rep_sentence((r), (w), (const char *const[]){ __VA_ARGS__, NULL })
const char *rep_severity(const struct rep *r, const char *severity);
const char *rep_clock(const struct rep *r, const char *kind);
const char *rep_owner(const struct rep *r, const char *owner);

/* The data set. Paths are dotted; texts are inert; in `text2` the language is chosen. */
const json_t *rep_at(const json_t *o, const char *path);
int64_t rep_num(const json_t *o, const char *path);
bool rep_has(const json_t *o, const char *path);        /* and not null */
const char *rep_text(const struct rep *r, const json_t *o, const char *path);
const char *rep_text2(const struct rep *r, const json_t *o, const char *path);

/* Writing. All in the arena. */
const char *rep_figure(const struct rep *r, int64_t n);      /* 1,234,567 */
const char *rep_day(const struct rep *r, const char *iso);   /* 2026年11月18日（水） · 2026-11-18 (Wed) */
const char *rep_month(const struct rep *r, const char *iso); /* 2026年11月 · 2026-11 */
const char *rep_moment(const struct rep *r, const char *rfc3339); /* 2026/11/18 18:06:40 there; "–" for nothing */
const char *rep_ms(const struct rep *r, const json_t *o, const char *path); /* 9分12秒 · 9 min 12 s; "–" */
const char *rep_s(const struct rep *r, int64_t seconds);
const char *rep_printf(const struct rep *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* What the figures amount to, used by mail and cover alike. */
const char *rep_headline(const struct rep *r);        /* incidents */
const char *rep_volume(const struct rep *r);          /* lines examined */
const char *rep_promises(const struct rep *r);        /* clocks */
const char *rep_devices(const struct rep *r);
const char *rep_ledger(const struct rep *r);
const char *rep_availability(const struct rep *r);
/* Of a report that was published more than once; each NULL when there is nothing to say. Sentences, but the number. */
const char *rep_revision(const struct rep *r);    /* "第 2 版": from the second on */
const char *rep_replaces(const struct rep *r);    /* which one it replaces, and why */
const char *rep_replaced(const struct rep *r);    /* by which one it was replaced, or that it is being corrected, and why */
const char *rep_standing(const struct rep *r);    /* the same in a word or two, for every page */
const char *rep_funnel(const struct rep *r, size_t i, int64_t *ret_n); /* lines … incidents; NULL past the end */
bool rep_is_troubled(const json_t *d);

#endif
