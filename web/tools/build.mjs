// SPDX-License-Identifier: Apache-2.0
// web/dist: two apps, hashed names, gzip beside every file that shrinks. Fails when the first load of an app
// is above its budget (60 kB of gzipped script).
import { build } from 'esbuild';
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';

const BUDGET = 60 * 1000;
const web = join(dirname(fileURLToPath(import.meta.url)), '..');
const dist = join(web, 'dist');
rmSync(dist, { recursive: true, force: true });
mkdirSync(dist, { recursive: true });

const result = await build({
	absWorkingDir: web,
	entryPoints: { 'console/app': 'console/main.tsx', 'portal/app': 'portal/main.tsx' },
	bundle: true, splitting: true, format: 'esm', minify: true, target: ['es2022'],
	jsx: 'automatic', jsxImportSource: 'preact', metafile: true, legalComments: 'none',
	entryNames: '[dir]/[name]-[hash]', chunkNames: 'shared/[name]-[hash]', assetNames: 'shared/[name]-[hash]',
	outdir: 'dist', loader: { '.svg': 'file' },
});

const outputs = result.metafile.outputs;
let bad = false;
for (const app of ['console', 'portal']) {
	const entry = Object.keys(outputs).find((o) => outputs[o].entryPoint === `${app}/main.tsx`);
	const css = outputs[entry].cssBundle;
	const seen = new Set();
	const walk = (o) => {
		if (seen.has(o)) return;
		seen.add(o);
		for (const i of outputs[o].imports) if (i.kind === 'import-statement') walk(i.path);
	};
	walk(entry);
	const bytes = [...seen].reduce((n, o) => n + gzipSync(readFileSync(join(web, o)), { level: 9 }).length, 0);
	console.log(`${app}: first load ${(bytes / 1000).toFixed(1)} kB gzip of script (budget ${BUDGET / 1000})`);
	bad ||= bytes > BUDGET;
	const html = readFileSync(join(web, app, 'index.html'), 'utf8')
		.replace('%SCRIPT%', `/${entry.slice(5)}`).replace('%STYLE%', `/${css.slice(5)}`);
	writeFileSync(join(dist, app, 'index.html'), html);
}
for (const f of ['mark.svg', 'wordmark.svg']) cpSync(join(web, 'shared', f), join(dist, 'shared', f));

function shrink(folder) {
	for (const f of readdirSync(folder)) {
		const p = join(folder, f);
		if (statSync(p).isDirectory()) { shrink(p); continue; }
		if (!['.js', '.css', '.html', '.svg', '.json'].includes(extname(basename(f)))) continue;
		const raw = readFileSync(p);
		const gz = gzipSync(raw, { level: 9 });
		if (gz.length < raw.length * 0.9) writeFileSync(p + '.gz', gz);
	}
}
shrink(dist);
if (bad) { console.error('build: above the budget'); process.exit(1); }
