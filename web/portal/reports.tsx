// SPDX-License-Identifier: Apache-2.0
// Published months: the documents, and the chosen one in short.
import type { ReportRow } from '../shared/api.gen';
import { call } from '../shared/api';
import { t, title, tx } from '../shared/i18n';
import { rep } from '../shared/dict/rep';
import { Breaches, Documents, Revised, Standing, Summary } from '../shared/report';
import { asked, Link, query } from '../shared/router';
import { monthName, whenLong } from '../shared/time';
import { Show } from '../shared/ui';
import { useLoad } from '../shared/use';

function Month({ id, revision }: { id: string; revision: string }) {
	const r = useLoad(() => call('report.show', { id, revision }), [id, revision], ['report']);
	return <Show of={r} rows={10}>{(v) => <><div class="hd"><h2 class="big">{monthName(v.month)}</h2><Standing r={v} /><span class="sp" /><Documents r={v} /></div><div class="stack"><Revised r={v} /><Summary r={v} /><Breaches x={v.data} number={(n) => (n.startsWith('C-') ? n : <Link to={`/portal/incidents/${n}`}>{n}</Link>)} /></div></>}</Show>;
}

export function Reports() {
	const d = t(), rd = rep(), list = useLoad(() => call('report.list'), [], ['report']);
	const newest = list.data?.items[0], chosen = asked('id') || newest?.id, revision = asked('revision');
	const isChosen = (r: ReportRow) => r.id === chosen && (revision ? String(r.revision) === revision : r.state !== 'replaced');
	title.value = d.nav.reports;
	return (
		<>
			<div class="hd"><h1 class="big">{d.nav.reports}</h1></div>
			<p class="s lead">{rd.lead}</p>
			<section class="card"><Show of={list}>{(v) => v.items.length === 0 ? <p class="s">{rd.none}</p> : (
				<div class="xs" tabIndex={0} role="group" aria-label={d.nav.reports}><table class="t"><thead><tr><th>{rd.month}</th><th>{rd.published}</th><th class="wide1">{rd.by}</th><th class="wide1">{rd.files}</th></tr></thead>
					<tbody>{v.items.map((r) => <tr key={`${r.id}/${r.revision}`} aria-current={isChosen(r) ? 'true' : undefined}><td class="nw"><button class={`plain ${isChosen(r) ? 'b' : 'acc'}`} onClick={() => query({ id: r.id, revision: r.state === 'replaced' ? String(r.revision) : '' })}>{monthName(r.month)}</button> <Standing r={r} /></td><td class="nw s">{r.published_at ? whenLong(r.published_at) : ''}</td><td class="s wide1">{tx(r.published_by)}</td><td class="wide1"><Documents r={r} /></td></tr>)}</tbody></table></div>
			)}</Show></section>
			{chosen && <Month key={`${chosen}/${revision}`} id={chosen} revision={revision} />}
		</>
	);
}
