// SPDX-License-Identifier: Apache-2.0
// What is agreed about the service, as both apps show it: maintenance, minutes that are left out, weekly test calls.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { Carries } from './api.gen';
import { ts } from './dict/service';
import { tx } from './i18n';
import { serverNow, whenLong } from './time';
import { Safe } from './ui';

export type Maintenance = Carries['maintenance.list']['items'][number];
export type Exclusion = Carries['exclusion.list']['items'][number];
export type Appointment = Carries['appointment.list']['items'][number];
type Acts<T> = { acts?: (x: T) => ComponentChildren; name?: (id: string) => string };

const time = (x?: string | null) => (x ? whenLong(x) : '');
export const stateOf = (m: Maintenance): 'planned' | 'running' | 'over' | 'off' => {
	const now = serverNow(), from = Date.parse(m.from ?? ''), to = Date.parse(m.ended_at ?? m.to ?? '');
	return m.ended_at && to <= from ? 'off' : now < from ? 'planned' : now < to ? 'running' : 'over';
};
const tone = { planned: ' half', running: ' late', over: '', off: '' } as const;

export function MaintenanceTable({ items, acts, name }: { items: Maintenance[] } & Acts<Maintenance>) {
	const d = ts();
	if (items.length === 0) return <p class="s">{d.mt.none}</p>;
	return (
		<div class="xs" tabIndex={0} role="group" aria-label={d.tabs.maintenance}><table class="t"><thead><tr><th>{d.state}</th>{name && <th>{d.mt.for}</th>}<th>{d.from}</th><th>{d.to}</th><th>{d.why}</th>{acts && <th class="r"><span class="vh">{d.acts}</span></th>}</tr></thead>
			<tbody>{items.map((m) => { const st = stateOf(m); return (
				<tr key={m.id}><td class="nw"><span class={`tag${tone[st]}`}>{d.mt.st[st]}</span></td>{name && <td>{m.tenant ? name(m.tenant) : d.all}</td>}<td class="nw">{time(m.from)}</td><td class="nw">{time(m.ended_at ?? m.to)}</td><td class="wrapc"><Safe text={tx(m.reason)} /> {m.urgent && <span class="tag half">{d.mt.urgent}</span>}</td>{acts && <td class="r nw">{acts(m)}</td>}</tr>
			); })}</tbody></table></div>
	);
}

const exTone = { proposed: ' half', active: '', withdrawn: '' } as const;

function Evidence({ x, link }: { x: string; link: (to: string, text: string) => ComponentChildren }) {
	if (x.startsWith('gap:')) return <Safe text={ts().ex.gap(x.slice(4))} />;
	return <>{link(x, x)}</>;
}

export function ExclusionTable({ items, acts, name, link }: { items: Exclusion[]; link: (to: string, text: string) => ComponentChildren } & Acts<Exclusion>) {
	const d = ts();
	if (items.length === 0) return <p class="s">{d.ex.none}</p>;
	return (
		<div class="xs" tabIndex={0} role="group" aria-label={d.tabs.exclusions}><table class="t"><thead><tr><th>{d.state}</th>{name && <th>{d.tenant}</th>}<th>{d.from}</th><th>{d.to}</th><th>{d.why}</th><th>{d.ex.evidence}</th><th>{d.ex.objections}</th>{acts && <th class="r"><span class="vh">{d.acts}</span></th>}</tr></thead>
			<tbody>{items.map((x) => (
				<tr key={x.id}><td class="nw"><span class={`tag${exTone[x.state ?? 'active']}`}>{d.ex.st[x.state ?? 'active']}</span></td>{name && <td>{name(x.tenant ?? '')}</td>}<td class="nw">{time(x.from)}</td><td class="nw">{time(x.to)}</td>
					<td class="wrapc"><Safe text={x.reason ?? ''} />{x.words && <p class="s t12"><Safe text={x.words} /></p>}<p class="q t12">{x.made_by ? d.ex.made(tx(x.made_by.name)) : ''}{x.approved_by ? ` · ${d.ex.approvedBy(tx(x.approved_by.name))}` : ''}</p></td>
					<td class="nw"><Evidence x={x.evidence ?? ''} link={link} /></td><td class="nw">{(x.inquiries ?? []).map((q) => <span key={q}>{link(q, q)} </span>)}</td>{acts && <td class="r nw">{acts(x)}</td>}</tr>
			))}</tbody></table></div>
	);
}

function Ended({ c }: { c: NonNullable<Appointment['calls']>[number] }) {
	const d = ts().tc;
	if (!c.ended_at) return <span class="tag half">{d.running}</span>;
	const good = c.outcome === 'acknowledged';
	return <span class={`tag${good ? ' ok' : ' late'}`}>{c.outcome === 'missed' ? d.missed : tx(c.outcome_text) || c.outcome}</span>;
}

function Calls({ a }: { a: Appointment }) {
	const d = ts().tc, calls = a.calls ?? [];
	return (
		<div class="xs" tabIndex={0} role="group" aria-label={d.calls}><table class="t"><thead><tr><th>{d.due}</th><th>{d.rang}</th><th>{d.how2}</th></tr></thead>
			<tbody>{calls.map((c, n) => <tr key={n}><td class="nw">{time(c.due_at)}</td><td class="nw">{time(c.ringing_at)}</td><td><Ended c={c} /></td></tr>)}</tbody></table></div>
	);
}

function One({ a, acts, name }: { a: Appointment } & Acts<Appointment>) {
	const d = ts().tc, calls = a.calls ?? [], last = calls[0], [open, set] = useState(false);
	return (
		<li><div class="row wrap"><b><Safe text={a.name ?? ''} /></b>{name && <span class="s">{name(a.tenant ?? '')}</span>}<span>{d.every(d.days[a.weekday ?? 0] ?? '', a.time ?? '')}</span>{a.ended_at ? <span class="tag">{d.ended}</span> : <span class="s t12">{d.next} {time(a.next_at)}</span>}<span class="sp" />{acts?.(a)}</div>
			<div class="row wrap mt1">{last ? <><span class="s t12">{d.last} {time(last.at)}</span> <Ended c={last} /></> : <span class="q t12">{d.noCalls}</span>}</div>
			{calls.length > 1 && <details class="mt1" onToggle={(e) => set(e.currentTarget.open)}><summary>{d.showCalls(calls.length)}</summary>{open && <Calls a={a} />}</details>}</li>
	);
}

export function AppointmentList({ items, acts, name }: { items: Appointment[] } & Acts<Appointment>) {
	if (items.length === 0) return <p class="s">{ts().tc.none}</p>;
	return <ul class="apl">{items.map((a) => <One key={a.id} a={a} {...(acts ? { acts } : {})} {...(name ? { name } : {})} />)}</ul>;
}
