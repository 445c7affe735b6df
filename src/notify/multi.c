/* SPDX-License-Identifier: Apache-2.0 */
#include "notify/multi.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/must.h"

struct multi {
	struct loop *l;
	struct multi_ops ops;
	void *ctx;
	CURLM *curl;
	struct timer *timer;
};

static void
collect(struct multi *m)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(m->curl, &left)) != NULL)
		if (msg->msg == CURLMSG_DONE)
			m->ops.on_done(m->ctx, msg->easy_handle, msg->data.result);
	if (m->ops.on_round != NULL)
		m->ops.on_round(m->ctx);
}

static void
on_fd(void *ctx, int fd, unsigned events)
{
	struct multi *m = ctx;
	int running, what = ((events & (LOOP_IN | LOOP_HUP)) != 0 ? CURL_CSELECT_IN : 0) | ((events & LOOP_OUT) != 0 ? CURL_CSELECT_OUT : 0);

	curl_multi_socket_action(m->curl, fd, what, &running);
	collect(m);
}

static int
on_socket(CURL *easy, curl_socket_t fd, int what, void *ctx, void *sock_ctx)
{
	struct multi *m = ctx;
	struct watch *w = sock_ctx;
	unsigned want = ((what & CURL_POLL_IN) != 0 ? LOOP_IN : 0u) | ((what & CURL_POLL_OUT) != 0 ? LOOP_OUT : 0u);
	bool gone = what == CURL_POLL_REMOVE;

	if (m->ops.on_socket != NULL)
		m->ops.on_socket(m->ctx, easy, fd, gone);
	if (gone) {
		watch_free(w);
		curl_multi_assign(m->curl, fd, NULL);
	} else if (w != NULL) {
		watch_set(w, want);
	} else {
		curl_multi_assign(m->curl, fd, loop_watch(m->l, fd, want, on_fd, m));
	}
	return 0;
}

static void
on_time(void *ctx)
{
	struct multi *m = ctx;
	int running;

	m->timer = NULL;
	curl_multi_socket_action(m->curl, CURL_SOCKET_TIMEOUT, 0, &running);
	collect(m);
}

static int
on_timer(CURLM *curl, long ms, void *ctx)
{
	struct multi *m = ctx;

	(void)curl;
	timer_free(m->timer);
	m->timer = ms >= 0 ? loop_timer(m->l, ms * NS_PER_MS, 0, on_time, m) : NULL;
	return 0;
}

struct multi *
multi_open(struct loop *l, const struct multi_ops *ops, void *ctx)
{
	struct multi *m = x_calloc(1, sizeof *m);

	*m = (struct multi){ .l = l, .ops = *ops, .ctx = ctx };
	curl_global_init(CURL_GLOBAL_DEFAULT);
	m->curl = curl_multi_init();
	must(m->curl != NULL);
	curl_multi_setopt(m->curl, CURLMOPT_SOCKETFUNCTION, on_socket);
	curl_multi_setopt(m->curl, CURLMOPT_SOCKETDATA, m);
	curl_multi_setopt(m->curl, CURLMOPT_TIMERFUNCTION, on_timer);
	curl_multi_setopt(m->curl, CURLMOPT_TIMERDATA, m);
	return m;
}

void
multi_add(struct multi *m, CURL *easy)
{
	must(curl_multi_add_handle(m->curl, easy) == CURLM_OK);
}

void
multi_drop(struct multi *m, CURL *easy)
{
	curl_multi_remove_handle(m->curl, easy);
}

void
multi_close(struct multi *m)
{
	if (m == NULL)
		return;
	curl_multi_cleanup(m->curl);
	timer_free(m->timer);
	free(m);
}
