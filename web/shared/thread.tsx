// SPDX-License-Identifier: Apache-2.0
// The messages of an inquiry as both sides see them, and the box to write one. Each message keeps its language.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Inquiry, InquiryMessage } from './api.gen';
import { call } from './api';
import { Attached, Picker, type Picked } from './files';
import { lang, t, tx } from './i18n';
import { whenLong } from './time';
import { Safe, say, Seg } from './ui';

function Message({ id, m, mine }: { id: string; m: InquiryMessage; mine: boolean }) {
	const d = t().inq;
	return (
		<li class={`msg${m.visible ? (mine ? ' me' : '') : ' int'}`}>
			<p class="mh"><b>{m.side === 'soc' && !m.by && tx(m.who) === '' ? d.us : <Safe text={tx(m.who)} />}</b>{m.address && <span class="q"> <Safe text={m.address} /></span>} <time class="q">{whenLong(m.at)}</time> <span class="q">{d.door[m.door]}</span>{!m.visible && <span class="tag">{m.auto ? d.auto : d.internal}</span>}</p>
			<p class="mt1" lang={m.lang}><Safe text={m.text} /></p>
			{m.cut && <p class="q t12">{d.cut}</p>}
			<Attached id={id} m={m} />
		</li>
	);
}

/** The newest message stays in sight when one comes, unless somebody is reading further up. */
export function Messages({ q, side }: { q: Inquiry; side: 'customer' | 'soc' }) {
	const ref = useRef<HTMLDivElement>(null), near = useRef(true);
	useEffect(() => {
		const e = ref.current;
		if (e && near.current) e.scrollTop = e.scrollHeight;
	}, [q.messages.length]);
	return (
		<div class="msgs" ref={ref} tabIndex={0} aria-label={t().inq.thread} role="log" aria-live="polite" onScroll={(e) => { const x = e.currentTarget; near.current = x.scrollHeight - x.scrollTop - x.clientHeight < 80; }}>
			<ol>{q.messages.map((m) => <Message key={m.n} id={q.id} m={m} mine={m.side === side} />)}</ol>
		</div>
	);
}

/** Message or chat: in a chat Enter sends, and nothing goes by mail. */
export function Composer({ q, put, chat: chatFirst }: { q: Inquiry; put: (q: Inquiry) => void; chat?: boolean }) {
	const d = t().inq, [text, set] = useState(''), [files, setFiles] = useState<Picked[]>([]), [busy, setBusy] = useState(false);
	const [door, setDoor] = useState<'portal' | 'chat'>(chatFirst ? 'chat' : 'portal');
	const send = async () => {
		if (!text.trim() || busy) return;
		setBusy(true);
		try {
			put(await call('inquiry.message', { id: q.id }, { text: text.trim(), lang: lang.value, door, ...(files.length ? { files: files.map(({ name, data }) => ({ name, data })) } : {}) }));
			set('');
			setFiles([]);
		} catch {
			say(t().err.kept);
		}
		setBusy(false);
	};
	const label = door === 'chat' ? d.writeChat : d.write;
	return (
		<form class="compose" onSubmit={(e) => { e.preventDefault(); void send(); }}>
			<textarea id="note" class="fi" rows={door === 'chat' ? 2 : 4} aria-label={label} placeholder={label} value={text} maxLength={10000} onInput={(e) => set(e.currentTarget.value)}
				onKeyDown={(e) => { if (e.key === 'Enter' && !e.isComposing && (door === 'chat' ? !e.shiftKey : e.ctrlKey || e.metaKey)) { e.preventDefault(); void send(); } }} />
			<div class="row wrap"><Seg label={d.mode} value={door} options={[['portal', d.message], ['chat', d.chatMode]]} set={setDoor} /><Picker files={files} set={setFiles} /><span class="sp" /><button class="btn pri" disabled={busy || !text.trim()}>{d.send}{door === 'portal' && <kbd>Ctrl+Enter</kbd>}</button></div>
		</form>
	);
}
