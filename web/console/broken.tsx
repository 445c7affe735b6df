// SPDX-License-Identifier: Apache-2.0
// Broken promises of an incident. A lead says why, out of the fixed list and in words.
import { useState } from 'preact/hooks';
import type { Clock, Incident } from '../shared/api.gen';
import { BrokenClock } from '../shared/attempts';
import { tc } from '../shared/dict/cases';
import { t } from '../shared/i18n';
import { role } from './case';
import { CauseDialog } from './case-say';

export function Broken({ i, put }: { i: Incident; put: (i: Incident) => void }) {
	const list = (i.clocks ?? []).filter((c) => c.state === 'broken'), [giving, setGiving] = useState<Clock | null>(null);
	if (list.length === 0) return null;
	return (
		<section class="card"><h3>{t().inc.broken}</h3>
			{list.map((c) => <div key={c.kind} class="row mt1"><BrokenClock c={c} /><span class="sp" />{role() === 'lead' && !c.cause && <button class="btn sm" onClick={() => setGiving(c)}>{tc().cause}</button>}</div>)}
			{giving && <CauseDialog c={{ ...giving, incident: i.id }} done={(x) => put(x as Incident)} gone={() => setGiving(null)} />}
		</section>
	);
}
