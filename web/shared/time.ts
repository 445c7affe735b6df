// SPDX-License-Identifier: Apache-2.0
// Time is the server's: every answer that carries `now` moves `offset`. `tick` steps once a second.
import { signal } from '@preact/signals';
import { lang, t } from './i18n';

export const offset = signal(0); // server minus browser, ms
export const tick = signal(Date.now());
export const zone = signal(Intl.DateTimeFormat().resolvedOptions().timeZone || 'UTC');

setInterval(() => { tick.value = Date.now(); }, 1000);

export function heard(now: string | undefined) {
	if (!now) return;
	const d = Date.parse(now) - Date.now();
	if (Number.isFinite(d)) offset.value = Math.abs(d - offset.value) > 500 ? d : offset.value;
}

/** Server's time in ms; reading it in a component re-renders with the tick. */
export const serverNow = (): number => Math.max(tick.value, Date.now() - 1000) + offset.value;

const cache = new Map<string, Intl.DateTimeFormat>();
function fmt(key: string, o: Intl.DateTimeFormatOptions, locale: string = lang.value === 'ja' ? 'ja-JP' : 'en-GB') {
	const k = `${key}/${zone.value}/${locale}`;
	let f = cache.get(k);
	if (!f) {
		f = new Intl.DateTimeFormat(locale, { timeZone: zone.value, ...o });
		cache.set(k, f);
	}
	return f;
}

const ms = (x: string | number) => (typeof x === 'number' ? x : Date.parse(x));
export const hms = (x: string | number) => fmt('hms', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }, 'en-GB').format(ms(x));
export const hm = (x: string | number) => fmt('hm', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, 'en-GB').format(ms(x));
export const hour = (x: string | number) => (lang.value === 'ja' ? `${hm(x).slice(0, 2)}時` : hm(x));
export const day = (x: string | number) => fmt('day', lang.value === 'ja' ? { month: 'numeric', day: 'numeric' } : { day: 'numeric', month: 'short' }).format(ms(x));
export const dayLong = (x: string | number) => fmt('dl', lang.value === 'ja' ? { year: 'numeric', month: 'long', day: 'numeric', weekday: 'short' } : { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' }).format(ms(x));
export const date = (x: string | number) => fmt('date', { year: 'numeric', month: lang.value === 'ja' ? '2-digit' : 'short', day: '2-digit' }).format(ms(x));
/** '2026-10' in words. */
export const monthName = (x: string) => fmt('month', { year: 'numeric', month: 'long', timeZone: 'UTC' }).format(ms(`${x}-15T12:00:00Z`));
export const zoneName = (): string => {
	if (zone.value === 'Asia/Tokyo') return 'JST';
	const p = fmt('zone', { timeZoneName: 'short' }, 'en-GB').formatToParts(ms(serverNow())).find((x) => x.type === 'timeZoneName');
	return p?.value ?? zone.value;
};
const sameDay = (a: number, b: number) => fmt('d0', { year: 'numeric', month: '2-digit', day: '2-digit' }, 'en-CA').format(a) === fmt('d0', {}, 'en-CA').format(b);
/** The time today, else the day. */
export const when = (x: string | number) => (sameDay(ms(x), serverNow()) ? hm(x) : day(x));
const dayWords = (x: string | number) => fmt('dw', lang.value === 'ja' ? { month: 'long', day: 'numeric' } : { day: 'numeric', month: 'short' }).format(ms(x));
export const whenLong = (x: string | number) => `${dayWords(x)} ${hm(x)}`;
export const hourOfDay = () => Number(hm(serverNow()).slice(0, 2));

/** 2026-11-27T03:00 of a time in the person's zone, as inputs want it; and back to ms. */
export const localInput = (ms: number) => fmt('li', { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }, 'sv-SE').format(ms).replace(' ', 'T');
export function zoned(text: string): number {
	const wall = Date.parse(`${text}:00Z`), off = (ms: number) => Date.parse(`${localInput(ms)}:00Z`) - ms;
	return wall - off(wall - off(wall));
}

/** 4:12 or 1:12:40, for clocks. */
export function clockText(sec: number): string {
	const s = Math.max(0, Math.floor(sec)), h = Math.floor(s / 3600), m = Math.floor(s / 60) % 60, r = s % 60;
	const p = (n: number) => String(n).padStart(2, '0');
	return h ? `${h}:${p(m)}:${p(r)}` : `${m}:${p(r)}`;
}

/** A span in words. */
export function span(sec: number): string {
	const s = Math.max(0, Math.round(sec)), d = t().time;
	if (s < 60) return d.sec(s);
	if (s < 3600) return d.min(Math.floor(s / 60), s % 60);
	if (s < 172800) return d.hour(Math.floor(s / 3600), Math.floor(s / 60) % 60);
	return d.day(Math.floor(s / 86400), Math.floor(s / 3600) % 24);
}
export const between = (a?: string | null, b?: string | null): number | null => (a && b ? (Date.parse(b) - Date.parse(a)) / 1000 : null);
