// SPDX-License-Identifier: Apache-2.0
// Beside the queue: what a piece of work is that is no candidate, and what has to be done.
import type { QueueWork } from '../shared/api.gen';
import { tw } from '../shared/dict/work';
import { t, tx } from '../shared/i18n';
import { Link } from '../shared/router';
import { Safe, Sev } from '../shared/ui';
import { Due, pageOf } from './queue-work';

export function WorkPreview({ w, may, claim }: { w: QueueWork; may: boolean; claim: () => void }) {
	const d = t(), words = tw();
	return (
		<aside class="pv" aria-label={w.number}>
			<div class="pvh">
				<div class="row"><Link to={pageOf(w)} class="mono s">{w.number}</Link><span class="sp" /><Due at={w.due_at} /></div>
				<h2><Safe text={tx(w.title)} /></h2>
				<div class="row wrap"><span class="tag">{d.queue.kind[w.kind]}</span>{w.severity && <Sev s={w.severity as 'warning'} />}{w.tenant && <span class="tag">{tx(w.tenant.name)}</span>}</div>
			</div>
			<div class="pvb"><p>{w.held ? words.held : words.todo[w.kind]}</p></div>
			<div class="acts"><Link to={pageOf(w)} class="btn pri">{words.openIt}<kbd>↵</kbd></Link>{may && !w.held && <button class="btn" onClick={claim}>{d.cand.assign}<kbd>a</kbd></button>}</div>
		</aside>
	);
}
