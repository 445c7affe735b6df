// SPDX-License-Identifier: Apache-2.0
// The actions on a case: one menu, one key each, one dialog at a time.
import { useState } from 'preact/hooks';
import type { Candidate, Incident } from '../shared/api.gen';
import { call } from '../shared/api';
import { tc } from '../shared/dict/cases';
import { asError, Menu, type MenuItem } from '../shared/dialog';
import { detail } from '../shared/dict/cases';
import { t, tx } from '../shared/i18n';
import { useKeys } from '../shared/keys';
import { go } from '../shared/router';
import { say } from '../shared/ui';
import { ofCandidate, ofIncident, role, triage, type Case } from './case';
import { Assign, Attach, Merge, Split } from './case-move';
import { CloseIncident, Level, Relate, Task, Words } from './case-say';

export type Act = 'claim' | 'release' | 'assign' | 'merge' | 'split' | 'attach' | 'relate' | 'task' | 'severity' | 'close' | 'reopen' | 'except';
const keyOf: Partial<Record<Act, string>> = { assign: 'Shift+a', merge: 'm', split: 's', attach: 'd', relate: 'l', task: 't', severity: 'v', except: 'x' };
const trouble = (e: unknown) => { const x = asError(e); say(x.status === 409 && x.problem.by ? t().cand.takenBy(x.problem.by) : x.problem.detail ? detail(x.problem.detail) : tx(x.problem.title) || t().err.title); };

/** `own` are keys that the page itself has (a, c, e): the menu shows them and does not take them again. */
function useActs(c: Case, list: Act[], set: (a: Act) => void, keys: Partial<Record<Act, string>>, own: readonly Act[]): MenuItem[] {
	useKeys(() => [...list.filter((a) => keys[a] && !own.includes(a)).map((a) => ({ keys: keys[a]!, label: () => tc().act[a].replace(/\s*…$/, ''), run: () => set(a), bar: ['merge', 'severity', 'task'].includes(a) })),
		{ keys: ',', label: () => tc().keysMenu, run: () => document.getElementById('acts')?.click() }], [c.id, list.join()]);
	return list.map((a) => ({ label: tc().act[a], ...(keys[a] ? { keys: keys[a] } : {}), run: () => set(a) }));
}

const toExcept = (c: Case) => go(`/console/exceptions/new?candidate=${encodeURIComponent(c.candidate)}`);

export function IncidentBar({ i, put, act, setAct }: { i: Incident; put: (i: Incident) => void; act: Act | null; setAct: (a: Act | null) => void }) {
	const d = tc(), c = ofIncident(i, put), may = triage(), open = i.state === 'open';
	const list: Act[] = !may ? (role() === 'engineer' ? ['except'] : []) : open ? ['claim', ...(role() === 'lead' ? ['assign' as const] : []), 'severity', 'task', 'relate', 'attach', 'split', 'merge', 'except', 'close'] : i.merged_into ? [] : ['reopen'];
	const set = (a: Act) => {
		if (a === 'except') toExcept(c);
		else if (a === 'claim') void call('incident.claim', { id: i.id }).then((x) => { put(x); say(t().cand.owned); }, trouble);
		else setAct(a);
	};
	const items = useActs(c, list, set, { ...keyOf, claim: 'a', close: 'c' }, []);
	const gone = () => setAct(null), of = { i, put, gone };
	return (
		<>
			{items.length > 0 && <Menu id="acts" label={d.menu} keys="," items={items} />}
			{act === 'assign' && <Assign c={c} gone={gone} />}{act === 'merge' && <Merge c={c} gone={gone} />}{act === 'split' && <Split c={c} gone={gone} />}{act === 'attach' && <Attach c={c} gone={gone} />}
			{act === 'relate' && <Relate {...of} />}{act === 'task' && <Task {...of} />}{act === 'severity' && <Level {...of} />}{act === 'close' && <CloseIncident {...of} />}
			{act === 'reopen' && <Words title={`${d.reopenTitle}: ${i.id}`} label={d.reopenWhy} act={d.reopenDo} needed run={async (text) => { put(await call('incident.reopen', { id: i.id }, { text })); say(d.reopened); }} gone={gone} />}
		</>
	);
}

export function CandidateBar({ x, put }: { x: Candidate; put: (c: Candidate) => void }) {
	const c = ofCandidate(x, put), may = triage(), [act, setAct] = useState<Act | null>(null), d = tc();
	const list: Act[] = !may ? (role() === 'engineer' ? ['except'] : []) : x.state === 'open' ? [...(x.owner ? ['release' as const] : []), ...(role() === 'lead' ? ['assign' as const] : []), 'attach', 'split', 'merge', 'except'] : x.state === 'closed' ? ['reopen', 'except'] : [];
	const set = (a: Act) => {
		if (a === 'except') toExcept(c);
		else if (a === 'release') void call('candidate.release', { id: x.id }).then((y) => { put(y); say(t().cand.given, () => void call('candidate.claim', { id: x.id }).then(put, trouble)); }, trouble);
		else if (a === 'reopen') void call('candidate.reopen', { id: x.id }).then((y) => { put(y); say(d.reopened); }, trouble);
		else setAct(a);
	};
	const items = useActs(c, list, set, keyOf, []);
	const gone = () => setAct(null);
	return (
		<>
			{items.length > 0 && <Menu id="acts" label={d.menu} keys="," items={items} />}
			{act === 'assign' && <Assign c={c} gone={gone} />}{act === 'merge' && <Merge c={c} gone={gone} />}{act === 'split' && <Split c={c} gone={gone} />}{act === 'attach' && <Attach c={c} gone={gone} />}
		</>
	);
}
