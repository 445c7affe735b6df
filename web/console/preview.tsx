// SPDX-License-Identifier: Apache-2.0
// Beside the queue, never above it: why, the latest line, what was before, the entities, three actions.
import type { CandidateRow } from '../shared/api.gen';
import { call } from '../shared/api';
import { t, tx } from '../shared/i18n';
import { go, Link } from '../shared/router';
import { clockText } from '../shared/time';
import { Chip, ClockChip, Safe, Sev, Show } from '../shared/ui';
import { useLoad } from '../shared/use';
import { Before, Reasons, Tests, Why } from './parts';

export function Preview({ row, may, claim, close }: { row: CandidateRow; may: boolean; claim: () => void; close: () => void }) {
	const d = t(), c = useLoad(() => call('candidate.show', { id: row.id }), [row.id], ['candidate']);
	const page = `/console/candidates/${encodeURIComponent(row.id)}`;
	return (
		<aside class="pv" aria-label={row.number}>
			<div class="pvh">
				<div class="row"><Link to={page} class="mono s">{row.number}</Link><span class="sp" /><ClockChip c={row.clock} bar={false} />{row.clock && <span class="q t12">{d.queue.clockOf(clockText(row.clock.limit_s))}</span>}</div>
				<h2><Safe text={tx(row.title)} /></h2>
				<div class="row wrap"><Sev s={row.proposal.severity} proposed />{row.proposal.score !== undefined && <span class="tag">{d.cand.score(row.proposal.score)}</span>}<span class="tag">{tx(row.tenant.name)}</span></div>
			</div>
			<div class="pvb" tabIndex={0} role="group" aria-label={d.cand.why}>
				<Show of={c}>{(x) => (
					<>
						<Why c={x} />
						<section><h3>{d.cand.latest}</h3><Tests list={x.detection_list ?? []} />{x.evidence?.at(-1)?.line && <pre class="raw cut"><Safe text={x.evidence.at(-1)?.line ?? ''} /></pre>}</section>
						<Reasons c={x} />
						<Before list={x.previous ?? []} />
						<section><h3>{d.cand.entities}</h3><div class="row wrap">{(x.entities ?? []).slice(0, 12).map((e) => <Chip key={`${e.kind}${e.value}`} e={e} />)}</div></section>
					</>
				)}</Show>
			</div>
			{may && <div class="acts"><button class="btn pri" onClick={() => go(`${page}/decide`)}>{d.cand.escalate}<kbd>e</kbd></button><button class="btn" onClick={claim}>{d.cand.assign}<kbd>a</kbd></button><button class="btn" onClick={close}>{d.cand.closeIt}<kbd>c</kbd></button></div>}
		</aside>
	);
}
