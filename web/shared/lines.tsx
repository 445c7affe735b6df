// SPDX-License-Identifier: Apache-2.0
// The lines behind a row of evidence: the desk's own copies, which outlive store and archive; until they are there, the sample.
import type { Evidence } from './api.gen';
import { t } from './i18n';
import { hms } from './time';
import { Safe } from './ui';

export function Lines({ e }: { e: Evidence }) {
	const d = t().pinc, c = e.copies;
	if (!c?.lines.length) return e.line ? <details><summary>{d.line}</summary><pre class="raw"><Safe text={e.line} /></pre></details> : null;
	return (
		<details><summary>{d.copies(c.lines.length)}{c.wanted > c.kept && <span class="q"> · {d.copiesMissing(c.wanted - c.kept)}</span>}</summary>
			{c.lines.map((x) => <pre class="raw" key={x.event}><span class="q">{hms(x.at)} {x.device}{'\n'}</span><Safe text={x.line} />{x.cut && <span class="q"> …</span>}</pre>)}
		</details>
	);
}
