/* SPDX-License-Identifier: Apache-2.0
 *
 * The dialogue after the answer, as a pure state machine with the time handed in.
 *
 *     WAIT_GREET ─▶ READ 1 (head, body, keys) ─▶ READ 2 (again, body, keys) ─▶ LISTEN ─▶ CLOSE ─▶ OVER
 *                      │ key 1 ─▶ PIN (when there is one) ─▶ CLOSE "thank you"
 *                      │ key 2, 3 ─▶ CLOSE          key 9 ─▶ READ 1 in the other language
 *                      └ long speech without a pause ─▶ MACHINE (until it pauses) ─▶ NEUTRAL ─▶ OVER
 *
 * A person may press a key at any moment, over the speech.  "Answered" is nobody: only a key proves a
 * person.  A key also takes back the guess that we talk to a machine.  The head (company and code word)
 * takes longer than the guess, so a machine never hears what the incident is about.
 */
#include "base/must.h"
#include "call/call_priv.h"

#define MACHINE_AFTER (4 * NS_PER_S)   /* nobody says hello for so long in one breath */
#define MACHINE_WINDOW (12 * NS_PER_S) /* after the answer; later long speech is a person who argues */
#define GREETING_MAX (20 * NS_PER_S)   /* a machine's own greeting */
#define LISTEN_FOR (8 * NS_PER_S)
#define PIN_FOR (15 * NS_PER_S)
#define CLOSE_FOR (12 * NS_PER_S)      /* if "played" never comes */
#define WRONG_MAX 3

static struct talk_act *
act(struct talk *t, enum talk_do what)
{
	must(t->acts < TALK_ACTS);
	t->act[t->acts] = (struct talk_act){ .what = what, .code = -1 };
	return &t->act[t->acts++];
}

static void
event(struct talk *t, enum call_what what, int code)
{
	struct talk_act *a = act(t, DO_EVENT);

	a->event = what;
	a->code = code;
}

static void
play(struct talk *t, int n, const enum prompt *p)
{
	struct talk_act *a = act(t, DO_PLAY);

	for (int i = 0; i < n; i++)
		a->prompt[i] = p[i];
	a->prompts = n;
}

static void
done(struct talk *t, enum outcome o)
{
	if (t->done)
		return;
	t->done = true;
	t->outcome = o;
	act(t, DO_DONE)->outcome = o;
}

static void
over(struct talk *t)
{
	t->state = TALK_OVER;
	t->due = INT64_MAX;
	act(t, DO_HANG_UP);
}

/* Decided: says one last sentence, then hangs up. */
static void
close_with(struct talk *t, enum outcome o, enum prompt p, int64_t now)
{
	done(t, o);
	play(t, 1, &p);
	t->state = TALK_CLOSE;
	t->due = now + CLOSE_FOR;
}

static void
read_out(struct talk *t, int64_t now)
{
	static const enum prompt first[] = { P_HEAD, P_BODY, P_KEYS }, again[] = { P_AGAIN, P_BODY, P_KEYS };

	(void)now;
	t->state = TALK_READ;
	t->due = INT64_MAX;
	t->readings++;
	event(t, CALL_PROMPT, t->readings);
	play(t, 3, t->readings == 1 ? first : again);
}

void
talk_begin(struct talk *t, const struct call_job *j, int64_t greet_wait, int64_t now)
{
	*t = (struct talk){ .state = TALK_WAIT_GREET, .lang = j->lang, .other = j->other, .answered = now,
		            .limit = now + j->limit_ns, .greet_wait = greet_wait, .due = now + greet_wait };
	memcpy(t->pin, j->pin, sizeof t->pin);
}

/* The outcome when it ends without an accepted key. */
static enum outcome
unaccepted(const struct talk *t, enum outcome otherwise)
{
	if (t->wrong != 0 && otherwise == OUTCOME_ANSWERED_NO_DIGIT)
		return OUTCOME_WRONG_DIGIT;
	return otherwise;
}

static void
pin_digit(struct talk *t, char digit, int64_t now)
{
	static const enum prompt wrong[] = { P_PIN_WRONG, P_PIN };
	size_t want = strlen(t->pin);

	t->due = now + PIN_FOR;
	if (digit == '*') {
		t->pin_n = 0;
		return;
	}
	if (digit >= '0' && digit <= '9' && t->pin_n < 8)
		t->typed[t->pin_n++] = digit;
	if ((size_t)t->pin_n < want && digit != '#')
		return;
	if ((size_t)t->pin_n == want && memcmp(t->typed, t->pin, want) == 0) {
		close_with(t, OUTCOME_ACKNOWLEDGED, P_ACK, now);
		return;
	}
	t->pin_n = 0;
	if (++t->pin_wrong >= WRONG_MAX)
		close_with(t, OUTCOME_WRONG_PIN, P_BYE, now);
	else
		play(t, 2, wrong);
}

