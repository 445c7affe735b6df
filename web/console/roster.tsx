// SPDX-License-Identifier: Apache-2.0
// Who is on duty now, the sites with their clocks, and a week of crews.
import { useState } from 'preact/hooks';
import type { Duty, Roster as Data } from '../shared/api.gen';
import { call } from '../shared/api';
import { lang, t, title, tx } from '../shared/i18n';
import { useKeys } from '../shared/keys';
import { date, day, dayLong, hm, serverNow, whenLong, zoneName } from '../shared/time';
import { Owner, Show } from '../shared/ui';
import { useLoad } from '../shared/use';

const DAY = 86400000, HALF = 1800000;
/** Midnights of the reader's own zone. */
const midnights = (from: number) => Array.from({ length: (7 * DAY) / HALF }, (_, i) => from + i * HALF).filter((x) => hm(x) === '00:00');
const spoken = (l: string) => new Intl.DisplayNames([lang.value], { type: 'language' }).of(l) ?? l;
const names = (x: NonNullable<Duty>) => x.people.map((p) => (p ? tx(p.name) : '')).join(t().ho.and);

function Now({ r }: { r: Data }) {
	const d = t();
	return (
		<section class="os"><h2>{d.ros.now} <span class="q">{hm(r.now)} {zoneName()}</span></h2>
			<table class="t rt inl"><thead><tr><th>{d.inc.tenant}</th><th>{d.ros.site}</th><th>{d.ros.local}</th><th>{d.ros.lead}</th><th>{d.ros.people}</th><th>{d.ros.until}</th><th>{d.ros.then}</th></tr></thead>
				<tbody>{r.rosters.map((x) => (
					<tr key={x.id}><td class="m5">{x.tenants.map((y) => tx(y.name)).join(d.ho.and)}</td>{x.duty ? <><td>{tx(x.duty.site?.name)}{x.duty.stands_for ? <p class="t12 warn">{d.ros.standsFor(tx(x.duty.stands_for.name))}</p> : null}</td><td class="m5">{x.duty.site?.local_time}</td><td><span class="row"><Owner p={x.duty.lead} />{x.duty.lead ? tx(x.duty.lead.name) : ''}</span></td><td class="s">{names(x.duty)}</td><td class="nw">{x.duty.to ? whenLong(x.duty.to) : d.ros.always}</td></> : <td colSpan={5} class="warn">{d.ros.nobody}</td>}
						<td>{x.next ? `${tx(x.next.site?.name)} ${x.next.lead ? tx(x.next.lead.name) : ''}` : ''}</td></tr>
				))}</tbody></table>
		</section>
	);
}

/** What became of a site that is not there. */
function Lost({ s }: { s: Data['sites'][number] }) {
	const d = t();
	if (!s.lost) return null;
	return (
		<div class="lost t12">
			<p><b class="b warn">{s.state === 'lost' ? d.ros.lost : d.ros.returning(s.lost.back_at ? whenLong(s.lost.back_at) : '')}</b> {d.ros.lostBy(whenLong(s.lost.at), s.lost.by ? tx(s.lost.by.name) : d.ros.machine)}</p>
			<p lang={s.lost.lang}>{s.lost.reason}</p>
			<p class="m5">{s.stood_in_by ? d.ros.standIn(tx(s.stood_in_by.site?.name), s.stood_in_by.lead ? tx(s.stood_in_by.lead.name) : '') : d.ros.noStandIn}</p>
		</div>
	);
}

function Sites({ r }: { r: Data }) {
	const d = t();
	return (
		<section class="os"><h2>{d.ros.sites}</h2>
			<ul class="sites">{r.sites.map((s) => s && (
				<li key={s.id}><div class="row"><b class="b">{tx(s.name)}</b><span class="sp" /><b class="m5">{s.local_time}</b></div><p class="t12 q">{s.zone} {s.country}</p><Lost s={s} />
					<ul class="t12">{r.people.filter((p) => p.site === s.id).map((p) => <li key={p.login} class="row"><Owner p={p.person} /><span>{p.person ? tx(p.person.name) : p.login}</span><span class="sp" /><span class="q">{p.lang.map(spoken).join(d.ho.and)}</span></li>)}</ul></li>
			))}</ul>
		</section>
	);
}

/** Every site has a place of its own in the row of colours, and its name stands on the bar. */
function Bars({ spans, from, sites }: { spans: Duty[]; from: number; sites: string[] }) {
	return (
		<ul class="bars">{spans.map((x) => {
			if (!x) return null;
			const a = Math.max(from, x.from ? Date.parse(x.from) : from), b = Math.min(from + 7 * DAY, x.to ? Date.parse(x.to) : from + 7 * DAY), k = sites.indexOf(x.site?.id ?? '') % 6;
			const text = `${tx(x.site?.name)} ${whenLong(a)} – ${whenLong(b)} ${names(x)}`;
			return <li key={a} class={`bar${k + 1}`} style={{ left: `${((a - from) / (7 * DAY)) * 100}%`, width: `${((b - a) / (7 * DAY)) * 100}%` }} title={text}><span aria-hidden="true">{tx(x.site?.name)}</span><span class="vh">{text}</span></li>;
		})}</ul>
	);
}

function Week({ sites }: { sites: string[] }) {
	const d = t(), [back, setBack] = useState(0), start = Math.floor(serverNow() / 3600000) * 3600000 + back * 7 * DAY;
	const week = useLoad(() => call('duty.list', { from: new Date(start).toISOString() }), [back], ['roster']);
	useKeys(() => [
		{ keys: 'ArrowRight', label: (x) => x.keys.nextWeek, run: () => setBack(back + 1), bar: true },
		{ keys: 'ArrowLeft', label: (x) => x.keys.lastWeek, run: () => setBack(back - 1), bar: true },
	], [back]);
	return (
		<section class="os"><h2>{d.ros.week} <span class="q">{date(start)} – {date(start + 7 * DAY)}</span><span class="sp" /><button class="btn sm" onClick={() => setBack(back - 1)}>{d.ros.before}</button> <button class="btn sm" onClick={() => setBack(back + 1)}>{d.ros.after}</button></h2>
			<Show of={week} rows={4}>{(w) => {
				const from = Date.parse(w.from);
				return (
					<div class="wk" tabIndex={0} role="group" aria-label={d.ros.week}>
						<div class="wkd" aria-hidden="true"><span />{<div>{midnights(from).filter((x) => x < from + 7 * DAY - DAY / 3).map((x) => <span key={x} style={{ left: `${((x - from) / (7 * DAY)) * 100}%` }}>{day(x)}</span>)}</div>}</div>
						{w.rosters.map((r) => <div class="wkr" key={r.id}><span class="m5 el">{r.tenants.map((x) => tx(x.name)).join(d.ho.and)}</span><Bars spans={r.spans} from={from} sites={sites} /></div>)}
					</div>
				);
			}}</Show>
		</section>
	);
}

export function Roster() {
	const d = t(), r = useLoad(() => call('roster.show'), [], ['roster']);
	title.value = d.nav.roster;
	return (
		<div class="scroll pad ros">
			<Show of={r}>{(v) => !v.imported_at ? <div class="state"><p>{d.ros.none}</p><p class="mono s">nezuban roster import FILE</p></div> : (
				<><Now r={v} /><Week sites={v.sites.map((s) => s?.id ?? '')} /><Sites r={v} /><p class="t12 q">{d.ros.imported(dayLong(v.imported_at), v.by ? tx(v.by.name) : d.ros.machine)}</p></>
			)}</Show>
		</div>
	);
}
