// SPDX-License-Identifier: Apache-2.0
// The queue: what is due first on top. The cursor holds the row's identity, so live updates never move it
// under the reader; what is new says so in the header.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Duty, Queue as QueueData, QueueCandidate } from '../shared/api.gen';
import { ApiError, call, session } from '../shared/api';
import { num, t, title, tx } from '../shared/i18n';
import { useKeys } from '../shared/keys';
import { asked, go, Link, query } from '../shared/router';
import { hm, hms, when } from '../shared/time';
import { Chip, ClockChip, Owner, Pick, Safe, say, Sev, Show, Spark } from '../shared/ui';
import { useLoad } from '../shared/use';
import { lazy } from '../shared/lazy';
import { ofRow } from './case';
import { CloseDialog } from './close';
import { counts } from './counts';
import { Preview } from './preview';
import { isCase, pageOf, type QueueItem, take, WorkRow } from './queue-work';

function Row({ c, cur, marked, fresh, pick }: { c: QueueCandidate; cur: boolean; marked: boolean; fresh: boolean; pick: () => void }) {
	const d = t(), first = c.entities?.[0];
	const ref = useRef<HTMLDivElement>(null);
	useEffect(() => { if (cur) ref.current?.scrollIntoView({ block: 'nearest' }); }, [cur]);
	return (
		<div class={`g qr${cur ? ' cur' : ''}${marked ? ' mk' : ''}${fresh ? ' fresh' : ''}`} role="row" aria-selected={cur} ref={ref} onClick={pick} data-id={c.id}>
			<div role="gridcell"><ClockChip c={c.clock} /></div>
			<div role="gridcell" class="w0">
				<div class="t"><span class="tn1 el">{tx(c.tenant.name)}</span><b class="el"><Safe text={tx(c.title)} /></b></div>
				<div class="u"><span class="tn el">{tx(c.tenant.name)}</span>{first && <Chip e={first} bare />}</div>
			</div>
			<div role="gridcell"><Sev s={c.proposal.severity} proposed /></div>
			<div role="gridcell" class="t12"><div class="m5 tt">{hms(c.last_at)}</div><div class="q t2">{d.queue.from(when(c.first_at))}</div></div>
			<div role="gridcell" class="row sg"><Spark v={c.sparkline} /><span class="r cnt">{num(c.detections)}</span></div>
			<div role="gridcell" class="row own">{c.owner_on_duty === false && <span class="t12 warn offd">{d.ros.off}</span>}<Owner p={c.owner} /></div>
		</div>
	);
}

const WorkPreview = lazy(() => import('./queue-look').then((m) => m.WorkPreview));
const Merge = lazy(() => import('./case-move').then((m) => m.Merge));

/** Which rows came since the reader first looked, so that they can be told without moving anything. */
function useFresh(items: QueueItem[] | undefined): { fresh: Set<string>; since: string } {
	const seen = useRef<Set<string> | null>(null), since = useRef(Date.now());
	return useMemo(() => {
		const fresh = new Set<string>();
		if (items && !seen.current) {
			seen.current = new Set(items.map((i) => i.id));
			since.current = Date.now();
		}
		for (const i of items ?? []) if (!seen.current?.has(i.id)) fresh.add(i.id);
		return { fresh, since: hm(since.current) };
	}, [items]);
}

/** The crews of the tenants in sight, each site once with its clock. */
function OnDuty({ q }: { q: QueueData | undefined }) {
	const d = t().ros, seen = new Map<string, NonNullable<Duty>>();
	for (const x of q?.tenants ?? []) if (x.duty && (!asked('tenant') || asked('tenant') === x.id)) seen.set(`${x.duty.site?.id} ${x.duty.lead?.id}`, x.duty);
	if (seen.size === 0) return null;
	return <span class="t12 duty"><span class="q">{d.duty}</span>{[...seen.values()].slice(0, 3).map((x) => <Link key={x.roster} to="/console/roster" class="m5">{tx(x.site?.name)} {x.site?.local_time} {x.lead ? tx(x.lead.name) : ''}</Link>)}</span>;
}

