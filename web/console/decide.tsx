// SPDX-License-Identifier: Apache-2.0
// The decision form. Left: four questions, the level, evidence, the customer's text. Right: what confirming
// starts, asked of the desk as the form changes. One button, and it names the effect.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Answers, Candidate, Consequences, Severity } from '../shared/api.gen';
import { ApiError, call } from '../shared/api';
import { lang, t, tx } from '../shared/i18n';
import { Icon } from '../shared/icons';
import { useKeys } from '../shared/keys';
import { go } from '../shared/router';
import { clockText, hms, serverNow } from '../shared/time';
import { Safe, say, Seg, severityClass, SevShape, Trouble } from '../shared/ui';
import { Effects } from './effects';

const levels: Severity[] = ['emergency', 'critical', 'warning', 'informational'];

function Questions({ a, set }: { a: Answers; set: (a: Answers) => void }) {
	const d = t().form;
	const yn = [['yes', d.yes], ['no', d.no]] as const;
	return (
		<div class="qs">
			<span class="q b">1</span><span class="m5">{d.q1}</span><Seg label={d.q1} value={a.real} options={[...yn, ['unknown', d.unknown]]} set={(v) => set({ ...a, real: v })} />
			<span class="q b">2</span><span class="m5">{d.q2}</span><Seg label={d.q2} value={a.success} options={yn} set={(v) => set({ ...a, success: v })} />
			<span class="q b">3</span><span class="m5">{d.q3}</span><Seg label={d.q3} value={a.possible} options={[['yes', d.yes], ['unlikely', d.unlikely], ['blocked', d.blocked]]} set={(v) => set({ ...a, possible: v })} />
			<span class="q b">4</span><span class="m5">{d.q4}</span><Seg label={d.q4} value={a.check} options={yn} set={(v) => set({ ...a, check: v })} />
		</div>
	);
}

function Levels({ value, set, say: says }: { value: Severity | undefined; set: (s: Severity) => void; say: string }) {
	const d = t();
	return (
		<fieldset class="plainset">
			<legend class="row"><h3>{d.form.severity}</h3><span class="t12 q">{says}</span></legend>
			<div class="lv">
				{levels.map((s) => (
					<label key={s} class={`l-${severityClass(s)}${s === value ? ' on' : ''}`}>
						<input type="radio" class="vh" name="severity" checked={s === value} onChange={() => set(s)} />
						<span class="n"><SevShape s={s} hollow={s !== value} size={15} ground={`var(--${severityClass(s)}-weak)`} />{d.sev[s]}</span>{d.form.definition[s]}
					</label>
				))}
			</div>
		</fieldset>
	);
}

function EvidencePick({ c, chosen, set }: { c: Candidate; chosen: ReadonlySet<string>; set: (s: Set<string>) => void }) {
	const d = t().form;
	const flip = (id: string) => { const n = new Set(chosen); if (!n.delete(id)) n.add(id); set(n); };
	return (
		<section>
			<div class="row mb"><h3>{d.evidence}</h3><span class="t12 q">{d.chosen(chosen.size)}</span><span class="sp" /><span class="tag">{d.blockedN(c.blocked ?? 0)}</span><span class="tag late">{d.passedN(c.passed ?? 0)}</span></div>
			<div class="evd">{(c.evidence ?? []).map((e) => (
				<label key={e.id}><input type="checkbox" checked={chosen.has(e.id)} onChange={() => flip(e.id)} /><span class="mono q">{hms(e.at)}</span><span class="s el">{e.device}</span><span class="el"><Safe text={tx(e.what)} />{(e.count ?? 1) > 1 && <span class="q"> ×{e.count}</span>}</span></label>
			))}</div>
		</section>
	);
}

type Two = { ja?: string; en?: string };
function CustomerText({ summary, setSummary, actions, setActions }: { summary: Two; setSummary: (x: Two) => void; actions: Two[]; setActions: (x: Two[]) => void }) {
	const d = t().form;
	const [l, setL] = useState<'ja' | 'en'>(lang.value);
	return (
		<section class="cust">
			<div class="row mb"><h3>{d.toCustomer}</h3><span class="sp" /><Seg label={t().acc.lang} value={l} options={[['ja', '日本語'], ['en', 'English']]} set={setL} /></div>
			<textarea class="fi" lang={l} rows={4} aria-label={d.toCustomer} value={summary[l] ?? ''} onInput={(e) => setSummary({ ...summary, [l]: e.currentTarget.value })} />
			<h3 class="mt">{d.actions}</h3>
			<ol class="actl">{actions.map((a, i) => (
				<li key={i}><span class="q">{i + 1}</span><input class="fi sm" lang={l} aria-label={`${d.actions} ${i + 1}`} value={a[l] ?? ''} onInput={(e) => setActions(actions.map((x, j) => (j === i ? { ...x, [l]: e.currentTarget.value } : x)))} /><button type="button" class="btn sm bare" aria-label={`${d.removeAction} ${i + 1}`} onClick={() => setActions(actions.filter((_, j) => j !== i))}><Icon name="cross" size={12} /></button></li>
			))}</ol>
			{actions.length < 10 && <button type="button" class="btn sm bare" onClick={() => setActions([...actions, {}])}><Icon name="plus" size={12} />{d.addAction}</button>}
		</section>
	);
}

