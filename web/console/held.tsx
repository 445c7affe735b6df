// SPDX-License-Identifier: Apache-2.0
// A mail that is nobody's: whose it is, of which thread, or why it is discarded. Each is undone with a key.
import { useState } from 'preact/hooks';
import type { DiscardReason, Inquiry as Data } from '../shared/api.gen';
import { call } from '../shared/api';
import { t, tx } from '../shared/i18n';
import { go, Link } from '../shared/router';
import { Pick, Safe, say } from '../shared/ui';
import { useLoad } from '../shared/use';

type Put = (q: Data) => void;
const failed = () => say(t().err.title);
const restore = (q: Data, put: Put) => void call('inquiry.restore', { id: q.id }).then((x) => { put(x); say(t().cand.undone); go(`/console/inquiries/${q.number}`); }).catch(() => say(t().inq.tooLate));

/** The open and closed threads of a tenant, newest change first. */
function useThreads(tenant: string) {
	return useLoad(() => (tenant ? call('inquiry.list', { tenant, limit: 100 }) : Promise.resolve({ items: [], cut: false })), [tenant]);
}

function Place({ q, put }: { q: Data; put: Put }) {
	const d = t().inq, tenants = useLoad(() => call('tenant.list'), []), [to, setTo] = useState(''), [into, setInto] = useState(''), [keep, setKeep] = useState(false);
	const threads = useThreads(to), proved = q.held === 'unknown_sender' || q.held === 'ambiguous';
	const place = () => void call('inquiry.place', { id: q.id }, { tenant: to, ...(into ? { into } : {}), ...(keep && proved ? { remember: true } : {}) }).then((x) => {
		say(d.placed, () => restore(q, put));
		if (into) go(`/console/inquiries/${into}`);
		else put(x);
	}).catch(failed);
	return (
		<>
			<label class="f"><span>{d.place}</span><select class="fi" value={to} onChange={(e) => { setTo(e.currentTarget.value); setInto(''); }}><option value="">{d.choose}</option>{(tenants.data?.items ?? []).map((x) => <option key={x.id} value={x.id}>{tx(x.name)}</option>)}</select></label>
			{to && <label class="f"><span>{d.placeAs}</span><select class="fi" value={into} onChange={(e) => setInto(e.currentTarget.value)}><option value="">{d.placeNew}</option>{(threads.data?.items ?? []).map((x) => <option key={x.id} value={x.number}>{x.number} {x.subject.slice(0, 60)}</option>)}</select></label>}
			{to && (proved ? <label class="opt"><input type="checkbox" checked={keep} onChange={(e) => setKeep(e.currentTarget.checked)} /> {d.remember}</label> : <p class="s t12">{d.notRemembered}</p>)}
			<div class="row mt"><button class="btn pri" disabled={!to} onClick={place}>{into ? d.placeInto(into) : d.placeIt}</button></div>
		</>
	);
}

const reasons: DiscardReason[] = ['spam', 'forged', 'mistake', 'handled', 'other'];

function Discard({ q, put }: { q: Data; put: Put }) {
	const d = t().inq, [reason, setReason] = useState<DiscardReason>('spam'), [text, setText] = useState('');
	const discard = () => void call('inquiry.discard', { id: q.id }, { reason, ...(text.trim() ? { text: text.trim() } : {}) }).then(() => {
		say(d.discarded(q.number), () => restore(q, put));
		go('/console/inquiries?state=held');
	}).catch(failed);
	return (
		<div class="mt"><p class="m5">{d.discardH}</p>
			<label class="f"><span class="vh">{d.discardText}</span><input class="fi" placeholder={d.discardText} maxLength={250} value={text} onInput={(e) => setText(e.currentTarget.value)} /></label>
			<div class="row mt1"><Pick label={d.discardH} value={reason} options={reasons.map((k) => [k, d.discardWhy[k]] as const)} set={setReason} /><span class="sp" /><button class="btn" onClick={discard}>{d.discard}</button></div>
		</div>
	);
}

export function Held({ q, put }: { q: Data; put: Put }) {
	const d = t().inq, proof = q.messages[0]?.proof;
	return (
		<section class="card"><h3>{d.held}</h3><p class="m5">{q.held ? d.heldWhy[q.held] : ''}</p>{proof && <p class="s t12">{d.proof}: <span class="mono"><Safe text={proof} /></span></p>}{q.flood ? <p class="s">{d.floodOf(q.flood)}</p> : null}<p class="s mt">{d.heldText}</p>
			<Place q={q} put={put} /><Discard q={q} put={put} />
		</section>
	);
}

/** What became of a held mail, and the way back. */
export function WasHeld({ q, put }: { q: Data; put: Put }) {
	const d = t().inq;
	if (!q.placed && q.state !== 'discarded') return null;
	return (
		<section class="card"><h3>{d.held}</h3>
			<p class="s">{q.placed?.into ? <>{d.nowIn} <Link to={`/console/inquiries/${q.placed.into}`}>{q.placed.into}</Link></> : q.placed ? d.placed : <>{d.state.discarded}: {d.discardWhy[q.reason?.id ?? 'other']} {q.reason?.text && <Safe text={q.reason.text} />}</>}</p>
			<div class="row mt"><button class="btn sm" onClick={() => restore(q, put)}>{d.restore}</button></div>
		</section>
	);
}
