/* SPDX-License-Identifier: Apache-2.0
 *
 * The spool against its promises: whatever is killed, cut, flipped or missing, a line that was committed comes
 * out once, in order, or a gap record stands for it.
 */
#define _GNU_SOURCE
#include "unit.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/must.h"
#include "spool/spool.h"

#define SEGMENT (64u << 10)
static const uint64_t conn[2] = { 7, 9 };

static char *
scratch(void)
{
	/* memory when there is some: what is tested is the order of steps, not the disk */
	char *dir = strdup(access("/dev/shm", W_OK) == 0 ? "/dev/shm/nz-spool-XXXXXX" : "/tmp/nz-spool-XXXXXX");

	assert_non_null(mkdtemp(dir));
	return dir;
}

static void
wipe(char *dir)
{
	static const char *const subs[] = { "in", "out", "quarantine", "" };

	for (size_t i = 0; i < 4; i++) {
		auto_free char *sub = x_asprintf("%s/%s", dir, subs[i]);
		DIR *d = opendir(sub);
		struct dirent *e;

		while (d != NULL && (e = readdir(d)) != NULL)
			unlinkat(dirfd(d), e->d_name, 0);
		if (d != NULL)
			closedir(d);
		rmdir(sub);
	}
	free(dir);
}

static struct spool_opts
opts(const char *dir)
{
	return (struct spool_opts){ .dir = dir, .segment = SEGMENT, .limit = 100 * SEGMENT };
}

static void
put_lines(struct spool_in *in, unsigned from, unsigned count)
{
	for (unsigned i = from; i < from + count; i++) {
		struct spool_line l = { .transport = BT_TCP, .received_ns = i };
		const struct spool_origin *o = spool_in_origin(in, conn);
		size_t room;
		char *p = spool_in_room(in, 64, &room);

		l.len = (uint32_t)snprintf(p, 64, "line %08u of the unit test", i);
		l.off = spool_in_keep(in, l.len);
		l.device = (uint16_t)spool_in_device(in, i % 2 ? SL("fw-1") : SL("fw-2"), SL("auto"));
		spool_in_add(in, &l);
		spool_in_set(in, conn, (o != NULL ? o->end : 0) + 1, SL("state"));
	}
}

/* What came out: numbers must rise by one; gaps are counted. */
struct seen {
	unsigned next, lines, gaps, doubles, batches, lost;
};

static void
look(struct seen *s, struct slice wire, struct batch_zip *z)
{
	struct slice block;
	struct batch b;

	assert_int_equal(batch_unpack(z, wire, &block), 0);
	assert_int_equal(batch_check(block, &b, NULL), 0);
	s->batches++;
	for (uint32_t i = 0; i < b.head->lines; i++) {
		struct slice l = batch_line_bytes(&b, i);
		char text[64];
		unsigned n;

		if (b.lines[i].flags & LINE_GAP) {
			s->gaps++;
			continue;
		}
		memcpy(text, l.p, l.n);
		text[l.n] = '\0';
		assert_true(l.n > 13 && strncmp(text, "line ", 5) == 0);
		n = (unsigned)strtoul(text + 5, NULL, 10);
		s->doubles += n < s->next;
		s->lost += n > s->next ? n - s->next : 0;
		assert_true(slice_eq(batch_device_id(&b, b.lines[i].device), n % 2 ? SL("fw-1") : SL("fw-2")));
		s->next = n + 1;
		s->lines++;
	}
}

static void
drain(struct spool_out *out, struct seen *s)
{
	struct batch_zip *z = batch_zip_new();

	*s = (struct seen){ 0 };
	for (uint64_t q = spool_out_first(out); q <= spool_out_last(out); q++) {
		auto_buf struct buf wire = { 0 };
		struct spool_sealed h;
		uint8_t hash[32];

		assert_int_equal(spool_out_read(out, q, &wire, &h), 0);
		batch_hash(buf_slice(&wire), hash);
		assert_memory_equal(hash, h.hash, 32);
		assert_int_equal(h.seq, q);
		look(s, buf_slice(&wire), z);
	}
	batch_zip_free(z);
}

