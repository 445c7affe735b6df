// SPDX-License-Identifier: Apache-2.0
// Each screen × language × theme: no complaint of the browser, axe clean, nothing wider than the window, a
// picture in the build folder. Then the keyboard: every screen reached and worked without a mouse.
//
//     node tests/web/screens.mjs [--shots DIR] [--only NAME] [--live FILE]
//
// Without --live the recorded answers of fake.mjs are served; with it a running service that live.py made ready:
// FILE holds its address, the sessions of two people, and the names of what to look at.
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { browser, check, page } from './browser.mjs';
import { draftOf, fake } from './fake.mjs';

const args = Object.fromEntries(process.argv.slice(2).reduce((a, x, i, all) => (x.startsWith('--') ? [...a, [x.slice(2), all[i + 1] ?? '']] : a), []));
const root = new URL('../..', import.meta.url).pathname, shots = args.shots ?? join(root, 'build/web-shots');
mkdirSync(shots, { recursive: true });

const screens = [
	['console-queue', 'analyst', '/console/queue?c=c-48213', '.qr'], ['console-candidate', 'analyst', '/console/candidates/c-48213', '.te'],
	['console-decide', 'analyst', '/console/candidates/c-48213/decide', '#confirm', 1080], ['console-incidents', 'analyst', '/console/incidents', 'tbody tr'],
	['console-incident', 'analyst', '/console/incidents/AOBA-2026-0007', '.cp', 1080], ['console-logs', 'analyst', '/console/logs', '.rt tbody tr'],
	['console-clocks', 'analyst', '/console/clocks', 'tbody tr'], ['console-devices', 'analyst', '/console/devices', 'tbody tr'], ['console-journal', 'analyst', '/console/journal', 'tbody tr'], ['console-account', 'analyst', '/console/account', '.kvp'],
	['portal-home', 'customer', '/portal/', '.fun', 1070], ['portal-incidents', 'customer', '/portal/incidents', 'tbody tr'],
	['portal-incident', 'customer', '/portal/incidents/AOBA-2026-0007', '.ck', 1290], ['portal-closed', 'customer', '/portal/closed', 'tbody tr'],
	['portal-devices', 'customer', '/portal/devices', 'input[name=asset-name]'], ['portal-register', 'customer', '/portal/devices/new', '.regf'], ['portal-registration', 'customer', '/portal/devices/r2', '.steps'], ['portal-live', 'customer', '/portal/devices/r3', '.raw1'], ['portal-logs', 'customer', '/portal/logs', '.rt tbody tr'], ['portal-account', 'customer', '/portal/account', '.kvp'],
	['console-inquiries', 'analyst', '/console/inquiries', 'tbody tr'], ['console-inquiry', 'analyst', '/console/inquiries/Q-14', '.msg'], ['console-phone', 'analyst', '/console/inquiries/new', '.form1'],
	['portal-inquiries', 'customer', '/portal/inquiries', 'tbody tr'], ['portal-inquiry', 'customer', '/portal/inquiries/Q-14', '.msg'], ['portal-ask', 'customer', '/portal/inquiries/new', '.form1'],
	['console-roster', 'analyst', '/console/roster', '.bars li'], ['console-handovers', 'analyst', '/console/handover', 'tbody tr'],
	['console-handover', 'analyst', '/console/handover/H-12', '.oi', 1300],
	...(args.live ? [] : [['console-give', 'analyst', '/console/handover/H-13', '#sign'], ['console-held', 'analyst', '/console/inquiries/Q-15', '.msg']]),
	['console-reports', 'analyst', '/console/reports?show=all', 'tbody tr'], ['console-report', 'analyst', '/console/reports/R-AOBA', '#words-ja', 1080], ['portal-reports', 'customer', '/portal/reports', '.card'],
	...(args.live ? [] : [['console-publish', 'lead', '/console/reports/R-HARBOR', '#publish', 1080]]),
];

let passed = 0, failed = 0;
function tell(name, faults) {
	if (faults.length === 0) { passed++; return; }
	failed++;
	console.log(`FAIL ${name}`);
	for (const f of faults) console.log(`     ${f}`);
}

const dist = join(root, 'web/dist');
const live = args.live ? JSON.parse(readFileSync(args.live, 'utf8')) : null;
const homes = live ? { analyst: { url: live.base, close() {} }, customer: { url: live.base, close() {} } } : { analyst: await fake(dist, 'analyst'), lead: await fake(dist, 'lead'), customer: await fake(dist, 'customer') };
const named = (path) => (live ? path.replace('AOBA-2026-0007', live.ids.incident).replaceAll('c-48213', live.ids.open).replace('Q-14', live.ids.inquiry).replace('H-12', live.ids.handover).replace('R-AOBA', live.ids.report) : path.replace('R-AOBA', draftOf('aoba')).replace('R-HARBOR', draftOf('harbor')));
const { b, close } = await browser();

