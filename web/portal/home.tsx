// SPDX-License-Identifier: Apache-2.0
// Three answers: are we under attack, are the sensors alive, what must I do. Then yesterday, the month's
// promises, the last incidents, the lines that arrived.
import type { Home as Data } from '../shared/api.gen';
import { call, session } from '../shared/api';
import { lang, num, t, title, tx } from '../shared/i18n';
import { Icon } from '../shared/icons';
import { Link } from '../shared/router';
import { dayLong, day, hm, hour, hourOfDay, serverNow, span, whenLong, zoneName } from '../shared/time';
import { Safe, Sev, severityClass, Show } from '../shared/ui';
import { useLoad } from '../shared/use';
import { Funnel } from './funnel';

function Attacked({ h }: { h: Data }) {
	const d = t(), a = h.attacked, worst = a?.worst, n = worst ? Number((a?.open as Record<string, number> | undefined)?.[worst] ?? 1) : 0;
	if (!a || !worst) return <section class="card"><span class="qq">{d.home.attacked}</span><div class="aa">{d.home.no}</div><p>{d.home.noText}</p><Link class="lnk" to="/portal/incidents">{d.home.see}</Link></section>;
	return (
		<section class={`card edge-${severityClass(worst)}`}>
			<span class="qq">{d.home.attacked}</span><div class="aa">{d.home.yes(d.sev[worst], n)}</div>
			{a.incident && <div class="row"><Sev s={a.incident.severity} /><span class="s t14"><Safe text={tx(a.incident.title)} /></span></div>}
			<p>{a.decided_at && d.home.decided(`${hm(a.decided_at)}`)} {a.acknowledged_by ? <Safe text={d.home.acked(a.acknowledged_by, span(a.acknowledged_after_s ?? 0))} /> : d.home.notAcked}</p>
			<Link class="lnk" to={a.incident ? `/portal/incidents/${a.incident.id}` : '/portal/incidents'}>{d.home.see}</Link>
		</section>
	);
}

function Alive({ h }: { h: Data }) {
	const d = t(), s = h.sensors, total = s?.total ?? 0, ok = s?.healthy ?? 0;
	return (
		<section class="card">
			<span class="qq">{d.home.alive}</span><div class="aa">{total === 0 ? d.home.unknown : ok === total ? d.home.all(total) : d.home.some(ok, total)}</div>
			{(s?.troubled ?? []).slice(0, 3).map((x) => <p key={`${x.lcp}${x.id}`}><span class={`tag ${x.state === 'dropping' ? 'late' : 'half'}`}>{d.dev.st[x.state]}</span> {x.id} {x.state === 'silent' && x.last_at ? d.home.silentFor(span((serverNow() - Date.parse(x.last_at)) / 1000)) : x.state === 'dropping' ? d.home.losing : ''}</p>)}
			<Link class="lnk" to="/portal/devices">{d.home.devices}</Link>
		</section>
	);
}

function Todo({ h }: { h: Data }) {
	const d = t(), list = h.todo ?? [], left = list.filter((x) => !x.done_at);
	return (
		<section class="card">
			<span class="qq">{d.home.todo}</span><div class="aa">{left.length ? d.home.todoN(left.length) : d.home.nothing}</div>
			{list.length === 0 && <p>{d.home.nothingText}</p>}
			<ol class="todo">{list.slice(0, 4).map((x, i) => <li key={`${x.incident}${x.n}`} class={x.done_at ? 'q' : ''}>{x.done_at ? <span class="n ok"><Icon name="tick" size={11} /></span> : <span class="n">{i + 1}</span>}<span class="tdt"><span>{tx(x.text)}</span>{x.done_at && <span class="t12">{hm(x.done_at)}</span>}</span></li>)}</ol>
			{left[0] && <Link class="lnk" to={`/portal/incidents/${left[0].incident ?? ''}`}>{d.home.tell}</Link>}
		</section>
	);
}

