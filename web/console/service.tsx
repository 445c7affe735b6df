// SPDX-License-Identifier: Apache-2.0
// The service itself: how much of the time it was there, maintenance, minutes left out, weekly test calls.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { AppointmentList, ExclusionTable, MaintenanceTable, stateOf, type Appointment, type Exclusion, type Maintenance } from '../shared/agreed';
import { call, session } from '../shared/api';
import { AvailabilityMonth } from '../shared/availability';
import { Dialog } from '../shared/dialog';
import { ts } from '../shared/dict/service';
import { t, title, tx } from '../shared/i18n';
import { useKeys } from '../shared/keys';
import { asked, Link, query } from '../shared/router';
import { Pick, say, Seg, Show } from '../shared/ui';
import { useLoad } from '../shared/use';
import { role } from './case';
import { CallForm, ExclusionForm, MaintenanceForm } from './service-forms';

const tabs = ['availability', 'maintenance', 'exclusions', 'calls'] as const;
type Tab = (typeof tabs)[number];
type Name = (id: string) => string;
interface Sure { title: string; how: string; act: string; tone?: string; run: () => Promise<unknown> }

const evidence = (x: string) => x.startsWith('gap:') ? <span class="mono">{x}</span> : <Link to={x.startsWith('Q-') ? `/console/inquiries/${x}` : `/console/incidents/${x}`}>{x}</Link>;

function Sheet({ head, add, may, children }: { head: string; add: string; may: boolean; children: (ask: (s: Sure) => void, open: boolean, gone: () => void) => ComponentChildren }) {
	const [open, set] = useState(false), [sure, ask] = useState<Sure | null>(null);
	useKeys(() => [{ keys: 'n', label: () => add, run: () => set(true), bar: true, when: () => may }], [may, add]);
	return (
		<section class="card"><div class="sec"><h2>{head}</h2><span class="sp" />{may && <button class="btn sm pri" id="add" onClick={() => set(true)}>{add}<kbd>n</kbd></button>}</div>
			{children(ask, open, () => set(false))}
			{sure && <Dialog title={sure.title} how={sure.how} act={sure.act} tone={sure.tone ?? 'pri'} ready run={sure.run} gone={() => ask(null)} />}
		</section>
	);
}

function MaintenanceTab({ tenant, name }: { tenant: string; name: Name }) {
	const d = ts().mt, lead = role() === 'lead', list = useLoad(() => call('maintenance.list', { tenant }), [tenant], ['maintenance']);
	return (
		<Sheet head={ts().tabs.maintenance} add={d.add} may={lead}>{(ask, open, gone) => (
			<>
				<Show of={list}>{(v) => <MaintenanceTable items={v.items} name={name} {...(lead ? { acts: (m: Maintenance) => { const st = stateOf(m); return st === 'over' || st === 'off' ? null : <button class="btn sm" onClick={() => ask({ title: st === 'planned' ? d.offTitle : d.endTitle, how: d.endHow, act: st === 'planned' ? d.call : d.end, run: async () => { await call('maintenance.end', { id: m.id }); say(d.ended); list.reload(); } })}>{st === 'planned' ? d.call : d.end}</button>; } } : {})} />}</Show>
				{open && <MaintenanceForm tenant={tenant} name={name} done={list.reload} gone={gone} />}
			</>
		)}</Sheet>
	);
}

