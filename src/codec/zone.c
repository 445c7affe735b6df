/* SPDX-License-Identifier: Apache-2.0
 *
 * Time zones from the system's TZif files (RFC 9636).  Debian installs them with all transitions to 2037
 * written out, so the footer's rule is not read; past the last transition its offset stays.
 * Opened zones are kept forever in one list; the mutex guards that list.
 */
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/must.h"
#include "codec/timefmt.h"

#define ZONE_DIR "/usr/share/zoneinfo"
#define ZONE_FILE_MAX 65536

struct zone {
	struct zone *next;
	char *name;
	int32_t first;         /* offset before the first transition */
	size_t n;
	int64_t *at;           /* UTC seconds */
	int32_t *offset;       /* from at[i] on */
};

static pthread_mutex_t zones_lock = PTHREAD_MUTEX_INITIALIZER;
static struct zone *zones;

static int64_t
be(const unsigned char *p, int bytes)
{
	uint64_t v = 0;

	for (int i = 0; i < bytes; i++)
		v = v << 8 | p[i];
	return bytes == 4 ? (int32_t)(uint32_t)v : (int64_t)v;
}

/* The v2 data behind the v1 block: counts in ret[6], pointer to the transition times; NULL when malformed. */
static const unsigned char *
tzif_body(const unsigned char *p, size_t n, size_t ret[6])
{
	size_t skip;

	for (int pass = 0; pass < 2; pass++) {
		size_t width = pass == 0 ? 4 : 8;

		if (n < 44 || memcmp(p, "TZif", 4) != 0 || p[4] < '2')
			return NULL;
		for (int i = 0; i < 6; i++)
			ret[i] = (size_t)be(p + 20 + i * 4, 4) & 0xffffff;
		/* isutcnt isstdcnt leapcnt timecnt typecnt charcnt */
		skip = ret[3] * (width + 1) + ret[4] * 6 + ret[5] + ret[2] * (width + 4) + ret[1] + ret[0];
		if (n < 44 + skip)
			return NULL;
		p += 44;
		n -= 44;
		if (pass == 0) {
			p += skip;
			n -= skip;
		}
	}
	return p;
}

static struct zone *
zone_decode(const char *name, const unsigned char *bytes, size_t n)
{
	size_t count[6], times, types;
	const unsigned char *p = tzif_body(bytes, n, count), *index, *type;
	struct zone *z;

	if (p == NULL || count[4] == 0)
		return NULL;
	times = count[3];
	types = count[4];
	index = p + times * 8;
	type = index + times;
	z = x_calloc(1, sizeof *z);
	z->name = x_strdup(name);
	z->n = times;
	z->at = x_calloc(times + 1, sizeof *z->at);
	z->offset = x_calloc(times + 1, sizeof *z->offset);
	z->first = (int32_t)be(type, 4);
	for (size_t i = 0; i < times; i++) {
		z->at[i] = be(p + i * 8, 8);
		z->offset[i] = index[i] < types ? (int32_t)be(type + index[i] * 6, 4) : 0;
	}
	return z;
}

static struct zone *
zone_fixed(const char *name, int32_t offset)
{
	struct zone *z = x_calloc(1, sizeof *z);

	z->name = x_strdup(name);
	z->first = offset;
	return z;
}

static struct zone *
zone_read(const char *name)
{
	static unsigned char bytes[ZONE_FILE_MAX]; /* guarded by zones_lock */
	char path[300];
	size_t n;
	FILE *f;

	if (name[0] == '/' || strstr(name, "..") != NULL)
		return NULL;
	snprintf(path, sizeof path, ZONE_DIR "/%s", name);
	f = fopen(path, "rb");
	if (f == NULL)
		return NULL;
	n = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	return zone_decode(name, bytes, n);
}

