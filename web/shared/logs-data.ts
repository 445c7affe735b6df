// SPDX-License-Identifier: Apache-2.0
// The store's answers as the explorer wants them, and clauses put into the text of a query.
import type { LogEvent } from './api.gen';
import { call } from './api';
import { zone } from './time';

export interface LogRow { id: string; at: string; device: string; dataset: string; line: string; message: string; fields: Array<[string, string]>; where: string }
export interface LogPage { rows: LogRow[]; columns: string[]; table: string[][]; limit: number; cut: boolean; read: number; seconds: number }
export interface Bucket { at: number; n: number; known: boolean }
export interface Ask { tenant: string; q: string; from: number; to: number }
export type Facet = [field: string, values: Array<{ value: string; count: number }>];

export const text = (v: unknown): string => (v === null || v === undefined ? '' : typeof v === 'string' ? v : Array.isArray(v) ? v.map(text).join(', ') : typeof v === 'object' ? JSON.stringify(v) : String(v));
const range = (a: Ask) => ({ from: new Date(a.from).toISOString(), to: new Date(a.to).toISOString(), q: a.q, tenant: a.tenant });

function row(x: LogEvent): LogRow {
	const fields = Object.entries(x.fields).map(([k, v]): [string, string] => [k, text(v)]).filter(([, v]) => v !== '').sort((a, b) => a[0].localeCompare(b[0]));
	return { id: x.id, at: x.at, device: x.device, dataset: x.dataset ?? '', line: x.line, message: fields.find(([k]) => k === 'message')?.[1] ?? x.line, fields, where: `${x.lcp} · seq ${x.seq} · ${x.n}` };
}

export async function search(a: Ask, stop: AbortSignal): Promise<LogPage> {
	const x = await call('log.search', { ...range(a), limit: 200, zone: zone.value }, undefined, stop);
	return { rows: x.items.map(row), columns: x.columns, table: x.rows.map((r) => r.map(text)), limit: x.limit, cut: x.cut, read: x.rows_read, seconds: x.took_ms / 1000 };
}

export async function histogram(a: Ask, stop: AbortSignal): Promise<{ buckets: Bucket[]; step: number }> {
	const x = await call('log.histogram', range(a), undefined, stop);
	return { step: x.step_s * 1000, buckets: x.buckets.map((b) => ({ at: Date.parse(b.at), n: b.count, known: b.known })) };
}

const facetFields = ['nezuban.device', 'event.dataset', 'source.ip', 'user.name', 'event.action'];

/** One field after the other, each told as it comes: the store serves two questions of a person at a time. */
export async function facets(a: Ask, stop: AbortSignal, tell: (f: Facet) => void) {
	for (const field of facetFields) {
		const x = await call('log.facets', { ...range(a), field }, undefined, stop);
		if (x.items.length) tell([field, x.items.slice(0, 5)]);
	}
}

const quoted = (v: string) => `"${v.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;

/** A click as query text: what is clicked and what is typed are one thing. */
export function withClause(q: string, field: string, value: string, not: boolean): string {
	const cut = q.indexOf('|'), first = (cut < 0 ? q : q.slice(0, cut)).trim(), rest = cut < 0 ? '' : ` ${q.slice(cut)}`;
	const strict = /^where\b/.test(first);
	const clause = strict ? `${field} ${not ? '!=' : '=='} ${quoted(value)}` : `${not ? '-' : ''}${field}:${quoted(value)}`;
	return `${first ? `${first}${strict ? ' and ' : ' '}` : ''}${clause}${rest}`;
}
