// SPDX-License-Identifier: Apache-2.0
// Advisories that concern this tenant; opening one is the receipt.
import { useEffect } from 'preact/hooks';
import { About, OwnLogs, SeenText, Words } from '../shared/advisory';
import { call } from '../shared/api';
import { t, title, tx } from '../shared/i18n';
import { Link } from '../shared/router';
import { whenLong } from '../shared/time';
import { Safe, Sev, Show } from '../shared/ui';
import { useLoad } from '../shared/use';

export function Advisories() {
	const d = t(), list = useLoad(() => call('advisory.list'), [], ['advisory']);
	title.value = d.nav.advisories;
	return (
		<>
			<div class="hd"><h1 class="big">{d.nav.advisories}</h1><span class="q t14">{list.data ? d.adv.list(list.data.items.length) : ''}</span></div>
			<p class="s lead">{d.adv.lead}</p>
			<section class="card"><Show of={list}>{(v) => v.items.length === 0 ? <p class="s">{d.adv.none}</p> : (
				<div class="xs" tabIndex={0} role="group" aria-label={d.nav.advisories}><table class="t"><thead><tr><th>{d.adv.sentAt}</th><th>{d.form.severity}</th><th>{d.adv.title}</th><th class="r">{d.adv.seenIn(v.items[0]?.days ?? 92)}</th></tr></thead>
					<tbody>{v.items.map((a) => <tr key={a.id}><td class="nw s">{a.tenants[0]?.sent_at ? whenLong(a.tenants[0].sent_at) : ''}</td><td><Sev s={a.severity} /></td><td><Link to={`/portal/advisories/${a.number}`} class="tx m5"><Safe text={tx(a.title)} /></Link> <span class="q t12 nw">{a.number}</span> {!a.read && <span class="tag half">{d.adv.fresh}</span>}{a.state === 'withdrawn' && <span class="tag">{d.adv.state.withdrawn}</span>}</td><td class="r nw">{a.tenants[0] && <SeenText x={a.tenants[0]} a={a} />}</td></tr>)}</tbody></table></div>
			)}</Show></section>
		</>
	);
}

export function Advisory({ id }: { id: string }) {
	const d = t(), adv = useLoad(() => call('advisory.show', { id }), [id], ['advisory']);
	title.value = id;
	const unread = adv.data !== undefined && !adv.data.read;
	useEffect(() => { if (unread) void call('advisory.read', { id }).then(adv.set).catch(() => null); }, [unread, id]);
	return (
		<Show of={adv} rows={8}>{(a) => (
			<>
				<div class="bc"><Link to="/portal/advisories">{d.nav.advisories}</Link>　›　{a.number}</div>
				<div class="th"><div class="grow"><h1><Safe text={tx(a.title)} /></h1><div class="row wrap mt"><Sev s={a.severity} large />{a.state === 'withdrawn' && <span class="tag lgt">{d.adv.state.withdrawn}</span>}<span class="s t14">{a.tenants[0]?.sent_at ? whenLong(a.tenants[0].sent_at) : ''}</span></div></div></div>
				<div class="stack"><section class="card"><Words a={a} h="h2" /></section>{a.tenants[0] && <OwnLogs x={a.tenants[0]} a={a} />}<section class="card"><About a={a} h="h2" /></section></div>
			</>
		)}</Show>
	);
}