const struct zone *
zone_open(struct slice name)
{
	struct zone *z;
	char text[200];
	int32_t offset;

	if (name.n == 0 || name.n >= sizeof text)
		return NULL;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	pthread_mutex_lock(&zones_lock);
	for (z = zones; z != NULL; z = z->next)
		if (strcmp(z->name, text) == 0)
			break;
	if (z == NULL) {
		z = zone_parse_offset(name, &offset) ? zone_fixed(text, offset) : zone_read(text);
		if (z != NULL) {
			z->next = zones;
			zones = z;
		}
	}
	pthread_mutex_unlock(&zones_lock);
	return z;
}

static void
preload_dir(const char *dir, const char *prefix)
{
	DIR *d = opendir(dir);
	struct dirent *ent;
	struct stat st;
	char path[600], name[300];

	if (d == NULL)
		return;
	while ((ent = readdir(d)) != NULL) {
		if (ent->d_name[0] < 'A' || ent->d_name[0] > 'Z')
			continue; /* zone names begin with a capital; posix/ and right/ are copies */
		snprintf(path, sizeof path, "%s/%s", dir, ent->d_name);
		snprintf(name, sizeof name, "%s%s%s", prefix, prefix[0] != '\0' ? "/" : "", ent->d_name);
		if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
			preload_dir(path, name);
		else
			zone_open(slice_str(name));
	}
	closedir(d);
}

void
zone_preload(void)
{
	preload_dir(ZONE_DIR, "");
}

int32_t
zone_offset_utc(const struct zone *z, int64_t utc_s)
{
	size_t lo = 0, hi;

	if (z == NULL)
		return 0;
	for (hi = z->n; lo < hi;) {
		size_t mid = (lo + hi) / 2;

		if (z->at[mid] <= utc_s)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo == 0 ? z->first : z->offset[lo - 1];
}

/* In the hour that occurs twice the first reading wins, in the hour that is skipped the one after. */
int32_t
zone_offset_local(const struct zone *z, int64_t local_s)
{
	int32_t before, after;

	if (z == NULL || z->n == 0)
		return z != NULL ? z->first : 0;
	before = zone_offset_utc(z, local_s - 86400);
	after = zone_offset_utc(z, local_s + 86400);
	if (before == after)
		return zone_offset_utc(z, local_s - before);
	return zone_offset_utc(z, local_s - before) == before ? before : after;
}

int64_t
zone_first_utc(const struct zone *z, int64_t local_s)
{
	int32_t before = zone_offset_utc(z, local_s - 2 * 86400), after = zone_offset_utc(z, local_s + 2 * 86400);
	int64_t lo = local_s - (before > after ? before : after), hi = local_s - (before < after ? before : after);

	if (lo + zone_offset_utc(z, lo) >= local_s)
		return lo;
	if (before > after)
		return hi;
	/* the clock is put forward somewhere in between: at the first moment that has the new offset */
	while (hi - lo > 1) {
		int64_t mid = lo + (hi - lo) / 2;

		if (mid + zone_offset_utc(z, mid) >= local_s)
			hi = mid;
		else
			lo = mid;
	}
	return hi;
}

static bool
two(struct slice s, size_t at, int32_t *ret)
{
	if (at + 2 > s.n || s.p[at] < '0' || s.p[at] > '9' || s.p[at + 1] < '0' || s.p[at + 1] > '9')
		return false;
	*ret = (s.p[at] - '0') * 10 + (s.p[at + 1] - '0');
	return true;
}

bool
zone_parse_offset(struct slice s, int32_t *ret_seconds)
{
	int32_t h, m = 0;
	size_t colon;

	if (slice_eq_nocase(s, SL("Z")) || slice_eq_nocase(s, SL("UTC")) || slice_eq_nocase(s, SL("GMT"))) {
		*ret_seconds = 0;
		return true;
	}
	if (s.n < 3 || (s.p[0] != '+' && s.p[0] != '-') || !two(s, 1, &h))
		return false;
	if (s.n > 3) {
		colon = s.p[3] == ':' ? 1 : 0;
		if (s.n != 5 + colon || !two(s, 3 + colon, &m))
			return false;
	}
	if (h > 15 || m > 59)
		return false;
	*ret_seconds = (h * 3600 + m * 60) * (s.p[0] == '-' ? -1 : 1);
	return true;
}
