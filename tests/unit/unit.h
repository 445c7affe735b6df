/* SPDX-License-Identifier: Apache-2.0
 *
 * What every cmocka test includes first.
 */
#ifndef NZ_TESTS_UNIT_H
#define NZ_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka last: it needs the four above */
#include <cmocka.h>

#include "base/slice.h"

#define assert_slice(s, lit)                                                                       \
	do {                                                                                       \
		struct slice got_ = (s);                                                           \
		assert_int_equal(got_.n, sizeof(lit) - 1);                                         \
		assert_memory_equal(got_.p, lit, sizeof(lit) - 1);                                 \
	} while (0)

#endif
