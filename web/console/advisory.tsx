// SPDX-License-Identifier: Apache-2.0
// One advisory: its words, whom it concerns, who has read it. Sending is confirmed with the list in sight.
import { useState } from 'preact/hooks';
import type { Advisory as Data } from '../shared/api.gen';
import { SeenText, Words } from '../shared/advisory';
import { call, session } from '../shared/api';
import { t, title, tx } from '../shared/i18n';
import { useKeys } from '../shared/keys';
import { go } from '../shared/router';
import { whenLong } from '../shared/time';
import { Safe, say, Sev, Show, focusNow } from '../shared/ui';
import { useLoad } from '../shared/use';
import { AdvisoryForm } from './advisories';

type Put = (a: Data) => void;
const failed = () => say(t().err.title);

function Concerned({ a, put, lead }: { a: Data; put: Put; lead: boolean }) {
	const d = t().adv, open = a.tenants.filter((x) => !x.sent_at);
	const [chosen, setChosen] = useState<string[] | null>(null), [sure, setSure] = useState(false);
	const by = chosen ?? open.filter((x) => x.devices.length > 0 || (x.total ?? 0) > 0).map((x) => x.tenant.id), may = lead && ['approved', 'sent'].includes(a.state);
	const flip = (id: string) => setChosen(by.includes(id) ? by.filter((x) => x !== id) : [...by, id]);
	const send = () => void call('advisory.send', { id: a.id }, { tenants: by }).then((x) => { put(x); setSure(false); setChosen(null); }).catch(failed);
	if (a.tenants.length === 0) return null;
	return (
		<section class="card"><h3>{d.concerned}</h3>
			<div class="xs" tabIndex={0} role="group" aria-label={d.concerned}><table class="t"><thead><tr>{may && <th><span class="vh">{d.send}</span></th>}<th>{d.tenant}</th><th>{d.devices}</th><th>{d.seen(a.days)}</th><th>{d.sentAt}</th><th>{d.reads}</th></tr></thead>
				<tbody>{a.tenants.map((x) => (
					<tr key={x.tenant.id}>{may && <td>{!x.sent_at && <input type="checkbox" aria-label={d.choose(tx(x.tenant.name))} checked={by.includes(x.tenant.id)} onChange={() => flip(x.tenant.id)} />}</td>}
						<td class="m5">{tx(x.tenant.name)}</td><td>{x.devices.length > 0 ? <>{x.devices.length} <span class="q t12">{x.devices.slice(0, 3).map((v) => v.id).join(', ')}</span></> : <span class="q">0</span>}</td>
						<td><SeenText x={x} /> {x.seen.slice(0, 2).map((s) => <span class="q t12" key={s.device}><Safe text={s.device ?? ''} /> </span>)}</td><td class="nw">{x.sent_at ? whenLong(x.sent_at) : ''}</td>
						<td>{x.reads.length > 0 ? x.reads.map((r) => <div key={r.at} class="nw">{tx(r.by?.name)} <span class="q t12">{whenLong(r.at ?? '')}</span></div>) : x.sent_at ? <span class="q">{d.nobody}</span> : ''}</td></tr>
				))}</tbody></table></div>
			{may && open.length > 0 && (sure
				? <div class="publish" role="alertdialog" aria-label={d.confirm}><p class="m5">{d.confirm}</p><div class="row end"><button class="btn sm" onClick={() => setSure(false)}>{t().cand.cancel}</button><button class="btn sm pri" ref={focusNow} onClick={send}>{d.sendTo(by.length)}</button></div></div>
				: <div class="row end mt"><button class="btn pri" disabled={by.length === 0} onClick={() => setSure(true)}>{d.sendTo(by.length)}</button></div>)}
		</section>
	);
}

export function Advisory({ id }: { id: string }) {
	const d = t(), adv = useLoad(() => call('advisory.show', { id }), [id], ['advisory']), [editing, setEditing] = useState(false);
	const me = session.value?.user, may = ['analyst', 'lead'].includes(me?.role ?? ''), lead = me?.role === 'lead';
	title.value = id;
	useKeys(() => [{ keys: 'Escape', label: (x) => x.keys.leave, run: () => go('/console/advisories'), bar: true }], []);
	const act = (verb: 'advisory.check' | 'advisory.approve' | 'advisory.withdraw', a: Data) => void call(verb, { id: a.id }).then(adv.set).catch(failed);
	return (
		<Show of={adv} rows={10}>{(a) => editing ? <div class="scroll pad"><AdvisoryForm a={a} done={(x) => { adv.set(x); setEditing(false); }} /></div> : (
			<div class="scroll pad stack1" tabIndex={0} role="group" aria-label={a.number}>
				<div class="row wrap"><span class="mono s">{a.number}</span><h2 class="it"><Safe text={tx(a.title)} /></h2><Sev s={a.severity} /><span class={`tag${a.state === 'sent' ? ' ok' : a.state === 'draft' ? ' half' : ''}`}>{d.adv.state[a.state]}</span><span class="sp" />
					{may && ['draft', 'approved'].includes(a.state) && <button class="btn sm" onClick={() => setEditing(true)}>{d.adv.edit}</button>}
					{may && a.state !== 'withdrawn' && <button class="btn sm" onClick={() => act('advisory.check', a)}>{d.adv.check}</button>}
					{may && a.state === 'draft' && (a.made_by?.id === me?.id ? <span class="q t12">{d.adv.another}</span> : <button class="btn sm pri" onClick={() => act('advisory.approve', a)}>{d.adv.approve}</button>)}
					{lead && a.state !== 'withdrawn' && <button class="btn sm" onClick={() => act('advisory.withdraw', a)}>{d.adv.withdraw}</button>}</div>
				<section class="card"><Words a={a} /><p class="q t12 mt">{d.adv.madeBy}: {tx(a.made_by?.name)}{a.approved_by && <> · {d.adv.approvedBy}: {tx(a.approved_by.name)}</>}</p>
					{(a.products.length > 0 || a.indicators.length > 0) && <div class="row wrap mt">{a.products.map((p) => <span class="chip" key={p}>{p}</span>)}{a.indicators.map((i) => <span class="chip mono" key={i.value}>{i.value}</span>)}</div>}</section>
				<Concerned key={a.state} a={a} put={adv.set} lead={lead} />
			</div>
		)}</Show>
	);
}

export const NewAdvisory = () => <div class="scroll pad"><AdvisoryForm done={(a) => go(`/console/advisories/${a.number}`)} /></div>;
