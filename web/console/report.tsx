// SPDX-License-Identifier: Apache-2.0
// One month: left what it holds, right the analyst's words in both languages and what is missing before a lead publishes it.
import { useState } from 'preact/hooks';
import type { Recommendation, Report as Data } from '../shared/api.gen';
import { ApiError, call, session } from '../shared/api';
import { t, title, tx } from '../shared/i18n';
import { rep } from '../shared/dict/rep';
import { useKeys } from '../shared/keys';
import { Breaches, Documents, Revised, Standing, Summary } from '../shared/report';
import { asked, go, Link } from '../shared/router';
import { monthName, whenLong } from '../shared/time';
import { ClockChip, say, Show, Trouble, focusNow } from '../shared/ui';
import { useLoad } from '../shared/use';
import { Correction, Out } from './report-fix';
import { clockOf } from './reports';

export { Reports } from './reports';

type Put = (r: Data) => void;
const langs = ['ja', 'en'] as const;

function Advice({ list, put }: { list: Recommendation[]; put: (l: Recommendation[]) => void }) {
	const d = rep(), set = (i: number, x: Partial<Recommendation>) => put(list.map((r, k) => (k === i ? { ...r, ...x } : r)));
	return (
		<fieldset class="rs0 adv"><legend>{d.recs}</legend>
			{list.map((r, i) => (
				<div key={i} class="one">
					<label><span class="vh">{d.ownerH}</span><select class="fi sm" value={r.owner} onChange={(e) => set(i, { owner: e.currentTarget.value })}>{[...new Set(['customer', 'soc', r.owner])].map((o) => <option key={o} value={o}>{d.owner[o] ?? o}</option>)}</select></label>
					<button type="button" class="btn sm" onClick={() => put(list.filter((_, k) => k !== i))}>{d.remove}</button>
					{langs.map((l) => <input key={l} class="fi sm" lang={l} required maxLength={l === 'ja' ? 330 : 1000} aria-label={`${d.whatIn(d.langs[l])} ${i + 1}`} placeholder={d.whatIn(d.langs[l])} value={r.text[l]} onInput={(e) => set(i, { text: { ...r.text, [l]: e.currentTarget.value } })} />)}
				</div>
			))}
			{list.length < 20 && <button type="button" class="btn sm" onClick={() => put([...list, { owner: 'customer', text: { ja: '', en: '' } }])}>{d.add}</button>}
		</fieldset>
	);
}

function Words({ r, put }: { r: Data; put: Put }) {
	const d = t(), rd = rep(), [words, setWords] = useState(r.words), [list, setList] = useState(r.recommendations), [fault, setFault] = useState<ApiError | null>(null);
	const dirty = JSON.stringify([words, list]) !== JSON.stringify([r.words, r.recommendations]);
	const save = (e: Event) => {
		e.preventDefault();
		void call('report.words', { id: r.id }, { words, recommendations: list }).then((x) => { setFault(null); put(x); say(d.pinc.saved); }).catch((x: unknown) => setFault(x instanceof ApiError ? x : new ApiError(0, {})));
	};
	return (
		<form class="card" onSubmit={save}><h3>{rd.words}</h3>
			{langs.map((l) => <label key={l} class="f"><span>{rd.textIn(rd.langs[l])}</span><textarea class="fi" id={`words-${l}`} lang={l} rows={8} maxLength={l === 'ja' ? 2600 : 8000} value={words[l]} onInput={(e) => setWords({ ...words, [l]: e.currentTarget.value })} /></label>)}
			<Advice list={list} put={setList} />
			{fault && <Trouble e={fault} />}
			<div class="row mt">{dirty && <span class="s t12" role="status">{rd.unsaved}</span>}<span class="sp" /><button class="btn pri" disabled={!dirty}>{d.cand.save}</button></div>
		</form>
	);
}

function Ready({ r, put, lead }: { r: Data; put: Put; lead: boolean }) {
	const d = t(), rd = rep(), [sure, setSure] = useState(false), [fault, setFault] = useState<ApiError | null>(null), without = (r.data.breaches ?? []).filter((b) => !b.cause).length;
	const rows: ReadonlyArray<readonly [boolean, string]> = [...langs.map((l) => [r.words[l] !== '', rd.readyWords(rd.langs[l])] as const), [without === 0, rd.readyCauses(without)]];
	const publish = () => void call('report.publish', { id: r.id }).then(put).catch((x: unknown) => { setSure(false); setFault(x instanceof ApiError ? x : new ApiError(0, {})); });
	return (
		<section class="card"><h3>{rd.ready}</h3>
			{r.due_at && r.revision === 1 && <p class="s">{rd.dueBy(whenLong(r.due_at))}</p>}
			<ul class="ready">{rows.map(([ok, text]) => <li key={text}><span class={`tag ${ok ? 'ok' : 'late'}`}>{ok ? rd.done : rd.missing}</span> {text}</li>)}</ul>
			{fault && <Trouble e={fault} />}
			{!lead ? <p class="s mt">{rd.leadOnly}</p> : sure
				? <div class="publish flat" role="alertdialog" aria-label={rd.publish}><p class="m5">{rd.publishText}</p><div class="row end"><button class="btn sm" onClick={() => setSure(false)}>{d.cand.cancel}</button><button class="btn sm pri" ref={focusNow} onClick={publish}>{rd.publish}</button></div></div>
				: <div class="row mt"><span class="sp" /><button class="btn pri" id="publish" disabled={!rows.every(([ok]) => ok)} onClick={() => setSure(true)}>{rd.publish}</button></div>}
		</section>
	);
}

export function Report({ id }: { id: string }) {
	const d = t(), rd = rep(), revision = asked('revision'), one = useLoad(() => call('report.show', { id, revision }), [id, revision], ['report']), tenants = useLoad(() => call('tenant.list'), []);
	const role = session.value?.user?.role ?? '', may = role === 'analyst' || role === 'lead';
	title.value = d.nav.reports;
	useKeys(() => [
		{ keys: 'n', label: () => rep().words, run: () => document.getElementById('words-ja')?.focus(), bar: true },
		{ keys: 'Escape', label: (x) => x.keys.leave, run: () => go('/console/reports'), bar: true },
	], [id]);
	return (
		<Show of={one} rows={12}>{(r) => (
			<div class="rep0">
				<div class="ih"><span class="mono s nw">{r.id}</span><h2 class="el it">{tx(tenants.data?.items.find((x) => x.id === r.tenant)?.name) || r.tenant} · {r.kind === 'monthly' ? monthName(r.month) : r.month}</h2><Standing r={r} always /><span class="sp" />{r.state === 'draft' && <ClockChip c={clockOf(r)} />}<Documents r={r} /></div>
				<div class="repl" tabIndex={0} role="group" aria-label={rd.figures}><Summary r={r} /><Breaches x={r.data} number={(n) => <Link to={n.startsWith('C-') ? `/console/candidates/${n}` : `/console/incidents/${n}`}>{n}</Link>} /></div>
				<div class="repr" tabIndex={0} role="group" aria-label={rd.words}>
					{r.state !== 'draft' && r.state !== 'live' && <><Revised r={r} /><Out r={r} put={one.set} /></>}
					{r.state === 'draft' && <>{r.revision > 1 && <Correction r={r} put={one.set} />}<Ready r={r} put={one.set} lead={role === 'lead'} />{may && <Words key={`${r.id}/${r.revision}`} r={r} put={one.set} />}</>}
				</div>
			</div>
		)}</Show>
	);
}
