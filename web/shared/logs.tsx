// SPDX-License-Identifier: Apache-2.0
// The explorer: query bar, histogram, facets of what is shown, table, the line as it came beside its fields.
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, call } from './api';
import { Histogram, type Brush } from './histogram';
import { num, t, title, tx } from './i18n';
import { useKeys } from './keys';
import { facets, histogram, search, withClause, type Bucket, type Facet, type LogPage, type LogRow } from './logs-data';
import { asked, query } from './router';
import { serverNow, whenLong, hms, day, zoneName } from './time';
import { Pick, Reading, Safe, Trouble } from './ui';
import { useLoad } from './use';

const ranges = [['1h', 3600], ['24h', 86400], ['7d', 604800], ['92d', 7948800]] as const;
function Detail({ r, add }: { r: LogRow | undefined; add: (field: string, value: string, not: boolean) => void }) {
	const d = t().logs;
	if (!r) return <div class="dt none"><p class="q">{d.pick}</p></div>;
	return (
		<div class="dt">
			<div tabIndex={0} role="group" aria-label={d.line}><div class="row"><h2>{d.line}</h2><span class="sp" /><span class="q t12">{r.where}</span></div><pre class="raw" tabIndex={0} role="group" aria-label={d.line}><Safe text={r.line} /></pre><p class="q t12">{d.hidden}</p></div>
			<div tabIndex={0} role="group" aria-label={d.event}><h2>{d.event}</h2><div class="kv">{r.fields.map(([k, v]) => [<span key={k}>{k}</span>, <span key={`${k}v`} class="kvv"><Safe text={v} /> <button class="plain acc" aria-label={`${d.filterIn} ${k}`} onClick={() => add(k, v, false)}>＋</button><button class="plain acc" aria-label={`${d.filterOut} ${k}`} onClick={() => add(k, v, true)}>−</button></span>])}</div></div>
		</div>
	);
}

function Table({ p }: { p: LogPage }) {
	return <table class="rt"><thead><tr>{p.columns.map((c) => <th key={c}>{c}</th>)}</tr></thead><tbody>{p.table.map((r, i) => <tr key={i}>{r.map((v, j) => <td key={j} class="mono"><Safe text={v} /></td>)}</tr>)}</tbody></table>;
}

