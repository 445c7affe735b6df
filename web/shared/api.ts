// SPDX-License-Identifier: Apache-2.0
// One door to the API: verbs and answers are typed by docs/openapi.yaml. The session lives here too,
// because an answer 401 ends it wherever it came from.
import { signal } from '@preact/signals';
import { operations, type Carries, type Problem, type Session, type Verb } from './api.gen';
import { lang } from './i18n';
import { heard, zone } from './time';

export class ApiError extends Error {
	constructor(readonly status: number, readonly problem: Partial<Problem>, readonly retry = 0) {
		super(problem.type ?? String(status));
	}
}

export type Params = Record<string, string | number | boolean | null | undefined>;
/** undefined = not asked yet, null = nobody. */
export const session = signal<Session | null | undefined>(undefined);

function address(path: string, params: Params): string {
	const query = new URLSearchParams();
	const left = new Map(Object.entries(params));
	const url = path.replace(/\{(\w+)\}/g, (_, k: string) => {
		const v = left.get(k);
		left.delete(k);
		return encodeURIComponent(String(v));
	});
	for (const [k, v] of left) if (v !== undefined && v !== null && v !== '') query.set(k, String(v));
	const q = query.toString();
	return q ? `${url}?${q}` : url;
}

let prove: (() => Promise<boolean>) | null = null;
/** Who asks the person for the second factor again when a sensitive act wants it (step.tsx). */
export function onStepUp(fn: () => Promise<boolean>) {
	prove = fn;
}

export async function request(method: string, url: string, body?: unknown, signal_?: AbortSignal): Promise<unknown> {
	const headers: Record<string, string> = { Accept: 'application/json' };
	if (body !== undefined) headers['Content-Type'] = 'application/json';
	if (method !== 'GET' && session.value?.csrf) headers['X-CSRF-Token'] = session.value.csrf;
	let r: Response;
	try {
		r = await fetch(url, { method, headers, credentials: 'same-origin', cache: 'no-store',
			...(body !== undefined ? { body: JSON.stringify(body) } : {}), ...(signal_ ? { signal: signal_ } : {}) });
	} catch (e) {
		if (signal_?.aborted) throw e;
		throw new ApiError(0, { type: 'network' });
	}
	if (r.status === 204) return null;
	const type = r.headers.get('Content-Type') ?? '';
	let value: unknown = null;
	try {
		if (type.includes('json')) value = await r.json();
	} catch (e) { // cut off in the middle
		if (signal_?.aborted) throw e;
		if (r.ok) throw new ApiError(0, { type: 'network' });
	}
	if (r.ok) {
		if (value && typeof value === 'object' && 'now' in value) heard((value as { now?: string }).now);
		return value;
	}
	if (r.status === 401 && (value as Partial<Problem> | null)?.type === 'step_up') {
		if (prove && (await prove())) return await request(method, url, body, signal_);
	} else if (r.status === 401 && session.value?.step === 'done') {
		session.value = null;
	}
	throw new ApiError(r.status, (value ?? {}) as Partial<Problem>, Number(r.headers.get('Retry-After') ?? 0));
}

export async function call<V extends Verb>(verb: V, params: Params = {}, body?: unknown, signal_?: AbortSignal): Promise<Carries[V]> {
	const [method, path] = operations[verb];
	return (await request(method, address(path, params), body, signal_)) as Carries[V];
}

export function take(s: Session) {
	session.value = s;
	if (s.step !== 'done' || !s.user) return;
	lang.value = s.user.lang;
	if (s.user.zone) zone.value = s.user.zone;
}

export async function resume() {
	try {
		const s = await call('session.show');
		if (s.step === 'done' && s.user?.zone) zone.value = s.user.zone;
		session.value = s.step === 'done' ? s : null;
	} catch {
		session.value = null;
	}
}

export async function leave() {
	await call('session.logout').catch(() => null);
	session.value = null;
}
