// SPDX-License-Identifier: Apache-2.0
// A customer's first sign-in with a security key, and the second one with it: Chromium with a virtual authenticator.
// Prints {codes, signed_in}.
//
//     node tools/demo/key.mjs BASE LOGIN PASSWORD PICTURE
import { browser, page } from '../../tests/web/browser.mjs';

const [base, login, password, picture] = process.argv.slice(2);
const { b, close } = await browser();
try {
	const p = await page(b, { lang: 'en' }), cdp = await p.context().newCDPSession(p);
	const button = (name) => p.getByRole('button', { name });
	const first = async () => {
		await p.goto(`${base}/portal/`);
		await p.fill('input[name=login]', login);
		await p.fill('input[name=password]', password);
		await p.keyboard.press('Enter');
	};
	await cdp.send('WebAuthn.enable', { enableUI: false });
	await cdp.send('WebAuthn.addVirtualAuthenticator', { options: { protocol: 'ctap2', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true } });
	await first();
	await button('Use a security key or passkey').click();
	await p.waitForSelector('text=Your key is set up');
	const codes = (await p.textContent('.rc')).trim().split(/\s+/).length;
	await button('Go on').click();
	await p.waitForSelector('nav');
	await p.goto(`${base}/portal/account`);
	await p.click('.acct >> text=Sign out');
	await p.waitForSelector('input[name=login]');
	await first();
	await button('Use my security key or passkey').click();
	await p.waitForSelector('nav');
	await p.screenshot({ path: picture });
	console.log(JSON.stringify({ codes, signed_in: true }));
} finally {
	await close();
}
