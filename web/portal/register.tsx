// SPDX-License-Identifier: Apache-2.0
// Asking for a device: what it is, how it sends, and what to set at its side.
import { useState } from 'preact/hooks';
import { ApiError, call, session } from '../shared/api';
import { Guide } from '../shared/guide';
import { t, title, tx } from '../shared/i18n';
import { go, Link } from '../shared/router';
import { Show } from '../shared/ui';
import { useLoad } from '../shared/use';

const transports = ['udp', 'tcp', 'tls', 'file'] as const;

export function Register() {
	const d = t().reg;
	const sources = useLoad(() => call('source.list'), []), lcps = useLoad(() => call('lcp.list'), []);
	const [v, set] = useState({ device: '', source: '', transport: 'udp', address: '', lcp: '', zone: '', note: '' });
	const [fault, setFault] = useState(''), [busy, setBusy] = useState(false);
	const put = (k: keyof typeof v) => (e: { currentTarget: HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement }) => set({ ...v, [k]: e.currentTarget.value });
	const items = lcps.data?.items.filter((x) => x.state !== 'revoked') ?? [], chosen = items.find((x) => x.id === v.lcp) ?? (items.length === 1 ? items[0] : undefined);
	const source = sources.data?.items.find((x) => x.id === v.source);
	title.value = d.add;

	const submit = async (e: Event) => {
		e.preventDefault();
		setBusy(true);
		try {
			const r = await call('device.register', {}, { tenant: session.value?.user?.tenant, ...v });
			go(`/portal/devices/${r.id}`);
		} catch (x) {
			setFault(x instanceof ApiError ? `${tx(x.problem.title)} ${x.problem.field ? `${d.field[x.problem.field as keyof typeof d.field] ?? x.problem.field}: ` : ''}${x.problem.detail ?? ''}` : t().err.title);
		}
		setBusy(false);
	};
	return (
		<>
			<div class="hd"><h1 class="big">{d.add}</h1></div><p class="s lead">{d.lead}</p>
			<div class="stack">
				<Show of={sources} rows={4}>{(s) => (
					<form class="card regf" onSubmit={(e) => void submit(e)}>
						<label class="f"><span>{d.field.device}</span><input class="fi" name="device" required maxLength={255} pattern="[A-Za-z0-9._:\-]+" value={v.device} onInput={put('device')} /><span class="q t12">{d.deviceHint}</span></label>
						<label class="f"><span>{d.field.source}</span><select class="fi" name="source" value={v.source} onChange={put('source')}><option value="">{d.auto}</option>{s.items.map((x) => <option key={x.id} value={x.id}>{x.title}</option>)}</select></label>
						<label class="f"><span>{d.field.transport}</span><select class="fi" name="transport" value={v.transport} onChange={put('transport')}>{transports.map((x) => <option key={x} value={x}>{d.transport[x]}</option>)}</select></label>
						<label class="f"><span>{d.field.address}</span><input class="fi" name="address" maxLength={45} value={v.address} onInput={put('address')} /><span class="q t12">{d.addressHint}</span></label>
						<label class="f"><span>{d.field.lcp}</span><select class="fi" name="lcp" value={v.lcp} onChange={put('lcp')}><option value="">{d.anyLcp}</option>{items.map((x) => <option key={x.id} value={x.id}>{x.id}</option>)}</select></label>
						<label class="f"><span>{d.field.zone}</span><input class="fi" name="zone" maxLength={64} placeholder="Asia/Tokyo" value={v.zone} onInput={put('zone')} /></label>
						<label class="f wide"><span>{d.field.note}</span><textarea class="fi" name="note" rows={2} maxLength={1000} value={v.note} onInput={put('note')} /></label>
						<p class="fault wide" role="alert">{fault}</p>
						<div class="row wide"><button class="btn pri" disabled={busy}>{d.ask}</button><Link to="/portal/devices" class="btn">{t().cand.cancel}</Link></div>
					</form>
				)}</Show>
				{source?.guide && <Guide source={source} lcp={chosen} transport={v.transport} />}
			</div>
		</>
	);
}
