// SPDX-License-Identifier: Apache-2.0
// Announcing maintenance, proposing minutes to leave out, arranging a weekly test call.
import { useState } from 'preact/hooks';
import { ApiError, call } from '../shared/api';
import { Dialog } from '../shared/dialog';
import { ts } from '../shared/dict/service';
import { tx } from '../shared/i18n';
import { localInput, serverNow, zoned, zoneName } from '../shared/time';
import { say } from '../shared/ui';
import { useLoad } from '../shared/use';

type Of = { tenant: string; done: () => void; gone: () => void };
const HOUR_MS = 3600000, DAY_MS = 24 * HOUR_MS;
const iso = (x: string) => new Date(zoned(x)).toISOString();
const fullHour = (ms: number) => localInput(Math.ceil(ms / HOUR_MS) * HOUR_MS);

function Tenants({ value, set, all }: { value: string; set: (v: string) => void; all: boolean }) {
	const list = useLoad(() => call('tenant.list'), []);
	return <label class="f"><span>{ts().tenant}</span><select class="fi" value={value} required={!all} onChange={(e) => set(e.currentTarget.value)}><option value="">{all ? ts().all : ts().tc.choose}</option>{(list.data?.items ?? []).map((x) => <option key={x.id} value={x.id}>{tx(x.name)}</option>)}</select></label>;
}

function Between({ from, to, set }: { from: string; to: string; set: (from: string, to: string) => void }) {
	const d = ts(), z = d.zoneOf(zoneName());
	return (
		<div class="half2"><label class="f"><span>{d.from} <span class="q">{z}</span></span><input class="fi" type="datetime-local" value={from} onInput={(e) => set(e.currentTarget.value, to)} /></label>
			<label class="f"><span>{d.to} <span class="q">{z}</span></span><input class="fi" type="datetime-local" value={to} onInput={(e) => set(from, e.currentTarget.value)} /></label></div>
	);
}

export function MaintenanceForm({ tenant, done, gone }: Of & { name: (id: string) => string }) {
	const d = ts().mt, begin = serverNow() + 4 * DAY_MS, [who, setWho] = useState(tenant), [at, setAt] = useState<[string, string]>([fullHour(begin), fullHour(begin + HOUR_MS)]), [ja, setJa] = useState(''), [en, setEn] = useState('');
	const run = async () => {
		await call('maintenance.add', {}, { from: iso(at[0]), to: iso(at[1]), reason: { ...(ja.trim() ? { ja: ja.trim() } : {}), ...(en.trim() ? { en: en.trim() } : {}) }, ...(who ? { tenant: who } : {}) });
		say(d.sent);
		done();
	};
	return (
		<Dialog title={d.title} how={d.how} act={d.send} ready={at[0] !== '' && at[1] > at[0] && (ja.trim() !== '' || en.trim() !== '')} wide run={run} gone={gone}>
			<Tenants value={who} set={setWho} all /><Between from={at[0]} to={at[1]} set={(a, b) => setAt([a, b])} />
			<label class="f"><span>{d.ja}</span><textarea class="fi" lang="ja" rows={2} maxLength={2000} value={ja} onInput={(e) => setJa(e.currentTarget.value)} /></label>
			<label class="f"><span>{d.en}</span><textarea class="fi" lang="en" rows={2} maxLength={2000} value={en} onInput={(e) => setEn(e.currentTarget.value)} /><span class="q t12">{d.both}</span></label>
		</Dialog>
	);
}

export function ExclusionForm({ tenant, done, gone }: Of) {
	const d = ts().ex, now = serverNow(), [who, setWho] = useState(tenant), [at, setAt] = useState<[string, string]>([fullHour(now - 3 * HOUR_MS), fullHour(now - 2 * HOUR_MS)]), [reason, setReason] = useState(''), [evidence, setEvidence] = useState(''), [words, setWords] = useState('');
	const long = zoned(at[1]) - zoned(at[0]) > DAY_MS;
	const run = async () => {
		await call('exclusion.add', {}, { tenant: who, from: iso(at[0]), to: iso(at[1]), reason: reason.trim(), evidence: evidence.trim(), ...(words.trim() ? { words: words.trim() } : {}) });
		say(d.sent);
		done();
	};
	return (
		<Dialog title={d.title} how={d.how} act={d.send} ready={who !== '' && at[0] !== '' && at[1] > at[0] && reason.trim() !== '' && evidence.trim() !== '' && (!long || words.trim() !== '')} wide run={run} gone={gone}>
			<Tenants value={who} set={setWho} all={false} /><Between from={at[0]} to={at[1]} set={(a, b) => setAt([a, b])} />
			<label class="f"><span>{ts().why}</span><input class="fi" maxLength={1000} value={reason} onInput={(e) => setReason(e.currentTarget.value)} /></label>
			<label class="f"><span>{d.evidence}</span><input class="fi mono" maxLength={200} value={evidence} onInput={(e) => setEvidence(e.currentTarget.value)} /><span class="q t12">{d.evidenceHint}</span></label>
			<label class="f"><span>{d.words} <span class="q">{d.wordsHint}</span></span><textarea class="fi" rows={2} maxLength={4000} required={long} value={words} onInput={(e) => setWords(e.currentTarget.value)} /></label>
		</Dialog>
	);
}

/** Those of a tenant who have a number. */
function Contacts({ tenant, value, set }: { tenant: string; value: string; set: (v: string) => void }) {
	const d = ts().tc, who = useLoad(() => call('tenant.show', { id: tenant }), [tenant]), list = (who.data?.contacts ?? []).filter((x) => (x.numbers ?? []).length > 0);
	if (who.data && list.length === 0) return <p class="warn">{d.noContacts}</p>;
	return <label class="f"><span>{d.contact}</span><select class="fi" value={value} onChange={(e) => set(e.currentTarget.value)}><option value="">{d.choose}</option>{list.map((x) => <option key={x.id} value={x.id}>{x.name}</option>)}</select></label>;
}

export function CallForm({ tenant, done, gone }: Of) {
	const d = ts().tc, [who, setWho] = useState(tenant), [weekday, setDay] = useState('1'), [time, setTime] = useState('10:00'), [contact, setContact] = useState(''), [odd, setOdd] = useState(false), [anyway, setAnyway] = useState(false);
	const run = async () => {
		try {
			await call('appointment.add', {}, { tenant: who, weekday: Number(weekday), time, contact, ...(anyway ? { anyway } : {}) });
		} catch (e) {
			setOdd(e instanceof ApiError && e.problem.field === 'anyway');
			throw e;
		}
		say(d.made);
		done();
	};
	return (
		<Dialog title={d.title} how={d.how} act={d.send} ready={who !== '' && contact !== '' && /^\d\d:\d\d$/.test(time)} run={run} gone={gone}>
			<Tenants value={who} set={(v) => { setWho(v); setContact(''); }} all={false} />
			<div class="half2"><label class="f"><span>{d.weekday}</span><select class="fi" value={weekday} onChange={(e) => setDay(e.currentTarget.value)}>{d.days.map((x, i) => i > 0 && <option key={i} value={String(i)}>{x}</option>)}</select></label>
				<label class="f"><span>{d.time}</span><input class="fi" type="time" value={time} onInput={(e) => setTime(e.currentTarget.value)} /></label></div>
			{who && <Contacts key={who} tenant={who} value={contact} set={setContact} />}
			{odd && <label class="row"><input type="checkbox" checked={anyway} onChange={() => setAnyway(!anyway)} /><span>{d.anyway}</span></label>}
		</Dialog>
	);
}
