// SPDX-License-Identifier: Apache-2.0
// A stand-in for the service, for work on the screens alone: the built apps with the real security headers,
// and recorded answers in the shapes of docs/openapi.yaml. The tests of record run against nezuband.
import { createServer } from 'node:http';
import { existsSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';

const types = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript; charset=utf-8', '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml' };
const headers = {
	'Content-Security-Policy': "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
	'X-Content-Type-Options': 'nosniff', 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store',
};
const two = (ja, en) => ({ ja, en });
const tenants = {
	aoba: { id: 'aoba', name: two('青葉精機株式会社', 'Aoba Seiki'), zone: 'Asia/Tokyo' },
	harbor: { id: 'harbor', name: two('Harbor Freight Lines Ltd', 'Harbor Freight Lines Ltd'), zone: 'Europe/London' },
};
const people = {
	miyoshi: { id: 'u1', name: two('三好 香奈', 'Kana Miyoshi') }, watson: { id: 'u2', name: two('ジョーン・ワトソン', 'Joan Watson') },
};
const ago = (s) => new Date(Date.now() - s * 1000).toISOString();
const clock = (kind, left, limit, more = {}) => ({ kind, started_at: ago(limit - left), due_at: ago(-left), limit_s: limit, stopped_at: null, state: left < 120 ? 'short' : left > limit / 2 ? 'ample' : 'half', ...more });
const spark = (kind, n) => Array.from({ length: 24 }, (_, i) => (kind === 'all' ? (i % 3) + 1 : kind === 'rise' ? Math.max(0, i - 12) : i > 21 ? n : 0));
const definitions = two('成功または被害が確認されている', 'Success or damage is confirmed');

const rows = [
	['C-48211', 'harbor', 'LSASS のメモリーを署名のないプログラムが読み取り', 'LSASS memory read by an unsigned program', 'critical', 86, 'host', 'HFL-POS-114', 'late', 3, 'watson'],
	['C-48213', 'aoba', 'SSL-VPN総当たりの後にログイン成功、サーバーへRDP', 'SSL-VPN login after 214 failures, then RDP to a server', 'emergency', 252, 'ip', '203.0.113.45', 'late', 9, null],
	['C-48214', 'harbor', 'RC4のKerberosチケットを40秒間に38件要求', '38 Kerberos tickets requested with RC4 in 40 s', 'critical', 340, 'user', 'h.lowe', 'late', 4, 'watson'],
	['C-48207', 'aoba', 'プロキシ経由の周期通信（60秒±2秒）', 'Regular beacon, every 60 s ± 2 s, over the proxy', 'warning', 475, 'host', '10.20.14.87', 'all', 61, null],
	['C-48216', 'aoba', 'Wordから長い符号化コマンドのPowerShellが起動', 'PowerShell with a long encoded command, parent Word', 'critical', 511, 'host', 'AOB-NB-0231', 'late', 2, null],
	['C-48217', 'harbor', 'この利用者では初めての国からサインイン', 'First sign-in from a country never seen for this user', 'warning', 544, 'user', 'y.shimamura', 'late', 1, 'miyoshi'],
	['C-48218', 'aoba', '変更時間外にドメイン管理者を追加', 'Domain administrator added outside a change window', 'warning', 590, 'user', 'adm-okabe', 'late', 1, null],
	['C-48201', 'harbor', 'ポートスキャン 1,024ポート、すべて遮断', 'Port scan, 1,024 ports, all blocked', 'informational', 680, 'ip', '198.51.100.212', 'all', 18, null],
	['C-48219', 'aoba', '長い無作為ラベルのDNS問い合わせ', 'DNS queries with long random labels', 'warning', 722, 'host', '10.8.3.41', 'rise', 27, null],
	['C-48220', 'harbor', '既知の配布サイトへの接続、プロキシで遮断', 'Indicator seen: download site, blocked by proxy', 'informational', 768, 'ip', '192.0.2.88', 'late', 2, null],
	['C-48221', 'aoba', '一時フォルダーからサービスを登録', 'Service installed from a temporary folder', 'warning', 810, 'host', 'AOB-PRN-07', 'late', 1, null],
	['C-48222', 'harbor', '脆弱性診断装置による設定の読み取り\u202etxt', 'Configuration read by the vulnerability scanner\u202etxt', 'informational', 861, 'host', '10.40.0.5', 'all', 6, null],
];
const row = ([number, tenant, ja, en, severity, left, kind, value, sp, n, owner]) => ({
	id: number.toLowerCase(), number, tenant: tenants[tenant], title: two(ja, en), category: 'intrusion', state: 'open', clock: clock('decide', left, 900, { candidate: number.toLowerCase(), number, tenant, severity }),
	proposal: { severity, line: 'E1', score: 86, definition: definitions, answers: { real: 'yes', success: severity === 'emergency' ? 'yes' : 'no', possible: 'yes', check: 'yes' }, reasons: [
		{ id: 'valid', held: true, text: two('同じ発信元から30分間に214回のログイン失敗', '214 failed logins from one address in 30 minutes') },
		{ id: 'success', held: severity === 'emergency', text: two('その後のログイン成功とサーバーへの接続', 'then a successful login and a connection to a server') },
		{ id: 'authorised', held: false, text: two('許可された試験の期間ではない', 'no authorised test is running') }] },
	entities: [{ kind, value, role: 'source', internal: kind !== 'ip' }, { kind: 'user', value: 'm.tanabe' }, { kind: 'host', value: 'AOB-AD01' }],
	first_at: ago(2300), last_at: ago(400), opened_at: ago(900 - left), detections: n, events: n * 12, devices: ['fw-1'], tactics: ['TA0001'], blocked: 214, passed: 4, sparkline: spark(sp, n), owner: owner ? people[owner] : null, closed: null, asked_again_at: null, incident: null, merged_into: null,
});
const line = 'date=2026-11-24 time=03:00:52 devname="AOB-FW-01" type="event" subtype="vpn" action="tunnel-up" user="m.tanabe" remip=203.0.113.45 tunnelip=10.212.134.17 msg="\u202egpj.exe"';
const evidence = () => [
	['e1', 1700, 'FortiGate AOB-FW-01', 'ログイン失敗（利用者9人）', 'Failed logins, 9 users', 'blocked', 214], ['e2', 800, 'FortiGate AOB-FW-01', 'm.tanabe のログイン成功', 'm.tanabe logged in', 'passed', 1],
	['e3', 740, 'FortiGate AOB-FW-01', 'AOB-AD01 へのRDPを許可', 'RDP to AOB-AD01 allowed', 'passed', 1], ['e4', 720, 'AD 4624', 'svc_backup の遠隔ログオン', 'svc_backup logged on remotely', 'passed', 1], ['e5', 700, 'Sysmon 1', 'wu32.exe を SYSTEM で実行', 'wu32.exe ran as SYSTEM', 'passed', 1],
].map(([id, s, device, ja, en, result, count], i) => ({ id, at: ago(s), device, dataset: 'fortinet.fortigate', what: two(ja, en), result, count, line: i ? line : null, refs: [], chosen: i > 0 }));
const entries = () => [
	{ seq: 1, at: ago(2000000), kind: 'mail', visible: true, who: two('関連 AOBA-2026-0003', 'Related AOBA-2026-0003'), text: two('VPNログイン失敗の増加を警告として通知。二要素認証の導入を助言', 'Warned of more VPN failures; advised a second factor') },
	...evidence().map((e, i) => ({ seq: 2 + i, at: e.at, kind: 'event', visible: false, who: two(e.device, e.device), text: e.what, line: e.line })),
	{ seq: 9, at: ago(60), kind: 'claim', visible: false, by: people.miyoshi, who: two('三好 香奈（担当）', 'Kana Miyoshi (owner)'), text: two('開いて担当を宣言。待ち時間 11分01秒', 'Opened and took it. Waiting time 11 min 01 s') },
];
const form = { answers: { real: 'yes', success: 'yes', possible: 'yes', check: 'yes' }, summary: two('VPN装置への不正ログインが成功し、社内サーバー AOB-AD01 への接続とプログラムの実行を確認しました。被害の拡大を防ぐため、次の対応をお願いいたします。', 'A forced VPN login succeeded and reached the internal server AOB-AD01, where a program was run. To stop it from spreading we ask you to do the following.'),
	actions: [two('AOB-AD01 をネットワークから切り離してください。', 'Take AOB-AD01 off the network.'), two('m.tanabe と svc_backup を無効にしてください。', 'Disable m.tanabe and svc_backup.'), two('VPN装置で 203.0.113.45 を遮断してください。', 'Block 203.0.113.45 at the VPN gateway.')], evidence: ['e2', 'e3', 'e4', 'e5'], category: 'intrusion' };
const previous = [
	{ number: 'AOBA-2026-0003', id: 'AOBA-2026-0003', noun: 'incident', at: '2026-10-19T03:00:00Z', title: two('VPNログイン失敗のみ', 'VPN failures, no success'), severity: 'warning', reason: null, by: people.miyoshi, shared: [] },
	{ number: 'C-41002', id: 'c-41002', noun: 'candidate', at: '2026-08-02T03:00:00Z', title: two('終了：想定内の操作', 'Closed: expected activity'), severity: null, reason: 'expected', by: people.miyoshi, shared: [] }];
const candidate = (r) => ({ ...row(r), detection_list: [...evidence().slice(0, 4).map((e) => ({ id: e.id, kind: 'rule', rule: { id: 'rule-vpn', name: 'VPN', level: 'high', tags: [], version: '1' }, at: e.at, first_at: e.at, count: e.count, device: e.device, entities: row(r).entities })), { id: 'd1', entities: row(r).entities, kind: 'rule', rule: { id: 'r', name: 'Service from temporary folder', level: 'high', tags: [], version: '1' }, at: ago(400), first_at: ago(2300), count: 1, device: 'AOB-AD01', why: [{ field: 'event.code', test: '==', value: '7045' }, { field: 'host.name', test: '==', value: 'AOB-AD01' }, { field: 'service.name', test: '==', value: 'WinUpdSvc32' }, { field: 'file.path', test: 'contains', value: 'C:\\Windows\\Temp\\wu32.exe' }] }], evidence: evidence(), entries: entries(), previous, merged: [], hypothesis: '盗まれたVPNパスワードから横展開', next_step: '', blocker: '', form });
const chain = [['小田切 真一', 'おだぎり しんいち', '情報システム部長', 'Head of IT', '090-…-4471'], ['島村 由佳', 'しまむら ゆか', '情報システム部', 'IT', '080-…-2096'], ['警備室（代表）', 'けいびしつ', '本社', 'Head office', '03-…-0110']].map(([name, kana, ja, en, n], i) => ({ order: i + 1, contact: `k${i}`, name, kana, title: two(ja, en), lang: 'ja', numbers: [n], zone: 'Asia/Tokyo', local_time: '03:13', in_hours: i === 2, note: two('時間外も緊急は可', 'emergencies at any hour') }));
const preview = (b) => {
	const a = b.answers ?? {}, says = a.real === 'no' ? 'close' : a.success === 'yes' ? 'emergency' : a.possible === 'yes' ? 'critical' : a.check === 'yes' ? 'warning' : 'informational', s = b.severity ?? (says === 'close' ? 'informational' : says), call = s === 'emergency' || s === 'critical';
	const name = { emergency: two('緊急', 'Emergency'), critical: two('重大', 'Critical'), warning: two('警告', 'Warning'), informational: two('情報', 'Informational') }[s];
	return { answers_say: says, differs: s !== says, reason_needed: s !== says, call, limit_s: call ? 600 : null, sentence: call ? two('10:00 の電話の時計が始まり、最初の呼び出しは数秒以内です。', 'The 10:00 call clock starts; the first call goes out within seconds.') : two('お客様の画面に出ます。', 'It appears in the portal.'),
		button: call ? two(`${name.ja}で確定し、電話をかける`, `Decide as ${name.en} and call`) : two(`${name.ja}で確定する`, `Decide as ${name.en}`), chain: call ? chain : [], code_word: two('あさぎり', 'Asagiri'),
		spoken: two('こちらは、ねずばんセキュリティセンターです。あいことばは「あさぎり」です。あおばせいき様に、きんきゅうのお知らせがあります。確認された場合は1、次の方へ回す場合は2を押してください。', 'This is the Nezuban security centre. The code word is “Asagiri”. We have an emergency notice for Aoba Seiki. Press 1 to acknowledge, 2 for the next contact.'),
		mail: { to: chain.map((c) => ({ name: c.name, address: 'it@aoba.example', lang: 'ja' })), subject: two('【緊急】AOBA-2026-0007 青葉精機', '[Emergency] AOBA-2026-0007 Aoba Seiki'), text: two('本文', 'Body') }, faults: [] };
};
const stamps = () => ({ happened: ago(1500), lcp: ago(1499), soc: ago(1498), detected: ago(1497), opened: ago(836), decided: ago(765), rang: ago(758), acknowledged: ago(724) });
const irow = (id, s, ja, en, d, state = 'closed', tenant = 'aoba') => ({ id, tenant: tenants[tenant], severity: s, customer_severity: null, customer_ticket: state === 'open' ? 'AOB-0417' : null, title: two(ja, en), category: 'intrusion', state, decided_at: ago(d), updated_at: ago(d - 50), first_at: ago(d + 800), last_at: ago(d), owner: people.miyoshi,
	clock: ['emergency', 'critical'].includes(s) ? { ...clock('call', 100, 600), started_at: ago(d), due_at: ago(d - 600), stopped_at: ago(d - 7), state: 'met' } : null, acknowledged: true, actions_open: state === 'open' ? 2 : 0, actions_total: 3, detections: 9, entities: row(rows[1]).entities });
const incidents = () => [irow('AOBA-2026-0007', 'emergency', 'VPNの不正ログインと社内サーバーへの侵入', 'Forced VPN login and intrusion into a server', 765, 'open'), irow('AOBA-2026-0006', 'warning', '退職者のアカウントでログイン失敗が続く', 'Failed logins of a former employee’s account', 420000), irow('AOBA-2026-0005', 'informational', '外部からのポートスキャン（すべて遮断）', 'Port scan from outside, all blocked', 590000), irow('AOBA-2026-0004', 'critical', '取引先を装うメールの添付ファイルを実行', 'Attachment of a false partner’s mail was run', 1090000)];
const incident = (id) => ({ ...(incidents().find((i) => i.id === id) ?? incidents()[0]), id, candidate: 'c-48213', number: 'C-48213', summary: form.summary, actions: form.actions.map((text, i) => ({ n: i + 1, text, done_at: i === 1 ? ago(300) : null, by: i === 1 ? '島村' : null })), stamps: stamps(), call_back: { code_word: two('あさぎり', 'Asagiri'), number: '+81312345678' },
	clocks: [incidents()[0].clock, { ...clock('answer', 100, 600), started_at: ago(765), due_at: ago(165), stopped_at: ago(100), state: 'broken', cause: null }, { ...clock('decide', 100, 900), started_at: ago(2000), due_at: ago(1100), stopped_at: ago(765), state: 'broken', cause: { id: 'handover', name: two('引き継ぎの不備', 'fault in the hand-over'), ours: true, text: '<b>x</b>', by: people.miyoshi, at: ago(50) } }],
	decision: { by: people.miyoshi, at: ago(765), severity: 'emergency', proposed: 'emergency', answers: form.answers, reason: null, definition: definitions, reasons: [] }, decisions: 1, acknowledged_by: { by: '小田切 真一', at: ago(724), how: 'phone' }, chain: { state: 'acknowledged', started_at: ago(765), next: null },
	attempts: [{ id: 'a1', kind: 'call', try: 1, name: '小田切 真一', kana: 'おだぎり', to: '090-…-4471', provider: 'A', state: 'done', started_at: ago(765), ringing_at: ago(758), ended_at: ago(730), outcome: 'no_answer', outcome_text: two('応答なし', 'no answer'), reached: 'no', code: 480 }, { id: 'a2', kind: 'call', try: 2, name: '小田切 真一', kana: 'おだぎり', to: '03-…-1200', provider: 'A', state: 'done', started_at: ago(730), ended_at: ago(724), outcome: 'acknowledged', outcome_text: two('了承', 'acknowledged'), reached: 'yes', code: 200 }, { id: 'm1', kind: 'mail', try: 1, name: '小田切 真一', to: 'o…@aoba.example', state: 'done', started_at: ago(765), ended_at: ago(764), outcome: 'sent', outcome_text: two('送信済み', 'sent'), reached: null }],
	related: [{ id: 'AOBA-2026-0003', title: two('VPNログイン失敗のみ', 'VPN failures, no success'), severity: 'warning', state: 'closed', reason: '同じ発信元アドレス', lang: 'ja', at: ago(500), by: people.miyoshi }],
	tasks: [{ n: 1, text: 'プロキシのログで同じ宛先を確認する', lang: 'ja', owner: people.miyoshi, due_at: ago(300), done_at: null, done_by: null }, { n: 2, text: 'Ask the trunk provider for the call record', lang: 'en', owner: people.watson, due_at: ago(-90000), done_at: null, done_by: null }, { n: 3, text: '証拠の行を保存', lang: 'ja', owner: people.miyoshi, due_at: null, done_at: ago(200), done_by: people.miyoshi }],
	downgrade: id === 'AOBA-2026-0007' ? { severity: 'warning', close: false, reason: 'サーバーへの接続は診断用の踏み台からで、許可された作業でした。', at: ago(420), by: people.miyoshi } : null, customer_severity: 'critical', customer_ticket: 'AOB-0417', answer: id === 'AOBA-2026-0007' ? { code: 'handled', code_text: two('対応した', 'Handled'), text: 'サーバーを切り離し、パスワードを変更しました。', lang: 'ja', at: ago(200), by: { id: 'u9', name: two('小田切 真一', 'Shinichi Odagiri') } } : null,
	evidence: evidence(), blocked: 214, passed: 4, entries: [...entries(), { seq: 20, at: ago(765), kind: 'decision', visible: true, who: two('システム', 'System'), text: two('緊急として通知。電話、メール、お客様の画面', 'Told as Emergency: telephone, mail, portal') }, { seq: 21, at: ago(724), kind: 'acknowledge', visible: true, who: two('小田切様', 'Mr Odagiri'), text: two('電話で了承', 'Acknowledged by telephone') }], previous, hypothesis: '', next_step: '', blocker: '', closed: null });
const funnel = { day: '2026-11-23', lines: 48213904, events: 48194618, unparsed: 19286, dropped: 0, detections: 135, candidates: 12, closed: 12, incidents: 0 };
const devices = [['AOB-FW-01', 'fortinet.fortigate', 'healthy', 1184220, 0, 3], ['AOB-PX-02', 'squid.access', 'silent', 201427, 0, 1500], ['AOB-AD01', 'windows', 'healthy', 88310, 0, 5], ['AOB-IDS-01', 'suricata.eve', 'dropping', 14902, 1204, 2]].map(([id, source, state, n, dropped, s]) => ({ id, lcp: 'aoba-tokyo-1', tenant: 'aoba', source, registered: true, state, last_at: ago(s), silent_after_s: 600, lines: n, bytes: n * 500, lines_today: n, drops: {}, dropped, rate_per_min: 12 }));
const lcps = [{ id: 'aoba-tokyo-1', tenant: 'aoba', state: 'healthy', version: '0.1.0', last_at: ago(8), clock_offset_ms: 3, spool: { bytes: 51200, limit: 1 << 30, batches: 2, oldest_at: ago(2) }, devices: 4 }];
const home = () => ({ now: ago(0), tenant: tenants.aoba, attacked: { worst: 'emergency', open: { emergency: 1 }, incident: incidents()[0], decided_at: ago(765), acknowledged_by: '小田切', acknowledged_after_s: 41 }, sensors: { total: 47, healthy: 45, troubled: devices.filter((d) => d.state !== 'healthy'), lcps }, todo: form.actions.map((text, i) => ({ incident: 'AOBA-2026-0007', n: i + 1, text, done_at: i === 1 ? ago(300) : null })), yesterday: funnel, today: funnel, availability: { measured: true, target: '99.90', percent: '99.981', met: true, good_min: 37312, bad_min: 7, unmeasured_min: 0, left_out_min: { maintenance: 30, customer: 0, collector_off: 0, clock: 0 }, month: '2026-11' }, month: { decided: 4, rang_max_s: 7, rang_p50_s: 5, acknowledged_max_s: 41, broken: 0, incidents: 4 }, recent: incidents(), incidents_year: 31, lines_by_hour: Array.from({ length: 24 }, (_, i) => ({ at: ago((23 - i) * 3600), lines: i === 13 ? 0 : 900 + Math.round(800 * Math.sin(i / 4) ** 2), known: i !== 13 })) });
const logs = (u) => { const to = Date.parse(u.searchParams.get('to')); return { items: Array.from({ length: 40 }, (_, i) => ({ id: `aoba.${i}`, tenant: 'aoba', at: new Date(to - i * 17000).toISOString(), lcp: 'aoba-tokyo-1', epoch: '0', seq: 88412, n: 4071 - i, device: 'AOB-PX-02', dataset: 'squid.access', line: i === 3 ? line : `1795439697.911 4117 10.20.14.${i % 5} TCP_TUNNEL/200 618 CONNECT sync.cdn-relay.example:443`, fields: { '@timestamp': new Date(to - i * 17000).toISOString(), 'source.ip': `10.20.14.${i % 5}`, 'event.action': i % 7 ? 'CONNECT' : 'POST', 'user.name': 'k.ogura', 'event.outcome': 'success', message: i === 3 ? line : 'CONNECT sync.cdn-relay.example:443' } })), columns: [], rows: [], limit: 200, cut: false, rows_read: 38200000, took_ms: 410 }; };
const histo = (u) => { const a = Date.parse(u.searchParams.get('from')), z = Date.parse(u.searchParams.get('to')), step = (z - a) / 96; return { step_s: step / 1000, buckets: Array.from({ length: 96 }, (_, i) => ({ at: new Date(a + i * step).toISOString(), count: i > 28 && i < 33 ? 0 : 40 + Math.round(30 * Math.sin(i / 9) ** 2), known: !(i > 28 && i < 33) })) }; };

const inquiryRow = (number, tenant, subject, kind, priority, door, waits, left, owner, more = {}) => ({ id: number.toLowerCase(), number, tenant: tenant ? tenants[tenant] : null, kind, priority, door, state: 'open', held: null, subject, lang: 'ja', incident: null, owner: owner ? people[owner] : null, opened_at: ago(9000), updated_at: ago(600), waits, closed_at: null, closed_by: null,
	clock: tenant ? { ...clock('inquiry', left, 28800, { number, tenant }), ...(waits === 'customer' ? { stopped_at: ago(600), state: 'met' } : {}) } : null, messages_total: 3, last: { at: ago(600), side: 'customer', who: two('小田切 真一', 'S. Odagiri'), text: '…', door }, ...more });
const inquiries = () => [inquiryRow('Q-14', 'aoba', '終了した候補 C-41002 の理由を教えてください', 'why_closed', 'normal', 'mail', 'us', 1900, null), inquiryRow('Q-12', 'aoba', 'VPN装置の入れ替えに伴う設定', 'device', 'low', 'portal', 'customer', 9000, 'miyoshi', { incident: 'AOBA-2026-0007' }),
	inquiryRow('Q-11', 'harbor', 'Did you see traffic to 198.51.100.7?', 'seen', 'urgent', 'chat', 'us', -300, 'watson', { lang: 'en' }), inquiryRow('Q-15', null, '【至急】パスワードの確認\u202egpj.exe', 'question', 'normal', 'mail', 'us', 100, null, { held: 'changed' })];
const inquiry = (id, role) => { const q = inquiries().find((x) => x.number === id || x.id === id) ?? inquiries()[0]; return { ...q, people: [{ address: 'odagiri@aoba.example', name: '小田切 真一', contact: 'aoba/odagiri' }], clocks: [], mails: [{ name: '小田切 真一', to: 'odagiri@aoba.example', state: 'done', queued_at: ago(500), ended_at: ago(499), outcome: 'sent', outcome_text: two('送信しました', 'sent'), text: null }], messages: [
	{ n: 1, at: ago(9000), door: q.door, side: 'customer', visible: true, auto: false, cut: false, lang: q.lang, by: null, who: two('小田切 真一', 'S. Odagiri'), address: q.door === 'mail' ? 'odagiri@aoba.example' : null, proof: q.held ? 'spf=pass smtp.mailfrom=aoba.example; dkim=fail (body hash mismatch) header.d=aoba.example' : null, text: 'お世話になっております。\n8月2日に終了した候補 C-41002 について、終了の理由をもう少し詳しく教えていただけますか。\n設定の一覧を添付します。', files: [{ n: 1, name: '設定一覧.xlsx', type: 'xlsx', size: 84200, kept: true, note: null }, { n: 2, name: 'capture.pcap', type: 'pcap', size: 31457280, kept: false, note: 'too_large' }] },
	...(role === 'customer' ? [] : [{ n: 2, at: ago(4000), door: 'portal', side: 'soc', visible: false, auto: false, cut: false, lang: 'ja', by: people.miyoshi, who: people.miyoshi.name, address: null, text: '夜勤の記録を確認中。許可された診断の時間帯。', files: [] }]),
	{ n: 3, at: ago(900), door: 'portal', side: 'soc', visible: true, auto: false, cut: false, lang: 'ja', by: people.miyoshi, who: people.miyoshi.name, address: null, text: 'ご登録いただいている診断の時間帯（毎週日曜 2:00〜4:00）に、登録済みの診断装置から行われた通信でした。', files: [] }, { n: 4, at: ago(600), door: q.door, side: 'customer', visible: true, auto: false, cut: false, lang: q.lang, by: null, who: two('小田切 真一', 'S. Odagiri'), address: null, text: 'ありがとうございます。診断装置の名前はどれになりますか。', files: [] }] }; };

/* six sites, one week; a hand-over in the middle */
const siteOf = (id, ja, en, zone, country) => ({ id, name: two(ja, en), zone, country, state: 'here', stand_in: [], lost: null, stood_in_by: null, local_time: new Date().toLocaleTimeString('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' }) });
const sites = [siteOf('tokyo', '東京', 'Tokyo', 'Asia/Tokyo', 'JP'), siteOf('singapore', 'シンガポール', 'Singapore', 'Asia/Singapore', 'SG'), siteOf('sydney', 'シドニー', 'Sydney', 'Australia/Sydney', 'AU'), siteOf('chennai', 'チェンナイ', 'Chennai', 'Asia/Kolkata', 'IN'), siteOf('herndon', 'ハーンドン', 'Herndon', 'America/New_York', 'US'), siteOf('reading', 'レディング', 'Reading', 'Europe/London', 'GB')];
const crew = [{ id: 'u3', name: two('大友 修', 'Osamu Otomo') }, { id: 'u4', name: two('リム・ウェイ', 'Lim Wei') }, { id: 'u5', name: two('アナ・ベル', 'Ana Bell') }, { id: 'u6', name: two('R. アイヤル', 'R. Iyer') }, { id: 'u7', name: two('M. コール', 'M. Cole') }, people.watson];
const dutyOf = (k, from, to) => ({ roster: 'aoba', site: sites[k], lead: crew[k], people: [crew[k], people.miyoshi], from: ago(from), to: ago(to), stands_for: null });
const weekOf = (id, list) => ({ id, home: list[0] === 0 ? 'tokyo' : 'reading', tenants: [tenants[id]], spans: Array.from({ length: 21 }, (_, i) => dutyOf(list[i % 3], -i * 28800 + 3600, -(i + 1) * 28800 + 3600)) });
const roster = () => ({ now: ago(0), imported_at: ago(864000), by: crew[0], draft_s: 1800, accept_s: 900, sites: sites.map((s, i) => (i === 4 ? { ...s, state: 'lost', stand_in: ['reading'], lost: { at: ago(5400), reason: 'Hurricane, the building was evacuated', lang: 'en', by: people.watson, back_at: null }, stood_in_by: { site: sites[5], lead: people.watson } } : s)), people: crew.map((p, i) => ({ login: p.id, person: p, site: sites[i].id, lang: i ? ['en'] : ['ja', 'en'] })),
	rosters: [['aoba', 0, 5], ['harbor', 5, 4]].map(([id, a, b]) => ({ id, home: sites[a].id, tenants: [tenants[id]], turns: [], duty: { ...dutyOf(a, 20000, -1200), stands_for: id === 'harbor' ? sites[4] : null }, next: dutyOf(b, -1200, -30000) })) });
