// SPDX-License-Identifier: Apache-2.0
// One exception: its scope, what it would have hidden or has hidden, and who may say yes or end it.
import { useState } from 'preact/hooks';
import type { Exception as Data, WouldHide } from '../shared/api.gen';
import { call, session } from '../shared/api';
import { tc } from '../shared/dict/cases';
import { Dialog } from '../shared/dialog';
import { num, title, tx } from '../shared/i18n';
import { useKeys } from '../shared/keys';
import { go, Link } from '../shared/router';
import { Samples, Scope, StateTag } from '../shared/scope';
import { dayLong, hm, whenLong } from '../shared/time';
import { Safe, say, Show } from '../shared/ui';
import { useLoad } from '../shared/use';
import { role } from './case';
import { Words } from './case-say';

export function Would({ w }: { w: WouldHide }) {
	const d = tc().x;
	return (
		<div class="would" aria-live="polite">
			<p class="m5">{w.detections ? d.would(num(w.detections), w.days) : d.wouldNone(w.days)}</p>
			{w.detections > 0 && (w.incidents.length ? <><p class="warn">{d.wouldInc}</p><ul>{w.incidents.map((i) => <li key={i}><Link to={`/console/incidents/${i}`}>{i}</Link></li>)}</ul></> : <p class="s">{d.noInc}</p>)}
			{w.cut && <p class="t12 warn">{d.cutAt}</p>}
		</div>
	);
}

function Approve({ x, put, gone }: { x: Data; put: (x: Data) => void; gone: () => void }) {
	const d = tc().x, risky = (x.would_hide?.incidents.length ?? 0) > 0, [anyway, set] = useState(false);
	const run = async () => { put(await call('exception.approve', { id: x.id }, risky ? { anyway } : {})); say(d.approvedNow); };
	return (
		<Dialog title={d.approveTitle(x.number)} how={d.approveHow} act={d.approve} ready={!risky || anyway} run={run} gone={gone}>
			{x.would_hide && <Would w={x.would_hide} />}
			{risky && <label class="opt"><input type="checkbox" checked={anyway} onChange={(e) => set(e.currentTarget.checked)} /> {d.anyway}</label>}
		</Dialog>
	);
}

function Page({ x, put }: { x: Data; put: (x: Data) => void }) {
	const d = tc().x, [act, setAct] = useState<'approve' | 'end' | null>(null);
	const author = x.made_by?.id === session.value?.user?.id, may = x.state === 'proposed' && ['lead', 'engineer'].includes(role()) && !author, ends = ['proposed', 'active'].includes(x.state) && ['analyst', 'lead', 'engineer'].includes(role());
	useKeys(() => [
		{ keys: 'a', label: () => tc().x.approve, run: () => setAct('approve'), bar: true, when: () => may },
		{ keys: 'c', label: () => (x.state === 'proposed' ? tc().x.refuse : tc().x.end), run: () => setAct('end'), bar: true, when: () => ends },
		{ keys: 'Escape', label: (k) => k.keys.leave, run: () => go('/console/exceptions'), bar: true },
	], [x.id, x.state, may, ends]);
	const who = (p: Data['owner'], at?: string | null) => <>{tx(p?.name)}{at ? <span class="q"> {whenLong(at)}</span> : null}</>;
	const over = x.state === 'proposed' ? d.refuse : d.end;
	return (
		<div class="ex0">
			<div class="ih"><span class="mono s nw">{x.number}</span><h2 class="el it">{x.rule ? <Safe text={x.rule_name || x.rule} /> : d.any}</h2><StateTag x={x} /><span class="tag">{tx(x.tenant.name)}</span><span class="sp" />
				{x.state === 'proposed' && author && <span class="t12 q">{d.authorNot}</span>}
				{ends && <button class="btn sm" onClick={() => setAct('end')}>{over}<kbd>c</kbd></button>}{may && <button class="btn sm pri" onClick={() => setAct('approve')}>{d.approve}<kbd>a</kbd></button>}</div>
			<div class="facts one" tabIndex={0} role="group" aria-label={d.scope}>
				<section class="card"><h3>{d.scope}</h3><p class="mt1"><Scope x={x} />{x.conditions.length > 1 && <span class="q t12"> {d.all}</span>}</p>
					<dl class="kvq"><dt>{d.reason}</dt><dd lang={x.lang}><Safe text={x.reason} /></dd><dt>{d.until}</dt><dd>{dayLong(x.expires_at)} {hm(x.expires_at)}</dd><dt>{d.owner}</dt><dd>{tx(x.owner?.name)}</dd><dt>{d.made}</dt><dd>{who(x.made_by, x.made_at)}</dd>
						{x.approved_by && <><dt>{d.approved}</dt><dd>{who(x.approved_by, x.approved_at)}</dd></>}{x.ended_at && <><dt>{d.ended}</dt><dd>{who(x.ended_by, x.ended_at)} {x.end_reason && <Safe text={x.end_reason} />}</dd></>}</dl></section>
				{x.would_hide && <section class="card"><h3>{d.preview}</h3><Would w={x.would_hide} /></section>}
				{x.state !== 'proposed' && x.state !== 'refused' && <section class="card"><div class="row"><h3>{d.samples}</h3><span class="sp" /><span class="tag">{d.tally(num(x.detections), num(x.events))}</span></div><Samples x={x} /></section>}
			</div>
			{act === 'approve' && <Approve x={x} put={put} gone={() => setAct(null)} />}
			{act === 'end' && <Words title={d.endTitle(x.number)} how={x.state === 'active' ? d.endHow : ''} label={d.endWhy} act={over} run={async (text) => { put(await call('exception.end', { id: x.id }, text ? { text } : {})); say(d.endedNow); }} gone={() => setAct(null)} />}
		</div>
	);
}

export function Exception({ id }: { id: string }) {
	const x = useLoad(() => call('exception.show', { id }), [id], ['exception']);
	title.value = `${tc().exception} ${id}`;
	const put = () => x.reload(); // the answer of an act has neither samples nor what it would hide
	return <Show of={x} rows={8}>{(v) => <Page key={v.id} x={v} put={put} />}</Show>;
}