function Hours({ h }: { h: Data }) {
	const d = t().home, v = h.lines_by_hour ?? [], top = Math.max(1, ...v.map((x) => x.lines ?? 0)), w = 320 / Math.max(1, v.length);
	return (
		<section class="card">
			<div class="sec"><h2>{d.arrived}</h2><span class="q t12">{d.hours24}</span></div>
			<svg width="100%" height="72" viewBox="0 0 320 72" preserveAspectRatio="none" role="img" aria-label={`${d.arrived}: ${num(v.reduce((n, x) => n + (x.lines ?? 0), 0))}`}>
				<defs><pattern id="hh" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0v6" stroke="var(--hatch)" stroke-width="2.2" /></pattern></defs>
				{v.map((x, i) => { const y = (70 * (x.lines ?? 0)) / top; return x.known === false ? <rect key={i} x={i * w} y="2" width={w} height="70" fill="url(#hh)" /> : <rect key={i} x={i * w + 0.7} y={72 - y} width={w - 1.4} height={y} fill="var(--d1)" />; })}
			</svg>
			<div class="row t12 q axis">{[0, 6, 12, 18, 23].map((i) => <span key={i}>{v[i]?.at ? hour(v[i].at) : ''}</span>)}</div>
			{v.some((x) => x.known === false) && <p class="t14 s mt">{d.gap}</p>}
		</section>
	);
}

function Month({ h }: { h: Data }) {
	const d = t().home, m = h.month;
	const none = <span class="q">{d.noCallYet}</span>;
	return (
		<section class="card">
			<div class="sec"><h2>{d.month}</h2><span class="sp" /><Link to="/portal/reports" class="t14">{t().nav.reports}</Link></div>
			<table class="t"><tbody>
				<tr><td>{d.call}</td><td class="r"><b class="b">{m?.rang_max_s !== null && m?.rang_max_s !== undefined ? d.longest(span(m.rang_max_s)) : none}</b></td></tr>
				<tr><td>{d.ackLongest}</td><td class="r"><b class="b">{m?.acknowledged_max_s !== null && m?.acknowledged_max_s !== undefined ? d.longest(span(m.acknowledged_max_s)) : none}</b></td></tr>
				<tr><td><Link to="/portal/service">{d.availability(h.availability?.target ?? '99.90')}</Link></td><td class="r">{h.availability?.measured ? <b class={h.availability.met ? 'b' : 'tag late'}>{h.availability.percent} %</b> : <span class="q">{d.notMeasured}</span>}</td></tr>
				<tr><td>{d.broken}</td><td class="r"><b class="b">{d.cases(m?.broken ?? 0)}</b></td></tr>
				<tr><td>{d.decidedN}</td><td class="r"><b class="b">{d.cases(m?.decided ?? 0)}</b></td></tr>
			</tbody></table>
		</section>
	);
}

export function Home() {
	const d = t(), h = useLoad(() => call('home.show'), [], ['incident', 'device', 'candidate', 'lcp']);
	const full = tx(session.value?.user?.name), name = lang.value === 'ja' ? `${full.split(/[\s　]/)[0] ?? ''}様` : full.split(' ')[0] ?? '';
	const o = hourOfDay();
	title.value = d.nav.home;
	return (
		<>
			<div class="hd"><h1 class="big">{(o < 11 && o >= 4 ? d.home.morning : o < 18 && o >= 4 ? d.home.day : d.home.evening)(name)}</h1><span class="sp" /><span class="q t14">{d.home.asOf(`${dayLong(serverNow())} ${hm(serverNow())} ${zoneName()}`)}</span></div>
			<Show of={h} rows={8}>{(x) => (
				<>
					<div class="an"><Attacked h={x} /><Alive h={x} /><Todo h={x} /></div>
					<div class="two">
						<section class="card"><div class="sec"><h2>{x.yesterday?.lines ? d.home.yesterday : d.home.today}</h2><span class="q t12">{(() => { const f = x.yesterday?.lines ? x.yesterday : x.today; return f ? day(`${f.day}T12:00:00Z`) : ''; })()}</span></div>{(x.yesterday?.lines ? x.yesterday : x.today) && <Funnel f={(x.yesterday?.lines ? x.yesterday : x.today)!} />}</section>
						<Month h={x} />
					</div>
					<div class="two">
						<section class="card"><div class="sec"><h2>{d.home.recent}</h2><span class="sp" /><Link to="/portal/incidents" class="t14">{d.home.seeAll(x.incidents_year ?? 0)}</Link></div>
							{(x.recent ?? []).length === 0 ? <p class="s">{d.inc.none}</p> : <table class="t rec"><tbody>{(x.recent ?? []).map((i) => <tr key={i.id}><td class="nw s">{whenLong(i.decided_at)}</td><td><Sev s={i.severity} /></td><td><Link to={`/portal/incidents/${i.id}`} class="tx m5"><Safe text={tx(i.title)} /></Link> <span class="q t12 nw">{i.id}</span></td><td class="r nw"><span class={`tag${i.state === 'open' ? ' half' : ''}`}>{d.inc.state[i.state]}</span></td></tr>)}</tbody></table>}
						</section>
						<Hours h={x} />
					</div>
				</>
			)}</Show>
		</>
	);
}
