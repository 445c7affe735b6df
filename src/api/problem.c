/* SPDX-License-Identifier: Apache-2.0
 *
 * RFC 9457 documents in both languages, for what web itself refuses.
 */
#include "api/api.h"
#include "codec/jsonw.h"

static const struct row {
	unsigned status;
	const char *type, *ja, *en;
} rows[] = {
	{ 400, "invalid", "リクエストを読めません。", "The request cannot be read." },
	{ 401, "unauthenticated", "サインインしてください。", "Sign in first." },
	{ 403, "forbidden", "権限がありません。", "You may not do this." },
	{ 404, "not_found", "見つかりません。", "There is no such thing." },
	{ 405, "method", "このアドレスでは使えない操作です。", "This address does not take that method." },
	{ 413, "limited", "送信された内容が大きすぎます。", "The body is larger than the limit." },
	{ 415, "invalid", "application/json で送ってください。", "Send application/json." },
	{ 422, "invalid", "値が正しくありません。", "A value is not right." },
	{ 429, "limited", "しばらく待ってからやり直してください。", "Wait a little, then try again." },
	{ 503, "unavailable", "いまは応答できません。しばらくしてからやり直してください。",
	  "Not available now. Try again shortly." },
	{ 504, "unavailable", "時間内に応答がありませんでした。", "There was no answer in time." },
};

void
api_problem(struct buf *out, unsigned status, const char *type, const char *field, const char *detail)
{
	const struct row *r = &rows[0];

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].status == status)
			r = &rows[i];
	buf_put_str(out, "{");
	jsonw_kv_str(out, "type", type != NULL ? type : r->type);
	jsonw_key(out, SL("title"));
	buf_put_str(out, "{");
	jsonw_kv_str(out, "ja", r->ja);
	jsonw_kv_str(out, "en", r->en);
	buf_put_str(out, "}");
	jsonw_kv_i64(out, "status", status);
	if (field != NULL && *field != 0)
		jsonw_kv_str(out, "field", field);
	if (detail != NULL && *detail != 0)
		jsonw_kv_str(out, "detail", detail);
	buf_put_str(out, "}");
}

void
api_problem_http(struct buf *out, unsigned status, const char *type, const char *detail)
{
	(void)type; /* http's own names; the API has its list in the description */
	api_problem(out, status, NULL, NULL, detail);
}
