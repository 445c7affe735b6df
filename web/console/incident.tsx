// SPDX-License-Identifier: Apache-2.0
// An incident after its decision: chronology, the call panel live, eight times, evidence, the customer's text.
import { useState } from 'preact/hooks';
import type { Incident as Data } from '../shared/api.gen';
import { call, session } from '../shared/api';
import { AttemptRow, CallBack, isCall } from '../shared/attempts';
import { lang, t, title, tx } from '../shared/i18n';
import { useKeys } from '../shared/keys';
import { tc } from '../shared/dict/cases';
import { go, Link } from '../shared/router';
import { Stamps } from '../shared/stamps';
import { between, dayLong, hm, span } from '../shared/time';
import { Chip, ClockChip, Owner, Safe, say, Sev, Show, focusNow } from '../shared/ui';
import { useLoad } from '../shared/use';
import { Broken } from './broken';
import { IncidentBar, type Act } from './case-bar';
import { Related, Says, Second, Tasks } from './case-cards';
import { NoteBox } from './note';
import { Before, Chronology, EvidenceTable, Legend } from './parts';

function CallPanel({ i, put, may }: { i: Data; put: (i: Data) => void; may: boolean }) {
	const d = t(), calls = (i.attempts ?? []).filter(isCall), mails = (i.attempts ?? []).filter((a) => !isCall(a));
	const rang = between(i.stamps?.decided, i.stamps?.rang);
	const [who, setWho] = useState<string | null>(null);
	const clock = (i.clocks ?? []).find((c) => c.kind === 'call');
	if (!i.chain && calls.length === 0) return <section class="card cpp"><h3>{d.inc.calls}</h3><p class="s">{d.inc.noCalls}</p>{mails.map((a, n) => <AttemptRow key={a.id ?? n} a={a} n={n + 1} live={false} />)}</section>;
	const acknowledge = () => {
		if (!who) { setWho(''); return; }
		void call('incident.acknowledge', { id: i.id }, { by: who }).then((x) => { put(x); setWho(null); }).catch(() => say(d.err.title));
	};
	return (
		<section class="card cpp" aria-live="polite">
			<div class="row"><h3>{d.inc.calls}</h3>{i.chain?.state && <span class={`tag${i.chain.state === 'acknowledged' ? ' ok' : i.chain.state === 'alarmed' ? ' late' : ' half'}`}>{d.inc.chain[i.chain.state]}</span>}<span class="sp" />
				<span class="t12 q">{d.inc.decidedRang}</span>{clock ? <ClockChip c={clock} bar={false} /> : <b>{rang === null ? '—' : span(rang)}</b>}
				{i.acknowledged_by && <span class="t12 q">{d.inc.ack} {i.acknowledged_by.by} {hm(i.acknowledged_by.at ?? i.decided_at)}</span>}</div>
			{calls.map((a, n) => <AttemptRow key={a.id ?? n} a={a} n={n + 1} live={n === calls.length - 1 && a.state !== 'done'} />)}
			{mails.length > 0 && <><h3 class="mt">{d.inc.mail}</h3>{mails.map((a, n) => <AttemptRow key={a.id ?? n} a={a} n={n + 1} live={false} />)}</>}
			<CallBack i={i} />
			<div class="row mt">{may && !i.acknowledged_by && <>{who !== null && <input class="fi sm" aria-label={d.inc.who} placeholder={d.inc.who} value={who} autoFocus onInput={(e) => setWho(e.currentTarget.value)} />}<button class="btn sm" onClick={acknowledge}>{d.inc.acknowledgeFor}</button></>}<span class="sp" />{i.chain?.next?.name && <span class="t12 q">{d.inc.next(i.chain.next.name)}</span>}</div>
		</section>
	);
}

