// SPDX-License-Identifier: Apache-2.0
// Dialogs that write something down: related, task, severity again, close, reopen, cause.
import { useState } from 'preact/hooks';
import type { CauseId, Clock, Incident, Severity } from '../shared/api.gen';
import { call, session } from '../shared/api';
import { tc } from '../shared/dict/cases';
import { Dialog } from '../shared/dialog';
import { lang, t, tx } from '../shared/i18n';
import { say, severityClass, SevShape } from '../shared/ui';
import { CasePicker, levelName, PersonField, untilText, type Found } from './case-pick';

type Of = { i: Incident; put: (i: Incident) => void; gone: () => void };

export function Relate({ i, put, gone }: Of) {
	const d = tc(), [to, set] = useState<Found | null>(null), [reason, setReason] = useState('');
	const run = async () => {
		put(await call('incident.relate', { id: i.id }, { other: to!.id, reason: reason.trim(), lang: lang.value }));
		say(`${d.related}: ${to!.number}`, () => void call('incident.unrelate', { id: i.id, other: to!.id }).then((x) => { put(x); say(d.undone); }));
	};
	return (
		<Dialog title={d.relateTitle(i.id)} act={d.relateDo} ready={!!to && reason.trim() !== ''} wide run={run} gone={gone}>
			<CasePicker tenant={i.tenant.id} not={i.id} incidents all label={d.other} value={to} set={set} />
			<label class="f"><span>{d.why}</span><textarea class="fi" rows={2} maxLength={1000} value={reason} onInput={(e) => setReason(e.currentTarget.value)} /></label>
		</Dialog>
	);
}

export function Task({ i, put, gone }: Of) {
	const d = tc(), [text, set] = useState(''), [owner, setOwner] = useState(session.value?.user?.login ?? ''), [due, setDue] = useState('');
	const run = async () => { put(await call('incident.task', { id: i.id }, { text: text.trim(), lang: lang.value, ...(owner.trim() ? { owner: owner.trim() } : {}), ...(due ? { due_at: untilText(due) } : {}) })); };
	return (
		<Dialog title={d.taskTitle} sub={`${i.id} · ${d.internal}`} act={d.taskDo} ready={text.trim() !== ''} run={run} gone={gone}>
			<label class="f"><span>{d.taskText}</span><textarea class="fi" rows={3} autoFocus maxLength={2000} value={text} onInput={(e) => set(e.currentTarget.value)} /></label>
			<PersonField label={d.owner} value={owner} set={setOwner} />
			<label class="f"><span>{d.due} <span class="q">{d.optional}</span></span><input class="fi" type="datetime-local" value={due} onInput={(e) => setDue(e.currentTarget.value)} /></label>
		</Dialog>
	);
}

const levels: Severity[] = ['emergency', 'critical', 'warning', 'informational'];
const grave = (s: Severity) => s === 'emergency' || s === 'critical';

export function Level({ i, put, gone }: Of) {
	const d = tc(), [s, set] = useState<Severity>(i.severity), [reason, setReason] = useState('');
	const lower = i.severity === 'emergency' && s !== 'emergency';
	const how = s === i.severity ? d.levelSame : lower ? d.levelSecond : grave(s) && !grave(i.severity) ? d.levelCalls : d.levelPlain;
	const run = async () => {
		const x = await call('incident.severity', { id: i.id }, { severity: s, answers: i.decision?.answers ?? {}, evidence: (i.evidence ?? []).filter((e) => e.chosen).map((e) => e.id), reason: reason.trim() });
		put(x);
		say(x.downgrade ? d.proposed : d.decided(levelName(x.severity)));
	};
	return (
		<Dialog title={d.levelTitle} sub={i.id} act={d.levelDo(levelName(s))} tone={severityClass(s)} ready={s !== i.severity && reason.trim() !== ''} wide run={run} gone={gone}>
			<fieldset class="plainset"><legend class="vh">{t().form.severity}</legend><div class="lv">{levels.map((x) => (
				<label key={x} class={`l-${severityClass(x)}${x === s ? ' on' : ''}`}><input type="radio" class="vh" name="level" checked={x === s} onChange={() => set(x)} /><span class="n"><SevShape s={x} hollow={x !== s} size={15} ground={`var(--${severityClass(x)}-weak)`} />{t().sev[x]}</span>{t().form.definition[x]}</label>
			))}</div></fieldset>
			<p class={lower ? 'how m5' : 'how s'} aria-live="polite">{how}</p>
			<label class="f"><span>{d.levelWhy}</span><textarea class="fi" rows={2} maxLength={4000} value={reason} onInput={(e) => setReason(e.currentTarget.value)} /></label>
		</Dialog>
	);
}

