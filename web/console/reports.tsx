// SPDX-License-Identifier: Apache-2.0
// Months of all tenants: what is due first on top. What is published is a filter.
import { useState } from 'preact/hooks';
import type { Clock, ReportRow } from '../shared/api.gen';
import { call, session } from '../shared/api';
import { t, title, tx } from '../shared/i18n';
import { rep } from '../shared/dict/rep';
import { useKeys } from '../shared/keys';
import { Documents, revisionOf, Standing } from '../shared/report';
import { asked, go, Link, query } from '../shared/router';
import { monthName, whenLong } from '../shared/time';
import { ClockChip, Pick, Show } from '../shared/ui';
import { useLoad } from '../shared/use';
import { DraftDialog } from './report-fix';

const keyOf = (r: ReportRow) => `${r.id}/${r.revision}`;
const addressOf = (r: ReportRow) => `/console/reports/${r.id}${revisionOf(r).revision ? `?revision=${r.revision}` : ''}`;
const at = (x: string | null | undefined) => Date.parse(x ?? '') || 0;
/** The promise that runs for a draft; it is the first publication's, a correction has none. */
export const clockOf = (r: ReportRow): Clock | null => (r.revision === 1 && r.drafted_at && r.due_at
	? { kind: 'report', started_at: r.drafted_at, due_at: r.due_at, stopped_at: r.published_at ?? null, limit_s: (at(r.due_at) - at(r.drafted_at)) / 1000, state: 'ample' } : null);

export function Reports() {
	const d = t(), rd = rep(), all = asked('show') === 'all', list = useLoad(() => call('report.list'), [], ['report']), tenants = useLoad(() => call('tenant.list'), []);
	const [cur, setCur] = useState(''), [drafting, setDrafting] = useState(false), role = session.value?.user?.role ?? '';
	const items = (list.data?.items ?? []).filter((r) => all || r.state === 'draft').sort((a, b) => (a.state === b.state ? (a.state === 'draft' ? at(a.due_at) - at(b.due_at) : at(b.published_at) - at(a.published_at)) : a.state === 'draft' ? -1 : 1));
	const here = items.findIndex((r) => keyOf(r) === cur), name = (id: string) => tx(tenants.data?.items.find((x) => x.id === id)?.name) || id;
	const step = (by: number) => { const n = items[Math.max(0, Math.min(items.length - 1, here + by))]; if (n) setCur(keyOf(n)); };
	title.value = d.nav.reports;
	useKeys(() => [
		{ keys: 'j', label: (x) => x.keys.move, run: () => step(1), bar: true },
		{ keys: 'k', label: (x) => x.keys.move, run: () => step(-1), bar: true },
		{ keys: 'Enter', label: (x) => x.keys.preview, run: () => { const r = items[here]; if (r) go(addressOf(r)); }, bar: true },
	], [list.data, cur, all]);
	return (
		<div class="lst">
			<div class="qh"><Pick label={rd.filter} value={all ? 'all' : 'draft'} options={[['draft', rd.drafts], ['all', rd.all]]} set={(v) => query({ show: v === 'all' ? 'all' : '' })} />{(role === 'analyst' || role === 'lead') && <><span class="sp" /><button class="btn sm" id="draft" onClick={() => setDrafting(true)}>{rd.draft}</button></>}</div>
			{drafting && <DraftDialog gone={() => setDrafting(false)} />}
			<Show of={list} rows={8}>{() => items.length === 0 ? <div class="state"><p>{rd.noneStaff}</p></div> : (
				<div class="scroll" tabIndex={0} role="group" aria-label={d.nav.reports}>
					<table class="t rt inl"><thead><tr><th>{d.clocks.left}</th><th>{rd.month}</th><th>{d.inc.tenant}</th><th>{rd.due}</th><th>{d.inc.stateH}</th><th>{rd.published}</th><th>{rd.by}</th><th>{rd.files}</th></tr></thead>
						<tbody>{items.map((r) => (
							<tr key={keyOf(r)} class={keyOf(r) === cur ? 'cur' : ''} onClick={() => setCur(keyOf(r))}>
								<td><ClockChip c={clockOf(r)} bar={false} /></td><td class="nw"><Link to={addressOf(r)} class="tx m5">{monthName(r.month)}</Link></td><td>{name(r.tenant)}</td><td class="nw">{r.due_at ? whenLong(r.due_at) : ''}</td>
								<td class="nw"><Standing r={r} always /></td><td class="nw">{r.published_at ? whenLong(r.published_at) : ''}</td><td>{tx(r.published_by)}</td><td><Documents r={r} /></td>
							</tr>
						))}</tbody></table>
				</div>
			)}</Show>
		</div>
	);
}
