/* SPDX-License-Identifier: Apache-2.0 */
#include "main/cli/client.h"

#include <curl/curl.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/must.h"

const char *
client_socket(const char *option)
{
	const char *env = getenv("NEZUBAN_SOCKET");

	return option != NULL ? option : env != NULL && env[0] != '\0' ? env : "/var/lib/nezuban/api.sock";
}

void
client_query(struct buf *path, const char *name, const char *value)
{
	if (value == NULL)
		return;
	buf_printf(path, "%c%s=", memchr(path->p, '?', path->n) != NULL ? '&' : '?', name);
	for (; *value != '\0'; value++) {
		unsigned char c = (unsigned char)*value;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~", c) != NULL)
			buf_put_byte(path, (char)c);
		else
			buf_printf(path, "%%%02X", c);
	}
}

static size_t
on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct buf *b = ctx;

	if (b->n + size * n > 256u << 20)
		return 0;
	buf_put(b, p, size * n);
	return size * n;
}

static void
set_body(CURL *h, struct curl_slist **head, const char *text)
{
	if (text == NULL)
		return;
	*head = curl_slist_append(*head, "Content-Type: application/json");
	curl_easy_setopt(h, CURLOPT_POSTFIELDS, text);
}

int
client_call(const char *socket, const char *method, const char *path, const json_t *body, long *ret_status, json_t **ret,
            struct buf *err)
{
	CURL *h = curl_easy_init();
	struct curl_slist *head = NULL;
	auto_buf struct buf url = { 0 }, answer = { 0 };
	char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
	CURLcode r;

	must(h != NULL);
	buf_printf(&url, "http://localhost%s", path);
	curl_easy_setopt(h, CURLOPT_UNIX_SOCKET_PATH, socket);
	curl_easy_setopt(h, CURLOPT_URL, buf_cstr(&url));
	curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, method);
	curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(h, CURLOPT_WRITEDATA, &answer);
	curl_easy_setopt(h, CURLOPT_TIMEOUT, 120L);
	set_body(h, &head, text);
	curl_easy_setopt(h, CURLOPT_HTTPHEADER, head);
	r = curl_easy_perform(h);
	curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, ret_status);
	if (r == CURLE_OK)
		*ret = answer.n != 0 ? json_loadb(answer.p, answer.n, 0, NULL) : NULL;
	else
		buf_printf(err, "%s: %s; is the service running?", socket, curl_easy_strerror(r));
	curl_slist_free_all(head);
	curl_easy_cleanup(h);
	free(text);
	return r == CURLE_OK ? 0 : E_IO;
}
