// SPDX-License-Identifier: Apache-2.0
// What an endpoint was told and how that ended, newest first; the same once more.
import { useEffect, useState } from 'preact/hooks';
import type { Carries, WebhookDelivery } from './api.gen';
import { call } from './api';
import { ts } from './dict/service';
import { t, tx } from './i18n';
import { whenLong } from './time';
import { Safe, say, Show } from './ui';
import { useLoad } from './use';

const LOOK_MS = 3000; // while something is under way: a delivery that ends is no change that is announced

function Outcome({ x }: { x: WebhookDelivery }) {
	const d = ts().pg;
	if (x.state === 'open' && !x.outcome) return <span class="tag half">{d.waits}</span>;
	const name = x.state === 'cancelled' ? 'cancelled' : x.outcome ?? '';
	return <><span class={`tag${name === 'sent' ? ' ok' : name === 'rejected' ? ' late' : ' half'}`}>{d.out[name] ?? name}</span>{x.state === 'open' && x.next_at && <span class="q t12"> {d.nextAt(whenLong(x.next_at))}</span>}</>;
}

export function Deliveries({ id, number, events, may }: { id: string; number: string; events: Carries['webhook.list']['events']; may: boolean }) {
	const d = ts().pg, list = useLoad(() => call('delivery.list', { id, limit: 20 }), [id], ['webhook']), [older, setOlder] = useState<Carries['delivery.list'] | null>(null);
	const busy = (list.data?.items ?? []).some((x) => x.state === 'open' && !x.outcome), last = older ?? list.data;
	useEffect(() => {
		const again = busy ? window.setTimeout(list.reload, LOOK_MS) : 0;
		return () => clearTimeout(again);
	}, [list.data]);
	const more = () => void call('delivery.list', { id, limit: 20, cursor: last?.next }).then((v) => setOlder({ items: [...(older?.items ?? []), ...v.items], next: v.next }), () => say(t().err.title));
	const again = (n: number) => void call('webhook.redeliver', { id, n }).then(() => { say(d.againDone); list.reload(); }, () => say(t().err.title));
	return (
		<Show of={list} rows={3}>{(v) => v.items.length === 0 ? <p class="s mt1">{d.noDeliveries}</p> : (
			<>
				<div class="xs mt1" tabIndex={0} role="group" aria-label={`${d.deliveries} ${number}`}><table class="t dlv"><thead><tr><th>{d.at}</th><th>{d.event}</th><th>{ts().state}</th><th>{d.answer}</th><th class="r">{d.attempts}</th>{may && <th class="r"><span class="vh">{ts().acts}</span></th>}</tr></thead>
					<tbody>{[...v.items, ...(older?.items ?? [])].map((x) => (
						<tr key={x.delivery}><td class="nw">{whenLong(x.queued_at)}</td><td>{tx(events.find((e) => e.event === x.event)?.title) || x.event}{x.incident && <span class="q t12"> {x.incident}</span>}</td><td class="nw"><Outcome x={x} /></td><td class="wrapc">{x.code ? <span class="mono">{x.code}</span> : ''} {x.text && <span class="s t12"><Safe text={x.text} /></span>}</td><td class="r">{x.attempts}</td>
							{may && <td class="r nw">{x.state !== 'open' && <button class="btn sm" onClick={() => again(x.delivery)}>{d.again}<span class="vh"> {x.delivery}</span></button>}</td>}</tr>
					))}</tbody></table></div>
				{last?.next && <button class="btn sm mt1" onClick={more}>{d.older}</button>}
			</>
		)}</Show>
	);
}
