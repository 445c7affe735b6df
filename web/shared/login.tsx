// SPDX-License-Identifier: Apache-2.0
// Password, then the second factor: six digits, a recovery code or a security key; a person without one sets it up here.
import { useState } from 'preact/hooks';
import type { TotpSecret } from './api.gen';
import { ApiError, call, leave, resume, session, take } from './api';
import { lang, t, title } from './i18n';
import { WordMark } from './icons';
import { addKey, hasKeys, signWithKey } from './passkey';
import { Codes, keyFault } from './step';

function failed(e: unknown, code: boolean): string {
	const d = t();
	if (!(e instanceof ApiError)) return d.err.title;
	if (e.status === 429) return d.login.limited(e.retry || 30);
	if (e.status === 401) return code ? d.login.wrongCode : d.login.wrong;
	return e.status === 0 ? d.err.network : d.err.title;
}

export function Login() {
	const d = t().login;
	const [login, setLogin] = useState(''), [password, setPassword] = useState(''), [code, setCode] = useState('');
	const [fault, setFault] = useState(''), [busy, setBusy] = useState(false), [secret, setSecret] = useState<TotpSecret | null>(null);
	const [codes, setCodes] = useState<string[]>([]);
	const step = session.value?.step ?? 'password';
	title.value = d.title;

	const submit = async (e: Event) => {
		e.preventDefault();
		setBusy(true);
		setFault('');
		try {
			if (step === 'password') {
				const s = await call('session.login', {}, { login, password });
				take(s);
				if (s.step === 'enrol') setSecret(await call('session.enrol'));
			} else {
				take(await call('session.totp', {}, { code: code.replace(/\s/g, '') }));
			}
		} catch (x) {
			setFault(failed(x, step !== 'password'));
			setCode('');
		}
		setBusy(false);
	};

	const key = async () => {
		setBusy(true);
		setFault('');
		try {
			if (step === 'enrol') {
				setCodes((await addKey(d.firstKey)).recovery ?? []);
			} else {
				take(await call('session.key', {}, await signWithKey()));
			}
		} catch (x) {
			setFault(x instanceof ApiError && x.status === 401 ? d.wrongKey : keyFault(x));
		}
		setBusy(false);
	};
	const keyed = hasKeys() && (step === 'enrol' || (session.value?.factors ?? []).includes('key'));

	if (codes.length > 0)
		return <main class="login" id="main"><div class="card"><WordMark /><h1>{d.enrolled}</h1><Codes codes={codes} /><div class="row"><button class="btn pri lg" onClick={() => void resume()}>{d.goOn}</button></div></div></main>;
	return (
		<main class="login" id="main">
			<form class="card" onSubmit={(e) => void submit(e)}>
				<div class="row"><WordMark /><span class="sp" /><button type="button" class="plain acc" lang={lang.value === 'ja' ? 'en' : 'ja'} onClick={() => { lang.value = lang.value === 'ja' ? 'en' : 'ja'; }}>{lang.value === 'ja' ? 'English' : '日本語'}</button></div>
				<h1>{step === 'enrol' ? d.enrol : d.title}</h1>
				{step === 'password' ? (
					<>
						<label class="f"><span>{d.login}</span><input class="fi" name="login" autocomplete="username" autocapitalize="none" required value={login} onInput={(e) => setLogin(e.currentTarget.value)} /></label>
						<label class="f"><span>{d.password}</span><input class="fi" type="password" name="password" autocomplete="current-password" required value={password} onInput={(e) => setPassword(e.currentTarget.value)} /></label>
					</>
				) : (
					<>
						{keyed && <div class="row"><button type="button" class="btn lg" disabled={busy} onClick={() => void key()}>{step === 'enrol' ? d.enrolKey : t().step.withKey}</button></div>}
						{step === 'enrol' && secret && <div class="secret"><p>{d.enrolText}</p><code class="mono">{secret.secret.replace(/(.{4})/g, '$1 ')}</code><p class="q t12">{d.recovery}</p><code class="mono rc">{secret.recovery.join('  ')}</code></div>}
						<label class="f"><span>{d.code}</span><input class="fi code" name="code" inputMode="numeric" autocomplete="one-time-code" required autoFocus value={code} onInput={(e) => setCode(e.currentTarget.value)} /><span class="q t12">{d.codeHint}</span></label>
					</>
				)}
				<p class="fault" role="alert">{fault}</p>
				<div class="row"><button class="btn pri lg" disabled={busy}>{step === 'password' ? d.next : d.signIn}</button>{step !== 'password' && <button type="button" class="btn lg" onClick={() => void leave()}>{d.back}</button>}</div>
			</form>
			<p class="foot">{d.watch}</p>
		</main>
	);
}
