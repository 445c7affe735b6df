// SPDX-License-Identifier: Apache-2.0
// A person with security keys, on the real service: the first factor, a second key, the step-up dialog, signing in,
// the last factor, a copied key. The authenticators are Chromium's virtual ones; keys.py starts the service.
//
//     node tests/web/keys.mjs BASE AUTH_DB SHOTS
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { browser, check, page } from './browser.mjs';

const [base, db, shots] = process.argv.slice(2);
mkdirSync(shots, { recursive: true });
let passed = 0, failed = 0;
const want = (ok, text) => { if (!ok) throw new Error(text); };
const { b, close } = await browser();

const sql = (text) => execFileSync('sqlite3', ['-cmd', '.timeout 5000', db, text]).toString().trim();
const authenticator = (cdp, transport) => cdp.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport, hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } }).then((r) => r.authenticatorId);
const stale = () => sql('UPDATE sessions SET proved_at = 0');
async function look(p, name) {
	const faults = await check(p);
	await p.screenshot({ path: join(shots, `${name}.png`), fullPage: true });
	want(faults.length === 0, `${name}: ${faults.join('; ')}`);
}
async function story(name, steps) {
	try {
		await steps();
		passed++;
	} catch (e) {
		failed++;
		console.log(`FAIL ${name}: ${String(e.message).split('\n')[0]}`);
		await p.screenshot({ path: join(shots, 'failed.png'), fullPage: true }).catch(() => null);
	}
}
function totp(secret) {
	const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
	const key = Buffer.from(bits.match(/.{8}/g).map((x) => parseInt(x, 2))), at = Buffer.alloc(8);
	at.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30000)));
	const mac = createHmac('sha1', key).update(at).digest(), o = mac[19] & 15;
	return String((mac.readUInt32BE(o) & 0x7fffffff) % 1000000).padStart(6, '0');
}
async function password(who) {
	await p.goto(`${base}/portal/`);
	await p.waitForSelector('input[name=login]');
	await p.fill('input[name=login]', who);
	await p.fill('input[name=password]', 'four random words here');
	await p.keyboard.press('Enter');
}
const out = () => p.click('.acct >> text=Sign out').then(() => p.waitForSelector('input[name=login]'));
const button = (name) => p.getByRole('button', { name });

const p = await page(b, { lang: 'en' });
const cdp = await p.context().newCDPSession(p);
await cdp.send('WebAuthn.enable', { enableUI: false });
let second;
const first = await authenticator(cdp, 'internal');

