/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening an image and asking it.  Opening reads everything once: sums, sections, every slot, record, meta,
 * list and range; after that the look-up trusts it.
 */
#define _GNU_SOURCE /* F_GET_SEALS */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/err.h"
#include "base/must.h"
#include "intel/find_priv.h"
#include "sys/fd.h"

#define REFUSE(text)                                                                               \
	do {                                                                                       \
		*ret_why = (text);                                                                 \
		return false;                                                                      \
	} while (0)

static bool
take_section(const char *p, const struct image_head *h, enum section s, size_t unit, const void *ret_p, size_t *ret_n)
{
	uint64_t off = h->s[s].off, len = h->s[s].len;
	const char *at;

	if (off % 8 != 0 || off < sizeof *h || off > h->size || len > h->size - off || len % unit != 0)
		return false;
	at = p + off;
	memcpy((void *)(uintptr_t)ret_p, &at, sizeof at);
	*ret_n = len / unit;
	return true;
}

static bool
take_sections(struct intel_image *im, const char *p)
{
	const struct image_head *h = im->head;
	size_t map16, rank16;

	return take_section(p, h, S_FILTER, FILTER_WORDS * 8, &im->filter, &im->lines) &&
	       take_section(p, h, S_BUCKETS, 4, &im->buckets, &im->nbuckets) &&
	       take_section(p, h, S_SLOTS, sizeof *im->slots, &im->slots, &im->nslots) &&
	       take_section(p, h, S_RECORDS, 1, &im->records, &im->nrecords) &&
	       take_section(p, h, S_METAS, sizeof *im->metas, &im->metas, &im->nmetas) &&
	       take_section(p, h, S_LISTREFS, 4, &im->listrefs, &im->nlistrefs) &&
	       take_section(p, h, S_LISTS, sizeof *im->lists, &im->lists, &im->nlists) &&
	       take_section(p, h, S_NAMES, 1, &im->names, &im->nnames) &&
	       take_section(p, h, S_RANGES, sizeof *im->ranges, &im->ranges, &im->nranges) &&
	       take_section(p, h, S_MAP16, 8, &im->map16, &map16) && map16 == 1024 &&
	       take_section(p, h, S_RANK16, 4, &im->rank16, &rank16) && rank16 == 1024 &&
	       take_section(p, h, S_NETS16, sizeof *im->nets16, &im->nets16, &im->nnets16);
}

static size_t
leb(const char *p, size_t n, uint32_t *ret)
{
	uint32_t v = 0;

	for (size_t i = 0; i < n && i < 5; i++) {
		v |= (uint32_t)(p[i] & 0x7f) << (7 * i);
		if ((unsigned char)p[i] < 0x80) {
			*ret = v;
			return i + 1;
		}
	}
	return 0;
}

bool
record_at(const struct intel_image *im, uint32_t at, struct record *ret)
{
	const char *p = im->records + at;
	size_t left, n;
	uint32_t len, meta;

	if (at >= im->nrecords)
		return false;
	left = im->nrecords - at - 1;
	n = leb(p + 1, left, &len);
	if (n == 0)
		return false;
	p += 1 + n;
	left -= n;
	n = leb(p, left, &meta);
	if (n == 0 || len > left - n || meta >= im->nmetas)
		return false;
	*ret = (struct record){ (enum intel_type)((unsigned char)im->records[at] & REC_TYPE),
		((unsigned char)im->records[at] & REC_ALLOW) != 0, &im->metas[meta], { p + n, len } };
	return true;
}

static bool
key_length_is_good(const struct record *r)
{
	switch (r->type) {
	case INTEL_IP:
		return r->key.n == 4 || r->key.n == 16;
	case INTEL_IP_PORT:
		return r->key.n == 6 || r->key.n == 18;
	case INTEL_CIDR:
		return r->key.n == 17 && (unsigned char)r->key.p[16] <= 128;
	case INTEL_HASH:
		return r->key.n == 16 || r->key.n == 20 || r->key.n == 32;
	case INTEL_DOMAIN:
	case INTEL_URL:
		return r->key.n != 0 && r->key.n <= INTEL_VALUE_MAX;
	default:
		return false;
	}
}

static bool
ranges_are_good(const struct intel_image *im, const char **ret_why)
{
	size_t set = 0;
	struct record r;

	for (size_t i = 0; i < im->nranges; i++) {
		if (i > 0 && memcmp(im->ranges[i - 1].first, im->ranges[i].first, 16) >= 0)
			REFUSE("the ranges are not in order");
		if (im->ranges[i].record != RANGE_NONE &&
		    (!record_at(im, im->ranges[i].record, &r) || r.type != INTEL_CIDR || !key_length_is_good(&r)))
			REFUSE("a range leads to no network");
	}
	for (size_t i = 0; i < 1024; i++) {
		if (im->rank16[i] != set)
			REFUSE("the bits of the networks are counted wrong");
		set += (size_t)__builtin_popcountll(im->map16[i]);
	}
	if (set != im->nnets16)
		REFUSE("the bits of the networks are counted wrong");
	for (size_t i = 0; i < set; i++)
		if (im->nets16[i].from > im->nets16[i].to || im->nets16[i].to > im->nranges)
			REFUSE("a part of the address space names ranges that are not there");
	return true;
}

