// SPDX-License-Identifier: Apache-2.0
// One incident as the customer sees it: eight times, the assessment in two languages, what to do, evidence,
// the exchange, the customer's own record.
import { useState } from 'preact/hooks';
import type { Incident as Data, Severity } from '../shared/api.gen';
import { call } from '../shared/api';
import { lang, num, t, title, tx } from '../shared/i18n';
import { Icon } from '../shared/icons';
import { Lines } from '../shared/lines';
import { Link } from '../shared/router';
import { Stamps } from '../shared/stamps';
import { between, dayLong, hm, hms, span, when, zoneName } from '../shared/time';
import { Chip, Safe, say, Seg, Sev, Show } from '../shared/ui';
import { useLoad } from '../shared/use';
import { tc } from '../shared/dict/cases';
import { Answer, Related } from './answer';
import { Calls } from './calls';

type Put = (i: Data) => void;
const failed = () => say(t().err.kept);

function Head({ i, put }: { i: Data; put: Put }) {
	const d = t();
	return (
		<>
			<div class="bc"><Link to="/portal/incidents">{d.nav.incidents}</Link>　›　{i.id}</div>
			<div class="th"><div class="grow"><h1><Safe text={tx(i.title)} /></h1><div class="row wrap mt"><Sev s={i.severity} large /><span class={`tag lgt${i.state === 'open' ? ' half' : ''}`}>{d.inc.state[i.state]}</span><span class="s t14">{d.inc.decidedAt} {dayLong(i.decided_at)} {hm(i.decided_at)} {zoneName()}</span></div></div>
				{i.acknowledged_by ? <span class="tag ok lgt"><Icon name="tick" size={13} /><Safe text={d.pinc.acked(i.acknowledged_by.by ?? '')} /></span> : i.chain ? <button class="btn pri p40" onClick={() => void call('incident.acknowledge', { id: i.id }).then(put).catch(failed)}>{d.pinc.acknowledge}</button> : null}
			</div>
		</>
	);
}

function Actions({ i, put }: { i: Data; put: Put }) {
	const d = t().pinc, list = i.actions ?? [];
	if (!list.length) return null;
	const flip = (n: number, done: boolean) => void call('incident.action', { id: i.id, n }, { done }).then(put).catch(failed);
	return (
		<section class="card"><div class="sec"><h2>{t().inc.actions}</h2><span class="q t12">{d.actionsDone(list.filter((a) => a.done_at).length, list.length)}</span></div>
			{list.map((a) => <div class="ask" key={a.n}>{a.done_at ? <span class="n done"><Icon name="tick" size={14} /></span> : <span class="n">{a.n}</span>}<span class="m5">{tx(a.text)}</span><span>{a.done_at ? <span class="row"><span class="t12 q">{when(a.done_at)} {a.by ?? ''}</span><button class="btn sm bare" onClick={() => flip(a.n ?? 0, false)}>{d.undo}</button></span> : <button class="btn sm" onClick={() => flip(a.n ?? 0, true)}>{d.markDone}</button>}</span></div>)}
		</section>
	);
}

function EvidenceCard({ i }: { i: Data }) {
	const d = t().pinc, f = t().form, list = i.evidence ?? [];
	const word = { blocked: d.blocked, passed: d.passed, partly: d.partly, unknown: d.unknown };
	return (
		<section class="card"><div class="sec"><h2>{d.evidence}</h2><span class="q t12">{num(list.length)} · {zoneName()}</span><span class="sp" /><span class="tag">{f.blockedN(i.blocked ?? 0)}</span><span class="tag late">{f.passedN(i.passed ?? 0)}</span></div>
			<div class="xs" tabIndex={0} role="group" aria-label={d.evidence}><table class="t"><thead><tr><th>{d.at}</th><th>{d.device}</th><th>{d.what}</th><th>{d.result}</th></tr></thead>
				<tbody>{list.map((e) => <tr key={e.id}><td class="mono nw">{hms(e.at)}</td><td class="nw s">{e.device}</td><td><Safe text={tx(e.what)} />{(e.count ?? 1) > 1 && <span class="q"> ×{num(e.count ?? 1)}</span>}<Lines e={e} /></td><td class="nw"><span class={`tag${e.result === 'passed' || e.result === 'partly' ? ' late' : ''}`}>{e.result === 'blocked' ? <Icon name="cross" size={10} /> : e.result === 'unknown' ? null : <Icon name="right" size={11} />}{word[e.result]}</span></td></tr>)}</tbody></table></div>
		</section>
	);
}

