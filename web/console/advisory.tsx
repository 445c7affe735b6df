// SPDX-License-Identifier: Apache-2.0
// One advisory: its words, whom it concerns, who has read it. Sending is confirmed with the list in sight.
import { useState } from 'preact/hooks';
import type { Advisory as Data } from '../shared/api.gen';
import { About, SeenText, Words } from '../shared/advisory';
import { call, session } from '../shared/api';
import { num, t, title, tx } from '../shared/i18n';
import { useKeys } from '../shared/keys';
import { go } from '../shared/router';
import { whenLong } from '../shared/time';
import { Safe, say, Sev, Show, focusNow } from '../shared/ui';
import { useLoad } from '../shared/use';
import { AdvisoryForm, isConcerned } from './advisories';
import { Withdraw } from './withdraw';

type Put = (a: Data) => void;
const failed = () => say(t().err.title);
const few = (names: string[]) => names.slice(0, 3).join(', ');

function Concerned({ a, put, lead }: { a: Data; put: Put; lead: boolean }) {
	const d = t().adv, open = a.tenants.filter((x) => !x.sent_at);
	const [chosen, setChosen] = useState<string[] | null>(null), [sure, setSure] = useState(false);
	const by = chosen ?? open.filter(isConcerned).map((x) => x.tenant.id), may = lead && ['approved', 'sent'].includes(a.state);
	const flip = (id: string) => setChosen(by.includes(id) ? by.filter((x) => x !== id) : [...by, id]);
	const send = () => void call('advisory.send', { id: a.id }, { tenants: by }).then((x) => { put(x); setSure(false); setChosen(null); }).catch(failed);
	if (a.tenants.length === 0) return null;
	return (
		<section class="card"><h3>{d.concerned}</h3>
			<div class="xs" tabIndex={0} role="group" aria-label={d.concerned}><table class="t"><thead><tr>{may && <th><span class="vh">{d.send}</span></th>}<th>{d.tenant}</th><th>{d.devices}</th><th>{d.assets}</th><th>{d.seen(a.days)}</th><th>{d.sentAt}</th><th>{d.reads}</th></tr></thead>
				<tbody>{a.tenants.map((x) => (
					<tr key={x.tenant.id}>{may && <td>{!x.sent_at && <input type="checkbox" aria-label={d.choose(tx(x.tenant.name))} checked={by.includes(x.tenant.id)} onChange={() => flip(x.tenant.id)} />}</td>}
						<td class="m5">{tx(x.tenant.name)}</td><td>{x.devices.length > 0 ? <>{x.devices.length} <span class="q t12">{few(x.devices.map((v) => `${v.id}${v.hint ? ' ?' : ''}`))}</span></> : <span class="q">0</span>}</td>
						<td>{x.assets.length > 0 ? <>{x.assets.length} <span class="q t12"><Safe text={few(x.assets.map((v) => `${v.name}${v.cves.length > 0 ? '' : ' ?'}`))} /></span></> : <span class="q">0</span>}</td>
						<td><SeenText x={x} a={a} /> <span class="q t12"><Safe text={few(x.seen.map((s) => `${s.device} ${num(s.count ?? 0)}`))} /></span></td><td class="nw">{x.sent_at ? whenLong(x.sent_at) : ''}</td>
						<td>{x.reads.length > 0 ? x.reads.map((r) => <div key={r.at} class="nw"><Safe text={tx(r.by?.name)} /> <span class="q t12">{whenLong(r.at ?? '')}</span></div>) : x.sent_at ? <span class="q">{d.nobody}</span> : ''}</td></tr>
				))}</tbody></table></div>{a.tenants.some((x) => x.devices.some((v) => v.hint) || x.assets.some((v) => v.cves.length === 0)) && <p class="q t12 mt">{d.hintHow}</p>}
			{may && open.length > 0 && (sure
				? <div class="publish" role="alertdialog" aria-label={d.confirm}><p class="m5">{d.confirm}</p><div class="row end"><button class="btn sm" onClick={() => setSure(false)}>{t().cand.cancel}</button><button class="btn sm pri" ref={focusNow} onClick={send}>{d.sendTo(by.length)}</button></div></div>
				: <div class="row end mt"><button class="btn pri" disabled={by.length === 0} onClick={() => setSure(true)}>{d.sendTo(by.length)}</button></div>)}
		</section>
	);
}

export function Advisory({ id }: { id: string }) {
	const d = t(), adv = useLoad(() => call('advisory.show', { id }), [id], ['advisory']), [editing, setEditing] = useState(false), [leaving, setLeaving] = useState(false);
	const me = session.value?.user, may = ['analyst', 'lead'].includes(me?.role ?? ''), lead = me?.role === 'lead';
	title.value = id;
	useKeys(() => [{ keys: 'Escape', label: (x) => x.keys.leave, run: () => go('/console/advisories'), bar: true }], []);
	const act = (verb: 'advisory.check' | 'advisory.approve', a: Data) => void call(verb, { id: a.id }).then(adv.set).catch(failed);
	return (
		<Show of={adv} rows={10}>{(a) => editing ? <div class="scroll pad"><AdvisoryForm a={a} done={(x) => { adv.set(x); setEditing(false); }} /></div> : (
			<div class="scroll pad stack1" tabIndex={0} role="group" aria-label={a.number}>
				<div class="row wrap"><span class="mono s">{a.number}</span><h2 class="it"><Safe text={tx(a.title)} /></h2><Sev s={a.severity} /><span class={`tag${a.state === 'sent' ? ' ok' : a.state === 'draft' ? ' half' : ''}`}>{d.adv.state[a.state]}</span><span class="sp" />
					{may && ['draft', 'approved'].includes(a.state) && <button class="btn sm" onClick={() => setEditing(true)}>{d.adv.edit}</button>}
					{may && a.state !== 'withdrawn' && <button class="btn sm" onClick={() => act('advisory.check', a)}>{d.adv.check}</button>}
					{may && a.state === 'draft' && (a.made_by?.id === me?.id ? <span class="q t12">{d.adv.another}</span> : <button class="btn sm pri" onClick={() => act('advisory.approve', a)}>{d.adv.approve}</button>)}
					{lead && a.state !== 'withdrawn' && <button class="btn sm" aria-expanded={leaving} onClick={() => setLeaving(!leaving)}>{d.adv.withdraw}</button>}</div>
				{leaving && a.state !== 'withdrawn' && <Withdraw a={a} done={(x) => { adv.set(x); setLeaving(false); }} leave={() => setLeaving(false)} />}
				<section class="card"><Words a={a} /><p class="q t12 mt">{d.adv.madeBy}: {tx(a.made_by?.name)}{a.approved_by && <> · {d.adv.approvedBy}: {tx(a.approved_by.name)}</>}</p>
					<div class="mt"><About a={a} /></div></section>
				<Concerned key={a.state} a={a} put={adv.set} lead={lead} />
			</div>
		)}</Show>
	);
}

export const NewAdvisory = () => <div class="scroll pad"><AdvisoryForm done={(a) => go(`/console/advisories/${a.number}`)} /></div>;
