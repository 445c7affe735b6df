// SPDX-License-Identifier: Apache-2.0
// The portal: one tenant's people. Bar on top, five places at the bottom of a phone.
import { session, call } from '../shared/api';
import { t, title, tx } from '../shared/i18n';
import { Icon, WordMark, type IconName } from '../shared/icons';
import { helpOpen, KeyHelp, useKeys } from '../shared/keys';
import { lastHeard, online } from '../shared/live';
import { Logs } from '../shared/logs';
import { lazy } from '../shared/lazy';
import { go, Link, match, place } from '../shared/router';
import { start } from '../shared/start';
import { hms } from '../shared/time';
import { initials, Toast } from '../shared/ui';
import { useLoad } from '../shared/use';
import { Home } from './home';
import { Incidents } from './incidents';
import { Inquiries, Inquiry, NewInquiry } from './inquiries';
import '../shared/tokens.css';
import '../shared/nezuban.css';
import '../shared/app.css';
import './portal.css';

const Account = lazy(() => import('../shared/account').then((m) => m.Account));
const Devices = lazy(() => import('./devices').then((m) => m.Devices));
const Register = lazy(() => import('./register').then((m) => m.Register));
const Registration = lazy(() => import('./registration').then((m) => m.Registration));

const Service = lazy(() => import('./service').then((m) => m.Service)), Programs = lazy(() => import('./programs').then((m) => m.Programs));
const Reports = lazy(() => import('./reports').then((m) => m.Reports));

const Incident = lazy(() => import('./incident').then((m) => m.Incident)), Closed = lazy(() => import('./closed').then((m) => m.Closed)), Exceptions = lazy(() => import('./exceptions').then((m) => m.Exceptions)), Contacts = lazy(() => import('./contacts').then((m) => m.Contacts));

const Advisories = lazy(() => import('./advisories').then((m) => m.Advisories));
const Advisory = lazy<{ id: string }>(() => import('./advisories').then((m) => m.Advisory));

type Name = 'contacts' | 'home' | 'reports' | 'incidents' | 'inquiries' | 'advisories' | 'closed' | 'logsPortal' | 'devices' | 'service' | 'account';
const places: ReadonlyArray<readonly [to: string, icon: IconName, name: Name]> = [
	['/portal/', 'home', 'home'], ['/portal/incidents', 'flag', 'incidents'], ['/portal/inquiries', 'chat', 'inquiries'], ['/portal/advisories', 'mail', 'advisories'], ['/portal/closed', 'closed', 'closed'], ['/portal/reports', 'report', 'reports'],
	['/portal/logs', 'search', 'logsPortal'], ['/portal/devices', 'devices', 'devices'], ['/portal/service', 'pulse', 'service'], ['/portal/contacts', 'phone', 'contacts'],
];

function here(to: string): boolean {
	const at = place.value.pathname.replace(/\/$/, '') || '/portal', want = to.replace(/\/$/, '');
	return want === '/portal' ? at === '/portal' : at.startsWith(want);
}

function Bar() {
	const d = t(), user = session.value?.user, tenants = useLoad(() => call('tenant.list'), []);
	return (
		<header class="bar"><div class="in1">
			<Link to="/portal/" aria-label="Nezuban"><WordMark /></Link>
			<nav aria-label={d.nav.main}>{places.map(([to, , name]) => <Link key={to} to={to} class={here(to) ? 'on' : ''} aria-current={here(to) ? 'page' : undefined}>{d.nav[name]}</Link>)}</nav>
			<span class="sp" />
			<span class="who t12 s r el">{tx(tenants.data?.items[0]?.name)}<br /><span class="q">{tx(user?.name)}</span></span>
			<Link to="/portal/account" class="av big"><span aria-hidden="true">{initials(tx(user?.name) || '?')}</span><span class="vh">{d.nav.account}: {tx(user?.name)}</span></Link>
		</div></header>
	);
}

function Screen() {
	const i = match('/portal/incidents/{id}');
	if (i?.id) return <Incident key={i.id} id={i.id} />;
	const a = match('/portal/advisories/{id}');
	if (a?.id) return <Advisory key={a.id} id={a.id} />;
	const q = match('/portal/inquiries/{id}');
	if (q?.id) return q.id === 'new' ? <NewInquiry /> : <Inquiry key={q.id} id={q.id} />;
	const r = match('/portal/devices/{id}');
	if (r?.id) return r.id === 'new' ? <Register /> : <Registration key={r.id} id={r.id} />;
	switch (place.value.pathname.replace(/\/$/, '')) {
	case '/portal/incidents': return <Incidents />;
	case '/portal/advisories': return <Advisories />;
	case '/portal/inquiries': return <Inquiries />;
	case '/portal/reports': return <Reports />;
	case '/portal/exceptions': return <Exceptions />;
	case '/portal/contacts': return <Contacts />;
	case '/portal/closed': return <Closed />;
	case '/portal/logs': return <><h1 class="big">{t().nav.logsPortal}</h1><div class="card logsc"><Logs /></div></>;
	case '/portal/devices': return <Devices />;
	case '/portal/service': return <Service />;
	case '/portal/programs': return <Programs />;
	case '/portal/account': return <><h1 class="big">{t().acc.title}</h1><p class="s lead"><Link to="/portal/programs">{t().nav.toPrograms}</Link></p><Account /></>;
	default: return <Home />;
	}
}

function Frame() {
	const d = t();
	useKeys(() => [
		{ keys: '?', label: (x) => x.keys.help, run: () => { helpOpen.value = true; } },
		{ keys: 'g i', label: (x) => x.keys.goIncidents, run: () => go('/portal/incidents') },
		{ keys: 'g m', label: (x) => x.keys.goInquiries, run: () => go('/portal/inquiries') },
		{ keys: 'g l', label: (x) => x.keys.goLogs, run: () => go('/portal/logs') },
	], []);
	return (
		<div class="por">
			<a class="vh skip" href="#main">{d.nav.skip}</a>
			<Bar />
			<main class="in1 pm" id="main" tabIndex={-1}>
				{!online.value && <p class="off" role="status">{d.top.offline(hms(lastHeard.value))}</p>}
				<Screen />
				<p class="foot">{d.home.codeWord}</p>
			</main>
			<nav class="tabs5" aria-label={title.value}>{places.filter(([, , name]) => ['home', 'incidents', 'inquiries', 'logsPortal', 'devices'].includes(name)).map(([to, icon, name]) => <Link key={to} to={to} class={here(to) ? 'on' : ''} aria-current={here(to) ? 'page' : undefined}><Icon name={icon} size={20} /><span>{d.nav[name]}</span></Link>)}</nav>
			<Toast />
			<KeyHelp />
		</div>
	);
}

start('portal', Frame);
