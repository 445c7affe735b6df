// SPDX-License-Identifier: Apache-2.0
// A new exception, filled in from a detection; beside it what it would have hidden, asked again as it changes.
import { useEffect, useState } from 'preact/hooks';
import type { Candidate, Detection, WouldHide } from '../shared/api.gen';
import { ApiError, call, session } from '../shared/api';
import { tc } from '../shared/dict/cases';
import { asError, Fault } from '../shared/dialog';
import { lang, t, title, tx } from '../shared/i18n';
import { Icon } from '../shared/icons';
import { useKeys } from '../shared/keys';
import { asked, go, query } from '../shared/router';
import { hms, serverNow } from '../shared/time';
import { Safe, say, Seg, Show } from '../shared/ui';
import { useLoad } from '../shared/use';
import { PersonField, langs } from './case-pick';
import { Would } from './exception';

type Kind = 'host' | 'user' | 'ip' | 'net' | 'domain' | 'hash' | 'process' | 'url';
interface Cond { kind: Kind; value: string }
const kinds: Kind[] = ['host', 'user', 'ip', 'net', 'domain', 'hash', 'process', 'url'];
const dayAfter = (n: number) => new Date(serverNow() + n * 86400000).toISOString().slice(0, 10);

function Conditions({ list, set }: { list: Cond[]; set: (c: Cond[]) => void }) {
	const d = tc().x, at = (i: number, c: Partial<Cond>) => set(list.map((x, n) => (n === i ? { ...x, ...c } : x)));
	return (
		<fieldset class="rs0"><legend class="row"><span class="t12 s m5">{d.conditions}</span>{list.length > 1 && <span class="t12 q">{d.all}</span>}</legend>
			<ol class="conds">{list.map((c, i) => <li key={i}><select class="fi sm" aria-label={`${d.kind} ${i + 1}`} value={c.kind} onChange={(e) => at(i, { kind: e.currentTarget.value as Kind })}>{kinds.map((k) => <option key={k} value={k}>{d.kinds[k]}</option>)}</select>
				<input class="fi sm mono" aria-label={`${d.value} ${i + 1}`} maxLength={255} placeholder={c.kind === 'net' ? '192.0.2.0/28' : ''} value={c.value} onInput={(e) => at(i, { value: e.currentTarget.value })} /><button type="button" class="btn sm bare" aria-label={`${d.remove} ${i + 1}`} onClick={() => set(list.filter((_, n) => n !== i))}><Icon name="cross" size={12} /></button></li>)}</ol>
			{list.length < 8 && <button type="button" class="btn sm bare" onClick={() => set([...list, { kind: 'host', value: '' }])}><Icon name="plus" size={12} />{d.add}</button>}
		</fieldset>
	);
}