type EndCode = 'resolved' | 'accepted' | 'customer_handles' | 'false_positive';
const codes: EndCode[] = ['resolved', 'accepted', 'customer_handles', 'false_positive'];

export function CloseIncident({ i, put, gone }: Of) {
	const d = tc(), [code, set] = useState<EndCode | ''>(''), [text, setText] = useState('');
	const run = async () => {
		const x = await call('incident.close', { id: i.id }, { code, ...(text.trim() ? { text: { [lang.value]: text.trim() } } : {}) });
		put(x);
		if (x.downgrade) say(d.proposed);
		else say(d.closed(i.id), () => void call('incident.reopen', { id: i.id }, { text: d.undoClose }).then((y) => { put(y); say(d.undone); }));
	};
	return (
		<Dialog title={d.closeTitle} sub={`${i.id} · ${tx(i.title)}`} act={d.closeDo} ready={code !== ''} run={run} gone={gone}>
			<fieldset class="rs0"><legend class="vh">{t().inc.codeH}</legend>{codes.map((c) => <label key={c} class="opt"><input type="radio" name="code" checked={code === c} onChange={() => set(c)} /> {t().inc.code[c]}</label>)}</fieldset>
			{i.severity === 'emergency' && code === 'false_positive' && <p class="how m5">{d.levelSecond}</p>}
			<label class="f"><span>{d.closeText} <span class="q">{d.optional}</span></span><textarea class="fi" rows={3} value={text} maxLength={8000} onInput={(e) => setText(e.currentTarget.value)} /></label>
		</Dialog>
	);
}

export function Words({ title, how, label, act, needed, run, gone }: { title: string; how?: string; label: string; act: string; needed?: boolean; run: (text: string) => Promise<unknown>; gone: () => void }) {
	const d = tc(), [text, set] = useState('');
	return (
		<Dialog title={title} {...(how ? { how } : {})} act={act} ready={!needed || text.trim() !== ''} run={() => run(text.trim())} gone={gone}>
			<label class="f"><span>{label} {!needed && <span class="q">{d.optional}</span>}</span><textarea class="fi" rows={3} autoFocus maxLength={2000} value={text} onInput={(e) => set(e.currentTarget.value)} /></label>
		</Dialog>
	);
}

/** A report and an inquiry have a door of their own. */
function give(c: Clock, body: { cause: CauseId | ''; text: string }): Promise<unknown> {
	if (c.kind === 'report') return call('report.cause', { id: c.candidate }, body);
	if (c.kind === 'inquiry') return call('inquiry.cause', { id: c.number ?? c.candidate }, body);
	return call('clock.cause', { id: c.incident ?? c.candidate }, { kind: c.kind, ...body });
}

export function CauseDialog({ c, done, gone }: { c: Clock; done: (x: unknown) => void; gone: () => void }) {
	const d = tc(), names = t().inc.causes, [cause, set] = useState<CauseId | ''>(''), [text, setText] = useState('');
	const run = async () => { done(await give(c, { cause, text: text.trim() })); say(d.causeDone); };
	return (
		<Dialog title={d.causeTitle(t().clocks.kind[c.kind])} sub={c.incident ?? c.number ?? c.candidate ?? ''} act={d.causeDo} ready={cause !== '' && text.trim() !== ''} run={run} gone={gone}>
			<fieldset class="rs0 two0"><legend class="vh">{t().inc.cause}</legend>{(Object.keys(names) as CauseId[]).map((k) => <label key={k} class="opt"><input type="radio" name="cause" checked={cause === k} onChange={() => set(k)} /> {names[k]}</label>)}</fieldset>
			<label class="f"><span>{d.causeText}</span><textarea class="fi" rows={3} maxLength={2000} value={text} onInput={(e) => setText(e.currentTarget.value)} /></label>
		</Dialog>
	);
}