/** Writing for the customer is confirmed with the text itself in sight. */
function Publish({ i, put }: { i: Data; put: (i: Data) => void }) {
	const d = t().inc, [text, set] = useState('');
	const send = (visible: boolean, x: string) => call('incident.comment', { id: i.id }, { text: x, visible, lang: lang.value }).then(put);
	const [visible, setVisible] = useState(false);
	if (text) return (
		<div class="publish" role="alertdialog" aria-label={d.publish}><p class="m5">{d.publish}</p><blockquote>{text}</blockquote><div class="row end"><button class="btn sm" onClick={() => set('')}>{t().cand.cancel}</button><button class="btn sm pri" ref={focusNow} onClick={() => void send(true, text).then(() => set(''))}>{d.publishIt}</button></div></div>
	);
	return (
		<>
			<label class="vis"><input type="checkbox" checked={visible} onChange={(e) => setVisible(e.currentTarget.checked)} /> {d.visible}</label>
			<NoteBox label={visible ? d.comment : t().cand.note} send={(x) => (visible ? Promise.resolve(set(x)) : send(false, x))} />
		</>
	);
}

export function Incident({ id }: { id: string }) {
	const d = t(), inc = useLoad(() => call('incident.show', { id }), [id], ['incident']);
	const may = ['analyst', 'lead'].includes(session.value?.user?.role ?? ''), [act, setAct] = useState<Act | null>(null);
	title.value = id;
	useKeys(() => [
		{ keys: 'n', label: (x) => x.keys.note, run: () => document.getElementById('note')?.focus(), bar: true },
		{ keys: 'Escape', label: (x) => x.keys.leave, run: () => go('/console/incidents'), bar: true },
	], [id]);
	return (
		<Show of={inc} rows={12}>{(i) => (
			<div class="i0">
				<div class="ih"><span class="mono s nw">{i.id}</span><h2 class="el it"><Safe text={tx(i.title)} /></h2><Sev s={i.severity} /><span class={`tag${i.state === 'open' ? ' half' : ''}`}>{d.inc.state[i.state]}</span><span class="tag">{tx(i.tenant.name)}</span><span class="sp" /><span class="t12 q nw">{dayLong(i.decided_at)} {hm(i.decided_at)}</span><Owner p={i.owner} />
					<IncidentBar i={i} put={inc.set} act={act} setAct={setAct} /></div>
				<section class="tl" aria-label={d.cand.chronology}>
					<div class="tlh"><h2>{d.cand.chronology}</h2><span class="sp" /><Legend /></div>
					<div class="tlb" tabIndex={0} role="group" aria-label={d.cand.chronology}><Chronology entries={i.entries ?? []} /></div>
					{may && <Publish i={i} put={inc.set} />}
				</section>
				<div class="facts one" tabIndex={0} role="group" aria-label={d.inc.summary}>
					{i.merged_into && <p class="b">{tc().mergedInto} <Link to={`/console/incidents/${i.merged_into}`}>{i.merged_into}</Link></p>}
					<Second i={i} put={inc.set} />
					<CallPanel i={i} put={inc.set} may={may} />
					<Broken i={i} put={inc.set} />
					{i.stamps && <section class="card"><div class="row mb"><h3>{d.inc.stamps}</h3><span class="q t12">{d.inc.stampsHow}</span></div><Stamps s={i.stamps} calls={!!i.chain} /></section>}
					<section class="card"><h3>{d.inc.summary}</h3><p class="long">{tx(i.summary)}</p>{(i.actions ?? []).length > 0 && <><h3 class="mt">{d.inc.actions}</h3><ol class="numd">{(i.actions ?? []).map((a) => <li key={a.n}>{a.done_at ? <s>{tx(a.text)}</s> : tx(a.text)}</li>)}</ol></>}</section>
					<Says i={i} />
					<Tasks i={i} put={inc.set} add={() => setAct('task')} />
					<section class="card"><div class="row mb"><h3>{d.cand.evidence}</h3><span class="sp" /><span class="tag">{d.form.blockedN(i.blocked ?? 0)}</span><span class="tag late">{d.form.passedN(i.passed ?? 0)}</span></div><EvidenceTable list={i.evidence ?? []} /></section>
					<Related i={i} put={inc.set} add={() => setAct('relate')} />
					<section class="card"><h3>{d.cand.entities}</h3><div class="row wrap">{(i.entities ?? []).map((e) => <Chip key={`${e.kind}${e.value}`} e={e} />)}</div><div class="mt"><Before list={i.previous ?? []} /></div></section>
				</div>
			</div>
		)}</Show>
	);
}
