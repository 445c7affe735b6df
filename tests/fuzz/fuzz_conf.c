/* SPDX-License-Identifier: Apache-2.0
 *
 * Configuration text of both programs; what is accepted and shown can be read again and shows the same.
 */
#include "../../src/conf/conf.c"

static bool
read_once(unsigned program, struct slice text, struct buf *shown)
{
	struct conf *c = x_calloc(1, sizeof *c);
	struct whys ws = { 0 };
	bool failed = false;

	arena_init(&c->a, 0, 0);
	c->program = program;
	c->file = "/etc/nezuban/f.yaml";
	load_text(c, c->file, arena_dup(&c->a, text), &ws, &failed);
	must(failed == (ws.errors != 0));
	if (!failed) {
		fill_defaults(c);
		conf_show(c, shown);
	}
	whys_fini(&ws);
	conf_free(c);
	return !failed;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf struct buf shown = { 0 };

	read_once(PP_NEZUBAND, slice_of(data, size), &shown);
	buf_clear(&shown);
	read_once(PP_LCP, slice_of(data, size), &shown);
	return 0;
}
