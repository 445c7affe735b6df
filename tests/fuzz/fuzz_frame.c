/* SPDX-License-Identifier: Apache-2.0
 *
 * Framing: however the stream is cut into reads, the same lines come out, every byte is used once, and nothing
 * outside the input is given out.  The first byte says how it is cut, the second when pieces are taken.
 */
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "codec/frame.h"

static uint64_t
run(struct slice in, size_t step, size_t part_at, size_t *ret_lines)
{
	struct frame f = { 0 };
	uint64_t hash = 0;
	size_t from = 0, to = 0;

	do {
		to = to + step < in.n ? to + step : in.n;
		for (;;) {
			struct slice seen = slice_sub(in, from, to);
			struct frame_out o;
			enum frame_got got = frame_next(&f, seen, f.part || seen.n >= part_at, &o);

			if (got == FRAME_MORE && to == in.n)
				got = frame_end(&f, seen, &o);
			if (got == FRAME_MORE)
				break;
			must(o.used <= seen.n && (o.used != 0 || to == in.n));
			must(o.line.n == 0 || (o.line.p >= seen.p && o.line.p + o.line.n <= seen.p + o.used));
			for (size_t i = 0; i < o.line.n; i++)
				hash = hash * 31 + (unsigned char)o.line.p[i];
			if (got == FRAME_LINE) {
				hash = hash * 131 + 7;
				++*ret_lines;
			}
			from += o.used;
			if (o.used == 0 && from == in.n)
				break;
		}
	} while (to < in.n);
	must(from == in.n);
	return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	size_t whole = 0, cut = 0;

	if (n < 3 || n > 4096)
		return 0;
	/* How the mode is guessed may depend on the cut when a line begins with a number; sizes may not. */
	(void)run(slice_of(p + 2, n - 2), n, (size_t)-1, &whole);
	(void)run(slice_of(p + 2, n - 2), 1 + p[0] % 64, 1 + (size_t)p[1] * 4, &cut);
	if (p[2] == '<')
		must(run(slice_of(p + 2, n - 2), 1 + p[0] % 64, (size_t)-1, &cut) == run(slice_of(p + 2, n - 2), n, (size_t)-1, &whole));
	return 0;
}
