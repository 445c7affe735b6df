/* SPDX-License-Identifier: Apache-2.0
 *
 * Input of the offline verbs: records → events.  NDJSON is taken as it is: dotted or nested ECS, winlogbeat,
 * the `Event.System` / `Event.EventData` shape of decoded event logs, or Sigma's own field names as keys.
 * JSON files that hold one object over many lines, several objects or an array are cut into objects.
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

#endif
