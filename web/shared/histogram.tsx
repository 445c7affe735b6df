// SPDX-License-Identifier: Apache-2.0
// Own SVG: bars, hatch where nothing was received, a brush with two handles that mouse and arrows move,
// and the same numbers as a table.
import { useRef, useState } from 'preact/hooks';
import type { Bucket } from './logs-data';
import { num, t } from './i18n';
import { hm, whenLong, span } from './time';

export interface Brush { from: number; to: number }
const H = 132, TOP = 6, AXIS = 18;

function Bars({ b, max, brush, width }: { b: Bucket[]; max: number; brush: Brush | null; width: number }) {
	const w = width / Math.max(1, b.length), h = H - AXIS - TOP;
	return (
		<>
			{b.map((x, i) => {
				const y = max ? h * x.n / max : 0, lit = !brush || (x.at >= brush.from && x.at < brush.to);
				return x.known ? <rect key={x.at} x={i * w + 0.5} y={TOP + h - y} width={Math.max(0.5, w - 1)} height={y} fill="var(--d1)" opacity={lit ? 1 : 0.62} />
					: <rect key={x.at} x={i * w} y={TOP} width={w} height={h} fill="url(#hatch)" stroke="var(--hatch)" stroke-dasharray="1 3" />;
			})}
		</>
	);
}

export function Histogram({ buckets, step, brush, set, zoom }: { buckets: Bucket[]; step: number; brush: Brush | null; set: (b: Brush | null) => void; zoom: (b: Brush) => void }) {
	const d = t().logs, W = 1200, ref = useRef<SVGSVGElement>(null), [table, setTable] = useState(false);
	const drag = useRef<{ from: number } | null>(null);
	const first = buckets[0]?.at ?? 0, last = (buckets.at(-1)?.at ?? 0) + step, all = Math.max(1, last - first);
	const max = Math.max(0, ...buckets.map((b) => b.n)), total = buckets.reduce((n, b) => n + b.n, 0);
	const x = (at: number) => ((at - first) / all) * W;
	const snap = (e: PointerEvent) => {
		const r = ref.current!.getBoundingClientRect();
		return first + Math.round(Math.max(0, Math.min(1, (e.clientX - r.left) / r.width)) * (all / step)) * step;
	};
	const inside = brush ? buckets.filter((b) => b.at >= brush.from && b.at < brush.to).reduce((n, b) => n + b.n, 0) : 0;
	const key = (e: KeyboardEvent) => {
		const by = e.key === 'ArrowLeft' ? -step : e.key === 'ArrowRight' ? step : 0;
		if (e.key === 'Enter' && brush) { zoom(brush); e.preventDefault(); }
		if (e.key === 'Escape') set(null);
		if (!by) return;
		e.preventDefault();
		const b = brush ?? { from: first + Math.floor(all / step / 2) * step, to: first + Math.floor(all / step / 2 + 4) * step };
		if (e.shiftKey) set({ from: b.from, to: Math.max(b.from + step, Math.min(last, b.to + by)) });
		else if (b.from + by >= first && b.to + by <= last) set({ from: b.from + by, to: b.to + by });
	};
	const ticks = Array.from({ length: 7 }, (_, i) => first + (all * i) / 6);
	return (
		<div class="hg">
			<div class="hgh"><b class="b">{d.chart(span(step / 1000))}</b><span class="s">{d.hits(total)}</span>{buckets.some((b) => !b.known) && <span class="s">▨ {d.silent}</span>}<span class="sp" />
				{brush && <span class="s">{d.brush(hm(brush.from), hm(brush.to))} · {d.hits(inside)}</span>}
				<span class="s keysh"><kbd>←</kbd><kbd>→</kbd> {d.move} <kbd>Shift</kbd><kbd>→</kbd> {d.widen} <kbd>Enter</kbd> {d.zoom}</span>
				<button class="plain acc" aria-pressed={table} onClick={() => setTable(!table)}>{table ? d.chartShow : d.table}</button></div>
			{table ? (
				<div class="hgt" tabIndex={0} role="group" aria-label={d.table}><table class="t rt"><thead><tr><th>{d.bucket}</th><th class="r">{d.count}</th></tr></thead><tbody>{buckets.map((b) => <tr key={b.at}><td>{whenLong(b.at)}</td><td class="r">{b.known ? num(b.n) : d.silent}</td></tr>)}</tbody></table></div>
			) : (
				<div class="hgb" tabIndex={0} role="group" aria-label={`${d.chart(span(step / 1000))}. ${d.hits(total)}`} onKeyDown={key}>
					<span class="ymax t11 q" aria-hidden="true">{num(max)}</span>
					<svg ref={ref} viewBox={`0 0 ${W} ${H}`} preserveAspectRatio="none" height={H} width="100%" aria-hidden="true"
						onPointerDown={(e) => { drag.current = { from: snap(e) }; ref.current?.setPointerCapture(e.pointerId); set(null); }}
						onPointerMove={(e) => { if (drag.current) { const to = snap(e), f = drag.current.from; set(to === f ? null : { from: Math.min(f, to), to: Math.max(f, to) }); } }}
						onPointerUp={() => { drag.current = null; }}>
						<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path d="M0 0v6" stroke="var(--hatch)" stroke-width="2" /></pattern></defs>
						<path d={`M0 ${TOP}H${W}M0 ${(H - AXIS + TOP) / 2}H${W}`} stroke="var(--line)" /><path d={`M0 ${H - AXIS}H${W}`} stroke="var(--line-2)" />
						<Bars b={buckets} max={max} brush={brush} width={W} />
						{brush && <g><rect x={x(brush.from)} y="0" width={x(brush.to) - x(brush.from)} height={H - AXIS} fill="var(--brush)" stroke="var(--accent-solid)" /></g>}
					</svg>
					<div class="axis t11 q" aria-hidden="true">{ticks.map((at) => <span key={at}>{all > 172800000 ? whenLong(at) : hm(at)}</span>)}</div>
				</div>
			)}
		</div>
	);
}
