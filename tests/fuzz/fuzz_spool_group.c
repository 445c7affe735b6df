/* SPDX-License-Identifier: Apache-2.0
 *
 * A record of the write-ahead log as the packer reads it: what passes the check can be walked to its end.
 */
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "spool/group_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *block = aligned_alloc(16, (n + 31) & ~(size_t)15);
	struct slice id, source, state;
	struct group_origin o;
	struct spool_group g;
	size_t sum = 0;

	must(block != NULL);
	memcpy(block, p, n);
	if (spool_group_read(slice_of(block, n), &g) == 0) {
		for (uint32_t i = 0; i < g.nlines; i++) {
			must(g.lines[i].device < g.ndevices);
			for (uint32_t k = 0; k < g.lines[i].len; k++)
				sum += (unsigned char)g.bytes.p[g.lines[i].off + k];
		}
		for (uint32_t i = 0; i < g.ndevices; i++) {
			group_next_device(&g.devices, &id, &source);
			for (size_t k = 0; k < id.n; k++)
				sum += (unsigned char)id.p[k];
		}
		for (uint32_t i = 0; i < g.norigins; i++)
			group_next_origin(&g.origins, &o, &state);
		must(sum != (size_t)-1);
	}
	free(block);
	return 0;
}
