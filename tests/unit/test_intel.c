/* SPDX-License-Identifier: Apache-2.0
 *
 * Indicators: what is in is found, what is not is not; every form of list; images as hostile input; and the
 * whole maltrail lists when the corpora are there.
 */
#define _GNU_SOURCE /* memfd_create */
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zstd.h>

#include "base/clock.h"
#include "intel/image_priv.h"
#include "sys/fd.h"

static struct intel_image *image;
static struct buf bytes;
static struct intel_tally tally;
static struct whys faults;

/* Compiles a list (and an allow list) and opens the image. */
static void
compile(const char *text, const char *allow)
{
	struct intel_builder *b = intel_builder_new(1700000000 * NS_PER_S);
	struct intel_list list = { .name = "mine", .confidence = 80 }, allowed = { .name = "allow", .allow = true };

	intel_close(image);
	bytes.n = 0;
	memset(&tally, 0, sizeof tally);
	whys_fini(&faults);
	memset(&faults, 0, sizeof faults);
	assert_int_equal(intel_read(b, slice_str(text), "list.txt", &list, &tally, &faults), 0);
	if (allow != NULL)
		assert_int_equal(intel_read(b, slice_str(allow), "allow.txt", &allowed, &(struct intel_tally){ 0 }, NULL), 0);
	intel_build(b, &bytes);
	intel_builder_free(b);
	assert_int_equal(intel_open_bytes(buf_slice(&bytes), &image, NULL), 0);
}

static struct intel_hit hit;

#define finds(type, value, port) intel_find(image, type, slice_str(value), port, 2000, &hit)

static void
test_addresses(void **state)
{
	(void)state;
	compile("203.0.113.9\n198.51.100.7:8080\n2001:db8::1\n192.0.2.0/24\n192.0.2.128/25\n2001:db8:1::/48\n"
	        "[2001:db8::2]:443\n", NULL);
	assert_int_equal(tally.added, 7);
	assert_true(finds(INTEL_IP, "203.0.113.9", 0));
	assert_slice(hit.indicator, "203.0.113.9");
	assert_slice(hit.list, "mine");
	assert_int_equal(hit.confidence, 80);
	assert_false(finds(INTEL_IP, "203.0.113.8", 0));
	assert_false(finds(INTEL_IP, "198.51.100.7", 0));
	assert_false(finds(INTEL_IP, "198.51.100.7", 80));
	assert_true(finds(INTEL_IP, "198.51.100.7", 8080));
	assert_slice(hit.indicator, "198.51.100.7:8080");
	assert_true(finds(INTEL_IP, "2001:db8:0:0::1", 0));
	assert_true(finds(INTEL_IP, "2001:db8::2", 443));
	assert_slice(hit.indicator, "[2001:db8::2]:443");
	assert_true(finds(INTEL_IP, "192.0.2.1", 0));
	assert_slice(hit.indicator, "192.0.2.0/24");
	assert_true(finds(INTEL_IP, "192.0.2.255", 0));
	assert_slice(hit.indicator, "192.0.2.128/25");
	assert_true(finds(INTEL_IP, "2001:db8:1:ffff::", 0));
	assert_false(finds(INTEL_IP, "2001:db8:2::", 0));
	assert_false(finds(INTEL_IP, "192.0.3.0", 0));
	assert_false(finds(INTEL_IP, "192.0.1.255", 0));
}

static void
test_names(void **state)
{
	(void)state;
	compile("bad.example\nvery.bad.example\nEvil.Example.NET.\n.eu.example\n", NULL);
	assert_true(finds(INTEL_DOMAIN, "bad.example", 0));
	assert_true(finds(INTEL_DOMAIN, "a.b.c.BAD.example.", 0));
	assert_slice(hit.indicator, "bad.example");
	assert_true(finds(INTEL_DOMAIN, "x.very.bad.example", 0));
	assert_slice(hit.indicator, "very.bad.example");
	assert_false(finds(INTEL_DOMAIN, "notbad.example", 0));
	assert_false(finds(INTEL_DOMAIN, "example", 0));
	assert_true(finds(INTEL_DOMAIN, "www.evil.example.net", 0));
	assert_true(finds(INTEL_DOMAIN, "x.eu.example", 0));
	assert_true(finds(INTEL_DOMAIN, "1.2.3.4.5.6.7.8.9.10.11.12.bad.example", 0));
	assert_false(finds(INTEL_DOMAIN, "..", 0));
}