const item = (n, kind, ref, tenant, owner, ja, en, more = {}) => ({ n, kind, ref, tenant: tenants[tenant], owner: people[owner] ?? null, severity: null, title: two(ja, en), due_at: null, hypothesis: '', next_step: '', blocker: '', state: 'open', at: null, by: null, reason: null, gone: false, ...more });
const handover = (number, state, more = {}) => ({ id: number.toLowerCase(), number, now: ago(0), roster: 'aoba', state, at: ago(-420), drafted_at: ago(1400), due_at: ago(-1320), words: '青葉精機は小田切様が現地へ向かっており、切り離しの連絡が最優先です。\nLCP-2 は停電の可能性があり、18:30 に担当者へ電話してください。', lang: 'ja', offered_at: ago(300), ended_at: null, tenants: [tenants.aoba],
	from: { site: sites[0], lead: crew[0] }, to: { site: sites[5], lead: crew[5] }, crew: [people.watson, people.miyoshi], given: { by: crew[0], at: ago(300), seq: 48117, hash: '7c1e93b0aa12a904' }, taken: null, counts: { open: 7, kept: 1, refused: 1, accepted: 0, late: 0 }, may_give: false, may_accept: true, ...more });
const handoverItems = [
	item(1, 'incident', 'AOBA-2026-0007', 'aoba', 'miyoshi', 'VPNの不正ログインと社内サーバーへの侵入', 'Unlawful VPN login, then into a server', { severity: 'emergency', due_at: ago(-900), hypothesis: '盗まれたパスワードから横展開。wu32.exe は遠隔操作用', next_step: 'AOB-FS02 の 02:30 以降の共有アクセスを調べる', blocker: '小田切様から、切り離し完了の連絡待ち' }),
	item(2, 'incident', 'AOBA-2026-0006', 'aoba', 'watson', 'RC4のKerberosチケットを大量に要求', 'Many Kerberos tickets with RC4', { severity: 'critical', state: 'kept', hypothesis: 'h.lowe の端末からの探索', next_step: 'プロセスを親子で確認' }),
	item(3, 'candidate', 'C-48213', 'aoba', 'miyoshi', 'プロキシ経由の周期通信\u202etxt', 'Regular beacon over the proxy\u202etxt', { severity: 'warning', due_at: ago(-475), hypothesis: '更新用ソフトの可能性が高い' }),
	item(4, 'inquiry', 'Q-14', 'aoba', 'miyoshi', '終了した候補 C-41002 の理由を教えてください', 'Why was C-41002 closed?', { due_at: ago(-5400) }),
	item(5, 'task', 'AOBA-2026-0007/2', 'aoba', 'miyoshi', '被害の範囲を電話で報告', 'Tell by telephone how far it went', { due_at: ago(-2400), state: 'refused', by: people.watson, reason: '電話の相手が書かれていません。' }),
	item(6, 'second', 'AOBA-2026-0005', 'aoba', 'miyoshi', 'AOBA-2026-0005：引き下げの提案が、二人目の確認を待っています。', 'AOBA-2026-0005: a lower severity waits for a second person.', { severity: 'emergency' }),
	item(7, 'device', 'aoba-tokyo-2/lcp-2', 'aoba', 'miyoshi', 'aoba-tokyo-2/fw-2：届いていません。最後は 2026-11-23T05:52', 'aoba-tokyo-2/fw-2: silent, last heard 2026-11-23T05:52'),
	item(8, 'alarm', 'a1', 'aoba', 'miyoshi', '電話の回線または事業者に障害があります。', 'The telephone trunk or provider fails.'),
	item(9, 'queue', 'aoba', 'aoba', null, '待ち行列に、担当者のいない候補が 4 件あります。', '4 candidates without an owner are in the queue.', { due_at: ago(-250) }),
	item(10, 'queue', 'aoba/inquiries', 'aoba', null, '担当者のいないお問い合わせが 1 件あります。', '1 inquiry has no owner.', { due_at: ago(-900) }),
	{ ...item(11, 'held', '', 'aoba', null, '差出人を確かめる必要のあるメールが 2 通あります。', '2 mails wait for somebody to say whose they are.'), tenant: null },
	item(12, 'registration', 'aoba', 'aoba', null, '登録の承認を待つ機器が 1 台あります。', '1 device waits to be approved.'),
];
const handovers = () => [handover('H-12', 'offered'), handover('H-13', 'draft', { at: ago(-1500), due_at: ago(-2400), given: null, words: '', may_give: true, may_accept: false, from: { site: sites[5], lead: people.miyoshi }, to: { site: sites[4], lead: crew[4] }, tenants: [tenants.harbor] }), handover('H-11', 'late', { at: ago(30000), due_at: ago(29100), counts: { open: 0, kept: 0, refused: 0, accepted: 3, late: 1 } })];
const month = (back) => { const d = new Date(Date.UTC(new Date().getUTCFullYear(), new Date().getUTCMonth() - back, 15)); return d.toISOString().slice(0, 7); };
const reportRow = (tenant, back, state) => ({ id: `${tenant}-${month(back)}`, tenant, kind: 'monthly', month: month(back), state, drafted_at: ago(200000), due_at: ago(-150000 - back * 9000), published_at: state === 'published' ? ago(back * 2600000) : null, published_by: state === 'published' ? people.watson.name : null });
const reports = (role) => [reportRow('aoba', 1, 'draft'), reportRow('harbor', 1, 'draft'), reportRow('aoba', 2, 'published'), reportRow('aoba', 3, 'published'), reportRow('harbor', 2, 'published')].filter((r) => role !== 'customer' || (r.tenant === 'aoba' && r.state === 'published'));
const reclock = (kind, limit, count, broken, p50, p95, max) => ({ kind, count, met: count - broken, broken, running: 0, limit_s: limit, p50_ms: count ? p50 * 1000 : null, p95_ms: count ? p95 * 1000 : null, p99_ms: count ? max * 1000 : null, max_ms: count ? max * 1000 : null });
const report = (id, role) => { const r = reports(role).find((x) => x.id === id); if (!r) return null; const draft = r.state === 'draft';
	const words = draft ? two('VPN装置への総当たりが前月の約2倍に増えました。', '') : two('今月はVPN装置への総当たりが前月の約2倍に増えました。多くは遮断されましたが、12日未明の1件ではパスワードが破られ、緊急と判定して電話でお知らせしました。\n\nVPNに二要素認証がない状態が続いています。年内の最優先の対策としてお勧めします。', 'Password guessing against the VPN gateway doubled this month. Most of it was blocked; one password was guessed on the 12th, and we called you.\n\nThe VPN still has no second factor. We recommend it as the first measure of this year.');
	const recommendations = [{ owner: 'customer', text: two('VPNに二要素認証を設定してください（年内）。', 'Turn on a second factor for the VPN (this year).') }];
	const breaches = [{ kind: 'call', number: 'AOBA-2026-0007', started_at: ago(900000), due_at: ago(899400), stopped_at: ago(899345), over_s: 55, cause: { id: 'provider', name: two('電話回線・事業者の障害', 'Telephone trunk or provider'), text: '事業者 A が 503 を返した\u202e。' } }, ...(draft && r.tenant === 'aoba' ? [{ kind: 'decide', number: 'C-48211', started_at: ago(800000), due_at: ago(799100), stopped_at: ago(799000), over_s: 103, cause: null }] : [])];
	return { ...r, words, recommendations, data: { v: 1, kind: 'monthly', state: r.state, tenant: tenants[r.tenant], made_at: ago(100), period: { first: `${r.month}-01`, last: `${r.month}-28`, zone: 'Asia/Tokyo', from: ago(4000000), to: ago(1400000), utc_offset_s: 32400 }, funnel: { lines: 58259889, events: 57910315, unparsed: 349574, dropped: 1204, detections: 520, candidates: 141, closed: 118, incidents: 23, by_severity: { emergency: 1, critical: 8, warning: 7, informational: 7 } }, incidents_total: 23, incidents: [], clocks: [reclock('decide', 900, 141, draft ? 1 : 0, 261, 702, 1003), reclock('call', 600, 9, 1, 61, 655, 655), reclock('answer', 600, 9, 0, 102, 402, 402), reclock('report', 345600, 0, 0), reclock('inquiry', 28800, 3, 0, 900, 4000, 4000)], breaches, closed: [], devices: [], devices_total: 47, devices_troubled: 2, ledger: {}, availability: { measured: false, target: '99.90' }, words, recommendations,
		facts: [{ owner: 'customer', text: two('機器「AOB-PX-02」から 1 日間ログが届いていません。機器と転送設定を確認してください。', 'Device "AOB-PX-02" sent nothing on 1 day. Check the device and its forwarding.') }, { owner: 'soc', text: two('約束の時間を守れなかった件があります。', 'Promised times were missed.') }] } }; };
