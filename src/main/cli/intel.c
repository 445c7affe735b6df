/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban intel import -o IMAGE FILE…   compiles lists; faults as file:line with the reason, counted
 * nezuban intel list IMAGE              what an image holds
 * nezuban intel find IMAGE VALUE…       is this an indicator?
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/err.h"
#include "codec/jsonw.h"
#include "intel/intel.h"
#include "main/cli/cli.h"
#include "sys/fd.h"

#define FAULTS_SHOWN 100

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

static void
put_types(struct buf *out, const uint64_t type[INTEL_TYPES])
{
	for (int t = 0; t < INTEL_TYPES; t++)
		jsonw_kv_i64(out, intel_type_name((enum intel_type)t), (int64_t)type[t]);
}

static int
import_one(const struct cli *c, struct intel_builder *b, const char *path, struct intel_tally *total, uint64_t *faults)
{
	auto_buf struct buf text = { 0 }, line = { 0 };
	const char *name = base_name(path);
	auto_free char *list_name = x_asprintf("%.*s", (int)strcspn(name, "."), name);
	struct intel_list list = { .name = cli_opt(c, "--name", list_name), .allow = cli_has(c, "--allow") ||
		strncmp(name, "whitelist", 9) == 0 || strncmp(name, "allow", 5) == 0 };
	struct whys ws = { .limit = FAULTS_SHOWN };
	uint64_t before = total->refused;
	int r = file_read(path, &text, INTEL_LIST_MAX);

	if (r == 0)
		r = intel_read(b, buf_slice(&text), path, &list, total, &ws);
	for (size_t i = 0; i < ws.list.n; i++) {
		buf_clear(&line);
		why_print(&ws.list.v[i], &line);
		fprintf(stderr, "%s\n", buf_cstr(&line));
	}
	if (total->refused - before > ws.list.n)
		fprintf(stderr, "%s: %llu more values refused\n", path, (unsigned long long)(total->refused - before - ws.list.n));
	whys_fini(&ws);
	*faults += r != 0;
	if (r != 0)
		fprintf(stderr, "%s: error[INTEL-FILE]: %s; nothing of it was taken\n", path, err_text(r));
	return r;
}

static int
intel_import(struct cli *c)
{
	struct intel_builder *b = intel_builder_new(clock_now(clock_real()));
	const char *out_path = cli_opt(c, "--output", NULL);
	auto_buf struct buf image = { 0 }, out = { 0 };
	struct intel_tally total = { 0 };
	uint64_t faults = 0;
	size_t count;
	int r = 0;

	if (out_path == NULL || cli_operands(c) < 2) {
		intel_builder_free(b);
		return cli_usage(c, "import wants -o IMAGE and at least one list");
	}
	for (int i = 1; i < cli_operands(c); i++)
		import_one(c, b, cli_operand(c, i), &total, &faults);
	count = intel_builder_count(b);
	intel_build(b, &image);
	intel_builder_free(b);
	if (faults == (uint64_t)cli_operands(c) - 1) /* an image that works is not replaced by an empty one */
		return cli_could_not(c, "no list could be read; %s is as it was", out_path);
	r = file_write_atomic(out_path, buf_slice(&image), 0644);
	if (r != 0)
		return cli_could_not(c, "%s: %s", out_path, err_text(r));
	if (cli_has(c, "--json")) {
		buf_put_byte(&out, '{');
		jsonw_kv_i64(&out, "entries", (int64_t)count);
		jsonw_kv_i64(&out, "bytes", (int64_t)image.n);
		jsonw_kv_i64(&out, "lines", (int64_t)total.lines);
		jsonw_kv_i64(&out, "added", (int64_t)total.added);
		jsonw_kv_i64(&out, "repeated", (int64_t)total.repeated);
		jsonw_kv_i64(&out, "refused", (int64_t)total.refused);
		jsonw_kv_i64(&out, "expired", (int64_t)total.expired);
		jsonw_kv_i64(&out, "bad_files", (int64_t)faults);
		put_types(&out, total.type);
		buf_put_str(&out, "}\n");
		fwrite(out.p, 1, out.n, stdout);
	} else {
		printf("%zu indicators in %zu bytes; %llu lines, %llu repeated, %llu refused, %llu expired\n", count, image.n,
		       (unsigned long long)total.lines, (unsigned long long)total.repeated, (unsigned long long)total.refused,
		       (unsigned long long)total.expired);
	}
	return total.refused != 0 || faults != 0 ? CLI_PROBLEMS : CLI_DONE;
}

