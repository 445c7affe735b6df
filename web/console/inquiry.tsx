// SPDX-License-Identifier: Apache-2.0
// One thread with its answer box. What the customer will read is confirmed with the text in sight, except in a chat.
import { useState } from 'preact/hooks';
import type { Inquiry as Data, InquiryKind, InquiryPriority } from '../shared/api.gen';
import { call, session } from '../shared/api';
import { Picker, size, type Picked } from '../shared/files';
import { lang, t, title, tx } from '../shared/i18n';
import { useKeys } from '../shared/keys';
import { usePromise } from '../shared/promise';
import { go, Link } from '../shared/router';
import { Composer, Messages } from '../shared/thread';
import { serverNow, whenLong } from '../shared/time';
import { ClockChip, Owner, Pick, Safe, say, Seg, Show, focusNow } from '../shared/ui';
import { useLoad } from '../shared/use';
import { Held, WasHeld } from './held';
import { NoteBox } from './note';

type Put = (q: Data) => void;
const failed = () => say(t().err.title);

/** Somebody on the other side is typing right now. */
const chatting = (q: Data) => {
	const last = [...q.messages].reverse().find((m) => m.side === 'customer');
	return last?.door === 'chat' && serverNow() - Date.parse(last.at) < 600000;
};

function Answer({ q, put }: { q: Data; put: Put }) {
	const d = t().inq, [how, setHow] = useState<'answer' | 'note' | 'chat'>(chatting(q) ? 'chat' : 'answer'), [l, setL] = useState<'ja' | 'en'>(q.lang), [draft, setDraft] = useState(''), [files, setFiles] = useState<Picked[]>([]);
	const send = (text: string, visible: boolean) => call('inquiry.message', { id: q.id }, { text, visible, lang: visible ? l : lang.value, ...(files.length ? { files: files.map(({ name, data }) => ({ name, data })) } : {}) }).then((x) => { setFiles([]); put(x); });
	if (draft) return (
		<div class="publish" role="alertdialog" aria-label={d.publish}><p class="m5">{d.publish}</p><blockquote lang={l}>{draft}</blockquote>{files.length > 0 && <p class="s t12">{d.withFiles}: {files.map((f) => `${f.name} (${size(f.size)})`).join(', ')}</p>}<div class="row end"><button class="btn sm" onClick={() => setDraft('')}>{t().cand.cancel}</button><button class="btn sm pri" ref={focusNow} onClick={() => void send(draft, true).then(() => setDraft('')).catch(() => say(t().err.kept))}>{d.publishIt}</button></div></div>
	);
	return (
		<>
			<div class="row wrap ansh"><Seg label={d.mode} value={how} options={[['answer', d.answer], ['note', d.note], ['chat', d.chatMode]]} set={setHow} />{how === 'answer' && <Seg label={t().acc.lang} value={l} options={[[q.lang, q.lang === 'ja' ? '日本語' : 'English'], [q.lang === 'ja' ? 'en' : 'ja', q.lang === 'ja' ? 'English' : '日本語']]} set={setL} />}{how !== 'chat' && <><span class="sp" /><Picker files={files} set={setFiles} /></>}</div>
			{how === 'chat' ? <Composer q={q} put={put} chat /> : <NoteBox key={how} label={how === 'answer' ? d.answer : t().cand.note} send={(x) => (how === 'answer' ? Promise.resolve(setDraft(x)) : send(x, false))} />}
		</>
	);
}

const kinds: InquiryKind[] = ['question', 'why_closed', 'seen', 'device', 'contact', 'report', 'other'];
const priorities: InquiryPriority[] = ['urgent', 'normal', 'low'];

