// SPDX-License-Identifier: Apache-2.0
// Keys with which a tenant's programs use the API: made with a scope, shown once, ended.
import { useState } from 'preact/hooks';
import type { ApiKey, Scope } from './api.gen';
import { call } from './api';
import { Dialog } from './dialog';
import { ts } from './dict/service';
import { tx } from './i18n';
import { Once, type Secret } from './once';
import { dayLong, serverNow, whenLong } from './time';
import { Safe, say, Show } from './ui';
import { useLoad } from './use';

const DAY_MS = 86400000;
const tone = { active: ' ok', expired: '', ended: '' } as const;

function KeyForm({ tenant, scopes, done, gone }: { tenant: string; scopes: Scope[]; done: (k: ApiKey) => void; gone: () => void }) {
	const d = ts().pg, [name, setName] = useState(''), [chosen, setChosen] = useState<Scope[]>([]), [days, setDays] = useState('90');
	const n = Number(days), good = /^\d+$/.test(days) && n >= 1 && n <= 366, flip = (s: Scope) => setChosen(chosen.includes(s) ? chosen.filter((x) => x !== s) : [...chosen, s]);
	const run = async () => done(await call('apikey.add', {}, { tenant, name: name.trim(), scopes: chosen, expires_at: new Date(serverNow() + n * DAY_MS - 60000).toISOString() }));
	return (
		<Dialog title={d.addKeyTitle} how={d.addKeyHow} act={d.makeKey} ready={name.trim() !== '' && chosen.length > 0 && good} run={run} gone={gone}>
			<label class="f"><span>{d.name}</span><input class="fi" autoFocus maxLength={100} value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>
			<fieldset class="rs0"><legend>{d.scopes}</legend>{scopes.map((s) => <label key={s} class="opt"><input type="checkbox" checked={chosen.includes(s)} onChange={() => flip(s)} /> {d.scope[s] ?? s} <span class="q t12 mono">{s}</span></label>)}</fieldset>
			<label class="f"><span>{d.days}</span><input class="fi" type="number" min={1} max={366} value={days} onInput={(e) => setDays(e.currentTarget.value)} /></label>
		</Dialog>
	);
}

export function ApiKeys({ tenant, may, name = false }: { tenant: string; may: boolean; name?: boolean }) {
	const d = ts().pg, list = useLoad(() => call('apikey.list', { tenant }), [tenant], ['apikey']), [adding, add] = useState(false), [ending, end] = useState<ApiKey | null>(null), [secret, show] = useState<Secret | null>(null);
	const made = (k: ApiKey) => { if (k.key) show({ title: d.keyOf(`${k.number} ${k.name}`), value: k.key }); list.reload(); };
	return (
		<section class="card"><div class="sec"><h2>{d.keys}</h2><span class="sp" />{may && (tenant ? <button class="btn sm pri" id="add-key" disabled={!list.data} onClick={() => add(true)}>{d.addKey}</button> : <span class="q t12">{d.choose}</span>)}</div>
			<Show of={list} rows={3}>{(v) => (
				<>
					{v.items.length === 0 ? <p class="s">{d.noKeys}</p> : (
						<div class="xs" tabIndex={0} role="group" aria-label={d.keys}><table class="t"><thead><tr><th>{ts().state}</th><th>{d.name}</th>{name && <th>{ts().tenant}</th>}<th>{d.scopes}</th><th>{d.until}</th><th>{d.used}</th>{may && <th class="r"><span class="vh">{ts().acts}</span></th>}</tr></thead>
							<tbody>{v.items.map((k) => (
								<tr key={k.id}><td class="nw"><span class={`tag${tone[k.state]}`}>{d.kst[k.state]}</span></td><td><span class="mono s">{k.number}</span> <b class="m5"><Safe text={k.name} /></b></td>{name && <td>{tx(k.tenant.name)}</td>}<td class="wrapc">{k.scopes.map((s) => d.scope[s] ?? s).join(' · ')}</td><td class="nw">{dayLong(k.ended_at ?? k.expires_at)}</td>
									<td class="nw">{k.used_at ? <>{whenLong(k.used_at)} {k.used_from && <span class="q t12">{d.usedFrom(k.used_from)}</span>}</> : <span class="q">{d.notUsed}</span>}</td>{may && <td class="r nw">{k.state === 'active' && <button class="btn sm" onClick={() => end(k)}>{d.endKey}<span class="vh"> {k.number}</span></button>}</td>}</tr>
							))}</tbody></table></div>
					)}
					{adding && <KeyForm tenant={tenant} scopes={v.scopes.map((x) => x.scope)} done={made} gone={() => add(false)} />}
				</>
			)}</Show>
			{ending && <Dialog title={d.endTitle(`${ending.number} ${ending.name}`)} how={d.endHow} act={d.endKey} tone="em" ready run={async () => { await call('apikey.end', { id: ending.id }); say(d.keyEnded); list.reload(); }} gone={() => end(null)} />}
			{secret && !adding && <Once secret={secret} gone={() => show(null)} />}
		</section>
	);
}
