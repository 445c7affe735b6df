// SPDX-License-Identifier: Apache-2.0
// Closing a candidate: the reason is required, the customer will read it; ten seconds to take it back.
import { useEffect, useRef, useState } from 'preact/hooks';
import type { CandidateRow, CloseReason } from '../shared/api.gen';
import { ApiError, call } from '../shared/api';
import { lang, t, tx } from '../shared/i18n';
import { say, Trouble } from '../shared/ui';

const reasons: CloseReason[] = ['false_positive', 'expected', 'authorised_test', 'duplicate', 'no_data', 'no_danger'];

export function CloseDialog({ row, done, cancel }: { row: CandidateRow; done: () => void; cancel: () => void }) {
	const d = t().cand, ref = useRef<HTMLDialogElement>(null);
	const [reason, setReason] = useState<CloseReason | ''>(''), [facts, setFacts] = useState(''), [fault, setFault] = useState<ApiError | null>(null);
	useEffect(() => { ref.current?.showModal(); }, []);
	const submit = async (e: Event) => {
		e.preventDefault();
		if (!reason) return;
		try {
			await call('candidate.close', { id: row.id }, { reason, ...(facts ? { facts: { [lang.value]: facts } } : {}) });
			say(d.closed(row.number), () => void call('candidate.reopen', { id: row.id }).then(() => { say(d.undone); done(); }));
			done();
		} catch (x) {
			if (x instanceof ApiError) setFault(x);
		}
	};
	return (
		<dialog ref={ref} class="dlg" aria-label={d.closeTitle} onClose={cancel}>
			<form onSubmit={(e) => void submit(e)}>
				<h2>{d.closeTitle}</h2>
				<p class="s">{row.number} · {tx(row.title)}</p>
				<fieldset class="rs0"><legend class="vh">{d.closeReason}</legend>
					{reasons.map((r) => <label key={r} class="opt"><input type="radio" name="reason" required checked={reason === r} onChange={() => setReason(r)} /> {d.reason[r]}</label>)}
				</fieldset>
				<label class="f"><span>{d.closeFacts}</span><textarea class="fi" rows={3} value={facts} onInput={(e) => setFacts(e.currentTarget.value)} /></label>
				{fault && <Trouble e={fault} />}
				<div class="row end"><button type="button" class="btn" onClick={() => ref.current?.close()}>{d.cancel}</button><button class="btn pri" disabled={!reason}>{d.closeIt}</button></div>
			</form>
		</dialog>
	);
}