function Exchange({ i, put }: { i: Data; put: Put }) {
	const d = t().pinc, [text, set] = useState('');
	const list = [...(i.entries ?? [])].filter((e) => e.visible).sort((a, b) => b.at.localeCompare(a.at));
	const send = (e: Event) => {
		e.preventDefault();
		if (text.trim()) void call('incident.comment', { id: i.id }, { text: text.trim(), lang: lang.value }).then((x) => { put(x); set(''); say(d.sent); }).catch(failed);
	};
	return (
		<section class="card"><h2>{d.log}</h2>
			<ol class="tl1">{list.slice(0, 20).map((e, n) => <li key={e.seq ?? n} class={e.kind === 'customer' || e.kind === 'acknowledge' ? 'me' : ''}><time class="q nw">{when(e.at)}</time><i /><span lang={e.lang ?? undefined}>{tx(e.who) && <span class="s">{tx(e.who)}: </span>}<Safe text={tx(e.text)} /></span></li>)}</ol>
			<form onSubmit={send}><textarea class="fi" rows={text ? 3 : 1} aria-label={d.ask} placeholder={d.ask} value={text} onInput={(e) => set(e.currentTarget.value)} />{text && <button class="btn p40 wide">{t().cand.send}</button>}</form>
		</section>
	);
}

function Own({ i, put }: { i: Data; put: Put }) {
	const d = t(), [ticket, setTicket] = useState(i.customer_ticket ?? ''), [why, setWhy] = useState<string | null>(null);
	const over = i.state === 'closed', ask = over ? tc().objectWhy : d.pinc.objectWhy;
	const levels: Severity[] = ['emergency', 'critical', 'warning', 'informational'];
	const change = (x: { customer_severity?: Severity | null; customer_ticket?: string | null }) => void call('incident.change', { id: i.id }, x).then((v) => { put(v); say(d.pinc.saved); }).catch(failed);
	const object = () => {
		if (why === null) { setWhy(''); return; }
		if (why.trim()) void call('incident.reopen', { id: i.id }, { text: why.trim() }).then((v) => { put(v); setWhy(null); say(d.pinc.sent); }).catch(failed);
	};
	return (
		<section class="card"><h2>{d.pinc.own}</h2>
			<label class="f"><span>{d.pinc.ownSev}</span><select class="fi" value={i.customer_severity ?? ''} onChange={(e) => change({ customer_severity: (e.currentTarget.value || null) as Severity | null })}><option value="">{d.pinc.none}</option>{levels.map((s) => <option key={s} value={s}>{d.sev[s]}</option>)}</select></label>
			<label class="f"><span>{d.pinc.ticket}</span><input class="fi" maxLength={64} value={ticket} onInput={(e) => setTicket(e.currentTarget.value)} onBlur={() => { if (ticket !== (i.customer_ticket ?? '')) change({ customer_ticket: ticket || null }); }} /></label>
			<p class="sub">{d.pinc.ourStays}</p>
			{why !== null && <textarea class="fi" rows={3} autoFocus aria-label={ask} placeholder={ask} value={why} onInput={(e) => setWhy(e.currentTarget.value)} />}
			<button class="btn p40 wide" onClick={object}>{over ? tc().objectClosed : d.pinc.object}</button>
		</section>
	);
}

export function Incident({ id }: { id: string }) {
	const d = t(), inc = useLoad(() => call('incident.show', { id }), [id], ['incident']);
	const [l, setL] = useState<'ja' | 'en'>(lang.value);
	title.value = id;
	return (
		<Show of={inc} rows={10}>{(i) => {
			const rang = between(i.stamps?.decided, i.stamps?.rang);
			return (
				<>
					<Head i={i} put={inc.set} />
					{i.stamps && <section class="card"><div class="sec"><h2>{d.inc.stamps}</h2><span class="q t12">{d.inc.stampsHow}</span><span class="sp" />{rang !== null && <span class={`tag ${rang <= 600 ? 'ok' : 'late'}`}><Icon name={rang <= 600 ? 'tick' : 'cross'} size={11} />{d.pinc.promise(span(rang))}</span>}</div><div class="xs" tabIndex={0} role="group" aria-label={d.inc.stamps}><Stamps s={i.stamps} calls={!!i.chain} /></div></section>}
					<div class="g2"><div>
						<section class="card"><div class="sec"><h2>{d.pinc.assessment}</h2><span class="sp" /><Seg label={d.acc.lang} value={l} options={[['ja', '日本語'], ['en', 'English']]} set={setL} /></div><p class="long" lang={l}><Safe text={i.summary?.[l] ?? ''} /></p>{i.decision?.by && <p class="sub mt">{d.pinc.decidedBy(tx(i.decision.by.name))}</p>}</section>
						<Actions i={i} put={inc.set} />
						<Calls i={i} />
						<Related i={i} />
						<EvidenceCard i={i} />
					</div><div>
						<Answer key={`a${i.id}`} i={i} put={inc.set} />
						<Exchange i={i} put={inc.set} />
						<Own key={i.id} i={i} put={inc.set} />
						<section class="card"><h2>{d.pinc.involved}</h2><div class="row wrap">{(i.entities ?? []).map((e) => <Chip key={`${e.kind}${e.value}`} e={e} />)}</div></section>
					</div></div>
				</>
			);
		}}</Show>
	);
}
