// SPDX-License-Identifier: Apache-2.0
// Server-sent events, one stream for all tabs of a browser: whoever holds the lock listens and tells the
// others (HTTP/1.1 gives a host six connections). Changes name things; screens ask the API again, and
// several changes in one breath make one question.
import { signal } from '@preact/signals';
import { tick } from './time';

interface Change { noun: string; id: string }
type Listener = { nouns: readonly string[]; run: () => void };

const listeners = new Set<Listener>();
const waiting = new Set<Listener>();
let timer = 0;
export const online = signal(true);
export const lastHeard = signal(Date.now());
const channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel('nz.live') : null;

export function onChange(nouns: readonly string[], run: () => void): () => void {
	const l = { nouns, run };
	listeners.add(l);
	return () => { listeners.delete(l); waiting.delete(l); };
}

function flush() {
	timer = 0;
	const now = [...waiting];
	waiting.clear();
	for (const l of now) l.run();
}

function tell(noun: string) {
	lastHeard.value = Date.now();
	for (const l of listeners) if (noun === '*' || l.nouns.includes(noun)) waiting.add(l);
	if (waiting.size && !timer) timer = window.setTimeout(flush, 120);
}

function share(kind: 'change' | 'state', value: string | boolean) {
	channel?.postMessage({ kind, value });
}

const NOUNS = ['candidate', 'incident', 'alarm', 'device', 'lcp', 'tenant', 'user', 'inquiry', 'advisory', 'handover', 'roster', 'exception', 'report'];

function open(): EventSource {
	const es = new EventSource('/api/v1/events');
	const state = (up: boolean) => {
		if (up && !online.value) tell('*');
		online.value = up;
		share('state', up);
	};
	es.onopen = () => state(true);
	es.onerror = () => state(false);
	for (const n of NOUNS)
		es.addEventListener(n, (e) => {
			const c = JSON.parse((e as MessageEvent<string>).data) as Change;
			tell(c.noun);
			share('change', c.noun);
		});
	es.addEventListener('reset', () => { tell('*'); share('change', '*'); });
	return es;
}

let release: (() => void) | null = null;

export function listen() {
	if (release) return;
	channel?.addEventListener('message', (e: MessageEvent<{ kind: string; value: string | boolean }>) => {
		if (e.data.kind === 'change') tell(String(e.data.value));
		else online.value = Boolean(e.data.value);
	});
	const hold = () => new Promise<void>((done) => {
		const es = open();
		release = () => { es.close(); release = null; done(); };
	});
	if (navigator.locks && channel) void navigator.locks.request('nz.live', hold);
	else void hold();
}

export function hush() {
	release?.();
}

// Without a stream (proxy, sleep) the screens still move: every 30 s while it is down.
let polled = Date.now();
tick.subscribe((now) => {
	if (!online.value && now - polled > 30000) {
		polled = now;
		tell('*');
	}
});
