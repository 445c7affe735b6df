// SPDX-License-Identifier: Apache-2.0
// What the dialogs choose from: people, cases of one tenant, detections of one candidate.
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Candidate } from '../shared/api.gen';
import { call } from '../shared/api';
import { tc } from '../shared/dict/cases';
import { t, tx } from '../shared/i18n';
import { hms, day, serverNow } from '../shared/time';
import { Safe, Sev, Show } from '../shared/ui';
import { useLoad } from '../shared/use';
import { isCase } from './queue-work';

/** A login; those of the roster are offered. */
export function PersonField({ label, value, set, needed }: { label: string; value: string; set: (v: string) => void; needed?: boolean }) {
	const d = tc(), r = useLoad(() => call('roster.show'), []);
	return (
		<label class="f"><span>{label} <span class="q">{d.toHint}</span></span><input class="fi" list="people" autocomplete="off" maxLength={64} required={!!needed} value={value} onInput={(e) => set(e.currentTarget.value)} />
			<datalist id="people">{(r.data?.people ?? []).map((p) => <option key={p.login} value={p.login}>{tx(p.person?.name)}</option>)}</datalist></label>
	);
}

export interface Found { id: string; number: string }
interface Row extends Found { title: { ja: string; en: string }; severity: 'warning'; proposed: boolean }
const NUMBER = /^(C-\d+|[A-Z0-9]+-\d{4}-\d+)$/;

export function CasePicker({ tenant, not, incidents, candidates, all, label, value, set }: { tenant: string; not: string; incidents?: boolean; candidates?: boolean; all?: boolean; label: string; value: Found | null; set: (v: Found | null) => void }) {
	const d = tc(), [find, setFind] = useState('');
	const list = useLoad(async (): Promise<Row[]> => {
		const [q, i] = await Promise.all([candidates ? call('queue.list', { tenant, limit: 500 }) : null, incidents ? call('incident.list', { tenant, state: all ? 'all' : 'open', limit: 200 }) : null]);
		return [...(i?.items ?? []).map((x) => ({ id: x.id, number: x.id, title: x.title, severity: x.severity as 'warning', proposed: false })),
			...(q?.items ?? []).filter(isCase).map((x) => ({ id: x.id, number: x.number, title: x.title, severity: x.proposal.severity as 'warning', proposed: true }))].filter((x) => x.id !== not && x.number !== not);
	}, [tenant, not]);
	const typed = find.trim().toUpperCase(), words = find.trim().toLowerCase();
	const match = (list.data ?? []).filter((x) => x.number.includes(typed) || tx(x.title).toLowerCase().includes(words));
	useLayoutEffect(() => { // also when the list comes after the words
		if (typed) set(match.length === 1 ? match[0]! : match.find((x) => x.number === typed) ?? (NUMBER.test(typed) && typed !== not ? { id: typed, number: typed } : null));
	}, [typed, list.data]);
	return (
		<fieldset class="rs0 pickc"><legend>{label}</legend>
			<input class="fi" aria-label={d.find} placeholder={d.find} autoFocus value={find} maxLength={64} onInput={(e) => setFind(e.currentTarget.value)} />
			<Show of={list} rows={3}>{() => (
				<div class="evd cs">
					{match.slice(0, 30).map((x) => <label key={x.id}><input type="radio" name="case" checked={value?.id === x.id} onChange={() => set(x)} /><span class="m5 nw">{x.number}</span><Sev s={x.severity} proposed={x.proposed} /><span class="el"><Safe text={tx(x.title)} /></span></label>)}
					{match.length === 0 && <p class="q">{value ? `${value.number}: ${d.typed}` : d.noCase}</p>}
				</div>
			)}</Show>
		</fieldset>
	);
}

export function DetectionPick({ id, chosen, set, first }: { id: string; chosen: ReadonlySet<string>; set: (s: ReadonlySet<string>, total: number) => void; first?: boolean }) {
	const d = tc(), c = useLoad(() => call('candidate.show', { id }), [id]);
	const box = useRef<HTMLFieldSetElement>(null);
	useEffect(() => { if (first && c.data) box.current?.querySelector('input')?.focus(); }, [!!c.data]); // the dialog was open before the list came
	const what = (x: Candidate, k: string) => x.evidence?.find((e) => e.id === k);
	const flip = (k: string, n: number) => { const s = new Set(chosen); if (!s.delete(k)) s.add(k); set(s, n); };
	return (
		<Show of={c} rows={4}>{(x) => { const list = x.detection_list ?? []; return (
			<fieldset class="rs0 pickc" ref={box}><legend class="row">{d.detections} <span class="q">{chosen.size} / {list.length}</span><span class="sp" /><button type="button" class="plain acc t12" onClick={() => set(chosen.size === list.length ? new Set() : new Set(list.map((e) => e.id)), list.length)}>{d.allOf}</button></legend>
				<div class="evd">{list.map((e) => { const v = what(x, e.id); return (
					<label key={e.id}><input type="checkbox" checked={chosen.has(e.id)} onChange={() => flip(e.id, list.length)} /><span class="mono q">{serverNow() - Date.parse(e.at) > 86400000 ? day(e.at) : hms(e.at)}</span><span class="s el">{e.device ?? ''}</span><span class="el"><Safe text={v ? tx(v.what) : e.rule.name ?? e.kind} />{e.count > 1 && <span class="q"> ×{e.count}</span>}</span></label>
				); })}</div>
			</fieldset>
		); }}</Show>
	);
}

export const langs = [['ja', '日本語'], ['en', 'English']] as const;
export const untilText = (v: string) => (v ? new Date(v).toISOString() : '');
export const levelName = (s: string | null | undefined) => (s ? t().sev[s as 'warning'] : '');
