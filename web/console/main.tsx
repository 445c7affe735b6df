// SPDX-License-Identifier: Apache-2.0
// The console: rail, top bar, one screen, key bar.
import { session } from '../shared/api';
import { t, title, tx } from '../shared/i18n';
import { Icon, Mark, type IconName } from '../shared/icons';
import { helpOpen, KeyBar, KeyHelp, repeatLast, useKeys } from '../shared/keys';
import { lazy } from '../shared/lazy';
import { lastHeard, online } from '../shared/live';
import { Logs } from '../shared/logs';
import { go, Link, match, place } from '../shared/router';
import { start } from '../shared/start';
import { hms, offset, serverNow, zoneName } from '../shared/time';
import { initials, Toast, undoLast } from '../shared/ui';
import { counts } from './counts';
import { Incidents } from './incidents';
import { Queue } from './queue';
import '../shared/tokens.css';
import '../shared/nezuban.css';
import '../shared/app.css';
import './console.css';

const Candidate = lazy(() => import('./candidate').then((m) => m.Candidate)), Incident = lazy(() => import('./incident').then((m) => m.Incident));
const Exceptions = lazy(() => import('./exceptions').then((m) => m.Exceptions)), Exception = lazy(() => import('./exception').then((m) => m.Exception)), NewException = lazy(() => import('./exception-new').then((m) => m.NewException));
const Inquiry = lazy<{ id: string }>(() => import('./inquiry').then((m) => m.Inquiry));
const PhoneNote = lazy(() => import('./inquiry').then((m) => m.PhoneNote));
const Advisories = lazy(() => import('./advisories').then((m) => m.Advisories));
const Advisory = lazy<{ id: string }>(() => import('./advisory').then((m) => m.Advisory));
const NewAdvisory = lazy(() => import('./advisory').then((m) => m.NewAdvisory));
const Handover = lazy(() => import('./handover').then((m) => m.Handover)), Handovers = lazy(() => import('./handovers').then((m) => m.Handovers)), Roster = lazy(() => import('./roster').then((m) => m.Roster));
const Reports = lazy(() => import('./report').then((m) => m.Reports)), Report = lazy(() => import('./report').then((m) => m.Report));

const Clocks = lazy(() => import('./clocks').then((m) => m.Clocks));
const Inquiries = lazy(() => import('./inquiries').then((m) => m.Inquiries));
const Account = lazy(() => import('../shared/account').then((m) => m.Account));
const Journal = lazy(() => import('./journal').then((m) => m.Journal));
const Registrations = lazy(() => import('./registrations').then((m) => m.Registrations));
const People = lazy(() => import('./people').then((m) => m.People));
const Service = lazy(() => import('./service').then((m) => m.Service)), Programs = lazy(() => import('./programs').then((m) => m.Programs));

const screens: ReadonlyArray<readonly [path: string, icon: IconName, name: 'queue' | 'incidents' | 'inquiries' | 'advisories' | 'logs' | 'clocks' | 'handover' | 'roster' | 'exceptions' | 'devices' | 'service' | 'programs' | 'reports' | 'journal' | 'people' | 'account', roles?: string]> = [
	['/console/queue', 'queue', 'queue'],
	['/console/incidents', 'flag', 'incidents'],
	['/console/inquiries', 'chat', 'inquiries'],
	['/console/advisories', 'mail', 'advisories'],
	['/console/logs', 'search', 'logs'],
	['/console/clocks', 'clock', 'clocks'],
	['/console/handover', 'swap', 'handover'],
	['/console/roster', 'calendar', 'roster'],
	['/console/devices', 'devices', 'devices'],
	['/console/service', 'pulse', 'service'],
	['/console/programs', 'process', 'programs', 'lead engineer admin auditor'],
	['/console/reports', 'report', 'reports'],
	['/console/exceptions', 'sieve', 'exceptions'],
	['/console/journal', 'hash', 'journal', 'auditor admin'],
	['/console/people', 'user', 'people', 'admin'],
	['/console/account', 'gear', 'account'],
];

function Rail() {
	const d = t(), at = place.value.pathname, role = session.value?.user?.role ?? '';
	const badge = { queue: counts.value.queue, incidents: counts.value.incidents, inquiries: counts.value.inquiries, handover: counts.value.handover } as Record<string, number>;
	return (
		<nav class="rail" aria-label={d.nav.main}>
			<Mark />
			{screens.filter(([, , , roles]) => !roles || roles.split(' ').includes(role)).map(([to, icon, name]) => {
				const on = at.startsWith(to) || (name === 'queue' && at.startsWith('/console/candidates'));
				const n = badge[name] ?? 0;
				return <Link key={to} to={to} class={on ? 'on' : ''} aria-current={on ? 'page' : undefined} aria-label={n ? `${d.nav[name]} ${n}` : d.nav[name]}><Icon name={icon} size={18} />{n > 0 && <em>{n}</em>}</Link>;
			})}
		</nav>
	);
}

