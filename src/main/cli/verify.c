/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban verify ARCHIVE|FILE [--key FILE] [--json]: an archive's folder, checked by somebody who trusts nobody; or
 * a slice of the journal (journal.c).
 * Reads files only; needs no service.  A copy, a restored backup or a folder whose service is stopped: the last
 * record of a running one may be half written.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "archive/archive.h"
#include "base/must.h"
#include "codec/jsonw.h"
#include "main/cli/cli.h"
#include "main/cli/journal.h"
#include "sys/fd.h"

struct report {
	bool json;
	struct buf faults;
};

static void
put_key(struct buf *out, const struct batch_key *k)
{
	char epoch[33];

	snprintf(epoch, sizeof epoch, "%016llx%016llx", (unsigned long long)k->epoch[0], (unsigned long long)k->epoch[1]);
	jsonw_kv_str(out, "tenant", k->tenant);
	jsonw_kv_str(out, "lcp", k->lcp);
	jsonw_kv_str(out, "epoch", epoch);
	jsonw_kv_i64(out, "seq", (int64_t)k->seq);
}

static void
on_fault(void *ctx, const struct archive_fault *f)
{
	struct report *rp = ctx;

	if (!rp->json) {
		printf("%s:%llu: %s", f->file, (unsigned long long)f->off, f->what);
		if (f->key.seq != 0)
			printf(" (%s %s %016llx%016llx %llu)", f->key.tenant, f->key.lcp, (unsigned long long)f->key.epoch[0],
			       (unsigned long long)f->key.epoch[1], (unsigned long long)f->key.seq);
		putchar('\n');
		return;
	}
	jsonw_comma(&rp->faults);
	buf_put_byte(&rp->faults, '{');
	jsonw_kv_str(&rp->faults, "file", f->file);
	jsonw_kv_i64(&rp->faults, "offset", (int64_t)f->off);
	jsonw_kv_str(&rp->faults, "what", f->what);
	if (f->key.seq != 0)
		put_key(&rp->faults, &f->key);
	buf_put_byte(&rp->faults, '}');
}

static void
print_json(const struct archive_tally *t, bool signatures, const struct buf *faults)
{
	auto_buf struct buf out = { 0 };

	buf_put_byte(&out, '{');
	jsonw_kv_bool(&out, "signatures_checked", signatures);
	jsonw_kv_i64(&out, "tenants", (int64_t)t->tenants);
	jsonw_kv_i64(&out, "days", (int64_t)t->days);
	jsonw_kv_i64(&out, "segments", (int64_t)t->segments);
	jsonw_kv_i64(&out, "batches", (int64_t)t->batches);
	jsonw_kv_i64(&out, "lines", (int64_t)t->lines);
	jsonw_kv_i64(&out, "bytes", (int64_t)t->bytes);
	jsonw_kv_i64(&out, "gaps", (int64_t)t->gaps);
	jsonw_kv_i64(&out, "canaries", (int64_t)t->canaries);
	jsonw_kv_i64(&out, "manifests", (int64_t)t->manifests);
	jsonw_kv_i64(&out, "fault_count", (int64_t)t->faults);
	jsonw_key(&out, SL("faults"));
	buf_put_slice(&out, buf_slice(faults));
	buf_put_str(&out, "]}\n");
	fwrite(out.p, 1, out.n, stdout);
}

static int
read_public(const char *path, struct pki_key **ret)
{
	auto_buf struct buf pem = { 0 };
	int r = file_read(path, &pem, 1 << 16);

	return r != 0 ? r : pki_key_read_public(buf_slice(&pem), ret);
}

int
cli_verify(struct cli *c)
{
	const char *folder = cli_operand(c, 0), *key_file = cli_opt(c, "--key", NULL);
	struct report rp = { .json = cli_has(c, "--json") };
	struct archive_tally t = { 0 };
	struct pki_key *key = NULL;
	struct stat st;
	int r;

	if (cli_operands(c) != 1)
		return cli_usage(c, "wanted one folder, or one file of journal export");
	if (key_file != NULL && (r = read_public(key_file, &key)) != 0)
		return cli_could_not(c, "%s: %s", key_file, r == E_SYNTAX ? "not a public key in PEM" : err_text(r));
	if (stat(folder, &st) == 0 && S_ISREG(st.st_mode)) {
		r = journal_verify(c, folder, key);
		pki_key_free(key);
		return r;
	}
	buf_put_byte(&rp.faults, '[');
	r = archive_verify(folder, key, &t, on_fault, &rp);
	if (r != 0) {
		pki_key_free(key);
		buf_fini(&rp.faults);
		return cli_could_not(c, "%s: %s", folder, err_text(r));
	}
	if (rp.json)
		print_json(&t, key != NULL, &rp.faults);
	else
		printf("%llu tenants, %llu days, %llu batches, %llu lines: %llu faults%s\n", (unsigned long long)t.tenants,
		       (unsigned long long)t.days, (unsigned long long)t.batches, (unsigned long long)t.lines,
		       (unsigned long long)t.faults, key != NULL ? "" : " (signatures not checked: no --key)");
	pki_key_free(key);
	buf_fini(&rp.faults);
	return t.faults != 0 ? CLI_PROBLEMS : CLI_DONE;
}
