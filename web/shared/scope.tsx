// SPDX-License-Identifier: Apache-2.0
// What an exception is about, and the last it hid: the same for both sides.
import type { Exception } from './api.gen';
import { call } from './api';
import { tc } from './dict/cases';
import { num, t } from './i18n';
import { whenLong } from './time';
import { Safe, Show } from './ui';
import { useLoad } from './use';

export const stateClass: Record<Exception['state'], string> = { proposed: ' half', active: ' ok', ended: '', refused: '', expired: '' };
export const StateTag = ({ x }: { x: Exception }) => <span class={`tag${stateClass[x.state]}`}>{tc().x.state[x.state]}</span>;

export function Scope({ x }: { x: Exception }) {
	const d = tc().x;
	return (
		<span class="scope"><span class="m5">{x.rule ? <Safe text={x.rule_name || x.rule} /> : d.any}</span>
			{x.conditions.map((c, n) => <span key={n} class="chip"><span class="q">{d.kinds[c.kind]}</span><span class="el"><Safe text={c.value} /></span></span>)}</span>
	);
}

export function Samples({ x }: { x: Exception }) {
	const d = tc().x, list = x.samples ?? [];
	if (list.length === 0) return <p class="q t12">{d.noSamples}</p>;
	return (
		<div class="xs" tabIndex={0} role="group" aria-label={d.samples}><table class="t evt"><thead><tr><th>{t().pinc.at}</th><th>{d.rule}</th><th>{t().pinc.device}</th><th>{d.line}</th><th class="r">{t().logs.count}</th></tr></thead>
			<tbody>{list.map((s, n) => <tr key={n}><td class="nw">{whenLong(s.at)}</td><td><Safe text={s.rule} /></td><td class="s nw">{s.device ?? ''}</td><td class="smp">{s.line ? <code class="mono"><Safe text={s.line} /></code> : ''}</td><td class="r">{num(s.count)}</td></tr>)}</tbody></table></div>
	);
}

export function LoadSamples({ id }: { id: string }) {
	const x = useLoad(() => call('exception.show', { id }), [id], ['exception']);
	return <Show of={x} rows={3}>{(v) => <Samples x={v} />}</Show>;
}