export function Logs({ staff }: { staff?: boolean }) {
	const d = t().logs;
	const tenants = useLoad(() => (staff ? call('tenant.list') : Promise.resolve({ items: [] })), [staff]);
	const [q, setQ] = useState(asked('q')), [page, setPage] = useState<LogPage | null>(null), [chart, setChart] = useState<{ buckets: Bucket[]; step: number } | null>(null);
	const [fault, setFault] = useState<ApiError | null>(null), [busy, setBusy] = useState(false), [cur, setCur] = useState(''), [brush, setBrush] = useState<Brush | null>(null), [round, setRound] = useState(0), [fcs, setFcs] = useState<Facet[]>([]);
	const stop = useRef<AbortController | null>(null), zooms = useRef<Array<Record<string, string>>>([]);
	const range = asked('r') || '24h', tenant = asked('tenant') || (staff ? tenants.data?.items[0]?.id ?? '' : ''), text = asked('q');
	const seconds = ranges.find(([k]) => k === range)?.[1] ?? 86400;
	const zf = Number(asked('from')), zt = Number(asked('to'));
	title.value = staff ? t().nav.logs : t().nav.logsPortal;

	useEffect(() => {
		if (staff && !tenant) return undefined;
		stop.current?.abort();
		const s = new AbortController();
		stop.current = s;
		const to = zt || Math.ceil(serverNow() / 60000) * 60000, from = zf || to - seconds * 1000, a = { tenant, q: text, from, to };
		setBusy(true);
		setFault(null);
		setBrush(null);
		setFcs([]);
		Promise.all([search(a, s.signal), histogram(a, s.signal)]).then(([p, h]) => { setPage(p); setChart(h); setCur(p.rows[0]?.id ?? ''); setBusy(false); return p.columns.length ? undefined : facets(a, s.signal, (f) => setFcs((x) => [...x, f])).catch(() => undefined); })
			.catch((e: unknown) => { if (!s.signal.aborted) { setFault(e instanceof ApiError ? e : new ApiError(0, {})); setBusy(false); } });
		return () => s.abort();
	}, [tenant, text, range, zf, zt, round]);

	const run = () => { if (q === text) setRound(round + 1); else query({ q }, false); };
	const add = (field: string, value: string, not: boolean) => { const n = withClause(q, field, value, not); setQ(n); query({ q: n }, false); };
	const zoom = (b: Brush) => { zooms.current.push({ from: asked('from'), to: asked('to') }); query({ from: String(b.from), to: String(b.to) }, false); };
	const back = () => { const z = zooms.current.pop(); query(z ?? { from: '', to: '' }); };
	const rows = page?.rows ?? [], at = rows.findIndex((r) => r.id === cur);
	const step = (by: number) => { const n = rows[Math.max(0, Math.min(rows.length - 1, at + by))]; if (n) setCur(n.id); };
	useKeys(() => [
		{ keys: 'j', label: (x) => x.keys.move, run: () => step(1), bar: true },
		{ keys: 'k', label: (x) => x.keys.move, run: () => step(-1), bar: true },
		{ keys: '/', label: (x) => x.keys.search, run: () => document.querySelector<HTMLElement>('[data-query]')?.focus(), bar: true },
		{ keys: 'Ctrl+Enter', label: (x) => x.keys.run, run, inText: true, bar: true },
		{ keys: 'z', label: (x) => x.keys.zoomBack, run: back, bar: true },
	], [page, cur, q, text]);

	const name = { '1h': d.hour, '24h': d.day, '7d': d.week, '92d': d.quarter };
	return (
		<div class="h0">
			<form class="qb" role="search" onSubmit={(e) => { e.preventDefault(); run(); }}>
				<div class="ed"><span class="ln" aria-hidden="true">{(q || ' ').split('\n').map((_, i) => <div key={i}>{i + 1}</div>)}</span><textarea data-query aria-label={d.query} spellcheck={false} autocapitalize="none" rows={Math.min(6, q.split('\n').length)} placeholder={d.example} value={q} onInput={(e) => setQ(e.currentTarget.value)} /></div>
				<div class="run"><button class="btn pri">{d.run}<kbd>Ctrl+Enter</kbd></button></div>
				<div class="qm">
					{staff && <Pick label={d.tenant} value={tenant} options={(tenants.data?.items ?? []).map((x) => [x.id, tx(x.name)] as const)} set={(v) => query({ tenant: v })} />}
					<Pick label={d.range} value={range} options={ranges.map(([k]) => [k, name[k]] as const)} set={(v) => query({ r: v, from: '', to: '' })} />
					{zf > 0 && <><span class="m5 tx">{whenLong(zf)} – {whenLong(zt)} {zoneName()}</span><button type="button" class="btn sm" onClick={back}>{d.back}<kbd>z</kbd></button></>}
					<span role="status" class="row">{busy && <span class="s">{t().err.loading}</span>}{page && !busy && <>{page.read > 0 && <span class="s">{d.read(num(page.read), page.seconds.toFixed(2))}</span>}<span class={`tag ${page.cut ? 'half' : 'ok'}`}>{page.cut ? d.cut(page.limit) : d.whole}</span></>}</span>
				</div>
			</form>
			{fault ? <Trouble e={fault} again={() => setRound(round + 1)} /> : !page || !chart ? <Reading rows={8} /> : (
				<>
					<Histogram buckets={chart.buckets} step={chart.step} brush={brush} set={setBrush} zoom={zoom} />
					<div class="hx">
						<div class="fc" tabIndex={0} role="group" aria-label={d.field}>{fcs.map(([f, values]) => (
							<section key={f}><h2>{f}<span class="q">{values.length}</span></h2>{values.map((v) => <button key={v.value} class="fv" onClick={() => add(f, v.value, false)}><i style={{ width: `${(100 * v.count) / (values[0]?.count ?? 1)}%` }} /><span class="mono el"><Safe text={v.value} /></span><span>{num(v.count)}</span></button>)}</section>
						))}</div>
						<section class="rs">
							<div class="rsh"><b class="b">{page.columns.length ? d.rows(page.table.length) : d.shown(rows.length)}</b></div>
							<div class="rtw" tabIndex={0} role="group" aria-label={d.table}>
								{page.columns.length ? <Table p={page} /> : rows.length === 0 ? <p class="state">{d.none}</p> : (
									<table class="rt"><thead><tr><th>{d.time} {zoneName()}</th><th>{d.device}</th><th>{d.dataset}</th><th>{d.message}</th></tr></thead>
										<tbody>{rows.map((r) => <tr key={r.id} class={r.id === cur ? 'cur' : ''} aria-current={r.id === cur || undefined} onClick={() => setCur(r.id)}><td class="mono">{day(r.at)} {hms(r.at)}</td><td class="q">{r.device}</td><td class="q">{r.dataset}</td><td class="mono ln1"><Safe text={r.message.slice(0, 300)} /></td></tr>)}</tbody></table>
								)}
							</div>
							{!page.columns.length && <Detail r={rows[at]} add={add} />}
						</section>
					</div>
				</>
			)}
		</div>
	);
}
