// SPDX-License-Identifier: Apache-2.0
// Every promise that runs, due first on top; the broken ones of a month with their causes.
import { call } from '../shared/api';
import { t, title } from '../shared/i18n';
import { lazy } from '../shared/lazy';
import { asked, Link, query } from '../shared/router';
import { clockText, whenLong } from '../shared/time';
import { ClockChip, Seg, Sev, Show } from '../shared/ui';
import { useLoad } from '../shared/use';

const Breaches = lazy(() => import('./breaches').then((m) => m.Breaches));

export function Clocks() {
	const d = t(), broken = asked('broken') === '1';
	title.value = d.nav.clocks;
	return <div class="lst"><div class="qh"><Seg label={d.nav.clocks} value={broken ? 'broken' : 'running'} options={[['running', d.clocks.running], ['broken', d.inc.broken]]} set={(v) => query({ broken: v === 'broken' ? '1' : '', month: '' })} /></div>{broken ? <Breaches /> : <Running />}</div>;
}

function Running() {
	const d = t(), list = useLoad(() => call('clock.list'), [], ['candidate', 'incident', 'inquiry']);
	return (
		<>
			<Show of={list}>{(v) => v.items.length === 0 ? <div class="state"><p>{d.clocks.none}</p></div> : (
				<div class="scroll" tabIndex={0} role="group" aria-label={d.nav.clocks}>
					<table class="t rt inl"><thead><tr><th>{d.clocks.left}</th><th>{d.clocks.what}</th><th>{d.clocks.subject}</th><th>{d.inc.tenant}</th><th>{d.clocks.due}</th><th>{d.clocks.of}</th></tr></thead>
						<tbody>{v.items.map((c, i) => (
							<tr key={i}><td><ClockChip c={c} /></td><td>{d.clocks.kind[c.kind]} {c.severity && c.kind !== 'inquiry' && <Sev s={c.severity} proposed={c.kind === 'decide'} />}</td>
								<td>{c.incident ? <Link to={`/console/incidents/${c.incident}`}>{c.incident}</Link> : c.kind === 'report' ? <Link to={`/console/reports/${c.candidate ?? ''}`}>{c.candidate ?? ''}</Link> : c.kind === 'inquiry' ? <Link to={`/console/inquiries/${c.number ?? ''}`}>{c.number ?? ''}</Link> : <Link to={`/console/candidates/${c.candidate ?? ''}`}>{c.number ?? ''}</Link>}</td><td>{c.tenant}</td><td class="nw">{whenLong(c.due_at)}</td><td>{clockText(c.limit_s)}</td></tr>
						))}</tbody></table>
				</div>
			)}</Show>
		</>
	);
}
