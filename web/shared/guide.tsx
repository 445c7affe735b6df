// SPDX-License-Identifier: Apache-2.0
// What somebody at the device does: plain text of the source's file, commands to copy, the collector's address in its place.
import type { Lcp, Source } from './api.gen';
import { t, tx } from './i18n';

/** Where a collector listens for a transport: its own word, or a blank that one sees. */
export function reach(lcp: Lcp | undefined, transport: string): { address: string; port: string } {
	const listen = lcp?.config?.listen?.find((x) => x.startsWith(`${transport}:`)) ?? '';
	const [, host = '', port = ''] = /^\w+:(.*):(\d+)$/.exec(listen) ?? [];
	const any = host === '' || host === '0.0.0.0' || host === '::' || host === '[::]';
	return { address: (any ? lcp?.config?.addresses?.[0] : host) ?? t().reg.collectorAddress, port: port || (transport === 'tls' ? '6514' : '514') };
}

export function Guide({ source, lcp, transport }: { source: Source; lcp: Lcp | undefined; transport: string }) {
	const at = reach(lcp, transport), text = tx(source.guide).replaceAll('{address}', at.address).replaceAll('{port}', at.port);
	const parts: Array<{ code: boolean; lines: string[] }> = [];
	for (const line of text.split('\n')) {
		const code = line.startsWith('    '), last = parts[parts.length - 1];
		if (last && (last.code === code || (line === '' && last.code))) last.lines.push(code ? line.slice(4) : line);
		else parts.push({ code, lines: [code ? line.slice(4) : line] });
	}
	return (
		<section class="card guide" aria-label={t().reg.guide}>
			<h2>{t().reg.guide}: {source.title}</h2>
			{parts.map((p, i) => (p.code ? <pre key={i} class="mono" tabIndex={0}>{p.lines.join('\n').trimEnd()}</pre> : p.lines.filter(Boolean).map((l, k) => <p key={`${i}.${k}`}>{l}</p>)))}
		</section>
	);
}
