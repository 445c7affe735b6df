// SPDX-License-Identifier: Apache-2.0
// What is known and hidden until a date, over all tenants in sight.
import { useState } from 'preact/hooks';
import { call } from '../shared/api';
import { tc } from '../shared/dict/cases';
import { num, t, title, tx } from '../shared/i18n';
import { useKeys } from '../shared/keys';
import { asked, go, Link, query } from '../shared/router';
import { Scope, StateTag } from '../shared/scope';
import { whenLong } from '../shared/time';
import { Owner, Pick, Safe, Show } from '../shared/ui';
import { useLoad } from '../shared/use';
import { role } from './case';

const states = ['proposed', 'active', 'expired', 'ended', 'refused'] as const;

export function Exceptions() {
	const d = tc(), state = asked('state'), tenant = asked('tenant'), [cur, setCur] = useState('');
	const list = useLoad(() => call('exception.list', { state, tenant }), [state, tenant], ['exception']), tenants = useLoad(() => call('tenant.list'), []);
	const items = list.data?.items ?? [], at = items.findIndex((x) => x.number === cur);
	title.value = d.exceptions;
	const step = (by: number) => { const x = items[Math.max(0, Math.min(items.length - 1, at + by))]; if (x) setCur(x.number); };
	useKeys(() => [
		{ keys: 'j', label: (x) => x.keys.move, run: () => step(1), bar: true },
		{ keys: 'k', label: (x) => x.keys.move, run: () => step(-1), bar: true },
		{ keys: 'Enter', label: (x) => x.keys.preview, run: () => { if (cur) go(`/console/exceptions/${cur}`); }, bar: true },
	], [list.data, cur]);
	return (
		<div class="lst">
			<div class="qh"><Pick label={t().queue.tenant} value={tenant} options={[['', t().queue.allTenants], ...(tenants.data?.items ?? []).map((x) => [x.id, tx(x.name)] as const)]} set={(v) => query({ tenant: v })} />
				<Pick label={d.x.filter} value={state as ''} options={[['', d.x.every], ...states.map((s) => [s as string as '', d.x.state[s]] as const)]} set={(v) => query({ state: v })} />
				<span class="sp" /><span class="t12 q" role="status">{list.data ? d.x.list(items.length) : ''}</span>{['analyst', 'lead', 'engineer'].includes(role()) && <Link to="/console/exceptions/new" class="btn sm">{d.x.propose}</Link>}</div>
			<Show of={list} rows={8}>{(v) => v.items.length === 0 ? <div class="state"><p>{d.x.none} <span class="s">{d.x.lead}</span></p></div> : (
				<div class="scroll" tabIndex={0} role="group" aria-label={d.exceptions}>
					<table class="t rt inl exl"><thead><tr><th>{d.x.number}</th><th>{t().inc.stateH}</th><th>{d.x.scope}</th><th>{t().inc.tenant}</th><th>{d.x.until}</th><th class="r">{d.x.hid}</th><th>{d.x.last}</th><th class="r">{d.x.owner}</th></tr></thead>
						<tbody>{v.items.map((x) => (
							<tr key={x.id} class={x.number === cur ? 'cur' : ''} onClick={() => setCur(x.number)}>
								<td class="nw"><Link to={`/console/exceptions/${x.number}`} class="tx m5">{x.number}</Link></td><td><StateTag x={x} /></td><td class="wrapc"><Scope x={x} /><p class="s t12" lang={x.lang}><Safe text={x.reason} /></p></td><td>{tx(x.tenant.name)}</td>
								<td class="nw">{whenLong(x.expires_at)}</td><td class={`r${x.detections ? '' : ' q'}`}>{num(x.detections)}</td><td class="nw s">{x.last_at ? whenLong(x.last_at) : ''}</td><td class="r"><Owner p={x.owner} /></td>
							</tr>
						))}</tbody></table>
				</div>
			)}</Show>
		</div>
	);
}
