// SPDX-License-Identifier: Apache-2.0
// The portal and the console of a service whose logs were written by an enemy (tests/scene/hostile.py): nothing runs, nothing is asked of anybody else, no
// element or link is made of a log's words, hidden characters are drawn as tokens, writing from the right stays in its place; and each value is shown.
//
//     node tests/web/hostile.mjs FILE
//
// FILE: {base, states: {who: storage state}, pages: [{who, path, lang, wait, want: [markers]}], mails: [files of HTML]}
import { readFileSync } from 'node:fs';
import { browser, page } from './browser.mjs';

const job = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { b, close } = await browser();
const faults = [];

/** Listens for everything that must not happen on a page. */
async function watch(p, label, allowed) {
	p.on('dialog', (d) => { faults.push(`${label}: a dialog: ${d.message()}`); void d.dismiss(); });
	p.on('request', (r) => { if (!allowed.some((a) => r.url().startsWith(a))) faults.push(`${label}: asked ${r.url().slice(0, 120)}`); });
	p.on('popup', () => faults.push(`${label}: a window`));
	await p.addInitScript(() => { globalThis.csp = []; document.addEventListener('securitypolicyviolation', (e) => globalThis.csp.push(`${e.violatedDirective} ${e.blockedURI}`)); });
}

/** In the page: what is wrong with it. */
function inspect() {
	const out = [], turning = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/, controls = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/, right = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;
	if (globalThis.hit !== undefined) out.push(`a script ran: ${globalThis.hit}`);
	for (const v of globalThis.csp ?? []) out.push(`the browser blocked ${v}`);
	for (const e of document.querySelectorAll('*')) {
		const tag = e.tagName.toLowerCase();
		if (['iframe', 'object', 'embed', 'base', 'marquee', 'say-as', 'break', 'phoneme'].includes(tag) || (tag === 'script' && !e.src.startsWith(location.origin)) || (tag === 'img' && !e.src.startsWith(location.origin) && !e.src.startsWith('data:'))) out.push(`an element: ${e.outerHTML.slice(0, 100)}`);
		for (const a of e.attributes) {
			if (/^on/i.test(a.name)) out.push(`an attribute: ${tag} ${a.name}=${a.value.slice(0, 80)}`);
			if (['href', 'src', 'action', 'formaction'].includes(a.name.toLowerCase()) && a.value !== '' && !/^(\/(?!\/)|#|\?|data:image\/|blob:)/.test(a.value) && !a.value.startsWith(location.origin)) out.push(`a link: ${tag} ${a.name}=${a.value.slice(0, 80)}`);
		}
	}
	const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n = walk.nextNode(); n; n = walk.nextNode()) {
		const text = n.nodeValue, near = JSON.stringify(text.slice(0, 80));
		if (['SCRIPT', 'STYLE', 'TEXTAREA'].includes(n.parentElement.tagName)) continue;
		if (turning.test(text)) out.push(`marks that turn: ${near} in ${n.parentElement.outerHTML.slice(0, 80)}`);
		if (controls.test(text)) out.push(`control characters: ${near}`);
		if (right.test(text) && !n.parentElement.closest('bdi, [dir=auto]') && getComputedStyle(n.parentElement).unicodeBidi !== 'isolate') out.push(`not isolated: ${near} in ${n.parentElement.outerHTML.slice(0, 80)}`);
	}
	if (document.documentElement.scrollWidth > innerWidth + 1) out.push(`wider than the window: ${document.documentElement.scrollWidth}`);
	return out;
}

async function look({ who, path, lang, wait, want }) {
	const label = `${who} ${path}`, p = await pageOf(who, lang);
	p.faults.length = 0;
	try {
		await p.goto(job.base + path);
		if (wait) await p.waitForSelector(wait, { timeout: 15000 });
		await p.evaluate(() => { for (const d of document.querySelectorAll('details')) d.open = true; });
		const missing = () => p.evaluate((list) => { const text = document.body.textContent + [...document.querySelectorAll('textarea, input')].map((i) => i.value).join(' '); return list.filter((m) => !text.includes(m)); }, want);
		for (let i = 0; i < 50 && (await missing()).length > 0; i++) await new Promise((r) => setTimeout(r, 100));
		const lost = await missing();
		if (lost.length > 0) faults.push(`${label}: not shown: ${lost.join(' ')}`);
		for (const f of await p.evaluate(inspect)) faults.push(`${label}: ${f}`);
		for (const f of p.faults) faults.push(`${label}: ${f}`);
	} catch (e) { faults.push(`${label}: ${e.message.split('\n')[0]}`); }
}

const open = new Map();
async function pageOf(who, lang) {
	if (!open.has(who + lang)) {
		const p = await page(b, { lang, state: job.states[who] });
		await watch(p, `${who} ${lang}`, [job.base, 'data:', 'blob:']);
		open.set(who + lang, p);
	}
	return open.get(who + lang);
}

for (const x of job.pages) await look(x);

// the mails, as a reader that lets scripts run would show them
const p = await page(b);
await watch(p, 'mail', ['about:']);
for (const file of job.mails) {
	await p.goto('about:blank');
	await p.setContent(readFileSync(file, 'utf8'));
	for (const f of await p.evaluate(() => {
		const out = [];
		if (globalThis.hit !== undefined) out.push('a script ran');
		for (const e of document.querySelectorAll('script, img, svg, iframe, object, form, input, link, style, say-as, break')) out.push(`an element: ${e.outerHTML.slice(0, 80)}`);
		for (const a of document.querySelectorAll('a')) if (!a.href.startsWith('https://soc.nezuban.example/')) out.push(`a link: ${a.href}`);
		return out;
	})) faults.push(`${file}: ${f}`);
}
await close();
for (const f of [...new Set(faults)].slice(0, 60)) console.log(f);
console.log(`browser: ${job.pages.length} pages, ${job.mails.length} mails, ${faults.length} faults`);
process.exit(faults.length > 0 ? 1 : 0);
