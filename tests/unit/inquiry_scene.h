/* SPDX-License-Identifier: Apache-2.0
 *
 * What the tests of inquiries share: a mail as the desk gets it.
 */
#ifndef NZ_TESTS_INQUIRY_SCENE_H
#define NZ_TESTS_INQUIRY_SCENE_H

#include "desk_scene.h"

static inline void
doit(struct scene *s, const char *login, const char *verb, int want, json_t *args)
{
	json_decref(scene_do(s, login, verb, want, args));
}

static inline json_t *
letter(const char *from, const char *message_id, const char *auth, const char *token)
{
	json_t *o = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "from", from, "name", "小田切", "subject", "質問です", "text", "本文", "lang", "ja", "message_id", message_id,
	                      "auth", auth);

	if (token != NULL)
		json_object_set_new(o, "tokens", json_pack("[s, s]", "nosuchtokenatall", token));
	return o;
}

static inline json_t *
mail(struct scene *s, json_t *args, const char *result)
{
	json_t *b = scene_do(s, NULL, "inquiry.receive", 200, args);

	assert_string_equal(jstr(b, "result"), result);
	return b;
}

#endif
