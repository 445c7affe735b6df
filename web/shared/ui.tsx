// SPDX-License-Identifier: Apache-2.0
// The components that both apps draw with: severity, clock, entity, sparkline, hostile text, states, toast.
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { Clock, Entity, Severity } from './api.gen';
import type { ApiError } from './api';
import { lang, t, tx } from './i18n';
import { Icon, type IconName } from './icons';
import { clockText, serverNow, span } from './time';

/* ---- severity: shape, label and colour; hollow and dashed when a machine proposes ---- */

const short: Record<Severity, 'em' | 'cr' | 'wa' | 'in'> = { emergency: 'em', critical: 'cr', warning: 'wa', informational: 'in' };
const outline: Record<string, string> = { em: 'M5 1.200h6L14.800 5v6L11 14.800H5L1.200 11V5z', cr: 'M8 1.500 15 14H1z', wa: 'M8 .9 15.100 8 8 15.100.9 8z', in: 'M14.600 8a6.600 6.600 0 1 1-13.200 0 6.600 6.600 0 0 1 13.200 0z' };
const inner: Record<string, string> = { em: 'M6.200 4.500v4.300M9.800 4.500v4.300M6.200 11.500v.01M9.800 11.500v.01', cr: 'M8 6v3.600M8 11.900v.01', wa: 'M8 4.800v3.600M8 11.100v.01', in: 'M8 7.400v4M8 4.700v.01' };
export const severityClass = (s: Severity) => short[s];

export function SevShape({ s, hollow, size = 14, ground }: { s: Severity; hollow?: boolean; size?: number; ground?: string }) {
	const k = short[s];
	return hollow ? (
		<svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" fill="none" stroke="currentColor" stroke-linejoin="round" stroke-linecap="round"><path stroke-width="1.4" d={outline[k]} /><path stroke-width="1.7" d={inner[k]} /></svg>
	) : (
		<svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" stroke-linecap="round"><path fill="currentColor" d={outline[k]} /><path fill="none" stroke={ground ?? `var(--${k})`} stroke-width="1.9" d={inner[k]} /></svg>
	);
}

export function Sev({ s, proposed, large }: { s: Severity; proposed?: boolean; large?: boolean }) {
	const d = t();
	return (
		<span class={`sev ${proposed ? 'prop ' : ''}${short[s]}${large ? ' lg' : ''}`}>
			<SevShape s={s} hollow={!!proposed} size={large ? 18 : 14} />{proposed && <span class="vh">{d.queue.proposed} </span>}{d.sev[s]}
		</span>
	);
}

/* ---- clocks ---- */

function disc(left: number): string {
	const a = Math.max(0, Math.min(0.9999, left)) * 2 * Math.PI;
	return `M8 8V3A5 5 0 ${a > Math.PI ? 1 : 0} 1 ${(8 + 5 * Math.sin(a)).toFixed(2)} ${(8 - 5 * Math.cos(a)).toFixed(2)}z`;
}
const SAND = 'M2.500 1h11v2.200L9.600 8l3.900 4.800V15h-11v-2.200L6.400 8 2.500 3.200z';

export interface ClockFace { cls: 'ok' | 'half' | 'late' | 'met' | 'over'; left: number; text: string; spoken: string }

export function clockFace(c: Clock): ClockFace {
	const d = t().time, due = Date.parse(c.due_at);
	if (c.stopped_at) {
		const took = (Date.parse(c.stopped_at) - Date.parse(c.started_at)) / 1000, late = Date.parse(c.stopped_at) > due;
		return late ? { cls: 'over', left: 1, text: `+${clockText((Date.parse(c.stopped_at) - due) / 1000)}`, spoken: d.over(span(took - c.limit_s)) }
			: { cls: 'met', left: 0, text: span(took), spoken: d.met(span(took)) };
	}
	const left = (due - serverNow()) / 1000;
	if (left < 0) return { cls: 'over', left: 1, text: `+${clockText(-left)}`, spoken: d.over(span(-left)) };
	const part = c.limit_s > 0 ? left / c.limit_s : 0;
	return { cls: left < 120 ? 'late' : part > 0.5 ? 'ok' : 'half', left: part, text: clockText(left), spoken: d.left(span(left)) };
}

export function ClockChip({ c, bar = true }: { c: Clock | null | undefined; bar?: boolean }) {
	if (!c) return <span class="q t12">{t().time.none}</span>;
	const f = clockFace(c);
	return (
		<span class={`clk ${f.cls}`} title={f.spoken}>
			<svg viewBox="0 0 16 16" aria-hidden="true">
				{f.cls === 'late' || f.cls === 'over' ? <path fill="currentColor" d={SAND} />
					: f.cls === 'met' ? <g fill="none" stroke="currentColor" stroke-width="1.5"><circle cx="8" cy="8" r="6.8" /><path d="m5 8.2 2.200 2.200L11 6" /></g>
						: <><circle cx="8" cy="8" r="6.800" fill="none" stroke="currentColor" stroke-width="1.5" /><path fill="currentColor" d={disc(f.left)} /></>}
			</svg>
			<b><span aria-hidden="true">{f.text}</span><span class="vh">{f.spoken}</span></b>
			{bar && f.cls !== 'met' && <i><u style={{ width: `${Math.round(Math.max(2, Math.min(100, f.left * 100)))}%` }} /></i>}
		</span>
	);
}

/* ---- entities, people ---- */

const entityIcon: Record<Entity['kind'], IconName> = { host: 'host', user: 'user', ip: 'ip', domain: 'ip', hash: 'hash', process: 'process', url: 'ip' };
export function Chip({ e, bare }: { e: Entity; bare?: boolean }) {
	return <span class={`chip${bare ? ' bare' : ''}`}><Icon name={entityIcon[e.kind] ?? 'host'} size={12} /><span class="vh">{t().entity[e.kind]} </span><span class="el"><Safe text={e.value} /></span></span>;
}

