// SPDX-License-Identifier: Apache-2.0
// Language, theme, rows, keys, zone, second factors, sessions, password.
import { useState } from 'preact/hooks';
import { ApiError, call, leave, session } from './api';
import { Factors } from './factors';
import { density, lang, singleKeys, t, theme, title, tx } from './i18n';
import { whenLong, zone } from './time';
import { say, Seg, Show, Safe } from './ui';
import { useLoad } from './use';

export function Account() {
	const d = t().acc;
	const sessions = useLoad(() => call('me.sessions'), []);
	const [old, setOld] = useState(''), [fresh, setFresh] = useState(''), [fault, setFault] = useState('');
	title.value = d.title;

	const change = async (e: Event) => {
		e.preventDefault();
		try {
			await call('me.password', {}, { old, new: fresh });
			say(d.changed);
			setOld('');
			setFresh('');
			setFault('');
			sessions.reload();
		} catch (x) {
			setFault(x instanceof ApiError ? tx(x.problem.title) || t().err.title : t().err.title);
		}
	};
	const language = (v: 'ja' | 'en') => {
		lang.value = v;
		void call('me.change', {}, { lang: v }).catch(() => null);
	};
	const zones = [...new Set([zone.value, 'Asia/Tokyo', 'Europe/London', 'UTC', Intl.DateTimeFormat().resolvedOptions().timeZone])];

	return (
		<div class="acct">
			<section class="card">
				<dl class="kvp">
					<dt>{d.lang}</dt><dd><Seg label={d.lang} value={lang.value} options={[['ja', '日本語'], ['en', 'English']]} set={language} /></dd>
					<dt>{d.theme}</dt><dd><Seg label={d.theme} value={theme.value} options={[['auto', d.auto], ['light', d.light], ['dark', d.dark]]} set={(v) => { theme.value = v; }} /></dd>
					<dt>{d.density}</dt><dd><Seg label={d.density} value={density.value} options={[['calm', d.calm], ['close', d.close]]} set={(v) => { density.value = v; }} /></dd>
					<dt>{d.keys}</dt><dd><Seg label={d.keys} value={singleKeys.value} options={[['on', d.on], ['off', d.off]]} set={(v) => { singleKeys.value = v; }} /></dd>
					<dt>{d.zone}</dt><dd><Seg label={d.zone} value={zone.value} options={zones.map((z) => [z, z] as const)} set={(z) => { zone.value = z; void call('me.change', {}, { zone: z }).catch(() => null); }} /></dd>
				</dl>
			</section>
			<Factors />
			<section class="card">
				<h2>{d.sessions}</h2>
				<Show of={sessions} rows={2}>{(s) => (
					<table class="t"><thead><tr><th>{d.since}</th><th>{d.seen}</th><th>{d.address}</th><th><span class="vh">{d.end}</span></th></tr></thead>
						<tbody>{s.items.map((r) => <tr key={r.id}><td>{whenLong(r.started_at)}</td><td>{whenLong(r.seen_at)}</td><td>{r.agent && <Safe text={r.agent} />} <span class="mono">{r.address ?? ''}</span></td><td class="r">{r.current ? <span class="tag">{d.current}</span> : <button class="btn sm" onClick={() => void call('me.revoke', { id: r.id }).then(sessions.reload)}>{d.end}</button>}</td></tr>)}</tbody></table>
				)}</Show>
				<p class="row"><button class="btn" onClick={() => void leave()}>{t().login.out}</button><span class="q t12">{tx(session.value?.user?.name)} · {session.value?.user?.login}</span></p>
			</section>
			<section class="card">
				<h2>{d.password}</h2>
				<form onSubmit={(e) => void change(e)} class="pwf">
					<label class="f"><span>{d.old}</span><input class="fi" type="password" autocomplete="current-password" required value={old} onInput={(e) => setOld(e.currentTarget.value)} /></label>
					<label class="f"><span>{d.fresh}</span><input class="fi" type="password" autocomplete="new-password" minLength={12} required value={fresh} onInput={(e) => setFresh(e.currentTarget.value)} /></label>
					<p class="fault" role="alert">{fault}</p>
					<button class="btn">{d.change}</button>
				</form>
			</section>
		</div>
	);
}
