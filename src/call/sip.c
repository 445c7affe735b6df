/* SPDX-License-Identifier: Apache-2.0
 *
 * Sip: everything of libre and librem, in this one file (Debian keeps 1.1.0; upstream changed the API since).
 *
 * libre has its own main loop and keeps its state per thread, so it gets a thread: commands go in by
 * libre's own thread-safe queue (mqueue), events come out through a pipe as whole `struct sip_event`s (smaller
 * than PIPE_BUF, so never torn).  Nothing is shared but those two; the configuration is copied.
 *
 * A leg is one outgoing call.  Audio: PCMU or PCMA, 20 ms, sent without pause once answered (silence too, so
 * that boxes on the way keep the path open).  Early media is ignored: before the 200 nothing is heard or said.
 * RTP is taken only from the address the answer named or came from (NAT): no stranger presses a key.
 * Keys: RFC 4733, SIP INFO, and in band when the other side has no telephone-event.
 * Incoming calls are refused (486); OPTIONS is answered, because trunks probe with it.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* libre defines these types itself unless told that they are there. */
#ifndef __ssize_t_defined
#define __ssize_t_defined
#endif
#define HAVE_INTTYPES_H 1
#define HAVE_STDBOOL_H 1
#define USE_OPENSSL 1 /* tls_openssl_context is declared */
#include <inttypes.h>
#define DEBUG_MODULE "sip"
#define DEBUG_LEVEL 3
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wshadow"
#include <re/re.h>
#include <re/re_dbg.h>
#include <rem/rem.h>
#pragma GCC diagnostic pop

#include "base/err.h"
#include "base/must.h"
#include "call/call_priv.h"
#include "sys/fd.h"

#define FRAME 160u           /* samples in 20 ms */
#define FRAME_MS 20u
#define VOICE_LEVEL 400      /* mean absolute sample: speech, not line noise */
#define VOICE_HANG_MS 400u   /* a pause between words is not the end of speech */
#define TELEV_PT 101
#define TAPE_MAX (PCM_RATE * 600u)

enum { CMD_DIAL, CMD_PLAY, CMD_HANG_UP, CMD_QUIT };

struct cmd {
	uint64_t call;
	char number[129];
	int provider, tag;
	bool record;
	struct pcm pcm;
};

struct sip_ua {
	pthread_t thread;
	sem_t ready;
	int pipe[2], start_error, port;
	struct call_conf conf;
	struct mqueue *mq;
	struct sip *sip;
	struct sip_lsnr *lsnr;
	struct sipsess_sock *sock;
	struct dnsc *dnsc;
	struct sipreg *regs[CALL_PROVIDERS_MAX];
	struct list legs;
	struct sa laddr;
	struct tmr quit;
	struct tls *tls;
};

struct leg {
	struct le le;
	struct sip_ua *ua;
	uint64_t call;
	struct sipsess *sess;
	struct sdp_session *sdp;
	struct sdp_media *media;
	struct rtp_sock *rtp;
	struct dtmf_dec *dtmf;       /* only when the other side has no telephone-event */
	struct sa peer;              /* who sent the 200 */
	struct tmr tick;
	struct pcm say;
	size_t said;                 /* of say */
	int tag, pt, telev_pt;       /* telev_pt: their number for telephone-event, -1 when they have none */
	bool tried, rang, up, record, mark, telev_seen, voice;
	uint32_t ts, telev_ts;
	uint64_t next, last_voice;
	int64_t voice_ms;
	struct sip_tape *tape;
	size_t tape_cap[2];
};

/* ---- events out ---- */

static void
emit(struct sip_ua *ua, const struct sip_event *ev)
{
	_Static_assert(sizeof *ev <= 512, "an event is written whole");
	fd_write_all(ua->pipe[1], ev, sizeof *ev);
}

static void
emit_what(struct leg *leg, enum sip_what what, int code, char digit)
{
	struct sip_event ev = { .call = leg->call, .what = what, .code = code, .digit = digit };

	emit(leg->ua, &ev);
}

