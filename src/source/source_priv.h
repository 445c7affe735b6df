/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of source/: what a YAML file becomes.
 *
 *   source   name, header rules, forms, common steps
 *   form     probes, codec, key → actions, steps
 *   action   value → conversion → target field(s)
 *   block    list of ops (set, copy, match, switch …) run over the open event
 *
 * All of it lives in the set's arena.  Names of targets are interned (same name, same pointer).  A target
 * that nobody reads by slot becomes an `extra` of the event, so slots stay for what rules and steps look at.
 */
#ifndef NZ_SOURCE_SOURCE_PRIV_H
#define NZ_SOURCE_SOURCE_PRIV_H

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "codec/csv.h"
#include "codec/ip.h"
#include "codec/json.h"
#include "codec/kv.h"
#include "codec/pattern.h"
#include "codec/syslog.h"
#include "codec/timefmt.h"
#include "codec/url.h"
#include "codec/xml.h"
#include "codec/yaml.h"
#include "event/fieldset.h"
#include "source/source.h"

#define COLUMNS_MAX 160
#define LEARNED_MAX 8192    /* keys a worker remembers per form; further ones are looked up each time */
#define OVERFLOW_SLOTS 16384 /* more than twice the keys of one event */

struct target {
	struct slice name;     /* interned */
	int16_t slot;          /* FIELD_NONE = extra */
	uint8_t type;          /* enum field_type */
	bool add;
	bool if_absent;
};

/* value → index, keys from our own files. */
struct vmap {
	struct slice *key;
	struct slice *value;   /* or NULL */
	uint32_t mask;
	struct vmap_slot {
		uint32_t hash;
		int32_t index; /* -1 = free */
	} *slot;
	size_t n;
};

enum conv {
	CV_TEXT, CV_LOWER, CV_UPPER, CV_ADDRESS, CV_USER, CV_URL, CV_PATH, CV_PROGRAM, CV_HASHES, CV_REGISTRY,
	CV_TIME, CV_ZONE, CV_SECONDS, CV_MILLI, CV_MICRO, CV_CLOCK, CV_HEX, CV_LIST, CV_IPS, CV_COUNT
};

#define SUBS_MAX 10

struct action {
	uint8_t conv;
	uint8_t format;        /* CV_TIME: enum timefmt */
	bool map_keep;         /* value not in the map: keep it (else drop) */
	char sep;              /* CV_LIST */
	bool last_word;        /* CV_LIST, CV_IPS: of "type:  5 name" only the name */
	bool utc;              /* CV_TIME: a time without a zone is UTC whatever the device's zone */
	struct target to;
	struct target *sub;    /* compound conversions, in the order of their table */
	const struct vmap *map;
	struct slice otherwise; /* value when the map has none; p == NULL = map_keep decides */
	struct slice strip;    /* bytes cut from both ends */
};

struct actions {
	struct action *v;
	uint16_t n;
};

struct block;

enum test_kind { T_ANY_OF, T_PRESENT, T_STARTS, T_ENDS, T_HAS, T_ABOVE };

struct test {
	uint8_t kind;
	bool negate;
	int16_t slot;
	const struct vmap *set;  /* T_ANY_OF */
	struct slice text;       /* T_STARTS, T_ENDS, T_HAS */
	int64_t number;          /* T_ABOVE */
};

struct pat {
	struct pattern *p;
	struct slice prefix;
	struct actions *caps;    /* one per capture */
	struct block *then;      /* may be NULL */
	unsigned line;
};

struct patterns {
	struct pat *v;
	size_t n;
	uint16_t *bucket[256];   /* indexes into v that may match a text beginning with this byte, 0xffff ends */
};

enum op_kind {
	OP_SET, OP_UNSET, OP_FIELDS, OP_JOIN, OP_SUM, OP_MATCH, OP_BLOCK, OP_SWITCH, OP_UNPARSED, OP_COMMAND
};