static void
pack_all(const struct spool_opts *o, struct spool_in *in, struct spool_out *out)
{
	struct spool_pack *p = spool_pack_new(o, out, 1);
	int e;

	while ((e = spool_pack_run(p, spool_in_log(in), spool_in_durable(in), 4096, 0, 1)) == 1)
		;
	assert_int_equal(e, 0);
	spool_pack_free(p);
}

static void
lines_come_out_once_and_in_order(void **state)
{
	char *dir = scratch();
	struct spool_opts o = opts(dir);
	struct spool_in *in;
	struct spool_out *out;
	struct seen s;

	(void)state;
	assert_int_equal(spool_in_open(&o, &in), 0);
	assert_int_equal(spool_out_open(&o, &out), 0);
	for (unsigned i = 0; i < 300; i++) {
		put_lines(in, i * 20, 20);
		assert_int_equal(spool_in_commit(in), 0);
		if (i % 50 == 49) { /* both ends are opened again, nothing is remembered but the disk */
			pack_all(&o, in, out);
			spool_out_close(out);
			spool_in_close(in);
			assert_int_equal(spool_in_open(&o, &in), 0);
			assert_int_equal(spool_out_open(&o, &out), 0);
			assert_int_equal(spool_in_origin(in, conn)->end, (i + 1) * 20);
		}
	}
	pack_all(&o, in, out);
	drain(out, &s);
	assert_int_equal(s.lines, 6000);
	assert_int_equal(s.lost + s.doubles + s.gaps, 0);
	assert_true(spool_in_bytes(in) > 4 * SEGMENT); /* nobody told `in` that they are packed */
	spool_in_packed(in, spool_in_log(in), spool_in_durable(in));
	for (unsigned i = 0; i < 100; i++) {
		put_lines(in, 6000 + i * 20, 20);
		assert_int_equal(spool_in_commit(in), 0);
	}
	spool_in_close(in);
	spool_out_close(out);
	wipe(dir);
}

/* ---- kill at every step ---- */

static int steps_left, ack_pipe;

static void
die_at(const char *step)
{
	(void)step;
	if (--steps_left == 0)
		_exit(77);
}

/* One life: goes on from what is on the disk, tells through the pipe what was committed. */
static int
one_life(const struct spool_opts *o, unsigned until)
{
	struct spool_in *in;
	struct spool_out *out;
	struct spool_pack *p;
	const struct spool_origin *at;
	unsigned n;

	must(spool_in_open(o, &in) == 0 && spool_out_open(o, &out) == 0);
	p = spool_pack_new(o, out, 1);
	at = spool_in_origin(in, conn);
	for (n = at != NULL ? (unsigned)at->end : 0; n < until; n += 10) {
		uint64_t log, seq;

		put_lines(in, n, 10);
		must(spool_in_commit(in) == 0);
		must(write(ack_pipe, &n, sizeof n) == sizeof n);
		if (n % 100 == 0)
			while (spool_pack_run(p, spool_in_log(in), spool_in_durable(in), 4096, 0, 1) == 1)
				;
		spool_out_in_position(out, &log, &seq);
		spool_in_packed(in, log, seq);
		spool_out_set_stored(out, spool_out_last(out));
		if (n % 300 == 0)
			must(spool_out_save(out) == 0);
	}
	while (spool_pack_run(p, spool_in_log(in), spool_in_durable(in), 4096, 0, 1) == 1)
		;
	spool_pack_free(p);
	spool_in_close(in);
	spool_out_close(out);
	return 0;
}

