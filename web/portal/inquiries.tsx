// SPDX-License-Identifier: Apache-2.0
// A customer's questions: the list, the form, one thread with who answers and until when.
import { useState } from 'preact/hooks';
import type { Inquiry as Data, InquiryKind, InquiryPriority } from '../shared/api.gen';
import { ApiError, call, session } from '../shared/api';
import { Picker, type Picked } from '../shared/files';
import { lang, t, title, tx } from '../shared/i18n';
import { Composer, Messages } from '../shared/thread';
import { asked, go, Link } from '../shared/router';
import { usePromise } from '../shared/promise';
import { whenLong } from '../shared/time';
import { ClockChip, Safe, say, Show, Trouble } from '../shared/ui';
import { useLoad } from '../shared/use';

export function Inquiries() {
	const d = t(), list = useLoad(() => call('inquiry.list'), [], ['inquiry']);
	title.value = d.nav.inquiries;
	return (
		<>
			<div class="hd"><h1 class="big">{d.nav.inquiries}</h1><span class="q t14">{list.data ? d.inq.list(list.data.items.length) : ''}</span><span class="sp" /><Link to="/portal/inquiries/new?chat=1" class="btn p40">{d.inq.chat}</Link><Link to="/portal/inquiries/new" class="btn pri p40">{d.inq.open}</Link></div>
			<p class="s lead">{d.inq.lead}</p>
			<section class="card"><Show of={list}>{(v) => v.items.length === 0 ? <p class="s">{d.inq.none}</p> : (
				<div class="xs" tabIndex={0} role="group" aria-label={d.nav.inquiries}><table class="t"><thead><tr><th>{d.inq.number}</th><th>{d.inq.subject}</th><th>{d.inq.owner}</th><th>{d.inq.updated}</th><th>{d.inq.due}</th><th class="r">{d.inc.stateH}</th></tr></thead>
					<tbody>{v.items.map((q) => <tr key={q.id}><td class="nw s">{q.number}</td><td><Link to={`/portal/inquiries/${q.number}`} class="tx m5"><Safe text={q.subject} /></Link> <span class="q t12">{d.inq.kind[q.kind]}</span></td><td class="nw s">{q.owner ? tx(q.owner.name) : ''}</td><td class="nw s">{whenLong(q.updated_at)}</td><td class="nw s">{q.waits === 'us' && q.clock ? whenLong(q.clock.due_at) : ''}</td><td class="r nw"><span class={`tag${q.state === 'open' && q.waits === 'us' ? ' half' : ''}`}>{q.state === 'open' ? d.inq.waits[q.waits] : d.inq.state[q.state]}</span></td></tr>)}</tbody></table></div>
			)}</Show></section>
		</>
	);
}

const kinds: InquiryKind[] = ['question', 'why_closed', 'seen', 'device', 'contact', 'report', 'other'];
const priorities: InquiryPriority[] = ['urgent', 'normal', 'low'];

