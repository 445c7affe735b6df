// SPDX-License-Identifier: Apache-2.0
// Dialogs that move things: merge, split, attach, assign.
import { useState } from 'preact/hooks';
import { call } from '../shared/api';
import { tc } from '../shared/dict/cases';
import { Dialog } from '../shared/dialog';
import { tx } from '../shared/i18n';
import { say } from '../shared/ui';
import { goCase, twin, type Case } from './case';
import { CasePicker, DetectionPick, PersonField, type Found } from './case-pick';

type Gone = { c: Case; gone: () => void };

export function Merge({ c, gone, list }: Gone & { list?: Case[] }) {
	const d = tc(), [to, set] = useState<Found | null>(null), from = list ?? [c];
	const run = async () => {
		let last = '';
		for (const x of from.filter((y) => y.id !== to!.id)) last = (await twin(x, 'merge', { into: to!.id })).id;
		say(d.merged(from.filter((y) => y.id !== to!.id).map((x) => x.label).join(', '), to!.number));
		goCase(last);
	};
	return (
		<Dialog title={d.mergeTitle(from.map((x) => x.label).join(', '))} how={d.mergeHow} act={d.mergeDo} ready={!!to} wide run={run} gone={gone}>
			<CasePicker tenant={c.tenant} not={from.length === 1 ? c.id : ''} incidents candidates={c.noun === 'candidate'} label={d.into} value={to} set={set} />
		</Dialog>
	);
}

export function Split({ c, gone }: Gone) {
	const d = tc(), [chosen, set] = useState<ReadonlySet<string>>(new Set()), [total, setTotal] = useState(0);
	const run = async () => {
		const fresh = await call(`${c.noun}.split` as 'candidate.split', { id: c.id }, { detections: [...chosen] });
		say(d.split(fresh.number), () => void call('candidate.merge', { id: fresh.id }, { into: c.id }).then(() => { say(d.undone); goCase(c.id); }));
		goCase(fresh.id);
	};
	return (
		<Dialog title={d.splitTitle(c.label)} how={d.splitHow} act={d.splitDo(chosen.size)} ready={chosen.size > 0 && chosen.size < total} wide run={run} gone={gone}>
			<DetectionPick id={c.candidate} chosen={chosen} set={(s, n) => { set(s); setTotal(n); }} first />
			{chosen.size > 0 && chosen.size === total && <p class="warn t12">{d.stays}</p>}
		</Dialog>
	);
}

export function Attach({ c, gone }: Gone) {
	const d = tc(), [from, setFrom] = useState<Found | null>(null), [chosen, set] = useState<ReadonlySet<string>>(new Set()), [evidence, setEvidence] = useState(true);
	const run = async () => {
		c.put(await twin(c, 'attach', { detections: [...chosen], ...(c.noun === 'incident' && evidence ? { evidence: true } : {}) }));
		say(d.attached);
	};
	return (
		<Dialog title={d.attachTitle(c.label)} how={d.attachHow} act={d.attachDo(chosen.size)} ready={chosen.size > 0} wide run={run} gone={gone}>
			<CasePicker tenant={c.tenant} not={c.candidate} candidates label={d.from} value={from} set={(v) => { setFrom(v); set(new Set()); }} />
			{from && <DetectionPick key={from.id} id={from.id} chosen={chosen} set={(s) => set(s)} />}
			{c.noun === 'incident' && <label class="opt"><input type="checkbox" checked={evidence} onChange={(e) => setEvidence(e.currentTarget.checked)} /> {d.evidence}</label>}
		</Dialog>
	);
}

export function Assign({ c, gone }: Gone) {
	const d = tc(), [to, set] = useState('');
	const run = async () => {
		const before = c.owner, x = await twin(c, 'assign', { to: to.trim() }) as { owner?: { name: { ja: string; en: string } } | null };
		c.put(x);
		const back = () => (before ? twin(c, 'assign', { to: before.id }) : call('candidate.release', { id: c.candidate }));
		say(d.assigned(tx(x.owner?.name) || to), before || c.noun === 'candidate' ? () => void back().then((y) => { c.put(y); say(d.undone); }) : undefined);
	};
	return <Dialog title={`${d.act.assign.replace(/\s*…$/, '')}: ${c.label}`} act={d.give} ready={to.trim() !== ''} run={run} gone={gone}><PersonField label={d.to} value={to} set={set} needed /></Dialog>;
}
