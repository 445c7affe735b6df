// SPDX-License-Identifier: Apache-2.0
// What the customer found, with a code of the list; what is related.
import { useState } from 'preact/hooks';
import type { AnswerCode, Incident } from '../shared/api.gen';
import { call, type ApiError } from '../shared/api';
import { tc } from '../shared/dict/cases';
import { asError, Fault } from '../shared/dialog';
import { lang, t, tx } from '../shared/i18n';
import { Link } from '../shared/router';
import { whenLong } from '../shared/time';
import { Safe, say, Sev } from '../shared/ui';

type Of = { i: Incident; put: (i: Incident) => void };
const codes: AnswerCode[] = ['damage', 'no_damage', 'handled', 'expected', 'accepted', 'unknown'];

export function Answer({ i, put }: Of) {
	const d = tc(), a = i.answer, [open, setOpen] = useState(!a), [code, set] = useState<AnswerCode | ''>(a?.code ?? ''), [text, setText] = useState(a?.text ?? ''), [fault, setFault] = useState<ApiError | null>(null);
	const send = (e: Event) => {
		e.preventDefault();
		setFault(null);
		call('incident.answer', { id: i.id }, { code, ...(text.trim() ? { text: text.trim(), lang: lang.value } : {}) }).then((x) => { put(x); setOpen(false); say(d.answer.sent); }, (x: unknown) => setFault(asError(x)));
	};
	return (
		<section class="card"><div class="sec"><h2>{d.answer.title}</h2>{a?.at && <span class="q t12"><Safe text={d.by(tx(a.by?.name), whenLong(a.at))} /></span>}</div>
			{a && !open ? <><p class="m5">{tx(a.code_text) || (a.code ? d.code[a.code] : '')}</p>{a.text && <p class="s mt1" lang={a.lang}><Safe text={a.text} /></p>}{a.code === 'damage' && <p class="sub">{d.answer.damageNow}</p>}<button class="btn p40 wide" onClick={() => setOpen(true)}>{d.answer.change}</button></> : (
				<form onSubmit={send}><fieldset class="rs0"><legend class="s t14">{d.answer.ask}</legend>{codes.map((c) => <label key={c} class="opt"><input type="radio" name="answer" required checked={code === c} onChange={() => set(c)} /> {d.code[c]}</label>)}</fieldset>
					<label class="f"><span>{d.answer.text} {d.optional}</span><textarea class="fi" rows={text ? 4 : 2} maxLength={8000} value={text} onInput={(e) => setText(e.currentTarget.value)} /></label>
					{fault && <Fault e={fault} />}<button class="btn p40 wide" disabled={code === ''}>{d.answer.send}</button></form>
			)}
		</section>
	);
}

export function Related({ i }: { i: Incident }) {
	const list = i.related ?? [];
	if (list.length === 0) return null;
	return (
		<section class="card"><h2>{tc().related}</h2>
			<ul class="rel0">{list.map((x) => <li key={x.id}><div class="row wrap"><Link to={`/portal/incidents/${x.id}`} class="nw">{x.id}</Link><Sev s={x.severity} /><span class={`tag${x.state === 'open' ? ' half' : ''}`}>{t().inc.state[x.state]}</span></div><p><Safe text={tx(x.title)} /></p><p class="s t14" lang={x.lang}><Safe text={x.reason} /></p></li>)}</ul>
		</section>
	);
}
