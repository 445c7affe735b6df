/* SPDX-License-Identifier: Apache-2.0
 *
 * Answers and streams.  An answer given inside the route's function is queued when it returns; one
 * given later resumes the connection.  A stream suspends its connection whenever it has said all.
 */
#include <stdio.h>

#include "codec/jsonw.h"
#include "http/http_priv.h"

void
answer_resume(struct http_req *r)
{
	if (!r->suspended)
		return;
	r->suspended = false;
	MHD_resume_connection(r->mc);
	http_wake(r->h);
}

enum MHD_Result
answer_queue(struct http_req *r)
{
	enum MHD_Result ret;

	if (r->answer == NULL)
		return MHD_NO;
	ret = MHD_queue_response(r->mc, r->status, r->answer);
	MHD_destroy_response(r->answer);
	r->answer = NULL;
	return ret;
}

static void
add_headers(struct MHD_Response *a, const struct http_header *list)
{
	for (; list != NULL && list->name != NULL; list++)
		MHD_add_response_header(a, list->name, list->value);
}

static bool
listed(const struct http_header *list, const char *name)
{
	for (; list != NULL && list->name != NULL; list++)
		if (slice_eq_nocase(slice_str(list->name), slice_str(name)))
			return true;
	return false;
}

/* The server's own headers, but for those the answer sets itself (cache rules of an asset). */
static void
finish(struct http_req *r, struct MHD_Response *a, unsigned status, const char *type,
       const struct http_header *extra)
{
	for (const struct http_header *c = r->h->conf.headers; c != NULL && c->name != NULL; c++)
		if (!listed(extra, c->name))
			MHD_add_response_header(a, c->name, c->value);
	add_headers(a, extra);
	if (type != NULL)
		MHD_add_response_header(a, "Content-Type", type);
	r->answer = a;
	r->status = status;
}

static int
give(struct http *h, uint64_t id, unsigned status, const char *type, struct slice body,
     const struct http_header *extra, enum MHD_ResponseMemoryMode mode)
{
	struct http_req *r = req_find(h, id);
	struct MHD_Response *a;

	if (r == NULL || r->state != REQ_ASKED)
		return E_NOTFOUND;
	a = MHD_create_response_from_buffer(body.n, (void *)(uintptr_t)body.p, mode);
	must(a != NULL);
	finish(r, a, status, type, extra);
	r->state = REQ_ANSWERED;
	answer_resume(r);
	return 0;
}

int
http_answer(struct http *h, uint64_t id, unsigned status, const char *type, struct slice body,
            const struct http_header *extra)
{
	return give(h, id, status, type, body, extra, MHD_RESPMEM_MUST_COPY);
}

int
http_answer_static(struct http *h, uint64_t id, unsigned status, const char *type, struct slice body,
                   const struct http_header *extra)
{
	return give(h, id, status, type, body, extra, MHD_RESPMEM_PERSISTENT);
}

static void
plain_problem(struct buf *out, unsigned status, const char *type, const char *detail)
{
	buf_put_str(out, "{");
	jsonw_kv_str(out, "type", type);
	jsonw_kv_str(out, "title", http_reason(status));
	jsonw_kv_i64(out, "status", status);
	if (detail != NULL)
		jsonw_kv_str(out, "detail", detail);
	buf_put_str(out, "}");
}

int
http_problem(struct http *h, uint64_t id, unsigned status, const char *type, const char *detail, unsigned retry_s)
{
	auto_buf struct buf out = { 0 };
	char retry[16];
	struct http_header extra[2] = { { NULL, NULL }, { NULL, NULL } };

	if (h->conf.problem != NULL)
		h->conf.problem(&out, status, type, detail);
	else
		plain_problem(&out, status, type, detail);
	if (retry_s != 0) {
		snprintf(retry, sizeof retry, "%u", retry_s);
		extra[0] = (struct http_header){ "Retry-After", retry };
	}
	return http_answer(h, id, status, "application/problem+json", buf_slice(&out), extra);
}

/* ---- streams ---- */

static ssize_t
stream_read(void *cls, uint64_t pos, char *out, size_t max)
{
	struct http_req *r = cls;
	size_t n = r->out.n < max ? r->out.n : max;

	(void)pos;
	if (n != 0) {
		memcpy(out, r->out.p, n);
		buf_drop_front(&r->out, n);
		return (ssize_t)n;
	}
	if (r->ended || r->h->closing)
		return MHD_CONTENT_READER_END_OF_STREAM;
	MHD_suspend_connection(r->mc);
	r->suspended = true;
	return 0;
}

int
http_stream(struct http *h, uint64_t id, http_gone_fn *on_gone, void *ctx)
{
	static const struct http_header extra[] = {
		{ "Cache-Control", "no-store" }, { "X-Accel-Buffering", "no" }, { NULL, NULL }
	};
	struct http_req *r = req_find(h, id);
	struct MHD_Response *a;

	if (r == NULL || r->state != REQ_ASKED)
		return E_NOTFOUND;
	a = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, stream_read, r, NULL);
	must(a != NULL);
	finish(r, a, 200, "text/event-stream", extra);
	r->state = REQ_STREAM;
	r->on_gone = on_gone;
	r->gone_ctx = ctx;
	h->stats.streams++;
	answer_resume(r);
	return 0;
}

int
http_stream_put(struct http *h, uint64_t id, struct slice bytes)
{
	struct http_req *r = req_find(h, id);

	if (r == NULL || r->state != REQ_STREAM || r->ended)
		return E_NOTFOUND;
	if (r->out.n + bytes.n > STREAM_QUEUE_MAX) {
		r->ended = true;
		buf_clear(&r->out);
		answer_resume(r);
		return E_FULL;
	}
	buf_put_slice(&r->out, bytes);
	answer_resume(r);
	return 0;
}

void
http_stream_end(struct http *h, uint64_t id)
{
	struct http_req *r = req_find(h, id);

	if (r == NULL || r->state != REQ_STREAM)
		return;
	r->ended = true;
	answer_resume(r);
}
