// SPDX-License-Identifier: Apache-2.0
// The store's answers as the explorer wants them.
import { request } from './api';

export interface LogRow { id: string; at: string; device: string; dataset: string; line: string; message: string; fields: Array<[string, string]>; where: string }
export interface LogPage { rows: LogRow[]; limit: number; cut: boolean; read: number; seconds: number; total: number | null }
export interface Bucket { at: number; n: number; known: boolean }
export interface Ask { tenant: string; q: string; from: number; to: number }

type Any = Record<string, unknown>;
const text = (v: unknown): string => (v === null || v === undefined ? '' : typeof v === 'string' ? v : Array.isArray(v) ? v.map(text).join(', ') : typeof v === 'object' ? JSON.stringify(v) : String(v));

function flat(o: Any, prefix = ''): Array<[string, string]> {
	const out: Array<[string, string]> = [];
	for (const [k, v] of Object.entries(o)) {
		if (v && typeof v === 'object' && !Array.isArray(v)) out.push(...flat(v as Any, `${prefix}${k}.`));
		else if (v !== null && v !== '') out.push([prefix + k, text(v)]);
	}
	return out;
}

const query = (a: Ask, more: Record<string, string>) => {
	const p = new URLSearchParams({ from: new Date(a.from).toISOString(), to: new Date(a.to).toISOString(), ...more });
	if (a.q) p.set('q', a.q);
	if (a.tenant) p.set('tenant', a.tenant);
	return p.toString();
};

function row(x: Any, i: number): LogRow {
	const fields = (x.fields ?? x.event ?? {}) as Any, f = new Map(flat(fields));
	return {
		id: text(x.id) || `${text(x.lcp)}/${text(x.epoch)}/${text(x.seq)}/${text(x.n)}` || String(i),
		at: text(x.at ?? f.get('@timestamp')), device: text(x.device ?? f.get('nezuban.device')), dataset: text(x.dataset ?? f.get('event.dataset')),
		line: text(x.line), message: f.get('message') ?? text(x.line), fields: [...f].sort((a, b) => a[0].localeCompare(b[0])),
		where: [x.lcp, x.seq !== undefined ? `seq ${text(x.seq)}` : '', x.n !== undefined ? `line ${text(x.n)}` : ''].filter(Boolean).map(text).join(' · '),
	};
}

export async function search(a: Ask, stop: AbortSignal): Promise<LogPage> {
	const x = (await request('GET', `/api/v1/logs?${query(a, { limit: '200' })}`, undefined, stop)) as Any;
	const rows = ((x.items ?? []) as Any[]).map(row);
	return { rows, limit: Number(x.limit ?? rows.length), cut: Boolean(x.cut), read: Number(x.rows_read ?? 0), seconds: Number(x.took_ms ?? 0) / 1000, total: typeof x.total === 'number' ? x.total : null };
}

export async function histogram(a: Ask, stop: AbortSignal): Promise<{ buckets: Bucket[]; step: number }> {
	const x = (await request('GET', `/api/v1/logs/histogram?${query(a, {})}`, undefined, stop)) as Any;
	const step = Number(x.step_s ?? 900) * 1000;
	return { step, buckets: ((x.buckets ?? []) as Any[]).map((b) => ({ at: Date.parse(text(b.at)), n: Number(b.count ?? b.n ?? 0), known: b.known !== false })) };
}