function Facts({ q, put, may }: { q: Data; put: Put; may: boolean }) {
	const d = t(), [incident, setIncident] = useState(q.incident ?? ''), promise = usePromise(q.tenant?.id ?? '');
	const change = (x: { kind?: InquiryKind; priority?: InquiryPriority; incident?: string | null }) => void call('inquiry.change', { id: q.id }, x).then(put).catch(failed);
	return (
		<section class="card"><h3>{d.inq.inquiryOf(q.number)}</h3>
			<dl class="kvq"><dt>{d.inq.kindH}</dt><dd>{may ? <Pick label={d.inq.kindH} value={q.kind} options={kinds.map((k) => [k, d.inq.kind[k]] as const)} set={(kind) => change({ kind })} /> : d.inq.kind[q.kind]}</dd>
				<dt>{d.inq.priorityH}</dt><dd>{may ? <Pick label={d.inq.priorityH} value={q.priority} options={priorities.map((k) => [k, promise(q.kind, k)] as const)} set={(priority) => change({ priority })} /> : d.inq.priority[q.priority]}</dd>
				<dt>{d.inq.opened}</dt><dd>{whenLong(q.opened_at)} · {d.inq.door[q.door]}</dd>
				<dt>{d.inq.from}</dt><dd>{q.people.map((p) => <div key={p.address}><Safe text={p.name ?? ''} /> <span class="q t12"><Safe text={p.address ?? ''} /></span></div>)}</dd>
				<dt>{d.inq.link}</dt><dd>{q.incident ? <span class="row"><Link to={`/console/incidents/${q.incident}`}>{q.incident}</Link>{may && <button class="btn sm bare" onClick={() => change({ incident: null })}>{d.inq.unlink}</button>}</span>
					: may && q.tenant ? <span class="row"><input class="fi sm" aria-label={d.inq.link} value={incident} maxLength={64} onInput={(e) => setIncident(e.currentTarget.value)} /><button class="btn sm" disabled={!incident.trim()} onClick={() => change({ incident: incident.trim() })}>{d.inq.linkIt}</button></span> : ''}</dd></dl>
			{(q.mails ?? []).length > 0 && <><h3 class="mt">{d.inq.mails}</h3><ul class="t12">{(q.mails ?? []).map((m, i) => <li key={i}>{m.to} <span class="q">{m.outcome_text ? tx(m.outcome_text) : d.inc.attempt.waiting} {m.ended_at ? whenLong(m.ended_at) : ''}</span></li>)}</ul></>}
		</section>
	);
}

export function Inquiry({ id }: { id: string }) {
	const d = t(), inq = useLoad(() => call('inquiry.show', { id }), [id], ['inquiry']);
	const may = ['analyst', 'lead'].includes(session.value?.user?.role ?? '');
	title.value = id;
	useKeys(() => [
		{ keys: 'n', label: (x) => x.keys.note, run: () => document.getElementById('note')?.focus(), bar: true },
		{ keys: 'a', label: (x) => x.keys.assign, run: () => void call('inquiry.claim', { id }).then(inq.set).catch(failed), bar: true },
		{ keys: 'Escape', label: (x) => x.keys.leave, run: () => go('/console/inquiries'), bar: true },
	], [id]);
	return (
		<Show of={inq} rows={12}>{(q) => (
			<div class="i0 inq0">
				<div class="ih"><span class="mono s nw">{q.number}</span><h2 class="el it"><Safe text={q.subject} /></h2><span class={`tag${q.state === 'open' && q.waits === 'us' ? ' half' : ''}`}>{q.state === 'open' ? d.inq.waitsStaff[q.waits] : d.inq.state[q.state]}</span><span class="tag">{q.tenant ? tx(q.tenant.name) : d.inq.held}</span><span class="sp" />{q.clock && <ClockChip c={q.clock} />}<Owner p={q.owner} />
					{may && q.tenant && q.state === 'open' && <>{!q.owner && <button class="btn sm" onClick={() => void call('inquiry.claim', { id: q.id }).then(inq.set).catch(failed)}>{d.inq.claim}</button>}{q.waits === 'customer' && <button class="btn sm" onClick={() => void call('inquiry.close', { id: q.id }).then(inq.set).catch(failed)}>{d.inq.closeStaff}</button>}</>}
					{may && q.state === 'closed' && <button class="btn sm" onClick={() => void call('inquiry.reopen', { id: q.id }).then(inq.set).catch(failed)}>{d.cand.reopen}</button>}</div>
				<section class="tl" aria-label={d.inq.thread}><Messages q={q} side="soc" />{may && q.state === 'open' && q.tenant && <Answer key={q.id} q={q} put={inq.set} />}</section>
				<div class="facts one" tabIndex={0} role="group" aria-label={d.inq.inquiryOf(q.number)}>{!q.tenant && q.state === 'open' && may && <Held q={q} put={inq.set} />}{may && <WasHeld q={q} put={inq.set} />}<Facts key={q.updated_at} q={q} put={inq.set} may={may} /></div>
			</div>
		)}</Show>
	);
}

