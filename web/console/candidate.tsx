// SPDX-License-Identifier: Apache-2.0
// One candidate: chronology at the left; at the right the facts, or the decision form.
import { useState } from 'preact/hooks';
import type { Candidate as Data } from '../shared/api.gen';
import { ApiError, call, session } from '../shared/api';
import { t, title, tx } from '../shared/i18n';
import { useKeys } from '../shared/keys';
import { go, Link } from '../shared/router';
import { Chip, ClockChip, Owner, Safe, say, Sev, Show } from '../shared/ui';
import { useLoad } from '../shared/use';
import { tc } from '../shared/dict/cases';
import { whenLong } from '../shared/time';
import { page } from './case';
import { CandidateBar } from './case-bar';
import { CloseDialog } from './close';
import { Decide } from './decide';
import { NoteBox } from './note';
import { Before, Chronology, EvidenceTable, Legend, Reasons, Tests, Why } from './parts';

function Working({ c, put }: { c: Data; put: (c: Data) => void }) {
	const d = t().cand;
	const [v, set] = useState({ hypothesis: c.hypothesis ?? '', next_step: c.next_step ?? '', blocker: c.blocker ?? '' });
	const rows = [['hypothesis', d.hypothesis], ['next_step', d.nextStep], ['blocker', d.blocker]] as const;
	const save = () => void call('candidate.change', { id: c.id }, v).then((x) => { put(x); say(t().pinc.saved); }).catch(() => say(t().err.kept));
	return (
		<section><h3>{d.working}</h3><div class="wf">{rows.map(([k, label]) => <label key={k}><span>{label}</span><input class="fi sm" value={v[k]} onInput={(e) => set({ ...v, [k]: e.currentTarget.value })} /></label>)}</div><button class="btn sm" onClick={save}>{d.save}</button></section>
	);
}

function Facts({ c, put, may }: { c: Data; put: (c: Data) => void; may: boolean }) {
	const d = t();
	return (
		<div class="facts">
			<div class="dq" tabIndex={0} role="group" aria-label={d.cand.evidence}>
				{c.incident && <p class="b"><Link to={`/console/incidents/${c.incident}`}>{d.cand.became(c.incident)}</Link></p>}
				{c.merged_into && <p class="b">{tc().mergedInto} <Link to={page(c.merged_into)}>{c.merged_into}</Link></p>}
				{c.asked_again_at && <p class="m5 warn">{tc().askedAgain(whenLong(c.asked_again_at))}</p>}
				{c.closed && <p class="m5">{d.cand.closedBy}: {c.closed.reason_text ? tx(c.closed.reason_text) : ''} {tx(c.closed.facts)}</p>}
				<Why c={c} />
				<section><div class="row"><h3>{d.cand.evidence}</h3><span class="sp" /><span class="tag">{d.form.blockedN(c.blocked ?? 0)}</span><span class="tag late">{d.form.passedN(c.passed ?? 0)}</span></div><EvidenceTable list={c.evidence ?? []} /></section>
				<Tests list={c.detection_list ?? []} />
			</div>
			<div class="dc" tabIndex={0} role="group" aria-label={d.cand.reasons}>
				<Reasons c={c} />
				<section><h3>{d.cand.entities}</h3><div class="row wrap">{(c.entities ?? []).map((e) => <Chip key={`${e.kind}${e.value}`} e={e} />)}</div></section>
				<Before list={c.previous ?? []} />
				{may && <Working c={c} put={put} />}
			</div>
		</div>
	);
}

export function Candidate({ id, deciding }: { id: string; deciding: boolean }) {
	const d = t(), c = useLoad(() => call('candidate.show', { id }), [id], deciding ? [] : ['candidate']);
	const [closing, setClosing] = useState(false);
	const may = ['analyst', 'lead'].includes(session.value?.user?.role ?? '') && c.data?.state === 'open';
	const here = `/console/candidates/${encodeURIComponent(id)}`;
	title.value = c.data?.number ?? d.nav.queue;
	const claim = async () => {
		try {
			c.set(await call('candidate.claim', { id }));
			say(d.cand.owned);
		} catch (e) {
			if (e instanceof ApiError && e.status === 409) say(d.cand.takenBy(String(e.problem.by ?? '')));
			c.reload();
		}
	};
	useKeys(() => [
		{ keys: 'e', label: (x) => x.keys.escalate, run: () => go(`${here}/decide`), bar: true, when: () => may && !deciding },
		{ keys: 'a', label: (x) => x.keys.assign, run: () => void claim(), bar: true, when: () => may && !deciding },
		{ keys: 'c', label: (x) => x.keys.close, run: () => setClosing(true), bar: true, when: () => may && !deciding },
		{ keys: 'n', label: (x) => x.keys.note, run: () => document.getElementById('note')?.focus(), bar: true },
		{ keys: 'w', label: (x) => x.keys.why, run: () => document.getElementById('why')?.focus(), bar: true },
		{ keys: 'Escape', label: (x) => x.keys.leave, run: () => go(deciding ? here : `/console/queue?c=${id}`), bar: true, inText: true, when: () => !closing },
	], [id, deciding, may, closing]);
	return (
		<Show of={c} rows={12}>{(x) => (
			<div class="i0">
				<div class="ih">
					<span class="mono s">{x.number}</span><h2 class="el it"><Safe text={tx(x.title)} /></h2><Sev s={x.proposal.severity} proposed /><span class="tag">{tx(x.tenant.name)}</span>
					<span class="sp" />{x.clock && <><span class="t12 q nw">{d.queue.decideIn}</span><ClockChip c={x.clock} bar={false} /></>}<Owner p={x.owner} />
					{!deciding && <CandidateBar x={x} put={c.set} />}{may && !deciding && <><button class="btn sm" onClick={() => void claim()}>{d.cand.assign}<kbd>a</kbd></button><button class="btn sm pri" onClick={() => go(`${here}/decide`)}>{d.cand.decideNow}<kbd>e</kbd></button></>}
				</div>
				<section class="tl" aria-label={d.cand.chronology}>
					<div class="tlh"><h2>{d.cand.chronology}</h2><span class="sp" /><Legend /></div>
					<div class="tlb" tabIndex={0} role="group" aria-label={d.cand.chronology}><Chronology entries={x.entries ?? []} /></div>
					{may && <NoteBox send={(text) => call('candidate.note', { id }, { text }).then(c.set)} />}
				</section>
				{deciding && may ? <Decide c={x} /> : <Facts key={x.id} c={x} put={c.set} may={may} />}
				{closing && <CloseDialog row={x} done={() => { setClosing(false); go('/console/queue'); }} cancel={() => setClosing(false)} />}
			</div>
		)}</Show>
	);
}