export function NewInquiry() {
	const d = t(), promise = usePromise(session.value?.user?.tenant ?? ''), chat = asked('chat') === '1', about = asked('incident'), exclusion = asked('exclusion');
	const [subject, setSubject] = useState(''), [text, set] = useState(''), [kind, setKind] = useState<InquiryKind>(kinds.find((k) => k === asked('kind')) ?? 'question'), [priority, setPriority] = useState<InquiryPriority>('normal');
	const [files, setFiles] = useState<Picked[]>([]), [fault, setFault] = useState<ApiError | null>(null), [busy, setBusy] = useState(false);
	title.value = d.inq.open;
	const submit = (e: Event) => {
		e.preventDefault();
		setBusy(true);
		call('inquiry.open', {}, { subject: subject.trim(), text: text.trim(), lang: lang.value, kind, priority, door: chat ? 'chat' : 'portal', ...(about ? { incident: about } : {}), ...(exclusion ? { exclusion } : {}), ...(files.length ? { files: files.map(({ name, data }) => ({ name, data })) } : {}) })
			.then((q) => { say(d.inq.sent); go(`/portal/inquiries/${q.number}`); })
			.catch((x: unknown) => { setBusy(false); setFault(x instanceof ApiError ? x : new ApiError(0, {})); });
	};
	return (
		<>
			<div class="bc"><Link to="/portal/inquiries">{d.nav.inquiries}</Link>　›　{chat ? d.inq.chat : d.inq.open}</div>
			<h1 class="big">{chat ? d.inq.chat : d.inq.open}</h1>
			<form class="card form1" onSubmit={submit}>
				<label class="f"><span>{d.inq.subject}</span><input class="fi" required maxLength={300} value={subject} onInput={(e) => setSubject(e.currentTarget.value)} /></label>
				<label class="f"><span>{d.inq.what}</span><textarea class="fi" rows={chat ? 3 : 8} required maxLength={10000} value={text} onInput={(e) => set(e.currentTarget.value)} /></label>
				{!chat && <div class="half2"><label class="f"><span>{d.inq.kindH}</span><select class="fi" value={kind} onChange={(e) => setKind(e.currentTarget.value as InquiryKind)}>{kinds.map((k) => <option key={k} value={k}>{d.inq.kind[k]}</option>)}</select></label>
					<label class="f"><span>{d.inq.priorityH}</span><select class="fi" value={priority} onChange={(e) => setPriority(e.currentTarget.value as InquiryPriority)}>{priorities.map((k) => <option key={k} value={k}>{promise(kind, k)}</option>)}</select></label></div>}
				{about && <p class="s">{d.inq.incident}: {about}</p>}{exclusion && <p class="s">{d.inq.exclusion}</p>}
				<Picker files={files} set={setFiles} />
				{fault && <Trouble e={fault} />}
				<button class="btn pri p40" disabled={busy}>{d.inq.send}</button>
			</form>
		</>
	);
}

function Side({ q, put }: { q: Data; put: (q: Data) => void }) {
	const d = t(), late = () => say(d.err.title);
	return (
		<section class="card"><h2>{d.inq.inquiryOf(q.number)}</h2>
			<dl class="kvq"><dt>{d.inc.stateH}</dt><dd><span class={`tag${q.state === 'open' && q.waits === 'us' ? ' half' : ''}`}>{q.state === 'open' ? d.inq.waits[q.waits] : d.inq.state[q.state]}</span></dd>
				{q.clock && <><dt>{d.inq.due}</dt><dd>{q.clock.stopped_at ? <ClockChip c={q.clock} bar={false} /> : <>{whenLong(q.clock.due_at)} <ClockChip c={q.clock} bar={false} /></>}</dd></>}
				<dt>{d.inq.owner}</dt><dd>{q.owner ? tx(q.owner.name) : d.inq.us}</dd>
				<dt>{d.inq.kindH}</dt><dd>{d.inq.kind[q.kind]}</dd><dt>{d.inq.priorityH}</dt><dd>{d.inq.priority[q.priority]}</dd>
				{q.incident && <><dt>{d.inq.incident}</dt><dd><Link to={`/portal/incidents/${q.incident}`}>{q.incident}</Link></dd></>}
				{q.exclusion && <><dt /><dd>{d.inq.exclusion}</dd></>}
				<dt>{d.inq.opened}</dt><dd>{whenLong(q.opened_at)}</dd></dl>
			{q.state === 'open' ? <button class="btn p40 wide" onClick={() => void call('inquiry.close', { id: q.id }).then(put).catch(late)}>{d.inq.close}</button>
				: <button class="btn p40 wide" onClick={() => void call('inquiry.reopen', { id: q.id }).then(put).catch(late)}>{d.inq.reopen}</button>}
		</section>
	);
}

export function Inquiry({ id }: { id: string }) {
	const d = t(), inq = useLoad(() => call('inquiry.show', { id }), [id], ['inquiry']);
	title.value = id;
	return (
		<Show of={inq} rows={8}>{(q) => (
			<>
				<div class="bc"><Link to="/portal/inquiries">{d.nav.inquiries}</Link>　›　{q.number}</div>
				<div class="th"><h1 class="grow"><Safe text={q.subject} /></h1></div>
				<div class="g2"><section class="card thr"><Messages q={q} side="customer" /><Composer q={q} put={inq.set} chat={q.door === 'chat'} /></section><div><Side q={q} put={inq.set} /></div></div>
			</>
		)}</Show>
	);
}
