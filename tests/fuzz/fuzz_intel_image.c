/* SPDX-License-Identifier: Apache-2.0
 *
 * An image from a stranger whose sum is right: refused, or every look-up stays inside it.
 */
#include <stdlib.h>
#include <string.h>

#include "intel/image_priv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct intel_image *im;
	struct intel_hit hit;
	char *copy = malloc(size + sizeof(struct image_head));
	struct image_head *h = (struct image_head *)(void *)copy;

	memcpy(copy, data, size);
	if (size >= sizeof *h) { /* get past the first doors */
		h->magic = IMAGE_MAGIC;
		h->version = IMAGE_VERSION;
		h->head_len = sizeof *h;
		h->size = size;
		h->sum = image_sum(copy, size);
	}
	if (intel_open_bytes(slice_of(copy, size), &im, NULL) == 0) {
		intel_find(im, INTEL_IP, SL("192.0.2.1"), 80, 0, &hit);
		intel_find(im, INTEL_IP, SL("2001:db8::1"), 0, 0, &hit);
		intel_find(im, INTEL_DOMAIN, SL("a.b.c.bad.example"), 0, 0, &hit);
		intel_find(im, INTEL_URL, SL("http://a.example/b/c?d"), 0, 0, &hit);
		intel_find(im, INTEL_HASH, SL("d41d8cd98f00b204e9800998ecf8427e"), 0, 0, &hit);
		intel_close(im);
	}
	free(copy);
	return 0;
}
