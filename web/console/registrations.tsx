// SPDX-License-Identifier: Apache-2.0
// Devices that customers ask for: what waits for a word stands on top; approving asks for the second factor.
import { useState } from 'preact/hooks';
import type { Registration } from '../shared/api.gen';
import { ApiError, call, session } from '../shared/api';
import { t, title, tx } from '../shared/i18n';
import { asked, query } from '../shared/router';
import { whenLong } from '../shared/time';
import { Pick, Safe, say, Show } from '../shared/ui';
import { useLoad } from '../shared/use';

const states = ['', 'proposed', 'waiting', 'live', 'refused', 'withdrawn'] as const;

function Row({ r, may, done }: { r: Registration; may: boolean; done: () => void }) {
	const d = t().reg;
	const [reason, setReason] = useState<string | null>(null);
	const fail = (x: unknown) => say(x instanceof ApiError ? `${tx(x.problem.title)} ${x.problem.detail ?? ''}` : t().err.title);
	return (
		<tr>
			<td><span class={`tag${r.state === 'live' ? ' ok' : r.state === 'proposed' ? ' late' : r.state === 'waiting' ? ' half' : ''}`}>{d.st[r.state]}</span>{r.state === 'waiting' && r.late_at && <> <span class="tag late">{d.late}</span></>}</td>
			<td>{r.tenant}</td><td class="m5"><Safe text={r.device} /></td><td>{r.source || d.auto}</td><td class="mono">{r.address}</td><td>{r.lcp || d.anyLcp}</td>
			<td class="nw">{r.asked_at ? whenLong(r.asked_at) : ''} <span class="q">{tx(r.asked_by)}</span>{r.note && <p class="q t12"><Safe text={r.note} /></p>}{r.reason && <p class="q t12"><Safe text={r.reason} /></p>}</td>
			<td class="r nw">{may && r.state === 'proposed' && (reason === null ? (
				<><button class="btn sm pri" onClick={() => void call('device.approve', { id: r.id }).then(done, fail)}>{d.approve}<span class="vh"> {r.device}</span></button> <button class="btn sm" onClick={() => setReason('')}>{d.refuse}<span class="vh"> {r.device}</span></button></>
			) : (
				<form class="row" onSubmit={(e) => { e.preventDefault(); void call('device.refuse', { id: r.id }, { reason }).then(() => { setReason(null); done(); }, fail); }}><input class="fi sm" aria-label={d.reason} placeholder={d.reason} required maxLength={1000} autoFocus value={reason} onInput={(e) => setReason(e.currentTarget.value)} /><button class="btn sm">{d.refuse}</button></form>
			))}</td>
		</tr>
	);
}

export function Registrations() {
	const d = t(), state = asked('state');
	const list = useLoad(() => call('registration.list', { state }), [state], ['registration']);
	const may = ['lead', 'engineer'].includes(session.value?.user?.role ?? '');
	title.value = d.nav.devices;
	return (
		<div class="lst">
			<div class="qh"><Pick label={d.reg.state} value={state} options={states.map((s) => [s, s ? d.reg.st[s] : d.reg.open] as const)} set={(v) => query({ state: v })} /></div>
			<Show of={list} rows={8}>{(v) => v.items.length === 0 ? <div class="state"><p>{d.reg.none}</p></div> : (
				<div class="scroll" tabIndex={0} role="group" aria-label={d.nav.devices}>
					<table class="t rt inl"><thead><tr><th>{d.reg.state}</th><th>{d.inc.tenant}</th><th>{d.reg.field.device}</th><th>{d.reg.field.source}</th><th>{d.reg.field.address}</th><th>{d.reg.field.lcp}</th><th>{d.reg.stepAsked}</th><th><span class="vh">{d.reg.approve}</span></th></tr></thead>
						<tbody>{v.items.map((r) => <Row key={r.id} r={r} may={may} done={list.reload} />)}</tbody></table>
				</div>
			)}</Show>
		</div>
	);
}