async function screen([name, who, path, wait, height], lang, theme, more = {}) {
	const width = more.width ?? (who === 'customer' ? 1280 : 1440);
	const p = await page(b, { lang, theme, width, height: more.height ?? height ?? 900, ...more, state: live?.states[who] });
	const label = `${name}-${lang}-${theme}${more.tag ?? ''}`;
	try {
		await p.goto(homes[who].url + named(path));
		await p.waitForSelector(wait, { timeout: 10000 });
		await p.evaluate(() => document.fonts.ready);
		const faults = await check(p);
		const wide = await p.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
		if (wide > 0) faults.push(`wider than the window by ${wide}px`);
		await p.screenshot({ path: join(shots, `${label}.png`), fullPage: who === 'customer' });
		tell(label, [...faults, ...p.faults]);
	} catch (e) {
		tell(label, [String(e.message).split('\n')[0], ...p.faults]);
		await p.screenshot({ path: join(shots, `${label}.png`) }).catch(() => null);
	}
	await p.context().close();
}

for (const s of screens.filter(([n]) => !args.only || n.includes(args.only)))
	for (const lang of ['ja', 'en']) for (const theme of ['light', 'dark']) await screen(s, lang, theme);
if (!args.only) {
	await screen(screens[0], 'en', 'light', { density: 'close', tag: '-close' });
	await screen(screens[0], 'ja', 'dark', { width: 1000, tag: '-narrow' });
	await screen(screens[8], 'en', 'light', { width: 390, height: 844, tag: '-phone' });
	await screen(screens[10], 'ja', 'light', { width: 390, height: 844, tag: '-phone' });
	await screen(screens.find(([n]) => n === 'portal-reports'), 'ja', 'light', { width: 390, height: 844, tag: '-phone' });
	await screen(screens.find(([n]) => n === 'portal-inquiry'), 'ja', 'light', { width: 390, height: 844, tag: '-phone' });
}

/* ---- the keyboard ---- */
async function keys(name, steps) {
	const p = await page(b, { lang: 'en' });
	try {
		await steps(p);
		tell(`keys: ${name}`, p.faults);
	} catch (e) {
		tell(`keys: ${name}`, [String(e.message).split('\n')[0], ...p.faults]);
	}
	await p.context().close();
}
const want = (ok, text) => { if (!ok) throw new Error(text); };
const current = (p) => p.getAttribute('.qr.cur', 'data-id');
const at = (p, s) => p.waitForFunction((x) => location.pathname.includes(x), s);