function Filters({ q }: { q: QueueData | undefined }) {
	const d = t().queue;
	return (
		<div class="qh">
			<Pick label={d.tenant} value={asked('tenant')} options={[['', d.allTenants], ...(q?.tenants ?? []).map((x) => [x.id, tx(x.name)] as const)]} set={(v) => query({ tenant: v })} />
			<Pick label={d.ownerFilter} value={asked('owner')} options={[['', d.anyOwner], ['me', d.mine], ['nobody', d.nobody]]} set={(v) => query({ owner: v })} />
			<Pick label={d.kindFilter} value={asked('kind')} options={[['', d.allKinds], ...(['candidate', 'inquiry', 'task', 'call', 'answer'] as const).map((k) => [k, d.kind[k]] as const)]} set={(v) => query({ kind: v })} />
			<span class="sp" /><OnDuty q={q} />
			<span class="t12 q">{d.order}</span><span class="t12 m5">{d.orderText}</span>
		</div>
	);
}

function Summary({ q, fresh, since, marked }: { q: QueueData; fresh: number; since: string; marked: number }) {
	const d = t().queue;
	return (
		<div class="qn" role="status">
			{q.total !== q.groups && <span class="b0">{d.work(q.total ?? 0)}</span>}<span class="b0">{d.groups(q.groups)}</span><span class="b0">{d.detections(q.detections)}</span><span>{d.unowned(q.unowned)}</span>
			<span class={q.cut ? 'warn' : ''}>{q.cut ? d.cut(q.limit) : d.whole}</span>
			{marked > 0 && <span>{d.marked(marked)}</span>}
			<span class="sp" />{fresh > 0 && <span class="new">{d.fresh(fresh, since)}</span>}
		</div>
	);
}

