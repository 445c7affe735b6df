// SPDX-License-Identifier: Apache-2.0
// One hand-over: what is open on the left, the words and both signatures on the right.
import { useState } from 'preact/hooks';
import type { Handover as Data, HandoverItem, HandoverSide, Signature } from '../shared/api.gen';
import { call } from '../shared/api';
import { lang, t, title, tx } from '../shared/i18n';
import { Icon } from '../shared/icons';
import { useKeys } from '../shared/keys';
import { go, Link } from '../shared/router';
import { clockText, hm, hms, serverNow, whenLong } from '../shared/time';
import { Owner, Safe, say, Seg, Sev, Show } from '../shared/ui';
import { useLoad } from '../shared/use';

export type HandoverState = Data['state'];
const cls: Record<HandoverState, string> = { draft: '', offered: ' half', late: ' late', accepted: ' ok', void: '' };
export const stateTag = (h: Data) => <span class={`tag${cls[h.state]}`}>{t().ho.state[h.state]}</span>;

export function Side({ s, big }: { s: HandoverSide; big?: boolean }) {
	const site = s.site ? tx(s.site.name) : '', who = s.lead ? tx(s.lead.name) : t().queue.none;
	return big ? <div class="s1"><b class="b">{site || who}</b><span class="t12 q">{site ? t().ho.leadIs(who) : ''}{s.site ? ` ${s.site.local_time}` : ''}</span></div> : <span class="nw">{site} <span class="q t12">{who}</span></span>;
}

/** How long is left to accept; before the change: until then. */
export function Left({ h }: { h: Data }) {
	const left = (Date.parse(h.due_at) - serverNow()) / 1000;
	return <b class={`m5 nw${left < 300 ? ' late0' : ''}`}>{left < 0 ? `+${clockText(-left)}` : clockText(left)}</b>;
}

/* ---- items ---- */

const groups: ReadonlyArray<readonly [name: 'cases' | 'promises' | 'second' | 'devices' | 'alarms' | 'queue' | 'approval', kinds: readonly HandoverItem['kind'][]]> = [
	['cases', ['incident', 'candidate']], ['promises', ['inquiry', 'task', 'promise']], ['second', ['second']], ['devices', ['device', 'lcp']], ['alarms', ['alarm']], ['queue', ['queue', 'held']], ['approval', ['registration', 'exception', 'report', 'advisory']],
];
const waits = (i: HandoverItem) => ['open', 'refused', 'late'].includes(i.state) && !i.gone;
const target = (i: HandoverItem): string | null => {
	switch (i.kind) {
	case 'incident': case 'second': return `/console/incidents/${i.ref}`;
	case 'task': return `/console/incidents/${i.ref.split('/')[0] ?? ''}`;
	case 'candidate': return `/console/candidates/${i.ref}`;
	case 'inquiry': return `/console/inquiries/${i.ref}`;
	case 'queue': return i.ref.endsWith('/inquiries') ? '/console/inquiries' : `/console/queue?tenant=${i.ref}`;
	case 'held': return '/console/inquiries';
	case 'registration': return '/console/devices';
	case 'exception': return '/console/exceptions';
	case 'report': return '/console/reports';
	case 'advisory': return '/console/advisories';
	default: return null;
	}
};

/** The screen where a count can be opened. */
const place = (i: HandoverItem): string => {
	const n = t().nav;
	return i.kind === 'held' || i.ref.endsWith('/inquiries') ? n.inquiries : i.kind === 'registration' ? n.devices : i.kind === 'exception' ? n.exceptions : i.kind === 'report' ? n.reports : i.kind === 'advisory' ? n.advisories : n.queue;
};

function Words({ i }: { i: HandoverItem }) {
	const d = t();
	if (!['incident', 'candidate'].includes(i.kind)) return null;
	return <div class="d">{([[d.cand.hypothesis, i.hypothesis], [d.cand.nextStep, i.next_step], [d.cand.blocker, i.blocker]] as const).map(([k, v]) => <><span>{k}</span><span>{v ? <Safe text={v} /> : <span class="q">{d.ho.nothing}</span>}</span></>)}</div>;
}