static void
menu_digit(struct talk *t, char digit, int64_t now)
{
	static const enum prompt ask_pin[] = { P_PIN }, wrong[] = { P_WRONG, P_KEYS };

	switch (digit) {
	case '1':
		if (t->pin[0] == '\0') {
			close_with(t, OUTCOME_ACKNOWLEDGED, P_ACK, now);
			return;
		}
		t->state = TALK_PIN;
		t->due = now + PIN_FOR;
		t->pin_n = 0;
		play(t, 1, ask_pin);
		return;
	case '2':
		close_with(t, OUTCOME_NEXT_CONTACT, P_NEXT, now);
		return;
	case '3':
		close_with(t, OUTCOME_WANTS_ANALYST, P_ANALYST, now);
		return;
	case '9':
		if (t->other != LANG_NONE) {
			enum lang was = t->lang;

			t->lang = t->other;
			t->other = was;
			t->readings = 0;
			event(t, CALL_LANGUAGE, -1);
			read_out(t, now);
			return;
		}
		break;
	default:
		break;
	}
	if (++t->wrong >= WRONG_MAX) {
		close_with(t, OUTCOME_WRONG_DIGIT, P_BYE, now);
		return;
	}
	t->state = TALK_READ;
	t->due = INT64_MAX;
	play(t, 2, wrong);
}

void
talk_digit(struct talk *t, char digit, int64_t now)
{
	t->acts = 0;
	if (t->state == TALK_OVER || t->state == TALK_CLOSE)
		return;
	t->human = true;
	if (t->state == TALK_PIN)
		pin_digit(t, digit, now);
	else
		menu_digit(t, digit, now);
}

void
talk_played(struct talk *t, int64_t now)
{
	t->acts = 0;
	switch (t->state) {
	case TALK_READ:
		if (t->readings < 2) {
			read_out(t, now);
		} else {
			t->state = TALK_LISTEN;
			t->due = now + LISTEN_FOR;
		}
		break;
	case TALK_CLOSE:
		over(t);
		break;
	case TALK_NEUTRAL:
		done(t, OUTCOME_VOICEMAIL);
		over(t);
		break;
	default:
		break;
	}
}

static void
leave_neutral(struct talk *t, int64_t now)
{
	static const enum prompt p[] = { P_NEUTRAL };

	t->state = TALK_NEUTRAL;
	t->due = now + CLOSE_FOR;
	play(t, 1, p);
}

void
talk_voice(struct talk *t, bool on, int64_t now)
{
	t->acts = 0;
	t->voice_since = on ? now : 0;
	if (!on && t->state == TALK_MACHINE)
		leave_neutral(t, now);
}

/* When the running speech would be too long for a person's hello; INT64_MAX when that is no question. */
static int64_t
machine_due(const struct talk *t)
{
	if (t->voice_since == 0 || t->human || (t->state != TALK_WAIT_GREET && t->state != TALK_READ))
		return INT64_MAX;
	if (t->voice_since - t->answered > MACHINE_WINDOW)
		return INT64_MAX;
	return t->voice_since + MACHINE_AFTER;
}

int64_t
talk_due(const struct talk *t)
{
	int64_t due = t->due, machine = machine_due(t);

	if (t->state == TALK_OVER)
		return INT64_MAX;
	if (machine < due)
		due = machine;
	return t->limit < due ? t->limit : due;
}

static void
tick_due(struct talk *t, int64_t now)
{
	switch (t->state) {
	case TALK_WAIT_GREET:
		read_out(t, now);
		break;
	case TALK_LISTEN:
	case TALK_PIN:
		close_with(t, unaccepted(t, OUTCOME_ANSWERED_NO_DIGIT), P_BYE, now);
		break;
	case TALK_MACHINE:
		leave_neutral(t, now);
		break;
	case TALK_NEUTRAL:
		done(t, OUTCOME_VOICEMAIL);
		over(t);
		break;
	case TALK_CLOSE:
		over(t);
		break;
	default:
		t->due = INT64_MAX;
		break;
	}
}

void
talk_tick(struct talk *t, int64_t now)
{
	t->acts = 0;
	if (t->state == TALK_OVER)
		return;
	if (now >= t->limit) {
		done(t, t->state == TALK_MACHINE || t->state == TALK_NEUTRAL ?
		                OUTCOME_VOICEMAIL : unaccepted(t, OUTCOME_ANSWERED_NO_DIGIT));
		over(t);
	} else if (now >= machine_due(t)) {
		t->state = TALK_MACHINE;
		t->due = now + GREETING_MAX;
		act(t, DO_STOP);
		event(t, CALL_MACHINE, -1);
	} else if (now >= t->due) {
		tick_due(t, now);
	}
}

void
talk_gone(struct talk *t, int64_t now)
{
	(void)now;
	t->acts = 0;
	if (t->state == TALK_OVER)
		return;
	done(t, t->state == TALK_MACHINE || t->state == TALK_NEUTRAL ? OUTCOME_VOICEMAIL : OUTCOME_HUNG_UP);
	t->state = TALK_OVER;
	t->due = INT64_MAX;
}
