// SPDX-License-Identifier: Apache-2.0
// Accounts, and where each is signed in: an administrator looks at anybody's sessions and ends them.
import type { User } from '../shared/api.gen';
import { call } from '../shared/api';
import { tp } from '../shared/dict/people';
import { t, title, tx } from '../shared/i18n';
import { asked, query } from '../shared/router';
import { whenLong } from '../shared/time';
import { Safe, say, Show } from '../shared/ui';
import { useLoad } from '../shared/use';

function Sessions({ u }: { u: User }) {
	const d = tp(), list = useLoad(() => call('user.sessions', { id: u.id }), [u.id]);
	const end = (session: string) => void call('user.revoke', { id: u.id, session }).then(() => { say(d.ended); list.reload(); }).catch(() => say(t().err.title));
	return (
		<section class="card"><div class="sec"><h2>{d.sessions}: {tx(u.name)}</h2><span class="sp" />{(list.data?.items.length ?? 0) > 1 && <button class="btn sm" onClick={() => end('all')}>{d.endAll}</button>}</div>
			<Show of={list} rows={2}>{(s) => s.items.length === 0 ? <p class="q">{d.none}</p> : (
				<div class="xs" tabIndex={0} role="group" aria-label={d.sessions}><table class="t"><thead><tr><th>{d.since}</th><th>{d.seen}</th><th>{d.where}</th><th><span class="vh">{d.end}</span></th></tr></thead>
					<tbody>{s.items.map((r) => <tr key={r.id}><td>{whenLong(r.started_at)}</td><td>{whenLong(r.seen_at)}</td><td>{r.agent && <Safe text={r.agent} />} <span class="mono">{r.address ?? ''}</span></td><td class="r">{r.current ? <span class="tag">{d.current}</span> : <button class="btn sm" onClick={() => end(r.id)}>{d.end}</button>}</td></tr>)}</tbody></table></div>
			)}</Show>
		</section>
	);
}

export function People() {
	const d = tp(), list = useLoad(() => call('user.list'), []), who = asked('who');
	title.value = d.title;
	const u = list.data?.items.find((x) => x.id === who);
	return (
		<div class="lst"><div class="facts one" tabIndex={0} role="group" aria-label={d.title}>
			{u && <Sessions key={u.id} u={u} />}
			<section class="card"><div class="sec"><h2>{d.title}</h2></div><Show of={list} rows={8}>{(l) => (
				<div class="xs" tabIndex={0} role="group" aria-label={d.title}><table class="t"><thead><tr><th>{d.name}</th><th>{d.login}</th><th>{d.role}</th><th>{d.tenant}</th><th>{d.factor}</th><th><span class="vh">{d.sessions}</span></th></tr></thead>
					<tbody>{l.items.map((x) => <tr key={x.id}><td><Safe text={tx(x.name)} />{x.disabled && <> <span class="tag">{d.disabled}</span></>}</td><td class="mono">{x.login}</td><td>{d.roles[x.role] ?? x.role}</td><td>{x.tenant ?? ''}</td><td>{x.second_factor ? d.yes : d.no}</td>
						<td class="r"><button class="btn sm" aria-pressed={x.id === who} onClick={() => query({ who: x.id })}>{d.sessions}<span class="vh"> {x.login}</span></button></td></tr>)}</tbody></table></div>
			)}</Show></section>
		</div></div>
	);
}