static void
copy_pl(char *out, size_t cap, const struct pl *pl)
{
	size_t n = 0;

	for (size_t i = 0; pl->p != NULL && i < pl->l && n + 1 < cap; i++)
		if (pl->p[i] >= 0x20 && pl->p[i] < 0x7f)
			out[n++] = pl->p[i];
	out[n] = '\0';
}

/* The last event of a leg; the leg is gone afterwards. */
static void
leg_end(struct leg *leg, bool us, int code, const struct pl *reason, const char *text)
{
	struct sip_event ev = { .call = leg->call, .what = SIP_EV_CLOSED, .code = code, .us = us, .tape = leg->tape };

	if (reason != NULL)
		copy_pl(ev.text, sizeof ev.text, reason);
	else if (text != NULL)
		snprintf(ev.text, sizeof ev.text, "%s", text);
	if (leg->tape != NULL)
		leg->tape->voice_ms = leg->voice_ms;
	leg->tape = NULL;
	emit(leg->ua, &ev);
	mem_deref(leg);
}

static void
leg_destroy(void *arg)
{
	struct leg *leg = arg;

	tmr_cancel(&leg->tick);
	list_unlink(&leg->le);
	mem_deref(leg->sess); /* CANCEL or BYE */
	mem_deref(leg->rtp);
	mem_deref(leg->dtmf);
	mem_deref(leg->sdp);
	pcm_fini(&leg->say);
	sip_tape_free(leg->tape);
}

static struct leg *
leg_find(struct sip_ua *ua, uint64_t call)
{
	for (struct le *le = ua->legs.head; le != NULL; le = le->next)
		if (((struct leg *)le->data)->call == call)
			return le->data;
	return NULL;
}

/* ---- audio ---- */

static void
tape_put(struct leg *leg, int track, const int16_t *v, size_t n)
{
	struct pcm *p = track == 0 ? &leg->tape->said : &leg->tape->heard;

	if (p->n + n > TAPE_MAX)
		return;
	if (p->n + n > leg->tape_cap[track]) {
		leg->tape_cap[track] = (p->n + n) * 2;
		p->v = x_realloc(p->v, leg->tape_cap[track] * sizeof *p->v);
	}
	if (v != NULL)
		memcpy(p->v + p->n, v, n * sizeof *v);
	else
		memset(p->v + p->n, 0, n * sizeof *p->v);
	p->n += n;
}

static void
voice_is(struct leg *leg, bool on)
{
	if (leg->voice == on)
		return;
	leg->voice = on;
	emit_what(leg, SIP_EV_VOICE, on, 0);
}

static void
send_frame(struct leg *leg, const int16_t *v)
{
	struct mbuf *mb = mbuf_alloc(RTP_HEADER_SIZE + FRAME);

	must(mb != NULL);
	mb->pos = mb->end = RTP_HEADER_SIZE;
	for (unsigned i = 0; i < FRAME; i++)
		mbuf_write_u8(mb, leg->pt == 0 ? g711_pcm2ulaw(v[i]) : g711_pcm2alaw(v[i]));
	mb->pos = RTP_HEADER_SIZE;
	rtp_send(leg->rtp, sdp_media_raddr(leg->media), false, leg->mark, (uint8_t)leg->pt, leg->ts, mb);
	leg->mark = false;
	mem_deref(mb);
}

static void
on_tick(void *arg)
{
	struct leg *leg = arg;
	uint64_t now = tmr_jiffies();
	int16_t v[FRAME] = { 0 };
	size_t left = leg->say.n - leg->said, n = left < FRAME ? left : FRAME;

	if (n != 0)
		memcpy(v, leg->say.v + leg->said, n * sizeof *v);
	leg->said += n;
	send_frame(leg, v);
	leg->ts += FRAME;
	if (leg->record)
		tape_put(leg, 0, v, FRAME);
	if (leg->voice && now - leg->last_voice > VOICE_HANG_MS)
		voice_is(leg, false);
	/* A late tick catches up; a very late one (the machine slept) starts anew. */
	leg->next = now > leg->next + 500 ? now + FRAME_MS : leg->next + FRAME_MS;
	tmr_start(&leg->tick, leg->next > now ? leg->next - now : 0, on_tick, leg);
	if (n != 0 && leg->said == leg->say.n) {
		pcm_fini(&leg->say);
		leg->said = 0;
		emit_what(leg, SIP_EV_PLAYED, leg->tag, 0);
	}
}

