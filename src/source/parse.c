/* SPDX-License-Identifier: Apache-2.0
 *
 * source_parse: header, which source, decode, steps.
 *
 * Finding the source: the program name of the header, else the first byte of the payload, picks a few probes
 * from a table; each is a prefix compare and at most two searches of a short text in the first 2 KiB.  No codec
 * and no pattern is ever tried to find out.
 */
#include <stdlib.h>

#include "source/source_priv.h"

#define PROBE_WINDOW 2048

struct source_worker *
source_worker_new(const struct source_set *set)
{
	struct source_worker *w = x_calloc(1, sizeof *w);
	uint32_t forms = 0;

	w->set = set;
	w->json = json_reader_new();
	w->counts = x_calloc((size_t)set->sources + 1, sizeof *w->counts);
	w->form_base = x_calloc((size_t)set->sources + 1, sizeof *w->form_base);
	for (int i = 0; i < set->sources; i++) {
		w->form_base[i] = forms;
		forms += set->source[i].forms;
	}
	w->form = x_calloc(forms + 1, sizeof *w->form);
	for (int i = 0; i < set->sources; i++)
		for (uint16_t k = 0; k < set->source[i].forms; k++) {
			w->form[w->form_base[i] + k].form = &set->source[i].form[k];
			w->form[w->form_base[i] + k].first = UINT32_MAX;
		}
	arena_init(&w->forever, 0, 0);
	for (uint32_t i = 0; i < forms; i++)
		source_learn_mapped(w, &w->form[i]);
	return w;
}

void
source_worker_free(struct source_worker *w)
{
	uint32_t forms = 0;

	if (w == NULL)
		return;
	for (int i = 0; i < w->set->sources; i++)
		forms += w->set->source[i].forms;
	for (uint32_t i = 0; i < forms; i++) {
		map_fini(&w->form[i].index);
		vec_fini(&w->form[i].keys);
	}
	json_reader_free(w->json);
	arena_fini(&w->forever);
	free(w->counts);
	free(w->form_base);
	free(w->form);
	free(w->covered);
	free(w->overflow);
	free(w);
}

static bool
shape_fits(struct slice shape, struct slice s)
{
	if (s.n < shape.n)
		return false;
	for (size_t i = 0; i < shape.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (shape.p[i] == '9' ? (unsigned char)(c - '0') > 9
		    : shape.p[i] == 'a' ? (unsigned char)((c | 0x20) - 'a') > 25
		                        : c != (unsigned char)shape.p[i])
			return false;
	}
	return true;
}

static bool
probe_fits(const struct probe *p, struct slice body)
{
	struct slice window = slice_sub(body, 0, PROBE_WINDOW);

	return slice_starts(body, p->starts) && shape_fits(p->shape, body)
	       && (p->has.n == 0 || slice_find_slice(window, p->has) >= 0)
	       && (p->has2.n == 0 || slice_find_slice(window, p->has2) >= 0);
}

/* only: the one source allowed, or -1. */
static const struct probe *
find_probe(const struct source_set *set, const struct syslog *h, int only)
{
	if (h->program.n != 0) {
		struct map_slot *s = map_get(&set->programs, h->program);

		for (size_t i = s != NULL ? s->u - 1 : set->probes.n; i < set->probes.n; i++) {
			const struct probe *p = &set->probes.v[i];

			if (slice_eq(p->program, h->program) && (only < 0 || p->source == only) && probe_fits(p, h->body))
				return p;
		}
	}
	if (h->body.n == 0)
		return NULL;
	for (const uint16_t *k = set->first[(unsigned char)h->body.p[0]]; *k != 0xffff; k++) {
		const struct probe *p = &set->probes.v[*k];

		if ((only < 0 || p->source == only) && probe_fits(p, h->body))
			return p;
	}
	return NULL;
}

