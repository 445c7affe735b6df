/* SPDX-License-Identifier: Apache-2.0
 *
 * What a browser calls itself, in a few words that a person knows again: "Firefox 128, Windows".  It is what the other side says and proves
 * nothing; in a list of sessions it tells one's own from a stranger's.
 */
#include <stdio.h>
#include <string.h>

#include "auth/auth.h"

/* In this order: every browser also calls itself by the names of those that it wants to be taken for. */
static const struct {
	const char *mark, *name;
} browsers[] = { { "Edg/", "Edge" }, { "OPR/", "Opera" }, { "SamsungBrowser/", "Samsung Internet" }, { "Firefox/", "Firefox" }, { "FxiOS/", "Firefox" },
	{ "CriOS/", "Chrome" }, { "Chrome/", "Chrome" }, { "Version/", "Safari" }, { "curl/", "curl" }, { "nezuban/", "nezuban" } },
  systems[] = { { "iPhone", "iPhone" }, { "iPad", "iPad" }, { "Android", "Android" }, { "Windows", "Windows" }, { "Mac OS X", "macOS" }, { "CrOS", "ChromeOS" },
	{ "Linux", "Linux" } };

void
auth_agent_short(struct slice said, char ret[AUTH_AGENT])
{
	char text[400], version[8] = "";
	const char *browser = NULL, *system = NULL;
	size_t n = 0;

	for (size_t i = 0; i < said.n && n < sizeof text - 1; i++) /* what is no plain letter has no business in a list */
		if ((unsigned char)said.p[i] >= ' ' && (unsigned char)said.p[i] < 0x7f)
			text[n++] = said.p[i];
	text[n] = '\0';
	for (size_t i = 0; i < sizeof browsers / sizeof *browsers && browser == NULL; i++) {
		const char *at = strstr(text, browsers[i].mark);

		if (at == NULL)
			continue;
		browser = browsers[i].name;
		at += strlen(browsers[i].mark);
		snprintf(version, sizeof version, "%.*s", (int)(strspn(at, "0123456789") < 6 ? strspn(at, "0123456789") : 6), at);
	}
	for (size_t i = 0; i < sizeof systems / sizeof *systems && system == NULL; i++)
		if (strstr(text, systems[i].mark) != NULL)
			system = systems[i].name;
	if (browser == NULL && system == NULL)
		snprintf(ret, AUTH_AGENT, "%.40s", text);
	else
		snprintf(ret, AUTH_AGENT, "%s%s%s%s%s", browser != NULL ? browser : "", version[0] != '\0' ? " " : "", version, browser != NULL && system != NULL ? ", " : "",
		         system != NULL ? system : "");
}