export function initials(name: string): string {
	const parts = name.trim().split(/\s+/);
	if (/[぀-ヿ一-鿿]/.test(name)) return name.trim().slice(0, 1);
	return parts.map((p) => p[0] ?? '').join('').slice(0, 2).toUpperCase();
}
export function Owner({ p }: { p: { name: { ja: string; en: string } } | null | undefined }) {
	if (!p) return <span class="q t12">{t().queue.none}</span>;
	return <span class="av" title={tx(p.name)} role="img" aria-label={tx(p.name)}>{initials(tx(p.name))}</span>;
}

/* ---- log text is data: control and direction characters as framed tokens, never a link; writing from the right stays in its place ---- */

const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/u;
const rightToLeft = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;
export function Safe({ text }: { text: string }) {
	if (!hidden.test(text)) return rightToLeft.test(text) ? <bdi>{text}</bdi> : <>{text}</>;
	return <bdi>{text.split(new RegExp(`(${hidden.source})`, 'u')).map((p, i) => (i % 2 === 1
		? <span class="tok" key={i}>U+{p.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}</span> : p))}</bdi>;
}

/* ---- small charts ---- */

export function Spark({ v }: { v: number[] }) {
	const top = Math.max(1, ...v);
	return (
		<svg width="72" height="20" viewBox="0 0 72 20" aria-hidden="true">
			{v.map((n, i) => (n ? <rect key={i} x={i * 3} y={20 - Math.max(3, 20 * n / top)} width="2" height={Math.max(3, 20 * n / top)} fill="var(--d1)" />
				: <rect key={i} x={i * 3} y="19" width="2" height="1" fill="var(--line-2)" />))}
		</svg>
	);
}

/* ---- states ---- */

export function Trouble({ e, again }: { e: ApiError; again?: () => void }) {
	const d = t().err;
	const text = e.status === 403 ? d.forbidden : e.status === 404 ? d.notFound : e.status === 0 ? d.network : tx(e.problem.title) || d.title;
	return (
		<div class="state" role="alert">
			<p><b>{text}</b>{e.problem.detail && !e.problem.faults && <span class="s"> <Safe text={e.problem.detail} /></span>}</p>
			{(e.problem.faults ?? []).map((f, i) => <p key={i} class="mono s"><Safe text={f} /></p>)}
			{again && e.status !== 403 && e.status !== 404 && <button class="btn sm" onClick={again}>{d.again}</button>}
		</div>
	);
}

export function Reading({ rows = 5 }: { rows?: number }) {
	return <div class="state wait" aria-busy="true"><span class="vh">{t().err.loading}</span>{Array.from({ length: rows }, (_, i) => <div key={i} class="sk" style={{ width: `${[82, 64, 76, 58, 70][i % 5]}%` }} />)}</div>;
}

/** Loading, error or the thing; old data stays while new data comes. */
export function Show<T>({ of, children, rows }: { of: { data: T | undefined; error: ApiError | null; reload: () => void }; children: (v: T) => ComponentChildren; rows?: number }) {
	if (of.data !== undefined) return <>{children(of.data)}</>;
	return of.error ? <Trouble e={of.error} again={of.reload} /> : <Reading rows={rows ?? 5} />;
}

/* ---- toast with undo: one at a time, ten seconds, stays while focused ---- */

interface Note { text: string; undo?: () => void; until: number }
const note = signal<Note | null>(null);
export const say = (text: string, undo?: () => void) => { note.value = undo ? { text, undo, until: Date.now() + 10000 } : { text, until: Date.now() + 5000 }; };
export const undoLast = () => {
	const n = note.value;
	if (!n?.undo) return;
	note.value = null;
	n.undo();
};

export function Toast() {
	const ref = useRef<HTMLDivElement>(null);
	const n = note.value;
	useEffect(() => {
		if (!n) return undefined;
		const id = setInterval(() => {
			if (Date.now() > n.until && !ref.current?.matches(':focus-within')) note.value = null;
		}, 500);
		return () => clearInterval(id);
	}, [n]);
	return (
		<div class="toasts" role="status">
			{n && <div class="toast" ref={ref}><span>{n.text}</span>{n.undo && <button class="plain acc" onClick={undoLast}>{t().cand.undo} <kbd>u</kbd></button>}{n.undo && <u key={n.until} class="run" />}</div>}
		</div>
	);
}

/* ---- form parts ---- */

export function Seg<T extends string>({ label, value, options, set }: { label: string; value: T | undefined; options: ReadonlyArray<readonly [T, string]>; set: (v: T) => void }) {
	return (
		<span class="seg" role="radiogroup" aria-label={label}>
			{options.map(([v, text]) => <label key={v} class={v === value ? 'on' : ''}><input type="radio" class="vh" name={label} checked={v === value} onChange={() => set(v)} />{text}</label>)}
		</span>
	);
}

export function Pick<T extends string>({ label, value, options, set }: { label: string; value: T; options: ReadonlyArray<readonly [T, string]>; set: (v: T) => void }) {
	return (
		<span class="pick btn sm"><select aria-label={label} value={value} onChange={(e) => set(e.currentTarget.value as T)}>{options.map(([v, x]) => <option key={v} value={v}>{x}</option>)}</select><Icon name="down" size={12} /></span>
	);
}

/** ref of what gets the focus as soon as it is drawn: autofocus would wait a frame, and works once a page. */
export const focusNow = (e: HTMLElement | null) => e?.focus();
export const other = () => (lang.value === 'ja' ? 'en' : 'ja');
