// SPDX-License-Identifier: Apache-2.0
// Advisories: the list, and the form in which both languages stand side by side.
import { useState } from 'preact/hooks';
import type { Advisory as Data, AdvisoryTenant, IndicatorAsked, Severity } from '../shared/api.gen';
import { ApiError, call, session } from '../shared/api';
import { t, title, tx } from '../shared/i18n';
import { useKeys } from '../shared/keys';
import { go, Link } from '../shared/router';
import { whenLong } from '../shared/time';
import { Safe, Sev, Show, Trouble } from '../shared/ui';
import { useLoad } from '../shared/use';

export function Advisories() {
	const d = t(), list = useLoad(() => call('advisory.list'), [], ['advisory']), [cur, setCur] = useState('');
	const may = ['analyst', 'lead'].includes(session.value?.user?.role ?? ''), items = list.data?.items ?? [], at = items.findIndex((a) => a.number === cur);
	title.value = d.nav.advisories;
	const step = (by: number) => { const n = items[Math.max(0, Math.min(items.length - 1, at + by))]; if (n) setCur(n.number); };
	useKeys(() => [
		{ keys: 'j', label: (x) => x.keys.move, run: () => step(1), bar: true },
		{ keys: 'k', label: (x) => x.keys.move, run: () => step(-1), bar: true },
		{ keys: 'Enter', label: (x) => x.keys.preview, run: () => { if (cur) go(`/console/advisories/${cur}`); }, bar: true },
	], [list.data, cur]);
	return (
		<div class="lst">
			<div class="qh"><span class="t12 q" role="status">{list.data ? d.adv.list(items.length) : ''}</span><span class="sp" />{may && <Link to="/console/advisories/new" class="btn sm">{d.adv.add}</Link>}</div>
			<Show of={list} rows={8}>{(v) => v.items.length === 0 ? <div class="state"><p>{d.adv.none}</p></div> : (
				<div class="scroll" tabIndex={0} role="group" aria-label={d.nav.advisories}>
					<table class="t rt inl"><thead><tr><th>{d.form.severity}</th><th>{d.adv.title}</th><th>{d.inc.stateH}</th><th>{d.adv.sentAt}</th><th class="r">{d.adv.concerned}</th><th class="r">{d.adv.reads}</th></tr></thead>
						<tbody>{v.items.map((a) => <tr key={a.id} class={a.number === cur ? 'cur' : ''} onClick={() => setCur(a.number)}><td><Sev s={a.severity} /></td><td class="ln1"><Link to={`/console/advisories/${a.number}`} class="tx m5"><Safe text={tx(a.title)} /></Link> <span class="q t12 mono">{a.number}</span></td><td><span class={`tag${a.state === 'sent' ? ' ok' : a.state === 'draft' ? ' half' : ''}`}>{d.adv.state[a.state]}</span></td><td class="nw">{a.sent_at ? whenLong(a.sent_at) : ''}</td><td class="r">{a.tenants.filter((x) => x.sent_at || isConcerned(x)).length}</td><td class="r">{a.tenants.filter((x) => x.reads.length > 0).length} / {a.tenants.filter((x) => x.sent_at).length}</td></tr>)}</tbody></table>
				</div>
			)}</Show>
		</div>
	);
}

export const isConcerned = (x: AdvisoryTenant) => x.devices.length > 0 || x.assets.length > 0 || (x.total ?? 0) > 0;

const lines = (s: string) => s.split(/[\n、]+/).map((x) => x.trim()).filter(Boolean);
const words = (s: string) => s.split(/\s+/).filter(Boolean);
export const isCve = (x: string) => /^cve-\d{4}-\d{4,}$/i.test(x);
/** What somebody pasted, also defanged: hxxp://evil[.]example/a, 198.51.100[.]7. The service reads it again. */
export function indicator(x: string): IndicatorAsked | null {
	const v = x.replace(/\[(\.|:|:\/\/)\]|[({]\.[)}]/g, (_, c: string | undefined) => c ?? '.').replace(/[[(]dot[\])]/gi, '.').replace(/^hxxp/i, 'http'), low = v.toLowerCase();
	if (isCve(v)) return { kind: 'cve', value: v };
	if (/^[0-9a-f]+$/.test(low) && [32, 40, 64, 128].includes(v.length)) return { kind: 'hash', value: v };
	if (/^(https?|ftp):\/\/[^/]/.test(low)) return { kind: 'url', value: v };
	if (/^(\d{1,3}(\.\d{1,3}){3}|[0-9a-f:.]*:[0-9a-f:.]*)(\/\d{1,3})?$/.test(low)) return { kind: v.includes('/') ? 'net' : 'ip', value: v };
	return /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)+\.?$/.test(low) ? { kind: 'domain', value: v } : null;
}

