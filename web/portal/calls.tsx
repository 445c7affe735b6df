// SPDX-License-Identifier: Apache-2.0
// Whom we called and told, when it rang and how it ended; the code word; promises that were broken, with the cause.
import type { Incident } from '../shared/api.gen';
import { AttemptRow, BrokenClock, CallBack, isCall } from '../shared/attempts';
import { t } from '../shared/i18n';

export function Calls({ i }: { i: Incident }) {
	const d = t().inc, all = i.attempts ?? [], calls = all.filter(isCall), told = all.filter((a) => !isCall(a));
	const broken = (i.clocks ?? []).filter((c) => c.state === 'broken');
	if (all.length === 0 && broken.length === 0) return null;
	return (
		<section class="card cpp"><h2>{d.calls}</h2>
			{calls.map((a, n) => <AttemptRow key={a.id ?? n} a={a} n={n + 1} live={n === calls.length - 1 && a.state !== 'done'} />)}
			{told.length > 0 && <h3 class="mt">{d.mail}</h3>}
			{told.map((a, n) => <AttemptRow key={a.id ?? n} a={a} n={n + 1} live={false} />)}
			<CallBack i={i} />
			{broken.length > 0 && <h3 class="mt">{d.broken}</h3>}
			{broken.map((c) => <BrokenClock key={c.kind} c={c} />)}
		</section>
	);
}
