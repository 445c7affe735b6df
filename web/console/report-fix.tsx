// SPDX-License-Identifier: Apache-2.0
// What a lead does to a published month that is wrong, and drafting a month by hand.
import { useState } from 'preact/hooks';
import type { Report, Texts } from '../shared/api.gen';
import { call, session } from '../shared/api';
import { rep } from '../shared/dict/rep';
import { Dialog } from '../shared/dialog';
import { t, tx } from '../shared/i18n';
import { go } from '../shared/router';
import { serverNow, whenLong } from '../shared/time';
import { Safe, say } from '../shared/ui';
import { useLoad } from '../shared/use';

const langs = ['ja', 'en'] as const;
type Put = (r: Report) => void;

function CorrectDialog({ r, put, gone }: { r: Report; put: Put; gone: () => void }) {
	const d = rep(), [reason, setReason] = useState<Texts>({ ja: '', en: '' }), [figures, setFigures] = useState<'anew' | 'kept'>('anew');
	const ready = langs.every((l) => reason[l].trim() !== '');
	return (
		<Dialog title={d.correct} sub={r.id} how={d.correctHow} act={d.correctAct} ready={ready} run={async () => { put(await call('report.correct', { id: r.id }, { reason: { ja: reason.ja.trim(), en: reason.en.trim() }, figures })); say(d.correctOpen(r.revision + 1)); }} gone={gone}>
			{langs.map((l) => <label key={l} class="f"><span>{d.reasonIn(d.langs[l])}</span><textarea class="fi" id={`reason-${l}`} lang={l} rows={3} maxLength={l === 'ja' ? 330 : 1000} required value={reason[l]} onInput={(e) => setReason({ ...reason, [l]: e.currentTarget.value })} /></label>)}
			<fieldset class="rs0"><legend>{d.figuresH}</legend>{(['anew', 'kept'] as const).map((f) => <label key={f} class="opt"><input type="radio" name="figures" checked={figures === f} onChange={() => setFigures(f)} />{d.figuresOf[f]}</label>)}</fieldset>
		</Dialog>
	);
}

/** A draft that corrects: what it replaces and why, and the way back. */
export function Correction({ r, put }: { r: Report; put: Put }) {
	const d = rep(), [sure, setSure] = useState(false), lead = session.value?.user?.role === 'lead';
	return (
		<section class="card"><h3>{d.correction(r.revision)}</h3>
			<p class="s">{d.corrects(r.revision - 1)}</p><p><Safe text={tx(r.reason)} /></p>
			{lead && <div class="row mt"><span class="sp" /><button class="btn sm" id="abandon" onClick={() => setSure(true)}>{d.abandon}</button></div>}
			{sure && <Dialog title={d.abandon} sub={r.id} how={d.abandonHow} act={d.abandon} ready run={async () => { put(await call('report.abandon', { id: r.id })); }} gone={() => setSure(false)} />}
		</section>
	);
}

/** What is out: since when, by whom; a lead may say that it is wrong. */
export function Out({ r, put }: { r: Report; put: Put }) {
	const d = rep(), [open, setOpen] = useState(false), lead = session.value?.user?.role === 'lead';
	return (
		<section class="card"><p>{d.outSince(r.published_at ? whenLong(r.published_at) : '', tx(r.published_by))}</p>
			{lead && r.state === 'published' && <div class="row mt"><span class="sp" /><button class="btn sm" id="correct" onClick={() => setOpen(true)}>{d.correct}</button></div>}
			{open && <CorrectDialog r={r} put={put} gone={() => setOpen(false)} />}
		</section>
	);
}

const lastMonth = () => { const now = new Date(serverNow()); return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 15)).toISOString().slice(0, 7); };

/** Months draft themselves on the first business day; this is for one that did not, or from before the tenant was here. */
export function DraftDialog({ gone }: { gone: () => void }) {
	const d = rep(), [tenant, setTenant] = useState(''), [month, setMonth] = useState(lastMonth()), tenants = useLoad(() => call('tenant.list'), []);
	const id = `${tenant}-${month}`, good = /^\d{4}-\d{2}$/.test(month) && month <= lastMonth();
	return (
		<Dialog title={d.draft} how={d.draftHow} act={d.draftAct} ready={tenant !== '' && good} run={async () => { await call('report.draft', { id }); go(`/console/reports/${id}`); }} gone={gone}>
			<label class="f"><span>{t().inc.tenant}</span><select class="fi" id="draft-tenant" required value={tenant} onChange={(e) => setTenant(e.currentTarget.value)}><option value="">{t().inq.choose}</option>{(tenants.data?.items ?? []).map((x) => <option key={x.id} value={x.id}>{tx(x.name)}</option>)}</select></label>
			<label class="f"><span>{d.month}</span><input class="fi mono" id="draft-month" type="month" required max={lastMonth()} pattern="\d{4}-\d{2}" placeholder="YYYY-MM" value={month} onInput={(e) => setMonth(e.currentTarget.value)} /></label>
		</Dialog>
	);
}
