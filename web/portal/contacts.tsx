// SPDX-License-Identifier: Apache-2.0
// Who is called when, at a time of the reader's choice; what goes out by which way; the contacts themselves.
import { useState } from 'preact/hooks';
import type { Severity, Tenant } from '../shared/api.gen';
import { call, session } from '../shared/api';
import { tc } from '../shared/dict/cases';
import { t, title, tx } from '../shared/i18n';
import { asked, Link, query } from '../shared/router';
import { dayLong, hm, localInput, serverNow, zoned, zoneName } from '../shared/time';
import { Safe, Sev, Show } from '../shared/ui';
import { useLoad } from '../shared/use';

const levels: Severity[] = ['emergency', 'critical', 'warning', 'informational'];
const channels = ['call', 'mail', 'webhook'] as const;
type Channel = (typeof channels)[number];

function Tree({ id }: { id: string }) {
	const d = tc().contacts, at = asked('at'), when = at ? new Date(zoned(at)).toISOString() : '';
	const tree = useLoad(() => call('calltree.show', { id, at: when }), [id, when], ['tenant']);
	const night = () => { const day = localInput(serverNow()).slice(0, 10), x = `${day}T03:00`; return zoned(x) > serverNow() ? x : `${localInput(serverNow() + 86400000).slice(0, 10)}T03:00`; };
	return (
		<section class="card">
			<div class="row wrap atrow"><label class="f"><span>{d.at} ({zoneName()})</span><input class="fi" type="datetime-local" value={at || localInput(serverNow())} onChange={(e) => query({ at: e.currentTarget.value })} /></label>
				<button class="btn p40" aria-pressed={!at} onClick={() => query({ at: '' })}>{d.now}</button><button class="btn p40" onClick={() => query({ at: night() })}>{d.night}</button></div>
			<Show of={tree} rows={4}>{(v) => (
				<>
					<p class="s mt1" role="status">{dayLong(v.at)} {hm(v.at)} {v.day_off && <span class="tag">{d.holiday}</span>}</p>
					{v.steps.length === 0 ? <p class="warn mt1">{d.nobody}</p> : (
						<div class="xs mt1" tabIndex={0} role="group" aria-label={d.title}><table class="t"><thead><tr><th>{d.order}</th><th>{d.person}</th><th>{d.numbers}</th><th>{d.local}</th><th>{d.whyHere}</th></tr></thead>
							<tbody>{v.steps.map((x, n) => <tr key={n}><td class="s">{x.order ?? n + 1}</td><td><b class="m5"><Safe text={x.name ?? ''} /></b> <span class="q">{x.kana}</span><p class="s t12">{tx(x.title)}</p></td><td class="nw">{(x.numbers ?? []).map((y) => <div key={y}>{y}</div>)}</td><td class="nw">{x.local_time} <span class="q t12">{x.zone}</span></td><td>{x.reason ? <span class={`tag${x.reason === 'in_hours' ? ' ok' : ''}`}>{d.reason[x.reason]}</span> : ''}</td></tr>)}</tbody></table></div>
					)}
					<p class="sub">{d.plan(v.plan.ring_s ?? 0, v.plan.tries ?? 0, v.plan.redial_s ?? 0)}</p>
				</>
			)}</Show>
		</section>
	);
}

type Row = NonNullable<Tenant['channels']>[number];
/** The desk's own rule: the first row that fits decides; otherwise calls and webhooks at once, mail as the contact says. */
function sends(rows: Row[], s: Severity, c: Channel, off: boolean, l: 'ja' | 'en'): 'now' | 'digest' | 'never' | 'contact' | 'none' {
	if (c === 'call' && s !== 'emergency' && s !== 'critical') return 'none';
	const row = rows.find((r) => (!r.severity || r.severity.includes(s)) && (!r.channel || r.channel.includes(c)) && (!r.when || r.when === 'always' || (r.when === 'off_hours') === off) && (!r.lang || r.lang === l));
	return row?.send ?? (c === 'mail' ? 'contact' : 'now');
}

function Cell({ rows, s, c, off }: { rows: Row[]; s: Severity; c: Channel; off: boolean }) {
	const d = tc().contacts, ja = sends(rows, s, c, off, 'ja'), en = sends(rows, s, c, off, 'en');
	const tag = (x: typeof ja) => <span class={x === 'now' ? 'm5' : x === 'never' || x === 'none' ? 'q' : ''}>{d.send[x]}</span>;
	return <td>{ja === en ? tag(ja) : <><div lang="ja">日本語: {tag(ja)}</div><div lang="en">English: {tag(en)}</div></>}</td>;
}

function Matrix({ v }: { v: Tenant }) {
	const d = tc().contacts, rows = v.channels ?? [], m = v.digest_at ?? 540, p = (n: number) => String(n).padStart(2, '0');
	return (
		<section class="card"><div class="sec"><h2>{d.matrix}</h2><span class="q t12">{d.matrixHow}</span></div>
			<div class="xs" tabIndex={0} role="group" aria-label={d.matrix}><table class="t mtx"><thead><tr><th rowSpan={2}>{t().form.severity}</th>{channels.map((c) => <th key={c} colSpan={2} scope="colgroup">{d.channel[c]}</th>)}</tr><tr>{channels.map((c) => <><th key={`${c}h`}>{d.hours}</th><th key={`${c}o`}>{d.off}</th></>)}</tr></thead>
				<tbody>{levels.map((s) => <tr key={s}><th scope="row"><Sev s={s} /></th>{channels.map((c) => <><Cell key={`${c}h`} rows={rows} s={s} c={c} off={false} /><Cell key={`${c}o`} rows={rows} s={s} c={c} off /></>)}</tr>)}</tbody></table></div>
			<p class="sub">{d.digest(`${p(Math.floor(m / 60))}:${p(m % 60)}`)}</p>
		</section>
	);
}

function People({ v }: { v: Tenant }) {
	const d = tc().contacts;
	return (
		<section class="card"><div class="sec"><h2>{d.people}</h2><span class="sp" /><Link to="/portal/inquiries/new?kind=contact" class="btn">{d.ask}</Link></div>
			<div class="xs" tabIndex={0} role="group" aria-label={d.people}><table class="t"><thead><tr><th>{d.order}</th><th>{d.person}</th><th>{d.hoursH}</th><th>{d.mail}</th><th>{d.mailFor}</th></tr></thead>
				<tbody>{(v.contacts ?? []).map((x) => <tr key={x.id}><td class="s">{x.order}</td><td><b class="m5"><Safe text={x.name ?? ''} /></b> <span class="q">{x.kana}</span><p class="s t12">{tx(x.title)}</p></td><td class="mono">{x.hours}</td><td class="s">{x.mail ?? ''}</td><td><span class="row wrap">{(x.mail_for ?? []).map((s) => <Sev key={s} s={s} />)}</span></td></tr>)}</tbody></table></div>
		</section>
	);
}

export function Contacts() {
	const d = tc().contacts, id = session.value?.user?.tenant ?? '', [key] = useState(id), tenant = useLoad(() => call('tenant.show', { id: key }), [key], ['tenant']);
	title.value = d.title;
	return (
		<>
			<div class="hd"><h1 class="big">{d.title}</h1></div>
			<p class="s lead">{d.lead}</p>
			<div class="stack"><Tree id={key} /><Show of={tenant} rows={6}>{(v) => <><Matrix v={v} /><People v={v} /></>}</Show></div>
		</>
	);
}