function Item({ i, cur, marked, mark, pick }: { i: HandoverItem; cur: boolean; marked: boolean; mark: (() => void) | null; pick: () => void }) {
	const d = t().ho, to = target(i), shown = ['incident', 'candidate', 'inquiry', 'task', 'second'].includes(i.kind) ? i.ref : '';
	return (
		<li class={`oi${cur ? ' cur' : ''}`} data-n={i.n} onClick={pick}>
			<div class="w0"><div class="row">{mark && waits(i) && <input type="checkbox" checked={marked} onChange={mark} aria-label={d.markItem(shown || String(i.n))} />}{to ? <Link to={to} class="tx m5">{shown || place(i)}</Link> : <span class="m5">{shown}</span>}</div>{i.severity && <Sev s={i.severity as 'warning'} />}</div>
			<div class="w0"><div><b class="b"><Safe text={tx(i.title)} /></b> <span class="q">{i.tenant ? tx(i.tenant.name) : ''}</span></div><Words i={i} />{i.state === 'refused' && <p class="t12 warn">{d.refusedBy(i.by ? tx(i.by.name) : '', i.reason ?? '')}</p>}</div>
			<div class="t12 s">{i.due_at && <><b class="m5">{whenLong(i.due_at)}</b><br />{d.due}</>}</div>
			<div class="row end own0"><span class="t12">{i.gone ? d.gone : i.state === 'open' ? '' : d.item[i.state]}</span><Owner p={i.owner} /></div>
		</li>
	);
}

function Items({ h, cur, setCur, marks, mark }: { h: Data; cur: number; setCur: (n: number) => void; marks: ReadonlySet<number>; mark: ((n: number) => void) | null }) {
	const d = t().ho, all = h.items ?? [];
	if (all.length === 0) return <div class="state"><p>{d.empty}</p></div>;
	return (
		<>{groups.map(([name, kinds]) => {
			const list = all.filter((i) => kinds.includes(i.kind));
			return list.length === 0 ? null : (
				<section class="os" key={name}><h2>{d.group[name]} <span class="q">{d.pieces(list.length)}</span></h2>
					<ul>{list.map((i) => <Item key={i.n} i={i} cur={i.n === cur} marked={marks.has(i.n)} mark={mark ? () => mark(i.n) : null} pick={() => setCur(i.n)} />)}</ul></section>
			);
		})}</>
	);
}

/* ---- right side ---- */

function Sign({ s, side }: { s: Signature; side: string }) {
	const d = t().ho;
	return (
		<div class="sg"><span class={s ? 'good' : 'q'}><Icon name={s ? 'tick' : 'clock'} size={18} /></span><span class="m5">{s?.by ? tx(s.by.name) : d.notYet} <span class="q t12">{side}</span></span><span class="mono q">{s?.at ? hms(s.at) : ''}</span>
			{s && <span class="t12 q rec">{d.record} <span class="mono">{s.seq} {s.hash?.slice(0, 4)}…{s.hash?.slice(-4)}</span></span>}</div>
	);
}

const failed = () => say(t().err.kept);

function Give({ h, put }: { h: Data; put: (h: Data) => void }) {
	const d = t().ho, [words, setWords] = useState(h.words), [l, setL] = useState<'ja' | 'en'>(h.words ? h.lang : lang.value);
	const save = () => void call('handover.words', { id: h.id }, { words, lang: l }).then((x) => { put(x); say(d.saved); }).catch(failed);
	const sign = () => void call('handover.offer', { id: h.id }, { words, lang: l }).then(put).catch(failed);
	return (
		<section><h2>{d.words} <span class="q t12">{d.two}</span></h2>
			<textarea id="words" class="fi mt" rows={5} maxLength={2000} lang={l} aria-label={d.words} value={words} onInput={(e) => setWords(e.currentTarget.value)} />
			<div class="row wrap mt"><Seg label={t().acc.lang} value={l} options={[['ja', '日本語'], ['en', 'English']]} set={setL} /><span class="sp" /><button class="btn sm" disabled={words === h.words} onClick={save}>{t().cand.save}</button></div>
			<div class="row wrap mt"><button class="btn pri grow ctr" id="sign" disabled={h.state === 'offered' && !h.counts.refused && !!h.given} onClick={sign}>{d.sign}</button>{h.state === 'draft' && <button class="btn" onClick={() => void call('handover.again', { id: h.id }).then(put).catch(failed)}>{d.again}</button>}</div>
		</section>
	);
}

function Take({ h, put, marks, clear }: { h: Data; put: (h: Data) => void; marks: ReadonlySet<number>; clear: () => void }) {
	const d = t().ho, [why, setWhy] = useState(''), [open, setOpen] = useState(false), items = marks.size ? { items: [...marks] } : {};
	const n = marks.size || (h.items ?? []).filter(waits).length;
	const accept = () => void call('handover.accept', { id: h.id }, items).then((x) => { put(x); clear(); }).catch(failed);
	const refuse = (e: Event) => { e.preventDefault(); void call('handover.refuse', { id: h.id }, { ...items, reason: why }).then((x) => { put(x); clear(); setOpen(false); setWhy(''); }).catch(failed); };
	return (
		<section>
			<div class="row wrap"><button class="btn pri p40 grow ctr" id="accept" disabled={n === 0} onClick={accept}>{marks.size ? d.acceptSome(n) : d.accept}</button><button class="btn p40" disabled={n === 0} aria-expanded={open} onClick={() => setOpen(!open)}>{d.refuse}</button></div>
			<p class="t12 q mt">{d.becomes(n)}</p>
			{open && <form onSubmit={refuse}><label class="f"><span>{d.why}</span><textarea class="fi" rows={2} required maxLength={2000} value={why} onInput={(e) => setWhy(e.currentTarget.value)} /></label><button class="btn mt" disabled={!why.trim()}>{d.refuse}</button></form>}
		</section>
	);
}

