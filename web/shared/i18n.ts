// SPDX-License-Identifier: Apache-2.0
// Language, theme, density: one signal each, kept in localStorage, mirrored on <html>.
import { effect, signal } from '@preact/signals';
import type { Texts } from './api.gen';
import { en, type Dict } from './dict/en';
import { ja } from './dict/ja';

export type Lang = 'ja' | 'en';
export type Theme = 'auto' | 'light' | 'dark';
export type Density = 'calm' | 'close';

function kept<T extends string>(key: string, allowed: readonly T[], otherwise: T): T {
	try {
		const v = localStorage.getItem(key) as T | null;
		return v && allowed.includes(v) ? v : otherwise;
	} catch {
		return otherwise;
	}
}

export const lang = signal<Lang>(kept('nz.lang', ['ja', 'en'] as const, navigator.language.startsWith('ja') ? 'ja' : 'en'));
export const theme = signal<Theme>(kept('nz.theme', ['auto', 'light', 'dark'] as const, 'auto'));
export const density = signal<Density>(kept('nz.density', ['calm', 'close'] as const, 'calm'));
export const singleKeys = signal<'on' | 'off'>(kept('nz.keys', ['on', 'off'] as const, 'on'));
export const title = signal('');

const dark = matchMedia('(prefers-color-scheme: dark)');
const systemDark = signal(dark.matches);
dark.addEventListener('change', (e) => { systemDark.value = e.matches; });

function keep(key: string, v: string) {
	try {
		localStorage.setItem(key, v);
	} catch { /* private mode: for this page only */ }
}

effect(() => { document.documentElement.lang = lang.value; keep('nz.lang', lang.value); });
effect(() => {
	const on = theme.value === 'auto' ? systemDark.value : theme.value === 'dark';
	document.documentElement.dataset.theme = on ? 'dark' : 'light';
	keep('nz.theme', theme.value);
});
effect(() => { document.documentElement.dataset.density = density.value; keep('nz.density', density.value); });
effect(() => keep('nz.keys', singleKeys.value));
effect(() => { document.title = title.value ? `${title.value} · Nezuban` : 'Nezuban'; });

export const t = (): Dict => (lang.value === 'ja' ? ja : en);
export const tx = (x: Partial<Texts> | null | undefined): string => (x ? (x[lang.value] ?? x.en ?? x.ja ?? '') : '');
export const num = (n: number): string => n.toLocaleString(lang.value);
