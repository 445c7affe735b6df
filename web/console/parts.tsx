// SPDX-License-Identifier: Apache-2.0
// Parts that the preview, the candidate and the incident share.
import type { Candidate, Detection, Entry, Evidence, Previous } from '../shared/api.gen';
import { num, t, tx } from '../shared/i18n';
import { Icon } from '../shared/icons';
import { Lines } from '../shared/lines';
import { Link } from '../shared/router';
import { date, day, hms, serverNow } from '../shared/time';
import { Safe, Sev } from '../shared/ui';

export function Why({ c }: { c: Candidate }) {
	const d = t(), list = c.evidence ?? [];
	return (
		<section aria-labelledby="why">
			<h3 id="why" tabIndex={-1}>{d.cand.why}</h3>
			<ol class="why">
				{list.slice(-8).map((e) => (
					<li key={e.id} class={e.result === 'blocked' ? '' : 'hit'}><time class="mono q">{hms(e.at)}</time><i /><span><Safe text={tx(e.what)} />{(e.count ?? 1) > 1 && <span class="s"> · {d.cand.seen(e.count ?? 1)}</span>} <span class="q t12">{e.device}</span></span></li>
				))}
				{list.length === 0 && (c.detection_list ?? []).slice(-6).map((x) => <li key={x.id} class="hit"><time class="mono q">{hms(x.at)}</time><i /><span><Safe text={x.rule.name ?? x.kind} /></span></li>)}
			</ol>
		</section>
	);
}

export function Reasons({ c }: { c: Candidate }) {
	return (
		<section>
			<h3>{t().cand.reasons}</h3>
			<ul class="reasons">{c.proposal.reasons.map((r) => <li key={r.id} class={r.held ? 'held' : ''}><Icon name={r.held ? 'tick' : 'cross'} size={12} /><span><Safe text={tx(r.text)} /></span></li>)}</ul>
		</section>
	);
}

export function Tests({ list }: { list: Detection[] }) {
	const last = list.at(-1);
	if (!last?.why?.length) return null;
	return <div class="ev">{last.why.slice(0, 8).map((w, i) => <div key={i}><span>{w.field}</span><b class="el"><Safe text={w.value ?? ''} /></b></div>)}</div>;
}

export function Before({ list }: { list: Previous[] }) {
	const d = t().cand;
	return (
		<section>
			<h3>{d.before}</h3>
			{list.length === 0 && <p class="q t12">{d.noPrevious}</p>}
			<ul class="prev">{list.slice(0, 5).map((p) => (
				<li key={p.id} class="row"><span class="s nw">{p.at ? date(p.at) : ''}</span><span class="el sp"><Link to={p.noun === 'incident' ? `/console/incidents/${p.number}` : `/console/candidates/${p.id}`} class="tx"><Safe text={tx(p.title)} /></Link></span>
					{p.severity ? <Sev s={p.severity as 'warning'} /> : <span class="q t12">{p.reason ? d.reason[p.reason as 'expected'] ?? p.reason : ''}</span>}</li>
			))}</ul>
		</section>
	);
}

const entryTime = (at: string) => (serverNow() - Date.parse(at) > 86400000 ? day(at) : hms(at));

/** The chronology: who may read an entry is told by line, ground, icon and words. */
export function Chronology({ entries }: { entries: Entry[] }) {
	const d = t().cand;
	return (
		<ol class="chron">
			{entries.map((e, i) => (
				<li key={e.seq ?? i} class={`te${e.visible ? ' cu' : ''}`}>
					<time class="mono" dateTime={e.at}>{entryTime(e.at)}</time>
					<div>
						<div class="h"><span class="el"><Safe text={tx(e.who) || tx(e.by?.name)} /></span><span class="sp" />{e.visible ? <span class="tag cust"><Icon name="eye" size={12} />{d.customer}</span> : <span class="vh">{d.internal}</span>}</div>
						<p lang={e.lang ?? undefined}><Safe text={tx(e.text)} /></p>
						{e.line && <code title={e.line}><Safe text={e.line} /></code>}
					</div>
				</li>
			))}
		</ol>
	);
}

export function Legend() {
	const d = t().cand;
	return (
		<>
			<span class="legend"><svg width="10" height="16" aria-hidden="true"><path d="M3.500 0v16M6.500 0v16" stroke="var(--internal)" /></svg>{d.internal}</span>
			<span class="legend"><svg width="10" height="16" aria-hidden="true"><path d="M5 0v16" stroke="var(--customer)" stroke-width="3" /></svg>{d.customer}</span>
		</>
	);
}

export function Result({ r }: { r: Evidence['result'] }) {
	const d = t().pinc;
	const text = { blocked: d.blocked, passed: d.passed, partly: d.partly, unknown: d.unknown }[r];
	return <span class={`tag${r === 'passed' || r === 'partly' ? ' late' : ''}`}>{r === 'blocked' ? <Icon name="cross" size={10} /> : r === 'unknown' ? null : <Icon name="right" size={11} />}{text}</span>;
}

export function EvidenceTable({ list }: { list: Evidence[] }) {
	const d = t().pinc;
	return (
		<table class="t evt">
			<thead><tr><th>{d.at}</th><th>{d.device}</th><th>{d.what}</th><th>{d.result}</th></tr></thead>
			<tbody>{list.map((e) => (
				<tr key={e.id}><td class="mono nw">{hms(e.at)}</td><td class="nw s">{e.device}</td><td><Safe text={tx(e.what)} />{(e.count ?? 1) > 1 && <span class="q"> ×{num(e.count ?? 1)}</span>}<Lines e={e} /></td><td class="nw"><Result r={e.result} /></td></tr>
			))}</tbody>
		</table>
	);
}