const advisories = (role) => [['A-3', 'approved', 'critical', 'FortiOS SSL-VPN の認証回避（攻撃を観測）', 'FortiOS SSL-VPN authentication bypass, exploited', null], ['A-2', 'sent', 'warning', '年末年始の不審メールの増加', 'More phishing around the new year', 90000]].filter((x) => role !== 'customer' || x[1] === 'sent').map(([number, state, severity, ja, en, s]) => ({ id: number.toLowerCase(), number, state, severity, title: two(ja, en), text: two('認証を経ずに管理者のセッションを得られる脆弱性が公表され、国内でも攻撃が観測されています。\n影響を受ける版は 7.0.0 から 7.0.16 です。', 'A flaw that gives an administrator session without authentication was published, and attacks are seen.\nVersions 7.0.0 to 7.0.16 are affected.'), advice: two('7.0.17 以降に更新し、管理画面を社外に公開しないでください。', 'Update to 7.0.17 or later and do not expose the management page.'),
	products: ['fortinet.fortigate'], indicators: [{ kind: 'ip', value: '198.51.100.212' }, { kind: 'domain', value: 'update-check.example' }], made_at: ago(100000), made_by: role === 'customer' ? null : people.watson, approved_at: ago(95000), approved_by: role === 'customer' ? null : people.miyoshi, sent_at: s ? ago(s) : null, sent_by: null, updated_at: ago(3000), days: 92, read: role === 'customer' && false,
	tenants: [['aoba', [{ lcp: 'aoba-tokyo-1', id: 'AOB-FW-01', source: 'fortinet.fortigate' }], 37, [{ device: 'AOB-FW-01', count: 30, first: ago(900000), last: ago(4000) }, { device: 'AOB-PX-02', count: 7, first: ago(800000), last: ago(90000) }], [{ by: { id: 'u9', name: two('小田切 真一', 'Shinichi Odagiri') }, at: ago(80000) }]], ['harbor', [], 0, [], []]].filter(([id]) => role !== 'customer' || id === 'aoba').map(([id, dev, total, seen, reads]) => ({ tenant: tenants[id], devices: dev, chosen: !!s && id === 'aoba', sent_at: s && id === 'aoba' ? ago(s) : null, counting: false, counted_at: ago(2000), total, seen, reads: s ? reads : [] })) }));

