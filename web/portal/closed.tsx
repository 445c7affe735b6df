// SPDX-License-Identifier: Apache-2.0
// What became of the rest: every closed candidate with its reason, and "please look again".
import { useState } from 'preact/hooks';
import { call } from '../shared/api';
import { tc } from '../shared/dict/cases';
import { Dialog } from '../shared/dialog';
import { t, title, tx } from '../shared/i18n';
import { Link } from '../shared/router';
import { whenLong } from '../shared/time';
import { Safe, say, Show } from '../shared/ui';
import { useLoad } from '../shared/use';

function WithWords({ id, number, done, gone }: { id: string; number: string; done: () => void; gone: () => void }) {
	const d = tc().again, [text, set] = useState('');
	const run = async () => { await call('candidate.again', { id }, { text: text.trim() }); done(); };
	return (
		<Dialog title={`${d.title}: ${number}`} act={d.send} ready={text.trim() !== ''} run={run} gone={gone}>
			<label class="f"><span>{d.text}</span><textarea class="fi" rows={4} autoFocus maxLength={8000} value={text} onInput={(e) => set(e.currentTarget.value)} /></label>
		</Dialog>
	);
}

export function Closed() {
	const d = t(), list = useLoad(() => call('candidate.list', { state: 'closed' }), [], ['candidate']);
	const [asked, setAsked] = useState<ReadonlySet<string>>(new Set()), [words, setWords] = useState<{ id: string; number: string } | null>(null);
	const sent = (id: string) => { setAsked(new Set([...asked, id])); say(d.pinc.sent); };
	title.value = d.nav.closed;
	const again = (id: string) => void call('candidate.again', { id }).then(() => sent(id)).catch(() => say(d.err.title));
	return (
		<>
			<div class="hd"><h1 class="big">{d.nav.closed}</h1><span class="sp" /><span class="q t14">{list.data ? d.closed.count(list.data.items.length) : ''}</span></div>
			<p class="s lead">{d.closed.lead} <Link to="/portal/exceptions">{tc().again.toExc}</Link></p>
			<section class="card"><Show of={list}>{(v) => v.items.length === 0 ? <p class="s">{d.closed.none}</p> : (
				<div class="xs" tabIndex={0} role="group" aria-label={d.nav.closed}><table class="t"><thead><tr><th>{d.closed.at}</th><th>{d.closed.what}</th><th>{d.closed.reason}</th><th>{d.closed.by}</th><th><span class="vh">{d.closed.again}</span></th></tr></thead>
					<tbody>{v.items.map((c) => <tr key={c.id}><td class="nw s">{c.closed?.at ? whenLong(c.closed.at) : ''}</td><td><span class="m5"><Safe text={tx(c.title)} /></span> <span class="q t12 nw">{c.number}</span></td><td>{c.closed?.reason_text ? tx(c.closed.reason_text) : c.closed?.reason ? d.cand.reason[c.closed.reason] : ''}{tx(c.closed?.facts) && <p class="s t12"><Safe text={tx(c.closed?.facts)} /></p>}</td><td class="s nw">{tx(c.closed?.by?.name)}</td><td class="r nw">{c.asked_again_at || asked.has(c.id) ? <span class="tag">{d.closed.asked}</span> : <span class="row end again"><button class="btn sm" onClick={() => again(c.id)}>{d.closed.again}</button><button class="btn sm bare" onClick={() => setWords({ id: c.id, number: c.number })}>{tc().again.with} …</button></span>}</td></tr>)}</tbody></table></div>
			)}</Show></section>
			{words && <WithWords {...words} done={() => sent(words.id)} gone={() => setWords(null)} />}
		</>
	);
}
