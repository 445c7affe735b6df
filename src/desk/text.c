/* SPDX-License-Identifier: Apache-2.0
 *
 * The service's words, out of tables: severities with their definitions, reasons for closing, categories.
 */
#include "desk/desk_priv.h"

static const struct category categories[] = {
#define CATEGORY(id, ja, en, kana, said, todo_ja, todo_en) { id, ja, en, kana, said, todo_ja, todo_en },
#include "tbl/categories.tbl"
#undef CATEGORY
};
#define CATEGORIES (sizeof categories / sizeof *categories)

static const struct severity_word severities[] = {
#define SEVERITY(id, rank, ja, en, kana, dja, den) { id, ja, en, kana, dja, den, rank },
#include "tbl/severity.tbl"
#undef SEVERITY
};

static const struct {
	const char *id, *ja, *en;
} reasons[] = {
#define REASON(id, ja, en) { id, ja, en },
#include "tbl/severity.tbl"
#undef REASON
};

static const struct {
	const char *id, *ja, *en;
} found[] = {
#define ANSWER(id, ja, en) { id, ja, en },
#include "tbl/severity.tbl"
#undef ANSWER
};

const struct category *
category_find(const char *id)
{
	for (size_t i = 0; i < CATEGORIES && id != NULL; i++)
		if (strcmp(categories[i].id, id) == 0)
			return &categories[i];
	return &categories[CATEGORIES - 1];
}

const struct category *
category_at(size_t i)
{
	return i < CATEGORIES ? &categories[i] : NULL;
}

const struct severity_word *
severity_find(const char *id)
{
	for (size_t i = 0; i < 4 && id != NULL; i++)
		if (strcmp(severities[i].id, id) == 0)
			return &severities[i];
	return NULL;
}

const char *
close_reason_ja(const char *reason)
{
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons && reason != NULL; i++)
		if (strcmp(reasons[i].id, reason) == 0)
			return reasons[i].ja;
	return NULL;
}

const char *
close_reason_en(const char *reason)
{
	for (size_t i = 0; i < sizeof reasons / sizeof *reasons && reason != NULL; i++)
		if (strcmp(reasons[i].id, reason) == 0)
			return reasons[i].en;
	return NULL;
}

json_t *
answer_texts(const char *code)
{
	for (size_t i = 0; i < sizeof found / sizeof *found && code != NULL; i++)
		if (strcmp(found[i].id, code) == 0)
			return texts(found[i].ja, found[i].en);
	return json_null();
}

const char *
answers_say(const json_t *answers)
{
	const char *real = json_string_value(json_object_get(answers, "real"));
	const char *success = json_string_value(json_object_get(answers, "success"));
	const char *possible = json_string_value(json_object_get(answers, "possible"));
	const char *check = json_string_value(json_object_get(answers, "check"));

	if (real == NULL || !word_in(real, "yes no unknown"))
		return NULL;
	if (strcmp(real, "no") == 0)
		return "close";
	if (success != NULL && strcmp(success, "yes") == 0)
		return "emergency";
	if (success == NULL || strcmp(success, "no") != 0 || possible == NULL || !word_in(possible, "yes unlikely blocked"))
		return NULL;
	if (strcmp(possible, "yes") == 0)
		return "critical";
	if (check == NULL || !word_in(check, "yes no"))
		return NULL;
	return strcmp(check, "yes") == 0 ? "warning" : "informational";
}

json_t *
spoken_summary(const char *category, const char *severity)
{
	const struct category *c = category_find(category);
	const struct severity_word *s = severity_find(severity);
	auto_free char *ja = x_asprintf("%sの おしらせです。 %s", s != NULL ? s->kana : "", c->said_kana);

	return texts(ja, c->said_en);
}
