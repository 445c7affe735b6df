// SPDX-License-Identifier: Apache-2.0
// Hand-overs: what waits on top.
import { useEffect, useState } from 'preact/hooks';
import type { HandoverState } from './handover';
import { call } from '../shared/api';
import { t, title, tx } from '../shared/i18n';
import { useKeys } from '../shared/keys';
import { asked, go, Link, query } from '../shared/router';
import { whenLong } from '../shared/time';
import { Pick, Show } from '../shared/ui';
import { useLoad } from '../shared/use';
import { counts } from './counts';
import { Left, Side, stateTag } from './handover';

export function Handovers() {
	const d = t(), state = (asked('state') || 'open') as HandoverState | 'open' | 'all';
	const list = useLoad(() => call('handover.list', state === 'all' ? {} : { state }), [state], ['handover']);
	const [cur, setCur] = useState('');
	const items = list.data?.items ?? [], at = items.findIndex((h) => h.id === cur);
	title.value = d.nav.handover;
	useEffect(() => { if (list.data && state === 'open') counts.value = { ...counts.value, handover: items.filter((h) => h.may_accept && h.counts.open || h.may_give && h.state === 'draft').length }; }, [list.data]);
	const step = (by: number) => { const n = items[Math.max(0, Math.min(items.length - 1, at + by))]; if (n) setCur(n.id); };
	useKeys(() => [
		{ keys: 'j', label: (x) => x.keys.move, run: () => step(1), bar: true },
		{ keys: 'k', label: (x) => x.keys.move, run: () => step(-1), bar: true },
		{ keys: 'Enter', label: (x) => x.keys.preview, run: () => { const h = items[at]; if (h) go(`/console/handover/${h.number}`); }, bar: true },
	], [list.data, cur]);
	return (
		<div class="lst">
			<div class="qh"><Pick label={d.ho.stateH} value={state} options={[['open', d.ho.waiting], ['accepted', d.ho.state.accepted], ['all', d.ho.all]]} set={(v) => query({ state: v === 'open' ? '' : v })} /><span class="sp" /><Link to="/console/roster">{d.nav.roster}</Link></div>
			<Show of={list} rows={6}>{(v) => v.items.length === 0 ? <div class="state"><p>{d.ho.none}</p></div> : (
				<div class="scroll" tabIndex={0} role="group" aria-label={d.nav.handover}>
					<table class="t rt inl"><thead><tr><th>{d.ho.number}</th><th>{d.ho.stateH}</th><th>{d.ho.from}</th><th>{d.ho.to}</th><th>{d.ho.change}</th><th>{d.ho.until}</th><th class="r">{d.ho.open}</th><th>{d.inc.tenant}</th></tr></thead>
						<tbody>{v.items.map((h) => (
							<tr key={h.id} class={h.id === cur ? 'cur' : ''} onClick={() => setCur(h.id)}>
								<td><Link to={`/console/handover/${h.number}`} class="tx m5">{h.number}</Link></td><td>{stateTag(h)}</td><td><Side s={h.from} /></td><td><Side s={h.to} /></td>
								<td class="nw">{whenLong(h.at)}</td><td>{['draft', 'offered'].includes(h.state) ? <Left h={h} /> : ''}</td><td class="r">{(h.counts.open ?? 0) + (h.counts.refused ?? 0) + (h.counts.late ?? 0)}</td><td class="el">{h.tenants.map((x) => tx(x.name)).join(d.ho.and)}</td>
							</tr>
						))}</tbody></table>
				</div>
			)}</Show>
		</div>
	);
}
