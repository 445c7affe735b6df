// SPDX-License-Identifier: Apache-2.0
// A month of the service: the share of good minutes, and every span that was bad or left out, with the reason.
import { useState } from 'preact/hooks';
import type { Availability as Data } from './api.gen';
import { call } from './api';
import { ts } from './dict/service';
import { tx } from './i18n';
import { asked, query } from './router';
import { localInput, monthName, serverNow, whenLong } from './time';
import { Safe, Show } from './ui';
import { useLoad } from './use';

export type Span = NonNullable<Data['spans']>[number];
const SPANS_MOST = 200;

/** '2026-11' and the months before and after. */
export const thisMonth = () => localInput(serverNow()).slice(0, 7);
export function stepMonth(month: string, by: number): string {
	const [y, m] = month.split('-').map(Number) as [number, number], n = y * 12 + m - 1 + by;
	return `${Math.floor(n / 12)}-${String(n % 12 + 1).padStart(2, '0')}`;
}

export function MonthPick() {
	const d = ts().av, month = asked('month') || thisMonth();
	const to = (by: number) => { const x = stepMonth(month, by); query({ month: x === thisMonth() ? '' : x }); };
	return (
		<span class="row mpick" role="group" aria-label={d.month}><button class="btn sm" onClick={() => to(-1)} aria-label={d.older}>‹</button><b class="nw" role="status">{monthName(month)}</b><button class="btn sm" disabled={month >= thisMonth()} onClick={() => to(1)} aria-label={d.newer}>›</button></span>
	);
}

function Verdict({ a }: { a: Data }) {
	const d = ts().av;
	if (!a.measured) return <span class="tag">{d.none}</span>;
	return <span class={`tag${a.met ? ' ok' : ' late'}`}>{a.met ? d.met : d.short}</span>;
}

const what = (x: Span) => {
	const d = ts().av;
	return x.reason ? tx(x.reason.text) : x.kind === 'bad' && !x.lcp ? d.login : d.about[x.kind ?? 'bad'];
};

function Spans({ a }: { a: Data }) {
	const d = ts().av, list = a.spans ?? [];
	if (list.length === 0) return <p class="s">{d.noSpans}</p>;
	return (
		<>
			<div class="xs" tabIndex={0} role="group" aria-label={d.spans}><table class="t"><thead><tr><th>{ts().from}</th><th>{ts().to}</th><th class="r">{d.duration}</th><th>{d.what}</th><th>{d.collector}</th></tr></thead>
				<tbody>{list.map((x, n) => <tr key={n}><td class="nw">{whenLong(x.from ?? '')}</td><td class="nw">{whenLong(x.to ?? '')}</td><td class="r">{x.minutes}</td><td><span class={`tag${x.kind === 'bad' ? ' late' : ''}`}>{d.kind[x.kind ?? 'bad']}</span> <span class="s">{what(x)}</span></td><td class="s"><Safe text={x.lcp ?? ''} /></td></tr>)}</tbody></table></div>
			{list.length >= SPANS_MOST && <p class="q t12 mt">{d.cut}</p>}
		</>
	);
}

/** name: of a tenant's id; absent where there is only one. */
export function AvailabilityMonth({ tenant, name }: { tenant: string; name?: (id: string) => string }) {
	const d = ts().av, month = asked('month'), list = useLoad(() => call('availability.show', { tenant, month }), [tenant, month]);
	const [open, setOpen] = useState<string | null>(null);
	const left = (a: Data) => Object.values(a.left_out_min ?? {}).reduce((n, x) => n + (x ?? 0), 0);
	return (
		<Show of={list} rows={6}>{(v) => {
			const shown = v.items.length === 1 ? v.items[0] : v.items.find((a) => a.tenant === open);
			return (
				<>
					<section class="card"><div class="sec"><h2>{ts().tabs.availability}</h2><span class="sp" /><MonthPick /></div>
						{v.items.length === 0 ? <p class="s">{d.none}</p> : <div class="xs" tabIndex={0} role="group" aria-label={ts().tabs.availability}><table class="t avt"><thead><tr>{name && <th>{ts().tenant}</th>}<th class="r">{d.share}</th><th class="r">{d.target}</th><th>{ts().state}</th><th class="r">{d.good}</th><th class="r">{d.bad}</th><th class="r">{d.left}</th><th class="r">{d.unmeasured}</th></tr></thead>
							<tbody>{v.items.map((a) => (
								<tr key={a.tenant} class={name && a === shown ? 'cur' : ''}>{name && <td>{v.items.length > 1 ? <button class="plain acc" aria-expanded={a === shown} onClick={() => setOpen(a === shown ? null : a.tenant ?? null)}>{name(a.tenant ?? '')}</button> : name(a.tenant ?? '')}</td>}
									<td class="r">{a.percent ? <b>{a.percent} %</b> : <span class="q">—</span>}</td><td class="r s">{a.target} %</td><td><Verdict a={a} /></td><td class="r nw">{d.min(a.good_min ?? 0)}</td><td class={`r nw${a.bad_min ? '' : ' q'}`}>{d.min(a.bad_min ?? 0)}</td><td class={`r nw${left(a) ? '' : ' q'}`}>{d.min(left(a))}</td><td class="r nw q">{d.min(a.unmeasured_min ?? 0)}</td></tr>
							))}</tbody></table></div>}
						<p class="s t12 mt">{d.how}</p></section>
					{shown && <section class="card"><div class="sec"><h2>{d.spans}</h2>{name && <span class="s">{name(shown.tenant ?? '')}</span>}</div><Spans a={shown} /></section>}
				</>
			);
		}}</Show>
	);
}