static void
read_header(struct source_worker *w, struct slice line)
{
	while (line.n != 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
		line.n--;
	if (line.n != 0 && (line.p[0] == '{' || (line.p[0] == '<' && line.n > 1 && (line.p[1] | 0x20) >= 'a')))
		w->head = (struct syslog){ .pri = -1, .body = line };
	else
		syslog_split(line, &w->head);
}

static void
put_header(struct source_worker *w, const struct source *src)
{
	const struct syslog *h = &w->head;
	const struct slice part[HEAD_COUNT] = { h->host, h->program, h->pid, h->time, h->msgid, h->body };

	if (h->pri >= 0) {
		event_set(w->e, F_LOG_SYSLOG_PRIORITY, h->pri_text);
		w->e->slot[F_LOG_SYSLOG_PRIORITY].kind = VALUE_LONG;
		w->e->slot[F_LOG_SYSLOG_PRIORITY].i = h->pri;
	}
	if (src == NULL)
		return;
	for (int i = 0; i < HEAD_COUNT; i++)
		if (src->header[i].n != 0 && part[i].n != 0)
			source_acts(w, &src->header[i], part[i]);
}

/* A header that tells its offset tells the payload's too: "…T09:57:41+01:00 PA-VM - - - - 1,2020/03/27 09:57:41,…". */
static void
zone_of_header(struct source_worker *w)
{
	struct slice t = w->head.time;
	const struct zone *z;

	if (!w->head.iso || t.n < 25 || (t.p[t.n - 6] != '+' && t.p[t.n - 6] != '-'))
		return;
	z = source_zone(w, slice_sub(t, t.n - 6, t.n));
	if (z != NULL)
		w->zone = z;
}

/* The header's time, when the payload had none. */
static void
time_of_header(struct source_worker *w)
{
	struct action a = { .conv = CV_TIME, .to = { .slot = F_TIMESTAMP, .type = FT_TIME } };

	if (event_has(w->e, F_TIMESTAMP) || w->head.time.n == 0)
		return;
	a.format = w->head.iso ? TF_RFC3339 : TF_RFC3164;
	source_act(w, &a, w->head.time);
}

static int
leave_unparsed(struct source_worker *w, int source)
{
	struct event *e = w->e;
	uint32_t conflicts = e->conflicts;

	event_reset(e, e->line, e->received_ns);
	e->conflicts = conflicts;
	put_header(w, NULL);
	if (w->head.host.n != 0)
		event_set(e, F_HOST_NAME, w->head.host);
	if (w->head.program.n != 0)
		event_set(e, F_PROCESS_NAME, w->head.program);
	if (source < w->set->sources)
		event_set(e, F_EVENT_DATASET, w->set->source[source].info.name);
	event_set(e, F_MESSAGE, w->head.body);
	event_set_bool(e, F_NZ_UNPARSED, true);
	time_of_header(w);
	w->counts[source].unparsed++;
	w->src = NULL;
	return E_NOTFOUND;
}

static int
find_form(struct source_worker *w, int only, const struct form **ret)
{
	const struct source_set *set = w->set;
	const struct probe *p;
	struct slice body = w->head.body;

	if (only >= 0 && set->source[only].forms == 1) {
		*ret = &set->source[only].form[0];
		return only;
	}
	p = find_probe(set, &w->head, only);
	if (p == NULL && body.p != w->e->line.p && w->head.time.n != 0) {
		/* What looked like a header may have been the payload's own beginning. */
		struct syslog kept = w->head;

		w->head = (struct syslog){ .pri = kept.pri, .pri_text = kept.pri_text, .body = w->e->line };
		p = find_probe(set, &w->head, only);
		if (p == NULL)
			w->head = kept;
	}
	if (p == NULL)
		return E_NOTFOUND;
	*ret = &set->source[p->source].form[p->form];
	return p->source;
}

static struct slice
payload(struct source_worker *w, const struct form *f)
{
	ssize_t at;

	if (f->no_header) {
		w->head = (struct syslog){ .pri = -1, .body = w->e->line };
		w->head.body = slice_trim(w->head.body);
	}
	if (f->strip_prefix.n != 0 && (at = slice_find_slice(slice_sub(w->head.body, 0, 512), f->strip_prefix)) >= 0)
		w->head.body = slice_sub(w->head.body, (size_t)at + f->strip_prefix.n, w->head.body.n);
	return w->head.body;
}

int
source_parse(struct source_worker *w, struct slice line, struct slice hint, int64_t received_ns,
             const struct zone *zone, struct event *e)
{
	const struct source_set *set = w->set;
	int only = hint.n != 0 && !slice_eq(hint, SL("auto")) ? source_find(set, hint) : -1;
	const struct form *f = NULL;
	struct source_counts *n;
	int source;

	event_reset(e, line, received_ns);
	w->e = e;
	w->zone = zone;
	w->received_ns = received_ns;
	w->failed = false;
	w->event_no++;
	read_header(w, line);
	source = find_form(w, only, &f);
	n = &w->counts[source >= 0 ? source : only >= 0 ? only : set->sources];
	n->lines++;
	n->bytes += line.n;
	if (source < 0)
		return leave_unparsed(w, (int)(n - w->counts));
	zone_of_header(w);
	w->src = &set->source[source];
	w->wf = &w->form[w->form_base[source] + f->index];
	put_header(w, w->src);
	if (!source_decode(w, payload(w, f)))
		return leave_unparsed(w, source);
	if (f->steps != NULL)
		source_run(w, f->steps);
	if (w->src->steps != NULL)
		source_run(w, w->src->steps);
	if (w->failed)
		return leave_unparsed(w, source);
	time_of_header(w);
	if (!event_has(e, F_EVENT_DATASET))
		event_set(e, F_EVENT_DATASET, w->src->info.name);
	for (size_t i = 0; i < EVENT_WORDS; i++)
		e->has[i] &= ~set->scratch[i];
	return source;
}

int
source_routes(struct source_worker *w, const uint16_t **ret)
{
	const struct source *src = w->src;

	w->routes_n = 0;
	*ret = w->routes;
	for (uint16_t i = 0; src != NULL && i < src->logsources; i++)
		if (src->logsource_if[i] == NULL || source_holds(w->e, src->logsource_if[i]))
			w->routes[w->routes_n++] = src->logsource[i];
	return w->routes_n;
}

void
source_cover(struct source_worker *w)
{
	free(w->covered);
	w->covered = x_calloc(BITSET_WORDS(w->set->blocks + 1), sizeof *w->covered);
}

/* Forms that share their steps by a YAML alias have a copy of each block: one that ran is enough. */
static bool
line_covered(const struct source_worker *w, const struct block_place *at)
{
	for (size_t i = 0; i < w->set->blocks; i++) {
		const struct block_place *b = &w->set->block_lines.v[i];

		if (b->line == at->line && b->source == at->source && bit_test(w->covered, i))
			return true;
	}
	return false;
}

size_t
source_uncovered(const struct source_worker *w, int source, unsigned *ret_lines, size_t max, size_t *ret_all)
{
	size_t n = 0;

	*ret_all = 0;
	for (size_t i = 0; w->covered != NULL && i < w->set->blocks; i++) {
		if (w->set->block_lines.v[i].source != source)
			continue;
		++*ret_all;
		if (line_covered(w, &w->set->block_lines.v[i]))
			continue;
		if (n < max)
			ret_lines[n] = w->set->block_lines.v[i].line;
		n++;
	}
	return n;
}

const struct source_counts *
source_counts(const struct source_worker *w, int source)
{
	must(source >= 0 && source < w->set->sources);
	return &w->counts[source];
}

const struct source_counts *
source_counts_unknown(const struct source_worker *w)
{
	return &w->counts[w->set->sources];
}