const levels: Severity[] = ['emergency', 'critical', 'warning', 'informational'];
interface Draft { severity: Severity; tj: string; te: string; xj: string; xe: string; aj: string; ae: string; products: string; indicators: string }
type Part = 'tj' | 'te' | 'xj' | 'xe' | 'aj' | 'ae';

function Pair({ v, put, label, parts, rows, need }: { v: Draft; put: (x: Partial<Draft>) => void; label: string; parts: readonly [Part, Part]; rows: number; need: boolean }) {
	const d = t().adv;
	return (
		<div class="half2">{([[parts[0], d.ja, 'ja'], [parts[1], d.en, 'en']] as const).map(([key, name, l]) => (
			<label class="f" key={key}><span>{label} · {name}</span>{rows === 1 ? <input class="fi" lang={l} required={need} maxLength={200} value={v[key]} onInput={(e) => put({ [key]: e.currentTarget.value })} /> : <textarea class="fi" lang={l} rows={rows} required={need} maxLength={2000} value={v[key]} onInput={(e) => put({ [key]: e.currentTarget.value })} />}</label>
		))}</div>
	);
}

export function AdvisoryForm({ a, done }: { a?: Data; done: (a: Data) => void }) {
	const d = t();
	const [v, setV] = useState<Draft>({ severity: a?.severity ?? 'warning', tj: a?.title.ja ?? '', te: a?.title.en ?? '', xj: a?.text.ja ?? '', xe: a?.text.en ?? '', aj: a?.advice.ja ?? '', ae: a?.advice.en ?? '', products: [...(a?.products ?? []), ...(a?.cves ?? [])].join('\n'), indicators: (a?.indicators ?? []).map((i) => i.value).join('\n') });
	const [fault, setFault] = useState<ApiError | null>(null);
	const put = (x: Partial<Draft>) => setV({ ...v, ...x });
	const wrong = words(v.indicators).find((x) => !indicator(x)), names = lines(v.products);
	title.value = a ? a.number : d.adv.add;
	const submit = (e: Event) => {
		e.preventDefault();
		if (wrong) return;
		const body = { severity: v.severity, title: { ja: v.tj.trim(), en: v.te.trim() }, text: { ja: v.xj.trim(), en: v.xe.trim() }, ...(v.aj.trim() && v.ae.trim() ? { advice: { ja: v.aj.trim(), en: v.ae.trim() } } : {}), products: names.filter((x) => !isCve(x)), cves: names.filter(isCve), indicators: words(v.indicators).map((x) => indicator(x)!) };
		(a ? call('advisory.change', { id: a.id }, body) : call('advisory.add', {}, body)).then(done).catch((x: unknown) => setFault(x instanceof ApiError ? x : new ApiError(0, {})));
	};
	return (
		<form class="card form1 wide1" onSubmit={submit}>
			<label class="f"><span>{d.form.severity}</span><select class="fi" value={v.severity} onChange={(e) => put({ severity: e.currentTarget.value as Severity })}>{levels.map((s) => <option key={s} value={s}>{d.sev[s]}</option>)}</select></label>
			<Pair v={v} put={put} label={d.adv.title} parts={['tj', 'te']} rows={1} need /><Pair v={v} put={put} label={d.adv.text} parts={['xj', 'xe']} rows={7} need /><Pair v={v} put={put} label={d.adv.advice} parts={['aj', 'ae']} rows={4} need={false} />
			<div class="half2"><label class="f"><span>{d.adv.products}</span><textarea class="fi mono" name="products" rows={4} value={v.products} onInput={(e) => put({ products: e.currentTarget.value })} /></label>
				<label class="f"><span>{d.adv.indicators}</span><textarea class="fi mono" name="indicators" rows={4} aria-invalid={!!wrong} value={v.indicators} onInput={(e) => put({ indicators: e.currentTarget.value })} />{wrong && <span class="late-t t12" role="alert">{d.adv.badIndicator(wrong)}</span>}</label></div>
			{fault && <Trouble e={fault} />}
			<button class="btn pri" disabled={!!wrong}>{d.adv.save}</button>
		</form>
	);
}