function Form({ c, first }: { c: Candidate | null; first: Detection | undefined }) {
	const d = tc(), x = d.x, me = session.value?.user;
	const [tenant, setTenant] = useState(c?.tenant.id ?? ''), [rule, setRule] = useState(first?.rule.id ?? ''), [list, setList] = useState<Cond[]>((first?.entities ?? c?.entities ?? []).slice(0, 1).map((e) => ({ kind: e.kind, value: e.value })));
	const [reason, setReason] = useState(''), [l, setL] = useState<'ja' | 'en'>(lang.value), [owner, setOwner] = useState(me?.login ?? ''), [until, setUntil] = useState(dayAfter(30));
	const [would, setWould] = useState<WouldHide | null>(null), [fault, setFault] = useState<ApiError | null>(null), [wrong, setWrong] = useState<ApiError | null>(null), [busy, setBusy] = useState(false);
	const tenants = useLoad(() => (c ? Promise.resolve(null) : call('tenant.list')), []);
	const conditions = list.filter((e) => e.value.trim()).map((e) => ({ kind: e.kind, value: e.value.trim() })), scope = { tenant, ...(rule.trim() ? { rule: rule.trim() } : {}), conditions }, some = tenant !== '' && (rule.trim() !== '' || conditions.length > 0);
	useEffect(() => {
		if (!some) { setWould(null); setWrong(null); return undefined; }
		const stop = new AbortController();
		const id = setTimeout(() => { call('exception.preview', {}, scope, stop.signal).then((w) => { setWould(w); setWrong(null); }, (e: unknown) => { if (!stop.signal.aborted) { setWould(null); setWrong(asError(e)); } }); }, 200);
		return () => { clearTimeout(id); stop.abort(); };
	}, [JSON.stringify(scope), some]);
	const submit = (e: Event) => {
		e.preventDefault();
		setBusy(true);
		call('exception.add', {}, { ...scope, reason: reason.trim(), lang: l, ...(owner.trim() ? { owner: owner.trim() } : {}), expires_at: new Date(`${until}T23:59:59`).toISOString() })
			.then((v) => { say(x.sent(v.number)); go(`/console/exceptions/${v.number}`); }, (v: unknown) => { setFault(asError(v)); setBusy(false); });
	};
	const others = (first?.entities ?? c?.entities ?? []).filter((e) => !list.some((y) => y.kind === e.kind && y.value === e.value)).slice(0, 10);
	return (
		<form class="xn" onSubmit={submit}>
			<div class="xnl">
				{c ? <p class="s">{x.fromDet}: <b class="m5 tx">{c.number}</b> <Safe text={tx(c.title)} /> <span class="tag">{tx(c.tenant.name)}</span></p>
					: <label class="f"><span>{x.tenant}</span><select class="fi" required value={tenant} onChange={(e) => setTenant(e.currentTarget.value)}><option value="">{t().inq.choose}</option>{(tenants.data?.items ?? []).map((y) => <option key={y.id} value={y.id}>{tx(y.name)}</option>)}</select></label>}
				{c && (c.detection_list ?? []).length > 1 && <label class="f"><span>{x.fromDet}</span><select class="fi" value={first?.id ?? ''} onChange={(e) => query({ detection: e.currentTarget.value })}>{(c.detection_list ?? []).map((y) => <option key={y.id} value={y.id}>{`${hms(y.at)} ${y.rule.name ?? y.kind} ${y.device ?? ''}`}</option>)}</select></label>}
				<label class="f"><span>{x.rule} <span class="q">{first?.rule.name ?? ''}</span></span><input class="fi mono" maxLength={128} placeholder={x.any} value={rule} onInput={(e) => setRule(e.currentTarget.value)} /></label>
				<Conditions list={list} set={setList} />
				{others.length > 0 && <div class="row wrap mt1">{others.map((e) => <button type="button" key={`${e.kind}${e.value}`} class="btn sm" onClick={() => setList([...list, { kind: e.kind, value: e.value }])}><Icon name="plus" size={11} /><span class="mono el"><Safe text={e.value} /></span></button>)}</div>}
				<label class="f"><span>{x.reason} <span class="q">{x.reasonHint}</span></span><textarea class="fi" rows={3} required maxLength={2000} lang={l} value={reason} onInput={(e) => setReason(e.currentTarget.value)} /></label>
				<div class="row wrap mt1"><Seg label={d.lang} value={l} options={langs} set={setL} /></div>
				<div class="half2"><PersonField label={x.owner} value={owner} set={setOwner} /><label class="f"><span>{x.days}</span><input class="fi" type="date" required min={dayAfter(1)} max={dayAfter(365)} value={until} onInput={(e) => setUntil(e.currentTarget.value)} /></label></div>
				{fault && <Fault e={fault} />}
				<div class="row mt"><button class="btn pri" disabled={busy || !some || !reason.trim() || !until}>{x.submit}</button></div>
			</div>
			<aside class="xnr" aria-label={x.preview}><h2>{x.preview}</h2>{would ? <Would w={would} /> : wrong ? <Fault e={wrong} /> : <p class="s">{some ? t().err.loading : x.need}</p>}</aside>
		</form>
	);
}

export function NewException() {
	const id = asked('candidate'), want = asked('detection');
	const c = useLoad(() => (id ? call('candidate.show', { id }) : Promise.resolve(null)), [id]);
	title.value = tc().x.newTitle;
	useKeys(() => [{ keys: 'Escape', label: (x) => x.keys.leave, run: () => history.back(), bar: true }], []);
	return <div class="lst"><Show of={c} rows={8}>{(v) => { const first = v?.detection_list?.find((x) => x.id === want) ?? v?.detection_list?.at(-1); return <Form key={first?.id ?? 'new'} c={v} first={first} />; }}</Show></div>;
}
