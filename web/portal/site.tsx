// SPDX-License-Identifier: Apache-2.0
// Devices that are asked for, the tenant's networks, and what it has with its weight.
import { useState } from 'preact/hooks';
import type { Tenant } from '../shared/api.gen';
import { ApiError, call, session } from '../shared/api';
import { t, tx } from '../shared/i18n';
import { Link } from '../shared/router';
import { whenLong } from '../shared/time';
import { Safe, say, Show } from '../shared/ui';
import { useLoad } from '../shared/use';

const tenant = () => session.value?.user?.tenant ?? '';
const told = (x: unknown): string => (x instanceof ApiError ? `${tx(x.problem.title)} ${x.problem.detail ?? ''}` : t().err.title);

export function Asked() {
	const d = t().reg, list = useLoad(() => call('registration.list'), [], ['registration']);
	return (
		<section class="card"><div class="sec"><h2>{d.asked}</h2><span class="sp" /><Link to="/portal/devices/new" class="btn pri sm">{d.add}</Link></div>
			<Show of={list} rows={2}>{(v) => v.items.length === 0 ? <p class="s">{d.none}</p> : (
				<div class="xs" tabIndex={0} role="group" aria-label={d.asked}><table class="t"><thead><tr><th>{d.field.device}</th><th>{d.field.source}</th><th>{d.field.lcp}</th><th>{d.stepAsked}</th><th class="r">{d.state}</th></tr></thead>
					<tbody>{v.items.map((r) => <tr key={r.id}><td class="m5"><Link to={`/portal/devices/${r.id}`}>{r.device}</Link></td><td class="s">{r.source || d.auto}</td><td class="s">{r.lcp}</td><td class="s nw">{r.asked_at ? whenLong(r.asked_at) : ''}</td><td class="r"><span class={`tag${r.state === 'live' ? ' ok' : r.state === 'waiting' ? ' half' : ''}`}>{d.st[r.state]}</span></td></tr>)}</tbody></table></div>
			)}</Show></section>
	);
}

function Networks({ v, put }: { v: Tenant; put: (t: Tenant) => void }) {
	const d = t().reg;
	const [name, setName] = useState(''), [cidr, setCidr] = useState(''), [fault, setFault] = useState('');
	const done = (x: Tenant) => { put(x); setName(''); setCidr(''); setFault(''); say(t().fac.saved); };
	return (
		<section class="card"><div class="sec"><h2>{d.networks}</h2></div>
			<table class="t"><thead><tr><th>{d.name}</th><th>{d.range}</th><th><span class="vh">{d.remove}</span></th></tr></thead>
				<tbody>{(v.networks ?? []).map((n) => <tr key={n.name}><td class="m5"><Safe text={n.name ?? ''} /></td><td class="mono">{n.cidr}</td><td class="r"><button class="btn sm" onClick={() => void call('network.remove', { tenant: tenant(), name: n.name ?? '' }).then(done, (x: unknown) => setFault(told(x)))}>{d.remove}<span class="vh"> <Safe text={n.name ?? ''} /></span></button></td></tr>)}</tbody></table>
			<form class="row addkey" onSubmit={(e) => { e.preventDefault(); void call('network.add', { tenant: tenant() }, { name, cidr }).then(done, (x: unknown) => setFault(told(x))); }}>
				<label class="f"><span>{d.name}</span><input class="fi" name="network-name" required maxLength={100} value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>
				<label class="f"><span>{d.range}</span><input class="fi mono" name="cidr" required maxLength={64} placeholder="10.1.0.0/16" value={cidr} onInput={(e) => setCidr(e.currentTarget.value)} /></label>
				<button class="btn">{d.addNetwork}</button>
			</form>
			<p class="fault" role="alert">{fault}</p>
		</section>
	);
}

function Assets({ v, put }: { v: Tenant; put: (t: Tenant) => void }) {
	const d = t().reg;
	const [name, setName] = useState(''), [address, setAddress] = useState(''), [host, setHost] = useState(''), [cve, setCve] = useState(''), [value, setValue] = useState(2), [fault, setFault] = useState('');
	const done = (x: Tenant) => { put(x); setName(''); setAddress(''); setHost(''); setCve(''); setFault(''); say(t().fac.saved); };
	const split = (s: string) => s.split(/[\s,、]+/).filter(Boolean);
	const fail = (x: unknown) => setFault(told(x));
	return (
		<section class="card"><div class="sec"><h2>{d.assets}</h2></div>
			<table class="t"><thead><tr><th>{d.name}</th><th>{d.addresses}</th><th>{d.hosts}</th><th>{d.vulnerable}</th><th>{d.value}</th><th><span class="vh">{d.remove}</span></th></tr></thead>
				<tbody>{(v.assets ?? []).map((a) => <tr key={a.name}><td class="m5"><Safe text={a.name ?? ''} /></td><td class="mono">{(a.addresses ?? []).join(', ')}</td><td>{(a.hosts ?? []).join(', ')}</td>
					<td><input class="fi sm mono" aria-label={`${d.vulnerable}: ${a.name}`} value={(a.vulnerable ?? []).join(' ')} placeholder="CVE-…" onChange={(e) => void call('asset.change', { tenant: tenant(), name: a.name ?? '' }, { vulnerable: split(e.currentTarget.value) }).then(done, fail)} /></td>
					<td><select class="fi sm" aria-label={`${d.value}: ${a.name}`} value={a.value ?? 1} onChange={(e) => void call('asset.change', { tenant: tenant(), name: a.name ?? '' }, { value: Number(e.currentTarget.value) }).then(done, fail)}>{[0, 1, 2, 3].map((n) => <option key={n} value={n}>{d.weight[n]}</option>)}</select></td>
					<td class="r"><button class="btn sm" onClick={() => void call('asset.remove', { tenant: tenant(), name: a.name ?? '' }).then(done, fail)}>{d.remove}<span class="vh"> <Safe text={a.name ?? ''} /></span></button></td></tr>)}</tbody></table>
			<form class="row addkey" onSubmit={(e) => { e.preventDefault(); void call('asset.add', { tenant: tenant() }, { name, value, addresses: split(address), hosts: split(host), ...(cve.trim() ? { vulnerable: split(cve) } : {}) }).then(done, fail); }}>
				<label class="f"><span>{d.name}</span><input class="fi" name="asset-name" required maxLength={100} value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>
				<label class="f"><span>{d.addresses}</span><input class="fi mono" name="asset-address" value={address} onInput={(e) => setAddress(e.currentTarget.value)} /></label>
				<label class="f"><span>{d.hosts}</span><input class="fi" name="asset-host" value={host} onInput={(e) => setHost(e.currentTarget.value)} /></label>
				<label class="f"><span>{d.vulnerable}</span><input class="fi mono" name="asset-vulnerable" placeholder="CVE-2021-44228" value={cve} onInput={(e) => setCve(e.currentTarget.value)} /></label>
				<label class="f"><span>{d.value}</span><select class="fi" name="asset-value" value={value} onChange={(e) => setValue(Number(e.currentTarget.value))}>{[0, 1, 2, 3].map((n) => <option key={n} value={n}>{d.weight[n]}</option>)}</select></label>
				<button class="btn">{d.addAsset}</button>
			</form>
			<p class="fault" role="alert">{fault}</p>
		</section>
	);
}

export function Site() {
	const list = useLoad(() => call('tenant.show', { id: tenant() }), [], ['tenant']);
	return <Show of={list} rows={4}>{(v) => <><Networks v={v} put={list.set} /><Assets v={v} put={list.set} /></>}</Show>;
}