export function Decide({ c }: { c: Candidate }) {
	const d = t(), opened = useRef(serverNow());
	const [answers, setAnswers] = useState<Answers>({ ...(c.form?.answers ?? c.proposal.answers ?? {}) });
	const [severity, setSeverity] = useState<Severity | undefined>(c.proposal.severity), [own, setOwn] = useState(false);
	const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set(c.form?.evidence ?? (c.evidence ?? []).filter((e) => e.chosen).map((e) => e.id)));
	const [summary, setSummary] = useState<Two>(c.form?.summary ?? {}), [actions, setActions] = useState<Two[]>(c.form?.actions ?? []);
	const [reason, setReason] = useState(''), [effects, setEffects] = useState<Consequences | null>(null), [fault, setFault] = useState<ApiError | null>(null), [busy, setBusy] = useState(false);

	const full = (s: Severity) => ({
		severity: s, answers, evidence: [...chosen], ...(summary.ja || summary.en ? { summary } : {}),
		...(actions.length ? { actions: actions.filter((a) => a.ja || a.en) } : {}), ...(reason ? { reason } : {}), ...(c.form?.category ? { category: c.form.category } : {}),
	});
	useEffect(() => {
		const stop = new AbortController();
		const id = setTimeout(() => {
			call('candidate.preview', { id: c.id }, { ...(severity && own ? full(severity) : { ...full(severity ?? c.proposal.severity), severity: undefined }) }, stop.signal)
				.then((x) => {
					setEffects(x);
					if (!own && x.answers_say && x.answers_say !== 'close') setSeverity(x.answers_say);
				}).catch(() => null);
		}, 120);
		return () => { clearTimeout(id); stop.abort(); };
	}, [JSON.stringify([answers, severity, own, [...chosen], reason, summary, actions])]);

	const confirm = async () => {
		if (!severity || busy || effects?.faults?.length) return;
		setBusy(true);
		setFault(null);
		try {
			const i = await call('candidate.decide', { id: c.id }, full(severity));
			say(d.form.done(i.id));
			go(`/console/incidents/${i.id}`, true);
		} catch (e) {
			setFault(e instanceof ApiError ? e : new ApiError(0, {}));
			setBusy(false);
		}
	};
	const ask = (n: number) => () => document.querySelectorAll<HTMLElement>('.qs .seg')[n - 1]?.querySelector<HTMLInputElement>('input:checked, input')?.focus();
	useKeys(() => [
		{ keys: 'Ctrl+Enter', label: (x) => x.keys.confirm, run: () => document.getElementById('confirm')?.focus(), inText: true },
		...[1, 2, 3, 4].map((n) => ({ keys: String(n), label: (x: ReturnType<typeof t>) => x.keys.question(n), run: ask(n) })),
	], []);

	const says = effects?.answers_say === 'close' ? d.form.notReal : effects?.answers_say ? d.form.fromAnswers(d.sev[effects.answers_say]) : '';
	const open = (serverNow() - opened.current) / 1000;
	return (
		<section class="df" aria-label={d.form.title}>
			<div class="dfh"><h2 class="big2">{d.form.title}</h2><span class="q t12">{d.form.opened(clockText(open))}</span><span class="sp" /><button class="plain q t12" onClick={() => go(`/console/candidates/${encodeURIComponent(c.id)}`)}>{d.form.esc} <kbd>Esc</kbd></button></div>
			<div class="dq" tabIndex={0} role="group" aria-label={d.form.title}>
				<Questions a={answers} set={(a) => { setAnswers(a); setOwn(false); }} />
				<Levels value={severity} set={(s) => { setSeverity(s); setOwn(true); }} say={says} />
				{(effects?.reason_needed || reason) && <label class="f"><span>{d.form.reason}</span><textarea class="fi" rows={2} value={reason} onInput={(e) => setReason(e.currentTarget.value)} /></label>}
				<EvidencePick c={c} chosen={chosen} set={setChosen} />
				<CustomerText summary={summary} setSummary={setSummary} actions={actions} setActions={setActions} />
				{fault && <Trouble e={fault} />}
			</div>
			<Effects e={effects} />
			<div class="dff">
				<span class="t12 s w430">{d.form.chained} {d.form.noKey}</span><span class="sp" />
				{severity && <button id="confirm" class={`btn ${severityClass(severity)} big`} disabled={busy || !!effects?.faults?.length} onClick={() => void confirm()}>{effects?.call && <Icon name="phone" size={15} />}{tx(effects?.button) || d.sev[severity]}</button>}
			</div>
		</section>
	);
}
