// SPDX-License-Identifier: Apache-2.0
// What an advisory says, and what the logs of one tenant say about it.
import type { Advisory, AdvisoryTenant } from './api.gen';
import { lang, num, t, tx } from './i18n';
import { whenLong } from './time';
import { Safe } from './ui';

export function Words({ a, h: H = 'h3' }: { a: Advisory; h?: 'h2' | 'h3' }) {
	const d = t().adv;
	return (
		<>
			<H>{d.text}</H><p class="long" lang={lang.value}><Safe text={tx(a.text)} /></p>
			{tx(a.advice) && <><H class="mt">{d.advice}</H><p class="long" lang={lang.value}><Safe text={tx(a.advice)} /></p></>}
		</>
	);
}

export function SeenText({ x }: { x: AdvisoryTenant }) {
	const d = t().adv;
	if (x.counting) return <span class="q">{d.counting}</span>;
	if (x.total === null || x.total === undefined) return <span class="q">{d.unknown}</span>;
	return x.total > 0 ? <span class="tag late">{d.times(x.total)}</span> : <span class="tag ok">{d.never}</span>;
}

/** The tenant's own page: how often, on which devices, and which of its devices are of the product. */
export function OwnLogs({ x, days }: { x: AdvisoryTenant; days: number }) {
	const d = t().adv;
	return (
		<section class="card"><div class="sec"><h2>{d.seenIn(days)}</h2><SeenText x={x} />{x.counted_at && <span class="q t12">{d.asOf(whenLong(x.counted_at))}</span>}</div>
			{x.seen.length > 0 && <div class="xs" tabIndex={0} role="group" aria-label={d.seenIn(days)}><table class="t"><thead><tr><th>{d.device}</th><th class="r">{d.count}</th><th class="r">{d.last}</th></tr></thead>
				<tbody>{x.seen.map((s) => <tr key={s.device}><td class="m5"><Safe text={s.device ?? ''} /></td><td class="r">{num(s.count ?? 0)}</td><td class="r nw s">{s.last && !Number.isNaN(Date.parse(s.last)) ? whenLong(s.last) : ''}</td></tr>)}</tbody></table></div>}
			<h3 class="mt">{d.yourDevices}</h3>
			{x.devices.length === 0 ? <p class="s">{d.noDevices}</p> : <ul class="row wrap">{x.devices.map((v) => <li key={`${v.lcp}/${v.id}`} class="chip"><span class="el"><Safe text={v.id ?? ''} /></span><span class="q">{v.source}</span></li>)}</ul>}
		</section>
	);
}
