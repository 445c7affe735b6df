// SPDX-License-Identifier: Apache-2.0
// Where a tenant's programs and chats are told what happens: add, change, a new secret, a test, what was delivered, remove.
import { useState } from 'preact/hooks';
import type { Carries, Webhook, WebhookEvent } from './api.gen';
import { call } from './api';
import { Deliveries } from './deliveries';
import { asError, Dialog } from './dialog';
import { ts } from './dict/service';
import { lang, t, tx } from './i18n';
import { Once, type Secret } from './once';
import { whenLong } from './time';
import { Safe, say, Seg, Show } from './ui';
import { useLoad } from './use';

type Known = Carries['webhook.list']['events'];
const formats = ['json', 'slack', 'teams'] as const;
const tone = { active: ' ok', paused: ' half', disabled: ' late' } as const;
const failed = (x: unknown) => { const p = asError(x).problem; say(`${tx(p.title) || t().err.title} ${p.detail ?? ''}`); };

/** w: changed instead of added; its address is not known here and stays when nothing is typed. */
export function HookForm({ w, tenant, events, done, gone }: { w?: Webhook; tenant: string; events: Known; done: (w: Webhook) => void; gone: () => void }) {
	const d = ts().pg, [name, setName] = useState(w?.name ?? ''), [url, setUrl] = useState(''), [format, setFormat] = useState<Webhook['format']>(w?.format ?? 'json');
	const [l, setLang] = useState(w?.lang ?? lang.value), [chosen, setChosen] = useState<WebhookEvent[]>(w?.events ?? []), [raw, setRaw] = useState(w?.raw ?? false);
	const flip = (e: WebhookEvent) => setChosen(chosen.includes(e) ? chosen.filter((x) => x !== e) : [...chosen, e]);
	const body = { name: name.trim(), ...(url.trim() ? { url: url.trim() } : {}), format, lang: l, events: chosen, raw: raw && format === 'json' };
	const run = async () => done(w ? await call('webhook.change', { id: w.id }, body) : await call('webhook.add', {}, { ...body, tenant }));
	return (
		<Dialog title={w ? d.changeTitle(w.number) : d.addTitle} {...(w ? {} : { how: d.addHow })} act={w ? d.changeSave : d.save} ready={name.trim() !== '' && chosen.length > 0 && (!!w || /^https:\/\/.+/.test(url.trim()))} wide run={run} gone={gone}>
			<div class="half2"><label class="f"><span>{d.name}</span><input class="fi" autoFocus maxLength={120} value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>
				<label class="f"><span>{d.url}</span><input class="fi" type="url" inputMode="url" autocomplete="off" placeholder={w ? w.url : 'https://'} maxLength={1000} value={url} onInput={(e) => setUrl(e.currentTarget.value)} /><span class="q t12">{w ? d.sameUrl : d.urlHint}</span></label></div>
			<div class="row wrap mt1"><Seg label={d.format} value={format} options={formats.map((f) => [f, d.formats[f]] as const)} set={setFormat} /><Seg label={d.langOf} value={l} options={[['ja', '日本語'], ['en', 'English']] as const} set={setLang} /></div>
			<fieldset class="rs0 two0"><legend>{d.events}</legend><label class="opt wide2"><input type="checkbox" checked={chosen.length === events.length} onChange={() => setChosen(chosen.length === events.length ? [] : events.map((e) => e.event))} /> {d.every}</label>
				{events.map((e) => <label key={e.event} class="opt"><input type="checkbox" checked={chosen.includes(e.event)} onChange={() => flip(e.event)} /> {tx(e.title)}</label>)}</fieldset>
			{format === 'json' && <label class="opt"><input type="checkbox" checked={raw} onChange={(e) => setRaw(e.currentTarget.checked)} /> {d.raw} <span class="q t12">{d.rawHint}</span></label>}
		</Dialog>
	);
}

function Rotate({ w, done, gone }: { w: Webhook; done: (w: Webhook) => void; gone: () => void }) {
	const d = ts().pg, [hours, set] = useState('24'), n = Number(hours), good = /^\d+$/.test(hours) && n <= 168;
	return (
		<Dialog title={d.rotateTitle(w.number)} how={d.rotateHow} act={d.rotate} ready={good} run={async () => done(await call('webhook.rotate', { id: w.id }, { overlap_h: n }))} gone={gone}>
			<label class="f"><span>{d.overlap}</span><input class="fi" type="number" autoFocus min={0} max={168} value={hours} onInput={(e) => set(e.currentTarget.value)} /></label>
		</Dialog>
	);
}

type Doing = 'change' | 'rotate' | 'remove';

