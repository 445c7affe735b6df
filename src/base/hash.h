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

#endif