static void
hear(struct leg *leg, uint8_t pt, const uint8_t *p, size_t n)
{
	int16_t v[800];
	int64_t sum = 0;

	if (n == 0 || n > 800)
		return;
	for (size_t i = 0; i < n; i++) {
		v[i] = pt == 0 ? g711_ulaw2pcm(p[i]) : g711_alaw2pcm(p[i]);
		sum += v[i] < 0 ? -v[i] : v[i];
	}
	if (leg->dtmf != NULL)
		dtmf_dec_probe(leg->dtmf, v, n);
	if (sum / (int64_t)n > VOICE_LEVEL) {
		leg->last_voice = tmr_jiffies();
		leg->voice_ms += (int64_t)(n * 1000 / PCM_RATE);
		voice_is(leg, true);
	}
	if (leg->record) {
		size_t said = leg->tape->said.n, heard = leg->tape->heard.n;

		if (heard + 4 * FRAME < said) /* they were silent by sending nothing */
			tape_put(leg, 1, NULL, said - heard - FRAME);
		tape_put(leg, 1, v, n);
	}
}

static void
on_rtp(const struct sa *src, const struct rtp_header *hdr, struct mbuf *mb, void *arg)
{
	struct leg *leg = arg;

	if (!leg->up || !(sa_cmp(src, sdp_media_raddr(leg->media), SA_ADDR) || sa_cmp(src, &leg->peer, SA_ADDR)))
		return;
	if (hdr->pt == TELEV_PT || hdr->pt == leg->telev_pt) {
		int digit;

		/* All packets of one key carry the time stamp of its beginning (RFC 4733 2.2.1). */
		if (mbuf_get_left(mb) < 4 || (leg->telev_seen && leg->telev_ts == hdr->ts))
			return;
		leg->telev_seen = true;
		leg->telev_ts = hdr->ts;
		digit = telev_code2digit(mbuf_buf(mb)[0]);
		if (digit > 0)
			emit_what(leg, SIP_EV_DIGIT, 4733, (char)digit);
	} else if (hdr->pt == 0 || hdr->pt == 8) {
		hear(leg, hdr->pt, mbuf_buf(mb), mbuf_get_left(mb));
	}
}

static void
on_inband(char digit, void *arg)
{
	emit_what(arg, SIP_EV_DIGIT, 0, digit);
}

/* ---- session ---- */

static int
sdp_begin(struct sdp_session **ret_sdp, struct sdp_media **ret_media, const struct sa *laddr, uint16_t port)
{
	struct sdp_session *sdp = NULL;
	struct sdp_media *m = NULL;
	int err = sdp_session_alloc(&sdp, laddr);

	if (err == 0)
		err = sdp_media_add(&m, sdp, sdp_media_audio, port, sdp_proto_rtpavp);
	if (err == 0)
		err = sdp_format_add(NULL, m, false, "0", "PCMU", PCM_RATE, 1, NULL, NULL, NULL, false, NULL);
	if (err == 0)
		err = sdp_format_add(NULL, m, false, "8", "PCMA", PCM_RATE, 1, NULL, NULL, NULL, false, NULL);
	if (err == 0)
		err = sdp_format_add(NULL, m, false, "101", telev_rtpfmt, PCM_RATE, 1, NULL, NULL, NULL, false, "0-15");
	if (err == 0)
		err = sdp_media_set_lattr(m, true, "ptime", "%u", FRAME_MS);
	if (err != 0) {
		mem_deref(sdp);
		return err;
	}
	*ret_sdp = sdp;
	*ret_media = m;
	return 0;
}

