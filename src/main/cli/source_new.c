/* SPDX-License-Identifier: Apache-2.0
 *
 * Draft of a source file: the codec is guessed from the shape of the payloads, the keys are listed in the order they
 * occur, and those with a well-known meaning are mapped already.  The draft compiles; what is a guess says so.
 */
#include "main/cli/source_new.h"

#include <stdio.h>
#include <string.h>

#include "base/map.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "codec/csv.h"
#include "codec/json.h"
#include "codec/kv.h"
#include "codec/syslog.h"
#include "sys/fd.h"

struct guess {
	const char *key, *field;
};

/* Names that mean the same nearly everywhere. */
static const struct guess known[] = {
	{ "src", "source.ip" }, { "srcip", "source.ip" }, { "src_ip", "source.ip" }, { "source_ip", "source.ip" },
	{ "client_ip", "source.ip" }, { "srcport", "source.port" }, { "src_port", "source.port" },
	{ "spt", "source.port" }, { "sport", "source.port" }, { "dst", "destination.ip" }, { "dstip", "destination.ip" },
	{ "dst_ip", "destination.ip" }, { "dest_ip", "destination.ip" }, { "destination_ip", "destination.ip" },
	{ "dstport", "destination.port" }, { "dst_port", "destination.port" }, { "dest_port", "destination.port" },
	{ "dpt", "destination.port" }, { "dport", "destination.port" }, { "user", "user.name" },
	{ "username", "user.name" }, { "usr", "user.name" }, { "action", "event.action" }, { "act", "event.action" },
	{ "proto", "network.transport" }, { "protocol", "network.transport" }, { "url", "url.original" },
	{ "host", "host.name" }, { "hostname", "host.name" }, { "msg", "message" }, { "message", "message" },
	{ "severity", "log.level" }, { "level", "log.level" }, { "timestamp", "'@timestamp'" },
	{ "time", "'@timestamp'" }, { "ts", "'@timestamp'" }, { "eventtime", "'@timestamp'" },
	{ "bytes_sent", "source.bytes" }, { "sentbyte", "source.bytes" }, { "bytes_received", "destination.bytes" },
	{ "rcvdbyte", "destination.bytes" }, { "sent", "source.bytes" }, { "rcvd", "destination.bytes" }, { "rule", "rule.name" }, { "policy", "rule.name" },
	{ "method", "http.request.method" }, { "status", "http.response.status_code" },
	{ "user_agent", "user_agent.original" }, { "query", "dns.question.name" }, { "domain", "url.domain" },
};

struct draft {
	struct map seen;
	VEC(struct slice) keys;
	struct arena arena;
	unsigned lines, json, xml, kv, csv, text, header;
	size_t cells;
	struct slice first;
	struct slice program;         /* the one every line's header names, or empty */
};

static void
on_key(struct draft *d, struct slice key)
{
	bool is_new;

	map_put(&d->seen, key, &is_new);
	if (is_new && d->keys.n < 400)
		vec_push(&d->keys, arena_dup(&d->arena, key));
}

static void
on_json(void *ctx, struct slice path, enum json_kind kind, struct slice text, bool copied)
{
	(void)kind;
	(void)text;
	(void)copied;
	on_key(ctx, path);
}

static unsigned
count_pairs(struct draft *d, struct slice body, bool take)
{
	struct kv_iter it;
	struct kv_pair pair;
	unsigned n = 0;

	kv_init(&it, body);
	while (kv_skip(&it) && n < 1000)
		if (kv_key(&it, &pair.key)) {
			kv_value(&it, &pair);
			if (take && pair.key.n < 64)
				on_key(d, pair.key);
			n++;
		}
	return n;
}

static void
look_at(struct draft *d, struct json_reader *json, struct slice line)
{
	struct slice cells[256];
	struct syslog h;
	size_t n;

	syslog_split(line, &h);
	d->lines++;
	d->header += h.time.n != 0;
	if (d->first.p == NULL) {
		d->first = h.body;
		d->program = h.program;
	}
	if (!slice_eq(d->program, h.program))
		d->program = SL("");
	n = csv_split(h.body, ',', true, &d->arena, cells, 256);
	if (h.body.n != 0 && h.body.p[0] == '{' && json_flatten(json, h.body, on_json, d) == 0) {
		d->json++;
	} else if (h.body.n != 0 && h.body.p[0] == '<') {
		d->xml++;
	} else if (count_pairs(d, h.body, false) >= 4) {
		d->kv++;
		count_pairs(d, h.body, true);
	} else if (n >= 6) {
		d->csv++;
		d->cells = n > d->cells ? n : d->cells;
	} else {
		d->text++;
	}
}

static const char *
field_of(struct slice key)
{
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (slice_eq_nocase(key, slice_str(known[i].key)))
			return known[i].field;
	return NULL;
}

