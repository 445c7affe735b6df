// SPDX-License-Identifier: Apache-2.0
// An advisory is withdrawn with a reason in both languages: those who were sent it are told by mail.
import { useState } from 'preact/hooks';
import type { Advisory as Data } from '../shared/api.gen';
import { ApiError, call } from '../shared/api';
import { t } from '../shared/i18n';
import { focusNow, Trouble } from '../shared/ui';

export function Withdraw({ a, done, leave }: { a: Data; done: (a: Data) => void; leave: () => void }) {
	const d = t().adv, [ja, setJa] = useState(''), [en, setEn] = useState(''), [fault, setFault] = useState<ApiError | null>(null);
	const need = a.tenants.some((x) => x.sent_at), both = ja.trim() !== '' && en.trim() !== '';
	const submit = (e: Event) => {
		e.preventDefault();
		call('advisory.withdraw', { id: a.id }, both ? { reason: { ja: ja.trim(), en: en.trim() } } : {}).then(done).catch((x: unknown) => setFault(x instanceof ApiError ? x : new ApiError(0, {})));
	};
	return (
		<form class="card form1 wide1" onSubmit={submit}><h3>{d.withdraw}</h3>{need && <p class="s">{d.withdrawHow}</p>}
			<div class="half2"><label class="f"><span>{d.why} · {d.ja}</span><textarea class="fi" lang="ja" rows={2} maxLength={600} required={need} value={ja} ref={focusNow} onInput={(e) => setJa(e.currentTarget.value)} /></label>
				<label class="f"><span>{d.why} · {d.en}</span><textarea class="fi" lang="en" rows={2} maxLength={600} required={need} value={en} onInput={(e) => setEn(e.currentTarget.value)} /></label></div>
			{fault && <Trouble e={fault} />}
			<div class="row end"><button type="button" class="btn sm" onClick={leave}>{t().cand.cancel}</button><button class="btn sm pri">{d.withdraw}</button></div>
		</form>
	);
}
