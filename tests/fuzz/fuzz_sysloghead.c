/* SPDX-License-Identifier: Apache-2.0
 *
 * The header's host: inside the line, and a good name or nothing.
 */
#include "base/must.h"
#include "codec/sysloghead.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct slice line = slice_of(p, n), h = sysloghead_host(line);

	if (h.n != 0)
		must(h.p >= line.p && h.p + h.n <= line.p + line.n && sysloghead_name_is_good(h));
	return 0;
}
