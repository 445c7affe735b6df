/* SPDX-License-Identifier: Apache-2.0
 *
 * The worker and what the SOC told about devices: a table of lines KEY TAB NAME TAB SOURCE, verified by the uplink, read
 * from a descriptor.  A key is a name as it stands in a header, or an address.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/must.h"
#include "role/lcp_worker_priv.h"

#define TABLE_MAX (4u << 20)

struct told {
	struct map by_key; /* → struct told_device * */
	VEC(struct told_device *) devices;
	char *text;
};

static void
told_free(struct told *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < t->devices.n; i++)
		free(t->devices.v[i]);
	vec_fini(&t->devices);
	map_fini(&t->by_key);
	free(t->text);
	free(t);
}

static char *
read_all(int fd, size_t *ret_n)
{
	struct stat st;
	char *text;
	ssize_t n;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < 0 || st.st_size > (off_t)TABLE_MAX)
		return NULL;
	text = x_calloc(1, (size_t)st.st_size + 1);
	n = pread(fd, text, (size_t)st.st_size, 0);
	if (n != st.st_size) {
		free(text);
		return NULL;
	}
	*ret_n = (size_t)n;
	return text;
}

void
names_take(struct worker *w, int fd)
{
	struct told *t = x_calloc(1, sizeof *t);
	struct slice rest;
	size_t n = 0;

	t->text = read_all(fd, &n);
	if (t->text == NULL) {
		told_free(t);
		log_error("lcp.devices");
		return;
	}
	rest = slice_of(t->text, n);
	while (rest.n != 0) {
		struct slice line = slice_cut(&rest, '\n'), key = slice_cut(&line, '\t'), name = slice_cut(&line, '\t');
		struct told_device *d;

		if (key.n == 0 || name.n == 0)
			continue;
		d = x_calloc(1, sizeof *d);
		*d = (struct told_device){ name, line };
		vec_push(&t->devices, d);
		map_put(&t->by_key, key, NULL)->ptr = d;
	}
	told_free(w->told);
	w->told = t;
	for (size_t i = 0; i < NAMES_CACHED; i++)
		w->names[i].group = 0; /* numbers that were found by the old table */
	log_info("lcp.devices", kv_u64("keys", t->by_key.n));
}

const struct told_device *
names_find(const struct worker *w, struct slice host, const char *peer)
{
	const struct map_slot *s;

	if (w->told == NULL || w->told->by_key.n == 0)
		return NULL;
	s = host.n != 0 ? map_get(&w->told->by_key, host) : NULL;
	if (s == NULL)
		s = map_get(&w->told->by_key, slice_str(peer));
	return s != NULL ? s->ptr : NULL;
}