function Aside({ h, put, marks, clear }: { h: Data; put: (h: Data) => void; marks: ReadonlySet<number>; clear: () => void }) {
	const d = t().ho;
	return (
		<aside class="or" aria-label={d.signatures}>
			{h.may_give ? <Give key={h.state} h={h} put={put} /> : <section><h2>{d.words}</h2><p class="wd" lang={h.lang}>{h.words ? <Safe text={h.words} /> : d.nothing}</p></section>}
			<section><h2>{d.signatures}</h2><Sign s={h.given} side={d.giver} /><Sign s={h.taken} side={d.taker} /></section>
			{h.may_accept && <Take h={h} put={put} marks={marks} clear={clear} />}
			<section><h2>{d.crew}</h2><ul>{h.crew.map((p, i) => <li key={i} class="row cr0"><Owner p={p} /><span>{p ? tx(p.name) : ''}</span></li>)}</ul></section>
		</aside>
	);
}

function Page({ h, put }: { h: Data; put: (h: Data) => void }) {
	const d = t(), order = groups.flatMap(([, kinds]) => (h.items ?? []).filter((i) => kinds.includes(i.kind)));
	const [cur, setCur] = useState(order[0]?.n ?? 0), [marks, setMarks] = useState<ReadonlySet<number>>(new Set());
	const mark = (n: number) => setMarks((m) => { const c = new Set(m); if (!c.delete(n)) c.add(n); return c; });
	const at = order.findIndex((i) => i.n === cur);
	const step = (by: number) => { const i = order[Math.max(0, Math.min(order.length - 1, at + by))]; if (i) { setCur(i.n); document.querySelector(`[data-n="${i.n}"]`)?.scrollIntoView({ block: 'nearest' }); } };
	useKeys(() => [
		{ keys: 'j', label: (x) => x.keys.move, run: () => step(1), bar: true },
		{ keys: 'k', label: (x) => x.keys.move, run: () => step(-1), bar: true },
		{ keys: 'Enter', label: (x) => x.keys.preview, run: () => { const to = order[at] && target(order[at]!); if (to) go(to); }, bar: true },
		{ keys: 'x', label: (x) => x.keys.mark, run: () => { const i = order[at]; if (i && waits(i)) mark(i.n); }, bar: true, when: () => h.may_accept },
		{ keys: 'a', label: (x) => x.keys.toAccept, run: () => document.getElementById('accept')?.focus(), bar: true, when: () => h.may_accept },
		{ keys: 'n', label: (x) => x.keys.words, run: () => document.getElementById('words')?.focus(), bar: true, when: () => h.may_give },
		{ keys: 'Escape', label: (x) => x.keys.leave, run: () => go('/console/handover'), bar: true },
	], [h, cur, marks]);
	return (
		<div class="o0">
			<div class="oh"><div class="bt"><Side s={h.from} big /><Icon name="swap" size={22} /><Side s={h.to} big /></div>{stateTag(h)}<span class="sp" />
				<span class="t12 q">{h.state === 'accepted' || h.state === 'void' ? whenLong(h.at) : h.state === 'late' ? d.ho.isLate : d.ho.deadline(hm(h.at), hm(h.due_at))}</span>{['draft', 'offered'].includes(h.state) && <Left h={h} />}</div>
			<div class="ob" tabIndex={0} role="group" aria-label={d.ho.what}><Items h={h} cur={cur} setCur={setCur} marks={marks} mark={h.may_accept ? mark : null} /></div>
			<Aside h={h} put={put} marks={marks} clear={() => setMarks(new Set())} />
		</div>
	);
}

export function Handover({ id }: { id: string }) {
	const h = useLoad(() => call('handover.show', { id }), [id], ['handover', 'incident', 'candidate', 'inquiry']);
	title.value = `${t().nav.handover} ${h.data?.number ?? ''}`;
	return <Show of={h} rows={10}>{(v) => <Page h={v} put={h.set} />}</Show>;
}

