// SPDX-License-Identifier: Apache-2.0
// How far a device is: asked, approved, told to the collector, its first line, raw and parsed.
import { useEffect } from 'preact/hooks';
import type { Registration as Reg } from '../shared/api.gen';
import { call } from '../shared/api';
import { Guide } from '../shared/guide';
import { t, title, tx } from '../shared/i18n';
import { Icon } from '../shared/icons';
import { whenLong } from '../shared/time';
import { Safe, Show } from '../shared/ui';
import { useLoad } from '../shared/use';

const LOOK_MS = 4000;

function Steps({ r }: { r: Reg }) {
	const d = t().reg, told = (r.collectors ?? []).length > 0 && (r.collectors ?? []).every((c) => (c.said?.version ?? 0) >= c.wanted);
	const over = r.state === 'refused' || r.state === 'withdrawn', approved = r.state === 'waiting' || r.state === 'live';
	const steps: Array<[string, boolean, string]> = [
		[d.stepAsked, true, `${r.asked_at ? whenLong(r.asked_at) : ''} ${tx(r.asked_by)}`],
		[r.state === 'refused' ? d.st.refused : d.stepApproved, approved || r.state === 'refused', r.decided_at ? `${whenLong(r.decided_at)} ${tx(r.decided_by)} ${r.reason ?? ''}` : d.waitApproval],
		[d.stepTold, approved && told, approved ? (r.collectors ?? []).map((c) => `${c.lcp}${c.said?.why ? ` (${c.said.why})` : ''}`).join(', ') || d.noCollector : ''],
		[d.stepLine, r.state === 'live', r.live_at ? `${whenLong(r.live_at)} ${r.first_lcp ?? ''}` : r.state === 'waiting' ? (r.late_at ? d.lateLine(whenLong(r.decided_at ?? r.late_at)) : d.waitLine) : ''],
	];
	return (
		<ol class="card steps" aria-label={d.progress}>
			{steps.map(([name, done, note], i) => <li key={name} class={done ? 'done' : over && i > 0 ? 'q' : ''}><span class="dot" aria-hidden="true">{done ? <Icon name="tick" size={12} /> : i + 1}</span><div><b>{name}</b>{done && <span class="vh"> {d.done}</span>}<p class="q t12">{note}</p></div></li>)}
			{r.state === 'withdrawn' && <li class="done"><span class="dot" aria-hidden="true"><Icon name="cross" size={12} /></span><div><b>{d.st.withdrawn}</b><p class="q t12">{r.withdrawn_at ? whenLong(r.withdrawn_at) : ''}</p></div></li>}
		</ol>
	);
}

/** By our clock when it was received: the device's own may be a day off, and that is what one wants to see. */
function FirstLine({ r }: { r: Reg }) {
	const d = t().reg, at = Date.parse(r.decided_at ?? '') || 0, iso = (ms: number) => new Date(ms).toISOString();
	const page = useLoad(() => call('log.search', { tenant: r.tenant, from: iso(at - 2 * 86400000), to: iso(at + 2 * 86400000), limit: 1,
		q: `where nezuban.device == "${r.device}" and nezuban.received >= datetime(${iso(at - 60000)}) | sort by nezuban.received asc | take 1` }), [r.id, r.state]);
	const event = page.data?.items[0];
	useEffect(() => {
		const again = event ? 0 : window.setTimeout(page.reload, LOOK_MS);
		return () => clearTimeout(again);
	}, [page.data, page.error]);
	return (
		<section class="card"><div class="sec"><h2>{d.firstLine}</h2>{event?.dataset && <span class="q t12">{event.dataset}</span>}</div>
			{event ? (
				<>
					<pre class="mono raw1" tabIndex={0} aria-label={d.raw}><Safe text={event.line} /></pre>
					<dl class="kvp first">{Object.entries(event.fields as Record<string, unknown>).filter(([k]) => !k.startsWith('nezuban.')).map(([k, x]) => [<dt key={`${k}.t`} class="mono">{k}</dt>, <dd key={k}><Safe text={Array.isArray(x) ? x.join(', ') : String(x)} /></dd>])}</dl>
				</>
			) : <p class="s">{d.soonSearchable}</p>}
		</section>
	);
}

export function Registration({ id }: { id: string }) {
	const d = t().reg;
	const reg = useLoad(() => call('registration.show', { id }), [id], ['registration', 'lcp']);
	const sources = useLoad(() => call('source.list'), []), lcps = useLoad(() => call('lcp.list'), []);
	const r = reg.data, source = sources.data?.items.find((x) => x.id === r?.source), items = lcps.data?.items ?? [];
	title.value = r?.device ?? d.progress;
	// what a collector runs is told by heartbeats, and they are no change that is announced
	useEffect(() => {
		if (r?.state !== 'waiting') return undefined;
		const again = window.setTimeout(reg.reload, LOOK_MS);
		return () => clearTimeout(again);
	}, [reg.data]);
	return (
		<Show of={reg} rows={6}>{(v) => (
			<>
				<div class="hd"><h1 class="big">{v.device}</h1><span class={`tag${v.state === 'live' ? ' ok' : v.state === 'waiting' ? ' half' : ''}`}>{d.st[v.state]}</span><span class="sp" />
					{(v.state === 'proposed' || v.state === 'waiting' || v.state === 'live') && <button class="btn" onClick={() => void call('device.withdraw', { id }).then(reg.reload)}>{d.withdraw}</button>}</div>
				<p class="s lead">{[source?.title ?? (v.source || d.auto), d.transport[(v.transport ?? 'udp') as 'udp'], v.address, v.lcp].filter(Boolean).join(' · ')}</p>
				<div class="stack">
					<Steps r={v} />
					{v.state === 'live' && <FirstLine r={v} />}
					{v.state !== 'live' && source?.guide && <Guide source={source} lcp={items.find((x) => x.id === v.lcp) ?? (items.length === 1 ? items[0] : undefined)} transport={v.transport ?? 'udp'} />}
				</div>
			</>
		)}</Show>
	);
}