function One({ w, events, may, reload, shown, name }: { w: Webhook; events: Known; may: boolean; reload: () => void; shown: (s: Secret) => void; name: boolean }) {
	const d = ts().pg, [doing, setDoing] = useState<Doing | null>(null), [log, setLog] = useState(false), [turn, setTurn] = useState(0);
	const secret = (x: Webhook) => { if (x.secret) shown({ title: d.secretOf(x.number), value: x.secret }); reload(); };
	const act = (p: Promise<unknown>, text: string, undo?: () => void) => void p.then(() => { say(text, undo); reload(); setTurn(turn + 1); }, failed);
	const state = (to: 'active' | 'paused') => call('webhook.change', { id: w.id }, { state: to });
	return (
		<li><div class="row wrap"><span class="mono s">{w.number}</span><b><Safe text={w.name} /></b><span class={`tag${tone[w.state]}`}>{d.st[w.state]}</span>{name && <span class="s">{tx(w.tenant.name)}</span>}<span class="s mono el"><Safe text={w.url} /></span></div>
			<p class="s t12 mt1">{d.formats[w.format]} · <span title={w.events.map((e) => tx(events.find((x) => x.event === e)?.title) || e).join(', ')}>{d.nEvents(w.events.length)}</span> · {w.failing_at ? <span class="late-t">{d.failing(whenLong(w.failing_at))}</span> : w.delivered_at ? d.delivered(whenLong(w.delivered_at)) : d.never}{w.waiting > 0 && <> · {d.waiting(w.waiting)}</>}{w.overlap_to && <> · {d.twoSecrets(whenLong(w.overlap_to))}</>}</p>
			<div class="row wrap mt1"><button class="btn sm" aria-expanded={log} onClick={() => setLog(!log)}>{log ? d.hide : d.show}<span class="vh"> {w.number}</span></button>
				{may && <><button class="btn sm" onClick={() => { setLog(true); act(call('webhook.test', { id: w.id }), d.tested); }}>{d.test}<span class="vh"> {w.number}</span></button><button class="btn sm" onClick={() => setDoing('change')}>{d.change}<span class="vh"> {w.number}</span></button><button class="btn sm" onClick={() => setDoing('rotate')}>{d.rotate}<span class="vh"> {w.number}</span></button>
					{w.state === 'active' ? <button class="btn sm" onClick={() => act(state('paused'), d.paused, () => act(state('active'), d.resumed))}>{d.pause}<span class="vh"> {w.number}</span></button> : <button class="btn sm" onClick={() => act(state('active'), d.resumed)}>{d.resume}<span class="vh"> {w.number}</span></button>}
					<button class="btn sm" onClick={() => setDoing('remove')}>{d.remove}<span class="vh"> {w.number}</span></button></>}</div>
			{log && <Deliveries key={turn} id={w.id} number={w.number} events={events} may={may} />}
			{doing === 'change' && <HookForm w={w} tenant={w.tenant.id} events={events} done={() => { say(d.changed); reload(); }} gone={() => setDoing(null)} />}
			{doing === 'rotate' && <Rotate w={w} done={secret} gone={() => setDoing(null)} />}
			{doing === 'remove' && <Dialog title={d.removeTitle(`${w.number} ${w.name}`)} how={d.removeHow} act={d.remove} tone="em" ready run={async () => { await call('webhook.remove', { id: w.id }); say(d.removed); reload(); }} gone={() => setDoing(null)} />}</li>
	);
}

/** tenant: only its own, and where a new one belongs; '' all of them. */
export function Webhooks({ tenant, may, name = false }: { tenant: string; may: boolean; name?: boolean }) {
	const d = ts().pg, list = useLoad(() => call('webhook.list', { tenant }), [tenant], ['webhook']), [adding, add] = useState(false), [secret, show] = useState<Secret | null>(null);
	return (
		<section class="card"><div class="sec"><h2>{d.hooks}</h2><span class="sp" />{may && (tenant ? <button class="btn sm pri" id="add-hook" disabled={!list.data} onClick={() => add(true)}>{d.add}</button> : <span class="q t12">{d.choose}</span>)}</div>
			<Show of={list} rows={4}>{(v) => (
				<>
					{v.items.length === 0 ? <p class="s">{d.noHooks}</p> : <ul class="apl">{v.items.map((w) => <One key={w.id} w={w} events={v.events} may={may} reload={list.reload} shown={show} name={name} />)}</ul>}
					{adding && <HookForm tenant={tenant} events={v.events} done={(w) => { if (w.secret) show({ title: d.secretOf(w.number), value: w.secret }); list.reload(); }} gone={() => add(false)} />}
				</>
			)}</Show>
			{secret && !adding && <Once secret={secret} gone={() => show(null)} />}
		</section>
	);
}
