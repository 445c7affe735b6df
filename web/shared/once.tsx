// SPDX-License-Identifier: Apache-2.0
// What is shown once: a secret or a key, to be copied before the dialog goes away.
import { useEffect, useRef } from 'preact/hooks';
import { ts } from './dict/service';
import { say } from './ui';

export interface Secret { title: string; value: string }

export function Once({ secret, gone }: { secret: Secret; gone: () => void }) {
	const d = ts().pg, ref = useRef<HTMLDialogElement>(null), text = useRef<HTMLElement>(null);
	useEffect(() => { ref.current?.showModal(); }, []);
	const copy = () => navigator.clipboard.writeText(secret.value).then(() => say(d.copied), () => { // no right to the clipboard: marked, for Ctrl+C
		const range = document.createRange(), s = getSelection();
		range.selectNodeContents(text.current!);
		s?.removeAllRanges();
		s?.addRange(range);
	});
	return (
		<dialog ref={ref} class="dlg work" aria-label={d.secretTitle} onCancel={(e) => e.preventDefault()} onClose={gone}>
			<h2>{d.secretTitle}</h2><p class="s how">{d.secretHow}</p>
			<div class="secret"><p class="q t12">{secret.title}</p><code class="mono" ref={text} data-secret>{secret.value}</code></div>
			<div class="row end"><button type="button" class="btn" onClick={() => void copy()}>{d.copy}</button><button type="button" class="btn pri" onClick={() => ref.current?.close()}>{d.done}</button></div>
		</dialog>
	);
}
