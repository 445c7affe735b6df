/* SPDX-License-Identifier: Apache-2.0
 *
 * CRC-32C (Castagnoli, RFC 3720 appendix B.4); by the processor's instruction where it has one.
 */
#ifndef NZ_BATCH_CRC32C_H
#define NZ_BATCH_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Continues from `crc` (0 to begin). */
uint32_t crc32c(uint32_t crc, const void *p, size_t n);

#endif