/* Takes the other side's description: which codec, has it keys. 0 or an errno. */
static int
sdp_take(struct sdp_session *sdp, struct sdp_media *m, struct mbuf *mb, bool offer, int *ret_pt, int *ret_telev)
{
	const struct sdp_format *f;
	int err = sdp_decode(sdp, mb, offer);

	if (err != 0)
		return err;
	f = sdp_media_rformat(m, telev_rtpfmt);
	*ret_telev = f != NULL ? f->pt : -1;
	f = sdp_media_rformat(m, "PCMU");
	if (f == NULL)
		f = sdp_media_rformat(m, "PCMA");
	if (f == NULL || !sa_isset(sdp_media_raddr(m), SA_ALL) || sdp_media_rport(m) == 0)
		return EPROTO;
	*ret_pt = strcmp(f->name, "PCMU") == 0 ? 0 : 8;
	return 0;
}

/* For the fuzzer: any bytes as an answer to our offer. */
int sip_fuzz_answer(const uint8_t *p, size_t n);

int
sip_fuzz_answer(const uint8_t *p, size_t n)
{
	struct sdp_session *sdp = NULL;
	struct sdp_media *m;
	struct sip_msg *msg = NULL;
	struct mbuf *mb = mbuf_alloc(n + 1);
	struct sa laddr;
	int pt, telev, r;

	must(mb != NULL);
	mbuf_write_mem(mb, p, n);
	mb->pos = 0;
	sa_set_str(&laddr, "127.0.0.1", 4000);
	r = sdp_begin(&sdp, &m, &laddr, 4000);
	must(r == 0);
	r = sdp_take(sdp, m, mb, false, &pt, &telev);
	mb->pos = 0;
	if (sip_msg_decode(&msg, mb) == 0)
		mem_deref(msg);
	mem_deref(sdp);
	mem_deref(mb);
	return r;
}

static int
on_answer(const struct sip_msg *msg, void *arg)
{
	struct leg *leg = arg;
	int err = sdp_take(leg->sdp, leg->media, msg->mb, false, &leg->pt, &leg->telev_pt);

	if (err == 0 && leg->telev_pt < 0 && leg->dtmf == NULL)
		dtmf_dec_alloc(&leg->dtmf, PCM_RATE, 1, on_inband, leg);
	return err;
}

/* Re-INVITE: the same offer again, with their new address or codec taken. */
static int
on_offer(struct mbuf **descp, const struct sip_msg *msg, void *arg)
{
	struct leg *leg = arg;
	bool got = mbuf_get_left(msg->mb) != 0;
	int err = got ? sdp_take(leg->sdp, leg->media, msg->mb, true, &leg->pt, &leg->telev_pt) : 0;

	return err != 0 ? err : sdp_encode(descp, leg->sdp, !got);
}

static void
on_progress(const struct sip_msg *msg, void *arg)
{
	struct leg *leg = arg;

	bool ring = msg->scode == 180 || msg->scode == 183;

	if (leg->rang || (leg->tried && !ring))
		return;
	leg->rang = ring;
	leg->tried = true;
	emit_what(leg, ring ? SIP_EV_RINGING : SIP_EV_TRYING, msg->scode, 0);
}

static void
on_established(const struct sip_msg *msg, void *arg)
{
	struct leg *leg = arg;

	leg->up = leg->mark = true;
	leg->peer = msg->src;
	if (leg->record)
		leg->tape = x_calloc(1, sizeof *leg->tape);
	emit_what(leg, SIP_EV_ANSWERED, msg->scode, 0);
	leg->next = tmr_jiffies();
	tmr_start(&leg->tick, 0, on_tick, leg);
}

