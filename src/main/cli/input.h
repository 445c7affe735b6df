/* SPDX-License-Identifier: Apache-2.0
 *
 * Input of the offline verbs: records → events.  NDJSON is taken as it is: dotted or nested ECS, winlogbeat,
 * the `Event.System` / `Event.EventData` shape of decoded event logs, or Sigma's own field names as keys.
 * JSON files that hold one object over many lines, several objects or an array are cut into objects.
 * Records of offline verbs: files or standard input, one after the other, as lines, as ndjson (the line is the
 * member "message") or as Windows event files (each record as XML, for the source `windows`).
 */
#ifndef NZ_MAIN_CLI_INPUT_H
#define NZ_MAIN_CLI_INPUT_H

#include "event/event.h"

struct input;

struct input *input_new(struct fieldset *fs);
void input_free(struct input *in);
/* One JSON object → an event that lives until the next input_reset(). 0 or an error code. */
int input_json(struct input *in, struct slice object, struct event *e);
void input_reset(struct input *in); /* forgets the memory of events made so far */
/* The next JSON object of *text (blanks, commas and brackets between objects are skipped); false at the end. */
bool input_next_object(struct slice *text, struct slice *ret);
#include "base/buf.h"
#include "base/slice.h"

struct input;

/* paths: count files, "-" is standard input; count 0 means standard input alone. kind: lines, ndjson, evtx.
 * NULL for an unknown kind. */
struct input *input_open(const char *kind, const char *const *paths, size_t count);
/* The next record, valid until the next call. 1, 0 at the end, or a negative code; then input_where() tells. */
int input_next(struct input *in, struct slice *ret);
/* Reads on after a fault in one file: the next file. */
const char *input_where(const struct input *in);
void input_close(struct input *in);

#endif
