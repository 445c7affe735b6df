// SPDX-License-Identifier: Apache-2.0
// The address holds the whole state: path for the screen, query for filters. Back works.
import { signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';

export const place = signal(new URL(location.href));
window.addEventListener('popstate', () => { place.value = new URL(location.href); });

export function go(to: string, replace = false) {
	const url = new URL(to, location.href);
	if (url.href === location.href) return;
	history[replace ? 'replaceState' : 'pushState'](null, '', url);
	place.value = url;
	if (!replace) document.querySelector<HTMLElement>('main')?.scrollTo(0, 0);
}

/** Changes query values in place; empty ones vanish. */
export function query(changes: Record<string, string | null | undefined>, replace = true) {
	const url = new URL(place.value);
	for (const [k, v] of Object.entries(changes)) {
		if (v) url.searchParams.set(k, v);
		else url.searchParams.delete(k);
	}
	go(url.href, replace);
}
export const asked = (k: string): string => place.value.searchParams.get(k) ?? '';

/** '/console/candidates/{id}' against the path. */
export function match(pattern: string): Record<string, string> | null {
	const want = pattern.split('/'), have = place.value.pathname.replace(/\/$/, '').split('/');
	if (want.length !== have.length) return null;
	const out: Record<string, string> = {};
	for (let i = 0; i < want.length; i++) {
		const w = want[i] ?? '', h = have[i] ?? '';
		if (w.startsWith('{')) out[w.slice(1, -1)] = decodeURIComponent(h);
		else if (w !== h) return null;
	}
	return out;
}

interface LinkProps { to: string; children?: ComponentChildren; class?: string; 'aria-current'?: 'page' | undefined; 'aria-label'?: string }

export function Link({ to, children, ...rest }: LinkProps) {
	const click = (e: MouseEvent) => {
		if (e.ctrlKey || e.metaKey || e.shiftKey || e.button !== 0) return;
		e.preventDefault();
		go(to);
	};
	return <a href={to} onClick={click} {...rest}>{children}</a>;
}