static void
on_info(struct sip *sip, const struct sip_msg *msg, void *arg)
{
	struct leg *leg = arg;
	char type[64], digit;

	re_snprintf(type, sizeof type, "%r/%r", &msg->ctyp.type, &msg->ctyp.subtype);
	digit = digits_from_info(slice_str(type), slice_of(mbuf_buf(msg->mb), mbuf_get_left(msg->mb)));
	(void)sip_reply(sip, msg, digit != 0 ? 200 : 415, digit != 0 ? "OK" : "Unsupported Media Type");
	if (digit != 0)
		emit_what(leg, SIP_EV_DIGIT, 2976, digit);
}

static void
on_close(int err, const struct sip_msg *msg, void *arg)
{
	struct leg *leg = arg;

	if (msg != NULL && !msg->req)
		leg_end(leg, false, msg->scode, &msg->reason, NULL);
	else if (leg->up && (err == 0 || err == ECONNRESET)) /* libre's word for a BYE */
		leg_end(leg, false, 200, NULL, "BYE");
	else
		leg_end(leg, false, 0, NULL, strerror(err));
}

static int
on_auth(char **user, char **pass, const char *realm, void *arg)
{
	const struct call_provider *p = arg;
	int err;

	(void)realm;
	if (p == NULL || p->user[0] == '\0')
		return EAUTH;
	err = str_dup(user, p->user);
	return err != 0 ? err : str_dup(pass, p->password);
}

/* The address the other side sees us at: of the route to it. */
static void
local_address(struct sip_ua *ua, const char *uri, struct sa *ret)
{
	struct pl pl;
	struct uri u;
	struct sa dst;
	char host[128];
	int fd;
	struct sockaddr_storage ss;
	socklen_t len = sizeof ss;

	*ret = ua->laddr;
	pl_set_str(&pl, uri);
	if (!sa_is_any(&ua->laddr) || uri_decode(&u, &pl) != 0 || pl_strcpy(&u.host, host, sizeof host) != 0 ||
	    sa_set_str(&dst, host, 5060) != 0) {
		if (sa_is_any(&ua->laddr))
			(void)net_default_source_addr_get(AF_INET, ret);
		return;
	}
	fd = socket(sa_af(&dst), SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, &dst.u.sa, dst.len) == 0 && getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
		(void)sa_set_sa(ret, (struct sockaddr *)&ss);
	if (fd >= 0)
		close(fd);
}

/* "+81…" at the provider's domain, or the SIP address itself when it is plain. False: not a number. */
static bool
uri_of(const char *number, const struct call_provider *p, char *out, size_t cap)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-_.~!*'()&=$?/@:;%[]#";

	if (number[0] == '+') {
		size_t n = strspn(number + 1, "0123456789");

		if (p == NULL || n < 4 || n > 20 || number[1 + n] != '\0')
			return false;
		snprintf(out, cap, "sip:%s@%s%s", number, p->domain, p->tls ? ";transport=tls" : "");
		return true;
	}
	if (strncmp(number, "sip:", 4) != 0 || number[4] == '\0' || strspn(number, good) != strlen(number))
		return false;
	snprintf(out, cap, "%s", number);
	return true;
}

static int
leg_start(struct leg *leg, const char *uri, struct call_provider *p)
{
	struct sip_ua *ua = leg->ua;
	char from[300];
	struct mbuf *desc = NULL;
	struct sa laddr;
	int err;

	local_address(ua, uri, &laddr);
	err = rtp_listen(&leg->rtp, IPPROTO_UDP, &laddr, (uint16_t)ua->conf.rtp_min, (uint16_t)ua->conf.rtp_max, false,
	                 on_rtp, NULL, leg);
	if (err == 0)
		err = sdp_begin(&leg->sdp, &leg->media, &laddr, sa_port(rtp_local(leg->rtp)));
	if (err == 0)
		err = sdp_encode(&desc, leg->sdp, true);
	if (err == 0) {
		if (p != NULL && p->user[0] != '\0')
			snprintf(from, sizeof from, "sip:%s@%s", p->user, p->domain);
		else
			snprintf(from, sizeof from, "%s", ua->conf.from);
		err = sipsess_connect(&leg->sess, ua->sock, uri, "Nezuban", from, "nezuban", NULL, 0, "application/sdp",
		                      desc, on_auth, p, false, on_offer, on_answer, on_progress, on_established,
		                      on_info, NULL, on_close, leg, NULL);
	}
	mem_deref(desc);
	return err;
}

