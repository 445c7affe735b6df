// SPDX-License-Identifier: Apache-2.0
// A dialog that does one thing and keeps what was typed when that fails; a menu after the WAI-ARIA pattern.
import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from './api';
import { detail, tc } from './dict/cases';
import { t, tx } from './i18n';
import { Icon } from './icons';
import { Kbd } from './keys';
import { Safe } from './ui';

export const asError = (e: unknown) => (e instanceof ApiError ? e : new ApiError(0, {}));

/** What the service answered: what failed, in the reader's language, and its reason. */
export function Fault({ e }: { e: ApiError }) {
	const d = t().err, p = e.problem, more = (p as { incidents?: string[] }).incidents ?? [];
	return (
		<div class="fault" role="alert">
			<p><b>{e.status === 0 ? d.network : tx(p.title) || d.title}</b> {p.detail && <Safe text={detail(p.detail)} />}{p.by && <> <Safe text={p.by} /></>}</p>
			{more.length > 0 && <p>{more.join(', ')}</p>}
		</div>
	);
}

interface DialogProps { title: string; sub?: ComponentChildren; how?: string; act: string; ready: boolean; tone?: string; wide?: boolean; run: () => Promise<unknown>; gone: () => void; children?: ComponentChildren }

export function Dialog({ title, sub, how, act, ready, tone = 'pri', wide, run, gone, children }: DialogProps) {
	const ref = useRef<HTMLDialogElement>(null), [busy, setBusy] = useState(false), [fault, setFault] = useState<ApiError | null>(null);
	useEffect(() => { ref.current?.showModal(); }, []);
	const submit = (e: Event) => {
		e.preventDefault();
		if (!ready || busy) return;
		setBusy(true);
		setFault(null);
		run().then(() => ref.current?.close(), (x: unknown) => { setFault(asError(x)); setBusy(false); });
	};
	return (
		<dialog ref={ref} class={`dlg work${wide ? ' wide' : ''}`} aria-label={title} onClose={gone}>
			<form onSubmit={submit} onKeyDown={(e) => { if (e.key === 'Enter' && (e.ctrlKey || e.metaKey) && !e.isComposing) { e.preventDefault(); e.currentTarget.requestSubmit(); } }}>
				<h2>{title}</h2>{sub && <p class="s el">{sub}</p>}{how && <p class="s how">{how}</p>}
				<div class="dlgb">{children}</div>
				{fault && <Fault e={fault} />}
				<div class="row end"><button type="button" class="btn" onClick={() => ref.current?.close()}>{tc().cancel}</button><button class={`btn ${tone}`} disabled={!ready || busy}>{act}</button></div>
			</form>
		</dialog>
	);
}

export interface MenuItem { label: string; keys?: string; run: () => void }

export function Menu({ label, keys, items, id }: { label: string; keys?: string; items: MenuItem[]; id: string }) {
	const [open, setOpen] = useState(false), root = useRef<HTMLSpanElement>(null);
	const all = () => [...(root.current?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])];
	useLayoutEffect(() => { // before the next key can come
		if (!open) return undefined;
		all()[0]?.focus();
		const away = (e: Event) => { if (!root.current?.contains(e.target as Node)) setOpen(false); };
		window.addEventListener('pointerdown', away);
		return () => window.removeEventListener('pointerdown', away);
	}, [open]);
	const leave = () => { setOpen(false); document.getElementById(id)?.focus(); };
	const key = (e: KeyboardEvent) => {
		if (!open) return;
		const list = all(), at = list.indexOf(document.activeElement as HTMLElement);
		const to = { ArrowDown: (at + 1) % list.length, ArrowUp: (at - 1 + list.length) % list.length, Home: 0, End: list.length - 1 }[e.key];
		if (to !== undefined) { e.preventDefault(); list[to]?.focus(); }
		else if (e.key === 'Escape') { e.preventDefault(); leave(); }
		else if (e.key === 'Tab' || e.key.length === 1 && e.key !== ' ') setOpen(false);
	};
	return (
		<span class="menu" ref={root} onKeyDown={key}>
			<button type="button" id={id} class="btn sm" aria-haspopup="menu" aria-expanded={open} onClick={() => setOpen(!open)}>{label}{keys ? <Kbd k={keys} /> : <Icon name="down" size={12} />}</button>
			{open && <div role="menu" aria-label={label}>{items.map((i) => <button type="button" key={i.label} role="menuitem" tabIndex={-1} onClick={() => { leave(); i.run(); }}><span>{i.label}</span>{i.keys && <span class="nw"><Kbd k={i.keys} /></span>}</button>)}</div>}
		</span>
	);
}
