/* SPDX-License-Identifier: Apache-2.0
 *
 * HTML as text, by libxml2's reader (no network, no entities of its own).  The tree is walked by its pointers: its
 * depth is the letter writer's choice.
 */
#include <libxml/HTMLparser.h>

#include "mail/mail.h"

#define HTML_MAX (2u << 20)

static bool
is_one_of(const xmlNode *n, const char *list)
{
	struct slice rest = slice_str(list), name = slice_str((const char *)n->name);

	while (rest.n != 0)
		if (slice_eq_nocase(slice_cut(&rest, ' '), name))
			return true;
	return false;
}

struct writer {
	struct buf *out;
	bool blank, any; /* a blank is due; something stands on this line */
};

static void
line_end(struct writer *w, int lines)
{
	size_t have = 0;

	w->blank = false;
	while (have < w->out->n && have < 2 && w->out->p[w->out->n - 1 - have] == '\n')
		have++;
	for (; w->out->n != 0 && (int)have < lines; have++)
		buf_put_byte(w->out, '\n');
	w->any = false;
}

static void
words(struct writer *w, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == ' ' || *s == '\t' || *s == '\n' || *s == '\r') {
			w->blank = w->any;
			continue;
		}
		if (w->blank)
			buf_put_byte(w->out, ' ');
		w->blank = false;
		w->any = true;
		buf_put_byte(w->out, *s);
	}
}

static const char blocks[] = "p div table tr ul ol li h1 h2 h3 h4 h5 h6 blockquote pre hr section article header footer address dl dt dd";

static bool
enter(struct writer *w, const xmlNode *n)
{
	if (n->type == XML_TEXT_NODE || n->type == XML_CDATA_SECTION_NODE)
		words(w, (const char *)n->content);
	if (n->type != XML_ELEMENT_NODE)
		return false;
	if (is_one_of(n, "script style head title template noscript object svg math"))
		return false;
	if (is_one_of(n, "br")) {
		buf_put_byte(w->out, '\n');
		w->blank = w->any = false;
	} else if (is_one_of(n, blocks)) {
		line_end(w, is_one_of(n, "p h1 h2 h3 h4 h5 h6 blockquote") ? 2 : 1);
	}
	if (is_one_of(n, "li"))
		words(w, "- ");
	else if (is_one_of(n, "td th") && w->any)
		w->blank = true;
	return n->children != NULL;
}

static void
leave(struct writer *w, const xmlNode *n)
{
	if (n->type == XML_ELEMENT_NODE && is_one_of(n, blocks))
		line_end(w, is_one_of(n, "p h1 h2 h3 h4 h5 h6 blockquote") ? 2 : 1);
}

void
html_to_text(struct slice html, struct buf *out)
{
	size_t n = html.n < HTML_MAX ? html.n : HTML_MAX;
	htmlDocPtr doc = htmlReadMemory(html.p, (int)n, NULL, "UTF-8", HTML_PARSE_NOERROR | HTML_PARSE_NOWARNING | HTML_PARSE_NONET | HTML_PARSE_RECOVER);
	const xmlNode *root = doc != NULL ? xmlDocGetRootElement(doc) : NULL, *at = root;
	struct writer w = { .out = out };

	while (at != NULL) {
		if (enter(&w, at)) {
			at = at->children;
			continue;
		}
		leave(&w, at);
		while (at != root && at->next == NULL) {
			at = at->parent;
			leave(&w, at);
		}
		at = at == root ? NULL : at->next;
	}
	xmlFreeDoc(doc);
	while (out->n != 0 && out->p[out->n - 1] == '\n')
		out->n--;
}
