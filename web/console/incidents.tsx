// SPDX-License-Identifier: Apache-2.0
import { useEffect, useState } from 'preact/hooks';
import { call } from '../shared/api';
import { t, title, tx } from '../shared/i18n';
import { useKeys } from '../shared/keys';
import { asked, go, Link, query } from '../shared/router';
import { whenLong } from '../shared/time';
import { ClockChip, Owner, Pick, Safe, Sev, Show } from '../shared/ui';
import { useLoad } from '../shared/use';
import { counts } from './counts';

export function Incidents() {
	const d = t(), state = asked('state') || 'all';
	const list = useLoad(() => call('incident.list', { state }), [state], ['incident']);
	const [cur, setCur] = useState('');
	const items = list.data?.items ?? [], at = items.findIndex((i) => i.id === cur);
	title.value = d.nav.incidents;
	useEffect(() => { if (list.data) counts.value = { ...counts.value, incidents: items.filter((i) => i.state === 'open').length }; }, [list.data]);
	const step = (by: number) => { const n = items[Math.max(0, Math.min(items.length - 1, at + by))]; if (n) setCur(n.id); };
	useKeys(() => [
		{ keys: 'j', label: (x) => x.keys.move, run: () => step(1), bar: true },
		{ keys: 'k', label: (x) => x.keys.move, run: () => step(-1), bar: true },
		{ keys: 'Enter', label: (x) => x.keys.preview, run: () => { if (cur) go(`/console/incidents/${cur}`); }, bar: true },
	], [list.data, cur]);
	return (
		<div class="lst">
			<div class="qh"><Pick label={d.inc.stateH} value={state} options={[['all', d.nav.incidents], ['open', d.inc.state.open], ['closed', d.inc.state.closed]]} set={(v) => query({ state: v === 'all' ? '' : v })} /><span class="sp" /><span class="t12 q" role="status">{list.data ? d.inc.list(list.data.total) : ''}</span></div>
			<Show of={list} rows={8}>{(v) => v.items.length === 0 ? <div class="state"><p>{d.inc.none}</p></div> : (
				<div class="scroll" tabIndex={0} role="group" aria-label={d.nav.incidents}>
					<table class="t rt inl"><thead><tr><th>{d.inc.ack}</th><th>{d.form.severity}</th><th>{d.inc.title}</th><th>{d.inc.tenant}</th><th>{d.inc.decidedAt}</th><th>{d.inc.stateH}</th><th class="r">{d.queue.owner}</th></tr></thead>
						<tbody>{v.items.map((i) => (
							<tr key={i.id} class={i.id === cur ? 'cur' : ''} onClick={() => setCur(i.id)}>
								<td>{i.clock && <ClockChip c={i.clock} bar={false} />}</td><td><Sev s={i.severity} /></td>
								<td><Link to={`/console/incidents/${i.id}`} class="tx m5"><Safe text={tx(i.title)} /></Link> <span class="q t12 mono">{i.id}</span></td>
								<td>{tx(i.tenant.name)}</td><td class="nw">{whenLong(i.decided_at)}</td><td><span class={`tag${i.state === 'open' ? ' half' : ''}`}>{d.inc.state[i.state]}</span></td><td class="r"><Owner p={i.owner} /></td>
							</tr>
						))}</tbody></table>
				</div>
			)}</Show>
		</div>
	);
}
