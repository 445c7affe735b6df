// SPDX-License-Identifier: Apache-2.0
// A month in short, the same for customer and staff, and the links to its documents.
import type { Recommendation, Report, ReportData, ReportRow, Severity } from './api.gen';
import { lang, num, t, tx } from './i18n';
import { rep } from './dict/rep';
import { span, whenLong } from './time';
import { Safe, Sev } from './ui';

const severities: Severity[] = ['emergency', 'critical', 'warning', 'informational'];

/** Without a number the address is that of what is valid now, for staff of the draft. */
const isBehind = (r: ReportRow) => r.state === 'replaced' || r.state === 'correcting';
export const revisionOf = (r: ReportRow): { revision?: number } => (isBehind(r) ? { revision: r.revision } : {});

/** PDF in both languages, the reader's own first, and CSV. */
export function Documents({ r }: { r: ReportRow }) {
	const d = rep(), langs = lang.value === 'ja' ? (['ja', 'en'] as const) : (['en', 'ja'] as const), at = `/api/v1/reports/${encodeURIComponent(r.id)}`, of = isBehind(r) ? `&revision=${r.revision}` : '';
	return (
		<span class="row wrap docs">
			{langs.map((l) => <a key={l} class="btn sm" href={`${at}/pdf?lang=${l}${of}`} download>{d.pdf(d.langs[l])}</a>)}
			<a class="btn sm" href={`${at}/csv?lang=${lang.value}${of}`} download>CSV</a>
		</span>
	);
}

/** Which revision it is and how it stands; nothing for the only one that is out. */
export function Standing({ r, always }: { r: ReportRow; always?: boolean }) {
	const d = rep();
	return <>{r.revision > 1 && <span class="tag">{d.revision(r.revision)}</span>} {(always || isBehind(r)) && <span class={`tag${r.state === 'draft' ? ' half' : isBehind(r) ? ' late' : ''}`}>{d.state[r.state]}</span>}</>;
}

/** What became of this revision, and what it replaces, with the reasons. */
export function Revised({ r }: { r: Report }) {
	const d = rep(), by = r.replaced_by, now = r.correction, notes: [string, string][] = [];
	if (by) notes.push([d.replacedBy(by.revision, whenLong(by.published_at)), tx(by.reason)]);
	if (now) notes.push([d.beingCorrected(whenLong(now.since)), tx(now.reason)]);
	if (r.data.replaces && r.state !== 'draft') notes.push([d.corrects(r.data.replaces.revision), tx(r.data.replaces.reason)]);
	return <>{notes.map(([what, why]) => <section key={what} class="card" role="note"><p class="m5">{what}</p><p><Safe text={why} /></p></section>)}</>;
}

function Promises({ x }: { x: ReportData }) {
	const d = t(), rd = rep(), broken = x.clocks.reduce((n, c) => n + c.broken, 0), all = x.clocks.reduce((n, c) => n + c.count, 0);
	const ms = (v: number | null | undefined) => (v === null || v === undefined ? d.time.none : span(Math.ceil(v / 1000)));
	return (
		<section class="card"><h2>{rd.promises}</h2>
			<p class={broken ? 'm5' : 's'}>{broken ? rd.missedN(broken) : all ? rd.allKept : rd.noClocks}</p>
			<div class="xs" tabIndex={0} role="group" aria-label={rd.promises}><table class="t"><thead><tr><th>{rd.promise}</th><th class="r">{rd.limit}</th><th class="r">{rd.count}</th><th class="r">{rd.met}</th><th class="r">{rd.missed}</th><th class="r">{rd.median}</th><th class="r">{rd.p95}</th><th class="r">{rd.longest}</th></tr></thead>
				<tbody>{x.clocks.map((c) => <tr key={c.kind}><td>{d.clocks.kind[c.kind as keyof typeof d.clocks.kind] ?? c.kind}</td><td class="r nw">{c.limit_s ? span(c.limit_s) : d.time.none}</td><td class="r">{num(c.count)}</td><td class="r">{num(c.met)}</td><td class="r">{c.broken ? <span class="tag late">{num(c.broken)}</span> : 0}</td><td class="r nw">{ms(c.p50_ms)}</td><td class="r nw">{ms(c.p95_ms)}</td><td class="r nw">{ms(c.max_ms)}</td></tr>)}</tbody></table></div>
		</section>
	);
}

export function Breaches({ x, number }: { x: ReportData; number: (n: string) => preact.ComponentChildren }) {
	const d = t(), rd = rep();
	if (!x.breaches?.length) return null;
	return (
		<section class="card"><h2>{rd.breaches}</h2>
			<div class="xs" tabIndex={0} role="group" aria-label={rd.breaches}><table class="t"><thead><tr><th>{rd.promise}</th><th>{d.clocks.subject}</th><th>{rd.due}</th><th class="r">{rd.over}</th><th>{rd.cause}</th></tr></thead>
				<tbody>{x.breaches.map((b, i) => <tr key={i}><td>{d.clocks.kind[b.kind as keyof typeof d.clocks.kind] ?? b.kind}</td><td class="nw">{b.number ? number(b.number) : ''}</td><td class="nw s">{whenLong(b.due_at)}</td><td class="r nw">{span(b.over_s)}</td><td>{b.cause ? <>{tx(b.cause.name)} <span class="s"><Safe text={b.cause.text ?? ''} /></span></> : <span class="tag late">{rd.noCause}</span>}</td></tr>)}</tbody></table></div>
		</section>
	);
}

function Todo({ list }: { list: Recommendation[] }) {
	const d = rep();
	return (
		<section class="card"><h2>{d.todo}</h2>
			{list.length === 0 ? <p class="s">{d.noTodo}</p> : <dl class="recs">{list.map((x, i) => <div key={i}><dt>{d.owner[x.owner] ?? <Safe text={x.owner} />}</dt><dd><Safe text={tx(x.text)} /></dd></div>)}</dl>}
		</section>
	);
}

/** Figures, the analyst's words, promises, what to do. */
export function Summary({ r }: { r: Report }) {
	const rd = rep(), x = r.data, f = x.funnel, words = tx(r.words);
	return (
		<>
			<section class="card"><h2>{rd.figures}</h2>
				<ul class="sevs">{severities.map((s) => <li key={s}><Sev s={s} /><b>{num(f?.by_severity[s] ?? 0)}</b></li>)}</ul>
				<dl class="figs"><div><dt>{rd.lines}</dt><dd>{num(f?.lines ?? 0)}</dd></div><div><dt>{rd.detections}</dt><dd>{num(f?.detections ?? 0)}</dd></div><div><dt>{rd.candidates}</dt><dd>{num(f?.candidates ?? 0)}</dd></div><div><dt>{rd.devices}</dt><dd>{rd.ofAll(num(x.devices_troubled ?? 0), num(x.devices_total ?? 0))}</dd></div></dl>
			</section>
			<section class="card"><h2>{rd.words}</h2>{words ? <p class="long"><Safe text={words} /></p> : <p class="s">{rd.noWords}</p>}</section>
			<Promises x={x} />
			<Todo list={[...r.recommendations, ...(x.facts ?? [])]} />
		</>
	);
}
