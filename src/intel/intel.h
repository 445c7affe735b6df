/* SPDX-License-Identifier: Apache-2.0
 *
 * Intel: threat indicators compiled into one immutable image, and events matched against it.
 *
 *     lists (plain, CSV, hosts, TSV; zstd or not) ─▶ intel_read ─▶ builder ─▶ intel_build ─▶ image file
 *     image, sealed ─▶ mmap, every offset checked ─▶ intel_find, intel_match_event
 *
 * An image is relocatable bytes: a blocked Bloom filter in front (one cache line answers nearly every
 * miss), an exact bucketed table behind it, networks as sorted disjoint ranges, and the lists' names,
 * confidences and expiries interned.  About 31 bytes an indicator, shared by every process that maps it.
 * It is made whole, swapped by pointer and never changed: a generation.
 *
 * What matches what: an address or address:port exactly, a network by range, a domain itself and every
 * name below it (the longest suffix wins), a URL by host+path+query, host+path, path prefixes ending in
 * '/', host, or path alone for indicators written as "/path"; a hash exactly.  An allow list (warning
 * list) entry more exact than the indicator, or covering it, suppresses the hit: counted, not told.
 *
 * The builder's lifetime is one import; the image's is a generation; a hit's is its callback.
 */
#ifndef NZ_INTEL_INTEL_H
#define NZ_INTEL_INTEL_H

#include "base/err.h"
#include "base/slice.h"
#include "codec/ip.h"
#include "event/event.h"

enum intel_type {
	INTEL_IP,      /* IPv4 or IPv6 */
	INTEL_IP_PORT,
	INTEL_CIDR,
	INTEL_DOMAIN,
	INTEL_URL,
	INTEL_HASH,    /* MD5, SHA-1, SHA-256 */
	INTEL_TYPES
};

const char *intel_type_name(enum intel_type t); /* "ip" "ip_port" "cidr" "domain" "url" "hash" */

/* ---- building ---- */

struct intel_builder;

/* What a list says about every one of its values, unless the value's own columns say more. */
struct intel_list {
	const char *name;       /* the source's name; the TSV's second column overrides it per value */
	uint8_t confidence;     /* 0 to 100; 0 = 50 */
	int64_t expires_ns;     /* 0 = never */
	bool allow;             /* a warning list: its values suppress */
};

struct intel_tally {
	uint64_t lines, added, repeated, refused, expired;
	uint64_t type[INTEL_TYPES];
};

#define INTEL_LIST_MAX (1ull << 30)  /* bytes of one list, unpacked */
#define INTEL_VALUE_MAX 2048         /* bytes of one value */
#define INTEL_ENTRIES_MAX (64u << 20)

struct intel_builder *intel_builder_new(int64_t now_ns); /* what has expired by then is left out */
void intel_builder_free(struct intel_builder *b);
/* Adds the values of one list.  A bad line is a fault in ws (file:line, reason) and counted in
 * ret_tally->refused; the import goes on.  0, or E_TOOBIG and E_CORRUPT when the text as a whole is
 * useless (then nothing of it was added). A zstd frame is unpacked first. */
int intel_read(struct intel_builder *b, struct slice text, const char *file, const struct intel_list *list,
               struct intel_tally *ret_tally, struct whys *ws);
/* A list packed by zstd → its text, behind out's end. 0, E_CORRUPT or E_TOOBIG. */
int intel_unpack(struct slice packed, struct buf *out);
/* Adds one value as a person writes it. 0, E_EXISTS when it was there (lists are joined), E_SYNTAX or
 * E_RANGE with *ret_reason. */
int intel_add(struct intel_builder *b, struct slice value, const struct intel_list *list,
              const char **ret_reason);
size_t intel_builder_count(const struct intel_builder *b);
/* Writes the image behind out's end. */
void intel_build(struct intel_builder *b, struct buf *out);

/* ---- using ---- */

struct intel_image;

/* Takes what fd holds (stays the caller's; a sealed memory file is mapped and shared, anything else copied, because a
 * file can be cut at any time) or bytes (borrowed, 8-aligned) and checks everything in it once, as from a stranger. 0, or E_CORRUPT, E_UNSUPPORTED, E_IO with *ret_why (a literal, may be NULL). */
int intel_open(int fd, struct intel_image **ret, const char **ret_why);
int intel_open_bytes(struct slice bytes, struct intel_image **ret, const char **ret_why);
void intel_close(struct intel_image *im); /* NULL is fine */

struct intel_info {
	uint64_t entries, bytes, lists, allowed;
	uint64_t type[INTEL_TYPES];
	int64_t built_ns;
	char version[33];   /* hex, unique per build */
};
void intel_info(const struct intel_image *im, struct intel_info *ret);
/* Name and confidence of list i < info.lists, and how many values name it. */
struct slice intel_list_name(const struct intel_image *im, uint64_t i);
unsigned intel_list_confidence(const struct intel_image *im, uint64_t i);
uint64_t intel_list_entries(const struct intel_image *im, uint64_t i);

struct intel_hit {
	enum intel_type type;
	int field;               /* F_… whose value it was; FIELD_NONE from intel_find */
	struct slice value;      /* the event's text */
	struct slice indicator;  /* the indicator in its canonical text; valid as long as the hit */
	struct slice list;       /* the most trusted list that names it; lives in the image */
	unsigned lists;          /* how many name it */
	unsigned confidence;     /* 0 to 100, combined over the lists: 1 - prod(1 - c) */
	int64_t expires_ns;      /* 0 = never */
	bool allowed;            /* an allow list covers it: not a hit for detections */
	char text[INTEL_VALUE_MAX + 64];
};

/* Looks one value up. port only counts for INTEL_IP (0 = none; address:port first, then the address, then
 * networks). True when an indicator was found that has not expired at now_ns, allowed or not. */
bool intel_find(const struct intel_image *im, enum intel_type type, struct slice value, unsigned port,
                int64_t now_ns, struct intel_hit *ret);

typedef void intel_hit_fn(void *ctx, const struct intel_hit *hit);

#define INTEL_FIELDS_MAX 32

/* A sealed event's values on their way through the filter: hashes of its addresses made, the filter's lines asked for. They
 * come from memory, so whoever has other work with the event does it in between. */
struct intel_ahead {
	uint32_t present, probed;  /* rows of the field registry: has a value; is in probe */
	struct intel_probe {
		struct ip ip;
		unsigned port;
		uint64_t alone, with_port;
	} probe[INTEL_FIELDS_MAX];
};

void intel_ask_event(const struct intel_image *im, const struct event *e, struct intel_ahead *ret);
/* Looks up every value of a sealed event that the field registry (tbl/intel_fields.tbl) names; fn gets
 * each hit that no allow list covers. Returns their number. */
unsigned intel_match_asked(const struct intel_image *im, const struct event *e, const struct intel_ahead *asked,
                           int64_t now_ns, intel_hit_fn *fn, void *ctx);
/* Both at once. */
unsigned intel_match_event(const struct intel_image *im, const struct event *e, int64_t now_ns,
                           intel_hit_fn *fn, void *ctx);

#endif