static void
dial(struct sip_ua *ua, const struct cmd *c)
{
	struct call_provider *p = c->provider >= 0 ? &ua->conf.providers[c->provider] : NULL;
	struct leg *leg = mem_zalloc(sizeof *leg, leg_destroy);
	char uri[300];
	int err;

	must(leg != NULL);
	leg->ua = ua;
	leg->call = c->call;
	leg->record = c->record;
	list_append(&ua->legs, &leg->le, leg);
	if (!uri_of(c->number, p, uri, sizeof uri)) {
		leg_end(leg, true, 484, NULL, "not a number that can be dialled");
		return;
	}
	err = leg_start(leg, uri, p);
	if (err != 0)
		leg_end(leg, true, err == EINVAL || err == EBADMSG ? 484 : 0, NULL, strerror(err));
}

static void
play(struct leg *leg, struct cmd *c)
{
	pcm_fini(&leg->say);
	leg->say = c->pcm;
	leg->said = 0;
	leg->tag = c->tag;
	c->pcm = (struct pcm){ 0 };
}

/* ---- the thread ---- */

static void
quit_now(void *arg)
{
	struct sip_ua *ua = arg;

	sip_close(ua->sip, true);
	re_cancel();
}

static void
quit(struct sip_ua *ua)
{
	while (ua->legs.head != NULL)
		mem_deref(ua->legs.head->data);
	for (size_t i = 0; i < CALL_PROVIDERS_MAX; i++)
		ua->regs[i] = mem_deref(ua->regs[i]);
	sipsess_close_all(ua->sock);
	tmr_start(&ua->quit, 300, quit_now, ua); /* time for BYE and CANCEL to leave */
	sip_close(ua->sip, false);
}

static void
on_command(int id, void *data, void *arg)
{
	struct sip_ua *ua = arg;
	struct cmd *c = data;
	struct leg *leg = id == CMD_PLAY || id == CMD_HANG_UP ? leg_find(ua, c->call) : NULL;

	if (id == CMD_DIAL)
		dial(ua, c);
	else if (id == CMD_QUIT)
		quit(ua);
	else if (leg != NULL && id == CMD_PLAY)
		play(leg, c);
	else if (leg != NULL)
		leg_end(leg, true, leg->up ? 200 : 487, NULL, leg->up ? "BYE" : "CANCEL");
	pcm_fini(&c->pcm);
	free(c);
}

static bool
on_request(const struct sip_msg *msg, void *arg)
{
	struct sip_ua *ua = arg;

	if (pl_strcmp(&msg->met, "OPTIONS") != 0)
		return false;
	(void)sip_reply(ua->sip, msg, 200, "OK");
	return true;
}

static void
on_incoming(const struct sip_msg *msg, void *arg)
{
	struct sip_ua *ua = arg;

	(void)sip_treply(NULL, ua->sip, msg, 486, "Busy Here");
}

static void
on_exit_sip(void *arg)
{
	struct sip_ua *ua = arg;

	tmr_cancel(&ua->quit);
	re_cancel();
}

struct reg_ctx {
	struct sip_ua *ua;
	size_t i;
};

static struct reg_ctx reg_ctxs[CALL_PROVIDERS_MAX]; /* libre's thread only; one ua per process */

static void
on_registered(int err, const struct sip_msg *msg, void *arg)
{
	struct reg_ctx *rc = arg;
	struct sip_event ev = { .what = SIP_EV_REGISTERED, .code = err == 0 && msg != NULL ? msg->scode : 0 };

	snprintf(ev.text, sizeof ev.text, "%s", rc->ua->conf.providers[rc->i].name);
	emit(rc->ua, &ev);
}

