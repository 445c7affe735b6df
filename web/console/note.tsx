// SPDX-License-Identifier: Apache-2.0
// A note: internal, sent by Ctrl+Enter; a failed one keeps its text.
import { useState } from 'preact/hooks';
import { t } from '../shared/i18n';
import { say } from '../shared/ui';

export function NoteBox({ send, id = 'note', label }: { send: (text: string) => Promise<unknown>; id?: string; label?: string }) {
	const d = t().cand;
	const [text, set] = useState(''), [busy, setBusy] = useState(false);
	const submit = async () => {
		if (!text.trim() || busy) return;
		setBusy(true);
		try {
			await send(text.trim());
			set('');
		} catch {
			say(t().err.kept);
		}
		setBusy(false);
	};
	return (
		<form class="note" onSubmit={(e) => { e.preventDefault(); void submit(); }}>
			<textarea id={id} rows={text ? 3 : 1} aria-label={label ?? d.note} placeholder={label ?? d.note} value={text} onInput={(e) => set(e.currentTarget.value)}
				onKeyDown={(e) => { if (e.key === 'Enter' && (e.ctrlKey || e.metaKey) && !e.isComposing) { e.preventDefault(); void submit(); } }} />
			{text ? <button class="btn sm" disabled={busy}>{d.send}<kbd>Ctrl+Enter</kbd></button> : <kbd>n</kbd>}
		</form>
	);
}
