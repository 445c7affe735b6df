// SPDX-License-Identifier: Apache-2.0
// What an advisory says, what it is about, and what the logs and lists of one tenant say about it.
import type { Advisory, AdvisoryTenant } from './api.gen';
import { lang, num, t, tx } from './i18n';
import { whenLong } from './time';
import { Safe } from './ui';

export function Words({ a, h: H = 'h3' }: { a: Advisory; h?: 'h2' | 'h3' }) {
	const d = t().adv;
	return (
		<>
			{a.reason && <><H>{d.why}</H><p class="long mb" lang={lang.value}><Safe text={tx(a.reason)} /></p></>}
			<H>{d.text}</H><p class="long" lang={lang.value}><Safe text={tx(a.text)} /></p>
			{tx(a.advice) && <><H class="mt">{d.advice}</H><p class="long" lang={lang.value}><Safe text={tx(a.advice)} /></p></>}
		</>
	);
}

/** Its products and CVEs, and its indicators as they are: text, never a link. */
export function About({ a, h: H = 'h3' }: { a: Advisory; h?: 'h2' | 'h3' }) {
	const d = t().adv, names = [...a.products, ...a.cves];
	return (
		<>
			{names.length > 0 && <><H class="mb">{d.affected}</H><ul class="row wrap">{names.map((p) => <li class="chip" key={p}><span class="el"><Safe text={p} /></span></li>)}</ul></>}
			{a.indicators.length > 0 && <><H class={names.length > 0 ? 'mt' : ''}>{d.indicatorsH}</H><div class="xs" tabIndex={0} role="group" aria-label={d.indicatorsH}><table class="t"><thead><tr><th>{d.kindH}</th><th>{d.value}</th></tr></thead>
				<tbody>{a.indicators.map((i, k) => <tr key={k}><td class="s nw">{d.kind[i.kind]}</td><td class="mono wb"><Safe text={i.value} /></td></tr>)}</tbody></table></div></>}
		</>
	);
}

export function SeenText({ x, a }: { x: AdvisoryTenant; a: Advisory }) {
	const d = t().adv;
	if (x.counting) return <span class="q">{d.counting}</span>;
	if (a.indicators.length === 0) return <span class="q">{d.nothing}</span>;
	if (x.total === null || x.total === undefined) return <span class="q">{d.unknown}</span>;
	return x.total > 0 ? <span class="tag late">{d.times(x.total)}</span> : <span class="tag ok">{d.never}</span>;
}

function Assets({ x }: { x: AdvisoryTenant }) {
	const d = t().adv;
	return (
		<div class="xs" tabIndex={0} role="group" aria-label={d.assets}><table class="t"><thead><tr><th>{d.asset}</th><th>{d.where}</th><th>{d.because}</th></tr></thead>
			<tbody>{x.assets.map((v) => <tr key={v.name}><td class="m5"><Safe text={v.name} /></td><td class="mono wb"><Safe text={[...v.addresses, ...v.hosts].join(', ')} /></td>
				<td class={v.cves.length > 0 ? '' : 's'}>{v.cves.length > 0 ? d.vulnerable(v.cves.join(', ')) : <Safe text={d.byName(v.products.join(', '))} />}</td></tr>)}</tbody></table></div>
	);
}

/** The tenant's own page: where it was seen and how often; apart from that its devices and assets; and what nobody can know. */
export function OwnLogs({ x, a }: { x: AdvisoryTenant; a: Advisory }) {
	const d = t().adv, sure = x.devices.filter((v) => !v.hint), hints = x.devices.filter((v) => v.hint), more = (x.seen_devices ?? 0) - x.seen.length;
	return (
		<section class="card"><div class="sec"><h2>{d.seenIn(a.days)}</h2><SeenText x={x} a={a} />{x.counted_at && <span class="q t12">{d.asOf(whenLong(x.counted_at))}</span>}</div>
			{x.seen.length > 0 && <div class="xs" tabIndex={0} role="group" aria-label={d.seenIn(a.days)}><table class="t"><thead><tr><th>{d.seenOn}</th><th class="r">{d.count}</th><th class="r">{d.last}</th></tr></thead>
				<tbody>{x.seen.map((s) => <tr key={s.device}><td class="m5"><Safe text={s.device ?? ''} /></td><td class="r">{num(s.count ?? 0)}</td><td class="r nw s">{s.last && !Number.isNaN(Date.parse(s.last)) ? whenLong(s.last) : ''}</td></tr>)}</tbody></table></div>}
			{more > 0 && <p class="s">{d.more(more)}</p>}
			{a.products.length > 0 && <><h3 class="mt mb">{d.yourDevices}</h3>
				{x.devices.length === 0 ? <p class="s">{d.noDevices}</p> : <ul class="row wrap">{[...sure, ...hints].map((v) => <li key={`${v.lcp}/${v.id}`} class="chip"><span class="el"><Safe text={v.id ?? ''} /></span><span class="q">{v.source}{v.hint && ` · ${d.maker}`}</span></li>)}</ul>}</>}
			{x.assets.length > 0 && <><h3 class="mt mb">{d.assets}</h3><Assets x={x} /></>}
			{x.unknown.length > 0 && <><h3 class="mt mb">{d.cannot}</h3><p class="s">{d.cannotHow}</p><ul class="row wrap mt">{x.unknown.map((p) => <li class="chip" key={p}><span class="el"><Safe text={p} /></span></li>)}</ul></>}
		</section>
	);
}