static void
register_all(struct sip_ua *ua)
{
	for (size_t i = 0; i < ua->conf.providers_n; i++) {
		struct call_provider *p = &ua->conf.providers[i];
		char reg[200], me[300];

		if (!p->registers)
			continue;
		snprintf(reg, sizeof reg, "sip:%s%s", p->domain, p->tls ? ";transport=tls" : "");
		snprintf(me, sizeof me, "sip:%s@%s", p->user, p->domain);
		reg_ctxs[i] = (struct reg_ctx){ ua, i };
		(void)sipreg_register(&ua->regs[i], ua->sip, reg, me, NULL, me, 300, "nezuban", NULL, 0, (int)i + 1, on_auth, p,
		                      false, on_registered, &reg_ctxs[i], NULL, NULL);
	}
}

/* A context and a transport of our own, when a provider wants TLS. We only call out: any port will do. */
static int
tls_start(struct sip_ua *ua)
{
	struct sa laddr = ua->laddr;
	bool wanted = false;
	int err;

	for (size_t i = 0; i < ua->conf.providers_n; i++)
		wanted |= ua->conf.providers[i].tls;
	if (!wanted)
		return 0;
	sa_set_port(&laddr, 0);
	err = tls_alloc(&ua->tls, TLS_METHOD_SSLV23, NULL, NULL);
	if (err == 0 && trust_set(tls_openssl_context(ua->tls), &ua->conf) != 0)
		err = EINVAL;
	return err != 0 ? err : sip_transp_add(ua->sip, SIP_TRANSP_TLS, &laddr, ua->tls);
}

static int
ua_start(struct sip_ua *ua)
{
	struct sa nsv[8];
	uint32_t nsn = 8;
	char domain[64];
	int err = mqueue_alloc(&ua->mq, on_command, ua);

	if (err == 0 && dns_srv_get(domain, sizeof domain, nsv, &nsn) == 0 && nsn != 0)
		(void)dnsc_alloc(&ua->dnsc, NULL, nsv, nsn); /* without DNS, addresses still work */
	if (err == 0)
		err = sip_alloc(&ua->sip, ua->dnsc, 32, 32, 32, "nezuban", on_exit_sip, ua);
	if (err == 0)
		err = sip_transp_add(ua->sip, SIP_TRANSP_UDP, &ua->laddr);
	if (err == 0)
		err = sip_transp_laddr(ua->sip, &ua->laddr, SIP_TRANSP_UDP, NULL);
	if (err == 0)
		(void)sip_transp_add(ua->sip, SIP_TRANSP_TCP, &ua->laddr);
	if (err == 0)
		err = tls_start(ua);
	if (err == 0)
		err = sipsess_listen(&ua->sock, ua->sip, 32, on_incoming, ua);
	if (err == 0)
		err = sip_listen(&ua->lsnr, ua->sip, true, on_request, ua);
	if (err == 0)
		ua->port = sa_port(&ua->laddr);
	return err;
}

static void
ua_stop(struct sip_ua *ua)
{
	tmr_cancel(&ua->quit);
	mem_deref(ua->lsnr);
	mem_deref(ua->sock);
	mem_deref(ua->sip);
	mem_deref(ua->tls);
	mem_deref(ua->dnsc);
	mem_deref(ua->mq);
}

static void *
ua_thread(void *arg)
{
	struct sip_ua *ua = arg;
	struct sip_event died = { .what = SIP_EV_DIED };
	int err = libre_init();

	dbg_init(DBG_ERR, DBG_NONE);
	if (err == 0)
		err = ua_start(ua);
	ua->start_error = err;
	if (err == 0)
		register_all(ua);
	sem_post(&ua->ready);
	if (err == 0)
		(void)re_main(NULL);
	ua_stop(ua);
	libre_close();
	emit(ua, &died);
	return NULL;
}

