// SPDX-License-Identifier: Apache-2.0
import { call } from '../shared/api';
import { t, title, tx } from '../shared/i18n';
import { Link } from '../shared/router';
import { whenLong } from '../shared/time';
import { Safe, Sev, Show } from '../shared/ui';
import { useLoad } from '../shared/use';

export function Incidents() {
	const d = t(), list = useLoad(() => call('incident.list'), [], ['incident']);
	title.value = d.nav.incidents;
	return (
		<>
			<div class="hd"><h1 class="big">{d.nav.incidents}</h1><span class="sp" /><span class="q t14">{list.data ? d.inc.list(list.data.total) : ''}</span></div>
			<section class="card"><Show of={list}>{(v) => v.items.length === 0 ? <p class="s">{d.inc.none}</p> : (
				<div class="xs" tabIndex={0} role="group" aria-label={d.nav.incidents}><table class="t"><thead><tr><th>{d.inc.decidedAt}</th><th>{d.form.severity}</th><th>{d.inc.title}</th><th>{d.pinc.ticket}</th><th class="r">{d.inc.stateH}</th></tr></thead>
					<tbody>{v.items.map((i) => <tr key={i.id}><td class="nw s">{whenLong(i.decided_at)}</td><td><Sev s={i.severity} /></td><td><Link to={`/portal/incidents/${i.id}`} class="tx m5"><Safe text={tx(i.title)} /></Link> <span class="q t12 nw">{i.id}</span></td><td class="s">{i.customer_ticket ?? ''}</td><td class="r nw">{i.actions_total ? <span class="q t12">{d.pinc.actionsDone((i.actions_total ?? 0) - (i.actions_open ?? 0), i.actions_total)} </span> : null}<span class={`tag${i.state === 'open' ? ' half' : ''}`}>{d.inc.state[i.state]}</span></td></tr>)}</tbody></table></div>
			)}</Show></section>
		</>
	);
}