const exceptions = (role) => [
	['X-4', 'proposed', 'rule-7045', 'Service from temporary folder', [['host', 'AOB-PRN-07'], ['user', 'svc_print']], '印刷サーバーの更新プログラムが一時フォルダーからサービスを登録します。', 0, 0, null],
	['X-3', 'active', 'rule-scan', 'Port scan, all blocked', [['net', '10.40.0.0/28']], '毎週日曜 2:00 の脆弱性診断です。診断装置は登録済みの 2 台です。', 1284, 61902, 3600], ['X-2', 'active', null, null, [['ip', '10.40.0.5'], ['user', 'scan\u202e']], 'Configuration read by the scanner of the contract.', 12, 96, 90000],
	['X-1', 'expired', 'rule-dns', 'DNS queries with long random labels', [['host', '10.8.3.41']], 'ウイルス対策の更新確認。', 318, 318, 900000],
].filter((x) => role !== 'customer' || x[0] !== 'X-4').map(([number, state, rule, rule_name, c, reason, detections, events, last]) => ({ id: number.toLowerCase(), number, tenant: tenants.aoba, rule, rule_name, conditions: c.map(([kind, value]) => ({ kind, value })), reason, lang: number === 'X-2' ? 'en' : 'ja', owner: people.miyoshi, state, made_at: ago(200000), made_by: people.miyoshi, approved_at: state === 'proposed' ? null : ago(190000), approved_by: state === 'proposed' ? null : people.watson, expires_at: state === 'expired' ? ago(5000) : ago(-2000000), ended_at: state === 'expired' ? ago(5000) : null, ended_by: null, end_reason: null, detections, events, last_at: last ? ago(last) : null }));
const would = { days: 30, detections: 14, cut: false, incidents: ['AOBA-2026-0003'] };
const exceptionOf = (id, role) => { const x = exceptions(role).find((e) => e.number === id || e.id === id) ?? exceptions(role)[0]; return { ...x, samples: x.detections ? [{ at: ago(3600), rule: x.rule_name ?? 'Port scan', count: 48, device: 'AOB-FW-01', line }, { at: ago(7200), rule: x.rule_name ?? 'Port scan', count: 51, device: 'AOB-FW-01', line: null }] : [], ...(x.state === 'proposed' && role !== 'customer' ? { would_hide: would } : {}) }; };
const monthsOf = (x) => ({ measured: true, target: '99.90', unmeasured_min: 0, zone: 'Asia/Tokyo', month: month(0), ...x });
const spansOf = [['bad', -200000, 4, null, { name: 'certificate_expired', text: two('Web の証明書の期限が切れています', 'the web certificate has expired') }], ['maintenance', -600000, 60, null, null], ['customer', -900000, 40, null, null], ['collector_off', -1000000, 18, 'aoba-tokyo-1', null], ['bad', -1200000, 3, 'aoba-tokyo-1', null]].map(([kind, at, minutes, lcp, reason]) => ({ kind, from: ago(-at), to: ago(-at - minutes * 60), minutes, lcp, reason }));
const availability = (role, q) => [monthsOf({ tenant: 'aoba', percent: '99.981', met: true, good_min: 37312, bad_min: 7, left_out_min: { maintenance: 60, customer: 40, collector_off: 18, clock: 0 }, spans: spansOf }), monthsOf({ tenant: 'harbor', percent: '99.412', met: false, good_min: 36100, bad_min: 214, left_out_min: { maintenance: 60, customer: 0, collector_off: 0, clock: 0 }, spans: spansOf.slice(0, 2) }), monthsOf({ tenant: 'kita', measured: false, percent: null, met: null, good_min: 0, bad_min: 0, unmeasured_min: 37319, left_out_min: {}, spans: [] })].filter((a) => (role !== 'customer' || a.tenant === 'aoba') && (!q.get('tenant') || a.tenant === q.get('tenant')));
const maintenance = [{ id: 'm1', tenant: null, from: ago(-400000), to: ago(-407200), ended_at: null, reason: two('検索基盤のディスク増設です。ログの受信は止まりません。', 'More disks for the search. Logs are received all the time.'), urgent: false }, { id: 'm2', tenant: 'aoba', from: ago(1800), to: ago(-1800), ended_at: null, reason: two('回線の切り替え', 'Another line is put into service'), urgent: true }, { id: 'm3', tenant: null, from: ago(600000), to: ago(590000), ended_at: ago(596400), reason: two('OS の更新', 'Updates of the system'), urgent: false }];
const exclusions = [{ id: 'x1', tenant: 'aoba', from: ago(900000), to: ago(897600), reason: '拠点の停電', evidence: 'Q-14', words: '', state: 'active', made_at: ago(800000), made_by: people.miyoshi, approved_at: ago(700000), approved_by: people.watson, inquiries: ['Q-13'], withdrawn_at: null }, { id: 'x2', tenant: 'harbor', from: ago(300000), to: ago(200000), reason: 'The firewall was replaced \u202eby the customer', evidence: 'gap:harbor-london-1', words: 'The change took longer than planned; the customer wrote so.', state: 'proposed', made_at: ago(90000), made_by: people.miyoshi, approved_at: null, approved_by: null, inquiries: [], withdrawn_at: null }, { id: 'x3', tenant: 'aoba', from: ago(1900000), to: ago(1890000), reason: '回線業者の工事', evidence: 'AOBA-2026-0004', words: '', state: 'withdrawn', made_at: ago(1800000), made_by: people.watson, approved_at: ago(1790000), approved_by: people.miyoshi, inquiries: [], withdrawn_at: ago(1700000) }];
const testCall = (s, outcome, ja, en) => ({ due_at: ago(s), at: ago(s), ringing_at: outcome === 'missed' ? null : ago(s - 6), ended_at: ago(s - 45), outcome, outcome_text: outcome === 'missed' ? null : two(ja, en) });
const appointments = [{ id: 'a1', tenant: 'aoba', weekday: 1, time: '09:30', contact: 'aoba/odagiri', name: '小田切 真一', next_at: ago(-250000), ended_at: null, calls: [testCall(354800, 'acknowledged', '1 を押して確認しました', 'Acknowledged by key 1'), testCall(959600, 'no_answer', '応答がありませんでした', 'No answer'), testCall(1564400, 'missed')] }, { id: 'a2', tenant: 'harbor', weekday: 3, time: '11:00', contact: 'harbor/lowe', name: 'H. Lowe', next_at: ago(-90000), ended_at: null, calls: [] }];
const hookEvents = [['incident.opened', 'インシデントを確定しました', 'An incident was confirmed'], ['incident.changed', 'インシデントの内容が変わりました', 'An incident has changed'], ['incident.comment', 'インシデントに書き込みがありました', 'Somebody wrote about an incident'], ['incident.closed', 'インシデントの対応を終了しました', 'An incident was closed'], ['inquiry.message', 'お問い合わせに書き込みがありました', 'Somebody wrote into an inquiry'], ['advisory.sent', '注意喚起をお送りしました', 'An advisory concerns you'], ['report.published', '月次報告を公開しました', 'A monthly report is out'], ['webhook.test', '連携の試験です', 'A test of this webhook']].map(([event, ja, en]) => ({ event, title: two(ja, en) }));
const hook = (number, more) => ({ id: number.toLowerCase(), number, tenant: tenants.aoba, name: 'ITSM', url: 'https://itsm.aoba.example', format: 'json', lang: 'ja', events: ['incident.opened', 'incident.comment'], raw: false, days: 5, state: 'active', made_at: ago(900000), made_by: people.miyoshi, secret_at: ago(900000), overlap_to: null, failing_at: null, disabled_at: null, delivered_at: ago(3600), waiting: 0, ...more });
const hooks = [hook('W-1', {}), hook('W-2', { name: '当直の Slack', url: 'https://hooks.slack.com', format: 'slack', events: ['incident.opened'], failing_at: ago(7200), delivered_at: null, waiting: 3 }), hook('W-3', { name: 'old <b>SIEM</b>', url: 'https://siem.aoba.example:9443', state: 'disabled', disabled_at: ago(90000), overlap_to: ago(-3600) })];
const deliveries = [{ delivery: 41, event: 'incident.opened', incident: 'AOBA-2026-0007', state: 'open', outcome: 'deferred', code: 503, text: '', attempts: 3, queued_at: ago(400), next_at: ago(-120) }, { delivery: 40, event: 'incident.comment', incident: 'AOBA-2026-0007', state: 'done', outcome: 'sent', code: 200, text: '', attempts: 1, queued_at: ago(3600), ended_at: ago(3599) }, { delivery: 39, event: 'webhook.test', incident: null, state: 'done', outcome: 'rejected', code: 404, text: 'the address is not one of the public Internet', attempts: 1, queued_at: ago(7200), ended_at: ago(7199) }];
const apikeys = [{ id: 'k1', number: 'K-1', tenant: tenants.aoba, name: 'チケット連携', scopes: ['incidents:read', 'incidents:write'], made_at: ago(900000), made_by: people.miyoshi, expires_at: ago(-5000000), ended_at: null, ended_by: null, used_at: ago(600), used_from: '203.0.113.9', state: 'active' }, { id: 'k2', number: 'K-2', tenant: tenants.aoba, name: 'old import', scopes: ['reports:read'], made_at: ago(9000000), made_by: people.miyoshi, expires_at: ago(90000), ended_at: null, ended_by: null, used_at: null, used_from: null, state: 'expired' }];
const breaches = () => [clock('call', -95, 600, { incident: 'AOBA-2026-0004', tenant: 'aoba', severity: 'critical', stopped_at: ago(0), state: 'broken', cause: null }), clock('report', -90000, 600000, { candidate: 'aoba-2026-10', number: 'aoba-2026-10', tenant: 'aoba', state: 'broken', stopped_at: ago(40), cause: null }), clock('inquiry', -700, 3600, { number: 'Q-11', candidate: 'q-11', tenant: 'harbor', state: 'broken', stopped_at: ago(0), cause: { id: 'handover', name: two('当番交代時の引き継ぎ', 'Hand-over between shifts'), ours: true, text: '引き継ぎで見落とした', by: people.watson, at: ago(50) } })];
const calltree = (at) => ({ tenant: 'aoba', at: at || ago(0), zone: 'Asia/Tokyo', day_off: false, plan: { ring_s: 30, talk_s: 75, tries: 3, redial_s: 20, round_s: 60, analyst_s: 240 }, steps: chain.map((c, i) => ({ ...c, reason: ['out_of_hours', 'backup', 'in_hours'][i] })) });
const tenantDoc = () => ({ ...tenants.aoba, kana: 'あおばせいき', short: 'AOBA', lang: 'ja', code_word: two('あさぎり', 'Asagiri'), decide_s: 900, call_s: 600, country: 'JP', digest_at: 540, plan: {}, channels: [{ severity: ['warning'], channel: ['mail'], when: 'hours', send: 'now' }, { severity: ['warning', 'informational'], channel: ['mail'], lang: 'ja', send: 'digest' }, { severity: ['informational'], channel: ['webhook'], send: 'never' }],
	contacts: chain.map((c, i) => ({ id: c.contact, name: c.name, kana: c.kana, title: c.title, lang: 'ja', order: i + 1, zone: 'Asia/Tokyo', country: 'JP', backup: null, hours: i ? 'Mon-Fri 09:00-18:00; Hol 10:00-16:00' : 'always', numbers: c.numbers, broken: [], mail: i === 2 ? null : 'it@aoba.example', mail_for: ['emergency', 'critical'] })), networks: [], assets: [], authorised: [] });

