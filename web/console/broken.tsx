// SPDX-License-Identifier: Apache-2.0
// Broken promises of an incident. A lead says why, out of the fixed list and in words.
import { useState } from 'preact/hooks';
import type { CauseId, Clock, Incident } from '../shared/api.gen';
import { call, session } from '../shared/api';
import { BrokenClock } from '../shared/attempts';
import { t } from '../shared/i18n';
import { say } from '../shared/ui';

function CauseForm({ i, c, put }: { i: Incident; c: Clock; put: (i: Incident) => void }) {
	const d = t().inc, [cause, setCause] = useState<CauseId | ''>(''), [text, setText] = useState('');
	const send = (e: Event) => {
		e.preventDefault();
		if (cause === '' || !text.trim() || c.kind === 'report') return;
		void call('clock.cause', { id: i.id }, { kind: c.kind, cause, text: text.trim() }).then((x) => put(x as Incident)).catch(() => say(t().err.title));
	};
	return (
		<form class="row wrap mt" onSubmit={send}>
			<select class="fi sm" aria-label={d.cause} value={cause} onChange={(e) => setCause(e.currentTarget.value as CauseId | '')}><option value="">{d.cause}</option>{(Object.keys(d.causes) as CauseId[]).map((k) => <option key={k} value={k}>{d.causes[k]}</option>)}</select>
			<input class="fi sm" aria-label={d.causeText} placeholder={d.causeText} maxLength={2000} value={text} onInput={(e) => setText(e.currentTarget.value)} />
			<button class="btn sm" disabled={cause === '' || !text.trim()}>{t().cand.send}</button>
		</form>
	);
}

export function Broken({ i, put }: { i: Incident; put: (i: Incident) => void }) {
	const list = (i.clocks ?? []).filter((c) => c.state === 'broken'), lead = session.value?.user?.role === 'lead';
	if (list.length === 0) return null;
	return (
		<section class="card"><h3>{t().inc.broken}</h3>
			{list.map((c) => <div key={c.kind}><BrokenClock c={c} />{lead && !c.cause && <CauseForm i={i} c={c} put={put} />}</div>)}
		</section>
	);
}
