// SPDX-License-Identifier: Apache-2.0
// Drawn on a 16 grid with one stroke of 1.5. The mark and the word mark are inline so that they follow the theme.
const paths = {
	queue: 'M2 4h12M2 8h9M2 12h6', flag: 'M3 14.5V2h9l-2 3.5L12 9H3', search: 'M11.8 7A4.8 4.8 0 1 1 2.2 7a4.8 4.8 0 0 1 9.6 0zM10.7 10.7l3.5 3.5',
	clock: 'M14.3 8A6.3 6.3 0 1 1 1.7 8a6.3 6.3 0 0 1 12.6 0zM8 4.5V8l2.4 1.5', closed: 'M3 2.5h10v11H3zM5.5 6h5M5.5 9h3', pulse: 'M1 8.5h3.2L6 4l3.2 8.5L11 8.5h4',
	host: 'M2 3h12v8H2zM6 14h4', user: 'M10.7 5.5a2.7 2.7 0 1 1-5.4 0 2.7 2.7 0 0 1 5.4 0zM2.8 14c.7-2.8 2.7-4.2 5.2-4.2s4.5 1.4 5.200 4.200',
	ip: 'M14.3 8A6.3 6.3 0 1 1 1.7 8a6.3 6.3 0 0 1 12.6 0zM1.8 8h12.4M8 1.7c3.8 4 3.800 8.600 0 12.600-3.800-4-3.800-8.600 0-12.600z',
	hash: 'M3 6h10M3 10h10M6.500 2.500l-1 11M10.500 2.500l-1 11', process: 'M2.500 3.500h11v9h-11zM5 6.500l2 1.500-2 1.500M8.500 10h2.500', down: 'm3.5 6 4.5 4.5L12.500 6', plus: 'M8 3v10M3 8h10',
	sieve: 'M1.800 3h12.400L9.500 8.500V13l-3 1.500v-6z', tick: 'm3 8.500 3.300 3.300L13 4.500', cross: 'm4 4 8 8M12 4l-8 8', right: 'M2 8h11M9.500 4.500 13 8l-3.500 3.500', eye: 'M1.300 8C3 4.800 5.300 3.200 8 3.200S13 4.800 14.700 8C13 11.200 10.700 12.800 8 12.800S3 11.200 1.300 8zM10 8a2 2 0 1 1-4 0 2 2 0 0 1 4 0z',
	phone: 'M4.500 1.800 6.700 5 5.300 6.600c.8 1.900 2.200 3.300 4.100 4.100L11 9.300l3.200 2.200c-.2 1.600-1.300 2.700-2.700 2.700C6.500 13.800 2.200 9.500 1.800 4.500c0-1.400 1.100-2.500 2.700-2.700z',
	mail: 'M1.800 3.500h12.400v9H1.800zM2 4l6 5 6-5', screen: 'M1.800 2.500h12.400v11H1.800zM1.800 5.800h12.400', devices: 'M2 2.500h12v4.500H2zM2 9h12v4.500H2zM4.500 4.750h.01M4.500 11.250h.01', home: 'M2 7.500 8 2.500l6 5M3.500 6.500v7.500h9V6.500',
	chat: 'M2 3h12v8.500H7L4 14v-2.500H2z', gear: 'M8 5.500a2.500 2.500 0 1 1 0 5 2.500 2.500 0 0 1 0-5zM8 1.500v2M8 12.500v2M1.500 8h2M12.500 8h2M3.400 3.400l1.400 1.400M11.200 11.200l1.400 1.400M12.600 3.400l-1.400 1.400M4.800 11.200l-1.400 1.400', more: 'M2 4h12M2 8h12M2 12h12',
	swap: 'M2 5.500h11l-3-3M14 10.500H3l3 3', calendar: 'M2.500 3.500h11v10h-11zM2.500 6.500h11M5.500 2v3M10.500 2v3',
	report: 'M3.5 1.8h6l3 3v9.4h-9zM9.5 1.8v3h3M6 8.5h4.5M6 11h4.5', out: 'M6.500 2.500h-4v11h4M6 8h8M11 5l3 3-3 3', chevron: 'm6 3.500 4.500 4.500L6 12.500',
} as const;
export type IconName = keyof typeof paths;

export const Icon = ({ name, size = 16 }: { name: IconName; size?: number }) => (
	<svg width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true"><path d={paths[name]} /></svg>
);

const LAMP = 'M7 12.4h18c.5 2.4.5 4.8 0 7.2H7c-.5-2.4-.5-4.8 0-7.2z';
const BODY = 'M10 5.500h12c2.200 0 3.400 4.600 3.400 10.500s-1.200 10.500-3.400 10.500H10c-2.200 0-3.400-4.600-3.400-10.500S7.800 5.500 10 5.500zM7.100 12.400h17.800M7.100 19.600h17.800M12.500 2h7M12.500 30h7';
const LETTERS = 'M40 24V8l11.500 16V8M56.800 18.200h9.400c0-3.400-1.900-5.700-4.700-5.700s-5 2.400-5 5.750S58.700 24 61.700 24c1.700 0 3.100-.6 4.100-1.700M70.800 12.500h8.400L70.600 24h8.900M84 12.500v6.700c0 3 1.700 4.800 4.300 4.800s4.700-2 4.700-5v-6.500M93 24v-5M98.500 7v17M98.500 18.250c0-3.350 2.200-5.750 5.050-5.750s5.050 2.400 5.050 5.750-2.200 5.750-5.050 5.750-5.050-2.400-5.050-5.750zM124 12.500V24M124 18.250c0 3.350-2.200 5.750-5.050 5.750s-5.050-2.400-5.050-5.750 2.200-5.750 5.050-5.750 5.050 2.400 5.050 5.750zM130 24V12.500M130 17.500c0-3 2-5 4.600-5s4.400 1.800 4.400 4.800V24';
const pen = { fill: 'none', stroke: 'var(--mark)', 'stroke-width': '2.5', 'stroke-linecap': 'round', 'stroke-linejoin': 'round' } as const;

export const Mark = ({ size = 28 }: { size?: number }) => (
	<svg class="m" width={size} height={size} viewBox="0 0 32 32" role="img" aria-label="Nezuban"><path fill="var(--andon)" d={LAMP} /><path {...pen} d={BODY} /></svg>
);
export const WordMark = ({ height = 26 }: { height?: number }) => (
	<svg class="wm" height={height} width={height * 142 / 32} viewBox="0 0 142 32" role="img" aria-label="Nezuban"><path fill="var(--andon)" d={LAMP} /><path {...pen} d={BODY + LETTERS} /></svg>
);
