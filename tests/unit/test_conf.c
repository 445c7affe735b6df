/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "codec/yaml.h"
#include "conf/conf.h"
#include "sys/fd.h"

static char home[64], path[96];
static struct whys ws;
static struct conf *c;

static void
put(const char *name, const char *text)
{
	char p[160];

	snprintf(p, sizeof p, "%s/%s", home, name);
	assert_int_equal(file_write_atomic(p, slice_str(text), 0600), 0);
}

static int
load(enum conf_program program, const char *text)
{
	conf_free(c);
	c = NULL;
	whys_fini(&ws);
	ws = (struct whys){ 0 };
	put("nezuband.yaml", text);
	return conf_load(program, path, &c, &ws);
}

/* The first fault, without the temporary folder. */
static const char *
fault(size_t i)
{
	static struct buf b;

	buf_clear(&b);
	assert_true(i < ws.list.n);
	why_print(&ws.list.v[i], &b);
	return strstr(buf_cstr(&b), "nezuband.yaml");
}

static void
defaults_and_units(void **state)
{
	char *p;

	(void)state;
	assert_int_equal(load(CONF_NEZUBAND, "ingest:\n  tenant_queue: 32M\n  reorder_wait: 250ms\narchive: {keep: 92d}\n"), 0);
	assert_int_equal(conf_int(c, "ingest.tenant_queue"), 32 << 20);
	assert_int_equal(conf_int(c, "ingest.reorder_wait"), 250 * NS_PER_MS);
	assert_true(conf_int(c, "archive.keep") == 92 * NS_PER_DAY);
	assert_int_equal(conf_int(c, "engines"), 1);
	assert_string_equal(conf_str(c, "log.level"), "info");
	assert_true(conf_bool(c, "jail"));
	assert_null(conf_tree(c, "names"));
	p = conf_path(c, "archive.folder");
	assert_string_equal(p, "/var/lib/nezuban/archive");
	free(p);
	assert_int_equal(load(CONF_NEZUBAND, ""), 0);
	assert_int_equal(load(CONF_NEZUBAND, "ingest:\n"), 0);
	assert_int_equal(load(CONF_NEZUBAND, "data: here\n"), 0);
	p = conf_path(c, "archive.folder");
	assert_non_null(strstr(p, "/here/archive"));
	assert_int_equal(p[0], '/');
	free(p);
}

static void
strict_keys_with_the_nearest_word(void **state)
{
	(void)state;
	assert_int_equal(load(CONF_NEZUBAND, "ingest:\n  tenant_que: 1g\n"), E_CONFIG);
	assert_null(c);
	assert_string_equal(fault(0), "nezuband.yaml:2:3: error[CONF-KEY]: ingest.tenant_que; wanted one of: listen, "
	                              "tenant_queue, total_queue, retry_after, reorder_wait; did you mean ingest.tenant_queue");
	assert_int_equal(load(CONF_NEZUBAND, "enginse: 2\nlog: {level: warm}\n"), E_CONFIG);
	assert_int_equal(ws.list.n, 2); /* all faults, not the first */
	assert_non_null(strstr(fault(0), ":1:1: error[CONF-KEY]: enginse;"));
	assert_non_null(strstr(fault(0), "did you mean engines"));
	assert_string_equal(fault(1), "nezuband.yaml:2:14: error[CONF-WORD]: log.level: warm; wanted one of: debug info "
	                              "warn error alert; did you mean warn");
	/* a setting of the other program is as unknown as a misspelt one */
	assert_int_equal(load(CONF_LCP, "engines: 2\n"), E_CONFIG);
}