static void
killed_at_every_step_nothing_is_lost(void **state)
{
	enum { UNTIL = 6000 };
	unsigned lives = 0;
	bool untouched = false;

	(void)state;
	for (int at = 1; !untouched; at += at < 60 ? 1 : 17) {
		char *dir = scratch();
		struct spool_opts o = opts(dir);
		unsigned acked = 0, n, deaths = 0;
		struct spool_out *out;
		struct seen s;

		for (;;) {
			int fds[2], status;
			pid_t pid;

			assert_int_equal(pipe(fds), 0);
			if ((pid = fork()) == 0) {
				close(fds[0]);
				ack_pipe = fds[1];
				steps_left = at + (int)deaths; /* the second death comes one step later */
				spool_step_hook = deaths < 3 ? die_at : NULL;
				_exit(one_life(&o, UNTIL));
			}
			close(fds[1]);
			while (read(fds[0], &n, sizeof n) == sizeof n) {
				assert_true(n + 10 > acked);
				acked = n + 10;
			}
			close(fds[0]);
			assert_int_equal(waitpid(pid, &status, 0), pid);
			assert_true(WIFEXITED(status) && (WEXITSTATUS(status) == 77 || WEXITSTATUS(status) == 0));
			lives++;
			if (WEXITSTATUS(status) == 0)
				break;
			deaths++;
		}
		untouched = deaths == 0;
		assert_int_equal(acked, UNTIL);
		assert_int_equal(spool_out_open(&o, &out), 0);
		drain(out, &s);
		assert_int_equal(s.lines, UNTIL);
		assert_int_equal(s.lost + s.doubles + s.gaps, 0);
		spool_out_close(out);
		wipe(dir);
	}
	assert_true(lives > 100);
}

/* ---- damage ---- */

static char *
nth_file(const char *dir, const char *sub, unsigned n)
{
	auto_free char *path = x_asprintf("%s/%s", dir, sub);
	struct dirent **names;
	int count = scandir(path, &names, NULL, alphasort);
	char *ret;

	assert_true(count > 2);
	ret = x_asprintf("%s/%s", path, names[2 + n % (unsigned)(count - 2)]->d_name);
	for (int i = 0; i < count; i++)
		free(names[i]);
	free(names);
	return ret;
}

static void
flip(const char *path, off_t at)
{
	int fd = open(path, O_RDWR);
	unsigned char c;

	assert_true(fd >= 0 && pread(fd, &c, 1, at) == 1);
	c ^= 0x5a;
	assert_int_equal(pwrite(fd, &c, 1, at), 1);
	close(fd);
}

static void
fill(const struct spool_opts *o, unsigned groups)
{
	struct spool_in *in;

	assert_int_equal(spool_in_open(o, &in), 0);
	for (unsigned i = 0; i < groups; i++) {
		put_lines(in, i * 10, 10);
		assert_int_equal(spool_in_commit(in), 0);
	}
	spool_in_close(in);
}

static void
a_flipped_byte_costs_one_group_and_is_told(void **state)
{
	unsigned told = 0;

	(void)state;
	srandom(1);
	for (unsigned i = 0; i < 400; i++) {
		char *dir = scratch();
		struct spool_opts o = opts(dir);
		auto_free char *path = NULL;
		struct spool_in *in;
		struct spool_out *out;
		struct seen s;

		fill(&o, 200);
		path = nth_file(dir, "in", i);
		flip(path, random() % SEGMENT);
		assert_int_equal(spool_in_open(&o, &in), 0);
		assert_int_equal(spool_out_open(&o, &out), 0);
		put_lines(in, 2000, 10); /* life goes on behind it */
		assert_int_equal(spool_in_commit(in), 0);
		pack_all(&o, in, out);
		drain(out, &s);
		assert_int_equal(s.doubles, 0);
		assert_true(s.lost <= 10);
		assert_int_equal(s.lines + s.lost, 2010);
		/* the last record of all cannot be told from one that was never synced: counted as torn */
		assert_true(s.lost == 0 || s.gaps == 1 || spool_in_damage(in)->torn == 1);
		told += s.gaps;
		spool_in_close(in);
		spool_out_close(out);
		wipe(dir);
	}
	assert_true(told > 100);
}

static void
cut_empty_and_missing_files_do_not_stop_the_start(void **state)
{
	(void)state;
	for (unsigned what = 0; what < 3; what++)
		for (unsigned which = 0; which < 4; which++) {
			char *dir = scratch();
			struct spool_opts o = opts(dir);
			auto_free char *path = NULL;
			struct spool_in *in;
			struct spool_out *out;
			struct seen s;

			fill(&o, 300);
			path = nth_file(dir, "in", which);
			if (what == 0)
				assert_int_equal(truncate(path, SEGMENT / 2), 0);
			else if (what == 1)
				assert_int_equal(truncate(path, 0), 0);
			else
				assert_int_equal(unlink(path), 0);
			assert_int_equal(spool_in_open(&o, &in), 0);
			assert_int_equal(spool_out_open(&o, &out), 0);
			put_lines(in, 3000, 10);
			assert_int_equal(spool_in_commit(in), 0);
			pack_all(&o, in, out);
			drain(out, &s);
			assert_int_equal(s.doubles, 0);
			assert_true(s.lines >= 10 && s.lines + s.lost == 3010);
			assert_true(s.lost == 0 || s.gaps != 0 || which == 3);
			spool_in_close(in);
			spool_out_close(out);
			wipe(dir);
		}
}

