// SPDX-License-Identifier: Apache-2.0
// Files of an inquiry: picked and sent as base64, saved by a click. Nothing is ever shown by the browser: the server sends
// what comes from others as a download of unknown type.
import { useRef } from 'preact/hooks';
import type { InquiryMessage } from './api.gen';
import { t } from './i18n';
import { Icon } from './icons';
import { Safe, say } from './ui';

export interface Picked { name: string; data: string; size: number }
const MOST = 5 << 20;

export const size = (n: number) => (n >= 1 << 20 ? `${(n / (1 << 20)).toFixed(1)} MB` : `${Math.max(1, Math.ceil(n / 1024))} kB`);

async function read(f: File): Promise<Picked> {
	const url = await new Promise<string>((done, fail) => {
		const r = new FileReader();
		r.onload = () => done(String(r.result));
		r.onerror = () => fail(r.error ?? new Error('read'));
		r.readAsDataURL(f);
	});
	return { name: f.name.slice(0, 200), data: url.slice(url.indexOf(',') + 1), size: f.size };
}

export function Picker({ files, set }: { files: Picked[]; set: (f: Picked[]) => void }) {
	const d = t().inq, ref = useRef<HTMLInputElement>(null);
	const add = async (list: FileList | null) => {
		const all = [...files, ...(await Promise.all([...(list ?? [])].map(read)))];
		if (all.length > 10 || all.reduce((n, f) => n + f.size, 0) > MOST) say(d.tooLarge);
		else set(all);
		if (ref.current) ref.current.value = '';
	};
	return (
		<div class="pick1">
			<input ref={ref} type="file" multiple class="vh" tabIndex={-1} aria-hidden="true" onChange={(e) => void add(e.currentTarget.files)} />
			<button type="button" class="btn sm" onClick={() => ref.current?.click()}><Icon name="plus" size={12} />{d.addFiles}</button>
			{files.map((f, i) => <span class="chip" key={i}><span class="el">{f.name}</span><span class="q">{size(f.size)}</span><button type="button" class="plain" aria-label={d.dropFile(f.name)} onClick={() => set(files.filter((_, k) => k !== i))}><Icon name="cross" size={10} /></button></span>)}
		</div>
	);
}

export function Attached({ id, m }: { id: string; m: InquiryMessage }) {
	const d = t().inq;
	if (m.files.length === 0) return null;
	return (
		<ul class="atts">{m.files.map((f) => (
			<li key={f.n}>{f.kept
				? <a class="btn sm" download={f.name} href={`/api/v1/inquiries/${encodeURIComponent(id)}/messages/${m.n}/files/${f.n}/raw`}><span class="vh">{d.download('')}</span><span class="el"><Safe text={f.name} /></span> <span class="q">{size(f.size)}</span></a>
				: <span class="s t12"><Safe text={f.name} /> {size(f.size)} · {d.notKept[(f.note ?? 'too_large') as 'too_large' | 'too_many']}</span>}</li>
		))}</ul>
	);
}
