/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "base/hash.h"

#include <sys/random.h>

#include "base/must.h"

static uint64_t
rotl(uint64_t x, int k)
{
	return x << k | x >> (64 - k);
}

static void
round_of(uint64_t v[4])
{
	v[0] += v[1], v[1] = rotl(v[1], 13), v[1] ^= v[0], v[0] = rotl(v[0], 32);
	v[2] += v[3], v[3] = rotl(v[3], 16), v[3] ^= v[2];
	v[0] += v[3], v[3] = rotl(v[3], 21), v[3] ^= v[0];
	v[2] += v[1], v[1] = rotl(v[1], 17), v[1] ^= v[2], v[2] = rotl(v[2], 32);
}

uint64_t
hash_sip13(uint64_t k0, uint64_t k1, const void *p, size_t n)
{
	uint64_t v[4] = { k0 ^ 0x736f6d6570736575ULL, k1 ^ 0x646f72616e646f6dULL,
		          k0 ^ 0x6c7967656e657261ULL, k1 ^ 0x7465646279746573ULL };
	const unsigned char *b = p;
	uint64_t m, tail = (uint64_t)n << 56;
	size_t i;

	for (i = 0; i + 8 <= n; i += 8) {
		memcpy(&m, b + i, 8);
		v[3] ^= m;
		round_of(v);
		v[0] ^= m;
	}
	for (size_t j = i; j < n; j++)
		tail |= (uint64_t)b[j] << 8 * (j - i);
	v[3] ^= tail;
	round_of(v);
	v[0] ^= tail;
	v[2] ^= 0xff;
	round_of(v);
	round_of(v);
	round_of(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

uint64_t
hash_keyed(struct slice s)
{
	static uint64_t key[2];

	if (key[0] == 0) {
		must(getrandom(key, sizeof key, 0) == (ssize_t)sizeof key);
		key[0] |= 1;
	}
	return hash_sip13(key[0], key[1], s.p, s.n);
}

uint64_t
hash_stable(struct slice s)
{
	return hash_sip13(0x6e657a7562616e00ULL, 0x77617463686572ULL, s.p, s.n);
}