static void
wrong_types_and_ranges(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
		{ "engines: many\n", "nezuband.yaml:1:10: error[CONF-TYPE]: engines: many; wanted a whole number" },
		{ "engines: 65\n", "nezuband.yaml:1:10: error[CONF-RANGE]: engines: 65; wanted a whole number from 1 to 64" },
		{ "engines: '2'\n", "nezuband.yaml:1:11: error[CONF-TYPE]: engines: 2; wanted a whole number" },
		{ "engines: 99999999999999999999\n", ":1:10: error[CONF-TYPE]" },
		{ "engines: [1]\n", "error[CONF-TYPE]: engines: a list; wanted a whole number" },
		{ "jail: yes\n", "nezuband.yaml:1:7: error[CONF-TYPE]: jail: yes; wanted true or false" },
		{ "archive:\n  keep: 92\n", "nezuband.yaml:2:9: error[CONF-TYPE]: archive.keep: 92; wanted a span of time such as 5ms, 30s, 10m, 24h or 92d" },
		{ "archive:\n  keep: 9999999999999d\n", ":2:9: error[CONF-TYPE]" },
		{ "archive:\n  reserve: -1\n", ":2:12: error[CONF-TYPE]" },
		{ "archive:\n  reserve: 10q\n", ":2:12: error[CONF-TYPE]" },
		{ "archive: 5\n", "nezuband.yaml:1:10: error[CONF-TYPE]: archive: a value; wanted a map of settings" },
		{ "names: soc\n", ":1:8: error[CONF-TYPE]" },
		{ "data: ''\n", "error[CONF-TYPE]: data: ; wanted a path" },
		{ "data: ~\n", ":1:7: error[CONF-TYPE]" },
		{ "- a\n", "error[CONF-TYPE]: a list" },
		{ "just text\n", ":1:1: error[CONF-TYPE]" },
		{ "engines: 1\n---\nengines: 2\n", "error[CONF-DOCS]: 2 documents; wanted one" },
		{ "engines: 1\nengines: 2\n", ":2:" },
		{ "engines: [1\n", "error[" },
		{ "log.level: info\n", ":1:1: error[CONF-KEY]" },
		{ "? [a]\n: 1\n", "error[" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(load(CONF_NEZUBAND, cases[i].text), E_CONFIG);
		if (strstr(fault(0), cases[i].want) == NULL)
			fail_msg("%s gave %s", cases[i].text, fault(0));
	}
	conf_free(c);
	c = NULL;
	assert_int_equal(conf_load(CONF_NEZUBAND, "/nonexistent/nezuband.yaml", &c, &ws), E_CONFIG);
	assert_null(c);
}

static void
conf_d_wins_in_order(void **state)
{
	char p[160];

	(void)state;
	snprintf(p, sizeof p, "%s/conf.d", home);
	assert_int_equal(dir_make(p, 0700), 0);
	put("conf.d/20-b.yaml", "engines: 3\n");
	put("conf.d/10-a.yaml", "engines: 2\nlog: {level: debug}\n");
	put("conf.d/readme.txt", "not: read\n");
	assert_int_equal(load(CONF_NEZUBAND, "engines: 1\nnames: [a, b]\n"), 0);
	assert_int_equal(conf_int(c, "engines"), 3);
	assert_string_equal(conf_str(c, "log.level"), "debug");
	assert_int_equal(conf_tree(c, "names")->count, 2);
	put("conf.d/20-b.yaml", "engine: 3\n");
	assert_int_equal(load(CONF_NEZUBAND, "engines: 1\n"), E_CONFIG);
	assert_non_null(strstr(ws.list.v[0].file, "conf.d/20-b.yaml"));
	put("conf.d/20-b.yaml", "");
}

static void
what_is_shown_can_be_read_again(void **state)
{
	auto_buf struct buf once = { 0 }, again = { 0 };

	(void)state;
	assert_int_equal(load(CONF_NEZUBAND, "names:\n  - soc.example.jp\n  - '127.0.0.1'\narchive: {reserve: 1536k, keep: 36h}\n"), 0);
	conf_show(c, &once);
	assert_non_null(strstr(buf_cstr(&once), "reserve: 1536k\n"));
	assert_non_null(strstr(buf_cstr(&once), "keep: 36h\n"));
	assert_int_equal(load(CONF_NEZUBAND, buf_cstr(&once)), 0);
	conf_show(c, &again);
	assert_string_equal(buf_cstr(&once), buf_cstr(&again));
}

static int
set_up(void **state)
{
	(void)state;
	snprintf(home, sizeof home, "/tmp/nezuban-conf-XXXXXX");
	if (mkdtemp(home) == NULL)
		return -1;
	snprintf(path, sizeof path, "%s/nezuband.yaml", home);
	return 0;
}

static int
rm(const char *p, const struct stat *st, int flag, struct FTW *f)
{
	(void)st, (void)flag, (void)f;
	return remove(p);
}

static int
tear_down(void **state)
{
	(void)state;
	conf_free(c);
	whys_fini(&ws);
	return nftw(home, rm, 8, FTW_DEPTH | FTW_PHYS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_and_units),       cmocka_unit_test(strict_keys_with_the_nearest_word),
		cmocka_unit_test(wrong_types_and_ranges),   cmocka_unit_test(conf_d_wins_in_order),
		cmocka_unit_test(what_is_shown_can_be_read_again),
	};

	return cmocka_run_group_tests_name("conf", tests, set_up, tear_down);
}
