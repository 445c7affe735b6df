/* SPDX-License-Identifier: Apache-2.0
 *
 * The image's form.  Little-endian, 8-aligned sections, offsets from the start of the file.
 *
 *     head     this struct
 *     filter   blocked Bloom filter (Putze, Sanders, Singler 2007) of one cache line a value: three bits in each of two
 *              of its eight words, 16 bits a key: about 0.3 % of misses go on to the table.  The line of address:port
 *              is the line of the address, so both questions cost one line
 *     buckets  u32[count + 1]: first slot of each bucket; a bucket is the hash's top bits
 *     slots    {u32 low half of the hash, u32 offset in records}, in bucket order
 *     records  per value: u8 type and flags, LEB128 length of key, LEB128 meta, key; in slot order
 *     metas    struct image_meta: which lists, combined confidence, expiry; interned
 *     listrefs u32: numbers of lists, named by metas
 *     lists    struct image_list; names in `names`
 *     ranges   {16 bytes first address, u32 record or RANGE_NONE}: disjoint, sorted, each up to the next
 *     map16    one bit per IPv4 /16 that a range touches: the quick no
 *     rank16   u32[1024]: how many bits are set before each 64 of them
 *     nets16   per bit set: {u32, u32} which ranges begin inside this /16; the one before them may reach into it
 *
 * A name's hash is made label by label from the right, so all suffixes of a name are hashed in one pass; the
 * hash of address:port is made from that of the address.
 *
 * The hash's keys are random per image, so nobody can make lists whose values collide.
 */
#ifndef NZ_INTEL_IMAGE_PRIV_H
#define NZ_INTEL_IMAGE_PRIV_H

#include "base/hash.h"
#include "codec/ip.h"
#include "intel/intel.h"

#define IMAGE_MAGIC 0x314c45544e495a4eULL /* "NZINTEL1" */
#define IMAGE_VERSION 2u
#define RANGE_NONE UINT32_MAX
#define REC_TYPE 0x07u
#define REC_ALLOW 0x80u
#define FILTER_BITS_PER_KEY 16u
#define FILTER_WORDS 8 /* of a line */

enum section {
	S_FILTER, S_BUCKETS, S_SLOTS, S_RECORDS, S_METAS, S_LISTREFS, S_LISTS, S_NAMES, S_RANGES, S_MAP16, S_RANK16, S_NETS16,
	S_COUNT
};

struct image_head {
	uint64_t magic;
	uint32_t version, head_len;
	uint64_t k0, k1;
	uint64_t size;        /* of the whole image */
	uint64_t sum;         /* image_sum */
	int64_t built_ns;
	uint8_t id[16];
	uint64_t entries, allowed;
	uint64_t type[INTEL_TYPES];
	struct { uint64_t off, len; } s[S_COUNT];
};

struct image_slot {
	uint32_t low, record;
};

struct image_meta {
	int64_t expires_ns;
	uint32_t first, count;  /* in listrefs; the most trusted first */
	uint32_t confidence, reserved;
};

struct image_list {
	uint64_t entries;
	uint32_t name, name_len;
	uint32_t confidence, reserved;
};

struct image_range {
	uint8_t first[16];
	uint32_t record;
};

/* Over head and body; the head's own field counts as zero. `image` begins with the head. */
static inline uint64_t
image_sum(const char *image, size_t size)
{
	struct image_head h;

	memcpy(&h, image, sizeof h);
	h.sum = 0;
	return hash_fast(hash_fast(1, 2, &h, sizeof h), 3, image + sizeof h, size - sizeof h);
}

struct image_nets16 {
	uint32_t from, to; /* ranges[from] to ranges[to - 1] begin in it */
};

/* ---- hashes ---- */

#define HASH_PORT 0x9fb21c651e98df25ULL
#define HASH_NAME 0xd6e8feb86659fd93ULL

static inline uint64_t
hash_with_port(uint64_t address, uint64_t k1, unsigned port)
{
	return hash_fold(address ^ k1, HASH_PORT ^ port);
}

#define NAME_MAX_ 253        /* bytes of a domain name */
#define SUFFIXES_MAX 8       /* labels counted from the right that are probed, beside the whole name */
#define NAME_ROOM 32         /* bytes behind a name that may be read, whatever they hold */

/* A name's suffixes from the shortest of two labels (one label alone is never an indicator, unless it is the whole
 * name) to the whole name. */
struct name_hashes {
	unsigned count;
	uint16_t from[SUFFIXES_MAX + 1];
	uint64_t hash[SUFFIXES_MAX + 1];
};

/* In name.c. name is at most NAME_MAX_ long, in lower case, and NAME_ROOM readable bytes follow it. */
void name_hashes(uint64_t k0, uint64_t k1, const char *name, size_t n, struct name_hashes *ret);

/* Of a key as value.c makes it; behind a domain NAME_ROOM readable bytes follow. */
static inline uint64_t
image_hash(uint64_t k0, uint64_t k1, enum intel_type type, const char *key, size_t n)
{
	struct name_hashes names;

	if (type == INTEL_IP_PORT)
		return hash_with_port(hash_fast(k0, k1, key, n - 2), k1,
		                      (unsigned)(unsigned char)key[n - 2] << 8 | (unsigned char)key[n - 1]);
	if (type == INTEL_DOMAIN) {
		name_hashes(k0, k1, key, n, &names);
		return names.hash[names.count - 1];
	}
	return hash_fast(k0 + (uint64_t)type * 0x9e3779b97f4a7c15ULL, k1, key, n);
}

/* ---- the filter: a line by the high half of `line`, bits in it by the low 40 of `hash` ---- */

static inline uint64_t
filter_line(uint64_t line, uint64_t lines)
{
	return (line >> 32) * lines >> 32;
}

struct filter_bits {
	unsigned word[2];
	uint64_t mask[2];
};

static inline struct filter_bits
filter_bits(uint64_t h)
{
	struct filter_bits b;

	b.word[0] = (unsigned)h & 3;
	b.word[1] = 4 + ((unsigned)(h >> 2) & 3);
	b.mask[0] = 1ull << (h >> 4 & 63) | 1ull << (h >> 10 & 63) | 1ull << (h >> 16 & 63);
	b.mask[1] = 1ull << (h >> 22 & 63) | 1ull << (h >> 28 & 63) | 1ull << (h >> 34 & 63);
	return b;
}

/* ---- values, in value.c ---- */

struct intel_key {
	enum intel_type type;
	unsigned n;
	unsigned bits;               /* of a CIDR, in the 128-bit form */
	char b[INTEL_VALUE_MAX + NAME_ROOM];
};

/* A value as a person writes it → key. 0, E_SYNTAX or E_RANGE with a reason. */
int key_of_text(struct slice text, struct intel_key *ret, const char **ret_reason);
void key_of_ip(const struct ip *ip, struct intel_key *ret);
void key_add_port(struct intel_key *k, unsigned port);
/* Lower case, no dot at the end; false when it is no name. labels: at least this many. In name.c. */
bool key_of_domain(struct slice text, unsigned labels, struct intel_key *ret);
bool key_of_hash(struct slice text, struct intel_key *ret);
/* Canonical host[:port][/path][?query], or /path[?query]. */
bool key_of_url(struct slice text, struct intel_key *ret);
/* A key's canonical text. */
size_t key_text(enum intel_type type, const char *key, size_t n, char *out, size_t room);

#endif
