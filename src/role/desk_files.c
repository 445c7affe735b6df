/* SPDX-License-Identifier: Apache-2.0
 *
 * Files that people and mails bring to the desk.  A file is its bytes, by their hash, and a name of which only
 * the last part is kept; its type is the ending of that name and nothing else: nobody here looks into it, and no
 * browser is told what it is.
 *
 *     web:  args.files [{name, data: base64}]               ─▶ args.files [{name, type, size, sha256}], blobs
 *     mail: MAIL {…, files: [{name, size, note}]} and bytes  ─▶ the same; a note says why bytes are missing
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/must.h"
#include "base/utf8.h"
#include "conf/conf.h"
#include "role/desk_people_priv.h"

#define WEB_BYTES (5u << 20)
#define NAME_MAX_BYTES 200

/* ---- names ---- */

static bool
is_plain(uint32_t c)
{
	return c >= 0x20 && c != 0x7f && !(c >= 0x80 && c < 0xa0) && c != '/' && c != '\\' && c != UTF8_BAD && !(c >= 0x200b && c <= 0x200f) &&
	       !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2060 && c <= 0x2069) && c != 0xfeff && c != '<' && c != '>' && c != '"' && c != ':' && c != '|' &&
	       c != '?' && c != '*';
}

void
desk_file_name(struct slice given, char ret_name[256], char ret_type[17])
{
	size_t n = 0, dot = 0;

	for (size_t i = given.n; i > 0; i--)
		if (given.p[i - 1] == '/' || given.p[i - 1] == '\\') {
			given = slice_sub(given, i, given.n);
			break;
		}
	while (given.n != 0) {
		uint32_t c;
		size_t k = utf8_next(given, &c);
		char out[4];
		size_t m = utf8_put(out, is_plain(c) ? c : '_');

		if (n + m > NAME_MAX_BYTES)
			break;
		memcpy(ret_name + n, out, m);
		n += m;
		given.p += k;
		given.n -= k;
	}
	while (n > 0 && (ret_name[n - 1] == '.' || ret_name[n - 1] == ' '))
		n--;
	if (n == 0 || ret_name[0] == '.')
		ret_name[0] = '_';
	n = n == 0 ? 1 : n;
	ret_name[n] = '\0';
	ret_type[0] = '\0';
	for (size_t i = 0; i < n; i++)
		if (ret_name[i] == '.')
			dot = i + 1;
	if (dot == 0 || n - dot > 15)
		return;
	ascii_lower(ret_type, ret_name + dot, n - dot);
	ret_type[n - dot] = '\0';
}

static void
add(struct desk_files *f, json_t *list, struct slice name, struct slice body, int64_t size, const char *note)
{
	char clean[256], type[17];
	json_t *o;

	desk_file_name(name, clean, type);
	o = json_pack("{s:s, s:s, s:I}", "name", clean, "type", type, "size", (json_int_t)size);
	if (note != NULL) {
		json_object_set_new(o, "note", json_string(note));
	} else {
		desk_blob_hash(body, f->hash[f->n]);
		f->blob[f->n] = (struct desk_blob){ f->hash[f->n], body };
		json_object_set_new(o, "sha256", json_string(f->hash[f->n]));
		f->n++;
	}
	json_array_append_new(list, o);
}

/* ---- web ---- */

