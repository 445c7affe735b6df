// SPDX-License-Identifier: Apache-2.0
// Broken promises of a month, each with its cause; a month without one of them cannot be published.
import { useState } from 'preact/hooks';
import type { Clock } from '../shared/api.gen';
import { call } from '../shared/api';
import { tc } from '../shared/dict/cases';
import { t, tx } from '../shared/i18n';
import { asked, Link, query } from '../shared/router';
import { clockText, serverNow, whenLong } from '../shared/time';
import { Pick, Safe, Sev, Show } from '../shared/ui';
import { useLoad } from '../shared/use';
import { page, role } from './case';
import { CauseDialog } from './case-say';

const months = () => Array.from({ length: 12 }, (_, i) => { const d = new Date(serverNow()); d.setUTCDate(1); d.setUTCMonth(d.getUTCMonth() - i); return d.toISOString().slice(0, 7); });

function Subject({ c }: { c: Clock }) {
	if (c.incident) return <Link to={page(c.incident)}>{c.incident}</Link>;
	if (c.kind === 'inquiry') return <Link to={`/console/inquiries/${c.number ?? ''}`}>{c.number ?? ''}</Link>;
	if (c.kind === 'report') return <>{c.number ?? c.candidate}</>;
	return <Link to={`/console/candidates/${c.candidate ?? ''}`}>{c.number ?? ''}</Link>;
}

export function Breaches() {
	const d = tc(), month = asked('month') || months()[0]!, ever = month === 'ever';
	const list = useLoad(() => call('breach.list', { month: ever ? '' : month }), [month], ['incident', 'candidate', 'inquiry']), [giving, setGiving] = useState<Clock | null>(null);
	return (
		<>
			<div class="qh"><Pick label={d.month} value={month} options={[...months().map((m) => [m, m] as const), ['ever', d.ever]]} set={(v) => query({ month: v })} /><span class="sp" />{list.data && <span class={`t12 ${list.data.without_cause ? 'warn' : 'q'}`} role="status">{d.missing(list.data.without_cause)}</span>}</div>
			<Show of={list} rows={6}>{(v) => v.items.length === 0 ? <div class="state"><p>{d.brokenNone}</p></div> : (
				<div class="scroll" tabIndex={0} role="group" aria-label={d.brokenTab}>
					<table class="t rt inl"><thead><tr><th>{d.what}</th><th>{t().clocks.subject}</th><th>{t().inc.tenant}</th><th>{t().clocks.due}</th><th>{d.late}</th><th>{t().inc.cause}</th></tr></thead>
						<tbody>{v.items.map((c, n) => (
							<tr key={n}><td class="nw">{t().clocks.kind[c.kind]} {c.severity && c.kind !== 'inquiry' && <Sev s={c.severity} proposed={c.kind === 'decide'} />}</td><td class="nw"><Subject c={c} /></td><td>{c.tenant}</td><td class="nw">{whenLong(c.due_at)}</td>
								<td class="nw late0">+{clockText(((c.stopped_at ? Date.parse(c.stopped_at) : serverNow()) - Date.parse(c.due_at)) / 1000)}</td>
								<td class="wrapc">{c.cause ? <><b class="m5">{tx(c.cause.name)}</b> <Safe text={c.cause.text} /></> : role() === 'lead' ? <button class="btn sm" onClick={() => setGiving(c)}>{d.cause}</button> : <span class="q">{d.noCause}</span>}</td></tr>
						))}</tbody></table>
				</div>
			)}</Show>
			{giving && <CauseDialog c={giving} done={() => list.reload()} gone={() => setGiving(null)} />}
		</>
	);
}