static bool
table_is_good(struct intel_image *im, const char **ret_why)
{
	size_t buckets = im->nbuckets;
	struct record r;

	if (im->lines == 0 || buckets < 2 || ((buckets - 1) & (buckets - 2)) != 0 || buckets - 1 > 1u << 30)
		REFUSE("the filter is empty or the number of buckets is no power of two");
	im->shift = 64 - (unsigned)__builtin_ctzll(buckets - 1);
	if (im->buckets[0] != 0 || im->buckets[buckets - 1] != im->nslots || im->nslots != im->head->entries)
		REFUSE("the buckets do not hold the slots");
	for (size_t i = 1; i < buckets; i++)
		if (im->buckets[i] < im->buckets[i - 1])
			REFUSE("the buckets are not in order");
	for (size_t i = 0; i < im->nslots; i++)
		if (!record_at(im, im->slots[i].record, &r) || !key_length_is_good(&r))
			REFUSE("a slot leads to no record");
	return ranges_are_good(im, ret_why);
}

static bool
names_are_good(const struct intel_image *im, const char **ret_why)
{
	for (size_t i = 0; i < im->nmetas; i++) {
		const struct image_meta *m = &im->metas[i];

		if (m->count == 0 || m->first > im->nlistrefs || m->count > im->nlistrefs - m->first || m->confidence > 100)
			REFUSE("a meta names lists that are not there");
	}
	for (size_t i = 0; i < im->nlistrefs; i++)
		if (im->listrefs[i] >= im->nlists)
			REFUSE("a number of a list is too high");
	for (size_t i = 0; i < im->nlists; i++)
		if (im->lists[i].name > im->nnames || im->lists[i].name_len > im->nnames - im->lists[i].name)
			REFUSE("a list's name lies outside");
	return true;
}

static int
check(struct intel_image *im, struct slice bytes, const char **ret_why)
{
	const struct image_head *h = (const void *)bytes.p;

	*ret_why = "shorter than its head";
	if (bytes.n < sizeof *h)
		return E_CORRUPT;
	im->head = h;
	*ret_why = "not an indicator image";
	if (h->magic != IMAGE_MAGIC)
		return E_CORRUPT;
	*ret_why = "made by another version";
	if (h->version != IMAGE_VERSION || h->head_len != sizeof *h)
		return E_UNSUPPORTED;
	*ret_why = "its size or its sum is wrong";
	if (h->size != bytes.n || h->sum != image_sum(bytes.p, bytes.n))
		return E_CORRUPT;
	*ret_why = "a section lies outside";
	if (!take_sections(im, bytes.p) || !table_is_good(im, ret_why) || !names_are_good(im, ret_why))
		return E_CORRUPT;
	return 0;
}

int
intel_open_bytes(struct slice bytes, struct intel_image **ret, const char **ret_why)
{
	struct intel_image *im = x_calloc(1, sizeof *im);
	const char *why = NULL;
	int r;

	must((uintptr_t)bytes.p % 8 == 0);
	r = check(im, bytes, &why);
	if (r != 0) {
		if (ret_why != NULL)
			*ret_why = why;
		free(im);
		return r;
	}
	*ret = im;
	return 0;
}

/* Nobody can shorten or write it any more: then, and only then, it may be looked at where it lies. */
static bool
is_sealed(int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	return seals >= 0 && (seals & F_SEAL_SHRINK) != 0 && (seals & F_SEAL_WRITE) != 0;
}

/* A file can be cut while it is mapped, and reading past its end would kill: a file is copied, a sealed memory shared. */
int
intel_open(int fd, struct intel_image **ret, const char **ret_why)
{
	bool sealed = is_sealed(fd);
	struct stat st;
	void *p;
	int r;

	if (fstat(fd, &st) != 0 || st.st_size <= 0)
		return E_IO;
	p = sealed ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0)
	           : mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return E_IO;
	r = sealed ? 0 : fd_pread_all(fd, p, (size_t)st.st_size, 0);
	if (r == 0)
		r = intel_open_bytes(slice_of(p, (size_t)st.st_size), ret, ret_why);
	if (r != 0) {
		munmap(p, (size_t)st.st_size);
		return r;
	}
	(*ret)->map = p;
	(*ret)->map_len = (size_t)st.st_size;
	return 0;
}

void
intel_close(struct intel_image *im)
{
	if (im == NULL)
		return;
	if (im->map != NULL)
		munmap(im->map, im->map_len);
	free(im);
}

void
intel_info(const struct intel_image *im, struct intel_info *ret)
{
	static const char hex[] = "0123456789abcdef";

	*ret = (struct intel_info){ .entries = im->head->entries, .bytes = im->head->size, .lists = im->nlists,
		.allowed = im->head->allowed, .built_ns = im->head->built_ns };
	memcpy(ret->type, im->head->type, sizeof ret->type);
	for (int i = 0; i < 16; i++) {
		ret->version[i * 2] = hex[im->head->id[i] >> 4];
		ret->version[i * 2 + 1] = hex[im->head->id[i] & 15];
	}
	ret->version[32] = '\0';
}

struct slice
intel_list_name(const struct intel_image *im, uint64_t i)
{
	must(i < im->nlists);
	return slice_of(im->names + im->lists[i].name, im->lists[i].name_len);
}

unsigned
intel_list_confidence(const struct intel_image *im, uint64_t i)
{
	must(i < im->nlists);
	return im->lists[i].confidence;
}

uint64_t
intel_list_entries(const struct intel_image *im, uint64_t i)
{
	must(i < im->nlists);
	return im->lists[i].entries;
}
