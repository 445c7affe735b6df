/* SPDX-License-Identifier: Apache-2.0
 *
 * nezuban-print, from the command line.
 */
#ifndef NZ_MAIN_CLI_REPORT_H
#define NZ_MAIN_CLI_REPORT_H

enum { PRINT_ABSENT = -1, PRINT_LOST = -2 }; /* not installed beside this program; did not end well */

/* Runs it with in and out as its standard input and output; its exit status, or one of these. argv[0] is its name. */
int report_print_run(char *const argv[], int in, int out);

#endif
