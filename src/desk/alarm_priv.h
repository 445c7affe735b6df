/* SPDX-License-Identifier: Apache-2.0
 *
 * Between alarm.c (raised, mailed) and alarm_call.c (rung).
 */
#ifndef NZ_DESK_ALARM_PRIV_H
#define NZ_DESK_ALARM_PRIV_H

#include "desk/roster_priv.h"

#define ALARMS_RING 10 /* from this version of a record on */

/* Rings the SOC's people when somebody of them has a telephone. */
void alarm_ring_begin(struct cmd *c, const char *alarm, const char *incident);
void alarm_ring_due(struct cmd *c, const char *alarm); /* timer alarm.ring */

#endif
