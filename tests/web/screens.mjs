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
import { correctedOf, draftOf, fake, publishedOf } from './fake.mjs';

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
	['console-advisories', 'analyst', '/console/advisories', 'tbody tr'], ['console-advisory', 'analyst', '/console/advisories/A-3', '.stack1'], ['console-advise', 'analyst', '/console/advisories/new', '.form1'], ['portal-advisories', 'customer', '/portal/advisories', 'tbody tr'], ['portal-advisory', 'customer', '/portal/advisories/A-2', '.stack .sec'],
	['console-roster', 'analyst', '/console/roster', '.bars li'], ['console-handovers', 'analyst', '/console/handover', 'tbody tr'],
	['console-handover', 'analyst', '/console/handover/H-12', '.oi', 1300],
	...(args.live ? [] : [['console-give', 'analyst', '/console/handover/H-13', '#sign'], ['console-held', 'analyst', '/console/inquiries/Q-15', '.msg']]),
	['console-reports', 'analyst', '/console/reports?show=all', 'tbody tr'], ['console-report', 'analyst', '/console/reports/R-AOBA', '#words-ja', 1080], ['portal-reports', 'customer', '/portal/reports', '.card'],
	...(args.live ? [] : [['console-publish', 'lead', '/console/reports/R-HARBOR', '#publish', 1080], ['console-replaced', 'lead', '/console/reports/R-CORRECTED?revision=1', '[role=note]', 1080], ['portal-replaced', 'customer', '/portal/reports?id=R-CORRECTED&revision=1', '[role=note]']]),
	['console-service', 'lead', '/console/service', 'tbody tr'], ['portal-service', 'customer', '/portal/service', '.avt tbody tr'], ['portal-programs', 'customer', '/portal/programs', '.card'],
	...(args.live ? [] : [['console-people', 'admin', '/console/people?who=u1', 'tbody tr'], ['console-service-tenant', 'lead', '/console/service?tenant=aoba', 'tbody tr'], ['console-maintenance', 'lead', '/console/service?tab=maintenance', 'tbody tr'], ['console-exclusions', 'lead', '/console/service?tab=exclusions', 'tbody tr'], ['console-test-calls', 'lead', '/console/service?tab=calls', '.apl li'], ['console-programs', 'admin', '/console/programs?tenant=aoba', '.apl li']]),
	['console-exceptions', 'analyst', '/console/exceptions', 'tbody tr'], ['console-exception', 'lead', '/console/exceptions/X-4', '.would'], ['console-exception-new', 'analyst', '/console/exceptions/new?candidate=c-48213', '.would'],
	['portal-exceptions', 'customer', '/portal/exceptions', '.exc'], ['portal-contacts', 'customer', '/portal/contacts', '.mtx'],
	...(args.live ? [] : [['console-exception-active', 'analyst', '/console/exceptions/X-3', '.smp'], ['console-broken', 'lead', '/console/clocks?broken=1', 'tbody tr'], ['console-incident-second', 'lead', '/console/incidents/AOBA-2026-0007', '#confirm2', 1500]]),
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
const homes = live ? { analyst: { url: live.base, close() {} }, lead: { url: live.base, close() {} }, customer: { url: live.base, close() {} } } : { analyst: await fake(dist, 'analyst'), lead: await fake(dist, 'lead'), admin: await fake(dist, 'admin'), customer: await fake(dist, 'customer') };
const named = (path) => (live ? path.replace('AOBA-2026-0007', live.ids.incident).replaceAll('c-48213', live.ids.open).replace('Q-14', live.ids.inquiry).replace(/A-[23]$/, live.ids.advisory).replace('H-12', live.ids.handover).replace('X-4', live.ids.exception).replace('R-AOBA', live.ids.report) : path.replace('R-AOBA', draftOf('aoba')).replace('R-HARBOR', draftOf('harbor')).replace('R-CORRECTED', correctedOf('aoba')));
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
	for (const n of ['portal-service', 'portal-programs']) for (const l of ['ja', 'en']) await screen(screens.find(([x]) => x === n), l, 'light', { width: 390, height: 844, tag: '-phone' });
	for (const n of ['console-service', 'console-programs', 'console-exclusions']) for (const l of ['ja', 'en']) await screen(screens.find(([x]) => x === n), l, 'light', { width: 1000, tag: '-narrow' });
	await screen(screens.find(([n]) => n === 'portal-inquiry'), 'ja', 'light', { width: 390, height: 844, tag: '-phone' });
}

