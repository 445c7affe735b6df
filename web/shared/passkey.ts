// SPDX-License-Identifier: Apache-2.0
// Between the API's base64url and the browser's security keys.
import { call } from './api';
import type { KeyAdded, KeyAssertion } from './api.gen';

export const hasKeys = () => typeof PublicKeyCredential === 'function' && !!navigator.credentials;

function bytes(text: string): Uint8Array<ArrayBuffer> {
	const raw = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
	const out = new Uint8Array(raw.length);
	for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
	return out;
}

function b64(b: ArrayBuffer): string {
	let s = '';
	for (const x of new Uint8Array(b)) s += String.fromCharCode(x);
	return btoa(s).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
}

const listed = (ids: string[]) => ids.map((id) => ({ type: 'public-key' as const, id: bytes(id) }));

/** Asks the browser for a new key and brings it to the service. Throws ApiError, or the browser's DOMException. */
export async function addKey(name: string): Promise<KeyAdded> {
	const o = await call('me.key_begin');
	const made = (await navigator.credentials.create({ publicKey: {
		challenge: bytes(o.challenge), rp: o.rp, user: { id: bytes(o.user.id), name: o.user.name, displayName: o.user.display_name },
		pubKeyCredParams: o.algorithms.map((alg) => ({ type: 'public-key' as const, alg })), excludeCredentials: listed(o.exclude),
		attestation: 'none', authenticatorSelection: { userVerification: 'preferred', residentKey: 'discouraged' }, timeout: o.timeout_s * 1000,
	} })) as PublicKeyCredential | null;
	if (!made) throw new DOMException('', 'NotAllowedError');
	const r = made.response as AuthenticatorAttestationResponse;
	return await call('me.key_add', {}, { name, client_data: b64(r.clientDataJSON), authenticator_data: b64(r.getAuthenticatorData()) });
}

/** Has one of this person's keys sign the service's challenge. */
export async function signWithKey(): Promise<KeyAssertion> {
	const o = await call('session.key_begin');
	const got = (await navigator.credentials.get({ publicKey: {
		challenge: bytes(o.challenge), rpId: o.rp_id, allowCredentials: listed(o.allow), userVerification: 'preferred', timeout: o.timeout_s * 1000,
	} })) as PublicKeyCredential | null;
	if (!got) throw new DOMException('', 'NotAllowedError');
	const r = got.response as AuthenticatorAssertionResponse;
	return { credential: b64(got.rawId), client_data: b64(r.clientDataJSON), authenticator_data: b64(r.authenticatorData), signature: b64(r.signature) };
}
