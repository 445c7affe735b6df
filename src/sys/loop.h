/* SPDX-License-Identifier: Apache-2.0
 *
 * Loop: one epoll loop per process, single-threaded.  File descriptors, timers, signals, and a list of
 * things to do before sleeping.  Callbacks run to their end; nothing below blocks.
 *
 * A watch may be removed from inside any callback, its own too: removed watches get no more calls and
 * are freed after the round.
 */
#ifndef NZ_SYS_LOOP_H
#define NZ_SYS_LOOP_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#define LOOP_IN 1u
#define LOOP_OUT 2u
#define LOOP_HUP 4u /* reported only */
#define LOOP_EDGE 8u /* asked only: tell of new bytes once, not of bytes left unread */

struct loop;
struct watch;
struct timer;

typedef void watch_fn(void *ctx, int fd, unsigned events);
typedef void timer_fn(void *ctx);
typedef void signal_fn(void *ctx, int signo);

struct loop *loop_new(void);
void loop_free(struct loop *l);
int loop_run(struct loop *l);              /* until loop_stop; returns what it was given */
int loop_once(struct loop *l, int timeout_ms); /* one round; for tests. Number of callbacks run */
void loop_stop(struct loop *l, int ret);

struct watch *loop_watch(struct loop *l, int fd, unsigned events, watch_fn *fn, void *ctx);
void watch_set(struct watch *w, unsigned events);
void watch_free(struct watch *w);          /* does not close fd; NULL is fine */

/* Fires once after `delay_ns`, then every `every_ns` (0 = once). Monotonic time. */
struct timer *loop_timer(struct loop *l, int64_t delay_ns, int64_t every_ns, timer_fn *fn, void *ctx);
void timer_free(struct timer *t);          /* NULL is fine; a one-shot frees itself after firing */

/* Blocks the signal for the process and delivers it through the loop. */
void loop_signal(struct loop *l, int signo, signal_fn *fn, void *ctx);
/* Called before every sleep: flush what the callbacks of this round collected. */
void loop_before_sleep(struct loop *l, timer_fn *fn, void *ctx);
int64_t loop_mono_ns(void);

#endif
