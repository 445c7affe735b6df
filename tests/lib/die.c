/* SPDX-License-Identifier: Apache-2.0
 *
 * A parser that dies: loaded before GMime (LD_PRELOAD), it reads a mail as GMime does and then ends the process by an
 * illegal instruction when the subject begins with "die", as a fault of the library would.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <gmime/gmime.h>
#include <string.h>

GMimeMessage *
g_mime_parser_construct_message(GMimeParser *parser, GMimeParserOptions *options)
{
	GMimeMessage *(*real)(GMimeParser *, GMimeParserOptions *);
	const char *(*subject_of)(GMimeMessage *), *subject;
	GMimeMessage *m;

	*(void **)&real = dlsym(RTLD_NEXT, "g_mime_parser_construct_message");
	*(void **)&subject_of = dlsym(RTLD_NEXT, "g_mime_message_get_subject");
	m = real(parser, options);
	subject = m != NULL ? subject_of(m) : NULL;
	if (subject != NULL && strncmp(subject, "die", 3) == 0)
		__builtin_trap();
	return m;
}
