/* SPDX-License-Identifier: Apache-2.0
 *
 * Event: a line understood.  Floor 2.
 *
 * Slots.  A field is an integer: ids below FIELD_COUNT are the rows of tbl/fields.tbl, ids from there
 * up to EVENT_SLOTS are names that a generation of rules asked for (winlog.event_data.GrantedAccess)
 * and that `fieldset` numbered at compile time.  A key nobody asked for goes to `extra` and stays
 * searchable.  Reading a slot is one bit test and one index, no search; that is why the slots are
 * dense here and not packed by rank: the array is reused for the next line, only the bitmap is cleared.
 *
 * Life.  One event per worker: event_reset() → source and enrich set slots (open) → event_seal() →
 * sigma, intel, habit, the column builder and the JSON view only read.  Values are slices into the
 * line, the batch arena or the generation; the event owns nothing.
 *
 * Several values in one slot (dns.answers.data) are a chain: `next` leads to the second and so on.
 * A number keeps its text too, so nothing is reprinted: `i`/`f` hold the number when kind says so.
 * A type conflict never drops a line: the text is kept with kind VALUE_TEXT and `conflicts` counts it.
 */
#ifndef NZ_EVENT_EVENT_H
#define NZ_EVENT_EVENT_H

#include "base/arena.h"
#include "base/bitset.h"
#include "base/buf.h"
#include "base/slice.h"

enum field {
#define FIELD(id, name, type, warmth, doc) F_##id,
#include "tbl/fields.tbl"
#undef FIELD
	FIELD_COUNT
};

enum field_type { FT_KEYWORD, FT_TEXT, FT_IP, FT_LONG, FT_DOUBLE, FT_BOOL, FT_TIME };
enum field_warmth { FW_HOT, FW_COLD };

struct field_info {
	const char *name;
	enum field_type type;
	enum field_warmth warmth;
	const char *doc;
};

extern const struct field_info field_table[FIELD_COUNT];

#define EVENT_SLOTS 1024
#define EVENT_WORDS (EVENT_SLOTS / 64)
#define FIELD_NONE (-1)

enum value_kind { VALUE_TEXT, VALUE_LONG, VALUE_DOUBLE, VALUE_BOOL, VALUE_TIME, VALUE_NULL };

struct value {
	const char *p;        /* text, always present except for VALUE_NULL and VALUE_TIME */
	uint32_t n;
	uint8_t kind;
	uint8_t pad[3];
	union {
		int64_t i;    /* VALUE_LONG, VALUE_BOOL (0 or 1), VALUE_TIME (ns UTC) */
		double f;     /* VALUE_DOUBLE */
	};
	struct value *next;   /* further values of the same field */
};

struct extra {
	struct slice key;     /* dotted name */
	struct value value;
};

#define EVENT_EXTRA_MAX 4096  /* further keys only count in `extra_lost` and stay in the line */

struct event {
	uint64_t has[EVENT_WORDS];
	struct slice line;        /* the bytes as they came */
	int64_t received_ns;      /* by the collector */
	struct extra *extra;
	uint32_t extra_n, extra_cap, extra_lost, conflicts;
	bool sealed;
	struct arena *arena;      /* of the batch: for decoded values, chains and extras */
	const struct fieldset *fields;
	struct value slot[EVENT_SLOTS];
};

/* ---- names ---- */

/* Which names have a slot.  Part of a generation: built once, then only read. */
struct fieldset;

struct fieldset *fieldset_new(void);                /* holds the FIELD_COUNT static names */
void fieldset_free(struct fieldset *fs);
/* The slot of name, made when absent; FIELD_NONE when all EVENT_SLOTS are taken. */
int fieldset_add(struct fieldset *fs, struct slice name);
/* Another name that leads to the same slot (Image for winlog.event_data.Image). 0, E_EXISTS, E_FULL. */
int fieldset_alias(struct fieldset *fs, struct slice name, int id);
int fieldset_find(const struct fieldset *fs, struct slice name); /* exact; FIELD_NONE when absent */
int fieldset_count(const struct fieldset *fs);
struct slice fieldset_name(const struct fieldset *fs, int id);
int field_find(struct slice name);                  /* static names only */

/* ---- building ---- */

void event_init(struct event *e, const struct fieldset *fs, struct arena *a);
/* Ready for the next line. The arena is the caller's to reset, once a batch. */
void event_reset(struct event *e, struct slice line, int64_t received_ns);
void event_seal(struct event *e);

static inline bool
event_has(const struct event *e, int id)
{
	return bit_test(e->has, (size_t)id);
}

/* The first value of a field, or NULL. */
static inline const struct value *
event_get(const struct event *e, int id)
{
	return event_has(e, id) ? &e->slot[id] : NULL;
}

/* Text of a field's first value; empty with p == NULL when absent. */
static inline struct slice
event_text(const struct event *e, int id)
{
	return event_has(e, id) ? (struct slice){ e->slot[id].p, e->slot[id].n } : (struct slice){ NULL, 0 };
}

/* Replaces the field by this one text. No copy: v must live as long as the batch arena. */
static inline void
event_set(struct event *e, int id, struct slice v)
{
	e->slot[id] = (struct value){ .p = v.p, .n = (uint32_t)v.n, .kind = VALUE_TEXT };
	bit_set(e->has, (size_t)id);
}

static inline void
event_unset(struct event *e, int id)
{
	bit_clear(e->has, (size_t)id);
}

/* Sets text and number at once: long fields are parsed here, a conflict keeps the text. */
void event_set_typed(struct event *e, int id, struct slice v);
void event_set_long(struct event *e, int id, int64_t v);      /* makes the text in the arena */
void event_set_bool(struct event *e, int id, bool v);
void event_set_time(struct event *e, int id, int64_t ns);
void event_add(struct event *e, int id, struct slice v);      /* appends one more value */
/* By name: a slot when the fieldset has it, `extra` otherwise. */
void event_set_named(struct event *e, struct slice name, struct slice v);
void event_add_named(struct event *e, struct slice name, struct slice v);
/* A new extra that was not looked up: the caller knows that name has no slot and is not there yet. The value
 * is empty text to be filled in; NULL when there is no room. It moves with the next extra: do not keep it. */
struct value *event_extra_new(struct event *e, struct slice name);
/* The value under a name in slots or extra; NULL when absent. */
const struct value *event_find(const struct event *e, struct slice name);

/* Number of a value whatever its kind: true when the whole text is a number. */
bool value_number(const struct value *v, double *ret);

/* One flat JSON object of dotted names, sorted by field id, then extras in order; no newline.
 * Several values become an array; times are RFC 3339; invalid UTF-8 is repaired. */
void event_to_json(const struct event *e, struct buf *out);

#endif