static bool
decode(struct desk_files *f, const char *text, struct slice *ret)
{
	size_t from = f->bytes.n, max = strlen(text) / 4 * 3 + 3, got;

	buf_reserve(&f->bytes, max); /* the caller reserved it all: nothing moves */
	if (sodium_base642bin((unsigned char *)f->bytes.p + from, max, text, strlen(text), "\r\n", &got, NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
		return false;
	f->bytes.n += got;
	*ret = slice_of(f->bytes.p + from, got);
	return true;
}

bool
desk_files_take(json_t *args, struct desk_files *ret)
{
	json_t *given = json_object_get(args, "files"), *list, *o;
	size_t i, total = 0;

	memset(ret, 0, sizeof *ret);
	if (given == NULL || json_is_null(given))
		return true;
	json_array_foreach(given, i, o)
		total += json_string_length(json_object_get(o, "data")) / 4 * 3 + 3;
	if (!json_is_array(given) || json_array_size(given) > DESK_FILES_MAX || total > WEB_BYTES + 3 * DESK_FILES_MAX)
		return false;
	buf_reserve(&ret->bytes, total + 1);
	list = json_array();
	json_array_foreach(given, i, o) {
		const json_t *name = json_object_get(o, "name");
		const char *data = json_string_value(json_object_get(o, "data"));
		struct slice body;

		if (!json_is_string(name) || data == NULL || !decode(ret, data, &body)) {
			json_decref(list);
			return false;
		}
		add(ret, list, slice_of(json_string_value(name), json_string_length(name)), body, (int64_t)body.n, NULL);
	}
	json_object_set_new(args, "files", list);
	return true;
}

void
desk_files_fini(struct desk_files *f)
{
	buf_fini(&f->bytes);
}

void
asking_with_files(struct asking *q)
{
	struct desk_files files;
	struct desk_answer a;

	if (!desk_files_take(q->args, &files)) {
		asking_no(q, 422, "invalid", "files", "at most 10 files, 5 MiB together, base64");
	} else {
		a = desk_do_with(q->dr->desk, q->verb, &q->who, q->args, desk_role_now(q->dr), files.blob, files.n);
		desk_role_check(q->dr, a.error);
		people_answer(q->dr, q->id, a.status, a.body);
	}
	desk_files_fini(&files);
}

/* ---- mail ---- */

static bool
take_bytes(json_t *args, struct slice bytes, struct desk_files *ret)
{
	json_t *given = json_object_get(args, "files"), *list = json_array(), *o;
	size_t i;

	memset(ret, 0, sizeof *ret);
	json_array_foreach(given, i, o) {
		const json_t *name = json_object_get(o, "name");
		const char *note = json_string_value(json_object_get(o, "note"));
		int64_t size = json_integer_value(json_object_get(o, "size"));

		if (!json_is_string(name) || size < 0 || i >= DESK_FILES_MAX || (note == NULL && (uint64_t)size > bytes.n) ||
		    (note != NULL && strcmp(note, "too_large") != 0 && strcmp(note, "too_many") != 0)) {
			json_decref(list);
			return false;
		}
		add(ret, list, slice_of(json_string_value(name), json_string_length(name)), slice_sub(bytes, 0, note == NULL ? (size_t)size : 0), size, note);
		if (note == NULL)
			bytes = slice_sub(bytes, (size_t)size, bytes.n);
	}
	json_object_set_new(args, "files", list);
	return bytes.n == 0;
}

/* stored, known (it came before), later (try again), refused (never) */
static const char *
receive(struct desk_role *dr, struct slice body)
{
	struct msg_mail head;
	struct desk_files files = { 0 };
	struct desk_answer a = { 0 };
	const char *word = "refused";
	json_t *args = NULL;

	if (body.n >= sizeof head) {
		memcpy(&head, body.p, sizeof head);
		body = slice_sub(body, sizeof head, body.n);
		if (head.json <= body.n && head.json <= (1u << 20))
			args = json_loadb(body.p, head.json, JSON_REJECT_DUPLICATES, NULL);
	}
	if (json_is_object(args) && take_bytes(args, slice_sub(body, head.json, body.n), &files)) {
		json_object_set_new(args, "rate", json_integer(conf_int(dr->env->conf, "mail.rate")));
		a = desk_do_with(dr->desk, "inquiry.receive", &desk_service, args, desk_role_now(dr), files.blob, files.n);
		desk_role_check(dr, a.error);
		word = a.status < 300 ? "stored" : a.status == 409 ? "known" : a.status == 429 || a.status == 503 ? "later" : "refused";
		if (a.status >= 300 && a.status != 409)
			log_warn("desk.mail", kv_i64("status", a.status));
		json_decref(a.body);
	} else {
		log_error("desk.mail_shape");
	}
	json_decref(args);
	desk_files_fini(&files);
	return word;
}

/* ---- files of answers, on their way out ---- */

void
desk_role_give_files(struct desk_role *dr, struct msg *m)
{
	json_t *o = desk_role_load(m->body);
	const json_t *list = json_object_get(o, "hashes");
	auto_buf struct buf bytes = { 0 };
	struct msg_files head;

	for (size_t i = 0; i < MSG_FILES_MAX; i++) {
		const char *hash = json_string_value(json_array_get(list, i));
		size_t before = bytes.n;
		bool there = hash != NULL && desk_answer_file(dr->desk, hash, &bytes);

		head.size[i] = there ? (uint32_t)(bytes.n - before) : MSG_FILE_NONE;
	}
	if (dr->notify != NULL)
		chan_send2(dr->notify, MSG_FILES, m->id, slice_of(&head, sizeof head), buf_slice(&bytes), -1);
	json_decref(o);
}

void
desk_role_mail(struct desk_role *dr, uint64_t id, struct slice body)
{
	char text[64];

	snprintf(text, sizeof text, "{\"v\":1,\"result\":\"%s\"}", receive(dr, body));
	if (dr->mail != NULL)
		chan_send(dr->mail, MSG_MAIL_DONE, id, slice_str(text), -1);
}
