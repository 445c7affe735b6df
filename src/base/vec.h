/* SPDX-License-Identifier: Apache-2.0
 *
 * Vec: a growing array of any type, as a struct {T *v; size_t n, cap;} made by VEC(T).
 * Elements move when it grows: keep indexes, not pointers.
 */
#ifndef NZ_BASE_VEC_H
#define NZ_BASE_VEC_H

#include <stdlib.h>

#include "base/must.h"

#define VEC(T)                                                                                     \
	struct {                                                                                   \
		T *v;                                                                              \
		size_t n, cap;                                                                     \
	}

#define vec_reserve(vec, want)                                                                     \
	do {                                                                                       \
		if ((vec)->cap < (want)) {                                                         \
			size_t vec_c_ = (vec)->cap != 0 ? (vec)->cap * 2 : 8, vec_b_;              \
			while (vec_c_ < (want))                                                    \
				vec_c_ *= 2;                                                       \
			must(!__builtin_mul_overflow(vec_c_, sizeof *(vec)->v, &vec_b_));          \
			(vec)->v = x_realloc((vec)->v, vec_b_);                                    \
			(vec)->cap = vec_c_;                                                       \
		}                                                                                  \
	} while (0)

#define vec_push(vec, ...)                                                                         \
	do {                                                                                       \
		vec_reserve(vec, (vec)->n + 1);                                                    \
		(vec)->v[(vec)->n++] = __VA_ARGS__;                                                \
	} while (0)

#define vec_fini(vec)                                                                              \
	do {                                                                                       \
		free((vec)->v);                                                                    \
		(vec)->v = NULL;                                                                   \
		(vec)->n = (vec)->cap = 0;                                                         \
	} while (0)

#endif