static void
test_urls_and_hashes(void **state)
{
	(void)state;
	compile("hxxp://bad[.]example/drop/\nhttp://h.example:80/a?b=1\n/gate.php?id=\nhttps://203.0.113.4\n"
	        "h2.example/x\nd41d8cd98f00b204e9800998ecf8427e\n"
	        "E3B0C44298FC1C149AFBF4C8996FB92427AE41E4649B934CA495991B7852B855\n", NULL);
	assert_int_equal(tally.refused, 0);
	assert_true(finds(INTEL_URL, "https://bad.example/drop/a/b?c", 0));
	assert_slice(hit.indicator, "bad.example/drop/");
	assert_true(finds(INTEL_URL, "http://H.EXAMPLE/a?b=1", 0));
	assert_false(finds(INTEL_URL, "http://h.example/a?b=2", 0));
	assert_false(finds(INTEL_URL, "http://h.example/A?b=1", 0));
	assert_true(finds(INTEL_URL, "http://any.example/gate.php?id=", 0));
	assert_true(finds(INTEL_URL, "/gate.php?id=", 0));
	assert_true(finds(INTEL_URL, "http://203.0.113.4/whatever", 0));
	assert_true(finds(INTEL_URL, "h2.example/x?q", 0));
	assert_false(finds(INTEL_URL, "h2.example/xy", 0));
	assert_true(finds(INTEL_HASH, "D41D8CD98F00B204E9800998ECF8427E", 0));
	assert_true(finds(INTEL_HASH, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0));
	assert_false(finds(INTEL_HASH, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b856", 0));
}

static void
test_allow(void **state)
{
	(void)state;
	compile("bad.example\ngood.example\n203.0.113.9\n192.0.2.0/24\nhttp://cdn.example/x\n203.0.113.77:80\n",
	        "ok.bad.example\nexample.org\ngood.example\n203.0.113.0/28\n192.0.2.16/28\ncdn.example\n203.0.113.77\n10.0.0.1\nlocalhost\n");
	assert_true(finds(INTEL_DOMAIN, "bad.example", 0) && !hit.allowed);
	assert_true(finds(INTEL_DOMAIN, "www.ok.bad.example", 0) && hit.allowed);
	assert_true(finds(INTEL_DOMAIN, "good.example", 0) && hit.allowed);
	assert_true(finds(INTEL_IP, "203.0.113.9", 0) && hit.allowed);
	assert_true(finds(INTEL_IP, "192.0.2.1", 0) && !hit.allowed);
	assert_true(finds(INTEL_IP, "192.0.2.17", 0) && hit.allowed);
	assert_true(finds(INTEL_IP, "192.0.2.32", 0) && !hit.allowed);
	assert_true(finds(INTEL_URL, "http://cdn.example/x", 0) && hit.allowed);
	assert_true(finds(INTEL_IP, "203.0.113.77", 80) && hit.allowed);
}

static void
test_forms(void **state)
{
	(void)state;
	compile("# a hosts file\n0.0.0.0 bad.example more.example # why\n127.0.0.1\tlocalhost\n::1 third.example\n", NULL);
	assert_int_equal(tally.added, 3);
	assert_true(finds(INTEL_DOMAIN, "more.example", 0));
	compile("bad.example\tmalware/x\n203.0.113.1\tscanner\n", NULL);
	assert_true(finds(INTEL_IP, "203.0.113.1", 0));
	assert_slice(hit.list, "scanner");
	compile("# feed\n# \"first_seen\",\"ioc_value\",\"malware_printable\",\"confidence_level\"\n"
	        "\"2026-01-01\", \"203.0.113.5:443\", \"Cobalt, \"\"Strike\"\"\", \"75\"\n"
	        "\"2026-01-01\", \"\", \"x\", \"75\"\n", NULL);
	assert_int_equal(tally.added, 1);
	assert_int_equal(tally.refused, 1);
	assert_true(finds(INTEL_IP, "203.0.113.5", 443));
	assert_slice(hit.list, "Cobalt, \"Strike\"");
	assert_int_equal(hit.confidence, 75);
	compile("indicator,expires\nold.example,2020-01-01\nnew.example,2200-01-01T00:00:00Z\n", NULL);
	assert_int_equal(tally.expired, 1);
	assert_false(finds(INTEL_DOMAIN, "old.example", 0));
	assert_true(finds(INTEL_DOMAIN, "new.example", 0));
	assert_false(intel_find(image, INTEL_DOMAIN, SL("new.example"), 0, 8000000000LL * NS_PER_S, &hit));
	compile("#fields\tindicator\tindicator_type\tmeta.source\nz.example\tIntel::DOMAIN\tzeek\n", NULL);
	assert_true(finds(INTEL_DOMAIN, "z.example", 0));
	assert_slice(hit.list, "zeek");
}

static void
test_faults(void **state)
{
	(void)state;
	compile("good.example\n10.0.0.1\n192.0.2.5/24\n0.0.0.0/0\n^a.*b$\nnamé.example\ncom\n\x01\x02\n999.1.1.1.1:x\n", NULL);
	assert_int_equal(tally.added, 1);
	assert_int_equal(tally.refused, 8);
	assert_int_equal(faults.list.n, 8);
	assert_string_equal(faults.list.v[0].file, "list.txt");
	assert_int_equal(faults.list.v[0].line, 2);
	assert_string_equal(faults.list.v[0].found, "10.0.0.1");
	assert_non_null(strstr(faults.list.v[0].wanted, "private"));
	assert_true(finds(INTEL_DOMAIN, "good.example", 0));
}

static void
test_joined_lists(void **state)
{
	struct intel_builder *b = intel_builder_new(0);
	struct intel_list one = { .name = "one", .confidence = 50 }, two = { .name = "two", .confidence = 80 };
	const char *why;

	(void)state;
	assert_int_equal(intel_add(b, SL("bad.example"), &one, &why), 0);
	assert_int_equal(intel_add(b, SL("bad.example"), &two, &why), E_EXISTS);
	assert_int_equal(intel_add(b, SL("BAD.example."), &one, &why), E_EXISTS);
	bytes.n = 0;
	intel_close(image);
	intel_build(b, &bytes);
	intel_builder_free(b);
	assert_int_equal(intel_open_bytes(buf_slice(&bytes), &image, NULL), 0);
	assert_true(finds(INTEL_DOMAIN, "bad.example", 0));
	assert_int_equal(hit.lists, 2);
	assert_slice(hit.list, "two");
	assert_int_equal(hit.confidence, 90);
}

struct seen {
	unsigned n;
	int field[8];
};

static void
on_hit(void *ctx, const struct intel_hit *h)
{
	struct seen *s = ctx;

	s->field[s->n++ % 8] = h->field;
}

static void
test_event(void **state)
{
	struct fieldset *fs = fieldset_new();
	struct arena a;
	struct event *e = malloc(sizeof *e);
	struct seen seen = { 0 };

	(void)state;
	compile("bad.example\n203.0.113.9:8443\nallowed.example\n", "allowed.example\n");
	arena_init(&a, 0, 0);
	event_init(e, fs, &a);
	event_reset(e, SL("x"), 0);
	event_set_typed(e, F_DESTINATION_IP, SL("203.0.113.9"));
	event_set_typed(e, F_DESTINATION_PORT, SL("8443"));
	event_set_typed(e, F_SOURCE_IP, SL("203.0.113.9"));
	event_add(e, F_DNS_QUESTION, SL("fine.example"));
	event_add(e, F_DNS_QUESTION, SL("www.bad.example"));
	event_set(e, F_TLS_SNI, SL("allowed.example"));
	event_seal(e);
	assert_int_equal(intel_match_event(image, e, 5, on_hit, &seen), 2);
	assert_int_equal(seen.field[0], F_DESTINATION_IP);
	assert_int_equal(seen.field[1], F_DNS_QUESTION);
	free(e);
	arena_fini(&a);
	fieldset_free(fs);
}

/* Any byte bent: refused by the sum. With the sum mended: refused or harmless, never out of bounds. */
static void
test_hostile_image(void **state)
{
	struct intel_image *im;
	unsigned refused = 0, opened = 0;

	(void)state;
	compile("bad.example\n203.0.113.9\n192.0.2.0/24\nhttp://u.example/a/\nd41d8cd98f00b204e9800998ecf8427e\n", "x.example\n");
	for (size_t n = 0; n < bytes.n; n += 7)
		assert_int_not_equal(intel_open_bytes(slice_of(bytes.p, n), &im, NULL), 0);
	for (size_t i = 0; i < bytes.n; i += i < 512 || i > bytes.n - 8700 ? 1 : 13) {
		char *copy = malloc(bytes.n);
		struct image_head *h = (void *)copy;

		memcpy(copy, bytes.p, bytes.n);
		copy[i] = (char)(copy[i] ^ (1 << i % 8));
		assert_int_not_equal(intel_open_bytes(slice_of(copy, bytes.n), &im, NULL), 0);
		h->sum = image_sum(copy, bytes.n);
		if (intel_open_bytes(slice_of(copy, bytes.n), &im, NULL) == 0) {
			opened++;
			intel_find(im, INTEL_DOMAIN, SL("a.bad.example"), 0, 0, &hit);
			intel_find(im, INTEL_IP, SL("192.0.2.7"), 80, 0, &hit);
			intel_find(im, INTEL_URL, SL("http://u.example/a/b/c"), 0, 0, &hit);
			intel_close(im);
		} else {
			refused++;
		}
		free(copy);
	}
	assert_true(refused > 50 && opened > 0);
}

/* A file that is cut while its image is in use: a copy goes on. A sealed memory cannot be cut, and one that is not sealed
 * is copied like a file. */
static void
test_cut_file(void **state)
{
	char path[] = "/tmp/nezuban-intel-XXXXXX";
	int file = mkstemp(path), sealed, loose = memfd_create("loose", MFD_CLOEXEC | MFD_ALLOW_SEALING), fds[3];

	(void)state;
	compile("bad.example\n203.0.113.9\n192.0.2.0/24\n", NULL);
	sealed = fd_sealed("sealed", buf_slice(&bytes));
	assert_true(file >= 0 && sealed >= 0 && loose >= 0);
	assert_int_equal(fd_write_all(file, bytes.p, bytes.n), 0);
	assert_int_equal(fd_write_all(loose, bytes.p, bytes.n), 0);
	memcpy(fds, (int[]){ file, sealed, loose }, sizeof fds);
	for (int i = 0; i < 3; i++) {
		struct intel_image *im;

		assert_int_equal(intel_open(fds[i], &im, NULL), 0);
		assert_int_equal(ftruncate(fds[i], 0), i == 1 ? -1 : 0);
		assert_true(intel_find(im, INTEL_DOMAIN, SL("www.bad.example"), 0, 0, &hit));
		assert_true(intel_find(im, INTEL_IP, SL("192.0.2.77"), 0, 0, &hit));
		assert_true(slice_eq(hit.indicator, SL("192.0.2.0/24")));
		intel_close(im);
		if (i != 1)
			assert_int_equal(intel_open(fds[i], &im, NULL), E_IO);
		close(fds[i]);
	}
	unlink(path);
}

/* Every length of label and name, and what is no name: the same answer as byte by byte. */
static void
test_name_keys(void **state)
{
	struct intel_key k;
	char name[300], want[300];

	(void)state;
	for (unsigned n = 1; n < 260; n++)
		for (unsigned label = 1; label < 66; label += label < 18 ? 1 : 15) {
			bool good = n <= 253;
			unsigned in = 0;

			for (unsigned i = 0; i < n; i++) {
				in = i % (label + 1) == label && i + 1 < n ? 0 : in + 1;
				name[i] = in == 0 ? '.' : "aB3-_zZ9"[i % 8];
				want[i] = in == 0 ? '.' : "ab3-_zz9"[i % 8];
				good = good && in <= 63;
			}
			assert_int_equal(key_of_domain(slice_of(name, n), 1, &k), good);
			if (good) {
				assert_int_equal(k.n, n);
				assert_memory_equal(k.b, want, n);
				name[n / 2] = '/';
				assert_false(key_of_domain(slice_of(name, n), 1, &k));
			}
		}
	assert_false(key_of_domain(SL("a..b"), 1, &k));
	assert_false(key_of_domain(SL(".."), 1, &k));
	assert_false(key_of_domain(SL("a"), 2, &k));
	assert_true(key_of_domain(SL(".a.b."), 2, &k) && k.n == 3);
}

/* The edges of networks inside one /16, around it and at the ends of the space. */
static void
test_networks(void **state)
{
	static const struct { const char *ip, *net; } v[] = {
		{ "198.51.99.255", NULL }, { "198.51.100.0", "198.51.100.0/24" }, { "198.51.100.127", "198.51.100.0/24" },
		{ "198.51.100.128", "198.51.100.128/26" }, { "198.51.100.191", "198.51.100.128/26" },
		{ "198.51.100.192", "198.51.100.0/24" }, { "198.51.101.0", NULL }, { "223.0.0.0", "223.0.0.0/8" },
		{ "223.77.1.1", "223.0.0.0/8" }, { "223.255.255.255", "223.0.0.0/8" }, { "224.0.0.0", NULL },
		{ "222.255.255.255", NULL }, { "223.77.2.9", "223.77.2.0/24" }, { "223.77.3.0", "223.0.0.0/8" },
		{ "2001:db8::", "2001:db8::/32" }, { "2001:db9::", NULL }, { "2001:db8:ffff::1", "2001:db8::/32" },
	};

	(void)state;
	compile("198.51.100.0/24\n198.51.100.128/26\n223.0.0.0/8\n223.77.2.0/24\n2001:db8::/32\n", NULL);
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		bool found = finds(INTEL_IP, v[i].ip, 443);

		assert_int_equal(found, v[i].net != NULL);
		if (found)
			assert_true(slice_eq(hit.indicator, slice_str(v[i].net)));
	}
}

/* ---- maltrail ---- */

static const char *
corpora(void)
{
	const char *env = getenv("NEZUBAN_CORPORA");

	return env != NULL ? env : CORPORA;
}

static struct { const char *name; enum intel_type type; } const files[] = {
	{ "ipv4", INTEL_IP }, { "ipv6", INTEL_IP }, { "ip_port", INTEL_IP }, { "cidr", INTEL_IP },
	{ "domain", INTEL_DOMAIN }, { "url", INTEL_URL },
};

static int
read_file(const char *name, struct buf *out)
{
	char path[512];

	snprintf(path, sizeof path, "%s/intel/maltrail/%s.tsv.zst", corpora(), name);
	return file_read(path, out, 1u << 30);
}

static void
unpack_file(const char *name, struct buf *out)
{
	struct buf packed = { 0 };
	size_t n;

	assert_int_equal(read_file(name, &packed), 0);
	n = ZSTD_getFrameContentSize(packed.p, packed.n);
	if (n == ZSTD_CONTENTSIZE_UNKNOWN || n == ZSTD_CONTENTSIZE_ERROR)
		n = 80 << 20;
	buf_reserve(out, n);
	out->n = ZSTD_decompress(out->p, n, packed.p, packed.n);
	assert_false(ZSTD_isError(out->n));
	buf_fini(&packed);
}

/* Looks every value of a file up as an event would hold it; returns how many were not found. Values that
 * the import refuses are not counted. */
static uint64_t
look_up_file(const char *name, enum intel_type type, uint64_t *looked)
{
	struct buf text = { 0 };
	struct intel_key k;
	uint64_t missing = 0;
	const char *why;

	unpack_file(name, &text);
	for (struct slice rest = buf_slice(&text); rest.n != 0;) {
		struct slice line = slice_cut(&rest, '\n'), value = slice_cut(&line, '\t');
		uint64_t port = 0;

		if (key_of_text(value, &k, &why) != 0)
			continue;
		if (k.type == INTEL_IP_PORT) {
			struct slice host = value;

			while (host.p[host.n - 1] != ':')
				host.n--;
			slice_u64(slice_sub(value, host.n, value.n), &port);
			host.n--;
			value = host;
		} else if (type == INTEL_IP) { /* a network, or one address written as a network */
			value = slice_cut(&value, '/');
		}
		++*looked;
		if (!intel_find(image, k.type == INTEL_DOMAIN || k.type == INTEL_URL ? k.type : type, value,
		                (unsigned)port, 2000, &hit)) {
			missing++;
			print_message("not found: %.*s\n", (int)value.n, value.p);
		}
	}
	buf_fini(&text);
	return missing;
}

static void
test_maltrail(void **state)
{
	struct intel_builder *b;
	struct intel_list list = { .name = "maltrail", .confidence = 70 };
	struct intel_info info;
	uint64_t missing = 0, looked = 0, wrong = 0;
	struct buf text = { 0 };

	(void)state;
	if (read_file("ipv4", &text) != 0) {
		print_message("skipped: no corpora at %s\n", corpora());
		skip();
	}
	b = intel_builder_new(1000);
	memset(&tally, 0, sizeof tally);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		text.n = 0;
		assert_int_equal(read_file(files[i].name, &text), 0);
		assert_int_equal(intel_read(b, buf_slice(&text), files[i].name, &list, &tally, NULL), 0);
	}
	bytes.n = 0;
	intel_close(image);
	intel_build(b, &bytes);
	assert_int_equal(intel_open_bytes(buf_slice(&bytes), &image, NULL), 0);
	intel_info(image, &info);
	print_message("%llu values, %llu refused, %llu repeated, %.1f bytes each\n", (unsigned long long)info.entries,
	              (unsigned long long)tally.refused, (unsigned long long)tally.repeated,
	              (double)info.bytes / (double)info.entries);
	assert_true(info.entries > 1600000);
	assert_true(info.bytes < info.entries * 40);
	assert_true(tally.refused < tally.lines / 1000);
	intel_builder_free(b);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		missing += look_up_file(files[i].name, files[i].type, &looked);
	print_message("%llu looked up\n", (unsigned long long)looked);
	assert_true(looked > 1600000);
	assert_int_equal(missing, 0);
	for (unsigned i = 0; i < 1000000; i++) {
		char name[64];
		uint64_t h = hash_mix(i + 77);

		snprintf(name, sizeof name, "w%llx.not-there-%u.test", (unsigned long long)h, i % 1000);
		wrong += finds(INTEL_DOMAIN, name, 0);
	}
	assert_int_equal(wrong, 0);
	buf_fini(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_urls_and_hashes),
		cmocka_unit_test(test_allow),
		cmocka_unit_test(test_forms),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_joined_lists),
		cmocka_unit_test(test_event),
		cmocka_unit_test(test_hostile_image),
		cmocka_unit_test(test_cut_file),
		cmocka_unit_test(test_name_keys),
		cmocka_unit_test(test_networks),
		cmocka_unit_test(test_maltrail),
	};
	int r = cmocka_run_group_tests(tests, NULL, NULL);

	intel_close(image);
	buf_fini(&bytes);
	whys_fini(&faults);
	return r;
}