export function Queue() {
	const d = t();
	const tenant = asked('tenant'), owner = asked('owner'), kind = asked('kind') || 'all';
	const q = useLoad(() => call('queue.list', { tenant, owner, kind }), [tenant, owner, kind], ['candidate', 'inquiry', 'incident']);
	const [cur, setCur] = useState<string>(asked('c')), [open, setOpen] = useState(true), [closing, setClosing] = useState<QueueCandidate | null>(null);
	const [marks, setMarks] = useState<ReadonlySet<string>>(new Set());
	const { fresh, since } = useFresh(q.data?.items);
	title.value = d.nav.queue;

	const items = q.data?.items ?? [];
	const at = items.findIndex((i) => i.id === cur), row = items[at], one = isCase(row) ? row : null;
	useEffect(() => {
		if (q.data) counts.value = { ...counts.value, queue: q.data.total ?? q.data.groups };
		if (!row && items[0]) setCur(items[0].id);
	}, [q.data]);
	const pick = (id: string) => { setCur(id); query({ c: id }); };
	const step = (by: number) => { const n = items[Math.max(0, Math.min(items.length - 1, at + by))]; if (n) pick(n.id); };
	const mark = () => { if (one) setMarks((m) => { const n = new Set(m); if (!n.delete(one.id)) n.add(one.id); return n; }); };

	const claim = async () => {
		if (!row) return;
		if (!isCase(row)) {
			await take(row).then(() => say(d.cand.owned)).catch((e: unknown) => say(e instanceof ApiError && e.status === 409 ? d.cand.takenBy(String(e.problem.by ?? '')) : d.err.kept));
			q.reload();
			return;
		}
		try {
			const c = await call('candidate.claim', { id: row.id });
			if (q.data) q.set({ ...q.data, items: items.map((i) => (i.id === c.id ? { ...i, owner: c.owner ?? null } : i)) });
			say(d.cand.owned, () => void call('candidate.release', { id: row.id }).then(() => { say(d.cand.given); q.reload(); }));
		} catch (e) {
			if (e instanceof ApiError && e.status === 409) say(d.cand.takenBy(String(e.problem.by ?? '')));
			q.reload();
		}
	};
	const may = ['analyst', 'lead'].includes(session.value?.user?.role ?? ''), [merging, setMerging] = useState<QueueCandidate[] | null>(null);
	/* the marked ones, or the row under the cursor; of one tenant only */
	const merge = () => {
		const list = marks.size ? items.filter(isCase).filter((i) => marks.has(i.id)) : one ? [one] : [];
		if (list.some((i) => i.tenant.id !== list[0]?.tenant.id)) say(d.queue.oneTenant);
		else if (list.length) setMerging(list);
	};
	const close = () => { if (one && may) setClosing(one); };

	useKeys(() => [
		{ keys: 'j', label: (x) => x.keys.move, run: () => step(1), bar: true },
		{ keys: 'k', label: (x) => x.keys.move, run: () => step(-1), bar: true },
		{ keys: 'ArrowDown', label: (x) => x.keys.next, run: () => step(1) },
		{ keys: 'ArrowUp', label: (x) => x.keys.prev, run: () => step(-1) },
		{ keys: 'Enter', label: (x) => x.keys.preview, run: () => { if (!row) return; if (open) go(pageOf(row)); else setOpen(true); }, bar: true },
		{ keys: 'Escape', label: (x) => x.keys.leave, run: () => setOpen(false), when: () => !closing },
		{ keys: 'x', label: (x) => x.keys.mark, run: mark, bar: true },
		{ keys: 'Shift+j', label: (x) => x.keys.markDown, run: () => { mark(); step(1); } },
		{ keys: 'Shift+k', label: (x) => x.keys.markUp, run: () => { mark(); step(-1); } },
		{ keys: 'a', label: (x) => x.keys.assign, run: () => void claim(), bar: true, when: () => may },
		{ keys: 'c', label: (x) => x.keys.close, run: close, bar: true, when: () => may },
		{ keys: 'e', label: (x) => x.keys.escalate, run: () => { if (one) go(`${pageOf(one)}/decide`); }, bar: true, when: () => may },
		{ keys: 'm', label: (x) => x.keys.merge, run: merge, when: () => may },
		{ keys: 'o', label: (x) => x.keys.newTab, run: () => { if (row) window.open(pageOf(row), '_blank', 'noopener'); } },
		{ keys: 'w', label: (x) => x.keys.why, run: () => { setOpen(true); setTimeout(() => document.getElementById('why')?.focus(), 30); } },
		{ keys: 'p', label: (x) => x.keys.pivot, run: () => { const e = one?.entities?.[0]; if (e && one) go(`/console/logs?q=${encodeURIComponent(`"${e.value}"`)}&tenant=${one.tenant.id}`); } },
	], [q.data, cur, open, closing, may, marks]);

	return (
		<div class={`q0${open && row ? '' : ' wide'}`}>
			<section class="ql" aria-label={d.nav.queue}>
				<Filters q={q.data} />
				<Show of={q} rows={10}>{(data) => (
					<>
						<Summary q={data} fresh={fresh.size} since={since} marked={marks.size} />
						{data.items.length === 0 ? <div class="state"><p>{d.queue.empty} <span class="s">{d.queue.emptyHow(hms(data.now))}</span></p></div> : (
							<div role="grid" aria-label={d.nav.queue} aria-rowcount={data.items.length} class="qg">
								<div class="g qc" role="row">{[d.queue.decideIn, d.queue.what, d.queue.proposed, d.queue.last, d.queue.spark].map((x) => <span role="columnheader" key={x}>{x}</span>)}<span class="r" role="columnheader">{d.queue.owner}</span></div>
								<div class="qrows" role="rowgroup" tabIndex={0} aria-label={d.queue.what}>
									{data.items.map((c) => (isCase(c) ? <Row key={c.id} c={c} cur={c.id === cur} marked={marks.has(c.id)} fresh={fresh.has(c.id)} pick={() => { pick(c.id); setOpen(true); }} /> : <WorkRow key={c.id} w={c} cur={c.id === cur} fresh={fresh.has(c.id)} pick={() => { pick(c.id); setOpen(true); }} />))}
								</div>
							</div>
						)}
						{data.items.length > 0 && <p class="qe">{d.queue.end(data.items.length)}</p>}
					</>
				)}</Show>
			</section>
			{open && one && <Preview key={one.id} row={one} may={may} claim={() => void claim()} close={close} />}
			{open && row && !isCase(row) && <WorkPreview key={row.id} w={row} may={may} claim={() => void claim()} />}
			{merging?.[0] && <div class="vh"><Merge c={ofRow(merging[0])} list={merging.map(ofRow)} gone={() => { setMerging(null); setMarks(new Set()); }} /></div>}
			{closing && <CloseDialog row={closing} done={() => { setClosing(null); q.reload(); }} cancel={() => setClosing(null)} />}
		</div>
	);
}
