// SPDX-License-Identifier: Apache-2.0
// The second factor once more, before a sensitive act: the request that was refused is sent again by itself. And the words
// that signing in and the account page share.
import { signal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError, call, onStepUp, session } from './api';
import { t, tx } from './i18n';
import { hasKeys, signWithKey } from './passkey';

export const Codes = ({ codes }: { codes: string[] }) => <div class="secret" role="status"><p class="q t12">{t().login.recovery}</p><code class="mono rc">{codes.join('  ')}</code></div>;

/** The words for what a browser or the service said to a key. */
export function keyFault(x: unknown): string {
	const d = t().fac;
	if (x instanceof ApiError) return x.status === 409 && x.problem.detail?.includes('last') ? d.last : x.status === 409 ? d.known : tx(x.problem.title) || t().err.title;
	return x instanceof DOMException && x.name === 'InvalidStateError' ? d.known : t().step.noKey;
}

const asked = signal<((ok: boolean) => void) | null>(null);
let under: Promise<boolean> | null = null;

// several requests refused at once are one question to the person
onStepUp(() => {
	under ??= new Promise<boolean>((resolve) => { asked.value = resolve; }).finally(() => { under = null; });
	return under;
});

function Ask({ done }: { done: (ok: boolean) => void }) {
	const d = t().step, ref = useRef<HTMLDialogElement>(null);
	const [code, setCode] = useState(''), [fault, setFault] = useState(''), [busy, setBusy] = useState(false);
	const factors = session.value?.factors ?? ['totp'], keys = factors.includes('key') && hasKeys();
	useEffect(() => { ref.current?.showModal(); }, []);

	const give = async (make: () => Promise<object>) => {
		setBusy(true);
		setFault('');
		try {
			session.value = await call('session.step_up', {}, await make());
			done(true);
		} catch (x) {
			if (x instanceof ApiError && x.status === 401) done(false); // the session is over
			setFault(!(x instanceof ApiError) ? d.noKey : x.status === 429 ? t().login.limited(x.retry || 30) : x.status === 422 ? t().login.wrongCode : t().err.title);
			setCode('');
		}
		setBusy(false);
	};
	return (
		<dialog ref={ref} class="dlg step" aria-label={d.title} onClose={() => done(false)}>
			<form onSubmit={(e) => { e.preventDefault(); void give(async () => ({ code: code.replace(/\s/g, '') })); }}>
				<h2>{d.title}</h2>
				<p>{d.why}</p>
				{keys && <button type="button" class="btn pri" disabled={busy} onClick={() => void give(signWithKey)}>{d.withKey}</button>}
				<label class="f"><span>{t().login.code}</span><input class="fi code" name="step-code" inputMode="numeric" autocomplete="one-time-code" value={code} onInput={(e) => setCode(e.currentTarget.value)} /><span class="q t12">{t().login.codeHint}</span></label>
				<p class="fault" role="alert">{fault}</p>
				<div class="row end"><button type="button" class="btn" onClick={() => ref.current?.close()}>{t().cand.cancel}</button><button class={keys ? 'btn' : 'btn pri'} disabled={busy || !code}>{d.go}</button></div>
			</form>
		</dialog>
	);
}

export function StepUp() {
	const resolve = asked.value;
	if (!resolve) return null;
	return <Ask done={(ok) => { asked.value = null; resolve(ok); }} />;
}