function answer(role, method, u, body) {
	const p = u.pathname.replace('/api/v1/', ''), find = (id) => rows.find((r) => r[0].toLowerCase() === id) ?? rows[1];
	const user = role === 'customer' ? { id: 'u9', login: 'odagiri', name: two('小田切 真一', 'Shinichi Odagiri'), role, tenant: 'aoba', tenants: [], lang: 'ja', zone: 'Asia/Tokyo' } : role === 'admin' ? { id: 'u7', login: 'kanri', name: two('管理 太郎', 'Taro Kanri'), role, tenant: null, tenants: [], lang: 'ja', zone: 'Asia/Tokyo' } : role === 'lead' ? { id: 'u3', login: 'otomo', name: two('大友 玲', 'Rei Otomo'), role, tenant: null, tenants: [], lang: 'ja', zone: 'Asia/Tokyo' } : { id: 'u1', login: 'miyoshi', name: people.miyoshi.name, role, tenant: null, tenants: [], lang: 'ja', zone: 'Asia/Tokyo' };
	if (p === 'availability') return { items: availability(role, u.searchParams) };
	if (p === 'maintenance') return method === 'POST' ? { id: 'm9' } : { items: maintenance };
	if (p === 'exclusions') return method === 'POST' ? { id: 'x9' } : { items: exclusions.filter((x) => role !== 'customer' || x.state !== 'proposed') };
	if (p === 'appointments') return method === 'POST' ? { id: 'a9' } : { items: appointments };
	if (/^(maintenance|exclusions|appointments)\/[^/]+\/(end|withdraw|approve|call)$/.test(p)) return { id: p.split('/')[1] };
	if (p === 'webhooks') return method === 'POST' ? { ...hooks[0], ...body, number: 'W-9', secret: 'whs_5f0c2a9d77e14b3c8a6690d1e2f3a4b5' } : { items: hooks, events: hookEvents };
	if (p.endsWith('/rotate')) return { ...hooks[0], secret: 'whs_99aa2a9d77e14b3c8a6690d1e2f3a4b5', overlap_to: ago(-86400) };
	if (p.endsWith('/deliveries')) return { items: deliveries, next: null };
	if (p.startsWith('webhooks/') && method === 'DELETE') return {};
	if (p.startsWith('webhooks/')) return { ...hooks[0], ...body };
	if (p === 'keys') return method === 'POST' ? { ...apikeys[0], ...body, number: 'K-9', key: 'nzk_01HZY3V8_0b9e5a7c2d4f6a8b9c0d1e2f3a4b5c6d' } : { items: apikeys, scopes: ['incidents:read', 'incidents:write', 'inquiries:read', 'inquiries:write', 'reports:read', 'service:read', 'logs:read'].map((scope) => ({ scope, verbs: [] })) };
	if (p.startsWith('keys/')) return { ...apikeys[0], state: 'ended', ended_at: ago(0) };
	if (p === 'journal/verify') return { ok: true, rows: 48211, head: { seq: 48211, hash: 'ab'.repeat(32), at: ago(4) }, bad_seq: null };
	if (p === 'journal') return { items: [['user.signed', null], ['candidate.decide', 'aoba'], ['exception.approve', 'harbor'], ['timer.fire', 'aoba']].map(([command, tenant], i) => ({ seq: 48211 - i, at: ago(i * 97), actor: 'u1', command, tenant, record: JSON.stringify({ actor: { id: 'u1', ...people.miyoshi.name, role: 'analyst' }, args: { text: '\u202egpj.exe' }, cmd: command, seq: 48211 - i }), prev: 'cd'.repeat(32), hash: 'ab'.repeat(32) })), head: { seq: 48211, hash: 'ab'.repeat(32), at: ago(0) } };
	if (p === 'sources') return { items: [{ id: 'fortinet.fortigate', title: 'Fortinet FortiGate', guide: two('FortiGate のコマンドラインで次を実行します。\n\n    config log syslogd setting\n        set server {address}\n        set port {port}\n    end\n', 'On the command line:\n\n    config log syslogd setting\n        set server {address}\n        set port {port}\n    end\n') }, { id: 'squid.access', title: 'Squid proxy', guide: null }] };
	const reg = (id, state, more = {}) => ({ id, tenant: 'aoba', device: `AOB-FW-0${id.slice(1)}`, source: 'fortinet.fortigate', transport: 'udp', address: '10.1.0.1', lcp: 'aoba-tokyo-1', zone: '', note: '<b>x</b>', state, asked_at: ago(7200), asked_by: two('小田切 真一', 'S. Odagiri'), decided_at: null, decided_by: two('', ''), reason: null, live_at: null, first_at: null, first_lcp: null, heard_source: null, withdrawn_at: null, ...more });
	const regs = [reg('r1', 'proposed'), reg('r2', 'waiting', { decided_at: ago(600), late_at: null, decided_by: people.miyoshi.name }), reg('r3', 'live', { decided_at: ago(6000), decided_by: people.miyoshi.name, live_at: ago(5800), first_lcp: 'aoba-tokyo-1' })];
	if (p === 'registrations') return { items: regs };
	if (p.startsWith('registrations/')) return { ...(regs.find((x) => x.id === p.split('/')[1]) ?? regs[0]), collectors: [{ lcp: 'aoba-tokyo-1', wanted: 3, said: { version: 3, refused: {}, why: '', listen: ['udp:0.0.0.0:514'], addresses: ['10.1.0.9'] }, last_at: ago(4) }] };
	if (p === 'tenants/aoba') return { ...tenantDoc(), networks: [{ name: '本社', cidr: '10.1.0.0/16' }], assets: [{ name: 'dc01', value: 3, addresses: ['10.1.0.10'], hosts: ['dc01'], shared: true }], authorised: [] };
	if (p === 'me/factors') return { totp: true, keys: [{ id: 'k1', name: '青い鍵', added_at: ago(2600000), used_at: ago(3600), backed_up: false }, { id: 'k2', name: 'Telephone', added_at: ago(900000), used_at: null, backed_up: true }], recovery_left: 9 };
	if (p === 'session') return { step: 'done', csrf: 'x', user, now: ago(0) };
	if (p.startsWith('reports/') && p.endsWith('/cause')) return { id: p.split('/')[1], state: 'draft' };
	if (p === 'exceptions/preview') return would;
	if (p === 'exceptions') return method === 'POST' ? exceptionOf('X-4', role) : { items: exceptions(role) };
	if (p.startsWith('exceptions/')) return exceptionOf(p.split('/')[1], role);
	if (p === 'breaches') return { items: breaches(), without_cause: 2 };
	if (/^tenants\/[^/]+\/calls$/.test(p)) return calltree(u.searchParams.get('at'));
	if (/^(incidents|candidates)\/[^/]+\/split$/.test(p)) return { ...candidate(rows[4]), number: 'C-48230' };
	if (p === 'queue') {
		const wanted = u.searchParams.get('kind') ?? 'candidate', work = (kind, id, number, tenant, severity, due, ja, en, more = {}) => ({ kind, id, number, tenant: tenants[tenant] ?? null, title: two(ja, en), severity, owner: null, owner_on_duty: null, due_at: due === null ? null : ago(-due), claim: '', ...more });
		const items = [...rows.map((r) => ({ ...row(r), kind: 'candidate', due_at: row(r).clock?.due_at ?? null, claim: '' })),
			work('task', 't1', 'AOBA-2026-0007/2', 'aoba', 'emergency', 5000, '被害の範囲を電話で報告', 'Tell by telephone how far it went', { incident: 'AOBA-2026-0007', n: 2, owner: people.miyoshi }),
			work('inquiry', 'q1', 'Q-14', 'aoba', null, 5400, '終了した候補 C-41002 の理由を教えてください', 'Why was C-41002 closed?', { priority: 'normal', held: false }),
			work('inquiry', 'q2', 'Q-15', 'none', null, null, '<b>x</b>\u202etxt', '<b>x</b>\u202etxt', { priority: 'normal', held: true })].filter((x) => wanted === 'all' || wanted.split(',').includes(x.kind));
		return { now: ago(0), items, total: items.length, counts: {}, groups: 12, detections: 135, unowned: 9, limit: 200, cut: false, tenants: Object.values(tenants).map((x, i) => ({ ...x, duty: dutyOf(i ? 5 : 0, 20000, -1200) })) };
	}
	if (p === 'candidates') return { items: rows.slice(7).map((r) => ({ ...row(r), state: 'closed', closed: { at: ago(4000), by: people.miyoshi, reason: 'expected', reason_text: two('想定内の操作', 'Expected activity'), facts: two('許可された診断です。', 'It was an authorised scan.') } })) };
	if (/^candidates\/[^/]+\/preview$/.test(p)) return preview(body);
	if (/^candidates\/[^/]+\/decide$/.test(p)) return incident('AOBA-2026-0007');
	if (p.startsWith('candidates/')) return candidate(find(p.split('/')[1]));
	if (p === 'incidents') return { items: incidents(), total: 4, next: null };
	if (p.startsWith('incidents/')) return incident(p.split('/')[1]);
	if (p === 'advisories') return { items: advisories(role) };
	if (p.startsWith('advisories/')) return advisories(role).find((a) => a.number === p.split('/')[1]) ?? advisories(role)[0];
	if (p === 'inquiries') return { items: inquiries().filter((q) => role !== 'customer' || q.tenant?.id === 'aoba'), cut: false };
	if (p.startsWith('inquiries/')) return inquiry(p.split('/')[1], role);
	if (p === 'roster') return roster();
	if (p === 'roster/week') return { from: ago(0), to: ago(-604800), rosters: [weekOf('aoba', [0, 5, 4]), weekOf('harbor', [5, 4, 2])] };
	if (p === 'handovers') return { now: ago(0), items: handovers() };
	if (p.startsWith('handovers/')) { const h = handovers().find((x) => x.number === p.split('/')[1] || x.id === p.split('/')[1]) ?? handovers()[0]; return { ...h, items: handoverItems, ...(p.endsWith('/accept') ? { items: handoverItems.map((i) => (!body.items || body.items.includes(i.n) ? { ...i, state: 'accepted', owner: people.watson } : i)) } : {}) }; }
	if (p === 'reports') return { items: reports(role) };
	if (p.startsWith('reports/')) { const r = report(p.split('/')[1], role); return r && { ...r, ...(body.words ? body : {}), ...(p.endsWith('/publish') ? { state: 'published', published_at: ago(0), published_by: people.watson.name } : {}) }; }
	if (p === 'clocks') return { now: ago(0), items: rows.slice(0, 6).map((r) => row(r).clock) };
	if (p === 'home') return home();
	if (p === 'devices') return { items: devices };
	if (p === 'lcps') return { items: lcps };
	if (p === 'ledger') return { day: '2026-11-23', tenant: 'aoba', rows: devices.map((d) => ({ lcp: d.lcp, device: d.id, received: d.lines + d.dropped, dropped: d.dropped, drops: {}, kept: d.lines, archived: d.lines, difference: 0 })), total: { received: 1490063, dropped: 1204, kept: 1488859, archived: 1488859 } };
	if (p === 'tenants') return { items: role === 'customer' ? [tenants.aoba] : Object.values(tenants) };
	if (p === 'me/sessions') return { items: [{ id: 's1', started_at: ago(7000), seen_at: ago(3), address: '10.0.0.5', agent: 'Chrome 128, Linux', current: true }, { id: 's2', started_at: ago(90000), seen_at: ago(40000), address: '10.0.0.9', current: false }] };
	if (p === 'me') return user;
	if (p === 'logs') return logs(u);
	if (p === 'logs/histogram') return histo(u);
	if (p === 'logs/facets') return { field: u.searchParams.get('field'), items: [['10.20.14.87', 612], ['10.20.14.90', 263], ['10.20.31.12', 118]].map(([value, count]) => ({ value, count })) };
	return null;
}