static void
bytes_in_a_line_are_no_record(void **state)
{
	char *dir = scratch();
	struct spool_opts o = opts(dir);
	struct spool_in *in;
	struct spool_out *out;
	struct seen s;

	(void)state;
	fill(&o, 3);
	{ /* a line that carries a copy of the first 4 kB of a segment of this very kind */
		auto_free char *path = nth_file(dir, "in", 0);
		int fd = open(path, O_RDWR);
		char copy[4096];

		assert_int_equal(pread(fd, copy, sizeof copy, 0), sizeof copy);
		memset(copy + 24, 0x77, 8); /* what a stranger cannot know: the number of the log */
		assert_int_equal(pwrite(fd, copy, sizeof copy, SEGMENT / 2), sizeof copy);
		close(fd);
	}
	assert_int_equal(spool_in_open(&o, &in), 0);
	assert_int_equal(spool_in_damage(in)->records, 0);
	assert_int_equal(spool_out_open(&o, &out), 0);
	pack_all(&o, in, out);
	drain(out, &s);
	assert_int_equal(s.lines, 30);
	spool_in_close(in);
	spool_out_close(out);
	wipe(dir);
}

/* ---- full, trimming, epochs ---- */

static void
full_pushes_back_and_what_is_not_stored_stays(void **state)
{
	char *dir = scratch();
	struct spool_opts o = opts(dir);
	struct spool_in *in;
	struct spool_out *out;
	struct spool_pack *p;
	unsigned n = 0, refused = 0;
	uint64_t log, seq, last;
	struct seen s;

	(void)state;
	o.limit = 6 * SEGMENT;
	assert_int_equal(spool_in_open(&o, &in), 0);
	assert_int_equal(spool_out_open(&o, &out), 0);
	p = spool_pack_new(&o, out, 1);
	while (refused < 3) {
		int e;

		if (spool_in_pending(in) == 0)
			put_lines(in, n, 10);
		e = spool_in_commit(in);
		assert_true(e == 0 || e == E_FULL);
		refused += e == E_FULL;
		n += e == 0 ? 10 : 0;
		e = spool_pack_run(p, spool_in_log(in), spool_in_durable(in), 4096, 0, 1);
		assert_true(e == 0 || e == 1 || e == E_FULL);
		spool_out_in_position(out, &log, &seq);
		spool_in_packed(in, log, seq);
		spool_in_tell_out_bytes(in, spool_out_bytes(out));
		spool_out_tell_in_bytes(out, spool_in_bytes(in));
		assert_true(n < 1000000);
	}
	assert_true(spool_in_bytes(in) + spool_out_bytes(out) <= o.limit);
	drain(out, &s);
	assert_int_equal(s.lost + s.doubles, 0);
	last = spool_out_last(out);
	spool_out_set_stored(out, last); /* the archive is back: everything goes on by itself */
	for (int i = 0; i < 2000; i++) {
		int e = spool_pack_run(p, spool_in_log(in), spool_in_durable(in), 4096, 0, 1);

		assert_true(e == 0 || e == 1);
		spool_out_set_stored(out, spool_out_last(out));
		spool_out_in_position(out, &log, &seq);
		spool_in_packed(in, log, seq);
		if (spool_in_pending(in) == 0)
			put_lines(in, n, 10);
		assert_int_equal(spool_in_commit(in), 0);
		n += 10;
		spool_in_tell_out_bytes(in, spool_out_bytes(out));
		spool_out_tell_in_bytes(out, spool_in_bytes(in));
	}
	assert_true(spool_out_first(out) > 1);
	assert_true(spool_in_bytes(in) + spool_out_bytes(out) <= o.limit);
	spool_pack_free(p);
	spool_in_close(in);
	spool_out_close(out);
	wipe(dir);
}

