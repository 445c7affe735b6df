// SPDX-License-Identifier: Apache-2.0
// The one registry of keys: it runs them, draws the key bar and the help. Single keys never fire in text
// fields or while Japanese is being composed, can be switched off, and none of them leaves the house.
import { signal } from '@preact/signals';
import { options } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { Dict } from './dict/en';
import { singleKeys, t } from './i18n';

export interface Key {
	keys: string;                    // 'j', 'Shift+j', 'g q', 'Enter', 'Ctrl+Enter'
	label: (d: Dict) => string;
	run: () => void;
	bar?: boolean;                   // shown in the key bar
	inText?: boolean;                // also inside text fields (Escape, Ctrl+Enter)
	when?: () => boolean;
}

export const scopes = signal<ReadonlyArray<ReadonlyArray<Key>>>([]);
export const helpOpen = signal(false);
let prefix = '', prefixAt = 0, last: Key | null = null;

export function useKeys(make: () => Key[], deps: readonly unknown[]) {
	const held = useRef<Key[]>([]);
	useLayoutEffect(() => { // before the next key can come, not after the next frame
		const mine = make();
		held.current = mine;
		scopes.value = [...scopes.value, mine];
		return () => { scopes.value = scopes.value.filter((s) => s !== mine); };
	}, deps);
}

const isText = (e: EventTarget | null) => e instanceof HTMLElement &&
	(e.isContentEditable || e.tagName === 'TEXTAREA' || e.tagName === 'SELECT' ||
		(e.tagName === 'INPUT' && !['checkbox', 'radio', 'button'].includes((e as HTMLInputElement).type)));

function spelled(e: KeyboardEvent): string {
	const named = e.key.length > 1;
	const mods = (e.ctrlKey || e.metaKey ? 'Ctrl+' : '') + (e.altKey ? 'Alt+' : '');
	if (!named && e.shiftKey && /[a-z]/i.test(e.key)) return `${mods}Shift+${e.key.toLowerCase()}`;
	return mods + (named && e.shiftKey ? 'Shift+' : '') + e.key;
}

function find(keys: string): Key | undefined {
	for (let i = scopes.value.length - 1; i >= 0; i--) {
		const k = scopes.value[i]?.find((x) => x.keys === keys && (!x.when || x.when()));
		if (k) return k;
	}
	return undefined;
}

/** What a key changed is drawn before the next key can come: two quick presses are two steps. */
function drawn(run: () => void) {
	const before = options.debounceRendering;
	let draw: (() => void) | undefined;
	options.debounceRendering = (f) => { draw = f; };
	try {
		run();
	} finally {
		options.debounceRendering = before;
		draw?.();
	}
}

function fire(k: Key, e: KeyboardEvent) {
	e.preventDefault();
	if (k.keys !== '.' && !k.keys.startsWith('g ')) last = k;
	drawn(k.run);
}

export function repeatLast() {
	last?.run();
}

window.addEventListener('keydown', (e) => {
	if (e.isComposing || e.keyCode === 229 || e.defaultPrevented) return;
	if (document.querySelector('dialog:modal')) return; // what is behind a dialog is not reachable, by keys neither
	const s = spelled(e), single = s.length === 1 || /^Shift\+.$/.test(s);
	if (single && singleKeys.value === 'off') return;
	const text = isText(e.target);
	// Enter and Space belong to the control that has the focus
	if ((s === 'Enter' || s === ' ') && e.target instanceof HTMLElement && e.target.closest('button,a,select,summary,[role=option],input')) return;
	if (prefix && Date.now() - prefixAt < 1500) {
		const k = find(`${prefix} ${s}`);
		prefix = '';
		if (k && !text) { fire(k, e); return; }
	}
	const k = find(s);
	if (k && (!text || k.inText)) { fire(k, e); return; }
	if (!text && s === 'g') { prefix = 'g'; prefixAt = Date.now(); }
});

export const Kbd = ({ k }: { k: string }) => <>{k.split(' ').map((x) => <kbd key={x}>{({ Escape: 'Esc', ArrowLeft: '←', ArrowRight: '→' } as Record<string, string>)[x] ?? x}</kbd>)}</>;

export function KeyBar({ right }: { right?: string }) {
	const d = t();
	const list = [...scopes.value].reverse().flat().filter((k) => k.bar && (!k.when || k.when())); // the screen's keys first
	const seen = new Map<string, string[]>();
	for (const k of list) seen.set(k.label(d), [...(seen.get(k.label(d)) ?? []), k.keys]);
	return (
		<footer class="kbdbar">
			{[...seen].slice(0, 7).map(([label, keys]) => <span key={label}>{keys.map((k) => <Kbd key={k} k={k} />)}{label}</span>)}
			<span class="sp" />
			{right ? <span>{right}</span> : <button class="plain" onClick={() => { helpOpen.value = true; }}><kbd>?</kbd>{d.keys.all}</button>}
		</footer>
	);
}

export function KeyHelp() {
	const ref = useRef<HTMLDialogElement>(null);
	useEffect(() => {
		if (helpOpen.value && !ref.current?.open) ref.current?.showModal();
	}, [helpOpen.value]);
	if (!helpOpen.value) return null;
	const d = t(), seen = new Set<string>();
	const rows = scopes.value.flat().filter((k) => !seen.has(k.keys) && seen.add(k.keys));
	return (
		<dialog ref={ref} class="dlg" aria-label={d.keys.title} onClose={() => { helpOpen.value = false; }}>
			<div class="row"><h2>{d.keys.title}</h2><span class="sp" /><button class="btn sm" onClick={() => ref.current?.close()}>{d.form.esc} <kbd>Esc</kbd></button></div>
			<dl class="keylist">{rows.map((k) => <div key={k.keys}><dt><Kbd k={k.keys} /></dt><dd>{k.label(d)}</dd></div>)}</dl>
		</dialog>
	);
}
