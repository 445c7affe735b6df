// SPDX-License-Identifier: Apache-2.0
// Second factors of the person: security keys with names, the authenticator app, recovery codes.
import { useState } from 'preact/hooks';
import type { Factors as Have, TotpSecret } from './api.gen';
import { ApiError, call, session } from './api';
import { t } from './i18n';
import { addKey, hasKeys } from './passkey';
import { Codes, keyFault } from './step';
import { whenLong } from './time';
import { say, Show } from './ui';
import { useLoad } from './use';

function App({ have, take }: { have: Have; take: (f: Have) => void }) {
	const d = t().fac;
	const [secret, setSecret] = useState<TotpSecret | null>(null), [code, setCode] = useState(''), [fault, setFault] = useState('');
	const confirm = async (e: Event) => {
		e.preventDefault();
		try {
			take(await call('me.totp_confirm', {}, { code: code.replace(/\s/g, '') }));
			setSecret(null);
			setCode('');
			setFault('');
			say(d.saved);
		} catch (x) {
			setFault(x instanceof ApiError && x.status === 422 ? t().login.wrongCode : keyFault(x));
		}
	};
	return (
		<>
			<h3>{d.app}</h3>
			<p class="row"><span>{have.totp ? d.appOn : d.appOff}</span><span class="sp" />
				<button class="btn sm" onClick={() => void call('me.totp').then(setSecret, (x: unknown) => setFault(keyFault(x)))}>{have.totp ? d.appNew : d.appSet}</button>
				{have.totp && <button class="btn sm" onClick={() => void call('me.totp_remove').then(take, (x: unknown) => setFault(keyFault(x)))}>{d.remove}<span class="vh"> {d.app}</span></button>}</p>
			{secret && (
				<form onSubmit={(e) => void confirm(e)} class="pwf">
					<div class="secret"><p>{t().login.enrolText}</p><code class="mono">{secret.secret.replace(/(.{4})/g, '$1 ')}</code></div>
					<label class="f"><span>{t().login.code}</span><input class="fi code" name="totp-code" inputMode="numeric" autocomplete="one-time-code" required value={code} onInput={(e) => setCode(e.currentTarget.value)} /></label>
					<button class="btn">{d.confirm}</button>
				</form>
			)}
			<p class="fault" role="alert">{fault}</p>
		</>
	);
}

function Keys({ have, take }: { have: Have; take: (f: Have) => void }) {
	const d = t().fac;
	const [name, setName] = useState(''), [naming, setNaming] = useState(''), [fault, setFault] = useState(''), [busy, setBusy] = useState(false);
	const add = async (e: Event) => {
		e.preventDefault();
		setBusy(true);
		try {
			take((await addKey(name)).factors);
			setName('');
			setFault('');
			say(d.saved);
		} catch (x) {
			setFault(keyFault(x));
		}
		setBusy(false);
	};
	const rename = (id: string, fresh: string) => {
		setNaming('');
		if (fresh) void call('me.key_change', { id }, { name: fresh }).then(take, (x: unknown) => setFault(keyFault(x)));
	};
	return (
		<>
			<h3>{d.keys}</h3>
			{have.keys.length > 0 ? (
				<table class="t"><thead><tr><th>{d.name}</th><th>{d.added}</th><th>{d.used}</th><th><span class="vh">{d.change}</span></th></tr></thead>
					<tbody>{have.keys.map((k) => <tr key={k.id}><td>{naming === k.id ? <form onSubmit={(e) => { e.preventDefault(); rename(k.id, new FormData(e.currentTarget).get('rename')?.toString().trim() ?? ''); }}><input class="fi" name="rename" aria-label={d.name} maxLength={40} required autoFocus defaultValue={k.name} /></form> : k.name}{k.backed_up && <> <span class="tag">{d.synced}</span></>}</td><td>{whenLong(k.added_at)}</td><td>{k.used_at ? whenLong(k.used_at) : '—'}</td>
						<td class="r"><button class="btn sm" onClick={() => setNaming(k.id)}>{d.change}<span class="vh"> {k.name}</span></button> <button class="btn sm" onClick={() => void call('me.key_remove', { id: k.id }).then(take, (x: unknown) => setFault(keyFault(x)))}>{d.remove}<span class="vh"> {k.name}</span></button></td></tr>)}</tbody></table>
			) : <p class="q">{d.noKeys}</p>}
			{hasKeys() && (
				<form onSubmit={(e) => void add(e)} class="row addkey"><label class="f"><span>{d.newName}</span><input class="fi" name="key-name" maxLength={40} required value={name} onInput={(e) => setName(e.currentTarget.value)} /></label><button class="btn" disabled={busy}>{d.add}</button></form>
			)}
			<p class="fault" role="alert">{fault}</p>
		</>
	);
}

export function Factors() {
	const d = t().fac;
	const have = useLoad(() => call('me.factors'), []);
	const [codes, setCodes] = useState<string[]>([]);
	const take = (f: Have) => {
		have.set(f);
		if (session.value) session.value = { ...session.value, factors: [...(f.totp ? (['totp'] as const) : []), ...(f.keys.length ? (['key'] as const) : []), ...(f.recovery_left ? (['recovery'] as const) : [])] };
	};
	return (
		<section class="card factors">
			<h2>{d.title}</h2>
			<Show of={have} rows={3}>{(f) => (
				<>
					<Keys have={f} take={take} />
					<App have={f} take={take} />
					<h3>{d.recovery}</h3>
					<p class="row"><span>{d.left(f.recovery_left)}</span><span class="sp" /><button class="btn sm" onClick={() => void call('me.recovery').then((r) => { setCodes(r.recovery); take({ ...f, recovery_left: r.recovery.length }); }, () => null)}>{d.newCodes}</button></p>
					{codes.length > 0 && <Codes codes={codes} />}
				</>
			)}</Show>
		</section>
	);
}
