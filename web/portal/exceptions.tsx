// SPDX-License-Identifier: Apache-2.0
// What is hidden on purpose: scope, reason, end, count, and the last that was hidden.
import { useState } from 'preact/hooks';
import type { Exception } from '../shared/api.gen';
import { call } from '../shared/api';
import { tc } from '../shared/dict/cases';
import { num, t, title, tx } from '../shared/i18n';
import { Link } from '../shared/router';
import { LoadSamples, Scope, StateTag } from '../shared/scope';
import { dayLong, whenLong } from '../shared/time';
import { Safe, Show } from '../shared/ui';
import { useLoad } from '../shared/use';

function One({ x }: { x: Exception }) {
	const d = tc().x, [open, set] = useState(false);
	return (
		<section class="card exc"><div class="row wrap"><span class="q nw">{x.number}</span><StateTag x={x} /><span class="sp" /><span class="q t12 nw">{d.until} {dayLong(x.expires_at)}</span></div>
			<p class="mt1"><Scope x={x} /></p><p class="mt1" lang={x.lang}><Safe text={x.reason} /></p>
			<p class="s t14 mt1">{d.hid}: {d.tally(num(x.detections), num(x.events))}{x.last_at ? ` · ${d.last} ${whenLong(x.last_at)}` : ''} · {d.owner} {tx(x.owner?.name)}{x.approved_by ? ` · ${d.approved} ${tx(x.approved_by.name)}` : ''}</p>
			{x.detections > 0 && <details onToggle={(e) => set(e.currentTarget.open)}><summary>{d.showSamples}</summary>{open && <LoadSamples id={x.id} />}</details>}
		</section>
	);
}

export function Exceptions() {
	const d = tc(), list = useLoad(() => call('exception.list'), [], ['exception']);
	title.value = d.exceptions;
	return (
		<>
			<div class="bc"><Link to="/portal/closed">{t().nav.closed}</Link>　›　{d.exceptions}</div>
			<div class="hd hd0"><h1 class="big">{d.again.toExc}</h1><span class="sp" /><span class="q t14">{list.data ? d.x.list(list.data.items.length) : ''}</span></div>
			<p class="s lead">{d.x.lead}</p>
			<div class="stack"><Show of={list}>{(v) => v.items.length === 0 ? <section class="card"><p class="s">{d.x.none}</p></section> : <>{v.items.map((x) => <One key={x.id} x={x} />)}</>}</Show></div>
		</>
	);
}