function ExclusionTab({ tenant, name }: { tenant: string; name: Name }) {
	const d = ts().ex, me = session.value?.user, lead = role() === 'lead', list = useLoad(() => call('exclusion.list', { tenant }), [tenant], ['exclusion', 'inquiry']);
	const acts = (ask: (s: Sure) => void) => (x: Exclusion) => (
		<span class="row end">{x.state === 'proposed' && ['lead', 'engineer'].includes(role()) && (x.made_by?.id === me?.id ? <span class="q t12">{d.own}</span> : <button class="btn sm pri" onClick={() => ask({ title: d.approveTitle, how: d.approveHow, act: d.approve, run: async () => { await call('exclusion.approve', { id: x.id }); say(d.approved); list.reload(); } })}>{d.approve}</button>)}
			{x.state !== 'withdrawn' && lead && <button class="btn sm" onClick={() => ask({ title: d.withdrawTitle, how: d.withdrawHow, act: d.withdraw, run: async () => { await call('exclusion.withdraw', { id: x.id }); say(d.withdrawn); list.reload(); } })}>{d.withdraw}</button>}</span>
	);
	return (
		<Sheet head={ts().tabs.exclusions} add={d.add} may={lead}>{(ask, open, gone) => (
			<>
				<Show of={list}>{(v) => <ExclusionTable items={v.items} name={name} link={evidence} {...(['lead', 'engineer'].includes(role()) ? { acts: acts(ask) } : {})} />}</Show>
				{open && <ExclusionForm tenant={tenant} done={list.reload} gone={gone} />}
			</>
		)}</Sheet>
	);
}

function CallTab({ tenant, name }: { tenant: string; name: Name }) {
	const d = ts().tc, lead = role() === 'lead', list = useLoad(() => call('appointment.list', { tenant }), [tenant], ['appointment']);
	const again = (a: Appointment) => void call('appointment.add', {}, { tenant: a.tenant, weekday: a.weekday, time: a.time, contact: a.contact, anyway: true }).then(() => { say(t().cand.undone); list.reload(); }, () => say(t().err.title));
	const acts = (ask: (s: Sure) => void) => (a: Appointment) => a.ended_at ? null : (
		<span class="row"><button class="btn sm" onClick={() => ask({ title: d.nowTitle(a.name ?? ''), how: d.nowHow, act: d.now, run: async () => { await call('appointment.call', { id: a.id }); say(d.called); list.reload(); } })}>{d.now}<span class="vh"> {a.name}</span></button>
			<button class="btn sm" onClick={() => ask({ title: d.endTitle(a.name ?? ''), how: d.endHow, act: d.end, run: async () => { await call('appointment.end', { id: a.id }); say(d.over, () => again(a)); list.reload(); } })}>{d.end}<span class="vh"> {a.name}</span></button></span>
	);
	return (
		<Sheet head={ts().tabs.calls} add={d.add} may={lead}>{(ask, open, gone) => (
			<>
				<Show of={list}>{(v) => <AppointmentList items={[...v.items].sort((a, b) => Number(!!a.ended_at) - Number(!!b.ended_at))} name={name} {...(lead ? { acts: acts(ask) } : {})} />}</Show>
				{open && <CallForm tenant={tenant} done={list.reload} gone={gone} />}
			</>
		)}</Sheet>
	);
}

export function Service() {
	const d = ts(), tab = (tabs as readonly string[]).includes(asked('tab')) ? asked('tab') as Tab : 'availability', tenant = asked('tenant'), tenants = useLoad(() => call('tenant.list'), [], ['tenant']);
	const name: Name = (id) => tx(tenants.data?.items.find((x) => x.id === id)?.name) || id;
	title.value = t().nav.service;
	useKeys(() => tabs.map((x, i) => ({ keys: String(i + 1), label: () => ts().tabs[x], run: () => query({ tab: i ? x : '' }), bar: true })), []);
	return (
		<div class="lst">
			<div class="qh"><Seg label={d.tab} value={tab} options={tabs.map((x) => [x, d.tabs[x]] as const)} set={(x) => query({ tab: x === 'availability' ? '' : x })} /><span class="sp" />
				<Pick label={t().queue.tenant} value={tenant} options={[['', t().queue.allTenants], ...(tenants.data?.items ?? []).map((x) => [x.id, tx(x.name)] as const)]} set={(v) => query({ tenant: v })} /></div>
			<div class="facts one" tabIndex={0} role="group" aria-label={d.tabs[tab]}>
				{tab === 'availability' ? <AvailabilityMonth tenant={tenant} name={name} /> : tab === 'maintenance' ? <MaintenanceTab tenant={tenant} name={name} /> : tab === 'exclusions' ? <ExclusionTab tenant={tenant} name={name} /> : <CallTab tenant={tenant} name={name} />}
			</div>
		</div>
	);
}