await story('the first factor is a key, and its recovery codes are shown once', async () => {
	await password('fresh');
	await p.waitForSelector('text=Set up your second factor');
	await look(p, 'enrol-en');
	await button('Use a security key or passkey').click();
	await p.waitForSelector('text=Your key is set up');
	want((await p.textContent('.rc')).trim().split(/\s+/).length === 10, 'ten recovery codes');
	await look(p, 'enrolled-en');
	await button('Go on').click();
	await p.waitForSelector('.kvp, nav');
	await p.goto(`${base}/portal/account`);
	await p.waitForSelector('.factors table');
	want(await p.locator('.factors tbody tr').count() === 1, 'one key');
	await look(p, 'account-en');
});
await story('the same key is not taken twice; another one is, and gets another name', async () => {
	await p.fill('input[name=key-name]', 'Twin');
	await button('Add a key').click();
	await p.waitForSelector('.factors >> text=known already');
	await cdp.send('WebAuthn.setUserVerified', { authenticatorId: first, isUserVerified: true });
	second = await authenticator(cdp, 'usb');
	await p.fill('input[name=key-name]', 'Blue stick');
	await button('Add a key').click();
	await p.waitForSelector('.factors td >> text=Blue stick');
	await button('Rename Blue stick').click();
	await p.fill('input[name=rename]', '青い鍵');
	await p.keyboard.press('Enter');
	await p.waitForSelector('.factors td >> text=青い鍵');
});
await story('a sensitive act asks again in a dialog and goes on by itself', async () => {
	stale();
	await button('Make new codes').click();
	await p.waitForSelector('dialog.step[open]');
	await look(p, 'step-en');
	await p.keyboard.press('Escape');
	await p.waitForSelector('dialog.step', { state: 'detached' });
	want(await p.locator('.factors .rc').count() === 0, 'refused: no codes');
	await button('Make new codes').click();
	await p.waitForSelector('dialog.step[open]');
	await p.locator('dialog.step').getByRole('button', { name: 'Use my security key or passkey' }).click();
	await p.waitForSelector('.factors .rc');
	want(await p.locator('dialog.step').count() === 0, 'the dialog is gone');
	// a recovery code works there too
	const code = (await p.textContent('.factors .rc')).trim().split(/\s+/)[0];
	stale();
	await button('Set up').click();
	await p.fill('input[name=step-code]', code);
	await p.keyboard.press('Enter');
	await p.waitForSelector('input[name=totp-code]');
	const secret = (await p.textContent('.factors form .secret .mono')).replace(/\s/g, '');
	await p.fill('input[name=totp-code]', totp(secret));
	await p.keyboard.press('Enter');
	await p.waitForSelector('text=Saved.');
	await p.waitForSelector('.factors >> text=9 codes left');
});
await story('password and key open the door', async () => {
	await out();
	await password('fresh');
	await button('Use my security key or passkey').waitFor();
	await look(p, 'sign-in-en');
	await button('Use my security key or passkey').click();
	await p.waitForSelector('nav');
	await p.goto(`${base}/portal/account`);
	await p.waitForSelector('.factors table');
	want((await p.locator('.factors tbody').innerText()).includes(':'), 'when a key was used last is told');
});
await story('the last factor stays', async () => {
	await button('Remove Authenticator app').click();
	await p.waitForSelector('.factors >> text=Not set up');
	await button('Remove 青い鍵').click();
	await p.waitForFunction(() => document.querySelectorAll('.factors tbody tr').length === 1);
	await button('Remove First key').click();
	await p.waitForSelector('.factors >> text=It is the last second factor');
	want(await p.locator('.factors tbody tr').count() === 1, 'it is still there');
});
await story('in Japanese', async () => {
	await p.click('.kvp >> text=日本語');
	await p.waitForSelector('.factors >> text=二要素認証');
	await look(p, 'account-ja');
	stale();
	await button('新しいコードを作る').click();
	await p.waitForSelector('dialog.step[open]');
	await look(p, 'step-ja');
	await p.keyboard.press('Escape');
	await p.click('.acct >> text=サインアウト');
	await p.waitForSelector('input[name=login]');
	await p.click('text=English');
});
await story('a device is asked for in the portal and approved in the console, after the second factor', async () => {
	await cdp.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: second }); // its key was removed: it would answer "not mine" at once
	await password('fresh');
	await button('Use my security key or passkey').click();
	await p.waitForSelector('nav');
	await p.goto(`${base}/portal/devices/new`);
	await p.waitForSelector('.regf');
	await p.fill('input[name=device]', 'fw-9');
	await p.selectOption('select[name=source]', 'fortinet.fortigate');
	await p.waitForSelector('.guide pre >> text=config log syslogd setting');
	await p.fill('input[name=address]', '10.1.0');
	await button('Ask for it').click();
	await p.waitForSelector('.regf >> text=Its address');
	await p.fill('input[name=address]', '10.1.0.1');
	await button('Ask for it').click();
	await p.waitForSelector('.steps');
	await p.waitForSelector('.hd >> text=asked for');
	await look(p, 'asked-en');
	await p.goto(`${base}/portal/devices`);
	await p.fill('input[name=network-name]', 'plant 工場');
	await p.fill('input[name=cidr]', '10.7.0.0/16');
	await button('Add a network').click();
	await p.waitForSelector('td >> text=10.7.0.0/16');
	await button('Remove plant 工場').click();
	await p.waitForSelector('td >> text=10.7.0.0/16', { state: 'detached' });
	await p.goto(`${base}/portal/account`);
	await out();
	await password('eng');
	await button('Use a security key or passkey').click();
	await p.waitForSelector('text=Your key is set up');
	await button('Go on').click();
	await p.waitForSelector('nav.rail');
	await p.goto(`${base}/console/devices`);
	await p.waitForSelector('td >> text=fw-9');
	stale();
	await button('Approve fw-9').click();
	await p.waitForSelector('dialog.step[open]');
	await p.locator('dialog.step').getByRole('button', { name: 'Use my security key or passkey' }).click();
	await p.waitForSelector('td >> text=waiting for its first line');
	await look(p, 'approved-en');
	await p.goto(`${base}/console/account`);
	await p.waitForSelector('.acct');
	await out();
});
await story('a copied key is refused', async () => {
	sql('UPDATE keys SET counter = 1000'); // as if its copy had been used a thousand times elsewhere
	await password('fresh');
	await button('Use my security key or passkey').click();
	await p.waitForSelector('text=That key was not accepted');
	p.faults.length = 0; // 401 is what was wanted
});

await story('an auditor reads the journal, verifies it, and changes nothing', async () => {
	await p.goto(`${base}/portal/`);
	await p.context().clearCookies();
	await password('audit');
	await button('Use a security key or passkey').click();
	await p.waitForSelector('text=Your key is set up');
	await button('Go on').click();
	await p.waitForSelector('nav.rail');
	await p.goto(`${base}/console/journal`);
	await p.waitForSelector('tbody tr');
	const first_ = await p.locator('tbody tr td').first().innerText();
	await button('Verify the chain').click();
	await p.waitForSelector('text=Whole:');
	want((await p.locator('[role=status]').first().innerText()).includes(`${first_} rows`) || Number(first_) > 0, 'every row was walked');
	await p.getByRole('button', { name: 'user.signed' }).first().click();
	await p.waitForSelector('.jr pre');
	want((await p.locator('.jr pre').innerText()).includes('"cmd"'), 'the record is shown');
	await look(p, 'journal-en');
	await p.selectOption('select >> nth=0', 'tenant');
	await p.waitForFunction(() => [...document.querySelectorAll('tbody button')].length > 0 && [...document.querySelectorAll('tbody button')].every((x) => x.textContent.startsWith('tenant.')));
	for (const path of ['queue', 'incidents', 'clocks']) {
		await p.goto(`${base}/console/${path}`);
		await p.waitForSelector('.ql, .lst');
		want(await p.locator('main .btn.pri').count() === 0, `${path}: nothing to press that changes something`);
	}
});

await close();
console.log(`web keys: ${passed} passed, ${failed} failed; pictures in ${shots}`);
process.exit(failed ? 1 : 0);
