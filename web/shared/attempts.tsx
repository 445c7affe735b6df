// SPDX-License-Identifier: Apache-2.0
// What was dialled and sent for an incident, one row each; how a person who calls back is recognised; why a
// promised time was broken.
import type { Attempt, Clock, Incident } from './api.gen';
import { t, tx } from './i18n';
import { Icon } from './icons';
import { clockText, hms, serverNow, whenLong } from './time';
import { Safe } from './ui';

function seconds(a: Attempt): string {
	const from = a.started_at ?? a.queued_at, to = a.ended_at;
	if (!from) return '';
	return clockText(((to ? Date.parse(to) : serverNow()) - Date.parse(from)) / 1000);
}

export const isCall = (a: Attempt) => a.kind === 'call' || a.kind === 'by_hand';

export function AttemptRow({ a, n, live }: { a: Attempt; n: number; live: boolean }) {
	const d = t().inc, state = a.state ?? 'done';
	const text = state === 'done' ? tx(a.outcome_text) || a.outcome || d.attempt.done : d.attempt[state];
	const kind = a.reached === 'yes' || state === 'answered' ? ' ok' : a.reached === 'human' || state === 'ringing' ? ' half' : '';
	return (
		<div class={`cp${live ? ' live' : ''}`} aria-current={live || undefined}>
			<span class="k">{n}</span><span class="el"><b class="m5"><Safe text={a.name ?? ''} /></b> <span class="s">{a.kana} {a.to}{a.provider ? ` · ${a.provider}` : ''}{a.ringing_at ? ` · ${d.rangAt} ${hms(a.ringing_at)}` : ''}</span></span>
			<span class={`tag${kind}`}>{(state === 'answered' || a.reached === 'yes') && <Icon name="phone" size={11} />}{text}{a.code ? <span class="q" title={a.text ?? ''}> {a.code}</span> : null}</span>
			<span class="mono q r">{seconds(a)}</span>
			<Said a={a} />
		</div>
	);
}

/** What a person was told: a mail's own words, the sentence of a call. */
function Said({ a }: { a: Attempt }) {
	const d = t().inc, said = tx(a.said);
	if (a.sent) return <details><summary>{d.sentText}</summary><p class="m5 mt"><Safe text={a.sent.subject} /></p><pre class="raw"><Safe text={a.sent.text} /></pre></details>;
	return said ? <details><summary>{d.saidText}</summary><p class="mt"><Safe text={said} />{a.recording && <span class="q t12"> · {d.recorded} {a.recording}</span>}</p></details> : null;
}

export function CallBack({ i }: { i: Incident }) {
	const d = t(), w = i.call_back;
	if (!tx(w?.code_word)) return null;
	return <p class="s t12 mt">{d.form.codeWord} <b class="b tx">{tx(w?.code_word)}</b>{w?.number ? ` · ${d.inc.callBack} ${w.number}` : ''}</p>;
}

export function BrokenClock({ c }: { c: Clock }) {
	const d = t();
	return (
		<div class="row wrap"><span class="tag late"><Icon name="cross" size={10} />{d.clocks.kind[c.kind]}</span><span class="s t12">{d.clocks.due} {whenLong(c.due_at)}</span>
			{c.cause ? <span><b class="m5">{tx(c.cause.name)}</b> <Safe text={c.cause.text} /></span> : <span class="q">{d.inc.noCause}</span>}</div>
	);
}