function Top() {
	const d = t(), user = session.value?.user, skew = Math.round(Math.abs(offset.value) / 1000);
	return (
		<header class="top">
			<h1>{title.value}</h1><span class="sp" />
			{skew > 2 && <span class="pulse">{d.top.skew(skew)}</span>}
			{online.value && <span class="pulse"><Icon name="pulse" size={14} />{d.top.live}</span>}
			<time class="now">{hms(serverNow())} {zoneName()}</time>
			<Link to="/console/account" class="av"><span aria-hidden="true">{initials(tx(user?.name) || '?')}</span><span class="vh">{d.nav.account}: {tx(user?.name)}</span></Link>
		</header>
	);
}

function Screen() {
	const c = match('/console/candidates/{id}') ?? match('/console/candidates/{id}/decide');
	if (c?.id) return <Candidate key={c.id} id={c.id} deciding={place.value.pathname.endsWith('/decide')} />;
	const i = match('/console/incidents/{id}');
	if (i?.id) return <Incident key={i.id} id={i.id} />;
	const a = match('/console/advisories/{id}');
	if (a?.id) return a.id === 'new' ? <NewAdvisory /> : <Advisory key={a.id} id={a.id} />;
	const q = match('/console/inquiries/{id}');
	if (q?.id) return q.id === 'new' ? <PhoneNote /> : <Inquiry key={q.id} id={q.id} />;
	const h = match('/console/handover/{id}');
	if (h?.id) return <Handover key={h.id} id={h.id} />;
	const r = match('/console/reports/{id}');
	if (r?.id) return <Report key={r.id} id={r.id} />;
	const x = match('/console/exceptions/{id}');
	if (x?.id) return x.id === 'new' ? <NewException /> : <Exception key={x.id} id={x.id} />;
	switch (place.value.pathname.replace(/\/$/, '')) {
	case '/console/advisories': return <Advisories />;
	case '/console/inquiries': return <Inquiries />;
	case '/console/incidents': return <Incidents />;
	case '/console/logs': return <Logs staff />;
	case '/console/reports': return <Reports />;
	case '/console/clocks': return <Clocks />;
	case '/console/handover': return <Handovers />;
	case '/console/exceptions': return <Exceptions />;
	case '/console/roster': return <Roster />;
	case '/console/journal': return <Journal />;
	case '/console/devices': return <Registrations />;
	case '/console/service': return <Service />;
	case '/console/programs': return <Programs />;
	case '/console/people': return <People />;
	case '/console/account': return <div class="scroll pad"><Account /></div>;
	default: return <Queue />;
	}
}

function Frame() {
	const d = t();
	useKeys(() => [
		{ keys: '?', label: (x) => x.keys.help, run: () => { helpOpen.value = true; } },
		{ keys: 'u', label: (x) => x.keys.undo, run: undoLast, bar: true },
		{ keys: '.', label: (x) => x.keys.repeat, run: repeatLast },
		{ keys: '/', label: (x) => x.keys.search, run: () => { go('/console/logs'); setTimeout(() => document.querySelector<HTMLElement>('[data-query]')?.focus(), 50); } },
		{ keys: 'g q', label: (x) => x.keys.goQueue, run: () => go('/console/queue') },
		{ keys: 'g i', label: (x) => x.keys.goIncidents, run: () => go('/console/incidents') },
		{ keys: 'g m', label: (x) => x.keys.goInquiries, run: () => go('/console/inquiries') },
		{ keys: 'g l', label: (x) => x.keys.goLogs, run: () => go('/console/logs') },
		{ keys: 'g s', label: (x) => x.keys.goClocks, run: () => go('/console/clocks') },
		{ keys: 'g h', label: (x) => x.keys.goHandover, run: () => go('/console/handover') },
		{ keys: 'g x', label: (x) => x.keys.goExceptions, run: () => go('/console/exceptions') },
		{ keys: 'g v', label: (x) => x.keys.goService, run: () => go('/console/service') },
		{ keys: 'g r', label: (x) => x.keys.goRoster, run: () => go('/console/roster') },
	], []);
	return (
		<div class="con">
			<a class="vh skip" href="#main">{d.nav.skip}</a>
			<Rail />
			<Top />
			<main class="main" id="main" tabIndex={-1}>
				{!online.value && <p class="off" role="status">{d.top.offline(hms(lastHeard.value))}</p>}
				<Screen />
			</main>
			<KeyBar />
			<Toast />
			<KeyHelp />
		</div>
	);
}

start('console', Frame);
