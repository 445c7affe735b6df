/* SPDX-License-Identifier: Apache-2.0 */
#include "batch/crc32c.h"

#include <pthread.h>
#include <string.h>

static uint32_t table[8][256];

static void
make_table(void)
{
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;

		for (int k = 0; k < 8; k++)
			c = c >> 1 ^ (0x82f63b78u & (0u - (c & 1)));
		table[0][i] = c;
	}
	for (uint32_t i = 0; i < 256; i++)
		for (int k = 1; k < 8; k++)
			table[k][i] = table[k - 1][i] >> 8 ^ table[0][table[k - 1][i] & 0xff];
}

/* Slicing by eight (Kounavis, Berry 2005). */
static uint32_t
by_table(uint32_t c, const unsigned char *p, size_t n)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_table);
	for (; n >= 8; p += 8, n -= 8) {
		uint64_t w;

		memcpy(&w, p, 8);
		w ^= c;
		c = table[7][w & 0xff] ^ table[6][w >> 8 & 0xff] ^ table[5][w >> 16 & 0xff] ^
		    table[4][w >> 24 & 0xff] ^ table[3][w >> 32 & 0xff] ^ table[2][w >> 40 & 0xff] ^
		    table[1][w >> 48 & 0xff] ^ table[0][w >> 56];
	}
	for (; n != 0; p++, n--)
		c = c >> 8 ^ table[0][(c ^ *p) & 0xff];
	return c;
}

#ifdef __x86_64__
#define LANE 1024u

/* lane[k][b]: what LANE zero bytes make of a state whose byte k is b. */
static uint32_t lane[4][256];

static void
make_lane(void)
{
	static const unsigned char zeros[LANE];

	for (int k = 0; k < 4; k++) {
		for (unsigned bit = 0; bit < 8; bit++)
			lane[k][1u << bit] = by_table(1u << (8 * k + (int)bit), zeros, LANE);
		for (unsigned b = 1; b < 256; b++)
			lane[k][b] = lane[k][b & (b - 1)] ^ lane[k][b & (0u - b)];
	}
}

static inline uint32_t
past_lane(uint32_t c)
{
	return lane[0][c & 0xff] ^ lane[1][c >> 8 & 0xff] ^ lane[2][c >> 16 & 0xff] ^ lane[3][c >> 24];
}

/* The instruction takes three cycles and one may begin in each: three stretches at once, then joined, as the
 * remainder of a sum is the sum of the remainders. */
__attribute__((target("sse4.2"))) static uint32_t
three_lanes(uint32_t c, const unsigned char *p)
{
	uint64_t x = c, y = 0, z = 0;

	for (size_t i = 0; i < LANE; i += 8) {
		uint64_t a, b, d;

		memcpy(&a, p + i, 8);
		memcpy(&b, p + LANE + i, 8);
		memcpy(&d, p + 2 * LANE + i, 8);
		x = __builtin_ia32_crc32di(x, a);
		y = __builtin_ia32_crc32di(y, b);
		z = __builtin_ia32_crc32di(z, d);
	}
	return past_lane(past_lane((uint32_t)x) ^ (uint32_t)y) ^ (uint32_t)z;
}

__attribute__((target("sse4.2"))) static uint32_t
by_instruction(uint32_t c, const unsigned char *p, size_t n)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	uint64_t c8;

	if (n >= 3 * LANE)
		pthread_once(&once, make_lane);
	for (; n >= 3 * LANE; p += 3 * LANE, n -= 3 * LANE)
		c = three_lanes(c, p);
	c8 = c;

	for (; n >= 8; p += 8, n -= 8) {
		uint64_t w;

		memcpy(&w, p, 8);
		c8 = __builtin_ia32_crc32di(c8, w);
	}
	c = (uint32_t)c8;
	for (; n != 0; p++, n--)
		c = __builtin_ia32_crc32qi(c, *p);
	return c;
}
#endif

uint32_t
crc32c(uint32_t crc, const void *p, size_t n)
{
#ifdef __x86_64__
	if (__builtin_cpu_supports("sse4.2"))
		return ~by_instruction(~crc, p, n);
#endif
	return ~by_table(~crc, p, n);
}
