// SPDX-License-Identifier: Apache-2.0
// The journal for auditors: newest first, by command and tenant; a row opens to its record; the chain is walked on demand.
import { useState } from 'preact/hooks';
import type { JournalRow } from '../shared/api.gen';
import { call } from '../shared/api';
import { lang, num, t, title } from '../shared/i18n';
import { asked, query } from '../shared/router';
import { whenLong } from '../shared/time';
import { Pick, Safe, Show } from '../shared/ui';
import { useLoad } from '../shared/use';

const nouns = ['', 'candidate', 'incident', 'exception', 'report', 'tenant', 'user', 'me', 'lcp', 'clock', 'alarm', 'timer', 'job', 'detections'];
const NEWEST = 9007199254740991;

function Proof() {
	const d = t().jou;
	const [busy, setBusy] = useState(false), [said, setSaid] = useState('');
	const walk = async () => {
		setBusy(true);
		setSaid(await call('journal.verify').then((v) => (v.ok ? d.whole(num(v.rows), v.head?.hash?.slice(0, 16) ?? '') : d.broken(String(v.bad_seq ?? '?'), v.fault ?? '')), () => t().err.title));
		setBusy(false);
	};
	return <><button class="btn sm" disabled={busy} onClick={() => void walk()}>{busy ? d.walking : d.verify}</button><span class="t12 mono" role="status">{said}</span></>;
}

function pretty(row: JournalRow): string {
	try {
		return JSON.stringify(JSON.parse(row.record), null, 2);
	} catch {
		return row.record || t().jou.hidden;
	}
}

function Line({ row }: { row: JournalRow }) {
	const d = t().jou;
	const [open, setOpen] = useState(false);
	return (
		<>
			<tr><td class="r mono">{row.seq}</td><td class="nw">{whenLong(row.at)}</td><td><button class="plain acc mono" aria-expanded={open} onClick={() => setOpen(!open)}>{row.command}<span class="vh"> {row.seq}</span></button></td><td><Safe text={who(row)} /></td><td>{row.tenant ?? ''}</td><td class="mono q">{row.hash.slice(0, 16)}</td></tr>
			{open && <tr class="jr"><td /><td colSpan={5}><pre class="mono" tabIndex={0} aria-label={d.record}><Safe text={pretty(row)} /></pre><p class="mono t12 q">{d.prev} {row.prev}<br />{d.hash} {row.hash}</p></td></tr>}
		</>
	);
}

/** The name in the record; the row itself holds the id alone. */
function who(row: JournalRow): string {
	try {
		const a = (JSON.parse(row.record) as { actor?: { en?: string; ja?: string; role?: string } }).actor;
		return a ? `${(lang.value === 'ja' ? a.ja : a.en) ?? ''} ${a.role ?? ''}`.trim() : row.actor ?? '';
	} catch {
		return row.actor ?? '';
	}
}

export function Journal() {
	const d = t(), command = asked('command'), tenant = asked('tenant'), before = Number(asked('before')) || NEWEST;
	const list = useLoad(() => call('journal.list', { before, command, tenant, limit: 100 }), [before, command, tenant]);
	const tenants = useLoad(() => call('tenant.list'), []);
	const items = list.data?.items ?? [], last = items[items.length - 1];
	title.value = d.nav.journal;
	return (
		<div class="lst">
			<div class="qh"><Pick label={d.jou.command} value={command} options={nouns.map((n) => [n, n || d.jou.all] as const)} set={(v) => query({ command: v, before: '' })} />
				<Pick label={d.inc.tenant} value={tenant} options={[['', d.queue.allTenants], ...(tenants.data?.items ?? []).map((x) => [x.id, x.id] as const)]} set={(v) => query({ tenant: v, before: '' })} />
				<span class="sp" /><Proof /></div>
			<Show of={list} rows={10}>{(v) => v.items.length === 0 ? <div class="state"><p>{d.jou.none}</p></div> : (
				<div class="scroll" tabIndex={0} role="group" aria-label={d.nav.journal}>
					<table class="t rt inl"><thead><tr><th class="r">{d.jou.seq}</th><th>{d.jou.at}</th><th>{d.jou.command}</th><th>{d.jou.who}</th><th>{d.inc.tenant}</th><th>{d.jou.hash}</th></tr></thead>
						<tbody>{v.items.map((row) => <Line key={row.seq} row={row} />)}</tbody></table>
					<p class="row pad">{before !== NEWEST && <button class="btn" onClick={() => query({ before: '' })}>{d.jou.newest}</button>}{last && last.seq > 1 && items.length === 100 && <button class="btn" onClick={() => query({ before: String(last.seq) })}>{d.jou.older}</button>}</p>
				</div>
			)}</Show>
		</div>
	);
}