struct op {
	uint8_t kind;
	int16_t slot;            /* SET, UNSET, FIELDS (from), MATCH (of), SWITCH (on) */
	bool add;
	struct target to;        /* SET, SUM */
	struct value value;      /* SET */
	struct actions acts;     /* FIELDS, JOIN */
	int16_t *slots;          /* JOIN, SUM */
	struct slice *slots_text; /* JOIN: literal parts where slots is FIELD_NONE */
	uint16_t slots_n;
	struct slice with;       /* JOIN */
	struct patterns *patterns;
	const struct vmap *cases;
	struct block **blocks;   /* SWITCH: per case; BLOCK: blocks[0] */
	struct block *otherwise;
	unsigned line;
};

struct block {
	struct test *tests;
	uint16_t tests_n;
	struct op *ops;
	uint16_t ops_n;
	unsigned id, line;       /* for the coverage of corpora */
};

struct probe {
	uint16_t source, form;
	struct slice starts, has, has2, program;
	int16_t shape_n;
	struct slice shape;      /* 9 = digit, a = letter, else itself */
};

enum codec { CODEC_KV, CODEC_CSV, CODEC_JSON, CODEC_XML, CODEC_PATTERN, CODEC_COUNT };

struct column_set {
	struct slice value;      /* of the selecting column; p == NULL = default */
	uint16_t n;
	struct slice name[COLUMNS_MAX];
};

struct form {
	struct slice name;
	uint16_t source, index;
	uint8_t codec;
	char sep;
	bool quotes, keep_native, no_header;
	struct slice native;     /* prefix with the dot; p == NULL = keys without mapping are dropped */
	bool native_as_is;       /* prefix is empty: keys are event names already */
	struct slice strip_prefix; /* text before the payload that is no header */
	struct slice *rename_from, *rename_to; /* beginnings of keys: EventData. → winlog.event_data. */
	uint16_t renames, empty_max;
	uint64_t empty_first[4]; /* bytes that a meaningless value may begin with */
	int select;              /* CSV: column that chooses the column set, -1 */
	struct column_set *columns;
	uint16_t columns_n;
	struct vmap *keys;       /* native key → index in acts */
	struct actions *acts;
	struct vmap *empty;      /* values that mean nothing */
	struct patterns *patterns;
	struct block *steps;
	unsigned line;
};

struct source {
	struct source_info info;
	struct form *form;
	uint16_t forms;
	struct actions header[8]; /* enum head_part */
	struct block *steps;
	struct block **logsource_if;
	uint16_t *logsource;
	uint16_t logsources;
};

enum head_part { HEAD_HOST, HEAD_PROGRAM, HEAD_PID, HEAD_TIME, HEAD_MSGID, HEAD_BODY, HEAD_COUNT };

struct source_set {
	struct arena arena;
	struct fieldset *fs;
	struct source *source;
	int sources;
	struct map by_name;
	struct map names;        /* interned names */
	VEC(struct target *) targets;
	VEC(struct probe) probes;
	VEC(struct source_logsource) logsources;
	uint16_t *first[256];    /* probe indexes by first byte of the body, 0xffff ends */
	struct map programs;     /* program → 1 + first probe index; the rest follow in probes order */
	uint64_t scratch[EVENT_WORDS]; /* slots of names that begin with '_' */
	unsigned blocks;         /* block ids given out */
	VEC(struct block_place { unsigned line; int source; }) block_lines;
};

/* ---- compile ---- */

struct compiler {
	struct source_set *set;
	const char *file;
	struct whys *ws;
	struct source *src;
};