/* ---- the loop's side ---- */

int
sip_ua_open(const struct call_conf *conf, struct sip_ua **ret)
{
	struct sip_ua *ua = x_calloc(1, sizeof *ua);
	sigset_t all, was;
	int r;

	ua->conf = *conf;
	list_init(&ua->legs);
	tmr_init(&ua->quit);
	if (sa_decode(&ua->laddr, conf->listen, strlen(conf->listen)) != 0) {
		free(ua);
		return E_CONFIG;
	}
	must(pipe2(ua->pipe, O_CLOEXEC) == 0 && sem_init(&ua->ready, 0, 0) == 0);
	must(fd_nonblock(ua->pipe[0]) == 0);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &was); /* signals are the loop's */
	r = pthread_create(&ua->thread, NULL, ua_thread, ua);
	pthread_sigmask(SIG_SETMASK, &was, NULL);
	must(r == 0);
	while (sem_wait(&ua->ready) != 0)
		;
	if (ua->start_error != 0) {
		pthread_join(ua->thread, NULL);
		close(ua->pipe[0]);
		close(ua->pipe[1]);
		sem_destroy(&ua->ready);
		free(ua);
		return E_IO;
	}
	*ret = ua;
	return 0;
}

static void
command(struct sip_ua *ua, int id, const struct cmd *c)
{
	struct cmd *copy = x_malloc(sizeof *copy);

	*copy = *c;
	must(mqueue_push(ua->mq, id, copy) == 0);
}

void
sip_ua_close(struct sip_ua *ua)
{
	struct sip_event ev;

	if (ua == NULL)
		return;
	command(ua, CMD_QUIT, &(struct cmd){ 0 });
	/* Keeps the pipe from filling while the thread ends. */
	for (bool died = false; !died;) {
		struct pollfd p = { .fd = ua->pipe[0], .events = POLLIN };

		poll(&p, 1, -1);
		while (!died && sip_ua_next(ua, &ev)) {
			sip_tape_free(ev.tape);
			died = ev.what == SIP_EV_DIED;
		}
	}
	pthread_join(ua->thread, NULL);
	close(ua->pipe[0]);
	close(ua->pipe[1]);
	sem_destroy(&ua->ready);
	explicit_bzero(&ua->conf, sizeof ua->conf);
	free(ua);
}

int
sip_ua_fd(const struct sip_ua *ua)
{
	return ua->pipe[0];
}

bool
sip_ua_next(struct sip_ua *ua, struct sip_event *ret)
{
	return read(ua->pipe[0], ret, sizeof *ret) == (ssize_t)sizeof *ret;
}

int
sip_ua_port(const struct sip_ua *ua)
{
	return ua->port;
}

void
sip_ua_dial(struct sip_ua *ua, uint64_t call, const char *number, int provider, bool record)
{
	struct cmd c = { .call = call, .provider = provider, .record = record };

	snprintf(c.number, sizeof c.number, "%s", number);
	command(ua, CMD_DIAL, &c);
}

void
sip_ua_play(struct sip_ua *ua, uint64_t call, const struct pcm *parts, size_t n, int tag)
{
	struct cmd c = { .call = call, .tag = tag };

	for (size_t i = 0; i < n; i++)
		c.pcm.n += parts[i].n;
	c.pcm.v = x_malloc(c.pcm.n * sizeof *c.pcm.v + 1);
	for (size_t i = 0, at = 0; i < n; at += parts[i++].n)
		memcpy(c.pcm.v + at, parts[i].v, parts[i].n * sizeof *c.pcm.v);
	command(ua, CMD_PLAY, &c);
}

void
sip_ua_hang_up(struct sip_ua *ua, uint64_t call)
{
	command(ua, CMD_HANG_UP, &(struct cmd){ .call = call });
}

void
sip_tape_free(struct sip_tape *t)
{
	if (t == NULL)
		return;
	pcm_fini(&t->said);
	pcm_fini(&t->heard);
	free(t);
}
