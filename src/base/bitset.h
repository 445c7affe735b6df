/* SPDX-License-Identifier: Apache-2.0
 *
 * Bitset over an array of 64-bit words that the caller owns.
 */
#ifndef NZ_BASE_BITSET_H
#define NZ_BASE_BITSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BITSET_WORDS(bits) (((bits) + 63) / 64)

static inline bool
bit_test(const uint64_t *w, size_t i)
{
	return w[i / 64] >> (i % 64) & 1;
}

static inline void
bit_set(uint64_t *w, size_t i)
{
	w[i / 64] |= 1ULL << (i % 64);
}

static inline void
bit_clear(uint64_t *w, size_t i)
{
	w[i / 64] &= ~(1ULL << (i % 64));
}

#endif