/** What a customer said on the telephone, written down by whoever took the call. */
export function PhoneNote() {
	const d = t(), tenants = useLoad(() => call('tenant.list'), []);
	const [v, setV] = useState({ tenant: '', name: '', subject: '', text: '', kind: 'question' as InquiryKind, priority: 'normal' as InquiryPriority, answered: false, lang: lang.value as 'ja' | 'en' });
	const put = (x: Partial<typeof v>) => setV({ ...v, ...x }), promise = usePromise(v.tenant);
	title.value = d.inq.phone;
	const submit = (e: Event) => {
		e.preventDefault();
		const { name, answered, ...rest } = v;
		void call('inquiry.open', {}, { ...rest, door: 'phone', answered, ...(name ? { name } : {}) }).then((q) => go(`/console/inquiries/${q.number}`)).catch(() => say(d.err.kept));
	};
	return (
		<div class="scroll pad"><form class="card form1" onSubmit={submit}>
			<h2>{d.inq.phone}</h2>
			<div class="half2"><label class="f"><span>{d.inc.tenant}</span><select class="fi" required value={v.tenant} onChange={(e) => put({ tenant: e.currentTarget.value })}><option value="">{d.inq.choose}</option>{(tenants.data?.items ?? []).map((x) => <option key={x.id} value={x.id}>{tx(x.name)}</option>)}</select></label>
				<label class="f"><span>{d.inq.caller}</span><input class="fi" maxLength={200} value={v.name} onInput={(e) => put({ name: e.currentTarget.value })} /></label></div>
			<label class="f"><span>{d.inq.subject}</span><input class="fi" required maxLength={300} value={v.subject} onInput={(e) => put({ subject: e.currentTarget.value })} /></label>
			<label class="f"><span>{d.inq.text}</span><textarea class="fi" rows={8} required maxLength={10000} value={v.text} onInput={(e) => put({ text: e.currentTarget.value })} /></label>
			<div class="half2"><label class="f"><span>{d.inq.kindH}</span><select class="fi" value={v.kind} onChange={(e) => put({ kind: e.currentTarget.value as InquiryKind })}>{kinds.map((k) => <option key={k} value={k}>{d.inq.kind[k]}</option>)}</select></label>
				<label class="f"><span>{d.inq.priorityH}</span><select class="fi" value={v.priority} onChange={(e) => put({ priority: e.currentTarget.value as InquiryPriority })}>{priorities.map((k) => <option key={k} value={k}>{promise(v.kind, k)}</option>)}</select></label></div>
			<div class="row wrap"><Seg label={d.acc.lang} value={v.lang} options={[['ja', '日本語'], ['en', 'English']]} set={(x) => put({ lang: x })} /><label class="vis"><input type="checkbox" checked={v.answered} onChange={(e) => put({ answered: e.currentTarget.checked })} /> {d.inq.answered}</label></div>
			<button class="btn pri">{d.cand.save}</button>
		</form></div>
	);
}
