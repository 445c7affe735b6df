/* SPDX-License-Identifier: Apache-2.0
 *
 * A request as arguments for its owner, checked against the description; and the look at where a
 * browser's request comes from.  A name that occurs twice (path, query, body) is refused: nobody
 * should have to know which one wins.
 */
#include <stdio.h>

#include "api/api.h"

static json_t *
refuse(json_t *args, json_t *body, unsigned status, unsigned *ret_status)
{
	json_decref(args);
	json_decref(body);
	*ret_status = status;
	return NULL;
}

static bool
put_once(json_t *args, struct slice name, struct slice value, struct api_fault *fault)
{
	char key[65];
	json_t *v = json_stringn(value.p, value.n);

	snprintf(key, sizeof key, SL_FMT, (int)(name.n < 64 ? name.n : 64), name.p);
	if (v == NULL || json_object_get(args, key) != NULL || json_object_set(args, key, v) != 0) {
		snprintf(fault->field, sizeof fault->field, "%s", key);
		snprintf(fault->text, sizeof fault->text, v == NULL ? "not UTF-8" : "given twice");
		json_decref(v);
		return false;
	}
	json_decref(v);
	return true;
}

static bool
put_params(const struct api_spec *s, const struct api_route *r, struct http_req *req, bool query, json_t *args,
           struct api_fault *fault)
{
	struct slice name, value;

	for (size_t i = 0; query ? http_query_next(req, &i, &name, &value) : http_param_next(req, &i, &name, &value);)
		if (api_spec_check_param(s, r, query, name, value, fault) != 0 ||
		    !put_once(args, name, value, fault))
			return false;
	return true;
}

/* The body, NULL when there is none. false with *ret_status set when it cannot be read. */
static bool
read_body(struct http_req *req, json_t **ret, unsigned *ret_status, struct api_fault *fault)
{
	struct slice body = http_body(req), type = http_header(req, "Content-Type");
	json_error_t err;

	*ret = NULL;
	if (body.n == 0)
		return true;
	if (!slice_eq_nocase(slice_trim(slice_cut(&type, ';')), SL("application/json"))) {
		*ret_status = 415;
		snprintf(fault->text, sizeof fault->text, "application/json is wanted");
		return false;
	}
	*ret = json_loadb(body.p, body.n, JSON_REJECT_DUPLICATES, &err);
	if (json_is_object(*ret))
		return true;
	*ret_status = 400;
	if (*ret == NULL)
		snprintf(fault->text, sizeof fault->text, "line %d, column %d: %.120s", err.line, err.column, err.text);
	else
		snprintf(fault->text, sizeof fault->text, "an object is wanted");
	json_decref(*ret);
	return false;
}

json_t *
api_args(const struct api_spec *s, const struct api_route *r, struct http_req *req, unsigned *ret_status,
         struct api_fault *fault)
{
	json_t *args = json_object(), *body = NULL, *v;
	const char *key;

	*fault = (struct api_fault){ .field = "" };
	if (!put_params(s, r, req, false, args, fault))
		return refuse(args, NULL, 404, ret_status);
	if (!put_params(s, r, req, true, args, fault))
		return refuse(args, NULL, 422, ret_status);
	if (!read_body(req, &body, ret_status, fault))
		return refuse(args, NULL, *ret_status, ret_status);
	if (api_spec_check_body(s, r, body, fault) != 0)
		return refuse(args, body, 422, ret_status);
	json_object_foreach(body, key, v)
	{
		if (json_object_get(args, key) != NULL) {
			snprintf(fault->field, sizeof fault->field, "%.100s", key);
			snprintf(fault->text, sizeof fault->text, "given twice");
			return refuse(args, body, 422, ret_status);
		}
		json_object_set(args, key, v);
	}
	json_decref(body);
	return args;
}

bool
api_is_cross_site(const struct http_req *req)
{
	struct slice origin = http_header(req, "Origin"), host = http_header(req, "Host"),
	             site = http_header(req, "Sec-Fetch-Site");

	if (site.p != NULL && !slice_eq(site, SL("same-origin")) && !slice_eq(site, SL("none")))
		return true;
	if (origin.p == NULL)
		return false;
	if (!slice_starts(origin, SL("https://")))
		return true;
	return !slice_eq_nocase(slice_sub(origin, 8, origin.n), host);
}
