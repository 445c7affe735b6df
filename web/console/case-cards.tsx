// SPDX-License-Identifier: Apache-2.0
// Beside an incident: what waits for a second person, tasks, related incidents, what the customer said.
import { useState } from 'preact/hooks';
import type { Incident } from '../shared/api.gen';
import { call, session } from '../shared/api';
import { tc } from '../shared/dict/cases';
import { asError, Dialog, Fault } from '../shared/dialog';
import type { ApiError } from '../shared/api';
import { t, tx } from '../shared/i18n';
import { Icon } from '../shared/icons';
import { Link } from '../shared/router';
import { hm, serverNow, whenLong } from '../shared/time';
import { Owner, Safe, say, Sev } from '../shared/ui';
import { triage } from './case';
import { levelName } from './case-pick';
import { Words } from './case-say';

type Of = { i: Incident; put: (i: Incident) => void };

export function Second({ i, put }: Of) {
	const d = tc(), g = i.downgrade, mine = g?.by?.id === session.value?.user?.id, [ask, setAsk] = useState<'confirm' | 'refuse' | null>(null);
	if (!g) return null;
	const refuse = async (text: string) => { put(await call('incident.refuse', { id: i.id }, text ? { text } : {})); say(d.refused); };
	return (
		<section class="card second" role="region" aria-label={g.close ? d.secondClose : d.secondTitle(levelName(g.severity))}>
			<div class="row wrap"><Icon name="user" size={16} /><h2>{g.close ? d.secondClose : d.secondTitle(levelName(g.severity))}</h2><span class="sp" />
				{triage() && !mine && <button class="btn sm pri" id="confirm2" onClick={() => setAsk('confirm')}>{d.confirm}</button>}
				{triage() && <button class="btn sm" onClick={() => setAsk('refuse')}>{mine ? d.withdraw : d.refuse}</button>}</div>
			<p class="mt1"><span class="s">{d.secondWhy(tx(g.by?.name), g.at ? hm(g.at) : '')}</span> <Safe text={g.reason ?? ''} /></p>
			<p class="t12 q">{mine ? `${d.own} ` : ''}{d.secondStands}</p>
			{ask === 'confirm' && <Dialog title={d.confirmTitle} sub={`${i.id} · ${levelName(i.severity)} → ${g.close ? t().inc.code.false_positive : levelName(g.severity)}`} how={d.confirmHow} act={d.confirm} ready run={async () => { put(await call('incident.confirm', { id: i.id })); say(d.confirmed); }} gone={() => setAsk(null)} />}
			{ask === 'refuse' && <Words title={d.refuseTitle} label={d.words} act={mine ? d.withdraw : d.refuse} run={refuse} gone={() => setAsk(null)} />}
		</section>
	);
}

export function Tasks({ i, put, add }: Of & { add: () => void }) {
	const d = tc(), list = i.tasks ?? [], [fault, setFault] = useState<ApiError | null>(null), may = triage();
	const flip = (n: number, done: boolean) => {
		setFault(null);
		call('incident.task_change', { id: i.id, n }, { done }).then((x) => { put(x); if (done) say(d.taskDone(n), () => flip(n, false)); }, (e: unknown) => setFault(asError(e)));
	};
	return (
		<section class="card" aria-label={d.tasks}><div class="row"><h3>{d.tasks}</h3><span class="tag">{d.internal}</span><span class="sp" />{may && <button class="btn sm" onClick={add}><Icon name="plus" size={12} />{d.add}</button>}</div>
			{list.length === 0 && <p class="q t12 mt1">{d.noTasks}</p>}
			<ul class="tasks">{list.map((x) => (
				<li key={x.n}><input type="checkbox" aria-label={d.isDone(x.n)} disabled={!may} checked={!!x.done_at} onChange={(e) => flip(x.n, e.currentTarget.checked)} />
					<span class={x.done_at ? 's' : ''} lang={x.lang}>{x.done_at ? <s><Safe text={x.text} /></s> : <Safe text={x.text} />}</span>
					<span class="t12 q nw">{x.done_at ? d.doneBy(tx(x.done_by?.name), hm(x.done_at)) : x.due_at ? (Date.parse(x.due_at) < serverNow() ? <span class="tag late">{d.overdue} {whenLong(x.due_at)}</span> : d.dueBy(whenLong(x.due_at))) : ''}</span><Owner p={x.owner} /></li>
			))}</ul>
			{fault && <Fault e={fault} />}
		</section>
	);
}

export function Related({ i, put, add }: Of & { add: () => void }) {
	const d = tc(), list = i.related ?? [], may = triage(), [fault, setFault] = useState<ApiError | null>(null);
	const drop = (x: (typeof list)[number]) => {
		call('incident.unrelate', { id: i.id, other: x.id }).then((y) => {
			put(y);
			say(d.unrelated, () => void call('incident.relate', { id: i.id }, { other: x.id, reason: x.reason, ...(x.lang ? { lang: x.lang } : {}) }).then((z) => { put(z); say(d.undone); }));
		}, (e: unknown) => setFault(asError(e)));
	};
	return (
		<section class="card" aria-label={d.related}><div class="row"><h3>{d.related}</h3><span class="sp" />{may && <button class="btn sm" onClick={add}><Icon name="plus" size={12} />{d.relateDo}</button>}</div>
			{list.length === 0 && <p class="q t12 mt1">{d.noRelated}</p>}
			<ul class="tasks rel">{list.map((x) => <li key={x.id}><Link to={`/console/incidents/${x.id}`} class="tx m5 nw">{x.id}</Link><span><Sev s={x.severity} /> <Safe text={tx(x.title)} /><br /><span class="s t12" lang={x.lang}><Safe text={x.reason} /></span></span><span class={`tag${x.state === 'open' ? ' half' : ''}`}>{t().inc.state[x.state]}</span>{may && <button class="btn sm bare" aria-label={`${d.unrelate}: ${x.id}`} onClick={() => drop(x)}><Icon name="cross" size={12} /></button>}</li>)}</ul>
			{fault && <Fault e={fault} />}
		</section>
	);
}

export function Says({ i }: { i: Incident }) {
	const d = tc(), a = i.answer;
	if (!a && !i.customer_severity && !i.customer_ticket) return null;
	return (
		<section class="card" aria-label={d.says}><div class="row wrap"><h3>{d.says}</h3>{a?.code && <span class={`tag${a.code === 'damage' ? ' late' : ''}`}>{tx(a.code_text) || d.code[a.code]}</span>}{i.customer_severity && <span class="row t12 s">{d.custSev} <Sev s={i.customer_severity} /></span>}{i.customer_ticket && <span class="t12 s">{d.custTicket} <b class="m5"><Safe text={i.customer_ticket} /></b></span>}<span class="sp" />{a?.at && <span class="t12 q"><Safe text={d.by(tx(a.by?.name), whenLong(a.at))} /></span>}</div>
			{a?.text && <p class="mt1" lang={a.lang}><Safe text={a.text} /></p>}{!a && <p class="q t12 mt1">{d.saysNothing}</p>}
		</section>
	);
}
