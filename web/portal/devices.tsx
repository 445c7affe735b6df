// SPDX-License-Identifier: Apache-2.0
// Devices with last line and losses, those asked for, the collectors, the ledger that must add up, networks and assets.
import { call } from '../shared/api';
import { num, t, title } from '../shared/i18n';
import { Icon } from '../shared/icons';
import { whenLong } from '../shared/time';
import { Show } from '../shared/ui';
import { useLoad } from '../shared/use';
import { Asked, Site } from './site';

const bytes = (n: number) => (n >= 1 << 30 ? `${(n / (1 << 30)).toFixed(1)} GB` : n >= 1 << 20 ? `${(n / (1 << 20)).toFixed(1)} MB` : `${Math.ceil(n / 1024)} kB`);
const tone: Record<string, string> = { healthy: ' ok', silent: ' half', dropping: ' late', late: ' half', revoked: ' late' };

function DeviceList() {
	const d = t().dev, list = useLoad(() => call('device.list'), [], ['device', 'lcp']);
	return (
		<section class="card"><Show of={list}>{(v) => v.items.length === 0 ? <p class="s">{d.none}</p> : (
			<div class="xs" tabIndex={0} role="group" aria-label={d.device}><table class="t"><thead><tr><th>{d.device}</th><th>{d.source}</th><th>{d.lcp}</th><th>{d.last}</th><th class="r">{d.today}</th><th class="r">{d.dropped}</th><th class="r">{d.state}</th></tr></thead>
				<tbody>{v.items.map((x) => <tr key={`${x.lcp}/${x.id}`}><td class="m5">{x.id}</td><td class="s">{x.source ?? ''}</td><td class="s">{x.lcp}</td><td class="nw s">{x.last_at ? whenLong(x.last_at) : t().time.none}</td><td class="r">{num(x.lines_today ?? 0)}</td><td class={`r${x.dropped ? '' : ' q'}`}>{num(x.dropped ?? 0)}</td><td class="r"><span class={`tag${tone[x.state] ?? ''}`}>{d.st[x.state]}</span></td></tr>)}</tbody></table></div>
		)}</Show></section>
	);
}

function Collectors() {
	const d = t().dev, list = useLoad(() => call('lcp.list'), [], ['lcp']);
	return (
		<section class="card"><div class="sec"><h2>{d.collectors}</h2></div><Show of={list} rows={2}>{(v) => (
			<div class="xs" tabIndex={0} role="group" aria-label={d.collectors}><table class="t"><thead><tr><th>{d.lcp}</th><th>{d.version}</th><th>{d.last}</th><th class="r">{d.spool}</th><th class="r">{d.offset}</th><th class="r">{d.state}</th></tr></thead>
				<tbody>{v.items.map((x) => <tr key={x.id}><td class="m5">{x.id}</td><td class="s">{x.version ?? ''}</td><td class="s nw">{x.last_at ? whenLong(x.last_at) : t().time.none}</td><td class="r">{x.spool ? bytes(x.spool.bytes ?? 0) : ''}</td><td class="r">{x.clock_offset_ms === null || x.clock_offset_ms === undefined ? '' : `${x.clock_offset_ms} ms`}</td><td class="r"><span class={`tag${tone[x.state] ?? ''}`}>{d.st[x.state]}</span></td></tr>)}</tbody></table></div>
		)}</Show></section>
	);
}

function LedgerTable() {
	const d = t().dev, l = useLoad(() => call('ledger.show'), [], ['device']);
	const cell = (n: number | null | undefined) => <td class={`r${n ? '' : ' q'}`}>{n === null || n === undefined ? '—' : num(n)}</td>;
	return (
		<section class="card"><div class="sec"><h2>{d.ledger}</h2><span class="q t12">{d.ledgerHow} · {l.data?.day ?? ''}</span></div><Show of={l} rows={3}>{(v) => (
			<div class="xs" tabIndex={0} role="group" aria-label={d.ledger}><table class="t"><thead><tr><th>{d.device}</th><th class="r">{d.received}</th><th class="r">{d.dropped}</th><th class="r">{d.kept}</th><th class="r">{d.archived}</th><th class="r"><span class="vh">{d.agrees}</span></th></tr></thead>
				<tbody>{(v.rows ?? []).map((r) => <tr key={`${r.lcp}/${r.device}`}><td>{r.device} <span class="q t12">{r.lcp}</span></td>{cell(r.received)}{cell(r.dropped)}{cell(r.kept)}{cell(r.archived)}<td class="r nw">{r.difference === null || r.difference === undefined ? <span class="tag">{d.open}</span> : r.difference === 0 ? <span class="tag ok"><Icon name="tick" size={11} />{d.agrees}</span> : <span class="tag late">{num(r.difference)}</span>}</td></tr>)}
					{v.total && <tr class="sum"><td>{d.total}</td>{cell(v.total.received)}{cell(v.total.dropped)}{cell(v.total.kept)}{cell(v.total.archived)}<td /></tr>}</tbody></table></div>
		)}</Show></section>
	);
}

export function Devices() {
	const d = t();
	title.value = d.nav.devices;
	return <><div class="hd"><h1 class="big">{d.nav.devices}</h1></div><p class="s lead">{d.dev.lead}</p><div class="stack"><DeviceList /><Asked /><Collectors /><LedgerTable /><Site /></div></>;
}