static int
open_image(const struct cli *c, struct intel_image **ret)
{
	const char *path = cli_operand(c, 1), *why = "";
	auto_close int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (path == NULL)
		return cli_usage(c, "say which image");
	if (fd < 0 || intel_open(fd, ret, &why) != 0)
		return cli_could_not(c, "%s: %s", path, fd < 0 ? "cannot be opened" : why);
	return CLI_DONE;
}

static int
intel_show(struct cli *c)
{
	struct intel_image *im;
	struct intel_info info;
	auto_buf struct buf out = { 0 };
	char at[36];
	int r = open_image(c, &im);

	if (r != CLI_DONE)
		return r;
	intel_info(im, &info);
	time_format_rfc3339(at, info.built_ns, 0);
	buf_put_byte(&out, '{');
	jsonw_kv_str(&out, "version", info.version);
	jsonw_kv_str(&out, "built", at);
	jsonw_kv_i64(&out, "entries", (int64_t)info.entries);
	jsonw_kv_i64(&out, "allowed", (int64_t)info.allowed);
	jsonw_kv_i64(&out, "bytes", (int64_t)info.bytes);
	put_types(&out, info.type);
	buf_put_str(&out, "}\n");
	if (!cli_has(c, "--json"))
		buf_clear(&out), buf_printf(&out, "%llu indicators of %llu lists, %llu bytes, built %s\n",
		                            (unsigned long long)info.entries, (unsigned long long)info.lists,
		                            (unsigned long long)info.bytes, at);
	for (uint64_t i = 0; i < info.lists; i++) {
		struct slice name = intel_list_name(im, i);

		if (cli_has(c, "--json")) {
			buf_put_byte(&out, '{');
			jsonw_kv(&out, "list", name);
			jsonw_kv_i64(&out, "entries", (int64_t)intel_list_entries(im, i));
			jsonw_kv_i64(&out, "confidence", intel_list_confidence(im, i));
			buf_put_str(&out, "}\n");
		} else {
			buf_printf(&out, "%9llu  %3u  %.*s\n", (unsigned long long)intel_list_entries(im, i),
			           intel_list_confidence(im, i), SL_ARG(name));
		}
	}
	fwrite(out.p, 1, out.n, stdout);
	intel_close(im);
	return CLI_DONE;
}

static bool
find_any(const struct intel_image *im, const char *value, struct intel_hit *hit)
{
	static const enum intel_type types[] = { INTEL_IP, INTEL_HASH, INTEL_DOMAIN, INTEL_URL };
	const char *colon = strrchr(value, ':');
	int64_t now = clock_now(clock_real());
	uint64_t port;

	if (colon != NULL && slice_u64(slice_str(colon + 1), &port) && port < 65536 &&
	    intel_find(im, INTEL_IP, slice_of(value, (size_t)(colon - value)), (unsigned)port, now, hit))
		return true;
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (intel_find(im, types[i], slice_str(value), 0, now, hit))
			return true;
	return false;
}

static int
intel_look(struct cli *c)
{
	struct intel_image *im;
	struct intel_hit hit;
	int r = open_image(c, &im), found = 0;

	if (r != CLI_DONE)
		return r;
	for (int i = 2; i < cli_operands(c); i++) {
		const char *value = cli_operand(c, i);

		if (!find_any(im, value, &hit)) {
			printf("%s\tno\n", value);
			continue;
		}
		found++;
		printf("%s\t%s\t%s\t%.*s\t%.*s\t%u\n", value, hit.allowed ? "allowed" : "yes", intel_type_name(hit.type),
		       SL_ARG(hit.indicator), SL_ARG(hit.list), hit.confidence);
	}
	intel_close(im);
	return found != 0 ? CLI_DONE : CLI_PROBLEMS;
}

int
cli_intel(struct cli *c)
{
	const char *what = cli_operand(c, 0);

	if (what != NULL && strcmp(what, "import") == 0)
		return intel_import(c);
	if (what != NULL && strcmp(what, "list") == 0)
		return intel_show(c);
	if (what != NULL && strcmp(what, "find") == 0)
		return intel_look(c);
	return cli_usage(c, "say import, list or find");
}