static void
a_new_epoch_carries_everything_over(void **state)
{
	char *dir = scratch();
	struct spool_opts o = opts(dir);
	struct spool_in *in;
	struct spool_out *out;
	uint64_t before[2], after[2];
	struct seen s;
	unsigned turns = 0;

	(void)state;
	fill(&o, 300);
	assert_int_equal(spool_in_open(&o, &in), 0);
	assert_int_equal(spool_out_open(&o, &out), 0);
	pack_all(&o, in, out);
	spool_out_epoch(out, before);
	assert_true(spool_out_last(out) > 12);
	assert_int_equal(spool_out_new_epoch(out, 1, "test"), 0);
	while (spool_out_resealing(out)) {
		if (turns++ % 3 == 1) { /* dies and goes on */
			spool_out_close(out);
			assert_int_equal(spool_out_open(&o, &out), 0);
			continue;
		}
		assert_int_equal(spool_out_reseal(out, 5, 1), 0);
	}
	spool_out_epoch(out, after);
	assert_memory_not_equal(before, after, 16);
	drain(out, &s);
	assert_int_equal(s.lines, 3000);
	assert_int_equal(s.lost + s.doubles + s.gaps, 0);
	spool_in_close(in);
	spool_out_close(out);
	wipe(dir);
}

static void
a_damaged_batch_is_found_and_carried_round(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 60; i++) {
		char *dir = scratch();
		struct spool_opts o = opts(dir);
		auto_free char *path = NULL;
		struct spool_in *in;
		struct spool_out *out;
		struct seen s = { 0 };
		uint64_t bad = 0;

		fill(&o, 300);
		assert_int_equal(spool_in_open(&o, &in), 0);
		assert_int_equal(spool_out_open(&o, &out), 0);
		pack_all(&o, in, out);
		spool_out_close(out);
		path = nth_file(dir, "out", i);
		flip(path, random() % 8192);
		assert_int_equal(spool_out_open(&o, &out), 0);
		pack_all(&o, in, out); /* when the tail was hit, `in` still has it */
		for (uint64_t q = 1; q <= spool_out_last(out) && bad == 0; q++) {
			auto_buf struct buf wire = { 0 };

			bad = spool_out_read(out, q, &wire, NULL) != 0 ? q : 0;
		}
		if (bad != 0) {
			assert_int_equal(spool_out_new_epoch(out, 1, "damage"), 0);
			while (spool_out_resealing(out))
				assert_int_equal(spool_out_reseal(out, 5, 1), 0);
		}
		drain(out, &s);
		assert_int_equal(s.doubles, 0);
		assert_int_equal(s.gaps, bad != 0);
		assert_int_equal(s.lines + s.lost, 3000);
		assert_true((s.lost != 0) == (bad != 0));
		spool_in_close(in);
		spool_out_close(out);
		wipe(dir);
	}
}

static void
hostile_records_are_refused(void **state)
{
	char *block = aligned_alloc(16, 4096);
	struct spool_group g;

	(void)state;
	srandom(7);
	for (unsigned i = 0; i < 200000; i++) {
		size_t n = (size_t)random() % 400;

		for (size_t k = 0; k < n; k++)
			block[k] = (char)(random() % 100 < 80 ? random() % 3 : random());
		if (spool_group_read(slice_of(block, n), &g) == 0)
			assert_true(g.bytes.p + g.bytes.n <= block + n);
	}
	free(block);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_come_out_once_and_in_order),
		cmocka_unit_test(killed_at_every_step_nothing_is_lost),
		cmocka_unit_test(a_flipped_byte_costs_one_group_and_is_told),
		cmocka_unit_test(cut_empty_and_missing_files_do_not_stop_the_start),
		cmocka_unit_test(bytes_in_a_line_are_no_record),
		cmocka_unit_test(full_pushes_back_and_what_is_not_stored_stays),
		cmocka_unit_test(a_new_epoch_carries_everything_over),
		cmocka_unit_test(a_damaged_batch_is_found_and_carried_round),
		cmocka_unit_test(hostile_records_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