struct why *source_fault(struct compiler *c, const struct ynode *n, const char *id);
struct why *source_key_fault(struct compiler *c, const struct ynode *n, const char *id);
bool source_check_keys(struct compiler *c, const struct ynode *map, const char *const *good, size_t n);
struct slice source_intern(struct source_set *set, struct slice name);
int source_slot(struct compiler *c, const struct ynode *at, struct slice name);
struct target source_target(struct compiler *c, struct slice name);
void source_note_target(struct compiler *c, struct target *t);
struct vmap *vmap_new(struct arena *a, size_t n);
bool vmap_put(struct vmap *m, struct slice key, struct slice value, int32_t *ret_index); /* false: was there */
int32_t vmap_find(const struct vmap *m, struct slice key);
struct slice source_scalar(struct compiler *c, const struct ynode *n, const char *what);
struct actions compile_actions(struct compiler *c, const struct ynode *n);
struct block *compile_block(struct compiler *c, const struct ynode *n);
struct block *compile_steps(struct compiler *c, const struct ynode *list);
struct patterns *compile_patterns(struct compiler *c, const struct ynode *list);
int compile_source(struct compiler *c, const struct ynode *root, struct source *src);

/* ---- run ---- */

struct wkey {
	char begin[16];          /* of the key, zero-padded: compared in one step */
	struct slice key;        /* as the device writes it */
	int16_t plain_slot;      /* one text or number into one slot and nothing else; else FIELD_NONE */
	bool plain_long;
	struct actions acts;
	struct target native;    /* name.p == NULL: not kept */
	uint32_t next;           /* index of the key that followed last time */
	uint32_t seen;           /* event number */
	bool has_native;
};

struct wform {
	const struct form *form;
	struct map index;        /* key → index in keys */
	VEC(struct wkey) keys;
	uint32_t first;          /* guess for the first key */
	uint32_t *column[32];    /* CSV: wkey per column of a column set, made at first use */
};

struct source_worker {
	const struct source_set *set;
	struct wform *form;      /* all forms of all sources */
	uint32_t *form_base;     /* per source */
	struct source_counts *counts; /* per source, one more for unknown */
	struct json_reader *json;
	uint16_t routes[64];
	int routes_n;
	uint32_t event_no;
	struct slice cells[COLUMNS_MAX];
	uint64_t *covered;       /* block ids that ran; NULL = do not note */
	struct arena forever;    /* learned names */
	struct wkey spare;       /* for keys past LEARNED_MAX */
	struct overflow {        /* those keys of the running event, to tell repeated ones */
		uint32_t event;
		uint64_t hash;
		struct slice name; /* in the event's arena */
	} *overflow;             /* OVERFLOW_SLOTS */
	/* of the line under work */
	struct event *e;
	struct wform *wf;
	struct source *src;
	const struct zone *zone;
	char zone_name[40];      /* of the last zone a line named, so that it is looked up once */
	size_t zone_name_n;
	const struct zone *zone_named;
	struct last_time {       /* that a line bore; n == 0: none yet */
		char text[40];
		size_t n;
		enum timefmt format;
		const struct zone *zone;
		int64_t ns;
	} last_time;
	int64_t received_ns;
	struct syslog head;
	bool failed;
};

void source_put(struct source_worker *w, const struct target *t, struct slice v);
struct slice source_long_text(struct source_worker *w, int64_t v);
void source_put_value(struct source_worker *w, const struct target *t, const struct value *from);
const struct zone *source_zone(struct source_worker *w, struct slice name);
void source_act(struct source_worker *w, const struct action *a, struct slice v);
void source_run(struct source_worker *w, const struct block *b);
bool source_holds(const struct event *e, const struct block *b);
bool source_match(struct source_worker *w, const struct patterns *ps, struct slice text);
void source_learn_mapped(struct source_worker *w, struct wform *wf);
bool source_decode(struct source_worker *w, struct slice body);

/* The number that p is when it is at most 18 digits; whatever else may be a number is slice_i64's. */
static inline bool
source_digits(const char *p, uint32_t n, int64_t *ret)
{
	int64_t v = 0;

	if (n - 1 > 17)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		unsigned d = (unsigned char)p[i] - (unsigned)'0';

		if (d > 9)
			return false;
		v = v * 10 + d;
	}
	*ret = v;
	return true;
}

static inline void
source_acts(struct source_worker *w, const struct actions *as, struct slice v)
{
	for (uint16_t i = 0; i < as->n; i++)
		source_act(w, &as->v[i], v);
}

#endif
