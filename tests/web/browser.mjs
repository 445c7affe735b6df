// SPDX-License-Identifier: Apache-2.0
// Debian's Chromium, driven by playwright-core; a page that remembers everything it complained about.
import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const { chromium } = require('playwright-core');
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export async function browser() {
	const home = mkdtempSync(join(tmpdir(), 'nezuban-web-'));
	const b = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true,
		args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync', `--disk-cache-dir=${home}`] });
	return { b, close: async () => { await b.close(); rmSync(home, { recursive: true, force: true }); } };
}

/** A page in one language and theme; page.faults collects console errors, page errors and failed requests. */
export async function page(b, { lang = 'en', theme = 'light', density = 'calm', width = 1440, height = 900, state } = {}) {
	const context = await b.newContext({ viewport: { width, height }, ignoreHTTPSErrors: true, locale: lang === 'ja' ? 'ja-JP' : 'en-GB', colorScheme: theme, reducedMotion: 'reduce', ...(state ? { storageState: state } : {}) });
	await context.addInitScript(([l, t, d]) => { localStorage.setItem('nz.lang', l); localStorage.setItem('nz.theme', t); localStorage.setItem('nz.density', d); }, [lang, theme, density]);
	const p = await context.newPage();
	p.faults = [];
	p.on('console', (m) => { if (['error', 'warning'].includes(m.type())) p.faults.push(`console ${m.type()}: ${m.text()}`); });
	p.on('pageerror', (e) => p.faults.push(`error: ${e.message}`));
	return p;
}

/** axe with WCAG 2.2 AA; returns one line per finding. */
export async function check(p) {
	await p.evaluate(axe);
	const r = await p.evaluate(() => globalThis.axe.run(document, { runOnly: { type: 'tag', values: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] } }));
	return r.violations.map((v) => `axe ${v.id} (${v.nodes.length}×): ${v.help} — ${v.nodes[0].target.join(' ')} ${v.nodes[0].failureSummary?.split('\n')[1] ?? ''}`);
}
