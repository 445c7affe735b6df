// SPDX-License-Identifier: Apache-2.0
// What stands in the queue besides candidates: inquiries, tasks, running calls, answers. Each says what it is, opens its own page, and is taken by the same key.
import { useEffect, useRef } from 'preact/hooks';
import type { Queue, QueueCandidate, QueueWork } from '../shared/api.gen';
import { call, session } from '../shared/api';
import { t, tx } from '../shared/i18n';
import { clockText, serverNow, whenLong } from '../shared/time';
import { Owner, Safe, Sev } from '../shared/ui';

export type QueueItem = Queue['items'][number];
export const isCase = (i: QueueItem | undefined): i is QueueCandidate => i?.kind === 'candidate';

/** Where it is worked on. */
export const pageOf = (i: QueueItem): string => (isCase(i) ? `/console/candidates/${encodeURIComponent(i.id)}` : i.kind === 'inquiry' ? `/console/inquiries/${i.number}` : `/console/incidents/${i.incident ?? i.number}`);

/** It becomes mine. */
export const take = (i: QueueWork): Promise<unknown> => (i.kind === 'inquiry' ? call('inquiry.claim', { id: i.id })
	: i.kind === 'task' ? call('incident.task_change', { id: i.incident ?? '', n: i.n ?? 0 }, { owner: session.value?.user?.login ?? '' })
		: call('incident.claim', { id: i.incident ?? i.number }));

export function Due({ at }: { at: string | null | undefined }) {
	if (!at) return <span class="q">–</span>;
	const left = (Date.parse(at) - serverNow()) / 1000;
	return <b class={`m5 nw${left < 120 ? ' late0' : ''}`} title={whenLong(at)}>{left < 0 ? `+${clockText(-left)}` : clockText(left)}</b>;
}

export function WorkRow({ w, cur, fresh, pick }: { w: QueueWork; cur: boolean; fresh: boolean; pick: () => void }) {
	const d = t(), ref = useRef<HTMLDivElement>(null), tenant = w.tenant ? tx(w.tenant.name) : d.queue.nobodys;
	useEffect(() => { if (cur) ref.current?.scrollIntoView({ block: 'nearest' }); }, [cur]);
	return (
		<div class={`g qr${cur ? ' cur' : ''}${fresh ? ' fresh' : ''}`} role="row" aria-selected={cur} ref={ref} onClick={pick} data-id={w.id}>
			<div role="gridcell"><Due at={w.due_at} /></div>
			<div role="gridcell" class="w0">
				<div class="t"><span class="tn1 el">{tenant}</span><b class="el"><Safe text={tx(w.title)} /></b></div>
				<div class="u"><span class="tn el">{tenant}</span><span class="tag">{d.queue.kind[w.kind]}</span></div>
			</div>
			<div role="gridcell">{w.severity && <Sev s={w.severity as 'warning'} />}</div>
			<div role="gridcell" class="t12"><div class="m5 tt">{w.number}</div></div>
			<div role="gridcell" />
			<div role="gridcell" class="row own">{w.owner_on_duty === false && <span class="t12 warn offd">{d.ros.off}</span>}<Owner p={w.owner} /></div>
		</div>
	);
}