/* A text in single quotes, as YAML wants it. */
static void
put_quoted(struct slice s)
{
	putchar('\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\'')
			putchar('\'');
		putchar((unsigned char)s.p[i] < ' ' ? ' ' : s.p[i]);
	}
	putchar('\'');
}

static void
print_fields(struct draft *d, const char *name)
{
	printf("native: %s            # unmapped keys are kept under this prefix\nfields:\n", name);
	for (size_t i = 0; i < d->keys.n; i++) {
		const char *field = field_of(d->keys.v[i]);

		printf("  %s", field != NULL ? "" : "# ");
		put_quoted(d->keys.v[i]);
		printf(": %s\n", field != NULL ? field : "");
	}
	if (d->keys.n == 0)
		puts("  {}");
}

static const char *
codec_of(const struct draft *d)
{
	unsigned most = d->json;
	const char *codec = "json";

	if (d->xml > most)
		most = d->xml, codec = "xml";
	if (d->kv > most)
		most = d->kv, codec = "kv";
	if (d->csv > most)
		most = d->csv, codec = "csv";
	return d->text > most ? "pattern" : codec;
}

static void
print_probe(const struct draft *d, const char *codec)
{
	puts("probe:                    # what makes a line of this source unmistakable");
	if (d->program.n != 0) {
		fputs("  - {program: ", stdout);
		put_quoted(d->program);
		puts("}");
		return;
	}
	fputs("  - {starts: ", stdout);
	put_quoted(codec[0] == 'j' ? SL("{") : slice_sub(d->first, 0, 12));
	if (codec[0] == 'j' && d->keys.n != 0)
		printf(", has: '\"%.*s\":'", SL_ARG(d->keys.v[0]));
	puts("}");
}

static void
print_draft(struct draft *d, const char *name)
{
	const char *codec = codec_of(d);
	int vendor = (int)strcspn(name, ".");

	printf("# Draft from %u sample lines: %u JSON, %u XML, %u key=value, %u CSV, %u other; %u with a syslog header.\n"
	       "# What to do now: docs/sources.md.\nsource: %s\ntitle: %s\nlogsource:\n  - {product: %.*s}\n%s",
	       d->lines, d->json, d->xml, d->kv, d->csv, d->text, d->header, name, name, vendor, name,
	       d->header != 0 ? "header: {host: observer.hostname}\n" : "");
	print_probe(d, codec);
	printf("codec: %s\n", codec);
	if (strcmp(codec, "csv") == 0) {
		printf("native: %s\ncolumns: [", name);
		for (size_t i = 0; i < d->cells; i++)
			printf("%sc%zu", i != 0 ? ", " : "", i + 1);
		puts("]");
	} else if (strcmp(codec, "pattern") == 0) {
		fputs("patterns:\n  - ", stdout);
		put_quoted(SL("{message:rest}"));
		fputs("   # sample: ", stdout);
		fwrite(d->first.p, 1, d->first.n < 160 ? d->first.n : 160, stdout);
		putchar('\n');
	} else {
		print_fields(d, name);
	}
	puts("steps:\n  - set: {event.kind: event, event.category: network}   # ECS category, type, outcome\n"
	     "  - fields: {source.ip: related.ip, destination.ip: related.ip, user.name: related.user}");
}

static bool
name_is_good(struct slice name)
{
	struct slice vendor = slice_cut(&name, '.');

	for (int i = 0; i < 2; i++) {
		struct slice part = i == 0 ? vendor : name;

		for (size_t k = 0; k < part.n; k++)
			if (part.p[k] == '\0' || strchr("abcdefghijklmnopqrstuvwxyz0123456789_-", part.p[k]) == NULL)
				return false;
		if (part.n == 0)
			return false;
	}
	return true;
}

int
source_new(struct cli *c)
{
	const char *name = cli_opt(c, "--name", "vendor.product"), *path = cli_operand(c, 1);
	auto_buf struct buf text = { 0 };
	struct json_reader *json;
	struct draft d = { 0 };
	struct slice rest;

	if (path == NULL)
		return cli_usage(c, "name a file of sample lines");
	if (!name_is_good(slice_str(name)))
		return cli_usage(c, "--name wants VENDOR.PRODUCT in a-z 0-9 _ -, not %s", name);
	if (file_read(path, &text, 64u << 20) != 0)
		return cli_could_not(c, "%s cannot be read", path);
	json = json_reader_new();
	arena_init(&d.arena, 0, 0);
	rest = buf_slice(&text);
	while (rest.n != 0 && d.lines < 1000) {
		struct slice line = slice_cut(&rest, '\n');

		if (line.n != 0)
			look_at(&d, json, line);
	}
	if (d.lines != 0)
		print_draft(&d, name);
	json_reader_free(json);
	arena_fini(&d.arena);
	map_fini(&d.seen);
	vec_fini(&d.keys);
	return d.lines != 0 ? CLI_DONE : cli_could_not(c, "%s holds no line", path);
}
