// SPDX-License-Identifier: Apache-2.0
// What confirming starts: the clock, who is called in which order, the words in both languages, the mail.
import type { Consequences } from '../shared/api.gen';
import { t, tx } from '../shared/i18n';
import { Icon } from '../shared/icons';
import { Reading, Safe } from '../shared/ui';

function Chain({ e }: { e: Consequences }) {
	const d = t().form;
	return (
		<section>
			<h3 class="mb">{d.chain}</h3>
			{(e.chain ?? []).map((s) => (
				<div class="cn" key={`${s.order}${s.contact}`}>
					<span class="k">{s.order}</span><span><span class="b"><Safe text={s.name ?? ''} /></span> <span class="q t12">{s.kana}</span></span><span class="t12 m5 r">{s.numbers?.[0]}</span>
					<span /><span class="t12 s">{tx(s.title)}</span><span class="t12 q r">{d.local} {s.local_time} · {s.note && tx(s.note) ? tx(s.note) : s.in_hours ? d.inHours : d.outHours}</span>
				</div>
			))}
		</section>
	);
}

function Words({ e }: { e: Consequences }) {
	const d = t().form;
	return (
		<section>
			<div class="row mb"><h3>{d.words}</h3><span class="sp" />{tx(e.code_word) && <span class="t12 q">{d.codeWord} <b class="b tx">{tx(e.code_word)}</b></span>}</div>
			<div class="say" lang="ja">{(e.spoken?.ja ?? '').split(/(?<=。)/).filter(Boolean).map((x, i) => <p key={i}><Safe text={x} /></p>)}<p class="t12 q">{d.twice}</p></div>
			<div class="say" lang="en"><p class="s"><span class="tag">English</span> <Safe text={e.spoken?.en ?? ''} /></p></div>
		</section>
	);
}

function Sent({ e }: { e: Consequences }) {
	const d = t().form, to = e.mail?.to ?? [];
	return (
		<section>
			<h3 class="mb">{d.mail}</h3>
			<div class="row s"><Icon name="mail" size={14} /><span>{d.mails(to.length)}</span><span class="gap" /><Icon name="screen" size={14} /><span>{d.screen}</span></div>
			{e.mail?.subject && <details class="mailp"><summary>{tx(e.mail.subject)}</summary><p class="q t12">{to.map((x) => `${x.name ?? ''} <${x.address ?? ''}>${x.send === 'digest' ? ` (${d.inDigest})` : ''}`).join(', ')}</p><pre class="raw">{tx(e.mail.text)}</pre></details>}
		</section>
	);
}

export function Effects({ e }: { e: Consequences | null }) {
	const d = t().form;
	return (
		<div class="dc" tabIndex={0} role="group" aria-label={d.starts} aria-live="polite">
			{!e ? <Reading rows={6} /> : (
				<>
					<section><h3>{d.starts}</h3><p class="m5">{tx(e.sentence) || d.waiting}</p></section>
					{(e.faults ?? []).map((f, i) => <p key={i} class="fault" role="alert">{tx(f.text)}</p>)}
					{e.call ? <><Chain e={e} /><Words e={e} /></> : <p class="s">{d.noCall}</p>}
					<Sent e={e} />
				</>
			)}
		</div>
	);
}
