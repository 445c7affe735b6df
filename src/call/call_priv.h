/* SPDX-License-Identifier: Apache-2.0
 *
 * Inside of call/: the pieces between job and telephone.  See call.h for how they hang together.
 */
#ifndef NZ_CALL_CALL_PRIV_H
#define NZ_CALL_CALL_PRIV_H

#include "call/call.h"

#define PCM_RATE 8000u /* G.711: everything we say and hear is 16 bit mono at this rate */

/* ---- words.c: what is said ---- */

enum prompt {
	P_HEAD,      /* who we are, company, code word */
	P_BODY,      /* severity, number, summary */
	P_KEYS,      /* which key does what */
	P_AGAIN,     /* "once more" */
	P_PIN,       /* asks for it */
	P_PIN_WRONG,
	P_WRONG,     /* not a key of ours */
	P_ACK, P_NEXT, P_ANALYST, /* confirmation, then we hang up */
	P_BYE,       /* nobody pressed anything */
	P_NEUTRAL,   /* for a machine: no details */
	P_COUNT
};

/* The text of a prompt. A name, code word or summary that cannot be said is left out; plain: all of them are. */
void words_prompt(const struct call_job *j, enum lang lang, enum prompt p, bool plain, struct buf *out);

/* ---- pcm.c ---- */

struct pcm {
	int16_t *v;
	size_t n;
};

void pcm_fini(struct pcm *p);
/* RIFF/WAVE, 16 bit mono of any rate from 4,000 to 96,000, to PCM_RATE. Sizes of a pipe (0, 0x7fffffff) are fine. */
int pcm_from_wav(struct slice wav, struct pcm *ret);
/* Two tracks as one stereo WAV. */
void pcm_to_wav(struct buf *out, const int16_t *left, size_t left_n, const int16_t *right, size_t right_n);

/* ---- speech.c: the helper ---- */

typedef void speech_fn(void *ctx, uint64_t id, int err, struct pcm *pcm); /* pcm may be taken (set v NULL) */

int speech_attach(struct speech *s, struct loop *l, speech_fn *fn, void (*on_lost)(void *ctx), void *ctx);
void speech_say(struct speech *s, uint64_t id, enum lang lang, struct slice text);

/* ---- digits.c: a key in the body of SIP INFO ---- */

/* application/dtmf-relay ("Signal=5") or application/dtmf ("5"); 0 when there is none. */
char digits_from_info(struct slice content_type, struct slice body);

/* ---- talk.c: the dialogue, pure ---- */

enum talk_state { TALK_WAIT_GREET, TALK_READ, TALK_LISTEN, TALK_PIN, TALK_CLOSE, TALK_MACHINE, TALK_NEUTRAL, TALK_OVER };

enum talk_do { DO_PLAY, DO_STOP, DO_EVENT, DO_DONE, DO_HANG_UP };

struct talk_act {
	enum talk_do what;
	enum prompt prompt[4];  /* DO_PLAY: one behind the other; what still plays is dropped */
	int prompts;
	enum call_what event;   /* DO_EVENT */
	int code;
	enum outcome outcome;   /* DO_DONE: decided; the call may go on to say good-bye */
};

#define TALK_ACTS 8

struct talk {
	enum talk_state state;
	enum lang lang, other;
	char pin[9], typed[9];
	int readings, wrong, pin_wrong, pin_n;
	bool done, human;            /* human: pressed anything */
	enum outcome outcome;
	int64_t answered, limit, greet_wait, voice_since, due;
	struct talk_act act[TALK_ACTS];
	int acts;
};

/* now: any monotonic clock. After each call the caller carries out act[0..acts) and asks talk_due. */
void talk_begin(struct talk *t, const struct call_job *j, int64_t greet_wait, int64_t now);
void talk_digit(struct talk *t, char digit, int64_t now);
void talk_played(struct talk *t, int64_t now);        /* everything of the last DO_PLAY was said */
void talk_voice(struct talk *t, bool on, int64_t now); /* the other side began or stopped to speak */
void talk_tick(struct talk *t, int64_t now);
void talk_gone(struct talk *t, int64_t now);          /* the other side hung up, or the line broke */
int64_t talk_due(const struct talk *t);               /* when talk_tick is wanted; INT64_MAX = never */

/* ---- trust.c: certificates of trunks ---- */

struct ssl_ctx_st;
/* conf outlives ctx. 0, or E_CERT when no provider has an authority that can be read. */
int trust_set(struct ssl_ctx_st *ctx, const struct call_conf *conf);

/* ---- sip.c: all of libre, in its own thread ---- */

enum sip_what {
	SIP_EV_TRYING, SIP_EV_RINGING, SIP_EV_ANSWERED, SIP_EV_DIGIT, SIP_EV_VOICE, SIP_EV_PLAYED, SIP_EV_CLOSED, SIP_EV_REGISTERED, SIP_EV_DIED
};

struct sip_tape { /* what was said and heard, from the answer on; free with sip_tape_free */
	struct pcm said, heard;
	int64_t voice_ms;
};

struct sip_event {
	uint64_t call;
	enum sip_what what;
	int code;               /* SIP status; DIGIT: 4733, 2976, 0; VOICE: 1 on; PLAYED: tag; REGISTERED: status */
	char digit;
	bool us;                /* CLOSED: we ended it */
	char text[96];          /* reason phrase or what went wrong; REGISTERED: provider */
	struct sip_tape *tape;  /* CLOSED after an answer, when recording; the receiver frees it */
};

struct sip_ua;

int sip_ua_open(const struct call_conf *conf, struct sip_ua **ret); /* returns when the port is bound */
void sip_ua_close(struct sip_ua *ua);
int sip_ua_fd(const struct sip_ua *ua);      /* readable: sip_ua_next has something */
bool sip_ua_next(struct sip_ua *ua, struct sip_event *ret);
int sip_ua_port(const struct sip_ua *ua);
void sip_ua_dial(struct sip_ua *ua, uint64_t call, const char *number, int provider, bool record);
/* Says these samples (copied) instead of what is being said; PLAYED with `tag` comes at their end. */
void sip_ua_play(struct sip_ua *ua, uint64_t call, const struct pcm *parts, size_t n, int tag);
void sip_ua_hang_up(struct sip_ua *ua, uint64_t call); /* CANCEL or BYE; CLOSED follows */
void sip_tape_free(struct sip_tape *t);

#endif