if (!live && (!args.only || args.only === 'keys')) {
	await keys('queue moves, marks, opens', async (p) => {
		await p.goto(`${homes.analyst.url}/console/queue`);
		await p.waitForSelector('.qr.cur');
		want(await current(p) === 'c-48211', 'the cursor begins at the top');
		await p.keyboard.press('j');
		await p.keyboard.press('j');
		await p.keyboard.press('k');
		want(await current(p) === 'c-48213', 'j j k');
		await p.keyboard.press('x');
		want(await p.locator('.qr.mk').count() === 1, 'x marks');
		await p.keyboard.press('Enter');
		await at(p, '/candidates/c-48213');
		await p.waitForSelector('.te');
		await p.keyboard.press('e');
		await at(p, '/decide');
		await p.waitForSelector('#confirm');
		await p.keyboard.press('Escape');
		await p.keyboard.press('g');
		await p.keyboard.press('q');
		await at(p, '/queue');
	});
	await keys('the queue says j and k on its bar, ? shows every key', async (p) => {
		await p.goto(`${homes.analyst.url}/console/queue`);
		await p.waitForSelector('.qr.cur');
		const bar = await p.locator('.kbdbar kbd').allTextContents();
		for (const k of ['j', 'k', 'Enter', 'x', 'a', 'c', 'e']) want(bar.includes(k), `${k} is on the bar`);
		await p.keyboard.press('?');
		await p.waitForSelector('dialog[open]');
		const all = await p.locator('dialog kbd').allTextContents();
		for (const k of ['j', 'k', 'Enter', 'a', 'c', 'e', 'x', '/', '?', 'u', 'g', 'w', 'o', 'p']) want(all.includes(k), `${k} is in the help`);
		await p.keyboard.press('Escape');
	});
	await keys('an answer is read once more before it goes; a chat sends by Enter', async (p) => {
		const posted = [];
		p.on('request', (r) => { if (r.url().endsWith('/messages') && r.method() === 'POST') posted.push(JSON.parse(r.postData())); });
		await p.goto(`${homes.analyst.url}/console/queue`);
		await p.waitForSelector('.qr.cur');
		await p.keyboard.press('g');
		await p.keyboard.press('m');
		await at(p, '/inquiries');
		await p.waitForSelector('tbody tr');
		await p.keyboard.press('j');
		await p.keyboard.press('Enter');
		await at(p, '/inquiries/Q-14');
		await p.waitForSelector('.msg');
		await p.keyboard.press('n');
		await p.keyboard.type('It is scanner-2.');
		await p.keyboard.press('Control+Enter');
		await p.waitForSelector('.publish');
		want(posted.length === 0, 'nothing was sent before the second look');
		await p.keyboard.press('Enter');
		await p.waitForSelector('.publish', { state: 'detached' });
		want(posted.length === 1 && posted[0].visible === true && posted[0].text === 'It is scanner-2.', 'the answer went out once');
		await p.goto(`${homes.customer.url}/portal/inquiries/Q-14`);
		await p.waitForSelector('.msg');
		await p.click('.compose .seg >> text=Chat');
		await p.focus('.compose textarea');
		await p.keyboard.type('hello');
		await p.keyboard.press('Enter');
		await p.waitForFunction(() => document.querySelector('.compose textarea').value === '');
		want(posted[1]?.door === 'chat' && posted[1].text === 'hello', 'Enter sent it as chat');
		want(await p.locator('.msg.int').count() === 0, 'no internal note for the customer');
	});
	await keys('a hand-over: through its items, two marked, taken over', async (p) => {
		const posted = [];
		p.on('request', (r) => { if (r.url().endsWith('/accept') && r.method() === 'POST') posted.push(JSON.parse(r.postData())); });
		await p.goto(`${homes.analyst.url}/console/queue`);
		await p.waitForSelector('.qr.cur');
		await p.keyboard.press('g');
		await p.keyboard.press('h');
		await at(p, '/handover');
		await p.waitForSelector('tbody tr');
		await p.keyboard.press('j');
		await p.keyboard.press('Enter');
		await at(p, '/handover/H-12');
		await p.waitForSelector('.oi.cur');
		await p.keyboard.press('x');
		await p.keyboard.press('j');
		await p.keyboard.press('x'); // it stays with its owner: no mark
		await p.keyboard.press('j');
		await p.keyboard.press('x');
		await p.keyboard.press('a');
		want(posted.length === 0 && await p.evaluate(() => document.activeElement?.id === 'accept'), 'a only brings the focus to the button');
		await p.keyboard.press('Enter');
		await p.waitForFunction(() => document.querySelectorAll('.oi input:checked').length === 0);
		want(posted.length === 1 && posted[0].items.join() === '1,3', `taken over: ${JSON.stringify(posted)}`);
		await p.keyboard.press('g');
		await p.keyboard.press('r');
		await at(p, '/roster');
		await p.waitForSelector('.bars li');
		await p.keyboard.press('ArrowRight');
		await p.waitForSelector('.bars li');
	});
	await keys('a report goes out only with both languages, by a lead, after a second look', async (p) => {
		const posted = [];
		p.on('request', (r) => { if (r.url().includes('/reports/') && r.method() === 'POST') posted.push([r.url().split('/').pop(), JSON.parse(r.postData() || 'null')]); });
		await p.goto(`${homes.analyst.url}/console/reports/${draftOf('harbor')}`);
		await p.waitForSelector('#words-ja');
		want(await p.locator('#publish').count() === 0, 'an analyst has no button');
		await p.goto(`${homes.lead.url}/console/reports`);
		await p.waitForSelector('tbody tr');
		await p.keyboard.press('j');
		await p.keyboard.press('j');
		await p.keyboard.press('Enter');
		await at(p, `/reports/${draftOf('harbor')}`);
		await p.waitForSelector('#publish');
		want(await p.isDisabled('#publish'), 'English is missing');
		await p.keyboard.press('n');
		want(await p.evaluate(() => document.activeElement?.id === 'words-ja'), 'n goes to the words');
		await p.fill('#words-en', 'A quiet month.');
		await p.click('.repr .btn.pri >> text=Save');
		await p.waitForFunction(() => !document.querySelector('#publish').disabled);
		want(posted.length === 1 && posted[0][0] === 'words' && posted[0][1].words.en === 'A quiet month.', 'the words were saved');
		await p.click('#publish');
		await p.waitForSelector('[role=alertdialog]');
		want(posted.length === 1, 'nothing went out before the second look');
		await p.keyboard.press('Enter');
		await p.waitForSelector('.tag >> text=published');
		want(posted.length === 2 && posted[1][0] === 'publish', 'published once');
		want(await p.getAttribute('.docs a', 'href') === `/api/v1/reports/${draftOf('harbor')}/pdf?lang=en`, 'the reader’s own language first');
	});
	await keys('assign, then take back; close needs a reason', async (p) => {
		await p.goto(`${homes.analyst.url}/console/queue`);
		await p.waitForSelector('.qr.cur');
		await p.keyboard.press('a');
		await p.waitForSelector('.toast');
		await p.keyboard.press('u');
		await p.waitForSelector('.toast >> text=Given back');
		await p.keyboard.press('c');
		await p.waitForSelector('dialog[open]');
		want(await p.isDisabled('dialog .btn.pri'), 'no reason, no closing');
		await p.keyboard.press('Space');
		want(!(await p.isDisabled('dialog .btn.pri')), 'a reason was chosen by key');
		await p.keyboard.press('Escape');
	});
	await keys('no key decides: Ctrl+Enter only brings the focus to the button', async (p) => {
		let posted = 0;
		p.on('request', (r) => { if (r.url().endsWith('/decide') && r.method() === 'POST') posted++; });
		await p.goto(`${homes.analyst.url}/console/candidates/c-48213/decide`);
		await p.waitForSelector('#confirm');
		await p.keyboard.press('2');
		want(await p.evaluate(() => document.activeElement?.closest('.seg') !== null), '2 goes to the second question');
		await p.keyboard.press('Control+Enter');
		want(await p.evaluate(() => document.activeElement?.id === 'confirm'), 'focus on the button');
		want(posted === 0, 'nothing left the house');
		await p.keyboard.press('Enter');
		await at(p, '/incidents/AOBA');
		want(posted === 1, 'the button decides once');
	});
	await keys('single keys stay out of text and of composition, and can be switched off', async (p) => {
		await p.goto(`${homes.analyst.url}/console/candidates/c-48213`);
		await p.waitForSelector('#note');
		await p.keyboard.press('n');
		await p.keyboard.type('ejc');
		want(await p.inputValue('#note') === 'ejc' && !p.url().includes('decide'), 'typed, not run');
		await p.goto(`${homes.analyst.url}/console/account`);
		await p.waitForSelector('.kvp');
		await p.evaluate(() => localStorage.setItem('nz.keys', 'off'));
		await p.goto(`${homes.analyst.url}/console/queue`);
		await p.waitForSelector('.qr.cur');
		await p.keyboard.press('j');
		want(await current(p) === 'c-48211', 'off is off');
	});
	await keys('the log explorer: brush by arrows, zoom, back', async (p) => {
		await p.goto(`${homes.analyst.url}/console/logs`);
		await p.waitForSelector('.hgb');
		await p.focus('.hgb');
		await p.keyboard.press('ArrowRight');
		await p.keyboard.press('Shift+ArrowRight');
		await p.waitForSelector('.hgh >> text=Brush');
		await p.keyboard.press('Enter');
		await p.waitForFunction(() => location.search.includes('from='));
		await p.keyboard.press('Escape');
		await p.evaluate(() => document.activeElement?.blur());
		await p.keyboard.press('z');
		await p.waitForFunction(() => !location.search.includes('from='));
		want(await p.locator('.raw .tok, .rt .tok').count() > 0, 'a hidden character is drawn as a token');
	});
	await keys('sign out, sign in', async (p) => {
		await p.goto(`${homes.customer.url}/portal/account`);
		await p.waitForSelector('text=Sign out');
		await p.click('text=Sign out');
		await p.waitForSelector('input[name=login]');
		tell('axe: sign in', await check(p));
		await p.screenshot({ path: join(shots, 'login-en-light.png') });
		await p.fill('input[name=login]', 'odagiri');
		await p.fill('input[name=password]', 'x');
		await p.keyboard.press('Enter');
		await p.waitForSelector('.kvp');
	});
}

await close();
homes.analyst.close();
homes.lead?.close();
homes.customer.close();
console.log(`web: ${passed} passed, ${failed} failed; pictures in ${shots}`);
process.exit(failed ? 1 : 0);
