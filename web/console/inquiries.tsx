// SPDX-License-Identifier: Apache-2.0
// What customers ask: what is due first on top. Held mails are a filter of their own.
import { useEffect, useState } from 'preact/hooks';
import type { InquiryRow } from '../shared/api.gen';
import { call, session } from '../shared/api';
import { t, title, tx } from '../shared/i18n';
import { useKeys } from '../shared/keys';
import { asked, go, Link, query } from '../shared/router';
import { whenLong } from '../shared/time';
import { ClockChip, Owner, Pick, Safe, Show } from '../shared/ui';
import { useLoad } from '../shared/use';
import { counts } from './counts';

export function Inquiries() {
	const d = t(), state = asked('state') || 'open', may = ['analyst', 'lead'].includes(session.value?.user?.role ?? '');
	const list = useLoad(() => call('inquiry.list', { state: state === 'all' ? '' : state }), [state], ['inquiry']);
	const [cur, setCur] = useState('');
	const items = list.data?.items ?? [], at = items.findIndex((q) => q.number === cur);
	title.value = d.nav.inquiries;
	useEffect(() => { if (list.data && state === 'open') counts.value = { ...counts.value, inquiries: items.filter((q) => q.waits === 'us').length }; }, [list.data]);
	const step = (by: number) => { const n = items[Math.max(0, Math.min(items.length - 1, at + by))]; if (n) setCur(n.number); };
	useKeys(() => [
		{ keys: 'j', label: (x) => x.keys.move, run: () => step(1), bar: true },
		{ keys: 'k', label: (x) => x.keys.move, run: () => step(-1), bar: true },
		{ keys: 'Enter', label: (x) => x.keys.preview, run: () => { if (cur) go(`/console/inquiries/${cur}`); }, bar: true },
	], [list.data, cur]);
	return (
		<div class="lst">
			<div class="qh"><Pick label={d.inq.filter} value={state} options={[['open', d.inq.state.open], ['held', d.inq.held], ['closed', d.inq.state.closed], ['discarded', d.inq.state.discarded], ['all', d.inq.all]]} set={(v) => query({ state: v === 'open' ? '' : v })} /><span class="sp" /><span class="t12 q" role="status">{list.data ? d.inq.list(items.length) : ''}</span>{may && <Link to="/console/inquiries/new" class="btn sm">{d.inq.phone}</Link>}</div>
			{list.data?.mails && <p class="s t12 mh30">{d.inq.mails30}: {list.data.mails.map((m) => `${d.inq.became[m.result]}${m.why ? ` (${d.inq.heldShort[m.why as NonNullable<InquiryRow['held']>]})` : ''} ${m.n}`).join(' · ')}</p>}
			<Show of={list} rows={8}>{(v) => v.items.length === 0 ? <div class="state"><p>{d.inq.none}</p></div> : (
				<div class="scroll" tabIndex={0} role="group" aria-label={d.nav.inquiries}>
					<table class="t rt inl"><thead><tr><th>{d.inq.left}</th><th>{d.inq.subject}</th><th>{d.inc.tenant}</th><th>{d.inq.kindH}</th><th>{d.inq.priorityH}</th><th>{d.inq.updated}</th><th>{d.inc.stateH}</th><th class="r">{d.queue.owner}</th></tr></thead>
						<tbody>{v.items.map((q) => (
							<tr key={q.id} class={q.number === cur ? 'cur' : ''} onClick={() => setCur(q.number)}>
								<td>{q.waits === 'us' || q.clock?.state === 'broken' ? <ClockChip c={q.clock} bar={false} /> : ''}</td>
								<td class="ln1"><Link to={`/console/inquiries/${q.number}`} class="tx m5"><Safe text={q.subject} /></Link> <span class="q t12 mono">{q.number}</span> <span class="q t12">{d.inq.door[q.door]}</span></td>
								<td>{q.tenant ? tx(q.tenant.name) : <><span class="tag late">{d.inq.held}</span>{q.held && <span class="q t12"> {d.inq.heldShort[q.held]}</span>}</>}</td><td>{d.inq.kind[q.kind]}</td><td>{d.inq.priority[q.priority]}</td><td class="nw">{whenLong(q.updated_at)}</td><td><span class={`tag${q.state === 'open' && q.waits === 'us' ? ' half' : ''}`}>{q.state === 'open' ? d.inq.waitsStaff[q.waits] : d.inq.state[q.state]}</span></td><td class="r"><Owner p={q.owner} /></td>
							</tr>
						))}</tbody></table>
				</div>
			)}</Show>
		</div>
	);
}