/* ---- the keyboard ---- */
async function keys(name, steps, lang = 'en') {
	const p = await page(b, { lang });
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
	await keys('an administrator ends a session of somebody else', async (p) => {
		await p.goto(`${homes.admin.url}/console/people`);
		await p.getByRole('button', { name: 'Signed in miyoshi' }).click();
		await p.waitForSelector('text=Firefox 128, Windows');
		const asked = p.waitForRequest((r) => r.url().endsWith('/users/u1/sessions/s7') && r.method() === 'DELETE');
		await p.locator('.card').first().locator('tbody tr').first().getByRole('button').click();
		await asked;
	});
	await keys('the queue holds other work too, and opens each where it is done', async (p) => {
		await p.goto(`${homes.analyst.url}/console/queue?c=t1`);
		await p.waitForSelector('.qr.cur');
		want(await current(p) === 't1' && /AOBA-2026-0007\/2/.test(await p.locator('.pv').textContent()), 'the task is shown beside it');
		await p.keyboard.press('j');
		await p.keyboard.press('Enter');
		await at(p, '/inquiries/Q-14');
		await p.goto(`${homes.analyst.url}/console/queue?c=t1&kind=task`);
		await p.waitForSelector('.qr.cur');
		want(await p.locator('.qr').count() === 1, 'one kind alone');
		const asked = p.waitForRequest((r) => r.url().endsWith('/incidents/AOBA-2026-0007/tasks/2') && r.method() === 'PATCH');
		await p.keyboard.press('a');
		want(JSON.parse((await asked).postData()).owner, 'a takes the task');
		await p.keyboard.press('Enter');
		await at(p, '/incidents/AOBA-2026-0007');
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
	await keys('a lead says that a published month is wrong, in both languages, and drafts one by hand', async (p) => {
		const posted = [];
		p.on('request', (r) => { if (r.url().includes('/reports/') && r.method() === 'POST') posted.push([r.url().split('/').slice(-2).join('/'), JSON.parse(r.postData() || 'null')]); });
		await p.goto(`${homes.analyst.url}/console/reports/${publishedOf('aoba')}`);
		await p.waitForSelector('.tag >> text=published');
		want(await p.locator('#correct').count() === 0, 'an analyst has no button');
		await p.goto(`${homes.lead.url}/console/reports/${publishedOf('aoba')}`);
		await p.click('#correct');
		await p.fill('#reason-ja', '行数に誤りがありました。');
		want(await p.isDisabled('.dlg .btn.pri'), 'English is missing');
		await p.fill('#reason-en', 'The lines were wrong.');
		await p.check('.dlg .opt >> nth=1');
		await p.click('.dlg .btn.pri');
		await p.waitForSelector('#abandon');
		want(posted.length === 1 && posted[0][0] === `${publishedOf('aoba')}/correct` && posted[0][1].figures === 'kept' && posted[0][1].reason.en === 'The lines were wrong.', JSON.stringify(posted));
		await p.waitForSelector('.tag >> text=Revision 2');
		want(await p.isVisible('#words-en'), 'its words can be written');
		await p.goto(`${homes.lead.url}/console/reports?show=all`);
		await p.waitForSelector('tbody tr');
		want(await p.locator('tbody tr >> text=replaced').count() === 1, 'both revisions are listed');
		want(await p.getAttribute('tbody tr:has-text("replaced") .docs a', 'href') === `/api/v1/reports/${correctedOf('aoba')}/pdf?lang=en&revision=1`, 'the document of that revision');
		await p.click('#draft');
		await p.selectOption('#draft-tenant', 'aoba');
		await p.click('.dlg .btn.pri');
		await at(p, `/reports/${draftOf('aoba')}`);
		want(posted.at(-1)[0] === `${draftOf('aoba')}/draft`, JSON.stringify(posted.at(-1)));
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
	/* every dialog: opened by its key or from the menu, clean, a picture in both languages, closed by Escape with the focus back */
	const dialogs = [
		['lead', '/console/incidents/AOBA-2026-0007', '.tasks', [['m', 'merge'], ['s', 'split'], ['d', 'attach'], ['Shift+A', 'assign'], ['l', 'relate'], ['t', 'task'], ['v', 'severity'], ['c', 'close']]],
		['lead', '/console/candidates/c-48213', '.te', [['m', 'merge-candidate'], ['s', 'split-candidate'], ['d', 'attach-candidate'], ['Shift+A', 'assign-candidate'], ['c', 'close-candidate']]],
		['lead', '/console/exceptions/X-4', '.would', [['a', 'approve'], ['c', 'refuse']]], ['analyst', '/console/exceptions/X-3', '.smp', [['c', 'end']]],
		['lead', '/console/service?tab=maintenance', 'tbody tr', [['n', 'maintenance']]], ['lead', '/console/service?tab=exclusions', 'tbody tr', [['n', 'exclusion']]], ['lead', '/console/service?tab=calls', '.apl li', [['n', 'test-call']]], ['admin', '/console/programs?tenant=aoba', '.apl li', [['n', 'webhook']]],
	];
	for (const lang of ['en', 'ja']) for (const [who, path, wait, list] of dialogs) for (const [key, name] of list) await keys(`dialog ${name} ${lang}`, async (p) => {
		await p.goto(homes[who].url + path);
		await p.waitForSelector(wait);
		await p.keyboard.press(key);
		await p.waitForSelector('dialog[open] h2');
		await p.waitForFunction(() => !document.querySelector('dialog .wait'));
		want(await p.evaluate(() => document.activeElement?.closest('dialog') !== null), 'the focus is inside');
		const faults = await check(p);
		const cut = await p.evaluate(() => { const d = document.querySelector('dialog'), f = d.querySelector('.row.end'); return d.scrollWidth > d.clientWidth + 1 || f.getBoundingClientRect().right > d.getBoundingClientRect().right; });
		want(!cut && faults.length === 0, `${faults.join('; ')}${cut ? ' clipped' : ''}`);
		await p.screenshot({ path: join(shots, `dialog-${name}-${lang}.png`) });
		await p.keyboard.press('Escape');
		await p.waitForSelector('dialog[open]', { state: 'detached' });
	}, lang);
	for (const lang of ['en', 'ja']) await keys(`a webhook: its secret is shown once and stays until it was copied; removed after a second look ${lang}`, async (p) => {
		const sent = [];
		p.on('request', (r) => { if (!['GET', 'HEAD'].includes(r.method())) sent.push([r.method(), new URL(r.url()).pathname.replace('/api/v1/', ''), JSON.parse(r.postData() ?? 'null')]); });
		await p.goto(`${homes.customer.url}/portal/programs`);
		await p.waitForSelector('.apl li');
		await p.focus('#add-hook');
		await p.keyboard.press('Enter');
		await p.waitForSelector('dialog[open]');
		want(await p.isDisabled('dialog .btn.pri'), 'nothing typed, nothing sent');
		await p.keyboard.type('SIEM');
		await p.keyboard.press('Tab');
		await p.keyboard.type('https://siem.example/in/secret');
		await p.focus('dialog .wide2 input');
		await p.keyboard.press('Space');
		await p.keyboard.press('Control+Enter');
		await p.waitForSelector('dialog[open] [data-secret]');
		want((await p.textContent('[data-secret]')).startsWith('whs_'), 'the secret');
		tell(`axe: secret ${lang}`, await check(p));
		await p.screenshot({ path: join(shots, `dialog-secret-${lang}.png`) });
		await p.keyboard.press('Escape');
		want(await p.locator('[data-secret]').count() === 1, 'Escape does not lose it');
		await p.click('dialog[open] .btn.pri');
		await p.waitForSelector('[data-secret]', { state: 'detached' });
		want(!(await p.content()).includes('whs_'), 'it is nowhere any more');
		want(sent.length === 1 && sent[0][1] === 'webhooks' && sent[0][2].url === 'https://siem.example/in/secret' && sent[0][2].events.length === 8 && sent[0][2].tenant === 'aoba', JSON.stringify(sent));
		await p.locator('.apl li').first().locator('button').first().focus();
		await p.keyboard.press('Enter');
		await p.waitForSelector('.dlv tbody tr');
		await p.locator('.dlv button').first().focus();
		await p.keyboard.press('Enter');
		await p.waitForSelector('.toast');
		want(sent[1]?.[1] === 'webhooks/w-1/deliveries/40/redeliver', JSON.stringify(sent));
		await p.screenshot({ path: join(shots, `deliveries-${lang}.png`), fullPage: true });
		tell(`axe: deliveries ${lang}`, await check(p));
		await p.locator('.apl li').first().locator('button').last().focus(); // of the row: the deliveries' own come before
		await p.locator('.apl li').first().locator('> .row > button').last().focus();
		await p.keyboard.press('Enter');
		await p.waitForSelector('dialog[open]');
		want(sent.length === 2, 'nothing is removed before the second look');
		await p.screenshot({ path: join(shots, `dialog-remove-${lang}.png`) });
		await p.keyboard.press('Control+Enter');
		await p.waitForSelector('dialog[open]', { state: 'detached' });
		want(sent[2]?.[0] === 'DELETE', JSON.stringify(sent));
	}, lang);
	await keys('a test call: ended after a second look, and taken back by u', async (p) => {
		const sent = [];
		p.on('request', (r) => { if (r.method() === 'POST') sent.push([new URL(r.url()).pathname.replace('/api/v1/', ''), JSON.parse(r.postData() ?? 'null')]); });
		await p.goto(`${homes.lead.url}/console/queue`);
		await p.waitForSelector('.qr.cur');
		await p.keyboard.press('g');
		await p.keyboard.press('v');
		await at(p, '/console/service');
		await p.waitForSelector('tbody tr');
		await p.keyboard.press('4');
		await p.waitForSelector('.apl li');
		await p.locator('.apl li').first().locator('.row .row button').last().focus();
		await p.keyboard.press('Enter');
		await p.waitForSelector('dialog[open]');
		want(sent.length === 0, 'nothing before the second look');
		await p.keyboard.press('Control+Enter');
		await p.waitForSelector('.toast');
		await p.keyboard.press('u');
		await p.waitForFunction(() => document.querySelector('.toast')?.textContent.includes('Taken back'));
		want(sent[0][0] === 'appointments/a1/end' && sent[1][0] === 'appointments' && sent[1][1].weekday === 1 && sent[1][1].time === '09:30', JSON.stringify(sent));
	});
	for (const [what, path, url, base] of [['maintenance', '/console/service?tab=maintenance', '**/api/v1/maintenance*', 'lead'], ['exclusions', '/console/service?tab=exclusions', '**/api/v1/exclusions*', 'lead'], ['test calls', '/console/service?tab=calls', '**/api/v1/appointments*', 'lead'], ['webhooks', '/portal/programs', '**/api/v1/webhooks*', 'customer'], ['keys', '/portal/programs', '**/api/v1/keys*', 'customer'], ['availability', '/portal/service', '**/api/v1/availability*', 'customer']])
		await keys(`nothing there, and no answer: ${what}`, async (p) => {
			let turn = 0;
			await p.route(url, (r) => (turn++ === 0 ? r.fulfill({ status: 503, contentType: 'application/problem+json', body: JSON.stringify({ type: 'unavailable', title: { ja: '保存できませんでした。', en: 'Not there now.' }, status: 503 }) })
				: r.fulfill({ status: 200, contentType: 'application/json', body: JSON.stringify({ items: [], events: [], scopes: [] }) })));
			await p.goto(homes[base].url + path);
			await p.waitForSelector('.state[role=alert] button');
			tell(`axe: no answer, ${what}`, await check(p));
			p.faults = p.faults.filter((x) => !x.includes('503')); // the browser's own word about what was asked for here
			await p.focus('.state[role=alert] button');
			await p.keyboard.press('Enter');
			await p.waitForSelector('.state[role=alert]', { state: 'detached' });
			await p.waitForFunction(() => !document.querySelector('.state.wait'));
			tell(`axe: nothing there, ${what}`, await check(p));
		});
	await keys('the menu: opened, walked, left by keys', async (p) => {
		await p.goto(`${homes.lead.url}/console/incidents/AOBA-2026-0007`);
		await p.waitForSelector('.tasks');
		await p.keyboard.press(',');
		await p.waitForSelector('[role=menu]');
		const focused = () => p.evaluate(() => document.activeElement?.textContent ?? '');
		want((await focused()).startsWith('Assign to me'), 'the first item has the focus');
		await p.keyboard.press('ArrowUp');
		want((await focused()).startsWith('Close'), 'up from the first is the last');
		tell('axe: menu', await check(p));
		await p.screenshot({ path: join(shots, 'menu-en.png') });
		await p.keyboard.press('Escape');
		want(await p.locator('[role=menu]').count() === 0 && await p.evaluate(() => document.activeElement?.id === 'acts'), 'Escape leaves, the focus is on the button');
		await p.keyboard.press('Enter');
		await p.keyboard.press('End');
		await p.keyboard.press('ArrowUp');
		await p.keyboard.press('Enter');
		await at(p, '/exceptions/new');
	});
	await keys('merge: by number, sent once; split is taken back; keys behind a dialog do nothing', async (p) => {
		const posted = [];
		p.on('request', (r) => { if (r.method() === 'POST') posted.push([new URL(r.url()).pathname.replace('/api/v1/', ''), JSON.parse(r.postData() ?? 'null')]); });
		await p.goto(`${homes.lead.url}/console/candidates/c-48213`);
		await p.waitForSelector('#acts');
		await p.keyboard.press('m');
		await p.waitForSelector('dialog[open] .cs label');
		want(await p.isDisabled('dialog .btn.pri'), 'nothing chosen, nothing sent');
		await p.keyboard.type('48207');
		await p.keyboard.press('Enter');
		await p.waitForSelector('.toast');
		want(JSON.stringify(posted) === JSON.stringify([['candidates/c-48213/merge', { into: 'c-48207' }]]), JSON.stringify(posted));
		await p.goto(`${homes.lead.url}/console/candidates/c-48213`);
		await p.waitForSelector('#acts');
		await p.keyboard.press('s');
		await p.waitForSelector('dialog[open] .evd label');
		await p.keyboard.press('e');
		want(!p.url().includes('decide'), 'e stays behind the dialog');
		await p.keyboard.press('Space');
		await p.keyboard.press('Control+Enter');
		await p.waitForSelector('.toast >> text=C-48230');
		want(posted[1]?.[0] === 'candidates/c-48213/split' && posted[1][1].detections.length === 1, 'one detection split off');
		await p.keyboard.press('u');
		await p.waitForSelector('.toast >> text=Taken back');
		want(posted[2]?.[0].endsWith('/merge') && posted[2][1].into === 'c-48213', 'the new one went back');
	});
	await keys('marked rows of one tenant are merged together, of two they are not', async (p) => {
		const posted = [];
		p.on('request', (r) => { if (r.method() === 'POST') posted.push([new URL(r.url()).pathname.replace('/api/v1/', ''), JSON.parse(r.postData() ?? 'null')]); });
		await p.goto(`${homes.analyst.url}/console/queue?c=c-48213`);
		await p.waitForSelector('.qr.cur');
		for (const k of ['x', 'k', 'x', 'm']) await p.keyboard.press(k);
		await p.waitForSelector('.toast >> text=different tenants');
		for (const k of ['x', 'j', 'j', 'j', 'x', 'm']) await p.keyboard.press(k);
		await p.waitForSelector('dialog[open] .cs label');
		tell('axe: merge marked', await check(p));
		await p.screenshot({ path: join(shots, 'dialog-merge-marked-en.png') });
		await p.keyboard.type('AOBA-2026-0007');
		await p.keyboard.press('Enter');
		await p.waitForSelector('dialog[open]', { state: 'detached' });
		want(JSON.stringify(posted) === JSON.stringify(['c-48213', 'c-48207'].map((x) => [`candidates/${x}/merge`, { into: 'AOBA-2026-0007' }])), JSON.stringify(posted));
	});
	await keys('a second person confirms; a task is done and undone; a cause is given', async (p) => {
		const sent = [];
		p.on('request', (r) => { if (['POST', 'PATCH'].includes(r.method())) sent.push([new URL(r.url()).pathname.replace('/api/v1/', ''), JSON.parse(r.postData() ?? 'null')]); });
		await p.goto(`${homes.lead.url}/console/incidents/AOBA-2026-0007`);
		await p.focus('#confirm2');
		await p.keyboard.press('Enter');
		await p.waitForSelector('dialog[open]');
		tell('axe: confirm', await check(p));
		await p.screenshot({ path: join(shots, 'dialog-confirm-en.png') });
		await p.focus('dialog .btn.pri');
		await p.keyboard.press('Enter');
		await p.waitForSelector('dialog[open]', { state: 'detached' });
		want(sent[0]?.[0] === 'incidents/AOBA-2026-0007/confirm', 'confirmed');
		await p.focus('.tasks input');
		await p.keyboard.press('Space');
		await p.waitForSelector('.toast >> text=Task 1');
		await p.keyboard.press('u');
		await p.waitForFunction(() => !document.querySelector('.toast'));
		want(sent[1]?.[1].done === true && sent[2]?.[1].done === false, 'done, then not');
		await p.goto(`${homes.lead.url}/console/clocks?broken=1`);
		await p.waitForSelector('tbody .btn');
		await p.locator('tbody tr', { hasText: 'aoba-2026-10' }).locator('.btn').focus();
		await p.keyboard.press('Enter');
		await p.waitForSelector('dialog[open]');
		tell('axe: cause', await check(p));
		await p.screenshot({ path: join(shots, 'dialog-cause-en.png') });
		await p.keyboard.press('Space');
		await p.focus('dialog textarea');
		await p.keyboard.type('late words');
		await p.keyboard.press('Control+Enter');
		await p.waitForSelector('dialog[open]', { state: 'detached' });
		want(sent.at(-1)[0] === 'reports/aoba-2026-10/cause' && sent.at(-1)[1].cause === 'staff', JSON.stringify(sent.at(-1)));
	});
	await keys('the customer answers with a code, asks again with words, chooses a time', async (p) => {
		const sent = [];
		p.on('request', (r) => { if (r.method() === 'POST') sent.push([new URL(r.url()).pathname.replace('/api/v1/', ''), JSON.parse(r.postData() ?? 'null')]); });
		await p.goto(`${homes.customer.url}/portal/incidents/AOBA-2026-0006`);
		await p.waitForSelector('input[name=answer]');
		await p.focus('input[name=answer]');
		await p.keyboard.press('ArrowDown');
		await p.keyboard.press('Tab');
		await p.keyboard.type('nothing found');
		await p.keyboard.press('Tab');
		await p.keyboard.press('Enter');
		await p.waitForSelector('.toast');
		want(sent[0]?.[0] === 'incidents/AOBA-2026-0006/answer' && sent[0][1].code === 'no_damage' && sent[0][1].text === 'nothing found', JSON.stringify(sent));
		await p.goto(`${homes.customer.url}/portal/closed`);
		await p.waitForSelector('.again .bare');
		await p.focus('.again .bare');
		await p.keyboard.press('Enter');
		await p.waitForSelector('dialog[open]');
		tell('axe: look again', await check(p));
		await p.keyboard.type('it was not us');
		await p.screenshot({ path: join(shots, 'dialog-again-en.png') });
		await p.keyboard.press('Control+Enter');
		await p.waitForSelector('.tag >> text=Asked');
		want(sent[1]?.[1].text === 'it was not us', 'with the words');
		const asked = [];
		p.on('request', (r) => { if (r.url().includes('/calls')) asked.push(new URL(r.url()).searchParams.get('at')); });
		await p.goto(`${homes.customer.url}/portal/contacts?at=2027-01-01T03:00`);
		await p.waitForSelector('.mtx');
		want(asked[0] === '2026-12-31T18:00:00.000Z', `03:00 in Tokyo, not ${asked[0]}`);
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
homes.admin?.close();
homes.customer.close();
homes.lead.close();
console.log(`web: ${passed} passed, ${failed} failed; pictures in ${shots}`);
process.exit(failed ? 1 : 0);
