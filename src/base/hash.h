/* SPDX-License-Identifier: Apache-2.0
 *
 * Hashes.  SipHash-1-3 (Aumasson, Bernstein 2012) with a random process key for every table that a
 * stranger can fill; the fixed-key form for names that must hash alike in two processes.
 */
#ifndef NZ_BASE_HASH_H
#define NZ_BASE_HASH_H

#include "base/slice.h"

uint64_t hash_sip13(uint64_t k0, uint64_t k1, const void *p, size_t n);
uint64_t hash_keyed(struct slice s);  /* random key per process */
uint64_t hash_stable(struct slice s); /* fixed key: the same on every machine and run */

static inline uint64_t
hash_mix(uint64_t h) /* finalizer of MurmurHash3 (Appleby, public domain) */
{
	h ^= h >> 33;
	h *= 0xff51afd7ed558ccdULL;
	h ^= h >> 33;
	h *= 0xc4ceb9fe1a85ec53ULL;
	return h ^ h >> 33;
}

/* Short keys on hot paths: multiply-and-fold over 16 bytes a step (the idea of wyhash, Wang Yi, public
 * domain).  Not a cryptographic hash: give it random keys wherever a stranger chooses the bytes. */
static inline uint64_t
hash_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 r = (unsigned __int128)a * b;

	return (uint64_t)r ^ (uint64_t)(r >> 64);
}

static inline uint64_t
hash_fast(uint64_t k0, uint64_t k1, const void *bytes, size_t n)
{
	const unsigned char *p = bytes;
	uint64_t a = 0, b = 0, h = k0 ^ 0xa0761d6478bd642fULL;
	size_t left = n;

	for (; left > 16; p += 16, left -= 16) {
		memcpy(&a, p, 8);
		memcpy(&b, p + 8, 8);
		h = hash_fold(a ^ k1 ^ 0xe7037ed1a0b428dbULL, b ^ h);
	}
	if (n > 16) { /* the last 16 bytes, overlapping what was read */
		memcpy(&a, p + left - 16, 8);
		memcpy(&b, p + left - 8, 8);
	} else if (left >= 8) {
		memcpy(&a, p, 8);
		memcpy(&b, p + left - 8, 8);
	} else if (left >= 4) {
		uint32_t x, y;

		memcpy(&x, p, 4);
		memcpy(&y, p + left - 4, 4);
		a = x, b = y;
	} else if (left != 0) {
		a = (uint64_t)p[0] << 16 | (uint64_t)p[left / 2] << 8 | p[left - 1];
		b = 0;
	} else {
		a = b = 0;
	}
	h = hash_fold(a ^ k1 ^ 0x8ebc6af09c88c6e3ULL, b ^ h);
	return hash_fold(h ^ (uint64_t)n, k1 ^ 0x589965cc75374cc3ULL);
}

#endif
