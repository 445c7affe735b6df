// SPDX-License-Identifier: Apache-2.0
// Eight times and the seven intervals between them; the contract's interval is thick, the waiting one as
// visible as the others.
import type { Stamps as Data } from './api.gen';
import { t } from './i18n';
import { between, day, hms, serverNow, span } from './time';

const order = ['happened', 'lcp', 'soc', 'detected', 'opened', 'decided', 'rang', 'acknowledged'] as const;

export function Stamps({ s, calls }: { s: Data; calls: boolean }) {
	const d = t();
	return (
		<ol class="ck">
			{order.map((k, i) => {
				const next = order[i + 1], gap = next ? between(s[k], s[next]) : null, contract = k === 'decided' && calls;
				return (
					<li key={k} class={`${contract ? 'con1 ' : ''}${i >= 5 ? 'k' : ''}${s[k] ? '' : ' no'}`}>
						<span class="l">{d.inc.stamp[k]}</span>
						<div class="b0"><i />{gap !== null && <em>{span(gap)}</em>}</div>
						<b title={s[k] ? day(s[k]) : ''}>{s[k] ? hms(s[k]) : '—'}</b>
						{s[k] && serverNow() - Date.parse(s[k]) > 86400000 && <span class="q t12">{day(s[k])}</span>}
					</li>
				);
			})}
		</ol>
	);
}
