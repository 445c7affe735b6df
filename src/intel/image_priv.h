/* SPDX-License-Identifier: Apache-2.0
 *
 * The image's form.  Little-endian, 8-aligned sections, offsets from the start of the file.
 *
 *     head     this struct
 *     bloom    split-block Bloom filter (Putze, Sanders, Singler 2007; blocks and salts as in the Parquet
 *              specification), 12 bits a key: about 0.6 % of misses go on to the table
 *     buckets  u32[count + 1]: first slot of each bucket; a bucket is the hash's top bits
 *     slots    {u32 low half of the hash, u32 offset in records}, in bucket order
 *     records  per value: u8 type and flags, LEB128 length of key, LEB128 meta, key; in slot order
 *     metas    struct image_meta: which lists, combined confidence, expiry; interned
 *     listrefs u32: numbers of lists, named by metas
 *     lists    struct image_list; names in `names`
 *     ranges   {16 bytes first address, u32 record or RANGE_NONE}: disjoint, sorted, each up to the next
 *     map16    one bit per IPv4 /16 that a range touches: the quick no
 *
 * The hash's keys are random per image, so nobody can make lists whose values collide.
 */
#ifndef NZ_INTEL_IMAGE_PRIV_H
#define NZ_INTEL_IMAGE_PRIV_H

#include "base/hash.h"
#include "codec/ip.h"
#include "intel/intel.h"

#define IMAGE_MAGIC 0x314c45544e495a4eULL /* "NZINTEL1" */
#define IMAGE_VERSION 1u
#define RANGE_NONE UINT32_MAX
#define REC_TYPE 0x07u
#define REC_ALLOW 0x80u
#define BLOOM_BITS_PER_KEY 12u

enum section { S_BLOOM, S_BUCKETS, S_SLOTS, S_RECORDS, S_METAS, S_LISTREFS, S_LISTS, S_NAMES, S_RANGES, S_MAP16, S_COUNT };

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

static inline uint64_t
image_hash(uint64_t k0, uint64_t k1, enum intel_type type, const void *key, size_t n)
{
	return hash_fast(k0 + (uint64_t)type * 0x9e3779b97f4a7c15ULL, k1, key, n);
}

static const uint32_t bloom_salt[8] = {
	0x47b6137bU, 0x44974d91U, 0x8824ad5bU, 0xa2b7289dU, 0x705495c7U, 0x2df1424bU, 0x9efc4947U, 0x5c6bfb31U,
};

static inline uint64_t
bloom_block(uint64_t hash, uint64_t blocks)
{
	return (hash >> 32) * blocks >> 32;
}

/* ---- values, in value.c ---- */

struct intel_key {
	enum intel_type type;
	unsigned n;
	unsigned bits;               /* of a CIDR, in the 128-bit form */
	char b[INTEL_VALUE_MAX + 8];
};

/* A value as a person writes it → key. 0, E_SYNTAX or E_RANGE with a reason. */
int key_of_text(struct slice text, struct intel_key *ret, const char **ret_reason);
void key_of_ip(const struct ip *ip, struct intel_key *ret);
void key_add_port(struct intel_key *k, unsigned port);
/* Lower case, no dot at the end; false when it is no name. labels: at least this many. */
bool key_of_domain(struct slice text, unsigned labels, struct intel_key *ret);
bool key_of_hash(struct slice text, struct intel_key *ret);
/* Canonical host[:port][/path][?query], or /path[?query]. */
bool key_of_url(struct slice text, struct intel_key *ret);
/* A key's canonical text. */
size_t key_text(enum intel_type type, const char *key, size_t n, char *out, size_t room);

#endif
