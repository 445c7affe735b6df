// SPDX-License-Identifier: Apache-2.0
// Four numbers above one band; its height goes by the logarithm, and says so. Each number opens its list.
import type { FunnelDay } from '../shared/api.gen';
import { lang, num, t } from '../shared/i18n';
import { Link } from '../shared/router';

function rounded(n: number): string {
	if (lang.value === 'ja' && n >= 10000) return `${num(Math.round(n / 10000))}万`;
	if (n >= 1e6) return `${(n / 1e6).toFixed(n >= 1e7 ? 0 : 1)} M`;
	return num(n);
}

function Band({ v }: { v: number[] }) {
	const top = Math.log10(1 + Math.max(1, ...v)), h = v.map((n) => (n > 0 ? Math.max(3, (84 * Math.log10(1 + n)) / top) : 0)), mid = 44, w = 151;
	const shade = [0.28, 0.45, 0.68, 1];
	return (
		<svg width="100%" height="88" viewBox="0 0 604 88" preserveAspectRatio="none" aria-hidden="true">
			{v.map((_, i) => {
				const a = (h[i] ?? 0) / 2, b = (h[Math.min(i + 1, 3)] ?? 0) / 2, x = i * w;
				if (!h[i]) return <path key={i} d={`M${x} ${mid}H${x + w}`} stroke="var(--d1)" stroke-width="2" stroke-dasharray="2 5" fill="none" />;
				return <path key={i} fill="var(--d1)" opacity={shade[i] ?? 1} d={`M${x} ${mid - a}C${x + w * 0.7} ${mid - a} ${x + w * 0.5} ${mid - b} ${x + w} ${mid - b}V${mid + b}C${x + w * 0.5} ${mid + b} ${x + w * 0.7} ${mid + a} ${x} ${mid + a}z`} />;
			})}
		</svg>
	);
}

export function Funnel({ f }: { f: FunnelDay }) {
	const d = t().home, rate = f.lines ? (100 * f.events) / f.lines : 100;
	const cells = [
		['/portal/devices', d.lines, rounded(f.lines), d.rawLines(num(f.lines))],
		['/portal/logs', d.events, rounded(f.events), `${rate.toFixed(2)} %`],
		['/portal/closed', d.candidates, num(f.candidates), f.candidates && f.closed === f.candidates ? d.allClosed : ''],
		['/portal/incidents', d.incidents, num(f.incidents), f.incidents ? '' : d.nothingHappened],
	] as const;
	return (
		<>
			<div class="fun">{cells.map(([to, label, big, small]) => <div key={label}><span>{label}</span><Link to={to} class="tx"><b>{big}</b></Link><span class="q">{small}</span></div>)}</div>
			<Band v={[f.lines, f.events, f.candidates, f.incidents]} />
			<p class="q t12 mt">{d.log}</p>
		</>
	);
}
