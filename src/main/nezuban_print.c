/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban-print: one data set on standard input → one PDF on standard output, and gone.
 *
 *     role print, `nezuban report render` ──fork, exec──▶ nezuban-print --lang ja  <data.json  >out.pdf
 *
 * It is a program of its own so that cairo, pango, fontconfig and the fonts are in no process that lives on, and no two tenants' reports
 * ever share an address space.  It confines itself before it reads a byte: fonts may be read, nothing written, no network, no program.
 * Exit status: 0 done, 1 the data set is none, 2 usage, 3 could not; without fonts for the language it could not.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/err.h"
#include "base/log.h"
#include "report/pdf.h"
#include "sys/fd.h"
#include "sys/jail.h"

#define INPUT_MAX (32u << 20)
#define MEMORY_MAX (1024ull << 20) /* of addresses: the fonts are mapped */
#define CPU_S 60

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif

static int
usage(FILE *out, int status)
{
	fputs("usage: nezuban-print --lang ja|en < DATA.json > OUT.pdf\n"
	      "       nezuban-print --check\n\n"
	      "The service and `nezuban report render` run it, `nezuban doctor` asks it for its fonts; see nezuban(1).\n",
	      out);
	return status;
}

static int
confine(void)
{
#ifdef SANITIZED
	return 0; /* their shadow memory bears no limit of addresses, and they ask for what the jail refuses */
#else
	static const char *const read[] = { "/usr/share", "/usr/local/share/fonts", "/usr/lib", "/lib", "/etc/fonts", "/var/cache/fontconfig", NULL };
	struct rlimit cpu = { CPU_S, CPU_S };
	struct jail j = { .may = JAIL_MAY_READ_FILES, .read = read, .max_memory = MEMORY_MAX, .max_files = 64 };

	return setrlimit(RLIMIT_CPU, &cpu) == 0 ? jail_enter(&j, NULL) : E_IO;
#endif
}

static int
print(enum report_lang lang)
{
	auto_buf struct buf in = { 0 }, out = { 0 };
	json_error_t e;
	json_t *data;
	int r = fd_read_all(0, &in, INPUT_MAX);

	if (r != 0) {
		fprintf(stderr, "nezuban-print: %s\n", r == E_TOOBIG ? "the data set is larger than 32 MiB" : "standard input cannot be read");
		return r == E_TOOBIG ? 1 : 3;
	}
	data = json_loadb(in.p, in.n, JSON_REJECT_DUPLICATES, &e);
	buf_fini(&in);
	if (!json_is_object(data)) {
		if (data == NULL)
			fprintf(stderr, "nezuban-print: line %d, column %d: this is no JSON\n", e.line, e.column);
		else
			fprintf(stderr, "nezuban-print: wanted an object, the data set of a report\n");
		json_decref(data);
		return 1;
	}
	r = report_pdf(data, lang, &out);
	json_decref(data);
	if (r == 0)
		r = fd_write_all(1, out.p, out.n);
	if (r != 0)
		fprintf(stderr, "nezuban-print: %s\n",
		        r == E_TOOBIG     ? "the document would have too many pages"
		        : r == E_NOTFOUND ? "no font for this language is installed (Debian: fonts-noto-cjk)"
		                          : "could not write the document");
	return r == 0 ? 0 : r == E_TOOBIG ? 1 : 3;
}

/* 0, 1 when a language has no fonts. */
static int
check_fonts(void)
{
	bool ja = report_pdf_has_fonts(REPORT_JA), en = report_pdf_has_fonts(REPORT_EN);

	if (!ja || !en)
		fprintf(stderr, "nezuban-print: fonts for %s are missing (Debian: fonts-noto-cjk)\n", !ja && !en ? "Japanese and English" : !ja ? "Japanese" : "English");
	return ja && en ? 0 : 1;
}

int
main(int argc, char **argv)
{
	bool ja = argc == 3 && strcmp(argv[2], "ja") == 0, en = argc == 3 && strcmp(argv[2], "en") == 0, check = argc == 2 && strcmp(argv[1], "--check") == 0;

	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return usage(stdout, 0);
	if (argc == 2 && strcmp(argv[1], "--version") == 0) {
		puts("nezuban-print " NEZUBAN_VERSION);
		return 0;
	}
	if (!check && (argc != 3 || strcmp(argv[1], "--lang") != 0 || (!ja && !en)))
		return usage(stderr, 2);
	log_init("print", LOG_WARN);
	if (confine() != 0) {
		fprintf(stderr, "nezuban-print: could not confine itself\n");
		return 3;
	}
	/* everything is written; fontconfig has nothing to tidy up that the kernel does not */
	_exit(check ? check_fonts() : print(ja ? REPORT_JA : REPORT_EN));
}