export const draftOf = (tenant) => `${tenant}-${month(1)}`;

/** Serves role 'analyst', 'lead' or 'customer' on a free port; returns {url, close}. */
export async function fake(dist, role) {
	let signed = true;
	const server = createServer((req, res) => {
		const u = new URL(req.url, 'http://x');
		const send = (status, type, body) => { res.writeHead(status, { ...headers, 'Content-Type': type }); res.end(body); };
		if (u.pathname === '/api/v1/events') { res.writeHead(200, { ...headers, 'Content-Type': 'text/event-stream' }); res.write('retry: 2000\n\nid: 1\nevent: hello\ndata: {}\n\n'); return; }
		if (u.pathname.startsWith('/api/')) {
			let raw = '';
			req.on('data', (c) => { raw += c; });
			req.on('end', () => {
				if (u.pathname === '/api/v1/session' && req.method === 'DELETE') { signed = false; send(204, 'application/json', ''); return; }
				if (u.pathname.startsWith('/api/v1/session') && req.method === 'POST') signed = true;
				const a = signed ? answer(role, req.method, u, raw ? JSON.parse(raw) : {}) : null;
				send(a ? 200 : signed ? 404 : 401, a ? 'application/json' : 'application/problem+json', JSON.stringify(a ?? { type: signed ? 'not_found' : 'unauthenticated', title: two('ありません', 'no'), status: signed ? 404 : 401 }));
			});
			return;
		}
		let file = join(dist, u.pathname);
		if (!extname(file)) file = join(dist, u.pathname.split('/')[1] || 'portal', 'index.html');
		if (!existsSync(file)) { send(404, 'text/plain', ''); return; }
		send(200, types[extname(file)] ?? 'application/octet-stream', readFileSync(file));
	});
	await new Promise((r) => server.listen(0, '127.0.0.1', r));
	return { url: `http://127.0.0.1:${server.address().port}`, close: () => { server.closeAllConnections(); server.close(); } };
}

if (process.argv[1]?.endsWith('fake.mjs')) {
	const dist = new URL('../../web/dist', import.meta.url).pathname;
	console.log((await fake(dist, 'analyst')).url, (await fake(dist, 'customer')).url);
}
